package quickbooksdesktop

import (
	"encoding/json"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

// mapper turns transactions into purchases.
type mapper struct {
	*Provider
	owned map[string]string
	bad   []pos.Finding // amounts that could not be read
}

// money reads an amount of the home currency; none is zero money.
func (m *mapper) money(field, text string) pos.Money {
	if text == "" {
		return pos.Money{Currency: m.cfg.Currency}
	}
	v, err := pos.ParseMoney(text, m.cfg.Currency)
	if err != nil {
		m.bad = append(m.bad, pos.Finding{Code: pos.FindingUnreadable, Detail: field + " " + clip(text, 40)})
		return pos.Money{Currency: m.cfg.Currency}
	}
	return v
}

func abs(v pos.Money) pos.Money {
	if v.Amount < 0 {
		return v.Neg()
	}
	return v
}

// purchase maps a sales receipt, a credit memo or an invoice.
func (m *mapper) purchase(t *txnRet) pos.Purchase {
	m.bad = nil
	created := wallOf(t.TimeCreated)
	p := pos.Purchase{
		ID: t.TxnID, Version: t.EditSequence, Location: m.location(t), Currency: m.cfg.Currency,
		RecordedAt: created.at(m.zone), UpdatedAt: wallOf(t.TimeModified).at(m.zone),
		Receipt: t.RefNumber, Source: "QuickBooks Desktop", State: pos.StateCompleted,
	}
	if p.RecordedAt.IsZero() {
		p.RecordedAt = p.UpdatedAt
	}
	m.when(&p, t, created)
	m.lines(&p, t)
	p.Total = m.money("TotalAmount", t.TotalAmount)
	if t.kind == kindInvoice {
		p.Total, _ = m.money("Subtotal", t.Subtotal).Add(m.money("SalesTaxTotal", t.TaxTotal))
	}
	if tax := m.money("SalesTaxTotal", t.TaxTotal); tax.Amount != 0 {
		a := pos.Applied{ID: t.Tax.ListID, Name: t.Tax.FullName, Amount: tax, Included: yes(t.IsTaxIncluded)}
		a.Rate, _ = pos.ParsePercent(trimZeros(t.TaxPercentage))
		p.Taxes = append(p.Taxes, a)
	}
	m.settle(&p, t)
	if t.ExchangeRate != "" && trimZeros(t.ExchangeRate) != "1" {
		p.Findings = append(p.Findings, pos.Finding{Code: "foreign_currency", Detail: "amounts are in " + clip(t.Currency.FullName, 40)})
	}
	p.Findings = append(p.Findings, m.bad...)
	if raw, err := json.Marshal(t); err == nil && len(raw) <= maxRaw {
		p.Raw = raw
	}
	p.Reconcile()
	return p
}

// maxRaw bounds the payload that is kept with a sale.
const maxRaw = 64 << 10

// trimZeros cuts zeros behind a decimal point.
func trimZeros(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// when sets the time of the sale. QuickBooks keeps only its date; if that is
// not the day of entry, the sale was booked later and the time of day is lost.
func (m *mapper) when(p *pos.Purchase, t *txnRet, created wall) {
	p.OccurredAt = p.RecordedAt
	day, err := pos.ParseDate(t.TxnDate)
	if err != nil {
		p.BusinessDate = pos.DateOf(p.OccurredAt, m.zone)
		return
	}
	p.BusinessDate = day
	if !strings.HasPrefix(string(created), string(day)+"T") {
		if at, err := day.Start(m.zone); err == nil {
			p.OccurredAt = at.UTC()
		}
	}
}

// location finds the point of sale in the header, or else in the lines.
func (m *mapper) location(t *txnRet) string {
	switch m.cfg.Location {
	case ByClass:
		if t.Class.ListID != "" {
			return t.Class.ListID
		}
		for _, l := range t.lines() {
			if l.Class.ListID != "" {
				return l.Class.ListID
			}
		}
	case BySite:
		for _, l := range t.lines() {
			if l.Site.ListID != "" {
				return l.Site.ListID
			}
		}
	}
	return Company
}

// lines sorts the lines into goods and discounts. A line without quantity that
// takes something off is a discount; one that adds nothing new is a subtotal.
func (m *mapper) lines(p *pos.Purchase, t *txnRet) {
	all := t.lines()
	subtotals := m.hasSubtotals(t, all)
	for i := range all {
		l := &all[i]
		amount := m.money("Amount", l.Amount)
		switch {
		case l.Item.ListID == "" && l.Item.FullName == "" && l.Quantity == "" && amount.Amount == 0: // a remark
		case l.Quantity == "" && (amount.Amount < 0 || l.RatePercent != ""):
			p.Discounts = append(p.Discounts, m.discount(l, amount))
		case subtotals && isSubtotal(l):
		default:
			p.Lines = append(p.Lines, m.line(l, amount, t.kind == kindMemo))
		}
	}
	if d := m.money("DiscountLine", t.Discount.Amount); d.Amount != 0 {
		p.Discounts = append(p.Discounts, pos.Applied{Name: "discount", Amount: abs(d)})
	}
	if s := m.money("ShippingLine", t.Shipping.Amount); s.Amount != 0 {
		p.Charges = append(p.Charges, pos.Applied{Name: "shipping", Amount: s})
	}
}

func isSubtotal(l *lineRet) bool { return l.Quantity == "" && l.Rate == "" && l.RatePercent == "" }

// hasSubtotals reports that the lines add up to the header's subtotal only
// without those that look like subtotals.
func (m *mapper) hasSubtotals(t *txnRet, all []lineRet) bool {
	want, err := pos.ParseMoney(t.Subtotal, m.cfg.Currency)
	if err != nil {
		return false
	}
	var sum, plain int64
	for i := range all {
		v, err := pos.ParseMoney(all[i].Amount, m.cfg.Currency)
		if err != nil {
			continue
		}
		sum += v.Amount
		if !isSubtotal(&all[i]) || v.Amount < 0 {
			plain += v.Amount
		}
	}
	return sum != want.Amount && plain == want.Amount
}

func (m *mapper) discount(l *lineRet, amount pos.Money) pos.Applied {
	name := l.Desc
	if name == "" {
		name = l.Item.FullName
	}
	a := pos.Applied{ID: l.Item.ListID, Name: name, Amount: amount.Neg()}
	a.Rate, _ = pos.ParsePercent(strings.TrimPrefix(trimZeros(l.RatePercent), "-"))
	return a
}

func (m *mapper) line(l *lineRet, amount pos.Money, returned bool) pos.Line {
	out := pos.Line{ID: l.TxnLineID, VendorID: l.Item.ListID, Name: l.Desc, Quantity: pos.Units(1), Gross: amount, Returned: returned}
	if out.Name == "" {
		out.Name = l.Item.FullName
	}
	if q, err := pos.ParseQuantity(l.Quantity); err == nil {
		out.Quantity = q
	}
	if r, err := pos.ParseMoney(l.Rate, m.cfg.Currency); err == nil && l.Rate != "" {
		out.UnitPrice = r
	}
	if it := (item{ListID: l.Item.ListID, Full: l.Item.FullName}); m.owns(m.owned, &it) {
		out.SKU = it.Full
	}
	return out
}

// settle sets state, tenders and refunds.
func (m *mapper) settle(p *pos.Purchase, t *txnRet) {
	voided := p.Total.Amount == 0 && len(p.Discounts) == 0 && strings.HasPrefix(strings.ToUpper(strings.TrimSpace(t.Memo)), "VOID")
	switch {
	case voided:
		p.State, p.VendorState = pos.StateVoided, "voided"
	case t.kind == kindMemo:
		m.refund(p, t)
	case t.kind == kindInvoice:
		if !yes(t.IsPaid) || yes(t.IsPending) {
			p.State, p.VendorState = pos.StatePending, "unpaid"
		}
		if paid := abs(m.money("AppliedAmount", t.AppliedAmount)); paid.Amount != 0 {
			p.Tenders = []pos.Tender{{Kind: unnamed, Amount: paid}}
		}
	case yes(t.IsPending):
		p.State, p.VendorState = pos.StatePending, "pending"
	case p.Total.Amount != 0:
		p.Tenders = []pos.Tender{tender(t.PaymentMethod.FullName, p.Total)}
	}
}

// refund makes a return of a credit memo: its lines were brought back, its
// total is given back.
func (m *mapper) refund(p *pos.Purchase, t *txnRet) {
	r := pos.Refund{ID: t.TxnID, Amount: p.Total, State: pos.RefundCompleted, At: p.OccurredAt}
	for _, l := range t.Linked {
		if l.TxnType == kindReceipt || l.TxnType == kindInvoice {
			r.Of = l.TxnID
			break
		}
	}
	p.Total = pos.Money{Currency: m.cfg.Currency}
	p.Refunds = []pos.Refund{r}
	p.Discounts, p.Taxes, p.Charges = nil, nil, nil
}

// methods tells tenders by parts of the names of payment methods, which are
// the company's own; the first that fits counts.
var methods = []struct{ part, kind, brand string }{
	{"gift", "gift_card", ""},
	{"cash", "cash", ""},
	{"visa", "card", "visa"},
	{"master", "card", "mastercard"},
	{"american express", "card", "amex"},
	{"amex", "card", "amex"},
	{"discover", "card", "discover"},
	{"debit", "card", ""},
	{"credit", "card", ""},
	{"card", "card", ""},
	{"apple pay", "wallet", ""},
	{"google pay", "wallet", ""},
	{"paypal", "wallet", ""},
}

// tender reads the name of a payment method.
func tender(method string, amount pos.Money) pos.Tender {
	t := pos.Tender{Kind: "other", Amount: amount}
	word := strings.ToLower(method)
	for _, m := range methods {
		if strings.Contains(word, m.part) {
			t.Kind, t.Brand = m.kind, m.brand
			break
		}
	}
	return t
}

// deletedPurchase is the version that follows when a record was deleted.
func (p *Provider) deletedPurchase(last pos.Purchase, at wall) pos.Purchase {
	last.State, last.VendorState = pos.StateVoided, "deleted"
	last.Version = "deleted:" + string(at)
	last.UpdatedAt = at.at(p.zone)
	last.Tenders, last.Refunds = nil, nil
	return last
}
