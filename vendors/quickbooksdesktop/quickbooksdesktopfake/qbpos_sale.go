package quickbooksdesktopfake

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// ticket is a receipt of QuickBooks Point of Sale.
type ticket struct {
	id                 string
	number             int
	store              *store
	kind, status       string
	held, cash         bool
	created, modified  time.Time
	date               string
	lines              []*ticketLine
	taxPoints          int64
	tax, tip, subtotal int64 // positive, as is the total
	given              int64 // by returns
}

type ticketLine struct {
	ware                 *ware
	desc                 string
	quantity             int64
	price, extended, tax int64 // cents
	taxed                bool
}

func (t *ticket) total() int64 { return t.subtotal + t.tax }

// charged is what the customer pays.
func (t *ticket) charged() int64 { return t.total() + t.tip }

func (p *POS) newTicket(kind string, s *store) *ticket {
	now := p.now()
	t := &ticket{id: p.id(), number: len(p.tickets) + 1, store: s, kind: kind, status: "Regular", created: now, modified: now, date: p.date(now)}
	p.tickets = append(p.tickets, t)
	return t
}

// Sell books a receipt. The tender none puts it on hold. One of the past is one
// that another store hands over now: it keeps its times.
func (p *POS) Sell(s posfake.Sale) (posfake.Record, error) {
	defer p.begin()()
	at, err := p.store(s.Location)
	if err != nil {
		return posfake.Record{}, err
	}
	switch {
	case len(s.Lines) == 0:
		return posfake.Record{}, errors.New("quickbooksdesktopfake: a sale needs a line")
	case s.State != "" && s.State != "completed", s.Tip != 0 && s.Tender != "" && s.Tender != "card":
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: sales that are not paid, tips in cash: %w", posfake.ErrNotSimulated)
	case s.OccurredAt.After(p.Now()):
		return posfake.Record{}, errors.New("quickbooksdesktopfake: a sale cannot happen in the future")
	}
	var lines []*ticketLine
	for i, in := range s.Lines {
		l, err := p.goods(in)
		if err != nil {
			return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: lines[%d]: %w", i, err)
		}
		lines = append(lines, l)
	}
	t := p.newTicket("Sales", at)
	if !s.OccurredAt.IsZero() {
		at := s.OccurredAt.UTC().Truncate(time.Second)
		t.created, t.modified, t.date = at, at, p.date(at)
	}
	t.lines, t.tip, t.cash, t.held = lines, s.Tip, s.Tender == "cash", s.Tender == "none"
	t.sum(p.cfg.TaxBasisPoints)
	p.move(t, -1)
	return p.publish(t), nil
}

func (p *POS) goods(in posfake.SaleLine) (*ticketLine, error) {
	l := &ticketLine{ware: p.sundry, desc: cmp.Or(in.Name, "Off the menu"), quantity: max(in.Quantity, 1), taxed: true}
	priced := in.Price != nil
	if w := p.ware(in.SKU); w != nil {
		l.ware, l.desc, l.price, l.taxed, priced = w, w.desc, w.price, w.tax != "Non", true
	}
	if in.Price != nil {
		l.price = *in.Price
	}
	if !priced || l.price < 0 || in.Quantity < 0 {
		return nil, fmt.Errorf("item %q has no price, or quantity %d", in.SKU, in.Quantity)
	}
	l.extended = l.price * l.quantity
	return l, nil
}

// sum computes tax and subtotal.
func (t *ticket) sum(taxPoints int64) {
	var taxed int64
	t.subtotal = 0
	for _, l := range t.lines {
		t.subtotal += l.extended
		if l.taxed {
			taxed += l.extended
			l.tax = share(l.extended, taxPoints, 10_000)
		}
	}
	t.taxPoints, t.tax = taxPoints, share(taxed, taxPoints, 10_000)
}

// move takes goods out of stock (-1), or back (1). What is not counted stays so.
func (p *POS) move(t *ticket, sign int64) {
	if t.held {
		return
	}
	for _, l := range t.lines {
		if n, counted := l.ware.stock[t.store.number]; counted {
			l.ware.stock[t.store.number] = n + sign*l.quantity*fine
		}
	}
}

func (p *POS) sold(id string) (*ticket, error) {
	for _, t := range p.tickets {
		if t.id == id && t.kind == "Sales" {
			return t, nil
		}
	}
	return nil, fmt.Errorf("quickbooksdesktopfake: no sale %q", id)
}

// Edit adds a tip to a receipt, or completes one that is on hold.
func (p *POS) Edit(e posfake.Edit) (posfake.Record, error) {
	if e.Silent || e.Settle != "" {
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: silent changes and pending refunds: %w", posfake.ErrNotSimulated)
	}
	defer p.begin()()
	t, err := p.sold(e.ID)
	switch {
	case err != nil:
		return posfake.Record{}, err
	case t.status != "Regular" || e.Pay != t.held:
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: %s is reversed, or not on hold", t.id)
	case e.Tip != nil && (t.cash || t.given > 0):
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: a tip for %s: %w", t.id, posfake.ErrNotSimulated)
	}
	if e.Tip != nil {
		t.tip = *e.Tip
	}
	if e.Pay {
		t.held = false
		p.move(t, -1)
	}
	t.modified = p.now()
	return p.publish(t), nil
}

// Void reverses a receipt: it is marked, and a twin takes back what it did.
func (p *POS) Void(id string) (posfake.Record, error) {
	defer p.begin()()
	t, err := p.sold(id)
	switch {
	case err != nil:
		return posfake.Record{}, err
	case t.status != "Regular" || t.held || t.given > 0:
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: %s is reversed, on hold or returned", t.id)
	}
	t.status, t.modified = "Reversed", p.now()
	twin := p.newTicket("Return", t.store)
	twin.status, twin.cash = "Reversing", t.cash
	twin.lines, twin.taxPoints, twin.tax, twin.subtotal = t.lines, t.taxPoints, t.tax, t.subtotal
	p.move(t, 1)
	return p.publish(t), nil
}

// Refund books a return, which does not name its sale. One of a whole receipt
// brings its goods back, one of a part is an amount without tax.
func (p *POS) Refund(r posfake.Refund) (posfake.Record, error) {
	if r.State != "" && r.State != "completed" {
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: refunds that are not done at once: %w", posfake.ErrNotSimulated)
	}
	defer p.begin()()
	t, err := p.sold(r.ID)
	if err != nil {
		return posfake.Record{}, err
	}
	left := t.charged() - t.given
	cents := cmp.Or(r.Amount, left)
	if t.held || t.status != "Regular" || cents <= 0 || cents > left {
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: refund of %d of the %d that are left", r.Amount, left)
	}
	back := p.newTicket("Return", t.store)
	back.cash = t.cash
	if cents == t.total() {
		back.lines = t.lines
		back.sum(t.taxPoints)
		p.move(back, 1)
	} else {
		back.lines = []*ticketLine{{ware: p.sundry, desc: "Refund", quantity: 1, price: cents, extended: cents}}
		back.sum(0)
	}
	t.given += cents
	return p.publish(back), nil
}

// publish puts the present version into the ledger.
func (p *POS) publish(t *ticket) posfake.Record {
	r := posfake.Record{
		ID: t.id, Location: t.store.id(), Kind: "sale", State: "completed", Currency: p.cfg.Currency, Total: t.charged(), Tax: t.tax, Tip: t.tip,
		OccurredAt: t.created, RecordedAt: t.created, UpdatedAt: t.modified,
	}
	switch {
	case t.status == "Reversed":
		r.State = "voided"
	case t.held:
		r.State = "open"
	}
	if t.kind == "Return" {
		r.Kind, r.Refunded = "refund", t.charged()
	}
	for _, l := range t.lines {
		sku := l.ware.alu
		if l.ware.foreign {
			sku = ""
		}
		r.Lines = append(r.Lines, posfake.RecordLine{SKU: sku, Quantity: l.quantity, Gross: l.extended})
	}
	return p.ledger.Append(r)
}

// ret shows a receipt, in the order of the description.
func (p *POS) ticketRet(t *ticket) *node {
	sign := int64(1)
	if t.kind == "Return" {
		sign = -1
	}
	n := el("SalesReceiptRet", leaf("TxnID", t.id), leaf("TimeCreated", p.stamp(t.created)), leaf("TimeModified", p.stamp(t.modified)),
		leaf("Associate", "Sam Sample"), leaf("Cashier", "Sysadmin"), leaf("Discount", "0.00"), leaf("DiscountPercent", "0"),
		leaf("HistoryDocStatus", t.status), leaf("ItemsCount", strconv.Itoa(len(t.lines))), leaf("PriceLevelNumber", "1"), leaf("QuickBooksFlag", "NotPosted"),
		leaf("SalesReceiptNumber", strconv.Itoa(t.number)), leaf("SalesReceiptType", t.kind), leaf("StoreExchangeStatus", "Modified"),
		leaf("StoreNumber", t.store.id()), leaf("Subtotal", amount(sign*t.subtotal)), leaf("TaxAmount", amount(sign*t.tax)), leaf("TaxCategory", "Local Sales Tax"),
		leaf("TaxPercentage", trimmed(t.taxPoints*fine/100, 0)))
	tender := "CreditCard"
	switch {
	case t.held:
		tender = "None"
	case t.cash:
		tender = "Cash"
	}
	n.add(leaf("TenderType", tender), leaf("Total", amount(sign*t.total())), leaf("TxnDate", t.date))
	state := "Normal"
	if t.held {
		state = "Held"
	}
	n.add(leaf("TxnState", state), leaf("Workstation", "1"), el("BillingInformation", leaf("FirstName", "Walk-in"), leaf("LastName", "Wanda")))
	for _, l := range t.lines {
		n.add(el("SalesReceiptItemRet", leaf("ListID", l.ware.listID), opt("ALU", l.ware.alu), leaf("Desc1", l.desc), leaf("Discount", "0.00"), leaf("DiscountPercent", "0"),
			leaf("DiscountSource", "None"), leaf("ExtendedPrice", amount(sign*l.extended)), leaf("ExtendedTax", amount(sign*l.tax)), leaf("Price", amount(l.price)),
			leaf("Qty", strconv.FormatInt(sign*l.quantity, 10)), leaf("TaxCode", l.ware.tax)))
	}
	switch paid := leaf("TenderAmount", amount(sign*t.total())); {
	case t.held:
	case t.cash:
		n.add(el("TenderCashRet", paid))
	case t.tip != 0:
		n.add(el("TenderCreditCardRet", leaf("CardName", "Visa"), paid, leaf("TipAmount", amount(t.tip))))
	default:
		n.add(el("TenderCreditCardRet", leaf("CardName", "Visa"), paid))
	}
	return n
}
