package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// service is one vendor's fake.
type service struct {
	handler http.Handler
	sim     posfake.Simulator
	entry   entry // credentials and locations
	// subscribe sends webhooks to a URL, signed with the secret of the entry;
	// nil: the vendor has none.
	subscribe func(url string) error
	// run, where set, is what the vendor does by itself until the context ends.
	run   func(context.Context)
	close func()
}

// registry makes the fakes, by the vendor's directory name.
var registry = map[string]func(options, *slog.Logger) (service, error){
	"bytetech":          openByte,
	"quickbooks":        openQuickBooks,
	"quickbooksdesktop": openConnector,
	"simphony":          openSimphony,
	"square":            openSquare,
}

func names() []string {
	list := make([]string, 0, len(registry))
	for name := range registry {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// choose reads the -vendors flag.
func choose(flag string) ([]string, error) {
	if flag == "" {
		return names(), nil
	}
	var chosen []string
	for name := range strings.SplitSeq(flag, ",") {
		name = strings.TrimSpace(name)
		if registry[name] == nil {
			return nil, fmt.Errorf("-vendors: no vendor %q; there are %s", name, strings.Join(names(), ", "))
		}
		if !slices.Contains(chosen, name) {
			chosen = append(chosen, name)
		}
	}
	return chosen, nil
}

func openByte(o options, _ *slog.Logger) (service, error) {
	secret := "whsec_fake_" + fakekit.Text(fakekit.Rand(o.seed, "sandbox"), fakekit.Hex, 24)
	f, err := bytetechfake.New(bytetechfake.Config{Seed: o.seed, Kiosks: o.locations, InsecureWebhooks: true, WebhookSecret: secret})
	if err != nil {
		return service{}, err
	}
	if err := addForeign(f, o); err != nil {
		return service{}, err
	}
	c := f.Credentials()[0]
	return service{
		handler: f, sim: f, close: f.Close,
		entry: entry{
			Credentials: map[string]string{"client_id": c.ID, "client_secret": c.Secret}, Locations: f.Locations(), WebhookSecret: secret,
		},
		subscribe: func(url string) error { _, err := f.Subscribe(url); return err },
	}, nil
}

func openSquare(o options, _ *slog.Logger) (service, error) {
	secret := "fake_signature_key_" + fakekit.Text(fakekit.Rand(o.seed, "sandbox"), fakekit.Alphanum, 16)
	places := fakekit.Locations(o.seed, "L", o.locations)
	f := squarefake.New(squarefake.Config{Seed: o.seed, Places: places, Items: o.items, SignatureKey: secret})
	e := entry{Credentials: f.Credentials(), WebhookSecret: secret}
	for _, p := range places {
		e.Locations = append(e.Locations, p.ID)
	}
	return service{
		handler: f, sim: f, close: f.Close, entry: e,
		subscribe: func(url string) error { f.Subscribe(url); return nil },
	}, nil
}

func openQuickBooks(o options, _ *slog.Logger) (service, error) {
	f, err := quickbooksfake.New(quickbooksfake.Config{Seed: o.seed, Locations: o.locations, Items: o.items})
	if err != nil {
		return service{}, err
	}
	token := f.Subscribe("")
	return service{
		handler: f, sim: f, close: f.Close,
		entry:     entry{Credentials: f.Credentials(), Locations: f.LocationIDs(), WebhookSecret: token},
		subscribe: func(url string) error { f.Subscribe(url); return nil },
	}, nil
}

func openSimphony(o options, _ *slog.Logger) (service, error) {
	f, err := simphonyfake.New(simphonyfake.Config{Seed: o.seed, Properties: o.locations, Items: o.items, InsecureCallbacks: true})
	if err != nil {
		return service{}, err
	}
	c := f.Credentials()
	return service{
		handler: f, sim: f, close: f.Close,
		entry:     entry{Credentials: c, Locations: f.Locations(), WebhookSecret: c.WebhookKey},
		subscribe: f.Subscribe,
	}, nil
}

// addForeign fills a catalogue with articles of the landlord.
func addForeign(sim posfake.Simulator, o options) error {
	for _, m := range fakekit.Meals(o.seed, o.items) {
		if err := sim.AddForeign("HOST-"+m.SKU, m.Name, m.Price); err != nil {
			return err
		}
	}
	return nil
}
