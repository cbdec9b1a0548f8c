package bytetech_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

// calls counts the requests of fn by operation; token requests apart.
func (a *account) calls(t *testing.T, fn func() error) map[string]int {
	t.Helper()
	before := len(a.fake.Requests())
	if err := fn(); err != nil {
		t.Fatal(err)
	}
	n := make(map[string]int)
	for _, r := range a.fake.Requests()[before:] {
		if r.Op != "issueToken" {
			n[r.Op]++
		}
	}
	return n
}

func meals(n int) []pos.Item {
	items := make([]pos.Item, n)
	for i := range items {
		items[i] = pos.Item{SKU: fmt.Sprintf("MEAL-%04d", i), Name: fmt.Sprintf("Meal %d", i), Category: "Bowls", Price: pos.Money{Amount: int64(900 + i), Currency: "USD"}, ShelfLifeDays: 5}
	}
	return items
}

// TestCallBudget holds what the package comment promises for 500 items and
// 1,000 kiosks.
func TestCallBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := bytetechfake.Config{RateLimit: -1}
		for i := range 1000 {
			cfg.Locations = append(cfg.Locations, posfake.LocationSeed{ID: fmt.Sprintf("%04d", i)})
		}
		a := open(t, cfg, `{}`)
		items := meals(500)
		push := pos.MenuPush{Menu: pos.Menu{Items: items}, MaxWithdraw: pos.Percent(100)}
		menu := func() error {
			report, err := a.provider.PushMenu(t.Context(), push)
			if err == nil {
				err = report.Err()
			}
			return err
		}
		check := func(what string, fn func() error, want map[string]int) {
			t.Helper()
			if diff := cmp.Diff(want, a.calls(t, fn)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		check("new menu", menu, map[string]int{"listKiosks": 5, "listProducts": 1, "upsertProducts": 5})
		check("the same again", menu, map[string]int{"listProducts": 3})

		special := pos.Money{Amount: 700, Currency: "USD"}
		for i := range 30 {
			items[0].Overrides = append(items[0].Overrides, pos.Override{Location: fmt.Sprintf("%04d", i), Price: &special})
		}
		check("30 prices", menu, map[string]int{"listProducts": 3, "upsertListings": 1})
		items[1].Unavailable = true
		check("an item off sale everywhere", menu, map[string]int{"listProducts": 3, "upsertListings": 1})
		check("the same again", menu, map[string]int{"listProducts": 3})

		coupons := pos.CouponPush{Coupons: []pos.Coupon{{ID: "LAUNCH10", Name: "Launch week", Percent: pos.Percent(10), Codes: []string{"LAUNCH10"}}}}
		promote := func() error {
			report, err := a.provider.PushCoupons(t.Context(), coupons)
			if err == nil {
				err = report.Err()
			}
			return err
		}
		check("a coupon", promote, map[string]int{"listDiscounts": 1, "createDiscount": 1})
		check("the same again", promote, map[string]int{"listDiscounts": 1})

		check("status", func() error {
			n := 0
			for _, err := range pos.AllStatuses(t.Context(), a.provider, pos.StatusQuery{}) {
				if err != nil {
					return err
				}
				n++
			}
			if n != 1000 {
				t.Errorf("%d statuses", n)
			}
			return nil
		}, map[string]int{"listKiosks": 5})

		for i := range 450 {
			if _, err := a.fake.Sell(posfake.Sale{Location: fmt.Sprintf("%04d", i), Lines: []posfake.SaleLine{{SKU: "MEAL-0002"}}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		var next pos.Cursor
		read := func() error {
			for page, err := range pos.PurchasePages(t.Context(), a.provider, pos.PurchaseQuery{After: next}) {
				if err != nil {
					return err
				}
				next = page.Next
			}
			return nil
		}
		check("450 purchases", read, map[string]int{"listTransactions": 3})
		time.Sleep(3 * time.Hour)
		check("an idle poll", read, map[string]int{"listTransactions": 3, "listKiosks": 5})
		time.Sleep(10 * time.Minute)
		check("another idle poll", read, map[string]int{"listTransactions": 1})

		check("inventory", func() error {
			for _, err := range pos.AllStock(t.Context(), a.provider, pos.InventoryQuery{}) {
				if err != nil {
					return err
				}
			}
			return nil
		}, map[string]int{"listInventory": 3})
	})
}
