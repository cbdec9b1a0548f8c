package quickbooksdesktop

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// What a point of sale is inside a company file.
const (
	ByClass   = "class"   // a class; the default
	BySite    = "site"    // an inventory site (Enterprise with Advanced Inventory)
	ByCompany = "company" // the file as a whole
	ByStore   = "store"   // a store of [PointOfSale], which has no other
)

// Company is the id of the location that stands for the whole company file. In
// the other modes it gets the sales that name no class or site.
const Company = "company"

// Config is one company file.
type Config struct {
	// Account names the company file in cursors, store keys and descriptions.
	// Required.
	Account string `json:"account"`
	// Product is the program behind the Web Connector, [Desktop] or
	// [PointOfSale]; empty means Desktop.
	Product string `json:"product,omitempty"`
	// UserName is what the Web Connector signs in with, PasswordHash the result
	// of [HashPassword] for the password that the user types there. Required.
	UserName     string `json:"user_name"`
	PasswordHash string `json:"password_hash"`
	// OwnerID identifies Farmacy's application and FileID this company file;
	// both are GUIDs in braces, see [NewFileID]. Required.
	OwnerID string `json:"owner_id"`
	FileID  string `json:"file_id"`
	// TimeZone is the IANA zone of the computer that runs QuickBooks. Required.
	TimeZone string `json:"time_zone"`
	// Currency is the home currency of the file; empty means USD.
	Currency pos.Currency `json:"currency,omitempty"`
	// Location says what a point of sale is; empty means [ByClass], or
	// [ByStore] for [PointOfSale].
	Location string `json:"location,omitempty"`
	// NonStock writes meals as items that are not counted.
	NonStock bool `json:"non_stock,omitempty"`
	// Accounts are the names of ledger accounts for new items.
	Accounts Accounts `json:"accounts,omitzero"`
	// Department is the ListID of the department of new items in [PointOfSale],
	// which every item needs there. Empty: nothing is written.
	Department string `json:"department,omitempty"`
	// TaxCode and NonTaxCode are the sales tax codes of taxed and exempt meals;
	// empty means "Tax" and "Non".
	TaxCode    string `json:"tax_code,omitempty"`
	NonTaxCode string `json:"non_tax_code,omitempty"`
	// Adopt names SKUs of items that are Farmacy's although no push created them.
	Adopt []string `json:"adopt,omitempty"`
	// LedgerCoupons keeps a discount item for each coupon, so that what systems
	// that enforce the coupon gave can be booked on it and purchases tell its
	// code. QuickBooks itself enforces nothing. DiscountAccount is the name of the
	// ledger account of these items.
	LedgerCoupons   bool   `json:"ledger_coupons,omitempty"`
	DiscountAccount string `json:"discount_account,omitempty"`
	// Invoices reads invoices as sales, too: pending until they are paid.
	Invoices bool `json:"invoices,omitempty"`
	// LateBy is how much later the receipts of other stores may reach the
	// computer of [PointOfSale] that the Web Connector runs on: as far back every
	// run asks again. At most 3 days.
	LateBy time.Duration `json:"late_by_ns,omitempty"`
	// Interval is how often the Web Connector runs; 0 means 5 minutes.
	Interval time.Duration `json:"interval_ns,omitempty"`
	// Keep is how long sales are kept for reading, and how far back the first
	// run asks; 0 means 90 days.
	Keep time.Duration `json:"keep_ns,omitempty"`
}

// Accounts are names of ledger accounts. Empty ones mean "Sales", "Cost of
// Goods Sold" and "Inventory Asset".
type Accounts struct {
	Income string `json:"income,omitempty"`
	COGS   string `json:"cogs,omitempty"`
	Asset  string `json:"asset,omitempty"`
}

// Provider is a company file. It implements [pos.Provider], and [Provider.Handler]
// is the service that its Web Connector calls.
type Provider struct {
	cfg    Config
	opts   *kit.Options
	zone   *time.Location
	gate   *gate
	turn   sync.Mutex // one change of the stored documents at a time
	held   map[string]held
	items  catalogueCache
	speaks dialect
}

var _ pos.Provider = (*Provider)(nil)

// New checks the configuration, reports every problem at once, and does no
// I/O. Give it a store that lasts: it holds the queue and everything read.
func New(cfg Config, opts *kit.Options) (*Provider, error) {
	cfg.Currency = cmp.Or(cfg.Currency, "USD")
	cfg.Product = cmp.Or(cfg.Product, Desktop)
	ps := cfg.checkProduct()
	cfg.Location = cmp.Or(cfg.Location, cfg.defaultLocation())
	cfg.Accounts.Income = cmp.Or(cfg.Accounts.Income, "Sales")
	cfg.Accounts.COGS = cmp.Or(cfg.Accounts.COGS, "Cost of Goods Sold")
	cfg.Accounts.Asset = cmp.Or(cfg.Accounts.Asset, "Inventory Asset")
	cfg.TaxCode = cmp.Or(cfg.TaxCode, "Tax")
	cfg.NonTaxCode = cmp.Or(cfg.NonTaxCode, "Non")
	cfg.Interval = cmp.Or(cfg.Interval, 5*time.Minute)
	cfg.Keep = cmp.Or(cfg.Keep, 90*24*time.Hour)
	cfg.Adopt = slices.Clone(cfg.Adopt)
	zone, zoneErr := pos.Zone(cfg.TimeZone)
	hash, hashErr := parseHash(cfg.PasswordHash)
	if ps = append(ps, cfg.check(zoneErr, hashErr)...); len(ps) > 0 {
		return nil, &pos.Error{Vendor: Vendor, Op: "New", Kind: pos.KindInvalid, Err: ps}
	}
	p := &Provider{cfg: cfg, opts: opts.Resolve(), zone: zone, gate: newGate(cfg.UserName, hash), held: make(map[string]held)}
	p.speaks = desktop{p}
	if cfg.Product == PointOfSale {
		p.speaks = retail{p}
	}
	return p, nil
}

func (c *Config) check(zoneErr, hashErr error) pos.Problems {
	var ps pos.Problems
	require := func(ok bool, field, reason string) {
		if !ok {
			ps = append(ps, pos.Problem{Field: field, Reason: reason})
		}
	}
	require(c.Account != "", "account", "is required")
	require(c.UserName != "", "user_name", "is required")
	require(hashErr == nil, "password_hash", "is required, as HashPassword returns it")
	require(isGUID(c.OwnerID), "owner_id", "must be a GUID in braces")
	require(isGUID(c.FileID), "file_id", "must be a GUID in braces")
	require(c.TimeZone != "" && zoneErr == nil, "time_zone", "must be an IANA zone")
	require(c.Currency.Valid(), "currency", "must be an ISO 4217 code")
	require(len(c.TaxCode) <= 3, "tax_code", "has more than 3 characters")
	require(len(c.NonTaxCode) <= 3, "non_tax_code", "has more than 3 characters")
	require(c.Interval >= time.Second && c.Interval <= 24*time.Hour, "interval_ns", "must be between 1 second and 1 day")
	require(c.Keep >= 24*time.Hour, "keep_ns", "must be at least a day")
	require(!c.NonStock || c.Location != BySite, "non_stock", "sites count stock: use class or company")
	return ps
}

// Describe implements [pos.Provider].
func (p *Provider) Describe() pos.Description {
	return pos.Description{Vendor: Vendor, Product: p.speaks.traits().product, Account: p.cfg.Account, Capabilities: p.capabilities()}
}

func (p *Provider) capabilities() pos.Capabilities { return p.speaks.capabilities() }

func (d desktop) capabilities() pos.Capabilities {
	partial := func(why string) pos.Support { return pos.Support{Level: pos.Partial, Why: why} }
	none := func(why, nearest string) pos.Support { return pos.Support{Level: pos.None, Why: why, Nearest: nearest} }
	c := pos.Capabilities{
		Deferred: true,
		Menu: pos.MenuCaps{
			Support: partial("an item has one price and one availability for the whole company file"),
			Fields:  []string{"GTIN", "TaxExempt"}, BatchSize: writeBatch,
		},
		Coupons:   d.cfg.couponCaps(),
		Status:    pos.StatusCaps{Support: partial("only when the Web Connector of the company file called last"), Online: true, Interval: d.cfg.Interval},
		Inventory: pos.InventoryCaps{Support: pos.Support{Level: pos.Full}, Counts: true, Committed: true, PerLocation: true},
		Purchases: pos.PurchaseCaps{
			Support: partial("sales reach QuickBooks only if staff or a connector book them"),
			Refunds: true, Pending: true, Voids: true, History: d.cfg.Keep,
			DayTotals: none("what is booked is all that the company file knows", "the till's own totals"),
		},
		Webhooks: pos.WebhookCaps{Support: none("QuickBooks Desktop sends none", "the Web Connector's schedule")},
	}
	if d.cfg.Location != BySite {
		c.Inventory.PerLocation = false
		c.Inventory.Support = partial("one count for the whole company file; rows name the location \"" + Company + "\"")
	}
	if d.cfg.NonStock {
		c.Inventory = pos.InventoryCaps{Support: none("items are written as non-stock, which QuickBooks does not count", "non_stock off")}
	}
	return c
}

// Locations implements [pos.Provider]: what the last run of the Web Connector
// read, ordered by id.
func (p *Provider) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	places, err := p.places(ctx, "Locations")
	if err != nil {
		return pos.LocationPage{}, err
	}
	from, to, next, more, err := p.slice("locations", q.After, q.Limit, len(places), 0)
	if err != nil {
		return pos.LocationPage{}, err
	}
	page := pos.LocationPage{Next: next, More: more}
	for _, pl := range places[from:to] {
		page.Locations = append(page.Locations, pos.Location{
			ID: pl.ID, Name: pl.Name, Kind: pos.KindCounter, Closed: pl.Closed,
			TimeZone: p.cfg.TimeZone, Currency: p.cfg.Currency,
		})
	}
	return page, nil
}

// places returns the points of sale by id.
func (p *Provider) places(ctx context.Context, op string) ([]place, error) {
	if err := ctx.Err(); err != nil {
		return nil, located(op, err)
	}
	if p.cfg.Location == ByCompany {
		return []place{{ID: Company, Name: p.cfg.Account}}, nil
	}
	var doc placesDoc
	if _, err := p.load(ctx, docPlaces, &doc); err != nil {
		return nil, located(op, err)
	}
	if doc.Read.IsZero() {
		return nil, p.never(op)
	}
	return doc.Places, nil
}

// never is the error of a read before the Web Connector's first run.
func (p *Provider) never(op string) error {
	return &pos.Error{Vendor: Vendor, Op: op, Kind: pos.KindUnavailable, RetryAfter: p.cfg.Interval, Err: errNeverRead}
}

// listState is the position in a list: the generation it belongs to and how
// many entries were delivered.
type listState struct {
	Gen int64 `json:"gen,omitempty"`
	At  int   `json:"at"`
}

// slice cuts a page out of a list of n entries. A list that was read anew
// meanwhile starts over.
func (p *Provider) slice(job string, after pos.Cursor, limit, n int, gen int64) (from, to int, next pos.Cursor, more bool, err error) {
	var at listState
	if after != "" {
		if err := kit.DecodeCursor(p.scope(job), after, &at); err != nil {
			return 0, 0, "", false, err
		}
	}
	if at.Gen == gen {
		from = min(max(at.At, 0), n)
	}
	to = n
	if limit > 0 {
		to = min(n, from+limit)
	}
	if to < n {
		more = true
		next, err = kit.EncodeCursor(p.scope(job), listState{gen, to})
	}
	return from, to, next, more, err
}

func (p *Provider) scope(job string, locations ...string) string {
	scope := p.speaks.traits().family + "/" + p.cfg.Account + "/" + job
	if len(locations) > 0 {
		sorted := slices.Sorted(slices.Values(locations))
		scope += "/" + kit.Key(slices.Compact(sorted)...)
	}
	return scope
}

// wanted returns the asked places, or all that are open; asked ones that do
// not exist are an error.
func (p *Provider) wanted(ctx context.Context, op string, asked []string) ([]place, error) {
	all, err := p.places(ctx, op)
	if err != nil {
		return nil, err
	}
	if len(asked) == 0 {
		return slices.DeleteFunc(slices.Clone(all), func(pl place) bool { return pl.Closed }), nil
	}
	var out []place
	for _, id := range slices.Compact(slices.Sorted(slices.Values(asked))) {
		i, found := slices.BinarySearchFunc(all, id, func(pl place, id string) int { return strings.Compare(pl.ID, id) })
		if !found {
			return nil, &pos.Error{Vendor: Vendor, Op: op, Location: id, Kind: pos.KindNotFound, Err: fmt.Errorf("the company file has no such %s", p.cfg.Location)}
		}
		out = append(out, all[i])
	}
	return out, nil
}
