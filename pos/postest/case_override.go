package postest

import (
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

func priceByLocation(c *check) {
	items := c.items(3)
	set := func(overrides ...pos.Override) {
		items[0].Overrides = overrides
		c.must(c.push(c.full(items)).Err(), "PushMenu with overrides")
		c.holds(items, c.ids(), true)
		c.again(c.full(items))
	}
	dear, cheap := c.money(1999), c.money(99)
	a, b := c.ids()[0], c.ids()[1]
	set()
	set(pos.Override{Location: a, Price: &dear})
	set(pos.Override{Location: a, Price: &cheap}, pos.Override{Location: b, Price: &dear})
	set(pos.Override{Location: b, Price: &dear}) // a is absent: the item's price again
	set(pos.Override{Location: b})               // nil inherits
	same := items[0].Price
	set(pos.Override{Location: b, Price: &same})
	items[0].Price.Amount += 111 // without override it follows
	set()
	items[1].Price.Amount += 10
	set(pos.Override{Location: a, Price: &dear})
}

func availabilityByLocation(c *check) {
	items := c.items(3)
	set := func(overrides ...pos.Override) {
		items[0].Overrides = overrides
		c.must(c.push(c.full(items)).Err(), "PushMenu with overrides")
		c.holds(items, c.ids(), true)
		c.again(c.full(items))
	}
	a, b := c.ids()[0], c.ids()[1]
	set(pos.Override{Location: a, Unavailable: true})
	set(pos.Override{Location: b, Unavailable: true})
	set()
	items[0].Unavailable = true
	set()
	items[0].Unavailable = false
	set()
}

func undeclaredOverrides(c *check) {
	items := c.items(3)
	c.serve(items)
	dear := c.money(1999)
	for what, o := range map[string]pos.Override{
		"a price":          {Location: c.ids()[0], Price: &dear},
		"an availability ": {Location: c.ids()[0], Unavailable: true},
	} {
		able := c.caps.Menu.LocationPrice
		if o.Unavailable {
			able = c.caps.Menu.LocationAvailability
		}
		if able {
			continue
		}
		changed := slices.Clone(items)
		changed[0].Overrides = []pos.Override{o}
		report := c.counted(c.full(changed))
		if out, ok := report.At(items[0].SKU, c.ids()[0]); !ok || out.Action != pos.Refused {
			c.errorf("%s of one location, which is not declared, is reported as %q", what, out.Action)
		}
		c.holds(items[1:], c.ids(), false)
	}
}

// tamperer returns the simulator's hand for manual edits, if it has one.
func (c *check) tamperer() posfake.Tamperer {
	t, ok := c.sim.(posfake.Tamperer)
	if !ok {
		c.notes = append(c.notes, "manual edits (posfake.Tamperer)")
	}
	return t
}

func unmanagedFields(c *check) {
	hand := c.tamperer()
	if hand == nil {
		return
	}
	items := c.items(3)
	c.serve(items)
	l := c.ids()[0]
	if !c.can(hand.Tamper(posfake.MenuEdit{Location: l, SKU: items[0].SKU, Note: "shelf 3"}), "a field that we do not manage") {
		return
	}
	c.again(c.full(items))
	items[0].Price.Amount += 40
	items[0].Name = "Renamed"
	c.serve(items)
	c.holds(items, c.ids(), true)
	if got := hand.Note(l, items[0].SKU); got != "shelf 3" {
		c.errorf("a field that we do not manage is %q after a push, want %q", got, "shelf 3")
	}
}

func manualEdits(c *check) {
	hand := c.tamperer()
	if hand == nil {
		return
	}
	items := c.items(4)
	c.serve(items)
	l, price, off := c.ids()[0], int64(1), false
	for i, e := range []posfake.MenuEdit{{Price: &price}, {Name: "Scribble"}, {Available: &off}} {
		e.Location, e.SKU = l, items[i].SKU
		if !c.can(hand.Tamper(e), "a manual edit") {
			continue
		}
		c.settle()
		push := c.full(items)
		push.DryRun = true
		if o, _ := c.counted(push).At(e.SKU, l); o.Action != pos.Updated && o.Action != pos.Created {
			c.errorf("the plan shows a manual edit of %s as %q", e.SKU, o.Action)
		}
		c.serve(items)
		c.holds(items, c.ids(), true)
		c.again(c.full(items))
	}
}

func notesOnFields(c *check) {
	it := c.items(1)[0]
	it.Calories, it.Allergens, it.ShelfLifeDays = 520, []string{"soy"}, 4
	report := c.push(c.full([]pos.Item{it}))
	o, _ := report.At(it.SKU, c.ids()[0])
	var named []string
	for _, n := range o.Notes {
		named = append(named, n.Field)
	}
	for _, p := range c.caps.Uncarried(it) {
		if !slices.Contains(named, p.Field) {
			c.errorf("%s is not carried, and the outcome has no note on it", p.Field)
		}
	}
}
