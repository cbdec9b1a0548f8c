package fakekit_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// script is a simulator that writes down what it is told.
type script struct {
	*fakekit.Server
	ledger fakekit.Ledger
	told   []any
}

func (s *script) note(v any) error { s.told = append(s.told, v); return nil }

func (s *script) Sell(in posfake.Sale) (posfake.Record, error) {
	_ = s.note(in)
	if in.Location == "" {
		return posfake.Record{}, errors.New("location is missing")
	}
	return s.ledger.Append(posfake.Record{ID: "o1", Kind: "sale", Location: in.Location}), nil
}

func (s *script) Refund(in posfake.Refund) (posfake.Record, error) {
	return posfake.Record{ID: "r1"}, s.note(in)
}

func (s *script) Edit(in posfake.Edit) (posfake.Record, error) {
	return posfake.Record{ID: "o1"}, s.note(in)
}

func (s *script) Void(string) (posfake.Record, error) {
	return posfake.Record{}, posfake.ErrNotSimulated
}
func (s *script) SetStock(l, sku string, q *int64) error { return s.note([]any{l, sku, q}) }
func (s *script) SetOnline(l string, on bool) error      { return s.note([]any{l, on}) }
func (s *script) AddLocation(l posfake.LocationSeed) error {
	return s.note(l)
}
func (s *script) RemoveLocation(id string) error { return s.note(id) }
func (s *script) AddForeign(sku, name string, price int64) error {
	return s.note([]any{sku, name, price})
}
func (s *script) Ledger() []posfake.Record { return s.ledger.All() }
func (s *script) Menu() []posfake.MenuRow  { return nil }

func newScript(t *testing.T) (*script, *http.Client) {
	t.Helper()
	s := &script{}
	s.Server = fakekit.NewServer(fakekit.Config{Simulator: s},
		fakekit.Route{Op: "Ping", Pattern: "GET /ping", Handler: func(http.ResponseWriter, *http.Request) {}})
	return s, &http.Client{Transport: s.Transport()}
}

func TestControl(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string // "" means any
		told                     []any
	}{
		{
			"sell", "POST", "/_fake/sell", `{"location":"L1","lines":[{"sku":"A","quantity":1}]}`, 200, "",
			[]any{posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{SKU: "A", Quantity: 1}}}},
		},
		{"sell refused", "POST", "/_fake/sell", `{}`, 422, `{"error":"location is missing","status":422}`, []any{posfake.Sale{}}},
		{"unknown field", "POST", "/_fake/sell", `{"locations":"L1"}`, 400, "", nil},
		{"trailing text", "POST", "/_fake/sell", `{} {}`, 400, "", nil},
		{"no body", "POST", "/_fake/refund", ``, 400, "", nil},
		{"refund", "POST", "/_fake/refund", `{"id":"o1","amount":5}`, 200, "", []any{posfake.Refund{ID: "o1", Amount: 5}}},
		{"edit", "POST", "/_fake/edit", `{"id":"o1","silent":true}`, 200, "", []any{posfake.Edit{ID: "o1", Silent: true}}},
		{"void", "POST", "/_fake/void", `{"id":"o1"}`, 501, "", nil},
		{"stock", "POST", "/_fake/stock", `{"location":"L","sku":"A","quantity":null}`, 200, `{"ok":true}`, []any{[]any{"L", "A", (*int64)(nil)}}},
		{"online", "POST", "/_fake/online", `{"location":"L","online":true}`, 200, "", []any{[]any{"L", true}}},
		{"location", "POST", "/_fake/location", `{"id":"L9"}`, 200, "", []any{posfake.LocationSeed{ID: "L9"}}},
		{"remove location", "DELETE", "/_fake/location/L9", ``, 200, "", []any{"L9"}},
		{"foreign", "POST", "/_fake/foreign", `{"sku":"C","name":"Cola","price":250}`, 200, "", []any{[]any{"C", "Cola", int64(250)}}},
		{"bad fault", "POST", "/_fake/fault", `{"kind":"plague"}`, 400, "", nil},
		{"bad latency", "POST", "/_fake/fault", `{"kind":"latency","latency":"soon"}`, 400, "", nil},
		{"no such fault", "DELETE", "/_fake/fault/7", ``, 404, "", nil},
		{"clock back", "POST", "/_fake/clock", `{"advance":"-1s"}`, 400, "", nil},
		{"ledger", "GET", "/_fake/ledger", ``, 200, `[]`, nil},
		{"requests", "GET", "/_fake/requests", ``, 200, `[]`, nil},
		{"menu", "GET", "/_fake/menu", ``, 200, `[]`, nil},
		{"no path", "GET", "/_fake/weather", ``, 404, "", nil},
		{"no method", "PUT", "/_fake/sell", `{}`, 405, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, client := newScript(t)
			status, text, err := do(t.Context(), client, tt.method, "http://x"+tt.path, tt.body)
			if err != nil || status != tt.status {
				t.Errorf("got %d %s %v, want %d", status, text, err, tt.status)
			}
			if !json.Valid([]byte(text)) || tt.want != "" && text != tt.want+"\n" {
				t.Errorf("got %s, want %s", text, tt.want)
			}
			if d := cmp.Diff(tt.told, s.told); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestControlFaultAndClock(t *testing.T) {
	t.Parallel()
	s, client := newScript(t)
	post := func(method, path, body string, want int) string {
		t.Helper()
		status, text, err := do(t.Context(), client, method, "http://x"+path, body)
		if err != nil || status != want {
			t.Fatalf("%s: %d %s %v", path, status, text, err)
		}
		return text
	}
	if got := post("POST", "/_fake/fault", `{"kind":"status","status":429,"times":-1,"latency":"5s"}`, 200); got != "{\"id\":1}\n" {
		t.Errorf("fault: %s", got)
	}
	post("GET", "/ping", "", 429)
	post("GET", "/_fake/ledger", "", 200)
	post("DELETE", "/_fake/fault/1", "", 200)
	post("GET", "/ping", "", 200)
	before := s.Now()
	post("POST", "/_fake/clock", `{"advance":"10m"}`, 200)
	if d := s.Now().Sub(before); d < 10*time.Minute {
		t.Errorf("the clock moved by %v", d)
	}
	if n := len(s.Requests()); n != 2 {
		t.Errorf("%d requests logged, want the 2 of the client", n)
	}
}
