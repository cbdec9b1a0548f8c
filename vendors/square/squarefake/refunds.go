package squarefake

import (
	"fmt"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// refundStates are the wire forms of a refund's state: of the refund inside
// the return order and of the PaymentRefund.
var refundStates = map[string][2]string{
	"completed": {"APPROVED", "COMPLETED"},
	"pending":   {"PENDING", "PENDING"},
	"failed":    {"FAILED", "FAILED"},
	"rejected":  {"REJECTED", "REJECTED"},
}

// Refund gives money back in a return order of its own: with the lines of the
// sale when all of an untouched sale goes back and no amount is named, else
// with one custom amount.
func (f *Fake) Refund(in posfake.Refund) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	of, err := f.sale(in.ID)
	if err != nil {
		return posfake.Record{}, err
	}
	state := in.State
	if state == "" {
		state = "completed"
	}
	wire, ok := refundStates[state]
	if !ok {
		return posfake.Record{}, fmt.Errorf("squarefake: refund state %q is not completed, pending, failed or rejected", in.State)
	}
	if of.payment == nil || of.state != "completed" {
		return posfake.Record{}, fmt.Errorf("%w: the sale is %s", errNotAllowed, of.state)
	}
	left := of.now.TotalMoney.Amount - refundedOf(of, "COMPLETED", "PENDING")
	amount := in.Amount
	if amount == 0 {
		amount = left
	}
	if amount <= 0 || amount > left {
		return posfake.Record{}, fmt.Errorf("%w: refund of %d, but %d is left", errNotAllowed, amount, left)
	}
	itemised := in.Amount == 0 && left == of.now.TotalMoney.Amount
	return f.bookRefund(of, amount, itemised, state, wire, in.Reason), nil
}

func refundedOf(e *entry, states ...string) int64 {
	var sum int64
	for _, r := range e.refunds {
		if slices.Contains(states, r.now.Status) {
			sum += r.now.Amount.Amount
		}
	}
	return sum
}

func (f *Fake) bookRefund(of *entry, amount int64, itemised bool, state string, wire [2]string, reason string) posfake.Record {
	now, s := f.moment(), of.now
	m := money{amount, s.TotalMoney.Currency}
	zero := money{0, m.Currency}
	e := &entry{seq: f.sales.next(), created: now, occurred: now, closed: now, state: ledgerState(state)}
	o := &order{
		ID: f.id(fakekit.Alphanum, 22) + "R", LocationID: s.LocationID, Source: s.Source, State: "COMPLETED",
		TotalMoney: zero, TotalTaxMoney: zero, TotalDiscountMoney: zero, TotalTipMoney: zero, TotalServiceMoney: zero, NetAmountDueMoney: zero,
	}
	ret := orderReturn{UID: "R1", SourceOrderID: s.ID, Amounts: amounts{m, zero, zero, zero, zero}}
	if itemised {
		f.returnLines(s, &ret)
		e.lines, e.priced = of.lines, of.priced
	} else {
		ret.Lines = []returnLine{{
			UID: "RL1", Quantity: "1", ItemType: "CUSTOM_AMOUNT", BasePrice: m, VariationTotal: m, Gross: m,
			TotalTax: zero, TotalDiscount: zero, Total: m,
		}}
	}
	id := s.Tenders[0].ID + "_" + f.id(fakekit.Alphanum, 22)
	if reason == "" {
		reason = "Canceled Order"
	}
	o.Returns, o.ReturnAmounts = []orderReturn{ret}, &ret.Amounts
	o.Refunds = []tenderRefund{{
		ID: id, LocationID: o.LocationID, TransactionID: o.ID, TenderID: s.Tenders[0].ID, CreatedAt: stampOf(now),
		Reason: reason, Amount: m, Status: wire[0],
	}}
	r := &refundEntry{seq: f.sales.next(), created: now, updated: now, of: of, own: e, now: &paymentRefund{
		ID: id, Status: wire[1], LocationID: o.LocationID, Type: s.Tenders[0].Type, Amount: m, PaymentID: of.payment.now.ID,
		OrderID: o.ID, Reason: reason, CreatedAt: stampOf(now), UpdatedAt: stampOf(now),
	}}
	e.refund = r
	of.refunds = append(of.refunds, r)
	f.sales.orders[o.ID], f.sales.refunds[id] = e, r
	f.sales.atPlace[o.LocationID] = append(f.sales.atPlace[o.LocationID], e)
	f.sales.refunded = append(f.sales.refunded, r)
	f.commit(e, o, false)
	f.chargeBack(of)
	f.refundChanged(r, "refund.created")
	return f.book(e)
}

func ledgerState(refund string) string {
	if refund == "rejected" {
		return "failed"
	}
	return refund
}

// returnLines copies the sale's lines, discounts, taxes and tips into a return.
func (f *Fake) returnLines(s *order, ret *orderReturn) {
	for i, l := range s.LineItems {
		ret.Lines = append(ret.Lines, returnLine{
			UID: fmt.Sprintf("RL%d", i+1), SourceUID: l.UID, CatalogObjectID: l.CatalogObjectID, CatalogVersion: l.CatalogVersion,
			Name: l.Name, VariationName: l.VariationName, Quantity: l.Quantity, ItemType: l.ItemType,
			BasePrice: l.BasePrice, VariationTotal: l.VariationTotal, Gross: l.Gross, TotalTax: l.TotalTax,
			TotalDiscount: l.TotalDiscount, Total: l.Total, AppliedDiscounts: l.AppliedDiscounts, AppliedTaxes: l.AppliedTaxes,
		})
	}
	for _, d := range s.Discounts {
		d.SourceUID, d.PricingRuleID = d.UID, ""
		ret.Discounts = append(ret.Discounts, d)
	}
	for _, t := range s.Taxes {
		t.SourceUID = t.UID
		ret.Taxes = append(ret.Taxes, t)
	}
	if s.TotalTipMoney.Amount > 0 {
		ret.Tips = []returnTip{{"RT1", s.TotalTipMoney, s.Tenders[0].ID}}
	}
	ret.Amounts = amounts{s.TotalMoney, s.TotalTaxMoney, s.TotalDiscountMoney, s.TotalTipMoney, s.TotalServiceMoney}
}

// chargeBack shows the refunds of a sale on its payment. The order of the sale
// stays as it is.
func (f *Fake) chargeBack(of *entry) {
	p := *of.payment.now
	p.RefundIDs = nil
	for _, r := range of.refunds {
		p.RefundIDs = append(p.RefundIDs, r.now.ID)
	}
	if sum := refundedOf(of, "COMPLETED"); sum > 0 {
		p.Refunded = &money{sum, p.Total.Currency}
	}
	of.payment.updated = f.moment()
	p.UpdatedAt, p.VersionToken = stampOf(of.payment.updated), f.id(fakekit.Alphanum, 24)
	of.payment.now = &p
	f.paymentChanged(of, "payment.updated")
}

// settleRefunds ends the pending refunds of a sale, or the one that is named.
func (f *Fake) settleRefunds(ed posfake.Edit) (posfake.Record, error) {
	wire, ok := refundStates[ed.Settle]
	if !ok || ed.Settle == "pending" {
		return posfake.Record{}, fmt.Errorf("squarefake: refunds settle as completed, failed or rejected, not %q", ed.Settle)
	}
	e := f.sales.orders[ed.ID]
	if e == nil {
		return posfake.Record{}, fmt.Errorf("%w: %q", errNoSale, ed.ID)
	}
	list := e.refunds
	if e.refund != nil {
		list = []*refundEntry{e.refund}
	}
	var last posfake.Record
	for _, r := range list {
		if r.now.Status != "PENDING" {
			continue
		}
		now := *r.now
		r.updated = f.moment()
		now.Status, now.UpdatedAt = wire[1], stampOf(r.updated)
		r.now = &now
		r.own.state = ledgerState(ed.Settle)
		o := *r.own.now
		o.Refunds = slices.Clone(o.Refunds)
		o.Refunds[0].Status = wire[0]
		f.commit(r.own, &o, ed.Silent)
		f.chargeBack(r.of)
		f.refundChanged(r, "refund.updated")
		last = f.book(r.own)
	}
	if last.ID == "" {
		return last, fmt.Errorf("%w: no refund is pending", errNotAllowed)
	}
	return last, nil
}
