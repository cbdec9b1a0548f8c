package eventstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
)

// PubSub is a Publisher with the Subscriber at its other end.
type PubSub struct {
	events.Publisher
	events.Subscriber
	// Stored: groups have a memory, and their members share the events.
	Stored bool
}

// OpenPubSub makes a fresh pair. It registers what is to be cleaned up.
type OpenPubSub func(t *testing.T) PubSub

// RunPubSub tests the publisher and the subscriber of a pair.
func RunPubSub(t *testing.T, open OpenPubSub) {
	t.Helper()
	t.Run("publisher", func(t *testing.T) {
		t.Parallel()
		RunPublisher(t, func(t *testing.T) (events.Publisher, Received) {
			t.Helper()
			ps := open(t)
			var box inbox
			_, err := ps.Subscribe(t.Context(), events.Filter{}, box.handle)
			must(t, err)
			return ps, box.wait
		})
	})
	for _, c := range []struct {
		name   string
		stored bool
		run    func(t *testing.T, ps PubSub)
	}{
		{"filters choose", false, testFilters},
		{"every subscriber gets everything", false, testFanOut},
		{"a failed event comes again, before later ones", false, testRetry},
		{"a rejected event does not come again", false, testReject},
		{"a stopped subscription ends and holds up nobody", false, testStop},
		{"a subscription ends with its context", false, testSubscriptionContext},
		{"close returns although a handler is stuck", false, testStuck},
		{"a group goes on where it ended", true, testGroupMemory},
		{"members of a group share the events", true, testGroupShare},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ps := open(t)
			if c.stored && !ps.Stored {
				return // Groups have no memory there, as documented.
			}
			c.run(t, ps)
		})
	}
}

func testFilters(t *testing.T, ps PubSub) {
	t.Helper()
	a, b := Event("L.1", 1), Event("L.2", 2)
	b.Type = "com.example.other"
	c := Event("L.1", 3)
	c.Source = "/menu"
	all := []events.Event{a, b, c}
	filters := []struct {
		filter events.Filter
		want   []events.Event
	}{
		{events.Filter{}, all},
		{events.Filter{Types: []string{a.Type}}, []events.Event{a, c}},
		{events.Filter{Types: []string{a.Type, b.Type, a.Type}}, all},
		{events.Filter{Sources: []string{"/menu"}}, []events.Event{c}},
		{events.Filter{Subjects: []string{"L.1"}}, []events.Event{a, c}},
		{events.Filter{Group: "g", Subjects: []string{"L.1", "L.2"}, Sources: []string{a.Source}}, []events.Event{a, b}},
	}
	boxes := make([]inbox, len(filters))
	for i, f := range filters {
		_, err := ps.Subscribe(t.Context(), f.filter, boxes[i].handle)
		must(t, err)
	}
	must(t, ps.Publish(bounded(t), all...))
	end := Event("L.1", 4) // Matches all filters but those by other attributes.
	must(t, ps.Publish(bounded(t), end))
	for i, f := range filters {
		want := f.want
		if f.filter.Matches(&end) {
			want = append(slices.Clip(want), end)
		}
		got, err := boxes[i].wait(bounded(t), len(want))
		must(t, err)
		if diff := cmp.Diff(names(want), names(got)); diff != "" {
			t.Errorf("%+v: %s", f.filter, diff)
		}
	}
}

func testFanOut(t *testing.T, ps PubSub) {
	t.Helper()
	var boxes [3]inbox
	for i := range boxes {
		_, err := ps.Subscribe(t.Context(), events.Filter{Group: fmt.Sprint("g", i)}, boxes[i].handle)
		must(t, err)
	}
	must(t, ps.Publish(bounded(t), sequence("L1", 20)...))
	for i := range boxes {
		got, err := boxes[i].wait(bounded(t), 20)
		must(t, err)
		if diff := cmp.Diff(names(sequence("L1", 20)), names(got)); diff != "" {
			t.Error(diff)
		}
	}
}

func testRetry(t *testing.T, ps PubSub) {
	t.Helper()
	var box inbox
	failures := 2
	_, err := ps.Subscribe(t.Context(), events.Filter{Group: "g"}, func(_ context.Context, e events.Event) error {
		if e.ID == Event("L1", 1).ID && failures > 0 {
			failures--
			return errors.New("not now")
		}
		box.add(e)
		return nil
	})
	must(t, err)
	must(t, ps.Publish(bounded(t), sequence("L1", 4)...))
	got, err := box.wait(bounded(t), 4)
	must(t, err)
	if diff := cmp.Diff(names(sequence("L1", 4)), names(got)); diff != "" {
		t.Error(diff)
	}
}

func testReject(t *testing.T, ps PubSub) {
	t.Helper()
	var box inbox
	var rejected atomic.Int32
	_, err := ps.Subscribe(t.Context(), events.Filter{Group: "g"}, func(_ context.Context, e events.Event) error {
		if e.ID == Event("L1", 0).ID {
			rejected.Add(1)
			return fmt.Errorf("%w: it makes no sense", events.ErrReject)
		}
		box.add(e)
		return nil
	})
	must(t, err)
	must(t, ps.Publish(bounded(t), sequence("L1", 3)...))
	got, err := box.wait(bounded(t), 2)
	must(t, err)
	if diff := cmp.Diff(names(sequence("L1", 3)[1:]), names(got)); diff != "" {
		t.Error(diff)
	}
	if n := rejected.Load(); n != 1 {
		t.Errorf("the rejected event came %d times", n)
	}
}

func testStop(t *testing.T, ps PubSub) {
	t.Helper()
	var box inbox
	_, err := ps.Subscribe(t.Context(), events.Filter{}, box.handle)
	must(t, err)
	entered, ended := make(chan struct{}), make(chan struct{})
	stop, err := ps.Subscribe(t.Context(), events.Filter{}, func(ctx context.Context, _ events.Event) error {
		close(entered) // A second call would panic.
		<-ctx.Done()
		close(ended)
		return nil
	})
	must(t, err)
	must(t, ps.Publish(bounded(t), Event("L1", 0)))
	arrives(t, entered, "the first event")
	stop()
	stop() // Idempotent.
	arrives(t, ended, "the end of the handler's context")
	for i := range 300 { // More than any buffer of the stopped one.
		must(t, ps.Publish(bounded(t), Event("L1", i+1)))
	}
	got, err := box.wait(bounded(t), 301)
	must(t, err)
	if diff := cmp.Diff(names(sequence("L1", 301)), names(got)); diff != "" {
		t.Error(diff)
	}
}

func testSubscriptionContext(t *testing.T, ps PubSub) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	_, err := ps.Subscribe(ctx, events.Filter{}, func(ctx context.Context, _ events.Event) error {
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	})
	must(t, err)
	must(t, ps.Publish(bounded(t), Event("L1", 0)))
	cancel()
	// Either the handler was there and its context ends, or it never came.
	if _, err := ps.Subscribe(ctx, events.Filter{}, func(context.Context, events.Event) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("subscribe with an ended context: %v", err)
	}
}

func testStuck(t *testing.T, ps PubSub) {
	t.Helper()
	entered, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	_, err := ps.Subscribe(t.Context(), events.Filter{}, func(context.Context, events.Event) error {
		close(entered)
		<-release
		return nil
	})
	must(t, err)
	must(t, ps.Publish(bounded(t), Event("L1", 0)))
	arrives(t, entered, "the event")
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for range 2 {
			if err := ps.Close(); err != nil {
				t.Error(err)
			}
		}
	}()
	arrives(t, closed, "the end of Close")
	if _, err := ps.Subscribe(t.Context(), events.Filter{}, nil); !errors.Is(err, events.ErrClosed) {
		t.Errorf("subscribe after close: %v", err)
	}
}

func testGroupMemory(t *testing.T, ps PubSub) {
	t.Helper()
	var first, second inbox
	stop, err := ps.Subscribe(t.Context(), events.Filter{Group: "g"}, first.handle)
	must(t, err)
	must(t, ps.Publish(bounded(t), sequence("L1", 5)...))
	_, err = first.wait(bounded(t), 5)
	must(t, err)
	stop()
	late := sequence("L1", 10)[5:]
	must(t, ps.Publish(bounded(t), late...))
	_, err = ps.Subscribe(t.Context(), events.Filter{Group: "g"}, second.handle)
	must(t, err)
	// The acknowledgement of the last event may have been lost with the stop.
	got, err := second.wait(bounded(t), len(late))
	must(t, err)
	if got[0].ID == Event("L1", 4).ID {
		got, err = second.wait(bounded(t), len(late)+1)
		must(t, err)
		got = got[1:]
	}
	if diff := cmp.Diff(names(late), names(got)); diff != "" {
		t.Error(diff)
	}
}

func testGroupShare(t *testing.T, ps PubSub) {
	t.Helper()
	const n = 200
	var together inbox
	for range 3 {
		_, err := ps.Subscribe(t.Context(), events.Filter{Group: "g"}, together.handle)
		must(t, err)
	}
	must(t, ps.Publish(bounded(t), sequence("L1", n)...))
	got, err := together.wait(bounded(t), n)
	must(t, err)
	if diff := cmp.Diff(names(sequence("L1", n)), names(got)); diff != "" {
		t.Error(diff)
	}
}

func arrives(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-bounded(t).Done():
		t.Fatalf("%s did not come", what)
	}
}
