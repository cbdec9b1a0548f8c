package square

import (
	"cmp"
	"html"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

const (
	defaultVariation = "Regular"
	fixedPricing     = "FIXED_PRICING"
	variablePricing  = "VARIABLE_PRICING"
	foodAndBeverage  = "FOOD_AND_BEV"
	regularItem      = "REGULAR"
)

// build plans an item: what is to be written, if anything, and the outcomes.
func (m *menuPush) build(e *itemEdit, own *ownItem) error {
	e.objects, e.outcomes, e.ids, e.news, e.err = nil, nil, nil, nil, nil
	if own == nil && (e.want == nil || e.at.count() == 0) {
		return nil
	}
	b := &itemBuild{menuPush: m, e: e, own: own}
	b.places()
	b.compare()
	b.outcome()
	if !b.changed() {
		return nil
	}
	raw, err := b.object()
	if err != nil {
		return err
	}
	e.objects, e.size = []jsontext.Value{raw}, 2
	if own == nil {
		e.news = []string{clientID(e.sku), clientVariation(e.sku)}
	} else {
		e.ids = []string{own.item.ID}
		e.size = 1 + len(own.item.Item.Variations)
	}
	return nil
}

func clientID(sku string) string        { return "#item-" + sku }
func clientVariation(sku string) string { return "#variation-" + sku }

// itemBuild compares an item as it stands with what it should be.
type itemBuild struct {
	*menuPush
	e   *itemEdit
	own *ownItem // nil: to be made

	had, present placeSet // where it is on sale, before and after
	moved        placeSet // where the price changes
	open         placeSet // where staff enter the price and the push changes nothing
	prices       []int64  // after, by location
	base         int64    // price without override, after
	repriced     bool     // prices or overrides are to be written
	fields       []string // that change at all locations
	food         bool     // carries food and beverage details
	category     string   // id it should have
}

// places works out where the item is on sale and for how much.
func (b *itemBuild) places() {
	n := len(b.where.list)
	b.had, b.moved, b.open, b.prices = make(placeSet, n), make(placeSet, n), make(placeSet, n), make([]int64, n)
	fixed := make([]bool, n) // the price now is a fixed one
	if b.own != nil {
		if b.own.onSale() {
			copy(b.had, b.own.present)
		}
		v := &b.own.variation.Variation
		b.base = v.Price.Amount
		for i := range b.prices {
			b.prices[i], fixed[i] = b.base, v.PricingType == fixedPricing && !v.Price.IsZero()
		}
		for k := range v.Overrides {
			i, ok := b.where.index[v.Overrides[k].LocationID]
			if !ok {
				continue
			}
			if o := &v.Overrides[k]; !o.Price.IsZero() {
				b.prices[i], fixed[i] = o.Price.Amount, o.PricingType != variablePricing
			}
		}
	}
	b.present = slices.Clone(b.had)
	if b.e.want == nil {
		for i := range b.present {
			b.present[i] = b.present[i] && !b.e.at[i]
		}
		return
	}
	b.wanted(fixed)
}

// wanted puts in what the menu says.
func (b *itemBuild) wanted(fixed []bool) {
	want := b.e.want
	special := make(map[int]*pos.Override, len(want.Overrides))
	for k := range want.Overrides {
		if i, ok := b.where.index[want.Overrides[k].Location]; ok {
			special[i] = &want.Overrides[k]
		}
	}
	covered := true // the push is about all locations with the item
	for i := range b.present {
		if !b.e.at[i] {
			covered = covered && !b.present[i]
			b.open[i] = b.present[i] && !fixed[i]
			continue
		}
		price, available := want.Price.Amount, !want.Unavailable
		if o := special[i]; o != nil {
			available = available && !o.Unavailable
			if o.Price != nil {
				price = o.Price.Amount
			}
		}
		b.present[i] = available
		if available && (b.prices[i] != price || !fixed[i]) {
			b.moved[i] = true
		}
		b.prices[i] = price
	}
	b.repriced = b.own == nil || b.moved.count() > 0
	if b.repriced {
		b.base = b.usual(covered)
	}
}

// usual is the price to write without override: the menu's where the push
// covers all locations with the item, else the one that most of them have.
func (b *itemBuild) usual(covered bool) int64 {
	menu := b.e.want.Price.Amount
	if covered {
		return menu
	}
	counts := make(map[int64]int)
	for i, in := range b.present {
		if in && !b.open[i] {
			counts[b.prices[i]]++
		}
	}
	best := menu
	for price, n := range counts {
		if n > counts[best] || n == counts[best] && best != menu && (price == menu || price < best) {
			best = price
		}
	}
	return best
}

// compare finds the fields that differ and hold for all locations.
func (b *itemBuild) compare() {
	if b.own == nil || b.e.want == nil {
		b.food = b.own == nil && b.p.cfg.FoodItems
		if b.e.want != nil {
			b.category = b.categories[b.e.want.Category]
		}
		return
	}
	want, item, v := b.e.want, &b.own.item.Item, &b.own.variation.Variation
	b.food = b.p.cfg.FoodItems && item.ProductType == foodAndBeverage
	differs := func(field string, differs bool) {
		if differs {
			b.fields = append(b.fields, field)
		}
	}
	differs("SKU", v.SKU != want.SKU)
	differs("Name", item.Name != want.Name)
	differs("Description", trimmed(item.text()) != trimmed(want.Description))
	b.category = item.ReportingCategory.ID
	if b.names[b.category] != want.Category || b.category != "" && !slices.Contains(item.Categories, objectRef{b.category}) {
		b.category = b.categories[want.Category]
		differs("Category", true)
	}
	differs("GTIN", v.UPC != upc(want.GTIN))
	differs("TaxExempt", (item.IsTaxable != nil && !*item.IsTaxable) != want.TaxExempt)
	if b.food {
		differs("Calories", item.Food.Calories != want.Calories)
		differs("Allergens", !sameNames(standardNames(item.Food.Ingredients), names(want.Allergens, allergenNames)))
		differs("Diets", !sameNames(standardNames(item.Food.Diets), names(want.Diets, dietNames)))
	}
}

// text is the description as a customer reads it.
func (d *itemData) text() string {
	if d.DescriptionHTML != "" {
		return plain(d.DescriptionHTML)
	}
	return cmp.Or(d.DescriptionPlain, d.Description)
}

// plain takes the tags out of a text.
func plain(markup string) string {
	var b strings.Builder
	depth := 0
	for _, r := range markup {
		switch {
		case r == '<':
			depth++
			b.WriteByte(' ')
		case r == '>' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return html.UnescapeString(b.String())
}

// markup writes a text as Square wants it, a paragraph for each line.
func markup(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString("<p>" + html.EscapeString(line) + "</p>")
		}
	}
	return b.String()
}

// upc returns the GTIN if Square can hold it: 12 to 14 digits.
func upc(gtin string) string {
	if len(gtin) < 12 {
		return ""
	}
	return gtin
}

func (b *itemBuild) changed() bool {
	return b.own == nil || b.repriced || len(b.fields) > 0 || !b.had.equal(b.present) || b.archive() != b.own.item.Item.IsArchived
}

// archive reports whether the item ends in the archive: off the menu and
// present nowhere. One that is on the menu is not archived, even where it is
// not available.
func (b *itemBuild) archive() bool {
	if b.e.want == nil {
		return b.present.count() == 0
	}
	return false
}

// outcome reports what happens at each location.
func (b *itemBuild) outcome() {
	id := clientVariation(b.e.sku)
	if b.own != nil {
		id = b.own.variation.ID
	}
	o := pos.Outcome{Item: b.e.sku, VendorID: id}
	if b.e.want == nil {
		gone := make(placeSet, len(b.had))
		for i := range gone {
			gone[i] = b.had[i] && !b.present[i]
		}
		o.Action, o.Locations = pos.Withdrawn, b.where.names(gone)
		b.e.outcomes = append(b.e.outcomes, o)
		return
	}
	o.Notes = b.notes()
	if b.own == nil || !b.own.onSale() {
		o.Action, o.Locations = pos.Created, b.targets(func(int) bool { return true })
		b.e.outcomes = append(b.e.outcomes, o)
		return
	}
	for _, toggled := range []bool{false, true} {
		for _, moved := range []bool{false, true} {
			part := o
			part.Locations = b.targets(func(i int) bool {
				return (b.had[i] != b.present[i]) == toggled && b.moved[i] == moved
			})
			if len(part.Locations) == 0 {
				continue
			}
			part.Fields = slices.Clone(b.fields)
			if moved {
				part.Fields = append(part.Fields, "Price")
			}
			if toggled {
				part.Fields = append(part.Fields, "Unavailable")
			}
			part.Action = pos.Updated
			if len(part.Fields) == 0 {
				part.Action = pos.Unchanged
			}
			b.e.outcomes = append(b.e.outcomes, part)
		}
	}
}

// targets returns the locations of the push that meet a condition. All of them
// share one slice.
func (b *itemBuild) targets(is func(int) bool) []string {
	var picked placeSet = make([]bool, len(b.e.at))
	for i, in := range b.e.at {
		picked[i] = in && is(i)
	}
	if picked.equal(b.where.target) {
		return b.where.ids
	}
	return b.where.names(picked)
}

// notes tell what the item's form at Square cannot show.
func (b *itemBuild) notes() []pos.Problem {
	want := b.e.want
	notes := b.p.describe.Capabilities.Uncarried(*want)
	note := func(is bool, field, reason string) {
		if is {
			notes = append(notes, pos.Problem{Item: want.SKU, Field: field, Reason: reason})
		}
	}
	note(want.GTIN != "" && upc(want.GTIN) == "", "GTIN", "Square takes bar codes of 12 to 14 digits")
	if b.p.cfg.FoodItems && !b.food {
		const reason = "the item was made with another type, which cannot be changed"
		note(want.Calories != 0, "Calories", reason)
		note(len(want.Allergens) > 0, "Allergens", reason)
		note(len(want.Diets) > 0, "Diets", reason)
	}
	if b.own != nil {
		for _, twin := range b.own.twins {
			note(true, "SKU", "item "+twin+" carries the same mark and was left alone")
		}
	}
	return notes
}

// object writes the item as it should be. Members that we do not manage keep
// their bytes.
func (b *itemBuild) object() (jsontext.Value, error) {
	if b.own == nil {
		return b.newObject()
	}
	var item rawObject
	if err := kit.Unmarshal(b.own.raw, &item); err != nil {
		return nil, err
	}
	data, err := item.object("item_data")
	if err != nil {
		return nil, err
	}
	list, err := data.array("variations")
	if err != nil {
		return nil, err
	}
	for i := range list {
		var v rawObject
		if err := v.UnmarshalJSON(list[i]); err != nil {
			return nil, err
		}
		if err := b.setVariation(&v, i == b.own.at); err != nil {
			return nil, err
		}
		if list[i], err = v.MarshalJSON(); err != nil {
			return nil, err
		}
	}
	if !b.had.equal(b.present) {
		if err := b.where.place(&item, b.present); err != nil {
			return nil, err
		}
	}
	err = cmp.Or(data.set("variations", list), b.setItem(&data), item.set("item_data", data))
	if err != nil {
		return nil, err
	}
	return item.MarshalJSON()
}

// newObject writes an item that does not exist yet.
func (b *itemBuild) newObject() (jsontext.Value, error) {
	var item, data, variation, inner rawObject
	err := cmp.Or(
		item.set("type", typeItem),
		item.set("id", clientID(b.e.sku)),
		b.where.place(&item, b.present),
		data.set("product_type", map[bool]string{true: foodAndBeverage, false: regularItem}[b.food]),
		variation.set("type", typeVariation),
		variation.set("id", clientVariation(b.e.sku)),
		inner.set("item_id", clientID(b.e.sku)),
		inner.set("name", defaultVariation),
	)
	if err == nil && len(b.p.cfg.TaxIDs) > 0 && !b.e.want.TaxExempt {
		err = data.set("tax_ids", b.p.cfg.TaxIDs)
	}
	if err == nil && b.p.cfg.TrackStock {
		err = inner.set("track_inventory", true)
	}
	if err == nil {
		err = cmp.Or(variation.set("item_variation_data", inner), b.setVariation(&variation, true))
	}
	if err != nil {
		return nil, err
	}
	list := []rawObject{variation}
	if err := cmp.Or(data.set("variations", list), b.setItem(&data), item.set("item_data", data)); err != nil {
		return nil, err
	}
	return item.MarshalJSON()
}
