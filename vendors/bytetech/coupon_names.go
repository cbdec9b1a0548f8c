package bytetech

import (
	"context"
	"log/slog"
	"time"
)

// couponNames remembers which discounts are coupons of ours: transactions
// name the discount only.
type couponNames struct {
	turn chan struct{} // held while looking or reading
	byID map[string]string
	read time.Time
}

// couponRetry is how soon an unknown discount makes us read them again.
const couponRetry = 5 * time.Minute

// couponsOf returns the coupon ids by discount id, after reading the discounts
// again if the transaction names one that is new. Without access to discounts
// sales are delivered all the same.
func (p *Provider) couponsOf(ctx context.Context, o *object) map[string]string {
	if !p.profile.Features.DiscountWrite || string(o.value(p.profile.Fields.Transaction.Discounts)) == "[]" {
		return nil
	}
	n := &p.coupons
	select {
	case n.turn <- struct{}{}:
		defer func() { <-n.turn }()
	case <-ctx.Done():
		return nil
	}
	unknown := false
	_ = o.each(p.profile.Fields.Transaction.Discounts, p.profile.shapes.applied, func(d *object) error { // read again by the caller
		if _, ok := n.byID[d.text(p.profile.Fields.Applied.ID)]; !ok {
			unknown = true
		}
		return nil
	})
	if !unknown || !n.read.IsZero() && time.Since(n.read) < couponRetry {
		return n.byID
	}
	f := p.profile.Fields.Discount
	byID := make(map[string]string)
	err := p.all(ctx, list{op: opListDiscounts, path: p.profile.path("discounts")}, p.profile.shapes.discount, func(d *object) error {
		key, _, _, _ := parseExternalID(d.text(f.ExternalID))
		byID[d.text(f.ID)] = key
		return nil
	})
	n.read = time.Now()
	if err != nil {
		p.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "discounts cannot be read, so sales do not name coupons", slog.String("vendor", Vendor), slog.Any("error", err))
		return n.byID
	}
	n.byID = byID // never changed once it is here
	return byID
}
