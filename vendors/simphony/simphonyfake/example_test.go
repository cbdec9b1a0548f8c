package simphonyfake_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

func Example() {
	fake, err := simphonyfake.New(simphonyfake.Config{Locations: []posfake.LocationSeed{{ID: "lobby"}}, Items: 1, TaxBasisPoints: -1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()

	price := int64(950)
	sale, err := fake.Sell(posfake.Sale{Location: "lobby", Lines: []posfake.SaleLine{{SKU: "HOST-FARM-001", Quantity: 2, Price: &price}}})
	fmt.Println(sale.State, sale.Total, err)

	// A call without a token is refused, as the real service does.
	client := &http.Client{Transport: fake.Transport()}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://simphony.example/bi/v1/farmacy/getLocationDimensions", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	fmt.Println(resp.StatusCode, fake.Requests()[0].Op)
	// Output:
	// completed 1900 <nil>
	// 401 getLocationDimensions
}
