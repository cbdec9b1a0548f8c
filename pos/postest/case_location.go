package postest

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

var locationCases = []proof{
	{"locations/pages and order", "", nil, locationPages},
	{"locations/closed", "", nil, closedLocation},
	{"locations/cursor", "", nil, locationCursor},
}

func (c *check) allLocations(limit int) []pos.Location {
	var all []pos.Location
	for l, err := range pos.AllLocations(c.ctx, c.p, pos.LocationQuery{Limit: limit}) {
		c.must(err, "Locations")
		if all = append(all, l); len(all) > 100_000 {
			c.fatalf("Locations: no end")
		}
	}
	return all
}

func locationPages(c *check) {
	all := c.allLocations(0)
	if !slices.IsSortedFunc(all, func(a, b pos.Location) int { return strings.Compare(a.ID, b.ID) }) {
		c.errorf("locations are not in the order of their ids")
	}
	for i, l := range all {
		if l.ID == "" || i > 0 && all[i-1].ID == l.ID {
			c.errorf("location %d: id %q is empty or repeated", i, l.ID)
		}
		if l.TimeZone != "" {
			_, err := pos.Zone(l.TimeZone)
			c.must(err, "location "+l.ID)
		}
	}
	if diff := cmp.Diff(all, c.allLocations(1)); diff != "" {
		c.errorf("page by page the locations differ:\n%s", diff)
	}
}

func closedLocation(c *check) {
	gone := c.ids()[1]
	if !c.can(c.sim.RemoveLocation(gone), "a location that closes") {
		return
	}
	c.settle()
	for _, l := range c.allLocations(0) {
		if l.ID == gone {
			if !l.Closed {
				c.errorf("the closed location %s is listed as open", gone)
			}
			return
		}
	}
	c.errorf("the closed location %s is not listed", gone)
}

func locationCursor(c *check) {
	c.silent("a foreign cursor", func() {
		_, err := c.p.Locations(c.ctx, pos.LocationQuery{After: "not a cursor"})
		c.wants(err, pos.ErrCursor, "a foreign cursor")
	})
}
