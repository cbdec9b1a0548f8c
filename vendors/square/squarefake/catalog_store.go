package squarefake

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// object is one stored catalogue object. Its raw fields are kept as they came,
// known or not; nested objects are stored on their own and put back in when
// the parent is shown.
type object struct {
	id, kind string
	version  int64
	updated  time.Time
	childAt  time.Time // of the last change of a child
	deleted  bool
	foreign  bool // of another party: not made through the API
	parent   string
	children []string
	raw      map[string]any
	view     view
	soldOut  map[string]bool // locations, for variations
	shown    json.RawMessage // as answered, nil after a change
}

// nesting says where objects of a kind carry nested ones.
var nesting = map[string]struct{ data, list, child string }{
	"ITEM":          {"item_data", "variations", "ITEM_VARIATION"},
	"MODIFIER_LIST": {"modifier_list_data", "modifiers", "MODIFIER"},
	"ITEM_OPTION":   {"item_option_data", "values", "ITEM_OPTION_VAL"},
}

// catalog is the seller's catalogue.
type catalog struct {
	objects map[string]*object
	order   []string            // ids in the order of creation
	bySKU   map[string][]string // variations, deleted ones included
	last    time.Time           // time of the last write
	rules   []*object           // live pricing rules; nil: to be collected
}

func newCatalog() catalog {
	return catalog{objects: map[string]*object{}, bySKU: map[string][]string{}}
}

// live returns an object that exists and is not deleted.
func (c *catalog) live(id string) *object {
	if o := c.objects[id]; o != nil && !o.deleted {
		return o
	}
	return nil
}

// tick returns the time of a new write: the clock in milliseconds, but never
// the same twice, for versions are made of it.
func (c *catalog) tick(now time.Time) time.Time {
	t := now.Truncate(time.Millisecond)
	if !t.After(c.last) {
		t = c.last.Add(time.Millisecond)
	}
	c.last = t
	return t
}

// put stores a new state of an object.
func (c *catalog) put(o *object, at time.Time) {
	if _, known := c.objects[o.id]; !known {
		c.order = append(c.order, o.id)
	}
	o.version, o.updated, o.shown = at.UnixMilli(), at, nil
	o.view = viewOf(o.raw)
	c.objects[o.id] = o
	if sku := o.view.Variation.SKU; sku != "" && !slices.Contains(c.bySKU[sku], o.id) {
		c.bySKU[sku] = append(c.bySKU[sku], o.id)
	}
	c.touchParent(o)
	c.rules = nil
}

// remove deletes an object, its children and what cannot be without it, and
// lists the ids.
func (c *catalog) remove(id string, at time.Time) []string {
	o := c.live(id)
	if o == nil {
		return nil
	}
	o.deleted, o.version, o.updated, o.shown = true, at.UnixMilli(), at, nil
	c.rules = nil
	gone := []string{id}
	for _, child := range slices.Clone(o.children) {
		gone = append(gone, c.remove(child, at)...)
	}
	if p := c.live(o.parent); p != nil {
		p.children = slices.DeleteFunc(p.children, func(x string) bool { return x == id })
		c.touchParent(o)
	}
	if o.kind == "DISCOUNT" || o.kind == "PRODUCT_SET" {
		for _, r := range c.pricingRules() {
			if r.view.Rule.DiscountID == id || r.view.Rule.MatchProductsID == id {
				gone = append(gone, c.remove(r.id, at)...)
			}
		}
	}
	return gone
}

// touchParent makes the parent of a changed object show it.
func (c *catalog) touchParent(o *object) {
	if p := c.objects[o.parent]; p != nil {
		p.shown = nil
		if o.updated.After(p.childAt) {
			p.childAt = o.updated
		}
	}
}

func (c *catalog) pricingRules() []*object {
	if c.rules == nil {
		c.rules = []*object{}
		for _, id := range c.order {
			if o := c.live(id); o != nil && o.kind == "PRICING_RULE" {
				c.rules = append(c.rules, o)
			}
		}
	}
	return slices.Clone(c.rules)
}

// variation finds the live variation of a SKU that is present at a location,
// or any live one.
func (c *catalog) variation(sku, location string) *object {
	var other *object
	for _, id := range c.bySKU[sku] {
		o := c.live(id)
		if o == nil || o.view.Variation.SKU != sku {
			continue
		}
		if c.sellsAt(o, location) {
			return o
		}
		other = o
	}
	return other
}

// sellsAt reports whether a variation and its item are present at a location
// and not archived.
func (c *catalog) sellsAt(o *object, location string) bool {
	item := c.live(o.parent)
	return item != nil && !item.view.Item.Archived && item.view.presentAt(location) && o.view.presentAt(location)
}

// changed is when the object or one of its children changed last.
func (o *object) changed() time.Time {
	if o.childAt.After(o.updated) {
		return o.childAt
	}
	return o.updated
}

// show returns the object as the API answers it.
func (c *catalog) show(o *object) json.RawMessage {
	if o.shown == nil {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(c.render(o)) // maps of decoded JSON always encode
		o.shown = bytes.TrimSpace(buf.Bytes())
	}
	return o.shown
}

func (c *catalog) render(o *object) map[string]any {
	out := maps.Clone(o.raw)
	out["id"], out["type"], out["version"], out["updated_at"], out["is_deleted"] = o.id, o.kind, o.version, stampOf(o.updated), o.deleted
	if n, ok := nesting[o.kind]; ok {
		data := maps.Clone(dataOf(o.raw, n.data))
		nested := []any{}
		for i, id := range o.children {
			child := c.render(c.objects[id])
			if o.kind == "ITEM" {
				d := maps.Clone(dataOf(child, "item_variation_data"))
				d["ordinal"] = i
				child["item_variation_data"] = d
			}
			nested = append(nested, child)
		}
		if len(nested) > 0 {
			data[n.list] = nested
		}
		out[n.data] = data
	}
	if len(o.soldOut) > 0 {
		data := maps.Clone(dataOf(out, "item_variation_data"))
		data["location_overrides"] = withSoldOut(data["location_overrides"], o.soldOut)
		out["item_variation_data"] = data
	}
	return out
}

// withSoldOut marks the overrides of locations where the seller has run out.
func withSoldOut(overrides any, out map[string]bool) []any {
	list, _ := overrides.([]any)
	marked, seen := make([]any, 0, len(list)+len(out)), map[string]bool{}
	for _, entry := range list {
		e, _ := entry.(map[string]any)
		id, _ := e["location_id"].(string)
		if out[id] {
			e = maps.Clone(e)
			e["sold_out"] = true
			seen[id] = true
		}
		marked = append(marked, e)
	}
	for _, id := range slices.Sorted(maps.Keys(out)) {
		if !seen[id] {
			marked = append(marked, map[string]any{"location_id": id, "sold_out": true})
		}
	}
	return marked
}

// setSoldOut records whether a variation has run out at a location.
func (c *catalog) setSoldOut(o *object, location string, out bool) {
	if o.soldOut[location] == out {
		return
	}
	if o.soldOut == nil {
		o.soldOut = map[string]bool{}
	}
	if out {
		o.soldOut[location] = true
	} else {
		delete(o.soldOut, location)
	}
	o.shown = nil
	c.touchParent(o)
}

// dataOf returns a nested map, empty if there is none.
func dataOf(m map[string]any, key string) map[string]any {
	if d, ok := m[key].(map[string]any); ok {
		return d
	}
	return map[string]any{}
}

// dataKey is the name of the field that holds an object's data.
func dataKey(kind string) string {
	if kind == "ITEM_OPTION_VAL" {
		return "item_option_value_data"
	}
	return strings.ToLower(kind) + "_data"
}
