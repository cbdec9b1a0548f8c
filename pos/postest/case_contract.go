package postest

import (
	"context"
	"errors"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var contractCases = []proof{
	{"contract/describe", "", nil, describe},
	{"contract/unsupported jobs", "", nil, unsupportedJobs},
	{"contract/concurrent use", "R21 R22", nil, concurrent},
}

// wants fails unless the error matches.
func (c *check) wants(err, target error, what string) {
	if !errors.Is(err, target) {
		c.errorf("%s: got error %v, want %v", what, err, target)
	}
}

func describe(c *check) {
	c.silent("Describe", func() {
		first := c.p.Describe()
		if first.Vendor == "" || first.Product == "" || first.Account == "" {
			c.errorf("the description lacks vendor, product or account: %+v", first)
		}
		if diff := cmp.Diff(first, c.p.Describe()); diff != "" {
			c.errorf("two descriptions differ:\n%s", diff)
		}
		for _, j := range pos.Jobs() {
			if s := first.Capabilities.Job(j); s.Level != pos.Full && s.Why == "" {
				c.errorf("%s is %q without a reason", j, s.Level)
			}
		}
	})
}

// calls are the jobs with the least that can be asked of them.
func (c *check) calls() map[pos.Job]func(context.Context) error {
	price := pos.Money{Amount: 695, Currency: "USD"}
	if c.locs != nil {
		price = c.money(695)
	}
	return map[pos.Job]func(context.Context) error{
		pos.JobMenu: func(ctx context.Context) error {
			_, err := c.p.PushMenu(ctx, pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{{SKU: "PT-0001", Name: "Meal 1", Price: price}}}, Partial: true})
			return err
		},
		pos.JobCoupons: func(ctx context.Context) error {
			_, err := c.p.PushCoupons(ctx, pos.CouponPush{})
			return err
		},
		pos.JobStatus: func(ctx context.Context) error {
			_, err := c.p.Status(ctx, pos.StatusQuery{})
			return err
		},
		pos.JobInventory: func(ctx context.Context) error {
			_, err := c.p.Inventory(ctx, pos.InventoryQuery{})
			return err
		},
		pos.JobPurchases: func(ctx context.Context) error {
			_, err := c.p.Purchases(ctx, pos.PurchaseQuery{})
			return err
		},
	}
}

func unsupportedJobs(c *check) {
	for job, call := range c.calls() {
		if c.caps.Job(job).OK() {
			continue
		}
		c.silent(string(job)+", which is not supported", func() {
			c.wants(call(c.ctx), pos.ErrUnsupported, string(job))
		})
	}
	if c.caps.Purchases.OK() && !c.caps.Purchases.Records {
		c.silent("a Records query", func() {
			_, err := c.p.Purchases(c.ctx, pos.PurchaseQuery{Records: []string{"x"}})
			c.wants(err, pos.ErrUnsupported, "a Records query")
		})
	}
}

// concurrent calls everything at once, for the race detector and the limits.
func concurrent(c *check) {
	lines := c.stocked()
	c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	c.settle()
	var wg sync.WaitGroup
	for job, call := range c.calls() {
		if !c.caps.Job(job).OK() {
			continue
		}
		for range 12 {
			wg.Go(func() {
				if err := call(c.ctx); err != nil && !errors.Is(err, pos.ErrConflict) {
					c.errorf("%s, called at the same time as others: %v", job, err)
				}
			})
		}
	}
	wg.Wait()
	for _, r := range c.sim.Requests() {
		if r.Status == 429 {
			c.errorf("%s ran into the rate limit", r.Op)
			return
		}
	}
}
