package bytetech

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/farmacyfoods/pointofsale/pos"
)

// refusals are all reasons why a coupon cannot be expressed.
func (c *couponPush) refusals(cp *pos.Coupon) pos.Problems {
	ps := c.capabilities().CheckCoupon(*cp)
	add := func(field, reason, nearest string) {
		ps = append(ps, pos.Problem{Item: cp.ID, Field: field, Reason: reason, Nearest: nearest})
	}
	if len(cp.Schedule) > 0 && !cp.Automatic() {
		add("Schedule", "happy hours cannot have a code", "the code without hours, or the hours without a code")
	}
	if cp.NearExpiryDays > 0 && !cp.Automatic() {
		add("NearExpiryDays", "discounts by shelf life cannot have a code", "the same discount without a code")
	}
	if cp.NearExpiryDays > 0 && len(cp.Schedule) > 0 {
		add("Schedule", "discounts by shelf life cannot have hours", "one of the two")
	}
	if len(cp.Schedule) > 1 {
		add("Schedule", "a discount has one span of hours", "a coupon for each span")
	}
	for _, h := range cp.Schedule {
		if h.From == 0 && h.To == 24*60 {
			add("Schedule", "a span of a whole day cannot be told from an empty one", "00:00 to 23:59")
		}
	}
	for _, sku := range cp.SKUs {
		if c.products[sku] == "" {
			add("SKUs", sku+" is not in the catalogue", "push the menu first")
		}
	}
	for _, name := range cp.Categories {
		if c.categories[name] == "" {
			add("Categories", fmt.Sprintf("%q is not in the catalogue", name), "push the menu first")
		}
	}
	for _, k := range c.kiosks {
		if cur := c.byID[k].Currency; !cp.Amount.IsZero() && cp.Amount.Currency != cur {
			add("Amount", fmt.Sprintf("is in %s, kiosk %s sells in %s", cp.Amount.Currency, k, cur), "a coupon for each currency")
			break
		}
	}
	return ps
}

// document maps a coupon.
func (c *couponPush) document(cp *pos.Coupon, extID string, kiosks []string) document {
	f, e := c.profile.Fields.Discount, &c.profile.Encoding
	d := document{}
	d.set(f.ExternalID, extID)
	d.set(f.Name, cp.Name)
	if cp.Percent != 0 {
		d.set(f.ValueType, c.profile.word("value_type", valuePercent))
		d.set(f.Percent, e.formatPercent(cp.Percent))
	} else {
		d.set(f.ValueType, c.profile.word("value_type", valueAmount))
		d.set(f.Amount, e.formatMoney(cp.Amount))
	}
	d.set(f.Products, idsOf(cp.SKUs, c.products))
	d.set(f.Categories, idsOf(cp.Categories, c.categories))
	if kiosks == nil {
		kiosks = []string{}
	}
	d.set(f.Kiosks, kiosks)
	starts := cp.Starts
	if starts.IsZero() {
		starts = c.now
	}
	d.set(f.Starts, e.timeValue(starts))
	if !cp.Ends.IsZero() {
		d.set(f.Ends, e.timeValue(cp.Ends))
	}
	c.condition(d, cp)
	return d
}

// condition sets the kind of the discount and what belongs to it.
func (c *couponPush) condition(d document, cp *pos.Coupon) {
	f := c.profile.Fields.Discount
	kind := kindStandard
	switch {
	case len(cp.Codes) > 0:
		kind = kindCoupon
		d.set(f.CouponType, c.profile.word("coupon_type", couponReusable))
		d.set(f.Code, cp.Codes[0])
	case cp.GenerateCodes > 0:
		kind = kindCoupon
		d.set(f.CouponType, c.profile.word("coupon_type", couponSingleUse))
		d.set(f.CodeCount, cp.GenerateCodes)
	case cp.NearExpiryDays > 0:
		kind = kindShelfLife
		d.set(f.MaxExpirationDays, cp.NearExpiryDays)
	case len(cp.Schedule) > 0:
		kind = kindHappyHour
		h := cp.Schedule[0]
		d.set(f.Days, c.weekdays(h.Days))
		d.set(f.StartTime, h.From.String())
		d.set(f.EndTime, (h.To % (24 * 60)).String()) // 24:00 is the 00:00 that follows
	}
	d.set(f.Kind, c.profile.word("discount_kind", kind))
}

func (c *couponPush) weekdays(days []time.Weekday) []string {
	var words []string
	for day := time.Sunday; day <= time.Saturday; day++ {
		if len(days) == 0 || slices.Contains(days, day) {
			words = append(words, c.profile.word("weekday", strconv.Itoa(int(day))))
		}
	}
	return words
}

func idsOf(names []string, ids map[string]string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, ids[n])
	}
	return out
}

// maxKey is how much of a coupon's id fits into an external id of 64
// characters beside generation and print.
const maxKey = 50

// couponKey is the part of external ids that stands for a coupon; a long id is
// cut and made unique.
func couponKey(id string) string {
	if len(id) <= maxKey {
		return id
	}
	return id[:maxKey-9] + "." + shortHash([]byte(id))
}

func externalID(key string, generation int, terms string) string {
	return key + "~" + strconv.FormatInt(int64(generation), 36) + "~" + terms
}

var ourExternalID = regexp.MustCompile(`^(.+)~([0-9a-z]{1,4})~([0-9a-f]{8})$`)

// parseExternalID takes an external id of ours apart.
func parseExternalID(s string) (key string, generation int, terms string, ok bool) {
	m := ourExternalID.FindStringSubmatch(s)
	if m == nil {
		return "", 0, "", false
	}
	n, err := strconv.ParseInt(m[2], 36, 32)
	return m[1], int(n), m[3], err == nil
}

// couponPrint is the same for coupons with the same terms.
func couponPrint(cp *pos.Coupon) string {
	text, err := json.Marshal(cp, json.Deterministic(true))
	if err != nil { // plain data always marshals
		return strings.Repeat("0", 8)
	}
	return shortHash(text)
}

func shortHash(text []byte) string {
	h := fnv.New32a()
	_, _ = h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}
