package integrator

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// failuresToTell is how many failures in a row make an event.
const failuresToTell = 3

// health follows the success of an account's polls and tells of edges.
type health struct {
	account *account

	turn gate // held while an edge is told, so that edges go out in order

	mu   sync.Mutex // guards jobs and what is in them; never held while telling
	jobs map[pos.Job]*episode
}

// episode is the trouble of one job. Several units, such as groups of
// locations, can be in it at once; it ends when all of them work again.
type episode struct {
	failures map[string]int
	since    time.Time
	told     bool // that polls fail
	auth     bool // that the authorization is lost
}

func newHealth(a *account) *health {
	return &health{account: a, turn: newGate(1), jobs: make(map[pos.Job]*episode)}
}

// poll takes the result of one turn of a unit of work, which was due at an
// instant or, if that is zero, when somebody asked for it.
func (h *health) poll(ctx context.Context, unit string, job pos.Job, due, start time.Time, rows int, err error) {
	if stopped(ctx, err) {
		return
	}
	a := h.account
	if f := a.engine.cfg.Observer.Poll; f != nil {
		late := time.Duration(0)
		if !due.IsZero() {
			late = max(0, start.Sub(due))
		}
		f(PollInfo{a.origin, job, late, time.Since(start), rows, err})
	}
	if err != nil {
		a.log.LogAttrs(ctx, slog.LevelWarn, "poll failed", slog.String("job", string(job)), slog.String("unit", unit), slog.Any("error", err))
	}
	if h.turn.enter(ctx) != nil {
		return
	}
	defer h.turn.leave()
	if err != nil {
		h.fail(ctx, job, unit, start, err)
		return
	}
	h.succeed(ctx, job, unit)
}

func (h *health) fail(ctx context.Context, job pos.Job, unit string, start time.Time, err error) {
	h.mu.Lock()
	e := h.jobs[job]
	if e == nil {
		e = &episode{failures: make(map[string]int), since: start}
		h.jobs[job] = e
	}
	e.failures[unit]++
	n := e.failures[unit]
	h.mu.Unlock()
	a, now := h.account, time.Now()
	if errors.Is(err, pos.ErrAuth) && !e.auth {
		alarm := events.NewAlarm(events.TypeAuthorizationLost, a.origin, string(job)+e.since.UTC().Format(time.RFC3339Nano), now, events.Alarm{Detail: err.Error()})
		e.auth = h.tell(ctx, alarm)
	}
	if n >= failuresToTell && !e.told {
		e.told = h.tell(ctx, events.NewPollHealth(a.origin, events.PollHealth{
			Job: job, Failures: n, Since: e.since, Error: err.Error(), Kind: pos.KindOf(err).String(),
		}, now))
	}
}

func (h *health) succeed(ctx context.Context, job pos.Job, unit string) {
	h.mu.Lock()
	e := h.jobs[job]
	if e == nil {
		h.mu.Unlock()
		return
	}
	delete(e.failures, unit)
	over := len(e.failures) == 0
	h.mu.Unlock()
	if !over {
		return
	}
	a := h.account
	if e.told && !h.tell(ctx, events.NewPollHealth(a.origin, events.PollHealth{Job: job, Since: e.since}, time.Now())) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.jobs, job)
}

// tell publishes and reports whether that worked; if not, the next poll tries.
func (h *health) tell(ctx context.Context, e events.Event) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err := h.account.publish(ctx, e)
	if err != nil {
		h.account.log.LogAttrs(ctx, slog.LevelError, "event not published", slog.String("type", e.Type), slog.Any("error", err))
	}
	return err == nil
}

// failing reports whether a job of the account failed repeatedly.
func (h *health) failing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.jobs {
		for _, n := range e.failures {
			if n >= failuresToTell {
				return true
			}
		}
	}
	return false
}
