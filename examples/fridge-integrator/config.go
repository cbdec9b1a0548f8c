package main

import (
	"os"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/kit"

	"example.com/integrator/service"
	"example.com/integrator/settings"
)

// config is the file.
type config struct {
	service.Config
	// NearExpiryDays is how many days before its last day a lot is told to
	// expire soon.
	NearExpiryDays int `json:"near_expiry_days"`
	// DoorOpen is how long a door may stand open.
	DoorOpen time.Duration `json:"door_open"`
	Accounts []account     `json:"accounts"`
}

// account is one operator account. Another brand of fridges is another field
// beside bytetech.
type account struct {
	service.Account
	Bytetech *bytetechAccount `json:"bytetech"`
}

type bytetechAccount struct {
	bytetech.Config
	// Exports is a directory with exports of the dashboard, for a profile
	// whose source is csv.
	Exports string                  `json:"exports"`
	Webhook *bytetech.WebhookConfig `json:"webhook"`
	// WebhookURL is the public address of this service's callbacks: with it the
	// service creates and repairs the subscription.
	WebhookURL string `json:"webhook_url"`
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
	_, err := fridge.New(fridge.Config{
		Accounts: c.open(func(*events.Origin) *kit.Options { return nil }, ps), Publisher: events.NewBus(events.BusOptions{}), NearExpiryDays: c.NearExpiryDays, DoorOpen: c.DoorOpen,
	})
	ps.Check("", c, err)
}

// open makes the providers; it calls no vendor. options makes those of an
// account, whose name is filled in.
func (c *config) open(options func(*events.Origin) *kit.Options, ps *settings.Problems) []fridge.Account {
	accounts := make([]fridge.Account, len(c.Accounts))
	for i := range c.Accounts {
		a, path := &c.Accounts[i], settings.Index("accounts", i)
		accounts[i] = fridge.Account{Provider: service.Unopened{Path: path}, Since: a.Since, Schedule: fridge.Schedule(a.Schedule), Objectives: fridge.Objectives(a.Objectives)}
		if a.Bytetech == nil {
			ps.Add(path, "has no bytetech")
			continue
		}
		origin := new(events.Origin)
		a.Bytetech.open(path+".bytetech", options(origin), ps, &accounts[i])
		*origin = service.OriginOf(accounts[i].Provider)
	}
	return accounts
}

func (a *bytetechAccount) open(path string, opts *kit.Options, ps *settings.Problems, into *fridge.Account) {
	cfg := a.Config
	if a.Exports != "" {
		cfg.Files = os.DirFS(a.Exports)
	}
	p, err := bytetech.New(cfg, opts)
	if ps.Check(path, cfg, err) {
		into.Provider = p
	}
	if a.Webhook == nil {
		if a.WebhookURL != "" {
			ps.Add(path+".webhook_url", "is of no use without webhook")
		}
		return
	}
	hook, err := bytetech.NewWebhook(a.hooks())
	if !ps.Check(path+".webhook", a.Webhook, err) {
		return
	}
	into.Webhook = hook
	if p != nil && a.WebhookURL != "" {
		into.Subscription = p.Keep(hook, a.WebhookURL)
	}
}

// hooks gives the webhook the account's profile unless it has its own.
func (a *bytetechAccount) hooks() bytetech.WebhookConfig {
	cfg := *a.Webhook
	if cfg.Profile == nil && cfg.ProfilePatch == nil {
		cfg.Profile, cfg.ProfilePatch = a.Profile, a.ProfilePatch
	}
	return cfg
}
