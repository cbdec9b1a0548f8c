package squarefake

// order is an Order as the API answers it.
type order struct {
	ID            string         `json:"id,omitempty"`
	LocationID    string         `json:"location_id"`
	Source        *source        `json:"source,omitempty"`
	State         string         `json:"state,omitempty"`
	Version       int64          `json:"version,omitempty"` // only of orders made through the API
	CreatedAt     string         `json:"created_at,omitempty"`
	UpdatedAt     string         `json:"updated_at,omitempty"`
	ClosedAt      string         `json:"closed_at,omitempty"`
	LineItems     []lineItem     `json:"line_items,omitempty"`
	Discounts     []discountLine `json:"discounts,omitempty"`
	Taxes         []taxLine      `json:"taxes,omitempty"`
	Fulfillments  []fulfillment  `json:"fulfillments,omitempty"`
	Tenders       []tender       `json:"tenders,omitempty"`
	Returns       []orderReturn  `json:"returns,omitempty"`
	ReturnAmounts *amounts       `json:"return_amounts,omitempty"`
	NetAmounts    *amounts       `json:"net_amounts,omitempty"`
	Refunds       []tenderRefund `json:"refunds,omitempty"`

	TotalMoney         money `json:"total_money"`
	TotalTaxMoney      money `json:"total_tax_money"`
	TotalDiscountMoney money `json:"total_discount_money"`
	TotalTipMoney      money `json:"total_tip_money"`
	TotalServiceMoney  money `json:"total_service_charge_money"`
	NetAmountDueMoney  money `json:"net_amount_due_money"`
}

type source struct {
	Name string `json:"name"`
}

type fulfillment struct {
	UID   string `json:"uid"`
	Type  string `json:"type"`
	State string `json:"state"`
}

type lineItem struct {
	UID              string         `json:"uid"`
	CatalogObjectID  string         `json:"catalog_object_id,omitempty"`
	CatalogVersion   int64          `json:"catalog_version,omitempty"`
	Name             string         `json:"name,omitempty"`
	VariationName    string         `json:"variation_name,omitempty"`
	Quantity         string         `json:"quantity"`
	ItemType         string         `json:"item_type"`
	BasePrice        money          `json:"base_price_money"`
	VariationTotal   money          `json:"variation_total_price_money"`
	Gross            money          `json:"gross_sales_money"`
	TotalDiscount    money          `json:"total_discount_money"`
	TotalTax         money          `json:"total_tax_money"`
	TotalService     money          `json:"total_service_charge_money"`
	Total            money          `json:"total_money"`
	AppliedDiscounts []lineDiscount `json:"applied_discounts,omitempty"`
	AppliedTaxes     []appliedTax   `json:"applied_taxes,omitempty"`
}

type lineDiscount struct {
	UID         string `json:"uid"`
	DiscountUID string `json:"discount_uid"`
	Applied     money  `json:"applied_money"`
}

type appliedTax struct {
	UID     string `json:"uid"`
	TaxUID  string `json:"tax_uid"`
	Applied money  `json:"applied_money"`
}

type discountLine struct {
	UID             string `json:"uid"`
	SourceUID       string `json:"source_discount_uid,omitempty"` // in returns
	CatalogObjectID string `json:"catalog_object_id,omitempty"`
	CatalogVersion  int64  `json:"catalog_version,omitempty"`
	PricingRuleID   string `json:"pricing_rule_id,omitempty"`
	Name            string `json:"name"`
	Type            string `json:"type"`
	Percentage      string `json:"percentage,omitempty"`
	Amount          *money `json:"amount_money,omitempty"`
	Applied         money  `json:"applied_money"`
	Scope           string `json:"scope"`
}

type taxLine struct {
	UID        string `json:"uid"`
	SourceUID  string `json:"source_tax_uid,omitempty"` // in returns
	Name       string `json:"name"`
	Type       string `json:"type"`
	Percentage string `json:"percentage"`
	Applied    money  `json:"applied_money"`
	Scope      string `json:"scope"`
}

type tender struct {
	ID            string       `json:"id"`
	LocationID    string       `json:"location_id"`
	TransactionID string       `json:"transaction_id"`
	CreatedAt     string       `json:"created_at"`
	Note          string       `json:"note,omitempty"`
	Amount        money        `json:"amount_money"`
	Tip           *money       `json:"tip_money,omitempty"`
	Type          string       `json:"type"`
	Card          *cardDetails `json:"card_details,omitempty"`
	Cash          *tenderCash  `json:"cash_details,omitempty"`
	PaymentID     string       `json:"payment_id,omitempty"`
}

type cardDetails struct {
	Status      string `json:"status"`
	Card        *card  `json:"card,omitempty"`
	EntryMethod string `json:"entry_method,omitempty"`
}

type card struct {
	Brand string `json:"card_brand"`
	Last4 string `json:"last_4"`
}

type tenderCash struct {
	Tendered money `json:"buyer_tendered_money"`
	Change   money `json:"change_back_money"`
}

type amounts struct {
	Total    money `json:"total_money"`
	Tax      money `json:"tax_money"`
	Discount money `json:"discount_money"`
	Tip      money `json:"tip_money"`
	Service  money `json:"service_charge_money"`
}

type orderReturn struct {
	UID           string         `json:"uid"`
	SourceOrderID string         `json:"source_order_id,omitempty"`
	Lines         []returnLine   `json:"return_line_items,omitempty"`
	Discounts     []discountLine `json:"return_discounts,omitempty"`
	Taxes         []taxLine      `json:"return_taxes,omitempty"`
	Tips          []returnTip    `json:"return_tips,omitempty"`
	Amounts       amounts        `json:"return_amounts"`
}

type returnLine struct {
	UID              string         `json:"uid"`
	SourceUID        string         `json:"source_line_item_uid,omitempty"`
	CatalogObjectID  string         `json:"catalog_object_id,omitempty"`
	CatalogVersion   int64          `json:"catalog_version,omitempty"`
	Name             string         `json:"name,omitempty"`
	VariationName    string         `json:"variation_name,omitempty"`
	Quantity         string         `json:"quantity"`
	ItemType         string         `json:"item_type"`
	BasePrice        money          `json:"base_price_money"`
	VariationTotal   money          `json:"variation_total_price_money"`
	Gross            money          `json:"gross_return_money"`
	TotalTax         money          `json:"total_tax_money"`
	TotalDiscount    money          `json:"total_discount_money"`
	Total            money          `json:"total_money"`
	AppliedDiscounts []lineDiscount `json:"applied_discounts,omitempty"`
	AppliedTaxes     []appliedTax   `json:"applied_taxes,omitempty"`
}

type returnTip struct {
	UID            string `json:"uid"`
	Applied        money  `json:"applied_money"`
	SourceTenderID string `json:"source_tender_id"`
}

type tenderRefund struct {
	ID            string `json:"id"`
	LocationID    string `json:"location_id"`
	TransactionID string `json:"transaction_id"`
	TenderID      string `json:"tender_id"`
	CreatedAt     string `json:"created_at"`
	Reason        string `json:"reason"`
	Amount        money  `json:"amount_money"`
	Status        string `json:"status"`
}

// payment is a Payment as the API answers it.
type payment struct {
	ID           string              `json:"id"`
	CreatedAt    string              `json:"created_at"`
	UpdatedAt    string              `json:"updated_at"`
	Amount       money               `json:"amount_money"`
	Tip          *money              `json:"tip_money,omitempty"`
	Total        money               `json:"total_money"`
	Refunded     *money              `json:"refunded_money,omitempty"`
	Status       string              `json:"status"`
	SourceType   string              `json:"source_type"`
	Card         *paymentCard        `json:"card_details,omitempty"`
	Cash         *paymentCash        `json:"cash_details,omitempty"`
	LocationID   string              `json:"location_id"`
	OrderID      string              `json:"order_id"`
	RefundIDs    []string            `json:"refund_ids,omitempty"`
	Note         string              `json:"note,omitempty"`
	Receipt      string              `json:"receipt_number,omitempty"`
	Device       *deviceDetails      `json:"device_details,omitempty"`
	Application  *applicationDetails `json:"application_details,omitempty"`
	Offline      bool                `json:"is_offline_payment,omitempty"`
	OfflineAt    *offlineDetails     `json:"offline_payment_details,omitempty"`
	VersionToken string              `json:"version_token,omitempty"`
}

type paymentCard struct {
	Status      string `json:"status"`
	Card        card   `json:"card"`
	EntryMethod string `json:"entry_method"`
}

type paymentCash struct {
	Supplied money `json:"buyer_supplied_money"`
	Change   money `json:"change_back_money"`
}

type deviceDetails struct {
	ID             string `json:"device_id,omitempty"`
	InstallationID string `json:"device_installation_id,omitempty"`
	Name           string `json:"device_name,omitempty"`
}

type applicationDetails struct {
	Product string `json:"square_product"`
}

type offlineDetails struct {
	ClientCreatedAt string `json:"client_created_at"`
}

// paymentRefund is a PaymentRefund as the API answers it.
type paymentRefund struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	LocationID string `json:"location_id"`
	Unlinked   bool   `json:"unlinked"`
	Type       string `json:"destination_type"`
	Amount     money  `json:"amount_money"`
	PaymentID  string `json:"payment_id"`
	OrderID    string `json:"order_id"`
	Reason     string `json:"reason,omitempty"`
	CreatedAt  string `json:"created_at"`
	UpdatedAt  string `json:"updated_at"`
}
