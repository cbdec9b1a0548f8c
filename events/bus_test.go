package events_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
)

func numbered(n int) events.Event {
	return events.Event{ID: strconv.Itoa(n), Source: "/test", Type: "t"}
}

func ids(evs []events.Event) []string {
	var out []string
	for _, e := range evs {
		out = append(out, e.ID)
	}
	return out
}

func TestBusDeliversInOrderAgainAfterErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bus := events.NewBus(events.BusOptions{})
		defer bus.Close()
		var got []string
		failures := 2
		_, err := bus.Subscribe(t.Context(), events.Filter{Types: []string{"t"}}, func(_ context.Context, e events.Event) error {
			if e.ID == "2" && failures > 0 {
				failures--
				return errors.New("not now")
			}
			got = append(got, e.ID)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := bus.Publish(t.Context(), numbered(1), numbered(2), numbered(3), events.Event{ID: "x", Source: "/test", Type: "other"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"1", "2", "3"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestBusDropsRejectedAndHopeless(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls, dropped := map[string]int{}, map[string]error{}
		bus := events.NewBus(events.BusOptions{Attempts: 3, Dropped: func(e events.Event, err error) { dropped[e.ID] = err }})
		defer bus.Close()
		_, err := bus.Subscribe(t.Context(), events.Filter{}, func(_ context.Context, e events.Event) error {
			calls[e.ID]++
			if e.ID == "1" {
				return fmt.Errorf("%w: poison", events.ErrReject)
			}
			return errors.New("down")
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := bus.Publish(t.Context(), numbered(1), numbered(2)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if diff := cmp.Diff(map[string]int{"1": 1, "2": 3}, calls); diff != "" {
			t.Error(diff)
		}
		if !errors.Is(dropped["1"], events.ErrReject) || dropped["2"] == nil {
			t.Errorf("dropped %v", dropped)
		}
	})
}

func TestBusWaitsForSlowConsumersAndCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bus := events.NewBus(events.BusOptions{Buffer: 1})
		release := make(chan struct{})
		_, err := bus.Subscribe(t.Context(), events.Filter{}, func(context.Context, events.Event) error {
			<-release
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := bus.Publish(ctx, numbered(1), numbered(2), numbered(3)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("publish to a stuck consumer: %v", err)
		}
		blocked := make(chan error)
		go func() { blocked <- bus.Publish(context.Background(), numbered(4)) }()
		synctest.Wait()
		for range 2 {
			if err := bus.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := <-blocked; err != nil && !errors.Is(err, events.ErrClosed) {
			t.Errorf("blocked publish: %v", err)
		}
		if err := bus.Publish(t.Context(), numbered(5)); !errors.Is(err, events.ErrClosed) {
			t.Errorf("publish after close: %v", err)
		}
		close(release)
	})
}

func TestBusStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bus := events.NewBus(events.BusOptions{Buffer: 1})
		defer bus.Close()
		stop, err := bus.Subscribe(t.Context(), events.Filter{}, func(ctx context.Context, _ events.Event) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := bus.Publish(t.Context(), numbered(1)); err != nil {
			t.Fatal(err)
		}
		stop()
		synctest.Wait()
		if err := bus.Publish(t.Context(), numbered(2), numbered(3), numbered(4)); err != nil {
			t.Errorf("a stopped subscription holds up others: %v", err)
		}
	})
}

func TestJournalCommitsAllOrNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		j := events.NewMemoryJournal(&rec)
		defer j.Close()
		ctx := t.Context()
		revs, err := j.Commit(ctx,
			events.Change{Key: "a", Cursor: []byte("1"), Events: []events.Event{numbered(1)}},
			events.Change{Key: "b", Cursor: []byte("1")})
		if err != nil || len(revs) != 2 {
			t.Fatal(revs, err)
		}
		_, err = j.Commit(ctx,
			events.Change{Key: "a", Revision: revs[0], Cursor: []byte("2"), Events: []events.Event{numbered(2)}},
			events.Change{Key: "b", Revision: 0, Cursor: []byte("2"), Events: []events.Event{numbered(3)}})
		if !errors.Is(err, pos.ErrConflict) {
			t.Fatalf("stale revision: %v", err)
		}
		got, err := j.Load(ctx, "a")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(events.Record{Revision: revs[0], Cursor: []byte("1")}, got); diff != "" {
			t.Error(diff)
		}
		if err := j.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"1"}, ids(rec.Events())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestJournalRelaysThroughOutagesInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		rec.Fail(errors.New("broker down"))
		j := events.NewMemoryJournal(&rec)
		var want []string
		for n := range 250 {
			if _, err := j.Commit(t.Context(), events.Change{Events: []events.Event{numbered(n)}}); err != nil {
				t.Fatal(err)
			}
			want = append(want, strconv.Itoa(n))
		}
		short, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := j.Flush(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush during the outage: %v", err)
		}
		rec.Fail(nil)
		if err := j.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, ids(rec.Events())); diff != "" {
			t.Error(diff)
		}
		for range 2 {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := j.Commit(t.Context(), events.Change{Key: "a"}); !errors.Is(err, events.ErrClosed) {
			t.Errorf("commit after close: %v", err)
		}
	})
}

func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		rec.Fail(errors.New("broker down"))
		j := events.NewMemoryJournal(&rec)
		defer j.Close()
		batch := make([]events.Event, events.MaxCommitEvents)
		for i := range batch {
			batch[i] = numbered(i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var err error
		n := 0
		for ; err == nil; n++ {
			_, err = j.Commit(ctx, events.Change{Events: batch})
		}
		if !errors.Is(err, context.DeadlineExceeded) || n > 6 {
			t.Errorf("%d commits, then %v", n, err)
		}
		rec.Fail(nil)
		if _, err := j.Commit(t.Context(), events.Change{Events: batch}); err != nil {
			t.Error(err)
		}
	})
}

func ExampleBus() {
	bus := events.NewBus(events.BusOptions{})
	defer bus.Close()
	ctx := context.Background()
	taken := make(chan struct{})
	stop, err := bus.Subscribe(ctx, events.Filter{Types: []string{events.TypePurchaseRecorded}}, func(_ context.Context, e events.Event) error {
		defer close(taken)
		sale, err := events.Decode[events.Purchase](e)
		if err != nil {
			return fmt.Errorf("%w: %w", events.ErrReject, err)
		}
		fmt.Println(sale.Vendor, sale.Location, sale.ID)
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	sale := pos.Purchase{ID: "s-1", Version: "1", Location: "L1", Currency: "USD", Total: pos.Money{Amount: 1295, Currency: "USD"}}
	if err := bus.Publish(ctx, events.NewPurchase(events.Origin{Vendor: "square", Account: "main"}, sale, false)); err != nil {
		fmt.Println(err)
	}
	<-taken
	// Output: square L1 s-1
}
