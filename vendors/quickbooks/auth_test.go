package quickbooks_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

func ping(ctx context.Context, p pos.Provider) error {
	_, err := p.Locations(ctx, pos.LocationQuery{})
	return err
}

// tokens counts the calls of the token endpoint.
func tokens(fake *quickbooksfake.Fake) (n int) {
	for _, r := range fake.Requests() {
		if r.Op == "Token" {
			n++
		}
	}
	return n
}

// TestRotation: two processes share a store for a year in which the refresh
// token changes every day, and none is ever refused.
func TestRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, quickbooksfake.Config{})
		store := &pos.MemoryStore{}
		one, two := newProvider(t, fake, store, nil), newProvider(t, fake, store, nil)
		const days = 365
		for range days {
			for _, p := range []*quickbooks.Provider{one, two} {
				if err := ping(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
			<-time.After(24 * time.Hour)
		}
		if n := tokens(fake); n > days+1 {
			t.Errorf("%d renewals in %d days: one process should serve both", n, days)
		}
	})
}

// TestRevoked: a refused refresh token is told once, asked for no more, and
// stays in the store; a new authorization helps without a restart.
func TestRevoked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, quickbooksfake.Config{})
		store := &pos.MemoryStore{}
		p := newProvider(t, fake, store, nil)
		if err := ping(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		key := "quickbooks.production." + fake.Credentials().Realm + ".token"
		before, _, err := store.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		fake.Revoke()
		<-time.After(2 * time.Hour)
		asked := tokens(fake)
		for range 5 {
			if err := ping(t.Context(), p); !errors.Is(err, pos.ErrAuth) || pos.IsRetryable(err) {
				t.Fatalf("got %v, want a refused credential", err)
			}
		}
		if n := tokens(fake) - asked; n != 1 {
			t.Errorf("a refused token was tried %d times", n)
		}
		after, _, err := store.Get(t.Context(), key)
		if err != nil || string(after) != string(before) {
			t.Errorf("the stored token changed (%v)", err)
		}
		if _, err := quickbooks.Exchange(t.Context(), config(fake), fake.Authorize(), "https://farmacy.example/back", options(fake, store)); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		if err := ping(t.Context(), p); err != nil {
			t.Errorf("after another authorization: %v", err)
		}
	})
}

func config(fake *quickbooksfake.Fake) quickbooks.Config {
	creds := fake.Credentials()
	return quickbooks.Config{
		Realm: creds.Realm, BaseURL: "https://quickbooks.example",
		OAuth: &quickbooks.OAuth{ClientID: creds.ClientID, ClientSecret: pos.NewSecret(creds.ClientSecret)},
	}
}

func options(fake *quickbooksfake.Fake, store pos.Store) *kit.Options {
	return &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}, Store: store}
}

// TestAuthorization walks the way of a new company.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	cfg, store := config(fake), &pos.MemoryStore{}
	page, err := cfg.AuthorizeURL("https://farmacy.example/back", "s-1")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: fake.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || back.Query().Get("state") != "s-1" || back.Query().Get("realmId") != cfg.Realm {
		t.Fatalf("%s leads to %s (%v)", page, back, err)
	}
	expires, err := quickbooks.Exchange(t.Context(), cfg, back.Query().Get("code"), "https://farmacy.example/back", options(fake, store))
	if err != nil {
		t.Fatal(err)
	}
	if days := time.Until(expires).Hours() / 24; days < 99 || days > 102 {
		t.Errorf("the grant ends in %.0f days, want about 100", days)
	}
	p, err := quickbooks.New(cfg, options(fake, store))
	if err != nil {
		t.Fatal(err)
	}
	if err := ping(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if err := p.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ping(t.Context(), p); !errors.Is(err, pos.ErrAuth) {
		t.Errorf("after Revoke: %v", err)
	}
}

// TestTokenOutage: the token endpoint is down for a while; nothing is lost.
func TestTokenOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, quickbooksfake.Config{})
		p := newProvider(t, fake, nil, nil)
		mend, err := fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Op: "Token", Times: -1})
		if err != nil {
			t.Fatal(err)
		}
		if err := ping(t.Context(), p); !errors.Is(err, pos.ErrUnavailable) || !pos.IsRetryable(err) {
			t.Errorf("got %v, want unavailable", err)
		}
		mend()
		<-time.After(time.Minute)
		if err := ping(t.Context(), p); err != nil {
			t.Error(err)
		}
	})
}

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := quickbooks.New(quickbooks.Config{
		Realm: "x", Environment: "moon", Locations: "shop", Country: "de", Owner: "a b", IncomeAccount: "1",
		TimeZone: "Mars/Base", LedgerCoupons: true, SummaryNotes: []string{""}, OAuth: &quickbooks.OAuth{},
	}, nil)
	if !errors.Is(err, pos.ErrInvalid) {
		t.Fatal(err)
	}
	for _, field := range []string{
		"Realm", "Environment", "Locations", "Country", "Currency", "Owner", "ExpenseAccount", "LedgerCoupons", "TimeZone", "SummaryNotes",
		"OAuth.ClientID", "OAuth.ClientSecret",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named: %v", field, err)
		}
	}
	if _, err := (quickbooks.Config{}).AuthorizeURL("", ""); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("AuthorizeURL of nothing: %v", err)
	}
}
