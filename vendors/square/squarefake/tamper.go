package squarefake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var _ posfake.Tamperer = (*Fake)(nil)

// Tamper implements [posfake.Tamperer]: it changes an item that was made
// through the API as the seller would in the Dashboard. The price and the
// presence are those of one location, name and note (kitchen_name) of all.
func (f *Fake) Tamper(e posfake.MenuEdit) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	item, variation, err := f.ours(e.Location, e.SKU)
	if err != nil {
		return err
	}
	whole, part := copyOf(item.raw), copyOf(variation.raw)
	data, unit := member(whole, "item_data"), member(part, "item_variation_data")
	if e.Name != "" {
		data["name"] = e.Name
	}
	if e.Note != "" {
		data["kitchen_name"] = e.Note
	}
	if e.Price != nil {
		price := map[string]any{"amount": json.Number(strconv.FormatInt(*e.Price, 10)), "currency": f.placeByID[e.Location].currency}
		others := without(unit["location_overrides"], func(v any) bool {
			o, ok := v.(map[string]any)
			return ok && o["location_id"] == e.Location
		})
		unit["location_overrides"] = append(others, map[string]any{"location_id": e.Location, "price_money": price, "pricing_type": "FIXED_PRICING"})
	}
	if e.Available != nil {
		present(whole, e.Location, *e.Available)
		if *e.Available {
			present(part, e.Location, true)
		}
	}
	at := f.catalog.tick(f.Now())
	item.raw, variation.raw = whole, part
	f.catalog.put(item, at)
	f.catalog.put(variation, at)
	f.catalogChanged(at)
	return nil
}

// Note implements [posfake.Tamperer].
func (f *Fake) Note(location, sku string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	item, _, err := f.ours(location, sku)
	if err != nil {
		return ""
	}
	note, _ := member(copyOf(item.raw), "item_data")["kitchen_name"].(string)
	return note
}

// ours finds an item that was made through the API. Call with the lock held.
func (f *Fake) ours(location, sku string) (item, variation *object, err error) {
	if f.placeByID[location] == nil {
		return nil, nil, fmt.Errorf("%w: %q", errNoLocation, location)
	}
	for _, id := range f.catalog.bySKU[sku] {
		v := f.catalog.live(id)
		if v == nil || v.foreign {
			continue
		}
		if item := f.catalog.live(v.parent); item != nil {
			return item, v, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: %q", errNoSuchItem, sku)
}

// copyOf copies decoded JSON: answers may still show the old one.
func copyOf(raw map[string]any) map[string]any {
	text, _ := json.Marshal(raw) // decoded JSON always encodes
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var out map[string]any
	_ = dec.Decode(&out)
	return out
}

// member returns an object inside an object and makes it if it is missing.
func member(o map[string]any, name string) map[string]any {
	inner, ok := o[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		o[name] = inner
	}
	return inner
}

// present puts a location into an object's presence or takes it out.
func present(o map[string]any, location string, in bool) {
	list, keep := "present_at_location_ids", in
	if o["present_at_all_locations"] != false {
		list, keep = "absent_at_location_ids", !in
	}
	ids := without(o[list], func(v any) bool { return v == location })
	if keep {
		ids = append(ids, location)
	}
	o[list] = ids
}

// without copies a list of decoded JSON and leaves elements out.
func without(list any, drop func(any) bool) []any {
	old, _ := list.([]any)
	return slices.DeleteFunc(slices.Clone(old), drop)
}
