package posfake_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// A host's test sells at the fake, lets the host's code read, and compares
// what arrived with the ledger.
func Example() {
	fake := posfake.New(posfake.Config{Locations: []posfake.LocationSeed{{ID: "L1"}, {ID: "L2", TimeZone: "Europe/Berlin", Currency: "EUR"}}})
	price := int64(950)
	sale, err := fake.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{Name: "Soup", Quantity: 2, Price: &price}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := fake.Refund(posfake.Refund{ID: sale.ID, Amount: 950}); err != nil {
		fmt.Println(err)
		return
	}
	var delivered []pos.Purchase
	for p, err := range pos.AllPurchases(context.Background(), fake, pos.PurchaseQuery{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		delivered = append(delivered, p)
	}
	fmt.Println(posfake.Reconcile(fake.Ledger(), delivered))
	// Output:
	// records 1, lost 0, doubled 0, wrong 0
}

// Code that depends on capabilities is tested with a system that lacks them.
func ExampleConfig() {
	caps := posfake.AllCapabilities()
	caps.Coupons.FirstPurchaseOnly = false
	fake := posfake.New(posfake.Config{Capabilities: &caps})
	report, err := fake.PushCoupons(context.Background(), pos.CouponPush{Partial: true, Coupons: []pos.Coupon{
		{ID: "hello", Name: "Hello", Percent: pos.Percent(10), FirstPurchaseOnly: true},
	}})
	fmt.Println(report.Outcomes[0].Action, errors.Is(report.Err(), pos.ErrUnsupported), err)
	fmt.Println("requests:", len(fake.Requests()))
	// Output:
	// refused true <nil>
	// requests: 0
}

// A scripted fault shows how the host's code takes an outage.
func ExampleFake_Inject() {
	fake := posfake.New(posfake.Config{})
	restore, err := fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Times: -1})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = fake.Status(context.Background(), pos.StatusQuery{})
	fmt.Println(errors.Is(err, pos.ErrUnavailable))
	restore()
	page, err := fake.Status(context.Background(), pos.StatusQuery{})
	fmt.Println(page.Statuses[0].Online, err)
	// Output:
	// true
	// yes <nil>
}
