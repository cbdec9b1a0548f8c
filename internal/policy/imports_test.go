package policy

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const httpmock = "github.com/jarcoal/httpmock"

// isFake reports whether a package simulates a service and may so be linked
// into programs, but never into production code.
func isFake(rel string) bool {
	for part := range strings.SplitSeq(rel, "/") {
		if part == "fakekit" || strings.HasSuffix(part, "fake") {
			return true
		}
	}
	return false
}

// isSuite reports whether a package is a test suite, which may use testing.
func isSuite(rel string) bool {
	return strings.HasSuffix(path.Base(rel), "test")
}

func under(rel string, dirs ...string) bool {
	for _, dir := range dirs {
		if rel == dir || strings.HasPrefix(rel, dir+"/") {
			return true
		}
	}
	return false
}

// vendorOf returns the vendor to which a package belongs, or "".
func vendorOf(rel string) string {
	parts := strings.Split(rel, "/")
	if len(parts) < 2 || parts[0] != "vendors" || parts[1] == "kit" {
		return ""
	}
	return parts[1]
}

// TestImportDirection follows what each package links, so that a detour over a
// third package is found too.
func TestImportDirection(t *testing.T) {
	t.Parallel()
	all := listed(t)
	for _, p := range owned(t) {
		rel := p.rel()
		for _, dep := range links(all, p) {
			if reason := forbidden(rel, all[dep]); reason != "" {
				t.Errorf("%s links %s: %s", rel, dep, reason)
			}
		}
	}
}

// forbidden says why the package rel may not link dep; "" means it may.
func forbidden(rel string, dep pkg) string {
	to := dep.rel()
	vendor := vendorOf(rel)
	switch {
	case isFake(rel) && (dep.ImportPath == "testing" || strings.HasPrefix(dep.ImportPath, "testing/")):
		return "fakes are linked into programs"
	case dep.ImportPath == httpmock && !isFake(rel) && !under(rel, "examples") && !isSuite(rel):
		return "only fakes, tests and examples replace transports"
	case dep.Standard, dep.ImportPath == "": // "C" is no package.
		return ""
	case rel == "pos":
		return "the contract uses the standard library only"
	case !dep.own():
		return ""
	case under(rel, "pos") && under(to, "fridge", "kiosk", "events", "internal", "examples"),
		under(rel, "pos") && vendorOf(to) != "":
		return "the contract knows nobody who uses it"
	case under(rel, "vendors/kit") && !under(to, "pos", "vendors/kit"):
		return "the kit uses the contract only"
	case vendor != "" && vendorOf(to) != "" && vendorOf(to) != vendor:
		return "vendors are independent of each other"
	case vendor != "" && under(to, "events", "fridge", "kiosk", "internal", "examples"):
		return "a vendor uses what outside vendors can use: pos and vendors/kit"
	case under(rel, "events", "internal/integrator") && under(to, "vendors", "fridge", "kiosk"):
		return "the engine knows providers through pos only"
	case under(rel, "fridge", "kiosk") && vendorOf(to) != "":
		return "an integrator takes providers from its host"
	case under(rel, "fridge") && under(to, "kiosk"), under(rel, "kiosk") && under(to, "fridge"):
		return "the two integrators are deployed apart"
	case isFake(to) && !isFake(rel) && !under(rel, "examples") && !isSuite(rel):
		return "production code links no fake"
	}
	return ""
}

// TestTestImports holds the direct imports of test files to the rule that
// deleting one vendor breaks no other.
func TestTestImports(t *testing.T) {
	t.Parallel()
	for _, p := range owned(t) {
		vendor := vendorOf(p.rel())
		if vendor == "" {
			continue
		}
		for _, dep := range slices.Concat(p.TestImports, p.XTestImports) {
			to := strings.TrimPrefix(dep, module+"/")
			if other := vendorOf(to); other != "" && other != vendor {
				t.Errorf("tests of %s import %s: vendors are independent of each other", p.rel(), to)
			}
		}
	}
}

// allowedModules lists, for the first pattern that matches a package, which
// modules it may link outside the standard library. Patterns are those of
// [path.Match]; a pattern also covers what lies below it.
var allowedModules = []struct {
	pattern string
	modules []string
}{
	{"examples", nil}, // Whatever the module requires; go.mod is the list.
	{"pos/inventory/inventorytest", []string{"github.com/google/go-cmp"}},
	{"pos/inventory", append(kitModules, httpmock)},
	{"pos/postest", append(kitModules, "github.com/google/go-cmp", httpmock)},
	{"pos/posfake", kitModules},
	{"pos", []string{}},
	{"vendors/kit/fakekit", append(kitModules, httpmock)},
	{"vendors/kit", append(kitModules, soap)},
	{"vendors/*/*fake", append(kitModules, httpmock, soap)},
	{"vendors/*", append(kitModules, soap)},
	{"events/jetstream", append(kitModules, natsModules...)},
	{"events/watermill", append(kitModules, watermillModules...)},
	{"events/eventstest", append(kitModules, "github.com/google/go-cmp")},
	{"events", kitModules},
	{"internal/integrator", kitModules},
	{"internal/crashtest", nil}, // a program; it links what it crashes
	{"internal/policy", []string{}},
	{"internal", append(kitModules, httpmock)},
	{"fridge", kitModules},
	{"kiosk", kitModules},
	{".", []string{}},
}

const (
	jsonModule = "github.com/go-json-experiment/json"
	soap       = "github.com/hooklift/gowsdl"
)

// natsModules are the client, the server that can be embedded, and what these
// need.
var natsModules = []string{
	"github.com/nats-io/nats.go",
	"github.com/nats-io/nats-server/v2",
	"github.com/synadia-io/orbit.go/jetstreamext",
	"github.com/synadia-io/orbit.go/natsext",
	"github.com/nats-io/jwt/v2",
	"github.com/nats-io/nkeys",
	"github.com/nats-io/nuid",
	"github.com/antithesishq/antithesis-sdk-go",
	"github.com/google/go-tpm",
	"github.com/klauspost/compress",
	"github.com/minio/highwayhash",
	"golang.org/x/crypto",
	"golang.org/x/sys",
}

// watermillModules are Watermill's core, without any broker, and what it needs.
var watermillModules = []string{
	"github.com/ThreeDotsLabs/watermill",
	"github.com/google/uuid",
	"github.com/lithammer/shortuuid/v3",
	"github.com/oklog/ulid",
	"github.com/pkg/errors",
}

var kitModules = []string{"github.com/cenkalti/backoff/v4", "golang.org/x/time", jsonModule}

func TestAllowedModules(t *testing.T) {
	t.Parallel()
	all := listed(t)
	for _, p := range owned(t) {
		allowed, ok := allowance(p.rel())
		if !ok {
			t.Errorf("%s: no line in allowedModules covers this package", p.rel())
			continue
		}
		if allowed == nil {
			continue
		}
		used := make(map[string]string)
		for _, dep := range links(all, p) {
			if m := all[dep].Module; m != nil && m.Path != module {
				used[m.Path] = dep
			}
		}
		for _, m := range slices.Sorted(maps.Keys(used)) {
			if !slices.Contains(allowed, m) {
				t.Errorf("%s links module %s (through %s), which its line in allowedModules does not list", p.rel(), m, used[m])
			}
		}
	}
}

func allowance(rel string) ([]string, bool) {
	for _, a := range allowedModules {
		for dir := rel; ; dir = path.Dir(dir) {
			if ok, _ := path.Match(a.pattern, dir); ok && (a.pattern != "." || rel == ".") {
				return a.modules, true
			}
			if dir == "." {
				break
			}
		}
	}
	return nil, false
}

// TestOutsideVendors proves that examples in modules of their own need
// nothing that the main module keeps to itself.
func TestOutsideVendors(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		if !under(f.path, "examples/newvendor") {
			continue
		}
		for _, spec := range f.syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if under(imported, module+"/internal") {
				t.Errorf("%s imports %s, which an outside vendor cannot", f.path, imported)
			}
			if imported == "testing" && isFake(f.dir()) && !f.test() {
				t.Errorf("%s imports testing: fakes are linked into programs", f.path)
			}
		}
	}
}
