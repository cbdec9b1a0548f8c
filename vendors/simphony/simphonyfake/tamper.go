package simphonyfake

import (
	"encoding/json"
	"fmt"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var _ posfake.Tamperer = (*Fake)(nil)

// Tamper changes an item as a person at the management console would. Name and
// note belong to master and definition; the price is changed where the property
// has it from; availability is the master's disabled option.
func (f *Fake) Tamper(e posfake.MenuEdit) error {
	defer f.begin()()
	p, err := f.openProperty(e.Location)
	if err != nil {
		return err
	}
	it := f.menu(p.rvcs[0]).bySKU[e.SKU]
	if it == nil || it.foreign || it.definition == nil {
		return fmt.Errorf("simphonyfake: no item %q of ours", e.SKU)
	}
	master, definition := it.master.clone(), it.definition.clone()
	if e.Name != "" {
		master.setText("name", e.Name)
		definition.setText("firstName", e.Name)
		if definition.has("consumerItemName") {
			definition.setText("consumerItemName", e.Name)
		}
	}
	if e.Available != nil {
		master["miMasterOptions"] = setBit(master.str("miMasterOptions"), bitDisabled-f.cfg.OptionBase, masterOptions, !*e.Available)
	}
	if e.Note != "" {
		for _, r := range []record{master, definition} {
			r["dataExtensions"] = []any{map[string]any{"columnName": noteColumn, "value": e.Note}}
		}
	}
	f.tables["MenuItemMasters"].put(it.master, master)
	f.tables["MenuItemDefinitions"].put(it.definition, definition)
	if e.Price != nil && len(it.prices) > 0 {
		price := it.prices[0].clone()
		price["price"] = json.Number(pos.Money{Amount: *e.Price, Currency: p.currency}.Decimal())
		f.tables["MenuItemPrices"].put(it.prices[0], price)
	}
	f.reconfigured(master)
	return nil
}

const noteColumn = "KitchenNote"

// Note returns the note of an item. It is kept as a data extension of master
// and definition, a field that no menu has: a client that forgets it in one of
// them when it writes loses the note.
func (f *Fake) Note(location, sku string) string {
	defer f.begin()()
	p, err := f.property(location)
	if err != nil {
		return ""
	}
	it := f.menu(p.rvcs[0]).bySKU[sku]
	if it == nil || it.foreign {
		return ""
	}
	note := noteOf(it.master)
	if noteOf(it.definition) != note {
		return ""
	}
	return note
}

func noteOf(r record) string {
	for _, x := range r.list("dataExtensions") {
		if x.str("columnName") == noteColumn {
			return x.str("value")
		}
	}
	return ""
}
