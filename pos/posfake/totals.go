package posfake

import (
	"context"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
)

var _ pos.DayTotaler = (*Fake)(nil)

// counted are the states of the sales in the totals of a day.
var counted = []pos.PurchaseState{pos.StateCompleted, pos.StateVoided, pos.StateFailed}

// DayTotals implements [pos.DayTotaler]: the sums of the ledger. A day is
// final when it is over.
func (f *Fake) DayTotals(ctx context.Context, q pos.DayTotalsQuery) (pos.DayTotals, error) {
	const op = "DayTotals"
	if s := f.caps.Purchases.DayTotals; !s.OK() {
		why := s.Why
		if why == "" {
			why = "the simulated system has no totals of its own"
		}
		return pos.DayTotals{}, pos.Unsupported(f.cfg.Vendor, op, why, s.Nearest)
	}
	if ps := q.Validate(); ps != nil {
		return pos.DayTotals{}, f.failure(op, pos.KindInvalid, ps)
	}
	var totals pos.DayTotals
	err := f.call(ctx, "SumSales", false, func() error {
		places, err := f.scope(op, []string{q.Location}, true)
		if err == nil {
			totals, err = f.dayTotals(places[0], q.BusinessDate)
		}
		return err
	})
	return totals, err
}

func (f *Fake) dayTotals(p *place, d pos.Date) (pos.DayTotals, error) {
	_, end, err := p.Span(d)
	if err != nil {
		return pos.DayTotals{}, err
	}
	var n, net, refunds, discounts, taxes, tips int64
	for _, s := range f.till.sales {
		if s.Location != p.ID || p.BusinessDate(s.OccurredAt) != d {
			continue
		}
		if slices.Contains(counted, states[s.State]) {
			n++
		}
		if s.State == "completed" {
			net, refunds, discounts, taxes, tips = net+s.Total-s.Refunded, refunds+s.Refunded, discounts+s.Discount, taxes+s.Tax, tips+s.Tip
		}
	}
	money := func(n int64) pos.Money { return pos.Money{Amount: n, Currency: p.Currency} }
	return pos.DayTotals{
		Location: p.ID, BusinessDate: d, Counted: slices.Clone(counted), Final: !f.now().Before(end), AsOf: f.now(),
		DayFigures: pos.DayFigures{
			Count: &n, Net: money(net), Refunds: money(refunds), Discounts: money(discounts), Taxes: money(taxes), Tips: money(tips),
		},
	}, nil
}
