package posfake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

// couponBatch is how many coupons go into one write.
const couponBatch = 50

// PushCoupons implements [pos.Provider].
func (f *Fake) PushCoupons(ctx context.Context, push pos.CouponPush) (pos.PushReport, error) {
	if err := f.supported(pos.JobCoupons, "PushCoupons"); err != nil {
		return pos.PushReport{}, err
	}
	if err := pos.ValidateCoupons(push.Coupons); err != nil {
		return pos.PushReport{}, err
	}
	if all, changes := f.refuseCoupons(push); all {
		return pos.PushReport{DryRun: push.DryRun, Outcomes: grouped(changes)}, nil
	}
	var changes []change
	err := f.call(ctx, "ReadCoupons", false, func() (err error) {
		changes, err = f.planCoupons(push)
		return err
	})
	if err != nil {
		return pos.PushReport{}, err
	}
	return f.execute(ctx, "WriteCoupons", couponBatch, changes, push.DryRun), nil
}

// refuseCoupons reports without a request a push of which nothing can be done.
func (f *Fake) refuseCoupons(push pos.CouponPush) (all bool, changes []change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	places, err := f.scope("PushCoupons", push.Locations, false)
	if err != nil || !push.Partial || len(push.Coupons) == 0 {
		return false, nil
	}
	for _, c := range push.Coupons {
		err := f.refusedCoupon(c, push.Locations)
		if err == nil {
			return false, nil
		}
		for _, p := range places {
			changes = append(changes, change{item: c.ID, location: p.ID, action: pos.Refused, err: err})
		}
	}
	return true, changes
}

func (f *Fake) refusedCoupon(c pos.Coupon, locations []string) error {
	ps := f.caps.CheckCoupon(c)
	if len(locations) > 0 && !f.caps.Coupons.LocationScope {
		ps = append(ps, pos.Problem{Item: c.ID, Field: "Locations", Reason: "the system's discounts hold at all locations", Nearest: "push it to all"})
	}
	if ps == nil {
		return nil
	}
	return f.failure("PushCoupons", pos.KindUnsupported, ps)
}

func (f *Fake) planCoupons(push pos.CouponPush) ([]change, error) {
	places, err := f.scope("PushCoupons", push.Locations, false)
	if err != nil {
		return nil, err
	}
	var changes []change
	wanted := make(map[string]bool)
	for _, cp := range push.Coupons {
		wanted[cp.ID] = true
		refused := f.refusedCoupon(cp, push.Locations)
		for _, p := range places {
			c := change{item: cp.ID, location: p.ID, action: pos.Refused, err: refused}
			if refused == nil {
				f.planCoupon(&c, p, cp)
			}
			changes = append(changes, c)
		}
	}
	if push.Partial {
		return changes, nil
	}
	inForce, withdrawn := 0, 0
	gone := make(map[string][]change)
	for _, p := range places {
		for id := range p.coupons {
			inForce++
			if wanted[id] {
				continue
			}
			withdrawn++
			gone[id] = append(gone[id], change{item: id, location: p.ID, action: pos.Withdrawn, apply: func() { delete(p.coupons, id) }})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		changes = append(changes, gone[id]...)
	}
	return changes, f.checkWithdraw("PushCoupons", withdrawn, inForce, push.MaxWithdraw)
}

func (f *Fake) planCoupon(c *change, p *place, want pos.Coupon) {
	want = settled(want)
	c.codes = generated(want)
	have, ok := p.coupons[want.ID]
	if !ok {
		c.action = pos.Created
	} else {
		c.fields = changed(have, want)
		c.action = pos.Updated
		if len(c.fields) == 0 {
			c.action = pos.Unchanged
			return
		}
	}
	c.apply = func() { p.coupons[want.ID] = want }
}

// settled brings a coupon into the form in which it is compared.
func settled(c pos.Coupon) pos.Coupon {
	c.Starts, c.Ends = c.Starts.UTC(), c.Ends.UTC()
	c.SKUs, c.Categories, c.Codes = slices.Clone(c.SKUs), slices.Clone(c.Categories), slices.Clone(c.Codes)
	c.Schedule = slices.Clone(c.Schedule)
	return c
}

// generated returns the codes that the system makes for a coupon.
func generated(c pos.Coupon) []string {
	var codes []string
	tag := strings.ToUpper(checksum(c.ID))
	for i := range c.GenerateCodes {
		codes = append(codes, fmt.Sprintf("G-%s-%04d", tag, i+1))
	}
	return codes
}

// quote prices a basket at a location with the coupons that are not used up.
// It returns the uses to book once the sale is made.
func (t *till) quote(p *place, b pos.Basket) (pos.Quote, []string, error) {
	var offered []pos.Coupon
	for _, id := range slices.Sorted(maps.Keys(p.coupons)) {
		c := p.coupons[id]
		if c.GenerateCodes > 0 {
			c.Codes, c.GenerateCodes, c.MaxUses = generated(c), 0, 1
		}
		if c.Automatic() {
			if c.MaxUses == 0 || t.uses[useKey(c.ID, "")] < c.MaxUses {
				offered = append(offered, c)
			}
			continue
		}
		c.Codes = slices.DeleteFunc(slices.Clone(c.Codes), func(code string) bool {
			return c.MaxUses > 0 && t.uses[useKey(c.ID, code)] >= c.MaxUses
		})
		if len(c.Codes) > 0 {
			offered = append(offered, c)
		}
	}
	q, err := pos.Price(b, offered)
	if err != nil {
		return pos.Quote{}, nil, err
	}
	var used []string
	for _, part := range q.Parts {
		if key := useKey(part.Coupon, part.Code); !slices.Contains(used, key) {
			used = append(used, key)
		}
	}
	return q, used, nil
}

func useKey(coupon, code string) string { return coupon + "\x00" + code }
