package pos

import (
	"slices"
	"unicode/utf8"
)

// Menu is what should be on sale. The order of items carries no meaning.
type Menu struct {
	Items []Item `json:"items"`
}

// Item is a meal on the menu.
type Item struct {
	// SKU identifies the meal across all systems: 1 to 64 printable ASCII
	// characters without spaces. Required.
	SKU string `json:"sku"`
	// Name is what customers read. Required, at most 120 characters.
	Name string `json:"name"`
	// Description is plain text, at most 2000 characters.
	Description string `json:"description,omitempty"`
	// Category is the name of the group the meal belongs to.
	Category string `json:"category,omitempty"`
	// Price is for one unit, before sales tax where prices are quoted that way.
	Price Money `json:"price"`
	// Unavailable takes the meal off sale everywhere while it stays on the menu.
	Unavailable bool `json:"unavailable,omitempty"`
	// Overrides are the differences at single locations.
	Overrides []Override `json:"overrides,omitempty"`
	// GTIN is the bar code, 8 to 14 digits.
	GTIN string `json:"gtin,omitempty"`
	// ShelfLifeDays is how long the meal keeps after stocking; 0 means not told.
	ShelfLifeDays int `json:"shelf_life_days,omitempty"`
	// TaxExempt marks a meal on which no sales tax is due.
	TaxExempt bool   `json:"tax_exempt,omitempty"`
	ImageURL  string `json:"image_url,omitempty"`
	// Calories is kcal per unit; 0 means not told.
	Calories int `json:"calories,omitempty"`
	// Allergens and Diets are the codes of [Allergens] and [Diets].
	Allergens []string `json:"allergens,omitempty"`
	Diets     []string `json:"diets,omitempty"`
}

// Override is the difference of one item at one location. What is not in the
// override is as in the item; an override that is no longer in the menu is
// removed at the vendor.
type Override struct {
	Location string `json:"location"`
	// Price replaces the item's price; nil inherits it. A price of 0 is free.
	Price *Money `json:"price,omitempty"`
	// Unavailable takes the meal off sale at this location.
	Unavailable bool `json:"unavailable,omitempty"`
}

// Allergens lists the codes for [Item.Allergens]: the fourteen that European
// and United States labelling rules name.
func Allergens() []string {
	return []string{"celery", "crustaceans", "egg", "fish", "gluten", "lupin", "milk", "molluscs", "mustard", "nuts", "peanuts", "sesame", "soy", "sulphites"}
}

// Diets lists the codes for [Item.Diets].
func Diets() []string {
	return []string{"dairy-free", "gluten-free", "halal", "kosher", "nut-free", "vegan", "vegetarian"}
}

// At returns price and availability of the item at a location.
func (it Item) At(location string) (price Money, available bool) {
	price, available = it.Price, !it.Unavailable
	for _, o := range it.Overrides {
		if o.Location != location {
			continue
		}
		if o.Price != nil {
			price = *o.Price
		}
		if o.Unavailable {
			available = false
		}
	}
	return price, available
}

// Validate reports every problem of the menu at once, as an [*Error] of kind
// invalid that holds [Problems].
func (m Menu) Validate() error {
	var ps Problems
	seen := make(map[string]bool, len(m.Items))
	for i := range m.Items {
		it := &m.Items[i]
		if seen[it.SKU] {
			ps.add(reference(it.SKU), "SKU", "appears twice on the menu")
		}
		seen[it.SKU] = true
		it.check(&ps)
	}
	return invalid("Menu.Validate", ps)
}

func (it *Item) check(ps *Problems) {
	sku := reference(it.SKU)
	if !validID(it.SKU) {
		ps.add(sku, "SKU", "must be 1 to 64 printable ASCII characters without spaces")
	}
	checkText(ps, sku, "Name", it.Name, 1, 120)
	checkText(ps, sku, "Description", it.Description, 0, 2000)
	checkText(ps, sku, "Category", it.Category, 0, 120)
	checkPrice(ps, Problem{Item: sku, Field: "Price"}, it.Price, it.Price.Currency)
	if it.ShelfLifeDays < 0 {
		ps.add(sku, "ShelfLifeDays", "is negative")
	}
	if it.Calories < 0 {
		ps.add(sku, "Calories", "is negative")
	}
	if it.GTIN != "" && !validGTIN(it.GTIN) {
		ps.add(sku, "GTIN", "%q is not a GTIN of 8, 12, 13 or 14 digits with a correct check digit", clip(it.GTIN))
	}
	checkCodes(ps, sku, "Allergens", it.Allergens, Allergens())
	checkCodes(ps, sku, "Diets", it.Diets, Diets())
	seen := make(map[string]bool, len(it.Overrides))
	for _, o := range it.Overrides {
		where := Problem{Item: sku, Field: "Overrides", Location: o.Location}
		switch {
		case o.Location == "":
			where.Reason = "names no location"
			*ps = append(*ps, where)
		case seen[o.Location]:
			where.Reason = "has two overrides for this location"
			*ps = append(*ps, where)
		}
		seen[o.Location] = true
		if o.Price != nil {
			where.Field = "Overrides.Price"
			checkPrice(ps, where, *o.Price, it.Price.Currency)
		}
	}
}

func checkPrice(ps *Problems, where Problem, m Money, want Currency) {
	switch {
	case m.Currency == "":
		where.Reason = "has no currency"
	case !m.Currency.Valid():
		where.Reason = "currency " + clip(string(m.Currency)) + " is not in ISO 4217"
	case m.Amount < 0:
		where.Reason = "is negative"
	case m.Currency != want:
		where.Reason = "is in " + string(m.Currency) + ", the item in " + string(want)
	default:
		return
	}
	*ps = append(*ps, where)
}

func checkText(ps *Problems, item, field, text string, least, most int) {
	n := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text):
		ps.add(item, field, "is not valid UTF-8")
	case n < least:
		ps.add(item, field, "is empty")
	case n > most:
		ps.add(item, field, "has %d characters, at most %d fit", n, most)
	}
}

func checkCodes(ps *Problems, item, field string, codes, known []string) {
	for _, c := range codes {
		if !slices.Contains(known, c) {
			ps.add(item, field, "unknown code %q", clip(c))
		}
	}
}

// reference is how problems name an item: by its id, cut short if that is
// not a proper one.
func reference(id string) string {
	if validID(id) {
		return id
	}
	return clip(id)
}

func validID(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func validGTIN(s string) bool {
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return false
	}
	sum := 0
	for i := range len(s) {
		d := int(s[i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if (len(s)-i)%2 == 0 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}
