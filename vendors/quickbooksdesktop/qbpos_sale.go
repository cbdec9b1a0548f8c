package quickbooksdesktop

import (
	"encoding/json"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

// posReceiptRet is a receipt. Names of customers and of staff are not read, and
// so are in no payload that is kept.
type posReceiptRet struct {
	TxnID              string           `json:"txn_id"`
	TimeCreated        string           `json:"time_created"`
	TimeModified       string           `json:"time_modified"`
	Discount           string           `json:"discount,omitempty"`
	DiscountPercent    string           `json:"discount_percent,omitempty"`
	HistoryDocStatus   string           `json:"history_doc_status,omitempty"`
	PromoCode          string           `json:"promo_code,omitempty"`
	SalesReceiptNumber string           `json:"sales_receipt_number,omitempty"`
	SalesReceiptType   string           `json:"sales_receipt_type,omitempty"`
	StoreNumber        string           `json:"store_number,omitempty"`
	Subtotal           string           `json:"subtotal,omitempty"`
	TaxAmount          string           `json:"tax_amount,omitempty"`
	TaxCategory        string           `json:"tax_category,omitempty"`
	TaxPercentage      string           `json:"tax_percentage,omitempty"`
	TenderType         string           `json:"tender_type,omitempty"`
	Total              string           `json:"total,omitempty"`
	TxnDate            string           `json:"txn_date,omitempty"`
	TxnState           string           `json:"txn_state,omitempty"`
	Workstation        string           `json:"workstation,omitempty"`
	Shipping           string           `xml:"ShippingInformation>Shipping" json:"shipping,omitempty"`
	Items              []posLineRet     `xml:"SalesReceiptItemRet" json:"items,omitempty"`
	Account            []posTenderedRet `xml:"TenderAccountRet" json:"account,omitempty"`
	Cash               []posTenderedRet `xml:"TenderCashRet" json:"cash,omitempty"`
	Check              []posTenderedRet `xml:"TenderCheckRet" json:"check,omitempty"`
	CreditCard         []posTenderedRet `xml:"TenderCreditCardRet" json:"credit_card,omitempty"`
	DebitCard          []posTenderedRet `xml:"TenderDebitCardRet" json:"debit_card,omitempty"`
	Deposit            []posTenderedRet `xml:"TenderDepositRet" json:"deposit,omitempty"`
	Gift               []posTenderedRet `xml:"TenderGiftRet" json:"gift,omitempty"`
	GiftCard           []posTenderedRet `xml:"TenderGiftCardRet" json:"gift_card,omitempty"`
}

type posLineRet struct {
	ListID          string `json:"list_id,omitempty"`
	ALU             string `json:"alu,omitempty"`
	Desc1           string `json:"desc1,omitempty"`
	Discount        string `json:"discount,omitempty"`
	DiscountPercent string `json:"discount_percent,omitempty"`
	DiscountType    string `json:"discount_type,omitempty"`
	DiscountSource  string `json:"discount_source,omitempty"`
	ExtendedPrice   string `json:"extended_price,omitempty"`
	ExtendedTax     string `json:"extended_tax,omitempty"`
	Price           string `json:"price,omitempty"`
	Qty             string `json:"qty,omitempty"`
}

type posTenderedRet struct {
	CardName     string `json:"card_name,omitempty"`
	Cashback     string `json:"cashback,omitempty"`
	TenderAmount string `json:"tender_amount,omitempty"`
	TipAmount    string `json:"tip_amount,omitempty"`
}

// Values of receipts.
const (
	receiptSale    = "Sales"
	receiptReturn  = "Return"
	receiptRefund  = "Refund"
	receiptDeposit = "Deposit"
	receiptPayin   = "Payin"
	receiptPayout  = "Payout"
	docRegular     = "Regular"
	docReversed    = "Reversed"
	docReversing   = "Reversing"
	txnHeld        = "Held"
)

func (p retail) sales(_ *query, r *reply, owned map[string]string) []version {
	m := ticketMapper{mapper{Provider: p.Provider, owned: owned}}
	var out []version
	for i := range r.tickets {
		t := &r.tickets[i]
		v := version{modified: wallOf(t.TimeModified)}
		if t.isSale() {
			v.purchase = m.purchase(t)
		}
		out = append(out, v)
	}
	return out
}

// isSale leaves out receipts that are on hold, movements of cash, and what
// reverses another receipt: that one says itself that it is reversed.
func (t *posReceiptRet) isSale() bool {
	switch t.SalesReceiptType {
	case receiptDeposit, receiptPayin, receiptPayout:
		return false
	}
	return t.TxnState != txnHeld && t.HistoryDocStatus != docReversing
}

// ticketMapper turns receipts of QuickBooks Point of Sale into purchases.
type ticketMapper struct{ mapper }

// maxAmount is the largest AMTTYPE, in hundredths: sums of them do not overflow.
const maxAmount = 1e15

// money reads an amount; none is zero money.
func (m *ticketMapper) money(field, text string) pos.Money {
	v := m.mapper.money(field, text)
	if abs(v).Amount > maxAmount {
		m.bad = append(m.bad, pos.Finding{Code: pos.FindingUnreadable, Detail: field + " " + clip(text, 40)})
		v.Amount = 0
	}
	return v
}

// some leaves a zero amount out.
func some(v pos.Money) pos.Money {
	if v.Amount == 0 {
		return pos.Money{}
	}
	return v
}

// purchase maps a receipt.
func (m *ticketMapper) purchase(t *posReceiptRet) pos.Purchase {
	m.bad = nil
	created := wallOf(t.TimeCreated)
	p := pos.Purchase{
		ID: t.TxnID, Version: t.version(), Location: storeID(t.StoreNumber), Currency: m.cfg.Currency,
		RecordedAt: created.at(m.zone), UpdatedAt: wallOf(t.TimeModified).at(m.zone),
		Receipt: t.SalesReceiptNumber, Device: t.Workstation, Source: "QuickBooks Point of Sale", State: pos.StateCompleted,
	}
	if p.Location == "" {
		p.Location = Company
	}
	if p.RecordedAt.IsZero() {
		p.RecordedAt = p.UpdatedAt
	}
	m.when(&p, &txnRet{TxnDate: t.TxnDate}, created)
	m.amounts(&p, t)
	m.settle(&p, t)
	p.Tip = some(p.Tip)
	p.Findings = append(p.Findings, m.bad...)
	if raw, err := json.Marshal(t); err == nil && len(raw) <= maxRaw {
		p.Raw = raw
	}
	p.Reconcile()
	return p
}

// version is the time of modification, which has whole seconds, and a digest of
// the content: there is no edit sequence.
func (t *posReceiptRet) version() string {
	content, err := json.Marshal(t)
	if err != nil {
		return t.TimeModified
	}
	return string(wallOf(t.TimeModified)) + "." + versionKey(t.TxnID, string(content))
}

// returned reports a receipt for goods or money that go back. Its amounts are
// taken as positive, whatever their sign.
func (t *posReceiptRet) returned() bool {
	return t.SalesReceiptType == receiptReturn || t.SalesReceiptType == receiptRefund
}

// figures are the amounts of a receipt before it is known what contains what.
type figures struct {
	lines, off, rebate, tax, shipping, tips, total int64
}

// reading is how the amounts of a receipt add up to its total.
type reading struct {
	gross       bool // prices of lines are before the discounts of the lines
	taxIncluded bool // prices hold the tax
	tipsInside  bool // the total holds the tips
}

// read finds what the total is made of, which the vendor's documentation leaves
// open. If nothing fits, the most likely reading is taken.
func (f figures) read() reading {
	for _, r := range []reading{
		{},
		{gross: true},
		{tipsInside: true},
		{gross: true, tipsInside: true},
		{taxIncluded: true},
		{gross: true, taxIncluded: true},
		{taxIncluded: true, tipsInside: true},
		{gross: true, taxIncluded: true, tipsInside: true},
	} {
		sum := f.lines - f.rebate + f.shipping
		if r.gross {
			sum -= f.off
		}
		if !r.taxIncluded {
			sum += f.tax
		}
		if r.tipsInside {
			sum += f.tips
		}
		if sum == f.total {
			return r
		}
	}
	return reading{}
}

// amounts sets lines, discounts, taxes, charges, tip and total. A line of a sale
// with a negative quantity came back: it counts as returned, and what it was
// worth as a refund.
func (m *ticketMapper) amounts(p *pos.Purchase, t *posReceiptRet) {
	amount := func(field, text string) pos.Money {
		v := m.money(field, text)
		if t.returned() {
			v = abs(v)
		}
		return v
	}
	rebate, tax, shipping := abs(m.money("Discount", t.Discount)), amount("TaxAmount", t.TaxAmount), amount("Shipping", t.Shipping)
	p.Total, p.Tip = amount("Total", t.Total), m.tips(t)
	f := figures{rebate: rebate.Amount, tax: tax.Amount, shipping: shipping.Amount, tips: p.Tip.Amount, total: p.Total.Amount}
	lines := make([]posLineAmounts, len(t.Items))
	for i := range t.Items {
		l := &t.Items[i]
		lines[i] = posLineAmounts{m.money("ExtendedPrice", l.ExtendedPrice), abs(m.money("Discount", l.Discount)), abs(m.money("ExtendedTax", l.ExtendedTax))}
		f.lines += lines[i].extended.Amount
		f.off += lines[i].off.Amount
	}
	if t.returned() && f.lines < 0 {
		f.lines = -f.lines
	}
	r := f.read()
	back := pos.Money{Currency: m.cfg.Currency}
	for i := range t.Items {
		value, taxed := m.line(p, t, i, lines[i], r)
		back.Amount += value.Amount
		if !r.taxIncluded {
			back.Amount += taxed.Amount
		}
		tax.Amount += taxed.Amount
	}
	if rebate.Amount != 0 {
		a := pos.Applied{Name: "discount", Amount: rebate}
		a.Rate, _ = pos.ParsePercent(trimZeros(t.DiscountPercent))
		p.Discounts = append(p.Discounts, a)
	}
	if tax.Amount != 0 {
		a := pos.Applied{Name: t.TaxCategory, Amount: tax, Included: r.taxIncluded}
		a.Rate, _ = pos.ParsePercent(trimZeros(t.TaxPercentage))
		p.Taxes = append(p.Taxes, a)
	}
	if shipping.Amount != 0 {
		p.Charges = append(p.Charges, pos.Applied{Name: "shipping", Amount: shipping})
	}
	if !r.tipsInside {
		p.Total.Amount += p.Tip.Amount
	}
	p.Total.Amount += back.Amount
	if back.Amount != 0 {
		p.Refunds = append(p.Refunds, pos.Refund{ID: t.TxnID, Amount: back, State: pos.RefundCompleted, At: p.OccurredAt})
	}
}

// posLineAmounts are the amounts of a line: its price, which is negative for
// what came back, its discount and its tax.
type posLineAmounts struct{ extended, off, tax pos.Money }

// line adds a line with its discount. Of one that came back it returns what it
// was worth, and its tax.
func (m *ticketMapper) line(p *pos.Purchase, t *posReceiptRet, i int, a posLineAmounts, r reading) (value, tax pos.Money) {
	l := &t.Items[i]
	out := pos.Line{
		VendorID: l.ListID, Name: l.Desc1, Quantity: pos.Units(1),
		Gross: abs(a.extended), Discount: some(a.off), Tax: some(a.tax),
	}
	if !r.gross {
		out.Gross.Amount += a.off.Amount
	}
	back := a.extended.Amount < 0 && !t.returned()
	if q, err := pos.ParseQuantity(strings.TrimPrefix(l.Qty, "-")); err == nil {
		out.Quantity = q
	}
	if price, err := pos.ParseMoney(l.Price, m.cfg.Currency); err == nil && l.Price != "" {
		out.UnitPrice = abs(price)
	}
	if it := (item{ListID: l.ListID, Full: l.ALU}); l.ALU != "" && m.owns(m.owned, &it) {
		out.SKU = it.Full
	}
	out.Returned = back || t.returned()
	p.Lines = append(p.Lines, out)
	switch {
	case back:
		value = out.Gross
		value.Amount -= a.off.Amount
		return value, a.tax
	case a.off.Amount != 0:
		d := pos.Applied{Name: l.DiscountType, Amount: a.off}
		if d.Name == "" {
			d.Name = l.DiscountSource
		}
		d.Rate, _ = pos.ParsePercent(trimZeros(l.DiscountPercent))
		p.Discounts = append(p.Discounts, d)
	}
	return pos.Money{}, pos.Money{}
}

func (m *ticketMapper) tips(t *posReceiptRet) pos.Money {
	sum := pos.Money{Currency: m.cfg.Currency}
	for _, list := range [][]posTenderedRet{t.Account, t.CreditCard, t.GiftCard} {
		for i := range list {
			sum.Amount += m.money("TipAmount", list[i].TipAmount).Amount
		}
	}
	return sum
}

// settle sets state, tenders and refunds.
func (m *ticketMapper) settle(p *pos.Purchase, t *posReceiptRet) {
	switch {
	case t.HistoryDocStatus == docReversed:
		p.State, p.VendorState, p.Refunds = pos.StateVoided, t.HistoryDocStatus, nil
		if t.returned() {
			m.giveBack(p, t)
			p.Refunds = nil
		}
		return
	case t.HistoryDocStatus != "" && t.HistoryDocStatus != docRegular:
		p.State, p.VendorState = pos.StateUnknown, t.HistoryDocStatus
	case t.returned():
		m.giveBack(p, t)
		return
	case t.SalesReceiptType != "" && t.SalesReceiptType != receiptSale:
		p.State, p.VendorState = pos.StateUnknown, t.SalesReceiptType
	}
	p.Tenders = m.tenders(p, t)
}

// giveBack makes a return: the lines were brought back, the total is given
// back. The receipt does not name the sale.
func (m *ticketMapper) giveBack(p *pos.Purchase, t *posReceiptRet) {
	p.Refunds = []pos.Refund{{ID: t.TxnID, Amount: p.Total, State: pos.RefundCompleted, At: p.OccurredAt}}
	p.Total, p.Tip = pos.Money{Currency: m.cfg.Currency}, pos.Money{}
	p.Discounts, p.Taxes, p.Charges = nil, nil, nil
}

// tenders are the payments. If they cover the total only with the tips, they
// are told without them.
func (m *ticketMapper) tenders(p *pos.Purchase, t *posReceiptRet) []pos.Tender {
	var out []pos.Tender
	var sum int64
	add := func(kind string, list []posTenderedRet) {
		for i := range list {
			paid := pos.Tender{Kind: kind, Amount: m.money("TenderAmount", list[i].TenderAmount), Tip: some(m.money("TipAmount", list[i].TipAmount))}
			if kind == "card" {
				paid.Brand = tender(list[i].CardName, paid.Amount).Brand
			}
			paid.Amount.Amount -= m.money("Cashback", list[i].Cashback).Amount
			sum += paid.Amount.Amount
			out = append(out, paid)
		}
	}
	add("cash", t.Cash)
	add("other", t.Check)
	add("card", t.CreditCard)
	add("card", t.DebitCard)
	add("gift_card", t.Gift)
	add("gift_card", t.GiftCard)
	add("account", t.Account)
	add("prepaid", t.Deposit)
	due := p.Total.Amount
	for i := range p.Refunds { // of lines that came back
		due -= p.Refunds[i].Amount.Amount
	}
	if sum+p.Tip.Amount == due {
		for i := range out {
			out[i].Amount.Amount += out[i].Tip.Amount
		}
	}
	return out
}
