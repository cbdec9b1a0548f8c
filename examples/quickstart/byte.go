package main

import (
	"context"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

// openByte opens three smart fridges in the cloud of Byte Technology: a REST
// API with webhooks. Prices, coupons, temperatures and expiry belong to each
// fridge.
func openByte(_ context.Context, w *world, o options) (*system, error) {
	fake, err := bytetechfake.New(bytetechfake.Config{
		Seed: o.seed, InsecureWebhooks: true, RateLimit: 200, CaptureDelay: 20 * time.Second,
		Locations: []posfake.LocationSeed{
			{ID: "1042", Name: "Library fridge", TimeZone: "America/New_York"},
			{ID: "1043", Name: "Clinic fridge", TimeZone: "America/Chicago"},
			{ID: "1044", Name: "Depot fridge", TimeZone: "America/Los_Angeles"},
		},
	})
	if err != nil {
		return nil, err
	}
	secret, err := fake.Subscribe(w.hook("fridge", bytetech.Vendor, demo))
	if err != nil {
		return nil, err
	}
	hook, err := bytetech.NewWebhook(bytetech.WebhookConfig{Secrets: []pos.Secret{pos.NewSecret(secret)}})
	if err != nil {
		return nil, err
	}
	c := fake.Credentials()[0]
	provider, err := bytetech.New(bytetech.Config{
		Account: demo, BaseURL: fake.URL(), ClientID: c.ID, ClientSecret: pos.NewSecret(c.Secret),
		ProfilePatch: []byte(`{"limits":{"requests_per_second":200,"burst":200},"features":{"webhooks":true,"idempotency":true}}`),
	}, w.options())
	return &system{
		name: "Byte", fake: fake, provider: provider, webhook: hook, locations: fake.Locations(),
		codes: true, late: threeDays, calm: 12, breakages: append(anywhere(), tokensExpire),
	}, err
}
