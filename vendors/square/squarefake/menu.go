package squarefake

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Menu lists what the seller's tills sell now: one row for every location at
// which an item and its variation are present.
func (f *Fake) Menu() []posfake.MenuRow {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []posfake.MenuRow
	for _, id := range f.catalog.order {
		v := f.catalog.live(id)
		if v == nil || v.kind != "ITEM_VARIATION" {
			continue
		}
		item := f.catalog.live(v.parent)
		if item == nil {
			continue
		}
		digest := f.digest(item, v)
		for _, p := range f.places {
			if !p.active || !item.view.presentAt(p.id) || !v.view.presentAt(p.id) {
				continue
			}
			row := posfake.MenuRow{
				Location: p.id, SKU: v.view.Variation.SKU, Name: item.view.Item.Name,
				Available: !item.view.Item.Archived && !v.soldOut[p.id], Foreign: v.foreign, Digest: digest,
			}
			if m := v.view.priceAt(p.id); m != nil {
				row.Price = m.Amount
			}
			out = append(out, row)
		}
	}
	return out
}

// digest covers every stored field of an item and a variation and their versions.
func (f *Fake) digest(item, v *object) string {
	text, _ := json.Marshal([]any{item.raw, item.version, v.raw, v.version}) // decoded JSON always encodes
	return fmt.Sprintf("%016x", hash(text))
}

// AddForeign puts an item into the catalogue as the owner of the locations
// would: sold everywhere, with fields that no client of ours knows.
func (f *Fake) AddForeign(sku, name string, price int64) error {
	if sku == "" || name == "" || price < 0 {
		return fmt.Errorf("squarefake: foreign item %q %q %d needs a SKU, a name and a price", sku, name, price)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seed(map[string]any{
		"type": "ITEM", "id": "#i", "custom_attribute_values": map[string]any{
			"host:shelf": map[string]any{"name": "Shelf", "key": "host:shelf", "type": "STRING", "string_value": "A3"},
		},
		"item_data": map[string]any{
			"name": name, "description": "The host's own.", "host_only_flag": true,
			"variations": []any{map[string]any{
				"type": "ITEM_VARIATION", "id": "#v", "item_variation_data": map[string]any{
					"name": "Regular", "sku": sku, "pricing_type": "FIXED_PRICING",
					"price_money": map[string]any{"amount": json.Number(strconv.FormatInt(price, 10)), "currency": f.places[0].currency},
				},
			}},
		},
	})
}

// Seed puts objects, in the JSON of the Catalog API, into the catalogue as the
// owner of the locations would. Client ids (#...) may refer to each other.
func (f *Fake) Seed(objects ...string) error {
	var list []map[string]any
	for i, text := range objects {
		var m map[string]any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&m); err != nil {
			return fmt.Errorf("squarefake: object %d: %w", i, err)
		}
		list = append(list, m)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seed(list...)
}

// seed writes foreign objects. Call with the lock held.
func (f *Fake) seed(list ...map[string]any) error {
	at, known := f.catalog.tick(f.Now()), len(f.catalog.order)
	if err := f.upsertBatch(list, at, &upsertReply{}); err != nil {
		return err
	}
	for _, id := range f.catalog.order[known:] {
		f.catalog.objects[id].foreign = true
	}
	f.catalogChanged(at)
	return nil
}

// seedItems fills the catalogue with what the host sells already.
func (f *Fake) seedItems() {
	for _, m := range fakekit.Meals(f.cfg.Seed+1, f.cfg.Items) {
		_ = f.AddForeign("HOST-"+m.SKU[len("FARM-"):], m.Name, m.Price) // always valid
	}
}
