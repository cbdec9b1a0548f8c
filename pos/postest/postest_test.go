package postest

import (
	"fmt"
	"testing"
	"time"

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
	return Harness{
		Provider: fake, Sim: fake, Webhook: fake.Webhook(), Deliver: fake.Callbacks,
		Subscription: fake.Subscription(), Unsubscribe: fake.DropSubscription, Secrets: []string{posfake.WebhookSecret},
	}
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

func TestPosfakeWithFewCoupons(t *testing.T) {
	t.Parallel()
	caps := posfake.AllCapabilities()
	caps.Coupons = pos.CouponCaps{
		Support: pos.Support{Level: pos.Partial, Why: "generated codes with an amount for single items"},
		Amount:  true, SKUScope: true, MaxGenerated: 50,
	}
	Run(t, func(*testing.T) Harness { return harness(posfake.Config{Capabilities: &caps}) })
}

func TestPosfakeDeferred(t *testing.T) {
	t.Parallel()
	caps := posfake.AllCapabilities()
	caps.Deferred = true
	caps.Purchases.History = 60 * 24 * time.Hour
	caps.Menu.LocationPrice, caps.Menu.LocationAvailability = false, false
	caps.Menu.Fields = []string{"Category"}
	Run(t, func(*testing.T) Harness { return harness(posfake.Config{Capabilities: &caps}) })
}

func BenchmarkPosfake(b *testing.B) {
	Benchmark(b, Size{Items: 50, Locations: 20, Sales: 100}, func(_ *testing.B, size Size) Harness {
		cfg := posfake.Config{PageSize: 1000}
		for i := range size.Locations {
			cfg.Locations = append(cfg.Locations, posfake.LocationSeed{ID: fmt.Sprintf("L%04d", i)})
		}
		fake := posfake.New(cfg)
		return Harness{Provider: fake, Sim: fake}
	})
}

// Every row is shown by a case, or somebody else is named who shows it.
func TestEveryRowIsShown(t *testing.T) {
	t.Parallel()
	rows := Rows()
	if len(rows) != 45 {
		t.Errorf("%d rows, want 45", len(rows))
	}
	for _, r := range rows {
		if len(r.Cases) == 0 && r.Why == "" {
			t.Errorf("%s (%s) is shown by no case", r.ID, r.Title)
		}
	}
	names := make(map[string]bool)
	for _, cs := range cases {
		if names[cs.name] {
			t.Errorf("two cases are called %q", cs.name)
		}
		names[cs.name] = true
	}
}

// What is not declared is named, with the capability.
func TestApplicability(t *testing.T) {
	t.Parallel()
	caps := posfake.AllCapabilities()
	caps.Purchases.LateBy = 0
	for _, r := range Applicability(caps) {
		if r.ID == "R13" && r.String() != "R13 not applicable (late sales of offline tills): purchases.late_by is not declared" {
			t.Errorf("got %q", r)
		}
		if r.ID == "R8" && r.Why != "" {
			t.Errorf("got %q", r)
		}
	}
}
