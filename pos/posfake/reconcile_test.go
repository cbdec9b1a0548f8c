package posfake_test

import (
	"slices"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// day sells, refunds and changes, and returns the truth and its delivery.
func day(t *testing.T, refundRecords bool) ([]posfake.Record, []pos.Purchase) {
	t.Helper()
	f := posfake.New(posfake.Config{TaxRate: 82_500, RefundRecords: refundRecords})
	sell := func(s posfake.Sale) string {
		s.Location, s.Lines = "L1", soup(1000)
		r, err := f.Sell(s)
		if err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	var delivered []pos.Purchase
	var cursor pos.Cursor
	read := func() {
		for page, err := range pos.PurchasePages(t.Context(), f, pos.PurchaseQuery{After: cursor}) {
			if err != nil {
				t.Fatal(err)
			}
			delivered, cursor = append(delivered, page.Purchases...), page.Next
		}
	}
	a, b := sell(posfake.Sale{Tip: 200}), sell(posfake.Sale{})
	sell(posfake.Sale{Tender: "none"}) // never paid, so never a purchase
	read()
	if _, err := f.Refund(posfake.Refund{ID: a, Amount: 300}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Void(b); err != nil {
		t.Fatal(err)
	}
	read()
	return f.Ledger(), delivered
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	for _, refundRecords := range []bool{false, true} {
		ledger, delivered := day(t, refundRecords)
		if r := posfake.Reconcile(ledger, delivered); !r.OK() {
			t.Fatalf("what the fake delivers: %s", r)
		}
		last := len(delivered) - 1
		for _, tc := range []struct {
			name   string
			change func([]pos.Purchase) []pos.Purchase
			lost   int
			double int
			wrong  bool
		}{
			{"nothing delivered", func([]pos.Purchase) []pos.Purchase { return nil }, 2, 0, false},
			{"first one twice", func(ps []pos.Purchase) []pos.Purchase { return append(ps, ps[last]) }, 0, 1, false},
			{"last changes missed", func(ps []pos.Purchase) []pos.Purchase { return ps[:2] }, 0, 0, true},
			{"total", func(ps []pos.Purchase) []pos.Purchase {
				ps[last].State = pos.StateCompleted
				ps[last].Total.Amount++
				return ps
			}, 0, 0, true},
			{"state", func(ps []pos.Purchase) []pos.Purchase { ps[last].State = pos.StateCompleted; return ps }, 0, 0, true},
			{"stranger", func(ps []pos.Purchase) []pos.Purchase { return append(ps, pos.Purchase{ID: "x", Version: "1"}) }, 0, 0, true},
		} {
			r := posfake.Reconcile(ledger, tc.change(slices.Clone(delivered)))
			lost := len(r.Lost)
			if refundRecords && tc.name == "nothing delivered" {
				lost-- // the refund has a record of its own
			}
			if tc.name == "last changes missed" && refundRecords {
				lost = 0
			}
			if lost != tc.lost || len(r.Doubled) != tc.double || len(r.Wrong) > 0 != tc.wrong || r.OK() {
				t.Errorf("%s (refund records %t): %s", tc.name, refundRecords, r)
			}
		}
	}
}
