package quickbooksfake

import (
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Plans as the company's OfferingSku names them.
const (
	PlanAdvanced    = "QuickBooks Online Advanced"
	PlanPlus        = "QuickBooks Online Plus" // 40 departments and classes together
	PlanSimpleStart = "QuickBooks Online Simple Start"
)

// RefundLink is how the till connector tells which sale a refund belongs to.
type RefundLink string

// Ways to link a refund. QuickBooks itself asks for none.
const (
	LinkNote   RefundLink = "note"   // refund-of:qbo:<realm>:<entity>:<id> in PrivateNote
	LinkTxn    RefundLink = "linked" // LinkedTxn
	LinkNobody RefundLink = "none"
)

// WebhookFormat is the shape of notifications.
type WebhookFormat string

// The two shapes of notifications.
const (
	CloudEvents WebhookFormat = "cloudevents"
	Classic     WebhookFormat = "classic"
)

// Config says what the simulated company has. The zero value is a US company on
// the Advanced plan with three departments and no goods for sale.
type Config struct {
	// Seed makes ids and data reproducible.
	Seed int64
	// Realm is the id of the company, default 9130350000000001.
	Realm string
	// Company is its name, default Fake Foods.
	Company string
	// Plan is its subscription, default [PlanAdvanced].
	Plan string
	// TimeZone is the company's IANA zone, in which sales get their date.
	// Default America/Los_Angeles.
	TimeZone string
	// Currency is the company's, default USD. There is no other: multicurrency is off.
	Currency string

	// Locations is how many departments to open, 0 means 3. Places lists them
	// instead. The zone of a place is ignored, for departments have none.
	Locations int
	Places    []posfake.LocationSeed
	// ByClass makes the places classes instead of departments.
	ByClass bool
	// Items is how many items the bookkeeper sells already; they are foreign to
	// whoever pushes a menu.
	Items int
	// NoInventory switches the tracking of quantities off.
	NoInventory bool
	// TaxBasisPoints is the sales tax in 1/100 %: 0 means 825, negative none.
	TaxBasisPoints int64
	// Refunds is how the till connector links refunds, default [LinkNote].
	Refunds RefundLink

	// ClientID and ClientSecret are those of the application.
	ClientID, ClientSecret string
	// AccessToken and RefreshToken were granted already.
	AccessToken, RefreshToken string
	// TokenLife is how long access tokens live, 0 means an hour.
	TokenLife time.Duration
	// RotateAfter is the age at which a refresh gives the refresh token another
	// value, 0 means a day. The value before works for another day.
	RotateAfter time.Duration

	// Limits switches the request limits on: 500 a minute and 10 a second for
	// everything, 40 a minute for batches.
	Limits bool
	// ReadQuota is how many metered reads a calendar month has; 0: no end.
	ReadQuota int
	// XMLThrottle answers requests over the limit in XML, as the gateway does at times.
	XMLThrottle bool

	// Webhooks is their format, default [CloudEvents].
	Webhooks WebhookFormat
	// VerifierToken signs them, default fake-verifier-token.
	VerifierToken string
}

func (c Config) withDefaults() Config {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&c.Realm, "9130350000000001")
	set(&c.Company, "Fake Foods")
	set(&c.Plan, PlanAdvanced)
	set(&c.TimeZone, "America/Los_Angeles")
	set(&c.Currency, "USD")
	set(&c.ClientID, "fake-client-id")
	set(&c.ClientSecret, "fake-client-secret")
	set(&c.AccessToken, "fake-access-token")
	set(&c.RefreshToken, "fake-refresh-token")
	set(&c.VerifierToken, "fake-verifier-token")
	if c.Refunds == "" {
		c.Refunds = LinkNote
	}
	if c.Webhooks == "" {
		c.Webhooks = CloudEvents
	}
	if c.TokenLife <= 0 {
		c.TokenLife = time.Hour
	}
	if c.RotateAfter <= 0 {
		c.RotateAfter = 24 * time.Hour
	}
	if c.TaxBasisPoints == 0 {
		c.TaxBasisPoints = 825
	}
	if len(c.Places) == 0 {
		if c.Locations <= 0 {
			c.Locations = 3
		}
		c.Places = fakekit.Locations(c.Seed, "L", c.Locations)
	}
	return c
}

func (c Config) check() error {
	switch {
	case !pos.Currency(c.Currency).Valid() || pos.Currency(c.Currency).Digits() != 2:
		return fmt.Errorf("quickbooksfake: currency %q is none with two decimals", c.Currency)
	case c.Refunds != LinkNote && c.Refunds != LinkTxn && c.Refunds != LinkNobody:
		return fmt.Errorf("quickbooksfake: no refund link %q", c.Refunds)
	case c.Webhooks != CloudEvents && c.Webhooks != Classic:
		return fmt.Errorf("quickbooksfake: no webhook format %q", c.Webhooks)
	}
	return nil
}

// Credentials are what a client needs to talk to the fake.
type Credentials struct {
	Realm         string `json:"realm"`
	ClientID      string `json:"client_id"`
	ClientSecret  string `json:"client_secret"`
	AccessToken   string `json:"access_token"`
	RefreshToken  string `json:"refresh_token"`
	VerifierToken string `json:"verifier_token"`
}

// Credentials returns the credentials that the fake was made with.
func (f *Fake) Credentials() Credentials {
	c := f.cfg
	return Credentials{c.Realm, c.ClientID, c.ClientSecret, c.AccessToken, c.RefreshToken, c.VerifierToken}
}

// Accounts are the ids of the company's accounts that a client refers to.
type Accounts struct {
	Income    string `json:"income"`     // Sales of Product Income
	Expense   string `json:"expense"`    // Cost of Goods Sold
	Asset     string `json:"asset"`      // Inventory Asset
	Discounts string `json:"discounts"`  // Discounts given
	Shrinkage string `json:"shrinkage"`  // Inventory Shrinkage, for adjustments
	Deposits  string `json:"deposit_to"` // Undeposited Funds
}

// Accounts returns the ids of the company's accounts.
func (f *Fake) Accounts() Accounts {
	return Accounts{incomeAccount, expenseAccount, assetAccount, discountAccount, shrinkageAccount, depositAccount}
}
