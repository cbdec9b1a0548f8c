package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/pos"
)

func usd(cents int64) pos.Money { return pos.Money{Amount: cents, Currency: "USD"} }

// menu is what Farmacy sells today.
func menu() pos.Menu {
	cheaper := usd(1095)
	return pos.Menu{Items: []pos.Item{
		{SKU: "BOWL-SALMON", Name: "Salmon Bowl", Category: "Bowls", Price: usd(1295), ShelfLifeDays: 4, Calories: 520, Allergens: []string{"fish", "soy"}},
		{SKU: "BOWL-TOFU", Name: "Tofu Bowl", Category: "Bowls", Price: usd(1150), ShelfLifeDays: 5, Diets: []string{"vegan"}},
		{SKU: "SALAD-CAESAR", Name: "Caesar Salad", Category: "Salads", Price: usd(950), ShelfLifeDays: 3, Allergens: []string{"egg", "milk"}},
		{SKU: "SOUP-LENTIL", Name: "Lentil Soup", Category: "Soups", Price: usd(725), ShelfLifeDays: 6, Diets: []string{"vegan", "gluten-free"}},
		{
			SKU: "WRAP-FALAFEL", Name: "Falafel Wrap", Category: "Wraps", Price: usd(1195), ShelfLifeDays: 3,
			Overrides: []pos.Override{{Location: "1043", Price: &cheaper}, {Location: "GYM", Price: &cheaper}},
		},
		{
			SKU: "OATS-BERRY", Name: "Berry Oats", Category: "Breakfast", Price: usd(595), ShelfLifeDays: 4,
			Overrides: []pos.Override{{Location: "CAFE", Unavailable: true}},
		},
	}}
}

// coupons are today's promotions: one that every system can express, and one
// that not every system can.
func coupons(now time.Time) []pos.Coupon {
	return []pos.Coupon{
		{ID: "SOUP-WEEK", Name: "Soup week", Percent: pos.Percent(20), SKUs: []string{"SOUP-LENTIL"}, Starts: now.Add(-time.Hour), Ends: now.Add(7 * 24 * time.Hour)},
		{ID: "WELCOME", Name: "Welcome", Percent: pos.Percent(10), Codes: []string{"WELCOME10"}, Starts: now.Add(-time.Hour), Ends: now.Add(30 * 24 * time.Hour)},
	}
}

// publish pushes the menu and then the coupons: first the plan, then the
// thing, then once more to show that nothing is left to do.
func (w *world) publish(ctx context.Context, p *printer) error {
	for _, push := range []struct {
		what string
		send func(context.Context, bool) ([]fridge.Report, error)
	}{{"menu", w.pushMenus}, {"coupons", w.pushCoupons}} {
		for _, step := range []struct {
			title string
			plan  bool
		}{{"Plan of the push of " + push.what, true}, {"Push of " + push.what, false}, {"The same push again", false}} {
			p.phase(step.title)
			reports, err := push.send(ctx, step.plan)
			if err != nil && len(reports) == 0 {
				return err
			}
			for _, r := range reports {
				if r.Err != nil {
					return fmt.Errorf("%s: %w", r.Vendor, r.Err)
				}
				p.push(r, step.plan)
			}
		}
	}
	return w.restock()
}

// pushMenus pushes through both integrators, the way a menu service in the
// same process would; services elsewhere send the menu as an event.
func (w *world) pushMenus(ctx context.Context, dryRun bool) ([]fridge.Report, error) {
	var all []fridge.Report
	for _, push := range []func(context.Context, events.Target, pos.MenuPush) ([]fridge.Report, error){w.fridge.PushMenu, w.kiosk.PushMenu} {
		reports, err := push(ctx, events.Target{}, pos.MenuPush{Menu: menu(), DryRun: dryRun, ChangeID: "menu-1"})
		if err != nil && len(reports) == 0 {
			return nil, err
		}
		all = append(all, reports...)
	}
	return all, nil
}

func (w *world) pushCoupons(ctx context.Context, dryRun bool) ([]fridge.Report, error) {
	var all []fridge.Report
	now := time.Now().Truncate(24 * time.Hour)
	for _, push := range []func(context.Context, events.Target, pos.CouponPush) ([]fridge.Report, error){w.fridge.PushCoupons, w.kiosk.PushCoupons} {
		reports, err := push(ctx, events.Target{}, pos.CouponPush{Coupons: coupons(now), DryRun: dryRun, ChangeID: "coupons-1"})
		if err != nil && len(reports) == 0 {
			return nil, err
		}
		all = append(all, reports...)
	}
	return all, nil
}

// onSale returns what can be bought at a location.
func onSale(location string) []pos.Item {
	return slices.DeleteFunc(menu().Items, func(it pos.Item) bool {
		_, available := it.At(location)
		return !available
	})
}

// restock fills fridges and shelves.
func (w *world) restock() error {
	for _, s := range w.systems {
		for i, l := range s.locations {
			for j, it := range onSale(l) {
				n := int64(60 + 10*i + j)
				if err := s.fake.SetStock(l, it.SKU, &n); err != nil {
					return fmt.Errorf("stocking %s at %s: %w", it.SKU, describe(s, l), err)
				}
			}
		}
	}
	return nil
}
