package simphony

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// PushCoupons implements [pos.Provider], through CCAPI. A coupon becomes an
// automatic discount at [CCAPI.HierUnitID], a copy of the configured template,
// together with an effectivity group of the same number: the group's active
// time is the validity, and properties that are to be left out have it
// switched off. A withdrawn coupon keeps its discount and loses its time.
//
// Reading is three calls and one for the switches; a new coupon is two writes,
// and one for each property that is left out.
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
	c := &couponPush{Provider: p, push: &push}
	if err := c.prepare(ctx, op); err != nil {
		return pos.PushReport{}, err
	}
	if err := c.plan(); err != nil {
		return pos.PushReport{}, err
	}
	err := c.execute(ctx)
	if !push.DryRun {
		p.forget()
	}
	return c.report.Push(), err
}

// couponPush is the work of one push.
type couponPush struct {
	*Provider
	push    *pos.CouponPush
	report  *kit.Report
	places  []pos.Location // open ones, all of the account
	target  map[string]bool
	targets []string
	units   map[string]int64

	records   []record          // all discounts
	groups    map[int64]record  // by object number
	offers    map[string]*offer // ours, by coupon
	templates map[int64]record  // by object number
	switches  map[switchKey]record
	taken     map[int64]bool
	plans     []*couponPlan
}

type switchKey struct{ group, unit int64 }

// offer is one of our discounts.
type offer struct {
	coupon   string
	number   int64
	discount record
	group    record
}

// couponPlan is what is to be done about one coupon.
type couponPlan struct {
	id     string
	writes []couponWrite
	// at are the outcomes by location.
	at map[string]pos.Outcome
}

type couponWrite struct {
	op, path   string
	rec        record
	repeatable bool
	// group puts the id of the group that was just created into the record.
	group bool
}

func (c *couponPush) prepare(ctx context.Context, op string) error {
	all, err := c.knownPlaces(ctx, op)
	if err != nil {
		return err
	}
	asked, err := c.placesOf(ctx, op, c.push.Locations)
	if err != nil {
		return err
	}
	c.target = make(map[string]bool)
	for i := range asked {
		if !asked[i].Closed {
			c.target[asked[i].ID] = true
			c.targets = append(c.targets, asked[i].ID)
		}
	}
	var ids []string
	for i := range all {
		if !all[i].Closed {
			c.places = append(c.places, all[i])
			ids = append(ids, all[i].ID)
		}
	}
	names := make([]string, len(c.push.Coupons))
	for i := range c.push.Coupons {
		names[i] = c.push.Coupons[i].ID
	}
	c.report = kit.NewReport(names, c.targets, c.push.DryRun)
	if c.units, err = c.unitsOf(ctx, op, ids); err != nil {
		return err
	}
	return c.read(ctx)
}

// read reads discounts, effectivity groups and where they are switched off.
func (c *couponPush) read(ctx context.Context) error {
	k := c.cfg.CCAPI.Coupons
	var err error
	c.records, err = c.readRecords(ctx, "GetDiscounts", pathDiscounts, readRequest{IncludeAll: detailed})
	if err != nil {
		return err
	}
	groups, err := c.readRecords(ctx, "GetEffectivityGroups", pathGroups, readRequest{
		IncludeAll: detailed, Criteria: "where " + between("objectNum", k.Numbers.From, k.Numbers.To),
	})
	if err != nil {
		return err
	}
	c.groups, c.taken = make(map[int64]record), make(map[int64]bool)
	for _, g := range groups {
		c.taken[g.num("objectNum")] = true
		if g.num("hierUnitId") == c.cfg.CCAPI.HierUnitID {
			c.groups[g.num("objectNum")] = g
		}
	}
	c.offers, c.templates = make(map[string]*offer), make(map[int64]record)
	for _, r := range c.records {
		n := r.num("objectNum")
		c.taken[n] = true
		if n == k.Percent || n == k.Amount {
			if c.templates[n] == nil || r.num("hierUnitId") == c.cfg.CCAPI.HierUnitID {
				c.templates[n] = r
			}
		}
		if id := r.text("externalReference1"); id != "" && r.text("externalReference2") == c.cfg.Owner && r.num("hierUnitId") == c.cfg.CCAPI.HierUnitID {
			c.offers[id] = &offer{id, n, r, c.groups[n]}
		}
	}
	c.switches = make(map[switchKey]record)
	if len(c.offers) == 0 {
		return nil
	}
	rows, err := c.readRecords(ctx, "GetEnableEffectivityGroups", pathSwitches, readRequest{IncludeAll: detailed})
	for _, r := range rows {
		c.switches[switchKey{r.num("changeSetId"), r.num("hierUnitId")}] = r
	}
	return err
}

func (c *couponPush) plan() error {
	pushed := make(map[string]bool)
	for i := range c.push.Coupons {
		cp := &c.push.Coupons[i]
		pushed[cp.ID] = true
		c.planCoupon(cp)
	}
	if c.push.Partial {
		return nil
	}
	onSale, withdrawn := 0, 0
	for _, id := range sortedKeys(c.offers) {
		o, n := c.offers[id], 0
		for _, l := range c.targets {
			if c.isOn(o, l) {
				n++
			}
		}
		onSale += n
		if !pushed[id] && n > 0 {
			withdrawn += n
			c.planEnd(o)
		}
	}
	if err := pos.CheckWithdraw(withdrawn, onSale, c.push.MaxWithdraw); err != nil {
		return fail("PushCoupons", pos.KindWithdrawLimit, causeOf(err))
	}
	return nil
}

// refusals are the reasons why a coupon cannot be expressed.
func (c *couponPush) refusals(cp *pos.Coupon) pos.Problems {
	ps := c.describe.Capabilities.CheckCoupon(*cp)
	if len(cp.ID) > maxReference {
		ps = append(ps, pos.Problem{Item: cp.ID, Field: "ID", Reason: "has more than 32 characters, the length of an external reference"})
	}
	if !cp.Ends.IsZero() && !cp.Ends.Before(endOfTime) || !cp.Starts.IsZero() && cp.Starts.Before(startOfTime) {
		ps = append(ps, pos.Problem{Item: cp.ID, Field: "Ends", Reason: "lies outside the years 2000 to 2099"})
	}
	if !cp.Starts.Truncate(time.Second).Equal(cp.Starts) || !cp.Ends.Truncate(time.Second).Equal(cp.Ends) {
		ps = append(ps, pos.Problem{Item: cp.ID, Field: "Ends", Reason: "has a fraction of a second", Nearest: "whole seconds"})
	}
	return ps
}

// The validity of coupons without start or end, and of those withdrawn.
var (
	startOfTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	endOfTime   = time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)
	withdrawn   = startOfTime.Add(time.Second)
)

func (c *couponPush) planCoupon(cp *pos.Coupon) {
	const op = "PushCoupons"
	if ps := c.refusals(cp); len(ps) > 0 {
		c.report.Add(pos.Outcome{Item: cp.ID, Locations: c.targets, Action: pos.Refused, Err: fail(op, pos.KindUnsupported, ps)})
		return
	}
	failed := func(kind pos.Kind, err error) {
		c.report.Add(pos.Outcome{Item: cp.ID, Locations: c.targets, Action: pos.Failed, Err: fail(op, kind, err)})
	}
	have := c.offers[cp.ID]
	template := c.template(cp)
	number := int64(0)
	switch {
	case have != nil:
		number = have.number
	case template == nil:
		failed(pos.KindNotFound, errors.New("the template discount named in CCAPI.Coupons does not exist"))
		return
	default:
		if number = c.free(); number == 0 {
			failed(pos.KindInvalid, errors.New("no object number is free in CCAPI.Coupons.Numbers"))
			return
		}
	}
	plan := &couponPlan{id: cp.ID, at: make(map[string]pos.Outcome)}
	fields := c.planOffer(plan, cp, have, template, number)
	c.planPlaces(plan, have, number, func(id string) (bool, bool) { return true, c.target[id] }, fields)
	if have == nil { // what is on sale nowhere yet goes on sale last
		plan.writes = append(plan.writes[1:], plan.writes[0])
	}
	c.plans = append(c.plans, plan)
}

func (c *couponPush) template(cp *pos.Coupon) record {
	if cp.Percent != 0 {
		return c.templates[c.cfg.CCAPI.Coupons.Percent]
	}
	return c.templates[c.cfg.CCAPI.Coupons.Amount]
}

func (c *couponPush) free() int64 {
	for n := c.cfg.CCAPI.Coupons.Numbers.From; n <= c.cfg.CCAPI.Coupons.Numbers.To; n++ {
		if !c.taken[n] {
			c.taken[n] = true
			return n
		}
	}
	return 0
}

// planOffer plans discount and effectivity group, in this order, and returns
// the names of the fields that differ.
func (c *couponPush) planOffer(plan *couponPlan, cp *pos.Coupon, have *offer, template record, number int64) []string {
	k := c.cfg.CCAPI.Coupons
	var fields []string
	r := record{}
	if have != nil {
		r = have.discount.clone()
	} else {
		for name, v := range template {
			if !strings.EqualFold(name, "discountId") {
				r[name] = v
			}
		}
		r.set("hierUnitId", c.cfg.CCAPI.HierUnitID)
		r.set("objectNum", number)
		r.set("effGrpObjNum", number)
		r.set("externalReference1", cp.ID)
		r.set("externalReference2", c.cfg.Owner)
		fields = append(fields, "ID")
	}
	if have == nil || r.lang("name", c.cfg.CCAPI.Language) != cp.Name {
		r.setLang("name", c.cfg.CCAPI.Language, cp.Name)
		fields = append(fields, "Name")
	}
	percent, amount := "0", "0"
	if cp.Percent != 0 {
		percent = cp.Percent.Percent()
	} else {
		amount = cp.Amount.Decimal()
	}
	for _, v := range []struct{ member, value, field string }{{k.PercentField, percent, "Percent"}, {k.AmountField, amount, "Amount"}} {
		if !sameNumber(r.text(v.member), v.value) {
			r.set(v.member, jsontext.Value(v.value))
			fields = append(fields, v.field)
		}
	}
	if r.text("activationType") != "1" {
		r.set("activationType", 1)
		fields = append(fields, "Codes")
	}
	if name, ok := r.key("enabled"); ok && r.text(name) != "true" {
		r.set(name, true)
		fields = append(fields, "Starts")
	}
	if len(fields) > 0 {
		plan.writes = append(plan.writes, couponWrite{op: "UpsertDiscount", path: pathPutDiscount, rec: r, repeatable: true})
	}
	from, to := cp.Starts, cp.Ends
	if from.IsZero() {
		from = startOfTime
	}
	if to.IsZero() {
		to = endOfTime
	}
	return append(fields, c.planGroup(plan, have, number, cp.Name, from, to)...)
}

// sameNumber compares decimal numbers; none is 0.
func sameNumber(a, b string) bool {
	x, err := pos.ParsePercent(first(a, "0"))
	y, otherErr := pos.ParsePercent(b)
	return err == nil && otherErr == nil && x == y
}

// activeTime is an interval of an effectivity group. The end is exclusive.
type activeTime struct {
	Start string `json:"startTime"`
	End   string `json:"endTime"`
	Local bool   `json:"timeIsLocal"`
}

// planGroup plans the effectivity group that holds the validity.
func (c *couponPush) planGroup(plan *couponPlan, have *offer, number int64, name string, from, to time.Time) []string {
	want := []activeTime{{from.UTC().Format(plainTime), to.UTC().Format(plainTime), false}}
	w := couponWrite{op: "UpdateEffectivityGroup", path: pathSetGroup, repeatable: true}
	if have != nil && have.group != nil {
		if slices.Equal(want, timesOf(have.group)) {
			return nil
		}
		w.rec = have.group.clone()
	} else {
		w.op, w.path, w.repeatable, w.group = "AddEffectivityGroup", pathAddGroup, false, true
		w.rec = record{}
		w.rec.set("hierUnitId", c.cfg.CCAPI.HierUnitID)
		w.rec.set("objectNum", number)
		w.rec.setLang("name", c.cfg.CCAPI.Language, name)
	}
	w.rec.set("activeTimes", want)
	plan.writes = append(plan.writes, w)
	return []string{"Starts", "Ends"}
}

func timesOf(group record) []activeTime {
	k, _ := group.key("activeTimes")
	var times []activeTime
	if json.Unmarshal(group[k], &times) != nil {
		return nil
	}
	for i := range times { // fractions of seconds mean nothing here
		times[i].Start, _, _ = strings.Cut(times[i].Start, ".")
		times[i].End, _, _ = strings.Cut(times[i].End, ".")
	}
	return times
}

// ended reports whether a group is that of a withdrawn coupon.
func (o *offer) ended() bool {
	times := timesOf(o.group)
	return len(times) == 0 || times[0].End == withdrawn.Format(plainTime)
}

// isOn reports whether a coupon holds at a location, now or later.
func (c *couponPush) isOn(o *offer, location string) bool {
	return o.group != nil && !o.ended() && !c.off(o, location)
}

func (c *couponPush) off(o *offer, location string) bool {
	r := c.switches[switchKey{o.group.num("changeSetId"), c.units[location]}]
	return r != nil && r.text("enableEffectivityGroup") == "false"
}

// planPlaces plans the switches of properties: on and told for those of the
// push, as they are elsewhere, off where a new coupon was not asked for.
func (c *couponPush) planPlaces(plan *couponPlan, have *offer, number int64, want func(id string) (on, told bool), fields []string) {
	for i := range c.places {
		id := c.places[i].ID
		on, told := want(id)
		was := have != nil && c.isOn(have, id)
		if !told {
			on = was
		}
		if told {
			o := pos.Outcome{Item: plan.id, Action: pos.Unchanged, VendorID: strconv.FormatInt(number, 10)}
			switch {
			case !on:
				o.Action = pos.Withdrawn
			case have == nil:
				o.Action = pos.Created
			case len(fields) > 0 || !was:
				o.Action, o.Fields = pos.Updated, fields
			}
			plan.at[id] = o
		}
		c.planSwitch(plan, have, id, on)
	}
}

func (c *couponPush) planSwitch(plan *couponPlan, have *offer, id string, on bool) {
	w := couponWrite{op: "AddEnableEffectivityGroup", path: pathAddSwitch, rec: record{}, group: have == nil || have.group == nil}
	isOff := false
	if have != nil && have.group != nil {
		isOff = c.off(have, id)
		if old := c.switches[switchKey{have.group.num("changeSetId"), c.units[id]}]; old != nil {
			w.op, w.path, w.rec, w.repeatable = "UpdateEnableEffectivityGroup", pathSetSwitch, old.clone(), true
		}
		w.rec.set("changeSetId", have.group.num("changeSetId"))
	}
	if isOff == !on {
		return
	}
	w.rec.set("hierUnitId", c.units[id])
	w.rec.set("enableEffectivityGroup", on)
	plan.writes = append(plan.writes, w)
}

// planEnd withdraws a coupon from the targets: altogether if it holds nowhere
// else.
func (c *couponPush) planEnd(o *offer) {
	plan := &couponPlan{id: o.coupon, at: make(map[string]pos.Outcome)}
	elsewhere := slices.ContainsFunc(c.places, func(l pos.Location) bool { return !c.target[l.ID] && c.isOn(o, l.ID) })
	if elsewhere {
		c.planPlaces(plan, o, o.number, func(id string) (bool, bool) { return false, c.target[id] && c.isOn(o, id) }, nil)
	} else {
		c.planGroup(plan, o, o.number, "", startOfTime, withdrawn)
		for _, id := range c.targets {
			if c.isOn(o, id) {
				plan.at[id] = pos.Outcome{Item: plan.id, Action: pos.Withdrawn, VendorID: strconv.FormatInt(o.number, 10)}
			}
		}
	}
	c.plans = append(c.plans, plan)
}

// execute writes what is planned. A coupon whose write fails goes no further,
// so that it never holds where it should not.
func (c *couponPush) execute(ctx context.Context) error {
	var whole error
	for _, plan := range c.plans {
		err := whole
		var group int64
		for i := range plan.writes {
			if err != nil {
				break
			}
			w := &plan.writes[i]
			c.report.Wrote(1)
			if c.push.DryRun {
				continue
			}
			if err = ctx.Err(); err != nil {
				err = ended("PushCoupons", err)
				break
			}
			if w.group && w.path == pathAddSwitch {
				w.rec.set("changeSetId", group)
			}
			var answer record
			if answer, err = c.write(ctx, w.op, w.path, w.rec, w.repeatable); err == nil && w.path == pathAddGroup {
				group = answer.num("changeSetId")
			}
		}
		if errors.Is(err, pos.ErrAuth) {
			whole = err
		}
		for _, id := range sortedKeys(plan.at) {
			o := plan.at[id]
			o.Locations = []string{id}
			if err != nil && o.Action != pos.Unchanged {
				o.Action, o.Err, o.Fields = pos.Failed, err, nil
			}
			c.report.Add(o)
		}
	}
	return whole
}
