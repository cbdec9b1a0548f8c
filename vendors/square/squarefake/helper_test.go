package squarefake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// client is a plain user of the fake's HTTP interface.
type client struct {
	t     testing.TB
	fake  *squarefake.Fake
	http  *http.Client
	token string
	head  map[string]string
}

func setup(t *testing.T, cfg squarefake.Config) *client {
	t.Helper()
	f := squarefake.New(cfg)
	t.Cleanup(f.Close)
	return clientOf(t, f)
}

func clientOf(t testing.TB, f *squarefake.Fake) *client {
	t.Helper()
	return &client{t: t, fake: f, http: &http.Client{Transport: f.Transport()}, token: f.Credentials().AccessToken}
}

// value walks decoded JSON.
type value struct{ v any }

func (v value) at(path ...any) value {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.v.(map[string]any)
			v = value{m[p]}
		case int:
			l, _ := v.v.([]any)
			if p >= len(l) {
				return value{}
			}
			v = value{l[p]}
		}
	}
	return v
}

func (v value) str() string { s, _ := v.v.(string); return s }

func (v value) num() int64 {
	n, _ := v.v.(json.Number)
	i, _ := n.Int64()
	return i
}

func (v value) list() []value {
	l, _ := v.v.([]any)
	out := make([]value, len(l))
	for i := range l {
		out[i] = value{l[i]}
	}
	return out
}

func (v value) strs(path ...any) []string {
	var out []string
	for _, e := range v.list() {
		out = append(out, e.at(path...).str())
	}
	return out
}

func (v value) has(key string) bool {
	m, _ := v.v.(map[string]any)
	_, ok := m[key]
	return ok
}

// call makes a request with a JSON body, given as text or as a value.
func (c *client) call(method, path string, body any) (int, value) {
	c.t.Helper()
	status, v, err := c.try(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return status, v
}

func (c *client) try(method, path string, body any) (int, value, error) {
	text, ok := body.(string)
	if !ok && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, value{}, err
		}
		text = string(b)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, "https://connect.square.test"+path, strings.NewReader(text))
	if err != nil {
		return 0, value{}, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for k, v := range c.head {
		req.Header.Set(k, v)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, value{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, value{}, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return resp.StatusCode, value{}, fmt.Errorf("body %q: %w", raw, err)
	}
	return resp.StatusCode, value{v}, nil
}

// ok makes a request that must succeed.
func (c *client) ok(method, path string, body any) value {
	c.t.Helper()
	status, v := c.call(method, path, body)
	if status != http.StatusOK {
		c.t.Fatalf("%s %s: %d %v", method, path, status, v.v)
	}
	return v
}

// refused makes a request that must fail with a status and code.
func (c *client) refused(method, path string, body any, status int, code string) {
	c.t.Helper()
	got, v := c.call(method, path, body)
	if got != status || v.at("errors", 0, "code").str() != code {
		c.t.Errorf("%s %s: got %d %v, want %d %s", method, path, got, v.v, status, code)
	}
}

// upsert writes objects in one batch and returns the answer.
func (c *client) upsert(key string, objects ...string) value {
	c.t.Helper()
	return c.ok("POST", "/v2/catalog/batch-upsert", batch(key, objects...))
}

func batch(key string, objects ...string) string {
	return `{"idempotency_key":"` + key + `","batches":[{"objects":[` + strings.Join(objects, ",") + `]}]}`
}

const meal = `{"type":"ITEM","id":"#meal","item_data":{"name":"Salmon Bowl","description_html":"<p>520 kcal</p>","categories":[{"id":"#bowls"}],
 "farm_note":{"exact":12345678901234567890},
 "variations":[{"type":"ITEM_VARIATION","id":"#v","item_variation_data":{"name":"Regular","sku":"FARM-1","pricing_type":"FIXED_PRICING",
 "price_money":{"amount":1000,"currency":"USD"},"track_inventory":true,
 "location_overrides":[{"location_id":"L0002","price_money":{"amount":1200,"currency":"USD"},"pricing_type":"FIXED_PRICING","sold_out":true}]}}]}}`

const bowls = `{"type":"CATEGORY","id":"#bowls","category_data":{"name":"Bowls"}}`

// withMeal returns a client of a fake that sells one meal, and the meal's ids.
func withMeal(t *testing.T, cfg squarefake.Config) (c *client, item, variation string) {
	t.Helper()
	c = setup(t, cfg)
	v := c.upsert("meal", bowls, meal)
	o := v.at("objects", 1)
	return c, o.at("id").str(), o.at("item_data", "variations", 0, "id").str()
}

func (c *client) sell(s posfake.Sale) posfake.Record {
	c.t.Helper()
	r, err := c.fake.Sell(s)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *client) order(id string) value {
	c.t.Helper()
	return c.ok("GET", "/v2/orders/"+id, nil).at("order")
}

func one(location, sku string) posfake.Sale {
	return posfake.Sale{Location: location, Lines: []posfake.SaleLine{{SKU: sku, Quantity: 1}}}
}
