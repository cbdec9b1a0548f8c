package quickbooksdesktopfake

import (
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// txn is a sales receipt, a credit memo, an invoice or a payment of one.
type txn struct {
	kind, id, ref, memo string
	created, modified   time.Time
	edit                int64
	number              int
	place               *object // nil: the whole file
	date                string
	method              *object
	lines               []*txnLine
	taxPoints           int64
	tax, total          int64
	of                  *txn // of a credit memo or a payment
	pending             bool // a receipt that is not final
	paid                bool // an invoice
	voided, deleted     bool
	given               int64 // by credit memos
	occurred            time.Time
}

// txnLine is a line: goods, or a discount that has no quantity.
type txnLine struct {
	id, desc string
	item     *object
	sku      string
	quantity int64
	rate     int64 // in 1/100,000
	percent  int64 // of a discount, in 1/100,000 %
	amount   int64
	discount int64 // of goods: what the discount lines below take off
	taxed    bool
}

// newTxn books a transaction without lines.
func (f *Fake) newTxn(kind string, place *object) *txn {
	now := f.now()
	t := &txn{kind: kind, id: f.txnID(), created: now, modified: now, edit: now.Unix(), number: len(f.txns) + 90_001, place: place, date: f.date(now), occurred: now}
	f.txns = append(f.txns, t)
	return t
}

// subtotal is the sum of the lines, without tax.
func (t *txn) subtotal() int64 { return t.total - t.tax }

// txnRet shows a transaction.
func (f *Fake) txnRet(t *txn, lines, links string) *node {
	n := f.txnHead(t.kind+"Ret", t.id, t.created, t.modified, t.edit, t.number)
	n.add(f.customer.ref("CustomerRef"))
	if t.place != nil && f.cfg.Mode == ByClass && t.kind != "ReceivePayment" {
		n.add(t.place.ref("ClassRef"))
	}
	if t.kind == "Invoice" || t.kind == "CreditMemo" || t.kind == "ReceivePayment" {
		n.add(f.account["Accounts Receivable"].ref("ARAccountRef"))
	}
	n.add(leaf("TxnDate", t.date), opt("RefNumber", t.ref))
	if t.kind == "ReceivePayment" {
		n.add(leaf("TotalAmount", amount(t.total)), t.method.ref("PaymentMethodRef"), opt("Memo", t.memo),
			f.account["Undeposited Funds"].ref("DepositToAccountRef"), leaf("UnusedPayment", "0.00"), leaf("UnusedCredits", "0.00"))
		if t.of != nil && lines == "true" {
			n.add(el("AppliedToTxnRet", leaf("TxnID", t.of.id), leaf("TxnType", t.of.kind), leaf("TxnDate", t.of.date), opt("RefNumber", t.of.ref),
				leaf("BalanceRemaining", "0.00"), leaf("Amount", amount(t.total))))
		}
		return n
	}
	n.add(flag("IsPending", t.pending))
	if t.kind == "SalesReceipt" && t.method != nil {
		n.add(t.method.ref("PaymentMethodRef"))
	}
	n.add(leaf("Subtotal", amount(t.subtotal())))
	if t.taxPoints > 0 {
		n.add(f.taxItem.ref("ItemSalesTaxRef"))
	}
	n.add(leaf("SalesTaxPercentage", price(t.taxPoints*fine/100)), leaf("SalesTaxTotal", amount(t.tax)))
	f.addTotals(n, t)
	if truth(links) {
		n.add(f.linked(t)...)
	}
	if truth(lines) {
		for _, l := range t.lines {
			n.add(f.lineRet(t, l))
		}
	}
	return n
}

func truth(s string) bool { return s == "true" || s == "1" }

func (f *Fake) addTotals(n *node, t *txn) {
	memo := opt("Memo", ansi(t.memo))
	switch t.kind {
	case "SalesReceipt":
		n.add(leaf("TotalAmount", amount(t.total)), memo, f.account["Undeposited Funds"].ref("DepositToAccountRef"))
	case "CreditMemo":
		n.add(leaf("TotalAmount", amount(t.total)), leaf("CreditRemaining", "0.00"), memo)
	case "Invoice":
		applied, left := int64(0), t.total
		if t.paid {
			applied, left = -t.total, 0
		}
		n.add(leaf("AppliedAmount", amount(applied)), leaf("BalanceRemaining", amount(left)), memo, flag("IsPaid", t.paid))
	}
}

// linked lists the transactions that a credit memo or an invoice is tied to.
func (f *Fake) linked(t *txn) []*node {
	var out []*node
	for _, other := range f.txns {
		if !other.deleted && (t.of == other || other.of == t) {
			out = append(out, el("LinkedTxn", leaf("TxnID", other.id), leaf("TxnType", other.kind), leaf("TxnDate", other.date),
				opt("RefNumber", other.ref), leaf("LinkType", "AMTTYPE"), leaf("Amount", amount(-min(t.total, other.total)))))
		}
	}
	return out
}

func (f *Fake) lineRet(t *txn, l *txnLine) *node {
	n := el(t.kind+"LineRet", leaf("TxnLineID", l.id), l.item.ref("ItemRef"), leaf("Desc", ansi(l.desc)))
	code := "Non"
	switch {
	case l.item.kind == "ItemDiscount" && l.percent != 0:
		n.add(leaf("RatePercent", trimmed(-l.percent, 1)))
	case l.item.kind == "ItemDiscount":
		n.add(leaf("Rate", price(-l.rate)))
	default:
		n.add(leaf("Quantity", strconv.FormatInt(l.quantity, 10)), leaf("Rate", price(l.rate)))
	}
	n.add(leaf("Amount", amount(l.amount)))
	if f.showsSite(t)(l) {
		n.add(t.place.ref("InventorySiteRef"))
	}
	if l.taxed {
		code = "Tax"
	}
	return n.add(f.taxRef(code))
}

// showsSite tells which lines of a transaction name the site: QuickBooks knows
// where an item was sold only if it counts it.
func (f *Fake) showsSite(t *txn) func(*txnLine) bool {
	return func(l *txnLine) bool {
		return f.cfg.Mode == BySite && t.place != nil && l.item.kind == "ItemInventory"
	}
}

// touchTxn makes a new version of a transaction.
func (f *Fake) touchTxn(t *txn) {
	now := f.now()
	t.modified, t.edit = now, max(t.edit+1, now.Unix())
}

// publish puts the present version into the ledger.
func (f *Fake) publish(t *txn) posfake.Record {
	r := posfake.Record{
		ID: t.id, Location: CompanyID, Kind: "sale", State: t.state(), Currency: f.cfg.Currency, Total: t.total, Tax: t.tax,
		OccurredAt: t.occurred, RecordedAt: t.created, UpdatedAt: t.modified, Reference: t.ref,
	}
	if t.place != nil && (f.cfg.Mode != BySite || slices.ContainsFunc(t.lines, f.showsSite(t))) {
		r.Location = t.place.listID
	}
	for _, l := range t.lines {
		if l.item.kind != "ItemDiscount" {
			r.Lines = append(r.Lines, posfake.RecordLine{SKU: l.sku, Quantity: l.quantity, Gross: l.amount, Discount: l.discount})
			r.Discount += l.discount
		}
	}
	if t.kind == "CreditMemo" {
		r.Kind, r.Of, r.Refunded = "refund", t.of.id, t.total
	}
	return f.ledger.Append(r)
}

func (t *txn) state() string {
	switch {
	case t.voided || t.deleted:
		return "voided"
	case t.pending || t.kind == "Invoice" && !t.paid:
		return "pending"
	}
	return "completed"
}
