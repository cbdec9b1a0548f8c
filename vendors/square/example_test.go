package square_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// A menu goes out, a sale comes back. The fake stands for Square; without
// BaseURL and options the provider talks to the real one.
func Example() {
	ctx := context.Background()
	fake := squarefake.New(squarefake.Config{Places: []posfake.LocationSeed{{ID: "LLOBBY", Name: "Lobby"}}})
	defer fake.Close()
	p, err := square.New(square.Config{
		Account:     "MLFAKE0000001",
		AccessToken: pos.NewSecret(fake.Credentials().AccessToken),
		BaseURL:     "https://square.example",
	}, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	if err != nil {
		fmt.Println(err)
		return
	}

	report, err := p.PushMenu(ctx, pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{
		{SKU: "FARM-411", Name: "Teriyaki Salmon Bowl", Category: "Bowls", Price: pos.Money{Amount: 1295, Currency: "USD"}},
	}}})
	if err != nil || report.Err() != nil {
		fmt.Println(err, report.Err())
		return
	}
	fmt.Println("created:", report.Count(pos.Created))

	if _, err := fake.Sell(posfake.Sale{Location: "LLOBBY", Lines: []posfake.SaleLine{{SKU: "FARM-411", Quantity: 2}}}); err != nil {
		fmt.Println(err)
		return
	}
	fake.Advance(time.Minute) // what is younger than 30 seconds is left for the next poll
	for location, err := range pos.AllLocations(ctx, p, pos.LocationQuery{}) {
		fmt.Println(location.Name, location.TimeZone, err)
	}
	for sale, err := range pos.AllPurchases(ctx, p, pos.PurchaseQuery{Locations: []string{"LLOBBY"}}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(sale.Lines[0].SKU, "x", sale.Lines[0].Quantity, "for", sale.Total)
	}
	// Output:
	// created: 1
	// Lobby America/New_York <nil>
	// FARM-411 x 2 for 27.97 USD
}

// A callback is verified with the URL of the subscription, then read.
func ExampleNewWebhook() {
	const url, key = "https://hooks.farmacy.example/square", "not-a-real-key"
	hook, err := square.NewWebhook(square.WebhookConfig{URL: url, Keys: []pos.Secret{pos.NewSecret(key)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"merchant_id":"M1","type":"payment.updated","event_id":"e1","data":{"object":{"payment":{"order_id":"o1","location_id":"LLOBBY"}}}}`)
	header := http.Header{}
	header.Set("X-Square-Hmacsha256-Signature", squarefake.Sign(key, url, body))
	if err := hook.Verify(header, body); err != nil {
		fmt.Println(err)
		return
	}
	notices, err := hook.Parse(header, body)
	fmt.Println(notices[0].Job, notices[0].Location, notices[0].Records, err)
	// Output: purchases LLOBBY [o1] <nil>
}

// The seller opens this address and grants access.
func ExampleConfig_AuthorizeURL() {
	cfg := square.Config{Environment: square.Sandbox, OAuth: &square.OAuth{ClientID: "sandbox-sq0idb-example"}}
	link, err := cfg.AuthorizeURL(square.AuthorizeRequest{State: "9f2c", Scopes: []string{"ORDERS_READ"}})
	fmt.Println(link, err)
	// Output: https://connect.squareupsandbox.com/oauth2/authorize?client_id=sandbox-sq0idb-example&scope=ORDERS_READ&session=false&state=9f2c <nil>
}
