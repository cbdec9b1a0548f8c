package postest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var couponCases = []proof{
	{"coupons/desired state", "", []need{coupons}, couponState},
	{"coupons/dry run", "", []need{coupons}, couponDryRun},
	{"coupons/every constraint", "R37", []need{coupons, menus}, everyConstraint},
	{"coupons/end", "R37", []need{coupons, menus}, couponEnd},
	{"coupons/withdrawn", "R37", []need{coupons, menus}, withdrawnCoupon},
	{"coupons/501 codes", "R36", []need{coupons, codes}, manyCodes},
	{"coupons/every problem", "R43", []need{coupons}, everyCouponProblem},
	{"coupons/limit of uses", "R37", []need{coupons, menus, maxUses}, limitedUses},
	{"coupons/one location", "", []need{coupons, menus, locationScope}, couponOfOneLocation},
}

var (
	maxUses       = need{"coupons.max_uses", func(c pos.Capabilities) bool { return c.Coupons.MaxUses }}
	locationScope = need{"coupons.location_scope", func(c pos.Capabilities) bool { return c.Coupons.LocationScope }}
)

// promote puts a coupon on everything, where the system can, and returns the
// codes to give for it.
func (c *check) promote() []string {
	if !c.caps.Coupons.OK() {
		return nil
	}
	return c.offer(c.plainCoupon("PT-ALL"))[0]
}

// offer makes exactly these coupons hold everywhere and returns the codes of
// each.
func (c *check) offer(cps ...pos.Coupon) [][]string {
	report := c.pushCoupons(pos.CouponPush{Coupons: cps, MaxWithdraw: pos.Percent(100)})
	c.must(report.Err(), "PushCoupons")
	out := make([][]string, len(cps))
	for i, cp := range cps {
		out[i] = cp.Codes
		if o, ok := report.At(cp.ID, c.ids()[0]); ok && len(o.Codes) > 0 {
			out[i] = o.Codes
		}
		if len(out[i]) == 0 && !cp.Automatic() {
			c.fatalf("PushCoupons: coupon %s needs a code, and its outcome has none", cp.ID)
		}
	}
	return out
}

// pushCoupons pushes to the end, as push does for menus.
func (c *check) pushCoupons(push pos.CouponPush) pos.PushReport {
	report, err := c.p.PushCoupons(c.ctx, push)
	c.must(err, "PushCoupons")
	for n := 0; report.Count(pos.Pending) > 0 && !push.DryRun; n++ {
		if n == 20 {
			c.fatalf("PushCoupons: still pending after %d repeats", n)
		}
		c.wait(5 * time.Minute)
		c.settle()
		report, err = c.p.PushCoupons(c.ctx, push)
		c.must(err, "PushCoupons, repeated while pending")
	}
	c.settle()
	return report
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
		cp.GenerateCodes = 40
	}
	return cp
}

// couponsAgain fails unless repeating the push changes nothing.
func (c *check) couponsAgain(push pos.CouponPush) {
	c.settle()
	before := c.writes()
	report, err := c.p.PushCoupons(c.ctx, push)
	c.must(err, "PushCoupons, repeated")
	if n := c.writes() - before; n > 0 || report.Writes > 0 {
		c.errorf("the repeated coupon push sent %d writes and reports %d", n, report.Writes)
	}
	for l, o := range report.Each() {
		if o.Action != pos.Unchanged && o.Err == nil {
			c.errorf("the repeated push reports coupon %s at %s as %s", o.Item, l, o.Action)
		}
	}
}

func couponState(c *check) {
	c.stocked()
	a, b := c.plainCoupon("PT-A"), c.plainCoupon("PT-B")
	push := pos.CouponPush{Coupons: []pos.Coupon{a, b}, MaxWithdraw: pos.Percent(100)}
	report := c.pushCoupons(push)
	c.must(report.Err(), "PushCoupons")
	c.couponsAgain(push)
	c.reopen()
	c.couponsAgain(push)
	push.Coupons[0].Name = "Renamed"
	push.Coupons[1].Ends = c.sim.Now().Add(100 * time.Hour).Truncate(time.Minute)
	c.must(c.pushCoupons(push).Err(), "PushCoupons of changes")
	c.couponsAgain(push)
	push.Coupons = push.Coupons[:1]
	c.must(c.pushCoupons(push).Err(), "PushCoupons with one less")
	c.couponsAgain(push)
}

func couponDryRun(c *check) {
	c.stocked()
	push := pos.CouponPush{Coupons: []pos.Coupon{c.plainCoupon("PT-A")}, DryRun: true}
	before := c.writes()
	planned, err := c.p.PushCoupons(c.ctx, push)
	c.must(err, "PushCoupons, dry run")
	if n := c.writes() - before; n > 0 {
		c.errorf("a dry run sent %d write requests", n)
	}
	if !planned.DryRun || planned.Count(pos.Created) == 0 {
		c.errorf("the plan does not show the new coupon: %+v", planned)
	}
	push.DryRun = false
	c.must(c.pushCoupons(push).Err(), "PushCoupons")
	if n := c.writes() - before; !c.caps.Deferred && n != planned.Writes {
		c.errorf("the plan has %d writes, %d were sent", planned.Writes, n)
	}
}

// constraint is one thing that a coupon can ask for.
type constraint struct {
	name     string
	declared func(pos.CouponCaps) bool
	add      func(*check, *pos.Coupon)
	// atTill: a till without knowledge of customers and packages can show it.
	atTill bool
}

var constraints = []constraint{
	{"Percent", func(c pos.CouponCaps) bool { return c.Percent }, func(_ *check, cp *pos.Coupon) { cp.Amount, cp.Percent = pos.Money{}, 125_000 }, true},
	{"Amount", func(c pos.CouponCaps) bool { return c.Amount }, func(c *check, cp *pos.Coupon) { cp.Percent, cp.Amount = 0, c.money(333) }, true},
	{"WholeBasket", func(c pos.CouponCaps) bool { return c.WholeBasket }, func(_ *check, cp *pos.Coupon) { cp.SKUs, cp.Categories = nil, nil }, true},
	{"SKUs", func(c pos.CouponCaps) bool { return c.SKUScope }, func(_ *check, cp *pos.Coupon) { cp.SKUs, cp.Categories = []string{"PT-0002", "PT-0003"}, nil }, true},
	{"Categories", func(c pos.CouponCaps) bool { return c.CategoryScope }, func(_ *check, cp *pos.Coupon) { cp.SKUs, cp.Categories = nil, []string{"Salads"} }, true},
	{"no code", func(c pos.CouponCaps) bool { return c.Automatic }, func(_ *check, cp *pos.Coupon) { cp.Codes, cp.GenerateCodes = nil, 0 }, true},
	{"Codes", func(c pos.CouponCaps) bool { return c.MaxCodes > 0 }, func(_ *check, cp *pos.Coupon) { cp.Codes, cp.GenerateCodes = []string{"PT-CODE"}, 0 }, true},
	{"GenerateCodes", func(c pos.CouponCaps) bool { return c.MaxGenerated > 0 }, func(_ *check, cp *pos.Coupon) { cp.Codes, cp.GenerateCodes = nil, 40 }, true},
	{"MaxDiscount", func(c pos.CouponCaps) bool { return c.MaxDiscount }, func(c *check, cp *pos.Coupon) {
		cp.Amount, cp.Percent, cp.MaxDiscount = pos.Money{}, pos.Percent(30), c.money(250)
	}, true},
	{"MinSubtotal", func(c pos.CouponCaps) bool { return c.MinSubtotal }, func(c *check, cp *pos.Coupon) { cp.MinSubtotal = c.money(2000) }, true},
	{"Schedule", func(c pos.CouponCaps) bool { return c.Schedule }, func(_ *check, cp *pos.Coupon) {
		cp.Schedule = []pos.Hours{{Days: []time.Weekday{time.Tuesday, time.Wednesday}, From: 11 * 60, To: 14 * 60}}
	}, true},
	{"MaxUses", func(c pos.CouponCaps) bool { return c.MaxUses }, func(_ *check, cp *pos.Coupon) { cp.MaxUses = 1000 }, true},
	{"MaxUsesPerCustomer", func(c pos.CouponCaps) bool { return c.MaxUsesPerCustomer }, func(_ *check, cp *pos.Coupon) { cp.MaxUsesPerCustomer = 1 }, false},
	{"FirstPurchaseOnly", func(c pos.CouponCaps) bool { return c.FirstPurchaseOnly }, func(_ *check, cp *pos.Coupon) { cp.FirstPurchaseOnly = true }, false},
	{"NearExpiryDays", func(c pos.CouponCaps) bool { return c.NearExpiry }, func(_ *check, cp *pos.Coupon) { cp.NearExpiryDays = 2 }, false},
	{"Exclusive", func(c pos.CouponCaps) bool { return c.Exclusive }, func(_ *check, cp *pos.Coupon) { cp.Exclusive = true }, true},
}

// everyConstraint asks for each constraint alone: declared ones must hold at
// the till, the others must be refused before any request.
func everyConstraint(c *check) {
	c.serve(c.items(5))
	for i, k := range constraints {
		cp := c.plainCoupon(fmt.Sprintf("PT-C%d", i))
		if k.name == "MaxDiscount" && !c.caps.Coupons.Percent {
			continue
		}
		k.add(c, &cp)
		if cp.GenerateCodes > 0 && cp.MaxUses > 1 {
			continue // generated codes are good for one use, so this is invalid anywhere
		}
		if !k.declared(c.caps.Coupons) {
			c.refused(k.name, cp)
			continue
		}
		cps := []pos.Coupon{cp}
		if k.name == "Exclusive" {
			cps = append(cps, c.plainCoupon("PT-OTHER"))
		}
		given := c.offer(cps...)
		if k.atTill {
			c.compareTills(k.name, cps, given)
		}
	}
}

// refused fails unless a push of the coupon alone is refused without a write.
func (c *check) refused(what string, cp pos.Coupon) {
	before := c.writes()
	report, err := c.p.PushCoupons(c.ctx, pos.CouponPush{Coupons: []pos.Coupon{cp}, Partial: true})
	if n := c.writes() - before; n > 0 {
		c.errorf("%s is not declared, and its push sent %d writes", what, n)
	}
	if err != nil {
		c.wants(err, pos.ErrUnsupported, what)
		return
	}
	if o, ok := report.At(cp.ID, c.ids()[0]); !ok || o.Action != pos.Refused {
		c.errorf("%s is not declared, and its push is reported as %q", what, o.Action)
	}
}

// compareTills sells random baskets and compares the discount with Price.
func (c *check) compareTills(what string, cps []pos.Coupon, given [][]string) {
	items := c.items(5)
	dice := rand.New(rand.NewPCG(7, uint64(len(what)))) // the same baskets in every run
	uses := 0
	for n := range 20 {
		l := c.places()[n%2]
		zone, err := pos.Zone(l.TimeZone)
		if err != nil {
			continue
		}
		c.wait(time.Duration(dice.IntN(90)) * time.Minute)
		b := pos.Basket{At: c.sim.Now(), Zone: zone}
		s := posfake.Sale{Location: l.ID}
		for range 1 + dice.IntN(4) {
			it, q := items[dice.IntN(len(items))], int64(1+dice.IntN(3))
			b.Lines = append(b.Lines, pos.BasketLine{SKU: it.SKU, Category: it.Category, Quantity: pos.Units(q), UnitPrice: it.Price})
			s.Lines = append(s.Lines, posfake.SaleLine{SKU: it.SKU, Quantity: q})
		}
		offered := append([]pos.Coupon(nil), cps...)
		for i := range cps {
			if cps[i].Automatic() {
				continue
			}
			code := given[i][0]
			if cps[i].GenerateCodes > 0 { // each is good for one use
				code = given[i][uses%len(given[i])]
				uses++
			}
			offered[i].Codes, offered[i].GenerateCodes = []string{code}, 0
			if n%4 != 3 {
				b.Codes = append(b.Codes, code)
			}
		}
		s.Codes = b.Codes
		want, err := pos.Price(b, offered)
		c.must(err, "Price")
		sum, err := pos.Sum(want.Discount...)
		c.must(err, "Sum")
		if got := c.sell(s).Discount; got != sum.Amount {
			c.errorf("%s: the till took %d off basket %d (%+v), the reference %d", what, got, n, s.Lines, sum.Amount)
		}
	}
}

// discount sells one of everything and returns what was taken off.
func (c *check) discount(location string, codes []string) int64 {
	var lines []posfake.SaleLine
	for _, it := range c.items(4) {
		lines = append(lines, posfake.SaleLine{SKU: it.SKU})
	}
	return c.sell(posfake.Sale{Location: location, Lines: lines, Codes: codes}).Discount
}

// couponEnd sells just before and just after the end at every location.
func couponEnd(c *check) {
	c.stocked()
	cp := c.plainCoupon("PT-END")
	cp.Ends = c.sim.Now().Add(26*time.Hour + 17*time.Minute).Truncate(time.Minute)
	given := c.offer(cp)[0]
	use := func(n int) []string {
		if len(given) == 0 {
			return nil
		}
		return given[n%len(given) : n%len(given)+1]
	}
	c.wait(cp.Ends.Add(-2 * time.Second).Sub(c.sim.Now()))
	for i, l := range c.ids() {
		if c.discount(l, use(i)) == 0 {
			c.errorf("two seconds before its end the coupon gives nothing at %s", l)
		}
	}
	c.wait(cp.Ends.Sub(c.sim.Now()))
	for _, after := range []time.Duration{0, time.Second, time.Hour, 24 * time.Hour} {
		c.wait(after)
		for i, l := range c.ids() {
			if got := c.discount(l, use(10+i)); got != 0 {
				c.errorf("%v after its end the coupon takes %d off at %s", c.sim.Now().Sub(cp.Ends), got, l)
			}
		}
	}
}

func withdrawnCoupon(c *check) {
	c.stocked()
	keep, drop := c.plainCoupon("PT-KEEP"), c.plainCoupon("PT-DROP")
	given := c.offer(keep, drop)
	all := func(from int) (codes []string) {
		for _, g := range given {
			if len(g) > 0 {
				codes = append(codes, g[from%len(g)])
			}
		}
		return codes
	}
	both := c.discount(c.ids()[0], all(0))
	c.offer(keep)
	c.wait(time.Minute)
	one := c.discount(c.ids()[0], all(1))
	if one >= both || one == 0 {
		c.errorf("two coupons take %d off, one of them alone %d", both, one)
	}
	c.offer()
	c.wait(time.Minute)
	for i, l := range c.ids() {
		if got := c.discount(l, all(2+i)); got != 0 {
			c.errorf("coupons were withdrawn, and %d is taken off at %s", got, l)
		}
	}
}

// manyCodes gives one coupon more codes than a page holds: all work, or the
// coupon is refused.
func manyCodes(c *check) {
	lines := c.stocked()
	cp := c.plainCoupon("PT-MANY")
	cp.GenerateCodes, cp.Codes = 0, nil
	for i := range 501 {
		cp.Codes = append(cp.Codes, fmt.Sprintf("MANY-%04d", i))
	}
	if c.caps.Coupons.MaxCodes < len(cp.Codes) {
		c.refused("501 codes", cp)
		return
	}
	c.offer(cp)
	c.couponsAgain(pos.CouponPush{Coupons: []pos.Coupon{cp}, MaxWithdraw: pos.Percent(100)})
	for _, code := range cp.Codes {
		if c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines, Codes: []string{code}}).Discount == 0 {
			c.errorf("code %s gives nothing", code)
		}
	}
}

func everyCouponProblem(c *check) {
	a, b, d := c.plainCoupon("PT-A"), c.plainCoupon("PT-B"), c.plainCoupon("PT-A")
	a.Name = ""
	b.Percent, b.Amount = pos.Percent(5), c.money(100)
	b.MaxUses = -1
	c.silent("invalid coupons", func() {
		_, err := c.p.PushCoupons(c.ctx, pos.CouponPush{Coupons: []pos.Coupon{a, b, d}})
		c.wants(err, pos.ErrInvalid, "invalid coupons")
		var ps pos.Problems
		if !errors.As(err, &ps) || len(ps) < 4 {
			c.errorf("coupons with 4 problems are refused with %d: %v", len(ps), err)
		}
	})
}

func limitedUses(c *check) {
	c.stocked()
	cp := c.plainCoupon("PT-TWICE")
	if cp.GenerateCodes > 0 {
		return // good for one use each, which "every constraint" shows
	}
	cp.MaxUses = 2
	given := c.offer(cp)[0]
	for n := range 4 {
		got := c.discount(c.ids()[n%2], given)
		if (got > 0) != (n < 2) {
			c.errorf("use %d of a coupon that is good for 2 takes %d off", n+1, got)
		}
		c.wait(time.Minute)
	}
}

func couponOfOneLocation(c *check) {
	c.stocked()
	cp := c.plainCoupon("PT-HERE")
	here, there := c.ids()[0], c.ids()[1]
	report := c.pushCoupons(pos.CouponPush{Coupons: []pos.Coupon{cp}, Locations: []string{here}})
	c.must(report.Err(), "PushCoupons to one location")
	given := cp.Codes
	if o, ok := report.At(cp.ID, here); ok && len(o.Codes) > 0 {
		given = o.Codes[:1]
	}
	if got := c.discount(there, given); got != 0 {
		c.errorf("a coupon of %s takes %d off at %s", here, got, there)
	}
	if c.discount(here, given) == 0 {
		c.errorf("a coupon of %s gives nothing there", here)
	}
}
