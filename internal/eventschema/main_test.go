package main

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

// freeze makes the present schemas those of the last release. Use it when a
// release is made; a change that breaks readers is refused all the same unless
// -break says that nobody reads the old ones.
var (
	freeze   = flag.Bool("freeze", false, "take the present schemas over into testdata/released")
	mayBreak = flag.Bool("break", false, "with -freeze: although they break readers")
)

func TestSchemasAreFresh(t *testing.T) {
	t.Parallel()
	if err := run(root, true); err != nil {
		t.Error(err)
	}
}

// TestSchemasAreCompatible compares the schemas with those of the last release.
func TestSchemasAreCompatible(t *testing.T) {
	t.Parallel()
	now, err := read(filepath.Join(root, "events", "schemas"))
	if err != nil {
		t.Fatal(err)
	}
	const dir = "testdata/released"
	released, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(released) == 0 && !*freeze {
		t.Error("nothing to compare with")
	}
	for _, name := range slices.Sorted(maps.Keys(released)) {
		if now[name] == nil {
			t.Errorf("%s: the type of event is gone", name)
			continue
		}
		broken, err := breaks(released[name], now[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, reason := range broken {
			t.Errorf("%s: %s", name, reason)
		}
	}
	if !*freeze || t.Failed() && !*mayBreak {
		return
	}
	for name, schema := range now {
		if err := os.WriteFile(filepath.Join(dir, name), schema, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBreaks(t *testing.T) {
	t.Parallel()
	const before = `{"type":"object","required":["id","of"],"properties":{
		"id":{"type":"string"}, "kind":{"type":"string","examples":["card","cash"]},
		"of":{"$ref":"#/$defs/Money"}, "all":{"type":"array","items":{"$ref":"#/$defs/Money"}}},
		"$defs":{"Money":{"type":"object","required":["amount"],"properties":{"amount":{"type":"integer"},"at":{"type":"string","format":"date"}}}}}`
	for name, c := range map[string]struct {
		replace, by string
		want        []string
	}{
		"nothing":         {"", "", nil},
		"description":     {`"type":"string"}`, `"type":"string","description":"x"}`, nil},
		"new and free":    {`"id":{`, `"new":{"type":"string"},"id":{`, nil},
		"new value":       {`"cash"]`, `"cash","coin"]`, nil},
		"value gone":      {`,"cash"]`, `]`, []string{"/kind: value cash is gone"}},
		"removed":         {`"kind":{`, `"sort":{`, []string{"/kind: is gone; removing or renaming a property needs a new version of the type"}},
		"type":            {`"id":{"type":"string"}`, `"id":{"type":"integer"}`, []string{"/id: type was string and is integer"}},
		"type inside":     {`"integer"`, `"number"`, []string{"/all[]/amount: type was integer and is number"}},
		"format":          {`"date"`, `"date-time"`, []string{"/all[]/at: format was date and is date-time"}},
		"required now":    {`["id","of"]`, `["id","of","kind"]`, []string{"/kind: is required now; give the field omitempty or omitzero"}},
		"optional now":    {`["id","of"]`, `["of"]`, []string{"/id: was always there and is optional now"}},
		"list to single":  {`{"type":"array","items":{"$ref":"#/$defs/Money"}}`, `{"type":"string"}`, []string{"/all: type was array and is string", "/all[]: type was object and is <nil>", "/all[]/amount: is gone; removing or renaming a property needs a new version of the type", "/all[]/at: is gone; removing or renaming a property needs a new version of the type"}},
		"renamed in defs": {`Money`, `Amount`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := strings.ReplaceAll(before, c.replace, c.by)
			if c.replace == "" {
				after = before
			}
			got, err := breaks([]byte(before), []byte(after))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGeneratorRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, want string }{
		"unknown payload": {"type X struct{}", `no type "events.Payload"`},
		"no struct":       {"type Payload int", `"events.Payload" is not a struct`},
		"unknown type":    {"type Payload struct { A chan int `json:\"a\"` }", `events.Payload.A: no schema for type ""`},
		"map":             {"type Payload struct { A other.Type `json:\"a\"` }", `no schema for type "other.Type"`},
		"text":            {"type T int\nfunc (T) MarshalText() ([]byte, error)\ntype Payload struct { A T `json:\"a\"` }", `type "events.T" marshals as text`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for pkg, text := range map[string]string{"events": "const TypeX = prefix + \"x.v1\" // payload Payload\n" + c.source, "pos": ""} {
				if err := os.Mkdir(filepath.Join(dir, pkg), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, pkg, "a.go"), []byte("package "+pkg+"\n"+text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := generate(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that mentions %q", err, c.want)
			}
		})
	}
}
