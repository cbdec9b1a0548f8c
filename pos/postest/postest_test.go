package postest

import (
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// seeds are places with different clocks.
var seeds = []posfake.LocationSeed{
	{ID: "L1", Name: "Lobby", TimeZone: "America/New_York"},
	{ID: "L2", Name: "Canteen", TimeZone: "America/Los_Angeles"},
	{ID: "L3", Name: "Gate", TimeZone: "Europe/Berlin"},
}

func harness(cfg posfake.Config) Harness {
	cfg.Locations = seeds
	cfg.TaxRate = 82_500
	fake := posfake.New(cfg)
	return Harness{Provider: fake, Sim: fake, Webhook: fake.Webhook(), Deliver: fake.Callbacks, Secrets: []string{posfake.WebhookSecret}}
}

func TestPosfake(t *testing.T) {
	t.Parallel()
	Run(t, func(*testing.T) Harness { return harness(posfake.Config{}) })
}

func TestPosfakeWithRefundRecords(t *testing.T) {
	t.Parallel()
	Run(t, func(*testing.T) Harness { return harness(posfake.Config{RefundRecords: true, PageSize: 7}) })
}

// A system with less is tested with less, and nothing is skipped in silence.
func TestPosfakeWithLess(t *testing.T) {
	t.Parallel()
	caps := posfake.AllCapabilities()
	none := pos.Support{Level: pos.None, Why: "not in this configuration"}
	caps.Coupons = pos.CouponCaps{Support: none}
	caps.Inventory = pos.InventoryCaps{Support: none}
	caps.Webhooks = pos.WebhookCaps{Support: none}
	caps.Purchases.Voids, caps.Purchases.Records, caps.Purchases.Pending, caps.Purchases.Tips = false, false, false, false
	caps.Purchases.LateBy, caps.Purchases.SettleTime = 0, 0
	Run(t, func(*testing.T) Harness { return harness(posfake.Config{Capabilities: &caps}) })
}
