// Command newvendor drives an invented point of sale, Snackbox, that is
// connected the way any module outside this repository would do it:
//
//	snackbox/                 the provider: snackbox.go, menu.go, purchase.go
//	snackbox/snackboxfake/    the vendor's service in memory
//	snackbox/snackbox_test.go the conformance suite, some forty lines
//
// Run it with "go run ." in this directory.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"

	"example.com/newvendor/snackbox"
	"example.com/newvendor/snackbox/snackboxfake"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "newvendor:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	fake := snackboxfake.New()
	defer fake.Close()
	till, err := snackbox.New(
		snackbox.Config{Account: "demo", BaseURL: "http://snackbox.invalid", APIKey: pos.NewSecret(snackboxfake.Key)},
		&kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}},
	)
	if err != nil {
		return err
	}
	report, err := till.PushMenu(ctx, pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{
		{SKU: "MEAL-1", Name: "Salmon Bowl", Price: pos.Money{Amount: 1295, Currency: "USD"}},
		{SKU: "MEAL-2", Name: "Green Soup", Price: pos.Money{Amount: 750, Currency: "USD"}, Description: "with peas"},
	}}})
	if err != nil {
		return err
	}
	for location, o := range report.Each() {
		_, _ = fmt.Fprintln(w, location, o.Item, o.Action, o.Notes)
	}
	sold, err := fake.Sell(posfake.Sale{Location: "T1", Lines: []posfake.SaleLine{{SKU: "MEAL-1", Quantity: 2}}, Tip: 100})
	if err != nil {
		return err
	}
	if _, err := fake.Refund(posfake.Refund{ID: sold.ID, Amount: 1295, Reason: "spilled"}); err != nil {
		return err
	}
	fake.Advance(5 * time.Minute)
	for p, err := range pos.AllPurchases(ctx, till, pos.PurchaseQuery{}) {
		if err != nil {
			return err
		}
		back, err := p.Refunded()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(w, p.ID, "version", p.Version, p.State, "total", p.Total, "refunded", back)
	}
	return nil
}
