package faultmatrix

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// rigs open the vendors, by directory name.
var rigs = map[string]func(*testing.T) *rig{
	"bytetech":          openByte,
	"quickbooks":        openQuickBooks,
	"quickbooksdesktop": desktop(time.Minute),
	"simphony":          openSimphony,
	"square":            openSquare,
	"ts1":               openTS1,
}

func vendors() []string { return slices.Sorted(maps.Keys(rigs)) }

var seeds = []posfake.LocationSeed{{ID: "1042", TimeZone: "America/New_York"}, {ID: "1043", TimeZone: "America/Los_Angeles"}}

func openByte(t *testing.T) *rig {
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
	return &rig{
		provider: p, sim: fake, locations: []string{"1042", "1043"}, webhook: hook,
		receive: fake.Sender().SetClient, close: fake.Close,
	}
}

func openSquare(t *testing.T) *rig {
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
	return &rig{
		provider: p, sim: fake, locations: []string{"1042", "1043"}, webhook: hook,
		receive: fake.SetWebhookClient, close: fake.Close,
	}
}

// openSimphony reads checks from the cloud.
func openSimphony(t *testing.T) *rig {
	t.Helper()
	fake, err := simphonyfake.New(simphonyfake.Config{InsecureCallbacks: true})
	must(t, err)
	must(t, fake.Subscribe("https://hooks.example/webhooks/simphony/demo"))
	c := fake.Credentials()
	hook, err := simphony.NewWebhook(simphony.WebhookConfig{Keys: []simphony.WebhookKey{{ID: c.WebhookKeyID, Key: pos.NewSecret(c.WebhookKey)}}})
	must(t, err)
	const base = "https://simphony.example"
	endpoint := func(api simphonyfake.API) simphony.Endpoint {
		i := slices.IndexFunc(c.Accounts, func(a simphonyfake.Account) bool { return a.API == api })
		a := c.Accounts[i]
		return simphony.Endpoint{BaseURL: base, ClientID: a.ClientID, Username: a.Username, Password: pos.NewSecret(a.Password)}
	}
	p, err := simphony.New(simphony.Config{
		Account: "demo", Org: c.Org, DayStart: 4 * 60, OIDC: &simphony.OIDC{BaseURL: base},
		BI: &simphony.BI{Endpoint: endpoint(simphonyfake.BI)}, STS2: &simphony.STS2{Endpoint: endpoint(simphonyfake.STS2)},
	}, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	must(t, err)
	return &rig{provider: p, sim: fake, locations: fake.Locations(), webhook: hook, receive: fake.Sender().SetClient, close: fake.Close}
}

// openTS1 reads checks from the tills by SOAP.
func openTS1(t *testing.T) *rig {
	t.Helper()
	fake, err := simphonyfake.New(simphonyfake.Config{
		RecordID: func(locRef string, _, checkSeq int64) string { return fmt.Sprintf("ts1:%s:%d", locRef, checkSeq) },
	})
	must(t, err)
	const base = "https://simphony.example"
	cfg := simphony.Config{Account: "demo", DayStart: 4 * 60, TS1: &simphony.TS1{Employee: int32(fake.Credentials().Employee)}}
	for _, ref := range fake.Locations() {
		cfg.Properties = append(cfg.Properties, simphony.Property{LocRef: ref, TS1URL: fake.PropertyURL(base, ref), TimeZone: "America/New_York", Currency: "USD"})
	}
	p, err := simphony.New(cfg, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	must(t, err)
	return &rig{
		provider: p, sim: fake, locations: fake.Locations(), close: fake.Close,
		instead: map[string]substitute{"401 expired token": {
			"401 of the web server: there are no tokens", inject(posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusUnauthorized, Times: 6}),
		}},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
