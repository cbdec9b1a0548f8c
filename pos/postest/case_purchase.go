package postest

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var purchaseCases = []proof{
	{"purchases/plain", "R6 R34", []need{purchases}, plainSales},
	{"purchases/two polls without news", "R4 R10", []need{purchases}, idlePolls},
	{"purchases/one timestamp", "R8", []need{purchases}, oneTimestamp},
	{"purchases/edit of an old sale", "R7", []need{purchases}, oldEdit},
	{"purchases/silent payment", "R1", []need{purchases, pending, settling}, silentPayment},
	{"purchases/silent refund", "R2 R3", []need{purchases, refunds, settling}, silentRefund},
	{"purchases/refunds", "R3 R34", []need{purchases, refunds}, manyRefunds},
	{"purchases/refund states", "R35", []need{purchases, refunds}, refundStates},
	{"purchases/states", "R6", []need{purchases, pending}, everyState},
	{"purchases/void", "R6 R45", []need{purchases, voids}, voidedSale},
	{"purchases/late sale", "R13", []need{purchases, lateness}, lateSale},
	{"purchases/sent twice", "R14", []need{purchases}, sentTwice},
	{"purchases/business date", "R12", []need{purchases}, businessDate},
	{"purchases/unknown item", "", []need{purchases}, unknownItem},
	{"purchases/money", "R34", []need{purchases}, moneyAddsUp},
	{"purchases/widened answers", "R11", []need{purchases}, widened},
	{"purchases/records", "R16 R17", []need{purchases, records}, recordQueries},
	{"purchases/start", "R44", []need{purchases}, explicitStart},
	{"purchases/horizon", "R5", []need{purchases, history}, clippedHistory},
	{"purchases/locations apart", "R42", []need{purchases}, locationsApart},
	{"purchases/location set changes", "R42", []need{purchases}, locationsChange},
	{"purchases/raw", "", []need{purchases}, rawOnRequest},
}

// plainSales sells at every location, several pages, and compares.
func plainSales(c *check) {
	lines := c.stocked()
	c.poll(pos.PurchaseQuery{Limit: 10})
	for i := range 45 {
		c.sell(posfake.Sale{Location: c.ids()[i%len(c.ids())], Lines: lines[:1+i%len(lines)]})
		if i%4 == 0 {
			c.wait(time.Second)
		}
	}
	c.reconcile(pos.PurchaseQuery{Limit: 10})
}

func idlePolls(c *check) {
	lines := c.stocked()
	c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	c.settle()
	var through time.Time
	poll := func() int {
		return len(c.during(func() {
			page := c.poll(pos.PurchaseQuery{})
			if !page.Through.After(through) {
				c.errorf("Through stands still at %v without sales", through)
			}
			through = page.Through
		}))
	}
	poll()
	first := 0
	for i := range 40 {
		c.wait(6 * time.Hour)
		n := poll()
		if i == 0 {
			first = n
		} else if n > first+1 { // a token may have to be renewed
			c.errorf("idle poll %d sends %d requests, the first sent %d", i+1, n, first)
		}
		if promise := c.Budget.IdlePoll; promise != nil && n > promise(len(c.ids()))+1 {
			c.errorf("an idle poll sends %d requests, promised are %d", n, promise(len(c.ids())))
		}
	}
	if r := posfake.Reconcile(c.sim.Ledger(), c.delivered); !r.OK() {
		c.errorf("ledger: %s", r)
	}
}

func oneTimestamp(c *check) {
	line := c.stocked()[:1]
	c.poll(pos.PurchaseQuery{Limit: 90})
	for i := range 1000 {
		if i == 500 { // a poll in the middle of the instant
			c.settle()
			c.poll(pos.PurchaseQuery{Limit: 90})
		}
		c.sell(posfake.Sale{Location: c.ids()[0], Lines: line})
	}
	c.reconcile(pos.PurchaseQuery{Limit: 90})
}

func oldEdit(c *check) {
	lines := c.stocked()
	sale := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:2]})
	for range 5 {
		c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	}
	c.settle()
	c.poll(pos.PurchaseQuery{})
	before := *c.last(sale.ID)
	c.wait(49 * time.Hour)
	c.poll(pos.PurchaseQuery{})
	if !c.change(sale.ID) {
		return
	}
	c.reconcile(pos.PurchaseQuery{})
	if c.last(sale.ID).Version == before.Version {
		c.errorf("the edit of %s came without a new version", sale.ID)
	}
}

// change alters a sale in whatever way the system has.
func (c *check) change(id string) bool {
	tip := int64(150)
	_, err := c.sim.Edit(posfake.Edit{ID: id, Tip: &tip})
	if err == nil {
		return true
	}
	if _, err = c.sim.Refund(posfake.Refund{ID: id, Amount: 100}); err == nil {
		return true
	}
	_, err = c.sim.Void(id)
	return c.can(err, "changing a booked sale")
}

func lateSale(c *check) {
	lines := c.stocked()
	c.wait(c.caps.Purchases.LateBy)
	c.poll(pos.PurchaseQuery{})
	for _, ago := range []time.Duration{time.Minute, c.caps.Purchases.LateBy / 2, c.caps.Purchases.LateBy * 71 / 72} {
		occurred := c.sim.Now().Add(-ago).Truncate(time.Second)
		sale, err := c.sim.Sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1], OccurredAt: occurred})
		if !c.can(err, "a sale that arrives late") {
			return
		}
		c.reconcile(pos.PurchaseQuery{})
		p := c.last(sale.ID)
		if !p.OccurredAt.Equal(occurred) {
			c.errorf("a sale of %v is delivered with OccurredAt %v", occurred, p.OccurredAt)
		}
		if p.RecordedAt.Sub(sale.RecordedAt).Abs() > time.Second {
			c.errorf("a sale recorded at %v is delivered with RecordedAt %v", sale.RecordedAt, p.RecordedAt)
		}
		c.wait(time.Minute)
	}
}

func sentTwice(c *check) {
	lines := c.stocked()
	first := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1], Reference: "T-77-0001"})
	c.wait(time.Minute)
	second, err := c.sim.Sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1], Reference: "T-77-0001"})
	if !c.can(err, "a till that sends a sale twice") || first.Reference == "" {
		return
	}
	other := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1], Reference: "T-77-0002"})
	c.reconcile(pos.PurchaseQuery{})
	if got := c.last(second.ID).SuspectedDuplicateOf; got != first.ID {
		c.errorf("the repeat of %s has SuspectedDuplicateOf %q", first.ID, got)
	}
	for _, id := range []string{first.ID, other.ID} {
		if got := c.last(id).SuspectedDuplicateOf; got != "" {
			c.errorf("%s is no repeat and has SuspectedDuplicateOf %q", id, got)
		}
	}
}

// businessDate sells around midnight and around the next change of clocks at
// every location.
func businessDate(c *check) {
	lines := c.stocked()
	var moments []time.Time
	for _, l := range c.places() {
		zone, err := pos.Zone(l.TimeZone)
		if err != nil {
			continue
		}
		midnight, err := pos.DateOf(c.sim.Now(), zone).AddDays(1).Start(zone)
		c.must(err, "next midnight")
		moments = append(moments, midnight.Add(-time.Minute), midnight.Add(time.Minute), midnight.Add(time.Duration(l.DayStart)*time.Minute))
		if _, change := c.sim.Now().In(zone).ZoneBounds(); !change.IsZero() && change.Sub(c.sim.Now()) < 200*24*time.Hour {
			moments = append(moments, change.Add(-3*time.Hour), change.Add(-time.Minute), change.Add(30*time.Minute), change.Add(23*time.Hour+15*time.Minute))
		}
	}
	for _, m := range sorted(moments) {
		c.wait(m.Sub(c.sim.Now()))
		for _, l := range c.places() {
			c.sell(posfake.Sale{Location: l.ID, Lines: lines[:1]})
		}
	}
	c.reconcile(pos.PurchaseQuery{})
	where := make(map[string]pos.Location)
	for _, l := range c.places() {
		where[l.ID] = l
	}
	for i := range c.delivered {
		p := &c.delivered[i]
		if want := where[p.Location].BusinessDate(p.OccurredAt); p.BusinessDate != want {
			c.errorf("a sale at %s, %v, has business date %s, want %s", p.Location, p.OccurredAt, p.BusinessDate, want)
		}
	}
}

func unknownItem(c *check) {
	lines := c.stocked()
	price := int64(425)
	off := posfake.SaleLine{Name: "Off the menu", Quantity: 2, Price: &price}
	sale, err := c.sim.Sell(posfake.Sale{Location: c.ids()[0], Lines: append([]posfake.SaleLine{off}, lines[0])})
	if !c.can(err, "an item off the menu") {
		return
	}
	if err := c.sim.AddForeign("THEIRS-1", "Cola", 250); c.can(err, "somebody else's item") {
		c.sell(posfake.Sale{Location: c.ids()[0], Lines: []posfake.SaleLine{{SKU: "THEIRS-1", Price: &price}}})
	}
	c.reconcile(pos.PurchaseQuery{})
	var units pos.Quantity
	for _, l := range c.last(sale.ID).Lines {
		if l.SKU == "" {
			units += l.Quantity
		}
	}
	if c.caps.Menu.OK() && units != pos.Units(2) {
		c.errorf("lines without SKU have %s units, want 2", units)
	}
}

// moneyAddsUp sells with everything that moves an amount.
func moneyAddsUp(c *check) {
	lines := c.stocked()
	codes := c.promote()
	for i := range 60 {
		odd := int64(1 + i*i*7%1999)
		s := posfake.Sale{Location: c.ids()[i%2], Lines: []posfake.SaleLine{lines[i%len(lines)], {Name: "Odd", Price: &odd, Quantity: int64(1 + i%3)}}}
		if i%3 == 0 {
			s.Codes = codes
		}
		if i%2 == 0 && c.caps.Purchases.Tips {
			s.Tip = int64(i * 3)
		}
		sale, err := c.sim.Sell(s)
		if !c.can(err, "a sale with codes and tip") {
			return
		}
		if i%5 == 0 && c.caps.Purchases.Refunds {
			_, err := c.sim.Refund(posfake.Refund{ID: sale.ID, Amount: 1 + sale.Total/2})
			c.can(err, "a refund of half a sale")
		}
	}
	c.reconcile(pos.PurchaseQuery{})
	for i := range c.delivered {
		p := &c.delivered[i]
		if diff, err := p.Difference(); err != nil || diff.Amount != 0 {
			c.errorf("%s: the parts differ from the total by %v (%v)", p.ID, diff, err)
		}
		paid, _ := p.PaidAmount()
		if back, _ := p.Refunded(); len(p.Tenders) > 0 && back.Amount > paid.Amount {
			c.errorf("%s: refunds of %v exceed %v paid", p.ID, back, paid)
		}
	}
}

func widened(c *check) {
	lines := c.stocked()
	var ends []func()
	for _, kind := range []string{posfake.FaultWidened, posfake.FaultDuplicate} {
		if stop := c.inject(posfake.Fault{Kind: kind, Times: -1}); stop != nil {
			ends = append(ends, stop)
		}
	}
	for i := range 30 {
		c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
		c.wait(20 * time.Second)
		if i%7 == 0 {
			c.settle()
			c.poll(pos.PurchaseQuery{Limit: 5})
		}
	}
	c.reconcile(pos.PurchaseQuery{Limit: 5})
	for _, stop := range ends {
		stop()
	}
}

// recordQueries reads records by id, as twenty notices for each would have it,
// between polls.
func recordQueries(c *check) {
	lines := c.stocked()
	c.poll(pos.PurchaseQuery{})
	for i := range 8 {
		sale := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
		c.settle()
		for range 20 {
			c.poll(pos.PurchaseQuery{Records: []string{sale.ID}})
		}
		c.last(sale.ID)
		if i%2 == 0 {
			c.poll(pos.PurchaseQuery{})
		}
		c.wait(time.Minute)
		if i%3 == 0 && c.change(sale.ID) {
			c.settle()
			c.poll(pos.PurchaseQuery{Records: []string{sale.ID}})
		}
	}
	before := len(c.delivered)
	c.poll(pos.PurchaseQuery{Records: []string{"no-such-record"}})
	if len(c.delivered) != before {
		c.errorf("an unknown record was delivered")
	}
	c.reconcile(pos.PurchaseQuery{})
}

func explicitStart(c *check) {
	lines := c.stocked()
	old := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	c.wait(time.Hour)
	since := c.sim.Now()
	c.wait(time.Hour)
	young := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	c.settle()
	came := func(q pos.PurchaseQuery) map[string]bool {
		c.cursor, c.delivered = "", nil
		c.poll(q)
		ids := make(map[string]bool)
		for i := range c.delivered {
			ids[c.delivered[i].ID] = true
		}
		return ids
	}
	if ids := came(pos.PurchaseQuery{Since: since}); ids[old.ID] || !ids[young.ID] {
		c.errorf("since the middle: the old sale came: %t, the young one: %t", ids[old.ID], ids[young.ID])
	}
	if ids := came(pos.PurchaseQuery{}); !ids[old.ID] || !ids[young.ID] {
		c.errorf("from the beginning: the old sale came: %t, the young one: %t", ids[old.ID], ids[young.ID])
	}
}

func clippedHistory(c *check) {
	lines := c.stocked()
	c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	c.wait(c.caps.Purchases.History + 24*time.Hour)
	young := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	c.settle()
	page, err := c.p.Purchases(c.ctx, pos.PurchaseQuery{})
	c.must(err, "Purchases")
	if page.Horizon.IsZero() || page.Horizon.After(young.RecordedAt) {
		c.errorf("history ends %v ago, the page's Horizon is %v", c.caps.Purchases.History, page.Horizon)
	}
	c.cursor = ""
	c.poll(pos.PurchaseQuery{})
	c.last(young.ID)
	page, err = c.p.Purchases(c.ctx, pos.PurchaseQuery{Since: young.RecordedAt.Add(-time.Minute)})
	c.must(err, "Purchases")
	if !page.Horizon.IsZero() {
		c.errorf("the start lies inside the history, yet Horizon is %v", page.Horizon)
	}
}

func locationsApart(c *check) {
	lines := c.stocked()
	for i := range 10 {
		c.sell(posfake.Sale{Location: c.ids()[i%2], Lines: lines[:1]})
	}
	c.settle()
	only := c.ids()[1]
	c.poll(pos.PurchaseQuery{Locations: []string{only}})
	for i := range c.delivered {
		if c.delivered[i].Location != only {
			c.errorf("asked for %s, got a sale of %s", only, c.delivered[i].Location)
		}
	}
	if len(c.delivered) != 5 {
		c.errorf("asked for %s, got %d sales of 5", only, len(c.delivered))
	}
}

func locationsChange(c *check) {
	if most := c.caps.Purchases.MaxLocations; most > 0 && most < len(c.ids())+1 {
		c.notes = append(c.notes, "one query over a growing set of locations")
		return
	}
	lines := c.stocked()
	seed := posfake.LocationSeed{ID: "A-FIRST", Name: "Added", TimeZone: c.places()[0].TimeZone, Currency: string(c.money(0).Currency)}
	for i := range 12 {
		c.sell(posfake.Sale{Location: c.ids()[i%2], Lines: lines[:1]})
	}
	c.settle()
	page, err := c.p.Purchases(c.ctx, pos.PurchaseQuery{Limit: 5})
	c.must(err, "Purchases")
	c.take(page)
	if !c.can(c.sim.AddLocation(seed), "another location") {
		return
	}
	price := int64(500)
	added, err := c.sim.Sell(posfake.Sale{Location: seed.ID, Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
	if errors.Is(err, posfake.ErrNotSimulated) {
		return
	}
	c.must(err, "simulator: Sell at the added location")
	c.sell(posfake.Sale{Location: c.ids()[1], Lines: lines[:1]})
	c.settle()
	c.poll(pos.PurchaseQuery{Limit: 5})
	c.can(c.sim.RemoveLocation(c.ids()[1]), "a location that closes")
	c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	c.reconcile(pos.PurchaseQuery{Limit: 5})
	c.last(added.ID)
}

func rawOnRequest(c *check) {
	lines := c.stocked()
	for range 3 {
		c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	}
	c.settle()
	c.poll(pos.PurchaseQuery{})
	plain := c.delivered
	c.cursor, c.delivered = "", nil
	c.poll(pos.PurchaseQuery{Raw: true})
	if len(plain) != len(c.delivered) {
		c.fatalf("%d purchases without Raw, %d with", len(plain), len(c.delivered))
	}
	for i := range plain {
		p := *c.last(plain[i].ID)
		if p.Version != plain[i].Version {
			c.errorf("%s: version %s without Raw, %s with", p.ID, plain[i].Version, p.Version)
		}
		if len(p.Raw) == 0 || !json.Valid(p.Raw) {
			c.errorf("%s: Raw was asked for and is not there", p.ID)
		}
	}
}
