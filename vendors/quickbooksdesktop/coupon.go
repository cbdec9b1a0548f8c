package quickbooksdesktop

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// couponPrefix begins the name of a discount item that stands for a coupon.
const couponPrefix = "CPN-"

func (c *Config) couponCaps() pos.CouponCaps {
	if !c.LedgerCoupons {
		return pos.CouponCaps{Support: pos.Support{
			Level: pos.None, Why: "a discount item is a rate with a name: no code, window, condition or limit is enforced",
			Nearest: "LedgerCoupons keeps a discount item for each, to book what other systems gave",
		}}
	}
	return pos.CouponCaps{
		Support: pos.Support{
			Level: pos.Partial, Why: "a discount item to book the coupon on; nothing is enforced at the till",
			Nearest: "push the coupon to the system that sells as well",
		},
		Percent: true, Amount: true, WholeBasket: true, MaxCodes: 1,
	}
}

// PushCoupons implements [pos.Provider]. Without [Config].LedgerCoupons it is
// refused. With it, a discount item named after the coupon's code is kept for
// each coupon, to book on what another system gave: a discount item is a rate
// with a name that a cashier may pick, and nothing is enforced at any till, not
// even the validity. Every outcome says so in its notes. Changes wait for the
// Web Connector as those of [Provider.PushMenu] do.
func (p *Provider) PushCoupons(ctx context.Context, push pos.CouponPush) (pos.PushReport, error) {
	const op = "PushCoupons"
	if s := p.capabilities().Coupons.Support; !s.OK() {
		return pos.PushReport{}, pos.Unsupported(Vendor, op, s.Why, s.Nearest)
	}
	if err := pos.ValidateCoupons(push.Coupons); err != nil {
		return pos.PushReport{}, err
	}
	m := &menuPush{Provider: p, op: op, coupons: true, push: pos.MenuPush{
		Locations: push.Locations, Partial: push.Partial, DryRun: push.DryRun, MaxWithdraw: push.MaxWithdraw,
	}}
	return m.run(ctx, func(doc *tasksDoc) (bool, error) { return m.decideCoupons(doc, push.Coupons) })
}

// decideCoupons fills the report and the queue. It may be called several times.
func (m *menuPush) decideCoupons(doc *tasksDoc, coupons []pos.Coupon) (write bool, err error) {
	ids := make([]string, len(coupons))
	names := make(map[string]bool, len(coupons))
	for i := range coupons {
		ids[i] = coupons[i].ID
	}
	m.begin(doc, ids)
	for i := range coupons {
		if name := m.coupon(doc, &coupons[i]); name != "" {
			names[name] = true
		}
	}
	if !m.push.Partial {
		err := m.withdraw(doc, names, slices.Sorted(maps.Keys(doc.Coupons)), func(name string) {
			o := m.outcome(doc, name, want{Gone: true, Coupon: doc.Coupons[name]})
			o.Item = doc.Coupons[name]
			if !slices.Contains(ids, o.Item) { // otherwise it has another code now
				m.report.Add(o)
			}
		})
		if err != nil {
			return false, err
		}
	}
	return m.finish(doc)
}

// coupon decides about one coupon and returns the name of its item, or "" if
// it is refused.
func (m *menuPush) coupon(doc *tasksDoc, cp *pos.Coupon) string {
	caps := m.capabilities()
	ps := caps.CheckCoupon(*cp)
	name := ""
	if len(cp.Codes) == 1 {
		name = couponPrefix + cp.Codes[0]
	}
	if len(name) > maxName {
		ps = append(ps, pos.Problem{Item: cp.ID, Field: "Codes", Reason: fmt.Sprintf("is longer than %d characters", maxName-len(couponPrefix)), Nearest: "a shorter code"})
	}
	if !cp.Amount.IsZero() && cp.Amount.Currency != m.cfg.Currency {
		ps = append(ps, pos.Problem{Item: cp.ID, Field: "Amount", Reason: fmt.Sprintf("is in %s, the company file keeps %s", cp.Amount.Currency, m.cfg.Currency)})
	}
	if len(ps) > 0 {
		m.report.Add(pos.Outcome{Item: cp.ID, Locations: m.ids, Action: pos.Refused, Err: m.fail(pos.KindUnsupported, ps)})
		return ""
	}
	w := want{Name: terms(cp), Active: true, Coupon: cp.ID}
	if cp.Amount.IsZero() {
		w.Percent = trimZeros(strings.TrimSuffix(cp.Percent.String(), "%"))
	} else {
		w.Price = cp.Amount.Decimal()
	}
	o := m.outcome(doc, name, w)
	o.Item = cp.ID
	o.Notes = []pos.Problem{{
		Item: cp.ID, Reason: "a discount item to book the coupon on: QuickBooks enforces neither code nor validity",
		Nearest: "push the coupon to the system that sells as well",
	}}
	m.report.Add(o)
	if !m.push.DryRun && o.Action != pos.Failed {
		if doc.Coupons == nil {
			doc.Coupons = make(map[string]string)
		}
		doc.Coupons[name] = cp.ID
	}
	return name
}

// terms says in words what the coupon gives and when.
func terms(cp *pos.Coupon) string {
	gives := cp.Percent.String() + " off"
	if !cp.Amount.IsZero() {
		gives = cp.Amount.String() + " off"
	}
	parts := []string{cp.Name, gives}
	if !cp.Starts.IsZero() {
		parts = append(parts, "from "+cp.Starts.UTC().Format(time.RFC3339))
	}
	if !cp.Ends.IsZero() {
		parts = append(parts, "until "+cp.Ends.UTC().Format(time.RFC3339))
	}
	text, _ := storable(strings.Join(parts, ", "))
	return text
}

// couponDifferences names the fields in which a discount item is not as it
// should be.
func (p *Provider) couponDifferences(w want, have *item) []string {
	var fields []string
	if !w.Gone {
		if have.Desc != w.Name {
			fields = append(fields, fieldName)
		}
		if w.Percent != "" && trimZeros(have.Percent) != w.Percent {
			fields = append(fields, fieldPercent)
		}
		if w.Percent == "" && !p.samePrice(have.Price, w.Price) {
			fields = append(fields, fieldAmount)
		}
	}
	if have.Active != w.Active {
		fields = append(fields, fieldUnavailable)
	}
	return fields
}

// writeCoupon makes the request of a change to a discount item.
func (d desktop) writeCoupon(id string, pt *pendingTask, have *item) any {
	w := pt.Want
	if have == nil {
		r := discountAdd{head: head{RequestID: id}, Only: writtenFields}
		r.Item.Name, r.Item.IsActive, r.Item.Desc, r.Item.Amount, r.Item.Percent = pt.SKU, w.Active, w.Name, w.Price, w.Percent
		r.Item.TaxCode, r.Item.Account, r.Item.GUID = named(d.cfg.TaxCode), named(d.cfg.DiscountAccount), d.mark(pt.SKU)
		return r
	}
	r := discountMod{head: head{RequestID: id}, Only: writtenFields}
	r.Item.ListID, r.Item.EditSequence = have.ListID, have.Sequence
	for _, field := range pt.Fields {
		switch field {
		case fieldName:
			r.Item.Desc = w.Name
		case fieldPercent:
			r.Item.Percent = w.Percent
		case fieldAmount:
			r.Item.Amount = w.Price
		case fieldUnavailable:
			r.Item.IsActive = &w.Active
		}
	}
	return r
}

// credit names the coupons that discounts of a sale are booked on.
func (d *tasksDoc) credit(sale *pos.Purchase) {
	for name, coupon := range d.Coupons {
		for i := range sale.Discounts {
			if a := &sale.Discounts[i]; a.ID != "" && a.ID == d.Owned[name] {
				a.Coupon, a.Code = coupon, strings.TrimPrefix(name, couponPrefix)
			}
		}
	}
}
