package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// system is a vendor: its shops, which live in the parent, and the provider
// that the workers have for them.
type system struct {
	open  func(n int64, hooks string) (*shop, error)
	serve func(shopConfig, *kit.Options) (pos.Provider, pos.Webhook, error)
	few   bool // one account is enough: every poll of it costs a lot
}

// systems are all vendors, by their name in events.
var systems = map[string]system{
	bytetech.Vendor:     {open: openByte, serve: serveByte},
	"quickbooks":        {open: openQuickBooks, serve: serveQuickBooks},
	"quickbooksdesktop": {open: openDesktop, serve: serveDesktop, few: true},
	"simphony":          {open: openSimphony, serve: serveSimphony, few: true},
	"square":            {open: openSquare, serve: serveSquare},
}

// offline is how long a till may be offline where the system does not mind.
const offline = 40 * time.Hour

func openByte(n int64, hooks string) (*shop, error) {
	fake, err := bytetechfake.New(bytetechfake.Config{
		Seed: n, InsecureWebhooks: true, RateLimit: -1, CaptureDelay: 2 * time.Second, Locations: places("10"),
	})
	if err != nil {
		return nil, err
	}
	cfg := shopConfig{Account: fmt.Sprintf("crash-%d", n)}
	cfg.HookURL = hooks + "/fridge/webhooks/" + bytetech.Vendor + "/" + cfg.Account
	if cfg.HookKey, err = fake.Subscribe(cfg.HookURL); err != nil {
		return nil, err
	}
	c := fake.Credentials()[0]
	cfg.ClientID, cfg.Secret = c.ID, c.Secret
	return &shop{cfg: cfg, fake: fake, locations: ids(places("10")), late: offline}, nil
}

func serveByte(s shopConfig, opts *kit.Options) (pos.Provider, pos.Webhook, error) {
	hook, err := bytetech.NewWebhook(bytetech.WebhookConfig{Secrets: secrets(s.HookKey)})
	if err != nil {
		return nil, nil, err
	}
	p, err := bytetech.New(bytetech.Config{
		Account: s.Account, BaseURL: s.URL, ClientID: s.ClientID, ClientSecret: pos.NewSecret(s.Secret),
		ProfilePatch: []byte(`{"limits":{"requests_per_second":200,"burst":200},"features":{"webhooks":true,"idempotency":true}}`),
	}, opts)
	return p, hook, err
}

func openSquare(n int64, hooks string) (*shop, error) {
	fake := squarefake.New(squarefake.Config{Seed: n, Items: 2, Places: places("L")})
	cfg := shopConfig{Account: fmt.Sprintf("crash-%d", n), Secret: fake.Credentials().PersonalToken}
	cfg.HookURL = hooks + "/kiosk/webhooks/square/" + cfg.Account
	_, cfg.HookKey = fake.Subscribe(cfg.HookURL)
	return &shop{cfg: cfg, fake: fake, locations: ids(places("L")), late: offline}, nil
}

func serveSquare(s shopConfig, opts *kit.Options) (pos.Provider, pos.Webhook, error) {
	hook, err := square.NewWebhook(square.WebhookConfig{URL: s.HookURL, Keys: secrets(s.HookKey)})
	if err != nil {
		return nil, nil, err
	}
	p, err := square.New(square.Config{
		Account: s.Account, BaseURL: s.URL, AccessToken: pos.NewSecret(s.Secret), RequestsPerSecond: 200,
	}, opts)
	return p, hook, err
}

func openQuickBooks(n int64, hooks string) (*shop, error) {
	realm := strconv.FormatInt(9_130_350_000_000_000+n, 10)
	fake, err := quickbooksfake.New(quickbooksfake.Config{Seed: n, Realm: realm, Items: 2, Locations: 3})
	if err != nil {
		return nil, err
	}
	c, accounts := fake.Credentials(), fake.Accounts()
	cfg := shopConfig{Account: realm, ClientID: c.ClientID, Secret: c.ClientSecret, More: map[string]string{
		"refresh": c.RefreshToken, "income": accounts.Income, "expense": accounts.Expense, "tip": fake.TipItem(),
	}}
	cfg.HookKey = fake.Subscribe(hooks + "/kiosk/webhooks/quickbooks/" + realm)
	return &shop{cfg: cfg, fake: fake, locations: fake.LocationIDs(), late: offline}, nil
}

func serveQuickBooks(s shopConfig, opts *kit.Options) (pos.Provider, pos.Webhook, error) {
	hook, err := quickbooks.NewWebhook(quickbooks.WebhookConfig{VerifierTokens: secrets(s.HookKey)})
	if err != nil {
		return nil, nil, err
	}
	p, err := quickbooks.New(quickbooks.Config{
		Realm: s.Account, BaseURL: s.URL, IncomeAccount: s.More["income"], ExpenseAccount: s.More["expense"], TipItems: []string{s.More["tip"]},
		OAuth: &quickbooks.OAuth{ClientID: s.ClientID, ClientSecret: pos.NewSecret(s.Secret), RefreshToken: pos.NewSecret(s.More["refresh"])},
	}, opts)
	return p, hook, err
}

// openSimphony has no tills that were offline: the cloud tells checks of past
// days only once a day.
func openSimphony(n int64, hooks string) (*shop, error) {
	fake, err := simphonyfake.New(simphonyfake.Config{Seed: n, Items: 2, InsecureCallbacks: true, Locations: places("kiosk-")})
	if err != nil {
		return nil, err
	}
	c := fake.Credentials()
	cfg := shopConfig{Account: fmt.Sprintf("crash-%d", n), ClientID: c.WebhookKeyID, HookKey: c.WebhookKey, More: map[string]string{"org": c.Org}}
	for _, a := range c.Accounts {
		cfg.More[string(a.API)] = strings.Join([]string{a.ClientID, a.Username, a.Password}, "\n")
	}
	if err := fake.Subscribe(hooks + "/kiosk/webhooks/simphony/" + cfg.Account); err != nil {
		return nil, err
	}
	return &shop{cfg: cfg, fake: fake, locations: fake.Locations()}, nil
}

func serveSimphony(s shopConfig, opts *kit.Options) (pos.Provider, pos.Webhook, error) {
	hook, err := simphony.NewWebhook(simphony.WebhookConfig{Keys: []simphony.WebhookKey{{ID: s.ClientID, Key: pos.NewSecret(s.HookKey)}}})
	if err != nil {
		return nil, nil, err
	}
	endpoint := func(api simphonyfake.API) simphony.Endpoint {
		login := append(strings.Split(s.More[string(api)], "\n"), "", "")
		return simphony.Endpoint{BaseURL: s.URL, ClientID: login[0], Username: login[1], Password: pos.NewSecret(login[2]), RequestsPerSecond: 200}
	}
	p, err := simphony.New(simphony.Config{
		Account: s.Account, Org: s.More["org"], DayStart: 4 * 60, OIDC: &simphony.OIDC{BaseURL: s.URL},
		BI: &simphony.BI{Endpoint: endpoint(simphonyfake.BI)}, STS2: &simphony.STS2{Endpoint: endpoint(simphonyfake.STS2)},
		CCAPI: &simphony.CCAPI{
			Endpoint: endpoint(simphonyfake.CCAPI), MenuItemClass: 1, FamilyGroup: 1, MajorGroup: 1,
			ItemNumbers: simphony.Range{From: 510_000, To: 529_999}, FamilyGroups: map[string]int64{"Soups": 1},
		},
	}, opts)
	return p, hook, err
}

func secrets(key string) []pos.Secret { return []pos.Secret{pos.NewSecret(key)} }

func ids(seeds []posfake.LocationSeed) []string {
	list := make([]string, len(seeds))
	for i, s := range seeds {
		list[i] = s.ID
	}
	return list
}
