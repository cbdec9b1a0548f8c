package bytetechfake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Sell books a door session. Packages are taken from the fridge, those that
// expire first before the others; what the fridge lacks counts as stocked
// unnoticed just before. An offline fridge keeps the sale: the record then has
// version 0 and enters the ledger when the fridge is back.
//
// A tender of none leaves the sale placed, state pending leaves it
// price_finalized until it is paid, state failed makes it declined.
func (f *Fake) Sell(s posfake.Sale) (posfake.Record, error) {
	defer f.begin()()
	k, err := f.find(s.Location)
	if err != nil {
		return posfake.Record{}, err
	}
	target, err := targetOf(s)
	if err != nil {
		return posfake.Record{}, err
	}
	if err := f.checkLines(s.Lines); err != nil {
		return posfake.Record{}, err
	}
	tx := &transaction{id: f.id("tx"), kiosk: k, placed: f.now, codes: upper(s.Codes), reference: s.Reference}
	if !s.OccurredAt.IsZero() {
		tx.placed = milliseconds(s.OccurredAt)
	}
	if tx.placed.After(f.now) {
		return posfake.Record{}, fmt.Errorf("bytetechfake: a sale at %v is in the future", s.OccurredAt)
	}
	if tx.reference == "" {
		tx.reference = f.id("ch")
	}
	for _, l := range s.Lines {
		f.take(tx, l)
	}
	if !k.connected {
		k.do(func() { _ = f.book(tx, target) })
		for _, l := range tx.lines {
			l.gross = l.unitPrice * l.quantity
		}
		tx.total()
		tx.status = placed
		return tx.record(), nil
	}
	if err := f.book(tx, target); err != nil {
		return posfake.Record{}, err
	}
	return f.booked(tx), nil
}

// targetOf is the state in which the sale comes to rest.
func targetOf(s posfake.Sale) (string, error) {
	if s.Tip != 0 {
		return "", fmt.Errorf("bytetechfake: tip: %w", posfake.ErrNotSimulated)
	}
	switch {
	case s.Tender == "none":
		return placed, nil
	case s.Tender != "" && s.Tender != "card":
		return "", fmt.Errorf("bytetechfake: tender %q: %w", s.Tender, posfake.ErrNotSimulated)
	}
	target, ok := map[string]string{"": processed, "completed": processed, "pending": priceFinalized, "failed": declined}[s.State]
	if !ok {
		return "", fmt.Errorf("bytetechfake: no state %q of a sale", s.State)
	}
	return target, nil
}

func (f *Fake) checkLines(lines []posfake.SaleLine) error {
	for i, l := range lines {
		switch p := f.product(l.SKU); {
		case l.Quantity < 0:
			return fmt.Errorf("bytetechfake: lines[%d]: quantity %d is negative", i, l.Quantity)
		case p == nil && l.Price == nil:
			return fmt.Errorf("bytetechfake: lines[%d]: item %q is not in the catalogue and has no price", i, l.SKU)
		}
	}
	return nil
}

// product finds a product by its external id; nil if there is none.
func (f *Fake) product(sku string) *product {
	if sku == "" {
		return nil
	}
	return f.bySKU[sku]
}

// take adds the packages of one line to the sale, a line for each lot.
func (f *Fake) take(tx *transaction, l posfake.SaleLine) {
	n := int(max(l.Quantity, 1))
	p := f.product(l.SKU)
	var tags []*tag
	if p != nil {
		tags = f.pick(tx.kiosk, p, n)
	} else {
		for range n {
			tags = append(tags, f.newTag(tx.kiosk, nil, nil, f.now))
		}
	}
	first := len(tx.lines)
	for _, t := range tags {
		i := slices.IndexFunc(tx.lines[first:], func(x *line) bool { return x.lot == t.lot })
		if i >= 0 {
			x := tx.lines[first+i]
			x.quantity++
			x.tags = append(x.tags, t)
			continue
		}
		x := &line{id: fmt.Sprintf("l%d", len(tx.lines)+1), product: p, name: l.Name, quantity: 1, tags: []*tag{t}, lot: t.lot}
		if p != nil {
			x.name, x.externalID, x.unitPrice = p.name, p.externalID, tx.kiosk.price(p)
		}
		if x.name == "" {
			x.name = "Unknown item"
		}
		if l.Price != nil {
			x.unitPrice = *l.Price
		}
		tx.lines = append(tx.lines, x)
	}
}

// booked is the newest record of the transaction, numbered by the ledger.
func (f *Fake) booked(tx *transaction) posfake.Record {
	f.record()
	r, ok := f.ledger.Latest(tx.id)
	if !ok {
		r = tx.record()
	}
	return r
}

// change applies fn to a transaction and returns its new record.
func (f *Fake) change(id string, fn func(*transaction) error) (posfake.Record, error) {
	defer f.begin()()
	tx, ok := f.transactions[id]
	if !ok || tx.status == restocked {
		return posfake.Record{}, fmt.Errorf("bytetechfake: no sale %q", id)
	}
	if err := fn(tx); err != nil {
		return posfake.Record{}, err
	}
	return f.booked(tx), nil
}

// Refund gives money back as the operator's dashboard does. A pending refund
// waits for Edit to settle it.
func (f *Fake) Refund(r posfake.Refund) (posfake.Record, error) {
	return f.change(r.ID, func(tx *transaction) error {
		a := &adjustment{amount: r.Amount, reason: r.Reason, createdBy: "dashboard"}
		if a.amount == 0 {
			a.amount = tx.left()
			if len(tx.adjustments) == 0 {
				a.lines = tx.allLines()
			}
		}
		if a.amount <= 0 || a.amount > tx.left() {
			return fmt.Errorf("bytetechfake: refund of %d, but %d is left of %s", r.Amount, tx.left(), tx.id)
		}
		success, known := map[string]bool{"": true, "completed": true, "pending": false, "failed": false, "rejected": false}[r.State]
		if !known {
			return fmt.Errorf("bytetechfake: no state %q of a refund", r.State)
		}
		if err := f.adjust(tx, a); err != nil || r.State == "pending" {
			return err
		}
		return f.settle(tx, a, success)
	})
}

// allLines is a refund of everything.
func (tx *transaction) allLines() (out []adjustmentLine) {
	for _, l := range tx.lines {
		out = append(out, adjustmentLine{LineID: l.id, Quantity: l.quantity, Amount: l.gross - l.discount + l.tax})
	}
	return out
}

// Edit pays a sale, settles its refunds, or just makes the cloud store it
// again. There are no tips, and no change is silent: every one moves
// updated_at.
func (f *Fake) Edit(e posfake.Edit) (posfake.Record, error) {
	if e.Tip != nil || e.Silent {
		return posfake.Record{}, fmt.Errorf("bytetechfake: tips and silent edits: %w", posfake.ErrNotSimulated)
	}
	if !slices.Contains([]string{"", "completed", "failed", "rejected"}, e.Settle) {
		return posfake.Record{}, fmt.Errorf("bytetechfake: refunds cannot settle as %q", e.Settle)
	}
	return f.change(e.ID, func(tx *transaction) error {
		if e.Pay {
			return f.pay(tx)
		}
		if e.Settle == "" {
			return f.enterAgain(tx)
		}
		found := false
		for _, a := range tx.adjustments {
			if a.status != "pending" {
				continue
			}
			found = true
			if err := f.settle(tx, a, e.Settle == "completed"); err != nil {
				return err
			}
		}
		if !found {
			return fmt.Errorf("bytetechfake: sale %s has no pending refund", tx.id)
		}
		return nil
	})
}

func (f *Fake) pay(tx *transaction) error {
	if tx.status == placed {
		if err := f.finalize(tx); err != nil {
			return err
		}
		if err := f.enter(tx, priceFinalized); err != nil {
			return err
		}
	}
	if tx.status != priceFinalized && tx.status != failed {
		return fmt.Errorf("bytetechfake: sale %s is %s and cannot be paid", tx.id, tx.status)
	}
	return f.enter(tx, processed)
}

// enterAgain makes a new revision in the same state.
func (f *Fake) enterAgain(tx *transaction) error {
	if !slices.Contains(transitions[tx.status], tx.status) {
		return fmt.Errorf("bytetechfake: sale %s is %s: there is nothing to edit: %w", tx.id, tx.status, posfake.ErrNotSimulated)
	}
	return f.enter(tx, tx.status)
}

// Void cancels a sale that has not been captured yet.
func (f *Fake) Void(id string) (posfake.Record, error) { return f.change(id, f.void) }

// SetStock lets a restocker add or remove packages until there are as many. A
// fridge counts whatever it has, so a nil quantity, a count that is forgotten,
// is not simulated. An offline fridge tells the cloud later. A SKU that the catalogue lacks is taken for a meal of
// a former menu, and becomes an archived product.
func (f *Fake) SetStock(location, sku string, quantity *int64) error {
	defer f.begin()()
	k, err := f.find(location)
	if err != nil {
		return err
	}
	p := f.product(sku)
	switch {
	case quantity == nil:
		return fmt.Errorf("bytetechfake: a count that is forgotten: %w", posfake.ErrNotSimulated)
	case *quantity < 0:
		return fmt.Errorf("bytetechfake: quantity %d is negative", *quantity)
	case p == nil && sku == "":
		return errors.New("bytetechfake: stock of no product")
	case p == nil:
		p = f.newProduct(f.now)
		p.name, p.externalID, p.archived = sku, sku, true
		f.bySKU[sku] = p
	}
	k.do(func() { f.setStock(k, p, int(*quantity)) })
	return nil
}

func (f *Fake) setStock(k *kiosk, p *product, quantity int) {
	s := k.line(p, f.now)
	var there []*tag
	for _, t := range s.tags {
		if t.state == inStock && !t.taken {
			there = append(there, t)
		}
	}
	switch n := quantity - len(there); {
	case n > 0:
		f.stock(k, p, n, f.now)
	case n < 0:
		f.unstock(k, p, there[:-n], "other")
	}
}

// SetOnline cuts a fridge off or connects it again: then it sends at once what
// happened meanwhile, and a heartbeat.
func (f *Fake) SetOnline(location string, online bool) error {
	defer f.begin()()
	k, err := f.find(location)
	if err != nil || k.connected == online {
		return err
	}
	k.connected = online
	k.beat(f.now, online)
	if online {
		for _, what := range k.outbox {
			what()
		}
		k.outbox = nil
	}
	f.watch(k)
	return nil
}

// AddLocation opens a fridge.
func (f *Fake) AddLocation(s posfake.LocationSeed) error {
	defer f.begin()()
	return f.open(s)
}

// RemoveLocation archives a fridge: it stays in lists, marked, and is silent.
func (f *Fake) RemoveLocation(id string) error {
	defer f.begin()()
	k, err := f.find(id)
	if err != nil {
		return err
	}
	k.beat(f.now, false)
	k.archived, k.updated, k.outbox = true, f.now, nil
	f.announceHealth(k)
	return nil
}

// Ledger lists every version of every transaction that was visible; restocking
// sessions are not in it.
func (f *Fake) Ledger() []posfake.Record {
	f.begin()()
	return f.ledger.All()
}

// Menu lists every product at every open fridge. A row's digest covers the
// product and its listing there.
func (f *Fake) Menu() []posfake.MenuRow {
	defer f.begin()()
	foreign := map[*product]bool{}
	for _, p := range f.foreign {
		foreign[p] = true
	}
	digests := make([]string, len(f.products))
	for i, p := range f.products {
		digests[i] = digest(f.viewProduct(p))
	}
	var rows []posfake.MenuRow
	for _, k := range f.kiosks {
		if k.archived {
			continue
		}
		for i, p := range f.products {
			row := posfake.MenuRow{
				Location: k.id, SKU: p.externalID, Name: p.name, Price: k.price(p),
				Available: !p.archived, Foreign: foreign[p], Digest: digests[i],
			}
			if l := k.listings[p]; l != nil {
				row.Available = row.Available && !l.unlisted
				row.Digest = digest([]any{digests[i], viewListing(k, p)})
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// AddForeign puts a product into the catalogue that another integration of the
// operator made, with the SKU as its external id.
func (f *Fake) AddForeign(sku, name string, price int64) error {
	defer f.begin()()
	switch {
	case sku == "" || name == "" || price < 0:
		return errors.New("bytetechfake: a foreign item needs a SKU, a name and a price")
	case f.product(sku) != nil:
		return fmt.Errorf("bytetechfake: item %q exists", sku)
	}
	p := f.newProduct(f.now)
	p.externalID, p.name, p.price, p.description = sku, name, price, "Stocked by another operator"
	p.category = f.categoryNamed("Other operators")
	f.foreign[sku], f.bySKU[sku] = p, p
	return nil
}

// Advance moves the clock and lets everything happen that becomes due.
func (f *Fake) Advance(d time.Duration) {
	f.Server.Advance(d)
	f.begin()()
}
