package pos

import "time"

// Coupon is a promotion: a discount with the conditions under which it is
// given. Without codes it applies by itself, with codes when a customer gives
// one.
type Coupon struct {
	// ID is Farmacy's identity of the coupon, 1 to 64 printable ASCII
	// characters without spaces. Required.
	ID string `json:"id"`
	// Name is what customers read, at most 80 characters. Required.
	Name string `json:"name"`

	// Exactly one of Percent and Amount is set. Amount is taken off once per
	// basket, and never more than the goods in scope cost.
	Percent Rate  `json:"percent,omitempty"`
	Amount  Money `json:"amount,omitzero"`
	// MaxDiscount caps what a percentage gives per basket.
	MaxDiscount Money `json:"max_discount,omitzero"`

	// SKUs and Categories are the goods in scope; both empty means the whole
	// basket.
	SKUs       []string `json:"skus,omitempty"`
	Categories []string `json:"categories,omitempty"`

	// Codes are the codes that customers give, 3 to 32 of A-Z, 0-9 and '-'.
	Codes []string `json:"codes,omitempty"`
	// GenerateCodes asks the system for that many codes of its own, each good
	// for one use; they come back in [Outcome.Codes].
	GenerateCodes int `json:"generate_codes,omitempty"`

	// Starts and Ends bound the validity; the end is exclusive. A zero Starts
	// is now, a zero Ends never.
	Starts time.Time `json:"starts,omitzero"`
	Ends   time.Time `json:"ends,omitzero"`
	// Schedule narrows the validity to weekly hours in the location's zone.
	Schedule []Hours `json:"schedule,omitempty"`

	// MinSubtotal is what the whole basket must cost before discounts and tax.
	MinSubtotal Money `json:"min_subtotal,omitzero"`
	// MaxUses limits the redemptions of each code (or of a coupon without
	// codes), MaxUsesPerCustomer those by one customer; 0 is unlimited.
	MaxUses            int `json:"max_uses,omitempty"`
	MaxUsesPerCustomer int `json:"max_uses_per_customer,omitempty"`
	// FirstPurchaseOnly limits the coupon to new customers.
	FirstPurchaseOnly bool `json:"first_purchase_only,omitempty"`
	// NearExpiryDays, if positive, limits the coupon to packages that expire
	// within that many days.
	NearExpiryDays int `json:"near_expiry_days,omitempty"`
	// Exclusive forbids combining with other coupons in one basket.
	Exclusive bool `json:"exclusive,omitempty"`
}

// Automatic reports whether the coupon applies without a code.
func (c Coupon) Automatic() bool { return len(c.Codes) == 0 && c.GenerateCodes == 0 }

// InForce reports whether the coupon is valid at an instant at a location in
// the zone.
func (c Coupon) InForce(t time.Time, zone *time.Location) bool {
	if t.Before(c.Starts) || !c.Ends.IsZero() && !t.Before(c.Ends) {
		return false
	}
	for _, h := range c.Schedule {
		if h.Contains(t, zone) {
			return true
		}
	}
	return len(c.Schedule) == 0
}

// ValidateCoupons reports every problem of the coupons at once, as an [*Error]
// of kind invalid that holds [Problems].
func ValidateCoupons(coupons []Coupon) error {
	var ps Problems
	ids, codes := make(map[string]bool), make(map[string]string)
	for i := range coupons {
		c := &coupons[i]
		if ids[c.ID] {
			ps.add(reference(c.ID), "ID", "appears twice")
		}
		ids[c.ID] = true
		for _, code := range c.Codes {
			if owner, taken := codes[code]; taken {
				ps.add(reference(c.ID), "Codes", "code %q is already a code of %s", clip(code), reference(owner))
			}
			codes[code] = c.ID
		}
		c.check(&ps)
	}
	return invalid("ValidateCoupons", ps)
}

func (c *Coupon) check(ps *Problems) {
	item := reference(c.ID)
	if !validID(c.ID) {
		ps.add(item, "ID", "must be 1 to 64 printable ASCII characters without spaces")
	}
	checkText(ps, item, "Name", c.Name, 1, 80)
	c.checkDiscount(ps, item)
	for _, code := range c.Codes {
		if !validCode(code) {
			ps.add(item, "Codes", "code %q must be 3 to 32 of A-Z, 0-9 and '-'", clip(code))
		}
	}
	if c.GenerateCodes < 0 {
		ps.add(item, "GenerateCodes", "is negative")
	}
	if len(c.Codes) > 0 && c.GenerateCodes > 0 {
		ps.add(item, "GenerateCodes", "cannot be combined with Codes")
	}
	if c.GenerateCodes > 0 && c.MaxUses > 1 {
		ps.add(item, "MaxUses", "generated codes are good for one use")
	}
	if !c.Ends.IsZero() && !c.Starts.Before(c.Ends) {
		ps.add(item, "Ends", "is not after Starts")
	}
	for _, h := range c.Schedule {
		if h.From < 0 || h.From >= 1440 || h.To < 0 || h.To > 1440 || h.From == h.To {
			ps.add(item, "Schedule", "%s to %s is not a span of a day", h.From, h.To)
		}
		for _, d := range h.Days {
			if d < time.Sunday || d > time.Saturday {
				ps.add(item, "Schedule", "%d is not a day of the week", int(d))
			}
		}
	}
	for _, limit := range []struct {
		field string
		n     int64
	}{
		{"MaxUses", int64(c.MaxUses)},
		{"MaxUsesPerCustomer", int64(c.MaxUsesPerCustomer)},
		{"NearExpiryDays", int64(c.NearExpiryDays)},
		{"MinSubtotal", c.MinSubtotal.Amount},
	} {
		if limit.n < 0 {
			ps.add(item, limit.field, "is negative")
		}
	}
}

func (c *Coupon) checkDiscount(ps *Problems, item string) {
	switch percent, amount := c.Percent != 0, !c.Amount.IsZero(); {
	case percent == amount:
		ps.add(item, "Percent", "exactly one of Percent and Amount must be set")
	case percent && (c.Percent < 0 || c.Percent > Percent(100)):
		ps.add(item, "Percent", "%s is not between 0 and 100", c.Percent)
	case amount && (c.Amount.Amount <= 0 || !c.Amount.Currency.Valid()):
		ps.add(item, "Amount", "must be positive and have an ISO 4217 currency")
	}
	if !c.MaxDiscount.IsZero() {
		if c.Percent == 0 {
			ps.add(item, "MaxDiscount", "only caps a percentage")
		}
		if c.MaxDiscount.Amount <= 0 || !c.MaxDiscount.Currency.Valid() {
			ps.add(item, "MaxDiscount", "must be positive and have an ISO 4217 currency")
		}
	}
	if !c.MinSubtotal.IsZero() && !c.MinSubtotal.Currency.Valid() {
		ps.add(item, "MinSubtotal", "must have an ISO 4217 currency")
	}
	if other := c.Amount.Currency + c.MaxDiscount.Currency; other != "" && c.MinSubtotal.Currency != "" && other != c.MinSubtotal.Currency {
		ps.add(item, "MinSubtotal", "is in another currency than the discount")
	}
}

func validCode(s string) bool {
	if len(s) < 3 || len(s) > 32 {
		return false
	}
	for i := range len(s) {
		switch b := s[i]; {
		case b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-':
		default:
			return false
		}
	}
	return true
}
