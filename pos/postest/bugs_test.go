package postest

import (
	"slices"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// bug is a mistake that real integrations make, and the case that must find it.
type bug struct {
	name   string
	caught string
	cfg    posfake.Config
	plant  func(*mutant)
	// rig changes the harness where the bug is not in the provider.
	rig func(*Harness, *posfake.Fake)
}

func lesser(change func(*pos.Capabilities)) posfake.Config {
	caps := posfake.AllCapabilities()
	change(&caps)
	return posfake.Config{Capabilities: &caps}
}

// TestSuiteCatchesBugs plants one bug at a time and runs the case that must
// find it.
func TestSuiteCatchesBugs(t *testing.T) {
	t.Parallel()
	for _, b := range slices.Concat(purchaseBugs, totalsBugs, pushBugs, readBugs, failureBugs) {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(cases, func(p proof) bool { return p.name == b.caught })
			if i < 0 {
				t.Fatalf("no case %q", b.caught)
			}
			sound := cases[i].prove(t, func(*testing.T) Harness { return harness(b.cfg) })
			if len(sound.failures) > 0 {
				t.Fatalf("%s fails without the bug: %s", b.caught, sound.failures[0])
			}
			ill := cases[i].prove(t, func(*testing.T) Harness {
				h := harness(b.cfg)
				fake := h.Provider.(*posfake.Fake)
				m := &mutant{Fake: fake}
				if b.plant != nil {
					b.plant(m)
				}
				h.Provider = m
				if b.rig != nil {
					b.rig(&h, fake)
				}
				return h
			})
			if len(ill.failures) == 0 {
				t.Errorf("%s does not find it", b.caught)
			}
			t.Logf("%s: %s", b.caught, ill.failures)
		})
	}
}
