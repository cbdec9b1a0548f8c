package contracttest

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	squareapi "github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// requests collects what a client sent in all cases of the conformance suite,
// whatever the answers were: faults are part of the suite.
type requests struct {
	contract *Contract
	mu       sync.Mutex
	all      []*Recorder
}

func (r *requests) record(base http.RoundTripper) http.RoundTripper {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := r.contract.Record(base)
	r.all = append(r.all, rec)
	return rec
}

// report fails for every request that the contract does not allow and for
// every operation that the suite never reached.
func (r *requests) report(t *testing.T, operations ...string) {
	t.Helper()
	var seen []string
	calls := map[string]int{}
	for _, rec := range r.all {
		for op, n := range rec.Calls() {
			calls[op] += n
		}
		for _, v := range rec.Violations() {
			if line := v.String(); v.Side == "request" && !slices.Contains(seen, line) {
				seen = append(seen, line)
				t.Error(line)
			}
		}
	}
	for _, op := range operations {
		if calls[op] == 0 {
			t.Errorf("%s: never called, so never compared", op)
		}
	}
}

const hookURL = "https://hooks.example/square"

// inbox collects callbacks.
type inbox struct {
	mu   sync.Mutex
	sent []posfake.Callback
}

// ServeHTTP implements [http.Handler].
func (b *inbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, posfake.Callback{Header: r.Header.Clone(), Body: body})
}

func (b *inbox) take() []posfake.Callback {
	b.mu.Lock()
	defer b.mu.Unlock()
	sent := b.sent
	b.sent = nil
	return sent
}

// squareClientOperations are those that the provider must have used.
var squareClientOperations = []string{
	"POST /oauth2/token",
	"GET /v2/locations",
	"GET /v2/devices",
	"POST /v2/catalog/search",
	"POST /v2/catalog/batch-retrieve",
	"POST /v2/catalog/batch-upsert",
	"POST /v2/catalog/batch-delete",
	"POST /v2/inventory/counts/batch-retrieve",
	"POST /v2/orders/search",
	"POST /v2/orders/batch-retrieve",
	"GET /v2/payments",
}

// TestSquareConformance compares every request of the Square provider, in every case
// of the conformance suite, with the official contract.
func TestSquareConformance(t *testing.T) {
	seen := &requests{contract: square(t)}
	postest.Run(t, func(t *testing.T) postest.Harness {
		t.Helper()
		fake := squarefake.New(squarefake.Config{Places: []posfake.LocationSeed{
			{ID: "LKIOSK01", TimeZone: "America/New_York"}, {ID: "LKIOSK02", TimeZone: "America/Los_Angeles"},
		}})
		t.Cleanup(fake.Close)
		var box inbox
		fake.SetWebhookClient(&http.Client{Transport: fakekit.NewTransport(&box)})
		_, key := fake.Subscribe(hookURL)
		hook, err := squareapi.NewWebhook(squareapi.WebhookConfig{URL: hookURL, Keys: []pos.Secret{pos.NewSecret(key)}})
		if err != nil {
			t.Fatal(err)
		}
		creds := fake.Credentials()
		transport := seen.record(fake.Transport())
		store := &pos.MemoryStore{}
		open := func() pos.Provider {
			p, err := squareapi.New(squareapi.Config{
				Account: "MLFAKE0000001", BaseURL: "https://square.example", FoodItems: true, AmountCoupons: true, RequestsPerSecond: 50,
				OAuth: &squareapi.OAuth{
					ClientID: creds.ApplicationID, ClientSecret: pos.NewSecret(creds.ApplicationSecret), RefreshToken: pos.NewSecret(creds.RefreshToken),
				},
			}, &kit.Options{HTTPClient: &http.Client{Transport: transport}, Store: store})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		return postest.Harness{
			Provider: open(), Reopen: open, Sim: fake, Settle: func() { time.Sleep(time.Minute) },
			Webhook: hook, Deliver: func() []posfake.Callback {
				if err := fake.FlushWebhooks(t.Context()); err != nil {
					t.Error(err)
				}
				return box.take()
			},
			Conflict: posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusBadRequest},
		}
	})
	seen.report(t, squareClientOperations...)
}

// TestBytetechConformance compares every request of the Byte provider, in every case
// of the conformance suite, with the contract.
func TestBytetechConformance(t *testing.T) {
	contract, err := Parse(bytetechfake.OpenAPI(), Deltas{})
	if err != nil {
		t.Fatal(err)
	}
	seen := &requests{contract: contract}
	postest.Run(t, func(t *testing.T) postest.Harness {
		t.Helper()
		fake, err := bytetechfake.New(bytetechfake.Config{Seed: 1, RateLimit: -1, Locations: []posfake.LocationSeed{
			{ID: "1042", TimeZone: "America/New_York"}, {ID: "1043", TimeZone: "America/Los_Angeles"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(fake.Close)
		c := fake.Credentials()[0]
		transport := seen.record(fake.Transport())
		store := &pos.MemoryStore{}
		open := func() pos.Provider {
			p, err := bytetech.New(bytetech.Config{
				Account: "acc_77", BaseURL: "https://byte.example", ClientID: c.ID, ClientSecret: pos.NewSecret(c.Secret),
				ProfilePatch: []byte(`{"features":{"idempotency":true}}`),
			}, &kit.Options{HTTPClient: &http.Client{Transport: transport}, Store: store})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		return postest.Harness{
			Provider: open(), Reopen: open, Sim: fake, Settle: func() { time.Sleep(time.Minute) },
			Conflict: posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusPreconditionFailed},
		}
	})
	seen.report(t, "POST /v1/auth/token", "GET /v1/kiosks", "GET /v1/products", "POST /v1/products/batch", "POST /v1/listings/batch",
		"GET /v1/discounts", "POST /v1/discounts", "POST /v1/discounts/{discount_id}/end", "GET /v1/inventory", "GET /v1/transactions")
}
