package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// ToJournal returns a target that commits events together with the position,
// which is the cursor of the key: exactly once. The journal may be that of
// another stream, not the one that is the source.
func ToJournal(j events.Journal, key string) Target {
	return &target{
		load: func(ctx context.Context) ([]byte, pos.Revision, error) {
			r, err := j.Load(ctx, key)
			return r.Cursor, r.Revision, err
		},
		save: func(ctx context.Context, at []byte, old pos.Revision, evs []events.Event) (pos.Revision, error) {
			revisions, err := j.Commit(ctx, events.Change{Key: key, Revision: old, Cursor: at, Events: evs})
			if err != nil {
				return 0, err
			}
			return revisions[0], nil
		},
	}
}

// ToPublisher returns a target that publishes events and then keeps the
// position in a store: at least once.
func ToPublisher(p events.Publisher, s pos.Store, key string) Target {
	return &target{
		load: func(ctx context.Context) ([]byte, pos.Revision, error) {
			at, revision, err := s.Get(ctx, key)
			if errors.Is(err, pos.ErrNotFound) {
				return nil, 0, nil
			}
			return at, revision, err
		},
		save: func(ctx context.Context, at []byte, old pos.Revision, evs []events.Event) (pos.Revision, error) {
			if len(evs) > 0 {
				if err := p.Publish(ctx, evs...); err != nil {
					return 0, err
				}
			}
			return s.Put(ctx, key, at, old)
		},
	}
}

// target keeps the position behind a revision.
type target struct {
	load func(context.Context) ([]byte, pos.Revision, error)
	save func(context.Context, []byte, pos.Revision, []events.Event) (pos.Revision, error)

	mu       sync.Mutex
	last     Position
	revision pos.Revision
}

// Last implements [Target].
func (t *target) Last(ctx context.Context) (Position, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text, revision, err := t.load(ctx)
	if err != nil {
		return Position{}, err
	}
	var last Position
	if revision != 0 {
		if last, err = ParsePosition(string(text)); err != nil {
			return Position{}, err
		}
	}
	t.last, t.revision = last, revision
	return last, nil
}

// Append implements [Target].
func (t *target) Append(ctx context.Context, from, to Position, evs ...events.Event) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if from != t.last {
		return &pos.Error{Op: "relay.Append", Kind: pos.KindConflict, Err: fmt.Errorf("the last position is %v, not %v", t.last, from)}
	}
	revision, err := t.save(ctx, []byte(to.String()), t.revision, evs)
	if err != nil {
		return err
	}
	t.last, t.revision = to, revision
	return nil
}
