package quickbooks

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// page turns rows into purchases, in the order of their modification. Payments
// bring the invoices that they settle.
func (r *journal) page(ctx context.Context, rows []record, w kit.Window) (kit.WindowPage, error) {
	sales, payments, err := r.settle(ctx, rows, w.Raw)
	if err != nil {
		return kit.WindowPage{}, err
	}
	sales = slices.DeleteFunc(sales, func(rec record) bool {
		return len(w.Locations) > 0 && !slices.Contains(w.Locations, r.place(&rec.txn))
	})
	k, err := r.context(ctx, sales, payments)
	if err != nil {
		return kit.WindowPage{}, err
	}
	var page kit.WindowPage
	for i := range sales {
		page.Purchases = append(page.Purchases, k.purchase(&sales[i]))
	}
	slices.SortStableFunc(page.Purchases, func(a, b pos.Purchase) int { return a.UpdatedAt.Compare(b.UpdatedAt) })
	return page, nil
}

// settle splits rows into sales and payments by id, and reads what belongs to
// them: the payments of invoices and the invoices of payments.
func (r *journal) settle(ctx context.Context, rows []record, raw bool) (sales []record, payments map[string]*txn, err error) {
	payments = make(map[string]*txn)
	known := make(map[string]bool)
	var owed []string
	for i := range rows {
		if rows[i].entity == payment {
			payments[rows[i].ID] = &rows[i].txn
			continue
		}
		sales = append(sales, rows[i])
		known[recordID(rows[i].entity, rows[i].ID)] = true
	}
	for _, p := range payments {
		for id := range p.settles() {
			if !known[recordID(invoice, id)] {
				owed = append(owed, id)
			}
		}
	}
	more, err := r.readRecords(ctx, invoice, owed, raw)
	if err != nil {
		return nil, nil, err
	}
	sales = append(sales, more...)
	var missing []string
	for i := range sales {
		for _, id := range sales[i].paidBy() {
			if payments[id] == nil {
				missing = append(missing, id)
			}
		}
	}
	found, err := r.readRecords(ctx, payment, missing, false)
	for i := range found {
		payments[found[i].ID] = &found[i].txn
	}
	return sales, payments, err
}

// readRecords reads rows by id.
func (r *journal) readRecords(ctx context.Context, entity string, ids []string, raw bool) ([]record, error) {
	var rows []jsontext.Value
	err := r.byID(ctx, entity, "*", ids, func(v jsontext.Value) error {
		rows = append(rows, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, _, err := decode(entity, rows, raw)
	return list, err
}

// paidBy returns the ids of the payments of an invoice.
func (rec *record) paidBy() []string {
	if rec.entity != invoice {
		return nil
	}
	var ids []string
	for _, l := range rec.LinkedTxn {
		if l.TxnType == payment && isDigits(l.TxnID) {
			ids = append(ids, l.TxnID)
		}
	}
	return ids
}

// settles returns what a payment pays of each invoice.
func (t *txn) settles() map[string]number {
	paid := make(map[string]number)
	for i := range t.Line {
		for _, l := range t.Line[i].LinkedTxn {
			if l.TxnType == invoice && isDigits(l.TxnID) {
				paid[l.TxnID] = t.Line[i].Amount
			}
		}
	}
	return paid
}

// place is the point of sale of a form, the company if it names none.
func (p *Provider) place(t *txn) string {
	switch p.cfg.Locations {
	case ByDepartment:
		return cmp.Or(t.DepartmentRef.Value, p.cfg.Realm)
	case ByClass:
		return cmp.Or(t.ClassRef.Value, t.lineClass(), p.cfg.Realm)
	}
	return p.cfg.Realm
}

// lineClass is the class that all lines of a form share, "" if they differ.
func (t *txn) lineClass() string {
	class := ""
	for i := range t.Line {
		switch c := t.Line[i].SalesItemLineDetail.ClassRef.Value; {
		case c == "":
		case class == "":
			class = c
		case class != c:
			return ""
		}
	}
	return class
}

// saleContext is what is known around the sales of a page.
type saleContext struct {
	*journal
	zone     *time.Location // nil if unknown
	items    map[string]sold
	methods  map[string]named
	rates    map[string]named
	payments map[string]*txn
}

// context reads what the sales refer to and is not known yet.
func (r *journal) context(ctx context.Context, sales []record, payments map[string]*txn) (*saleContext, error) {
	k := &saleContext{journal: r, payments: payments}
	if len(sales) == 0 {
		return k, nil
	}
	items, methods, rates := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	for i := range sales {
		t := &sales[i].txn
		for _, l := range flat(t.Line) {
			if id := l.SalesItemLineDetail.ItemRef.Value; isDigits(id) {
				items[id] = true
			}
		}
		for j := range t.TxnTaxDetail.TaxLine {
			if id := t.TxnTaxDetail.TaxLine[j].TaxLineDetail.TaxRateRef.Value; id != "" {
				rates[id] = true
			}
		}
		methods[t.PaymentMethodRef.Value] = true
	}
	for _, p := range payments {
		methods[p.PaymentMethodRef.Value] = true
	}
	delete(methods, "")
	var err error
	if k.zone, err = r.zone(ctx); err == nil {
		k.items, err = r.itemsOf(ctx, items)
	}
	if err == nil {
		k.methods, err = r.namesOf(ctx, "PaymentMethod", methods)
	}
	if err == nil {
		k.rates, err = r.namesOf(ctx, "TaxRate", rates)
	}
	return k, err
}

// nameCache remembers names by entity and id.
type nameCache struct {
	mu   sync.Mutex
	byID map[string]named
}

// namesOf returns named entities, reading all of them if one is new.
func (p *Provider) namesOf(ctx context.Context, entity string, ids map[string]bool) (map[string]named, error) {
	lookup := func() (map[string]named, bool) {
		p.names.mu.Lock()
		defer p.names.mu.Unlock()
		found := make(map[string]named, len(ids))
		for id := range ids {
			if n, ok := p.names.byID[entity+id]; ok {
				found[id] = n
			}
		}
		return found, len(found) == len(ids)
	}
	if found, complete := lookup(); complete {
		return found, nil
	}
	read := make(map[string]named, len(ids))
	for id := range ids {
		read[id] = named{} // what does not exist is not asked for again
	}
	err := p.everything(ctx, entity, "*", "Active IN (true,false)", func(v jsontext.Value) error {
		var n named
		err := kit.Unmarshal(v, &n)
		read[n.ID] = n
		return err
	})
	if err != nil {
		return nil, err
	}
	p.names.mu.Lock()
	if p.names.byID == nil {
		p.names.byID = make(map[string]named)
	}
	for id := range read {
		p.names.byID[entity+id] = read[id]
	}
	p.names.mu.Unlock()
	found, _ := lookup()
	return found, nil
}

// Codes of findings on purchases.
const (
	// FindingDayOnly: the sale is dated on another day than it was booked, and
	// its time of day is not known: OccurredAt is noon.
	FindingDayOnly = "day_only"
	// FindingAggregated: a summary of many sales, such as a connector posts for
	// each day, not what one customer bought.
	FindingAggregated = "aggregated"
)

// purchase maps a row.
func (k *saleContext) purchase(rec *record) pos.Purchase {
	t := &rec.txn
	p := pos.Purchase{
		ID: recordID(rec.entity, t.ID), Location: k.place(t), Version: cmp.Or(t.SyncToken, "0"),
		State: pos.StateCompleted, VendorState: rec.entity,
		RecordedAt: t.MetaData.CreateTime.Time, UpdatedAt: t.MetaData.LastUpdatedTime.Time,
		Currency: cmp.Or(pos.Currency(t.CurrencyRef.Value), k.cfg.Currency), Receipt: t.DocNumber, Source: t.TxnSource,
		Raw: []byte(rec.raw),
	}
	if !p.Currency.Valid() {
		p.Currency = k.cfg.Currency
	}
	k.when(&p, t)
	m := &mapper{saleContext: k, p: &p, t: t}
	m.lines(t.Line)
	m.taxes()
	m.total(rec.entity)
	m.tenders(rec)
	m.state(rec)
	m.summary()
	p.Reconcile()
	return p
}

// when sets the times. A form has a day and no time: booked on that day, the
// sale is taken for as old as the form.
func (k *saleContext) when(p *pos.Purchase, t *txn) {
	if p.RecordedAt.IsZero() {
		p.RecordedAt = cmp.Or(p.UpdatedAt, k.client.Now())
	}
	p.OccurredAt = p.RecordedAt
	day, err := time.Parse(time.DateOnly, t.TxnDate)
	zone := cmp.Or(k.zone, time.UTC)
	if err != nil {
		if k.zone != nil {
			p.BusinessDate = pos.DateOf(p.RecordedAt, k.zone)
		}
		return
	}
	p.BusinessDate = pos.Date(t.TxnDate)
	if pos.DateOf(p.RecordedAt, zone) != p.BusinessDate {
		p.OccurredAt = time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, zone).UTC()
		p.Findings = append(p.Findings, pos.Finding{Code: FindingDayOnly, Detail: "dated on another day than it was booked"})
	}
}

// flat takes lines out of their groups.
func flat(lines []txnLine) []txnLine {
	var out []txnLine
	for i := range lines {
		if lines[i].DetailType == "GroupLineDetail" {
			out = append(out, flat(lines[i].GroupLineDetail.Line)...)
		} else {
			out = append(out, lines[i])
		}
	}
	return out
}

// mapper maps the amounts of one form.
type mapper struct {
	*saleContext
	p *pos.Purchase
	t *txn
}

// amount reads an amount; one that cannot be read is a finding.
func (m *mapper) amount(n number, what string) pos.Money {
	got, err := n.money(m.p.Currency)
	if err != nil {
		m.unreadable(what, err)
		return pos.Money{Currency: m.p.Currency}
	}
	return got
}

func (m *mapper) unreadable(what string, err error) {
	m.p.Findings = append(m.p.Findings, pos.Finding{Code: pos.FindingUnreadable, Detail: what + ": " + err.Error()})
}

func (m *mapper) lines(lines []txnLine) {
	for _, l := range flat(lines) {
		switch l.DetailType {
		case "SalesItemLineDetail", "DescriptionOnly":
			if l.DetailType == "SalesItemLineDetail" || !l.Amount.zero() {
				m.line(&l)
			}
		case "DiscountLineDetail":
			m.discount(&l)
		}
	}
}

// line maps a line with an item: goods, a tip, or a discount if it is negative.
func (m *mapper) line(l *txnLine) {
	d := &l.SalesItemLineDetail
	about := m.items[d.ItemRef.Value]
	gross := m.amount(l.Amount, "line "+l.ID)
	switch {
	case gross.Amount < 0:
		a := pos.Applied{ID: d.ItemRef.Value, Name: cmp.Or(l.Description, about.name), Amount: gross.Neg()}
		if code, ok := strings.CutPrefix(about.sku, couponPrefix); ok {
			a.Code, a.Coupon = code, about.coupon
		}
		m.p.Discounts = append(m.p.Discounts, a)
		return
	case d.ItemRef.Value != "" && slices.Contains(m.cfg.TipItems, d.ItemRef.Value):
		if sum, err := m.p.Tip.Add(gross); err == nil {
			m.p.Tip = sum
		}
		return
	}
	_, name, _ := cutLast(d.ItemRef.Name)
	line := pos.Line{
		ID: l.ID, SKU: about.sku, VendorID: d.ItemRef.Value, Gross: gross,
		Name: cmp.Or(about.name, name, d.ItemRef.Name, l.Description), Quantity: pos.Units(1),
	}
	if d.Qty != "" {
		q, err := d.Qty.quantity()
		if err != nil {
			m.unreadable("line "+l.ID, err)
		}
		line.Quantity = q
	}
	if d.UnitPrice != "" {
		price, err := d.UnitPrice.price(m.p.Currency)
		if err != nil {
			m.unreadable("line "+l.ID, err)
		}
		line.UnitPrice = price
	}
	m.p.Lines = append(m.p.Lines, line)
}

// discount maps the discount line of a form, which is positive.
func (m *mapper) discount(l *txnLine) {
	d := &l.DiscountLineDetail
	a := pos.Applied{ID: d.DiscountAccountRef.Value, Name: cmp.Or(l.Description, d.DiscountAccountRef.Name), Amount: m.amount(l.Amount, "discount")}
	if text, err := d.DiscountPercent.plain(); err == nil && d.PercentBased {
		a.Rate, _ = pos.ParsePercent(text) // finer ones go without rate
	}
	m.p.Discounts = append(m.p.Discounts, a)
}

// taxes maps the taxes; if their lines are missing or do not add up, the total
// stands for them.
func (m *mapper) taxes() {
	total := m.amount(m.t.TxnTaxDetail.TotalTax, "tax")
	sum := pos.Money{Currency: m.p.Currency}
	for i := range m.t.TxnTaxDetail.TaxLine {
		l := &m.t.TxnTaxDetail.TaxLine[i]
		id := l.TaxLineDetail.TaxRateRef.Value
		a := pos.Applied{ID: id, Name: m.rates[id].Name, Amount: m.amount(l.Amount, "tax")}
		if text, err := l.TaxLineDetail.TaxPercent.plain(); err == nil {
			a.Rate, _ = pos.ParsePercent(text)
		}
		m.p.Taxes = append(m.p.Taxes, a)
		sum.Amount += a.Amount.Amount
	}
	if sum != total {
		m.p.Taxes = nil
		if total.Amount != 0 {
			m.p.Taxes = []pos.Applied{{Amount: total}}
		}
	}
}

// total sets what the customer is charged. A refund charges nothing: its lines
// came back, and the money is in Refunds.
func (m *mapper) total(entity string) {
	p := m.p
	p.Total = m.amount(m.t.TotalAmt, "total")
	if entity == refundReceipt || entity == creditMemo {
		m.refund(entity)
		return
	}
	if m.t.GlobalTaxCalculation != "TaxInclusive" || len(p.Taxes) == 0 {
		return
	}
	// Amounts of lines are net by the schema; where they turn out to hold the
	// tax already, it is not added.
	if diff, err := p.Difference(); err != nil || diff.Amount == 0 {
		return
	}
	for i := range p.Taxes {
		p.Taxes[i].Included = true
	}
	if diff, err := p.Difference(); err == nil && diff.Amount != 0 {
		for i := range p.Taxes {
			p.Taxes[i].Included = false
		}
	}
}

// refundNote begins the private note by which connectors name the sale that a
// refund gives back: realm, entity and id follow.
const refundNote = "refund-of:qbo:"

// refund moves the amounts of a form that gives money back.
func (m *mapper) refund(entity string) {
	p := m.p
	f := pos.Refund{ID: p.ID, Of: m.refunded(), Amount: p.Total, State: pos.RefundCompleted, At: p.OccurredAt}
	if entity == creditMemo {
		f.Reason = "store credit"
	}
	for i := range p.Lines {
		p.Lines[i].Returned = true
	}
	zero := pos.Money{Currency: p.Currency}
	p.Total, p.Tip, p.Taxes, p.Discounts = zero, pos.Money{}, nil, nil
	if f.Amount.Amount > 0 {
		p.Refunds = []pos.Refund{f}
	}
}

// refunded is the purchase that a refund names, "" if it names none.
func (m *mapper) refunded() string {
	for _, l := range m.t.LinkedTxn {
		if l.TxnType == salesReceipt || l.TxnType == invoice {
			return recordID(l.TxnType, l.TxnID)
		}
	}
	_, rest, ok := strings.Cut(m.t.PrivateNote, refundNote+m.cfg.Realm+":")
	if !ok {
		return ""
	}
	entity, rest, _ := strings.Cut(rest, ":")
	id := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	if !slices.Contains(records, entity) || id == "" {
		return ""
	}
	return recordID(entity, id)
}

// tenders maps the payments. A receipt has one; an invoice has one for each
// payment, which are part of its version.
func (m *mapper) tenders(rec *record) {
	switch {
	case rec.entity == salesReceipt && m.p.Total.Amount > 0:
		t := m.tender(m.t, m.p.Total)
		t.Tip = m.p.Tip
		m.p.Tenders = []pos.Tender{t}
	case rec.entity == invoice:
		ids := rec.paidBy()
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			by := m.payments[id]
			if by == nil {
				continue
			}
			m.p.Version += "+" + id + "." + by.SyncToken
			if at := by.MetaData.LastUpdatedTime.Time; at.After(m.p.UpdatedAt) {
				m.p.UpdatedAt = at
			}
			if n, ok := by.settles()[m.t.ID]; ok && !n.zero() {
				m.p.Tenders = append(m.p.Tenders, m.tender(by, m.amount(n, "payment "+id)))
			}
		}
	}
}

// brands are names of payment methods that mean a card.
var brands = []string{"visa", "mastercard", "american express", "amex", "discover", "diners club", "jcb", "debit"}

func (m *mapper) tender(by *txn, amount pos.Money) pos.Tender {
	method := m.methods[by.PaymentMethodRef.Value]
	name := cmp.Or(method.Name, by.PaymentMethodRef.Name)
	low := strings.ToLower(name)
	t := pos.Tender{ID: by.ID, Kind: "other", Amount: amount, Reference: by.PaymentRefNum}
	isBrand := slices.ContainsFunc(brands, func(b string) bool { return strings.Contains(strings.ReplaceAll(low, "master card", "mastercard"), b) })
	switch {
	case method.Type == "CREDIT_CARD", by.PaymentType == "CreditCard", isBrand:
		t.Kind = "card"
		if isBrand {
			t.Brand = name
		}
	case by.PaymentType == "Cash", strings.Contains(low, "cash"):
		t.Kind = "cash"
	case strings.Contains(low, "gift"):
		t.Kind = "gift_card"
	}
	return t
}

// voidNote begins the private note of a form that was voided. Its amounts are
// gone: the version before holds them.
const voidNote = "Voided"

// state tells how far the sale has got.
func (m *mapper) state(rec *record) {
	switch {
	case strings.HasPrefix(m.t.PrivateNote, voidNote) && m.t.TotalAmt.zero():
		m.p.State, m.p.VendorState = pos.StateVoided, voidNote
		m.p.Refunds = nil
	case rec.entity == invoice && !m.t.Balance.zero():
		m.p.State = pos.StatePending
	}
}

// summary marks a receipt that is not of one customer: a line of goods without
// a count, or a note of a connector that is known to sum up.
func (m *mapper) summary() {
	found := ""
	for _, l := range flat(m.t.Line) {
		if l.DetailType == "SalesItemLineDetail" && l.SalesItemLineDetail.Qty == "" && !l.Amount.zero() && !strings.HasPrefix(string(l.Amount), "-") &&
			!slices.Contains(m.cfg.TipItems, l.SalesItemLineDetail.ItemRef.Value) {
			found = "a line has an amount and no count"
		}
	}
	for _, note := range m.cfg.SummaryNotes {
		if strings.HasPrefix(m.t.PrivateNote, note) {
			found = "the private note is that of a summary"
		}
	}
	if found != "" {
		m.p.Findings = append(m.p.Findings, pos.Finding{Code: FindingAggregated, Detail: found})
	}
}
