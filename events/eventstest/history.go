package eventstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// History is a fresh journal that keeps what was published.
type History interface {
	events.Journal
	events.History
}

// OpenHistory makes a fresh journal that keeps events for the retention. It
// registers what is to be cleaned up.
type OpenHistory func(t *testing.T, retention time.Duration) History

// RunHistory tests an [events.History].
func RunHistory(t *testing.T, open OpenHistory) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(t *testing.T, h History)
	}{
		{"history by filter and time", testPublished},
		{"history misses nothing", testPublishedAtOnce},
		{"history ends with its retention", testPublishedTooOld},
		{"history may be left", testPublishedLeft},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t, time.Hour))
		})
	}
}

// published reads back what the filter matches.
func published(t *testing.T, h History, f events.Filter, since time.Time) []string {
	t.Helper()
	var evs []events.Event
	for e, err := range h.Published(bounded(t), f, since) {
		if err != nil {
			t.Error(err)
			return nil
		}
		evs = append(evs, e)
	}
	return data(evs...)
}

// data are the payloads, which tell events of [Event] apart.
func data(evs ...events.Event) []string {
	var list []string
	for i := range evs {
		list = append(list, string(evs[i].Data))
	}
	return list
}

func testPublished(t *testing.T, h History) {
	t.Helper()
	began := time.Now()
	if got := published(t, h, events.Filter{}, began); got != nil {
		t.Errorf("an empty journal: %q", got)
	}
	one, two, three, other := Event("L1", 0), Event("L2", 1), Event("L1", 2), Event("L1", 3)
	other.Type = "com.example.other.v1"
	commit := func(changes ...events.Change) {
		_, err := h.Commit(bounded(t), changes...)
		must(t, err)
	}
	commit(events.Change{Key: "k", Cursor: []byte("c"), Events: []events.Event{one, two}}, events.Change{Key: "quiet", Cursor: []byte("c")})
	commit(events.Change{Events: []events.Event{other}})
	middle := time.Now()
	commit(events.Change{Key: "k2", Cursor: []byte("c"), Events: []events.Event{three}})
	for _, tc := range []struct {
		name  string
		f     events.Filter
		since time.Time
		want  []string
	}{
		{"all", events.Filter{}, began, data(one, two, other, three)},
		{"a location", events.Filter{Subjects: []string{"L1"}}, began, data(one, other, three)},
		{"a location, a source and a type", events.Filter{Subjects: []string{"L1"}, Sources: []string{one.Source}, Types: []string{one.Type}}, began, data(one, three)},
		{"since", events.Filter{}, middle, data(three)},
		{"since the future", events.Filter{}, time.Now().Add(time.Hour), nil},
		{"of nobody", events.Filter{Subjects: []string{"L9"}}, began, nil},
	} {
		if diff := cmp.Diff(tc.want, published(t, h, tc.f, tc.since)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// testPublishedAtOnce: what was committed before the call is there, however
// much others commit at the same time.
func testPublishedAtOnce(t *testing.T, h History) {
	t.Helper()
	began := time.Now()
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			place := fmt.Sprint("L", w)
			var revision pos.Revision
			var want []string
			for i := range 25 {
				e := Event(place, i)
				want = append(want, string(e.Data))
				revisions, err := h.Commit(bounded(t), events.Change{Key: place, Revision: revision, Cursor: []byte("c"), Events: []events.Event{e}})
				if err != nil {
					t.Error(err)
					return
				}
				revision = revisions[0]
				if got := published(t, h, events.Filter{Subjects: []string{place}}, began); !slices.Equal(got, want) {
					t.Errorf("%s: after %d commits there are %d events", place, i+1, len(got))
					return
				}
			}
		})
	}
	group.Wait()
}

func testPublishedTooOld(t *testing.T, h History) {
	t.Helper()
	for ago, want := range map[time.Duration]error{59 * time.Minute: nil, 2 * time.Hour: pos.ErrUnsupported} {
		var got error
		for _, err := range h.Published(bounded(t), events.Filter{}, time.Now().Add(-ago)) {
			got = err
		}
		if !errors.Is(got, want) {
			t.Errorf("events since %v ago, kept for an hour: %v, want %v", ago, got, want)
		}
	}
}

func testPublishedLeft(t *testing.T, h History) {
	t.Helper()
	began := time.Now()
	_, err := h.Commit(bounded(t), events.Change{Events: sequence("L1", 5)})
	must(t, err)
	for _, err := range h.Published(bounded(t), events.Filter{}, began) {
		must(t, err)
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var got error
	for _, err := range h.Published(ctx, events.Filter{}, began) {
		got = err
	}
	if got == nil {
		t.Error("an ended context is no error")
	}
}
