package snackboxfake

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var _ posfake.Simulator = (*Fake)(nil)

// Sell implements [posfake.Simulator].
func (f *Fake) Sell(in posfake.Sale) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tills[in.Location] == nil {
		return posfake.Record{}, fmt.Errorf("no till %q", in.Location)
	}
	now := f.Now()
	f.serial++
	s := &sale{ID: fmt.Sprintf("sale-%06d", f.serial), Till: in.Location, State: "paid", At: in.OccurredAt, Recorded: now, Changed: now, Tip: in.Tip, Refunds: []refund{}}
	if s.At.IsZero() {
		s.At = now
	}
	switch {
	case in.Tender == "none" || in.State == "pending":
		s.State = "open"
	case in.State == "failed":
		s.State = "refused"
	}
	s.Total = in.Tip
	for _, l := range in.Lines {
		sold := line{SKU: l.SKU, Name: l.Name, Count: max(l.Quantity, 1)}
		if it := f.items[l.SKU]; it != nil {
			sold.Name, sold.Cents = it.Name, it.Cents
		}
		if l.Price != nil {
			sold.Cents = *l.Price
		}
		key := [2]string{in.Location, l.SKU}
		if _, counted := f.stock[key]; counted {
			f.stock[key] -= sold.Count
		}
		s.Lines = append(s.Lines, sold)
		s.Total += sold.Count * sold.Cents
	}
	f.sales = append(f.sales, s)
	return f.book(s, false), nil
}

// book gives the sale its next revision and notes it in the ledger.
func (f *Fake) book(s *sale, silent bool) posfake.Record {
	s.Rev++
	if !silent {
		s.Changed = f.Now()
	}
	rec := posfake.Record{
		ID: s.ID, Location: s.Till, Kind: "sale", State: states[s.State], Currency: "USD", Total: s.Total, Tip: s.Tip,
		OccurredAt: s.At, RecordedAt: s.Recorded, UpdatedAt: s.Changed,
	}
	for _, l := range s.Lines {
		rec.Lines = append(rec.Lines, posfake.RecordLine{SKU: l.SKU, Quantity: l.Count, Gross: l.Count * l.Cents})
	}
	for _, r := range s.Refunds {
		if r.State == "done" {
			rec.Refunded += r.Cents
		}
	}
	return f.ledger.Append(rec)
}

var states = map[string]string{"open": "pending", "paid": "completed", "void": "voided", "refused": "failed"}

func (f *Fake) find(id string) *sale {
	for _, s := range f.sales {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// change applies fn to a sale and books the new revision.
func (f *Fake) change(id string, silent bool, fn func(*sale) error) (posfake.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.find(id)
	if s == nil {
		return posfake.Record{}, fmt.Errorf("no sale %q", id)
	}
	if err := fn(s); err != nil {
		return posfake.Record{}, err
	}
	return f.book(s, silent), nil
}

// Refund implements [posfake.Simulator].
func (f *Fake) Refund(in posfake.Refund) (posfake.Record, error) {
	return f.change(in.ID, false, func(s *sale) error {
		left := s.Total
		for _, r := range s.Refunds {
			if r.State != "failed" {
				left -= r.Cents
			}
		}
		if in.Amount == 0 {
			in.Amount = left
		}
		if s.State != "paid" || in.Amount <= 0 || in.Amount > left {
			return fmt.Errorf("cannot refund %d of %s", in.Amount, in.ID)
		}
		state, known := map[string]string{"": "done", "completed": "done", "pending": "pending", "failed": "failed", "rejected": "failed"}[in.State]
		if !known {
			return fmt.Errorf("refund state %q", in.State)
		}
		s.Refunds = append(s.Refunds, refund{ID: fmt.Sprintf("%s-r%d", s.ID, len(s.Refunds)+1), Cents: in.Amount, State: state, At: f.Now()})
		return nil
	})
}

// Edit implements [posfake.Simulator].
func (f *Fake) Edit(in posfake.Edit) (posfake.Record, error) {
	return f.change(in.ID, in.Silent, func(s *sale) error {
		if in.Tip != nil {
			s.Total += *in.Tip - s.Tip
			s.Tip = *in.Tip
		}
		if in.Pay && s.State == "open" {
			s.State = "paid"
		}
		if in.Settle != "" {
			for i := range s.Refunds {
				if s.Refunds[i].State == "pending" {
					s.Refunds[i].State = map[bool]string{true: "done", false: "failed"}[in.Settle == "completed"]
				}
			}
		}
		return nil
	})
}

// Void implements [posfake.Simulator].
func (f *Fake) Void(id string) (posfake.Record, error) {
	return f.change(id, false, func(s *sale) error {
		s.State = "void"
		return nil
	})
}

// SetStock implements [posfake.Simulator].
func (f *Fake) SetStock(location, sku string, quantity *int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tills[location] == nil {
		return fmt.Errorf("no till %q", location)
	}
	if quantity == nil {
		delete(f.stock, [2]string{location, sku})
		return nil
	}
	f.stock[[2]string{location, sku}] = *quantity
	return nil
}

// SetOnline implements [posfake.Simulator].
func (f *Fake) SetOnline(location string, online bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tills[location]
	if t == nil {
		return fmt.Errorf("no till %q", location)
	}
	t.SeenAt, t.off = f.Now(), !online
	return nil
}

// AddLocation implements [posfake.Simulator].
func (f *Fake) AddLocation(seed posfake.LocationSeed) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tills[seed.ID] != nil || seed.ID == "" {
		return fmt.Errorf("till %q exists", seed.ID)
	}
	zone := seed.TimeZone
	if zone == "" {
		zone = "America/New_York"
	}
	f.tills[seed.ID] = &till{ID: seed.ID, Name: seed.Name, TimeZone: zone}
	return nil
}

// RemoveLocation implements [posfake.Simulator].
func (f *Fake) RemoveLocation(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tills[id]
	if t == nil {
		return fmt.Errorf("no till %q", id)
	}
	t.Closed, t.off = true, true
	return nil
}

// AddForeign implements [posfake.Simulator].
func (f *Fake) AddForeign(sku, name string, price int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items[sku] = &item{SKU: sku, Name: name, Cents: price, Owner: "landlord", Rev: 1}
	return nil
}

// Ledger implements [posfake.Simulator].
func (f *Fake) Ledger() []posfake.Record { return f.ledger.All() }

// Menu implements [posfake.Simulator].
func (f *Fake) Menu() []posfake.MenuRow {
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []posfake.MenuRow
	for _, t := range f.tills {
		for _, it := range f.items {
			stored, _ := json.Marshal(it)
			rows = append(rows, posfake.MenuRow{
				Location: t.ID, SKU: it.SKU, Name: it.Name, Price: it.Cents, Available: true,
				Foreign: it.Owner == "landlord", Digest: fmt.Sprintf("%x", sha256.Sum256(stored)),
			})
		}
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].Location+rows[i].SKU < rows[j].Location+rows[j].SKU })
	return rows
}
