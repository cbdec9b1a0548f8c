package faultmatrix

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/kiosk"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// TestCertificates runs every vendor over the end of a business day. Vendors
// with totals of their own leave a sale out of their lists for hours, so that
// reading has passed it: the certificate finds it. Those without are unverified.
func TestCertificates(t *testing.T) {
	t.Parallel()
	for _, vendor := range vendors() {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			open := rigs[vendor]
			if vendor == "quickbooksdesktop" {
				open = desktop(30 * time.Minute)
			}
			synctest.Test(t, func(t *testing.T) { certify(t, open(t)) })
		})
	}
}

// seldom is a schedule for days on end.
var seldom = kiosk.Schedule{Purchases: 15 * time.Minute, Status: 15 * time.Minute, Inventory: 30 * time.Minute}

func certify(t *testing.T, r *rig) {
	t.Helper()
	defer r.close()
	var rec eventsfake.Recorder
	journal := eventsfake.NewArchive(&rec)
	stop := r.integrate(t, kiosk.Config{Journal: journal, Accounts: []kiosk.Account{{}}, Schedule: seldom})
	time.Sleep(12 * time.Hour) // The day of the first evening in America is over.
	r.trade(t, pace, 8)
	hidden := ""
	if r.provider.Describe().Capabilities.Purchases.DayTotals.OK() {
		time.Sleep(time.Hour)
		hidden = r.hide(t)
		r.trade(t, pace, 8)
	}
	time.Sleep(26 * time.Hour)
	stop()
	if err := errors.Join(journal.Flush(t.Context()), journal.Close()); err != nil {
		t.Error(err)
	}

	if result := posfake.Reconcile(r.sim.Ledger(), delivered(t, &rec)); !result.OK() || result.Records == 0 {
		t.Error(result)
	}
	results := make(map[string][]string) // types by location and date
	for _, e := range rec.Events(events.TypeDayCertified, events.TypeDayMismatch, events.TypeDayUnverified) {
		c, err := events.Decode[events.Certificate](e)
		if err != nil {
			t.Fatal(err)
		}
		if c.Last {
			continue // The second look at the first day, where late sales are over soon.
		}
		day := c.Location + " " + string(c.BusinessDate)
		results[day] = append(results[day], e.Type)
		if hidden != "" && slices.Contains(c.Found, hidden) {
			results["found"] = append(results["found"], e.Type)
		}
	}
	check(t, results, hidden, r)
}

// check compares what became of the days: two at each location.
func check(t *testing.T, results map[string][]string, hidden string, r *rig) {
	t.Helper()
	want := []string{events.TypeDayUnverified}
	if hidden != "" {
		want = []string{events.TypeDayCertified}
		if !slices.Equal(results["found"], want) {
			t.Errorf("%s was found by %v; certificates %v", hidden, results["found"], results)
		}
		delete(results, "found")
	}
	mismatches := 0
	for day, types := range results {
		if types[0] == events.TypeDayMismatch {
			mismatches++
			types = types[1:]
		}
		if !slices.Equal(types, want) {
			t.Errorf("%s: %v, want %v", day, types, want)
		}
	}
	if (mismatches == 1) != (hidden != "") || len(results) != 2*len(r.locations) {
		t.Errorf("%d days with %d mismatches: %v", len(results), mismatches, results)
	}
}

// hide sells something that lists leave out, for longer than reading goes back.
func (r *rig) hide(t *testing.T) string {
	t.Helper()
	end, err := r.sim.Inject(posfake.Fault{Kind: posfake.FaultOmit, Times: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	price := int64(1250)
	sold, err := r.sim.Sell(posfake.Sale{Location: r.locations[0], Lines: []posfake.SaleLine{{Name: "Curry", Quantity: 1, Price: &price}}})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Hour)
	return sold.ID
}
