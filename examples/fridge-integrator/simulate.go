package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"

	"example.com/integrator/demo"
	"example.com/integrator/service"
)

// simulate serves simulated fridges.
func simulate(ctx context.Context, stdout, stderr io.Writer) (err error) {
	d, err := demo.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	fake, err := bytetechfake.New(bytetechfake.Config{Seed: 1, InsecureWebhooks: true})
	if err != nil {
		return err
	}
	defer fake.Close()
	secret, err := fake.Subscribe(d.Hook(bytetech.Vendor))
	if err != nil {
		return err
	}
	client := fake.Credentials()[0]
	cfg := config{Config: d.Config(), Accounts: []account{{
		Account: service.Account{Since: time.Now().Add(-time.Hour)},
		Bytetech: &bytetechAccount{
			Config: bytetech.Config{
				Account: demo.Account, BaseURL: fake.URL(), ClientID: client.ID, ClientSecret: pos.NewSecret(client.Secret),
				ProfilePatch: []byte(`{"features":{"webhooks":true,"idempotency":true}}`),
			},
			Webhook: &bytetech.WebhookConfig{Secrets: []pos.Secret{pos.NewSecret(secret)}},
		},
	}}}
	return serve(ctx, cfg, stdout, stderr, func(ctx context.Context, s *service.Service) { demo.Trade(ctx, s, fake) })
}
