package integrator

import (
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// command is a push that somebody asked for. One of Menu and Coupons is set.
type command struct {
	// ID is that of the event that brought it.
	ID       string    `json:"id"`
	Time     time.Time `json:"time,omitzero"`
	ChangeID string    `json:"change_id"`
	// TraceParent is the trace that the outcomes belong to.
	TraceParent string          `json:"traceparent,omitempty"`
	Menu        *pos.MenuPush   `json:"menu,omitempty"`
	Coupons     *pos.CouponPush `json:"coupons,omitempty"`
	// Attempts counts failed ones; First is when the first attempt was made.
	Attempts int       `json:"attempts,omitempty"`
	First    time.Time `json:"first,omitzero"`
}

func (c *command) job() pos.Job {
	if c.Menu != nil {
		return pos.JobMenu
	}
	return pos.JobCoupons
}

func (c *command) locations() []string {
	if c.Menu != nil {
		return c.Menu.Locations
	}
	return c.Coupons.Locations
}

func (c *command) partial() bool {
	if c.Menu != nil {
		return c.Menu.Partial
	}
	return c.Coupons.Partial
}

func (c *command) dryRun() bool {
	return c.Menu != nil && c.Menu.DryRun || c.Coupons != nil && c.Coupons.DryRun
}

// at returns the command for these locations.
func (c command) at(locations []string) command {
	if c.Menu != nil {
		push := *c.Menu
		push.Locations = locations
		c.Menu = &push
		return c
	}
	push := *c.Coupons
	push.Locations = locations
	c.Coupons = &push
	return c
}

// items returns the identities of what the command names.
func (c *command) items() []string {
	var ids []string
	if c.Menu != nil {
		for i := range c.Menu.Menu.Items {
			ids = append(ids, c.Menu.Menu.Items[i].SKU)
		}
		return ids
	}
	for i := range c.Coupons.Coupons {
		ids = append(ids, c.Coupons.Coupons[i].ID)
	}
	return ids
}

// covers reports whether after c nothing is left of what the older command
// would do, so that it need not be done.
func (c *command) covers(older *command) bool {
	if c.dryRun() != older.dryRun() {
		return false
	}
	if len(c.locations()) > 0 && (len(older.locations()) == 0 || !subset(older.locations(), c.locations())) {
		return false
	}
	return !c.partial() || older.partial() && subset(older.items(), c.items())
}

func subset(part, whole []string) bool {
	for _, p := range part {
		if !slices.Contains(whole, p) {
			return false
		}
	}
	return true
}
