// Package snackbox connects Snackbox tills, an invented point of sale, to the
// SDK. It is written as a host would write it in a repository of its own:
// everything it imports is public.
package snackbox

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

const vendor = "snackbox"

// Config is what one Snackbox account needs.
type Config struct {
	Account string     `json:"account"`
	BaseURL string     `json:"base_url"`
	APIKey  pos.Secret `json:"api_key"`
	// Owner marks our items among those of the landlord; "" means "farmacy".
	Owner string `json:"owner,omitempty"`
}

// Provider is one Snackbox account.
type Provider struct {
	cfg    Config
	client *kit.Client
	feed   *kit.Feed
}

var _ pos.Provider = (*Provider)(nil)

// New checks the configuration. It sends nothing.
func New(cfg Config, opts *kit.Options) (*Provider, error) {
	if cfg.APIKey.IsZero() {
		return nil, &pos.Error{Vendor: vendor, Op: "New", Kind: pos.KindInvalid, Err: errors.New("APIKey is missing")}
	}
	if cfg.Owner == "" {
		cfg.Owner = "farmacy"
	}
	client, err := kit.NewClient(kit.ClientConfig{
		Vendor: vendor, BaseURL: cfg.BaseURL, Auth: kit.HeaderAuth("X-Api-Key", cfg.APIKey),
		Budget: kit.NewBudget(20, 20), Classify: classify,
	}, opts)
	if err != nil {
		return nil, err
	}
	p := &Provider{cfg: cfg, client: client}
	p.feed = &kit.Feed{
		Vendor: vendor, Account: cfg.Account, Overlap: 15 * time.Minute, Lag: 10 * time.Second, Now: client.Now,
		Read: p.readSales, Fetch: p.fetchSales, Recheck: time.Hour, RecheckFor: 7 * 24 * time.Hour,
	}
	return p, nil
}

// Describe implements [pos.Provider].
func (p *Provider) Describe() pos.Description {
	return pos.Description{Vendor: vendor, Product: "Snackbox", Account: p.cfg.Account, Capabilities: pos.Capabilities{
		Menu:      pos.MenuCaps{Support: pos.Support{Level: pos.Partial, Why: "one menu for all tills of an account"}, BatchSize: 1},
		Coupons:   pos.CouponCaps{Support: pos.Support{Level: pos.None, Why: "the system has no discounts", Nearest: "push lower prices"}},
		Status:    pos.StatusCaps{Support: pos.Support{Level: pos.Full}, Online: true, Interval: time.Minute},
		Inventory: pos.InventoryCaps{Support: pos.Support{Level: pos.Full}, Counts: true, PerLocation: true},
		Purchases: pos.PurchaseCaps{
			Support: pos.Support{Level: pos.Full}, Records: true, Refunds: true, Tips: true, Pending: true, Voids: true,
			LateBy: 72 * time.Hour, SettleTime: 15 * time.Minute,
		},
		Webhooks: pos.WebhookCaps{Support: pos.Support{Level: pos.None, Why: "the system sends no notices", Nearest: "poll"}},
	}}
}

// classify adds Snackbox's own error code.
func classify(f *kit.Failure) {
	var body struct {
		Code string `json:"code"`
	}
	if kit.Unmarshal(f.Body, &body) == nil {
		f.Error.Code = body.Code
	}
}

// get reads one resource.
func (p *Provider) get(ctx context.Context, op, path string, out any) error {
	_, err := p.client.JSON(ctx, kit.Request{Op: op, Method: http.MethodGet, Path: path}, nil, out)
	return err
}

type wireTill struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	TimeZone string    `json:"time_zone"`
	SeenAt   time.Time `json:"seen_at"`
	Closed   bool      `json:"closed"`
}

// tills lists the account's tills, or those that were asked for.
func (p *Provider) tills(ctx context.Context, asked []string) ([]wireTill, error) {
	var tills []wireTill
	if err := p.get(ctx, "ListTills", "/v1/tills", &tills); err != nil {
		return nil, err
	}
	if len(asked) == 0 {
		return tills, nil
	}
	return slices.DeleteFunc(tills, func(t wireTill) bool { return !slices.Contains(asked, t.ID) }), nil
}

func (t wireTill) location() pos.Location {
	return pos.Location{ID: t.ID, Name: t.Name, Kind: pos.KindKiosk, Closed: t.Closed, TimeZone: t.TimeZone, Currency: "USD"}
}

// onePage refuses cursors: these lists come as one page, so none is ours.
func onePage(op string, after pos.Cursor) error {
	if after == "" {
		return nil
	}
	return &pos.Error{Vendor: vendor, Op: op, Kind: pos.KindCursor, Err: errors.New("the list has one page")}
}

// Locations implements [pos.Provider].
func (p *Provider) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	if err := onePage("Locations", q.After); err != nil {
		return pos.LocationPage{}, err
	}
	tills, err := p.tills(ctx, nil)
	if err != nil {
		return pos.LocationPage{}, err
	}
	var page pos.LocationPage
	for _, t := range tills {
		page.Locations = append(page.Locations, t.location())
	}
	return page, nil
}

// Status implements [pos.Provider]. A till reports itself every minute.
func (p *Provider) Status(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	if err := onePage("Status", q.After); err != nil {
		return pos.StatusPage{}, err
	}
	tills, err := p.tills(ctx, q.Locations)
	if err != nil {
		return pos.StatusPage{}, err
	}
	var page pos.StatusPage
	for _, t := range tills {
		status := pos.Status{Location: t.ID, Online: pos.Yes, ObservedAt: t.SeenAt, StaleAfter: 3 * time.Minute, Source: "tills"}
		page.Statuses = append(page.Statuses, status.At(p.client.Now()))
	}
	return page, nil
}

// Inventory implements [pos.Provider]. Every read is a full one.
func (p *Provider) Inventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	if err := onePage("Inventory", q.After); err != nil {
		return pos.InventoryPage{}, err
	}
	var rows []struct {
		Till   string `json:"till"`
		SKU    string `json:"sku"`
		OnHand int64  `json:"on_hand"`
	}
	if err := p.get(ctx, "ListStock", "/v1/stock", &rows); err != nil {
		return pos.InventoryPage{}, err
	}
	page := pos.InventoryPage{Full: true}
	for _, r := range rows {
		if len(q.Locations) > 0 && !slices.Contains(q.Locations, r.Till) {
			continue
		}
		n := pos.Counted(pos.Units(r.OnHand))
		page.Stock = append(page.Stock, pos.Stock{Location: r.Till, SKU: r.SKU, OnHand: n, Available: n, CountedAt: p.client.Now()})
	}
	return page, nil
}

// PushCoupons implements [pos.Provider].
func (p *Provider) PushCoupons(context.Context, pos.CouponPush) (pos.PushReport, error) {
	return pos.PushReport{}, pos.Unsupported(vendor, "PushCoupons", "the system has no discounts", "push lower prices")
}
