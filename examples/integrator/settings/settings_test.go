package settings_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"

	"example.com/integrator/settings"
)

type inner struct {
	Name string        `json:"name"`
	Wait time.Duration `json:"wait_ns,omitempty"`
	Key  pos.Secret    `json:"key,omitzero"`
}

type whole struct {
	inner
	ID     string           `json:"id"`
	Count  int              `json:"count"`
	On     bool             `json:"on"`
	Since  time.Time        `json:"since"`
	List   []inner          `json:"list"`
	Sub    *inner           `json:"sub"`
	Map    map[int64]string `json:"map"`
	Raw    json.RawMessage  `json:"raw"`
	Hidden func()           `json:"-"`
}

func environment(name string) (string, bool) {
	value, ok := map[string]string{"KEY": "fake-secret", "PORT": "8080"}[name]
	return value, ok
}

func TestRead(t *testing.T) {
	t.Parallel()
	cfg := struct {
		whole
		Kept string `json:"kept"`
	}{Kept: "default"}
	ps := settings.Read([]byte(`
id: a-${ENV:PORT}
count: ${ENV:PORT}
on: true
since: 2026-09-01T00:00:00Z
list:
  - {name: one, wait_ns: 90s, key: "${ENV:KEY}"}
  - name: two
sub: {name: three}
map: {7: seven}
raw: {a: [1, "${ENV:KEY}"]}
kept:
`), environment, &cfg)
	if ps != nil {
		t.Fatal(ps)
	}
	if cfg.Kept != "default" || cfg.ID != "a-8080" || cfg.Count != 8080 || !cfg.On || cfg.Sub.Name != "three" || cfg.Map[7] != "seven" {
		t.Errorf("%+v", cfg)
	}
	if want := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC); !cfg.Since.Equal(want) {
		t.Errorf("since %v, want %v", cfg.Since, want)
	}
	one := cfg.List[0]
	if one.Name != "one" || one.Wait != 90*time.Second || one.Key.Reveal() != "fake-secret" || cfg.List[1].Name != "two" {
		t.Errorf("list %+v", cfg.List)
	}
	if got := string(cfg.Raw); got != `{"a":[1,"fake-secret"]}` {
		t.Errorf("raw %s", got)
	}
}

func TestEveryErrorAtOnce(t *testing.T) {
	t.Parallel()
	var cfg whole
	ps := settings.Read([]byte(`
idd: x
count: many
on: perhaps
since: yesterday
list: {name: one}
sub:
  name: [1]
  wait_ns: 90
  key: in the open
  name: again
map: {seven: x}
raw: "${ENV:MISSING}"
Hidden: x
`), environment, &cfg)
	want := settings.Problems{
		{Path: "idd", Line: 2, Reason: "unknown field; there are count, id, key, list, map, name, on, raw, since, sub, wait_ns"},
		{Path: "count", Line: 3, Reason: `"many" is no whole number in range`},
		{Path: "on", Line: 4, Reason: `"perhaps" is no true or false`},
		{Path: "since", Line: 5, Reason: `"yesterday" is no instant such as "2026-09-01T00:00:00Z"`},
		{Path: "list", Line: 6, Reason: "is no list"},
		{Path: "sub.name", Line: 8, Reason: "is no single value"},
		{Path: "sub.wait_ns", Line: 9, Reason: `"90" is no duration such as "90s"`},
		{Path: "sub.key", Line: 10, Reason: "secrets come from the environment: write ${ENV:NAME}"},
		{Path: "sub.name", Line: 11, Reason: "is there twice"},
		{Path: "map.seven", Line: 12, Reason: `"seven" is no whole number in range`},
		{Path: "raw", Line: 13, Reason: "environment variable MISSING is not set"},
		{Path: "Hidden", Line: 14, Reason: "unknown field; there are count, id, key, list, map, name, on, raw, since, sub, wait_ns"},
	}
	if diff := cmp.Diff(want, ps); diff != "" {
		t.Error(diff)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                            "",
		"a: [":                        "file: yaml: ",
		"id: a\n---\nid: b":           "file: has more than one document",
		"[]":                          "line 1: file: is no mapping",
		"sub: &x {name: *x}":          "line 1: sub.name: aliases are not supported",
		"count: 99999999999999999999": `line 1: count: "99999999999999999999" is no whole number in range`,
	} {
		var cfg whole
		ps := settings.Read([]byte(text), environment, &cfg)
		got := ""
		if len(ps) > 0 {
			got = ps[0].String()
		}
		if len(got) < len(want) || got[:len(want)] != want || (want == "") != (got == "") {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCheckNamesFieldsAsTheFileDoes(t *testing.T) {
	t.Parallel()
	err := &pos.Error{Op: "x.New", Kind: pos.KindInvalid, Err: pos.Problems{
		{Field: "Sub.Wait", Reason: "is negative"}, {Field: "List[2].Name", Reason: "is empty"}, {Field: "profile.x", Item: "acme demo", Reason: "is odd"},
	}}
	var ps settings.Problems
	if ps.Check("a[0]", &whole{}, errors.Join(err, errors.New("other"))) || !ps.Check("a[1]", nil, nil) {
		t.Error("contentment is wrong")
	}
	want := settings.Problems{
		{Path: "a[0].sub.wait_ns", Reason: "is negative"},
		{Path: "a[0].list[2].name", Reason: "is empty"},
		{Path: "a[0].profile.x", Reason: "acme demo: is odd"},
		{Path: "a[0]", Reason: "other"},
	}
	if diff := cmp.Diff(want, ps); diff != "" {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("id: ${ENV:KEY}\nlist: [{name: x}]\nraw: {a: b}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		var cfg whole
		_ = settings.Read(text, environment, &cfg).Err()
	})
}
