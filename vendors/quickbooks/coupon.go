package quickbooks

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// couponPrefix begins name and SKU of an item that stands for a coupon.
const couponPrefix = "CPN-"

// PushCoupons implements [pos.Provider]. Without [Config].LedgerCoupons it is
// refused. With it, an item named after the coupon's code is kept for each
// coupon, to book on what another system gave: QuickBooks has no interface for
// coupons, and nothing is enforced at any till, not even the validity. Every
// outcome says so in its notes.
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
	targets, err := p.targets(ctx, op, push.Locations)
	if err != nil {
		return pos.PushReport{}, err
	}
	now, err := p.readCatalogue(ctx)
	if err != nil {
		return pos.PushReport{}, err
	}
	ids := make([]string, len(push.Coupons))
	for i := range push.Coupons {
		ids[i] = push.Coupons[i].ID
	}
	report := kit.NewReport(ids, targets, push.DryRun)
	m := &menuPush{
		writer: &writer{Provider: p, op: op, changeID: push.ChangeID, version: now.version, report: report, dryRun: push.DryRun},
		push:   &pos.MenuPush{Partial: push.Partial, MaxWithdraw: push.MaxWithdraw}, targets: targets, now: now,
	}
	for i := range push.Coupons {
		m.planCoupon(&push.Coupons[i])
	}
	if err := m.withdrawCoupons(ids); err != nil {
		return pos.PushReport{}, err
	}
	m.write(ctx, m.changes())
	m.tell()
	return report.Push(), whole(ctx, op, m.plans)
}

// planCoupon plans the item of one coupon.
func (m *menuPush) planCoupon(cp *pos.Coupon) {
	o := pos.Outcome{Item: cp.ID, Locations: m.targets, Notes: []pos.Problem{{
		Item: cp.ID, Reason: "an item to book the coupon on: QuickBooks enforces neither discount nor validity", Nearest: "push the coupon to the system that sells as well",
	}}}
	if ps := m.describe.Capabilities.CheckCoupon(*cp); len(ps) > 0 {
		o.Action, o.Err = pos.Refused, fail(m.op, pos.KindUnsupported, ps)
		m.report.Add(o)
		return
	}
	name := couponPrefix + cp.Codes[0] // a coupon without a code was refused
	have := m.now.coupons[cp.ID]
	if err := m.taken(&pos.Item{SKU: name, Name: name}, have); err != nil {
		o.Action, o.Err = pos.Failed, err
		m.report.Add(o)
		return
	}
	c := &change{key: cp.ID, have: have, outcome: o, want: &wanted{
		name: name, sku: name, description: terms(cp), mark: m.couponMark(cp.ID), kind: typeService,
		price: pos.Money{Currency: m.cfg.Currency}, active: true,
		income: m.cfg.DiscountAccount, expense: m.cfg.ExpenseAccount,
	}}
	m.build(c)
	m.plans = append(m.plans, c)
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
	return strings.Join(parts, ", ")
}

// withdrawCoupons plans to deactivate what is not among the coupons any more.
func (m *menuPush) withdrawCoupons(ids []string) error {
	if m.push.Partial {
		return nil
	}
	inForce, withdrawn := 0, 0
	for _, id := range slices.Sorted(maps.Keys(m.now.coupons)) {
		have := m.now.coupons[id]
		if !have.active() {
			continue
		}
		inForce += len(m.targets)
		if !slices.Contains(ids, id) {
			withdrawn += len(m.targets)
			m.withdraw(id, have)
		}
	}
	if err := pos.CheckWithdraw(withdrawn, inForce, m.push.MaxWithdraw); err != nil {
		return fail(m.op, pos.KindWithdrawLimit, causeOf(err))
	}
	return nil
}
