package bytetech

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Kinds of discounts, of their values and of coupons.
const (
	kindStandard    = "standard"
	kindHappyHour   = "happy_hour"
	kindShelfLife   = "shelf_life"
	kindCoupon      = "coupon"
	valuePercent    = "percent"
	valueAmount     = "amount"
	couponReusable  = "reusable"
	couponSingleUse = "single_use"
	discountEnded   = "ended"
)

func (p *Provider) couponCaps() pos.CouponCaps {
	f := p.profile.Features
	if !f.DiscountWrite {
		return pos.CouponCaps{Support: pos.Support{Level: pos.None, Why: "the profile does not confirm that discounts can be created by API", Nearest: "create them in the dashboard"}}
	}
	return pos.CouponCaps{
		Support: pos.Support{Level: pos.Partial, Why: "no minimum purchase, no cap, no limit on uses or customers", Nearest: "single-use codes with GenerateCodes"},
		Percent: true, Amount: true, WholeBasket: true, SKUScope: true, CategoryScope: true, Automatic: true,
		MaxCodes: 1, MaxGenerated: p.profile.Limits.GeneratedCodes,
		Schedule: p.profile.Fields.Discount.StartTime.delivered(), NearExpiry: p.profile.Fields.Discount.MaxExpirationDays.delivered(),
		LocationScope: p.profile.Fields.Discount.Kiosks.delivered(), Immutable: true,
	}
}

// PushCoupons implements [pos.Provider]. A coupon becomes one discount, which
// the vendor never lets anybody change: other terms or other kiosks end it and
// create another. The external id of a discount is the coupon's id, a
// generation and a print of the terms, by which it is recognised.
//
// A discount with a code is ended before its successor with the same code is
// created, so that the code does not work for a moment; the outcome says so.
func (p *Provider) PushCoupons(ctx context.Context, push pos.CouponPush) (pos.PushReport, error) {
	if p.client == nil {
		return pos.PushReport{}, p.noREST("PushCoupons")
	}
	if caps := p.couponCaps(); !caps.OK() {
		return pos.PushReport{}, pos.Unsupported(Vendor, "PushCoupons", caps.Why, caps.Nearest)
	}
	if err := pos.ValidateCoupons(push.Coupons); err != nil {
		return pos.PushReport{}, err
	}
	c := &couponPush{Provider: p, push: push}
	if err := c.prepare(ctx); err != nil {
		return pos.PushReport{}, err
	}
	c.plan()
	if err := c.checkWithdraw(); err != nil {
		return pos.PushReport{}, err
	}
	return c.execute(ctx)
}

// couponPush is the work of one PushCoupons call.
type couponPush struct {
	*Provider
	push       pos.CouponPush
	report     *kit.Report
	byID       map[string]pos.Location
	active     []string
	kiosks     []string // pushed and active
	all        bool     // the push is for the whole account
	now        time.Time
	have       map[string][]*discount // ours, by key of the coupon's id
	products   map[string]string      // SKU to product id
	categories map[string]string      // name to id
	plans      []*couponPlan
}

// discount is what the vendor has.
type discount struct {
	id         string
	generation int
	print      string
	kiosks     []string // empty: all
	ended      bool
	single     bool // has single-use codes
	coded      bool // has a code of ours
	raw        []byte
}

// couponPlan is what is to be done about one coupon.
type couponPlan struct {
	coupon *pos.Coupon // nil for one that is withdrawn
	item   string
	at     []string // pushed kiosks that the outcome is about
	old    []*discount
	body   document // to be created, nil if nothing is
	extID  string
	// endFirst: the old discount has the code that the new one needs.
	endFirst bool
	action   pos.Action
	fields   []string
	notes    []pos.Problem
}

// prepare reads what is there.
func (c *couponPush) prepare(ctx context.Context) error {
	asked, byID, active, err := c.targets(ctx, c.push.Locations)
	if err != nil {
		return err
	}
	c.byID, c.active, c.all, c.now = byID, active, len(c.push.Locations) == 0, c.client.Now()
	ids := make([]string, len(c.push.Coupons))
	for i := range c.push.Coupons {
		ids[i] = c.push.Coupons[i].ID
	}
	c.report = kit.NewReport(ids, asked, c.push.DryRun)
	for _, kiosk := range asked {
		if l, known := byID[kiosk]; known && !l.Closed {
			c.kiosks = append(c.kiosks, kiosk)
			continue
		}
		for _, id := range ids {
			c.report.Add(pos.Outcome{Item: id, Locations: []string{kiosk}, Action: pos.Refused, Err: p404(kiosk, "PushCoupons")})
		}
	}
	if err := c.readDiscounts(ctx); err != nil {
		return err
	}
	return c.readScopes(ctx)
}

// readDiscounts reads all discounts and keeps ours.
func (c *couponPush) readDiscounts(ctx context.Context) error {
	f := c.profile.Fields.Discount
	c.have = make(map[string][]*discount)
	return c.Provider.all(ctx, list{op: opListDiscounts, path: c.profile.path("discounts")}, c.profile.shapes.discount, func(o *object) error {
		key, generation, mark, ok := parseExternalID(o.text(f.ExternalID))
		if !ok {
			return nil
		}
		ended := c.meaning("discount_status", o.text(f.Status)) == discountEnded
		if ends := o.instant(f.Ends); !ends.IsZero() && !c.now.Before(ends) {
			ended = true
		}
		c.have[key] = append(c.have[key], &discount{
			id: o.text(f.ID), generation: generation, print: mark, kiosks: o.texts(f.Kiosks), ended: ended, raw: slices.Clone(o.raw),
			single: c.meaning("coupon_type", o.text(f.CouponType)) == couponSingleUse, coded: o.has(f.Code),
		})
		return nil
	})
}

// readScopes reads the ids of products and categories, if a coupon names some.
func (c *couponPush) readScopes(ctx context.Context) error {
	skus, categories := false, false
	for i := range c.push.Coupons {
		skus = skus || len(c.push.Coupons[i].SKUs) > 0
		categories = categories || len(c.push.Coupons[i].Categories) > 0
	}
	if skus {
		f := c.profile.Fields.Product
		c.products = make(map[string]string)
		err := c.Provider.all(ctx, list{op: opListProducts, path: c.profile.path("products")}, c.profile.shapes.product, func(o *object) error {
			c.products[o.text(f.ExternalID)] = o.text(f.ID)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if categories {
		f := c.profile.Fields.Category
		c.categories = make(map[string]string)
		return c.Provider.all(ctx, list{op: opListCategories, path: c.profile.path("categories")}, c.profile.shapes.category, func(o *object) error {
			c.categories[o.text(f.Name)] = o.text(f.ID)
			return nil
		})
	}
	return nil
}

// plan decides what to create and end.
func (c *couponPush) plan() {
	pushed := make(map[string]bool, len(c.push.Coupons))
	for i := range c.push.Coupons {
		cp := &c.push.Coupons[i]
		pushed[couponKey(cp.ID)] = true
		if len(c.kiosks) > 0 {
			c.planCoupon(cp)
		}
	}
	if c.push.Partial {
		return
	}
	for _, key := range sortedKeys(c.have) {
		if !pushed[key] {
			c.planWithdrawal(key)
		}
	}
}

func (c *couponPush) planCoupon(cp *pos.Coupon) {
	if ps := c.refusals(cp); len(ps) > 0 {
		c.refuse(cp, ps)
		return
	}
	key, mark := couponKey(cp.ID), couponPrint(cp)
	old := c.inForce(key)
	plan := &couponPlan{coupon: cp, item: cp.ID, at: c.kiosks, old: old, action: pos.Created}
	kiosks := c.push.Locations
	if !c.all {
		kiosks = c.kiosks
	}
	switch {
	case len(old) > 0 && old[0].print == mark:
		if c.covers(old[0], c.kiosks) && (!c.all || len(old[0].kiosks) == 0) && len(old) == 1 {
			plan.action = pos.Unchanged
			c.plans = append(c.plans, plan)
			return
		}
		if old[0].single {
			c.refuse(cp, pos.Problems{{Item: cp.ID, Reason: "other kiosks would need other codes: generated codes end with their discount", Nearest: "another coupon id for the further kiosks"}})
			return
		}
		if !c.all {
			kiosks = c.union(old[0], c.kiosks)
		}
		plan.action, plan.fields = pos.Updated, []string{"Locations"}
	case len(old) > 0:
		if rest := c.without(old[0], c.kiosks); len(rest) > 0 {
			c.refuse(cp, pos.Problems{{Item: cp.ID, Reason: "is in force at kiosks outside this push with other terms, and the system has one set of terms for each coupon", Nearest: "push the change to all kiosks, or use another coupon id"}})
			return
		}
		plan.action, plan.fields = pos.Updated, []string{"Terms"}
	case !cp.Ends.IsZero() && !c.now.Before(cp.Ends):
		plan.action = pos.Unchanged // it is over, there is nothing to put up
		c.plans = append(c.plans, plan)
		return
	}
	c.compose(plan, key, mark, kiosks)
	if len(old) > 0 && len(cp.Codes) > 0 {
		plan.notes = []pos.Problem{{Item: cp.ID, Field: "Codes", Reason: "discounts cannot be changed: the old one ends before the new one starts, and the code does not work for a moment between"}}
	}
	c.plans = append(c.plans, plan)
}

// compose makes the discount to create.
func (c *couponPush) compose(plan *couponPlan, key, mark string, kiosks []string) {
	plan.extID = externalID(key, c.generation(key), mark)
	plan.body = c.document(plan.coupon, plan.extID, kiosks)
	plan.endFirst = len(plan.coupon.Codes) > 0
}

// generation numbers the discounts of a coupon: external ids are never used again.
func (c *couponPush) generation(key string) int {
	last := 0
	for _, d := range c.have[key] {
		last = max(last, d.generation)
	}
	return last + 1
}

// planWithdrawal takes a coupon that left the push off the pushed kiosks.
func (c *couponPush) planWithdrawal(key string) {
	old := c.inForce(key)
	if len(old) == 0 {
		return
	}
	plan := &couponPlan{item: key, old: old, action: pos.Withdrawn}
	for _, k := range c.kiosks {
		if slices.ContainsFunc(old, func(d *discount) bool { return c.covers(d, []string{k}) }) {
			plan.at = append(plan.at, k)
		}
	}
	if len(plan.at) == 0 {
		return
	}
	rest := c.without(old[0], c.kiosks)
	if len(rest) > 0 && old[0].single {
		err := &pos.Error{Vendor: Vendor, Op: "PushCoupons", Kind: pos.KindUnsupported, Err: pos.Problems{{
			Item: key, Reason: "fewer kiosks would need other codes: generated codes end with their discount", Nearest: "withdraw the coupon everywhere",
		}}}
		c.report.Add(pos.Outcome{Item: key, Locations: plan.at, Action: pos.Refused, VendorID: old[0].id, Err: err})
		return
	}
	if len(rest) > 0 {
		c.narrow(plan, key, rest)
	}
	c.plans = append(c.plans, plan)
}

// narrow makes a copy of a discount for fewer kiosks.
func (c *couponPush) narrow(plan *couponPlan, key string, kiosks []string) {
	old := plan.old[0]
	d, err := decodeDocument(old.raw)
	if err != nil { // it was read before
		return
	}
	for _, f := range c.profile.Fields.DiscountReadOnly {
		d.remove(f)
	}
	plan.extID = externalID(key, c.generation(key), old.print)
	d.set(c.profile.Fields.Discount.ExternalID, plan.extID)
	d.set(c.profile.Fields.Discount.Kiosks, kiosks)
	plan.body, plan.endFirst = d, old.coded
}

func (c *couponPush) refuse(cp *pos.Coupon, ps pos.Problems) {
	c.report.Add(pos.Outcome{Item: cp.ID, Locations: c.kiosks, Action: pos.Refused, Err: &pos.Error{Vendor: Vendor, Op: "PushCoupons", Kind: pos.KindUnsupported, Err: ps}})
}

// inForce returns the discounts of a coupon that have not ended, newest first.
func (c *couponPush) inForce(key string) []*discount {
	var live []*discount
	for _, d := range c.have[key] {
		if !d.ended {
			live = append(live, d)
		}
	}
	slices.SortFunc(live, func(a, b *discount) int { return b.generation - a.generation })
	return live
}

// covers reports whether a discount holds at all these kiosks.
func (c *couponPush) covers(d *discount, kiosks []string) bool {
	if len(d.kiosks) == 0 {
		return true
	}
	return !slices.ContainsFunc(kiosks, func(k string) bool { return !slices.Contains(d.kiosks, k) })
}

// without returns the active kiosks at which a discount holds, less some.
func (c *couponPush) without(d *discount, kiosks []string) []string {
	var rest []string
	for _, k := range c.active {
		if !slices.Contains(kiosks, k) && c.covers(d, []string{k}) {
			rest = append(rest, k)
		}
	}
	return rest
}

func (c *couponPush) union(d *discount, kiosks []string) []string {
	all := slices.Concat(d.kiosks, kiosks)
	slices.Sort(all)
	return slices.Compact(all)
}

// checkWithdraw stops a push that ends too many coupons.
func (c *couponPush) checkWithdraw() error {
	withdrawn, onSale := 0, 0
	for _, plan := range c.plans {
		if plan.action == pos.Withdrawn {
			withdrawn += len(plan.at)
		}
		if len(plan.old) > 0 {
			onSale += len(plan.at)
		}
	}
	err := pos.CheckWithdraw(withdrawn, onSale, c.push.MaxWithdraw)
	if e, ok := errors.AsType[*pos.Error](err); ok {
		e.Vendor, e.Op = Vendor, "PushCoupons"
	}
	return err
}

// execute carries the plan out, or counts its requests in a dry run.
func (c *couponPush) execute(ctx context.Context) (pos.PushReport, error) {
	var first error
	done := false
	for _, plan := range c.plans {
		o := pos.Outcome{Item: plan.item, Locations: plan.at, Action: plan.action, Fields: plan.fields, Notes: plan.notes}
		if len(plan.old) > 0 {
			o.VendorID = plan.old[0].id
		}
		if err := c.carryOut(ctx, plan, &o); err != nil {
			o.Action, o.Err = pos.Failed, err
			if first == nil && !done && errors.Is(err, pos.ErrAuth) {
				first = err
			}
		} else {
			done = done || plan.action != pos.Unchanged
		}
		c.report.Add(o)
	}
	return c.report.Push(), first
}

func (c *couponPush) carryOut(ctx context.Context, plan *couponPlan, o *pos.Outcome) error {
	if plan.action == pos.Unchanged {
		return c.codes(ctx, plan, o)
	}
	if plan.endFirst || plan.body == nil {
		if err := c.endAll(ctx, plan.old); err != nil {
			return err
		}
	}
	if plan.body == nil {
		return nil
	}
	id, err := c.createDiscount(ctx, plan)
	if err != nil {
		return err
	}
	o.VendorID = id
	if !plan.endFirst {
		if err := c.endAll(ctx, plan.old); err != nil {
			return err
		}
	}
	return c.codes(ctx, plan, o)
}

func (c *couponPush) endAll(ctx context.Context, old []*discount) error {
	for _, d := range old {
		c.report.Wrote(1)
		if c.push.DryRun {
			continue
		}
		r := kit.Request{Op: opEndDiscount, Method: http.MethodPost, Path: c.profile.path("discount_end", d.id), Repeatable: true}
		if err := c.send(ctx, r, nil, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *couponPush) createDiscount(ctx context.Context, plan *couponPlan) (id string, err error) {
	c.report.Wrote(1)
	if c.push.DryRun {
		return "", nil
	}
	f := c.profile.Fields.Discount
	var o object
	r := kit.Request{Op: opCreateDiscount, Method: http.MethodPost, Path: c.profile.path("discounts"), Key: kit.Key(opCreateDiscount, c.push.ChangeID, plan.extID)}
	err = c.create(ctx, r, plan.body, c.profile.shapes.discount, &o, func() (found bool, err error) {
		err = c.Provider.all(ctx, list{op: opListDiscounts, path: c.profile.path("discounts")}, c.profile.shapes.discount, func(row *object) error {
			if row.text(f.ExternalID) != plan.extID {
				return nil
			}
			found = true
			return c.profile.shapes.discount.read(slices.Clone(row.raw), &c.profile.Encoding, &o)
		})
		return found, err
	})
	if err != nil {
		return "", err
	}
	return o.text(f.ID), nil
}

// codes lists the codes that the vendor generated, all of them.
func (c *couponPush) codes(ctx context.Context, plan *couponPlan, o *pos.Outcome) error {
	if plan.coupon == nil || plan.coupon.GenerateCodes == 0 || c.push.DryRun || o.VendorID == "" {
		return nil
	}
	f := c.profile.Fields.CouponCode
	l := list{op: opListCodes, path: c.profile.path("coupon_codes", o.VendorID)}
	if err := c.Provider.all(ctx, l, c.profile.shapes.code, func(row *object) error {
		o.Codes = append(o.Codes, row.text(f.Code))
		return nil
	}); err != nil {
		return err
	}
	if len(o.Codes) < plan.coupon.GenerateCodes {
		return protocol(opListCodes, fmt.Errorf("bytetech: %d codes of %d were generated", len(o.Codes), plan.coupon.GenerateCodes))
	}
	return nil
}
