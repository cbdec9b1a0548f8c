package simphonyfake

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// automatic is the activation type of discounts that apply by themselves.
const automatic = 1

// offer is a discount as a revenue center inherits it.
type offer struct {
	objectNum int64
	name      string
	row       record
}

// discountsAt are the discounts of a revenue center, each from the lowest unit
// that has a record.
func (f *Fake) discountsAt(c *revenueCenter) []*offer {
	path := c.path()
	depth := func(r record) int { return slices.Index(path, int(r.num("hierUnitId"))) }
	type key struct{ number, group int64 }
	best := map[key]*offer{}
	var out []*offer
	for _, r := range f.tables["Discounts"].rows {
		if depth(r) < 0 {
			continue
		}
		k := key{r.num("objectNum"), r.num("effGrpObjNum")}
		o := best[k]
		if o == nil {
			o = &offer{}
			best[k] = o
			out = append(out, o)
		}
		if o.row == nil || depth(r) > depth(o.row) {
			*o = offer{r.num("objectNum"), r.text("name"), r}
		}
	}
	return out
}

// offers are the discounts that count for a sale, in the terms of [pos.Price],
// and by their id there.
func (f *Fake) offers(c *revenueCenter, codes []string, at time.Time) ([]pos.Coupon, map[string]*offer) {
	var out []pos.Coupon
	byID := map[string]*offer{}
	for _, o := range f.discountsAt(c) {
		group := o.row.num("effGrpObjNum")
		if !o.row.flag("enabled", true) || group != 0 && !f.effective(c, group, at) {
			continue
		}
		cp := pos.Coupon{ID: cmp.Or(o.row.str("externalReference1"), fmt.Sprintf("%09d", o.objectNum)), Name: o.name}
		if byID[cp.ID] != nil {
			cp.ID = fmt.Sprintf("%s/%d/%d", cp.ID, o.objectNum, group)
		}
		if o.row.num("activationType") != automatic {
			for _, code := range codes {
				if o.answersTo(code) {
					cp.Codes = append(cp.Codes, code)
				}
			}
			if len(cp.Codes) == 0 {
				continue
			}
		}
		if !f.value(o, c, &cp) {
			continue
		}
		out, byID[cp.ID] = append(out, cp), o
	}
	return out, byID
}

// answersTo reports whether an operator gives the discount for a code.
func (o *offer) answersTo(code string) bool {
	return code != "" && slices.Contains([]string{
		strconv.FormatInt(o.objectNum, 10), o.row.str("externalReference1"), o.row.str("externalReference2"),
	}, code)
}

// value reads percentage or amount; false if the discount has neither.
func (f *Fake) value(o *offer, c *revenueCenter, cp *pos.Coupon) bool {
	if rate, err := pos.ParsePercent(plain(o.row[f.cfg.PercentField])); err == nil && rate > 0 {
		cp.Percent = rate
		return true
	}
	m, err := pos.ParseMoney(plain(o.row[f.cfg.AmountField]), c.property.currency)
	cp.Amount = m
	return err == nil && m.Amount > 0
}
