package postest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Size is how much there is in a benchmark.
type Size struct {
	Items, Locations int
	// Sales is how many wait to be read by one poll.
	Sales int
}

// Benchmark measures the five jobs at a size and reports for each the time,
// the allocations, and as "calls/op" the requests that reach the vendor. It
// uses the wall clock, moves the simulator's clock with Advance, and opens one
// harness for each job. The harness must have an account of size.Locations open
// locations with one currency. With -short everything is a tenth of the size.
func Benchmark(b *testing.B, size Size, open func(b *testing.B, size Size) Harness) {
	b.Helper()
	if testing.Short() {
		size = Size{max(size.Items/10, 1), max(size.Locations/10, 1), max(size.Sales/10, 1)}
	}
	for _, m := range measurements {
		h := open(b, size)
		if !h.Provider.Describe().Capabilities.Job(m.job).OK() {
			b.Logf("postest: %s is not supported", m.job)
			continue
		}
		b.Run(fmt.Sprintf("%s/%dx%d", m.name, size.Items, size.Locations), func(b *testing.B) {
			c := newCheck(b.Context(), b.Name(), h)
			c.p.quiet, c.wall = true, true
			defer func() {
				if e := recover(); e != nil && e != (stop{}) {
					panic(e)
				}
				for _, f := range c.failures {
					b.Error(f)
				}
			}()
			c.places()
			calls := 0
			b.ReportAllocs()
			b.ResetTimer()
			for n := range b.N {
				b.StopTimer()
				if m.before != nil {
					m.before(c, size, n)
				}
				sent := len(h.Sim.Requests())
				b.StartTimer()
				m.run(b.Context(), c, size)
				b.StopTimer()
				calls += len(h.Sim.Requests()) - sent
				b.StartTimer()
			}
			b.ReportMetric(float64(calls)/float64(b.N), "calls/op")
		})
	}
}

// readable is how far the simulated clock moves until sales can be read: more
// than any vendor's reads lag behind.
const readable = 10 * time.Minute

// measurement is one line of the benchmark.
type measurement struct {
	name   string
	job    pos.Job
	before func(c *check, size Size, n int)
	run    func(ctx context.Context, c *check, size Size)
}

var measurements = []measurement{
	{"menu-changed", pos.JobMenu, nil, func(ctx context.Context, c *check, size Size) {
		c.generation++
		items := c.items(size.Items)
		for i := range items {
			items[i].Price.Amount += int64(c.generation)
		}
		_, err := c.p.PushMenu(ctx, c.full(items))
		c.must(err, "PushMenu")
	}},
	{"menu-repeated", pos.JobMenu, func(c *check, size Size, n int) {
		if n == 0 && c.generation == 0 {
			c.generation++
			c.push(c.full(c.items(size.Items)))
		}
	}, func(ctx context.Context, c *check, size Size) {
		_, err := c.p.PushMenu(ctx, c.full(c.items(size.Items)))
		c.must(err, "PushMenu")
	}},
	{"coupons-changed", pos.JobCoupons, func(c *check, _ Size, _ int) {
		if c.generation == 0 && c.caps.Menu.OK() {
			c.push(c.full(c.items(4)))
		}
		c.generation++
	}, func(ctx context.Context, c *check, _ Size) {
		cp := c.plainCoupon("PT-BENCH")
		cp.Name = fmt.Sprintf("Spring %d", c.generation)
		_, err := c.p.PushCoupons(ctx, pos.CouponPush{Coupons: []pos.Coupon{cp}})
		c.must(err, "PushCoupons")
	}},
	{"status", pos.JobStatus, nil, func(_ context.Context, c *check, _ Size) {
		c.statuses(pos.StatusQuery{})
	}},
	{"inventory", pos.JobInventory, func(c *check, size Size, _ int) {
		if c.generation > 0 || !c.caps.Menu.OK() {
			return
		}
		c.generation++
		items := c.items(size.Items)
		c.push(c.full(items))
		for _, l := range c.ids() {
			for i, it := range items {
				c.setStock(l, it.SKU, int64(i%9))
			}
		}
	}, func(_ context.Context, c *check, _ Size) {
		c.stockRows(pos.InventoryQuery{})
	}},
	{"purchases-idle", pos.JobPurchases, func(c *check, _ Size, n int) {
		if n == 0 {
			c.pollGroups()
		}
	}, func(_ context.Context, c *check, _ Size) {
		c.pollGroups()
	}},
	{"purchases-news", pos.JobPurchases, func(c *check, size Size, n int) {
		if n == 0 {
			c.pollGroups() // what an earlier run has sold
		}
		price := int64(950)
		for i := range size.Sales {
			c.sell(posfake.Sale{Location: c.ids()[i%len(c.ids())], Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
		}
		c.delivered = nil
		c.sim.Advance(readable)
		c.allLocations(0) // tells the provider what the vendor's clock is now
	}, func(_ context.Context, c *check, size Size) {
		c.pollGroups()
		if len(c.delivered) != size.Sales {
			c.errorf("%d sales were booked, %d came", size.Sales, len(c.delivered))
		}
	}},
}

// pollGroups polls all locations, in as many queries as the system needs.
func (c *check) pollGroups() {
	groups := c.caps.Purchases.Groups(c.ids())
	if c.cursors == nil {
		c.cursors = make([]pos.Cursor, len(groups))
	}
	for i, group := range groups {
		c.cursor = c.cursors[i]
		c.poll(pos.PurchaseQuery{Locations: group})
		c.cursors[i] = c.cursor
	}
}
