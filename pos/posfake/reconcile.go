package posfake

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Reconciliation is the difference between what happened and what was
// delivered.
type Reconciliation struct {
	// Records is how many records of the ledger had to be delivered.
	Records int
	// Lost are records of which no version was delivered.
	Lost []Record
	// Doubled are deliveries of a version that had been delivered before.
	Doubled []pos.Purchase
	// Wrong are records whose last delivery is not the last version.
	Wrong []Mismatch
}

// Mismatch is a field in which the last delivery differs from the ledger.
type Mismatch struct {
	ID, Field, Want, Got string
}

// OK reports whether all of it arrived, once and right.
func (r Reconciliation) OK() bool { return len(r.Lost)+len(r.Doubled)+len(r.Wrong) == 0 }

// String sums up in one line and names the first of each kind.
func (r Reconciliation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "records %d, lost %d, doubled %d, wrong %d", r.Records, len(r.Lost), len(r.Doubled), len(r.Wrong))
	if len(r.Lost) > 0 {
		fmt.Fprintf(&b, "; lost %s", r.Lost[0].ID)
	}
	if len(r.Doubled) > 0 {
		fmt.Fprintf(&b, "; doubled %s version %s", r.Doubled[0].ID, r.Doubled[0].Version)
	}
	if len(r.Wrong) > 0 {
		w := r.Wrong[0]
		fmt.Fprintf(&b, "; %s: %s is %s, want %s", w.ID, w.Field, w.Got, w.Want)
	}
	return b.String()
}

// Reconcile compares a simulator's ledger with what a provider delivered, in
// the order of delivery. Every record but open orders must have arrived, its
// last delivery must be its last version, and no version may come twice.
// Refunds are compared by sale, since systems keep them in different records.
func Reconcile(ledger []Record, delivered []pos.Purchase) Reconciliation {
	var r Reconciliation
	type version struct{ id, version string }
	seen := make(map[version]bool)
	last := make(map[string]*pos.Purchase)
	for i := range delivered {
		p := &delivered[i]
		if v := (version{p.ID, p.Version}); seen[v] {
			r.Doubled = append(r.Doubled, *p)
		} else {
			seen[v] = true
		}
		last[p.ID] = p
	}
	final := make(map[string]Record)
	var order []string
	for _, rec := range ledger {
		if _, ok := final[rec.ID]; !ok {
			order = append(order, rec.ID)
		}
		final[rec.ID] = rec
	}
	given := refunded(last)
	for _, id := range order {
		rec := final[id]
		if rec.State == "open" {
			continue
		}
		r.Records++
		p := last[id]
		switch {
		case rec.Kind == "refund" && (p != nil || given.ids[id]):
		case p == nil:
			r.Lost = append(r.Lost, rec)
		default:
			r.Wrong = append(r.Wrong, differences(rec, p)...)
		}
	}
	r.Wrong = append(r.Wrong, strangers(delivered, final)...)
	r.Wrong = append(r.Wrong, refundDifferences(order, final, last, given)...)
	return r
}

// refunds are what the last deliveries say about money given back.
type refunds struct {
	sums map[string]int64 // by sale
	ids  map[string]bool  // of single refunds
}

func refunded(last map[string]*pos.Purchase) refunds {
	out := refunds{make(map[string]int64), make(map[string]bool)}
	for _, p := range last {
		for _, f := range p.Refunds {
			if f.ID != "" && out.ids[f.ID] {
				continue // the sale and the return both tell
			}
			out.ids[f.ID] = true
			sale := f.Of
			if sale == "" {
				sale = p.ID
			}
			if f.State == pos.RefundCompleted {
				out.sums[sale] += f.Amount.Amount
			}
		}
	}
	return out
}

func refundDifferences(order []string, final map[string]Record, last map[string]*pos.Purchase, given refunds) []Mismatch {
	want := make(map[string]int64)
	for _, id := range order {
		rec, sale := final[id], id
		if rec.Kind == "refund" && rec.Of != "" {
			sale = rec.Of
		}
		want[sale] += rec.Refunded
	}
	var wrong []Mismatch
	for _, id := range order {
		sum, sale := want[id]
		if !sale || sum == given.sums[id] || last[id] == nil {
			continue
		}
		wrong = append(wrong, Mismatch{id, "refunds", strconv.FormatInt(sum, 10), strconv.FormatInt(given.sums[id], 10)})
	}
	return wrong
}

func strangers(delivered []pos.Purchase, final map[string]Record) []Mismatch {
	var wrong []Mismatch
	for i := range delivered {
		if _, ok := final[delivered[i].ID]; !ok {
			wrong = append(wrong, Mismatch{delivered[i].ID, "record", "none", "delivered"})
		}
	}
	return wrong
}

// differences compares a sale with its last delivery.
func differences(rec Record, p *pos.Purchase) []Mismatch {
	var wrong []Mismatch
	compare := func(field string, want, got any) {
		if want != got {
			wrong = append(wrong, Mismatch{rec.ID, field, fmt.Sprint(want), fmt.Sprint(got)})
		}
	}
	compare("location", rec.Location, p.Location)
	compare("state", states[rec.State], p.State)
	if rec.State == "voided" {
		return wrong // what a cancelled sale still shows differs by system
	}
	compare("currency", rec.Currency, string(p.Currency))
	compare("total", rec.Total, p.Total.Amount)
	compare("discount", rec.Discount, applied(p.Discounts))
	compare("tax", rec.Tax, applied(p.Taxes))
	compare("tip", rec.Tip, p.Tip.Amount)
	var wantGross, gotGross int64
	for _, l := range rec.Lines {
		wantGross += l.Gross
	}
	for _, l := range p.Lines {
		if !l.Returned {
			gotGross += l.Gross.Amount
		}
	}
	compare("lines", wantGross, gotGross)
	return wrong
}

func applied(list []pos.Applied) int64 {
	var sum int64
	for i := range list {
		sum += list[i].Amount.Amount
	}
	return sum
}
