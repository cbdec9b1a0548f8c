package posfake

import (
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Config describes the simulated account. The zero value is an account with
// one location "L1" in New York that can do everything.
type Config struct {
	// Vendor, Product and Account go into the description; "posfake" and
	// "account-1" by default.
	Vendor, Product, Account string
	// Locations are open from the start; RemoveLocation closes them.
	Locations []LocationSeed
	// Capabilities replaces those of [AllCapabilities]. What they leave out is
	// refused, and cannot be simulated either.
	Capabilities *pos.Capabilities
	// PageSize is the most rows of one page, 100 by default.
	PageSize int
	// TaxRate is added to every sale of goods that are not tax exempt.
	TaxRate pos.Rate
	// StaleAfter is how long a silent location counts as online, 5 minutes by
	// default.
	StaleAfter time.Duration
	// RefundRecords books refunds as records of their own, as systems do that
	// have return receipts. Without it a refund is a new version of its sale.
	RefundRecords bool
	// WebhookSecret signs callbacks; [WebhookSecret] by default.
	WebhookSecret pos.Secret
}

// AllCapabilities returns what a Fake can do at most. Change the copy and set
// it as [Config.Capabilities] to simulate a lesser system.
func AllCapabilities() pos.Capabilities {
	full := pos.Support{Level: pos.Full}
	return pos.Capabilities{
		Menu: pos.MenuCaps{
			Support:              full,
			LocationPrice:        true,
			LocationAvailability: true,
			Fields:               []string{"Description", "Category", "GTIN", "ShelfLifeDays", "TaxExempt", "ImageURL", "Calories", "Allergens", "Diets"},
			BatchSize:            100,
		},
		Coupons: pos.CouponCaps{
			Support: full,
			Percent: true, Amount: true,
			WholeBasket: true, SKUScope: true, CategoryScope: true,
			Automatic: true, MaxCodes: 1000, MaxGenerated: 1000,
			MaxDiscount: true, MinSubtotal: true, Schedule: true, MaxUses: true,
			NearExpiry: true, Exclusive: true, LocationScope: true,
		},
		Status: pos.StatusCaps{Support: full, Online: true, Open: true, Temperature: true, Door: true, Interval: time.Minute},
		Inventory: pos.InventoryCaps{
			Support: full, Counts: true, Lots: true, Changes: true, PerLocation: true,
		},
		Purchases: pos.PurchaseCaps{
			Support: full, Records: true, Refunds: true, Tips: true, Pending: true, Voids: true,
			LateBy: 72 * time.Hour, SettleTime: time.Hour, DayTotals: full,
		},
		Webhooks: pos.WebhookCaps{Support: full, Jobs: []pos.Job{pos.JobStatus, pos.JobInventory, pos.JobPurchases}},
	}
}

func (c Config) withDefaults() Config {
	if c.Vendor == "" {
		c.Vendor = "posfake"
	}
	if c.Product == "" {
		c.Product = "In-memory point of sale"
	}
	if c.Account == "" {
		c.Account = "account-1"
	}
	if len(c.Locations) == 0 {
		c.Locations = []LocationSeed{{ID: "L1", Name: "Lobby"}}
	}
	if c.Capabilities == nil {
		all := AllCapabilities()
		c.Capabilities = &all
	}
	if c.PageSize <= 0 {
		c.PageSize = 100
	}
	if c.StaleAfter <= 0 {
		c.StaleAfter = 5 * time.Minute
	}
	if c.WebhookSecret.IsZero() {
		c.WebhookSecret = pos.NewSecret(WebhookSecret)
	}
	return c
}
