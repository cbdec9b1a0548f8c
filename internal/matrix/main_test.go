package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheReadmeIsFresh(t *testing.T) {
	t.Parallel()
	if err := run("../..", true); err != nil {
		t.Error(err)
	}
}

func TestRunWritesTheTable(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("README.md", "# Title\n"+begin+"old\n"+end+"tail\n")
	write("vendors/till/testdata/capabilities.json", `{"vendor":"till","product":"Till","capabilities":{
		"menu":{"level":"full"},"coupons":{"level":"none","why":"no coupons","nearest":"price"},"status":{"level":"partial","why":"slow."},
		"inventory":{"level":"full"},"purchases":{"level":"full"},"webhooks":{"level":"none"}}}`)
	if err := run(root, true); err == nil || !strings.Contains(err.Error(), "stale") {
		t.Errorf("check of a stale table: %v", err)
	}
	if err := run(root, false); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := "# Title\n" + begin + `| System | menu | coupons | status | inventory | purchases | notices |
|---|---|---|---|---|---|---|
| Till (` + "`vendors/till`" + `) | full | none [1] | partial [2] | full | full | none |

1. Till, coupons: no coupons. Nearest: price.
2. Till, status: slow.
` + end + "tail\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	write("README.md", "# no markers\n")
	if err := run(root, false); err == nil {
		t.Error("a README without markers passed")
	}
}
