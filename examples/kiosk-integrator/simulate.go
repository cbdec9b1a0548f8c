package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"

	"example.com/integrator/demo"
	"example.com/integrator/service"
)

// simulate serves a simulated seller at Square.
func simulate(ctx context.Context, stdout, stderr io.Writer) (err error) {
	d, err := demo.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	fake := squarefake.New(squarefake.Config{Seed: 1, Items: 3})
	defer fake.Close()
	url := d.Hook("square")
	_, key := fake.Subscribe(url)
	cfg := config{Config: d.Config(), Accounts: []account{{
		Account: service.Account{Since: time.Now().Add(-time.Hour)},
		Square: &squareAccount{
			Config:  square.Config{Account: demo.Account, BaseURL: fake.URL(), AccessToken: pos.NewSecret(fake.Credentials().PersonalToken)},
			Webhook: &square.WebhookConfig{URL: url, Keys: []pos.Secret{pos.NewSecret(key)}},
		},
	}}}
	return serve(ctx, cfg, stdout, stderr, func(ctx context.Context, s *service.Service) { demo.Trade(ctx, s, fake) })
}
