package bytetech

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// States of a transaction.
const (
	txPlaced    = "placed"
	txFinalized = "price_finalized"
	txProcessed = "processed"
	txAdjusted  = "adjusted"
	txRefunded  = "refunded"
	txVoided    = "voided"
	txDeclined  = "declined"
	txError     = "error"
	txRestock   = "restock"
)

const (
	adjustRefund = "refund"
	paymentNone  = "none"
)

// fetchLimit is how many records one call of Purchases reads by id: each
// costs a request.
const fetchLimit = 25

// Purchases implements [pos.Provider]: one paged read of the whole fleet's
// transactions by time of modification. Restocking sessions in the list are
// left out. A single kiosk or a few are asked for by filter, more are filtered
// here.
func (p *Provider) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	if p.client == nil {
		return p.csvPurchases(ctx, q)
	}
	return p.feed.Page(ctx, q)
}

func (p *Provider) newFeed() *kit.Feed {
	q := p.profile.Query.Transactions
	overlap := seconds(q.Overlap)
	if !p.profile.Features.UpdatedFilter {
		overlap = seconds(q.PlacedOverlap)
	}
	return &kit.Feed{
		Vendor: Vendor, Account: p.cfg.Account,
		Overlap: overlap, Lag: seconds(q.Lag), Now: p.client.Now,
		Read: p.readWindow, Fetch: p.fetchTransactions, FetchLimit: fetchLimit,
		Recheck: seconds(q.Recheck), RecheckFor: seconds(q.RecheckFor),
		SuspectDuplicates: true,
	}
}

// readWindow reads one page of a window.
func (p *Provider) readWindow(ctx context.Context, w kit.Window) (kit.WindowPage, error) {
	q, e := p.profile.Query.Transactions, &p.profile.Encoding
	since, until := q.Since, q.Until
	if !p.profile.Features.UpdatedFilter {
		since, until = q.PlacedSince, q.PlacedUntil
	}
	l := list{op: opListTransactions, path: p.profile.path("transactions"), limit: w.Limit, query: map[string][]string{}}
	setQuery(l.query, q.Kiosk, p.kioskFilter(w.Locations))
	if !w.From.IsZero() {
		setQuery(l.query, since, e.formatTime(w.From))
	}
	end := w.Until
	if q.UntilExclusive {
		end = e.after(end)
	}
	setQuery(l.query, until, e.formatTime(end))
	page, err := p.page(ctx, l, w.Token)
	if err != nil {
		return kit.WindowPage{}, err
	}
	out := kit.WindowPage{Token: page.token, Now: page.date}
	err = p.each(l.op, page, p.profile.shapes.transaction, func(o *object) error {
		return p.addTransaction(ctx, &out, o, w.Locations, w.Raw)
	})
	return out, err
}

// fetchTransactions reads single records; ids that do not exist are left out.
func (p *Provider) fetchTransactions(ctx context.Context, ids []string, raw bool) (kit.WindowPage, error) {
	var out kit.WindowPage
	var o object
	for _, id := range ids {
		var body jsontext.Value
		resp, err := p.client.JSON(ctx, kit.Request{Op: opGetTransaction, Method: http.MethodGet, Path: p.profile.path("transaction", id)}, nil, &body)
		if errors.Is(err, pos.ErrNotFound) {
			continue
		}
		if err != nil {
			return kit.WindowPage{}, err
		}
		if err := p.profile.shapes.transaction.read(body, &p.profile.Encoding, &o); err != nil {
			return kit.WindowPage{}, protocol(opGetTransaction, err)
		}
		if err := p.addTransaction(ctx, &out, &o, nil, raw); err != nil {
			return kit.WindowPage{}, err
		}
		out.Now = resp.Date
	}
	return out, nil
}

// addTransaction adds a transaction to a page, unless it is a restocking
// session or one of a kiosk that was not asked for.
func (p *Provider) addTransaction(ctx context.Context, page *kit.WindowPage, o *object, locations []string, raw bool) error {
	f := &p.profile.Fields.Transaction
	status := p.meaning("transaction_status", o.text(f.Status))
	kiosk := o.text(f.Kiosk)
	if status == txRestock || len(locations) > 0 && !slices.Contains(locations, kiosk) {
		return nil
	}
	if o.text(f.ID) == "" {
		return protocol(opListTransactions, fmt.Errorf("bytetech: a transaction has no id at %q", f.ID))
	}
	byID, _, err := p.fleetNow(ctx, kiosk)
	if err != nil {
		return err
	}
	b := p.purchase(o, status, byID[kiosk], raw)
	for coupons, i := p.couponsOf(ctx, o), 0; i < len(b.Discounts); i++ {
		b.Discounts[i].Coupon = coupons[b.Discounts[i].ID]
	}
	page.Purchases = append(page.Purchases, b)
	switch status {
	case txPlaced, txFinalized, txAdjusted, txError:
		page.Open = append(page.Open, o.text(f.ID))
	}
	return nil
}

// purchase maps a transaction.
func (p *Provider) purchase(o *object, status string, at pos.Location, raw bool) pos.Purchase {
	f := &p.profile.Fields.Transaction
	b := pos.Purchase{
		ID: o.text(f.ID), Location: o.text(f.Kiosk), Device: o.text(f.Kiosk), Receipt: o.text(f.ID),
		State: stateOf(status), VendorState: o.text(f.Status), Source: "fridge",
		OccurredAt: o.instant(f.Placed), UpdatedAt: o.instant(f.Updated), Currency: pos.Currency(o.text(f.Currency)),
	}
	if b.Currency == "" {
		b.Currency = at.Currency
	}
	if b.Currency == "" {
		b.Currency = p.profile.Constants.Currency
	}
	if b.OccurredAt.IsZero() {
		b.OccurredAt = b.UpdatedAt
	}
	b.BusinessDate = at.BusinessDate(b.OccurredAt)
	p.amounts(o, &b)
	p.adjustments(o, &b)
	p.tender(o, &b, status)
	b.Version = o.text(f.Revision)
	if b.Version == "" {
		b.Version = kit.VersionOf(&b)
	}
	if b.RecordedAt = o.instant(f.Recorded); b.RecordedAt.IsZero() {
		b.RecordedAt = b.UpdatedAt
	}
	if b.RecordedAt.IsZero() {
		b.RecordedAt = b.OccurredAt
	}
	for _, name := range o.unreadable {
		b.Findings = append(b.Findings, pos.Finding{Code: pos.FindingUnreadable, Detail: name})
	}
	b.Reconcile()
	if raw {
		b.Raw = p.withoutPersonal(o.raw)
	}
	return b
}

func stateOf(status string) pos.PurchaseState {
	switch status {
	case txPlaced, txFinalized:
		return pos.StatePending
	case txProcessed, txAdjusted, txRefunded:
		return pos.StateCompleted
	case txVoided:
		return pos.StateVoided
	case txDeclined:
		return pos.StateFailed
	}
	return pos.StateUnknown
}

// amounts maps total, lines, discounts and tax.
func (p *Provider) amounts(o *object, b *pos.Purchase) {
	f := &p.profile.Fields.Transaction
	none := pos.Money{Currency: b.Currency}
	var ok bool
	if b.Total, ok = o.money(f.Total, b.Currency); !ok {
		b.Total = none
	}
	if n := countOf(o.value(f.Lines)); n > 0 {
		b.Lines = make([]pos.Line, 0, n)
	}
	_ = o.each(f.Lines, p.profile.shapes.line, func(l *object) error { // a failure is noted in o
		b.Lines = append(b.Lines, p.line(l, b.Currency))
		return nil
	})
	_ = o.each(f.Discounts, p.profile.shapes.applied, func(d *object) error {
		b.Discounts = append(b.Discounts, p.applied(d, b.Currency))
		return nil
	})
	if discount, ok := o.money(f.Discount, b.Currency); ok && discount.Amount != 0 && len(b.Discounts) == 0 {
		b.Discounts = []pos.Applied{{Amount: discount}}
	}
	if tax, ok := o.money(f.Tax, b.Currency); ok && tax.Amount != 0 {
		b.Taxes = []pos.Applied{{Name: "sales tax", Amount: tax}}
	}
	if !f.Lines.delivered() {
		p.unitemised(o, b)
	}
}

// unitemised stands in for lines that the vendor does not deliver: one line
// without SKU and quantity that has the goods' price.
func (p *Provider) unitemised(o *object, b *pos.Purchase) {
	goods, ok := o.money(p.profile.Fields.Transaction.Subtotal, b.Currency)
	if !ok {
		diff, err := b.Difference()
		if err != nil {
			return
		}
		goods = diff
	}
	b.Lines = []pos.Line{{Name: "not itemised", Gross: goods}}
}

// countOf estimates the number of objects in an array, to size a slice.
func countOf(array []byte) int { return min(bytes.Count(array, []byte("{")), 1000) }

func (p *Provider) line(o *object, c pos.Currency) pos.Line {
	f := &p.profile.Fields.Line
	l := pos.Line{
		ID: o.text(f.ID), SKU: o.text(f.ExternalID), VendorID: o.text(f.Product), Name: o.text(f.Name),
		Units: o.texts(f.EPCs), Expires: o.date(f.Expires),
	}
	if n, ok := o.number(f.Quantity); ok {
		l.Quantity = pos.Units(n)
	}
	l.UnitPrice, _ = o.money(f.UnitPrice, c)
	l.Discount, _ = o.money(f.Discount, c)
	l.Tax, _ = o.money(f.Tax, c)
	var ok bool
	if l.Gross, ok = o.money(f.Gross, c); !ok {
		if m, err := l.UnitPrice.Times(l.Quantity); err == nil {
			l.Gross = m
		}
	}
	return l
}

// applied maps a discount.
func (p *Provider) applied(o *object, c pos.Currency) pos.Applied {
	f := &p.profile.Fields.Applied
	a := pos.Applied{ID: o.text(f.ID), Name: o.text(f.Name), Code: o.text(f.Code)}
	a.Amount, _ = o.money(f.Amount, c)
	return a
}

// adjustments maps what was changed after the sale. What goes to the customer
// is a refund, whatever its type; what the customer pays in addition is a
// charge on top of the total, once it is processed.
func (p *Provider) adjustments(o *object, b *pos.Purchase) {
	f, a := &p.profile.Fields.Transaction, &p.profile.Fields.Adjustment
	var extra pos.Money
	_ = o.each(f.Adjustments, p.profile.shapes.adjustment, func(row *object) error { // a failure is noted in o
		amount, ok := row.money(a.Amount, b.Currency)
		state := refundState(p.meaning("adjustment_status", row.text(a.Status)))
		kind := p.meaning("adjustment_type", row.text(a.Type))
		switch {
		case !ok || amount.Amount == 0:
		case amount.Amount > 0:
			b.Refunds = append(b.Refunds, pos.Refund{
				ID: row.text(a.ID), Of: b.ID, Amount: amount, State: state, Reason: reasonOf(kind, row.text(a.Reason)), At: row.instant(a.Created),
			})
		case state == pos.RefundCompleted:
			b.Charges = append(b.Charges, pos.Applied{ID: row.text(a.ID), Name: kind, Amount: amount.Neg()})
			extra.Amount -= amount.Amount
		}
		return nil
	})
	if extra.Amount != 0 {
		p.addCharge(b, extra.Amount)
	}
	p.unlistedRefund(o, b, extra.Amount)
}

// refundState keeps a word that the profile lacks from moving money.
func refundState(meaning string) pos.RefundState {
	if meaning == "" {
		return pos.RefundPending
	}
	return pos.RefundState(meaning)
}

// reasonOf tells adjustments that are not plain refunds apart.
func reasonOf(kind, reason string) string {
	switch {
	case kind == adjustRefund || kind == "":
		return reason
	case reason == "":
		return kind
	}
	return kind + ": " + reason
}

// addCharge raises the total by additional charges, unless the vendor has
// done that already.
func (p *Provider) addCharge(b *pos.Purchase, extra int64) {
	if diff, err := b.Difference(); err == nil && diff.Amount == -extra {
		b.Total.Amount += extra
	}
}

// unlistedRefund adds what the header says was given back and no adjustment
// explains, so that refunds add up where adjustments are not delivered.
func (p *Provider) unlistedRefund(o *object, b *pos.Purchase, extra int64) {
	back, ok := o.money(p.profile.Fields.Transaction.Refunded, b.Currency)
	if !ok {
		return
	}
	listed, err := b.Refunded()
	if err != nil {
		return
	}
	if rest := back.Amount + extra - listed.Amount; rest > 0 {
		b.Refunds = append(b.Refunds, pos.Refund{
			ID: b.ID + "/" + strconv.FormatInt(back.Amount, 10), Of: b.ID, Amount: pos.Money{Amount: rest, Currency: b.Currency}, State: pos.RefundCompleted,
		})
	}
}

// tender maps the payment. A sale that is pending has none yet, one whose
// payment is not known neither.
func (p *Provider) tender(o *object, b *pos.Purchase, status string) {
	f := &p.profile.Fields.Transaction
	word := o.text(f.PaymentType)
	kind := p.meaning("payment_type", word)
	failed := b.State == pos.StateFailed
	if kind == paymentNone || b.State != pos.StateCompleted && !failed || b.Total.Amount == 0 || status == "" {
		return
	}
	if kind == "" {
		kind = "other"
	}
	b.Tenders = []pos.Tender{{
		Kind: kind, Amount: b.Total, Brand: o.text(f.PaymentBrand), Last4: lastFour(o.text(f.PaymentLast4)),
		Reference: o.text(f.PaymentReference), Failed: failed,
	}}
}

// lastFour makes sure that never more of a card number gets through.
func lastFour(s string) string { return s[max(0, len(s)-4):] }

// withoutPersonal returns the payload without names and addresses of customers.
func (p *Provider) withoutPersonal(raw []byte) []byte {
	personal := p.profile.Fields.TransactionPersonal
	if p.profile.Features.PersonalData || len(personal) == 0 {
		return bytes.Clone(raw)
	}
	d, err := decodeDocument(raw)
	if err != nil {
		return nil
	}
	for _, f := range personal {
		d.remove(f)
	}
	text, err := json.Marshal(d, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil
	}
	return text
}

// decodeDocument reads an object so that it can be changed and sent again:
// values keep their exact bytes.
func decodeDocument(raw []byte) (document, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(raw, &members, lenient...); err != nil {
		return nil, err
	}
	d := make(document, len(members))
	for name, v := range members {
		if v.Kind() != '{' {
			d[name] = v
			continue
		}
		below, err := decodeDocument(v)
		if err != nil {
			return nil, err
		}
		d[name] = map[string]any(below)
	}
	return d, nil
}
