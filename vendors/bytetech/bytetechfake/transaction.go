package bytetechfake

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// States of a transaction.
const (
	placed         = "placed"
	priceFinalized = "price_finalized"
	processed      = "processed"
	adjusted       = "adjusted"
	refunded       = "refunded"
	voided         = "voided"
	declined       = "declined"
	failed         = "error"
	restocked      = "restock"
)

// transitions are the ways from one state to the next. A sale whose capture
// has not begun can be voided also after its price is final.
var transitions = map[string][]string{
	placed:         {priceFinalized, voided},
	priceFinalized: {processed, declined, failed, voided},
	failed:         {processed, declined},
	processed:      {adjusted, processed},
	adjusted:       {refunded, processed, adjusted},
	refunded:       {adjusted, refunded},
	declined:       {declined},
	voided:         {voided},
}

// transaction is one door session. Amounts are minor units.
type transaction struct {
	id          string
	kiosk       *kiosk
	status      string
	revision    int
	placed      time.Time // by the fridge
	finalized   time.Time
	processed   time.Time
	received    time.Time // first known to the cloud
	updated     time.Time
	shown       time.Time // updated as last seen by others, zero before
	changed     bool      // since it was last recorded
	lines       []*line
	applied     []applied
	codes       []string
	subtotal    int64
	discount    int64
	tax         int64
	sum         int64
	billed      int64
	refunded    int64
	reference   string
	adjustments []*adjustment
}

type line struct {
	id         string
	product    *product // nil: no product is known for the tags
	externalID string
	name       string
	quantity   int64
	unitPrice  int64
	gross      int64
	discount   int64
	tax        int64
	tags       []*tag
	lot        *lot
	returned   int64
}

// applied is one discount that the transaction got.
type applied struct {
	discount *discount
	code     *couponCode
	amount   int64
	billed   int64
	lines    []string
}

// adjustment is a refund.
type adjustment struct {
	id        string
	amount    int64
	tax       int64
	status    string // pending, processed or failed
	reason    string
	lines     []adjustmentLine
	created   time.Time
	processed time.Time
	createdBy string
}

// feedEntry places a revision of a transaction in the order of updated_at.
type feedEntry struct {
	at time.Time
	id string
}

func (e feedEntry) compare(o feedEntry) int {
	return cmp.Or(e.at.Compare(o.at), cmp.Compare(e.id, o.id))
}

// total adds the lines up.
func (tx *transaction) total() {
	tx.subtotal, tx.discount, tx.tax, tx.billed = 0, 0, 0, 0
	for _, l := range tx.lines {
		tx.subtotal += l.gross
		tx.discount += l.discount
		tx.tax += l.tax
	}
	for _, a := range tx.applied {
		tx.billed += a.billed
	}
	tx.sum = tx.subtotal - tx.discount + tx.tax
}

// enter brings the transaction into a state: the next revision.
func (f *Fake) enter(tx *transaction, status string) error {
	if tx.revision > 0 && !slices.Contains(transitions[tx.status], status) {
		return fmt.Errorf("bytetechfake: transaction %s is %s and cannot become %s: %w", tx.id, tx.status, status, posfake.ErrNotSimulated)
	}
	tx.status = status
	tx.revision++
	tx.updated = f.now
	if !tx.updated.After(tx.shown) {
		tx.updated = tx.shown.Add(time.Millisecond)
	}
	switch status {
	case priceFinalized:
		tx.finalized = tx.updated
	case processed:
		if tx.processed.IsZero() {
			tx.processed = tx.updated
		}
	}
	if !tx.changed {
		tx.changed = true
		f.changed = append(f.changed, tx)
	}
	if status != restocked {
		f.emit("transaction."+status, tx.kiosk.id, map[string]any{
			"transaction_id": tx.id, "status": status, "revision": tx.revision, "updated_at": stamp(tx.updated),
		})
	}
	return nil
}

// record shows the changed transactions to the world: in the feed and the ledger.
func (f *Fake) record() {
	for _, tx := range f.changed {
		if !tx.shown.IsZero() {
			f.stale++
		}
		tx.shown, tx.changed = tx.updated, false
		entry := feedEntry{tx.updated, tx.id}
		i, _ := slices.BinarySearchFunc(f.feed, entry, feedEntry.compare)
		f.feed = slices.Insert(f.feed, i, entry)
		if tx.status != restocked {
			f.ledger.Append(tx.record())
		}
	}
	f.changed = f.changed[:0]
	if f.stale > 1000 && f.stale > len(f.feed)/2 {
		f.feed = slices.DeleteFunc(f.feed, func(e feedEntry) bool { return !f.transactions[e.id].updated.Equal(e.at) })
		f.stale = 0
	}
}

// book makes a sale known to the cloud: placed, and further as configured.
func (f *Fake) book(tx *transaction, target string) error {
	k := tx.kiosk
	tx.received = f.now
	f.transactions[tx.id] = tx
	var products []*product
	for _, l := range tx.lines {
		for _, t := range l.tags {
			k.tags.put(t)
			t.state, t.transaction, t.seen = sold, tx.id, tx.placed
		}
		l.gross = l.unitPrice * l.quantity
		if l.product != nil && !slices.Contains(products, l.product) {
			products = append(products, l.product)
		}
	}
	tx.total()
	if err := f.enter(tx, placed); err != nil {
		return err
	}
	k.lastTransaction = latest(k.lastTransaction, tx.placed)
	f.scan(k, "transaction", products...)
	if target == placed {
		return nil
	}
	return f.after(f.cfg.FinalizeDelay, func() error { return f.price(tx, target) })
}

// after does something once a delay is over; no delay means now.
func (f *Fake) after(d time.Duration, do func() error) error {
	if d == 0 {
		return do()
	}
	f.at(f.now.Add(d), func() { _ = do() })
	return nil
}

// price brings a transaction to price_finalized and on to its target, unless
// it has left for another state meanwhile.
func (f *Fake) price(tx *transaction, target string) error {
	if tx.status != placed {
		return nil
	}
	if err := f.finalize(tx); err != nil {
		return err
	}
	if err := f.enter(tx, priceFinalized); err != nil || target == priceFinalized {
		return err
	}
	return f.after(f.cfg.CaptureDelay, func() error {
		if tx.status != priceFinalized {
			return nil
		}
		return f.enter(tx, target)
	})
}

// left is what has not been given back or promised yet.
func (tx *transaction) left() int64 {
	left := tx.sum
	for _, a := range tx.adjustments {
		if a.status != "failed" {
			left -= a.amount
		}
	}
	return left
}

// adjust opens a refund.
func (f *Fake) adjust(tx *transaction, a *adjustment) error {
	if err := f.enter(tx, adjusted); err != nil {
		return err
	}
	a.id, a.status, a.created = f.id("adj"), "pending", f.now
	if tx.sum > 0 {
		a.tax = a.amount * tx.tax / tx.sum
	}
	tx.adjustments = append(tx.adjustments, a)
	return nil
}

// settle ends a pending refund with success or failure.
func (f *Fake) settle(tx *transaction, a *adjustment, success bool) error {
	if a.status != "pending" {
		return nil
	}
	a.status, a.processed = "failed", f.now
	if success {
		a.status = "processed"
		tx.refunded += a.amount
		for _, al := range a.lines {
			if i := slices.IndexFunc(tx.lines, func(l *line) bool { return l.id == al.LineID }); i >= 0 {
				tx.lines[i].returned += al.Quantity
			}
		}
	}
	pending := slices.ContainsFunc(tx.adjustments, func(a *adjustment) bool { return a.status == "pending" })
	switch {
	case pending:
		return f.enter(tx, adjusted)
	case tx.refunded > 0:
		return f.enter(tx, refunded)
	}
	return f.enter(tx, processed)
}

// void cancels a sale that has not been captured: the pre-authorisation is
// released, the packages are in the fridge again.
func (f *Fake) void(tx *transaction) error {
	if err := f.enter(tx, voided); err != nil {
		return err
	}
	f.settleUsage(tx, -1)
	var products []*product
	for _, l := range tx.lines {
		for _, t := range l.tags {
			t.transaction, t.taken = "", false
			if l.product == nil {
				t.state = unassigned
				continue
			}
			t.state = inStock
			s := tx.kiosk.line(l.product, f.now)
			s.tags, s.emptied = append(s.tags, t), time.Time{}
			products = append(products, l.product)
		}
	}
	tx.lines, tx.applied = nil, nil
	tx.total()
	slices.SortFunc(products, func(a, b *product) int { return cmp.Compare(a.id, b.id) })
	f.scan(tx.kiosk, "transaction", slices.Compact(products)...)
	return nil
}

// bookRestock lists a restocking session among the transactions, as the cloud does.
func (f *Fake) bookRestock(r *restock) {
	tx := &transaction{id: f.id("tx"), kiosk: r.kiosk, placed: r.ended, received: f.now}
	f.transactions[tx.id] = tx
	_ = f.enter(tx, restocked) // the first state is always allowed
}

var states = map[string]string{
	placed: "pending", priceFinalized: "pending", failed: "pending",
	processed: "completed", adjusted: "completed", refunded: "completed",
	voided: "voided", declined: "failed",
}

// record is the transaction as the ledger keeps it.
func (tx *transaction) record() posfake.Record {
	r := posfake.Record{
		ID: tx.id, Location: tx.kiosk.id, Kind: "sale", State: states[tx.status], Currency: tx.kiosk.currency,
		Total: tx.sum, Discount: tx.discount, Tax: tx.tax, Refunded: tx.refunded,
		OccurredAt: tx.placed, RecordedAt: tx.received, UpdatedAt: tx.updated, Reference: tx.reference,
	}
	for _, l := range tx.lines {
		r.Lines = append(r.Lines, posfake.RecordLine{SKU: l.externalID, Quantity: l.quantity, Gross: l.gross, Discount: l.discount})
	}
	return r
}
