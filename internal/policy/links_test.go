package policy

import (
	"strings"
	"testing"
)

// TestHostsLinkWhatTheyUse looks at programs as hosts write them: an
// integrator with one vendor links no other one, and whoever speaks to a vendor
// without an engine links no server and no broker.
func TestHostsLinkWhatTheyUse(t *testing.T) {
	t.Parallel()
	all := listed(t)
	engines := []string{
		"github.com/nats-io/nats-server", "github.com/nats-io/nats.go", "github.com/ThreeDotsLabs/watermill",
		module + "/events/jetstream", module + "/events/watermill",
	}
	for _, vendor := range vendorDirs(t) {
		provider := module + "/vendors/" + vendor
		for _, host := range []struct {
			name    string
			imports []string
		}{
			{"pos and " + vendor, []string{module + "/pos", provider}},
			{"fridge with " + vendor, []string{module + "/fridge", provider}},
			{"kiosk with " + vendor, []string{module + "/kiosk", provider}},
		} {
			for _, dep := range links(all, pkg{Imports: host.imports}) {
				if other := vendorOf(all[dep].rel()); other != "" && other != vendor {
					t.Errorf("a host of %s links %s", host.name, dep)
				}
				for _, engine := range engines {
					if dep == engine || strings.HasPrefix(dep, engine+"/") {
						t.Errorf("a host of %s links %s, which it did not ask for", host.name, dep)
					}
				}
			}
		}
	}
	if len(links(all, pkg{Imports: []string{module + "/events/jetstream"}})) < 10 {
		t.Error("nothing is listed: the test proves nothing")
	}
}
