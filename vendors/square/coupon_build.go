package square

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// maxSetIDs is how many ids a product set takes.
const maxSetIDs = 500

// build plans a coupon: objects to write, objects to delete, outcomes.
func (c *couponPush) build(e *couponEdit, own *ownCoupon) error {
	e.objects, e.ids, e.news, e.surplus, e.outcomes, e.err, e.size = nil, nil, nil, nil, nil, nil, 0
	b := &couponBuild{couponPush: c, e: e, own: own, present: slices.Clone(own.present)}
	for i, in := range c.where.target {
		if in {
			b.present[i] = e.want != nil
		}
	}
	var err error
	switch {
	case e.want != nil:
		err = b.all()
	case b.present.count() == 0:
		e.surplus = own.ids()
	default:
		err = b.narrow()
	}
	b.outcome()
	return err
}

// couponBuild compares a coupon as it stands with what it should be.
type couponBuild struct {
	*couponPush
	e       *couponEdit
	own     *ownCoupon
	present placeSet // where the coupon holds, after
	fields  []string
	rule    string // id of the first rule
	next    int    // number of the next new object
}

// narrow takes the coupon back at some locations.
func (b *couponBuild) narrow() error {
	for _, r := range b.own.rules {
		at := b.where.presence(&r.catalogObject)
		for i := range at {
			at[i] = at[i] && b.present[i]
		}
		if at.count() == 0 {
			b.e.surplus = append(b.e.surplus, r.ID)
			continue
		}
		if err := b.put(r, typeRule, "", at, false, nil); err != nil {
			return err
		}
	}
	return nil
}

// all writes the whole coupon, objects that others refer to first.
func (b *couponBuild) all() error {
	discount, err := b.discount()
	if err != nil {
		return err
	}
	set, err := b.set()
	if err != nil {
		return err
	}
	periods, err := b.periods()
	if err != nil {
		return err
	}
	return b.rules(discount, set, periods)
}

// change is a member of an object with its value; nil removes it.
type change struct {
	member string
	value  any
}

// put writes an object if it is new, differs or is to be at other locations,
// and remembers it in the unit.
func (b *couponBuild) put(have *stored, typ, id string, at placeSet, differs bool, changes []change) error {
	var o, data rawObject
	member := strings.ToLower(typ) + "_data"
	if have != nil {
		moved := at != nil && !b.where.presence(&have.catalogObject).equal(at)
		if !differs && !moved {
			return nil
		}
		if err := o.UnmarshalJSON(have.raw); err != nil {
			return err
		}
		var err error
		if data, err = o.object(member); err != nil {
			return err
		}
		b.e.ids = append(b.e.ids, have.ID)
	} else {
		if err := cmp.Or(o.set("type", typ), o.set("id", id)); err != nil {
			return err
		}
		b.e.news = append(b.e.news, id)
	}
	for _, c := range changes {
		if c.value == nil {
			data.drop(c.member)
		} else if err := data.set(c.member, c.value); err != nil {
			return err
		}
	}
	if at != nil {
		if err := b.where.place(&o, at); err != nil {
			return err
		}
	}
	if err := o.set(member, data); err != nil {
		return err
	}
	raw, err := o.MarshalJSON()
	b.e.objects = append(b.e.objects, jsontext.Value(raw))
	b.e.size++
	return err
}

// clientID names a new object within the batch.
func (b *couponBuild) clientID(what string) string {
	b.next++
	return fmt.Sprintf("#%s-%s-%d", what, b.e.id, b.next)
}

// idOf is the id of an object that exists or of the one to be made.
func (b *couponBuild) idOf(have *stored, what string) string {
	if have != nil {
		return have.ID
	}
	return b.clientID(what)
}

func (b *couponBuild) differs(field string, differs bool) bool {
	if differs && !slices.Contains(b.fields, field) {
		b.fields = append(b.fields, field)
	}
	return differs
}

func (b *couponBuild) discount() (string, error) {
	want, have := b.e.want, b.own.discount
	d := discountData{Name: want.Name, Type: "FIXED_PERCENTAGE", Percentage: want.Percent.Percent(), Maximum: want.MaxDiscount}
	if want.Percent == 0 {
		d = discountData{Name: want.Name, Type: "FIXED_AMOUNT", Amount: want.Amount}
	}
	differs := have == nil
	if have != nil {
		now := have.Discount
		differs = b.differs("Name", now.Name != d.Name) || differs
		differs = b.differs("Percent", now.Type != d.Type || !samePercent(now.Percentage, d.Percentage)) || differs
		differs = b.differs("Amount", now.Amount.Amount != d.Amount.Amount) || differs
		differs = b.differs("MaxDiscount", now.Maximum.Amount != d.Maximum.Amount) || differs
	}
	id := b.idOf(have, "discount")
	return id, b.put(have, typeDiscount, id, b.present, differs, []change{
		{"name", d.Name},
		{"discount_type", d.Type},
		{"percentage", text(d.Percentage)},
		{"amount_money", money(d.Amount)},
		{"maximum_amount_money", money(d.Maximum)},
	})
}

// samePercent compares decimals: Square may write 15.0 for 15.
func samePercent(a, b string) bool {
	x, errX := pos.ParsePercent(cmp.Or(a, "0"))
	y, errY := pos.ParsePercent(cmp.Or(b, "0"))
	return errX == nil && errY == nil && x == y
}

// text and money return nil for nothing, which removes the member.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func money(m pos.Money) any {
	if m.IsZero() {
		return nil
	}
	return m
}

// set writes the product set; more ids than fit go into nested ones.
func (b *couponBuild) set() (string, error) {
	ids := b.products()
	free := slices.Clone(b.own.sets)
	main := b.mainSet(&free)
	if len(ids) <= maxSetIDs {
		id, err := b.putSet(main, ids)
		b.drop(free)
		return id, err
	}
	var nested []string
	for part := range slices.Chunk(ids, maxSetIDs) {
		var have *stored
		if len(free) > 0 {
			have, free = free[0], free[1:]
		}
		id, err := b.putSet(have, part)
		if err != nil {
			return "", err
		}
		nested = append(nested, id)
	}
	id, err := b.putSet(main, nested)
	b.drop(free)
	return id, err
}

// mainSet takes the set that the rules refer to out of the list.
func (b *couponBuild) mainSet(free *[]*stored) *stored {
	for i, s := range *free {
		if len(b.own.rules) == 0 || b.own.rules[0].Rule.MatchID == s.ID {
			*free = slices.Delete(*free, i, i+1)
			return s
		}
	}
	return nil
}

func (b *couponBuild) drop(list []*stored) {
	for _, s := range list {
		b.e.surplus = append(b.e.surplus, s.ID)
	}
}

// products are the catalogue ids in scope, ordered; none means everything.
func (b *couponBuild) products() []string {
	var ids []string
	for _, sku := range b.e.want.SKUs {
		ids = append(ids, b.variations[sku])
	}
	for _, name := range b.e.want.Categories {
		ids = append(ids, b.categories[name])
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (b *couponBuild) putSet(have *stored, ids []string) (string, error) {
	differs := have == nil
	if have != nil {
		now := slices.Clone(have.Set.Any)
		slices.Sort(now)
		sorted := slices.Clone(ids)
		slices.Sort(sorted)
		differs = b.differs("SKUs", !slices.Equal(now, sorted) || have.Set.All != (len(ids) == 0))
	}
	changes := []change{{"name", b.p.mark() + b.e.id}, {"product_ids_any", ids}, {"all_products", nil}}
	if len(ids) == 0 {
		changes[1].value, changes[2].value = nil, true
	}
	id := b.idOf(have, "set")
	return id, b.put(have, typeSet, id, nil, differs, changes)
}

// periods writes a time period for each span of the schedule.
func (b *couponBuild) periods() ([]string, error) {
	var ids []string
	free := b.own.periods
	for _, h := range b.e.want.Schedule {
		var have *stored
		if len(free) > 0 {
			have, free = free[0], free[1:]
		}
		event := eventOf(h)
		differs := have == nil || b.differs("Schedule", !sameEvent(have.Period.Event, event))
		id := b.idOf(have, "period")
		if err := b.put(have, typePeriod, id, nil, differs, []change{{"event", event}}); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	b.differs("Schedule", b.e.want != nil && len(b.own.rules) > 0 && len(ids) != len(b.own.periods))
	b.drop(free)
	return ids, nil
}

// span is a validity in local time. Square's end is inclusive.
type span struct{ fromDate, fromTime, untilDate, untilTime string }

func spanOf(c *pos.Coupon, zone *time.Location) span {
	var s span
	if !c.Starts.IsZero() {
		from := c.Starts.Add(time.Second - 1).In(zone) // whole seconds, not before
		s.fromDate, s.fromTime = from.Format(time.DateOnly), from.Format(time.TimeOnly)
	}
	if !c.Ends.IsZero() {
		until := c.Ends.Add(-1).In(zone)
		s.untilDate, s.untilTime = until.Format(time.DateOnly), until.Format(time.TimeOnly)
	}
	return s
}

// rules writes a pricing rule for each local validity.
func (b *couponBuild) rules(discount, set string, periods []string) error {
	spans, at, err := b.spans()
	if err != nil {
		return err
	}
	free := slices.Clone(b.own.rules)
	pick := func(s span) *stored {
		i := max(0, slices.IndexFunc(free, func(r *stored) bool { return r.Rule.span() == s }))
		if i >= len(free) {
			return nil
		}
		have := free[i]
		free = slices.Delete(free, i, i+1)
		return have
	}
	for i, s := range spans {
		have := pick(s)
		id := b.idOf(have, "rule")
		if i == 0 {
			b.rule = id
		}
		if err := b.put(have, typeRule, id, at[i], b.ruleDiffers(have, s, discount, set, periods), []change{
			{"name", b.p.mark() + b.e.id},
			{"discount_id", discount},
			{"match_products_id", set},
			{"time_period_ids", list(periods)},
			{"valid_from_date", text(s.fromDate)},
			{"valid_from_local_time", text(s.fromTime)},
			{"valid_until_date", text(s.untilDate)},
			{"valid_until_local_time", text(s.untilTime)},
			{"minimum_order_subtotal_money", money(b.e.want.MinSubtotal)},
		}); err != nil {
			return err
		}
	}
	b.drop(free)
	return nil
}

func list(ids []string) any {
	if len(ids) == 0 {
		return nil
	}
	return ids
}

// span returns the rule's validity. Seconds may carry a fraction.
func (r *ruleData) span() span {
	cut := func(s string) string { return s[:min(len(s), len(time.TimeOnly))] }
	return span{r.FromDate, cut(r.FromTime), r.UntilDate, cut(r.UntilTime)}
}

func (b *couponBuild) ruleDiffers(have *stored, s span, discount, set string, periods []string) bool {
	if have == nil {
		return true
	}
	r, now := &have.Rule, have.Rule.span()
	differs := r.DiscountID != discount || r.MatchID != set || !slices.Equal(slices.Sorted(slices.Values(r.PeriodIDs)), slices.Sorted(slices.Values(periods)))
	differs = b.differs("Starts", now.fromDate != s.fromDate || now.fromTime != s.fromTime) || differs
	differs = b.differs("Ends", now.untilDate != s.untilDate || now.untilTime != s.untilTime) || differs
	differs = b.differs("MinSubtotal", r.MinSubtotal.Amount != b.e.want.MinSubtotal.Amount) || differs
	return differs
}

// spans groups the locations of the coupon by its validity in their local
// time.
func (b *couponBuild) spans() ([]span, []placeSet, error) {
	want := b.e.want
	var spans []span
	var at []placeSet
	for i := range b.where.list {
		if !b.present[i] {
			continue
		}
		var s span
		if !want.Starts.IsZero() || !want.Ends.IsZero() {
			zone, err := zoneOf(&b.where.list[i])
			if err != nil {
				return nil, nil, fail("PushCoupons", pos.KindProtocol, err)
			}
			s = spanOf(want, zone)
		}
		k := slices.Index(spans, s)
		if k < 0 {
			k = len(spans)
			spans, at = append(spans, s), append(at, make(placeSet, len(b.where.list)))
		}
		at[k][i] = true
	}
	return spans, at, nil
}

var eventDays = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// eventOf writes weekly hours as an iCalendar event in local time. The first
// occurrence is in a week of the past.
func eventOf(h pos.Hours) string {
	days := slices.Clone(h.Days)
	if len(days) == 0 {
		days = []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	}
	slices.Sort(days)
	days = slices.Compact(days)
	names := make([]string, len(days))
	for i, d := range days {
		names[i] = eventDays[d]
	}
	minutes := int(h.To - h.From)
	if minutes <= 0 {
		minutes += 24 * 60
	}
	first := time.Date(2024, 1, 7+int(days[0]), int(h.From)/60, int(h.From)%60, 0, 0, time.UTC) // 7 January 2024 was a Sunday
	length := "PT"
	if minutes >= 60 {
		length += fmt.Sprintf("%dH", minutes/60)
	}
	if minutes%60 != 0 {
		length += fmt.Sprintf("%dM", minutes%60)
	}
	return "DTSTART:" + first.Format("20060102T150405") + "\nDURATION:" + length + "\nRRULE:FREQ=WEEKLY;BYDAY=" + strings.Join(names, ",")
}

// sameEvent compares events: Square wraps what it was sent.
func sameEvent(have, want string) bool {
	has := make(map[string]bool)
	for line := range strings.FieldsSeq(have) {
		has[line] = true
	}
	for line := range strings.FieldsSeq(want) {
		if !has[line] {
			return false
		}
	}
	return true
}

// outcome reports what happens at each location of the push.
func (b *couponBuild) outcome() {
	o := pos.Outcome{Item: b.e.id, VendorID: b.rule}
	if b.e.want == nil {
		if len(b.own.rules) > 0 {
			o.VendorID = b.own.rules[0].ID
		}
		gone := make(placeSet, len(b.present))
		for i := range gone {
			gone[i] = b.own.present[i] && !b.present[i]
		}
		o.Action, o.Locations = pos.Withdrawn, b.where.names(gone)
		b.e.outcomes = append(b.e.outcomes, o)
		return
	}
	if b.e.want.Percent == 0 {
		o.Notes = []pos.Problem{{Item: b.e.id, Field: "Amount", Reason: "Square does not say whether a rule takes an amount off once per basket"}}
	}
	fresh, old := make(placeSet, len(b.present)), make(placeSet, len(b.present))
	for i, in := range b.where.target {
		fresh[i], old[i] = in && !b.own.present[i], in && b.own.present[i]
	}
	if ids := b.where.names(fresh); len(ids) > 0 {
		part := o
		part.Action, part.Locations = pos.Created, ids
		b.e.outcomes = append(b.e.outcomes, part)
	}
	if ids := b.where.names(old); len(ids) > 0 {
		part := o
		part.Action, part.Locations, part.Fields = pos.Unchanged, ids, b.fields
		if len(b.fields) > 0 || len(b.e.objects) > 0 && fresh.count() == 0 {
			part.Action = pos.Updated // without fields: something was missing
		}
		b.e.outcomes = append(b.e.outcomes, part)
	}
}
