package main

import (
	"context"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

// openSimphony opens two properties of an Oracle MICROS Simphony enterprise. It
// has several interfaces, each with an account of its own: CCAPI takes menus and
// coupons, BI tells what was sold, STS2 tells status and sends notifications.
func openSimphony(_ context.Context, w *world, o options) (*system, error) {
	fake, err := simphonyfake.New(simphonyfake.Config{
		Seed: o.seed, Items: 5, InsecureCallbacks: true,
		Locations: []posfake.LocationSeed{
			{ID: "hospital", Name: "Hospital canteen", TimeZone: "America/New_York"},
			{ID: "stadium", Name: "Stadium bar", TimeZone: "America/Chicago"},
		},
	})
	if err != nil {
		return nil, err
	}
	if err := fake.Subscribe(w.hook("kiosk", "simphony", demo)); err != nil {
		return nil, err
	}
	c := fake.Credentials()
	hook, err := simphony.NewWebhook(simphony.WebhookConfig{Keys: []simphony.WebhookKey{{ID: c.WebhookKeyID, Key: pos.NewSecret(c.WebhookKey)}}})
	if err != nil {
		return nil, err
	}
	endpoints := map[simphonyfake.API]simphony.Endpoint{}
	for _, a := range c.Accounts {
		endpoints[a.API] = simphony.Endpoint{
			BaseURL: fake.URL(), ClientID: a.ClientID, Username: a.Username, Password: pos.NewSecret(a.Password), RequestsPerSecond: 200,
		}
	}
	provider, err := simphony.New(simphony.Config{
		Account: demo, Org: c.Org, DayStart: 4 * 60,
		OIDC: &simphony.OIDC{BaseURL: fake.URL()},
		BI:   &simphony.BI{Endpoint: endpoints[simphonyfake.BI]},
		STS2: &simphony.STS2{Endpoint: endpoints[simphonyfake.STS2]},
		CCAPI: &simphony.CCAPI{
			Endpoint: endpoints[simphonyfake.CCAPI], MenuItemClass: 1, FamilyGroup: 1, MajorGroup: 1,
			ItemNumbers: simphony.Range{From: 510_000, To: 519_999},
			Coupons:     &simphony.Coupons{Percent: 1, Amount: 2, Numbers: simphony.Range{From: 5000, To: 5999}},
		},
	}, w.options())
	return &system{
		name: "Simphony", fake: fake, provider: provider, webhook: hook, locations: fake.Locations(),
		// Business days that are over are asked for once an hour only, which is
		// longer than the shops are open here.
		cash: true, tips: true, late: 90 * time.Minute, calm: 12, breakages: anywhere(),
	}, err
}
