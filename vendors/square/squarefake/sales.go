package squarefake

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Errors of the simulator's methods.
var (
	errNoLocation = errors.New("squarefake: no such location")
	errNoSuchItem = errors.New("squarefake: no such item")
	errNoSale     = errors.New("squarefake: no such sale")
	errNotAllowed = errors.New("squarefake: not possible in this state")
)

// entry is an order with what belongs to it. The order in now is never changed
// in place: answers may still be reading it.
type entry struct {
	seq      int
	now      *order
	past     []pastOrder // earlier versions, for stale reads
	lines    []basketLine
	priced   priced
	created  time.Time
	updated  time.Time
	closed   time.Time
	changed  time.Time // of the last version, also a silent one
	occurred time.Time
	state    string // as in the ledger
	ref      string
	payment  *paymentEntry
	refund   *refundEntry // for return orders
	refunds  []*refundEntry

	byAPI      bool // made through the Orders API
	fulfilling bool // paid or not, the goods have not been handed over
}

type pastOrder struct {
	until time.Time // when the next version replaced it
	order *order
}

type paymentEntry struct {
	seq     int
	now     *payment
	created time.Time
	updated time.Time
	offline time.Time
	sale    *entry
}

type refundEntry struct {
	seq     int
	now     *paymentRefund
	created time.Time
	updated time.Time
	of, own *entry
}

// salesBook holds orders, payments and refunds in the order of arrival.
type salesBook struct {
	seq      int
	orders   map[string]*entry
	atPlace  map[string][]*entry
	payments map[string]*paymentEntry
	paidAt   map[string][]*paymentEntry
	refunds  map[string]*refundEntry
	refunded []*refundEntry
}

func newSalesBook() salesBook {
	return salesBook{
		orders: map[string]*entry{}, atPlace: map[string][]*entry{}, payments: map[string]*paymentEntry{},
		paidAt: map[string][]*paymentEntry{}, refunds: map[string]*refundEntry{},
	}
}

func (b *salesBook) next() int { b.seq++; return b.seq }

// moment is the fake's clock as precise as the API shows it.
func (f *Fake) moment() time.Time { return f.Now().Truncate(time.Millisecond) }

// Sell books a sale at a till. Pricing rules apply by themselves; a code stands
// for the discount of that name that staff tap. State "pending" is a card
// payment that is authorised but not captured, "failed" one that was declined
// after the goods had gone.
func (f *Fake) Sell(s posfake.Sale) (posfake.Record, error) { return f.sell(s, false) }

// SellByAPI books a sale whose order an application made through the Orders
// API, as kiosks and online shops do: the order has a version, fires order
// webhooks, and although paid it stays OPEN until [Fake.Fulfil].
func (f *Fake) SellByAPI(s posfake.Sale) (posfake.Record, error) { return f.sell(s, true) }

func (f *Fake) sell(s posfake.Sale, byAPI bool) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.placeByID[s.Location]
	if p == nil || !p.active {
		return posfake.Record{}, fmt.Errorf("%w: %q", errNoLocation, s.Location)
	}
	switch {
	case !slices.Contains([]string{"", "card", "cash", "none"}, s.Tender):
		return posfake.Record{}, fmt.Errorf("squarefake: tender %q is not card, cash or none", s.Tender)
	case !slices.Contains([]string{"", "completed", "pending", "failed"}, s.State):
		return posfake.Record{}, fmt.Errorf("squarefake: state %q is not completed, pending or failed", s.State)
	case s.Tip < 0:
		return posfake.Record{}, fmt.Errorf("squarefake: tip %d is negative", s.Tip)
	}
	now := f.moment()
	occurred := s.OccurredAt.UTC()
	if s.OccurredAt.IsZero() || occurred.After(now) {
		occurred = now
	}
	lines, err := f.basket(p, s.Lines)
	if err != nil {
		return posfake.Record{}, err
	}
	priced, err := f.price(p, occurred, lines, s.Codes)
	if err != nil {
		return posfake.Record{}, err
	}
	e := &entry{
		seq: f.sales.next(), lines: lines, priced: priced, created: now, occurred: occurred,
		state: s.State, ref: s.Reference, byAPI: byAPI, fulfilling: byAPI,
	}
	if e.state == "" {
		e.state = "completed"
	}
	o := f.newOrder(p, e)
	o.TotalTipMoney.Amount = s.Tip
	o.TotalMoney.Amount += s.Tip
	if byAPI {
		o.Source = &source{"Farmacy Kiosk"}
		o.Fulfillments = []fulfillment{{"F1", "PICKUP", "PROPOSED"}}
	}
	switch {
	case s.Tender == "none":
		e.state = "open"
	case o.TotalMoney.Amount > 0:
		f.pay(e, o, s.Tender)
	}
	f.sales.orders[o.ID] = e
	f.sales.atPlace[p.id] = append(f.sales.atPlace[p.id], e)
	f.commit(e, o, false)
	f.sold(p, e, -1)
	f.orderChanged(e, "order.created", "order_created")
	f.paymentChanged(e, "payment.created")
	return f.book(e), nil
}

// Fulfil hands the goods of an order by [Fake.SellByAPI] over, which completes it.
func (f *Fake) Fulfil(id string) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, err := f.sale(id)
	if err != nil {
		return posfake.Record{}, err
	}
	if !e.fulfilling || e.state != "completed" {
		return posfake.Record{}, fmt.Errorf("%w: nothing paid is left to hand over", errNotAllowed)
	}
	e.fulfilling = false
	o := *e.now
	o.Fulfillments = []fulfillment{{"F1", "PICKUP", "COMPLETED"}}
	f.commit(e, &o, false)
	f.orderChanged(e, "order.updated", "order_updated")
	return f.book(e), nil
}

// orderChanged fires the summary that orders made through the API get.
func (f *Fake) orderChanged(e *entry, kind, object string) {
	if !e.byAPI {
		return
	}
	o := e.now
	f.notify(event{kind: kind, object: "order", id: o.ID, location: o.LocationID, data: map[string]any{object: map[string]any{
		"order_id": o.ID, "version": o.Version, "location_id": o.LocationID, "state": o.State,
		"created_at": o.CreatedAt, "updated_at": o.UpdatedAt,
	}}})
}

// basket looks up what is sold at the place.
func (f *Fake) basket(p *place, lines []posfake.SaleLine) ([]basketLine, error) {
	if len(lines) == 0 {
		return nil, errors.New("squarefake: a sale needs a line")
	}
	out := make([]basketLine, len(lines))
	for i, l := range lines {
		b := basketLine{name: l.Name, quantity: pos.Units(max(l.Quantity, 1)), taxable: true}
		v := f.catalog.variation(l.SKU, p.id)
		if l.SKU != "" && v != nil {
			if !f.catalog.sellsAt(v, p.id) {
				return nil, fmt.Errorf("line %d: %w: %q is not sold at %s", i, errNoSuchItem, l.SKU, p.id)
			}
			item := f.catalog.live(v.parent)
			b.variation, b.name = v, item.view.Item.Name
			b.taxable = item.view.Item.Taxable == nil || *item.view.Item.Taxable
			if m := v.view.priceAt(p.id); m != nil {
				b.unit = m.Amount
			} else if l.Price == nil {
				return nil, fmt.Errorf("line %d: %q has a variable price, give one", i, l.SKU)
			}
		} else if l.Price == nil {
			return nil, fmt.Errorf("line %d: %w: %q, and without a price", i, errNoSuchItem, l.SKU)
		}
		if l.Price != nil {
			b.unit = *l.Price
		}
		if b.unit < 0 {
			return nil, fmt.Errorf("line %d: price %d is negative", i, b.unit)
		}
		out[i] = b
	}
	return out, nil
}

// newOrder is the order of a priced basket, not paid yet.
func (f *Fake) newOrder(p *place, e *entry) *order {
	m := func(n int64) money { return money{n, p.currency} }
	o := &order{
		ID: f.id(fakekit.Alphanum, 22) + "Y", LocationID: p.id, Source: &source{"Square Point of Sale"}, State: "OPEN",
		TotalMoney: m(0), TotalTaxMoney: m(0), TotalDiscountMoney: m(0), TotalTipMoney: m(0), TotalServiceMoney: m(0), NetAmountDueMoney: m(0),
	}
	for i, d := range e.priced.discounts {
		v := &d.object.view.Discount
		line := discountLine{
			UID: fmt.Sprintf("D%d", i+1), CatalogObjectID: d.object.id, CatalogVersion: d.object.version, Name: v.Name, Type: v.Type,
			Percentage: v.Percentage, Amount: v.Amount, Applied: m(d.amount), Scope: "ORDER",
		}
		if d.rule != nil {
			line.PricingRuleID, line.Scope = d.rule.id, "LINE_ITEM"
		}
		o.Discounts = append(o.Discounts, line)
	}
	for i, l := range e.lines {
		o.LineItems = append(o.LineItems, f.newLine(i, l, e.priced.lines[i], m))
		o.TotalMoney.Amount += o.LineItems[i].Total.Amount
		o.TotalTaxMoney.Amount += e.priced.lines[i].tax
		o.TotalDiscountMoney.Amount += e.priced.lines[i].discount
	}
	if o.TotalTaxMoney.Amount > 0 {
		o.Taxes = []taxLine{{UID: "T1", Name: "Sales Tax", Type: "ADDITIVE", Percentage: percentOf(p.tax), Applied: o.TotalTaxMoney, Scope: "LINE_ITEM"}}
	}
	return o
}

func (f *Fake) newLine(i int, l basketLine, pl pricedLine, m func(int64) money) lineItem {
	out := lineItem{
		UID: fmt.Sprintf("L%d", i+1), Name: l.name, Quantity: l.quantity.String(), ItemType: "CUSTOM_AMOUNT",
		BasePrice: m(l.unit), VariationTotal: m(pl.gross), Gross: m(pl.gross),
		TotalDiscount: m(pl.discount), TotalTax: m(pl.tax), TotalService: m(0), Total: m(pl.gross - pl.discount + pl.tax),
	}
	if v := l.variation; v != nil {
		out.ItemType, out.CatalogObjectID, out.CatalogVersion, out.VariationName = "ITEM", v.id, v.version, v.view.Variation.Name
	}
	for n, part := range pl.parts {
		out.AppliedDiscounts = append(out.AppliedDiscounts, lineDiscount{
			fmt.Sprintf("AD%d.%d", i+1, n+1), fmt.Sprintf("D%d", part.discount+1), m(part.amount),
		})
	}
	if pl.tax > 0 {
		out.AppliedTaxes = []appliedTax{{fmt.Sprintf("AT%d", i+1), "T1", m(pl.tax)}}
	}
	return out
}

// pay adds a tender and its payment to an order in the state of the entry.
func (f *Fake) pay(e *entry, o *order, kind string) {
	now := f.moment()
	cur := o.TotalMoney.Currency
	goods := money{o.TotalMoney.Amount - o.TotalTipMoney.Amount, cur}
	t := tender{
		ID: f.id(fakekit.Alphanum, 24), LocationID: o.LocationID, TransactionID: o.ID, CreatedAt: stampOf(now),
		Note: e.ref, Amount: o.TotalMoney, Type: "CARD",
	}
	t.PaymentID = t.ID
	p := &payment{
		ID: t.ID, CreatedAt: stampOf(now), Amount: goods, Total: o.TotalMoney, SourceType: "CARD", LocationID: o.LocationID,
		OrderID: o.ID, Note: e.ref, Receipt: t.ID[:4], Application: &applicationDetails{"SQUARE_POS"},
	}
	if o.TotalTipMoney.Amount > 0 {
		tip := o.TotalTipMoney
		t.Tip, p.Tip = &tip, &tip
	}
	if kind == "cash" {
		t.Type, p.SourceType = "CASH", "CASH"
		t.Cash = &tenderCash{o.TotalMoney, money{0, cur}}
		p.Cash = &paymentCash{o.TotalMoney, money{0, cur}}
	} else {
		c := card{"VISA", "1111"}
		t.Card = &cardDetails{Card: &c, EntryMethod: "CONTACTLESS"}
		p.Card = &paymentCard{Card: c, EntryMethod: "CONTACTLESS"}
		p.Device = &deviceDetails{ID: deviceID(o.LocationID), Name: "Counter 1"}
	}
	pe := &paymentEntry{seq: f.sales.next(), created: now, sale: e}
	if e.occurred.Before(now) {
		pe.offline = e.occurred
		p.Offline, p.OfflineAt = true, &offlineDetails{stampOf(e.occurred)}
	}
	o.Tenders = []tender{t}
	e.payment = pe
	f.sales.payments[p.ID] = pe
	f.sales.paidAt[o.LocationID] = append(f.sales.paidAt[o.LocationID], pe)
	f.settlePayment(e, o, p)
}

// settlePayment puts tender and payment into the state of the entry.
func (f *Fake) settlePayment(e *entry, o *order, p *payment) {
	tenderState, state := "CAPTURED", "COMPLETED"
	switch e.state {
	case "pending":
		tenderState, state = "AUTHORIZED", "APPROVED"
	case "failed":
		tenderState, state = "FAILED", "FAILED"
	case "voided":
		tenderState, state = "VOIDED", "CANCELED"
	}
	p.Status = state
	if p.Card != nil {
		c := *p.Card
		c.Status = tenderState
		p.Card = &c
	}
	o.Tenders = slices.Clone(o.Tenders)
	if d := o.Tenders[0].Card; d != nil {
		c := *d
		c.Status = tenderState
		o.Tenders[0].Card = &c
	}
	pe := e.payment
	pe.updated = f.moment()
	p.UpdatedAt, p.VersionToken = stampOf(pe.updated), f.id(fakekit.Alphanum, 24)
	pe.now = p
}

// commit makes a new version of an order visible. A silent one keeps its time.
func (f *Fake) commit(e *entry, o *order, silent bool) {
	now := f.moment()
	switch {
	case e.state == "completed" && o.State == "OPEN" && !e.fulfilling:
		o.State, e.closed = "COMPLETED", now
	case e.state == "voided" && o.State != "CANCELED":
		o.State, e.closed = "CANCELED", now
	}
	o.NetAmounts = &amounts{o.TotalMoney, o.TotalTaxMoney, o.TotalDiscountMoney, o.TotalTipMoney, o.TotalServiceMoney}
	if o.ReturnAmounts != nil {
		o.NetAmounts = net(o.NetAmounts, o.ReturnAmounts)
	}
	o.NetAmountDueMoney.Amount = 0
	if e.state == "open" || e.state == "pending" || e.state == "failed" {
		o.NetAmountDueMoney.Amount = o.TotalMoney.Amount
	}
	if !silent || e.updated.IsZero() {
		e.updated = now
	}
	if e.now != nil {
		e.past = append(e.past, pastOrder{now, e.now})
	}
	e.changed = now
	if e.byAPI {
		o.Version++
	}
	o.CreatedAt, o.UpdatedAt, o.ClosedAt = stampOf(e.created), stampOf(e.updated), stampOf(e.closed)
	e.now = o
}

func net(sale, given *amounts) *amounts {
	minus := func(a, b money) money { return money{a.Amount - b.Amount, a.Currency} }
	return &amounts{
		minus(sale.Total, given.Total), minus(sale.Tax, given.Tax), minus(sale.Discount, given.Discount),
		minus(sale.Tip, given.Tip), minus(sale.Service, given.Service),
	}
}

// book appends the current version of an entry to the ledger.
func (f *Fake) book(e *entry) posfake.Record {
	o := e.now
	r := posfake.Record{
		ID: o.ID, Location: o.LocationID, Kind: "sale", State: e.state, Currency: o.TotalMoney.Currency,
		Total: o.TotalMoney.Amount, Discount: o.TotalDiscountMoney.Amount, Tax: o.TotalTaxMoney.Amount, Tip: o.TotalTipMoney.Amount,
		OccurredAt: e.occurred, RecordedAt: e.created, UpdatedAt: e.updated, Reference: e.ref,
	}
	if e.refund != nil {
		r.Kind, r.Of = "refund", e.refund.of.now.ID
		if e.state == "completed" {
			r.Refunded = e.refund.now.Amount.Amount
		}
	}
	for i, l := range e.lines {
		line := posfake.RecordLine{Quantity: l.quantity.Whole(), Gross: e.priced.lines[i].gross, Discount: e.priced.lines[i].discount}
		if l.variation != nil {
			line.SKU = l.variation.view.Variation.SKU
		}
		r.Lines = append(r.Lines, line)
	}
	return f.ledger.Append(r)
}

// sale finds a booked sale; a return order is none.
func (f *Fake) sale(id string) (*entry, error) {
	e := f.sales.orders[id]
	if e == nil || e.refund != nil {
		return nil, fmt.Errorf("%w: %q", errNoSale, id)
	}
	return e, nil
}

// Edit changes a booked sale: its tip, an open or pending sale that gets paid,
// or the end of pending refunds. The id of a refund settles that one only.
func (f *Fake) Edit(ed posfake.Edit) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ed.Settle != "" {
		return f.settleRefunds(ed)
	}
	e, err := f.sale(ed.ID)
	if err != nil {
		return posfake.Record{}, err
	}
	o := *e.now
	kind := "payment.updated"
	switch {
	case e.state == "voided" || e.state == "failed":
		return posfake.Record{}, fmt.Errorf("%w: the sale is %s", errNotAllowed, e.state)
	case ed.Tip != nil && *ed.Tip < 0:
		return posfake.Record{}, fmt.Errorf("squarefake: tip %d is negative", *ed.Tip)
	case ed.Pay && e.state == "completed":
		return posfake.Record{}, fmt.Errorf("%w: the sale is paid", errNotAllowed)
	}
	if ed.Tip != nil {
		o.TotalMoney.Amount += *ed.Tip - o.TotalTipMoney.Amount
		o.TotalTipMoney.Amount = *ed.Tip
	}
	if ed.Pay {
		e.state = "completed"
	}
	switch {
	case e.payment != nil:
		f.repay(e, &o)
	case ed.Pay && o.TotalMoney.Amount > 0:
		f.pay(e, &o, "card")
		kind = "payment.created"
	}
	f.commit(e, &o, ed.Silent)
	f.orderChanged(e, "order.updated", "order_updated")
	f.paymentChanged(e, kind)
	return f.book(e), nil
}

// repay brings tender and payment in line with the order's new totals.
func (f *Fake) repay(e *entry, o *order) {
	p := *e.payment.now
	tip := o.TotalTipMoney
	p.Total, p.Tip = o.TotalMoney, &tip
	o.Tenders = slices.Clone(o.Tenders)
	o.Tenders[0].Amount, o.Tenders[0].Tip = o.TotalMoney, &tip
	if o.Tenders[0].Cash != nil {
		o.Tenders[0].Cash = &tenderCash{o.TotalMoney, money{0, o.TotalMoney.Currency}}
		p.Cash = &paymentCash{o.TotalMoney, money{0, o.TotalMoney.Currency}}
	}
	f.settlePayment(e, o, &p)
}

// Void cancels a sale that has not been refunded.
func (f *Fake) Void(id string) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, err := f.sale(id)
	if err != nil {
		return posfake.Record{}, err
	}
	if e.state == "voided" || len(e.refunds) > 0 {
		return posfake.Record{}, fmt.Errorf("%w: voided or refunded already", errNotAllowed)
	}
	e.state = "voided"
	o := *e.now
	if e.payment != nil {
		p := *e.payment.now
		f.settlePayment(e, &o, &p)
	}
	f.commit(e, &o, false)
	f.sold(f.placeByID[o.LocationID], e, +1)
	f.orderChanged(e, "order.updated", "order_updated")
	f.paymentChanged(e, "payment.updated")
	return f.book(e), nil
}
