package integrator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

func menu(price int64, skus ...string) pos.Menu {
	var m pos.Menu
	for _, sku := range skus {
		m.Items = append(m.Items, pos.Item{SKU: sku, Name: "Meal " + sku, Price: pos.Money{Amount: price, Currency: "USD"}})
	}
	return m
}

func published(id string, c events.MenuCommand) events.Event {
	return events.NewMenuPublished("/menu", id, time.Now(), c)
}

func prices(f *posfake.Fake) map[string]int64 {
	got := make(map[string]int64)
	for _, row := range f.Menu() {
		if row.Available {
			got[row.Location+" "+row.SKU] = row.Price
		}
	}
	return got
}

// outcomes lists the push outcomes as "change item action final".
func outcomes(t *testing.T, rec *eventsfake.Recorder) []string {
	t.Helper()
	var got []string
	for _, e := range rec.Events(events.TypePushOutcome) {
		o, err := events.Decode[events.Outcome](e)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s %v", o.ChangeID, o.Item, o.Action, o.Final))
	}
	return got
}

var pushesOnly = Schedule{Purchases: -1, Inventory: -1, Status: -1}

func TestCommandsBecomePushes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		one, two := newFake("one", 0, "A", "B"), newFake("two", 0, "C")
		var rec eventsfake.Recorder
		bus := events.NewBus(events.BusOptions{})
		defer bus.Close()
		stop := start(t, build(t, Config{Publisher: &rec, Subscriber: bus, Schedule: pushesOnly, Accounts: []Account{serve(one), serve(two)}}))
		time.Sleep(time.Second)
		send := func(evs ...events.Event) {
			t.Helper()
			if err := bus.Publish(t.Context(), evs...); err != nil {
				t.Fatal(err)
			}
			time.Sleep(minutes(1))
		}
		send(published("c1", events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(900, "M-1")}}))
		if diff := cmp.Diff(map[string]int64{"A M-1": 900, "B M-1": 900}, prices(one)); diff != "" {
			t.Error(diff)
		}
		send(published("c1", events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(1, "M-1")}})) // a repeat
		send(published("c2", events.MenuCommand{Target: events.Target{Account: "two"}, MenuPush: pos.MenuPush{Menu: menu(950, "M-1")}}))
		send(published("c3", events.MenuCommand{MenuPush: pos.MenuPush{Locations: []string{"B", "elsewhere"}, Menu: menu(800, "M-1"), Partial: true}}))
		if diff := cmp.Diff(map[string]int64{"A M-1": 900, "B M-1": 800}, prices(one)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]int64{"C M-1": 950}, prices(two)); diff != "" {
			t.Error(diff)
		}
		send(events.NewMenuWithdrawn("/menu", "c4", time.Now(), events.Target{}))
		if n := len(prices(one)) + len(prices(two)); n != 0 {
			t.Errorf("%d items on sale after a withdrawal", n)
		}
		send(events.NewCouponPublished("/coupons", "k1", time.Now(), events.CouponCommand{CouponPush: pos.CouponPush{
			Coupons: []pos.Coupon{{ID: "ten", Name: "Ten off", Percent: pos.Percent(10)}},
		}}))
		stop()
		text := strings.Join(outcomes(t, &rec), "\n")
		for _, want := range []string{"c1 M-1 created true", "c2 M-1 updated true", "c3 M-1 updated true", "c4 M-1 withdrawn true", "k1 ten created true"} {
			if !strings.Contains(text, want) {
				t.Errorf("no outcome %q in\n%s", want, text)
			}
		}
	})
}

func TestPoisonCommandsAreRejected(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		var dropped []error
		bus := events.NewBus(events.BusOptions{Dropped: func(_ events.Event, err error) { dropped = append(dropped, err) }})
		defer bus.Close()
		stop := start(t, build(t, Config{Publisher: &rec, Subscriber: bus, Schedule: pushesOnly, Accounts: []Account{serve(fake)}}))
		time.Sleep(time.Second)
		bad := published("bad", events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(-1, "M-1", "M-1")}})
		torn := events.Event{ID: "torn", Source: "/menu", Type: events.TypeMenuPublished, Data: []byte(`{"menu":7}`)}
		if err := bus.Publish(t.Context(), bad, torn); err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(1))
		stop()
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(dropped) != 2 || !errors.Is(dropped[0], events.ErrReject) || !errors.Is(dropped[0], pos.ErrInvalid) {
			t.Errorf("dropped %v", dropped)
		}
		if diff := cmp.Diff([]string{"bad  refused true", "torn  refused true"}, outcomes(t, &rec)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNewerMenuSupersedesOlder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := &provider{Fake: newFake("a", 0, "A")}
		var pushed []string
		p.pushMenu = func(ctx context.Context, m pos.MenuPush) (pos.PushReport, error) {
			pushed = append(pushed, m.ChangeID) // One push at a time, and Run ends before the test looks.
			if err := sleep(ctx, minutes(1)); err != nil {
				return pos.PushReport{}, err
			}
			return p.Fake.PushMenu(ctx, m)
		}
		var rec eventsfake.Recorder
		bus := events.NewBus(events.BusOptions{})
		defer bus.Close()
		stop := start(t, build(t, Config{Publisher: &rec, Subscriber: bus, Schedule: pushesOnly, Accounts: []Account{serve(p)}}))
		time.Sleep(time.Second)
		old := published("late", events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(1, "M-1")}})
		for i := range 20 {
			time.Sleep(time.Millisecond)
			e := published(fmt.Sprintf("c%d", i), events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(900+int64(i), "M-1")}})
			if err := bus.Publish(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		if err := bus.Publish(t.Context(), old); err != nil { // a straggler
			t.Fatal(err)
		}
		time.Sleep(minutes(5))
		stop()
		if diff := cmp.Diff([]string{"c0", "c19"}, pushed); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]int64{"A M-1": 919}, prices(p.Fake)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPendingAndFailedPushesAreFollowedUpAcrossRestarts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := &provider{Fake: newFake("a", 0, "A")}
		var calls atomic.Int64
		p.pushMenu = func(ctx context.Context, m pos.MenuPush) (pos.PushReport, error) {
			step := calls.Add(1)
			report := func(a pos.Action, err error) (pos.PushReport, error) {
				return pos.PushReport{Outcomes: []pos.Outcome{{Item: "M-1", Locations: []string{"A"}, Action: a, Err: err}}}, nil
			}
			switch {
			case step == 1:
				return pos.PushReport{}, &pos.Error{Kind: pos.KindUnavailable}
			case step == 2:
				return report(pos.Failed, &pos.Error{Kind: pos.KindConflict})
			case step < 6:
				return report(pos.Pending, nil)
			}
			return p.Fake.PushMenu(ctx, m)
		}
		var rec eventsfake.Recorder
		journal := events.NewMemoryJournal(&rec)
		bus := events.NewBus(events.BusOptions{})
		defer bus.Close()
		cfg := Config{Journal: journal, Subscriber: bus, Schedule: pushesOnly, Accounts: []Account{serve(p)}}
		stop := start(t, build(t, cfg))
		time.Sleep(time.Second)
		if err := bus.Publish(t.Context(), published("c1", events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(900, "M-1")}})); err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(1))
		stop()
		if step := calls.Load(); step < 3 || step > 5 {
			t.Fatalf("%d pushes before the restart", step)
		}
		stop = start(t, build(t, cfg))
		time.Sleep(minutes(30))
		stop()
		got := outcomes(t, &rec)
		if len(got) < 3 || got[0] != "c1 M-1 failed false" || got[1] != "c1 M-1 pending false" || got[len(got)-1] != "c1 M-1 created true" {
			t.Errorf("outcomes %v", got)
		}
		if step := calls.Load(); step != 6 {
			t.Errorf("%d pushes, want 6", step)
		}
		if err := journal.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestDirectPush(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		one, two := newFake("one", 0, "A", "S"), newFake("two", 0, "B", "S")
		var rec eventsfake.Recorder
		e := build(t, Config{Publisher: &rec, Accounts: []Account{serve(one), serve(two)}})
		ctx := t.Context()
		plan, err := e.PushMenu(ctx, events.Target{}, pos.MenuPush{Menu: menu(900, "M-1"), DryRun: true})
		if err != nil || len(plan) != 2 || plan[0].Account != "one" || !plan[1].DryRun || len(one.Menu()) != 0 {
			t.Fatalf("plan %+v, %v", plan, err)
		}
		reports, err := e.PushMenu(ctx, events.Target{}, pos.MenuPush{Menu: menu(900, "M-1"), Locations: []string{"A"}})
		if err != nil || len(reports) != 1 || reports[0].Count(pos.Created) != 1 {
			t.Errorf("push by location: %+v, %v", reports, err)
		}
		if diff := cmp.Diff(map[string]int64{"A M-1": 900}, prices(one)); diff != "" {
			t.Error(diff)
		}
		_, err = e.PushMenu(ctx, events.Target{}, pos.MenuPush{Menu: menu(900, "M-1"), Locations: []string{"S", "X"}})
		var ps pos.Problems
		if !errors.As(err, &ps) || len(ps) != 2 {
			t.Errorf("shared and unknown locations: %v", err)
		}
		if _, err := e.PushMenu(ctx, events.Target{Account: "none"}, pos.MenuPush{Menu: menu(1, "M-1")}); !errors.Is(err, pos.ErrNotFound) {
			t.Errorf("no such target: %v", err)
		}
		if _, err := e.PushMenu(ctx, events.Target{}, pos.MenuPush{Menu: menu(-1, "M-1")}); !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("invalid menu: %v", err)
		}
		if _, err := two.Inject(posfake.Fault{Kind: posfake.FaultReset, Times: -1}); err != nil {
			t.Fatal(err)
		}
		coupons := pos.CouponPush{Coupons: []pos.Coupon{{ID: "ten", Name: "Ten off", Percent: pos.Percent(10)}}}
		reports, err = e.PushCoupons(ctx, events.Target{}, coupons)
		if !errors.Is(err, pos.ErrUnavailable) || len(reports) != 2 || reports[0].Err != nil || reports[0].Count(pos.Created) != 2 || reports[1].Err == nil {
			t.Errorf("one account down: %+v, %v", reports, err)
		}
	})
}

func TestCovers(t *testing.T) {
	t.Parallel()
	push := func(partial bool, sku string, locations ...string) command {
		return command{Menu: &pos.MenuPush{Partial: partial, Menu: menu(1, sku), Locations: locations}}
	}
	for _, c := range []struct {
		name         string
		newer, older command
		want         bool
	}{
		{"all over all", push(false, "A"), push(false, "B"), true},
		{"all over some", push(false, "A"), push(false, "B", "L1"), true},
		{"some over all", push(false, "A", "L1"), push(false, "B"), false},
		{"some over the same", push(false, "A", "L1", "L2"), push(true, "B", "L1"), true},
		{"partial over whole", push(true, "A"), push(false, "A"), false},
		{"partial over the same items", push(true, "A"), push(true, "A", "L1"), true},
		{"partial over other items", push(true, "A"), push(true, "B"), false},
	} {
		if got := c.newer.covers(&c.older); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
