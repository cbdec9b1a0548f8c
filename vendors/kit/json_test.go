package kit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

type sale struct {
	ID    string `json:"id"`
	Total int64  `json:"total"`
}

// answer makes a response of a text.
func answer(text string) *kit.Response {
	return &kit.Response{Status: 200, Body: io.NopCloser(strings.NewReader(text))}
}

// each reads a text element by element.
func each(text, path string, rest any) ([]sale, error) {
	var got []sale
	err := kit.EachJSON(answer(text), path, func(s *sale) error { got = append(got, *s); return nil }, rest)
	return got, err
}

func TestEachJSON(t *testing.T) {
	t.Parallel()
	two := []sale{{"a", 1}, {"b", 0}}
	tests := map[string]struct {
		path, text string
		want       []sale
		rest       any
		bad        bool
	}{
		"in the middle":         {"orders", `{"x":1,"orders":[{"id":"a","total":1},{"id":"b"}],"cursor":"c"}`, two, map[string]any{"x": 1.0, "cursor": "c"}, false},
		"below":                 {"data.orders", `{"time":"t","data":{"n":2,"orders":[{"id":"a","total":1},{"id":"b"}]}}`, two, map[string]any{"time": "t", "data": map[string]any{"n": 2.0}}, false},
		"the document itself":   {"", `[{"id":"a","total":1},{"id":"b"}]`, two, nil, false},
		"missing":               {"orders", `{"cursor":""}`, nil, map[string]any{"cursor": ""}, false},
		"null":                  {"orders", `{"orders":null}`, nil, map[string]any{}, false},
		"null above":            {"data.orders", `{"data":null}`, nil, map[string]any{"data": nil}, false},
		"empty":                 {"orders", `{"orders":[]}`, nil, map[string]any{}, false},
		"same name deeper":      {"orders", `{"other":{"orders":[1]},"orders":[{"id":"a","total":1}]}`, two[:1], map[string]any{"other": map[string]any{"orders": []any{1.0}}}, false},
		"unknown members":       {"orders", `{"orders":[{"id":"a","total":1,"new":{"deep":[1]}}]}`, two[:1], map[string]any{}, false},
		"repeated names":        {"orders", `{"orders":[{"id":"x","id":"a","total":1}],"a":1,"a":2}`, two[:1], map[string]any{"a": 2.0}, false},
		"bad UTF-8":             {"orders", "{\"orders\":[{\"id\":\"a\",\"total\":1,\"note\":\"\xff\"}]}", two[:1], map[string]any{}, false},
		"not an array":          {"orders", `{"orders":{"id":"a"}}`, nil, nil, true},
		"not an object":         {"orders", `[1]`, nil, nil, true},
		"empty body":            {"orders", ``, nil, nil, true},
		"HTML":                  {"orders", `<html>sorry</html>`, nil, nil, true},
		"cut in an element":     {"orders", `{"orders":[{"id":"a","total":1},{"id"`, two[:1], nil, true},
		"cut between elements":  {"orders", `{"orders":[{"id":"a","total":1},`, two[:1], nil, true},
		"cut behind an element": {"orders", `{"orders":[{"id":"a","total":1}`, two[:1], nil, true},
		"cut behind the array":  {"orders", `{"orders":[{"id":"a","total":1}]`, two[:1], nil, true},
		"cut in the rest":       {"orders", `{"orders":[],"cursor":"c`, nil, nil, true},
		"more behind the end":   {"orders", `{"orders":[]} {}`, nil, nil, true},
		"element does not fit":  {"orders", `{"orders":[{"id":"a","total":1},{"id":7}]}`, two[:1], nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var rest any
			got, err := each(test.text, test.path, &rest)
			if test.bad != errors.Is(err, pos.ErrProtocol) || !test.bad && err != nil {
				t.Fatalf("got error %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if test.bad {
				return
			}
			if diff := cmp.Diff(test.rest, rest); diff != "" {
				t.Error(diff)
			}
			if without, err := each(test.text, test.path, nil); err != nil || !cmp.Equal(got, without) {
				t.Errorf("without rest: %v, %v", without, err)
			}
		})
	}
}

func TestEachJSONReturnsTheCallersError(t *testing.T) {
	t.Parallel()
	stop := fmt.Errorf("stop: %w", io.EOF)
	err := kit.EachJSON(answer(`[1,2]`), "", func(*int) error { return stop }, nil)
	if err != stop { //nolint:errorlint // identity is meant
		t.Errorf("got %v", err)
	}
}

func TestErrorsNameTheOperationAndHideValues(t *testing.T) {
	t.Parallel()
	c := newClient(t, kit.ClientConfig{}, nil, func(*http.Request) (*http.Response, error) {
		return reply(200, `{"orders":[{"id":"a"},{"id":{"email":"jane@example.com"}}]}`, "X-Request-Id", "r1"), nil
	})
	r := kit.Request{Op: "ListOrders", Location: "L1", Method: http.MethodGet, Path: "/orders"}
	check := func(err error) {
		t.Helper()
		e := asPos(t, err)
		if e.Kind != pos.KindProtocol || e.Op != "ListOrders" || e.Location != "L1" || e.RequestID != "r1" || !strings.Contains(e.Error(), "/orders/1/id") || strings.Contains(e.Error(), "jane") {
			t.Errorf("got %v", e)
		}
	}
	resp, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	check(kit.EachJSON(resp, "orders", func(*sale) error { return nil }, nil))
	var out struct {
		Orders []sale `json:"orders"`
	}
	_, err = c.JSON(t.Context(), r, nil, &out)
	check(err)
}

func TestJSONRepeatsACutOffAnswer(t *testing.T) {
	t.Parallel()
	const whole = `{"list":["a","b"],"more":true}`
	for cut := range len(whole) {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			c := newClient(t, kit.ClientConfig{}, nil, func(*http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return reply(200, whole[:cut]), nil
				}
				return reply(200, `{"list":["a"]}`), nil
			})
			var out struct {
				List []string `json:"list"`
				More bool     `json:"more"`
			}
			_, err := c.JSON(t.Context(), kit.Request{Op: "X", Method: http.MethodGet, Path: "/x"}, nil, &out)
			if err != nil || n != 2 || len(out.List) != 1 || out.More {
				t.Errorf("cut at %d: %+v, %v after %d attempts", cut, out, err, n)
			}
		})
	}
}

func TestSizeCaps(t *testing.T) {
	t.Parallel()
	big := `["` + strings.Repeat("x", 1000) + `"]`
	for _, limit := range []int{len(big) - 1, len(big)} {
		c := newClient(t, kit.ClientConfig{}, &kit.Options{MaxBody: int64(limit)}, func(*http.Request) (*http.Response, error) {
			return reply(200, big), nil
		})
		r := kit.Request{Op: "X", Method: http.MethodGet, Path: "/x"}
		var out []string
		_, err := c.JSON(t.Context(), r, nil, &out)
		resp, derr := c.Do(t.Context(), r)
		if derr != nil {
			t.Fatal(derr)
		}
		serr := kit.EachJSON(resp, "", func(*string) error { return nil }, nil)
		if fits := limit == len(big); fits != (err == nil) || fits != (serr == nil) {
			t.Errorf("limit %d of %d: %v, %v", limit, len(big), err, serr)
		}
		if err != nil && (!errors.Is(err, pos.ErrProtocol) || !errors.Is(serr, pos.ErrProtocol)) {
			t.Errorf("got %v, %v", err, serr)
		}
	}
	// What stands beside the array is bounded on its own.
	var rest any
	if _, err := each(`{"a":"`+strings.Repeat("x", 2<<20)+`"}`, "orders", &rest); !errors.Is(err, pos.ErrProtocol) {
		t.Errorf("got %v", err)
	}
}

// endless is an array of n sales that is made while it is read.
type endless struct {
	n    int
	text bytes.Buffer
	open bool
}

func (e *endless) Read(p []byte) (int, error) {
	for e.text.Len() < len(p) && e.n > 0 {
		if e.open {
			e.text.WriteString(",")
		} else {
			e.text.WriteString(`{"orders":[`)
			e.open = true
		}
		fmt.Fprintf(&e.text, `{"id":"order-%d","total":%d,"note":"some unknown text"}`, e.n, e.n)
		if e.n--; e.n == 0 {
			e.text.WriteString(`]}`)
		}
	}
	return e.text.Read(p)
}

func TestEachJSONNeedsMemoryForOneElement(t *testing.T) { //nolint:paralleltest // it measures memory
	grown := func(n int) uint64 {
		var before, after runtime.MemStats
		var most uint64
		runtime.GC()
		runtime.ReadMemStats(&before)
		count := 0
		err := kit.EachJSON(&kit.Response{Body: io.NopCloser(&endless{n: n})}, "orders", func(*sale) error {
			if count++; count%(n/4) == 0 {
				runtime.GC()
				runtime.ReadMemStats(&after)
				if after.HeapAlloc > before.HeapAlloc {
					most = max(most, after.HeapAlloc-before.HeapAlloc)
				}
			}
			return nil
		}, nil)
		if err != nil || count != n {
			t.Fatalf("%d elements: %v", count, err)
		}
		return most
	}
	if most := grown(200_000); most > 1<<20 { // the text has 11 MB
		t.Errorf("%d bytes held", most)
	}
}

func FuzzEachJSON(f *testing.F) {
	for _, s := range []string{
		`{"orders":[{"id":"a","total":1},{"id":"b"}],"cursor":"c"}`, `{"orders":null}`, `{"orders":[`, `{"orders":[]}x`, `[]`,
		`{"a":{"orders":[1]},"orders":[{"id":"\u0000\ud800"}]}`, `{"orders":[{"total":1e3}]}`, `{"orders":[null]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var rest struct {
			Cursor any `json:"cursor"`
		}
		got, err := each(text, "orders", &rest)
		if err != nil && !errors.Is(err, pos.ErrProtocol) {
			t.Fatalf("error of another kind: %v", err)
		}
		if err == nil && !validPrefix(text) {
			t.Fatalf("accepted %q", text)
		}
		// Where both read it, they read the same.
		var want struct {
			Orders []sale `json:"orders"`
		}
		if err != nil || json.Unmarshal([]byte(text), &want) != nil || ambiguous(text) {
			return
		}
		if len(got) != len(want.Orders) {
			t.Fatalf("%q: %d elements, encoding/json reads %d", text, len(got), len(want.Orders))
		}
		for i := range got {
			if got[i] != want.Orders[i] {
				t.Errorf("%q: %+v, encoding/json reads %+v", text, got[i], want.Orders[i])
			}
		}
	})
}

// validPrefix reports whether encoding/json takes the text as one document.
func validPrefix(text string) bool { return json.Valid([]byte(text)) }

// ambiguous: encoding/json matches names in any case and merges repeated ones.
func ambiguous(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(text, `\`) || strings.ContainsAny(text, "\u017f\u212a") ||
		strings.Count(lower, `"orders"`) > 1 || lower != text || strings.ToValidUTF8(text, "") != text ||
		strings.Count(text, `"id"`) > 1 || strings.Count(text, `"total"`) > 1
}
