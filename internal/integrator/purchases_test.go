package integrator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
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

func TestEveryVersionArrivesOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		whole := newFake("whole", 0, "A", "B")
		grouped := newFake("grouped", 2, "A", "B", "C", "D", "E")
		var rec eventsfake.Recorder
		for range 450 { // several pages of history
			sell(t, whole, "A")
		}
		stop := start(t, build(t, Config{Publisher: &rec, Accounts: []Account{serve(whole), serve(grouped)}}))
		time.Sleep(minutes(2))
		sale := sell(t, grouped, "E")
		time.Sleep(minutes(2))
		if _, err := grouped.Refund(posfake.Refund{ID: sale.ID}); err != nil {
			t.Fatal(err)
		}
		other := sell(t, whole, "B")
		time.Sleep(minutes(2))
		tip := int64(100)
		if _, err := whole.Edit(posfake.Edit{ID: other.ID, Tip: &tip}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(20))
		voided := sell(t, whole, "B")
		time.Sleep(minutes(2))
		if _, err := whole.Void(voided.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(2))
		stop()
		checkLedger(t, &rec, whole, grouped)
		evs := rec.Events(purchaseTypes...)
		want := []string{
			events.TypePurchaseRecorded, events.TypePurchaseRefunded, events.TypePurchaseRecorded,
			events.TypePurchaseRevised, events.TypePurchaseRecorded, events.TypePurchaseVoided,
		}
		got := types(evs[450:])
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestIdlePollsWriteAndCallLittle(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var locations []string
		for i := range 1000 {
			locations = append(locations, fmt.Sprintf("L%04d", i))
		}
		fake := newFake("big", 10, locations...)
		var rec eventsfake.Recorder
		var commits atomic.Int64
		off := Schedule{Purchases: time.Minute, Inventory: -1, Status: -1, Locations: time.Hour}
		e := build(t, Config{Publisher: &rec, Accounts: []Account{serve(fake)}, Schedule: off, Observer: Observer{
			Commit: func(CommitInfo) { commits.Add(1) },
		}})
		stop := start(t, e)
		time.Sleep(minutes(10))
		calls := countOps(fake, "SearchSales")
		commits.Store(0)
		time.Sleep(minutes(10))
		if n := countOps(fake, "SearchSales") - calls; n < 900 || n > 1120 {
			t.Errorf("%d calls in 10 idle minutes, want about 1000: 100 groups a minute", n)
		}
		if n := commits.Load(); n > 220 {
			t.Errorf("%d commits in 10 idle minutes, want one per group and 5 minutes", n)
		}
		stop()
	})
}

func TestHangingAccountDelaysNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		hangs := &provider{Fake: newFake("hangs", 0, "A")}
		hangs.purchases = func(ctx context.Context, _ pos.PurchaseQuery) (pos.PurchasePage, error) {
			<-ctx.Done()
			return pos.PurchasePage{}, &pos.Error{Kind: pos.KindUnavailable, Err: ctx.Err()}
		}
		hangs.locations = func(ctx context.Context, _ pos.LocationQuery) (pos.LocationPage, error) {
			<-ctx.Done()
			return pos.LocationPage{}, ctx.Err()
		}
		works := newFake("works", 0, "A")
		var rec eventsfake.Recorder
		e := build(t, Config{Publisher: &rec, Accounts: []Account{serve(hangs), serve(works)}})
		stop := start(t, e)
		for range 10 {
			sell(t, works, "A")
			time.Sleep(minutes(1) + 10*time.Second)
			checkLedger(t, &rec, works)
		}
		if code := get(t, e.Handler(), "/readyz"); code != 503 && code != 200 {
			t.Errorf("readyz %d", code)
		}
		before := time.Now()
		stop()
		if d := time.Since(before); d > 11*time.Second {
			t.Errorf("drained after %v", d)
		}
	})
}

func TestTwentyNoticesMakeOneFetch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 1, "A", "B")
		var rec eventsfake.Recorder
		long := Schedule{Purchases: 10 * time.Hour, Inventory: -1, Status: -1}
		e := build(t, Config{Publisher: &rec, Schedule: long, Accounts: []Account{{Provider: fake, Webhook: fake.Webhook()}}})
		stop := start(t, e)
		time.Sleep(12 * time.Hour) // Both groups have begun; the next poll is after 14 h.
		searched := countOps(fake, "SearchSales")
		if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultRepeat, Times: 10}); err != nil {
			t.Fatal(err)
		}
		sale := sell(t, fake, "B")
		callbacks := fake.Callbacks()
		again := posfake.Sign(pos.NewSecret(posfake.WebhookSecret), pos.Notice{ID: "other", Job: pos.JobPurchases, Location: "B", Records: []string{sale.ID}})
		for range 10 {
			callbacks = append(callbacks, again)
		}
		sales := 0
		for _, c := range callbacks {
			if strings.Contains(string(c.Body), sale.ID) {
				sales++
			}
			if codes := post(t, e.Handler(), "/webhooks/posfake/a", c); codes[0] != 200 {
				t.Errorf("answer %d", codes[0])
			}
			time.Sleep(30 * time.Millisecond)
		}
		if sales != 20 {
			t.Fatalf("%d callbacks for the sale", sales)
		}
		time.Sleep(6 * time.Second)
		checkLedger(t, &rec, fake)
		if n := countOps(fake, "GetSales"); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
		if n := countOps(fake, "SearchSales") - searched; n != 0 {
			t.Errorf("%d polls, want none", n)
		}
		time.Sleep(24 * time.Hour)
		checkLedger(t, &rec, fake)
		stop()
	})
}

func TestReplicasFenceEachOther(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 2, "A", "B", "C")
		var rec eventsfake.Recorder
		journal := events.NewMemoryJournal(&rec)
		fast := Schedule{Purchases: 2 * time.Second, Status: 3 * time.Second, Locations: 7 * time.Second, Inventory: -1}
		var conflicts atomic.Int64
		observer := Observer{Commit: func(c CommitInfo) {
			if errors.Is(c.Err, pos.ErrConflict) {
				conflicts.Add(1)
			}
		}}
		one := start(t, build(t, Config{Journal: journal, Schedule: fast, Accounts: []Account{serve(fake)}, Observer: observer}))
		two := start(t, build(t, Config{Journal: journal, Schedule: fast, Accounts: []Account{serve(fake)}}))
		for i := range 200 {
			sell(t, fake, string(rune('A'+i%3)))
			time.Sleep(time.Second)
		}
		time.Sleep(minutes(1))
		one()
		two()
		if err := journal.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkLedger(t, &rec, fake)
		if conflicts.Load() == 0 {
			t.Error("no conflict happened: the test proves nothing")
		}
		if err := journal.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestKillsLoseAndDoubleNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		fake := newFake("a", 2, "A", "B", "C", "D", "E")
		var rec eventsfake.Recorder
		journal := events.NewMemoryJournal(&rec)
		fast := Schedule{Purchases: time.Second, Status: -1, Inventory: -1, Locations: 10 * time.Second}
		var sales []string
		for range 120 {
			life := &killable{Journal: journal, after: rng.IntN(2) == 0}
			life.lives.Store(1 + rng.Int64N(12))
			ctx, cancel := context.WithCancel(t.Context())
			e := build(t, Config{Journal: life, Schedule: fast, Accounts: []Account{serve(fake)}, Drain: time.Nanosecond})
			done := make(chan error, 1)
			go func() { done <- e.Run(ctx) }()
			for range rng.IntN(6) {
				sales = append(sales, sell(t, fake, string(rune('A'+rng.IntN(5)))).ID)
				time.Sleep(time.Duration(rng.IntN(3000)) * time.Millisecond)
			}
			life.dead.Store(true)
			cancel()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		stop := start(t, build(t, Config{Journal: journal, Schedule: fast, Accounts: []Account{serve(fake)}}))
		time.Sleep(minutes(1))
		stop()
		if err := journal.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(sales) < 50 {
			t.Fatalf("%d sales", len(sales))
		}
		checkLedger(t, &rec, fake)
		if err := journal.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestRefusedCursorStartsAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := &provider{Fake: newFake("a", 0, "A")}
		var refuse atomic.Int64
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			if q.After != "" && refuse.Add(-1) >= 0 {
				return pos.PurchasePage{}, &pos.Error{Vendor: "posfake", Op: "Purchases", Kind: pos.KindCursor}
			}
			return p.Fake.Purchases(ctx, q)
		}
		var rec eventsfake.Recorder
		stop := start(t, build(t, Config{Publisher: &rec, Accounts: []Account{serve(p)}}))
		for range 30 {
			sell(t, p.Fake, "A")
			time.Sleep(minutes(1))
		}
		time.Sleep(minutes(2))
		refuse.Store(1)
		sell(t, p.Fake, "A")
		time.Sleep(minutes(3))
		checkLedger(t, &rec, p.Fake)
		if gaps := rec.Events(events.TypeGapFound); len(gaps) != 1 {
			t.Errorf("%d gap events, want 1", len(gaps))
		}
		refuse.Store(1 << 30) // The vendor never takes a cursor back.
		calls := countOps(p.Fake, "SearchSales")
		time.Sleep(time.Hour)
		if n := countOps(p.Fake, "SearchSales") - calls; n > 70 {
			t.Errorf("%d reads in an hour of refused cursors, want one a minute", n)
		}
		if gaps := rec.Events(events.TypeGapFound); len(gaps) > 3 {
			t.Errorf("%d gap events", len(gaps))
		}
		refuse.Store(0)
		sell(t, p.Fake, "A")
		time.Sleep(minutes(15))
		stop()
		checkLedger(t, &rec, p.Fake)
	})
}

func TestLocationsComeAndGo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := &provider{Fake: newFake("a", 2, "A", "B", "C")}
		var mu sync.Mutex
		hidden := ""
		p.locations = func(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
			page, err := p.Fake.Locations(ctx, q)
			mu.Lock()
			defer mu.Unlock()
			page.Locations = slices.DeleteFunc(page.Locations, func(l pos.Location) bool { return l.ID == hidden })
			return page, err
		}
		var asked [][]string
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			mu.Lock()
			asked = append(asked, q.Locations)
			mu.Unlock()
			return p.Fake.Purchases(ctx, q)
		}
		var rec eventsfake.Recorder
		off := Schedule{Inventory: -1, Status: -1}
		stop := start(t, build(t, Config{Publisher: &rec, Schedule: off, Accounts: []Account{serve(p)}}))
		everywhere := func(locations ...string) {
			for _, l := range locations {
				sell(t, p.Fake, l)
			}
		}
		everywhere("A", "B", "C")
		time.Sleep(minutes(3))
		if err := p.AddLocation(posfake.LocationSeed{ID: "0-new"}); err != nil {
			t.Fatal(err)
		}
		everywhere("0-new", "A", "B", "C") // sold before anybody knew the location
		time.Sleep(minutes(30))
		checkLedger(t, &rec, p.Fake)
		mu.Lock()
		hidden = "A"
		mu.Unlock()
		time.Sleep(minutes(30))
		everywhere("0-new", "B", "C")
		time.Sleep(minutes(3))
		mu.Lock()
		asked = nil
		mu.Unlock()
		time.Sleep(minutes(2))
		stop()
		checkLedger(t, &rec, p.Fake)
		slices.SortFunc(asked, slices.Compare)
		asked = slices.CompactFunc(asked, slices.Equal)
		if diff := cmp.Diff([][]string{{"0-new"}, {"B"}, {"C"}}, asked); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
	})
}

func TestFailuresAreToldOnceAndRecovered(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 1, "A", "B", "C")
		var rec eventsfake.Recorder
		off := Schedule{Inventory: -1, Status: -1}
		stop := start(t, build(t, Config{Publisher: &rec, Schedule: off, Accounts: []Account{serve(fake)}}))
		time.Sleep(minutes(2))
		heal, err := fake.Inject(posfake.Fault{Kind: posfake.FaultScope, Op: "SearchSales", Times: -1})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(30))
		heal()
		sell(t, fake, "A")
		time.Sleep(minutes(10))
		stop()
		checkLedger(t, &rec, fake)
		want := []string{events.TypeAuthorizationLost, events.TypePollFailing, events.TypePollRecovered}
		if diff := cmp.Diff(want, types(rec.Events(want...))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRetryAfterIsHeeded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		off := Schedule{Inventory: -1, Status: -1}
		stop := start(t, build(t, Config{Publisher: &rec, Schedule: off, Accounts: []Account{serve(fake)}}))
		time.Sleep(minutes(2))
		if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 429, RetryAfter: "600", Op: "SearchSales"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(minutes(2))
		calls := countOps(fake, "SearchSales")
		time.Sleep(minutes(7))
		if n := countOps(fake, "SearchSales"); n != calls {
			t.Errorf("%d calls while the vendor asked to wait", n-calls)
		}
		time.Sleep(minutes(6))
		if countOps(fake, "SearchSales") == calls {
			t.Error("no call after the wait")
		}
		stop()
	})
}

func TestGreedyPagesAreCommittedInParts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := &provider{Fake: newFake("a", 0, "A")}
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			var all pos.PurchasePage
			for page, err := range pos.PurchasePages(ctx, p.Fake, q) {
				if err != nil {
					return page, err
				}
				page.Purchases = append(all.Purchases, page.Purchases...)
				all = page
			}
			return all, nil
		}
		for range 950 {
			sell(t, p.Fake, "A")
		}
		var rec eventsfake.Recorder
		var most atomic.Int64
		stop := start(t, build(t, Config{Publisher: &rec, Accounts: []Account{serve(p)}, Observer: Observer{
			Commit: func(c CommitInfo) {
				for n := int64(c.Events); n > most.Load(); {
					most.Store(n)
				}
			},
		}, Schedule: Schedule{Inventory: -1, Status: -1}}))
		time.Sleep(minutes(1))
		synctest.Wait()
		stop()
		checkLedger(t, &rec, p.Fake)
		if n := most.Load(); n > commitLimit {
			t.Errorf("a commit of %d events", n)
		}
	})
}

func TestWhatARuleMakesIsChecked(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		sell(t, fake, "A")
		var rec eventsfake.Recorder
		var failed atomic.Int64
		stop := start(t, build(t, Config{
			Publisher: &rec, Accounts: []Account{serve(fake)},
			Rules: Rules{Purchase: func(events.Origin, *pos.Purchase, time.Time) []events.Event {
				return []events.Event{{ID: "1", Source: "s", Type: "t", Data: []byte(`{`)}}
			}},
			Observer: Observer{Poll: func(i PollInfo) {
				if i.Job == pos.JobPurchases && errors.Is(i.Err, pos.ErrInvalid) {
					failed.Add(1)
				}
			}},
		}))
		time.Sleep(minutes(5))
		stop()
		if failed.Load() == 0 || len(rec.Events(purchaseTypes...)) > 0 || len(rec.Events("t")) > 0 {
			t.Errorf("%d polls failed, events %v; want failures and no purchase without what follows from it", failed.Load(), types(rec.Events()))
		}
	})
}
