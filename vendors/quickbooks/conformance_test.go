package quickbooks_test

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
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

var places = []posfake.LocationSeed{{ID: "14", Name: "Kiosk 014"}, {ID: "15", Name: "Kiosk 015"}, {ID: "16", Name: "Lobby"}}

func newFake(t testing.TB, cfg quickbooksfake.Config) *quickbooksfake.Fake {
	t.Helper()
	if cfg.Places == nil && cfg.Locations == 0 {
		cfg.Places = places
	}
	fake, err := quickbooksfake.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	return fake
}

// newProvider opens a provider on a fake, without a socket.
func newProvider(t testing.TB, fake *quickbooksfake.Fake, store pos.Store, change func(*quickbooks.Config)) *quickbooks.Provider {
	t.Helper()
	creds, accounts := fake.Credentials(), fake.Accounts()
	cfg := quickbooks.Config{
		Realm: creds.Realm, BaseURL: "https://quickbooks.example",
		OAuth: &quickbooks.OAuth{
			ClientID: creds.ClientID, ClientSecret: pos.NewSecret(creds.ClientSecret), RefreshToken: pos.NewSecret(creds.RefreshToken),
		},
		IncomeAccount: accounts.Income, ExpenseAccount: accounts.Expense, TipItems: []string{fake.TipItem()},
	}
	if change != nil {
		change(&cfg)
	}
	p, err := quickbooks.New(cfg, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}, Store: store})
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

func harness(t *testing.T, cfg quickbooksfake.Config, change func(*quickbooks.Config)) postest.Harness {
	t.Helper()
	fake := newFake(t, cfg)
	box := &inbox{}
	fake.SetWebhookClient(&http.Client{Transport: fakekit.NewTransport(box)})
	token := fake.Subscribe("https://hooks.farmacy.example/quickbooks")
	hook, err := quickbooks.NewWebhook(quickbooks.WebhookConfig{VerifierTokens: []pos.Secret{pos.NewSecret(token)}})
	if err != nil {
		t.Fatal(err)
	}
	store := &pos.MemoryStore{}
	creds := fake.Credentials()
	name, email := fake.Customer()
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
		Settle:   func() { <-time.After(2 * time.Second) }, // the clock is known to the second
		Conflict: posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusConflict},
		Secrets:  []string{creds.AccessToken, creds.RefreshToken, creds.ClientSecret, token, name, email},
		Budget: postest.Budget{
			IdlePoll:   func(int) int { return 1 },
			MenuWrites: func(items, _ int) int { return 1 + (items+29)/30 },
			MenuReads:  func(items, locations int) int { return 3 + items/1000 + locations/1000 }, // company, locations, items
			Status:     func(locations int) int { return 2 + locations/1000 },
			Inventory:  func(items, _ int) int { return 1 + items/1000 },
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]quickbooksfake.Config{
		"cloudevents, notes": {},
		"classic, links":     {Webhooks: quickbooksfake.Classic, Refunds: quickbooksfake.LinkTxn, Limits: true, XMLThrottle: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			postest.Run(t, func(t *testing.T) postest.Harness {
				t.Helper()
				return harness(t, cfg, nil)
			})
		})
	}
}
