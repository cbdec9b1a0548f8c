package policy

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// marker matches notes to oneself; what is not done belongs in an issue.
var marker = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|HA` + `CK)\b|XX` + `X:`)

func TestNoMarkersInComments(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		for _, group := range f.syntax.Comments {
			for _, c := range group.List {
				if m := marker.FindString(c.Text); m != "" {
					t.Errorf("%s: marker %s", files.Position(c.Pos()), m)
				}
			}
		}
	}
}

// machinePath matches absolute paths that exist on one person's machine only.
var machinePath = regexp.MustCompile("(?m)(^|[\\s\"'`(=:])/(home|root|Users|work|tmp)/\\w")

func TestText(t *testing.T) {
	t.Parallel()
	kinds := []string{".go", ".md", ".yml", ".yaml", ".json", ".sh", ".mod", ""}
	err := walk(func(name string) error {
		if !slices.Contains(kinds, filepath.Ext(name)) || strings.Contains(filepath.ToSlash(name), "testdata/") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || bytes.IndexByte(text, 0) >= 0 {
			return err
		}
		if m := machinePath.Find(text); m != nil {
			t.Errorf("%s: path of one machine: %q", name, bytes.TrimSpace(m))
		}
		if m := marker.Find(text); m != nil && filepath.Ext(name) != ".go" {
			t.Errorf("%s: marker %s", name, m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoReplace keeps the main module usable by others: replace directives
// hold in the main module of a build only.
func TestNoReplace(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`(?m)^\s*replace\b`).Match(mod) {
		t.Error("go.mod has a replace directive")
	}
}
