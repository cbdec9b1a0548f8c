package bytetech

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

func TestDefaultProfile(t *testing.T) {
	t.Parallel()
	if _, problems := loadProfile(nil, nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, problems := loadProfile(DefaultProfile(), nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	DefaultProfile()[0] = 'x' // a copy
	if defaultProfile[0] != '{' {
		t.Error("the caller's change got into the profile")
	}
}

// A profile may name all of the contract, also what no job needs, and leave out
// what is as usual: as a patch it changes nothing, as a replacement it stands,
// and its enums hold nothing but its own words.
func TestProfileOfTheContract(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "profiles", "contract.json"))
	if err != nil {
		t.Fatal(err)
	}
	usual, err := tree(defaultProfile)
	if err != nil {
		t.Fatal(err)
	}
	contract, err := tree(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(usual, mergePatch(usual, contract)); diff != "" {
		t.Errorf("differs from the default (-default +contract):\n%s", diff)
	}
	p, problems := loadProfile(text, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if p.Fields.Event.ID.String() != "id" || p.Paths["categories"] == "" || p.Fields.Batch.Results.String() == "" {
		t.Errorf("what is left out is not as usual: %+v", p)
	}
	p, problems = loadProfile([]byte(`{"fields":{"line":{"epcs":""}},"enums":{"coupon_type":{"S":"single_use"}}}`), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if p.Fields.Line.EPCs.delivered() || !p.Fields.Line.Name.delivered() || len(p.Enums["coupon_type"]) != 1 || len(p.Enums["discount_kind"]) == 0 {
		t.Errorf("line %+v, enums %v", p.Fields.Line, p.Enums)
	}
}

func TestMergePatch(t *testing.T) {
	t.Parallel()
	// The examples of RFC 7386, appendix A.
	for _, tc := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		target, err1 := tree([]byte(tc[0]))
		patch, err2 := tree([]byte(tc[1]))
		want, err3 := tree([]byte(tc[2]))
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, mergePatch(target, patch)); diff != "" {
			t.Errorf("%s + %s (-want +got):\n%s", tc[0], tc[1], diff)
		}
	}
}

func TestProfileProblems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		patch string
		want  []string
	}{
		{`{"fields":{"kiosk":{"identity":"x"}}}`, []string{"profile.fields.kiosk.identity"}},
		{`{"features":{"tags":"yes"},"paging":{"limit":"200"}}`, []string{"profile.features.tags", "profile.paging.limit"}},
		{`{"fields":"none"}`, []string{"profile.fields"}},
		{`{"source":"soap","encoding":{"money":"float","time":"noon","time_zone":"Mars/Base","percent":"x","temperature":"K"}}`, []string{
			"profile.encoding.money", "profile.encoding.percent", "profile.encoding.temperature", "profile.encoding.time", "profile.encoding.time_zone", "profile.source",
		}},
		{`{"fields":{"kiosk":{"id":""},"transaction":{"id":"","status":"","total":"","placed":"","updated":""},"inventory":{"available":""},"tag":{"epc":""}}}`, []string{
			"profile.fields.inventory.available", "profile.fields.kiosk.id", "profile.fields.transaction.id", "profile.fields.transaction.placed",
			"profile.fields.transaction.status", "profile.fields.transaction.total",
		}},
		{`{"fields":{"line":{"name":"a[0].b"}}}`, []string{"profile.fields.line.name"}},
		{`{"fields":{"product_read_only":["a..b"]}}`, []string{"profile.fields.product_read_only[0]"}},
		{`{"paths":{"tags":"/v1/tags","kiosks":"v1/kiosks"}}`, []string{"profile.paths.kiosks", "profile.paths.tags"}},
		{`{"enums":{"transaction_status":{"Done":"finished"}}}`, []string{"profile.enums.transaction_status.Done"}},
		{`{"limits":{"requests_per_second":0},"constants":{"currency":"XXX"}}`, []string{"profile.constants.currency", "profile.limits.requests_per_second"}},
		{`{"features":{"updated_filter":false},"query":{"transactions":{"placed_since":""}}}`, []string{"profile.query.transactions.placed_since"}},
		{`{"webhook":{"events":{"x":"lunch"},"tolerance_seconds":0}}`, []string{"profile.webhook.events.x", "profile.webhook.tolerance_seconds"}},
		{`{"source":"csv"}`, []string{
			"profile.csv.columns.tag.epc", "profile.csv.columns.tag.external_id", "profile.csv.columns.tag.kiosk",
			"profile.csv.columns.transaction.id", "profile.csv.columns.transaction.kiosk", "profile.csv.columns.transaction.placed", "profile.csv.columns.transaction.status",
		}},
		{`{"features":{"refund_write":true},"constants":{"tax_base":"half"},"webhook":{"type_field":"a[0]"}}`, []string{
			"profile.constants.tax_base", "profile.features.refund_write", "profile.webhook.type_field",
		}},
		{`{`, []string{"profile_patch"}},
	} {
		_, problems := loadProfile(nil, []byte(tc.patch))
		got := make([]string, len(problems))
		for i := range problems {
			got[i] = problems[i].Field
		}
		slices.Sort(got)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s\n%v", tc.patch, diff, problems)
		}
	}
}

// New reports problems of configuration and profile together.
func TestNewProblems(t *testing.T) {
	t.Parallel()
	_, err := New(Config{ClientSecret: pos.NewSecret("marker")}, nil)
	var ps pos.Problems
	if !errors.Is(err, pos.ErrInvalid) || !errors.As(err, &ps) || len(ps) != 3 {
		t.Fatalf("%v", err)
	}
	if strings.Contains(err.Error(), "marker") {
		t.Error("shows the secret")
	}
	var cfg Config
	if err := json.Unmarshal([]byte(`{"account":"a","base_url":"https://x.example","api_key":"k","profile_patch":{"auth":{"mode":"static"}}}`), &cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg, nil); err != nil {
		t.Error(err)
	}
	if text, err := json.Marshal(cfg); err != nil || strings.Contains(string(text), `"k"`) {
		t.Errorf("%s %v", text, err)
	}
}

func FuzzProfile(f *testing.F) {
	f.Add([]byte(`{"fields":{"kiosk":{"id":"x.y"}}}`))
	f.Add([]byte(`{"paths":null,"enums":{}}`))
	f.Add(defaultProfile)
	f.Fuzz(func(t *testing.T, patch []byte) {
		p, problems := loadProfile(nil, patch)
		if (p == nil) == (len(problems) == 0) {
			t.Fatal("neither a profile nor problems, or both")
		}
		if p == nil || p.Source != "rest" {
			return
		}
		if path := p.path("tags", ".."); strings.Contains(path, "..") && !strings.Contains(p.Paths["tags"], "..") {
			t.Errorf("an id climbs: %s", path)
		}
	})
}
