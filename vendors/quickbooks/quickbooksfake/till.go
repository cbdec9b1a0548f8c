package quickbooksfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Errors of the simulator's methods.
var (
	errNoLocation = errors.New("quickbooksfake: no such location")
	errNoItem     = errors.New("quickbooksfake: no such item")
	errNoRecord   = errors.New("quickbooksfake: no such sale")
	errNotAllowed = errors.New("quickbooksfake: not possible in this state")
)

// Service items that the till connector books to.
const (
	gratuity = "Gratuity"
	sundry   = "Sundry"
	refunded = "Refunds and allowances"
)

// till is the connector that writes the sales of tills into the company.
type till struct {
	services map[string]string    // item ids by name
	aliases  map[string]string    // place ids by the id of their seed
	offers   map[string]Offer     // by code
	refunds  map[string][]*object // by the record of the sale
	sold     int
}

func newTill() till {
	return till{services: map[string]string{}, aliases: map[string]string{}, offers: map[string]Offer{}, refunds: map[string][]*object{}}
}

// sale is what the till knows of a record and the company does not.
type sale struct {
	occurred  time.Time
	reference string
	state     string // of an unpaid invoice: open or pending
	of        string // record that a refund gives back
}

// Offer is a coupon that the tills, not the company, know. QuickBooks enforces
// nothing: it gets to see what was taken off.
type Offer struct {
	BasisPoints int64 // 1000 is 10 %
	Amount      int64 // minor units, if BasisPoints is 0
	// AsItem books it as a negative line of the item with SKU CPN-<code>, if
	// there is one. Otherwise it is the discount line of the form.
	AsItem bool
}

// Promote teaches the tills a coupon code. Other codes have no effect.
func (f *Fake) Promote(code string, o Offer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.till.offers[code] = o
}

// TipItem is the id of the item that tips are booked to.
func (f *Fake) TipItem() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.till.services[gratuity]
}

// Sell books a sale at a till: the connector writes a sales receipt. A sale
// with tender "none" or in state "pending" becomes an invoice that is not paid.
// Failed payments do not reach the company.
func (f *Fake) Sell(s posfake.Sale) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.place(s.Location)
	switch {
	case p == nil:
		return posfake.Record{}, fmt.Errorf("%w: %q", errNoLocation, s.Location)
	case !slices.Contains([]string{"", "card", "cash", "none"}, s.Tender):
		return posfake.Record{}, fmt.Errorf("quickbooksfake: tender %q is not card, cash or none", s.Tender)
	case s.State == "failed":
		return posfake.Record{}, fmt.Errorf("a payment that was refused: %w", posfake.ErrNotSimulated)
	case s.State != "" && s.State != "completed" && s.State != "pending":
		return posfake.Record{}, fmt.Errorf("quickbooksfake: state %q is not completed or pending", s.State)
	case s.Tip < 0:
		return posfake.Record{}, fmt.Errorf("quickbooksfake: tip %d is negative", s.Tip)
	}
	now := f.Now()
	info := &sale{occurred: s.OccurredAt.UTC(), reference: s.Reference}
	if s.OccurredAt.IsZero() || info.occurred.After(now) {
		info.occurred = now
	}
	form, err := f.form(s, info)
	if err != nil {
		return posfake.Record{}, err
	}
	f.till.sold++
	form[f.placeRef()] = refTo(p.id)
	form["DocNumber"] = fmt.Sprintf("K%s-%05d", p.id, f.till.sold)
	form["CustomerRef"] = refTo(walkIn)
	if f.till.sold%3 == 0 {
		form["CustomerRef"], form["BillEmail"] = refTo(person), map[string]any{"Address": customerEmail}
	}
	entity := "SalesReceipt"
	switch {
	case s.Tender == "none":
		entity, info.state = "Invoice", "open"
	case s.State == "pending":
		entity, info.state = "Invoice", "pending"
	default:
		form["PaymentMethodRef"], form["PaymentRefNum"] = refTo(visa), f.paymentRef(s.Reference)
		if s.Tender == "cash" {
			form["PaymentMethodRef"] = refTo(cash)
		}
	}
	o, err := f.save(f.tables[entity], form, how{sale: info, anyDoc: true})
	if err != nil {
		return posfake.Record{}, err
	}
	return f.latest(o), nil
}

// paymentRef is the till's number of a payment.
func (f *Fake) paymentRef(given string) string {
	if given != "" {
		return given
	}
	return fakekit.Text(f.rand, fakekit.Hex, 8)
}

// form is the sales form of a sale: goods, coupons, tip.
func (f *Fake) form(s posfake.Sale, info *sale) (map[string]any, error) {
	if len(s.Lines) == 0 {
		return nil, errors.New("quickbooksfake: a sale needs a line")
	}
	var list []any
	var goods int64
	for i, l := range s.Lines {
		line, cost, err := f.goodsLine(l)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i, err)
		}
		goods += cost
		list = append(list, line)
	}
	list = append(list, f.couponLines(s.Codes, goods, s.Tip > 0)...)
	if s.Tip > 0 {
		list = append(list, f.itemLine(f.till.services[gratuity], "Tip", 1, s.Tip, false))
	}
	return map[string]any{"TxnDate": f.today(info.occurred), "Line": list}, nil
}

// goodsLine is a line of goods and what it costs in cents.
func (f *Fake) goodsLine(l posfake.SaleLine) (line map[string]any, cost int64, err error) {
	item, quantity := f.bySKU(l.SKU), max(l.Quantity, 1)
	id, name, unit, taxed := f.till.services[sundry], l.Name, int64(0), true
	if item != nil {
		id, name, unit, taxed = item.id, item.text("Name"), minor(item.fields["UnitPrice"]), item.flag("Taxable")
	}
	switch {
	case l.Price != nil:
		unit = *l.Price
	case item == nil:
		return nil, 0, fmt.Errorf("%w: %q, and without a price", errNoItem, l.SKU)
	}
	if unit < 0 {
		return nil, 0, fmt.Errorf("quickbooksfake: price %d is negative", unit)
	}
	return f.itemLine(id, name, quantity, unit, taxed), quantity * unit, nil
}

func (f *Fake) itemLine(item, description string, quantity, unit int64, taxed bool) map[string]any {
	code := "NON"
	if taxed {
		code = "TAX"
	}
	return map[string]any{
		"Description": description, "Amount": amount(quantity * unit), "DetailType": itemLine,
		itemLine: map[string]any{
			"ItemRef": refTo(item), "Qty": json.Number(strconv.FormatInt(quantity, 10)), "UnitPrice": number(fromCents(unit)), "TaxCodeRef": refTo(code),
		},
	}
}

// couponLines books the coupons that the tills know. A form has one discount
// line, so several coupons share it.
func (f *Fake) couponLines(codes []string, goods int64, tip bool) []any {
	var list []any
	var discounts []string
	var off, left int64 = 0, goods
	percent := int64(0)
	for _, code := range codes {
		o, ok := f.till.offers[code]
		if !ok {
			continue
		}
		n := o.Amount
		if o.BasisPoints > 0 {
			n = cents(new(big.Rat).Mul(fromCents(goods), big.NewRat(o.BasisPoints, 10000)))
		}
		n = min(n, left)
		left -= n
		if item := f.bySKU("CPN-" + code); item != nil && o.AsItem {
			list = append(list, f.itemLine(item.id, "Coupon "+code, 1, -n, true))
			continue
		}
		off += n
		discounts = append(discounts, "Coupon "+code)
		percent = o.BasisPoints
	}
	if len(discounts) == 0 {
		return list
	}
	d := map[string]any{"PercentBased": false, "DiscountAccountRef": refTo(discountAccount)}
	line := map[string]any{"Description": strings.Join(discounts, ", "), "DetailType": discountLine, discountLine: d, "Amount": amount(off)}
	if len(discounts) == 1 && len(list) == 0 && percent > 0 && !tip {
		d["PercentBased"], d["DiscountPercent"] = true, number(fromCents(percent))
		delete(line, "Amount")
	}
	return append(list, line)
}

// recordID names a sale or refund in the ledger: entity and id, such as SalesReceipt:812.
func recordID(o *object) string { return o.in.name + ":" + o.id }

// record finds a transaction by the id of its record.
func (f *Fake) record(id string) (*object, error) {
	entity, number, _ := strings.Cut(id, ":")
	if t := f.tables[entity]; t != nil && t.is(booked) {
		if o := t.get(number); o != nil {
			return o, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", errNoRecord, id)
}

// latest is the newest version of a record in the ledger.
func (f *Fake) latest(o *object) posfake.Record {
	r, _ := f.ledger.Latest(recordID(o))
	return r
}

// book appends the present version of a transaction to the ledger.
func (f *Fake) book(o *object) {
	info := o.sale
	if info == nil {
		info = &sale{occurred: o.created, reference: o.text("PaymentRefNum")}
	}
	r := posfake.Record{
		ID: recordID(o), Location: o.ref(f.placeRef()), Kind: "sale", State: "completed", Currency: f.cfg.Currency,
		Total: minor(o.fields["TotalAmt"]), OccurredAt: info.occurred, RecordedAt: o.created, UpdatedAt: o.updated, Reference: info.reference,
	}
	switch {
	case o.voided || o.deleted:
		r.State = "voided"
	case o.in.name == "Invoice" && minor(o.fields["Balance"]) > 0:
		if r.State = info.state; r.State == "" {
			r.State = "open"
		}
	}
	if o.in.name == "RefundReceipt" || o.in.name == "CreditMemo" {
		r.Kind, r.Of = "refund", info.of
		if r.State == "completed" {
			r.Refunded = r.Total
		}
		r.Total = 0
		f.ledger.Append(r)
		return
	}
	tax, _ := o.fields["TxnTaxDetail"].(map[string]any)
	r.Tax = minor(tax["TotalTax"])
	for _, line := range lines(o) {
		f.bookLine(&r, line)
	}
	f.ledger.Append(r)
}

// bookLine adds a line to a record: goods, tip or something taken off.
func (f *Fake) bookLine(r *posfake.Record, line map[string]any) {
	d, cost := detail(line), minor(line["Amount"])
	item := refValue(d["ItemRef"])
	switch {
	case line["DetailType"] == subtotalLine:
	case line["DetailType"] == discountLine:
		r.Discount += cost
	case item != "" && item == f.till.services[gratuity]:
		r.Tip += cost
	case cost < 0:
		r.Discount -= cost
	default:
		l := posfake.RecordLine{Quantity: 1, Gross: cost}
		if n := rat(d["Qty"]); n.IsInt() {
			l.Quantity = n.Num().Int64()
		}
		if o := f.tables["Item"].byID[item]; o != nil {
			l.SKU = o.text("Sku")
		}
		r.Lines = append(r.Lines, l)
	}
}

// Refund gives money back: the connector writes a refund receipt.
func (f *Fake) Refund(r posfake.Refund) (posfake.Record, error) {
	return f.giveBack("RefundReceipt", r)
}

// Credit gives store credit instead of money: the connector writes a credit memo.
func (f *Fake) Credit(r posfake.Refund) (posfake.Record, error) { return f.giveBack("CreditMemo", r) }

func (f *Fake) giveBack(entity string, r posfake.Refund) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, err := f.sold(r.ID)
	if err != nil {
		return posfake.Record{}, err
	}
	total, given := minor(o.fields["TotalAmt"]), f.givenBack(r.ID)
	if r.Amount == 0 {
		r.Amount = total - given
	}
	switch {
	case r.State != "" && r.State != "completed":
		return posfake.Record{}, fmt.Errorf("a refund that is %s: %w", r.State, posfake.ErrNotSimulated)
	case o.voided || o.in.name == "Invoice" && minor(o.fields["Balance"]) > 0:
		return posfake.Record{}, fmt.Errorf("%w: the sale is void or unpaid", errNotAllowed)
	case r.Amount <= 0 || r.Amount > total-given:
		return posfake.Record{}, fmt.Errorf("quickbooksfake: a refund of %d of the %d that are left", r.Amount, total-given)
	}
	form := f.refundForm(o, r, total)
	form["DocNumber"] = fmt.Sprintf("R%s-%d", o.id, len(f.tables[entity].rows)+1)
	back, err := f.save(f.tables[entity], form, how{sale: &sale{occurred: f.Now(), of: r.ID}, anyDoc: true})
	if err != nil {
		return posfake.Record{}, err
	}
	f.till.refunds[r.ID] = append(f.till.refunds[r.ID], back)
	return f.latest(back), nil
}

// refundForm repeats the lines of a sale that is refunded as a whole; a part
// goes to the item for refunds.
func (f *Fake) refundForm(o *object, r posfake.Refund, total int64) map[string]any {
	detail, _ := o.fields["TxnTaxDetail"].(map[string]any)
	tax := minor(detail["TotalTax"])
	var list []any
	if r.Amount == total {
		for _, line := range lines(o) {
			line = maps.Clone(line)
			delete(line, "Id")
			list = append(list, line)
		}
	} else {
		tax = cents(new(big.Rat).Mul(fromCents(tax), big.NewRat(r.Amount, total)))
		list = []any{f.itemLine(f.till.services[refunded], "Refund", 1, r.Amount-tax, tax > 0)}
	}
	form := map[string]any{
		"Line": list, "TxnTaxDetail": map[string]any{"TotalTax": amount(tax)}, "CustomerRef": refTo(walkIn),
		"DepositToAccountRef": refTo(depositAccount), "PaymentMethodRef": refTo(visa),
	}
	if place := o.ref(f.placeRef()); place != "" {
		form[f.placeRef()] = refTo(place)
	}
	if r.Reason != "" {
		form["CustomerMemo"] = map[string]any{"value": r.Reason}
	}
	switch f.cfg.Refunds {
	case LinkNote:
		form["PrivateNote"] = "refund-of:qbo:" + f.cfg.Realm + ":" + recordID(o)
	case LinkTxn:
		form["LinkedTxn"] = []any{map[string]any{"TxnId": o.id, "TxnType": o.in.name}}
	case LinkNobody:
	}
	return form
}

// givenBack is what the refunds of a record sum up to.
func (f *Fake) givenBack(record string) (sum int64) {
	for _, o := range f.till.refunds[record] {
		if !o.deleted {
			sum += minor(o.fields["TotalAmt"])
		}
	}
	return sum
}

// sold finds the form of a sale.
func (f *Fake) sold(id string) (*object, error) {
	o, err := f.record(id)
	if err == nil && o.in.name != "SalesReceipt" && o.in.name != "Invoice" {
		err = fmt.Errorf("%w: %q is a refund", errNoRecord, id)
	}
	return o, err
}

// Edit changes the tip of a sale, or pays an invoice with a payment.
func (f *Fake) Edit(ed posfake.Edit) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, err := f.sold(ed.ID)
	switch {
	case err != nil:
		return posfake.Record{}, err
	case ed.Settle != "":
		return posfake.Record{}, fmt.Errorf("refunds that are pending: %w", posfake.ErrNotSimulated)
	case o.voided:
		return posfake.Record{}, fmt.Errorf("%w: the sale is void", errNotAllowed)
	case ed.Tip != nil && *ed.Tip < 0:
		return posfake.Record{}, fmt.Errorf("quickbooksfake: tip %d is negative", *ed.Tip)
	case ed.Pay && (o.in.name != "Invoice" || minor(o.fields["Balance"]) == 0):
		return posfake.Record{}, fmt.Errorf("%w: the sale is paid", errNotAllowed)
	}
	if ed.Tip != nil {
		if err := f.retip(o, *ed.Tip, how{silent: ed.Silent, anyDoc: true}); err != nil {
			return posfake.Record{}, err
		}
	}
	if ed.Pay {
		balance := o.fields["Balance"]
		_, err := f.save(f.tables["Payment"], map[string]any{
			"CustomerRef": refTo(o.ref("CustomerRef")), "TotalAmt": balance, "PaymentMethodRef": refTo(visa), "PaymentRefNum": f.paymentRef(""),
			"Line": []any{map[string]any{"Amount": balance, "LinkedTxn": []any{map[string]any{"TxnId": o.id, "TxnType": "Invoice"}}}},
		}, how{silent: ed.Silent})
		if err != nil {
			return posfake.Record{}, err
		}
	}
	return f.latest(o), nil
}

// retip replaces the tip line of a form. The discount stays what it was.
func (f *Fake) retip(o *object, tip int64, h how) error {
	var list []any
	var discount any
	for _, line := range lines(o) {
		switch d := detail(line); {
		case refValue(d["ItemRef"]) == f.till.services[gratuity]:
		case line["DetailType"] == discountLine:
			line = maps.Clone(line)
			d = maps.Clone(d)
			delete(d, "DiscountPercent")
			d["PercentBased"], line[discountLine] = false, d
			discount = line
		default:
			list = append(list, line)
		}
	}
	if tip > 0 {
		list = append(list, f.itemLine(f.till.services[gratuity], "Tip", 1, tip, false))
	}
	if discount != nil {
		list = append(list, discount)
	}
	_, err := f.save(o.in, map[string]any{"Id": o.id, "SyncToken": strconv.Itoa(o.version), "sparse": true, "Line": list}, h)
	return err
}

// Void voids a sale: it stays, without amounts.
func (f *Fake) Void(id string) (posfake.Record, error) { return f.cancel(id, (*Fake).annul) }

// Delete removes a sale or refund: only its id is left.
func (f *Fake) Delete(id string) (posfake.Record, error) { return f.cancel(id, (*Fake).erase) }

func (f *Fake) cancel(id string, how func(*Fake, *object) (*object, error)) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, err := f.record(id)
	if err != nil {
		return posfake.Record{}, err
	}
	if f.givenBack(id) > 0 {
		return posfake.Record{}, fmt.Errorf("%w: the sale was refunded", errNotAllowed)
	}
	if o, err = how(f, o); err != nil {
		return posfake.Record{}, err
	}
	return f.latest(o), nil
}

// Ledger lists every version of every sale and refund in the order of recording.
func (f *Fake) Ledger() []posfake.Record { return f.ledger.All() }
