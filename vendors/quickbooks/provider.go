package quickbooks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// MinorVersion is the version of the Accounting API that every request names.
// Intuit ignores lower ones since August 2025.
const MinorVersion = "75"

const vendor = "quickbooks"

// The two environments. Keys, companies and tokens of one mean nothing in the
// other.
const (
	Production = "production"
	Sandbox    = "sandbox"
)

var baseURLs = map[string]string{
	Production: "https://quickbooks.api.intuit.com",
	Sandbox:    "https://sandbox-quickbooks.api.intuit.com",
}

// What stands for a point of sale.
const (
	ByDepartment = "department" // QuickBooks shows departments as locations
	ByClass      = "class"
	ByCompany    = "company" // the company is the only one
)

// Config is one company in QuickBooks Online.
type Config struct {
	// Realm is Intuit's id of the company: digits. Required.
	Realm string `json:"realm"`
	// Environment is "production" or "sandbox"; empty means production.
	Environment string `json:"environment,omitempty"`
	// BaseURL replaces all addresses of the environment, for tests.
	BaseURL string `json:"base_url,omitempty"`
	// OAuth is the application that acts for the company. Required.
	OAuth *OAuth `json:"oauth"`
	// Locations says what a point of sale is: "department", "class" or
	// "company"; empty means department. A company without departments is its
	// own single location.
	Locations string `json:"locations,omitempty"`
	// Country is that of the company, ISO 3166 alpha-2; empty means US.
	Country string `json:"country,omitempty"`
	// Currency is the home currency. Required outside the US, where it is USD.
	Currency pos.Currency `json:"currency,omitempty"`
	// TimeZone is the company's IANA zone; empty means the one that QuickBooks
	// has for it.
	TimeZone string `json:"time_zone,omitempty"`
	// Owner marks what Farmacy owns among the company's items: 1 to 32 letters,
	// digits, '-' or '_'; empty means "farmacy". Everything else is left alone.
	Owner string `json:"owner,omitempty"`
	// IncomeAccount and ExpenseAccount are the ids of the accounts that new
	// items book their sales and purchases to. Menus need both.
	IncomeAccount  string `json:"income_account,omitempty"`
	ExpenseAccount string `json:"expense_account,omitempty"`
	// AssetAccount, where set, makes QuickBooks count the stock of new items,
	// beginning with zero. It needs a Plus or Advanced subscription.
	AssetAccount string `json:"asset_account,omitempty"`
	// LedgerCoupons keeps an item for each coupon, so that systems that enforce
	// the coupon can book it and purchases tell its code. QuickBooks itself
	// enforces nothing. DiscountAccount is the account of these items.
	LedgerCoupons   bool   `json:"ledger_coupons,omitempty"`
	DiscountAccount string `json:"discount_account,omitempty"`
	// TipItems are the ids of items that book tips.
	TipItems []string `json:"tip_items,omitempty"`
	// SummaryNotes are beginnings of the private notes by which connectors mark
	// a receipt that sums up a day.
	SummaryNotes []string `json:"summary_notes,omitempty"`
}

const defaultOwner = "farmacy"

// Rates of a company. QuickBooks allows an application 10 requests a second,
// 500 a minute, and 40 batches a minute.
const (
	perSecond, burst         = 8, 2
	inFlight                 = 8
	batchesPerSecond         = 0.5
	batchBurst               = 10
	throttlePause            = time.Minute
	maxBatch, maxPage, maxIn = 30, 1000, 100
)

// Provider speaks for one company in QuickBooks Online. It implements
// [pos.Provider] and is safe for concurrent use.
type Provider struct {
	cfg      Config
	client   *kit.Client
	tokens   *kit.TokenSource
	opts     *kit.Options
	batches  *rate.Limiter
	feed     kit.Feed
	company  companyCache
	names    nameCache
	items    itemCache
	deleted  confirmed
	writes   chan struct{} // held while items are written: pushes read before they write
	describe pos.Description
}

var _ pos.Provider = (*Provider)(nil)

// New checks the whole configuration and makes a provider. It does no I/O.
func New(cfg Config, opts *kit.Options) (*Provider, error) {
	cfg.defaults()
	if ps := cfg.problems(); len(ps) > 0 {
		return nil, fail("New", pos.KindInvalid, ps)
	}
	o := opts.Resolve()
	p := &Provider{cfg: cfg, opts: o, batches: rate.NewLimiter(batchesPerSecond, batchBurst), writes: make(chan struct{}, 1)}
	auth, err := oauthClient(&cfg, o)
	if err != nil {
		return nil, err
	}
	if p.tokens, err = tokenSource(&cfg, auth, o); err != nil {
		return nil, err
	}
	p.client, err = kit.NewClient(kit.ClientConfig{
		Vendor:          vendor,
		BaseURL:         strings.TrimSuffix(cfg.BaseURL, "/") + "/v3/company/" + cfg.Realm,
		Header:          acceptJSON(),
		Auth:            p.tokens,
		Budget:          kit.NewBudget(perSecond, burst).Parallel(inFlight),
		Classify:        classify,
		RequestIDHeader: tidHeader,
	}, o)
	if err != nil {
		return nil, err
	}
	p.feed = p.newFeed()
	p.items.mark = p.couponMark("")
	p.describe = pos.Description{Vendor: vendor, Product: "QuickBooks Online", Account: cfg.Realm, Capabilities: cfg.capabilities()}
	return p, nil
}

func (c *Config) defaults() {
	if c.Environment == "" {
		c.Environment = Production
	}
	if c.BaseURL == "" {
		c.BaseURL = baseURLs[c.Environment]
	}
	if c.Locations == "" {
		c.Locations = ByDepartment
	}
	if c.Country == "" {
		c.Country = "US"
	}
	if c.Currency == "" && c.Country == "US" {
		c.Currency = "USD"
	}
	if c.Owner == "" {
		c.Owner = defaultOwner
	}
}

func (c *Config) problems() pos.Problems {
	var ps pos.Problems
	check := func(ok bool, field, reason string) {
		if !ok {
			ps = append(ps, pos.Problem{Field: field, Reason: reason})
		}
	}
	check(isDigits(c.Realm) && len(c.Realm) <= 32, "Realm", "must be Intuit's id of the company: digits")
	check(baseURLs[c.Environment] != "", "Environment", `is neither "production" nor "sandbox"`)
	check(c.BaseURL == "" || kit.ValidBaseURL(c.BaseURL), "BaseURL", kit.BaseURLRule)
	check(c.Locations == ByDepartment || c.Locations == ByClass || c.Locations == ByCompany, "Locations", `is neither "department", "class" nor "company"`)
	check(len(c.Country) == 2 && strings.ToUpper(c.Country) == c.Country, "Country", "must be an ISO 3166 code of two capital letters")
	check(c.Currency.Valid(), "Currency", "must be the ISO 4217 code of the home currency")
	check(validName(c.Owner, 32), "Owner", "must be 1 to 32 letters, digits, '-' or '_'")
	check((c.IncomeAccount == "") == (c.ExpenseAccount == ""), "ExpenseAccount", "is needed with IncomeAccount, and the other way round")
	check(!c.LedgerCoupons || c.DiscountAccount != "" && c.ExpenseAccount != "", "LedgerCoupons", "needs DiscountAccount and ExpenseAccount")
	if c.TimeZone != "" {
		_, err := pos.Zone(c.TimeZone)
		check(err == nil, "TimeZone", "is no IANA zone")
	}
	for _, note := range c.SummaryNotes {
		check(note != "", "SummaryNotes", "holds an empty text")
	}
	return append(ps, c.OAuth.problems()...)
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func validName(s string, most int) bool {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	return s != "" && len(s) <= most && strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0
}

// Describe implements [pos.Provider].
func (p *Provider) Describe() pos.Description { return p.describe }

const (
	whyOnePrice = "QuickBooks Online has one price and one active flag per company"
	whyLedger   = "QuickBooks Online is a ledger: it has no coupons, and no till reads any from it"
)

// capabilities follow from the configuration.
func (c *Config) capabilities() pos.Capabilities {
	return pos.Capabilities{
		Menu:    c.menuCaps(),
		Coupons: c.couponCaps(),
		Status: pos.StatusCaps{
			Support:  pos.Support{Level: pos.Partial, Why: "only which points of sale are deactivated: a ledger does not know whether a till is online", Nearest: "the time of the last purchase"},
			Open:     true,
			Interval: time.Hour,
		},
		Inventory: pos.InventoryCaps{
			Support: pos.Support{Level: pos.Partial, Why: "one count per item for the whole company, with the company as location", Nearest: "count each point of sale apart"},
			Counts:  true,
		},
		Purchases: pos.PurchaseCaps{
			Support:   pos.Support{Level: pos.Partial, Why: "sales as somebody books them: dated by day, with one tender, after an unknown delay", Nearest: "the till that sold"},
			Records:   true,
			Refunds:   true,
			Tips:      len(c.TipItems) > 0,
			Pending:   true,
			Voids:     true,
			DayTotals: pos.Support{Level: pos.None, Why: "transactions are counted for the whole company, not for a point of sale", Nearest: "the till's own totals"},
		},
		Webhooks: pos.WebhookCaps{
			Support: pos.Support{Level: pos.Full},
			Jobs:    []pos.Job{pos.JobMenu, pos.JobStatus, pos.JobPurchases},
		},
	}
}

func (c *Config) menuCaps() pos.MenuCaps {
	if c.IncomeAccount == "" {
		return pos.MenuCaps{Support: pos.Support{Level: pos.None, Why: "no accounts for new items are configured", Nearest: "set IncomeAccount and ExpenseAccount"}}
	}
	caps := pos.MenuCaps{
		Support:   pos.Support{Level: pos.Partial, Why: whyOnePrice, Nearest: "push to all locations, without overrides"},
		Fields:    []string{"Description", "Category"},
		BatchSize: maxBatch,
	}
	if c.Country == "US" {
		caps.Fields = append(caps.Fields, "TaxExempt")
	}
	return caps
}

func (c *Config) couponCaps() pos.CouponCaps {
	if !c.LedgerCoupons {
		return pos.CouponCaps{Support: pos.Support{Level: pos.None, Why: whyLedger, Nearest: "LedgerCoupons keeps an item for each, to book what other systems gave"}}
	}
	return pos.CouponCaps{
		Support:     pos.Support{Level: pos.Partial, Why: "an item to book the coupon on; nothing is enforced at the till", Nearest: "push the coupon to the system that sells as well"},
		Percent:     true,
		Amount:      true,
		WholeBasket: true,
		MaxCodes:    1,
	}
}

// ready refuses a job that the capabilities exclude.
func (p *Provider) ready(op string, job pos.Job) error {
	if s := p.describe.Capabilities.Job(job); !s.OK() {
		return pos.Unsupported(vendor, op, s.Why, s.Nearest)
	}
	return nil
}

// lock waits for the turn to write items.
func (p *Provider) lock(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return ended(op, err)
	}
	select {
	case p.writes <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ended(op, ctx.Err())
	}
}

func (p *Provider) unlock() { <-p.writes }

// ended is the error of a call whose context ended while it waited.
func ended(op string, err error) error {
	kind := pos.KindUnknown
	if errors.Is(err, context.DeadlineExceeded) {
		kind = pos.KindUnavailable
	}
	return fail(op, kind, fmt.Errorf("not begun: %w", err))
}

// scope keeps cursors of one job from being used for another.
func (p *Provider) scope(job string) string { return vendor + "/" + p.cfg.Realm + "/" + job }
