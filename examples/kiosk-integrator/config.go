package main

import (
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/kiosk"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/square"

	"example.com/integrator/service"
	"example.com/integrator/settings"
)

// config is the file.
type config struct {
	service.Config
	// Silence is how long an open kiosk may sell nothing; 0 switches the watch off.
	Silence  time.Duration `json:"silence"`
	Accounts []account     `json:"accounts"`
}

// account is one account of one of the vendors.
type account struct {
	service.Account
	Square     *squareAccount     `json:"square"`
	Simphony   *simphonyAccount   `json:"simphony"`
	QuickBooks *quickbooksAccount `json:"quickbooks"`
}

type squareAccount struct {
	square.Config
	// Shares splits an account that is too large for one replica by location.
	// Each share gets an equal part of RequestsPerSecond, which must be given.
	Shares  int                   `json:"shares"`
	Webhook *square.WebhookConfig `json:"webhook"`
	// ApplicationToken lets the service create and repair the webhook's
	// subscription.
	ApplicationToken pos.Secret `json:"application_token"`
}

type simphonyAccount struct {
	simphony.Config
	Webhook *simphony.WebhookConfig `json:"webhook"`
}

type quickbooksAccount struct {
	quickbooks.Config
	Webhook *quickbooks.WebhookConfig `json:"webhook"`
}

// load reads and checks a file; lookup finds environment variables.
func load(path string, lookup func(string) (string, bool)) (config, error) {
	cfg := config{Config: service.Default()}
	ps, err := service.ReadFile(path, lookup, &cfg)
	if err != nil {
		return cfg, err
	}
	cfg.check(&ps)
	return cfg, ps.Err()
}

func (c *config) check(ps *settings.Problems) {
	c.Config.Check(ps)
	_, err := kiosk.New(kiosk.Config{
		Accounts: c.open(func(*events.Origin) *kit.Options { return nil }, ps), Publisher: events.NewBus(events.BusOptions{}), Silence: c.Silence,
	})
	ps.Check("", c, err)
}

// open makes the providers; it calls no vendor. options makes those of an
// account, whose name is filled in.
func (c *config) open(options func(*events.Origin) *kit.Options, ps *settings.Problems) []kiosk.Account {
	accounts := make([]kiosk.Account, len(c.Accounts))
	for i := range c.Accounts {
		a, path := &c.Accounts[i], settings.Index("accounts", i)
		accounts[i] = kiosk.Account{Provider: service.Unopened{Path: path}, Since: a.Since, Schedule: kiosk.Schedule(a.Schedule), Objectives: kiosk.Objectives(a.Objectives)}
		given, origin := 0, new(events.Origin)
		opts := options(origin)
		if a.Square != nil {
			given++
			a.Square.open(path+".square", opts, ps, &accounts[i])
		}
		if a.Simphony != nil {
			given++
			a.Simphony.open(path+".simphony", opts, ps, &accounts[i])
		}
		if a.QuickBooks != nil {
			given++
			a.QuickBooks.open(path+".quickbooks", opts, ps, &accounts[i])
		}
		if given != 1 {
			ps.Add(path, "has %d of square, simphony and quickbooks, want one", given)
		}
		*origin = service.OriginOf(accounts[i].Provider)
	}
	return accounts
}

func (a *squareAccount) open(path string, opts *kit.Options, ps *settings.Problems, into *kiosk.Account) {
	a.providers(path, opts, ps, into)
	if a.Webhook == nil {
		if !a.ApplicationToken.IsZero() {
			ps.Add(path+".application_token", "is of no use without webhook")
		}
		return
	}
	hook, err := square.NewWebhook(*a.Webhook)
	if !ps.Check(path+".webhook", a.Webhook, err) {
		return
	}
	into.Webhook = hook
	if a.ApplicationToken.IsZero() {
		return
	}
	app := square.Config{Account: a.Account, Environment: a.Environment, BaseURL: a.BaseURL, AccessToken: a.ApplicationToken}
	if subs, err := square.NewSubscriptions(app, opts); ps.Check(path, a.Config, err) {
		into.Subscription = subs.Keep(hook)
	}
}

// providers makes one provider for each share.
func (a *squareAccount) providers(path string, opts *kit.Options, ps *settings.Problems, into *kiosk.Account) {
	cfg, shares := a.Config, max(a.Shares, 1)
	switch {
	case a.Shares < 0:
		ps.Add(path+".shares", "is negative")
	case shares > 1 && cfg.RequestsPerSecond < shares:
		ps.Add(path+".shares", "are %d, more than requests_per_second", shares)
	case shares > 1:
		cfg.RequestsPerSecond /= shares
	}
	for i := range shares {
		p, err := square.New(cfg, opts)
		switch {
		case !ps.Check(path, a.Config, err):
			return
		case i == 0:
			into.Provider = p
		default:
			into.Shares = append(into.Shares, p)
		}
	}
}

func (a *simphonyAccount) open(path string, opts *kit.Options, ps *settings.Problems, into *kiosk.Account) {
	if p, err := simphony.New(a.Config, opts); ps.Check(path, a.Config, err) {
		into.Provider = p
	}
	if a.Webhook == nil {
		return
	}
	if hook, err := simphony.NewWebhook(*a.Webhook); ps.Check(path+".webhook", a.Webhook, err) {
		into.Webhook = hook
	}
}

func (a *quickbooksAccount) open(path string, opts *kit.Options, ps *settings.Problems, into *kiosk.Account) {
	if p, err := quickbooks.New(a.Config, opts); ps.Check(path, a.Config, err) {
		into.Provider = p
	}
	if a.Webhook == nil {
		return
	}
	if hook, err := quickbooks.NewWebhook(*a.Webhook); ps.Check(path+".webhook", a.Webhook, err) {
		into.Webhook = hook
	}
}
