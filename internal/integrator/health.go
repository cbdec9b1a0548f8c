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

	mu   sync.Mutex
	jobs map[pos.Job]*episode
}

// episode is the trouble of one job. Several units, such as groups of
// locations, can be in it at once; it ends when all of them work again.
type episode struct {
	failures map[string]int
	since    time.Time
	last     error
	told     bool
	auth     bool
}

func newHealth(a *account) *health {
	return &health{account: a, jobs: make(map[pos.Job]*episode)}
}

// poll takes the result of one turn of a unit of work.
func (h *health) poll(ctx context.Context, unit string, job pos.Job, start time.Time, rows int, err error) {
	if stopped(ctx, err) {
		return
	}
	a := h.account
	if f := a.engine.cfg.Observer.Poll; f != nil {
		f(PollInfo{a.origin, job, time.Since(start), rows, err})
	}
	if err != nil {
		a.log.LogAttrs(ctx, slog.LevelWarn, "poll failed", slog.String("job", string(job)), slog.String("unit", unit), slog.Any("error", err))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.jobs[job]
	switch {
	case err == nil && e == nil:
	case err == nil:
		h.succeed(ctx, job, e, unit)
	default:
		if e == nil {
			e = &episode{failures: make(map[string]int), since: start}
			h.jobs[job] = e
		}
		h.fail(ctx, job, e, unit, err)
	}
}

func (h *health) fail(ctx context.Context, job pos.Job, e *episode, unit string, err error) {
	e.failures[unit]++
	e.last = err
	a, now := h.account, time.Now()
	if errors.Is(err, pos.ErrAuth) && !e.auth {
		alarm := events.NewAlarm(events.TypeAuthorizationLost, a.origin, string(job)+e.since.UTC().Format(time.RFC3339Nano), now, events.Alarm{Detail: err.Error()})
		e.auth = h.tell(ctx, alarm)
	}
	if e.failures[unit] >= failuresToTell && !e.told {
		e.told = h.tell(ctx, events.NewPollHealth(a.origin, events.PollHealth{
			Job: job, Failures: e.failures[unit], Since: e.since, Error: err.Error(), Kind: pos.KindOf(err).String(),
		}, now))
	}
}

func (h *health) succeed(ctx context.Context, job pos.Job, e *episode, unit string) {
	delete(e.failures, unit)
	if len(e.failures) > 0 {
		return
	}
	a := h.account
	if e.told && !h.tell(ctx, events.NewPollHealth(a.origin, events.PollHealth{Job: job, Since: e.since}, time.Now())) {
		return
	}
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
