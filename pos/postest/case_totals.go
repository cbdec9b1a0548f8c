package postest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var dayTotals = need{"purchases.day_totals", func(c pos.Capabilities) bool { return c.Purchases.DayTotals.OK() }}

var totalsCases = []proof{
	{"totals/capability", "", nil, totalsCapability},
	{"totals/ledger", "R12 R15", []need{purchases, dayTotals}, totalsOfLedger},
	{"totals/other days", "R12", []need{purchases, dayTotals}, totalsOfOtherDays},
	{"totals/hidden sale", "R15", []need{purchases, dayTotals}, totalsTellHidden},
	{"totals/bad query", "", []need{dayTotals}, totalsOfBadQuery},
}

// totalsCapability: what is declared is there, what is not is refused locally.
func totalsCapability(c *check) {
	s := c.caps.Purchases.DayTotals
	d, has := c.p.Provider.(pos.DayTotaler)
	switch {
	case s.OK() && !has:
		c.errorf("the capabilities declare day totals, the provider is no pos.DayTotaler")
	case s.Level == pos.None && s.Why == "":
		c.errorf("day totals are %q without a reason", s.Level)
	case !s.OK() && has:
		c.silent("DayTotals, which is not supported", func() {
			_, err := d.DayTotals(c.ctx, pos.DayTotalsQuery{Location: "L1", BusinessDate: "2026-10-20"})
			c.wants(err, pos.ErrUnsupported, "DayTotals")
			var typed *pos.Error
			if err != nil && (!errors.As(err, &typed) || typed.Err == nil) {
				c.errorf("DayTotals is refused without a reason: %v", err)
			}
		})
	}
}

// totals reads the totals of a day.
func (c *check) totals(l *pos.Location, d pos.Date) pos.DayTotals {
	from, ok := c.p.Provider.(pos.DayTotaler)
	if !ok {
		c.fatalf("the provider is no pos.DayTotaler")
	}
	t, err := from.DayTotals(c.ctx, pos.DayTotalsQuery{Location: l.ID, BusinessDate: d})
	c.p.saw("DayTotals", t, err)
	c.must(err, "DayTotals")
	switch {
	case t.Location != l.ID || t.BusinessDate != d:
		c.errorf("asked for the totals of %s on %s, got those of %s on %s", l.ID, d, t.Location, t.BusinessDate)
	case !t.Stated():
		c.errorf("the totals of %s on %s state no figure", l.ID, d)
	case t.Count != nil && len(t.Counted) == 0:
		c.errorf("the totals of %s on %s do not say which states they count", l.ID, d)
	}
	return t
}

// ours are the figures of what was delivered.
func (c *check) ours(l *pos.Location, t pos.DayTotals) pos.DayFigures {
	last := make(map[string]pos.Purchase)
	for i := range c.delivered {
		last[c.delivered[i].ID] = c.delivered[i]
	}
	var day []pos.Purchase
	for _, p := range last {
		if p.Location == l.ID && p.BusinessDate == t.BusinessDate {
			day = append(day, p)
		}
	}
	f, err := pos.FiguresOf(day, t.Counted, l.Currency)
	c.must(err, "sum of what was delivered")
	return f
}

// compare expects that the totals of a day are those of what was delivered.
func (c *check) compare(l *pos.Location, d pos.Date) pos.DayTotals {
	t := c.totals(l, d)
	diff, err := t.Minus(c.ours(l, t))
	c.must(err, "difference")
	if !diff.IsZero() {
		c.errorf("%s on %s: totals minus what was delivered is %s, want 0", l.ID, d, figures(diff))
	}
	return t
}

func figures(f pos.DayFigures) string {
	count := "not stated"
	if f.Count != nil {
		count = strconv.FormatInt(*f.Count, 10)
	}
	return fmt.Sprintf("count %s, net %v, refunds %v, discounts %v, taxes %v, tips %v", count, f.Net, f.Refunds, f.Discounts, f.Taxes, f.Tips)
}

// dates are the business dates on which something was delivered for a location.
func (c *check) dates(l *pos.Location) []pos.Date {
	var all []pos.Date
	for i := range c.delivered {
		if c.delivered[i].Location == l.ID && c.delivered[i].BusinessDate != "" {
			all = append(all, c.delivered[i].BusinessDate)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// trade books what a day can hold: sales, tips, refunds, a void, an unpaid
// order.
func (c *check) trade(l *pos.Location, lines []posfake.SaleLine) {
	c.sell(posfake.Sale{Location: l.ID, Lines: lines[:2]})
	c.sell(posfake.Sale{Location: l.ID, Lines: lines[:1], Tender: "cash"})
	if c.caps.Purchases.Tips {
		_, err := c.sim.Sell(posfake.Sale{Location: l.ID, Lines: lines[1:2], Tip: 200})
		c.can(err, "a tip")
	}
	if c.caps.Purchases.Refunds {
		for _, part := range []int64{0, 150} {
			sale := c.sell(posfake.Sale{Location: l.ID, Lines: lines[:2]})
			_, err := c.sim.Refund(posfake.Refund{ID: sale.ID, Amount: part})
			c.can(err, "a refund")
		}
	}
	if c.caps.Purchases.Voids {
		_, err := c.sim.Void(c.sell(posfake.Sale{Location: l.ID, Lines: lines[:1]}).ID)
		c.can(err, "a void")
	}
	if c.caps.Purchases.Pending {
		_, err := c.sim.Sell(posfake.Sale{Location: l.ID, Lines: lines[:1], Tender: "none"})
		c.can(err, "an unpaid order")
	}
}

// totalsOfLedger trades at every location, more at one than at the other.
func totalsOfLedger(c *check) {
	lines := c.stocked()
	c.places()
	for i := range c.locs {
		c.trade(&c.locs[i], lines)
	}
	c.sell(posfake.Sale{Location: c.locs[0].ID, Lines: lines[:3]})
	c.reconcile(pos.PurchaseQuery{})
	for i := range c.locs {
		l := &c.locs[i]
		dates := c.dates(l)
		if len(dates) == 0 {
			c.errorf("nothing was delivered of %s", l.ID)
		}
		for _, d := range dates {
			before := c.compare(l, d)
			if diff := cmp.Diff(before.DayFigures, c.totals(l, d).DayFigures); diff != "" {
				c.errorf("%s on %s: totals differ when they are read again:\n%s", l.ID, d, diff)
			}
		}
	}
}

// totalsOfOtherDays sells around the ends of business days, so that a total that is
// cut at the wrong instant shows, and asks for a day without sales.
func totalsOfOtherDays(c *check) {
	lines := c.stocked()
	var moments []time.Time
	for _, l := range c.places() {
		_, next, err := l.Span(l.BusinessDate(c.sim.Now()))
		if err != nil {
			continue // The system does not tell its zone.
		}
		moments = append(moments, next.Add(-2*time.Minute), next.Add(2*time.Minute))
	}
	for _, m := range sorted(moments) {
		c.wait(m.Sub(c.sim.Now()))
		for i, l := range c.places() {
			c.sell(posfake.Sale{Location: l.ID, Lines: lines[:1+i%2]})
		}
	}
	c.reconcile(pos.PurchaseQuery{})
	for i := range c.places() {
		l := &c.locs[i]
		dates := c.dates(l)
		if l.TimeZone != "" && len(dates) < 2 {
			c.errorf("%s: sales before and after the end of a day make %d business dates, want 2", l.ID, len(dates))
		}
		for _, d := range dates {
			c.compare(l, d)
		}
		if len(dates) == 0 {
			c.errorf("nothing was delivered of %s", l.ID)
			continue
		}
		empty := dates[0].AddDays(-9)
		if t := c.totals(l, empty); !t.IsZero() {
			c.errorf("%s on %s, a day without sales: %s", l.ID, empty, figures(t.DayFigures))
		}
	}
}

// totalsTellHidden: a sale that reading leaves out shows in the totals.
func totalsTellHidden(c *check) {
	line := c.stocked()[:1]
	l := &c.places()[0]
	c.poll(pos.PurchaseQuery{})
	c.sell(posfake.Sale{Location: l.ID, Lines: line})
	end := c.inject(posfake.Fault{Kind: posfake.FaultOmit, Times: -1})
	if end == nil {
		return
	}
	defer end()
	hidden := c.sell(posfake.Sale{Location: l.ID, Lines: line})
	c.settle()
	c.poll(pos.PurchaseQuery{})
	if slices.ContainsFunc(c.delivered, func(p pos.Purchase) bool { return p.ID == hidden.ID }) {
		c.fatalf("%s was to be hidden and was delivered", hidden.ID)
	}
	day := l.BusinessDate(c.sim.Now())
	t := c.totals(l, day)
	diff, err := t.Minus(c.ours(l, t))
	c.must(err, "difference")
	switch {
	case diff.IsZero():
		c.errorf("a hidden sale makes no difference between the totals and what was delivered")
	case diff.Count != nil && *diff.Count != 1, diff.Net.Currency != "" && diff.Net.Amount != hidden.Total:
		c.errorf("a hidden sale of %d makes the difference %s", hidden.Total, figures(diff))
	}
}

func totalsOfBadQuery(c *check) {
	d, ok := c.p.Provider.(pos.DayTotaler)
	if !ok {
		c.fatalf("the provider is no pos.DayTotaler")
	}
	for _, q := range []pos.DayTotalsQuery{{}, {Location: "L1", BusinessDate: "20.10.2026"}, {BusinessDate: "2026-10-20"}} {
		c.silent(fmt.Sprintf("DayTotals(%+v)", q), func() {
			_, err := d.DayTotals(c.ctx, q)
			c.wants(err, pos.ErrInvalid, fmt.Sprintf("DayTotals(%+v)", q))
		})
	}
}
