package squarefake

import (
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// check refuses an object that Square would refuse.
func (b *batch) check(s *staged) *apiError {
	if _, ok := s.raw[dataKey(s.kind)].(map[string]any); !ok {
		return missing(dataKey(s.kind))
	}
	v, err := parseView(s.raw)
	if err != nil {
		return invalid("INVALID_VALUE", dataKey(s.kind), "Malformed object: %v.", err)
	}
	switch s.kind {
	case "ITEM":
		return checkName("item_data.name", v.Item.Name, 512)
	case "ITEM_VARIATION":
		return b.checkVariation(s, &v)
	case "CATEGORY":
		return checkName("category_data.name", v.Category.Name, 255)
	case "DISCOUNT":
		return checkDiscount(&v)
	case "PRODUCT_SET":
		return checkProducts(&v)
	case "PRICING_RULE":
		return checkRule(&v)
	case "TIME_PERIOD":
		if _, err := parsePeriod(v.Period.Event); err != nil {
			return invalid("INVALID_VALUE", "time_period_data.event", "%v.", err)
		}
	}
	return nil
}

func checkName(field, name string, limit int) *apiError {
	switch {
	case strings.TrimSpace(name) == "":
		return missing(field)
	case len([]rune(name)) > limit:
		return invalid("VALUE_TOO_LONG", field, "Field must not be longer than %d characters.", limit)
	}
	return nil
}

func (b *batch) checkVariation(s *staged, v *view) *apiError {
	const at = "item_variation_data."
	parent := s.parent
	if parent == "" {
		parent = v.Variation.ItemID
	}
	if p := b.byID[parent]; p == nil && b.f.catalog.live(parent) == nil {
		return invalid("INVALID_VALUE", at+"item_id", "Item `%s` not found.", parent)
	}
	if v.Variation.ItemID != "" && s.parent != "" && v.Variation.ItemID != s.parent {
		return invalid("INVALID_VALUE", at+"item_id", "The variation belongs to another item.")
	}
	if v.Variation.PricingType == "FIXED_PRICING" && v.Variation.Price == nil {
		return missing(at + "price_money")
	}
	if len(v.Variation.Name) > 255 {
		return invalid("VALUE_TOO_LONG", at+"name", "Field must not be longer than 255 characters.")
	}
	if err := checkMoney(at+"price_money", v.Variation.Price); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, o := range v.Variation.Overrides {
		if o.LocationID == "" || seen[o.LocationID] {
			return invalid("INVALID_VALUE", at+"location_overrides.location_id", "Location `%s` is missing or given twice.", o.LocationID)
		}
		seen[o.LocationID] = true
		if o.PricingType == "FIXED_PRICING" && o.Price == nil && v.Variation.Price == nil {
			return missing(at + "location_overrides.price_money")
		}
		if err := checkMoney(at+"location_overrides.price_money", o.Price); err != nil {
			return err
		}
	}
	return nil
}

func checkMoney(field string, m *money) *apiError {
	switch {
	case m == nil:
		return nil
	case m.Amount < 0:
		return invalid("VALUE_TOO_LOW", field+".amount", "Amount must not be negative.")
	case len(m.Currency) != 3:
		return invalid("INVALID_VALUE", field+".currency", "`%s` is not a currency.", m.Currency)
	}
	return nil
}

func checkDiscount(v *view) *apiError {
	const at = "discount_data."
	d := v.Discount
	if err := checkName(at+"name", d.Name, 255); err != nil {
		return err
	}
	switch d.Type {
	case "FIXED_PERCENTAGE", "VARIABLE_PERCENTAGE":
		rate, err := pos.ParsePercent(d.Percentage)
		if (err != nil || rate < 0 || rate > pos.Percent(100)) && (d.Type == "FIXED_PERCENTAGE" || d.Percentage != "") {
			return invalid("INVALID_VALUE", at+"percentage", "`%s` is not a percentage between 0 and 100.", d.Percentage)
		}
	case "FIXED_AMOUNT", "VARIABLE_AMOUNT":
		if d.Amount == nil && d.Type == "FIXED_AMOUNT" {
			return missing(at + "amount_money")
		}
		if d.Maximum != nil {
			return invalid("INVALID_VALUE", at+"maximum_amount_money", "A maximum is for percentages only.")
		}
	default:
		return invalid("INVALID_ENUM_VALUE", at+"discount_type", "`%s` is not a discount type.", d.Type)
	}
	if err := checkMoney(at+"amount_money", d.Amount); err != nil {
		return err
	}
	return checkMoney(at+"maximum_amount_money", d.Maximum)
}

func checkProducts(v *view) *apiError {
	const at = "product_set_data."
	p, ways := v.Products, 0
	for _, set := range []bool{len(p.Any) > 0, len(p.All) > 0, p.Every} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		return invalid("INVALID_VALUE", at+"product_ids_any", "Exactly one of product_ids_any, product_ids_all and all_products must be set.")
	case len(p.Any) > 500 || len(p.All) > 500:
		return invalid("ARRAY_LENGTH_TOO_LONG", at+"product_ids_any", "A product set has at most 500 ids.")
	case p.Exact != 0 && (p.Min != 0 || p.Max != 0):
		return invalid("CONFLICTING_PARAMETERS", at+"quantity_exact", "quantity_exact excludes quantity_min and quantity_max.")
	}
	return nil
}

func checkRule(v *view) *apiError {
	const at = "pricing_rule_data."
	r := v.Rule
	switch {
	case r.DiscountID == "":
		return invalid("INVALID_VALUE", at+"discount_id", "'discount_id' should be set.")
	case r.MatchProductsID == "":
		return missing(at + "match_products_id")
	}
	for _, d := range []struct{ field, value, layout string }{
		{"valid_from_date", r.FromDate, time.DateOnly},
		{"valid_until_date", r.UntilDate, time.DateOnly},
		{"valid_from_local_time", r.FromTime, time.TimeOnly},
		{"valid_until_local_time", r.UntilTime, time.TimeOnly},
	} {
		if d.value == "" {
			continue
		}
		if _, err := time.Parse(d.layout, d.value); err != nil {
			return invalid("INVALID_VALUE", at+d.field, "`%s` is not of the form %s.", d.value, d.layout)
		}
	}
	if r.FromDate != "" && r.UntilDate != "" && r.FromDate+"T"+r.FromTime > r.UntilDate+"T"+r.UntilTime+"~" {
		return invalid("INVALID_TIME_RANGE", at+"valid_until_date", "The rule ends before it begins.")
	}
	return checkMoney(at+"minimum_order_subtotal_money", r.Minimum)
}
