package jetstream

import (
	"context"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
)

// TestServerBehind reads up to a message that the server does not have yet, as
// one of a cluster that is behind: it is waited for, and not for ever.
func TestServerBehind(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{Memory: true, Drain: time.Second, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	began, subject := time.Now(), s.oneSubject(events.Filter{})
	publish := func(n int) {
		e := events.Event{ID: string(rune('a' + n)), Source: "/pos/square/main", Type: "com.example.v1", Subject: "L1"}
		if err := s.Publish(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	publish(0)
	read := func(ctx context.Context, each func(events.Event)) error {
		return s.readUpTo(ctx, subject, began, 3, func(e events.Event) bool { each(e); return true })
	}
	if err := read(t.Context(), func(events.Event) {}); err == nil {
		t.Error("two messages that never came were not missed")
	}

	came := make(chan events.Event)
	done := make(chan error, 1)
	go func() { done <- read(t.Context(), func(e events.Event) { came <- e }) }()
	for n := range 3 {
		select {
		case e := <-came:
			if e.ID != string(rune('a'+n)) {
				t.Errorf("event %d is %s", n, e.ID)
			}
		case err := <-done:
			t.Fatalf("ended before event %d: %v", n, err)
		}
		if n < 2 {
			publish(n + 1) // after the reader has come to its end
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := read(ctx, func(events.Event) {}); err == nil {
		t.Error("an ended context is no error")
	}
}
