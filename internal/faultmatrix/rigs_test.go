package faultmatrix

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// rigs open the vendors, by directory name.
var rigs = map[string]func(*testing.T) rig{
	"bytetech": openByte,
	"square":   openSquare,
}

func vendors() []string { return slices.Sorted(maps.Keys(rigs)) }

var seeds = []posfake.LocationSeed{{ID: "1042", TimeZone: "America/New_York"}, {ID: "1043", TimeZone: "America/Los_Angeles"}}

func openByte(t *testing.T) rig {
	t.Helper()
	fake, err := bytetechfake.New(bytetechfake.Config{Locations: seeds})
	must(t, err)
	secret, err := fake.Subscribe("https://hooks.example/webhooks/bytetech/demo")
	must(t, err)
	hook, err := bytetech.NewWebhook(bytetech.WebhookConfig{Secrets: []pos.Secret{pos.NewSecret(secret)}})
	must(t, err)
	c := fake.Credentials()[0]
	p, err := bytetech.New(bytetech.Config{
		Account: "demo", BaseURL: "https://byte.example", ClientID: c.ID, ClientSecret: pos.NewSecret(c.Secret),
		ProfilePatch: []byte(`{"features":{"webhooks":true}}`),
	}, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	must(t, err)
	return rig{
		provider: p, sim: fake, locations: []string{"1042", "1043"}, webhook: hook,
		receive: fake.Sender().SetClient, close: fake.Close,
	}
}

func openSquare(t *testing.T) rig {
	t.Helper()
	const url = "https://hooks.example/webhooks/square/demo"
	fake := squarefake.New(squarefake.Config{Places: seeds})
	_, key := fake.Subscribe(url)
	hook, err := square.NewWebhook(square.WebhookConfig{URL: url, Keys: []pos.Secret{pos.NewSecret(key)}})
	must(t, err)
	creds := fake.Credentials()
	p, err := square.New(square.Config{
		Account: "demo", BaseURL: "https://square.example",
		OAuth: &square.OAuth{
			ClientID: creds.ApplicationID, ClientSecret: pos.NewSecret(creds.ApplicationSecret), RefreshToken: pos.NewSecret(creds.RefreshToken),
		},
	}, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	must(t, err)
	return rig{
		provider: p, sim: fake, locations: []string{"1042", "1043"}, webhook: hook,
		receive: fake.SetWebhookClient, close: fake.Close,
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
