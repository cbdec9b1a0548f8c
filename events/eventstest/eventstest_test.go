package eventstest_test

import (
	"context"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
)

func TestBus(t *testing.T) {
	t.Parallel()
	eventstest.RunPubSub(t, func(t *testing.T) eventstest.PubSub {
		t.Helper()
		bus := events.NewBus(events.BusOptions{})
		t.Cleanup(func() { _ = bus.Close() })
		return eventstest.PubSub{Publisher: bus, Subscriber: bus}
	})
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	eventstest.RunPublisher(t, func(*testing.T) (events.Publisher, eventstest.Received) {
		rec := new(eventsfake.Recorder)
		return rec, func(ctx context.Context, n int) ([]events.Event, error) { return rec.Wait(ctx, n) }
	})
}

func TestMemoryJournal(t *testing.T) {
	t.Parallel()
	eventstest.RunJournal(t, func(t *testing.T) eventstest.Journal {
		t.Helper()
		rec := new(eventsfake.Recorder)
		j := events.NewMemoryJournal(rec)
		t.Cleanup(func() { _ = j.Close() })
		return eventstest.Journal{Journal: j, Received: func(ctx context.Context, n int) ([]events.Event, error) { return rec.Wait(ctx, n) }}
	})
}

func TestArchive(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T, rec *eventsfake.Recorder) *eventsfake.Archive {
		t.Helper()
		a := eventsfake.NewArchive(rec)
		t.Cleanup(func() { _ = a.Close() })
		return a
	}
	eventstest.RunJournal(t, func(t *testing.T) eventstest.Journal {
		t.Helper()
		rec := new(eventsfake.Recorder)
		return eventstest.Journal{Journal: open(t, rec), Received: func(ctx context.Context, n int) ([]events.Event, error) { return rec.Wait(ctx, n) }}
	})
	eventstest.RunHistory(t, func(t *testing.T, retention time.Duration) eventstest.History {
		t.Helper()
		a := open(t, new(eventsfake.Recorder))
		a.Retention = retention
		return a
	})
}
