package bytetech

import "strings"

// field says where a value stands in a vendor's object, as a dotted path. The
// zero field is one that is not delivered.
type field struct {
	path []string
	slot int // in objects of its group
}

// UnmarshalText reads a dotted path.
func (f *field) UnmarshalText(text []byte) error {
	f.path = nil
	if len(text) > 0 {
		f.path = strings.Split(string(text), ".")
	}
	return nil
}

func (f field) delivered() bool { return len(f.path) > 0 }

// String returns the dotted path.
func (f field) String() string { return strings.Join(f.path, ".") }

// fields are the groups of the profile: one for each kind of object.
type fields struct {
	Kiosk               kioskFields        `json:"kiosk"`
	Status              statusFields       `json:"status"`
	Antenna             antennaFields      `json:"antenna"`
	Category            categoryFields     `json:"category"`
	Product             productFields      `json:"product"`
	ProductReadOnly     []field            `json:"product_read_only"`
	Listing             listingFields      `json:"listing"`
	Batch               batchFields        `json:"batch"`
	Discount            discountFields     `json:"discount"`
	DiscountReadOnly    []field            `json:"discount_read_only"`
	CouponCode          couponCodeFields   `json:"coupon_code"`
	Inventory           inventoryFields    `json:"inventory"`
	Lot                 lotFields          `json:"lot"`
	Tag                 tagFields          `json:"tag"`
	Transaction         transactionFields  `json:"transaction"`
	TransactionPersonal []field            `json:"transaction_personal"`
	Line                lineFields         `json:"line"`
	Applied             appliedFields      `json:"applied"`
	Adjustment          adjustmentFields   `json:"adjustment"`
	Event               eventFields        `json:"event"`
	Subscription        subscriptionFields `json:"subscription"`
}

type kioskFields struct {
	ID       field `json:"id"`
	Name     field `json:"name"`
	Campus   field `json:"campus"`
	TimeZone field `json:"time_zone"`
	Currency field `json:"currency"`
	SalesTax field `json:"sales_tax"`
	Archived field `json:"archived"`
	Status   field `json:"status"`
}

type statusFields struct {
	Health          field `json:"health"`
	Issues          field `json:"issues"`
	LastHeartbeat   field `json:"last_heartbeat"`
	Mode            field `json:"mode"`
	OOSCode         field `json:"oos_code"`
	Temperature     field `json:"temperature"`
	TemperatureUnit field `json:"temperature_unit"`
	Measured        field `json:"measured"`
	Threshold       field `json:"threshold"`
	ThresholdUnit   field `json:"threshold_unit"`
	OutOfRangeSince field `json:"out_of_range_since"`
	Door            field `json:"door"`
	Locked          field `json:"locked"`
	Antennas        field `json:"antennas"`
	Started         field `json:"started"`
	LastRestock     field `json:"last_restock"`
	LastTransaction field `json:"last_transaction"`
}

type antennaFields struct {
	Reads field `json:"reads"`
}

type categoryFields struct {
	ID   field `json:"id"`
	Name field `json:"name"`
}

type productFields struct {
	ID          field `json:"id"`
	ExternalID  field `json:"external_id"`
	Name        field `json:"name"`
	Description field `json:"description"`
	Category    field `json:"category"`
	UPC         field `json:"upc"`
	Price       field `json:"price"`
	ShelfLife   field `json:"shelf_life_days"`
	Taxable     field `json:"taxable"`
	Image       field `json:"image"`
	Archived    field `json:"archived"`
}

type listingFields struct {
	Kiosk      field `json:"kiosk"`
	ExternalID field `json:"external_id"`
	Listed     field `json:"listed"`
	Price      field `json:"price"`
}

// batchFields are those of the bodies around batches and of their results.
type batchFields struct {
	Products     field `json:"products"`
	Listings     field `json:"listings"`
	Results      field `json:"results"`
	Index        field `json:"index"`
	Outcome      field `json:"outcome"`
	Product      field `json:"product"`
	ErrorCode    field `json:"error_code"`
	ErrorMessage field `json:"error_message"`
	ErrorField   field `json:"error_field"`
}

type discountFields struct {
	ID                field `json:"id"`
	ExternalID        field `json:"external_id"`
	Name              field `json:"name"`
	Kind              field `json:"kind"`
	ValueType         field `json:"value_type"`
	Percent           field `json:"percent"`
	Amount            field `json:"amount"`
	Starts            field `json:"starts"`
	Ends              field `json:"ends"`
	Products          field `json:"products"`
	Categories        field `json:"categories"`
	Kiosks            field `json:"kiosks"`
	Days              field `json:"days"`
	StartTime         field `json:"start_time"`
	EndTime           field `json:"end_time"`
	MaxExpirationDays field `json:"max_expiration_days"`
	CouponType        field `json:"coupon_type"`
	Code              field `json:"code"`
	CodeCount         field `json:"code_count"`
	Status            field `json:"status"`
}

type couponCodeFields struct {
	Code field `json:"code"`
}

type inventoryFields struct {
	Kiosk      field `json:"kiosk"`
	Product    field `json:"product"`
	ExternalID field `json:"external_id"`
	Name       field `json:"name"`
	Available  field `json:"available"`
	Expired    field `json:"expired"`
	Lots       field `json:"lots"`
	Counted    field `json:"counted"`
}

type lotFields struct {
	ID      field `json:"id"`
	Expires field `json:"expires"`
	Count   field `json:"count"`
}

type tagFields struct {
	EPC        field `json:"epc"`
	Product    field `json:"product"`
	ExternalID field `json:"external_id"`
	Lot        field `json:"lot"`
	Kiosk      field `json:"kiosk"`
	State      field `json:"state"`
	Stocked    field `json:"stocked"`
	Expires    field `json:"expires"`
	Seen       field `json:"seen"`
}

type transactionFields struct {
	ID               field `json:"id"`
	Kiosk            field `json:"kiosk"`
	Status           field `json:"status"`
	Revision         field `json:"revision"`
	Placed           field `json:"placed"`
	Recorded         field `json:"recorded"`
	Updated          field `json:"updated"`
	Currency         field `json:"currency"`
	Subtotal         field `json:"subtotal"`
	Discount         field `json:"discount"`
	Tax              field `json:"tax"`
	Total            field `json:"total"`
	Refunded         field `json:"refunded"`
	Lines            field `json:"lines"`
	Discounts        field `json:"discounts"`
	Adjustments      field `json:"adjustments"`
	PaymentType      field `json:"payment_type"`
	PaymentBrand     field `json:"payment_brand"`
	PaymentLast4     field `json:"payment_last4"`
	PaymentReference field `json:"payment_reference"`
}

type lineFields struct {
	ID         field `json:"id"`
	Product    field `json:"product"`
	ExternalID field `json:"external_id"`
	Name       field `json:"name"`
	Quantity   field `json:"quantity"`
	UnitPrice  field `json:"unit_price"`
	Gross      field `json:"gross"`
	Discount   field `json:"discount"`
	Tax        field `json:"tax"`
	EPCs       field `json:"epcs"`
	Expires    field `json:"expires"`
}

type appliedFields struct {
	ID     field `json:"id"`
	Name   field `json:"name"`
	Code   field `json:"code"`
	Amount field `json:"amount"`
}

type adjustmentFields struct {
	ID      field `json:"id"`
	Type    field `json:"type"`
	Amount  field `json:"amount"`
	Status  field `json:"status"`
	Created field `json:"created"`
	Reason  field `json:"reason"`
}

type subscriptionFields struct {
	ID      field `json:"id"`
	URL     field `json:"url"`
	Types   field `json:"types"`
	Enabled field `json:"enabled"`
	Secret  field `json:"secret"`
}

type eventFields struct {
	ID          field `json:"-"` // webhook.id_field
	Type        field `json:"-"` // webhook.type_field
	Created     field `json:"created"`
	Account     field `json:"account"`
	Kiosk       field `json:"kiosk"`
	Transaction field `json:"transaction"`
}
