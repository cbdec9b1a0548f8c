package main

import (
	"context"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// openSquare opens three counters of a Square seller, who sells five articles of
// his own beside ours: a REST API with webhooks.
func openSquare(_ context.Context, w *world, o options) (*system, error) {
	fake := squarefake.New(squarefake.Config{
		Seed: o.seed, Items: 5,
		Places: []posfake.LocationSeed{
			{ID: "LOBBY", Name: "Lobby counter", TimeZone: "America/New_York"},
			{ID: "GYM", Name: "Gym kiosk", TimeZone: "America/Chicago"},
			{ID: "CAFE", Name: "Café counter", TimeZone: "America/Los_Angeles"},
		},
	})
	url := w.hook("kiosk", "square", demo)
	_, key := fake.Subscribe(url)
	hook, err := square.NewWebhook(square.WebhookConfig{URL: url, Keys: []pos.Secret{pos.NewSecret(key)}})
	if err != nil {
		return nil, err
	}
	provider, err := square.New(square.Config{
		Account: demo, BaseURL: fake.URL(), AccessToken: pos.NewSecret(fake.Credentials().PersonalToken),
		RequestsPerSecond: 200,
	}, w.options())
	return &system{
		name: "Square", fake: fake, provider: provider, webhook: hook, locations: []string{"LOBBY", "GYM", "CAFE"},
		cash: true, tips: true, late: threeDays, calm: 12, breakages: anywhere(),
	}, err
}
