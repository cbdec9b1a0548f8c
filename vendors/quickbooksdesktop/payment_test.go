package quickbooksdesktop_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

// A payment says how an invoice was paid; taken back, the invoice is pending
// again. Each is a version.
func TestPayments(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]bool{"voided": false, "deleted": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { payments(t, remove) })
		})
	}
}

func payments(t *testing.T, remove bool) {
	t.Helper()
	o := newOffice(t, quickbooksdesktopfake.Config{Locations: places}, nil)
	p := o.open(t)
	o.settle(t)
	price := int64(425)
	sale, err := o.fake.Sell(posfake.Sale{Location: places[0].ID, State: "pending", Lines: []posfake.SaleLine{{Name: "Soup", Price: &price}}})
	if err != nil {
		t.Fatal(err)
	}
	var cursor pos.Cursor
	last := func() pos.Purchase {
		t.Helper()
		o.settle(t)
		page, err := p.Purchases(t.Context(), pos.PurchaseQuery{After: cursor})
		if err != nil || len(page.Purchases) == 0 {
			t.Fatalf("%d versions: %v", len(page.Purchases), err)
		}
		cursor = page.Next
		for i, v := range page.Purchases {
			if v.ID != sale.ID || i > 0 && v.Version == page.Purchases[i-1].Version {
				t.Errorf("the versions are %+v", page.Purchases)
			}
		}
		return page.Purchases[len(page.Purchases)-1]
	}
	if got := last(); got.State != pos.StatePending || len(got.Tenders) != 0 {
		t.Errorf("unpaid: %s, %+v", got.State, got.Tenders)
	}
	if _, err := o.fake.Edit(posfake.Edit{ID: sale.ID, Pay: true}); err != nil {
		t.Fatal(err)
	}
	paid := last()
	if paid.State != pos.StateCompleted || len(paid.Tenders) != 1 || paid.Tenders[0].ID == "" {
		t.Fatalf("paid: %s, %+v", paid.State, paid.Tenders)
	}
	want := []pos.Tender{{ID: paid.Tenders[0].ID, Kind: "card", Brand: "visa", Amount: paid.Total}}
	if diff := cmp.Diff(want, paid.Tenders); diff != "" {
		t.Error(diff)
	}
	if _, err := o.fake.Edit(posfake.Edit{ID: sale.ID}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, last().Tenders); diff != "" {
		t.Errorf("after another change: %s", diff)
	}
	if _, err := o.fake.Unpay(sale.ID, remove); err != nil {
		t.Fatal(err)
	}
	if got := last(); got.State != pos.StatePending || len(got.Tenders) != 0 {
		t.Errorf("taken back: %s, %+v", got.State, got.Tenders)
	}
	page, err := p.Purchases(t.Context(), pos.PurchaseQuery{After: cursor})
	if err != nil || len(page.Purchases) != 0 {
		t.Errorf("%d more versions: %v", len(page.Purchases), err)
	}
}
