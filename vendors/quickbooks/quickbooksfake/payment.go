package quickbooksfake

import "maps"

// checkPayment checks what a payment settles.
func (f *Fake) checkPayment(old, next *object, _ map[string]any) error {
	if old != nil && old.voided {
		return business("A void transaction cannot be changed.")
	}
	if err := f.checkHeader(next); err != nil {
		return err
	}
	if next.fields["TotalAmt"] == nil {
		return missing("TotalAmt")
	}
	left := minor(next.fields["TotalAmt"])
	before := settled(old)
	for id, n := range settled(next) {
		invoice := f.tables["Invoice"].get(id)
		switch {
		case invoice == nil:
			return refuse("2500", "LinkedTxn", "Invalid Reference Id : Invoice %s not found", id)
		case invoice.voided:
			return business("Invoice %s is void.", id)
		case n > minor(invoice.fields["Balance"])+before[id]:
			return business("The payment exceeds the balance of invoice %s.", id)
		}
		left -= n
	}
	if left < 0 {
		return business("The lines of the payment exceed its amount.")
	}
	next.set("TotalAmt", amount(minor(next.fields["TotalAmt"])), "UnappliedAmt", amount(left))
	return nil
}

// settled is what a payment pays of each invoice, in cents.
func settled(p *object) map[string]int64 {
	out := map[string]int64{}
	if p == nil || p.deleted || p.voided {
		return out
	}
	for _, line := range lines(p) {
		linked, _ := line["LinkedTxn"].([]any)
		for _, l := range linked {
			m, _ := l.(map[string]any)
			if id, ok := m["TxnId"].(string); ok && m["TxnType"] == "Invoice" {
				out[id] += minor(line["Amount"])
			}
		}
	}
	return out
}

// relink moves the balances of the invoices that a payment settles.
func (f *Fake) relink(before, after *object, h how) {
	if after.in.name != "Payment" {
		return
	}
	was, is := settled(before), settled(after)
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, invoice := range f.tables["Invoice"].rows {
		if _, ok := all[invoice.id]; !ok || was[invoice.id] == is[invoice.id] {
			continue
		}
		next := *invoice
		next.paid += is[invoice.id] - was[invoice.id]
		next.set("Balance", amount(minor(next.fields["TotalAmt"])-next.paid), "LinkedTxn", linkedTo(invoice, after, is[invoice.id] != 0))
		f.commit(invoice, &next, updated, how{silent: h.silent})
	}
}

// linkedTo is an invoice's list of transactions with or without a payment.
func linkedTo(invoice, payment *object, in bool) any {
	var out []any
	old, _ := invoice.fields["LinkedTxn"].([]any)
	for _, l := range old {
		if m, _ := l.(map[string]any); m["TxnId"] != payment.id || m["TxnType"] != "Payment" {
			out = append(out, l)
		}
	}
	if in {
		out = append(out, map[string]any{"TxnId": payment.id, "TxnType": "Payment"})
	}
	if out == nil {
		return nil
	}
	return out
}
