package main

import (
	"context"
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/pos"
)

func usd(cents int64) pos.Money { return pos.Money{Amount: cents, Currency: "USD"} }

// menu is what Farmacy sells today. Two items differ at some locations, which
// not every system can express.
func menu() pos.Menu {
	cheaper := usd(1095)
	return pos.Menu{Items: []pos.Item{
		{SKU: "BOWL-SALMON", Name: "Salmon Bowl", Category: "Bowls", Price: usd(1295), ShelfLifeDays: 4, Calories: 520, Allergens: []string{"fish", "soy"}},
		{SKU: "BOWL-TOFU", Name: "Tofu Bowl", Category: "Bowls", Price: usd(1150), ShelfLifeDays: 5, Diets: []string{"vegan"}},
		{SKU: "SALAD-CAESAR", Name: "Caesar Salad", Category: "Salads", Price: usd(950), ShelfLifeDays: 3, Allergens: []string{"egg", "milk"}},
		{SKU: "SOUP-LENTIL", Name: "Lentil Soup", Category: "Soups", Price: usd(725), ShelfLifeDays: 6, Diets: []string{"vegan", "gluten-free"}},
		{
			SKU: "WRAP-FALAFEL", Name: "Falafel Wrap", Category: "Wraps", Price: usd(1195), ShelfLifeDays: 3,
			Overrides: []pos.Override{{Location: "1043", Price: &cheaper}, {Location: "GYM", Price: &cheaper}, {Location: "stadium", Price: &cheaper}},
		},
		{
			SKU: "OATS-BERRY", Name: "Berry Oats", Category: "Breakfast", Price: usd(595), ShelfLifeDays: 4,
			Overrides: []pos.Override{{Location: "CAFE", Unavailable: true}, {Location: "hospital", Unavailable: true}},
		},
	}}
}

// coupons are today's promotions: on everything, on one item, and with a code.
// Few systems can do all three.
func coupons(now time.Time) []pos.Coupon {
	return []pos.Coupon{
		{ID: "HARVEST", Name: "Harvest days", Percent: pos.Percent(5), Starts: now.Add(-time.Hour), Ends: now.Add(3 * 24 * time.Hour)},
		{ID: "SOUP-WEEK", Name: "Soup week", Percent: pos.Percent(20), SKUs: []string{"SOUP-LENTIL"}, Starts: now.Add(-time.Hour), Ends: now.Add(7 * 24 * time.Hour)},
		{ID: "WELCOME", Name: "Welcome", Percent: pos.Percent(10), Codes: []string{"WELCOME10"}, Starts: now.Add(-time.Hour), Ends: now.Add(30 * 24 * time.Hour)},
	}
}

// publish pushes the menu and then the coupons: first the plan, then the thing,
// then once more to show that nothing is left to do.
func (w *world) publish(ctx context.Context, p *printer) error {
	now := time.Now().Truncate(24 * time.Hour)
	for _, push := range []struct {
		what string
		job  pos.Job
		send func(context.Context, bool) ([]fridge.Report, error)
	}{
		{"menu", pos.JobMenu, w.pushMenu},
		{"coupons", pos.JobCoupons, func(ctx context.Context, plan bool) ([]fridge.Report, error) { return w.pushCoupons(ctx, now, plan) }},
	} {
		for _, step := range []struct {
			title string
			plan  bool
		}{{"Plan of the push of " + push.what, true}, {"Push of " + push.what, false}, {"The same push again", false}} {
			p.phase(step.title)
			reports, err := push.send(ctx, step.plan)
			if err != nil {
				return err
			}
			for _, s := range w.systems {
				p.push(s, push.job, step.plan, reports)
			}
			if err := w.carryOut(ctx, reports, p); err != nil {
				return err
			}
		}
	}
	for _, s := range w.systems {
		if err := s.restock(); err != nil {
			return err
		}
	}
	return nil
}

// pushMenu pushes through both integrators, the way a menu service in the same
// process would; services elsewhere send the menu as an event.
func (w *world) pushMenu(ctx context.Context, plan bool) ([]fridge.Report, error) {
	push := pos.MenuPush{Menu: menu(), DryRun: plan, ChangeID: "menu-1"}
	fridges, err := w.fridge.PushMenu(ctx, events.Target{}, push)
	if err != nil {
		return nil, err
	}
	counters, err := w.kiosk.PushMenu(ctx, events.Target{}, push)
	return append(fridges, counters...), err
}

func (w *world) pushCoupons(ctx context.Context, now time.Time, plan bool) ([]fridge.Report, error) {
	push := pos.CouponPush{Coupons: coupons(now), DryRun: plan, ChangeID: "coupons-1"}
	fridges, err := w.fridge.PushCoupons(ctx, events.Target{}, push)
	if err != nil {
		return nil, err
	}
	counters, err := w.kiosk.PushCoupons(ctx, events.Target{}, push)
	return append(fridges, counters...), err
}

// carryOut waits for the systems that take pushes when they call.
func (w *world) carryOut(ctx context.Context, reports []fridge.Report, p *printer) error {
	for _, s := range w.systems {
		r, found := reportOf(s, reports)
		if !found || r.DryRun || r.Count(pos.Pending) == 0 || s.carryOut == nil {
			continue
		}
		if err := s.carryOut(ctx); err != nil {
			return fmt.Errorf("%s: carrying the push out: %w", s.name, err)
		}
		p.line("  %-18s called and took what was pending; the next push tells how it ended", s.name)
	}
	return nil
}

// reportOf finds a system's report. There is none for a job that it cannot do.
func reportOf(s *system, reports []fridge.Report) (fridge.Report, bool) {
	for _, r := range reports {
		if r.Vendor == s.vendor() && r.Account == s.account() {
			return r, true
		}
	}
	return fridge.Report{}, false
}
