package postest

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// proof is one case of the suite.
type proof struct {
	name string
	rows string // numbers of the rows it shows, such as "R8 R9"; "" for plain contract
	// needs lists what must be declared for the case to make sense.
	needs []need
	run   func(*check)
}

// need is a condition on the capabilities, by its name there.
type need struct {
	name string // of the capability, as in its JSON
	met  func(pos.Capabilities) bool
}

var (
	menus     = need{"menu.level", func(c pos.Capabilities) bool { return c.Menu.OK() }}
	coupons   = need{"coupons.level", func(c pos.Capabilities) bool { return c.Coupons.OK() }}
	statuses  = need{"status.level", func(c pos.Capabilities) bool { return c.Status.OK() }}
	stocks    = need{"inventory.level", func(c pos.Capabilities) bool { return c.Inventory.OK() }}
	purchases = need{"purchases.level", func(c pos.Capabilities) bool { return c.Purchases.OK() }}
	webhooks  = need{"webhooks.level", func(c pos.Capabilities) bool { return c.Webhooks.OK() }}

	ownPrice     = need{"menu.location_price", func(c pos.Capabilities) bool { return c.Menu.LocationPrice }}
	online       = need{"status.online", func(c pos.Capabilities) bool { return c.Status.Online }}
	counts       = need{"inventory.counts", func(c pos.Capabilities) bool { return c.Inventory.Counts }}
	perLocation  = need{"inventory.per_location", func(c pos.Capabilities) bool { return c.Inventory.PerLocation }}
	stockChanges = need{"inventory.changes", func(c pos.Capabilities) bool { return c.Inventory.Changes }}
	records      = need{"purchases.records", func(c pos.Capabilities) bool { return c.Purchases.Records }}
	refunds      = need{"purchases.refunds", func(c pos.Capabilities) bool { return c.Purchases.Refunds }}
	voids        = need{"purchases.voids", func(c pos.Capabilities) bool { return c.Purchases.Voids }}
	pending      = need{"purchases.pending", func(c pos.Capabilities) bool { return c.Purchases.Pending }}
	lateness     = need{"purchases.late_by", func(c pos.Capabilities) bool { return c.Purchases.LateBy > 0 }}
	settling     = need{"purchases.settle_time", func(c pos.Capabilities) bool { return c.Purchases.SettleTime > 0 }}
	history      = need{"purchases.history", func(c pos.Capabilities) bool { return c.Purchases.History > 0 }}
	codes        = need{"coupons.max_codes", func(c pos.Capabilities) bool { return c.Coupons.MaxCodes > 0 }}
)

// cases are all of the suite, in the order of the jobs.
var cases = concat(contractCases, locationCases, menuCases, couponCases, statusCases, stockCases, purchaseCases, totalsCases, resumeCases, failureCases, webhookCases)

func concat(lists ...[]proof) []proof {
	var all []proof
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// excluded names the capability that takes the sense out of the case, or "".
func (p proof) excluded(caps pos.Capabilities) string {
	for _, n := range p.needs {
		if !n.met(caps) {
			return n.name + " is not declared"
		}
	}
	return ""
}

// title returns the name with the rows in words, to begin a failure with.
func (p proof) title() string {
	parts := []string{p.name}
	for id := range strings.FieldsSeq(p.rows) {
		parts = append(parts, id+" "+rowTitle(id))
	}
	return strings.Join(parts, ", ")
}

// result is what a case found.
type result struct {
	failures []string
	notes    []string // what the simulator cannot show
}

// stop ends a case that cannot go on.
type stop struct{}

// prove runs the case on a fresh harness.
func (p proof) prove(t *testing.T, open func(t *testing.T) Harness) (r result) {
	t.Helper()
	bubble(t, func(t *testing.T) {
		t.Helper()
		h := open(t)
		defer func() {
			if e := recover(); e != nil && e != (stop{}) {
				r.failures = append(r.failures, fmt.Sprintf("panic: %v\n%s", e, debug.Stack()))
			}
		}()
		c := newCheck(t.Context(), p.title(), h)
		defer func() { r = result{c.failures, c.notes} }()
		p.run(c)
		c.sweep()
	})
	return r
}

// dawn is when every case begins: a Tuesday, five days before clocks change in
// Europe and twelve before they do in America.
var dawn = time.Date(2026, time.October, 20, 15, 0, 0, 0, time.UTC)

// bubble runs fn in virtual time.
func bubble(t *testing.T, fn func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(time.Until(dawn))
		fn(t)
	})
}
