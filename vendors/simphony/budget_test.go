package simphony_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

// calls counts the requests that fn causes, by operation, without signing in.
func calls(fake *simphonyfake.Fake, fn func()) map[string]int {
	before := len(fake.Requests())
	fn()
	out := make(map[string]int)
	for _, r := range fake.Requests()[before:] {
		if !slices.Contains([]string{"Authorize", "SignIn", "Token"}, r.Op) {
			out[r.Op]++
		}
	}
	return out
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

func manyItems(n int) pos.Menu {
	var m pos.Menu
	for i := range n {
		m.Items = append(m.Items, pos.Item{SKU: fmt.Sprintf("FARM-%04d", i), Name: fmt.Sprintf("Meal %d", i), Price: pos.Money{Amount: int64(500 + i), Currency: "USD"}})
	}
	return m
}

func poll(t *testing.T, p pos.Provider, after pos.Cursor) (pos.Cursor, []pos.Purchase) {
	t.Helper()
	var all []pos.Purchase
	for page, err := range pos.PurchasePages(t.Context(), p, pos.PurchaseQuery{After: after}) {
		if err != nil {
			t.Fatal(err)
		}
		all, after = append(all, page.Purchases...), page.Next
	}
	return after, all
}

// TestPurchaseBudget polls every 15 minutes for a day without sales: each poll
// is one call for each property, in the first six hours of a day two; the
// dates before cost nine calls an hour.
func TestPurchaseBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const properties = 3
		fake := newFake(t, simphonyfake.Config{Properties: properties})
		p := newProvider(t, cloud(fake), fake, nil)
		cursor, _ := poll(t, p, "")
		day := calls(fake, func() {
			for range 96 {
				<-time.After(15 * time.Minute)
				cursor, _ = poll(t, p, cursor)
			}
		})
		if got, most := day["getGuestChecks"], properties*(96+24+24*9); got > most {
			t.Errorf("%d calls a day, promised are %d", got, most)
		}
		if got := day["getLocationDimensions"]; got > 97 {
			t.Errorf("the list of properties was read %d times in 96 polls", got)
		}
		<-time.After(time.Minute)
		if got := calls(fake, func() { poll(t, p, cursor) }); got["getGuestChecks"] > 2*properties {
			t.Errorf("one idle poll: %v", got)
		}
	})
}

// TestMenuBudget pushes 500 items to 40 properties: three bulk requests, and
// polls of their status, whatever the number of properties.
func TestMenuBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, simphonyfake.Config{Properties: 40})
		p := newProvider(t, cloud(fake), fake, nil)
		push := pos.MenuPush{Menu: manyItems(500)}
		writes, pushes := 0, 0
		for range 10 {
			report, err := p.PushMenu(t.Context(), push)
			if err != nil || report.Err() != nil {
				t.Fatal(err, report.Err())
			}
			writes, pushes = writes+report.Writes, pushes+1
			if report.Count(pos.Pending) == 0 {
				break
			}
			if pushes == 2 { // asked again at once: nothing is sent twice
				again, err := p.PushMenu(t.Context(), push)
				if err != nil || again.Writes != 0 || again.Count(pos.Pending) == 0 {
					t.Errorf("while a bulk request is on its way: %d writes, %d pending, %v", again.Writes, again.Count(pos.Pending), err)
				}
			}
			<-time.After(3 * time.Minute)
		}
		if writes != 3 || pushes != 4 {
			t.Errorf("%d writes in %d pushes, promised are 3 in 4", writes, pushes)
		}
		idle := calls(fake, func() {
			if report, err := p.PushMenu(t.Context(), push); err != nil || report.Writes != 0 || report.Count(pos.Unchanged) != 500*40 {
				t.Errorf("repeated: %d writes, %d unchanged, %v", report.Writes, report.Count(pos.Unchanged), err)
			}
		})
		if sum(idle) > 4 {
			t.Errorf("a push without changes: %v", idle)
		}
	})
}

// TestOtherBudgets counts coupons, status and availability.
func TestOtherBudgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, simphonyfake.Config{Properties: 10, RevenueCenters: 2})
		p := newProvider(t, cloud(fake), fake, nil)
		report, err := p.PushCoupons(t.Context(), pos.CouponPush{Coupons: []pos.Coupon{{ID: "SPRING", Name: "Spring", Percent: pos.Percent(15)}}})
		if err != nil || report.Err() != nil || report.Writes != 2 {
			t.Errorf("a coupon for 10 properties: %d writes, %v, %v", report.Writes, err, report.Err())
		}
		read := func() {
			for _, err := range pos.AllStatuses(t.Context(), p, pos.StatusQuery{}) {
				if err != nil {
					t.Error(err)
				}
			}
		}
		read() // which revenue centers there are
		if got := calls(fake, read); got["ConnectionStatus"] != 20 || sum(got) > 21 {
			t.Errorf("status of 20 revenue centers: %v", got)
		}
		if got := calls(fake, func() {
			for _, err := range pos.AllStock(t.Context(), p, pos.InventoryQuery{}) {
				if err != nil {
					t.Error(err)
				}
			}
		}); got["GetUnavailableItems"] != 20 || sum(got) > 24 {
			t.Errorf("availability at 20 revenue centers: %v", got)
		}
	})
}

// TestTillBudget polls TS1: two calls when nothing changed, and one for each
// check that did.
func TestTillBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, simphonyfake.Config{Properties: 1})
		p := newProvider(t, alone(fake), fake, nil)
		price := int64(950)
		sell := func() {
			if _, err := fake.Sell(posfake.Sale{Location: fake.Locations()[0], Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}}); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			sell()
		}
		cursor, sales := poll(t, p, "")
		if len(sales) != 5 {
			t.Fatalf("%d sales", len(sales))
		}
		sell()
		<-time.After(time.Minute)
		got := calls(fake, func() { cursor, sales = poll(t, p, cursor) })
		if len(sales) != 1 || got["GetCheckDetail"] != 1 || sum(got) != 3 {
			t.Errorf("one new check: %d sales, %v", len(sales), got)
		}
		<-time.After(time.Minute)
		if got := calls(fake, func() { poll(t, p, cursor) }); sum(got) != 2 {
			t.Errorf("idle: %v", got)
		}
	})
}

// TestBulkFailures proves that records which a bulk request refuses are told
// by the next push and sent again by the one after.
func TestBulkFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, simphonyfake.Config{})
		cfg := cloud(fake)
		cfg.CCAPI.BulkFrom = 2
		p := newProvider(t, cfg, fake, nil)
		push := pos.MenuPush{Menu: manyItems(3)}
		if report, err := p.PushMenu(t.Context(), push); err != nil || report.Count(pos.Pending) != 6 {
			t.Fatalf("%+v, %v", report, err)
		}
		// Somebody takes an object number before the request is carried out.
		if err := taken(t, fake, cfg, 510_001); err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Minute)
		report, err := p.PushMenu(t.Context(), push)
		if err != nil {
			t.Fatal(err)
		}
		for range 8 {
			if report.Count(pos.Pending) == 0 && report.Err() == nil {
				break
			}
			<-time.After(5 * time.Minute)
			if report, err = p.PushMenu(t.Context(), push); err != nil {
				t.Fatal(err)
			}
		}
		if report.Err() != nil || report.Count(pos.Pending) > 0 {
			t.Errorf("in the end: %d pending, %v", report.Count(pos.Pending), report.Err())
		}
	})
}

// taken adds an item of somebody else under an object number.
func taken(t *testing.T, fake *simphonyfake.Fake, cfg simphony.Config, number int64) error {
	t.Helper()
	cfg.Owner, cfg.CCAPI.BulkFrom = "somebody", 50
	cfg.CCAPI.ItemNumbers = simphony.Range{From: number, To: number}
	other := newProvider(t, cfg, fake, nil)
	report, err := other.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{{SKU: "THEIRS", Name: "Soup", Price: pos.Money{Amount: 100, Currency: "USD"}}}}})
	if err != nil {
		return err
	}
	return report.Err()
}

// BenchmarkJobs writes records one by one: bulk requests take minutes of the
// wall clock.
func BenchmarkJobs(b *testing.B) {
	postest.Benchmark(b, postest.Size{Items: 500, Locations: 20, Sales: 1000}, func(b *testing.B, size postest.Size) postest.Harness {
		b.Helper()
		fake := newFake(b, simphonyfake.Config{Properties: size.Locations})
		cfg := cloud(fake)
		cfg.CCAPI.BulkFrom = 1_000_000
		for _, e := range []*simphony.Endpoint{&cfg.CCAPI.Endpoint, &cfg.BI.Endpoint, &cfg.STS2.Endpoint} {
			e.RequestsPerSecond = 1_000_000
		}
		return postest.Harness{Provider: newProvider(b, cfg, fake, nil), Sim: fake}
	})
}
