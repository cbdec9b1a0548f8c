package square_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := square.New(square.Config{
		Environment: "moon", Owner: "a:b", RequestsPerSecond: -1, DeviceStaleAfter: -1, TaxIDs: []string{""}, OAuth: &square.OAuth{},
		AccessToken: pos.NewSecret("x"),
	}, nil)
	var ps pos.Problems
	if !errors.Is(err, pos.ErrInvalid) || !errors.As(err, &ps) || len(ps) != 8 {
		t.Errorf("%d problems: %v", len(ps), err)
	}
}

// Capabilities follow the permissions: a job without them is refused before
// any request, and says what is missing.
func TestScopesDecide(t *testing.T) {
	t.Parallel()
	_, s, p := shop(t, func(c *square.Config) { c.Scopes = []string{"MERCHANT_PROFILE_READ", "ITEMS_READ"} })
	caps := p.Describe().Capabilities
	for _, j := range []pos.Job{pos.JobMenu, pos.JobCoupons, pos.JobInventory, pos.JobPurchases} {
		if caps.Job(j).OK() {
			t.Errorf("%s is declared", j)
		}
	}
	if !caps.Status.OK() || caps.Status.Online {
		t.Errorf("status: %+v", caps.Status)
	}
	_, err := p.PushMenu(t.Context(), pos.MenuPush{})
	if !errors.Is(err, pos.ErrUnsupported) || !strings.Contains(err.Error(), "ITEMS_WRITE") {
		t.Errorf("got %v, want what is missing", err)
	}
	if len(s.bodies) > 0 {
		t.Errorf("requests were sent: %v", s.bodies)
	}
}

// A permission that Square finds missing is named.
func TestMissingScopeIsNamed(t *testing.T) {
	t.Parallel()
	fake, _, p := shop(t, nil)
	if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultScope, Op: "SearchOrders", Times: -1}); err != nil {
		t.Fatal(err)
	}
	_, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
	var api *square.APIError
	if !errors.Is(err, pos.ErrPermission) || !errors.As(err, &api) || !strings.Contains(err.Error(), "ORDERS_READ") {
		t.Errorf("got %v, want pos.ErrPermission that names ORDERS_READ", err)
	}
}

// Errors inside an answer with status 200 are errors.
func TestErrorsInside(t *testing.T) {
	t.Parallel()
	for category, want := range map[string]error{
		"API_ERROR": pos.ErrUnavailable, "RATE_LIMIT_ERROR": pos.ErrRateLimited, "AUTHENTICATION_ERROR": pos.ErrAuth, "INVALID_REQUEST_ERROR": pos.ErrInvalid,
	} {
		_, s, p := shop(t, nil)
		s.answer = func(string, string) (int, string) {
			return 200, fmt.Sprintf(`{"orders":[],"errors":[{"category":%q,"code":"SOMETHING","detail":"text"}]}`, category)
		}
		if _, err := p.Purchases(t.Context(), pos.PurchaseQuery{Locations: []string{"LKIOSK01"}}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", category, err, want)
		}
	}
}

func TestTooManyLocations(t *testing.T) {
	t.Parallel()
	fake := squarefake.New(squarefake.Config{Locations: 11})
	t.Cleanup(fake.Close)
	p := newProvider(t, fake, nil, nil)
	if _, err := p.Purchases(t.Context(), pos.PurchaseQuery{}); !errors.Is(err, pos.ErrInvalid) || !strings.Contains(err.Error(), "11 locations") {
		t.Errorf("got %v, want an error that says so", err)
	}
}

// A seller authorizes by PKCE, whose refresh tokens are good for one use.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := squarefake.New(squarefake.Config{Places: places, RequirePKCE: true, TokenLife: 24 * time.Hour})
		defer fake.Close()
		creds := fake.Credentials()
		opts := &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}, Store: &pos.MemoryStore{}}
		cfg := square.Config{BaseURL: "https://square.example", OAuth: &square.OAuth{ClientID: creds.ApplicationID}}
		verifier := square.NewVerifier()
		link, err := cfg.AuthorizeURL(square.AuthorizeRequest{State: "s1", Verifier: verifier})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Join(square.Scopes(), " "), u.Query().Get("scope")); diff != "" || u.Path != "/oauth2/authorize" {
			t.Errorf("%s: %s", link, diff)
		}
		code := fake.Authorize(u.Query().Get("code_challenge"), square.Scopes()...)
		grant, err := square.Exchange(t.Context(), cfg, square.ExchangeRequest{Code: code, Verifier: verifier}, opts)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Account = grant.Merchant
		for range 3 {
			p, err := square.New(cfg, opts)
			if err != nil {
				t.Fatal(err)
			}
			status, err := p.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if status.Merchant != grant.Merchant || len(status.Scopes) != len(square.Scopes()) {
				t.Errorf("token status %+v", status)
			}
			<-time.After(30 * time.Hour) // the access token ends, each refresh token is spent
		}
	})
}

func TestAuthorizeURLRefuses(t *testing.T) {
	t.Parallel()
	if _, err := (square.Config{}).AuthorizeURL(square.AuthorizeRequest{}); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("got %v, want pos.ErrInvalid", err)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	fake := squarefake.New(squarefake.Config{Places: places})
	t.Cleanup(fake.Close)
	p := newProvider(t, fake, nil, nil)
	if err := p.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Locations(t.Context(), pos.LocationQuery{}); !errors.Is(err, pos.ErrAuth) {
		t.Errorf("after the revocation: %v, want pos.ErrAuth", err)
	}
	_, _, own := shop(t, nil)
	if err := own.Revoke(t.Context()); !errors.Is(err, pos.ErrUnsupported) {
		t.Errorf("a token of the seller's own: %v, want pos.ErrUnsupported", err)
	}
}

// The subscription is made once, repaired when it was changed or dropped, and
// its key can be replaced.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	fake := squarefake.New(squarefake.Config{Places: places})
	t.Cleanup(fake.Close)
	s, err := square.NewSubscriptions(
		square.Config{BaseURL: "https://square.example", AccessToken: pos.NewSecret(fake.Credentials().PersonalToken)},
		&kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	if err != nil {
		t.Fatal(err)
	}
	ensure := func(want bool, events ...string) square.Subscription {
		t.Helper()
		sub, repaired, err := s.Ensure(t.Context(), hookURL, events)
		if err != nil {
			t.Fatal(err)
		}
		if repaired != want || !sub.Enabled || sub.Key.IsZero() || sub.ID == "" {
			t.Errorf("repaired %t, want %t: %+v", repaired, want, sub)
		}
		return sub
	}
	ensure(true)
	sub := ensure(false)
	ensure(true, "payment.updated")
	fake.DropSubscription(sub.ID)
	sub = ensure(true)
	key, err := s.RotateKey(t.Context(), sub.ID)
	if err != nil || key.Reveal() == sub.Key.Reveal() {
		t.Errorf("rotated to the same key: %v", err)
	}
	if got := ensure(false).Key.Reveal(); got != key.Reveal() {
		t.Error("the list tells another key than the rotation")
	}
}

// A sale made offline carries when it happened and when it was uploaded; only
// its payment tells that, and the device and the receipt.
func TestOfflineSale(t *testing.T) {
	t.Parallel()
	for _, skip := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			fake := squarefake.New(squarefake.Config{Places: places})
			defer fake.Close()
			p := newProvider(t, fake, nil, func(c *square.Config) { c.SkipOfflineTimes = skip })
			price, then := int64(900), fake.Now().Add(-70*time.Hour).Truncate(time.Second)
			if _, err := fake.Sell(posfake.Sale{Location: "LKIOSK01", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}, OccurredAt: then}); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Minute)
			page, err := p.Purchases(t.Context(), pos.PurchaseQuery{Locations: []string{"LKIOSK01"}, Raw: true})
			if err != nil || len(page.Purchases) != 1 {
				t.Fatal(len(page.Purchases), err)
			}
			s := page.Purchases[0]
			if s.OccurredAt.Equal(then) == skip || s.RecordedAt.Sub(then) < 69*time.Hour || len(s.Raw) == 0 {
				t.Errorf("skip %t: occurred %v, recorded %v, want %v and 70 hours later", skip, s.OccurredAt, s.RecordedAt, then)
			}
			if (s.Device == "") != skip || (s.Receipt == "") != skip {
				t.Errorf("skip %t: device %q, receipt %q", skip, s.Device, s.Receipt)
			}
		})
	}
}

// A location without terminals is neither online nor offline.
func TestStatusWithoutDevices(t *testing.T) {
	t.Parallel()
	fake := squarefake.New(squarefake.Config{Places: places, NoTerminals: true})
	t.Cleanup(fake.Close)
	p := newProvider(t, fake, nil, nil)
	if err := fake.RemoveLocation("LKIOSK03"); err != nil {
		t.Fatal(err)
	}
	for s, err := range pos.AllStatuses(t.Context(), p, pos.StatusQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Online != pos.Unknown || s.StaleAfter != 0 || s.Source != "locations" {
			t.Errorf("%+v", s)
		}
		if closed := s.Location == "LKIOSK03"; closed != (s.Open == pos.No) {
			t.Errorf("%s is open: %s", s.Location, s.Open)
		}
	}
}

// The status of a device comes in two forms.
func TestBareDeviceStatus(t *testing.T) {
	t.Parallel()
	fake := squarefake.New(squarefake.Config{Places: places, BareDeviceStatus: true})
	t.Cleanup(fake.Close)
	n := 0
	for s, err := range pos.AllStatuses(t.Context(), newProvider(t, fake, nil, nil), pos.StatusQuery{Raw: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Device != "" {
			n++
			if s.Online != pos.Yes || len(s.Raw) == 0 {
				t.Errorf("%+v", s)
			}
		}
	}
	if n != len(places) {
		t.Errorf("%d devices, want %d", n, len(places))
	}
}

// The version of the API is dated; a newer one is due before it may end.
func TestAPIVersion(t *testing.T) {
	t.Parallel()
	version, err := pos.ParseDate(square.APIVersion)
	if err != nil {
		t.Fatal(err)
	}
	if square.APIVersionCheckBy <= version {
		t.Errorf("version %s is to be replaced by %s", version, square.APIVersionCheckBy)
	}
	if now := pos.DateOf(time.Now().AddDate(0, 0, 90), time.UTC); now >= square.APIVersionCheckBy {
		t.Logf("warning: version %s is certain to work until %s only: move to a newer one", version, square.APIVersionCheckBy)
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := squarefake.New(squarefake.Config{Places: places})
		defer fake.Close()
		p := newProvider(t, fake, nil, nil)
		var device string
		for s, err := range pos.AllStatuses(t.Context(), p, pos.StatusQuery{Locations: []string{"LKIOSK02"}}) {
			if err != nil {
				t.Fatal(err)
			}
			device = max(device, s.Device)
		}
		for _, on := range []bool{true, false} {
			if err := fake.SetOnline("LKIOSK02", on); err != nil {
				t.Fatal(err)
			}
			s, err := p.Ping(t.Context(), device)
			if err != nil || s.Online != pos.TriOf(on) || s.Source != "ping" {
				t.Errorf("power %t: %+v, %v", on, s, err)
			}
		}
		if _, err := p.Ping(t.Context(), "device:none"); err == nil {
			t.Error("an unknown device answered")
		}
	})
}

// An item that the seller marked as sold out has nothing available.
func TestSoldOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, s, p := shop(t, func(c *square.Config) { c.TrackStock = true })
		pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: meals(1)}})
		n := int64(0)
		if err := fake.SetStock("LKIOSK01", "FARM-A", &n); err != nil {
			t.Fatal(err)
		}
		page, err := p.Inventory(t.Context(), pos.InventoryQuery{Raw: true})
		if err != nil || len(page.Stock) != 1 {
			t.Fatal(len(page.Stock), err)
		}
		if row := page.Stock[0]; row.InStock != pos.No || row.Available != pos.Counted(0) || row.SKU != "FARM-A" || len(row.Raw) == 0 {
			t.Errorf("%+v", row)
		}
		items := meals(1)
		items[0].Name = "Renamed"
		pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: items}})
		if strings.Contains(s.last(t, upsert), "sold_out") {
			t.Error("sold_out was written")
		}
		if again := pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: items}}); again.Writes != 0 {
			t.Errorf("the repeat writes %d times", again.Writes)
		}
	})
}
