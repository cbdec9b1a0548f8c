package simphonyfake

import (
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Object numbers of the till's own configuration.
const (
	cashTender   = 101
	cardTender   = 201
	tipCharge    = 901
	salesTax     = 1
	orderType    = 1
	orderChannel = 1
	workstation  = 1
	returnNumber = 998_000 // the item of returns without an item
	returnName   = "Open return"
	taxIncluded  = 3 // tax types
	taxAdded     = 1
	guidLength   = 40
	ledgerOpen   = "open"
	ledgerDone   = "completed"
	ledgerVoided = "voided"
	tenderNone   = "none"
	maxCheckNum  = 9999
)

// lineKind is what a detail line of a check is about.
type lineKind int

const (
	itemLine lineKind = iota
	discountLine
	chargeLine
	tenderLine
)

// line is a detail line. Amounts are minor units: positive for what is sold and
// paid, negative for what is taken off or given back.
type line struct {
	id       int64
	kind     lineKind
	num      int64 // object number of the item, discount, charge or tender
	name     string
	sku      string // of our items
	quantity int64
	total    int64
	discount int64 // an item's part of the discounts, positive
	tax      int64
	taxed    bool
	ref      string
	voided   bool
	returned bool
	at       time.Time
	updated  time.Time
}

// check is a guest check.
type check struct {
	record   string // its id in the ledger
	id       int64  // guestCheckId
	seq      int64  // CheckSeq
	num      int64  // reused
	guid     string // checkRef and posChkGUID
	rvc      *revenueCenter
	kind     string // "sale" or "refund"
	opened   time.Time
	closed   time.Time // zero while open
	reopened time.Time // when it was closed for the second time
	posted   time.Time // known to the enterprise
	updated  time.Time
	touched  time.Time // last change at the till
	voided   bool
	given    int64 // refunded on other checks
	ref      string
	cash     bool
	counted  map[int64]int64 // what was taken from counted items
	lines    []*line
}

func (k *check) property() *property { return k.rvc.property }

func (f *Fake) newCheck(c *revenueCenter, kind string, at time.Time) *check {
	p := c.property
	p.seq++
	f.nextCheck++
	k := &check{
		id: f.nextCheck, seq: p.seq, num: (p.seq-1)%maxCheckNum + 1, guid: fakekit.Text(f.random, fakekit.Hex, guidLength),
		rvc: c, kind: kind, opened: at, touched: at, counted: map[int64]int64{},
	}
	k.record = f.cfg.RecordID(p.ref, k.id, k.seq)
	f.checks[k.record] = k
	p.checks = append(p.checks, k)
	return k
}

func (f *Fake) addLine(k *check, l *line) {
	f.nextLine++
	l.id, l.at, l.updated = f.nextLine, k.touched, f.now
	k.lines = append(k.lines, l)
}

// sum adds the lines of a kind that are not voided and for which keep holds.
func (k *check) sum(kind lineKind, keep func(*line) bool) (total int64) {
	for _, l := range k.lines {
		if l.kind == kind && !l.voided && (keep == nil || keep(l)) {
			total += l.total
		}
	}
	return total
}

func isReturned(l *line) bool { return l.returned }

func (k *check) discounts() int64 { return k.sum(discountLine, nil) }
func (k *check) tip() int64       { return k.sum(chargeLine, nil) }
func (k *check) paid() int64      { return k.sum(tenderLine, nil) }
func (k *check) returns() int64   { return k.sum(itemLine, isReturned) }

// subtotal is what the goods cost after discounts.
func (k *check) subtotal() int64 { return k.sum(itemLine, nil) + k.discounts() }

// tax is the tax collected, and on which sales.
func (k *check) tax() (collected, taxable int64) {
	for _, l := range k.lines {
		if l.kind == itemLine && !l.voided && l.taxed {
			collected += l.tax
			taxable += l.total
			if !l.returned {
				taxable -= l.discount
			} else {
				taxable += l.discount
			}
		}
	}
	return collected, taxable
}

// total is what the guest owes: goods, added tax and tip.
func (f *Fake) total(k *check) int64 {
	sum := k.subtotal() + k.tip()
	if tax, _ := k.tax(); !f.cfg.TaxIncluded {
		sum += tax
	}
	return sum
}

func (k *check) state() string {
	switch {
	case k.voided:
		return ledgerVoided
	case k.closed.IsZero():
		return ledgerOpen
	}
	return ledgerDone
}

// entry is the check as the ledger keeps it. Returns on the sale's own check
// are refunds, not a lower total.
func (f *Fake) entry(k *check) posfake.Record {
	tax, _ := k.tax()
	back := -k.returns()
	r := posfake.Record{
		ID: k.record, Location: k.property().ref, Kind: k.kind, State: k.state(), Currency: string(k.property().currency),
		Total: f.total(k) + back, Discount: -k.discounts(), Tax: tax, Tip: k.tip(), Refunded: back,
		OccurredAt: k.opened, RecordedAt: k.posted, UpdatedAt: k.updated, Reference: k.ref,
	}
	if k.kind == "refund" {
		r.Total, r.Discount, r.Tax, r.Tip, r.Refunded = 0, 0, 0, 0, -f.total(k)
		return r
	}
	for _, l := range k.lines {
		if l.kind == itemLine && !l.voided && !l.returned {
			r.Lines = append(r.Lines, posfake.RecordLine{SKU: l.sku, Quantity: l.quantity, Gross: l.total, Discount: l.discount})
		}
	}
	return r
}

// post makes the present state of a check known to the enterprise.
func (f *Fake) post(k *check) posfake.Record {
	if k.posted.IsZero() {
		k.posted = f.now
	}
	k.updated = f.now
	r := f.ledger.Append(f.entry(k))
	f.notify("CheckNotification", k.rvc, k.guid)
	return r
}

// publish posts a check as soon as the property is connected. Until then the
// record has version 0.
func (f *Fake) publish(k *check) posfake.Record {
	r := f.entry(k)
	k.property().do(func() { r = f.post(k) })
	return r
}

// addTax computes the sales tax of an item line from what it costs after
// discounts.
func (f *Fake) addTax(k *check, l *line) error {
	if !l.taxed {
		return nil
	}
	net := l.total - l.discount
	if f.cfg.TaxIncluded {
		l.tax = ratio(net, f.cfg.TaxBasisPoints, 10_000+f.cfg.TaxBasisPoints)
		return nil
	}
	tax, err := pos.Money{Amount: net, Currency: k.property().currency}.Share(pos.Rate(f.cfg.TaxBasisPoints * 100))
	l.tax = tax.Amount
	return err
}

// ratio is n*a/b rounded half away from zero, for n >= 0.
func ratio(n, a, b int64) int64 { return (2*n*a + b) / (2 * b) }

// find returns the check of a ledger id that is a sale.
func (f *Fake) find(id string) (*check, error) {
	k := f.checks[id]
	if k == nil || k.kind == "refund" {
		return nil, errSale(id)
	}
	return k, nil
}

// byGUID finds a posted check by its reference.
func (c *revenueCenter) byGUID(guid string) *check {
	i := slices.IndexFunc(c.property.checks, func(k *check) bool { return k.guid == guid && k.rvc == c && !k.posted.IsZero() })
	if i < 0 {
		return nil
	}
	return c.property.checks[i]
}
