package square

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// searchCatalogRequest pages through the catalogue.
//
//	op: POST /v2/catalog/search https://developer.squareup.com/reference/square/catalog-api/search-catalog-objects
type searchCatalogRequest struct {
	Types  []string `json:"object_types"`
	Cursor string   `json:"cursor,omitempty"`
	Limit  int      `json:"limit"`
}

// retrieveCatalogRequest reads objects by id.
//
//	op: POST /v2/catalog/batch-retrieve https://developer.squareup.com/reference/square/catalog-api/batch-retrieve-catalog-objects
type retrieveCatalogRequest struct {
	IDs            []string `json:"object_ids"`
	IncludeDeleted bool     `json:"include_deleted_objects,omitempty"`
}

// upsertBatch is written as a whole or not at all.
//
//	op: POST /v2/catalog/batch-upsert https://developer.squareup.com/reference/square/catalog-api/batch-upsert-catalog-objects
type upsertBatch struct {
	Objects []jsontext.Value `json:"objects"`
}

type idMapping struct {
	ClientID string `json:"client_object_id"`
	ObjectID string `json:"object_id"`
}

// deleteRequest deletes objects and what depends on them.
//
//	op: POST /v2/catalog/batch-delete https://developer.squareup.com/reference/square/catalog-api/batch-delete-catalog-objects
type deleteRequest struct {
	IDs []string `json:"object_ids"`
}

type deleteAnswer struct {
	DeletedIDs []string `json:"deleted_object_ids"`
	Errors     []Detail `json:"errors"`
}

// Types of catalogue objects.
const (
	typeItem      = "ITEM"
	typeVariation = "ITEM_VARIATION"
	typeCategory  = "CATEGORY"
	typeDiscount  = "DISCOUNT"
	typeSet       = "PRODUCT_SET"
	typeRule      = "PRICING_RULE"
	typePeriod    = "TIME_PERIOD"
)

// catalogObject is the envelope of everything in the catalogue, with the data
// of the types that this package reads.
type catalogObject struct {
	Type       string   `json:"type"`
	ID         string   `json:"id"`
	Version    int64    `json:"version"`
	IsDeleted  bool     `json:"is_deleted"`
	PresentAll *bool    `json:"present_at_all_locations"` // absent means true
	PresentAt  []string `json:"present_at_location_ids"`
	AbsentAt   []string `json:"absent_at_location_ids"`

	Item      itemData      `json:"item_data"`
	Variation variationData `json:"item_variation_data"`
	Category  categoryData  `json:"category_data"`
	Discount  discountData  `json:"discount_data"`
	Set       setData       `json:"product_set_data"`
	Rule      ruleData      `json:"pricing_rule_data"`
	Period    periodData    `json:"time_period_data"`
}

type itemData struct {
	Name              string           `json:"name"`
	DescriptionHTML   string           `json:"description_html"`
	Description       string           `json:"description"`
	DescriptionPlain  string           `json:"description_plaintext"`
	Categories        []objectRef      `json:"categories"`
	ReportingCategory objectRef        `json:"reporting_category"`
	IsTaxable         *bool            `json:"is_taxable"` // absent means true
	IsArchived        bool             `json:"is_archived"`
	ProductType       string           `json:"product_type"`
	Food              foodDetails      `json:"food_and_beverage_details"`
	Variations        []jsontext.Value `json:"variations"`
}

type objectRef struct {
	ID string `json:"id"`
}

type foodDetails struct {
	Calories    int          `json:"calorie_count"`
	Diets       []preference `json:"dietary_preferences"`
	Ingredients []preference `json:"ingredients"`
}

// preference is a dietary preference or an ingredient.
type preference struct {
	Type     string `json:"type"`
	Standard string `json:"standard_name"`
}

type variationData struct {
	ItemID      string             `json:"item_id"`
	Name        string             `json:"name"`
	SKU         string             `json:"sku"`
	UPC         string             `json:"upc"`
	PricingType string             `json:"pricing_type"`
	Price       pos.Money          `json:"price_money"`
	UserData    string             `json:"user_data"`
	Overrides   []locationOverride `json:"location_overrides"`
}

type locationOverride struct {
	LocationID  string    `json:"location_id"`
	Price       pos.Money `json:"price_money"`
	PricingType string    `json:"pricing_type"`
	SoldOut     bool      `json:"sold_out"`
	SoldOutTill instant   `json:"sold_out_valid_until"`
}

type categoryData struct {
	Name string `json:"name"`
	Type string `json:"category_type"`
}

type discountData struct {
	Name       string    `json:"name"`
	Type       string    `json:"discount_type"`
	Percentage string    `json:"percentage"`
	Amount     pos.Money `json:"amount_money"`
	Maximum    pos.Money `json:"maximum_amount_money"`
}

type setData struct {
	Name string   `json:"name"`
	Any  []string `json:"product_ids_any"`
	All  bool     `json:"all_products"`
}

type ruleData struct {
	Name        string    `json:"name"`
	DiscountID  string    `json:"discount_id"`
	MatchID     string    `json:"match_products_id"`
	PeriodIDs   []string  `json:"time_period_ids"`
	FromDate    string    `json:"valid_from_date"`
	FromTime    string    `json:"valid_from_local_time"`
	UntilDate   string    `json:"valid_until_date"`
	UntilTime   string    `json:"valid_until_local_time"`
	MinSubtotal pos.Money `json:"minimum_order_subtotal_money"`
}

type periodData struct {
	Event string `json:"event"`
}
