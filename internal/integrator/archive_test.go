package integrator

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
)

// archive is a journal that keeps what was published.
type archive struct {
	*events.MemoryJournal
	retention time.Duration // 0 keeps everything
	slow      time.Duration // how old what is read back is when it arrives

	mu   sync.Mutex
	kept []committed
}

type committed struct {
	at    time.Time
	event events.Event
}

func newArchive(rec *eventsfake.Recorder) *archive {
	return &archive{MemoryJournal: events.NewMemoryJournal(rec)}
}

func (a *archive) Commit(ctx context.Context, changes ...events.Change) ([]pos.Revision, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	revisions, err := a.MemoryJournal.Commit(ctx, changes...)
	if err == nil {
		for i := range changes {
			for _, e := range changes[i].Events {
				a.kept = append(a.kept, committed{time.Now(), e})
			}
		}
	}
	return revisions, err
}

// Published implements [events.History].
func (a *archive) Published(_ context.Context, f events.Filter, since time.Time) iter.Seq2[events.Event, error] {
	return func(yield func(events.Event, error) bool) {
		if a.retention > 0 && since.Before(time.Now().Add(-a.retention)) {
			yield(events.Event{}, pos.Unsupported("", "Published", "events are kept for "+a.retention.String(), ""))
			return
		}
		a.mu.Lock()
		kept := slices.Clone(a.kept)
		a.mu.Unlock()
		time.Sleep(a.slow)
		for _, c := range kept {
			if !c.at.Before(since) && f.Matches(&c.event) && !yield(c.event, nil) {
				return
			}
		}
	}
}

func (a *archive) end(t *testing.T) {
	t.Helper()
	if err := a.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
