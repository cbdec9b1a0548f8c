package main

import (
	"context"
	"time"

	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

// openQuickBooks opens a company that keeps the sales of two shops in QuickBooks
// Online: a REST API with webhooks. It is a ledger, so that it has no coupons,
// one price and one count for the whole company, and knows nothing of tills.
func openQuickBooks(_ context.Context, w *world, o options) (*system, error) {
	fake, err := quickbooksfake.New(quickbooksfake.Config{
		Seed: o.seed, Items: 5,
		Places: []posfake.LocationSeed{{ID: "21", Name: "Farm shop"}, {ID: "22", Name: "Market stall"}},
	})
	if err != nil {
		return nil, err
	}
	c, accounts := fake.Credentials(), fake.Accounts()
	token := fake.Subscribe(w.hook("kiosk", "quickbooks", c.Realm))
	hook, err := quickbooks.NewWebhook(quickbooks.WebhookConfig{VerifierTokens: []pos.Secret{pos.NewSecret(token)}})
	if err != nil {
		return nil, err
	}
	provider, err := quickbooks.New(quickbooks.Config{
		Realm: c.Realm, BaseURL: fake.URL(),
		OAuth:         &quickbooks.OAuth{ClientID: c.ClientID, ClientSecret: pos.NewSecret(c.ClientSecret), RefreshToken: pos.NewSecret(c.RefreshToken)},
		IncomeAccount: accounts.Income, ExpenseAccount: accounts.Expense, TipItems: []string{fake.TipItem()},
	}, w.options())
	return &system{
		name: "QuickBooks Online", fake: fake, provider: provider, webhook: hook, locations: fake.LocationIDs(), company: c.Realm,
		// Intuit allows some calls a second, and meters them.
		schedule: fridge.Schedule{Purchases: 500 * time.Millisecond, Inventory: 2 * time.Second, Status: 5 * time.Second},
		cash:     true, tips: true, late: threeDays, calm: 25, breakages: append(without(anywhere(), tooManyCalls), tokensExpire),
	}, err
}
