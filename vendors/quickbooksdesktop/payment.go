package quickbooksdesktop

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// paymentRet is a payment of invoices. Without applications it was voided, or
// pays nothing yet.
type paymentRet struct {
	TxnID, TimeCreated, TimeModified, EditSequence string
	Method                                         ref `xml:"PaymentMethodRef"`
	Applied                                        []struct {
		TxnID, TxnType, Amount string
	} `xml:"AppliedToTxnRet"`
}

// amountFor is what a payment gives to an invoice.
func (m *mapper) amountFor(pay *paymentRet, invoice string) pos.Money {
	sum := pos.Money{Currency: m.cfg.Currency}
	for _, a := range pay.Applied {
		if a.TxnID == invoice {
			sum.Amount += abs(m.money("AppliedToTxn", a.Amount)).Amount
		}
	}
	return sum
}

// savePayments appends a version of each invoice that a payment changes, which
// tells how it was paid. Whether QuickBooks makes a version of the invoice, too,
// is unconfirmed; it does not matter. Invoices are in the log by then: payments
// are asked for after them.
func (p *Provider) savePayments(ctx context.Context, q *query, r *reply, began time.Time) error {
	return p.record(ctx, func(j *journal) ([]entry, error) {
		f := j.feed(kindPayment, q.From)
		var fresh []paymentRet
		for _, pay := range r.Payments {
			at := wallOf(pay.TimeModified)
			q.Last = max(q.Last, at)
			key := versionKey(pay.TxnID, pay.EditSequence)
			if _, known := f.Seen[key]; known || pay.TxnID == "" || at == "" || at < f.From {
				continue
			}
			f.Seen[key] = at
			fresh = append(fresh, pay)
		}
		if q.Done && q.Last != "" {
			f.move(overlapFrom(q.Last, p.zone))
		}
		return p.applyPayments(ctx, j, fresh, began)
	})
}

// applyPayments makes the versions of invoices that follow from payments.
func (p *Provider) applyPayments(ctx context.Context, j *journal, payments []paymentRet, began time.Time) ([]entry, error) {
	if len(payments) == 0 {
		return nil, nil
	}
	invoices, changed := make(map[string]bool), make(map[string]bool)
	for _, pay := range payments {
		for _, a := range pay.Applied {
			invoices[a.TxnID] = true
		}
		if pay.TimeModified != pay.TimeCreated { // it may have paid others before
			changed[pay.TxnID] = true
		}
	}
	last, err := p.newest(ctx, j, invoices, func(sale *pos.Purchase) bool {
		return slices.ContainsFunc(sale.Tenders, func(t pos.Tender) bool { return changed[t.ID] })
	}, len(changed) > 0)
	if err != nil {
		return nil, err
	}
	var add []entry
	for i := range payments {
		for _, id := range slices.Sorted(maps.Keys(last)) {
			e := last[id]
			sale, touched := p.pay(e.Purchase, &payments[i])
			if e.Kind != kindInvoice || !touched {
				continue
			}
			e = entry{Kind: kindInvoice, Purchase: sale, Modified: wallOf(payments[i].TimeModified), Received: began}
			last[id] = e
			add = append(add, e)
		}
	}
	return add, nil
}

// unnamed is the kind of the tender that stands for what is paid by payments
// that were not read.
const unnamed = "account"

// pay returns the version of an invoice that follows from a payment, and
// whether it differs.
func (p *Provider) pay(sale pos.Purchase, pay *paymentRet) (pos.Purchase, bool) {
	m := mapper{Provider: p}
	given := m.amountFor(pay, sale.ID)
	tenders := slices.DeleteFunc(slices.Clone(sale.Tenders), func(t pos.Tender) bool { return t.ID == pay.TxnID })
	if given.Amount != 0 {
		t := tender(pay.Method.FullName, given)
		t.ID = pay.TxnID
		tenders = append(withoutUnnamed(tenders, given.Amount), t)
	}
	if sale.State == pos.StateVoided || slices.Equal(tenders, sale.Tenders) {
		return sale, false
	}
	sale.Tenders = tenders
	paid := int64(0)
	for _, t := range tenders {
		paid += t.Amount.Amount
	}
	sale.State, sale.VendorState = pos.StateCompleted, ""
	if paid < sale.Total.Amount {
		sale.State, sale.VendorState = pos.StatePending, "unpaid"
	}
	sequence, _, _ := strings.Cut(sale.Version, "+")
	sale.Version = sequence + "+" + pay.TxnID + ":" + pay.EditSequence
	sale.UpdatedAt = wallOf(pay.TimeModified).at(p.zone)
	sale.Findings = slices.Concat(sale.Findings, m.bad)
	sale.Reconcile()
	return sale, true
}

// withoutUnnamed takes an amount off the tender that stands for it.
func withoutUnnamed(tenders []pos.Tender, amount int64) []pos.Tender {
	for i, t := range tenders {
		if t.ID != "" || t.Kind != unnamed {
			continue
		}
		if t.Amount.Amount <= amount {
			return slices.Delete(tenders, i, i+1)
		}
		tenders[i].Amount.Amount -= amount
		return tenders
	}
	return tenders
}

// keepPayments carries what is known of payments over to versions of invoices
// that tell no more than the amount paid.
func (p *Provider) keepPayments(ctx context.Context, j *journal, versions []version) error {
	ids := make(map[string]bool)
	for _, v := range versions {
		if len(v.purchase.Tenders) > 0 {
			ids[v.purchase.ID] = true
		}
	}
	last, err := p.newest(ctx, j, ids, nil, false)
	if err != nil {
		return err
	}
	for i := range versions {
		sale := &versions[i].purchase
		for _, t := range last[sale.ID].Purchase.Tenders {
			if t.ID != "" && len(sale.Tenders) > 0 && sale.Tenders[0].ID == "" && t.Amount.Amount <= sale.Tenders[0].Amount.Amount {
				sale.Tenders = append(withoutUnnamed(sale.Tenders, t.Amount.Amount), t)
			}
		}
	}
	return nil
}
