package postest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// bug is a mistake that real integrations make, and the case that must find it.
type bug struct {
	name   string
	caught string
	cfg    posfake.Config
	plant  func(*mutant)
	// rig changes the harness where the bug is not in the provider.
	rig func(*Harness, *posfake.Fake)
}

// only keeps the purchases for which keep is true.
func only(page *pos.PurchasePage, keep func(*pos.Purchase) bool) {
	page.Purchases = slices.DeleteFunc(page.Purchases, func(p pos.Purchase) bool { return !keep(&p) })
}

func lesser(change func(*pos.Capabilities)) posfake.Config {
	caps := posfake.AllCapabilities()
	change(&caps)
	return posfake.Config{Capabilities: &caps}
}

var purchaseBugs = []bug{
	{name: "lost page", caught: "purchases/plain", plant: func(m *mutant) {
		n := 0
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			if n++; n == 3 {
				page.Purchases = nil
			}
		}
	}},
	{name: "doubled page", caught: "purchases/plain", plant: func(m *mutant) {
		var last []pos.Purchase
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			news := page.Purchases
			page.Purchases = append(slices.Clone(last), news...)
			last = news
		}
	}},
	{name: "exclusive time filter", caught: "purchases/one timestamp", plant: func(m *mutant) {
		var newest time.Time
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.UpdatedAt.After(newest) })
			for i := range page.Purchases {
				newest = page.Purchases[i].UpdatedAt
			}
		}
	}},
	{name: "own clock as cursor", caught: "purchases/plain", plant: func(m *mutant) {
		var asked time.Time // by a clock that is half a minute fast
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return !p.UpdatedAt.Before(asked) })
			if !page.More {
				asked = time.Now().Add(30 * time.Second)
			}
		}
	}},
	{name: "ids as cursor", caught: "purchases/edit of an old sale", plant: func(m *mutant) {
		highest := ""
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.ID > highest })
			for i := range page.Purchases {
				highest = max(highest, page.Purchases[i].ID)
			}
		}
	}},
	{name: "refund without parent change lost", caught: "purchases/silent refund", plant: func(m *mutant) { m.sales = parentTime() }},
	{name: "payment without order change lost", caught: "purchases/silent payment", plant: func(m *mutant) {
		var through time.Time
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return !p.UpdatedAt.Before(through) })
			through = page.Through
		}
	}},
	{name: "late sale lost", caught: "purchases/late sale", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.RecordedAt.Sub(p.OccurredAt) < 24*time.Hour })
		}
	}},
	{name: "till time taken for the time of recording", caught: "purchases/late sale", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				page.Purchases[i].OccurredAt = page.Purchases[i].RecordedAt
			}
		}
	}},
	{name: "void not delivered", caught: "purchases/void", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.State != pos.StateVoided })
		}
	}},
	{name: "only paid sales", caught: "purchases/states", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.State == pos.StateCompleted })
		}
	}},
	{name: "BusinessDate in UTC", caught: "purchases/business date", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				page.Purchases[i].BusinessDate = pos.DateOf(page.Purchases[i].OccurredAt, time.UTC)
			}
		}
	}},
	{name: "silent drop of unknown SKU lines", caught: "purchases/unknown item", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				p := &page.Purchases[i]
				p.Lines = slices.DeleteFunc(p.Lines, func(l pos.Line) bool { return l.SKU == "" })
			}
		}
	}},
	{name: "float rounding", caught: "purchases/money", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				p := &page.Purchases[i]
				dollars := float64(p.Total.Amount) / 100
				p.Total.Amount = int64(dollars * 100)
				for k := range p.Taxes {
					dollars := float64(p.Taxes[k].Amount.Amount) / 100
					p.Taxes[k].Amount.Amount = int64(dollars * 100)
				}
			}
		}
	}},
	{name: "tip left out", caught: "purchases/money", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				p := &page.Purchases[i]
				p.Total.Amount -= p.Tip.Amount
				p.Tip = pos.Money{}
			}
		}
	}},
	{name: "pending refund counted as done", caught: "purchases/refund states", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				for k := range page.Purchases[i].Refunds {
					page.Purchases[i].Refunds[k].State = pos.RefundCompleted
				}
			}
		}
	}},
	{name: "only the first refund", caught: "purchases/refunds", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				if p := &page.Purchases[i]; len(p.Refunds) > 1 {
					p.Refunds = p.Refunds[:1]
				}
			}
		}
	}},
	{name: "suspected duplicate swallowed", caught: "purchases/sent twice", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.SuspectedDuplicateOf == "" })
		}
	}},
	{name: "locations of the query ignored", caught: "purchases/locations apart", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			q.Locations = nil
			return f.Purchases(ctx, q)
		}
	}},
	{name: "locations fixed at the start", caught: "purchases/location set changes", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return strings.HasPrefix(p.Location, "L") })
		}
	}},
	{name: "payload in the version", caught: "purchases/raw", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, q pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				if q.Raw {
					page.Purchases[i].Version += "r"
				}
			}
		}
	}},
	{name: "default start", caught: "purchases/start", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			if q.Since.IsZero() {
				q.Since = f.Now().Add(-time.Hour)
			}
			return f.Purchases(ctx, q)
		}
	}},
	{
		name: "clipped history untold", caught: "purchases/horizon",
		cfg: lesser(func(c *pos.Capabilities) { c.Purchases.History = 60 * 24 * time.Hour }),
		plant: func(m *mutant) {
			m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) { page.Horizon = time.Time{} }
		},
	},
	{name: "idle cursor stands still", caught: "purchases/two polls without news", plant: func(m *mutant) {
		var through time.Time
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			if through.IsZero() || len(page.Purchases) > 0 {
				through = page.Through
			}
			page.Through = through
		}
	}},
	{name: "idle time read again", caught: "purchases/two polls without news", plant: func(m *mutant) {
		var since time.Time
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			if since.IsZero() {
				since = f.Now()
			}
			for t := since; t.Before(f.Now().Add(-24 * time.Hour)); t = t.Add(24 * time.Hour) { // a window for each day
				if _, err := f.Status(ctx, pos.StatusQuery{}); err != nil {
					return pos.PurchasePage{}, err
				}
			}
			return f.Purchases(ctx, q)
		}
	}},
	{name: "local time on instants", caught: "purchases/plain", plant: func(m *mutant) {
		zone, _ := time.LoadLocation("America/New_York")
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				page.Purchases[i].OccurredAt = page.Purchases[i].OccurredAt.In(zone)
			}
		}
	}},
	{name: "expired page token looping", caught: "resume/expired page token", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := f.Purchases(ctx, q)
			if all := f.Requests(); strings.Contains(all[len(all)-1].Fault, posfake.FaultPageToken) {
				err = &pos.Error{Op: "Purchases", Kind: pos.KindProtocol, Err: errors.New("page token expired")}
				m.Fake = f
				m.purchases = func(*posfake.Fake, context.Context, pos.PurchaseQuery) (pos.PurchasePage, error) {
					return pos.PurchasePage{}, err // for ever
				}
			}
			return page, err
		}
	}},
	{name: "duplicate webhook doubling a sale", caught: "webhooks/repeated", plant: func(m *mutant) { m.purchases = recordsForgotten }},
	{name: "record queries not remembered", caught: "purchases/records", plant: func(m *mutant) { m.purchases = recordsForgotten }},
	{name: "any cursor taken", caught: "resume/cursor is text", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := f.Purchases(ctx, q)
			if errors.Is(err, pos.ErrCursor) {
				q.After = ""
				return f.Purchases(ctx, q)
			}
			return page, err
		}
	}},
	{name: "position kept in memory", caught: "resume/kill at page boundaries", plant: func(m *mutant) { m.purchases = positionInMemory() }, rig: func(h *Harness, f *posfake.Fake) {
		h.Reopen = func() pos.Provider { return &mutant{Fake: f, purchases: positionInMemory()} }
	}},
}

func parentTime() func(*posfake.Fake, pos.PurchaseQuery, *pos.PurchasePage) {
	seen := make(map[string]time.Time)
	return func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
		only(page, func(p *pos.Purchase) bool {
			same := seen[p.ID].Equal(p.UpdatedAt)
			seen[p.ID] = p.UpdatedAt
			return !same
		})
	}
}

// recordsForgotten answers Records queries as if they were the first.
func recordsForgotten(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	if len(q.Records) == 0 {
		return f.Purchases(ctx, q)
	}
	at := q.After
	q.After = ""
	page, err := f.Purchases(ctx, q)
	page.Next = at
	return page, err
}

// positionInMemory hands out numbers that mean something to one process only.
func positionInMemory() func(*posfake.Fake, context.Context, pos.PurchaseQuery) (pos.PurchasePage, error) {
	var at pos.Cursor
	return func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
		q.After = at
		page, err := f.Purchases(ctx, q)
		if err == nil {
			at = page.Next
		}
		return page, err
	}
}

var pushBugs = []bug{
	{name: "foreign item deleted", caught: "menu/foreign items", rig: func(h *Harness, f *posfake.Fake) { h.Sim = noForeign{f} }},
	{name: "foreign item renamed", caught: "menu/foreign item with our SKU", plant: func(m *mutant) {
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			for _, r := range f.Menu() {
				if r.Foreign {
					_ = f.AddForeign(r.SKU, "Ours now", r.Price)
				}
			}
			return f.PushMenu(ctx, push)
		}
	}},
	{name: "override null versus absent", caught: "menu/price by location", plant: func(m *mutant) {
		kept := make(map[string]pos.Override) // what is absent stays as it was
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			push.Menu.Items = slices.Clone(push.Menu.Items)
			for i := range push.Menu.Items {
				it := &push.Menu.Items[i]
				overrides := slices.Clone(it.Overrides)
				for _, o := range it.Overrides {
					kept[it.SKU+o.Location] = o
				}
				for key, o := range kept {
					if strings.HasPrefix(key, it.SKU) && !slices.ContainsFunc(overrides, func(x pos.Override) bool { return x.Location == o.Location }) {
						overrides = append(overrides, o)
					}
				}
				it.Overrides = overrides
			}
			return f.PushMenu(ctx, push)
		}
	}},
	{name: "input changed", caught: "menu/desired state", plant: func(m *mutant) {
		m.menu = changedPush(func(p *pos.MenuPush) { slices.Reverse(p.Menu.Items) })
	}},
	{name: "override dropped in silence", caught: "menu/undeclared overrides", cfg: lesser(func(c *pos.Capabilities) { c.Menu.LocationPrice = false }), plant: func(m *mutant) {
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			push.Menu.Items = slices.Clone(push.Menu.Items)
			for i := range push.Menu.Items {
				push.Menu.Items[i].Overrides = nil
			}
			return f.PushMenu(ctx, push)
		}
	}},
	{name: "withdraw limit ignored", caught: "menu/withdraw limit", plant: func(m *mutant) {
		m.menu = changedPush(func(p *pos.MenuPush) { p.MaxWithdraw = pos.Percent(100) })
	}},
	{name: "nothing withdrawn", caught: "menu/withdrawal", plant: func(m *mutant) {
		m.menu = changedPush(func(p *pos.MenuPush) { p.Partial = true })
	}},
	{name: "partial push withdraws", caught: "menu/partial", plant: func(m *mutant) {
		m.menu = changedPush(func(p *pos.MenuPush) { p.Partial, p.MaxWithdraw = false, pos.Percent(100) })
	}},
	{name: "push goes to all locations", caught: "menu/subset of locations", plant: func(m *mutant) {
		m.menu = changedPush(func(p *pos.MenuPush) { p.Locations = nil })
	}},
	{name: "dry run that writes", caught: "menu/dry run", plant: func(m *mutant) {
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			dry := push.DryRun
			push.DryRun = false
			report, err := f.PushMenu(ctx, push)
			report.DryRun = dry
			return report, err
		}
	}},
	{name: "unchanged menu assumed from memory", caught: "menu/manual edits", plant: func(m *mutant) {
		var last pos.PushReport
		var pushed []pos.Item
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			same := len(push.Menu.Items) == len(pushed)
			for i := range pushed {
				same = same && push.Menu.Items[i].Name == pushed[i].Name && push.Menu.Items[i].Price == pushed[i].Price
			}
			if same {
				for i := range last.Outcomes {
					last.Outcomes[i].Action = pos.Unchanged
				}
				last.Writes, last.DryRun = 0, push.DryRun
				return last, nil
			}
			var err error
			last, err = f.PushMenu(ctx, push)
			pushed = slices.Clone(push.Menu.Items)
			return last, err
		}
	}},
	{name: "every item written every time", caught: "menu/desired state", plant: func(m *mutant) {
		n := int64(0)
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			push.Menu.Items = slices.Clone(push.Menu.Items)
			for i := range push.Menu.Items {
				n++
				push.Menu.Items[i].ImageURL = "https://img.example/" + strings.Repeat("x", int(n%7))
			}
			return f.PushMenu(ctx, push)
		}
	}},
	{name: "one bad item stops the others", caught: "menu/foreign item with our SKU", plant: func(m *mutant) {
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			for _, r := range f.Menu() {
				if r.Foreign && slices.ContainsFunc(push.Menu.Items, func(it pos.Item) bool { return it.SKU == r.SKU }) {
					return pos.PushReport{}, &pos.Error{Op: "PushMenu", Kind: pos.KindConflict}
				}
			}
			return f.PushMenu(ctx, push)
		}
	}},
	{name: "500 items at most", caught: "menu/501 items", plant: func(m *mutant) {
		m.menu = changedPush(func(p *pos.MenuPush) { p.Menu.Items = p.Menu.Items[:min(500, len(p.Menu.Items))] })
	}},
	{name: "first error only", caught: "menu/every problem", plant: func(m *mutant) {
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			report, err := f.PushMenu(ctx, push)
			var ps pos.Problems
			if errors.As(err, &ps) {
				err = &pos.Error{Op: "PushMenu", Kind: pos.KindInvalid, Err: ps[:1]}
			}
			return report, err
		}
	}},
	{name: "menu push resets stock", caught: "menu/stock untouched", plant: func(m *mutant) {
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			report, err := f.PushMenu(ctx, push)
			for _, o := range report.Each() {
				if o.Action == pos.Updated {
					_ = f.SetStock(o.Locations[0], o.Item, new(int64))
				}
			}
			return report, err
		}
	}},
	{name: "conflict drops items from the report", caught: "menu/version conflict", plant: func(m *mutant) {
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			report, err := f.PushMenu(ctx, push)
			report.Outcomes = slices.DeleteFunc(report.Outcomes, func(o pos.Outcome) bool { return o.Action == pos.Failed })
			return report, err
		}
	}},
	{name: "lost reply taken for success", caught: "menu/lost reply", plant: func(m *mutant) {
		m.menu = func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
			report, err := f.PushMenu(ctx, push)
			for i := range report.Outcomes {
				if o := &report.Outcomes[i]; o.Action == pos.Failed {
					o.Action, o.Err = pos.Updated, nil
				}
			}
			return report, err
		}
	}},
	{name: "dropped coupon limit", caught: "coupons/limit of uses", plant: func(m *mutant) {
		m.coupons = changedCoupons(func(c *pos.Coupon) { c.MaxUses = 0 })
	}},
	{name: "dropped minimum", caught: "coupons/every constraint", plant: func(m *mutant) {
		m.coupons = changedCoupons(func(c *pos.Coupon) { c.MinSubtotal = pos.Money{} })
	}},
	{
		name: "undeclared constraint dropped", caught: "coupons/every constraint",
		cfg: lesser(func(c *pos.Capabilities) { c.Coupons.Schedule = false }),
		plant: func(m *mutant) {
			m.coupons = changedCoupons(func(c *pos.Coupon) { c.Schedule = nil })
		},
	},
	{name: "end of coupon dropped", caught: "coupons/end", plant: func(m *mutant) {
		m.coupons = changedCoupons(func(c *pos.Coupon) { c.Ends = time.Time{} })
	}},
	{name: "end of coupon rounded to the next day", caught: "coupons/end", plant: func(m *mutant) {
		m.coupons = changedCoupons(func(c *pos.Coupon) {
			if !c.Ends.IsZero() {
				c.Ends = c.Ends.Truncate(24 * time.Hour).Add(24 * time.Hour)
			}
		})
	}},
	{name: "100 codes at most", caught: "coupons/501 codes", plant: func(m *mutant) {
		m.coupons = changedCoupons(func(c *pos.Coupon) { c.Codes = c.Codes[:min(100, len(c.Codes))] })
	}},
	{name: "coupon never withdrawn", caught: "coupons/withdrawn", plant: func(m *mutant) {
		m.coupons = func(f *posfake.Fake, ctx context.Context, push pos.CouponPush) (pos.PushReport, error) {
			push.Partial = true
			return f.PushCoupons(ctx, push)
		}
	}},
}

func changedPush(change func(*pos.MenuPush)) func(*posfake.Fake, context.Context, pos.MenuPush) (pos.PushReport, error) {
	return func(f *posfake.Fake, ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
		change(&push)
		return f.PushMenu(ctx, push)
	}
}

func changedCoupons(change func(*pos.Coupon)) func(*posfake.Fake, context.Context, pos.CouponPush) (pos.PushReport, error) {
	return func(f *posfake.Fake, ctx context.Context, push pos.CouponPush) (pos.PushReport, error) {
		push.Coupons = slices.Clone(push.Coupons)
		for i := range push.Coupons {
			change(&push.Coupons[i])
		}
		return f.PushCoupons(ctx, push)
	}
}

// noForeign is a till on which a push has deleted what others own.
type noForeign struct{ *posfake.Fake }

func (n noForeign) Menu() []posfake.MenuRow {
	rows := n.Fake.Menu()
	if pushed := slices.ContainsFunc(n.Requests(), func(r posfake.Request) bool { return r.Write }); pushed {
		rows = slices.DeleteFunc(rows, func(r posfake.MenuRow) bool { return r.Foreign })
	}
	return rows
}

var readBugs = []bug{
	{name: "unknown stock as 0", caught: "inventory/not counted is not zero", plant: func(m *mutant) {
		m.stock = changedStock(func(s *pos.Stock) { s.OnHand.Known, s.Available.Known = true, true })
	}},
	{name: "one figure for all locations", caught: "inventory/locations apart", plant: func(m *mutant) {
		m.stock = changedStock(func(s *pos.Stock) { s.OnHand = pos.Counted(pos.Units(10)) })
	}},
	{name: "first 500 rows only", caught: "inventory/501 rows", plant: func(m *mutant) {
		n := 0
		m.stock = func(f *posfake.Fake, ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
			page, err := f.Inventory(ctx, q)
			if n += len(page.Stock); n >= 500 {
				page.More = false
			}
			return page, err
		}
	}},
	{name: "changes without those to nothing", caught: "inventory/changes", plant: func(m *mutant) {
		m.stock = func(f *posfake.Fake, ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
			page, err := f.Inventory(ctx, q)
			page.Stock = slices.DeleteFunc(page.Stock, func(s pos.Stock) bool { return !s.OnHand.Known })
			return page, err
		}
	}},
	{name: "stale status shown as online", caught: "status/power cut", plant: func(m *mutant) {
		m.status = func(f *posfake.Fake, ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
			page, err := f.Status(ctx, q)
			for i := range page.Statuses {
				page.Statuses[i].Online, page.Statuses[i].ObservedAt = pos.Yes, f.Now()
			}
			return page, err
		}
	}},
	{name: "undeclared status told", caught: "status/unknown is not yes", cfg: lesser(func(c *pos.Capabilities) { c.Status.Open = false }), plant: func(m *mutant) {
		m.status = func(f *posfake.Fake, ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
			page, err := f.Status(ctx, q)
			for i := range page.Statuses {
				page.Statuses[i].Open = pos.Yes
			}
			return page, err
		}
	}},
	{name: "closed location hidden", caught: "locations/closed", plant: func(m *mutant) {
		m.locations = func(f *posfake.Fake, ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
			page, err := f.Locations(ctx, q)
			page.Locations = slices.DeleteFunc(page.Locations, func(l pos.Location) bool { return l.Closed })
			return page, err
		}
	}},
	{name: "locations in any order", caught: "locations/pages and order", plant: func(m *mutant) {
		m.locations = func(f *posfake.Fake, ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
			page, err := f.Locations(ctx, q)
			slices.SortFunc(page.Locations, func(a, b pos.Location) int { return cmp.Compare(a.Name, b.Name) })
			return page, err
		}
	}},
}

func changedStock(change func(*pos.Stock)) func(*posfake.Fake, context.Context, pos.InventoryQuery) (pos.InventoryPage, error) {
	return func(f *posfake.Fake, ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
		page, err := f.Inventory(ctx, q)
		for i := range page.Stock {
			change(&page.Stock[i])
		}
		return page, err
	}
}

// purchasesWith replaces the purchases call by one that mistreats errors.
func purchasesWith(handle func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error)) func(*mutant) {
	return func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := f.Purchases(ctx, q)
			return handle(f, ctx, q, page, err)
		}
	}
}

var failureBugs = []bug{
	{name: "swallowed 403", caught: "failure/forbidden", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrPermission) {
			return pos.PurchasePage{Next: q.After}, nil
		}
		return page, err
	})},
	{name: "permission taken for an outage", caught: "failure/missing permission", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, _ pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrPermission) {
			err = &pos.Error{Op: "Purchases", Kind: pos.KindUnavailable}
		}
		return page, err
	})},
	{name: "retried 400", caught: "failure/bad request is not repeated", plant: purchasesWith(func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrInvalid) {
			return f.Purchases(ctx, q)
		}
		return page, err
	})},
	{name: "Retry-After ignored", caught: "failure/rate limit", plant: purchasesWith(func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		for n := 0; errors.Is(err, pos.ErrRateLimited) && n < 5; n++ {
			<-time.After(time.Second)
			page, err = f.Purchases(ctx, q)
		}
		return page, err
	})},
	{name: "endless retries", caught: "failure/outage", plant: purchasesWith(func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		for n := 0; errors.Is(err, pos.ErrUnavailable) && n < 100; n++ {
			<-time.After(time.Second)
			page, err = f.Purchases(ctx, q)
		}
		return page, err
	})},
	{name: "back-off deaf to cancellation", caught: "failure/cancelled back-off", plant: purchasesWith(func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrRateLimited) {
			<-time.After(pos.RetryAfter(err))
			return f.Purchases(ctx, q)
		}
		return page, err
	})},
	{name: "secret in an error", caught: "failure/outage", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, _ pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if err != nil {
			err = &pos.Error{Op: "GET /sales?key=" + posfake.WebhookSecret, Kind: pos.KindOf(err), Err: err}
		}
		return page, err
	})},
	{name: "untyped error", caught: "failure/outage", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, _ pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if err != nil {
			err = errors.New("something went wrong")
		}
		return page, err
	})},
	{name: "truncated page accepted", caught: "failure/unreadable answers", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrProtocol) {
			return pos.PurchasePage{Next: q.After}, nil
		}
		return page, err
	})},
	{name: "truncated page taken for half of one", caught: "resume/kill at bytes of an answer", plant: func(m *mutant) {
		cut := false
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := f.Purchases(ctx, q)
			if errors.Is(err, pos.ErrProtocol) {
				cut = true
				return pos.PurchasePage{Next: q.After, More: true}, nil
			}
			if cut {
				page.Purchases, cut = page.Purchases[len(page.Purchases)/2:], false
			}
			return page, err
		}
	}},
	{name: "ignored context", caught: "failure/cancelled", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			return f.Purchases(context.WithoutCancel(ctx), q)
		}
	}},
	{name: "request before the refusal", caught: "contract/unsupported jobs", cfg: lesser(func(c *pos.Capabilities) {
		c.Inventory = pos.InventoryCaps{Support: pos.Support{Level: pos.None, Why: "not here"}}
	}), plant: func(m *mutant) {
		m.stock = func(f *posfake.Fake, ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
			if _, err := f.Status(ctx, pos.StatusQuery{}); err != nil {
				return pos.InventoryPage{}, err
			}
			return f.Inventory(ctx, q)
		}
	}},
	{name: "signature not checked", caught: "webhooks/signature", rig: func(h *Harness, _ *posfake.Fake) { h.Webhook = credulous{h.Webhook} }},
	{name: "notice without stable id", caught: "webhooks/repeated", rig: func(h *Harness, _ *posfake.Fake) { h.Webhook = &renaming{Webhook: h.Webhook} }},
	{name: "callbacks of other jobs only", caught: "webhooks/purchase", rig: func(h *Harness, _ *posfake.Fake) {
		h.Deliver = func() []posfake.Callback { return nil }
	}},
}

// credulous accepts every callback that has some signature.
type credulous struct{ pos.Webhook }

func (c credulous) Verify(h http.Header, body []byte) error {
	if h.Get(posfake.SignatureHeader) == "" {
		return c.Webhook.Verify(h, body)
	}
	return nil
}

// renaming numbers notices as they come.
type renaming struct {
	pos.Webhook
	n int
}

func (r *renaming) Parse(h http.Header, body []byte) ([]pos.Notice, error) {
	ns, err := r.Webhook.Parse(h, body)
	for i := range ns {
		r.n++
		ns[i].ID += strings.Repeat("'", r.n)
	}
	return ns, err
}

// TestSuiteCatchesBugs plants one bug at a time and runs the case that must
// find it.
func TestSuiteCatchesBugs(t *testing.T) {
	t.Parallel()
	for _, b := range slices.Concat(purchaseBugs, pushBugs, readBugs, failureBugs) {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(cases, func(p proof) bool { return p.name == b.caught })
			if i < 0 {
				t.Fatalf("no case %q", b.caught)
			}
			sound := cases[i].prove(t, func(*testing.T) Harness { return harness(b.cfg) })
			if len(sound.failures) > 0 {
				t.Fatalf("%s fails without the bug: %s", b.caught, sound.failures[0])
			}
			ill := cases[i].prove(t, func(*testing.T) Harness {
				h := harness(b.cfg)
				fake := h.Provider.(*posfake.Fake)
				m := &mutant{Fake: fake}
				if b.plant != nil {
					b.plant(m)
				}
				h.Provider = m
				if b.rig != nil {
					b.rig(&h, fake)
				}
				return h
			})
			if len(ill.failures) == 0 {
				t.Errorf("%s does not find it", b.caught)
			}
			t.Logf("%s: %s", b.caught, ill.failures)
		})
	}
}
