package bytetech_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Merge-patches of the mapping profile for the two ends of what is unconfirmed.
const (
	fullProfile    = `{"features":{"webhooks":true,"idempotency":true}}`
	minimalProfile = `{"features":{"listings":false,"product_batch":false,"door":false,"discount_write":false,"inventory_lines":false,"tags":false,"updated_filter":false}}`
)

var places = []posfake.LocationSeed{
	{ID: "0042", Name: "Lobby", TimeZone: "America/New_York"},
	{ID: "1043", Name: "Canteen", TimeZone: "America/Los_Angeles"},
}

const clientSecret = "marker-client-secret"

// account is a fake cloud with a provider on it.
type account struct {
	fake     *bytetechfake.Fake
	provider *bytetech.Provider
	store    *pos.MemoryStore
	patch    string
}

func open(tb testing.TB, cfg bytetechfake.Config, patch string) *account {
	tb.Helper()
	cfg.Clients = []bytetechfake.Client{{ID: "farmacy", Secret: clientSecret, APIKey: "marker-api-key"}}
	fake, err := bytetechfake.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(fake.Close)
	a := &account{fake: fake, store: &pos.MemoryStore{}, patch: patch}
	a.provider = a.open(tb)
	return a
}

// open makes another provider on the same account and store.
func (a *account) open(tb testing.TB) *bytetech.Provider {
	tb.Helper()
	p, err := bytetech.New(bytetech.Config{
		Account: "campus west", BaseURL: "https://byte.example", ClientID: "farmacy", ClientSecret: pos.NewSecret(clientSecret),
		ProfilePatch: json.RawMessage(a.patch),
	}, &kit.Options{HTTPClient: &http.Client{Transport: a.fake.Transport()}, Store: a.store})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// inbox takes the callbacks that the fake sends.
type inbox struct {
	mu  sync.Mutex
	got []posfake.Callback
}

func (b *inbox) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, posfake.Callback{Header: r.Header, Body: body})
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
}

func (a *account) harness(t *testing.T, webhooks bool) postest.Harness {
	t.Helper()
	h := postest.Harness{
		Provider: a.provider, Sim: a.fake,
		Reopen:   func() pos.Provider { return a.open(t) },
		Settle:   func() { <-time.After(time.Minute) },
		Secrets:  []string{clientSecret, "marker-api-key"},
		Conflict: posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusPreconditionFailed},
		Budget: postest.Budget{
			Status:     func(n int) int { return 1 + n/200 },
			MenuReads:  func(items, n int) int { return 3 + items/200 + n/200 },
			MenuWrites: func(items, _ int) int { return 1 + items/100 },
			Inventory:  func(items, n int) int { return 1 + items*n/200 },
		},
	}
	if !webhooks {
		return h
	}
	box := &inbox{}
	a.fake.Sender().SetClient(&http.Client{Transport: box})
	secret, err := a.fake.Subscribe("https://hooks.example/byte")
	if err != nil {
		t.Fatal(err)
	}
	hook, err := bytetech.NewWebhook(bytetech.WebhookConfig{Secrets: []pos.Secret{pos.NewSecret(secret)}})
	if err != nil {
		t.Fatal(err)
	}
	h.Webhook = hook
	h.Subscription, h.Unsubscribe = a.provider.Keep(hook, "https://hooks.example/byte"), a.fake.DropSubscriptions
	h.Deliver = func() []posfake.Callback {
		if err := a.fake.Sender().Flush(t.Context()); err != nil {
			t.Error(err)
		}
		box.mu.Lock()
		defer box.mu.Unlock()
		got := box.got
		box.got = nil
		return got
	}
	return h
}

func TestConformance(t *testing.T) {
	t.Parallel()
	postest.Run(t, func(t *testing.T) postest.Harness {
		t.Helper()
		h := open(t, bytetechfake.Config{Locations: places}, fullProfile).harness(t, true)
		h.Budget.IdlePoll = func(int) int { return 1 }
		return h
	})
}

func TestConformanceMinimal(t *testing.T) {
	t.Parallel()
	postest.Run(t, func(t *testing.T) postest.Harness {
		t.Helper()
		h := open(t, bytetechfake.Config{Locations: places, Without: bytetechfake.Features()}, minimalProfile).harness(t, false)
		h.Budget.MenuWrites = func(items, _ int) int { return items }
		return h
	})
}

func BenchmarkProvider(b *testing.B) {
	postest.Benchmark(b, postest.Size{Items: 500, Locations: 1000, Sales: 1000}, func(b *testing.B, size postest.Size) postest.Harness {
		b.Helper()
		cfg := bytetechfake.Config{RateLimit: -1}
		for i := range size.Locations {
			cfg.Locations = append(cfg.Locations, posfake.LocationSeed{ID: fmt.Sprintf("%04d", i)})
		}
		a := open(b, cfg, `{"limits":{"requests_per_second":100000,"burst":100000}}`)
		return postest.Harness{Provider: a.provider, Sim: a.fake}
	})
}
