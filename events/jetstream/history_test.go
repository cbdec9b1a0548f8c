package jetstream_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

func TestHistory(t *testing.T) {
	t.Parallel()
	for _, m := range modes[:2] {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			eventstest.RunHistory(t, func(t *testing.T, retention time.Duration) eventstest.History {
				t.Helper()
				c := m.config(t)
				c.Retention = retention
				return open(t, c)
			})
		})
	}
}

// A stream of pages keeps a number of commits and not a time: it reads nothing
// back. Nor does a stream that is closed.
func TestNoHistory(t *testing.T) {
	t.Parallel()
	failure := func(s *jetstream.Stream) (got error) {
		for _, err := range s.Published(limited(t), events.Filter{}, time.Now()) {
			got = err
		}
		return got
	}
	if err := failure(open(t, jetstream.Config{Memory: true, Pages: true})); !errors.Is(err, pos.ErrUnsupported) {
		t.Errorf("pages: %v", err)
	}
	s := open(t, jetstream.Config{Memory: true})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := failure(s); !errors.Is(err, events.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestHistoryOfReplicas: three servers keep the stream. What one client has
// committed is there when another one reads back through another server, which
// may not have it itself yet.
func TestHistoryOfReplicas(t *testing.T) {
	t.Parallel()
	servers, began := threeServers(t), time.Now()
	var clients []*jetstream.Stream
	for _, s := range servers {
		clients = append(clients, open(t, jetstream.Config{URL: s.ClientURL(), Replicas: len(servers)}))
	}
	var group sync.WaitGroup
	for w := range clients {
		group.Go(func() {
			place := fmt.Sprint("L", w)
			var revision pos.Revision
			var want, got []string
			for i := range 20 {
				e := eventstest.Event(place, i)
				want = append(want, string(e.Data))
				revisions, err := clients[w].Commit(limited(t), events.Change{Key: place, Revision: revision, Cursor: []byte("c"), Events: []events.Event{e}})
				if err != nil {
					t.Error(err)
					return
				}
				revision, got = revisions[0], nil
				other := clients[(w+1+i%2)%len(clients)]
				for e, err := range other.Published(limited(t), events.Filter{Subjects: []string{place}}, began) {
					if err != nil {
						t.Error(err)
						return
					}
					got = append(got, string(e.Data))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s after %d commits (-want +got):\n%s", place, i+1, diff)
					return
				}
			}
		})
	}
	group.Wait()
}

// What does not fit into one answer of the server comes in several.
func TestLongHistory(t *testing.T) {
	t.Parallel()
	s, began := open(t, jetstream.Config{Memory: true}), time.Now()
	const total = 1300
	for n := 0; n < total; {
		var change events.Change
		for ; n < total && len(change.Events) < 400; n++ {
			change.Events = append(change.Events, eventstest.Event("L1", n), eventstest.Event("L2", n))
		}
		if _, err := s.Commit(limited(t), change); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for e, err := range s.Published(limited(t), events.Filter{Subjects: []string{"L1"}}, began) {
		if err != nil {
			t.Fatal(err)
		}
		if want := string(eventstest.Event("L1", n).Data); string(e.Data) != want {
			t.Fatalf("event %d is %s, want %s", n, e.Data, want)
		}
		n++
	}
	if n != total {
		t.Errorf("%d events, want %d", n, total)
	}
}
