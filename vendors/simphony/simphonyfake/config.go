package simphonyfake

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Namespace is the target namespace of the TS1 contract.
const Namespace = "http://micros-hosting.com/EGateway/"

// API is one of the interfaces that an API account belongs to.
type API string

// The interfaces with accounts of their own.
const (
	STS2  API = "sts2"
	CCAPI API = "ccapi"
	BI    API = "bi"
)

// Account is an API account. Each is good for one interface.
type Account struct {
	API      API    `json:"api"`
	ClientID string `json:"client_id"`
	Username string `json:"username"`
	Password string `json:"password"`
}

// Config describes the simulated enterprise. The zero value is a small one: two
// properties with one revenue center each and an empty menu.
type Config struct {
	// Seed makes ids and generated data reproducible.
	Seed int64
	// Org is the organization's short name, by default "farmacy".
	Org string
	// Locations are the properties; where there are none, Properties of them
	// are made up, by default 2.
	Locations  []posfake.LocationSeed
	Properties int
	// RevenueCenters is how many each property has, by default 1.
	RevenueCenters int
	// Items is how many items the host of the properties sells already. They
	// are foreign to whoever pushes a menu.
	Items int
	// Accounts are the accepted API accounts; nil means [DefaultAccounts].
	Accounts []Account
	// VendorCode, where set, is what TS1 calls must carry; others get
	// LicensingFailed.
	VendorCode string
	// Employee is the object number of the employee that TS1 calls name, by
	// default 90001.
	Employee int

	// DayStart is when a business day begins, local time; by default 04:00.
	// [pos.Clock] 0 cannot be told from the default: use MidnightStart for it.
	DayStart      pos.Clock
	MidnightStart bool
	// TaxBasisPoints is the sales tax of every property in 1/100 %: 825 is
	// 8.25 %. 0 means 800, negative none. TaxIncluded makes it part of prices.
	TaxBasisPoints int64
	TaxIncluded    bool
	// ReopenReturns books refunds on the sale's own check, which is reopened,
	// instead of on a check of their own.
	ReopenReturns bool
	// RecordID makes the ledger's id of a check from its property, its R&A id
	// and its TS1 sequence number. Nil means "bi:{locRef}:{guestCheckId}".
	RecordID func(locRef string, guestCheckID, checkSeq int64) string

	// TokenLife is the life of tokens, by default 14 days.
	TokenLife time.Duration
	// StringNumbers answers expires_in and the sign-in's success as strings.
	StringNumbers bool
	// ShortRedirect answers the sign-in with "?code=..." only.
	ShortRedirect bool
	// AcceptAccessToken lets the access token authenticate calls, beside the ID
	// token that the documentation names.
	AcceptAccessToken bool

	// BulkTime is how long bulk requests take: the first half they are queued,
	// the second half in progress. By default 2 minutes; negative is no time.
	BulkTime time.Duration
	// PageSize is the most records of a CCAPI page, by default 1000.
	PageSize int
	// PercentField and AmountField are the fields of a discount record that
	// hold its value, by default "percentage" and "amount".
	PercentField, AmountField string
	// OptionBase is the number of the first option bit in option strings, 0 or 1.
	OptionBase int

	// PartialLines leaves unchanged lines out of the checks that BI answers to
	// changedSinceUTC.
	PartialLines bool
	// BusyEvery makes every n-th getGuestChecks fail with 504; 0 is never.
	BusyEvery int

	// TS1Namespace replaces [Namespace], as some servers do.
	TS1Namespace string
	// TS1Lenient accepts TS1 requests that lack required elements, as ASP.NET
	// does; normally they get a SOAP fault, so that tests notice.
	TS1Lenient bool
	// TS1Declaration puts an XML declaration with encoding utf-16 before the
	// documents inside TS1 answers, as .NET string writers do.
	TS1Declaration bool
	// TS1Keep is how long a property keeps closed checks; 0 is for ever.
	TS1Keep time.Duration

	// InsecureCallbacks accepts subscriptions to any URL, for receivers on loopback.
	InsecureCallbacks bool
	// WebhookKeyID and WebhookKey (base64 of at least 32 bytes) are what
	// [Fake.Subscribe] registers; by default a GUID and a key that are made up.
	WebhookKeyID, WebhookKey string
	// ASCIIDigest signs notifications over text in which every character
	// beyond ASCII is a question mark.
	ASCIIDigest bool
}

// DefaultAccounts are the accounts of a fake that is configured without any.
func DefaultAccounts() []Account {
	return []Account{
		{STS2, "fake-sts2-client", "fake-sts2-user", "fake-sts2-password"},
		{CCAPI, "fake-ccapi-client", "fake-ccapi-user", "fake-ccapi-password"},
		{BI, "fake-bi-client", "fake-bi-user", "fake-bi-password"},
	}
}

// withDefaults validates the configuration, reporting every problem, and fills it in.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"Properties", int64(c.Properties)},
		{"RevenueCenters", int64(c.RevenueCenters)},
		{"Items", int64(c.Items)},
		{"Employee", int64(c.Employee)},
		{"DayStart", int64(c.DayStart)},
		{"TokenLife", int64(c.TokenLife)},
		{"PageSize", int64(c.PageSize)},
		{"BusyEvery", int64(c.BusyEvery)},
		{"TS1Keep", int64(c.TS1Keep)},
	} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("simphonyfake: %s is negative", n.name))
		}
	}
	if c.OptionBase != 0 && c.OptionBase != 1 {
		errs = append(errs, fmt.Errorf("simphonyfake: OptionBase is %d, want 0 or 1", c.OptionBase))
	}
	if c.DayStart >= 24*60 {
		errs = append(errs, fmt.Errorf("simphonyfake: DayStart is %d minutes, a day has 1440", c.DayStart))
	}
	if c.WebhookKey != "" {
		if _, err := decodeKey(c.WebhookKey); err != nil {
			errs = append(errs, fmt.Errorf("simphonyfake: WebhookKey: %w", err))
		}
	}
	if c.Accounts == nil {
		c.Accounts = DefaultAccounts()
	}
	for i, a := range c.Accounts {
		if a.ClientID == "" || a.Username == "" || a.Password == "" || !slices.Contains([]API{STS2, CCAPI, BI}, a.API) {
			errs = append(errs, fmt.Errorf("simphonyfake: Accounts[%d] lacks ClientID, Username, Password or a known API", i))
		}
	}
	c.fill()
	return c, errors.Join(errs...)
}

// fill replaces zero values by their defaults.
func (c *Config) fill() {
	c.Org = strings.ToLower(cmp.Or(c.Org, "farmacy"))
	c.Properties = cmp.Or(c.Properties, 2)
	c.RevenueCenters = cmp.Or(c.RevenueCenters, 1)
	c.Employee = cmp.Or(c.Employee, 90001)
	c.TokenLife = cmp.Or(c.TokenLife, 14*24*time.Hour)
	c.BulkTime = max(cmp.Or(c.BulkTime, 2*time.Minute), 0)
	c.PageSize = cmp.Or(c.PageSize, 1000)
	c.PercentField = cmp.Or(c.PercentField, "percentage")
	c.AmountField = cmp.Or(c.AmountField, "amount")
	c.TS1Namespace = cmp.Or(c.TS1Namespace, Namespace)
	c.TaxBasisPoints = max(cmp.Or(c.TaxBasisPoints, 800), 0)
	c.DayStart = cmp.Or(c.DayStart, 4*60)
	if c.MidnightStart {
		c.DayStart = 0
	}
	if c.RecordID == nil {
		c.RecordID = func(locRef string, guestCheckID, _ int64) string {
			return fmt.Sprintf("bi:%s:%d", locRef, guestCheckID)
		}
	}
}
