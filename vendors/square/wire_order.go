package square

// searchOrdersRequest reads the journal of up to ten locations.
//
//	op: POST /v2/orders/search https://developer.squareup.com/reference/square/orders-api/search-orders
type searchOrdersRequest struct {
	LocationIDs []string    `json:"location_ids"`
	Cursor      string      `json:"cursor,omitempty"`
	Limit       int         `json:"limit"`
	Query       ordersQuery `json:"query"`
}

type ordersQuery struct {
	Filter ordersFilter `json:"filter"`
	Sort   ordersSort   `json:"sort"`
}

type ordersFilter struct {
	DateTime ordersTimes `json:"date_time_filter"`
	State    orderStates `json:"state_filter"`
}

type ordersTimes struct {
	UpdatedAt timeRange `json:"updated_at"`
}

type timeRange struct {
	StartAt string `json:"start_at,omitempty"`
	EndAt   string `json:"end_at"`
}

type orderStates struct {
	States []string `json:"states"`
}

type ordersSort struct {
	Field string `json:"sort_field"`
	Order string `json:"sort_order"`
}

// retrieveOrdersRequest reads single orders; ids that do not exist are left
// out of the answer.
//
//	op: POST /v2/orders/batch-retrieve https://developer.squareup.com/reference/square/orders-api/batch-retrieve-orders
type retrieveOrdersRequest struct {
	OrderIDs []string `json:"order_ids"`
}

type order struct {
	ID         string        `json:"id"`
	LocationID string        `json:"location_id"`
	Source     orderSource   `json:"source"`
	State      string        `json:"state"`
	CreatedAt  instant       `json:"created_at"`
	UpdatedAt  instant       `json:"updated_at"`
	Lines      []orderLine   `json:"line_items"`
	Discounts  []discount    `json:"discounts"`
	Taxes      []tax         `json:"taxes"`
	Charges    []charge      `json:"service_charges"`
	Tenders    []tender      `json:"tenders"`
	Returns    []orderBack   `json:"returns"`
	Refunds    []refund      `json:"refunds"`
	Rounding   orderRounding `json:"rounding_adjustment"`
	Total      amount        `json:"total_money"`
	Tip        amount        `json:"total_tip_money"`
}

type orderSource struct {
	Name string `json:"name"`
}

type orderRounding struct {
	Amount amount `json:"amount_money"`
}

type orderLine struct {
	UID           string       `json:"uid"`
	Name          string       `json:"name"`
	VariationName string       `json:"variation_name"`
	ObjectID      string       `json:"catalog_object_id"`
	Quantity      string       `json:"quantity"`
	BasePrice     amount       `json:"base_price_money"`
	Gross         amount       `json:"gross_sales_money"`
	Discount      amount       `json:"total_discount_money"`
	Tax           amount       `json:"total_tax_money"`
	Charge        amount       `json:"total_service_charge_money"`
	Total         amount       `json:"total_money"`
	AppliedTaxes  []appliedTax `json:"applied_taxes"`
}

type appliedTax struct {
	TaxUID string `json:"tax_uid"`
	Amount amount `json:"applied_money"`
}

type discount struct {
	UID           string `json:"uid"`
	ObjectID      string `json:"catalog_object_id"`
	Name          string `json:"name"`
	Percentage    string `json:"percentage"`
	Applied       amount `json:"applied_money"`
	PricingRuleID string `json:"pricing_rule_id"`
}

type tax struct {
	UID        string `json:"uid"`
	ObjectID   string `json:"catalog_object_id"`
	Name       string `json:"name"`
	Type       string `json:"type"`
	Percentage string `json:"percentage"`
	Applied    amount `json:"applied_money"`
}

type charge struct {
	UID        string `json:"uid"`
	ObjectID   string `json:"catalog_object_id"`
	Name       string `json:"name"`
	Percentage string `json:"percentage"`
	Applied    amount `json:"applied_money"`
}

type tender struct {
	ID     string      `json:"id"`
	Type   string      `json:"type"`
	Note   string      `json:"note"`
	Amount amount      `json:"amount_money"`
	Tip    amount      `json:"tip_money"`
	Card   cardDetails `json:"card_details"`
}

type cardDetails struct {
	Status string `json:"status"`
	Card   card   `json:"card"`
}

type card struct {
	Brand string `json:"card_brand"`
	Last4 string `json:"last_4"`
}

// orderBack is what came back, on an order of its own.
type orderBack struct {
	SourceOrderID string       `json:"source_order_id"`
	Lines         []returnLine `json:"return_line_items"`
}

type returnLine struct {
	UID           string `json:"uid"`
	Name          string `json:"name"`
	VariationName string `json:"variation_name"`
	ObjectID      string `json:"catalog_object_id"`
	Quantity      string `json:"quantity"`
	BasePrice     amount `json:"base_price_money"`
	Gross         amount `json:"gross_return_money"`
	Discount      amount `json:"total_discount_money"`
	Tax           amount `json:"total_tax_money"`
	Total         amount `json:"total_money"`
}

type refund struct {
	ID            string  `json:"id"`
	TransactionID string  `json:"transaction_id"`
	Amount        amount  `json:"amount_money"`
	Reason        string  `json:"reason"`
	Status        string  `json:"status"`
	CreatedAt     instant `json:"created_at"`
}

// payment is a Payment, as far as it tells what its order does not.
//
//	op: GET /v2/payments https://developer.squareup.com/reference/square/payments-api/list-payments
type payment struct {
	ID          string             `json:"id"`
	Offline     offlineDetails     `json:"offline_payment_details"`
	Card        cardDetails        `json:"card_details"`
	Device      deviceDetails      `json:"device_details"`
	Application paymentApplication `json:"application_details"`
	Receipt     string             `json:"receipt_number"`
	CreatedAt   instant            `json:"created_at"`
}

type deviceDetails struct {
	ID string `json:"device_id"`
}

type paymentApplication struct {
	Product string `json:"square_product"`
}

type offlineDetails struct {
	CreatedAt instant `json:"client_created_at"`
}

type paymentsAnswer struct {
	Payments []payment `json:"payments"`
	Cursor   string    `json:"cursor"`
	Errors   []Detail  `json:"errors"`
}
