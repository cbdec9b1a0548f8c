package posfake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
)

// row is an item as it stands at one location: without overrides, with the
// location's own price and availability.
type row struct {
	Item pos.Item
	Note string // a field that the SDK does not manage
}

// PushMenu implements [pos.Provider].
func (f *Fake) PushMenu(ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
	if err := f.supported(pos.JobMenu, "PushMenu"); err != nil {
		return pos.PushReport{}, err
	}
	if err := push.Menu.Validate(); err != nil {
		return pos.PushReport{}, err
	}
	var changes []change
	err := f.call(ctx, "ReadMenu", false, func() (err error) {
		changes, err = f.planMenu(push)
		return err
	})
	if err != nil {
		return pos.PushReport{}, err
	}
	return f.execute(ctx, "WriteItems", f.caps.Menu.BatchSize, changes, push.DryRun), nil
}

func (f *Fake) planMenu(push pos.MenuPush) ([]change, error) {
	places, err := f.scope("PushMenu", push.Locations, false)
	if err != nil {
		return nil, err
	}
	var changes []change
	wanted := make(map[string]bool)
	for _, it := range push.Menu.Items {
		wanted[it.SKU] = true
		refused := f.caps.CheckItem(it)
		for _, p := range places {
			c := change{item: it.SKU, location: p.ID, action: pos.Refused}
			if refused != nil {
				c.err = f.failure("PushMenu", pos.KindUnsupported, refused)
			} else {
				f.planItem(&c, p, it)
			}
			changes = append(changes, c)
		}
	}
	if push.Partial {
		return changes, nil
	}
	onSale, withdrawn := 0, 0
	gone := make(map[string][]change)
	for _, p := range places {
		for sku, r := range p.menu {
			if !r.Item.Unavailable {
				onSale++
			}
			if wanted[sku] {
				continue
			}
			if !r.Item.Unavailable {
				withdrawn++
			}
			gone[sku] = append(gone[sku], change{item: sku, location: p.ID, action: pos.Withdrawn, apply: func() { delete(p.menu, sku) }})
		}
	}
	for _, sku := range slices.Sorted(maps.Keys(gone)) {
		changes = append(changes, gone[sku]...)
	}
	return changes, f.checkWithdraw("PushMenu", withdrawn, onSale, push.MaxWithdraw)
}

func (f *Fake) checkWithdraw(op string, withdrawn, onSale int, limit pos.Rate) error {
	err := pos.CheckWithdraw(withdrawn, onSale, limit)
	if e, ok := errors.AsType[*pos.Error](err); ok {
		e.Vendor, e.Op = f.cfg.Vendor, op
	}
	return err
}

func (f *Fake) planItem(c *change, p *place, it pos.Item) {
	if p.foreign[it.SKU] != nil {
		c.action = pos.Failed
		e := f.failure("PushMenu", pos.KindConflict, fmt.Errorf("SKU %s belongs to somebody else's item", it.SKU))
		e.Location = p.ID
		c.err = e
		return
	}
	want := f.carried(it)
	price, available := it.At(p.ID)
	want.Price, want.Unavailable = price, !available
	c.notes = f.caps.Uncarried(it)
	have := p.menu[it.SKU]
	switch {
	case have == nil:
		c.action = pos.Created
	default:
		c.fields = changed(have.Item, want)
		c.action = pos.Updated
		if len(c.fields) == 0 {
			c.action = pos.Unchanged
			return
		}
	}
	c.apply = func() {
		if p.menu[it.SKU] == nil {
			p.menu[it.SKU] = &row{}
		}
		p.menu[it.SKU].Item = want
	}
}

// carried returns the item without the fields that the system does not keep.
func (f *Fake) carried(it pos.Item) pos.Item {
	keep := func(field string) bool { return slices.Contains(f.caps.Menu.Fields, field) }
	out := pos.Item{SKU: it.SKU, Name: it.Name}
	if keep("Description") {
		out.Description = it.Description
	}
	if keep("Category") {
		out.Category = it.Category
	}
	if keep("GTIN") {
		out.GTIN = it.GTIN
	}
	if keep("ShelfLifeDays") {
		out.ShelfLifeDays = it.ShelfLifeDays
	}
	if keep("TaxExempt") {
		out.TaxExempt = it.TaxExempt
	}
	if keep("ImageURL") {
		out.ImageURL = it.ImageURL
	}
	if keep("Calories") {
		out.Calories = it.Calories
	}
	if keep("Allergens") {
		out.Allergens = slices.Clone(it.Allergens)
	}
	if keep("Diets") {
		out.Diets = slices.Clone(it.Diets)
	}
	return out
}

// Menu implements [Simulator].
func (f *Fake) Menu() []MenuRow {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.complete()
	var rows []MenuRow
	for _, id := range slices.Sorted(maps.Keys(f.places)) {
		p := f.places[id]
		for _, items := range []map[string]*row{p.menu, p.foreign} {
			for _, sku := range slices.Sorted(maps.Keys(items)) {
				rows = append(rows, items[sku].shown(p, sku, p.foreign[sku] == items[sku]))
			}
		}
	}
	return rows
}

func (r *row) shown(p *place, sku string, foreign bool) MenuRow {
	stored, _ := json.Marshal(r) // plain data always marshals
	return MenuRow{
		Location: p.ID, SKU: sku, Name: r.Item.Name, Price: r.Item.Price.Amount,
		Available: !r.Item.Unavailable && !p.Closed, Foreign: foreign, Digest: checksum(string(stored)),
	}
}

// AddForeign implements [Simulator]. The item is for sale at every location.
func (f *Fake) AddForeign(sku, name string, price int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.places {
		p.foreign[sku] = &row{Item: pos.Item{SKU: sku, Name: name, Price: pos.Money{Amount: price, Currency: p.Currency}}, Note: "theirs"}
	}
	return nil
}

// Tamper implements [Tamperer].
func (f *Fake) Tamper(e MenuEdit) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.place(e.Location)
	if err != nil {
		return err
	}
	r := p.menu[e.SKU]
	if r == nil {
		return fmt.Errorf("posfake: %s has no item %q of ours", e.Location, e.SKU)
	}
	if e.Name != "" {
		r.Item.Name = e.Name
	}
	if e.Price != nil {
		r.Item.Price.Amount = *e.Price
	}
	if e.Available != nil {
		r.Item.Unavailable = !*e.Available
	}
	if e.Note != "" {
		r.Note = e.Note
	}
	return nil
}

// Note implements [Tamperer].
func (f *Fake) Note(location, sku string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.places[location]; p != nil && p.menu[sku] != nil {
		return p.menu[sku].Note
	}
	return ""
}
