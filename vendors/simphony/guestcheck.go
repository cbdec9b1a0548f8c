package simphony

import (
	"errors"
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// typeInclusive is the type of taxes that are part of the prices.
const typeInclusive = "3"

// sale maps a check of Reporting & Analytics.
func (c *guestCheck) sale(l *pos.Location, n *names) (*sale, error) {
	s := &sale{}
	s.ID = fmt.Sprintf("bi:%s:%s", l.ID, c.ID)
	s.Location, s.Currency, s.Receipt = l.ID, l.Currency, string(c.Number)
	if !s.Currency.Valid() {
		return nil, fmt.Errorf("property %s has no known currency: configure it", l.ID)
	}
	if c.ID == "" {
		return nil, fmt.Errorf("check %s has no id", clip(string(c.Number)))
	}
	if err := c.times(s, l); err != nil {
		return nil, fmt.Errorf("check %s: %w", s.ID, err)
	}
	c.state(s)
	total := s.amount(string(c.Total), "chkTtl")
	s.total, s.tip = &total, s.amount(string(c.TipTotal), "tipTotal")
	c.lines(s, n)
	for _, t := range c.Taxes {
		a := pos.Applied{ID: string(t.Num), Name: n.dims.of(dimTaxes, t.Num).Name, Amount: s.amount(string(t.Collected), "taxCollTtl"), Included: t.Type == typeInclusive}
		if r, err := pos.ParsePercent(string(t.Rate)); err == nil {
			a.Rate = r
		}
		if a.Amount.Amount != 0 {
			s.taxes = append(s.taxes, a)
		}
	}
	return s, nil
}

// times reads when the check was closed, or opened if it is open.
func (c *guestCheck) times(s *sale, l *pos.Location) error {
	opened, err := parseTime(c.OpenUTC, time.UTC)
	if err != nil {
		return fmt.Errorf("opnUTC: %w", err)
	}
	closed, err := parseTime(c.CloseUTC, time.UTC)
	if err != nil {
		return fmt.Errorf("clsdUTC: %w", err)
	}
	updated, err := parseTime(first(c.UpdatedUTC, c.TransUTC), time.UTC)
	if err != nil {
		return fmt.Errorf("lastUpdatedUTC: %w", err)
	}
	s.OccurredAt, s.BusinessDate = opened, pos.Date(c.OpenBusDt)
	if !closed.IsZero() {
		s.OccurredAt, s.BusinessDate = closed, pos.Date(first(c.CloseBusDt, c.OpenBusDt))
	}
	if s.OccurredAt.IsZero() {
		return errors.New("it has neither opnUTC nor clsdUTC")
	}
	if s.BusinessDate == "" {
		s.BusinessDate = l.BusinessDate(s.OccurredAt)
	}
	if s.UpdatedAt = updated; updated.IsZero() {
		s.UpdatedAt = s.OccurredAt
	}
	s.RecordedAt = s.UpdatedAt
	return nil
}

func (c *guestCheck) state(s *sale) {
	switch {
	case c.Cancelled:
		s.State, s.VendorState = pos.StateVoided, "cancelled"
	case c.TransferTo != "" && c.TransferTo != "0": // its lines are on another check
		s.State, s.VendorState = pos.StateVoided, "transferred"
	case c.Closed:
		s.State, s.VendorState = pos.StateCompleted, "closed"
	default:
		s.State, s.VendorState = pos.StatePending, "open"
	}
}

// lines maps detail lines: items before what belongs to them.
func (c *guestCheck) lines(s *sale, n *names) {
	voided := 0
	for _, parts := range []bool{false, true} {
		for i := range c.DetailLines {
			d := &c.DetailLines[i]
			if d.Corrected || d.MenuItem == nil || (d.Parent != "" && d.Parent != "0") != parts {
				continue
			}
			if d.Void && s.State != pos.StateVoided {
				voided++
				continue
			}
			it := &item{
				id: string(d.ID), parent: string(d.Parent), num: string(d.MenuItem.Num), quantity: string(d.Quantity), total: string(d.Total),
				returned: d.MenuItem.Return,
			}
			known := n.items[number(d.MenuItem.Num)]
			it.sku, it.name = known.key, first(known.name, n.dims.of(dimItems, d.MenuItem.Num).Name)
			s.addItem(it)
		}
	}
	for i := range c.DetailLines {
		if d := &c.DetailLines[i]; !d.Corrected && (!d.Void || s.State == pos.StateVoided) {
			c.other(s, d, n)
		}
	}
	if voided > 0 && len(s.Lines) == 0 && s.State == pos.StateCompleted {
		s.State, s.VendorState = pos.StateVoided, "all lines voided"
	}
}

// other maps a line that is no item.
func (c *guestCheck) other(s *sale, d *detailLine, n *names) {
	ref := first(d.RefLong, d.Ref)
	if s.Device == "" && d.Ws != "0" {
		s.Device = string(d.Ws)
	}
	switch {
	case d.Discount != nil:
		known := n.discounts[number(d.Discount.Num)]
		s.addDiscount(string(d.Parent), pos.Applied{
			ID: string(d.Discount.Num), Coupon: known.key, Code: ref, Name: first(known.name, n.dims.of(dimDiscounts, d.Discount.Num).Name),
			Amount: s.amount(string(d.Total), "discount"),
		})
	case d.Charge != nil:
		dim := n.dims.of(dimCharges, d.Charge.Num)
		amount := s.amount(string(d.Total), "service charge")
		if !dim.TipCharge && amount.Amount != 0 {
			s.Charges = append(s.Charges, pos.Applied{ID: string(d.Charge.Num), Name: dim.Name, Amount: amount})
		}
	case d.Tender != nil:
		dim := n.dims.of(dimTenders, d.Tender.Num)
		s.Tenders = append(s.Tenders, pos.Tender{
			ID: string(d.LineID), Kind: tenderKind(string(dim.Type), dim.Name), Amount: s.amount(string(d.Total), "tender"), Reference: reference(ref),
		})
	}
}
