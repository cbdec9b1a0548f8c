package simphony_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

var (
	named     = regexp.MustCompile(`(?m)^//\s+(?:op|route): (\S+ \S+)`)
	parameter = regexp.MustCompile(`\\\{[^}]*\\\}`)
)

// TestRoutes compares the operations that the client names, and those that the
// fake says it has, with those that the fake serves.
func TestRoutes(t *testing.T) {
	t.Parallel()
	fake := newFake(t, simphonyfake.Config{})
	var served []*regexp.Regexp
	for _, r := range fake.Routes() {
		served = append(served, regexp.MustCompile("^"+parameter.ReplaceAllString(regexp.QuoteMeta(r.Pattern), `[^/]+`)+"$"))
	}
	for _, file := range []string{"wire.go", filepath.Join("simphonyfake", "routes.go")} {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names := named.FindAllStringSubmatch(string(code), -1)
		if len(names) < 20 {
			t.Errorf("%s names %d operations", file, len(names))
		}
		for _, m := range names {
			found := false
			for _, r := range served {
				found = found || r.MatchString(strings.NewReplacer("{", "", "}", "").Replace(m[1]))
			}
			if !found {
				t.Errorf("%s names %q, which the fake does not serve", file, m[1])
			}
		}
	}
}
