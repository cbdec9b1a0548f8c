package bytetechfake_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

const tokenRequest = `{"grant_type":"client_credentials","client_id":"fake-client","client_secret":"fake-client-secret"}`

// login exchanges the default credentials.
func (a *api) login() {
	a.t.Helper()
	var tok struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
		Scope       string `json:"scope"`
	}
	a.post("/v1/auth/token", tokenRequest, 200, &tok)
	if tok.ExpiresIn != 86400 || !strings.HasPrefix(tok.Scope, "kiosks:read products:read") {
		a.t.Errorf("%+v", tok)
	}
	a.token = tok.AccessToken
}

func TestTokens(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.do("POST", "/v1/auth/token", strings.Replace(tokenRequest, "fake-client-secret", "wrong", 1)).fails(401, "invalid_client", "")
	a.do("POST", "/v1/auth/token", `{"grant_type":"password"}`).fails(400, "invalid_request", "grant_type")
	a.token = "made-up"
	a.do("GET", "/v1/kiosks", nil).fails(401, "invalid_token", "")
	a.login()
	a.get("/v1/kiosks", nil)
	a.fake.Advance(24*time.Hour + time.Second)
	a.do("GET", "/v1/kiosks", nil).fails(401, "token_expired", "")
	a.login()
	a.get("/v1/kiosks", nil)
}

func TestScopes(t *testing.T) {
	t.Parallel()
	client := bytetechfake.DefaultClient()
	client.Scopes = []string{"kiosks:read"}
	a := newAPI(t, bytetechfake.Config{Clients: []bytetechfake.Client{client}})
	a.get("/v1/kiosks", nil)
	a.do("GET", "/v1/products", nil).fails(403, "insufficient_scope", "")
	a.do("POST", "/v1/products", `{}`).fails(403, "insufficient_scope", "")
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, bytetechfake.Config{RateLimit: 10})
		for i := range 20 {
			r := a.do("GET", "/v1/campuses", nil)
			if r.status != 200 || r.header.Get("RateLimit-Limit") != "20" || r.header.Get("RateLimit-Remaining") != strconv.Itoa(19-i) {
				t.Fatalf("request %d: %d %v", i, r.status, r.header)
			}
		}
		r := a.do("GET", "/v1/campuses", nil)
		r.fails(429, "rate_limited", "")
		if r.header.Get("Retry-After") != "1" || r.header.Get("RateLimit-Reset") != "2" {
			t.Errorf("%v", r.header)
		}
		time.Sleep(time.Second)
		for range 10 {
			a.get("/v1/campuses", nil)
		}
		a.do("GET", "/v1/campuses", nil).fails(429, "rate_limited", "")
		a.token = "another"
		a.do("GET", "/v1/campuses", nil).fails(401, "invalid_token", "")
	})
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	post := func(path, body, key string) answer {
		t.Helper()
		return a.do("POST", path, body, "Idempotency-Key", key)
	}
	first := post("/v1/products", `{"name":"A","price_cents":1}`, "k1")
	first.want(201, nil)
	again := post("/v1/products", `{"name":"A","price_cents":1}`, "k1")
	again.want(201, nil)
	if string(first.body) != string(again.body) || again.header.Get("Idempotency-Replayed") != "true" || first.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("replayed %s, %v", again.body, again.header)
	}
	post("/v1/products", `{"name":"B","price_cents":1}`, "k1").fails(409, "idempotency_conflict", "")
	post("/v1/categories", `{"name":"B"}`, "k1").want(201, nil) // another path
	post("/v1/products", `{"name":"B","price_cents":1}`, "bad key").fails(400, "invalid_request", "")
	post("/v1/products", `{"name":""}`, "k2").fails(422, "validation_failed", "name")
	if r := post("/v1/products", `{"name":""}`, "k2"); r.status != 422 || r.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("a refusal is stored: %d", r.status)
	}
	a.fake.Advance(24 * time.Hour)
	post("/v1/products", `{"name":"B","price_cents":1}`, "k1").want(201, nil)
	if n := len(all[product](a, "/v1/products")); n != 2 {
		t.Errorf("%d products", n)
	}
}

// TestLostReply repeats a request whose answer was lost.
func TestLostReply(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	_, err := a.fake.Inject(posfake.Fault{Kind: posfake.FaultLostReply, Op: "createProduct"})
	a.ok(err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://byte.test/v1/products", strings.NewReader(`{"name":"A","price_cents":1}`))
	a.ok(err)
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Idempotency-Key", "k")
	resp, err := a.http.Do(req)
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error %v", err)
	}
	if err == nil {
		resp.Body.Close()
	}
	a.do("POST", "/v1/products", `{"name":"A","price_cents":1}`, "Idempotency-Key", "k").want(201, nil)
	if n := len(all[product](a, "/v1/products")); n != 1 {
		t.Errorf("%d products", n)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Products: 5})
	a.sell(sale("FARM-001", 1))
	inject := func(f posfake.Fault) {
		t.Helper()
		_, err := a.fake.Inject(f)
		a.ok(err)
	}
	a.login()
	inject(posfake.Fault{Kind: posfake.FaultToken, Op: "listProducts"})
	a.do("GET", "/v1/products", nil).fails(401, "token_expired", "")
	a.do("GET", "/v1/kiosks", nil).fails(401, "token_expired", "")
	a.login()
	var page struct {
		Data       []product `json:"data"`
		NextCursor string    `json:"next_cursor"`
	}
	a.get("/v1/products?limit=2", &page)
	inject(posfake.Fault{Kind: posfake.FaultPageToken, Op: "listProducts"})
	a.do("GET", "/v1/products?limit=2&cursor="+page.NextCursor, nil).fails(400, "invalid_cursor", "cursor")
	a.get("/v1/products?limit=2", &page)
	a.do("GET", "/v1/products?limit=2&archived=true&cursor="+page.NextCursor, nil).fails(400, "invalid_cursor", "cursor")
	inject(posfake.Fault{Kind: posfake.FaultDuplicate, Op: "listProducts"})
	a.get("/v1/products", &page)
	if len(page.Data) != 10 || page.Data[0].ID != page.Data[1].ID {
		t.Errorf("%d rows", len(page.Data))
	}
	inject(posfake.Fault{Kind: posfake.FaultScope, Op: "listProducts"})
	a.do("GET", "/v1/products", nil).fails(403, "insufficient_scope", "")
	inject(posfake.Fault{Kind: posfake.FaultWidened, Op: "listTransactions"})
	const future = "/v1/transactions?updated_since=2100-01-01T00:00:00Z"
	if n, m := len(all[transaction](a, future)), len(all[transaction](a, future)); n != 1 || m != 0 {
		t.Errorf("%d rows widened, %d afterwards", n, m)
	}
	inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 503, RetryAfter: "7", Times: 1})
	r := a.do("GET", "/v1/products", nil)
	r.fails(503, "unavailable", "")
	if r.header.Get("Retry-After") != "7" {
		t.Errorf("%v", r.header)
	}
	if _, err := a.fake.Inject(posfake.Fault{Kind: posfake.FaultStaleReads, Latency: time.Second}); !errors.Is(err, posfake.ErrNotSimulated) {
		t.Errorf("stale reads: %v", err)
	}
	a.do("GET", "/v1/nothing", nil).fails(404, "not_found", "")
	a.do("DELETE", "/v1/products", nil).fails(405, "method_not_allowed", "")
	if r := a.do("GET", "/v1/kiosks", nil, "X-Request-Id", "mine"); r.header.Get("X-Request-Id") != "mine" {
		t.Errorf("request id %q", r.header.Get("X-Request-Id"))
	}
}

// TestMinimal runs a cloud without any unconfirmed feature.
func TestMinimal(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Products: 2, TagsPerKiosk: 4, Without: bytetechfake.Features()})
	for _, path := range []string{
		"POST /v1/products/batch", "GET /v1/kiosks/1042/listings", "POST /v1/listings/batch", "POST /v1/discounts", "GET /v1/inventory",
		"GET /v1/kiosks/1042/inventory", "GET /v1/kiosks/1042/tags", "POST /v1/transactions/tx_1/adjustments", "GET /v1/webhooks", "POST /v1/webhooks",
	} {
		method, path, _ := strings.Cut(path, " ")
		a.do(method, path, nil).fails(404, "not_found", "")
	}
	for range 2 {
		r := a.do("POST", "/v1/products", `{"name":"A","price_cents":1}`, "Idempotency-Key", "k")
		if r.status != 201 || r.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%d %v", r.status, r.header)
		}
	}
	if s := a.status(); s.Door != nil {
		t.Errorf("door %+v", s.Door)
	}
	a.sell(sale("FARM-001", 1))
	var tx []struct {
		Customer any `json:"customer"`
		Payment  struct {
			Name any `json:"cardholder_name"`
		} `json:"payment"`
	}
	rows := all[json.RawMessage](a, "/v1/transactions?updated_since=2100-01-01T00:00:00Z")
	text, err := json.Marshal(rows)
	a.ok(err)
	a.ok(json.Unmarshal(text, &tx))
	if len(tx) != 1 || tx[0].Customer != nil || tx[0].Payment.Name != nil {
		t.Errorf("%+v", tx)
	}
	if n := len(all[transaction](a, "/v1/transactions?placed_since=2100-01-01T00:00:00Z")); n != 0 {
		t.Errorf("%d rows placed in the future", n)
	}
}

func TestConfigReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := bytetechfake.New(bytetechfake.Config{
		Kiosks: -1, TagsPerKiosk: 3, SalesTax: "lots", Without: []bytetechfake.Feature{"magic"},
		Clients: []bytetechfake.Client{{ID: "a"}, {ID: "b", Secret: "c", Scopes: []string{"everything"}}},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"Kiosks", "TagsPerKiosk", "SalesTax", "magic", "Clients[0]", "Clients[1]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: no word of %s", err, want)
		}
	}
}

func TestControlEndpointAndSocket(t *testing.T) {
	t.Parallel()
	f := newFake(t, bytetechfake.Config{Products: 1, TagsPerKiosk: 5})
	call := func(method, path, body string) (int, posfake.Record) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, f.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var r posfake.Record
		_ = json.NewDecoder(resp.Body).Decode(&r)
		return resp.StatusCode, r
	}
	status, r := call("POST", "/_fake/sell", `{"location":"1042","lines":[{"sku":"FARM-001","quantity":2}]}`)
	if status != 200 || r.State != "completed" || len(f.Ledger()) != 1 {
		t.Errorf("%d %+v", status, r)
	}
	if status, _ := call("POST", "/_fake/void", `{"id":"`+r.ID+`"}`); status != http.StatusNotImplemented {
		t.Errorf("void: %d", status)
	}
}
