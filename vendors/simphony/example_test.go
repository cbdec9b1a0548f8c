package simphony_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

// A property is reached by SOAP alone: its checks are polled.
func ExampleNew() {
	fake, err := simphonyfake.New(simphonyfake.Config{Locations: []posfake.LocationSeed{{ID: "lobby", Name: "Lobby"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	p, err := simphony.New(simphony.Config{
		Account: "campus",
		TS1:     &simphony.TS1{Employee: int32(fake.Credentials().Employee)},
		Properties: []simphony.Property{{
			LocRef: "lobby", TS1URL: fake.PropertyURL("https://till.example", "lobby"), TimeZone: "America/New_York", Currency: "USD",
		}},
	}, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	price := int64(950)
	if _, err := fake.Sell(posfake.Sale{Location: "lobby", Lines: []posfake.SaleLine{{Name: "Lentil bowl", Price: &price}}, Tip: 100}); err != nil {
		fmt.Println(err)
		return
	}
	for sale, err := range pos.AllPurchases(context.Background(), p, pos.PurchaseQuery{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(sale.Location, sale.State, sale.Total, "tip", sale.Tip, sale.Lines[0].Name)
	}
	_, err = p.PushMenu(context.Background(), pos.MenuPush{})
	fmt.Println(err)
	// Output:
	// lobby completed 11.26 USD tip 1.00 USD Lentil bowl
	// simphony: PushMenu: unsupported: only CCAPI writes menus, and it is not configured (nearest: keep the menu in the back office and tell its object numbers in SKUs)
}
