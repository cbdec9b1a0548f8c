package quickbooksdesktop

import (
	"context"

	"github.com/farmacyfoods/pointofsale/pos"
)

// PushCoupons implements [pos.Provider]: it is not supported. A discount item
// of QuickBooks is a rate with a name that a cashier may pick; it has neither
// code nor window nor conditions, so that nothing of a coupon is enforced.
func (p *Provider) PushCoupons(context.Context, pos.CouponPush) (pos.PushReport, error) {
	s := p.capabilities().Coupons
	return pos.PushReport{}, pos.Unsupported(Vendor, "PushCoupons", s.Why, s.Nearest)
}
