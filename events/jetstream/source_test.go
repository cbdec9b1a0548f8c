package jetstream_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/events/relay"
)

// TestRelay copies a stream to another one in many short lives: what arrives
// is what was published, once and in order.
func TestRelay(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			from, to := open(t, m.config(t)), open(t, jetstream.Config{Memory: true})
			box := received(t, to)
			filter := events.Filter{Subjects: []string{"L1"}}
			var want []string
			const lives, each = 12, 25
			for life := range lives {
				var change events.Change
				for i := range each {
					e := eventstest.Event("L1", life*each+i)
					want = append(want, string(e.Data))
					change.Events = append(change.Events, e, eventstest.Event("L2", life*each+i))
				}
				if _, err := from.Commit(t.Context(), change); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				taken := 0
				err := relay.Run(ctx, relay.Config{
					Source: from.Source(filter), Target: relay.ToJournal(to, "relay.test"), Batch: 7,
					Relayed: func(relay.Entry) {
						if taken++; taken == 1+life%4 { // Dies at different places.
							cancel()
						}
					},
				})
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				cancel()
			}
			ctx, cancel := context.WithTimeout(t.Context(), eventstest.Limit)
			defer cancel()
			var group sync.WaitGroup
			for range 2 { // Two at a time, of which one gets on.
				group.Go(func() {
					_ = relay.Run(ctx, relay.Config{Source: from.Source(filter), Target: relay.ToJournal(to, "relay.test"), MaxDelay: 50 * time.Millisecond})
				})
			}
			if _, err := box(ctx, lives*each); err != nil {
				t.Error(err)
			}
			end := eventstest.Event("L1", lives*each) // Wakes those that wait.
			if err := from.Publish(ctx, end); err != nil {
				t.Fatal(err)
			}
			got, err := box(ctx, lives*each+1)
			if err != nil {
				t.Error(err)
			}
			cancel()
			group.Wait()
			var data []string
			var last relay.Position
			for _, e := range got {
				data = append(data, string(e.Data))
				at, ok := relay.Of(&e)
				if !ok || at.Compare(last) <= 0 {
					t.Fatalf("position %v after %v", at, last)
				}
				last = at
			}
			if diff := cmp.Diff(append(want, string(end.Data)), data); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSourceEnds ends sources that wait: each yields one error.
func TestSourceEnds(t *testing.T) {
	t.Parallel()
	s := open(t, jetstream.Config{Memory: true})
	follow := func(ctx context.Context) (errs []error) {
		for batch, err := range s.Source(events.Filter{}).Follow(ctx, relay.Position{}, 10) {
			if len(batch) > 0 {
				t.Errorf("%d events", len(batch))
			}
			errs = append(errs, err)
		}
		return errs
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if errs := follow(ctx); len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("ended context: %v", errs)
	}
	ctx, cancel = context.WithTimeout(t.Context(), eventstest.Limit)
	defer cancel()
	time.AfterFunc(10*time.Millisecond, func() { _ = s.Close() })
	for _, when := range []string{"closed meanwhile", "closed before"} {
		if errs := follow(ctx); len(errs) != 1 || !errors.Is(errs[0], events.ErrClosed) {
			t.Errorf("%s: %v", when, errs)
		}
	}
}
