package squarefake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// TestSign checks the vectors of the official SDKs and a longer one computed
// with openssl.
func TestSign(t *testing.T) {
	t.Parallel()
	long := `{"merchant_id":"MLFARMACY001","type":"payment.updated","event_id":"3f1a0c52-7d0e-4e0f-9a55-0c7be2a1d001","created_at":"2026-11-23T12:00:05.123Z","data":{"type":"payment","id":"pay_0001","object":{"payment":{"id":"pay_0001","order_id":"ord_0001","location_id":"LFRIDGE01","status":"COMPLETED","amount_money":{"amount":1295,"currency":"USD"},"tip_money":{"amount":100,"currency":"USD"},"total_money":{"amount":1395,"currency":"USD"},"updated_at":"2026-11-23T12:00:04.990Z","version_token":"v1"}}}}`
	tests := []struct{ key, url, body, want string }{
		{"Ibxx_5AKakO-3qeNVR61Dw", "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9", `{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification","event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z","data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}`, "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4="},
		{"signature-key", "https://webhook.site/webhooks", `{"data":{"type":"webhooks","id":"fake_id"}}`, "W3FlCNk5IA3ZQ2LHTWoajvzfaDu/OwY2tNHIHC3IUOA="},
		{"signature-key", "https://webhook.site/webhooks", `{"data":{"type":"webhooks","id":">id<"}}`, "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U="},
		{"Farmacy_test_key-01", "https://hooks.farmacy.example/square?tenant=7", long, "nKygblqOO6B5XljDPXLy0RsnN/dwF/wm7SlM9sM2fP0="},
		{"Farmacy_test_key-01", "https://hooks.farmacy.example/square", long, "1g8WPhIrapOO/R/teHGDzWdj4aPWKXvYT3VAiL+4i4s="},
		{"Farmacy_test_key-01", "https://hooks.farmacy.example/square?tenant=7", long + "\n", "Ue2sqp+0/+NZtvfjWJruL9T7pAtKZEP1gBTchNATXRc="},
	}
	for i, tt := range tests {
		if got := squarefake.Sign(tt.key, tt.url, []byte(tt.body)); got != tt.want {
			t.Errorf("vector %d: %s, want %s", i, got, tt.want)
		}
	}
}

// receiver collects webhooks and answers them with a status.
type receiver struct {
	mu     sync.Mutex
	status int
	heads  []http.Header
	bodies [][]byte
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.heads = append(rc.heads, r.Header.Clone())
	rc.bodies = append(rc.bodies, body)
	w.WriteHeader(max(rc.status, 200))
}

// take returns the event types received since the last call, sorted.
func (rc *receiver) take() []string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var out []string
	for _, b := range rc.bodies {
		var e struct {
			Type string `json:"type"`
		}
		_ = json.Unmarshal(b, &e)
		out = append(out, e.Type)
	}
	rc.bodies, rc.heads = nil, nil
	slices.Sort(out)
	return out
}

const hookURL = "https://host.test/square?tenant=7"

func withReceiver(t *testing.T, c *client) (*receiver, string, string) {
	t.Helper()
	rc := &receiver{}
	c.fake.SetWebhookClient(&http.Client{Transport: fakekit.NewTransport(rc)})
	id, key := c.fake.Subscribe(hookURL)
	return rc, id, key
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := withMeal(t, squarefake.Config{})
		c.stock("L0001", 5)
		rc, _, key := withReceiver(t, c)
		r := c.sell(one("L0001", "FARM-1"))
		synctest.Wait()
		rc.mu.Lock()
		for i, h := range rc.heads {
			if got := h.Get("x-square-hmacsha256-signature"); got != squarefake.Sign(key, hookURL, rc.bodies[i]) {
				t.Errorf("signature %q", got)
			}
			if h.Get("square-environment") != "Sandbox" || h.Get("square-initial-delivery-timestamp") == "" || h.Get("square-retry-number") != "" {
				t.Errorf("headers %v", h)
			}
		}
		rc.mu.Unlock()
		if d := cmp.Diff([]string{"inventory.count.updated", "payment.created"}, rc.take()); d != "" {
			t.Errorf("a sale at a till fires no order event: %s", d)
		}
		if _, err := c.fake.Refund(posfake.Refund{ID: r.ID}); err != nil {
			t.Fatal(err)
		}
		c.upsert("c", bowls)
		synctest.Wait()
		if d := cmp.Diff([]string{"catalog.version.updated", "payment.updated", "refund.created"}, rc.take()); d != "" {
			t.Error(d)
		}
		end, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultSilence})
		if err != nil {
			t.Fatal(err)
		}
		c.sell(one("L0002", "FARM-1"))
		synctest.Wait()
		end()
		if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultRepeat, Op: "payment.created", Times: 3}); err != nil {
			t.Fatal(err)
		}
		c.sell(one("L0002", "FARM-1"))
		synctest.Wait()
		if d := cmp.Diff([]string{"payment.created", "payment.created", "payment.created"}, rc.take()); d != "" {
			t.Error(d)
		}
	})
}

func TestWebhookRetriesAndDisable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := withMeal(t, squarefake.Config{})
		rc, id, _ := withReceiver(t, c)
		rc.status = 500
		c.sell(one("L0001", "FARM-1"))
		time.Sleep(48 * time.Hour)
		rc.mu.Lock()
		if n := len(rc.heads); n != 12 || rc.heads[11].Get("square-retry-number") != "11" || rc.heads[11].Get("square-retry-reason") != "http_error" {
			t.Errorf("%d attempts, last %v", n, rc.heads[n-1])
		}
		rc.mu.Unlock()
		for range 25 {
			time.Sleep(24 * time.Hour)
			c.sell(one("L0001", "FARM-1"))
		}
		c.token = c.fake.Credentials().PersonalToken
		if c.ok("GET", "/v2/webhooks/subscriptions/"+id, nil).at("subscription", "enabled").v != false {
			t.Error("three weeks of failures did not disable the subscription")
		}
		c.fake.Close()
	})
}

func TestSubscriptionsAPI(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	c.token = c.fake.Credentials().PersonalToken
	body := `{"idempotency_key":"k","subscription":{"name":"farm","event_types":["payment.updated"],"notification_url":"https://host.test/hook"}}`
	s := c.ok("POST", "/v2/webhooks/subscriptions", body).at("subscription")
	id, key := s.at("id").str(), s.at("signature_key").str()
	if !strings.HasPrefix(id, "wbhk_") || key == "" || s.at("enabled").v != true {
		t.Errorf("subscription %v", s.v)
	}
	path := "/v2/webhooks/subscriptions/" + id
	if got := c.ok("POST", path+"/signature-key", `{}`).at("signature_key").str(); got == key || got == "" {
		t.Errorf("key %q was not rotated", got)
	}
	if s := c.ok("PUT", path, `{"subscription":{"enabled":false}}`).at("subscription"); s.at("enabled").v != false || s.at("name").str() != "farm" {
		t.Errorf("updated %v", s.v)
	}
	if n := len(c.ok("GET", "/v2/webhooks/subscriptions?include_disabled=true", nil).at("subscriptions").list()); n != 1 {
		t.Errorf("%d subscriptions", n)
	}
	c.refused("POST", "/v2/webhooks/subscriptions", strings.Replace(strings.Replace(body, `"k"`, `"k2"`, 1), "https:", "http:", 1), 400, "INVALID_VALUE")
	c.ok("DELETE", path, nil)
	c.refused("GET", path, nil, 404, "NOT_FOUND")
}

func TestEventsAPI(t *testing.T) {
	t.Parallel()
	c, _, _ := withMeal(t, squarefake.Config{})
	token := c.token
	c.token = c.fake.Credentials().PersonalToken
	c.sell(one("L0001", "FARM-1"))
	c.ok("PUT", "/v2/events/enable", nil)
	c.sell(one("L0001", "FARM-1"))
	got := c.ok("POST", "/v2/events", `{"query":{"filter":{"event_types":["payment.created"]}}}`).at("events").strs("type")
	if d := cmp.Diff([]string{"payment.created"}, got); d != "" {
		t.Errorf("events before enabling cannot be found: %s", d)
	}
	c.token = token
	c.refused("POST", "/v2/events", `{}`, 403, "FORBIDDEN")
}

func TestControlEndpoint(t *testing.T) {
	t.Parallel()
	c, _, _ := withMeal(t, squarefake.Config{})
	c.token = ""
	c.ok("POST", "/_fake/stock", `{"location":"L0001","sku":"FARM-1","quantity":3}`)
	r := c.ok("POST", "/_fake/sell", `{"location":"L0001","lines":[{"sku":"FARM-1","quantity":2}],"tip":100}`)
	c.ok("POST", "/_fake/refund", `{"id":"`+r.at("id").str()+`","amount":500}`)
	if n := len(c.ok("GET", "/_fake/ledger", nil).list()); n != 2 {
		t.Errorf("%d records", n)
	}
	if n := len(c.ok("GET", "/_fake/menu", nil).list()); n != 3 {
		t.Errorf("%d menu rows", n)
	}
	if status, v := c.call("POST", "/_fake/sell", `{"location":"L9","lines":[{"sku":"FARM-1"}]}`); status != 422 {
		t.Errorf("%d %v", status, v.v)
	}
}
