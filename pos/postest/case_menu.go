package postest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var menuCases = []proof{
	{"menu/desired state", "", []need{menus}, desiredState},
	{"menu/dry run", "", []need{menus}, dryRun},
	{"menu/partial", "", []need{menus}, partialPush},
	{"menu/withdrawal", "R27", []need{menus}, withdrawal},
	{"menu/withdraw limit", "R27", []need{menus}, withdrawLimit},
	{"menu/subset of locations", "", []need{menus, ownAvailability}, subsetOfLocations},
	{"menu/foreign items", "R27 R28", []need{menus}, foreignItems},
	{"menu/foreign item with our SKU", "R25 R27 R43", []need{menus}, foreignSKU},
	{"menu/price by location", "R29", []need{menus, ownPrice}, priceByLocation},
	{"menu/availability by location", "R29", []need{menus, ownAvailability}, availabilityByLocation},
	{"menu/undeclared overrides", "", []need{menus}, undeclaredOverrides},
	{"menu/unmanaged fields", "R28 R29", []need{menus}, unmanagedFields},
	{"menu/manual edits", "R30", []need{menus}, manualEdits},
	{"menu/501 items", "R33", []need{menus}, manyItems},
	{"menu/every problem", "R43", []need{menus}, everyProblem},
	{"menu/version conflict", "R25", []need{menus}, versionConflict},
	{"menu/lost reply", "", []need{menus}, lostReply},
	{"menu/stale reads", "", []need{menus}, staleReads},
	{"menu/stock untouched", "R26 R32", []need{menus, stocks}, stockUntouched},
	{"menu/notes on fields", "", []need{menus}, notesOnFields},
}

var ownAvailability = need{"menu.location_availability", func(c pos.Capabilities) bool { return c.Menu.LocationAvailability }}

// holds fails unless the items are on sale at the locations as the menu says,
// and nothing else of ours is.
func (c *check) holds(items []pos.Item, locations []string, exactly bool) {
	rows := make(map[[2]string]posfake.MenuRow)
	for _, r := range c.sim.Menu() {
		if r.Foreign || !r.Available {
			continue
		}
		key := [2]string{r.Location, r.SKU}
		if _, twice := rows[key]; twice {
			c.errorf("%s is on sale twice at %s", r.SKU, r.Location)
		}
		rows[key] = r
	}
	for _, it := range items {
		for _, l := range locations {
			price, available := it.At(l)
			r, on := rows[[2]string{l, it.SKU}]
			switch {
			case on != available:
				c.errorf("%s at %s: on sale %t, want %t", it.SKU, l, on, available)
			case on && (r.Price != price.Amount || r.Name != it.Name):
				c.errorf("%s at %s: is %q for %d, want %q for %d", it.SKU, l, r.Name, r.Price, it.Name, price.Amount)
			}
			delete(rows, [2]string{l, it.SKU})
		}
	}
	for key := range rows {
		if exactly && slices.Contains(locations, key[0]) {
			c.errorf("%s is still on sale at %s", key[1], key[0])
		}
	}
}

// full is a push of a whole menu to the suite's locations.
func (c *check) full(items []pos.Item) pos.MenuPush {
	return pos.MenuPush{Locations: c.ids(), Menu: pos.Menu{Items: items}, MaxWithdraw: pos.Percent(100)}
}

// counted pushes and compares the reported number of writes with the log.
func (c *check) counted(push pos.MenuPush) pos.PushReport {
	before := c.writes()
	report, err := c.p.PushMenu(c.ctx, push)
	c.must(err, "PushMenu")
	sent := c.writes() - before
	if push.DryRun {
		if sent > 0 {
			c.errorf("a dry run sent %d write requests", sent)
		}
	} else if sent != report.Writes {
		c.errorf("the report counts %d writes, the system saw %d", report.Writes, sent)
	}
	return report
}

// again fails unless repeating the push changes nothing.
func (c *check) again(push pos.MenuPush) {
	c.settle()
	before := c.writes()
	report, err := c.p.PushMenu(c.ctx, push)
	c.must(err, "PushMenu, repeated")
	if n := c.writes() - before; n > 0 || report.Writes > 0 {
		c.errorf("the repeated push sent %d writes and reports %d", n, report.Writes)
	}
	for l, o := range report.Each() {
		if o.Action != pos.Unchanged && o.Err == nil {
			c.errorf("the repeated push reports %s at %s as %s", o.Item, l, o.Action)
		}
	}
}

func desiredState(c *check) {
	items := c.items(6)
	report := c.push(c.full(items))
	c.must(report.Err(), "PushMenu")
	c.holds(items, c.ids(), true)
	for _, it := range items {
		for _, l := range c.ids() {
			if _, ok := report.At(it.SKU, l); !ok {
				c.errorf("the report lacks %s at %s", it.SKU, l)
			}
		}
	}
	c.again(c.full(items))
	items[0].Price.Amount += 100
	items[1].Name = "Renamed"
	items[2].Unavailable = true
	report = c.push(c.full(items))
	c.must(report.Err(), "PushMenu of changes")
	c.holds(items, c.ids(), true)
	c.again(c.full(items))
	c.reopen()
	c.again(c.full(items))
	slices.Reverse(items) // the order carries no meaning
	c.again(c.full(items))
}

// plan is what a report says, in comparable form.
func plan(r pos.PushReport) map[string]string {
	out := make(map[string]string)
	for l, o := range r.Each() {
		fields := slices.Sorted(slices.Values(o.Fields))
		out[o.Item+" at "+l] = fmt.Sprint(o.Action, fields)
	}
	return out
}

func dryRun(c *check) {
	items := c.items(5)
	c.serve(items)
	items[0].Price.Amount += 50
	items[1].Name = "Renamed"
	items = append(items[:4], pos.Item{SKU: "PT-NEW", Name: "New", Price: c.money(500)})
	rows := c.sim.Menu()
	push := c.full(items)
	push.DryRun = true
	planned := c.counted(push)
	if !planned.DryRun {
		c.errorf("the report does not say that it is of a dry run")
	}
	if diff := cmp.Diff(rows, c.sim.Menu()); diff != "" {
		c.errorf("a dry run changed the menu:\n%s", diff)
	}
	push.DryRun = false
	done := c.counted(push)
	if c.caps.Deferred {
		return // what is queued is reported as pending
	}
	if diff := cmp.Diff(plan(planned), plan(done)); diff != "" {
		c.errorf("the plan differs from what was done:\n%s", diff)
	}
	if planned.Writes != done.Writes {
		c.errorf("the plan has %d writes, %d were sent", planned.Writes, done.Writes)
	}
	c.settle()
	c.holds(items, c.ids(), true)
}

func partialPush(c *check) {
	items := c.items(5)
	c.serve(items)
	items[0].Price.Amount += 200
	push := c.full(items[:1])
	push.Partial = true
	c.must(c.push(push).Err(), "PushMenu, partial")
	c.holds(items, c.ids(), true)
}

func withdrawal(c *check) {
	items := c.items(6)
	c.serve(items)
	report := c.push(c.full(items[:4]))
	c.must(report.Err(), "PushMenu")
	c.holds(items[:4], c.ids(), true)
	for _, it := range items[4:] {
		for _, l := range c.ids() {
			o, ok := report.At(it.SKU, l)
			if !c.caps.Deferred && (!ok || o.Action != pos.Withdrawn) {
				c.errorf("the withdrawal of %s at %s is reported as %q", it.SKU, l, o.Action)
			}
		}
	}
	c.again(c.full(items[:4]))
	c.serve(items) // and back
	c.holds(items, c.ids(), true)
}

func withdrawLimit(c *check) {
	items := c.items(10)
	c.serve(items)
	before := c.writes()
	for _, tc := range []struct {
		keep  int
		limit pos.Rate
		stops bool
	}{{4, 0, true}, {8, pos.Percent(10), true}, {0, 0, true}, {8, pos.Percent(20), false}, {4, 0, false}, {0, pos.Percent(100), false}} {
		push := c.full(items[:tc.keep])
		push.MaxWithdraw = tc.limit
		_, err := c.p.PushMenu(c.ctx, push)
		c.settle()
		if stopped := errors.Is(err, pos.ErrWithdrawLimit); stopped != tc.stops {
			c.errorf("keeping %d of 10 with limit %s: %v, want stopped %t", tc.keep, tc.limit, err, tc.stops)
		}
		if n := c.writes() - before; tc.stops && n > 0 {
			c.errorf("keeping %d of 10: %d writes before the limit stopped it", tc.keep, n)
		}
		if !tc.stops {
			return // from here on, less is on sale
		}
	}
}

func subsetOfLocations(c *check) {
	items := c.items(4)
	c.serve(items)
	here, there := c.ids()[:1], c.ids()[1:]
	push := c.full(items[:2])
	push.Locations = here
	c.must(c.push(push).Err(), "PushMenu to one location")
	c.holds(items[:2], here, true)
	c.holds(items, there, true)
	c.again(push)
	c.serve(items)
	c.holds(items, c.ids(), true)
}

// foreign returns the digests of what others own.
func (c *check) foreign() map[string]string {
	out := make(map[string]string)
	for _, r := range c.sim.Menu() {
		if r.Foreign {
			out[r.SKU+" at "+r.Location] = fmt.Sprint(r.Digest, r.Available, r.Price)
		}
	}
	return out
}

func foreignItems(c *check) {
	for i := range 5 {
		if !c.can(c.sim.AddForeign(fmt.Sprintf("THEIRS-%d", i), fmt.Sprintf("Soda %d", i), int64(150+i)), "somebody else's items") {
			return
		}
	}
	before := c.foreign()
	if len(before) == 0 {
		c.fatalf("the simulator's menu shows no foreign item")
	}
	items := c.items(5)
	c.serve(items)
	items[0].Price.Amount++
	c.serve(items[:3])
	c.serve(nil)
	if diff := cmp.Diff(before, c.foreign()); diff != "" {
		c.errorf("somebody else's items changed:\n%s", diff)
	}
}

func foreignSKU(c *check) {
	items := c.items(4)
	if !c.can(c.sim.AddForeign(items[1].SKU, "Their meal", 333), "somebody else's item with our SKU") {
		return
	}
	before := c.foreign()
	report := c.push(c.full(items))
	for _, l := range c.ids() {
		o, _ := report.At(items[1].SKU, l)
		if o.Action != pos.Failed || !errors.Is(o.Err, pos.ErrConflict) {
			c.errorf("an item whose SKU is taken is reported as %q with %v, want failed with a conflict", o.Action, o.Err)
		}
	}
	c.wants(report.Err(), pos.ErrConflict, "the report as a whole")
	if diff := cmp.Diff(before, c.foreign()); diff != "" {
		c.errorf("somebody else's item changed:\n%s", diff)
	}
	c.holds([]pos.Item{items[0], items[2], items[3]}, c.ids(), true)
}

func manyItems(c *check) {
	items := c.items(501)
	push := c.full(items)
	c.places()
	sent := c.during(func() { c.push(push) })
	writes, n := 0, len(c.ids())
	for _, r := range sent {
		if r.Write {
			writes++
		}
	}
	if b := c.Budget.MenuWrites; b != nil && writes > b(len(items), n) {
		c.errorf("501 items to %d locations: %d writes, promised are %d", n, writes, b(len(items), n))
	}
	if b := c.Budget.MenuReads; b != nil && len(sent)-writes > b(len(items), n) {
		c.errorf("501 items to %d locations: %d reads, promised are %d", n, len(sent)-writes, b(len(items), n))
	}
	c.holds(items, c.ids(), true)
	c.again(push)
}

func everyProblem(c *check) {
	items := c.items(6)
	items[0].Name = ""
	items[1].Price = pos.Money{Amount: -5, Currency: "USD"}
	items[2].SKU = "has space"
	items[3].SKU = items[4].SKU
	items[5].Price.Currency = "???"
	push := c.full(items)
	c.silent("an invalid menu", func() {
		_, err := c.p.PushMenu(c.ctx, push)
		c.wants(err, pos.ErrInvalid, "an invalid menu")
		var ps pos.Problems
		if !errors.As(err, &ps) || len(ps) < 5 {
			c.errorf("a menu with 5 problems is refused with %d: %v", len(ps), err)
		}
	})
}

// writeOps returns the names of the write operations that a push needs.
func (c *check) writeOps(fn func()) []string {
	var ops []string
	for _, r := range c.during(fn) {
		if r.Write && !slices.Contains(ops, r.Op) {
			ops = append(ops, r.Op)
		}
	}
	return ops
}

func versionConflict(c *check) {
	items := c.items(4)
	c.serve(items)
	dear := func() {
		for i := range items {
			items[i].Price.Amount += 10
		}
	}
	dear()
	ops := c.writeOps(func() { c.serve(items) })
	if len(ops) == 0 {
		c.fatalf("a push of new prices sends no write request")
	}
	dear()
	fault := c.Conflict
	if fault.Kind == "" {
		fault = posfake.Fault{Kind: posfake.FaultStatus, Status: 409}
	}
	fault.Op, fault.Times = ops[0], 1
	if end := c.inject(fault); end != nil {
		defer end()
	}
	report, err := c.p.PushMenu(c.ctx, c.full(items))
	c.must(err, "PushMenu during a conflict")
	for _, it := range items {
		for _, l := range c.ids() {
			if _, ok := report.At(it.SKU, l); !ok {
				c.errorf("after a conflict the report lacks %s at %s", it.SKU, l)
			}
		}
	}
	if report.Err() != nil { // then it says so, and the repeat finishes
		c.wants(report.Err(), pos.ErrConflict, "a conflict")
	}
	c.serve(items)
	c.holds(items, c.ids(), true)
	c.again(c.full(items))
}

func lostReply(c *check) {
	items := c.items(4)
	c.serve(items[:2])
	items[0].Price.Amount += 10
	ops := c.writeOps(func() { c.serve(items[:2]) })
	for _, op := range ops {
		for _, times := range []int{1, -1} {
			items[0].Price.Amount++ // systems may have one operation for new items and one for changes
			items = append(items, pos.Item{SKU: fmt.Sprintf("PT-%s-%d", op, times), Name: fmt.Sprintf("More %d", len(items)), Price: c.money(500)})
			end := c.inject(posfake.Fault{Kind: posfake.FaultLostReply, Op: op, Times: times})
			if end == nil {
				return
			}
			report, err := c.p.PushMenu(c.ctx, c.full(items))
			end()
			if times < 0 && err == nil && report.Err() == nil && !c.caps.Deferred {
				c.errorf("every reply of %s was lost, and the push succeeded", op)
			}
			c.reopen()
			c.serve(items)
			c.holds(items, c.ids(), true)
		}
	}
	c.again(c.full(items))
}

func staleReads(c *check) {
	items := c.items(3)
	c.serve(items)
	end := c.inject(posfake.Fault{Kind: posfake.FaultStaleReads, Latency: staleFor})
	if end == nil {
		return
	}
	items = append(items, pos.Item{SKU: "PT-NEW", Name: "New", Price: c.money(500)})
	for range 3 {
		_, err := c.p.PushMenu(c.ctx, c.full(items))
		c.must(err, "PushMenu while reads are stale")
	}
	end()
	c.wait(2 * staleFor)
	c.serve(items)
	c.holds(items, c.ids(), true)
}

func stockUntouched(c *check) {
	items := c.items(3)
	c.serve(items)
	l, ten, none := c.ids()[0], int64(10), int64(0)
	for i, n := range []*int64{&ten, &none, nil} {
		if !c.can(c.sim.SetStock(l, items[i].SKU, n), "a count") {
			return
		}
	}
	c.sell(posfake.Sale{Location: l, Lines: []posfake.SaleLine{{SKU: items[0].SKU, Quantity: 2}}})
	c.settle()
	before := c.onHand(l)
	items[0].Price.Amount += 10
	items[1].Name = "Renamed"
	c.serve(append(items, pos.Item{SKU: "PT-NEW", Name: "New", Price: c.money(500)}))
	c.serve(items)
	after := c.onHand(l)
	for _, it := range items {
		if before[it.SKU] != after[it.SKU] {
			c.errorf("a menu push changed the stock of %s from %s to %s", it.SKU, before[it.SKU], after[it.SKU])
		}
	}
}
