package pos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DayTotaler is implemented by providers whose system states totals of its own
// for a business day: a second account of the sales, to check against that
// none is missing. It is no method of [Provider], since many systems have no
// such totals; [PurchaseCaps.DayTotals] says whether this one does.
type DayTotaler interface {
	// DayTotals reads the system's own totals. It never sums up what Purchases
	// delivers. Where the capabilities exclude it, it returns an error that
	// matches [ErrUnsupported] without sending a request; a location or date
	// that is missing or malformed is [ErrInvalid].
	DayTotals(ctx context.Context, q DayTotalsQuery) (DayTotals, error)
}

// DayTotalsQuery asks for the totals of one business day at one location.
type DayTotalsQuery struct {
	Location     string
	BusinessDate Date
}

// Validate reports every problem of the query at once.
func (q DayTotalsQuery) Validate() Problems {
	var ps Problems
	if q.Location == "" {
		ps = append(ps, Problem{Field: "Location", Reason: "is missing"})
	}
	if _, err := ParseDate(string(q.BusinessDate)); err != nil {
		ps = append(ps, Problem{Field: "BusinessDate", Location: q.Location, Reason: "is not a date of the form 2006-01-02"})
	}
	return ps
}

// DayTotals are what a system says about a business day at a location.
type DayTotals struct {
	Location     string `json:"location"`
	BusinessDate Date   `json:"business_date"`
	DayFigures
	// Counted are the states of the purchases that Count counts.
	Counted []PurchaseState `json:"counted,omitempty"`
	// Final says that the system has closed the day. Late sales and edits may
	// still move the totals of a closed day in some systems.
	Final bool `json:"final,omitempty"`
	// AsOf is when the system had these totals; zero if it does not tell.
	AsOf time.Time `json:"as_of,omitzero"`
}

// DayFigures sum up the purchases of a business day, each by its last version.
// A purchase belongs to the day that its BusinessDate names, and takes the
// refunds that it carries along.
//
// A figure that a system does not state is nil, or an amount without currency.
// The sums are of completed purchases alone.
type DayFigures struct {
	Count *int64 `json:"count,omitempty"`
	// Net is the total minus the completed refunds.
	Net       Money `json:"net,omitzero"`
	Refunds   Money `json:"refunds,omitzero"`
	Discounts Money `json:"discounts,omitzero"`
	Taxes     Money `json:"taxes,omitzero"`
	Tips      Money `json:"tips,omitzero"`
}

// FiguresOf sums up purchases, given by their last versions, in a currency; ""
// means that of the first. Those in one of the counted states make Count. All
// figures are known then, and amounts are in the currency even if they are 0.
// Purchases in different currencies cannot be summed up and are an error.
func FiguresOf(purchases []Purchase, counted []PurchaseState, c Currency) (DayFigures, error) {
	if c == "" && len(purchases) > 0 {
		c = purchases[0].Currency
	}
	zero, count := Money{Currency: c}, int64(0)
	f := DayFigures{Count: &count, Net: zero, Refunds: zero, Discounts: zero, Taxes: zero, Tips: zero}
	for i := range purchases {
		p := &purchases[i]
		if slices.Contains(counted, p.State) {
			count++
		}
		if p.State != StateCompleted {
			continue
		}
		if err := f.add(p); err != nil {
			return DayFigures{}, fmt.Errorf("purchase %.80q: %w", p.ID, err)
		}
	}
	return f, nil
}

func (f *DayFigures) add(p *Purchase) error {
	back, err := p.Refunded()
	if err != nil {
		return err
	}
	var failed error
	sum := func(to *Money, m Money) {
		if failed == nil {
			*to, failed = to.Add(m)
		}
	}
	sum(&f.Net, p.Total)
	sum(&f.Net, back.Neg())
	sum(&f.Refunds, back)
	for i := range p.Discounts {
		sum(&f.Discounts, p.Discounts[i].Amount)
	}
	for i := range p.Taxes {
		sum(&f.Taxes, p.Taxes[i].Amount)
	}
	sum(&f.Tips, p.Tip)
	return failed
}

// amounts are the money figures, in order.
func (f *DayFigures) amounts() []*Money {
	return []*Money{&f.Net, &f.Refunds, &f.Discounts, &f.Taxes, &f.Tips}
}

// Minus returns the difference in the figures that both state; the others are
// not stated in it either. Amounts in different currencies are an error.
func (f DayFigures) Minus(o DayFigures) (DayFigures, error) {
	var d DayFigures
	if f.Count != nil && o.Count != nil {
		n := *f.Count - *o.Count
		d.Count = &n
	}
	to, mine, others := d.amounts(), f.amounts(), o.amounts()
	for i := range to {
		if mine[i].Currency == "" || others[i].Currency == "" {
			continue
		}
		var err error
		if *to[i], err = mine[i].Sub(*others[i]); err != nil {
			return DayFigures{}, err
		}
	}
	return d, nil
}

// Stated reports whether there is any figure.
func (f DayFigures) Stated() bool {
	return f.Count != nil || slices.ContainsFunc(f.amounts(), func(m *Money) bool { return m.Currency != "" })
}

// IsZero reports whether every figure that is stated is 0.
func (f DayFigures) IsZero() bool {
	return (f.Count == nil || *f.Count == 0) && !slices.ContainsFunc(f.amounts(), func(m *Money) bool { return m.Amount != 0 })
}

// DayHash is a digest of which purchases there are, each by its last version,
// in any order: the SHA-256 in hexadecimal of the lines "id TAB version NEWLINE",
// sorted by their bytes. Two lists with the same hash hold the same versions.
func DayHash(purchases []Purchase) string {
	lines := make([]string, len(purchases))
	for i := range purchases {
		lines[i] = purchases[i].ID + "\t" + purchases[i].Version + "\n"
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

// Span returns the first instant of a business day at the location, and that
// of the next one.
func (l Location) Span(d Date) (from, to time.Time, err error) {
	zone, err := Zone(l.TimeZone)
	if err != nil {
		return from, to, err
	}
	if from, err = l.begin(d, zone); err == nil {
		to, err = l.begin(d.AddDays(1), zone)
	}
	return from, to, err
}

func (l Location) begin(d Date, zone *time.Location) (time.Time, error) {
	if l.DayStart == 0 {
		return d.Start(zone)
	}
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("pos: %q is not a date of the form 2006-01-02", clip(string(d)))
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, int(l.DayStart), 0, 0, zone), nil
}
