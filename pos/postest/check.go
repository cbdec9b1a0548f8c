package postest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// check is a running case: the harness, what was seen, what was wrong.
type check struct {
	Harness
	title string // of the case
	ctx   context.Context
	sim   posfake.Simulator
	caps  pos.Capabilities
	p     *witness
	locs  []pos.Location // open, with one currency

	mu       sync.Mutex
	failures []string
	notes    []string

	cursor    pos.Cursor
	delivered []pos.Purchase

	wall       bool         // not in a bubble: only the simulator's clock moves
	generation int          // of what a benchmark pushes
	cursors    []pos.Cursor // of the groups of locations that a benchmark polls
}

func newCheck(ctx context.Context, title string, h Harness) *check {
	c := &check{Harness: h, title: title, ctx: ctx, sim: h.Sim, caps: h.Provider.Describe().Capabilities}
	c.p = &witness{Provider: h.Provider, check: c}
	return c
}

// errorf reports a failure and goes on.
func (c *check) errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failures) < 20 {
		c.failures = append(c.failures, fmt.Sprintf(format, args...))
	}
}

// fatalf reports a failure and ends the case.
func (c *check) fatalf(format string, args ...any) {
	c.errorf(format, args...)
	panic(stop{})
}

// must ends the case after an error.
func (c *check) must(err error, what string) {
	if err != nil {
		c.fatalf("%s: %v", what, err)
	}
}

// can is must for the simulator: it returns false, and notes it, if the
// simulated system has no such thing.
func (c *check) can(err error, what string) bool {
	if errors.Is(err, posfake.ErrNotSimulated) {
		c.notes = append(c.notes, what)
		return false
	}
	c.must(err, "simulator: "+what)
	return true
}

// inject scripts a fault, and returns nil if the simulator does not have it.
func (c *check) inject(f posfake.Fault) (end func()) {
	end, err := c.sim.Inject(f)
	if !c.can(err, "fault "+f.Kind) {
		return nil
	}
	return end
}

// wait lets virtual time pass, for the simulator too.
func (c *check) wait(d time.Duration) {
	if c.wall {
		c.sim.Advance(d)
		return
	}
	<-time.After(d)
}

// settle makes everything recorded readable.
func (c *check) settle() {
	if c.Settle != nil {
		c.Settle()
	}
}

// reopen replaces the provider as a restart does.
func (c *check) reopen() {
	if c.Reopen != nil {
		c.p.Provider = c.Reopen()
	}
}

// places returns the open locations of one currency, and needs two of them.
func (c *check) places() []pos.Location {
	if c.locs != nil {
		return c.locs
	}
	for l, err := range pos.AllLocations(c.ctx, c.p, pos.LocationQuery{}) {
		c.must(err, "Locations")
		if !l.Closed && (len(c.locs) == 0 || l.Currency == c.locs[0].Currency) {
			c.locs = append(c.locs, l)
		}
	}
	if len(c.locs) < 2 {
		c.fatalf("the account has %d open locations of one currency, the suite needs two", len(c.locs))
	}
	return c.locs
}

func (c *check) ids() []string {
	var ids []string
	for _, l := range c.places() {
		ids = append(ids, l.ID)
	}
	return ids
}

func (c *check) money(n int64) pos.Money {
	unit := c.places()[0].Currency
	if unit == "" {
		unit = "USD"
	}
	return pos.Money{Amount: n, Currency: unit}
}

// items are n meals for a menu.
func (c *check) items(n int) []pos.Item {
	items := make([]pos.Item, n)
	for i := range items {
		items[i] = pos.Item{
			SKU:      fmt.Sprintf("PT-%04d", i+1),
			Name:     fmt.Sprintf("Meal %d", i+1),
			Category: []string{"Bowls", "Salads"}[i%2],
			Price:    c.money(int64(695 + 37*i%900)),
		}
	}
	return items
}

// push pushes a menu to its end: systems that complete later are asked again.
func (c *check) push(push pos.MenuPush) pos.PushReport {
	report, err := c.p.PushMenu(c.ctx, push)
	c.must(err, "PushMenu")
	for n := 0; report.Count(pos.Pending) > 0 && !push.DryRun; n++ {
		if n == 20 {
			c.fatalf("PushMenu: still pending after %d repeats", n)
		}
		c.wait(5 * time.Minute)
		c.settle()
		report, err = c.p.PushMenu(c.ctx, push)
		c.must(err, "PushMenu, repeated while pending")
	}
	c.settle()
	return report
}

// serve pushes items to all locations and reports what fails.
func (c *check) serve(items []pos.Item) {
	report := c.push(pos.MenuPush{Locations: c.ids(), Menu: pos.Menu{Items: items}, MaxWithdraw: pos.Percent(100)})
	c.must(report.Err(), "PushMenu of a plain menu")
}

// stocked puts a small menu on sale, where the system has menus, and returns
// what can be sold.
func (c *check) stocked() []posfake.SaleLine {
	if !c.caps.Menu.OK() {
		var lines []posfake.SaleLine
		for i := range 4 {
			price := int64(950 + 37*i)
			lines = append(lines, posfake.SaleLine{Name: fmt.Sprintf("Meal %d", i+1), Price: &price})
		}
		return lines
	}
	items := c.items(4)
	c.serve(items)
	var lines []posfake.SaleLine
	for _, it := range items {
		lines = append(lines, posfake.SaleLine{SKU: it.SKU})
	}
	return lines
}

// sell books a sale that every system can have.
func (c *check) sell(s posfake.Sale) posfake.Record {
	r, err := c.sim.Sell(s)
	c.must(err, "simulator: Sell")
	return r
}

// writes counts the write requests so far.
func (c *check) writes() int {
	n := 0
	for _, r := range c.sim.Requests() {
		if r.Write {
			n++
		}
	}
	return n
}

// during returns the requests that fn causes.
func (c *check) during(fn func()) []posfake.Request {
	before := len(c.sim.Requests())
	fn()
	return c.sim.Requests()[before:]
}

// silent fails if fn causes a request.
func (c *check) silent(what string, fn func()) {
	if sent := c.during(fn); len(sent) > 0 {
		c.errorf("%s: sent %d requests, first %s", what, len(sent), sent[0].Op)
	}
}

// maxPages bounds every read, so that a cursor that circles is an error.
const maxPages = 3000

// poll reads purchases until there is nothing more, and keeps what came.
func (c *check) poll(q pos.PurchaseQuery) pos.PurchasePage {
	for range maxPages {
		q.After = c.cursor
		page, err := c.p.Purchases(c.ctx, q)
		c.must(err, "Purchases")
		if page.More && page.Next == c.cursor && len(q.Records) == 0 {
			c.fatalf("Purchases: More without moving the cursor")
		}
		c.take(page)
		if !page.More || len(q.Records) > 0 {
			return page
		}
	}
	c.fatalf("Purchases: no end after %d pages", maxPages)
	return pos.PurchasePage{}
}

func (c *check) take(page pos.PurchasePage) {
	c.cursor = page.Next
	c.delivered = append(c.delivered, page.Purchases...)
}

// reconcile polls and compares with the ledger. Systems whose records change
// without telling get their settle time for it.
func (c *check) reconcile(q pos.PurchaseQuery) {
	c.settle()
	c.poll(q)
	for range 12 {
		r := posfake.Reconcile(c.sim.Ledger(), c.delivered)
		if r.OK() {
			return
		}
		if len(r.Doubled) > 0 || c.caps.Purchases.SettleTime == 0 {
			break
		}
		c.wait(max(c.caps.Purchases.SettleTime/8, time.Minute))
		c.poll(q)
	}
	if r := posfake.Reconcile(c.sim.Ledger(), c.delivered); !r.OK() {
		c.errorf("ledger: %s", r)
	}
}

// last returns the newest delivery of a record.
func (c *check) last(id string) *pos.Purchase {
	for i := len(c.delivered) - 1; i >= 0; i-- {
		if c.delivered[i].ID == id {
			return &c.delivered[i]
		}
	}
	c.fatalf("%s was not delivered", id)
	return nil
}

// stockRows reads stock to the end and returns rows and the final cursor.
func (c *check) stockRows(q pos.InventoryQuery) ([]pos.Stock, pos.InventoryPage) {
	var rows []pos.Stock
	for range maxPages {
		page, err := c.p.Inventory(c.ctx, q)
		c.must(err, "Inventory")
		rows = append(rows, page.Stock...)
		if !page.More {
			return rows, page
		}
		if page.Next == q.After {
			c.fatalf("Inventory: More without moving the cursor")
		}
		q.After = page.Next
	}
	c.fatalf("Inventory: no end after %d pages", maxPages)
	return nil, pos.InventoryPage{}
}

// sweep looks for secrets in everything that came out.
func (c *check) sweep() {
	for _, secret := range c.Secrets {
		if i := slices.IndexFunc(c.p.said, func(s string) bool { return secret != "" && strings.Contains(s, secret) }); i >= 0 {
			c.errorf("a secret or personal marker came out: %s", strings.ReplaceAll(clip(c.p.said[i]), secret, "*****"))
		}
	}
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}
