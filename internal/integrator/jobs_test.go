package integrator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

func statuses(t *testing.T, rec *eventsfake.Recorder, location string) []pos.Tri {
	t.Helper()
	var online []pos.Tri
	for _, e := range rec.Events(events.TypeStatusChanged) {
		s, err := events.Decode[events.Status](e)
		if err != nil {
			t.Fatal(err)
		}
		if s.Location == location {
			online = append(online, s.Online)
		}
	}
	return online
}

func TestStatusEdges(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A", "B")
		var rec eventsfake.Recorder
		journal := events.NewMemoryJournal(&rec)
		cfg := Config{Journal: journal, Accounts: []Account{serve(fake)}}
		stop := start(t, build(t, cfg))
		time.Sleep(minutes(30))
		if err := fake.SetOnline("A", false); err != nil {
			t.Fatal(err)
		}
		// The vendor's own cloud shows the power cut after 5 min.
		time.Sleep(minutes(6) + 10*time.Second)
		if got := statuses(t, &rec, "A"); len(got) != 2 || got[1] == pos.Yes {
			t.Errorf("after the power cut: %v", got)
		}
		time.Sleep(minutes(30))
		stop()
		told := len(statuses(t, &rec, "A"))
		stop = start(t, build(t, cfg)) // A restart tells nothing again.
		time.Sleep(minutes(10))
		if got := statuses(t, &rec, "A"); len(got) != told {
			t.Errorf("after a restart: %v", got)
		}
		if err := fake.SetOnline("A", true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(2))
		stop()
		if got := statuses(t, &rec, "A"); got[len(got)-1] != pos.Yes {
			t.Errorf("back on line: %v", got)
		}
		if diff := cmp.Diff([]pos.Tri{pos.Yes}, statuses(t, &rec, "B")); diff != "" {
			t.Errorf("the other location: %s", diff)
		}
		seen := make(map[string]bool)
		for _, e := range rec.Events(events.TypeStatusChanged) {
			if seen[e.ID] {
				t.Errorf("id %s twice", e.ID)
			}
			seen[e.ID] = true
		}
		if err := journal.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestStatusAgesWhileTheVendorIsDown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		off := Schedule{Inventory: -1, Purchases: -1}
		stop := start(t, build(t, Config{Publisher: &rec, Schedule: off, Accounts: []Account{serve(fake)}}))
		time.Sleep(minutes(3))
		if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultReset, Op: "ReadStatus", Times: -1}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(5) + 5*time.Second)
		stop()
		if diff := cmp.Diff([]pos.Tri{pos.Yes, pos.Unknown}, statuses(t, &rec, "A")); diff != "" {
			t.Error(diff)
		}
	})
}

func stocked(t *testing.T, f *posfake.Fake, location, sku string, n int64) {
	t.Helper()
	if err := f.SetStock(location, sku, &n); err != nil {
		t.Fatal(err)
	}
}

func onHand(m *inventory.Memory, location string) map[string]string {
	got := make(map[string]string)
	stock, _ := m.Stock("posfake", "a", location)
	for _, s := range stock {
		got[s.SKU] = s.OnHand.String()
	}
	return got
}

func TestInventoryIsHandedOver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A", "B")
		stocked(t, fake, "A", "M-1", 5)
		stocked(t, fake, "A", "M-2", 7)
		var rec eventsfake.Recorder
		var service inventory.Memory
		off := Schedule{Purchases: -1, Status: -1}
		stop := start(t, build(t, Config{Publisher: &rec, Inventory: &service, Schedule: off, Accounts: []Account{serve(fake)}}))
		check := func(when, location string, want map[string]string) {
			t.Helper()
			if diff := cmp.Diff(want, onHand(&service, location)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		time.Sleep(minutes(6))
		check("first read", "A", map[string]string{"M-1": "5", "M-2": "7"})
		if _, rev := service.Stock("posfake", "a", "B"); rev == 0 {
			t.Error("an empty location was not handed over")
		}
		calls := service.Calls()
		time.Sleep(minutes(30))
		if service.Calls() != calls {
			t.Error("unchanged stock was handed over")
		}
		stocked(t, fake, "A", "M-1", 4)
		time.Sleep(minutes(6))
		check("a change", "A", map[string]string{"M-1": "4", "M-2": "7"})

		service.Fail(&pos.Error{Kind: pos.KindUnavailable, Err: errors.New("down")})
		for n := range int64(50) {
			stocked(t, fake, "A", "M-1", n)
			stocked(t, fake, "B", "M-3", n)
			time.Sleep(minutes(2))
		}
		service.Fail(nil)
		time.Sleep(minutes(12))
		check("after an outage", "A", map[string]string{"M-1": "49", "M-2": "7"})
		check("after an outage", "B", map[string]string{"M-3": "49"})

		service.Forget()
		stocked(t, fake, "A", "M-1", 1)
		time.Sleep(minutes(20))
		check("after the service lost its state", "A", map[string]string{"M-1": "1", "M-2": "7"})
		if _, rev := service.Stock("posfake", "a", "B"); rev == 0 {
			time.Sleep(7 * time.Hour)
			check("after the next full read", "B", map[string]string{"M-3": "49"})
		}
		stop()
		if n := len(rec.Events(events.TypeInventoryChanged)); n == 0 {
			t.Error("no inventory events")
		}
	})
}

// puts remembers what was handed over.
type puts struct {
	inventory.Memory
	mu    sync.Mutex
	snaps []inventory.Snapshot
}

func (p *puts) Put(ctx context.Context, batch ...inventory.Snapshot) ([]inventory.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.snaps = append(p.snaps, batch...)
	return p.Memory.Put(ctx, batch...)
}

func (p *puts) take() (full, changed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.snaps {
		if p.snaps[i].Full {
			full++
		} else {
			changed += len(p.snaps[i].Stock)
		}
	}
	p.snaps = nil
	return full, changed
}

func TestOnlyChangedLinesAreHandedOver(t *testing.T) {
	for _, changes := range []bool{true, false} {
		t.Run(fmt.Sprintf("changes %v", changes), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				caps := posfake.AllCapabilities()
				caps.Inventory.Changes = changes
				fake := posfake.New(posfake.Config{Account: "a", Capabilities: &caps, Locations: []posfake.LocationSeed{{ID: "A"}, {ID: "B"}}})
				for i := range 20 {
					stocked(t, fake, "A", fmt.Sprintf("M-%d", i), 5)
				}
				var rec eventsfake.Recorder
				var service puts
				sched := Schedule{Purchases: -1, Status: -1, InventoryFull: 3 * time.Hour}
				stop := start(t, build(t, Config{Publisher: &rec, Inventory: &service, Schedule: sched, Accounts: []Account{serve(fake)}}))
				check := func(when string, full, changed int) {
					t.Helper()
					if f, c := service.take(); f != full || c != changed {
						t.Errorf("%s: %d full snapshots and %d changed lines, want %d and %d", when, f, c, full, changed)
					}
				}
				time.Sleep(minutes(30))
				service.take()
				time.Sleep(minutes(30))
				check("quiet", 0, 0)
				stocked(t, fake, "A", "M-3", 4)
				stocked(t, fake, "A", "M-7", 4)
				time.Sleep(minutes(10))
				check("two changes", 0, 2)
				time.Sleep(3 * time.Hour)
				check("the full read on schedule", 2, 0)
				stop()
			})
		})
	}
}

type noSubscriber struct{}

func (noSubscriber) Subscribe(context.Context, events.Filter, events.Handler) (func(), error) {
	return nil, errors.New("no broker")
}

func TestRunFailsWithoutCommands(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		e := build(t, Config{Publisher: &rec, Subscriber: noSubscriber{}, Accounts: []Account{serve(newFake("a", 0, "A"))}})
		if err := e.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no broker") {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestNoticesOfOtherJobsWakeTheirPolls(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		rare := Schedule{Purchases: 48 * time.Hour, Inventory: 48 * time.Hour, Status: 48 * time.Hour, Locations: 48 * time.Hour}
		e := build(t, Config{Publisher: &rec, Schedule: rare, Accounts: []Account{{Provider: fake, Webhook: fake.Webhook()}}})
		stop := start(t, e)
		time.Sleep(5 * time.Hour)
		secret := pos.NewSecret(posfake.WebhookSecret)
		ops := []string{"ReadStatus", "ReadStock", "SearchSales", "ListLocations"}
		counts := func() (n []int) {
			for _, op := range ops {
				n = append(n, countOps(fake, op))
			}
			return n
		}
		for i, c := range []struct {
			notice pos.Notice
			want   []int
		}{
			{pos.Notice{Job: pos.JobStatus}, []int{1, 0, 0, 0}},
			{pos.Notice{Job: pos.JobInventory}, []int{0, 1, 0, 0}},
			{pos.Notice{Job: pos.JobPurchases}, []int{0, 0, 1, 0}},
			{pos.Notice{Job: pos.JobPurchases, Records: []string{"unknown"}}, []int{0, 0, 0, 0}},
			{pos.Notice{Job: pos.JobAccount, Type: "subscription.disabled", Alarm: "switched off"}, []int{1, 1, 1, 1}},
		} {
			before := counts()
			for n := range 50 { // a burst is one poll
				c.notice.ID = fmt.Sprintf("n%d-%d", i, n)
				post(t, e.Handler(), "/webhooks/posfake/a", posfake.Sign(secret, c.notice))
			}
			time.Sleep(10 * time.Second)
			got := counts()
			for k := range got {
				got[k] -= before[k]
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s %s: polls of %v (-want +got):\n%s", c.notice.Job, c.notice.Type, ops, diff)
			}
		}
		stop()
		if n := len(rec.Events(events.TypeSubscriptionLost)); n != 50 {
			t.Errorf("%d events for 50 different alarms", n)
		}
	})
}

func TestDrainCancelsWhatHangs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := &provider{Fake: newFake("a", 0, "A")}
		p.purchases = func(ctx context.Context, _ pos.PurchaseQuery) (pos.PurchasePage, error) {
			<-ctx.Done()
			return pos.PurchasePage{}, ctx.Err()
		}
		var rec eventsfake.Recorder
		stop := start(t, build(t, Config{Publisher: &rec, Accounts: []Account{serve(p)}, Drain: 3 * time.Second}))
		time.Sleep(time.Second)
		before := time.Now()
		stop()
		if d := time.Since(before); d < 3*time.Second || d > 3*time.Second+10*time.Millisecond {
			t.Errorf("drained after %v, want 3s", d)
		}
	})
}

func TestDrainFinishesAPage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := &provider{Fake: newFake("a", 0, "A")}
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			if err := sleep(ctx, time.Second); err != nil {
				return pos.PurchasePage{}, err
			}
			return p.Fake.Purchases(ctx, q)
		}
		sell(t, p.Fake, "A")
		var rec eventsfake.Recorder
		stop := start(t, build(t, Config{Publisher: &rec, Accounts: []Account{serve(p)}}))
		time.Sleep(100 * time.Millisecond)
		stop()
		checkLedger(t, &rec, p.Fake)
	})
}

func TestRunOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		e := build(t, Config{Publisher: &rec, Accounts: []Account{serve(newFake("a", 0, "A"))}})
		if err := e.Publish(t.Context()); !errors.Is(err, ErrNotRunning) {
			t.Errorf("publish before Run: %v", err)
		}
		start(t, e)()
		if err := e.Run(t.Context()); !errors.Is(err, ErrStarted) {
			t.Errorf("second Run: %v", err)
		}
	})
}

func TestConfigReportsEverything(t *testing.T) {
	t.Parallel()
	fake := newFake("a", 0, "A")
	_, err := New(Config{Name: "x", Accounts: []Account{serve(fake), {}, serve(fake)}, Drain: -1})
	var ps pos.Problems
	if !errors.As(err, &ps) || len(ps) != 4 {
		t.Errorf("got %v, want 4 problems", err)
	}
}

func TestHandler(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		e := build(t, Config{Publisher: &rec, Accounts: []Account{{Provider: fake, Webhook: fake.Webhook()}}})
		h := e.Handler()
		if code := get(t, h, "/readyz"); code != http.StatusServiceUnavailable {
			t.Errorf("readyz before Run: %d", code)
		}
		if code := get(t, h, "/healthz"); code != http.StatusOK {
			t.Errorf("healthz: %d", code)
		}
		stop := start(t, e)
		time.Sleep(time.Second)
		if code := get(t, h, "/readyz"); code != http.StatusOK {
			t.Errorf("readyz: %d", code)
		}
		secret := pos.NewSecret(posfake.WebhookSecret)
		alarm := posfake.Sign(secret, pos.Notice{ID: "n1", Account: "a", Job: pos.JobAccount, Type: "oauth.revoked", Alarm: "authorization revoked"})
		forged := posfake.Sign(pos.NewSecret("other"), pos.Notice{ID: "n2", Job: pos.JobAccount})
		noise := posfake.Callback{Header: alarm.Header, Body: []byte("{")}
		huge := posfake.Callback{Header: alarm.Header, Body: make([]byte, maxCallback+1)}
		for _, c := range []struct {
			name, path string
			callback   posfake.Callback
			want       int
		}{
			{"named account", "/webhooks/posfake/a", alarm, 200},
			{"repeat, routed by the notice", "/webhooks/posfake", alarm, 200},
			{"forged", "/webhooks/posfake/a", forged, 401},
			{"body of another", "/webhooks/posfake/a", noise, 401},
			{"too large", "/webhooks/posfake/a", huge, 413},
			{"no such account", "/webhooks/posfake/b", alarm, 404},
			{"no such vendor", "/webhooks/square/a", alarm, 404},
		} {
			if got := post(t, h, c.path, c.callback); got[0] != c.want {
				t.Errorf("%s: %d, want %d", c.name, got[0], c.want)
			}
		}
		time.Sleep(time.Minute)
		stop()
		if n := len(rec.Events(events.TypeAuthorizationLost)); n != 1 {
			t.Errorf("%d alarms, want 1", n)
		}
	})
}

func TestReadyWithAFailingAccount(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultReset, Times: -1}); err != nil {
			t.Fatal(err)
		}
		var rec eventsfake.Recorder
		e := build(t, Config{Publisher: &rec, Accounts: []Account{serve(fake)}})
		stop := start(t, e)
		time.Sleep(minutes(1))
		if code := get(t, e.Handler(), "/readyz"); code != http.StatusOK {
			t.Errorf("readyz: %d", code)
		}
		stop()
	})
}
