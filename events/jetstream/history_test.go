package jetstream_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

// published reads back what the filter matches, as data.
func published(t *testing.T, s *jetstream.Stream, f events.Filter, since time.Time) []string {
	t.Helper()
	var data []string
	for e, err := range s.Published(limited(t), f, since) {
		if err != nil {
			t.Error(err)
			return nil
		}
		data = append(data, string(e.Data))
	}
	return data
}

func commit(t *testing.T, s *jetstream.Stream, changes ...events.Change) {
	t.Helper()
	if _, err := s.Commit(limited(t), changes...); err != nil {
		t.Error(err)
	}
}

func dataOf(evs ...events.Event) []string {
	var data []string
	for _, e := range evs {
		data = append(data, string(e.Data))
	}
	return data
}

func TestPublished(t *testing.T) {
	t.Parallel()
	for _, m := range modes[:2] {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s, began := open(t, m.config(t)), time.Now()
			if got := published(t, s, events.Filter{}, began); got != nil {
				t.Errorf("an empty stream: %q", got)
			}
			one, two, three := eventstest.Event("L1", 0), eventstest.Event("L2", 1), eventstest.Event("L1", 2)
			other := eventstest.Event("L1", 3)
			other.Type = "com.example.other.v1"
			commit(t, s, events.Change{Key: "k", Cursor: []byte("c"), Events: []events.Event{one, two}}, events.Change{Key: "empty", Cursor: []byte("c")})
			if err := s.Publish(limited(t), other); err != nil {
				t.Fatal(err)
			}
			middle := time.Now()
			commit(t, s, events.Change{Key: "k2", Cursor: []byte("c"), Events: []events.Event{three}})
			for _, tc := range []struct {
				name  string
				f     events.Filter
				since time.Time
				want  []string
			}{
				{"all", events.Filter{}, began, dataOf(one, two, other, three)},
				{"a location", events.Filter{Subjects: []string{"L1"}}, began, dataOf(one, other, three)},
				{"a location and a type", events.Filter{Subjects: []string{"L1"}, Types: []string{one.Type}, Sources: []string{one.Source}}, began, dataOf(one, three)},
				{"since", events.Filter{}, middle, dataOf(three)},
				{"since the future", events.Filter{}, time.Now().Add(time.Hour), nil},
				{"of nobody", events.Filter{Subjects: []string{"L9"}}, began, nil},
			} {
				if diff := cmp.Diff(tc.want, published(t, s, tc.f, tc.since)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tc.name, diff)
				}
			}
			for _, err := range s.Published(limited(t), events.Filter{}, began) {
				if err != nil {
					t.Error(err)
				}
				break // The reader may leave.
			}
		})
	}
}

// What was committed before the call is there, however much others commit at
// the same time: a sale that is taken for missing would be published twice.
func TestPublishedMissesNothing(t *testing.T) {
	t.Parallel()
	s, began := open(t, jetstream.Config{Memory: true}), time.Now()
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			place := fmt.Sprint("L", w)
			var revision pos.Revision
			var want []string
			for i := range 25 {
				e := eventstest.Event(place, i)
				want = append(want, string(e.Data))
				revisions, err := s.Commit(limited(t), events.Change{Key: place, Revision: revision, Cursor: []byte("c"), Events: []events.Event{e}})
				if err != nil {
					t.Error(err)
					return
				}
				revision = revisions[0]
				if got := published(t, s, events.Filter{Subjects: []string{place}}, began); !slices.Equal(got, want) {
					t.Errorf("%s: after %d commits there are %d events", place, i+1, len(got))
					return
				}
			}
		})
	}
	group.Wait()
}

// Where events may be gone, nothing is read back.
func TestPublishedRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		cfg   jetstream.Config
		since time.Duration
		want  error
	}{
		{"pages", jetstream.Config{Memory: true, Pages: true}, time.Minute, pos.ErrUnsupported},
		{"older than retention", jetstream.Config{Memory: true, Retention: time.Hour}, 2 * time.Hour, pos.ErrUnsupported},
		{"as old as that", jetstream.Config{Memory: true, Retention: time.Hour}, 59 * time.Minute, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tc.cfg)
			var got error
			for _, err := range s.Published(limited(t), events.Filter{}, time.Now().Add(-tc.since)) {
				got = err
			}
			if !errors.Is(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			for _, err := range s.Published(limited(t), events.Filter{}, time.Now()) {
				got = err
			}
			if !errors.Is(got, events.ErrClosed) && !errors.Is(got, pos.ErrUnsupported) {
				t.Errorf("closed: %v", got)
			}
		})
	}
}
