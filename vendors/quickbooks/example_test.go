package quickbooks_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

// A menu goes out, a sale comes back. The fake stands for Intuit; without
// BaseURL and with a store that lasts the provider talks to the real one.
func Example() {
	ctx := context.Background()
	fake, err := quickbooksfake.New(quickbooksfake.Config{Places: []posfake.LocationSeed{{ID: "14", Name: "Lobby"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	creds, accounts := fake.Credentials(), fake.Accounts()
	p, err := quickbooks.New(quickbooks.Config{
		Realm:   creds.Realm,
		BaseURL: "https://quickbooks.example",
		OAuth: &quickbooks.OAuth{
			ClientID: creds.ClientID, ClientSecret: pos.NewSecret(creds.ClientSecret), RefreshToken: pos.NewSecret(creds.RefreshToken),
		},
		IncomeAccount: accounts.Income, ExpenseAccount: accounts.Expense,
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

	if _, err := fake.Sell(posfake.Sale{Location: "14", Lines: []posfake.SaleLine{{SKU: "FARM-411", Quantity: 2}}}); err != nil {
		fmt.Println(err)
		return
	}
	fake.Advance(2 * time.Second)
	for sale, err := range pos.AllPurchases(ctx, p, pos.PurchaseQuery{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(sale.ID, "at", sale.Location, "for", sale.Total)
		fmt.Println(sale.Lines[0].SKU, "x", sale.Lines[0].Quantity)
	}
	// Output:
	// created: 1
	// SalesReceipt:1 at 14 for 28.04 USD
	// FARM-411 x 2
}

// Coupons are refused, and the error says why and what is nearest.
func ExampleProvider_PushCoupons() {
	p, err := quickbooks.New(quickbooks.Config{
		Realm: "9130350000000001",
		OAuth: &quickbooks.OAuth{ClientID: "example-id", ClientSecret: pos.NewSecret("example-secret")},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = p.PushCoupons(context.Background(), pos.CouponPush{Coupons: []pos.Coupon{{ID: "c-1", Name: "Lunch", Percent: pos.Percent(10)}}})
	fmt.Println(err)
	// Output:
	// quickbooks: PushCoupons: unsupported: QuickBooks Online is a ledger: it has no coupons, and no till reads any from it (nearest: LedgerCoupons keeps an item for each, to book what other systems gave)
}

// One endpoint receives the callbacks of all companies.
func ExampleNewWebhook() {
	hook, err := quickbooks.NewWebhook(quickbooks.WebhookConfig{VerifierTokens: []pos.Secret{pos.NewSecret("fake-verifier-token")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`[{"specversion":"1.0","id":"e-1","type":"qbo.salesreceipt.created.v1","time":"2026-11-23T15:04:05Z","intuitentityid":"812","intuitaccountid":"9130350000000001","data":{}}]`)
	header := http.Header{"Intuit-Signature": {quickbooksfake.Sign("fake-verifier-token", body)}}
	if err := hook.Verify(header, body); err != nil {
		fmt.Println(err)
		return
	}
	notices, err := hook.Parse(header, body)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range notices {
		fmt.Println(n.Account, n.Job, n.Records)
	}
	// Output:
	// 9130350000000001 purchases [SalesReceipt:812]
}
