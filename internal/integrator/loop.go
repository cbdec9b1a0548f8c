package integrator

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/farmacyfoods/pointofsale/pos"
)

// loop repeats one piece of work: on schedule, earlier when woken, later after
// failures.
type loop struct {
	interval time.Duration // 0 runs when woken only
	wake     chan struct{}
	exact    bool      // the interval does not vary
	eager    bool      // waking counts after failures too
	scatter  bool      // the first interval is cut short, so that many loops that begin at once fall out of step
	due      time.Time // of the turn that runs; zero if it was woken. For turns alone
	// turn works once. again asks for another turn at once.
	turn func(ctx context.Context) (again bool, err error)
}

func newLoop(interval time.Duration, turn func(context.Context) (bool, error)) *loop {
	return &loop{interval: interval, wake: make(chan struct{}, 1), turn: turn}
}

// nudge makes the loop's next turn come now. While a turn runs, another one
// follows it.
func (l *loop) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run loops until stop ends. Turns are given work, which outlives stop so that
// they can finish.
func (l *loop) run(stop, work context.Context, first time.Duration) {
	pause := newBackoff()
	timer := time.NewTimer(first)
	defer timer.Stop()
	next := time.Now().Add(first)
	wait := func(d time.Duration) {
		next = time.Now().Add(d)
		timer.Reset(d)
	}
	if l.interval <= 0 {
		timer.Stop()
	}
	wake := l.wake
	for {
		select {
		case <-stop.Done():
			return
		case <-timer.C:
			l.due = next
		case <-wake:
			l.due = time.Time{}
		}
		if stop.Err() != nil {
			return
		}
		again, err := l.turn(work)
		timer.Stop()
		switch {
		case err != nil:
			// A vendor in trouble is not asked earlier because it calls.
			if !l.eager {
				wake = nil
			}
			wait(max(pause.NextBackOff(), later(pos.RetryAfter(err))))
			continue
		case again:
			wait(0)
		case l.exact:
			wait(l.interval)
		case l.scatter:
			l.scatter = false
			wait(rand.N(l.interval + 1))
		case l.interval > 0:
			wait(jitter(l.interval))
		}
		wake = l.wake
		pause.Reset()
	}
}

// newBackoff pauses 1 s to 5 min, for ever.
func newBackoff() *backoff.ExponentialBackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(time.Second),
		backoff.WithMultiplier(2),
		backoff.WithRandomizationFactor(0.1),
		backoff.WithMaxInterval(5*time.Minute),
		backoff.WithMaxElapsedTime(0),
	)
}

// jitter lengthens or shortens a wait by up to 10 %.
func jitter(d time.Duration) time.Duration {
	tenth := d / 10
	if tenth <= 0 {
		return d
	}
	return d - tenth + rand.N(2*tenth+1)
}

// later lengthens a wait that somebody asked for by up to 10 %.
func later(d time.Duration) time.Duration { return d + rand.N(max(d/10, 0)+1) }

// sleep waits unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gate is a mutex whose waiting ends with a context.
type gate chan struct{}

func newGate(n int) gate { return make(gate, n) }

func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try enters if nobody has to be waited for.
func (g gate) try() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

func (g gate) leave() { <-g }
