package postest

import (
	"context"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// mutant is a provider with a planted bug: each hook that is set replaces a
// method and is given the sound provider.
type mutant struct {
	*posfake.Fake
	locations func(*posfake.Fake, context.Context, pos.LocationQuery) (pos.LocationPage, error)
	menu      func(*posfake.Fake, context.Context, pos.MenuPush) (pos.PushReport, error)
	coupons   func(*posfake.Fake, context.Context, pos.CouponPush) (pos.PushReport, error)
	status    func(*posfake.Fake, context.Context, pos.StatusQuery) (pos.StatusPage, error)
	stock     func(*posfake.Fake, context.Context, pos.InventoryQuery) (pos.InventoryPage, error)
	purchases func(*posfake.Fake, context.Context, pos.PurchaseQuery) (pos.PurchasePage, error)
	// sales changes what a page delivers.
	sales func(*posfake.Fake, pos.PurchaseQuery, *pos.PurchasePage)
	// totals changes what a day's totals state; blind asks the vendor first.
	totals func(context.Context, pos.DayTotalsQuery, *pos.DayTotals) error
	blind  bool
}

func (m *mutant) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	if m.locations != nil {
		return m.locations(m.Fake, ctx, q)
	}
	return m.Fake.Locations(ctx, q)
}

func (m *mutant) PushMenu(ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
	if m.menu != nil {
		return m.menu(m.Fake, ctx, push)
	}
	return m.Fake.PushMenu(ctx, push)
}

func (m *mutant) PushCoupons(ctx context.Context, push pos.CouponPush) (pos.PushReport, error) {
	if m.coupons != nil {
		return m.coupons(m.Fake, ctx, push)
	}
	return m.Fake.PushCoupons(ctx, push)
}

func (m *mutant) Status(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	if m.status != nil {
		return m.status(m.Fake, ctx, q)
	}
	return m.Fake.Status(ctx, q)
}

func (m *mutant) Inventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	if m.stock != nil {
		return m.stock(m.Fake, ctx, q)
	}
	return m.Fake.Inventory(ctx, q)
}

func (m *mutant) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	if m.purchases != nil {
		return m.purchases(m.Fake, ctx, q)
	}
	page, err := m.Fake.Purchases(ctx, q)
	if err == nil && m.sales != nil {
		m.sales(m.Fake, q, &page)
	}
	return page, err
}
