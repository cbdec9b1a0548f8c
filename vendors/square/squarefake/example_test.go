package squarefake_test

import (
	"fmt"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

func ExampleNew() {
	fake := squarefake.New(squarefake.Config{Locations: 1})
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
		fmt.Println(r.Kind, r.State, r.Total, r.Tax, r.Refunded)
	}
	// Output:
	// sale completed 540 40 0
	// refund completed 0 0 100
}
