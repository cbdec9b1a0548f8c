package quickbooksfake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

const root = "https://sandbox-quickbooks.api.intuit.test/v3/company/9130350000000001"

// client is a plain user of the fake's HTTP interface.
type client struct {
	t     testing.TB
	fake  *quickbooksfake.Fake
	http  *http.Client
	token string
	last  http.Header
}

func setup(t testing.TB, cfg quickbooksfake.Config) *client {
	t.Helper()
	f, err := quickbooksfake.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
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

// str is a text, a number or a flag as text; "" if there is none.
func (v value) str() string {
	if v.v == nil {
		return ""
	}
	return fmt.Sprint(v.v)
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

// send makes a request and returns the raw answer.
func (c *client) send(method, url, body string) (int, []byte) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, url, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	c.last = resp.Header
	return resp.StatusCode, raw
}

// call makes a request to the company.
func (c *client) call(method, path, body string) (int, value) {
	c.t.Helper()
	status, raw := c.send(method, root+path, body)
	return status, decode(c.t, raw)
}

func decode(t testing.TB, raw []byte) value {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("body %q: %v", raw, err)
	}
	return value{v}
}

// ok makes a request that must succeed.
func (c *client) ok(method, path, body string) value {
	c.t.Helper()
	status, v := c.call(method, path, body)
	if status != http.StatusOK {
		c.t.Fatalf("%s %s: %d %v", method, path, status, v.v)
	}
	return v
}

// refused makes a request that must fail with a status and code.
func (c *client) refused(method, path, body string, status int, code string) value {
	c.t.Helper()
	got, v := c.call(method, path, body)
	e := v.at("Fault", "Error", 0)
	if got != status || e.at("code").str() != code {
		c.t.Errorf("%s %s %s: got %d %v, want %d %s", method, path, body, got, v.v, status, code)
	}
	return e
}

func (c *client) query(text string) value {
	c.t.Helper()
	return c.ok("GET", "/query?query="+url.QueryEscape(text), "").at("QueryResponse")
}

func (c *client) cdc(entities, since string) value {
	c.t.Helper()
	return c.ok("GET", "/cdc?entities="+entities+"&changedSince="+url.QueryEscape(since), "").at("CDCResponse", 0, "QueryResponse")
}

func (c *client) sell(s posfake.Sale) posfake.Record {
	c.t.Helper()
	r, err := c.fake.Sell(s)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

const bowl = `{"Name":"Quinoa Power Bowl","Sku":"MEAL-0101","Type":"NonInventory","Description":"Quinoa, greens, tahini",
 "UnitPrice":11.50,"Taxable":true,"IncomeAccountRef":{"value":"79"},"ExpenseAccountRef":{"value":"80"},"Active":true}`

const curry = `{"Name":"Lentil Curry","Sku":"MEAL-0102","Type":"Inventory","UnitPrice":11.5,"Taxable":true,"TrackQtyOnHand":true,"QtyOnHand":14,
 "InvStartDate":"2020-01-01","IncomeAccountRef":{"value":"79"},"ExpenseAccountRef":{"value":"80"},"AssetAccountRef":{"value":"81"}}`

// item creates an item and returns its id.
func (c *client) item(body string) string {
	c.t.Helper()
	return c.ok("POST", "/item", body).at("Item", "Id").str()
}

func (c *client) place() string { return c.fake.LocationIDs()[0] }

// saleOf sells one of each SKU.
func (c *client) saleOf(skus ...string) posfake.Sale {
	s := posfake.Sale{Location: c.place()}
	for _, sku := range skus {
		s.Lines = append(s.Lines, posfake.SaleLine{SKU: sku})
	}
	return s
}

func number(record string) string { return record[strings.Index(record, ":")+1:] }

func replace(text []byte, from, to string) []byte {
	return bytes.ReplaceAll(text, []byte(from), []byte(to))
}
