package postest_test

import (
	"fmt"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
)

// A vendor's test: a provider on its fake, in a harness of its own for each
// case. Call it TestConformance.
func Example() {
	test := func(t *testing.T) {
		t.Helper()
		postest.Run(t, func(*testing.T) postest.Harness {
			fake := posfake.New(posfake.Config{Locations: []posfake.LocationSeed{ // in your test: your fake
				{ID: "L1", TimeZone: "America/New_York"}, {ID: "L2", TimeZone: "America/Los_Angeles"},
			}})
			return postest.Harness{Provider: fake, Sim: fake, Webhook: fake.Webhook(), Deliver: fake.Callbacks}
		})
	}
	_ = test
}

// What a provider's capabilities exclude, and why.
func ExampleApplicability() {
	caps := posfake.AllCapabilities()
	caps.Purchases.Support = pos.Support{Level: pos.None, Why: "this till keeps no journal"}
	for _, row := range postest.Applicability(caps) {
		if row.ID == "R14" {
			fmt.Println(row)
		}
	}
	// Output:
	// R14 not applicable (sale sent twice by a till): purchases.level is not declared
}
