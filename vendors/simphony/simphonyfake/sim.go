package simphonyfake

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

func errSale(id string) error { return fmt.Errorf("%w: %q", errNoSale, id) }

// Sell rings up a check at the property's first revenue center. A tender of
// none or the state pending leaves it open. Payments that fail are not
// simulated: a check that is not paid stays open.
func (f *Fake) Sell(s posfake.Sale) (posfake.Record, error) {
	defer f.begin()()
	p, err := f.openProperty(s.Location)
	if err != nil {
		return posfake.Record{}, err
	}
	if err := checkSale(s); err != nil {
		return posfake.Record{}, err
	}
	at := f.now
	if !s.OccurredAt.IsZero() {
		at = s.OccurredAt.UTC().Truncate(time.Millisecond)
	}
	if at.After(f.now) {
		return posfake.Record{}, errors.New("simphonyfake: a sale cannot happen in the future")
	}
	rung, err := f.ring(p.rvcs[0], s, at)
	if err != nil {
		return posfake.Record{}, err
	}
	k := f.newCheck(p.rvcs[0], "sale", at)
	k.ref, k.cash = s.Reference, s.Tender == "cash"
	if err := f.fill(k, rung, s.Tip); err != nil {
		return posfake.Record{}, err
	}
	if s.Tender != tenderNone && s.State != "pending" {
		f.pay(k, at)
	}
	return f.publish(k), nil
}

func checkSale(s posfake.Sale) error {
	switch {
	case len(s.Lines) == 0:
		return errors.New("simphonyfake: a sale needs a line")
	case s.State == "failed":
		return fmt.Errorf("simphonyfake: refused payments: %w", posfake.ErrNotSimulated)
	case !slices.Contains([]string{"", "completed", "pending"}, s.State):
		return fmt.Errorf("simphonyfake: no state %q of a sale", s.State)
	case !slices.Contains([]string{"", "card", "cash", tenderNone}, s.Tender):
		return fmt.Errorf("simphonyfake: no tender %q", s.Tender)
	case s.Tip < 0:
		return errors.New("simphonyfake: a tip is not negative")
	}
	return nil
}

// rung is a basket with its discounts.
type rung struct {
	lines []*line
	items []*item // nil: off the menu
	quote pos.Quote
	taken []*offer // of each part of the quote
}

// ring looks the items up and prices the basket.
func (f *Fake) ring(c *revenueCenter, s posfake.Sale, at time.Time) (*rung, error) {
	r := &rung{}
	b := pos.Basket{Codes: s.Codes, At: at, Zone: c.property.zone}
	for i, in := range s.Lines {
		l, it, unit, err := f.ringLine(c, in, at)
		if err != nil {
			return nil, fmt.Errorf("simphonyfake: lines[%d]: %w", i, err)
		}
		r.lines, r.items = append(r.lines, l), append(r.items, it)
		row := pos.BasketLine{SKU: strconv.FormatInt(l.num, 10), Quantity: pos.Units(l.quantity), UnitPrice: pos.Money{Amount: unit, Currency: c.property.currency}}
		if it != nil {
			row.Category = it.category
		}
		b.Lines = append(b.Lines, row)
	}
	coupons, offers := f.offers(c, s.Codes, at)
	var err error
	if r.quote, err = pos.Price(b, coupons); err != nil {
		return nil, fmt.Errorf("simphonyfake: pricing: %w", err)
	}
	for i := range r.lines {
		r.lines[i].total, r.lines[i].discount = r.quote.Gross[i].Amount, r.quote.Discount[i].Amount
	}
	for _, part := range r.quote.Parts {
		r.taken = append(r.taken, offers[part.Coupon])
	}
	return r, nil
}

func (f *Fake) ringLine(c *revenueCenter, in posfake.SaleLine, at time.Time) (l *line, it *item, unit int64, err error) {
	if in.Quantity < 0 {
		return nil, nil, 0, fmt.Errorf("quantity %d is negative", in.Quantity)
	}
	l = &line{kind: itemLine, quantity: max(in.Quantity, 1), taxed: true}
	if in.SKU != "" {
		it = f.menu(c).bySKU[in.SKU]
	}
	if it == nil && in.Price == nil {
		return nil, nil, 0, fmt.Errorf("item %q is not on the menu and has no price", in.SKU)
	}
	priced := true
	if it == nil {
		l.num, l.name = f.openItem(cmp.Or(in.Name, "Open food")), cmp.Or(in.Name, "Open food")
	} else {
		l.num, l.name, l.taxed = it.objectNum, it.title(), it.taxed
		if !it.foreign {
			l.sku = it.sku
		}
		unit, priced = f.price(c, it, at)
	}
	if in.Price != nil {
		unit, priced = *in.Price, true
	}
	if !priced || unit < 0 {
		return nil, nil, 0, fmt.Errorf("item %q has no price here", in.SKU)
	}
	return l, it, unit, nil
}

// openItem is the object number of an item off the menu.
func (f *Fake) openItem(name string) int64 {
	if _, known := f.openItems[name]; !known {
		f.openItems[name] = openNumber + int64(len(f.openItems)) + 1
	}
	return f.openItems[name]
}

// fill puts items, discounts and tip on a check.
func (f *Fake) fill(k *check, r *rung, tip int64) error {
	for i, l := range r.lines {
		if err := f.addTax(k, l); err != nil {
			return fmt.Errorf("simphonyfake: tax: %w", err)
		}
		f.addLine(k, l)
		if it := r.items[i]; it != nil {
			f.countDown(k, it.objectNum, l.quantity)
		}
	}
	var given []*line
	for i, part := range r.quote.Parts {
		o := r.taken[i]
		at := slices.IndexFunc(given, func(l *line) bool { return l.num == o.objectNum && l.ref == part.Code })
		if at < 0 {
			given = append(given, &line{kind: discountLine, num: o.objectNum, name: o.name, quantity: 1, ref: part.Code})
			at = len(given) - 1
		}
		given[at].total -= part.Amount.Amount
	}
	for _, l := range given {
		f.addLine(k, l)
	}
	if tip > 0 {
		f.addLine(k, &line{kind: chargeLine, num: tipCharge, name: "Charged tip", quantity: 1, total: tip})
	}
	return nil
}

// countDown takes units of a counted item; the revenue centers are told when
// it is sold out.
func (f *Fake) countDown(k *check, objectNum, quantity int64) {
	p := k.property()
	before, counted := p.counts[objectNum]
	if !counted {
		return
	}
	p.counts[objectNum] = before - quantity
	k.counted[objectNum] += quantity
	if before > 0 && before <= quantity {
		f.availabilityChanged(p)
	}
}

func (f *Fake) availabilityChanged(p *property) {
	for _, c := range p.rvcs {
		f.notify("ConfigurationNotification", c, "")
	}
}

// pay settles what is due and closes the check.
func (f *Fake) pay(k *check, at time.Time) {
	l := &line{kind: tenderLine, num: cardTender, name: "Card", quantity: 1, total: f.total(k) - k.paid(), ref: k.ref}
	if k.cash {
		l.num, l.name = cashTender, "Cash"
	}
	k.touched = at
	f.addLine(k, l)
	k.closed = at
}

// change applies fn to a sale and posts it again.
func (f *Fake) change(id string, fn func(*check) error) (posfake.Record, error) {
	defer f.begin()()
	k, err := f.find(id)
	if err != nil {
		return posfake.Record{}, err
	}
	if err := fn(k); err != nil {
		return posfake.Record{}, err
	}
	k.touched = f.now
	return f.publish(k), nil
}

// Edit adjusts the tip of a sale or closes an open check. Every change moves
// the check's lastUpdatedUTC, and refunds are never pending.
func (f *Fake) Edit(e posfake.Edit) (posfake.Record, error) {
	if e.Silent || e.Settle != "" {
		return posfake.Record{}, fmt.Errorf("simphonyfake: silent changes and pending refunds: %w", posfake.ErrNotSimulated)
	}
	return f.change(e.ID, func(k *check) error {
		switch {
		case k.voided:
			return fmt.Errorf("simphonyfake: check %s is voided", k.record)
		case e.Tip != nil && *e.Tip < 0:
			return errors.New("simphonyfake: a tip is not negative")
		case e.Pay && !k.closed.IsZero():
			return fmt.Errorf("simphonyfake: check %s is closed", k.record)
		}
		if e.Tip != nil {
			f.setTip(k, *e.Tip)
		}
		if e.Pay {
			f.pay(k, f.now)
		}
		return nil
	})
}

// setTip replaces the charged tip, and what the tender took.
func (f *Fake) setTip(k *check, tip int64) {
	more := tip - k.tip()
	i := slices.IndexFunc(k.lines, func(l *line) bool { return l.kind == chargeLine })
	if i < 0 {
		f.addLine(k, &line{kind: chargeLine, num: tipCharge, name: "Charged tip", quantity: 1})
		i = len(k.lines) - 1
	}
	k.lines[i].total, k.lines[i].updated = tip, f.now
	if i := slices.IndexFunc(k.lines, func(l *line) bool { return l.kind == tenderLine && l.total > 0 }); i >= 0 {
		k.lines[i].total, k.lines[i].updated = k.lines[i].total+more, f.now
	}
}

// Void reopens a check, voids every line of it and closes it again.
func (f *Fake) Void(id string) (posfake.Record, error) {
	return f.change(id, func(k *check) error {
		if k.voided || k.given > 0 || k.returns() != 0 {
			return fmt.Errorf("simphonyfake: check %s is voided or refunded already", k.record)
		}
		k.voided = true
		for _, l := range k.lines {
			l.voided, l.updated = true, f.now
		}
		if k.closed.IsZero() {
			k.closed = f.now
		} else {
			k.reopened = f.now
		}
		for n, taken := range k.counted {
			if _, counted := k.property().counts[n]; counted {
				k.property().counts[n] += taken
			}
		}
		return nil
	})
}

// Refund gives money back at the till: a check of its own with return lines, or
// return lines on the reopened check. A refund of all of a sale returns its
// lines with their tax, one of a part an open amount without tax.
func (f *Fake) Refund(r posfake.Refund) (posfake.Record, error) {
	if r.State != "" && r.State != ledgerDone {
		return posfake.Record{}, fmt.Errorf("simphonyfake: refunds that are not done at once: %w", posfake.ErrNotSimulated)
	}
	defer f.begin()()
	k, err := f.find(r.ID)
	if err != nil {
		return posfake.Record{}, err
	}
	left := f.total(k) - k.given
	amount := cmp.Or(r.Amount, left)
	switch {
	case k.state() != ledgerDone:
		return posfake.Record{}, fmt.Errorf("simphonyfake: check %s is %s, nothing was paid", k.record, k.state())
	case amount <= 0 || amount > left:
		return posfake.Record{}, fmt.Errorf("simphonyfake: refund of %d of the %d that are left", r.Amount, left)
	}
	back := k
	k.touched = f.now
	if f.cfg.ReopenReturns {
		k.reopened = f.now
	} else {
		back = f.newCheck(k.rvc, "refund", f.now)
		back.closed, back.cash = f.now, k.cash
		k.given += amount
	}
	if back != k && amount == f.total(k) {
		f.mirror(back, k)
	} else {
		f.addLine(back, &line{kind: itemLine, num: returnNumber, name: returnName, quantity: -1, total: -amount, returned: true, ref: r.Reason})
	}
	tender := &line{kind: tenderLine, num: cardTender, name: "Card", quantity: 1, total: -amount}
	if back.cash {
		tender.num, tender.name = cashTender, "Cash"
	}
	f.addLine(back, tender)
	return f.publish(back), nil
}

// mirror returns everything that was sold on a check.
func (f *Fake) mirror(back, sale *check) {
	for _, l := range sale.lines {
		if l.kind == tenderLine {
			continue
		}
		m := *l
		m.total, m.tax, m.returned = -l.total, -l.tax, l.kind == itemLine
		if m.kind == itemLine {
			m.quantity = -l.quantity
		}
		f.addLine(back, &m)
	}
}

// SetStock counts an item down from a number; nil stops counting it.
func (f *Fake) SetStock(location, sku string, quantity *int64) error {
	defer f.begin()()
	p, err := f.openProperty(location)
	if err != nil {
		return err
	}
	it := f.menu(p.rvcs[0]).bySKU[sku]
	switch {
	case it == nil:
		return fmt.Errorf("simphonyfake: no item %q at %s", sku, p.ref)
	case quantity != nil && *quantity < 0:
		return fmt.Errorf("simphonyfake: quantity %d is negative", *quantity)
	}
	before := p.soldOut(it)
	if quantity == nil {
		delete(p.counts, it.objectNum)
	} else {
		p.counts[it.objectNum] = *quantity
	}
	if before != p.soldOut(it) {
		f.availabilityChanged(p)
	}
	return nil
}

// Ledger lists every version of every check that the enterprise got to know.
func (f *Fake) Ledger() []posfake.Record {
	f.begin()()
	return f.ledger.All()
}
