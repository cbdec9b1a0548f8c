package postest

import (
	"context"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// DayTotals lets a bug change what the sound provider states.
func (m *mutant) DayTotals(ctx context.Context, q pos.DayTotalsQuery) (pos.DayTotals, error) {
	if m.blind {
		if _, err := m.Fake.Locations(ctx, pos.LocationQuery{}); err != nil {
			return pos.DayTotals{}, err
		}
	}
	t, err := m.Fake.DayTotals(ctx, q)
	if err == nil && m.totals != nil {
		err = m.totals(ctx, q, &t)
	}
	return t, err
}

// resum sums the ledger up anew, with a mistake in it.
func resum(m *mutant, has func(l pos.Location, r *posfake.Record) bool, net func(*posfake.Record) int64) func(context.Context, pos.DayTotalsQuery, *pos.DayTotals) error {
	return func(ctx context.Context, q pos.DayTotalsQuery, t *pos.DayTotals) error {
		page, err := m.Locations(ctx, pos.LocationQuery{})
		if err != nil {
			return err
		}
		places := make(map[string]pos.Location)
		for _, l := range page.Locations {
			places[l.ID] = l
		}
		last := make(map[string]posfake.Record)
		for _, r := range m.Ledger() {
			last[r.ID] = r
		}
		n, sum := int64(0), int64(0)
		for _, r := range last {
			if !has(places[r.Location], &r) {
				continue
			}
			if r.State == "completed" || r.State == "voided" {
				n++
			}
			if r.State == "completed" {
				sum += net(&r)
			}
		}
		t.DayFigures = pos.DayFigures{Count: &n, Net: pos.Money{Amount: sum, Currency: places[q.Location].Currency}}
		return nil
	}
}

func net(r *posfake.Record) int64 { return r.Total - r.Refunded }

// totalsBug plants a wrong sum; a sound one comes from the same function.
func totalsBug(name, caught string, has func(q pos.DayTotalsQuery, l pos.Location, r *posfake.Record) bool, sum func(*posfake.Record) int64) bug {
	return bug{name: name, caught: caught, plant: func(m *mutant) {
		m.totals = func(ctx context.Context, q pos.DayTotalsQuery, t *pos.DayTotals) error {
			return resum(m, func(l pos.Location, r *posfake.Record) bool { return has(q, l, r) }, sum)(ctx, q, t)
		}
	}}
}

func ofDay(q pos.DayTotalsQuery, l pos.Location, r *posfake.Record) bool {
	return r.Location == q.Location && l.BusinessDate(r.OccurredAt) == q.BusinessDate
}

var totalsBugs = []bug{
	totalsBug("totals ignore refunds", "totals/ledger", ofDay, func(r *posfake.Record) int64 { return r.Total }),
	totalsBug("totals without tips", "totals/ledger", ofDay, func(r *posfake.Record) int64 { return net(r) - r.Tip }),
	totalsBug("totals of the account, not the location", "totals/ledger", func(q pos.DayTotalsQuery, l pos.Location, r *posfake.Record) bool {
		return l.BusinessDate(r.OccurredAt) == q.BusinessDate
	}, net),
	totalsBug("totals of the UTC day", "totals/other days", func(q pos.DayTotalsQuery, _ pos.Location, r *posfake.Record) bool {
		return r.Location == q.Location && pos.DateOf(r.OccurredAt, time.UTC) == q.BusinessDate
	}, net),
	totalsBug("totals of today, whatever the date", "totals/other days", func(q pos.DayTotalsQuery, _ pos.Location, r *posfake.Record) bool {
		return r.Location == q.Location
	}, net),
	{name: "voided sales not counted, but declared", caught: "totals/ledger", plant: func(m *mutant) {
		m.totals = func(ctx context.Context, q pos.DayTotalsQuery, t *pos.DayTotals) error {
			return resum(m, func(l pos.Location, r *posfake.Record) bool { return r.State != "voided" && ofDay(q, l, r) }, net)(ctx, q, t)
		}
	}},
	{name: "totals are the sum of what was delivered", caught: "totals/hidden sale", plant: func(m *mutant) {
		last := make(map[string]pos.Purchase)
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				last[page.Purchases[i].ID] = page.Purchases[i]
			}
		}
		m.totals = func(_ context.Context, q pos.DayTotalsQuery, t *pos.DayTotals) (err error) {
			var day []pos.Purchase
			for _, p := range last {
				if p.Location == q.Location && p.BusinessDate == q.BusinessDate {
					day = append(day, p)
				}
			}
			t.DayFigures, err = pos.FiguresOf(day, t.Counted, t.Net.Currency)
			return err
		}
	}},
	{name: "totals that state nothing", caught: "totals/ledger", plant: func(m *mutant) {
		m.totals = func(_ context.Context, _ pos.DayTotalsQuery, t *pos.DayTotals) error {
			t.DayFigures = pos.DayFigures{}
			return nil
		}
	}},
	{name: "totals of a date that was not checked", caught: "totals/bad query", plant: func(m *mutant) { m.blind = true }},
	{name: "undeclared totals, asked of the vendor", caught: "totals/capability", cfg: lesser(func(c *pos.Capabilities) {
		c.Purchases.DayTotals = pos.Support{Level: pos.None, Why: "not in this configuration"}
	}), plant: func(m *mutant) { m.blind = true }},
}
