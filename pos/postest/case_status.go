package postest

import (
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// staleFor is how long stale reads last in the cases about them.
const staleFor = 30 * time.Second

var statusCases = []proof{
	{"status/pages", "", []need{statuses}, statusPages},
	{"status/power cut", "R40", []need{statuses, online}, powerCut},
	{"status/unknown is not yes", "R40", []need{statuses}, unknownStatus},
}

func (c *check) statuses(q pos.StatusQuery) []pos.Status {
	var all []pos.Status
	for s, err := range pos.AllStatuses(c.ctx, c.p, q) {
		c.must(err, "Status")
		if all = append(all, s); len(all) > 100_000 {
			c.fatalf("Status: no end")
		}
	}
	return all
}

// at returns the status of a location itself.
func (c *check) at(location string) pos.Status {
	for _, s := range c.statuses(pos.StatusQuery{Locations: []string{location}}) {
		if s.Location != location {
			c.errorf("asked for the status of %s, got %s", location, s.Location)
		} else if s.Device == "" {
			return s
		}
	}
	c.fatalf("no status of %s", location)
	return pos.Status{}
}

func statusPages(c *check) {
	n := len(c.ids())
	var all []pos.Status
	sent := c.during(func() { all = c.statuses(pos.StatusQuery{}) })
	if b := c.Budget.Status; b != nil && len(sent) > b(n) {
		c.errorf("the status of %d locations took %d requests, promised are %d", n, len(sent), b(n))
	}
	seen := make(map[[2]string]bool)
	for _, s := range all {
		key := [2]string{s.Location, s.Device}
		if seen[key] {
			c.errorf("the status of %v came twice", key)
		}
		seen[key] = true
	}
	for _, l := range c.ids() {
		if !seen[[2]string{l, ""}] {
			c.errorf("no status of %s", l)
		}
	}
	if one := c.statuses(pos.StatusQuery{Limit: 1}); len(one) != len(all) {
		c.errorf("page by page there are %d statuses, at once %d", len(one), len(all))
	}
}

func powerCut(c *check) {
	l, other := c.ids()[0], c.ids()[1]
	c.wait(20 * time.Minute)
	c.settle()
	before := c.at(l)
	if before.At(c.sim.Now()).Online != pos.Yes {
		c.fatalf("%s is on, its status says online: %s", l, before.At(c.sim.Now()).Online)
	}
	if before.ObservedAt.IsZero() || before.StaleAfter == 0 || before.Source == "" {
		c.errorf("the status lacks ObservedAt, StaleAfter or Source: %+v", before)
	}
	if !c.can(c.sim.SetOnline(l, false), "a power cut") {
		return
	}
	cut := c.sim.Now()
	c.wait(before.StaleAfter + time.Second)
	c.settle()
	for range 3 {
		now := c.at(l)
		if got := now.At(c.sim.Now()).Online; got == pos.Yes {
			c.errorf("%v after a power cut %s counts as online, allowed are %v", c.sim.Now().Sub(cut), l, before.StaleAfter)
		}
		if now.ObservedAt.After(cut) {
			c.errorf("%s lost its power at %v, ObservedAt says %v", l, cut, now.ObservedAt)
		}
		if got := c.at(other).At(c.sim.Now()).Online; got != pos.Yes {
			c.errorf("%s has power, its status says online: %s", other, got)
		}
		c.wait(24 * time.Hour)
	}
	c.can(c.sim.SetOnline(l, true), "power that comes back")
	c.wait(before.StaleAfter)
	c.settle()
	if got := c.at(l).At(c.sim.Now()).Online; got != pos.Yes {
		c.errorf("%s has power again, its status says online: %s", l, got)
	}
}

// unknownStatus checks that what is not declared is never told.
func unknownStatus(c *check) {
	caps := c.caps.Status
	for _, s := range c.statuses(pos.StatusQuery{}) {
		for _, told := range []struct {
			what     string
			declared bool
			known    bool
		}{
			{"online", caps.Online, s.Online != pos.Unknown},
			{"open", caps.Open, s.Open != pos.Unknown},
			{"temperature", caps.Temperature, s.Temperature != nil},
			{"door", caps.Door, s.DoorClosed != pos.Unknown},
			{"devices", caps.Devices, s.Device != ""},
		} {
			if told.known && !told.declared {
				c.errorf("the status of %s tells %s, which is not declared", s.Location, told.what)
			}
		}
		if !s.ObservedAt.IsZero() && s.ObservedAt.After(c.sim.Now().Add(time.Second)) {
			c.errorf("the status of %s was observed in the future", s.Location)
		}
	}
}
