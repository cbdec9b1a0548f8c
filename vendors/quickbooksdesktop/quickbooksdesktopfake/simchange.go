package quickbooksdesktopfake

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// change applies fn to a sale that is there and makes a new version of it.
func (f *Fake) change(id string, fn func(*txn) error) (posfake.Record, error) {
	defer f.begin()()
	t, err := f.sale(id)
	if err != nil {
		return posfake.Record{}, err
	}
	if err := fn(t); err != nil {
		return posfake.Record{}, err
	}
	f.touchTxn(t)
	return f.publish(t), nil
}

func (f *Fake) sale(id string) (*txn, error) {
	for _, t := range f.txns {
		if t.id == id && (t.kind == "SalesReceipt" || t.kind == "Invoice") && !t.deleted {
			return t, nil
		}
	}
	return nil, fmt.Errorf("quickbooksdesktopfake: no sale %q", id)
}

// Edit settles a pending sale, or saves a sale again without a change. Every
// edit moves TimeModified and EditSequence.
func (f *Fake) Edit(e posfake.Edit) (posfake.Record, error) {
	if e.Silent || e.Settle != "" || e.Tip != nil {
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: tips, silent changes and pending refunds: %w", posfake.ErrNotSimulated)
	}
	return f.change(e.ID, func(t *txn) error {
		switch {
		case t.voided:
			return fmt.Errorf("quickbooksdesktopfake: %s is void", t.id)
		case e.Pay && t.state() != "pending":
			return fmt.Errorf("quickbooksdesktopfake: %s is paid", t.id)
		case e.Pay && t.kind == "Invoice":
			t.paid = true
			p := f.newTxn("ReceivePayment", t.place)
			p.of, p.total, p.method = t, t.total, t.method
		case e.Pay:
			t.pending = false
		}
		return nil
	})
}

// Unpay takes the payment of an invoice back, by voiding or deleting it: the
// invoice is pending again.
func (f *Fake) Unpay(id string, remove bool) (posfake.Record, error) {
	return f.change(id, func(t *txn) error {
		for _, p := range f.txns {
			if p.kind != "ReceivePayment" || p.of != t || p.deleted {
				continue
			}
			t.paid, p.of = false, nil
			if remove {
				p.deleted = true
				f.gone = append(f.gone, deletion{kind: p.kind, id: p.id, name: p.ref, created: p.created, deleted: f.now(), txn: true})
				return nil
			}
			p.total, p.memo = 0, "VOID: "+p.memo
			f.touchTxn(p)
			return nil
		}
		return fmt.Errorf("quickbooksdesktopfake: %s has no payment", t.id)
	})
}

// Void sets the amounts and quantities of a sale to zero.
func (f *Fake) Void(id string) (posfake.Record, error) {
	return f.change(id, func(t *txn) error {
		if t.voided || t.given > 0 {
			return fmt.Errorf("quickbooksdesktopfake: %s is void or refunded already", t.id)
		}
		t.voided, t.memo = true, "VOID: "+t.memo
		f.restock(t)
		for _, l := range t.lines {
			l.quantity, l.rate, l.amount, l.discount = 0, 0, 0, 0
		}
		t.tax, t.total = 0, 0
		return nil
	})
}

func (f *Fake) restock(t *txn) {
	for _, l := range t.lines {
		f.move(t, l, l.quantity)
	}
}

// Delete removes a sale: queries no longer find it, and only its id is told by
// TxnDeletedQuery. In the ledger it is voided.
func (f *Fake) Delete(id string) (posfake.Record, error) {
	return f.change(id, func(t *txn) error {
		if t.given > 0 {
			return fmt.Errorf("quickbooksdesktopfake: %s has credit memos", t.id)
		}
		if !t.voided {
			f.restock(t)
		}
		t.deleted = true
		f.gone = append(f.gone, deletion{kind: t.kind, id: t.id, name: t.ref, created: t.created, deleted: f.now(), txn: true})
		return nil
	})
}

// DeleteItem removes an item that was never sold from its list.
func (f *Fake) DeleteItem(sku string) error {
	defer f.begin()()
	o := f.find("Item", "", sku)
	if o == nil {
		return fmt.Errorf("quickbooksdesktopfake: no item %q", sku)
	}
	for _, t := range f.txns {
		for _, l := range t.lines {
			if l.item == o {
				return errors.New("quickbooksdesktopfake: the item is in use")
			}
		}
	}
	f.objects = slices.DeleteFunc(f.objects, func(other *object) bool { return other == o })
	f.unlist(o)
	f.gone = append(f.gone, deletion{kind: o.kind, id: o.listID, name: o.name, created: o.created, deleted: f.now()})
	return nil
}

// Refund books a credit memo that is linked to the sale. One of the whole sale
// brings its goods back, one of a part is an amount without tax.
func (f *Fake) Refund(r posfake.Refund) (posfake.Record, error) {
	if r.State != "" && r.State != "completed" {
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: refunds that are not done at once: %w", posfake.ErrNotSimulated)
	}
	defer f.begin()()
	t, err := f.sale(r.ID)
	if err != nil {
		return posfake.Record{}, err
	}
	left := t.total - t.given
	cents := cmp.Or(r.Amount, left)
	switch {
	case t.state() != "completed":
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: %s is %s, nothing was paid", t.id, t.state())
	case cents <= 0 || cents > left:
		return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: refund of %d of the %d that are left", r.Amount, left)
	}
	m := f.newTxn("CreditMemo", t.place)
	m.of, m.ref, m.memo = t, t.ref, r.Reason
	if cents == t.total {
		for _, l := range t.lines {
			back := *l
			back.id = f.txnID()
			m.lines = append(m.lines, &back)
		}
		m.taxPoints, m.tax, m.total = t.taxPoints, t.tax, t.total
		f.restock(t)
	} else {
		m.lines = []*txnLine{{id: f.txnID(), item: f.misc, desc: "Refund", quantity: 1, rate: cents * fine / 100, amount: cents}}
		m.total = cents
	}
	t.given += cents
	return f.publish(m), nil
}

// Ledger lists every version of every sale and credit memo.
func (f *Fake) Ledger() []posfake.Record { return f.ledger.All() }
