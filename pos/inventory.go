package pos

import (
	"encoding/json"
	"time"
)

// Stock is what a point of sale has of one item.
type Stock struct {
	Location string `json:"location"`
	// SKU is empty for things that match no SKU.
	SKU string `json:"sku"`
	// VendorID is the vendor's id of the item.
	VendorID string `json:"vendor_id,omitempty"`
	Name     string `json:"name,omitempty"`
	// OnHand is physically there, Committed is promised to customers, and
	// Available can be sold now. A count the system does not keep is "not
	// counted", which is not zero.
	OnHand    Count `json:"on_hand"`
	Available Count `json:"available"`
	Committed Count `json:"committed"`
	// InStock is for systems that know whether but not how much.
	InStock Tri `json:"in_stock"`
	// Lots are the packages by expiry where the system knows them.
	Lots []Lot `json:"lots,omitempty"`
	// CountedAt is when the system last counted or changed the figure.
	CountedAt time.Time       `json:"counted_at,omitzero"`
	Raw       json.RawMessage `json:"raw,omitempty"`
}

// Lot is a number of packages that expire together.
type Lot struct {
	ID string `json:"id,omitempty"`
	// Expires is the last day in the location's zone; "" means not known.
	Expires  Date     `json:"expires,omitempty"`
	Quantity Quantity `json:"quantity"`
}

// EarliestExpiry returns the first expiry among the lots, or "".
func (s Stock) EarliestExpiry() Date {
	var first Date
	for _, l := range s.Lots {
		if l.Expires != "" && l.Quantity > 0 && (first == "" || l.Expires < first) {
			first = l.Expires
		}
	}
	return first
}

// InventoryQuery asks for stock.
type InventoryQuery struct {
	// Locations are the points of sale; empty means all of the account. A
	// cursor belongs to the locations it was made for.
	Locations []string
	// After is empty for a full read; with the Next of an earlier page it
	// continues the read or, after its end, asks for what changed since.
	After Cursor
	// Limit is the most rows per page; 0 means the vendor's best.
	Limit int
	Raw   bool
}

// InventoryPage is a page of stock: one row per item and location.
type InventoryPage struct {
	Stock []Stock
	// Full says that the rows of this read, all pages together, are all there
	// is; otherwise they are what changed.
	Full bool
	Next Cursor
	More bool
}
