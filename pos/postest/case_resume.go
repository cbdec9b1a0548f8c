package postest

import (
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var resumeCases = []proof{
	{"resume/kill at page boundaries", "R9", []need{purchases}, killAtPages},
	{"resume/kill at bytes of an answer", "R9", []need{purchases}, killAtBytes},
	{"resume/cursor is text", "R9", []need{purchases}, foreignCursors},
	{"resume/expired page token", "R41", []need{purchases}, expiredPageToken},
	{"resume/sales during the read", "R9", []need{purchases}, movingTarget},
}

func sorted(times []time.Time) []time.Time {
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// resume reads to the end as a host does that may die at any moment: pages
// take effect together with their cursor, and trouble strikes before each.
func (c *check) resume(limit int, trouble func(page int) (end func())) {
	q := pos.PurchaseQuery{Limit: limit}
	for n := range maxPages {
		end := trouble(n)
		q.After = c.cursor
		page, err := c.p.Purchases(c.ctx, q)
		if end != nil {
			end()
		}
		if err != nil { // the process dies and comes back
			c.reopen()
			page, err = c.p.Purchases(c.ctx, q)
			c.must(err, "Purchases after a restart")
		}
		c.take(page)
		if !page.More {
			return
		}
	}
	c.fatalf("Purchases: no end after %d pages", maxPages)
}

// busy books sales, some with refunds, to be read in pages.
func (c *check) busy(n int) {
	lines := c.stocked()
	for i := range n {
		sale := c.sell(posfake.Sale{Location: c.ids()[i%2], Lines: lines[:1+i%2]})
		if i%3 == 0 {
			c.wait(time.Second)
		}
		if i%5 == 0 && c.caps.Purchases.Refunds {
			_, err := c.sim.Refund(posfake.Refund{ID: sale.ID, Amount: 50})
			c.can(err, "a refund")
		}
	}
	c.settle()
}

func killAtPages(c *check) {
	c.busy(40)
	kinds := []posfake.Fault{
		{Kind: posfake.FaultReset, Times: -1},
		{Kind: posfake.FaultLostReply, Times: -1},
		{Kind: posfake.FaultStatus, Status: 503, Times: -1},
		{Kind: posfake.FaultMalformed, Times: -1},
		{Kind: posfake.FaultReset, Times: 1, Skip: 1},
	}
	c.resume(6, func(page int) func() {
		c.reopen()
		return c.inject(kinds[page%len(kinds)])
	})
	c.reconcile(pos.PurchaseQuery{Limit: 6})
}

func killAtBytes(c *check) {
	c.busy(30)
	for _, size := range []int64{0, 1, 17, 100, 333, 800, 1500, 4000, 9000, 30000} {
		c.cursor, c.delivered = "", nil
		c.resume(7, func(page int) func() {
			if page%3 == 2 {
				return nil
			}
			return c.inject(posfake.Fault{Kind: posfake.FaultTruncate, Bytes: size + int64(page), Times: page%3*2 - 1})
		})
		c.reconcile(pos.PurchaseQuery{Limit: 7})
	}
}

func foreignCursors(c *check) {
	c.busy(12)
	page, err := c.p.Purchases(c.ctx, pos.PurchaseQuery{Limit: 5})
	c.must(err, "Purchases")
	if page.Next == "" {
		c.fatalf("Purchases: the page has no cursor")
	}
	stored := pos.Cursor(string([]byte(page.Next)))
	bad := map[string]pos.PurchaseQuery{
		"garbage":           {After: "not a cursor"},
		"a truncated one":   {After: stored[:len(stored)/2]},
		"one with a change": {After: flip(stored)},
		"other locations":   {After: stored, Locations: []string{c.ids()[0]}},
	}
	if c.caps.Inventory.OK() {
		_, stock := c.stockRows(pos.InventoryQuery{})
		if stock.Next != "" {
			bad["another job"] = pos.PurchaseQuery{After: stock.Next}
		}
	}
	for what, q := range bad {
		c.silent("a cursor that is "+what, func() {
			_, err := c.p.Purchases(c.ctx, q)
			c.wants(err, pos.ErrCursor, "a cursor that is "+what)
		})
	}
	c.take(page)
	c.reopen()
	c.reconcile(pos.PurchaseQuery{Limit: 5})
}

// flip changes a character in the middle of a cursor.
func flip(c pos.Cursor) pos.Cursor {
	b := []byte(c)
	i := len(b) / 2
	if b[i] == 'x' {
		b[i] = 'y'
	} else {
		b[i] = 'x'
	}
	return pos.Cursor(b)
}

func expiredPageToken(c *check) {
	c.busy(40)
	c.resume(6, func(page int) func() {
		if page%2 == 0 {
			return nil
		}
		c.wait(2 * time.Hour)
		return c.inject(posfake.Fault{Kind: posfake.FaultPageToken, Times: 1})
	})
	c.reconcile(pos.PurchaseQuery{Limit: 6})
}

// movingTarget changes the journal while it is read.
func movingTarget(c *check) {
	c.busy(30)
	lines := c.stocked()
	first := c.sim.Ledger()[0].ID
	c.resume(5, func(page int) func() {
		if page < 12 {
			c.sell(posfake.Sale{Location: c.ids()[page%2], Lines: lines[:1]})
			c.wait(time.Second)
		}
		if page == 4 {
			c.change(first)
		}
		return nil
	})
	c.reconcile(pos.PurchaseQuery{Limit: 5})
}
