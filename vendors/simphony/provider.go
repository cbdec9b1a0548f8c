package simphony

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

const (
	vendor = "simphony"
	// application names us in BI's calls.
	application = "farmacy-pointofsale"
)

// Provider speaks for one Simphony enterprise. It implements [pos.Provider]
// and is safe for concurrent use.
type Provider struct {
	cfg      Config
	store    pos.Store
	sts      *kit.Client // nil where the interface is not configured
	ccapi    *kit.Client
	bi       *kit.Client
	ts1      map[string]*till // by location
	feed     *kit.Feed        // nil without BI and TS1
	places   places
	known    knowledge
	writes   chan struct{} // held while the configuration is written
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
	p := &Provider{cfg: cfg, store: o.Store, writes: make(chan struct{}, 1), ts1: make(map[string]*till)}
	if err := p.connect(o); err != nil {
		return nil, err
	}
	if cfg.TS1 != nil {
		for i := range cfg.Properties {
			t, err := newTill(&cfg.Properties[i], cfg.TS1, o)
			if err != nil {
				return nil, err
			}
			p.ts1[cfg.Properties[i].LocRef] = t
		}
	}
	p.feed = p.newFeed()
	p.describe = pos.Description{Vendor: vendor, Product: "Oracle MICROS Simphony", Account: cfg.Account, Capabilities: cfg.capabilities()}
	return p, nil
}

// connect makes the clients of the REST interfaces that are configured.
func (p *Provider) connect(o *kit.Options) error {
	if p.cfg.OIDC == nil {
		return nil
	}
	id, err := newIdentity(&p.cfg, o)
	if err != nil {
		return err
	}
	connect := func(api string, e *Endpoint, h http.Header, parallel int) (*kit.Client, error) {
		tokens, err := id.tokens(p.cfg.Account, api, e, o)
		if err != nil {
			return nil, err
		}
		maps.Copy(h, header(e.Header))
		return kit.NewClient(kit.ClientConfig{
			Vendor: vendor, BaseURL: strings.TrimSuffix(e.BaseURL, "/") + e.BasePath, Header: h, Auth: tokens,
			Budget: kit.NewBudget(rate.Limit(e.RequestsPerSecond), 2*e.RequestsPerSecond).Parallel(parallel), Classify: classify,
		}, o)
	}
	if p.cfg.STS2 != nil {
		if p.sts, err = connect("sts2", &p.cfg.STS2.Endpoint, http.Header{}, 0); err != nil {
			return err
		}
	}
	if p.cfg.CCAPI != nil {
		audit := http.Header{"Simphony-AuditTrailRef": {p.cfg.Owner + " " + application}, "Simphony-OrgShortName": {p.cfg.Org}}
		if p.ccapi, err = connect("ccapi", &p.cfg.CCAPI.Endpoint, audit, 0); err != nil {
			return err
		}
	}
	if p.cfg.BI != nil {
		p.bi, err = connect("bi", &p.cfg.BI.Endpoint, http.Header{}, biParallel)
	}
	return err
}

// biParallel is how many calls a production loader is known to make at once.
const biParallel = 8

// Describe implements [pos.Provider].
func (p *Provider) Describe() pos.Description { return p.describe }

// capabilities follow from the interfaces that are configured.
func (c *Config) capabilities() pos.Capabilities {
	return pos.Capabilities{
		Menu:      c.menuCaps(),
		Coupons:   c.couponCaps(),
		Status:    c.statusCaps(),
		Inventory: c.inventoryCaps(),
		Purchases: c.purchaseCaps(),
		Webhooks:  c.webhookCaps(),
		Deferred:  c.CCAPI != nil,
	}
}

func none(why, nearest string) pos.Support {
	return pos.Support{Level: pos.None, Why: why, Nearest: nearest}
}

func (c *Config) menuCaps() pos.MenuCaps {
	if c.CCAPI == nil {
		return pos.MenuCaps{Support: none("only CCAPI writes menus, and it is not configured", "keep the menu in the back office and tell its object numbers in SKUs")}
	}
	caps := pos.MenuCaps{
		Support:       pos.Support{Level: pos.Full},
		LocationPrice: true, LocationAvailability: true,
		Fields:    []string{"Description"},
		BatchSize: c.CCAPI.BulkSize,
	}
	if len(c.CCAPI.FamilyGroups) > 0 {
		caps.Fields = append(caps.Fields, "Category")
	}
	return caps
}

func (c *Config) couponCaps() pos.CouponCaps {
	switch {
	case c.CCAPI == nil:
		return pos.CouponCaps{Support: none("only CCAPI writes discounts, and it is not configured", "a discount made in the back office")}
	case c.CCAPI.Coupons == nil:
		return pos.CouponCaps{Support: none("no template for discounts is configured", "make one in the back office and name it in CCAPI.Coupons")}
	}
	return pos.CouponCaps{
		Support:       pos.Support{Level: pos.Partial, Why: "automatic discounts on the whole check only: no codes, no limits on use, no minimum", Nearest: "codes and limits in the ordering service"},
		Percent:       c.CCAPI.Coupons.Percent > 0,
		Amount:        c.CCAPI.Coupons.Amount > 0,
		WholeBasket:   true,
		Automatic:     true,
		LocationScope: true,
	}
}

func (c *Config) statusCaps() pos.StatusCaps {
	caps := pos.StatusCaps{Online: true, Interval: 5 * time.Minute}
	switch {
	case c.STS2 != nil:
		caps.Support = pos.Support{Level: pos.Partial, Why: "whether a revenue center is connected, and nothing else"}
	case c.TS1 != nil:
		caps.Support = pos.Support{Level: pos.Partial, Why: "whether Transaction Services answers, and nothing else"}
	default:
		return pos.StatusCaps{Support: none("only STS2 and TS1 tell, and neither is configured", "the time of the last sale")}
	}
	return caps
}

func (c *Config) inventoryCaps() pos.InventoryCaps {
	const why = "whether an item is available, not how many: no interface tells counts"
	caps := pos.InventoryCaps{Support: pos.Support{Level: pos.Partial, Why: why, Nearest: "count apart from the till and subtract purchases"}, PerLocation: true}
	if c.STS2 == nil && c.TS1 == nil {
		caps = pos.InventoryCaps{Support: none("only STS2 and TS1 tell availability, and neither is configured", "count apart from the till and subtract purchases")}
	}
	return caps
}

func (c *Config) purchaseCaps() pos.PurchaseCaps {
	caps := pos.PurchaseCaps{
		Support:      pos.Support{Level: pos.Full},
		MaxLocations: maxLocations,
		Refunds:      true, Tips: true, Pending: true, Voids: true,
	}
	switch {
	case c.BI != nil:
		caps.LateBy, caps.SettleTime, caps.History = biHistory, deepEvery, biHistory
		caps.DayTotals = pos.Support{Level: pos.Partial, Why: "how many checks were closed, and their total: no discounts, taxes, tips or refunds apart"}
	case c.TS1 != nil:
		caps.SettleTime, caps.History = c.TS1.RereadAfter, ts1History
		caps.DayTotals = none("TS1 tells checks and no totals", "BI")
	default:
		return pos.PurchaseCaps{Support: none("checks are read from BI or TS1, and neither is configured; STS2 must not be polled for them", "BI for the cloud, TS1 for a property")}
	}
	return caps
}

func (c *Config) webhookCaps() pos.WebhookCaps {
	if c.STS2 == nil {
		return pos.WebhookCaps{Support: none("only STS2 sends notifications, and it is not configured", "polling")}
	}
	return pos.WebhookCaps{
		Support: pos.Support{Level: pos.Partial, Why: "each is sent once and never again: they only save waiting for the next poll"},
		Jobs:    []pos.Job{pos.JobStatus, pos.JobInventory, pos.JobPurchases},
	}
}

// ready refuses a job that the capabilities exclude.
func (p *Provider) ready(op string, job pos.Job) error {
	if s := p.describe.Capabilities.Job(job); !s.OK() {
		return pos.Unsupported(vendor, op, s.Why, s.Nearest)
	}
	return nil
}

// lock waits for the turn to write the configuration: pushes read before they
// write, so there is one at a time.
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

func ended(op string, err error) error {
	kind := pos.KindUnknown
	if err == context.DeadlineExceeded { //nolint:errorlint // a context's own error
		kind = pos.KindUnavailable
	}
	return fail(op, kind, fmt.Errorf("not begun: %w", err))
}

// scope keeps cursors of one job from being used for another.
func (p *Provider) scope(job string) string { return vendor + "/" + p.cfg.Account + "/" + job }
