// Package eventstest is the conformance suite of package events: what every
// Publisher, Subscriber and Journal does, whatever carries its events. Each
// Run function takes a constructor and runs a list of cases, each against a
// fresh instance. Cases run in real time and are bounded by [Limit].
package eventstest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
)

// Limit bounds every wait of a case.
const Limit = 30 * time.Second

// Received returns the first n events that came out at the other end, in
// order, or fewer with the error of ctx. It may return more than n.
type Received func(ctx context.Context, n int) ([]events.Event, error)

// Event returns the n-th valid event of a subject for tests.
func Event(subject string, n int) events.Event {
	return events.Event{
		ID:      events.ID("eventstest", subject, strconv.Itoa(n)),
		Source:  events.Origin{Vendor: "test", Account: "main"}.Source(),
		Type:    "com.farmacyfoods.pos.test.v1",
		Subject: subject,
		Time:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Data:    fmt.Appendf(nil, `{"n":%d}`, n),
		// Each is in a trace of its own, which must come through.
		TraceParent: fmt.Sprintf("00-%032x-%016x-01", n+1, n+1),
	}
}

func sequence(subject string, n int) []events.Event {
	evs := make([]events.Event, n)
	for i := range evs {
		evs[i] = Event(subject, i)
	}
	return evs
}

// inbox collects what a handler takes.
type inbox struct {
	mu     sync.Mutex
	events []events.Event
	news   chan struct{}
}

func (b *inbox) add(e events.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
	if b.news != nil {
		close(b.news)
		b.news = nil
	}
}

func (b *inbox) handle(_ context.Context, e events.Event) error {
	b.add(e)
	return nil
}

// wait is a Received.
func (b *inbox) wait(ctx context.Context, n int) ([]events.Event, error) {
	for {
		b.mu.Lock()
		if b.news == nil {
			b.news = make(chan struct{})
		}
		news, got := b.news, append([]events.Event(nil), b.events...)
		b.mu.Unlock()
		if len(got) >= n {
			return got, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return got, ctx.Err()
		}
	}
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Limit)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func names(evs []events.Event) []string {
	out := []string{}
	for i := range evs {
		out = append(out, evs[i].Subject+" "+string(evs[i].Data)+" "+evs[i].TraceParent)
	}
	return out
}
