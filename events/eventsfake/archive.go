package eventsfake

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Archive is an [events.MemoryJournal] that keeps what was published, so that
// it is an [events.History] too. Make one with NewArchive.
type Archive struct {
	*events.MemoryJournal
	// Retention is how long events can be read back; 0 is for ever. Set it
	// before the first use.
	Retention time.Duration

	mu   sync.Mutex
	kept []committed
}

type committed struct {
	at    time.Time
	event events.Event
}

var _ events.History = (*Archive)(nil)

// NewArchive returns an empty archive that relays to pub. Close ends it.
func NewArchive(pub events.Publisher) *Archive {
	return &Archive{MemoryJournal: events.NewMemoryJournal(pub)}
}

// Commit implements [events.Journal].
func (a *Archive) Commit(ctx context.Context, changes ...events.Change) ([]pos.Revision, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	revisions, err := a.MemoryJournal.Commit(ctx, changes...)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for i := range changes {
		for _, e := range changes[i].Events {
			a.kept = append(a.kept, committed{now, e})
		}
	}
	return revisions, nil
}

// Published implements [events.History].
func (a *Archive) Published(ctx context.Context, f events.Filter, since time.Time) iter.Seq2[events.Event, error] {
	return func(yield func(events.Event, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(events.Event{}, err)
			return
		}
		if a.Retention > 0 && since.Before(time.Now().Add(-a.Retention)) {
			yield(events.Event{}, &pos.Error{Op: "Published", Kind: pos.KindUnsupported, Err: fmt.Errorf("events are kept for %v", a.Retention)})
			return
		}
		a.mu.Lock()
		kept := slices.Clone(a.kept)
		a.mu.Unlock()
		for i := range kept {
			if c := &kept[i]; !c.at.Before(since) && f.Matches(&c.event) && !yield(c.event, nil) {
				return
			}
		}
	}
}
