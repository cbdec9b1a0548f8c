package square_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

const hookURL = "https://hooks.farmacy.example/square"

// places are in two time zones, so that local times differ.
var places = []posfake.LocationSeed{
	{ID: "LKIOSK01", Name: "Lobby", TimeZone: "America/New_York", Currency: "USD"},
	{ID: "LKIOSK02", Name: "Canteen", TimeZone: "America/Los_Angeles", Currency: "USD"},
	{ID: "LKIOSK03", Name: "Gate", TimeZone: "America/New_York", Currency: "USD"},
}

// newProvider opens a provider on a fake, without a socket.
func newProvider(t testing.TB, fake *squarefake.Fake, store pos.Store, change func(*square.Config)) *square.Provider {
	t.Helper()
	creds := fake.Credentials()
	cfg := square.Config{
		Account: "MLFAKE0000001", BaseURL: "https://square.example", FoodItems: true, AmountCoupons: true, RequestsPerSecond: 50,
		OAuth: &square.OAuth{
			ClientID:     creds.ApplicationID,
			ClientSecret: pos.NewSecret(creds.ApplicationSecret),
			RefreshToken: pos.NewSecret(creds.RefreshToken),
		},
	}
	if change != nil {
		change(&cfg)
	}
	p, err := square.New(cfg, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// inbox collects callbacks.
type inbox struct {
	mu   sync.Mutex
	sent []posfake.Callback
}

func (b *inbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
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

func harness(t *testing.T, cfg squarefake.Config, change func(*square.Config)) postest.Harness {
	t.Helper()
	cfg.Places = places
	fake := squarefake.New(cfg)
	t.Cleanup(fake.Close)
	box := &inbox{}
	fake.SetWebhookClient(&http.Client{Transport: fakekit.NewTransport(box)})
	id, key := fake.Subscribe(hookURL)
	hook, err := square.NewWebhook(square.WebhookConfig{URL: hookURL, Keys: []pos.Secret{pos.NewSecret(key)}})
	if err != nil {
		t.Fatal(err)
	}
	store := &pos.MemoryStore{}
	creds := fake.Credentials()
	subscriptions, err := square.NewSubscriptions(
		square.Config{BaseURL: "https://square.example", AccessToken: pos.NewSecret(creds.PersonalToken)},
		&kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return postest.Harness{
		Provider: newProvider(t, fake, store, change),
		Reopen:   func() pos.Provider { return newProvider(t, fake, store, change) },
		Sim:      fake,
		Webhook:  hook,
		Deliver: func() []posfake.Callback {
			if err := fake.FlushWebhooks(context.Background()); err != nil {
				t.Error(err)
			}
			return box.take()
		},
		Subscription: subscriptions.Keep(hook),
		Unsubscribe:  func() { fake.DropSubscription(id) },
		Settle:       func() { <-time.After(31 * time.Second) }, // windows end 30 s behind Square's clock
		Conflict:     posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusConflict},
		Secrets:      []string{creds.AccessToken, creds.RefreshToken, creds.ApplicationSecret, key},
		Budget: postest.Budget{
			IdlePoll:   func(locations int) int { return (locations+9)/10 + 1 }, // one to learn which locations there are
			MenuWrites: func(_, _ int) int { return 2 },
			MenuReads:  func(items, _ int) int { return 3 + items/1000 }, // the first push reads the catalogue's limits
			Status:     func(locations int) int { return 2 + locations/100 },
			Inventory:  func(items, locations int) int { return 2 + items*locations/1000 + 1 + items/1000 },
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	postest.Run(t, func(t *testing.T) postest.Harness {
		t.Helper()
		return harness(t, squarefake.Config{}, nil)
	})
}
