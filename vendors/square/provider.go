package square

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// APIVersion is the version of Square's API that every request names. Square
// keeps a dated version alive for at least twelve months after it is
// superseded; [APIVersionCheckBy] is when a newer one should be in use.
const APIVersion = "2026-09-16"

// APIVersionCheckBy is the day until which [APIVersion] is certain to work.
const APIVersionCheckBy pos.Date = "2027-09-16"

const vendor = "square"

// The two environments. Tokens, ids and subscriptions of one mean nothing in
// the other.
const (
	Production = "production"
	Sandbox    = "sandbox"
)

var baseURLs = map[string]string{
	Production: "https://connect.squareup.com",
	Sandbox:    "https://connect.squareupsandbox.com",
}

// Config is one seller (merchant) at Square. Exactly one of AccessToken and
// OAuth is needed.
type Config struct {
	// Account identifies the seller: Square's merchant id, or a name of the
	// host's choice of 1 to 64 letters, digits, '-' or '_'. Required.
	Account string `json:"account"`
	// Environment is "production" or "sandbox"; empty means production.
	Environment string `json:"environment,omitempty"`
	// BaseURL replaces the address of the environment, for tests.
	BaseURL string `json:"base_url,omitempty"`
	// AccessToken is a token that is not refreshed: the seller's own.
	AccessToken pos.Secret `json:"access_token,omitzero"`
	// OAuth refreshes the tokens of an application that acts for the seller.
	OAuth *OAuth `json:"oauth,omitempty"`
	// Scopes are the permissions that the token has, as [Provider.Token] tells
	// them. Jobs whose permission is not among them are declared unsupported.
	// Empty means all of [Scopes].
	Scopes []string `json:"scopes,omitempty"`
	// Owner marks what Farmacy owns in the seller's catalogue: 1 to 32 letters,
	// digits, '-' or '_'; empty means "farmacy". Everything else is left alone.
	Owner string `json:"owner,omitempty"`
	// RequestsPerSecond is the rate for this seller; 0 means 5. Square
	// publishes no limits.
	RequestsPerSecond int `json:"requests_per_second,omitempty"`
	// FoodItems makes new items of Square's type FOOD_AND_BEV, which show
	// calories, allergens and diets. Square's documentation contradicts itself
	// on whether applications may create this type: try it in the sandbox.
	FoodItems bool `json:"food_items,omitempty"`
	// TrackStock makes Square count the stock of new items. It then takes an
	// item off sale when its count reaches zero.
	TrackStock bool `json:"track_stock,omitempty"`
	// TaxIDs are catalogue ids of the taxes that new items get unless they are
	// exempt.
	TaxIDs []string `json:"tax_ids,omitempty"`
	// AmountCoupons allows coupons with an amount off. Square does not say
	// whether a pricing rule takes an amount off once per basket, as a coupon
	// means it, or once per matched item: check it on a till first.
	AmountCoupons bool `json:"amount_coupons,omitempty"`
	// SkipOfflineTimes saves the call for each location with new card sales
	// that reads their payments. OccurredAt of an offline sale is then the time
	// of its upload, up to three days later, and no sale has a Device or a
	// Receipt.
	SkipOfflineTimes bool `json:"skip_offline_times,omitempty"`
	// DeviceStaleAfter is how old a device's report may be; 0 means 1 hour.
	DeviceStaleAfter time.Duration `json:"device_stale_after_ns,omitempty"`
}

const (
	defaultOwner      = "farmacy"
	defaultRate       = 5
	defaultStaleAfter = time.Hour
	maxOrderLocations = 10
)

// Provider speaks for one seller at Square. It implements [pos.Provider] and
// is safe for concurrent use.
type Provider struct {
	cfg        Config
	client     *kit.Client
	tokens     *kit.TokenSource // nil with a fixed token
	feed       *kit.Feed
	places     places
	catalog    catalogCache
	limitsTold limitsCache
	paid       paymentCache
	writes     chan struct{} // held while the catalogue is written: one at a time per seller
	describe   pos.Description
}

var _ pos.Provider = (*Provider)(nil)

// New checks the whole configuration and makes a provider. It does no I/O.
func New(cfg Config, opts *kit.Options) (*Provider, error) {
	cfg.defaults()
	if ps := cfg.problems(); len(ps) > 0 {
		return nil, fail("New", pos.KindInvalid, ps)
	}
	o := opts.Resolve()
	p := &Provider{cfg: cfg, writes: make(chan struct{}, 1), limitsTold: limitsCache{turns: make(chan struct{}, 1)}}
	auth, err := p.authorizer(o)
	if err != nil {
		return nil, err
	}
	p.client, err = kit.NewClient(kit.ClientConfig{
		Vendor:   vendor,
		BaseURL:  cfg.BaseURL,
		Header:   versionHeader(),
		Auth:     auth,
		Budget:   kit.NewBudget(rate.Limit(cfg.RequestsPerSecond), 2*cfg.RequestsPerSecond),
		Classify: classify,
	}, o)
	if err != nil {
		return nil, err
	}
	p.feed = p.newFeed()
	p.describe = pos.Description{Vendor: vendor, Product: "Square", Account: cfg.Account, Capabilities: cfg.capabilities()}
	return p, nil
}

func versionHeader() http.Header { return http.Header{"Square-Version": {APIVersion}} }

func (c *Config) defaults() {
	if c.Environment == "" {
		c.Environment = Production
	}
	if c.BaseURL == "" {
		c.BaseURL = baseURLs[c.Environment]
	}
	if c.Owner == "" {
		c.Owner = defaultOwner
	}
	if c.RequestsPerSecond == 0 {
		c.RequestsPerSecond = defaultRate
	}
	if c.DeviceStaleAfter == 0 {
		c.DeviceStaleAfter = defaultStaleAfter
	}
	if len(c.Scopes) == 0 {
		c.Scopes = Scopes()
	}
}

func (c *Config) problems() pos.Problems {
	var ps pos.Problems
	check := func(ok bool, field, reason string) {
		if !ok {
			ps = append(ps, pos.Problem{Field: field, Reason: reason})
		}
	}
	check(validName(c.Account, 64), "Account", "must be 1 to 64 letters, digits, '-' or '_'")
	check(baseURLs[c.Environment] != "", "Environment", `is neither "production" nor "sandbox"`)
	check(c.BaseURL == "" || kit.ValidBaseURL(c.BaseURL), "BaseURL", kit.BaseURLRule)
	check(c.AccessToken.IsZero() == (c.OAuth != nil), "AccessToken", "exactly one of AccessToken and OAuth is needed")
	check(validName(c.Owner, 32), "Owner", "must be 1 to 32 letters, digits, '-' or '_'")
	check(c.RequestsPerSecond > 0, "RequestsPerSecond", "is negative")
	check(c.DeviceStaleAfter > 0, "DeviceStaleAfter", "is negative")
	check(!slices.Contains(c.TaxIDs, ""), "TaxIDs", "holds an empty id")
	if c.OAuth != nil {
		ps = append(ps, c.OAuth.problems()...)
	}
	return ps
}

func validName(s string, most int) bool {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	return s != "" && len(s) <= most && strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0
}

// Describe implements [pos.Provider].
func (p *Provider) Describe() pos.Description { return p.describe }

// capabilities follow from the configuration and the permissions.
func (c *Config) capabilities() pos.Capabilities {
	caps := pos.Capabilities{
		Menu: pos.MenuCaps{
			Support:              c.support(pos.Full, "", scopeItemsRead, scopeItemsWrite, scopeLocations),
			LocationPrice:        true,
			LocationAvailability: true,
			Fields:               []string{"Description", "Category", "GTIN", "TaxExempt"},
			BatchSize:            maxRequestObjects / 2,
		},
		Coupons: pos.CouponCaps{
			Support:       c.support(pos.Partial, "no coupon codes and no limits on use", scopeItemsRead, scopeItemsWrite, scopeLocations),
			Percent:       true,
			Amount:        c.AmountCoupons,
			WholeBasket:   true,
			SKUScope:      true,
			CategoryScope: true,
			Automatic:     true,
			MaxDiscount:   true,
			MinSubtotal:   true,
			Schedule:      true,
			LocationScope: true,
			LocalTime:     true,
		},
		Status: pos.StatusCaps{
			Support:  c.support(pos.Partial, "only terminals and handhelds report whether they are online", scopeLocations),
			Online:   c.has(scopeDevices),
			Open:     true,
			Devices:  c.has(scopeDevices),
			Interval: 5 * time.Minute,
		},
		Inventory: pos.InventoryCaps{
			Support:     c.support(pos.Full, "", scopeInventory, scopeItemsRead),
			Counts:      true,
			Changes:     true,
			PerLocation: true,
		},
		Purchases: pos.PurchaseCaps{
			Support:      c.support(pos.Full, "", c.purchaseScopes()...),
			MaxLocations: maxOrderLocations,
			Records:      true,
			Refunds:      true,
			Tips:         true,
			Pending:      true,
			Voids:        true,
			LateBy:       offlineLimit,
			SettleTime:   recheckFor,
			DayTotals:    pos.Support{Level: pos.None, Why: "no interface tells the totals of a location by day", Nearest: "the dashboard's sales summary"},
		},
		Webhooks: pos.WebhookCaps{
			Support: pos.Support{Level: pos.Full},
			Jobs:    []pos.Job{pos.JobMenu, pos.JobStatus, pos.JobInventory, pos.JobPurchases, pos.JobAccount},
		},
	}
	if c.FoodItems {
		caps.Menu.Fields = append(caps.Menu.Fields, "Calories", "Allergens", "Diets")
	}
	return caps
}

func (c *Config) purchaseScopes() []string {
	scopes := []string{scopeOrders, scopeItemsRead, scopeLocations}
	if !c.SkipOfflineTimes {
		scopes = append(scopes, scopePayments)
	}
	return scopes
}

func (c *Config) has(scope string) bool { return slices.Contains(c.Scopes, scope) }

// support is the level of a job if the permissions are there.
func (c *Config) support(level pos.SupportLevel, why string, scopes ...string) pos.Support {
	missing := slices.DeleteFunc(slices.Clone(scopes), c.has)
	if len(missing) > 0 {
		return pos.Support{
			Level:   pos.None,
			Why:     "the authorization lacks " + strings.Join(missing, ", "),
			Nearest: "authorize again with these permissions",
		}
	}
	return pos.Support{Level: level, Why: why}
}

// ready refuses a job that the capabilities exclude.
func (p *Provider) ready(op string, job pos.Job) error {
	if s := p.describe.Capabilities.Job(job); !s.OK() {
		return pos.Unsupported(vendor, op, s.Why, s.Nearest)
	}
	return nil
}

// lock waits for the turn to write to the catalogue: Square takes one write
// at a time per seller.
func (p *Provider) lock(ctx context.Context, op string) error {
	select {
	case p.writes <- struct{}{}:
		return nil
	case <-ctx.Done():
		kind := pos.KindUnknown
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			kind = pos.KindUnavailable
		}
		return fail(op, kind, fmt.Errorf("waiting for another push: %w", ctx.Err()))
	}
}

func (p *Provider) unlock() { <-p.writes }
