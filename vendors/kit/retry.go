package kit

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Retry says how failed attempts are repeated. Zero fields mean the default.
type Retry struct {
	// Attempts is the most attempts of one call; 0 means 4, 1 never repeats.
	Attempts int
	// MinDelay is the delay before the second attempt, 0 means 500 ms. It
	// doubles each time up to MaxDelay, 0 means 30 s, and varies by a half. A
	// server's Retry-After wins if it is longer.
	MinDelay, MaxDelay time.Duration
}

func (r Retry) resolve() Retry {
	r.Attempts = orDefault(r.Attempts, 4)
	r.MinDelay = orDefault(r.MinDelay, 500*time.Millisecond)
	r.MaxDelay = orDefault(r.MaxDelay, 30*time.Second)
	return r
}

// allowance keeps a client's retries to a tenth of its calls, so that a vendor
// in trouble is not asked several times as much. A quiet client has a floor of
// one retry in 10 seconds.
type allowance struct {
	mu    sync.Mutex
	tenth int // tenths of a retry that were earned
	floor *rate.Limiter
}

const maxEarned = 500 // 50 retries

func newAllowance() *allowance {
	return &allowance{floor: rate.NewLimiter(rate.Every(10*time.Second), 5)}
}

// earn is called for each call.
func (a *allowance) earn() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tenth = min(a.tenth+1, maxEarned)
}

// spend reports whether one more attempt is allowed.
func (a *allowance) spend() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tenth >= 10 {
		a.tenth -= 10
		return true
	}
	return a.floor.Allow()
}

// delays is a backoff in which the server's wish wins. It gives up when the
// attempts, the retry budget or the time of the context are used up.
type delays struct {
	ctx      context.Context // lives as long as one call
	retry    Retry
	budget   *allowance
	attempts int           // that were repeated
	hint     time.Duration // of the last answer
	own      *backoff.ExponentialBackOff
}

// Context makes the wait end with the call's context.
func (d *delays) Context() context.Context { return d.ctx }

// Reset implements [backoff.BackOff]; each call has delays of its own.
func (d *delays) Reset() {}

// NextBackOff implements [backoff.BackOff].
func (d *delays) NextBackOff() time.Duration {
	if d.attempts++; d.attempts >= d.retry.Attempts {
		return backoff.Stop
	}
	if d.own == nil {
		d.own = backoff.NewExponentialBackOff(
			backoff.WithInitialInterval(d.retry.MinDelay),
			backoff.WithMaxInterval(d.retry.MaxDelay),
			backoff.WithMultiplier(2),
			backoff.WithMaxElapsedTime(0))
	}
	delay := max(d.own.NextBackOff(), d.hint)
	if deadline, ok := d.ctx.Deadline(); ok && !time.Now().Add(delay).Before(deadline) {
		return backoff.Stop
	}
	if !d.budget.spend() {
		return backoff.Stop
	}
	return delay
}

// callEnded turns the error of a call whose context ended while it waited into
// one that also tells what the last attempt met.
func callEnded(ended error, last *pos.Error) *pos.Error {
	kind := pos.KindUnknown
	if errors.Is(ended, context.DeadlineExceeded) {
		kind = pos.KindUnavailable
	}
	e := &pos.Error{Kind: kind, Err: ended}
	if last != nil {
		e.Err = errors.Join(ended, last.Err)
		e.Code, e.RequestID, e.RetryAfter = last.Code, last.RequestID, last.RetryAfter
	}
	return e
}
