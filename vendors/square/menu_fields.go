package square

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// setItem writes the managed members of item_data.
func (b *itemBuild) setItem(data *rawObject) error {
	if b.e.want == nil {
		return data.set("is_archived", b.archive())
	}
	want, create := b.e.want, b.own == nil
	var err error
	set := func(changed bool, name string, v any) {
		if changed && err == nil {
			err = data.set(name, v)
		}
	}
	changed := func(field string) bool { return create || slices.Contains(b.fields, field) }
	set(changed("Name"), "name", want.Name)
	if changed("Description") {
		data.drop("description", "description_plaintext") // Square keeps them in step with the markup
		set(true, "description_html", markup(want.Description))
	}
	set(changed("TaxExempt"), "is_taxable", !want.TaxExempt)
	set(!create && b.own.item.Item.IsArchived, "is_archived", false)
	if err == nil && changed("Category") {
		err = b.setCategory(data)
	}
	if err == nil && b.food && (changed("Calories") || changed("Allergens") || changed("Diets")) {
		err = b.setFood(data)
	}
	return err
}

// setCategory puts our category in the place of the one before; others that
// the seller gave the item stay.
func (b *itemBuild) setCategory(data *rawObject) error {
	list, err := data.array("categories")
	if err != nil {
		return err
	}
	before := ""
	if b.own != nil {
		before = b.own.item.Item.ReportingCategory.ID
	}
	list = slices.DeleteFunc(list, func(v jsontext.Value) bool {
		var ref objectRef
		return json.Unmarshal(v, &ref, lenient) == nil && ref.ID != "" && (ref.ID == before || ref.ID == b.category)
	})
	data.drop("reporting_category", "category_id")
	if b.category != "" {
		ref, err := json.Marshal(objectRef{b.category})
		if err != nil {
			return err
		}
		list = append(list, ref)
		if err := data.set("reporting_category", jsontext.Value(ref)); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		data.drop("categories")
		return nil
	}
	return data.set("categories", list)
}

// setFood writes calories, diets and allergens; entries of the seller's own
// wording stay.
func (b *itemBuild) setFood(data *rawObject) error {
	food, err := data.object("food_and_beverage_details")
	if err != nil {
		return err
	}
	want := b.e.want
	food.drop("calorie_count")
	if want.Calories != 0 {
		err = food.set("calorie_count", want.Calories)
	}
	err = cmp.Or(err,
		setStandard(&food, "dietary_preferences", names(want.Diets, dietNames)),
		setStandard(&food, "ingredients", names(want.Allergens, allergenNames)))
	if err != nil {
		return err
	}
	if len(food.members) == 0 {
		data.drop("food_and_beverage_details")
		return nil
	}
	return data.set("food_and_beverage_details", food)
}

const standard = "STANDARD"

// setStandard replaces the standard entries of a list.
func setStandard(o *rawObject, member string, wanted []string) error {
	list, err := o.array(member)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(v jsontext.Value) bool {
		var p preference
		return json.Unmarshal(v, &p, lenient) == nil && p.Standard != ""
	})
	for _, name := range wanted {
		v, err := json.Marshal(preference{standard, name})
		if err != nil {
			return err
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		o.drop(member)
		return nil
	}
	return o.set(member, list)
}

// Farmacy's codes in Square's words.
var (
	allergenNames = map[string]string{
		"celery": "CELERY", "crustaceans": "CRUSTACEANS", "egg": "EGGS", "fish": "FISH", "gluten": "GLUTEN",
		"lupin": "LUPIN", "milk": "MILK", "molluscs": "MOLLUSCS", "mustard": "MUSTARD", "nuts": "TREE_NUTS",
		"peanuts": "PEANUTS", "sesame": "SESAME", "soy": "SOY", "sulphites": "SULPHITES",
	}
	dietNames = map[string]string{
		"dairy-free": "DAIRY_FREE", "gluten-free": "GLUTEN_FREE", "halal": "HALAL", "kosher": "KOSHER",
		"nut-free": "NUT_FREE", "vegan": "VEGAN", "vegetarian": "VEGETARIAN",
	}
)

func names(codes []string, words map[string]string) []string {
	var list []string
	for _, c := range codes {
		list = append(list, words[c])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func standardNames(entries []preference) []string {
	var list []string
	for _, e := range entries {
		if e.Standard != "" {
			list = append(list, e.Standard)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func sameNames(a, b []string) bool { return slices.Equal(a, b) }

// setVariation writes presence, and into our own variation SKU, mark, bar code
// and prices.
func (b *itemBuild) setVariation(v *rawObject, ours bool) error {
	data, err := v.object("item_variation_data")
	if err != nil {
		return err
	}
	if ours {
		if b.own == nil || !b.had.equal(b.present) {
			if err := b.where.place(v, b.present); err != nil {
				return err
			}
		}
		if b.e.want != nil {
			if err := b.setOurs(&data); err != nil {
				return err
			}
		}
	}
	if err := b.setOverrides(&data, ours && b.repriced); err != nil {
		return err
	}
	return v.set("item_variation_data", data)
}

func (b *itemBuild) setOurs(data *rawObject) error {
	err := cmp.Or(data.set("sku", b.e.sku), data.set("user_data", b.p.mark()+b.e.sku))
	if err != nil {
		return err
	}
	if code := upc(b.e.want.GTIN); code != "" {
		err = data.set("upc", code)
	} else {
		data.drop("upc")
	}
	if err != nil || !b.repriced {
		return err
	}
	return cmp.Or(
		data.set("pricing_type", fixedPricing),
		data.set("price_money", pos.Money{Amount: b.base, Currency: b.e.want.Price.Currency}))
}

var soldOut = []byte(`"sold_out`)

// setOverrides writes the prices that differ from the usual one, and takes out
// what only Square may write.
func (b *itemBuild) setOverrides(data *rawObject, reprice bool) error {
	raw := data.get("location_overrides")
	if !reprice && !bytes.Contains(raw, soldOut) {
		return nil
	}
	list, err := data.array("location_overrides")
	if err != nil {
		return err
	}
	kept := make([]rawObject, 0, len(list))
	done := make(map[int]bool, len(list))
	for _, entry := range list {
		var o rawObject
		if err := o.UnmarshalJSON(entry); err != nil {
			return err
		}
		o.drop("sold_out", "sold_out_valid_until")
		var at string
		if err := json.Unmarshal(o.get("location_id"), &at, lenient); err != nil {
			return err
		}
		if i, known := b.where.index[at]; reprice && known && b.present[i] {
			done[i] = true
			if err := b.setPrice(&o, i); err != nil {
				return err
			}
		}
		if len(o.members) > 1 || !reprice {
			kept = append(kept, o)
		}
	}
	for i := range b.prices {
		if !reprice || !b.present[i] || done[i] || b.prices[i] == b.base && !b.open[i] {
			continue
		}
		var o rawObject
		if err := cmp.Or(o.set("location_id", b.where.list[i].ID), b.setPrice(&o, i)); err != nil {
			return err
		}
		kept = append(kept, o)
	}
	if len(kept) == 0 {
		data.drop("location_overrides")
		return nil
	}
	return data.set("location_overrides", kept)
}

// setPrice writes the price into a location's override, or takes it out where
// it is the usual one.
func (b *itemBuild) setPrice(o *rawObject, i int) error {
	if b.open[i] {
		o.drop("price_money")
		return o.set("pricing_type", variablePricing)
	}
	if b.prices[i] == b.base {
		o.drop("price_money", "pricing_type")
		return nil
	}
	return cmp.Or(
		o.set("price_money", pos.Money{Amount: b.prices[i], Currency: b.e.want.Price.Currency}),
		o.set("pricing_type", fixedPricing))
}

// trimmed collapses white space.
func trimmed(s string) string { return strings.Join(strings.Fields(s), " ") }
