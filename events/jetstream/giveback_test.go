package jetstream

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
)

// What arrives while a subscription ends must not wait for AckWait.
func TestTheNextSubscriptionNeedNotWait(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{Dir: t.TempDir(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for i := range 300 {
		got := make(chan string, 1)
		stop, err := s.Subscribe(t.Context(), events.Filter{Group: "g"}, func(_ context.Context, e events.Event) error {
			got <- e.ID
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// Half of the events come while nobody is there, or somebody is going.
		e := eventstest.Event("L1", i)
		if err := s.Publish(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		select {
		case <-got:
		case <-time.After(20 * time.Second):
			t.Fatalf("event %d did not come", i)
		}
		stop()
	}
}

func TestTheNextTakerNeedNotWait(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{Dir: t.TempDir(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for i := range 100 {
		c := events.Callback{ID: strconv.Itoa(i), Vendor: "square", Account: "main", Header: http.Header{}}
		if err := s.PutCallback(t.Context(), "q", c); err != nil {
			t.Fatal(err)
		}
		take(t, s, "q", 1)
	}
}
