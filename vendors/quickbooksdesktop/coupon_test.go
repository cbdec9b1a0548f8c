package quickbooksdesktop_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

func ledger(c *quickbooksdesktop.Config) {
	c.LedgerCoupons, c.DiscountAccount = true, "Discounts Given"
}

func TestLedgerCoupons(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, quickbooksdesktopfake.Config{Locations: places}, ledger)
		p := o.open(t)
		o.settle(t)
		push := func(coupons ...pos.Coupon) pos.PushReport {
			t.Helper()
			whole := pos.CouponPush{Coupons: coupons, MaxWithdraw: pos.Percent(100)}
			if _, err := p.PushCoupons(t.Context(), whole); err != nil {
				t.Fatal(err)
			}
			o.settle(t)
			report, err := p.PushCoupons(t.Context(), whole)
			if err != nil {
				t.Fatal(err)
			}
			return report
		}
		action := func(report pos.PushReport, item string, want pos.Action) pos.Outcome {
			t.Helper()
			got, _ := report.At(item, places[0].ID)
			if got.Action != want {
				t.Errorf("%s is %s, want %s: %v", item, got.Action, want, got.Err)
			}
			return got
		}
		spring := pos.Coupon{ID: "c-1", Name: "Spring", Percent: pos.Percent(10), Codes: []string{"SPRING"}}
		fixed := pos.Coupon{ID: "c-2", Name: "Dollar", Amount: usd(100), Codes: []string{"DOLLAR"}}
		capped := pos.Coupon{ID: "c-3", Name: "Capped", Percent: pos.Percent(10), Codes: []string{"CAPPED"}, MaxUses: 5}
		long := pos.Coupon{ID: "c-4", Name: "Long", Percent: pos.Percent(10), Codes: []string{strings.Repeat("L", 28)}}
		report := push(spring, fixed, capped, long)
		made := action(report, "c-1", pos.Created)
		if len(made.Notes) != 1 || !strings.Contains(made.Notes[0].Reason, "enforces neither") {
			t.Errorf("the notes are %+v", made.Notes)
		}
		action(report, "c-2", pos.Created)
		action(report, "c-3", pos.Refused)
		action(report, "c-4", pos.Refused)
		action(push(spring, fixed), "c-1", pos.Unchanged)

		// A menu leaves them alone, and a sale tells the code.
		menu := pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{{SKU: "A", Name: "Bowl", Price: usd(1000)}}}, MaxWithdraw: pos.Percent(100)}
		for range 2 {
			if report, err := p.PushMenu(t.Context(), menu); err != nil || report.Err() != nil {
				t.Fatal(err, report.Err())
			}
			o.settle(t)
		}
		if _, err := o.fake.Sell(posfake.Sale{Location: places[0].ID, Lines: []posfake.SaleLine{{SKU: "A"}}, Codes: []string{"SPRING"}}); err != nil {
			t.Fatal(err)
		}
		o.settle(t)
		page, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
		if err != nil || len(page.Purchases) != 1 {
			t.Fatalf("%d sales: %v", len(page.Purchases), err)
		}
		want := []pos.Applied{{ID: made.VendorID, Coupon: "c-1", Code: "SPRING", Name: "Spring, 10% off", Rate: pos.Percent(10), Amount: usd(100)}}
		if diff := cmp.Diff(want, page.Purchases[0].Discounts); made.VendorID == "" || diff != "" {
			t.Error(diff)
		}

		spring.Percent, fixed.Codes = pos.Percent(15), []string{"BUCK"}
		report = push(spring, fixed)
		if got := action(report, "c-1", pos.Updated); !cmp.Equal(got.Fields, []string{"Name", "Percent"}) {
			t.Errorf("changed were %v", got.Fields)
		}
		action(report, "c-2", pos.Created)
		report = push()
		action(report, "c-1", pos.Withdrawn)
		action(report, "c-2", pos.Withdrawn)
		if _, err := o.fake.Sell(posfake.Sale{Location: places[0].ID, Lines: []posfake.SaleLine{{SKU: "A"}}, Codes: []string{"DOLLAR"}}); err != nil {
			t.Fatal(err)
		}
		o.settle(t)
		page, err = p.Purchases(t.Context(), pos.PurchaseQuery{After: page.Next})
		if err != nil || len(page.Purchases) != 1 || len(page.Purchases[0].Discounts) != 0 {
			t.Errorf("the code that was replaced is still on sale: %+v, %v", page.Purchases, err)
		}
	})
}

// An item that has the coupon's name is left alone.
func TestLedgerCouponConflict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, quickbooksdesktopfake.Config{Locations: places}, ledger)
		if err := o.fake.AddForeign("CPN-SPRING", "Not ours", 100); err != nil {
			t.Fatal(err)
		}
		p := o.open(t)
		o.settle(t)
		report, err := p.PushCoupons(t.Context(), pos.CouponPush{Coupons: []pos.Coupon{{ID: "c-1", Name: "Spring", Percent: pos.Percent(10), Codes: []string{"SPRING"}}}})
		if err != nil || !errors.Is(report.Err(), pos.ErrConflict) {
			t.Errorf("the report is %+v, %v", report, err)
		}
	})
}
