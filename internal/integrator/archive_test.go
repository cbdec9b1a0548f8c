package integrator

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
)

// finish publishes what is left and ends the journal.
func finish(t *testing.T, a *eventsfake.Archive) {
	t.Helper()
	if err := a.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// slowArchive takes a second to read back, so that what arrives is old.
type slowArchive struct{ *eventsfake.Archive }

func (a slowArchive) Published(ctx context.Context, f events.Filter, since time.Time) iter.Seq2[events.Event, error] {
	return func(yield func(events.Event, error) bool) {
		var kept []events.Event
		for e, err := range a.Archive.Published(ctx, f, since) {
			if err != nil {
				yield(e, err)
				return
			}
			kept = append(kept, e)
		}
		time.Sleep(time.Second)
		for _, e := range kept {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// mortalArchive is an archive for a process that can be killed.
type mortalArchive struct {
	*eventsfake.Archive
	k killable
}

func (m *mortalArchive) Commit(ctx context.Context, changes ...events.Change) ([]pos.Revision, error) {
	return m.k.Commit(ctx, changes...)
}
