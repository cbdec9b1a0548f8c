// Package eventsfake records events for tests of services that publish them.
package eventsfake

import (
	"context"
	"slices"
	"sync"

	"github.com/farmacyfoods/pointofsale/events"
)

// Recorder is an [events.Publisher] that keeps everything. The zero value is
// ready to use; all methods are safe for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	events []events.Event
	err    error
	closed bool
	news   chan struct{}
}

// Publish implements [events.Publisher]. It refuses events that are not valid.
func (r *Recorder) Publish(ctx context.Context, evs ...events.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range evs {
		if err := evs[i].Validate(); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return events.ErrClosed
	case r.err != nil:
		return r.err
	}
	r.events = append(r.events, evs...)
	if r.news != nil {
		close(r.news)
		r.news = nil
	}
	return nil
}

// Close implements [events.Publisher].
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return nil
}

// Fail makes Publish return err from now on; nil repairs it.
func (r *Recorder) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Events returns the recorded events of the types, oldest first; without
// types, all of them.
func (r *Recorder) Events(types ...string) []events.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return choose(r.events, types)
}

// Reset forgets what was recorded.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}

// Wait returns the recorded events of the types as soon as there are n of
// them, or the error of ctx.
func (r *Recorder) Wait(ctx context.Context, n int, types ...string) ([]events.Event, error) {
	for {
		r.mu.Lock()
		found := choose(r.events, types)
		if r.news == nil {
			r.news = make(chan struct{})
		}
		news := r.news
		r.mu.Unlock()
		if len(found) >= n {
			return found, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return found, ctx.Err()
		}
	}
}

func choose(all []events.Event, types []string) []events.Event {
	if len(types) == 0 {
		return slices.Clone(all)
	}
	var found []events.Event
	for i := range all {
		if slices.Contains(types, all[i].Type) {
			found = append(found, all[i])
		}
	}
	return found
}
