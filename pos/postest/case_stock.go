package postest

import (
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

var stockCases = []proof{
	{"inventory/not counted is not zero", "R26", []need{stocks, menus}, notCounted},
	{"inventory/locations apart", "R31", []need{stocks, menus, counts, perLocation}, stockApart},
	{"inventory/501 rows", "R31", []need{stocks, menus, counts}, stock501},
	{"inventory/5001 rows", "R31", []need{stocks, menus, counts}, stock5001},
	{"inventory/changes", "", []need{stocks, menus, counts, stockChanges}, stockDelta},
	{"inventory/cursor", "", []need{stocks}, stockCursor},
}

// onHand reads the counts of a location by SKU.
func (c *check) onHand(location string) map[string]pos.Count {
	rows, _ := c.stockRows(pos.InventoryQuery{Locations: []string{location}})
	out := make(map[string]pos.Count)
	for _, s := range rows {
		if s.SKU == "" {
			continue
		}
		if _, twice := out[s.SKU]; twice {
			c.errorf("%s at %s has two rows", s.SKU, location)
		}
		out[s.SKU] = s.OnHand
	}
	return out
}

func (c *check) setStock(location, sku string, n int64) {
	c.must(c.sim.SetStock(location, sku, &n), "simulator: SetStock")
}

func notCounted(c *check) {
	items := c.items(3)
	c.serve(items)
	l := c.ids()[0]
	c.setStock(l, items[0].SKU, 7)
	c.setStock(l, items[1].SKU, 0)
	c.setStock(l, items[2].SKU, 4)
	forgotten := c.can(c.sim.SetStock(l, items[2].SKU, nil), "a count that is forgotten")
	c.settle()
	rows, _ := c.stockRows(pos.InventoryQuery{Locations: []string{l}})
	told := make(map[string]pos.Stock)
	for _, s := range rows {
		told[s.SKU] = s
	}
	if c.caps.Inventory.Counts {
		c.equal("a count of 7", told[items[0].SKU].OnHand, pos.Counted(pos.Units(7)))
		c.equal("a count of zero", told[items[1].SKU].OnHand, pos.Counted(0))
		if forgotten {
			c.equal("no count", told[items[2].SKU].OnHand, pos.Count{})
			c.equal("available without a count", told[items[2].SKU].Available, pos.Count{})
		}
		if !c.caps.Inventory.Committed {
			c.equal("committed, which is not declared", told[items[0].SKU].Committed, pos.Count{})
		}
	} else {
		c.equal("in stock", told[items[0].SKU].InStock, pos.Yes)
		c.equal("not in stock", told[items[1].SKU].InStock, pos.No)
	}
	if forgotten {
		c.equal("in stock without a count", told[items[2].SKU].InStock == pos.No, false)
	}
}

func (c *check) equal(what string, got, want any) {
	if got != want {
		c.errorf("%s: got %v, want %v", what, got, want)
	}
}

func stockApart(c *check) {
	items := c.items(3)
	c.serve(items)
	for i, l := range c.ids() {
		for k, it := range items {
			c.setStock(l, it.SKU, int64(10*(i+1)+k))
		}
	}
	c.settle()
	rows, page := c.stockRows(pos.InventoryQuery{Locations: c.ids()})
	if !page.Full {
		c.errorf("a read without cursor is not Full")
	}
	seen := make(map[string]pos.Count)
	for _, s := range rows {
		seen[s.SKU+" at "+s.Location] = s.OnHand
	}
	for i, l := range c.ids() {
		one := c.onHand(l)
		for k, it := range items {
			want := pos.Counted(pos.Units(int64(10*(i+1) + k)))
			c.equal(it.SKU+" at "+l, seen[it.SKU+" at "+l], want)
			c.equal(it.SKU+" at "+l+" alone", one[it.SKU], want)
		}
	}
}

func stock501(c *check)  { c.completeStock(501) }
func stock5001(c *check) { c.completeStock(5001) }

// completeStock counts n items at one location and some at another.
func (c *check) completeStock(n int) {
	items := c.items(n)
	c.serve(items)
	for i, it := range items {
		c.setStock(c.ids()[0], it.SKU, int64(1+i%9))
	}
	c.settle()
	var rows []pos.Stock
	l := c.ids()[0]
	sent := c.during(func() { rows, _ = c.stockRows(pos.InventoryQuery{Locations: []string{l}}) })
	if b := c.Budget.Inventory; b != nil && len(sent) > b(n, 1) {
		c.errorf("%d items at one location took %d requests, promised are %d", n, len(sent), b(n, 1))
	}
	got := make(map[string]pos.Stock)
	for _, s := range rows {
		if _, twice := got[s.SKU]; twice && s.SKU != "" {
			c.errorf("%s has two rows", s.SKU)
		}
		got[s.SKU] = s
	}
	for i, it := range items {
		c.equal(it.SKU, got[it.SKU].OnHand, pos.Counted(pos.Units(int64(1+i%9))))
	}
}

func stockDelta(c *check) {
	items := c.items(12)
	c.serve(items)
	for _, l := range c.ids() {
		for _, it := range items {
			c.setStock(l, it.SKU, 5)
		}
	}
	c.settle()
	_, page := c.stockRows(pos.InventoryQuery{Locations: c.ids()})
	if page.Next == "" {
		c.fatalf("changes are declared, and a full read gives no cursor")
	}
	for round := range 3 {
		c.reopen()
		c.wait(10 * time.Minute)
		want := make(map[string]pos.Count)
		for k := range 3 {
			l, sku := c.ids()[(round+k)%2], items[(round*3+k)%12].SKU
			n := int64(20 + 3*round + k)
			c.setStock(l, sku, n)
			want[sku+" at "+l] = pos.Counted(pos.Units(n))
		}
		gone := items[11].SKU + " at " + c.ids()[0]
		if round == 2 && c.can(c.sim.SetStock(c.ids()[0], items[11].SKU, nil), "a count that is forgotten") {
			want[gone] = pos.Count{}
		}
		c.settle()
		var rows []pos.Stock
		rows, page = c.stockRows(pos.InventoryQuery{Locations: c.ids(), After: page.Next})
		got := make(map[string]pos.Count)
		for _, s := range rows {
			got[s.SKU+" at "+s.Location] = s.OnHand
		}
		for key, n := range want {
			if have, ok := got[key]; !ok || have != n {
				c.errorf("change %d: %s is %v (delivered %t), want %v", round, key, have, ok, n)
			}
		}
		if !page.Full && len(got) > 2*len(want)+3 { // an overlap may repeat some
			c.errorf("change %d: %d changes came as %d rows", round, len(want), len(got))
		}
	}
}

func stockCursor(c *check) {
	for what, q := range map[string]pos.InventoryQuery{
		"garbage":     {After: "not a cursor"},
		"another job": {After: c.purchaseCursor()},
	} {
		if q.After == "" {
			continue
		}
		c.silent("a cursor that is "+what, func() {
			_, err := c.p.Inventory(c.ctx, q)
			c.wants(err, pos.ErrCursor, "a cursor that is "+what)
		})
	}
}

func (c *check) purchaseCursor() pos.Cursor {
	if !c.caps.Purchases.OK() {
		return ""
	}
	page, err := c.p.Purchases(c.ctx, pos.PurchaseQuery{})
	c.must(err, "Purchases")
	return page.Next
}
