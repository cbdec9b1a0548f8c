package kit_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

func TestReport(t *testing.T) {
	t.Parallel()
	refused := errors.New("no price at this location")
	r := kit.NewReport([]string{"A", "B"}, []string{"L1", "L2", "L3"}, true)
	r.Add(pos.Outcome{Item: "B", Locations: []string{"L2"}, Action: pos.Created, VendorID: "v"})
	r.Add(pos.Outcome{Item: "old", Locations: []string{"L1"}, Action: pos.Withdrawn})
	r.Add(pos.Outcome{Item: "A", Locations: []string{"L3", "L1"}, Action: pos.Updated, Fields: []string{"Price"}})
	r.Add(pos.Outcome{Item: "A", Locations: []string{"L2"}, Action: pos.Refused, Err: refused})
	r.Add(pos.Outcome{Item: "A", Locations: []string{"L3"}, Action: pos.Refused, Err: errors.New(refused.Error())}) // in place of Updated
	r.Wrote(2)
	r.Wrote(1)
	ended := errors.New("ended")
	r.Rest(pos.Outcome{Action: pos.Failed, Err: ended})
	want := pos.PushReport{Writes: 3, DryRun: true, Outcomes: []pos.Outcome{
		{Item: "A", Locations: []string{"L1"}, Action: pos.Updated, Fields: []string{"Price"}},
		{Item: "A", Locations: []string{"L2", "L3"}, Action: pos.Refused, Err: refused},
		{Item: "B", Locations: []string{"L2"}, Action: pos.Created, VendorID: "v"},
		{Item: "B", Locations: []string{"L1", "L3"}, Action: pos.Failed, Err: ended},
		{Item: "old", Locations: []string{"L1"}, Action: pos.Withdrawn},
	}}
	if diff := cmp.Diff(want, r.Push(), cmpopts.EquateErrors()); diff != "" {
		t.Error(diff)
	}
}

func TestReportStaysSmall(t *testing.T) { //nolint:paralleltest // it measures memory
	const items, places = 500, 1000
	skus, locations := make([]string, items), make([]string, places)
	for i := range skus {
		skus[i] = fmt.Sprintf("SKU-%d", i)
	}
	for i := range locations {
		locations[i] = fmt.Sprintf("L%04d", i)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := kit.NewReport(skus, locations, false)
	for _, l := range locations { // the way in which outcomes come in
		for _, sku := range skus {
			r.Add(pos.Outcome{Item: sku, Locations: []string{l}, Action: pos.Created})
		}
	}
	report := r.Push()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := report.Count(pos.Created); n != items*places || len(report.Outcomes) != items {
		t.Errorf("%d pairs in %d outcomes", n, len(report.Outcomes))
	}
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 2<<20 {
		t.Errorf("%d bytes held for %d pairs", held, items*places)
	}
	runtime.KeepAlive(r)
}

func TestKey(t *testing.T) {
	t.Parallel()
	// Keys of writes on their way when a new release is installed must hold.
	if diff := cmp.Diff("34e94481af080c1f34f0daa6a5511c379f3bcd8f", kit.Key("change-1", "L1", `{"a":1}`)); diff != "" {
		t.Error(diff)
	}
	seen := map[string]bool{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"a"}, {"ab"}, {"a", "b"}, {"b", "a"}, {"a", "", "b"}} {
		k := kit.Key(parts...)
		if seen[k] {
			t.Errorf("%q: key occurs twice", parts)
		}
		seen[k] = true
	}
}
