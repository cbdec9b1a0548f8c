package quickbooks

import (
	"cmp"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

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
