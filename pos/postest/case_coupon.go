package postest

import "github.com/farmacyfoods/pointofsale/pos"

var couponCases []proof

// promote puts a coupon on everything, where the system can, and returns the
// codes to give for it.
func (c *check) promote() []string {
	if !c.caps.Coupons.OK() {
		return nil
	}
	cp := c.plainCoupon("PT-ALL")
	report, err := c.p.PushCoupons(c.ctx, pos.CouponPush{Coupons: []pos.Coupon{cp}, Partial: true})
	c.must(err, "PushCoupons")
	c.must(report.Err(), "PushCoupons of a plain coupon")
	c.settle()
	if o, ok := report.At(cp.ID, c.ids()[0]); ok && len(o.Codes) > 0 {
		return o.Codes[:1]
	}
	return cp.Codes
}

// plainCoupon is the simplest coupon that the capabilities allow.
func (c *check) plainCoupon(id string) pos.Coupon {
	caps := c.caps.Coupons
	cp := pos.Coupon{ID: id, Name: "Spring " + id}
	if caps.Percent {
		cp.Percent = pos.Percent(15)
	} else {
		cp.Amount = c.money(120)
	}
	switch {
	case caps.WholeBasket:
	case caps.SKUScope:
		cp.SKUs = []string{"PT-0001", "PT-0002"}
	case caps.CategoryScope:
		cp.Categories = []string{"Bowls"}
	}
	switch {
	case caps.Automatic:
	case caps.MaxCodes > 0:
		cp.Codes = []string{id}
	case caps.MaxGenerated > 0:
		cp.GenerateCodes = 2
	}
	return cp
}
