package bytetechfake

import (
	"fmt"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var _ posfake.Tamperer = (*Fake)(nil)

// Tamper changes a product as another user of the dashboard would. Name and
// note are kept once for all kiosks; price and availability are changed at the
// kiosk where it has its own, or else in the catalogue.
func (f *Fake) Tamper(e posfake.MenuEdit) error {
	defer f.begin()()
	k, err := f.find(e.Location)
	if err != nil {
		return err
	}
	p := f.bySKU[e.SKU]
	if p == nil || f.foreign[e.SKU] != nil {
		return fmt.Errorf("bytetechfake: no product %q of ours", e.SKU)
	}
	l := k.listings[p]
	if e.Price != nil && l != nil && l.price != nil {
		l.price, l.updated = new(*e.Price), f.now
	} else if e.Price != nil {
		p.price = *e.Price
	}
	if e.Available != nil && l != nil {
		l.unlisted, l.updated = !*e.Available, f.now
	} else if e.Available != nil {
		p.archived = !*e.Available
	}
	if e.Name != "" {
		p.name = e.Name
	}
	if e.Note != "" {
		p.note, p.cost = e.Note, new(noteCost(e.Note))
	}
	f.bump(p)
	return nil
}

// Note returns the note of a product. It is kept as a cost price, a field that
// no menu has: a client that forgets the field when it writes loses the note.
func (f *Fake) Note(_, sku string) string {
	defer f.begin()()
	if p := f.bySKU[sku]; p != nil && p.cost != nil && *p.cost == noteCost(p.note) {
		return p.note
	}
	return ""
}

func noteCost(note string) int64 { return int64(hash(note) % 100_000) }
