package quickbooksdesktop_test

import (
	"fmt"
	"net/http"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
)

// A host serves the provider to the Web Connector and uses it like any other.
func Example() {
	hash, err := quickbooksdesktop.HashPassword(pos.NewSecret("fake-password"))
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := quickbooksdesktop.New(quickbooksdesktop.Config{
		Account: "kiosk-014", UserName: "kiosk-014", PasswordHash: hash,
		OwnerID: "{6b0f2d0e-4c55-4a36-8c5a-0e0f6f6f0a01}", FileID: "{1d4c1c9a-7a0b-4a4e-9f2c-90a1f5f6c014}",
		TimeZone: "America/New_York",
	}, &kit.Options{Store: &pos.MemoryStore{}}) // a store that lasts in production
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/qbwc", p.Handler())
	fmt.Println(p.Describe().Product, p.Describe().Capabilities.Coupons.Level)
	// Output: QuickBooks Desktop none
}
