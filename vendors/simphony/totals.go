package simphony

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

var _ pos.DayTotaler = (*Provider)(nil)

// closedStates are those in which closed checks are delivered.
var closedStates = []pos.PurchaseState{pos.StateCompleted, pos.StateVoided}

// DayTotals implements [pos.DayTotaler] with the control totals of BI: the
// number of the checks that were closed on the business date, and the sum of
// their totals, in one call. Whether the day is final is not told: what the
// values of eodStatus mean is unconfirmed.
func (p *Provider) DayTotals(ctx context.Context, q pos.DayTotalsQuery) (pos.DayTotals, error) {
	const op = "DayTotals"
	if s := p.describe.Capabilities.Purchases.DayTotals; !s.OK() {
		return pos.DayTotals{}, pos.Unsupported(vendor, op, s.Why, s.Nearest)
	}
	if ps := q.Validate(); ps != nil {
		return pos.DayTotals{}, fail(op, pos.KindInvalid, ps)
	}
	list, err := p.placesOf(ctx, op, []string{q.Location})
	if err != nil {
		return pos.DayTotals{}, err
	}
	if !list[0].Currency.Valid() {
		return pos.DayTotals{}, failAt(op, q.Location, pos.KindProtocol, errors.New("the property has no known currency: configure it"))
	}
	return p.controlTotals(ctx, &list[0], q.BusinessDate)
}

func (p *Provider) controlTotals(ctx context.Context, l *pos.Location, d pos.Date) (pos.DayTotals, error) {
	const op = "getControlDailyTotals"
	in := biRequest{LocRef: l.ID, ClsdBusDt: string(d), ApplicationName: application}
	var centers []int
	if c := p.property(l.ID); c != nil {
		centers = c.RevenueCenters
	}
	if len(centers) == 1 {
		in.RvcNum = centers[0]
	}
	count, net := int64(0), pos.Money{Currency: l.Currency}
	end, err := biRows(ctx, p, op, "revenueCenters", in, func(c *controlTotals) error {
		if len(centers) > 0 && !slices.Contains(centers, c.Rvc) {
			return nil
		}
		total, err := parseMoney(string(c.ClosedTotal), l.Currency)
		if err != nil {
			return err
		}
		count += c.ClosedCount
		net, err = net.Add(total)
		return err
	})
	if err != nil {
		return pos.DayTotals{}, err
	}
	asOf, err := parseTime(first(end.UpdatedUTC, end.CurUTC), time.UTC)
	if err != nil {
		return pos.DayTotals{}, failAt(op, l.ID, pos.KindProtocol, err)
	}
	return pos.DayTotals{
		Location: l.ID, BusinessDate: d, Counted: slices.Clone(closedStates), AsOf: asOf,
		DayFigures: pos.DayFigures{Count: &count, Net: net},
	}, nil
}
