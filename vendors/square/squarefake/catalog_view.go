package squarefake

import (
	"encoding/json"
	"slices"
)

// money is an amount in the smallest unit.
type money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// view is what the fake itself needs of an object; everything else stays raw.
type view struct {
	All     *bool    `json:"present_at_all_locations"`
	Present []string `json:"present_at_location_ids"`
	Absent  []string `json:"absent_at_location_ids"`

	Item struct {
		Name        string `json:"name"`
		Abbr        string `json:"abbreviation"`
		Description string `json:"description"`
		Archived    bool   `json:"is_archived"`
		Taxable     *bool  `json:"is_taxable"`
		ProductType string `json:"product_type"`
		Category    string `json:"category_id"`
		Reporting   ref    `json:"reporting_category"`
		Categories  []ref  `json:"categories"`
	} `json:"item_data"`
	Variation struct {
		ItemID      string     `json:"item_id"`
		Name        string     `json:"name"`
		SKU         string     `json:"sku"`
		UPC         string     `json:"upc"`
		PricingType string     `json:"pricing_type"`
		Price       *money     `json:"price_money"`
		Track       *bool      `json:"track_inventory"`
		Overrides   []override `json:"location_overrides"`
	} `json:"item_variation_data"`
	Category struct {
		Name   string `json:"name"`
		Parent ref    `json:"parent_category"`
	} `json:"category_data"`
	Discount struct {
		Name       string `json:"name"`
		Type       string `json:"discount_type"`
		Percentage string `json:"percentage"`
		Amount     *money `json:"amount_money"`
		Maximum    *money `json:"maximum_amount_money"`
	} `json:"discount_data"`
	Products struct {
		Name  string   `json:"name"`
		Any   []string `json:"product_ids_any"`
		All   []string `json:"product_ids_all"`
		Every bool     `json:"all_products"`
		Exact int64    `json:"quantity_exact"`
		Min   int64    `json:"quantity_min"`
		Max   int64    `json:"quantity_max"`
	} `json:"product_set_data"`
	Rule struct {
		Name            string   `json:"name"`
		DiscountID      string   `json:"discount_id"`
		MatchProductsID string   `json:"match_products_id"`
		ExcludeID       string   `json:"exclude_products_id"`
		Periods         []string `json:"time_period_ids"`
		FromDate        string   `json:"valid_from_date"`
		FromTime        string   `json:"valid_from_local_time"`
		UntilDate       string   `json:"valid_until_date"`
		UntilTime       string   `json:"valid_until_local_time"`
		Minimum         *money   `json:"minimum_order_subtotal_money"`
		Groups          []string `json:"customer_group_ids_any"`
	} `json:"pricing_rule_data"`
	Period struct {
		Event string `json:"event"`
	} `json:"time_period_data"`

	overrides        map[string]*override
	present, without map[string]bool
}

type ref struct {
	ID string `json:"id"`
}

type override struct {
	LocationID  string `json:"location_id"`
	Price       *money `json:"price_money"`
	PricingType string `json:"pricing_type"`
	Track       *bool  `json:"track_inventory"`
}

// parseView reads the typed part of an object and complains about wrong types.
func parseView(raw map[string]any) (view, error) {
	var v view
	text, err := json.Marshal(raw)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	v.overrides = make(map[string]*override, len(v.Variation.Overrides))
	for i := range v.Variation.Overrides {
		o := &v.Variation.Overrides[i]
		v.overrides[o.LocationID] = o
	}
	v.present, v.without = setOf(v.Present), setOf(v.Absent)
	return v, err
}

func viewOf(raw map[string]any) view {
	v, _ := parseView(raw)
	return v
}

func (v *view) presentAt(location string) bool {
	if v.All != nil && !*v.All {
		return v.present[location]
	}
	return !v.without[location]
}

// priceAt is the price at a location, nil for a variable price.
func (v *view) priceAt(location string) *money {
	if o := v.overrides[location]; o != nil {
		if o.Price != nil {
			return o.Price
		}
		if o.PricingType == "VARIABLE_PRICING" {
			return nil
		}
	}
	return v.Variation.Price
}

func (v *view) trackedAt(location string) bool {
	if o := v.overrides[location]; o != nil && o.Track != nil {
		return *o.Track
	}
	return v.Variation.Track != nil && *v.Variation.Track
}

func (v *view) categories() []string {
	var ids []string
	for _, c := range append(slices.Clone(v.Item.Categories), v.Item.Reporting, ref{v.Item.Category}) {
		if c.ID != "" && !slices.Contains(ids, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}
