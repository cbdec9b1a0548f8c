package bytetechfake

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// discount is immutable but for its end and its usage.
type discount struct {
	id          string
	terms       discountWrite
	percent     int64 // parts per million
	billed      int64 // parts per million
	starts      time.Time
	ends        time.Time // zero: open end
	ended       time.Time // ended by hand
	created     time.Time
	updated     time.Time
	redemptions int
	given       int64
	codes       []*couponCode
}

func (d *discount) key() string { return d.id }

// couponCode is one code that shoppers can type in.
type couponCode struct {
	code        string
	discount    *discount
	balance     int64 // of a declining balance
	usedAt      time.Time
	transaction string
}

// discountWrite is the definition of a discount as clients send it.
type discountWrite struct {
	ExternalID              *string       `json:"external_id"`
	Name                    *string       `json:"name"`
	Kind                    *string       `json:"kind"`
	ValueType               *string       `json:"value_type"`
	Percent                 *string       `json:"percent"`
	AmountCents             *int64        `json:"amount_cents"`
	BilledToLocationPercent *string       `json:"billed_to_location_percent"`
	AppliesTo               *scopeWrite   `json:"applies_to"`
	StartsAt                *time.Time    `json:"starts_at"`
	EndsAt                  *time.Time    `json:"ends_at"`
	Schedule                *scheduleJSON `json:"schedule"`
	MaxShelfLifeDays        *int          `json:"max_shelf_life_days"`
	MaxExpirationDays       *int          `json:"max_expiration_days"`
	Coupon                  *couponJSON   `json:"coupon"`
}

// scopeWrite limits a discount; an empty list means all.
type scopeWrite struct {
	ProductIDs  []string `json:"product_ids"`
	CategoryIDs []string `json:"category_ids"`
	KioskIDs    []string `json:"kiosk_ids"`
}

type scheduleJSON struct {
	Days      []string `json:"days"`
	StartTime string   `json:"start_time"`
	EndTime   string   `json:"end_time"`
}

type couponJSON struct {
	CouponType          string  `json:"coupon_type"`
	Code                *string `json:"code"`
	CodeCount           *int    `json:"code_count"`
	InitialBalanceCents *int64  `json:"initial_balance_cents"`
}

var (
	codeForm = regexp.MustCompile(`^[A-Z0-9-]{3,32}$`)
	timeForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"} // as time.Weekday counts
)

// status is scheduled, active or ended.
func (d *discount) status(now time.Time) string {
	switch {
	case !d.ended.IsZero() || !d.ends.IsZero() && !now.Before(d.ends):
		return "ended"
	case now.Before(d.starts):
		return "scheduled"
	}
	return "active"
}

// holds reports whether the discount was in force at an instant, which may be
// past: what an offline fridge sold is judged by the time of the sale.
func (d *discount) holds(t time.Time) bool {
	return !t.Before(d.starts) && (d.ends.IsZero() || t.Before(d.ends)) && (d.ended.IsZero() || t.Before(d.ended))
}

// endedAt is when the discount ended, zero if it has not.
func (d *discount) endedAt(now time.Time) time.Time {
	switch {
	case !d.ended.IsZero():
		return d.ended
	case d.status(now) == "ended":
		return d.ends
	}
	return time.Time{}
}

// createDiscount checks a definition and puts it into force.
func (f *Fake) createDiscount(w discountWrite) (*discount, error) {
	if err := f.checkDiscount(&w); err != nil {
		return nil, err
	}
	d := &discount{terms: w, starts: milliseconds(*w.StartsAt), created: f.now, updated: f.now}
	if w.EndsAt != nil {
		d.ends = milliseconds(*w.EndsAt)
	}
	d.percent, _ = parsePercent(deref(w.Percent))
	d.billed, _ = parsePercent(deref(w.BilledToLocationPercent))
	if err := f.checkUnique(w); err != nil {
		return nil, err
	}
	d.id = f.id("d")
	f.discounts.put(d)
	f.issueCodes(d)
	f.announceDiscount(d)
	return d, nil
}

// checkDiscount validates every field and fills in defaults.
func (f *Fake) checkDiscount(w *discountWrite) error {
	kind, valueType := deref(w.Kind), deref(w.ValueType)
	if w.BilledToLocationPercent == nil {
		w.BilledToLocationPercent = new("0")
	}
	if w.AppliesTo == nil {
		w.AppliesTo = &scopeWrite{}
	}
	percent, percentOK := parsePercent(deref(w.Percent))
	_, billedOK := parsePercent(*w.BilledToLocationPercent)
	declining := w.Coupon != nil && w.Coupon.CouponType == "declining_balance"
	switch {
	case deref(w.Name) == "" || utf8.RuneCountInString(*w.Name) > 80:
		return invalid("name", "is required, at most 80 characters")
	case w.ExternalID != nil && (*w.ExternalID == "" || utf8.RuneCountInString(*w.ExternalID) > 64):
		return invalid("external_id", "is not 1 to 64 characters")
	case !slices.Contains([]string{"standard", "happy_hour", "shelf_life", "coupon"}, kind):
		return invalid("kind", "is not standard, happy_hour, shelf_life or coupon")
	case valueType != "percent" && valueType != "amount":
		return invalid("value_type", "is not percent or amount")
	case valueType == "percent" && (!percentOK || percent == 0 || w.AmountCents != nil):
		return invalid("percent", "a percent discount needs percent in 0 < p <= 100 and no amount_cents")
	case valueType == "amount" && w.Percent != nil:
		return invalid("percent", "does not go with value_type amount")
	case valueType == "amount" && w.AmountCents == nil && !declining, w.AmountCents != nil && *w.AmountCents <= 0:
		return invalid("amount_cents", "must be positive")
	case !billedOK:
		return invalid("billed_to_location_percent", "is not in 0 to 100")
	case w.StartsAt == nil:
		return invalid("starts_at", "is required")
	case w.EndsAt != nil && !w.EndsAt.After(*w.StartsAt):
		return invalid("ends_at", "is not after starts_at")
	case (kind == "happy_hour") != (w.Schedule != nil):
		return invalid("schedule", "goes with happy_hour and only with it")
	case kind == "shelf_life" && w.MaxExpirationDays == nil:
		return invalid("max_expiration_days", "is required for shelf_life")
	case kind != "shelf_life" && (w.MaxShelfLifeDays != nil || w.MaxExpirationDays != nil):
		return invalid("max_expiration_days", "goes only with shelf_life")
	case (kind == "coupon") != (w.Coupon != nil):
		return invalid("coupon", "goes with kind coupon and only with it")
	}
	for _, err := range []error{f.checkScope(*w.AppliesTo), checkSchedule(w.Schedule), checkCoupon(w.Coupon, valueType)} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *Fake) checkScope(s scopeWrite) error {
	for i, id := range s.ProductIDs {
		if _, ok := f.products.get(id); !ok {
			return invalid("applies_to.product_ids["+strconv.Itoa(i)+"]", "names no product")
		}
	}
	for i, id := range s.CategoryIDs {
		if _, ok := f.categories.get(id); !ok {
			return invalid("applies_to.category_ids["+strconv.Itoa(i)+"]", "names no category")
		}
	}
	for i, id := range s.KioskIDs {
		if _, ok := f.kiosks.get(id); !ok {
			return invalid("applies_to.kiosk_ids["+strconv.Itoa(i)+"]", "names no kiosk")
		}
	}
	return nil
}

func checkSchedule(s *scheduleJSON) error {
	if s == nil {
		return nil
	}
	if len(s.Days) == 0 {
		return invalid("schedule.days", "is empty")
	}
	for i, day := range s.Days {
		if !slices.Contains(weekdays, day) {
			return invalid("schedule.days["+strconv.Itoa(i)+"]", "is not a weekday such as MON")
		}
	}
	if !timeForm.MatchString(s.StartTime) || !timeForm.MatchString(s.EndTime) || s.StartTime == s.EndTime {
		return invalid("schedule.start_time", "start_time and end_time must be different times as HH:MM")
	}
	return nil
}

func checkCoupon(c *couponJSON, valueType string) error {
	if c == nil {
		return nil
	}
	if c.Code != nil {
		c.Code = new(strings.ToUpper(*c.Code))
	}
	switch {
	case !slices.Contains([]string{"single_use", "reusable", "declining_balance"}, c.CouponType):
		return invalid("coupon.coupon_type", "is not single_use, reusable or declining_balance")
	case c.CouponType == "single_use" && (c.CodeCount == nil || *c.CodeCount < 1 || *c.CodeCount > 1000):
		return invalid("coupon.code_count", "is not in 1 to 1000")
	case c.CouponType == "single_use" && c.Code != nil:
		return invalid("coupon.code", "the codes of a single_use coupon are generated")
	case c.CouponType != "single_use" && !codeForm.MatchString(deref(c.Code)):
		return invalid("coupon.code", "is not 3 to 32 letters, digits and dashes")
	case c.CouponType != "single_use" && c.CodeCount != nil:
		return invalid("coupon.code_count", "goes only with single_use")
	case c.CouponType == "declining_balance" && (valueType != "amount" || deref(c.InitialBalanceCents) <= 0):
		return invalid("coupon.initial_balance_cents", "a declining balance needs value_type amount and a positive balance")
	case c.CouponType != "declining_balance" && c.InitialBalanceCents != nil:
		return invalid("coupon.initial_balance_cents", "goes only with declining_balance")
	}
	return nil
}

// checkUnique refuses an external id or a live code that exists.
func (f *Fake) checkUnique(w discountWrite) error {
	if w.ExternalID != nil && slices.ContainsFunc(f.discounts, func(d *discount) bool { return deref(d.terms.ExternalID) == *w.ExternalID }) {
		return conflict("duplicate_external_id", "external_id", "another discount has it")
	}
	if w.Coupon == nil || w.Coupon.Code == nil {
		return nil
	}
	for _, c := range f.codes[*w.Coupon.Code] {
		if c.discount.status(f.now) != "ended" {
			return conflict("duplicate_code", "coupon.code", "another coupon that has not ended has it")
		}
	}
	return nil
}

// issueCodes makes the codes of a coupon.
func (f *Fake) issueCodes(d *discount) {
	c := d.terms.Coupon
	if c == nil {
		return
	}
	issue := func(code string, balance int64) {
		cc := &couponCode{code: code, discount: d, balance: balance}
		d.codes = append(d.codes, cc)
		f.codes[code] = append(f.codes[code], cc)
	}
	if c.Code != nil {
		issue(*c.Code, deref(c.InitialBalanceCents))
		return
	}
	for len(d.codes) < *c.CodeCount {
		if code := fakekit.Text(f.random, fakekit.Base32, 10); len(f.codes[code]) == 0 {
			issue(code, 0)
		}
	}
	slices.SortFunc(d.codes, func(a, b *couponCode) int { return strings.Compare(a.code, b.code) })
}

// announceDiscount schedules the notices of start and end.
func (f *Fake) announceDiscount(d *discount) {
	tell := func(event string) {
		f.emit(event, "", map[string]any{"discount_id": d.id, "external_id": d.terms.ExternalID})
	}
	f.at(d.starts, func() {
		if d.ended.IsZero() {
			tell("discount.started")
		}
	})
	if !d.ends.IsZero() {
		f.at(d.ends, func() {
			if d.ended.IsZero() {
				d.updated = f.now
				tell("discount.ended")
			}
		})
	}
}

// endDiscount ends a discount now; one that has ended stays as it is.
func (f *Fake) endDiscount(d *discount) {
	if d.status(f.now) == "ended" {
		return
	}
	d.ended, d.updated = f.now, f.now
	f.emit("discount.ended", "", map[string]any{"discount_id": d.id, "external_id": d.terms.ExternalID})
}

func (c *couponCode) key() string { return c.code }

// state is unused, used or expired.
func (c *couponCode) state(now time.Time) string {
	switch {
	case c.spent():
		return "used"
	case c.discount.status(now) == "ended":
		return "expired"
	}
	return "unused"
}

// spent reports whether the code gives nothing any more.
func (c *couponCode) spent() bool {
	switch c.discount.terms.Coupon.CouponType {
	case "single_use":
		return c.transaction != ""
	case "declining_balance":
		return c.balance == 0
	}
	return false
}
