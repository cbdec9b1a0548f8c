package bytetechfake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

const kid = "1042" // the first kiosk

func newFake(t testing.TB, cfg bytetechfake.Config) *bytetechfake.Fake {
	t.Helper()
	if cfg.RateLimit == 0 {
		cfg.RateLimit = -1
	}
	f, err := bytetechfake.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// api is a client that checks every answer against openapi.json.
type api struct {
	t     *testing.T
	fake  *bytetechfake.Fake
	doc   *document
	http  *http.Client
	token string
}

func newAPI(t *testing.T, cfg bytetechfake.Config) *api {
	t.Helper()
	f := newFake(t, cfg)
	return &api{t: t, fake: f, doc: loadDocument(t), http: &http.Client{Transport: f.Transport()}, token: bytetechfake.DefaultClient().APIKey}
}

type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func (a *api) do(method, path string, body any, headers ...string) answer {
	a.t.Helper()
	var in io.Reader
	if text, ok := body.(string); ok {
		in = strings.NewReader(text)
	} else if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			a.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, "http://byte.test"+path, in)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := a.http.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := answer{t: a.t, status: resp.StatusCode, header: resp.Header}
	if out.body, err = io.ReadAll(resp.Body); err != nil {
		a.t.Fatal(err)
	}
	for _, problem := range a.doc.check(method, path, out.status, out.body) {
		a.t.Errorf("%s %s: %s", method, path, problem)
	}
	return out
}

func (a *api) get(path string, into any) {
	a.t.Helper()
	a.do("GET", path, nil).want(200, into)
}

func (a *api) post(path string, body any, status int, into any) {
	a.t.Helper()
	a.do("POST", path, body).want(status, into)
}

// want checks the status and decodes the body, unless into is nil.
func (r answer) want(status int, into any) {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		r.t.Fatalf("%v: %s", err, r.body)
	}
}

// fails checks for an error answer.
func (r answer) fails(status int, code, field string) {
	r.t.Helper()
	var e struct {
		Error struct {
			Code      string  `json:"code"`
			Field     *string `json:"field"`
			RequestID string  `json:"request_id"`
		} `json:"error"`
	}
	r.want(status, &e)
	got := ""
	if e.Error.Field != nil {
		got = *e.Error.Field
	}
	if e.Error.Code != code || got != field || e.Error.RequestID == "" || e.Error.RequestID != r.header.Get("X-Request-Id") {
		r.t.Errorf("error %s, want code %q and field %q", r.body, code, field)
	}
}

// all reads every page of a list.
func all[T any](a *api, path string) []T {
	a.t.Helper()
	var out []T
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for cursor, n := "", 0; ; n++ {
		var page struct {
			Data       []T     `json:"data"`
			NextCursor *string `json:"next_cursor"`
		}
		a.get(path+cursor, &page)
		out = append(out, page.Data...)
		if page.NextCursor == nil {
			return out
		}
		if n > 1000 {
			a.t.Fatal("paging does not end")
		}
		cursor = sep + "cursor=" + *page.NextCursor
	}
}

func (a *api) sell(s posfake.Sale) posfake.Record {
	a.t.Helper()
	if s.Location == "" {
		s.Location = kid
	}
	r, err := a.fake.Sell(s)
	if err != nil {
		a.t.Fatal(err)
	}
	return r
}

func (a *api) ok(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func one(sku string, n int64) []posfake.SaleLine {
	return []posfake.SaleLine{{SKU: sku, Quantity: n}}
}

// product creates a product by API and returns its id.
func (a *api) product(sku string, cents int, extra string) string {
	a.t.Helper()
	var p struct {
		ProductID string `json:"product_id"`
	}
	a.post("/v1/products", fmt.Sprintf(`{"external_id":%q,"name":%q,"price_cents":%d%s}`, sku, "Meal "+sku, cents, extra), 201, &p)
	return p.ProductID
}

type transaction struct {
	ID          string    `json:"transaction_id"`
	Kiosk       string    `json:"kiosk_id"`
	Status      string    `json:"status"`
	Revision    int       `json:"revision"`
	Placed      time.Time `json:"placed_at"`
	Finalized   time.Time `json:"finalized_at"`
	Processed   time.Time `json:"processed_at"`
	Updated     time.Time `json:"updated_at"`
	Subtotal    int64     `json:"subtotal_cents"`
	Discount    int64     `json:"discount_cents"`
	Tax         int64     `json:"tax_cents"`
	Total       int64     `json:"total_cents"`
	Billed      int64     `json:"location_billed_cents"`
	Refunded    int64     `json:"refunded_cents"`
	Lines       []txLine  `json:"lines"`
	Adjustments []struct {
		Status string `json:"status"`
		Amount int64  `json:"amount_cents"`
	} `json:"adjustments"`
	Discounts []struct {
		Code   *string `json:"code"`
		Amount int64   `json:"amount_cents"`
	} `json:"discounts"`
}

type txLine struct {
	SKU      string   `json:"external_id"`
	Name     string   `json:"name"`
	Quantity int64    `json:"quantity"`
	Gross    int64    `json:"gross_cents"`
	Discount int64    `json:"discount_cents"`
	Tax      int64    `json:"tax_cents"`
	EPCs     []string `json:"epcs"`
	Expires  string   `json:"expires_on"`
	Returned int64    `json:"refunded_quantity"`
}

func (a *api) transaction(id string) (tx transaction) {
	a.t.Helper()
	a.get("/v1/transactions/"+id, &tx)
	return tx
}

func sale(sku string, n int64) posfake.Sale { return posfake.Sale{Lines: one(sku, n)} }

// seeds are locations in New York.
func seeds(ids ...string) (out []posfake.LocationSeed) {
	for _, id := range ids {
		out = append(out, posfake.LocationSeed{ID: id, TimeZone: "America/New_York"})
	}
	return out
}
