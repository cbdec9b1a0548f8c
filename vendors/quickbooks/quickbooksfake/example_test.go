package quickbooksfake_test

import (
	"fmt"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

func ExampleNew() {
	fake, err := quickbooksfake.New(quickbooksfake.Config{Locations: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	if err := fake.AddForeign("COLA", "Cola", 250); err != nil {
		fmt.Println(err)
	}
	sale, err := fake.Sell(posfake.Sale{Location: "L0001", Lines: []posfake.SaleLine{{SKU: "COLA", Quantity: 2}}})
	if err != nil {
		fmt.Println(err)
	}
	if _, err := fake.Refund(posfake.Refund{ID: sale.ID, Amount: 100}); err != nil {
		fmt.Println(err)
	}
	for _, r := range fake.Ledger() {
		fmt.Println(r.ID, r.State, r.Total, r.Tax, r.Refunded)
	}
	// Output:
	// SalesReceipt:1 completed 541 41 0
	// RefundReceipt:1 completed 0 0 100
}
