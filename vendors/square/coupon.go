package square

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// PushCoupons implements [pos.Provider]. It reads the catalogue in pages of
// 1,000 objects, writes all coupons that differ in one request, and deletes
// what is left over in one more.
//
// A coupon is a discount with a product set and a pricing rule, which the till
// applies by itself. Set and rule carry the coupon's id in their names. The
// content of a coupon is the same at all locations of a seller; where it holds
// is not. Validity is local time at the till, so locations in several zones
// get a rule for each local time.
//
// A coupon without SKUs or categories applies to everything the till sells,
// and one on a category to everything in it, whoever owns it.
func (p *Provider) PushCoupons(ctx context.Context, push pos.CouponPush) (pos.PushReport, error) {
	const op = "PushCoupons"
	if err := p.ready(op, pos.JobCoupons); err != nil {
		return pos.PushReport{}, err
	}
	if err := pos.ValidateCoupons(push.Coupons); err != nil {
		return pos.PushReport{}, err
	}
	if err := p.lock(ctx, op); err != nil {
		return pos.PushReport{}, err
	}
	defer p.unlock()
	all, targets, err := p.targets(ctx, op, push.Locations)
	if err != nil {
		return pos.PushReport{}, err
	}
	ids := make([]string, len(push.Coupons))
	for i := range push.Coupons {
		ids[i] = push.Coupons[i].ID
	}
	c := &couponPush{p: p, push: &push, where: newWhere(all, targets), report: kit.NewReport(ids, targets, push.DryRun)}
	if err := c.read(ctx); err != nil {
		return pos.PushReport{}, err
	}
	if err := c.plan(); err != nil {
		return pos.PushReport{}, err
	}
	err = c.write(ctx)
	return c.report.Push(), err
}

// couponPush is the work of one push.
type couponPush struct {
	p      *Provider
	push   *pos.CouponPush
	where  *where
	report *kit.Report
	latest time.Time

	ours       map[string]*ownCoupon // by coupon id
	variations map[string]string     // SKU to id, ours only
	categories map[string]string     // name to id
	edits      []*couponEdit
}

// stored is an object as it stands in the catalogue.
type stored struct {
	catalogObject
	raw jsontext.Value
}

// ownCoupon is a coupon of ours as it stands in the catalogue.
type ownCoupon struct {
	rules, sets, periods []*stored // ordered by id
	discount             *stored
	present              placeSet
}

// ids are the objects of the coupon, those that depend on others first.
func (o *ownCoupon) ids() []string {
	var ids []string
	for _, list := range [][]*stored{o.rules, o.sets, o.periods} {
		for _, s := range list {
			ids = append(ids, s.ID)
		}
	}
	if o.discount != nil {
		ids = append(ids, o.discount.ID)
	}
	return ids
}

// read reads what coupons are made of and what they can be about.
func (c *couponPush) read(ctx context.Context) (err error) {
	c.ours, c.variations, c.categories = make(map[string]*ownCoupon), make(map[string]string), make(map[string]string)
	others := make(map[string]*stored) // discounts and periods, which carry no mark
	seen := make(map[string]bool)      // an answer may hold an object twice
	c.latest, err = c.p.search(ctx, func(v *jsontext.Value) error {
		s := &stored{raw: *v}
		if err := kit.Unmarshal(*v, &s.catalogObject); err != nil {
			return err
		}
		if seen[s.ID] {
			return nil
		}
		seen[s.ID] = true
		switch s.Type {
		case typeItem:
			own, _, err := c.p.ownItem(*v, &s.catalogObject)
			if own != nil && (c.variations[own.sku] == "" || own.variation.ID < c.variations[own.sku]) {
				c.variations[own.sku] = own.variation.ID
			}
			return err
		case typeCategory:
			if s.Category.Type == "" || s.Category.Type == regularCategory {
				if id, taken := c.categories[s.Category.Name]; !taken || s.ID < id {
					c.categories[s.Category.Name] = s.ID
				}
			}
		case typeRule:
			if own := c.own(s.Rule.Name); own != nil {
				own.rules = append(own.rules, s)
			}
		case typeSet:
			if own := c.own(s.Set.Name); own != nil {
				own.sets = append(own.sets, s)
			}
		default:
			others[s.ID] = s
		}
		return nil
	}, typeItem, typeCategory, typeDiscount, typeSet, typeRule, typePeriod)
	for _, own := range c.ours {
		own.link(others)
		own.present = c.coverage(own)
	}
	return err
}

// own returns the coupon that the name belongs to, or nil.
func (c *couponPush) own(name string) *ownCoupon {
	id, ours := c.p.couponOf(name)
	if !ours {
		return nil
	}
	if c.ours[id] == nil {
		c.ours[id] = &ownCoupon{}
	}
	return c.ours[id]
}

// link finds discount and periods through the rules.
func (o *ownCoupon) link(others map[string]*stored) {
	byID := func(a, b *stored) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	}
	slices.SortFunc(o.rules, byID)
	slices.SortFunc(o.sets, byID)
	taken := make(map[string]bool)
	for _, r := range o.rules {
		if o.discount == nil {
			o.discount = others[r.Rule.DiscountID]
		}
		for _, id := range r.Rule.PeriodIDs {
			if s := others[id]; s != nil && !taken[id] {
				taken[id] = true
				o.periods = append(o.periods, s)
			}
		}
	}
	slices.SortFunc(o.periods, byID)
}

// coverage is where any of the coupon's rules holds.
func (c *couponPush) coverage(o *ownCoupon) placeSet {
	covered := make(placeSet, len(c.where.list))
	for _, r := range o.rules {
		for i, in := range c.where.presence(&r.catalogObject) {
			covered[i] = covered[i] || in
		}
	}
	return covered
}

// plan decides what becomes of every coupon and checks the limit.
func (c *couponPush) plan() error {
	pushed := make(map[string]bool, len(c.push.Coupons))
	for i := range c.push.Coupons {
		cp := &c.push.Coupons[i]
		pushed[cp.ID] = true
		if ps := c.refusals(cp); len(ps) > 0 {
			c.report.Add(pos.Outcome{
				Item: cp.ID, Locations: c.where.ids, Action: pos.Refused,
				Err: fail("PushCoupons", pos.KindUnsupported, ps),
			})
			continue
		}
		if err := c.edit(cp.ID, cp); err != nil {
			return err
		}
	}
	if c.push.Partial {
		return nil
	}
	inForce, withdrawn := 0, 0
	for _, id := range slices.Sorted(maps.Keys(c.ours)) {
		n := 0
		for i, in := range c.ours[id].present {
			if in && c.where.target[i] {
				n++
			}
		}
		inForce += n
		if pushed[id] || n == 0 {
			continue
		}
		withdrawn += n
		if err := c.edit(id, nil); err != nil {
			return err
		}
	}
	if err := pos.CheckWithdraw(withdrawn, inForce, c.push.MaxWithdraw); err != nil {
		return fail("PushCoupons", pos.KindWithdrawLimit, causeOf(err))
	}
	return nil
}

// refusals are all the reasons why Square cannot express a coupon.
func (c *couponPush) refusals(cp *pos.Coupon) pos.Problems {
	ps := c.p.describe.Capabilities.CheckCoupon(*cp)
	for i := range ps {
		if ps[i].Field == "Amount" {
			ps[i].Reason = "Square does not say whether a rule takes an amount off once per basket"
			ps[i].Nearest = "a percentage, or Config.AmountCoupons once a till was seen to do it right"
		}
	}
	refuse := func(field, at, reason string) {
		ps = append(ps, pos.Problem{Item: cp.ID, Field: field, Location: at, Reason: reason})
	}
	for _, sku := range cp.SKUs {
		if c.variations[sku] == "" {
			refuse("SKUs", "", fmt.Sprintf("no item of ours has the SKU %s: push the menu first", sku))
		}
	}
	for _, name := range cp.Categories {
		if c.categories[name] == "" {
			refuse("Categories", "", fmt.Sprintf("there is no category %q: push the menu first", name))
		}
	}
	for i := range c.where.list {
		l := &c.where.list[i]
		if !c.where.target[i] {
			continue
		}
		for _, m := range []struct {
			field string
			pos.Money
		}{{"Amount", cp.Amount}, {"MaxDiscount", cp.MaxDiscount}, {"MinSubtotal", cp.MinSubtotal}} {
			if !m.IsZero() && m.Currency != l.Currency {
				refuse(m.field, l.ID, fmt.Sprintf("is in %s, the location sells in %s", m.Currency, l.Currency))
			}
		}
		if _, err := zoneOf(l); err != nil && !(cp.Starts.IsZero() && cp.Ends.IsZero()) {
			refuse("Starts", l.ID, "the zone of the location is not known")
		}
	}
	return ps
}

// couponEdit is a coupon on its way to what it should be.
type couponEdit struct {
	unit
	id       string
	want     *pos.Coupon // nil takes it back
	outcomes []pos.Outcome
	surplus  []string // ids to delete once the rest is written
}

func (c *couponPush) edit(id string, want *pos.Coupon) error {
	e := &couponEdit{id: id, want: want}
	own := c.ours[id]
	if own == nil {
		own = &ownCoupon{present: make(placeSet, len(c.where.list))}
	}
	if err := c.build(e, own); err != nil {
		return err
	}
	e.rebuild = func(now map[string]jsontext.Value) error { return c.rebuild(e, own, now) }
	e.made = func(ids map[string]string) {
		for i := range e.outcomes {
			if id := ids[e.outcomes[i].VendorID]; id != "" {
				e.outcomes[i].VendorID = id
				c.p.catalog.put(id, known{coupon: e.id})
			}
		}
	}
	c.edits = append(c.edits, e)
	return nil
}

// rebuild plans a coupon again from what the catalogue holds now. Objects that
// are gone are made anew.
func (c *couponPush) rebuild(e *couponEdit, own *ownCoupon, now map[string]jsontext.Value) error {
	var broken error
	refresh := func(s *stored) bool { // reports that it is gone
		if !slices.Contains(e.ids, s.ID) {
			return false
		}
		raw, ok := now[s.ID]
		if !ok {
			return true
		}
		fresh := stored{raw: raw}
		if err := kit.Unmarshal(raw, &fresh.catalogObject); err != nil {
			broken = err
		}
		*s = fresh
		return false
	}
	own.rules = slices.DeleteFunc(own.rules, refresh)
	own.sets = slices.DeleteFunc(own.sets, refresh)
	own.periods = slices.DeleteFunc(own.periods, refresh)
	if own.discount != nil && refresh(own.discount) {
		own.discount = nil
	}
	if broken != nil {
		return broken
	}
	own.present = c.coverage(own)
	return c.build(e, own)
}

// write sends what is planned, deletes what is left over, and reports.
func (c *couponPush) write(ctx context.Context) error {
	var units []*unit
	var surplus []string
	for _, e := range c.edits {
		if len(e.objects) > 0 {
			units = append(units, &e.unit)
		}
		surplus = append(surplus, e.surplus...)
	}
	limits := c.p.limits(ctx)
	if c.push.DryRun {
		c.report.Wrote(len(grouped(units, limits.RequestObjects)) + parts(len(surplus), limits.DeleteIDs))
		return c.finish(ctx)
	}
	w := &writer{p: c.p, limits: limits, changeID: c.push.ChangeID, latest: c.latest, report: c.report}
	w.write(ctx, units)
	surplus = nil // of those that were written
	for _, e := range c.edits {
		if e.err == nil {
			surplus = append(surplus, e.surplus...)
		}
	}
	if err := w.remove(ctx, surplus); err != nil {
		for _, e := range c.edits {
			if e.err == nil && len(e.surplus) > 0 {
				e.err = err
			}
		}
	}
	return c.finish(ctx)
}

func (c *couponPush) finish(ctx context.Context) error {
	var whole error
	for _, e := range c.edits {
		if errors.Is(e.err, pos.ErrAuth) {
			whole = e.err
		}
		reportEdit(c.report, e.outcomes, e.err)
	}
	if err := ctx.Err(); err != nil {
		return fail("PushCoupons", pos.KindUnknown, err)
	}
	return whole
}
