package posfake

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// till is the sales journal of the account.
type till struct {
	sales  map[string]*sale
	feed   []entry // every version in the order of recording
	ledger []Record
	uses   map[string]int    // of coupons and codes
	tender map[string]string // location and reference of a tender -> first sale
}

// sale is the present state of a record.
type sale struct {
	Record
	at       int // index of its newest version in the feed
	parts    []pos.Discounted
	lines    []pos.Line
	names    map[string]string // of coupons
	tender   string
	twin     string // SuspectedDuplicateOf
	refunds  []pos.Refund
	unit     pos.Currency
	taxRate  pos.Rate
	bookedAt time.Time
}

type entry struct {
	id       string
	bookedAt time.Time
}

func (t *till) init() {
	t.sales, t.uses, t.tender = make(map[string]*sale), make(map[string]int), make(map[string]string)
}

// book adds the sale's present state to ledger and feed.
func (f *Fake) book(s *sale, silent bool) Record {
	now := f.now()
	if s.Version++; s.Version == 1 {
		s.RecordedAt = now
	}
	if !silent {
		s.UpdatedAt = now
	}
	s.bookedAt = now
	s.at = len(f.till.feed)
	s.Refunded = 0
	for _, r := range s.refunds {
		if r.State == pos.RefundCompleted {
			s.Refunded += r.Amount.Amount
		}
	}
	f.till.sales[s.ID] = s
	f.till.feed = append(f.till.feed, entry{s.ID, now})
	rec := s.Record
	rec.Lines = slices.Clone(s.Record.Lines)
	f.till.ledger = append(f.till.ledger, rec)
	f.notify(pos.JobPurchases, "purchase.changed", s.Location, s.ID)
	return rec
}

// Ledger implements [Simulator].
func (f *Fake) Ledger() []Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.till.ledger)
}

// Sell implements [Simulator].
func (f *Fake) Sell(in Sale) (Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.complete()
	p, err := f.place(in.Location)
	if err != nil {
		return Record{}, err
	}
	if err := f.checkSale(p, &in); err != nil {
		return Record{}, err
	}
	s, err := f.ring(p, in)
	if err != nil {
		return Record{}, err
	}
	if in.Reference != "" {
		key := in.Location + "\x00" + in.Reference
		if s.twin = f.till.tender[key]; s.twin == "" {
			f.till.tender[key] = s.ID
		}
	}
	p.sold = in.OccurredAt
	return f.book(s, false), nil
}

func (f *Fake) checkSale(p *place, in *Sale) error {
	now := f.now()
	if in.OccurredAt.IsZero() {
		in.OccurredAt = now
	}
	in.OccurredAt = in.OccurredAt.UTC()
	if in.State == "" {
		in.State = "completed"
	}
	if in.Tender == "" {
		in.Tender = "card"
	}
	caps := f.caps.Purchases
	switch {
	case p.Closed:
		return fmt.Errorf("posfake: location %s is closed", p.ID)
	case len(in.Lines) == 0:
		return errors.New("posfake: a sale needs a line")
	case !slices.Contains([]string{"completed", "pending", "failed"}, in.State):
		return fmt.Errorf("posfake: no state %q of a sale", in.State)
	case !slices.Contains([]string{"card", "cash", "none"}, in.Tender):
		return fmt.Errorf("posfake: no tender %q", in.Tender)
	case in.OccurredAt.After(now):
		return errors.New("posfake: a sale cannot happen in the future")
	case in.OccurredAt.Before(now.Add(-caps.LateBy)):
		return fmt.Errorf("a sale older than %v: %w", caps.LateBy, ErrNotSimulated)
	case in.Tip < 0:
		return errors.New("posfake: a tip is not negative")
	case in.Tip != 0 && !caps.Tips:
		return fmt.Errorf("tips: %w", ErrNotSimulated)
	case (in.State != "completed" || in.Tender == "none") && !caps.Pending:
		return fmt.Errorf("unpaid sales: %w", ErrNotSimulated)
	}
	return nil
}

// ring prices the sale and takes the goods off the shelf.
func (f *Fake) ring(p *place, in Sale) (*sale, error) {
	zone, err := pos.Zone(p.TimeZone)
	if err != nil {
		return nil, err
	}
	b := pos.Basket{Codes: in.Codes, At: in.OccurredAt, Zone: zone}
	exempt := make([]bool, len(in.Lines))
	for i, l := range in.Lines {
		line, free, err := f.basketLine(p, l, in.OccurredAt)
		if err != nil {
			return nil, err
		}
		b.Lines, exempt[i] = append(b.Lines, line), free
	}
	q, used, err := f.till.quote(p, b)
	if err != nil {
		return nil, err
	}
	id := fmt.Sprintf("sale-%06d", len(f.till.sales)+1)
	s := &sale{
		Record: Record{
			ID: id, Location: p.ID, Kind: "sale", State: in.State, Currency: string(p.Currency),
			Tip: in.Tip, OccurredAt: in.OccurredAt, Reference: in.Reference,
		},
		parts: q.Parts, tender: in.Tender, unit: p.Currency, taxRate: f.cfg.TaxRate, names: make(map[string]string),
	}
	if in.Tender == "none" {
		s.State = "open"
	}
	for i, l := range in.Lines {
		if err := s.addLine(p, l, b.Lines[i], q.Gross[i], q.Discount[i], exempt[i]); err != nil {
			return nil, err
		}
	}
	for _, part := range q.Parts {
		s.names[part.Coupon] = p.coupons[part.Coupon].Name
	}
	for _, key := range used {
		f.till.uses[key]++
	}
	if s.State == "completed" || s.State == "failed" {
		f.takeStock(p, s)
	}
	return s, nil
}

func (f *Fake) basketLine(p *place, l SaleLine, at time.Time) (line pos.BasketLine, exempt bool, err error) {
	if l.Quantity < 0 {
		return line, false, errors.New("posfake: a quantity is not negative")
	}
	line = pos.BasketLine{SKU: l.SKU, Quantity: pos.Units(max(l.Quantity, 1)), UnitPrice: pos.Money{Currency: p.Currency}}
	r := p.menu[l.SKU]
	if r == nil {
		r = p.foreign[l.SKU]
	}
	switch {
	case l.Price != nil:
		line.UnitPrice.Amount = *l.Price
	case r == nil:
		return line, false, fmt.Errorf("posfake: %s does not sell %q, so the sale must name a price", p.ID, l.SKU)
	default:
		line.UnitPrice = r.Item.Price
	}
	if r != nil {
		line.Category, exempt = r.Item.Category, r.Item.TaxExempt
	}
	line.ExpiresInDays = p.expiresIn(l.SKU, at)
	return line, exempt, nil
}

func (s *sale) addLine(p *place, l SaleLine, b pos.BasketLine, gross, discount pos.Money, exempt bool) error {
	net, err := gross.Sub(discount)
	if err != nil {
		return err
	}
	tax := pos.Money{Currency: s.unit}
	if !exempt {
		if tax, err = net.Share(s.taxRate); err != nil {
			return err
		}
	}
	line := pos.Line{
		ID: fmt.Sprintf("%s-%d", s.ID, len(s.lines)+1), Name: l.Name, Quantity: b.Quantity,
		UnitPrice: b.UnitPrice, Gross: gross, Discount: discount, Tax: tax,
	}
	if r := p.menu[l.SKU]; r != nil {
		line.SKU, line.Name, line.VendorID = l.SKU, r.Item.Name, "obj-"+l.SKU
	}
	s.lines = append(s.lines, line)
	s.Lines = append(s.Lines, RecordLine{SKU: line.SKU, Quantity: b.Quantity.Whole(), Gross: gross.Amount, Discount: discount.Amount})
	s.Discount += discount.Amount
	s.Tax += tax.Amount
	s.Total = s.Tip + s.Tax - s.Discount
	for _, x := range s.Lines {
		s.Total += x.Gross
	}
	return nil
}

// sold finds a sale.
func (t *till) sold(id string) (*sale, error) {
	s := t.sales[id]
	if s == nil || s.Kind != "sale" {
		return nil, fmt.Errorf("posfake: no sale %q", id)
	}
	return s, nil
}

// Edit implements [Simulator].
func (f *Fake) Edit(in Edit) (Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.till.sold(in.ID)
	if err != nil {
		return Record{}, err
	}
	if in.Tip != nil {
		if !f.caps.Purchases.Tips {
			return Record{}, fmt.Errorf("tips: %w", ErrNotSimulated)
		}
		s.Total += *in.Tip - s.Tip
		s.Tip = *in.Tip
	}
	if in.Pay {
		if s.State != "open" && s.State != "pending" {
			return Record{}, fmt.Errorf("posfake: sale %s is %s and cannot be paid", s.ID, s.State)
		}
		s.State = "completed"
		if s.tender == "none" {
			s.tender = "card"
		}
		f.takeStock(f.places[s.Location], s)
	}
	if in.Settle != "" {
		return f.settle(s, pos.RefundState(in.Settle), in.Silent)
	}
	return f.book(s, in.Silent), nil
}

// Void implements [Simulator].
func (f *Fake) Void(id string) (Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.till.sold(id)
	switch {
	case err != nil:
		return Record{}, err
	case !f.caps.Purchases.Voids:
		return Record{}, fmt.Errorf("voids: %w", ErrNotSimulated)
	case s.State == "voided" || len(s.refunds) > 0:
		return Record{}, fmt.Errorf("posfake: sale %s is voided or refunded already", id)
	}
	s.State = "voided"
	return f.book(s, false), nil
}
