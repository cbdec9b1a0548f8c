package eventstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// OpenPublisher makes a fresh publisher and the other end of it. It registers
// what is to be cleaned up.
type OpenPublisher func(t *testing.T) (events.Publisher, Received)

// RunPublisher tests an [events.Publisher].
func RunPublisher(t *testing.T, open OpenPublisher) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(t *testing.T, p events.Publisher, received Received)
	}{
		{"events arrive whole", testWhole},
		{"events of a subject arrive in order", testPublishOrder},
		{"concurrent publishers lose nothing", testConcurrent},
		{"a bad event stops the call before it starts", testInvalid},
		{"nothing to publish is no error", func(t *testing.T, p events.Publisher, _ Received) {
			t.Helper()
			must(t, p.Publish(bounded(t)))
		}},
		{"an ended context is refused", testEnded},
		{"closed is closed", testClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, received := open(t)
			c.run(t, p, received)
		})
	}
}

func testWhole(t *testing.T, p events.Publisher, received Received) {
	t.Helper()
	e := events.Event{
		ID:           "id with spaces \U0001F96A",
		Source:       "/pos/square/a%20b.c*",
		Type:         "com.example.odd.>.*",
		Subject:      "Kühlregal 7, \"Halle\" *.>\\",
		Time:         time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC),
		DataSchema:   "https://example.com/schema",
		TraceParent:  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		PartitionKey: "a/b",
		Extensions:   map[string]string{"origin2": "x y"},
		Data:         []byte(`{"text":"` + strings.Repeat("ü", 5000) + `"}`),
	}
	must(t, p.Publish(bounded(t), e))
	got, err := received(bounded(t), 1)
	must(t, err)
	if diff := cmp.Diff([]events.Event{e}, got); diff != "" {
		t.Error(diff)
	}
}

func testPublishOrder(t *testing.T, p events.Publisher, received Received) {
	t.Helper()
	const n = 300
	var want []events.Event
	for i := 0; i < n; i += 3 {
		batch := []events.Event{Event("L1", i), Event("L1", i+1), Event("L1", i+2)}
		must(t, p.Publish(bounded(t), batch...))
		want = append(want, batch...)
	}
	got, err := received(bounded(t), n)
	must(t, err)
	if diff := cmp.Diff(names(want), names(got)); diff != "" {
		t.Error(diff)
	}
}

func testConcurrent(t *testing.T, p events.Publisher, received Received) {
	t.Helper()
	const publishers, each = 8, 50
	ctx := bounded(t)
	var group sync.WaitGroup
	for w := range publishers {
		group.Go(func() {
			for i := range each {
				if err := p.Publish(ctx, Event(string(rune('a'+w)), i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	got, err := received(ctx, publishers*each)
	must(t, err)
	bySubject := make(map[string][]events.Event)
	for _, e := range got {
		bySubject[e.Subject] = append(bySubject[e.Subject], e)
	}
	for w := range publishers {
		subject := string(rune('a' + w))
		if diff := cmp.Diff(names(sequence(subject, each)), names(bySubject[subject])); diff != "" {
			t.Error(diff)
		}
	}
}

func testInvalid(t *testing.T, p events.Publisher, received Received) {
	t.Helper()
	bad := Event("L1", 2)
	bad.ID = ""
	err := p.Publish(bounded(t), Event("L1", 1), bad)
	if !errors.Is(err, pos.ErrInvalid) {
		t.Fatalf("got %v, want an error that matches ErrInvalid", err)
	}
	must(t, p.Publish(bounded(t), Event("L1", 3)))
	got, err := received(bounded(t), 1)
	must(t, err)
	if diff := cmp.Diff(names([]events.Event{Event("L1", 3)}), names(got)); diff != "" {
		t.Error(diff)
	}
}

func testEnded(t *testing.T, p events.Publisher, received Received) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Publish(ctx, Event("L1", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	must(t, p.Publish(bounded(t), Event("L1", 2)))
	got, err := received(bounded(t), 1)
	must(t, err)
	if diff := cmp.Diff(names([]events.Event{Event("L1", 2)}), names(got)); diff != "" {
		t.Error(diff)
	}
}

func testClosed(t *testing.T, p events.Publisher, _ Received) {
	t.Helper()
	for range 2 {
		must(t, p.Close())
	}
	if err := p.Publish(bounded(t), Event("L1", 1)); !errors.Is(err, events.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}
