package pos

import (
	"fmt"
	"slices"
	"time"
)

// Support says whether something works, and if not (or only in part), why.
type Support struct {
	// Level is "full", "partial" or "none".
	Level SupportLevel `json:"level"`
	// Why explains anything less than full support; Nearest names the closest
	// thing that is possible.
	Why     string `json:"why,omitempty"`
	Nearest string `json:"nearest,omitempty"`
}

// SupportLevel is a level of support.
type SupportLevel string

// The levels.
const (
	Full    SupportLevel = "full"
	Partial SupportLevel = "partial"
	None    SupportLevel = "none"
)

// OK reports whether the thing works at least in part.
func (s Support) OK() bool { return s.Level == Full || s.Level == Partial }

// Capabilities are what an account can do, computed from its configuration
// and credential. They are honest: what is declared works, what is not is
// refused with [ErrUnsupported] before any request.
type Capabilities struct {
	Menu      MenuCaps      `json:"menu"`
	Coupons   CouponCaps    `json:"coupons"`
	Status    StatusCaps    `json:"status"`
	Inventory InventoryCaps `json:"inventory"`
	Purchases PurchaseCaps  `json:"purchases"`
	Webhooks  WebhookCaps   `json:"webhooks"`
	// Deferred: pushes are completed later, when the system calls; they report
	// Pending until then.
	Deferred bool `json:"deferred,omitempty"`
}

// Job returns the support of a job.
func (c Capabilities) Job(j Job) Support {
	switch j {
	case JobMenu:
		return c.Menu.Support
	case JobCoupons:
		return c.Coupons.Support
	case JobStatus:
		return c.Status.Support
	case JobInventory:
		return c.Inventory.Support
	case JobPurchases:
		return c.Purchases.Support
	case JobAccount:
	}
	return Support{Level: None}
}

// MenuCaps are the abilities of job 1.
type MenuCaps struct {
	Support
	// LocationPrice and LocationAvailability: the item may differ by location.
	LocationPrice        bool `json:"location_price"`
	LocationAvailability bool `json:"location_availability"`
	// Fields are the names of the optional [Item] fields that are carried;
	// the others are reported in [Outcome.Notes].
	Fields []string `json:"fields,omitempty"`
	// BatchSize is how many items go into one write.
	BatchSize int `json:"batch_size,omitempty"`
}

// CouponCaps are the abilities of job 2.
type CouponCaps struct {
	Support
	Percent bool `json:"percent"`
	Amount  bool `json:"amount"`
	// Scopes of a coupon.
	WholeBasket   bool `json:"whole_basket"`
	SKUScope      bool `json:"sku_scope"`
	CategoryScope bool `json:"category_scope"`
	// Automatic: works without a code.
	Automatic bool `json:"automatic"`
	// MaxCodes is how many codes of ours one coupon can have, MaxGenerated how
	// many the system can make; 0 is none.
	MaxCodes     int `json:"max_codes"`
	MaxGenerated int `json:"max_generated"`
	// Constraints that the system enforces.
	MaxDiscount        bool `json:"max_discount"`
	MinSubtotal        bool `json:"min_subtotal"`
	Schedule           bool `json:"schedule"`
	MaxUses            bool `json:"max_uses"`
	MaxUsesPerCustomer bool `json:"max_uses_per_customer"`
	FirstPurchaseOnly  bool `json:"first_purchase_only"`
	NearExpiry         bool `json:"near_expiry"`
	Exclusive          bool `json:"exclusive"`
	// LocationScope: may hold at some locations only.
	LocationScope bool `json:"location_scope"`
	// Immutable: a change ends the coupon and creates another.
	Immutable bool `json:"immutable,omitempty"`
	// LocalTime: validity is local time of day at the point of sale, whole
	// seconds; an instant is translated for each time zone.
	LocalTime bool `json:"local_time,omitempty"`
}

// StatusCaps are the abilities of job 3: which fields of [Status] can be other
// than unknown.
type StatusCaps struct {
	Support
	Online      bool `json:"online"`
	Open        bool `json:"open"`
	Temperature bool `json:"temperature"`
	Door        bool `json:"door"`
	Devices     bool `json:"devices"`
	// Interval is how often asking makes sense.
	Interval time.Duration `json:"interval_ns,omitempty"`
}

// InventoryCaps are the abilities of job 4.
type InventoryCaps struct {
	Support
	// Counts: quantities, not just in stock or not. Lots: expiry. Changes: a
	// cursor reads only what changed.
	Counts    bool `json:"counts"`
	Committed bool `json:"committed"`
	Lots      bool `json:"lots"`
	Changes   bool `json:"changes"`
	// PerLocation is false where there is one figure for the whole account.
	PerLocation bool `json:"per_location"`
}

// PurchaseCaps are the abilities of job 5.
type PurchaseCaps struct {
	Support
	// MaxLocations is how many locations one query may name; 0 is no limit.
	// Callers with more keep one cursor for each group of locations.
	MaxLocations int `json:"max_locations,omitempty"`
	// Records: single records can be read after a notice.
	Records bool `json:"records"`
	// Refunds, Tips, Pending: these occur.
	Refunds bool `json:"refunds"`
	Tips    bool `json:"tips"`
	Pending bool `json:"pending"`
	Voids   bool `json:"voids"`
	// LateBy is how long after the sale a record may still arrive.
	LateBy time.Duration `json:"late_by_ns,omitempty"`
	// SettleTime is how long a record may change without telling, so that it
	// is read again.
	SettleTime time.Duration `json:"settle_time_ns,omitempty"`
	// History is how far back records can be read; 0 is without limit.
	History time.Duration `json:"history_ns,omitempty"`
	// DayTotals says whether the system states totals of its own for a business
	// day, read with [DayTotaler]. The zero value means that it does not.
	DayTotals Support `json:"day_totals,omitzero"`
}

// WebhookCaps are the notices that the vendor can send.
type WebhookCaps struct {
	Support
	Jobs []Job `json:"jobs,omitempty"`
}

// CheckMenu refuses what the system cannot express: a problem for each item
// and location. Nil means that all of it can be pushed.
func (c Capabilities) CheckMenu(m Menu) Problems {
	var ps Problems
	for i := range m.Items {
		ps = append(ps, c.CheckItem(m.Items[i])...)
	}
	return ps
}

// CheckItem is CheckMenu for one item.
func (c Capabilities) CheckItem(it Item) Problems {
	var ps Problems
	for _, o := range it.Overrides {
		if o.Price != nil && *o.Price != it.Price && !c.Menu.LocationPrice {
			ps = append(ps, Problem{it.SKU, "Overrides.Price", o.Location, "the system keeps one price for all locations", "one price, or an account for each price"})
		}
		if o.Unavailable && !c.Menu.LocationAvailability {
			ps = append(ps, Problem{it.SKU, "Overrides.Unavailable", o.Location, "the system keeps one availability for all locations", "take the item off sale everywhere"})
		}
	}
	return ps
}

// Uncarried returns a note for each optional field of the item that is set and
// that the system does not carry.
func (c Capabilities) Uncarried(it Item) []Problem {
	var notes []Problem
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"Description", it.Description != ""},
		{"Category", it.Category != ""},
		{"GTIN", it.GTIN != ""},
		{"ShelfLifeDays", it.ShelfLifeDays != 0},
		{"TaxExempt", it.TaxExempt},
		{"ImageURL", it.ImageURL != ""},
		{"Calories", it.Calories != 0},
		{"Allergens", len(it.Allergens) > 0},
		{"Diets", len(it.Diets) > 0},
	} {
		if f.set && !slices.Contains(c.Menu.Fields, f.name) {
			notes = append(notes, Problem{Item: it.SKU, Field: f.name, Reason: "not shown by this system"})
		}
	}
	return notes
}

// CheckCoupon refuses a coupon that the system cannot express in full, with
// every reason and the nearest thing that is possible. Nil means that nothing
// would be lost. A vendor adds what only it knows.
func (c Capabilities) CheckCoupon(cp Coupon) Problems {
	caps := c.Coupons
	var ps Problems
	refuse := func(asked, able bool, field, reason, nearest string) {
		if asked && !able {
			ps = append(ps, Problem{Item: cp.ID, Field: field, Reason: reason, Nearest: nearest})
		}
	}
	whole := len(cp.SKUs) == 0 && len(cp.Categories) == 0
	refuse(cp.Percent != 0, caps.Percent, "Percent", "the system has no percentage discounts", "an amount off")
	refuse(!cp.Amount.IsZero(), caps.Amount, "Amount", "the system has no amounts off", "a percentage")
	refuse(whole, caps.WholeBasket, "SKUs", "the system has no discounts on the whole basket", "name the items")
	refuse(len(cp.SKUs) > 0, caps.SKUScope, "SKUs", "the system cannot limit a discount to items", "the whole basket")
	refuse(len(cp.Categories) > 0, caps.CategoryScope, "Categories", "the system cannot limit a discount to categories", "name the items")
	refuse(cp.Automatic(), caps.Automatic, "Codes", "the system has no discounts without a code", "a code that staff know")
	switch n := len(cp.Codes); {
	case n > 0 && caps.MaxCodes == 0:
		refuse(true, false, "Codes", "the system has no coupon codes", nearestToCodes(caps))
	case n > caps.MaxCodes:
		refuse(true, false, "Codes", fmt.Sprintf("%d codes, the system takes %d for each coupon", n, caps.MaxCodes), "a coupon for each code")
	}
	refuse(cp.GenerateCodes > caps.MaxGenerated, false, "GenerateCodes", fmt.Sprintf("%d codes asked, the system generates at most %d", cp.GenerateCodes, caps.MaxGenerated), "several coupons")
	refuse(!cp.MaxDiscount.IsZero(), caps.MaxDiscount, "MaxDiscount", "the system cannot cap a percentage", "a percentage with MinSubtotal, or an amount off")
	refuse(!cp.MinSubtotal.IsZero(), caps.MinSubtotal, "MinSubtotal", "the system has no minimum purchase", "none: the discount would apply to every basket")
	refuse(len(cp.Schedule) > 0, caps.Schedule, "Schedule", "the system has no weekly hours for discounts", "push the coupon with Starts and Ends for each span")
	refuse(cp.MaxUses > 0 && !(cp.GenerateCodes > 0 && cp.MaxUses == 1), caps.MaxUses, "MaxUses", "the system does not limit redemptions", nearestToLimit(caps))
	refuse(cp.MaxUsesPerCustomer > 0, caps.MaxUsesPerCustomer, "MaxUsesPerCustomer", "the system does not count redemptions by customer", nearestToLimit(caps))
	refuse(cp.FirstPurchaseOnly, caps.FirstPurchaseOnly, "FirstPurchaseOnly", "the system does not know new customers", nearestToLimit(caps))
	refuse(cp.NearExpiryDays > 0, caps.NearExpiry, "NearExpiryDays", "the system does not know the expiry of packages", "push the coupon for the items that expire")
	refuse(cp.Exclusive, caps.Exclusive, "Exclusive", "the system cannot forbid combining coupons", "avoid coupons with overlapping scope")
	return ps
}

func nearestToCodes(c CouponCaps) string {
	if c.Automatic {
		return "the same discount without a code"
	}
	return ""
}

func nearestToLimit(c CouponCaps) string {
	if c.MaxGenerated > 0 {
		return "single-use codes with GenerateCodes"
	}
	return "end the coupon when enough were used"
}

// Groups splits locations into groups that one purchase query may name. Keep
// one cursor for each group, and put locations that come later into groups of
// their own: a cursor belongs to the locations it was made for.
func (c PurchaseCaps) Groups(locations []string) [][]string {
	if c.MaxLocations <= 0 || len(locations) == 0 {
		return [][]string{locations}
	}
	return slices.Collect(slices.Chunk(locations, c.MaxLocations))
}
