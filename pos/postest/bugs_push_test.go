package postest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

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
			if ps, ok := errors.AsType[pos.Problems](err); ok {
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
