package squarefake

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// basketLine is a line to be priced.
type basketLine struct {
	variation *object // nil for goods off the menu
	name      string
	quantity  pos.Quantity
	unit      int64
	taxable   bool
}

// pricedLine is what a line comes to; Gross - Discount + Tax is its total.
type pricedLine struct {
	gross, discount, tax int64
	parts                []linePart
}

// linePart is what one discount takes off a line.
type linePart struct {
	discount int // index in priced.discounts
	amount   int64
}

// appliedDiscount is a discount of an order, by rule or tapped by staff.
type appliedDiscount struct {
	object, rule *object // rule is nil for a tapped one
	amount       int64
}

type priced struct {
	lines     []pricedLine
	discounts []appliedDiscount
}

// price puts prices, discounts and taxes on a basket at a place: the pricing
// rules in force there at that time, and the discounts named by codes. The
// arithmetic is that of [pos.Price]; unconfirmed are the order in which Square
// applies several rules and that a fixed amount comes off once per order.
func (f *Fake) price(p *place, at time.Time, lines []basketLine, codes []string) (priced, error) {
	basket := pos.Basket{At: at, Zone: p.zone}
	for i, l := range lines {
		basket.Lines = append(basket.Lines, pos.BasketLine{
			SKU: strconv.Itoa(i), Quantity: l.quantity, UnitPrice: pos.Money{Amount: l.unit, Currency: pos.Currency(p.currency)},
		})
	}
	var coupons []pos.Coupon
	var chosen []appliedDiscount
	for _, r := range f.catalog.pricingRules() {
		if c, ok := f.ruleCoupon(p, at, lines, r); ok {
			c.ID += "|" + strconv.Itoa(len(chosen))
			coupons, chosen = append(coupons, c), append(chosen, appliedDiscount{f.catalog.live(r.view.Rule.DiscountID), r, 0})
		}
	}
	for _, d := range f.tapped(p, codes) {
		c, ok := discountCoupon(d)
		if !ok {
			continue
		}
		c.ID = d.view.Discount.Name + "|" + strconv.Itoa(len(chosen))
		coupons, chosen = append(coupons, c), append(chosen, appliedDiscount{d, nil, 0})
	}
	quote, err := pos.Price(basket, coupons)
	if err != nil {
		return priced{}, err
	}
	return f.settle(p, lines, quote, chosen), nil
}

// settle turns a quote into lines with tax and drops discounts that gave nothing.
func (f *Fake) settle(p *place, lines []basketLine, quote pos.Quote, chosen []appliedDiscount) priced {
	out := priced{lines: make([]pricedLine, len(lines))}
	index := map[int]int{} // in chosen to in out.discounts
	for _, part := range quote.Parts {
		_, tail, _ := cutLast(part.Coupon, "|")
		i := atoi(tail)
		if _, known := index[i]; !known {
			index[i] = len(out.discounts)
			out.discounts = append(out.discounts, chosen[i])
		}
		out.discounts[index[i]].amount += part.Amount.Amount
		out.lines[part.Line].parts = append(out.lines[part.Line].parts, linePart{index[i], part.Amount.Amount})
	}
	for i := range lines {
		l := &out.lines[i]
		l.gross, l.discount = quote.Gross[i].Amount, quote.Discount[i].Amount
		if lines[i].taxable {
			l.tax = share(l.gross-l.discount, p.tax)
		}
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// ruleCoupon says in neutral terms what a pricing rule gives this basket.
func (f *Fake) ruleCoupon(p *place, at time.Time, lines []basketLine, rule *object) (pos.Coupon, bool) {
	r := &rule.view.Rule
	discount, set := f.catalog.live(r.DiscountID), f.catalog.live(r.MatchProductsID)
	if discount == nil || set == nil || len(r.Groups) > 0 || // customers are not simulated
		!rule.view.presentAt(p.id) || !discount.view.presentAt(p.id) || !f.inForce(rule, at.In(p.zone)) {
		return pos.Coupon{}, false
	}
	c, ok := discountCoupon(discount)
	if !ok {
		return c, false
	}
	if r.Minimum != nil {
		c.MinSubtotal = pos.Money{Amount: r.Minimum.Amount, Currency: pos.Currency(r.Minimum.Currency)}
	}
	var units pos.Quantity
	for i, l := range lines {
		if l.variation == nil || !f.covers(set.id, l.variation, 0) || r.ExcludeID != "" && f.covers(r.ExcludeID, l.variation, 0) {
			continue
		}
		units += l.quantity
		c.SKUs = append(c.SKUs, strconv.Itoa(i))
	}
	if len(c.SKUs) == 0 || units < pos.Units(max(set.view.Products.Min, set.view.Products.Exact)) || !f.hasAll(set, lines) {
		return c, false
	}
	if set.view.Products.Every && len(c.SKUs) == len(lines) {
		c.SKUs = nil // the whole basket comes after narrower rules
	}
	c.ID = r.Name
	return c, true
}

// tapped finds the discounts that staff tap when a customer gives a code.
func (f *Fake) tapped(p *place, codes []string) []*object {
	var out []*object
	used := map[string]bool{}
	for _, r := range f.catalog.pricingRules() {
		used[r.view.Rule.DiscountID] = true
	}
	for _, code := range codes {
		for _, id := range f.catalog.order {
			d := f.catalog.live(id)
			if d != nil && d.kind == "DISCOUNT" && strings.EqualFold(d.view.Discount.Name, code) &&
				!used[id] && d.view.presentAt(p.id) && !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	return out
}

// discountCoupon is false for discounts whose value the till asks for.
func discountCoupon(d *object) (pos.Coupon, bool) {
	v := &d.view.Discount
	var c pos.Coupon
	switch v.Type {
	case "FIXED_PERCENTAGE":
		rate, err := pos.ParsePercent(v.Percentage)
		if err != nil || rate == 0 {
			return c, false
		}
		c.Percent = rate
		if v.Maximum != nil {
			c.MaxDiscount = pos.Money{Amount: v.Maximum.Amount, Currency: pos.Currency(v.Maximum.Currency)}
		}
	case "FIXED_AMOUNT":
		c.Amount = pos.Money{Amount: v.Amount.Amount, Currency: pos.Currency(v.Amount.Currency)}
	default:
		return c, false
	}
	return c, true
}

// covers reports whether an id of a product set stands for the variation.
func (f *Fake) covers(id string, variation *object, depth int) bool {
	o := f.catalog.live(id)
	if o == nil || depth > 20 {
		return false
	}
	switch o.kind {
	case "ITEM_VARIATION":
		return o.id == variation.id
	case "ITEM":
		return o.id == variation.parent
	case "CATEGORY":
		item := f.catalog.live(variation.parent)
		return item != nil && slices.ContainsFunc(item.view.categories(), func(c string) bool { return f.within(c, id, 0) })
	case "PRODUCT_SET":
		p := &o.view.Products
		return p.Every || slices.ContainsFunc(slices.Concat(p.Any, p.All), func(x string) bool { return f.covers(x, variation, depth+1) })
	}
	return false
}

// within reports whether a category is the given one or lies below it.
func (f *Fake) within(category, root string, depth int) bool {
	if category == root {
		return true
	}
	o := f.catalog.live(category)
	return o != nil && o.view.Category.Parent.ID != "" && depth < 20 && f.within(o.view.Category.Parent.ID, root, depth+1)
}

// hasAll checks that a set of products that must come together is complete.
func (f *Fake) hasAll(set *object, lines []basketLine) bool {
	for _, id := range set.view.Products.All {
		if !slices.ContainsFunc(lines, func(l basketLine) bool { return l.variation != nil && f.covers(id, l.variation, 0) }) {
			return false
		}
	}
	return true
}

// inForce compares a rule's dates and hours with the wall clock of the till.
func (f *Fake) inForce(rule *object, local time.Time) bool {
	r := &rule.view.Rule
	now := local.Format("2006-01-02T15:04:05")
	orElse := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	if r.FromDate != "" && now < r.FromDate+"T"+orElse(r.FromTime, "00:00:00") ||
		r.UntilDate != "" && now > r.UntilDate+"T"+orElse(r.UntilTime, "23:59:59") {
		return false
	}
	for _, id := range r.Periods {
		if o := f.catalog.live(id); o != nil {
			if p, err := parsePeriod(o.view.Period.Event); err == nil && p.contains(local) {
				return true
			}
		}
	}
	return len(r.Periods) == 0
}

// period is the event of a TIME_PERIOD: once, daily or weekly.
type period struct {
	start    time.Time // wall clock, as UTC
	duration time.Duration
	freq     string
	days     []string
	until    time.Time
}

var errPeriod = errors.New("not an event that Square takes")

func parsePeriod(text string) (period, error) {
	var p period
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok && strings.TrimSpace(line) != "" {
			return p, fmt.Errorf("%w: line %q", errPeriod, line)
		}
		var err error
		switch key {
		case "", "BEGIN", "END", "SUMMARY":
		case "DTSTART":
			p.start, err = time.Parse("20060102T150405", value)
		case "DURATION":
			p.duration, err = parseDuration(value)
		case "RRULE":
			err = p.parseRule(value)
		default:
			err = errPeriod
		}
		if err != nil {
			return p, fmt.Errorf("%w: line %q", errPeriod, line)
		}
	}
	if p.start.IsZero() || p.duration <= 0 {
		return p, fmt.Errorf("%w: DTSTART and DURATION are required", errPeriod)
	}
	return p, nil
}

// parseDuration reads the durations of RFC 5545 without weeks, e.g. P1DT2H30M.
func parseDuration(text string) (time.Duration, error) {
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || rest == "" {
		return 0, errPeriod
	}
	var total time.Duration
	units := map[byte]time.Duration{'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	number := ""
	for i := range len(rest) {
		switch b := rest[i]; {
		case b == 'T':
		case b >= '0' && b <= '9':
			number += string(b)
		case units[b] > 0 && number != "" && len(number) < 6:
			total += time.Duration(atoi(number)) * units[b]
			number = ""
		default:
			return 0, errPeriod
		}
	}
	return total, nil
}

func (p *period) parseRule(value string) error {
	for part := range strings.SplitSeq(value, ";") {
		key, v, _ := strings.Cut(part, "=")
		switch key {
		case "FREQ":
			p.freq = v
		case "BYDAY":
			p.days = strings.Split(v, ",")
		case "UNTIL":
			t, err := time.Parse("20060102", v[:min(8, len(v))])
			if err != nil {
				return err
			}
			p.until = t.AddDate(0, 0, 1)
		case "INTERVAL":
			if v != "1" {
				return errPeriod
			}
		default:
			return errPeriod
		}
	}
	if p.freq != "DAILY" && p.freq != "WEEKLY" {
		return errPeriod
	}
	return nil
}

// contains reports whether the local wall clock lies inside an occurrence.
func (p period) contains(local time.Time) bool {
	now := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	if p.freq == "" {
		return !now.Before(p.start) && now.Before(p.start.Add(p.duration))
	}
	for back := 0; back <= int(p.duration/(24*time.Hour))+1; back++ {
		day := now.AddDate(0, 0, -back)
		start := time.Date(day.Year(), day.Month(), day.Day(), p.start.Hour(), p.start.Minute(), p.start.Second(), 0, time.UTC)
		if !start.Before(p.start) && (p.until.IsZero() || start.Before(p.until)) && p.on(start) &&
			!now.Before(start) && now.Before(start.Add(p.duration)) {
			return true
		}
	}
	return false
}

func (p period) on(start time.Time) bool {
	if p.freq == "DAILY" && len(p.days) == 0 {
		return true
	}
	day := strings.ToUpper(start.Weekday().String()[:2])
	if len(p.days) == 0 {
		return start.Weekday() == p.start.Weekday()
	}
	return slices.Contains(p.days, day)
}
