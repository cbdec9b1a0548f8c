package bytetechfake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Feature is a part of the API whose existence is unconfirmed.
type Feature string

// The features that [Config.Without] can switch off. An endpoint that is off
// answers 404, a field that is off is left out or null, and a header or filter
// that is off is ignored.
const (
	Listings       Feature = "listings"        // prices and presence per kiosk
	ProductBatch   Feature = "product_batch"   // upserts of many products
	Door           Feature = "door"            // the door in a kiosk's status
	DiscountWrite  Feature = "discount_write"  // creating and ending discounts
	InventoryLines Feature = "inventory_lines" // stock per product
	Tags           Feature = "tags"            // stock per package
	UpdatedFilter  Feature = "updated_filter"  // updated_since and updated_until of transactions
	RefundWrite    Feature = "refund_write"    // asking for refunds
	Webhooks       Feature = "webhooks"        // subscriptions and deliveries
	Idempotency    Feature = "idempotency"     // the Idempotency-Key header
	PersonalData   Feature = "personal_data"   // cardholders and e-mail addresses
)

// Features lists every feature; giving all of them to [Config.Without] makes
// the smallest cloud that is still useful.
func Features() []Feature {
	return []Feature{
		Listings, ProductBatch, Door, DiscountWrite, InventoryLines, Tags,
		UpdatedFilter, RefundWrite, Webhooks, Idempotency, PersonalData,
	}
}

// Scopes lists every scope that a token can carry.
func Scopes() []string {
	return []string{
		"kiosks:read", "products:read", "products:write", "discounts:read", "discounts:write",
		"inventory:read", "transactions:read", "transactions:write", "webhooks:write",
	}
}

// Client is a credential that the fake accepts.
type Client struct {
	ID     string
	Secret string
	// APIKey, where set, is a bearer token that never expires.
	APIKey string
	// Scopes limit what the tokens may do; nil means all.
	Scopes []string
	// Campuses limit which kiosks the tokens see; nil means all.
	Campuses []string
}

// DefaultClient is the credential of a fake that is configured without any.
func DefaultClient() Client {
	return Client{ID: "fake-client", Secret: "fake-client-secret", APIKey: "fake-api-key"}
}

// Config describes the simulated account. The zero value is a small one: two
// kiosks, nothing in the catalogue, every feature on, captures at once.
type Config struct {
	// Seed makes generated data reproducible.
	Seed int64
	// Locations are the kiosks; where there are none, Kiosks of them are made up, by default 2.
	Locations []posfake.LocationSeed
	Kiosks    int
	// Products is the number of products to start with (SKU FARM-001 and on),
	// TagsPerKiosk the number of packages in each kiosk, spread over up to ten products.
	Products     int
	TagsPerKiosk int
	// Campuses is the number of campuses, by default 1; kiosks take turns.
	Campuses int
	// Clients are the accepted credentials; nil means [DefaultClient].
	Clients []Client
	// SalesTax is the sales tax of the kiosks in percent, by default "6".
	SalesTax string
	// FinalizeDelay and CaptureDelay are how long a transaction stays placed
	// and then price_finalized. Zero means at once.
	FinalizeDelay time.Duration
	CaptureDelay  time.Duration
	// RefundDelay is how long a refund asked for by API stays pending, by default 15 minutes.
	RefundDelay time.Duration
	// TokenLife is the life of access tokens, by default 24 hours.
	TokenLife time.Duration
	// RateLimit is the number of requests per second and token, with a burst
	// of twice as many: 0 means 10, negative means no limit.
	RateLimit int
	// Without switches features off.
	Without []Feature
	// WebhookSecret signs the webhooks of new subscriptions, until it is
	// rotated; empty: each gets one of its own.
	WebhookSecret string
	// InsecureWebhooks accepts subscriptions to plain http URLs, for receivers on loopback.
	InsecureWebhooks bool
}

// withDefaults validates the configuration, reporting every problem, and fills it in.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"Kiosks", int64(c.Kiosks)},
		{"Products", int64(c.Products)},
		{"TagsPerKiosk", int64(c.TagsPerKiosk)},
		{"Campuses", int64(c.Campuses)},
		{"FinalizeDelay", int64(c.FinalizeDelay)},
		{"CaptureDelay", int64(c.CaptureDelay)},
		{"RefundDelay", int64(c.RefundDelay)},
		{"TokenLife", int64(c.TokenLife)},
	} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("bytetechfake: %s is negative", n.name))
		}
	}
	if c.TagsPerKiosk > 0 && c.Products == 0 {
		errs = append(errs, errors.New("bytetechfake: TagsPerKiosk needs Products"))
	}
	for _, f := range c.Without {
		if !slices.Contains(Features(), f) {
			errs = append(errs, fmt.Errorf("bytetechfake: Without: no feature %q", f))
		}
	}
	if c.SalesTax == "" {
		c.SalesTax = "6"
	}
	if _, ok := parsePercent(c.SalesTax); !ok {
		errs = append(errs, fmt.Errorf("bytetechfake: SalesTax %q is not a percentage", c.SalesTax))
	}
	if c.Clients == nil {
		c.Clients = []Client{DefaultClient()}
	}
	for i, cl := range c.Clients {
		if cl.ID == "" || cl.Secret == "" {
			errs = append(errs, fmt.Errorf("bytetechfake: Clients[%d] lacks ID or Secret", i))
		}
		for _, s := range cl.Scopes {
			if !slices.Contains(Scopes(), s) {
				errs = append(errs, fmt.Errorf("bytetechfake: Clients[%d]: no scope %q (known: %s)", i, s, strings.Join(Scopes(), " ")))
			}
		}
	}
	c.fill()
	return c, errors.Join(errs...)
}

// fill replaces zero values by their defaults.
func (c *Config) fill() {
	if c.Kiosks == 0 && len(c.Locations) == 0 {
		c.Kiosks = 2
	}
	if c.Campuses == 0 {
		c.Campuses = 1
	}
	if c.RefundDelay == 0 {
		c.RefundDelay = 15 * time.Minute
	}
	if c.TokenLife == 0 {
		c.TokenLife = 24 * time.Hour
	}
	if c.RateLimit == 0 {
		c.RateLimit = 10
	}
}
