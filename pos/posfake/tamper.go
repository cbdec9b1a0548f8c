package posfake

// Tamperer is implemented by simulators in which other people can change our
// items by hand. It is apart from [Simulator] because some systems have no
// such thing.
type Tamperer interface {
	// Tamper changes one of our items as a person in the vendor's back office
	// or at the till would.
	Tamper(MenuEdit) error
	// Note returns what MenuEdit.Note last wrote into the item, or "" if that
	// is lost.
	Note(location, sku string) string
}

// MenuEdit is a manual change of one of our items. Zero fields stay as they
// are. Systems that keep one value for all locations change it for all.
type MenuEdit struct {
	Location  string `json:"location"`
	SKU       string `json:"sku"`
	Name      string `json:"name,omitempty"`
	Price     *int64 `json:"price,omitempty"` // minor units
	Available *bool  `json:"available,omitempty"`
	// Note goes into some field of the stored object that the SDK does not
	// manage, such as a kitchen name or a colour.
	Note string `json:"note,omitempty"`
}
