package simphony_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

const base = "https://simphony.example"

// endpoint is the account of an interface of the fake.
func endpoint(fake *simphonyfake.Fake, api simphonyfake.API) simphony.Endpoint {
	for _, a := range fake.Credentials().Accounts {
		if a.API == api {
			return simphony.Endpoint{BaseURL: base, ClientID: a.ClientID, Username: a.Username, Password: pos.NewSecret(a.Password), RequestsPerSecond: 100}
		}
	}
	return simphony.Endpoint{}
}

// cloud is the composition of BI, CCAPI and STS2.
func cloud(fake *simphonyfake.Fake) simphony.Config {
	return simphony.Config{
		Account: "test", Org: fake.Credentials().Org, DayStart: 4 * 60,
		OIDC: &simphony.OIDC{BaseURL: base},
		BI:   &simphony.BI{Endpoint: endpoint(fake, simphonyfake.BI)},
		STS2: &simphony.STS2{Endpoint: endpoint(fake, simphonyfake.STS2)},
		CCAPI: &simphony.CCAPI{
			Endpoint: endpoint(fake, simphonyfake.CCAPI), MenuItemClass: 1, FamilyGroup: 1, MajorGroup: 1,
			ItemNumbers:  simphony.Range{From: 510_000, To: 529_999},
			FamilyGroups: map[string]int64{"Bowls": 1, "Salads": 2},
			Coupons:      &simphony.Coupons{Percent: 1, Amount: 2, Numbers: simphony.Range{From: 5000, To: 5999}},
		},
	}
}

// alone is the composition of TS1 alone.
func alone(fake *simphonyfake.Fake) simphony.Config {
	cfg := simphony.Config{Account: "test", DayStart: 4 * 60, TS1: &simphony.TS1{Employee: int32(fake.Credentials().Employee)}}
	seeds := map[string]posfake.LocationSeed{}
	for _, s := range fakekit.Locations(0, "kiosk-", 2) {
		seeds[strings.ToLower(s.ID)] = s
	}
	for _, ref := range fake.Locations() {
		cfg.Properties = append(cfg.Properties, simphony.Property{
			LocRef: ref, TS1URL: fake.PropertyURL(base, ref), TimeZone: seeds[ref].TimeZone, Currency: "USD",
		})
	}
	return cfg
}

func newFake(t testing.TB, cfg simphonyfake.Config) *simphonyfake.Fake {
	t.Helper()
	fake, err := simphonyfake.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	return fake
}

func newProvider(t testing.TB, cfg simphony.Config, fake *simphonyfake.Fake, opts *kit.Options) *simphony.Provider {
	t.Helper()
	if opts == nil {
		opts = &kit.Options{}
	}
	opts.HTTPClient = &http.Client{Transport: fake.Transport()}
	p, err := simphony.New(cfg, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCloud runs the suite on BI, CCAPI and STS2.
func TestCloud(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]simphonyfake.Config{
		"plain":   {},
		"unusual": {StringNumbers: true, ShortRedirect: true, TaxIncluded: true, ReopenReturns: true, PartialLines: true, BulkTime: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			postest.Run(t, func(t *testing.T) postest.Harness {
				t.Helper()
				return cloudHarness(t, cfg)
			})
		})
	}
}

func cloudHarness(t *testing.T, cfg simphonyfake.Config) postest.Harness {
	t.Helper()
	cfg.InsecureCallbacks = true
	fake := newFake(t, cfg)
	store := &pos.MemoryStore{}
	reopen := func() pos.Provider { return newProvider(t, cloud(fake), fake, &kit.Options{Store: store}) }
	inbox := &inbox{}
	fake.Sender().SetClient(&http.Client{Transport: fakekit.NewTransport(inbox)})
	if err := fake.Subscribe("https://callbacks.example.com/simphony"); err != nil {
		t.Fatal(err)
	}
	c := fake.Credentials()
	hook, err := simphony.NewWebhook(simphony.WebhookConfig{Keys: []simphony.WebhookKey{{ID: c.WebhookKeyID, Key: pos.NewSecret(c.WebhookKey)}}})
	if err != nil {
		t.Fatal(err)
	}
	h := postest.Harness{
		Provider: reopen(), Reopen: reopen, Sim: fake, Webhook: hook,
		Deliver: func() []posfake.Callback {
			_ = fake.Sender().Flush(t.Context())
			return inbox.take()
		},
		Budget: postest.Budget{
			// Six hours apart: today and yesterday, 8 dates near, 6 of those far back.
			IdlePoll:   func(n int) int { return 16 * n },
			MenuWrites: func(items, _ int) int { return 3 },
			Status:     func(n int) int { return 2*n + 4 },
			Inventory:  func(_, n int) int { return 8 * n },
		},
		Secrets: []string{c.WebhookKey},
	}
	for _, a := range c.Accounts {
		h.Secrets = append(h.Secrets, a.Password)
	}
	return h
}

// inbox keeps callbacks.
type inbox struct {
	mu   sync.Mutex
	list []posfake.Callback
}

// ServeHTTP implements [http.Handler].
func (b *inbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body := make([]byte, 0, 1024)
	buf := make([]byte, 1024)
	for {
		n, err := r.Body.Read(buf)
		body = append(body, buf[:n]...)
		if err != nil {
			break
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, posfake.Callback{Header: r.Header.Clone(), Body: body})
}

func (b *inbox) take() []posfake.Callback {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.list
	b.list = nil
	return list
}

// TestAlone runs the suite on TS1 alone.
func TestAlone(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]simphonyfake.Config{
		"plain":   {},
		"unusual": {TS1Namespace: "http://till:8080/EGateway/", TS1Declaration: true, ReopenReturns: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			postest.Run(t, func(t *testing.T) postest.Harness {
				t.Helper()
				cfg.RecordID = func(locRef string, _, seq int64) string { return fmt.Sprintf("ts1:%s:%d", locRef, seq) }
				fake := newFake(t, cfg)
				c := alone(fake)
				c.TS1.Namespace = cfg.TS1Namespace
				reopen := func() pos.Provider { return newProvider(t, c, fake, nil) }
				return postest.Harness{
					Provider: reopen(), Reopen: reopen, Sim: fixedPlaces{fake},
					Budget: postest.Budget{IdlePoll: func(n int) int { return 3 * n }, Status: func(n int) int { return n }, Inventory: func(_, n int) int { return n }},
				}
			})
		})
	}
}

// fixedPlaces is a fake whose properties are those of the configuration: TS1
// tells of no others.
type fixedPlaces struct{ *simphonyfake.Fake }

func (fixedPlaces) AddLocation(posfake.LocationSeed) error { return posfake.ErrNotSimulated }
func (fixedPlaces) RemoveLocation(string) error            { return posfake.ErrNotSimulated }

// Inject leaves out missing permissions: TS1 knows no accounts.
func (f fixedPlaces) Inject(fault posfake.Fault) (func(), error) {
	if fault.Kind == posfake.FaultScope {
		return nil, posfake.ErrNotSimulated
	}
	return f.Fake.Inject(fault)
}

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := simphony.New(simphony.Config{
		STS2: &simphony.STS2{}, CCAPI: &simphony.CCAPI{}, TS1: &simphony.TS1{},
		Properties: []simphony.Property{{LocRef: "a/b", TS1URL: "http://203.0.113.7:8080/x", TimeZone: "Nowhere"}},
	}, nil)
	var ps pos.Problems
	if !errors.Is(err, pos.ErrInvalid) || !errors.As(err, &ps) || len(ps) < 10 {
		t.Fatalf("got %d problems: %v", len(ps), err)
	}
	if !strings.Contains(err.Error(), "plain http") {
		t.Errorf("TS1 in clear over the internet is not mentioned: %v", err)
	}
}
