package postest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// hostile are providers that fail in a way that could take the suite down with
// them: every method of a mutant, replaced.
var hostile = map[string]func(*mutant){
	"panics": func(m *mutant) {
		m.locations = func(*posfake.Fake, context.Context, pos.LocationQuery) (pos.LocationPage, error) { panic("at sea") }
		m.menu = func(*posfake.Fake, context.Context, pos.MenuPush) (pos.PushReport, error) { panic("at sea") }
		m.coupons = func(*posfake.Fake, context.Context, pos.CouponPush) (pos.PushReport, error) { panic("at sea") }
		m.status = func(*posfake.Fake, context.Context, pos.StatusQuery) (pos.StatusPage, error) { panic("at sea") }
		m.stock = func(*posfake.Fake, context.Context, pos.InventoryQuery) (pos.InventoryPage, error) { panic("at sea") }
		m.purchases = func(*posfake.Fake, context.Context, pos.PurchaseQuery) (pos.PurchasePage, error) { panic("at sea") }
	},
	"answers nothing": func(m *mutant) {
		m.menu = func(*posfake.Fake, context.Context, pos.MenuPush) (r pos.PushReport, err error) { return }
		m.coupons = func(*posfake.Fake, context.Context, pos.CouponPush) (r pos.PushReport, err error) { return }
		m.status = func(*posfake.Fake, context.Context, pos.StatusQuery) (p pos.StatusPage, err error) { return }
		m.stock = func(*posfake.Fake, context.Context, pos.InventoryQuery) (p pos.InventoryPage, err error) { return }
		m.purchases = func(*posfake.Fake, context.Context, pos.PurchaseQuery) (p pos.PurchasePage, err error) { return }
	},
	"never ends": func(m *mutant) {
		var n atomic.Int64
		next := func() pos.Cursor { return pos.Cursor(fmt.Sprint("c", n.Add(1))) }
		m.locations = func(*posfake.Fake, context.Context, pos.LocationQuery) (pos.LocationPage, error) {
			return pos.LocationPage{Next: next(), More: true}, nil
		}
		m.status = func(*posfake.Fake, context.Context, pos.StatusQuery) (pos.StatusPage, error) {
			return pos.StatusPage{Next: next(), More: true}, nil
		}
		m.stock = func(*posfake.Fake, context.Context, pos.InventoryQuery) (pos.InventoryPage, error) {
			return pos.InventoryPage{Next: next(), More: true}, nil
		}
		m.purchases = func(*posfake.Fake, context.Context, pos.PurchaseQuery) (pos.PurchasePage, error) {
			return pos.PurchasePage{Next: next(), More: true}, nil
		}
	},
	"answers empty rows": func(m *mutant) {
		m.menu = func(*posfake.Fake, context.Context, pos.MenuPush) (pos.PushReport, error) {
			return pos.PushReport{Outcomes: make([]pos.Outcome, 3)}, nil
		}
		m.coupons = func(*posfake.Fake, context.Context, pos.CouponPush) (pos.PushReport, error) {
			return pos.PushReport{Outcomes: make([]pos.Outcome, 3)}, nil
		}
		m.status = func(*posfake.Fake, context.Context, pos.StatusQuery) (pos.StatusPage, error) {
			return pos.StatusPage{Statuses: make([]pos.Status, 3)}, nil
		}
		m.stock = func(*posfake.Fake, context.Context, pos.InventoryQuery) (pos.InventoryPage, error) {
			return pos.InventoryPage{Stock: make([]pos.Stock, 3)}, nil
		}
		m.purchases = func(*posfake.Fake, context.Context, pos.PurchaseQuery) (pos.PurchasePage, error) {
			return pos.PurchasePage{Purchases: make([]pos.Purchase, 3)}, nil
		}
	},
	"waits for its context": func(m *mutant) {
		m.menu = func(_ *posfake.Fake, ctx context.Context, _ pos.MenuPush) (r pos.PushReport, err error) {
			<-ctx.Done()
			return r, ctx.Err()
		}
		m.purchases = func(_ *posfake.Fake, ctx context.Context, _ pos.PurchaseQuery) (p pos.PurchasePage, err error) {
			<-ctx.Done()
			return p, ctx.Err()
		}
	},
	"is slow and deaf": func(m *mutant) {
		m.menu = func(f *posfake.Fake, _ context.Context, push pos.MenuPush) (pos.PushReport, error) {
			<-time.After(time.Hour)
			return f.PushMenu(context.Background(), push)
		}
		m.purchases = func(f *posfake.Fake, _ context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			<-time.After(time.Hour)
			return f.Purchases(context.Background(), q)
		}
	},
	"fails with its own errors": func(m *mutant) {
		own := errors.New("E42")
		m.locations = func(*posfake.Fake, context.Context, pos.LocationQuery) (p pos.LocationPage, err error) { return p, own }
		m.menu = func(*posfake.Fake, context.Context, pos.MenuPush) (r pos.PushReport, err error) { return r, own }
		m.coupons = func(*posfake.Fake, context.Context, pos.CouponPush) (r pos.PushReport, err error) { return r, own }
		m.status = func(*posfake.Fake, context.Context, pos.StatusQuery) (p pos.StatusPage, err error) { return p, own }
		m.stock = func(*posfake.Fake, context.Context, pos.InventoryQuery) (p pos.InventoryPage, err error) {
			return p, own
		}
		m.purchases = func(*posfake.Fake, context.Context, pos.PurchaseQuery) (p pos.PurchasePage, err error) { return p, own }
	},
}

// No provider takes the suite down: each case ends with failures that name a
// method or what was expected, never with a panic of the suite itself.
func TestSuiteSurvivesHostileProviders(t *testing.T) {
	t.Parallel()
	for name, plant := range hostile {
		some := cases
		if name == "never ends" { // each case takes thousands of calls
			some = oneOfEachGroup()
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survives(t, some, plant)
		})
		t.Run(name+", after a sound push", func(t *testing.T) {
			t.Parallel()
			survives(t, some, func(m *mutant) {
				plant(m)
				m.locations, m.menu = nil, nil
			})
		})
	}
}

// oneOfEachGroup are the first cases of each job.
func oneOfEachGroup() []proof {
	var first []proof
	seen := make(map[string]bool)
	for _, cs := range cases {
		group, _, _ := strings.Cut(cs.name, "/")
		if !seen[group] {
			first = append(first, cs)
		}
		seen[group] = true
	}
	return first
}

// survives runs the cases on the provider.
func survives(t *testing.T, some []proof, plant func(*mutant)) {
	t.Helper()
	failed := 0
	for _, cs := range some {
		r := cs.prove(t, func(*testing.T) Harness {
			h := harness(posfake.Config{})
			m := &mutant{Fake: h.Provider.(*posfake.Fake)}
			plant(m)
			h.Provider = m
			return h
		})
		for _, f := range r.failures {
			if strings.HasPrefix(f, "panic:") {
				t.Errorf("%s: %s", cs.title(), f)
			}
		}
		failed += min(len(r.failures), 1)
	}
	t.Logf("%d of %d cases fail", failed, len(some))
	if failed == 0 {
		t.Error("no case fails")
	}
}
