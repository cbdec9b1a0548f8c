package integrator

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// breaches lists the edges of an objective as "breached 600", by the limit in
// seconds, and wants both ends of an episode to have its begin.
func breaches(t *testing.T, rec *eventsfake.Recorder, name string) (edges []string) {
	t.Helper()
	var since time.Time
	seen := make(map[string]bool)
	for _, e := range rec.Events(events.TypeObjectiveBreached, events.TypeObjectiveRecovered) {
		o, err := events.Decode[events.Objective](e)
		if err != nil {
			t.Fatal(err)
		}
		if o.Name != name {
			continue
		}
		if seen[e.ID] {
			t.Errorf("id %s twice", e.ID)
		}
		seen[e.ID] = true
		switch e.Type {
		case events.TypeObjectiveBreached:
			over := time.Duration(o.ObservedSeconds-o.LimitSeconds) * time.Second
			if over < 0 || e.Time.Sub(o.Since).Truncate(time.Second) != over {
				t.Errorf("%+v at %s", o, e.Time)
			}
			edges, since = append(edges, fmt.Sprint("breached ", o.LimitSeconds)), o.Since
		default:
			if o.ObservedSeconds > o.LimitSeconds || !o.Since.Equal(since) {
				t.Errorf("%+v, want one that began %s", o, since)
			}
			edges = append(edges, fmt.Sprint("recovered ", o.LimitSeconds))
		}
	}
	return edges
}

// TestLagIsTold once for each episode, although the process that told of the
// breach is not the one that sees its end.
func TestLagIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		journal := events.NewMemoryJournal(&rec)
		defer journal.Close()
		fake := newFake("a", 1, "A", "B")
		cfg := Config{Journal: journal, Accounts: []Account{serve(fake)}, Objectives: Objectives{Lag: minutes(30)}}
		cfg.Accounts[0].Objectives.Lag = minutes(10)
		stop := start(t, build(t, cfg))
		time.Sleep(minutes(30))
		remove, err := fake.Inject(posfake.Fault{Kind: posfake.FaultReset, Op: "SearchSales", Times: -1})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(8))
		if got := breaches(t, &rec, events.ObjectiveLag); got != nil {
			t.Errorf("after 8 min: %s", got)
		}
		time.Sleep(minutes(32))
		if diff := cmp.Diff([]string{"breached 600"}, breaches(t, &rec, events.ObjectiveLag)); diff != "" {
			t.Error(diff)
		}
		stop()
		stop = start(t, build(t, cfg))
		time.Sleep(minutes(30))
		remove()
		time.Sleep(minutes(30))
		stop()
		if err := journal.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"breached 600", "recovered 600"}, breaches(t, &rec, events.ObjectiveLag)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestWaitingCallbacksAreTold: the read that a callback asks for cannot begin.
func TestWaitingCallbacksAreTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		fake := newFake("a", 0, "A")
		slow := newGate(1)
		p := &provider{Fake: fake}
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			slow <- struct{}{}
			defer slow.leave()
			return fake.Purchases(ctx, q)
		}
		e := build(t, Config{Publisher: &rec, Accounts: []Account{{Provider: p, Webhook: fake.Webhook()}}})
		stop := start(t, e)
		time.Sleep(minutes(2))
		notify := func() {
			t.Helper()
			sell(t, fake, "A")
			for _, code := range post(t, e.Handler(), "/webhooks/posfake/a", fake.Callbacks()...) {
				if code != 200 {
					t.Fatal(code)
				}
			}
			time.Sleep(minutes(4))
		}
		notify()
		slow <- struct{}{}
		notify()
		if got := breaches(t, &rec, events.ObjectiveCallbacks); got != nil {
			t.Errorf("after 4 min: %s", got)
		}
		time.Sleep(minutes(2))
		if diff := cmp.Diff([]string{"breached 300"}, breaches(t, &rec, events.ObjectiveCallbacks)); diff != "" {
			t.Error(diff)
		}
		time.Sleep(minutes(20))
		slow.leave()
		time.Sleep(minutes(2))
		if diff := cmp.Diff([]string{"breached 300", "recovered 300"}, breaches(t, &rec, events.ObjectiveCallbacks)); diff != "" {
			t.Error(diff)
		}
		stop()
	})
}

// TestOldCallbacksAreTold: they were waiting where nobody took them.
func TestOldCallbacksAreTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		fake := newFake("a", 0, "A")
		e := build(t, Config{Publisher: &rec, Accounts: []Account{{Provider: fake, Webhook: fake.Webhook()}}})
		sell(t, fake, "A")
		post(t, e.Handler(), "/webhooks/posfake/a", fake.Callbacks()...)
		time.Sleep(minutes(10))
		stop := start(t, e)
		time.Sleep(minutes(2))
		stop()
		if diff := cmp.Diff([]string{"breached 300", "recovered 300"}, breaches(t, &rec, events.ObjectiveCallbacks)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPendingPushIsTold(t *testing.T) {
	for _, off := range []bool{false, true} {
		t.Run(fmt.Sprint("off ", off), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var rec eventsfake.Recorder
				bus := events.NewBus(events.BusOptions{})
				defer bus.Close()
				fake := newFake("a", 0, "A")
				done := time.Now().Add(3 * time.Hour)
				p := &provider{Fake: fake, pushMenu: func(ctx context.Context, m pos.MenuPush) (pos.PushReport, error) {
					if time.Now().Before(done) {
						return pos.PushReport{Outcomes: []pos.Outcome{{Item: "M-1", Locations: []string{"A"}, Action: pos.Pending}}}, nil
					}
					return fake.PushMenu(ctx, m)
				}}
				cfg := Config{Publisher: &rec, Subscriber: bus, Schedule: pushesOnly, Accounts: []Account{serve(p)}}
				want := []string{"breached 3600", "recovered 3600"}
				if off {
					cfg.Objectives.Push, want = -1, nil
				}
				stop := start(t, build(t, cfg))
				time.Sleep(time.Second)
				if err := bus.Publish(t.Context(), published("c1", events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(900, "M-1")}})); err != nil {
					t.Fatal(err)
				}
				time.Sleep(4 * time.Hour)
				stop()
				if diff := cmp.Diff(want, breaches(t, &rec, events.ObjectivePush)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestObjectivesHaveDefaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		schedule Schedule
		own      Objectives
		want     Objectives
	}{
		{Schedule{Purchases: time.Minute}, Objectives{}, Objectives{minutes(15), minutes(5), time.Hour}},
		{Schedule{Purchases: time.Hour}, Objectives{}, Objectives{3 * time.Hour, minutes(5), time.Hour}},
		{Schedule{Purchases: time.Hour}, Objectives{Lag: -1, Callbacks: 1}, Objectives{-1, 1, time.Hour}},
	} {
		if got := test.own.or(defaultObjectives(test.schedule)); got != test.want {
			t.Errorf("%+v: %+v, want %+v", test.own, got, test.want)
		}
	}
	fake := newFake("a", 0, "A")
	e := build(t, Config{Publisher: new(eventsfake.Recorder), Accounts: []Account{serve(fake)}, Objectives: Objectives{-1, -1, -1}})
	if e.units[0].now.limits != nil {
		t.Error("objectives that are off are looked at")
	}
}

// TestTimeToVisible: of sales since the integrator follows the location, by
// when the vendor recorded them, and of commands that were carried out.
func TestTimeToVisible(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mu sync.Mutex
		got := make(map[pos.Job][]time.Duration)
		var rec eventsfake.Recorder
		bus := events.NewBus(events.BusOptions{})
		defer bus.Close()
		fake := newFake("a", 0, "A")
		sell(t, fake, "A") // History.
		time.Sleep(time.Hour)
		stop := start(t, build(t, Config{Publisher: &rec, Subscriber: bus, Accounts: []Account{serve(fake)}, Observer: Observer{
			Visible: func(i VisibleInfo) {
				mu.Lock()
				defer mu.Unlock()
				got[i.Job] = append(got[i.Job], i.Took)
			},
		}}))
		time.Sleep(minutes(5))
		sell(t, fake, "A")
		sell(t, fake, "A")
		time.Sleep(minutes(5))
		refused := published("c0", events.MenuCommand{MenuPush: pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{{SKU: "no price"}}}}})
		command := published("c1", events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(900, "M-1")}})
		command.Time = time.Now().Add(-minutes(3)) // It was waiting elsewhere.
		if err := bus.Publish(t.Context(), refused, command); err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(5))
		stop()
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if n := len(rec.Events(purchaseTypes...)); n != 3 {
			t.Fatalf("%d purchases", n)
		}
		if sales := got[pos.JobPurchases]; len(sales) != 2 || sales[0] <= 0 || sales[0] > minutes(3) {
			t.Errorf("sales were visible after %s, want 2 within the next poll", sales)
		}
		if menus := got[pos.JobMenu]; len(menus) != 1 || menus[0] < minutes(3) || menus[0] > minutes(4) {
			t.Errorf("menus were applied after %s, want one after some 3 min", menus)
		}
	})
}
