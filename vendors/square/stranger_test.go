package square_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
)

// stranger is a service as somebody else may write one from Square's
// reference: it answers with what is required and nothing more. A path without
// an answer has none of what is asked for, which Square writes as {}.
type stranger map[string]string

func (s stranger) RoundTrip(r *http.Request) (*http.Response, error) {
	body, ok := s[r.URL.Path]
	if !ok {
		body = `{}`
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func strangersProvider(t *testing.T, transport http.RoundTripper) *square.Provider {
	t.Helper()
	p, err := square.New(
		square.Config{Account: "M1", BaseURL: "https://square.example", AccessToken: pos.NewSecret("fake-token")},
		&kit.Options{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const strangersPlaces = `{"locations":[
	{"id":"L1","name":"One","status":"ACTIVE","timezone":"America/New_York","currency":"USD","business_hours":{}},
	{"id":"L2","name":"Two","timezone":null,"currency":null,"business_hours":null},
	{"id":"L3","status":"HIBERNATING","capabilities":["TELEPORTATION"],"moon":{"phase":1}},
	{"id":"L4","status":"INACTIVE"}],"errors":[]}`

func collect[T any](t *testing.T, what string, seq func(func(T, error) bool)) (all []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		all = append(all, v)
	}
	return all
}

// An answer without rows is {} and reads as empty, wherever rows can be.
func TestStrangerWithNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangersProvider(t, stranger{"/v2/locations": strangersPlaces})
		ctx := t.Context()
		if got := collect(t, "Purchases", pos.AllPurchases(ctx, p, pos.PurchaseQuery{})); len(got) > 0 {
			t.Errorf("purchases: %+v", got)
		}
		if got := collect(t, "Inventory", pos.AllStock(ctx, p, pos.InventoryQuery{})); len(got) > 0 {
			t.Errorf("stock: %+v", got)
		}
		for _, s := range collect(t, "Status", pos.AllStatuses(ctx, p, pos.StatusQuery{})) {
			if s.Online != pos.Unknown {
				t.Errorf("%s is online %v, nobody said so", s.Location, s.Online)
			}
		}
		var closed []string
		for _, l := range collect(t, "Locations", pos.AllLocations(ctx, p, pos.LocationQuery{})) {
			if l.Closed {
				closed = append(closed, l.ID)
			}
		}
		if diff := cmp.Diff([]string{"L4"}, closed); diff != "" {
			t.Errorf("closed locations:\n%s", diff)
		}
		plan, err := p.PushMenu(ctx, pos.MenuPush{DryRun: true, Menu: pos.Menu{Items: []pos.Item{{SKU: "A", Name: "A", Price: pos.Money{Amount: 100, Currency: "USD"}}}}})
		if err != nil || plan.Err() != nil || plan.Count(pos.Created) != 3 {
			t.Errorf("plan: %+v, %v", plan, err)
		}
	})
}

// Orders as short as the reference allows, with members that nobody knows yet.
func TestStrangersOrders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
		p := strangersProvider(t, stranger{
			"/v2/locations": strangersPlaces,
			"/v2/orders/search": strings.ReplaceAll(`{"orders":[
			{"id":"min","location_id":"L2","state":"COMPLETED","created_at":"NOW","updated_at":"NOW",
			 "line_items":[{"quantity":"2","total_money":{"currency":"USD","amount":500}}],
			 "total_money":{"currency":"USD","amount":500},
			 "tenders":[{"type":"CASH","amount_money":{"amount":500,"currency":"USD"}}]},
			{"id":"nulls","location_id":"L1","state":"COMPLETED","created_at":"NOW","updated_at":"NOW","version":null,"source":null,
			 "line_items":[{"uid":"l","name":"Bowl","variation_name":null,"catalog_object_id":null,"quantity":"1","modifiers":null,
			   "base_price_money":{"amount":700,"currency":"USD"},"gross_sales_money":{"amount":700,"currency":"USD"},
			   "total_discount_money":null,"total_tax_money":{"amount":0},"total_money":{"amount":700,"currency":"USD"},"applied_taxes":null}],
			 "discounts":null,"taxes":[],"service_charges":null,"returns":null,"refunds":[],"rounding_adjustment":null,
			 "total_money":{"amount":700,"currency":"USD"},"total_tip_money":null,
			 "tenders":[{"id":"t","type":"HOLOGRAM","amount_money":{"amount":700,"currency":"USD"},"card_details":null}],"novelty":[{"x":{}}]},
			{"id":"word","location_id":"L1","state":"LIMBO","created_at":"NOW","updated_at":"NOW",
			 "total_money":{"amount":5,"currency":"USD"},"tenders":[{"id":"u","type":"CARD","amount_money":{"amount":5,"currency":"USD"},"card_details":{"status":"QUANTUM"}}],
			 "line_items":[{"name":"Sip","quantity":"1","gross_sales_money":{"amount":5,"currency":"USD"},"total_money":{"amount":5,"currency":"USD"}}]}],
			"cursor":null,"errors":null}`, "NOW", now),
		})
		type row struct {
			ID       string
			State    pos.PurchaseState
			Gross    int64
			Tender   string
			Findings int
		}
		var got []row
		for _, s := range collect(t, "Purchases", pos.AllPurchases(t.Context(), p, pos.PurchaseQuery{})) {
			got = append(got, row{s.ID, s.State, s.Lines[0].Gross.Amount, s.Tenders[0].Kind, len(s.Findings)})
		}
		want := []row{
			{"min", pos.StateCompleted, 500, "cash", 0},
			{"nulls", pos.StateCompleted, 700, "other", 0},
			{"word", pos.StateUnknown, 5, "card", 0},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// Counts without what is optional, in states that nobody knows yet.
func TestStrangersCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangersProvider(t, stranger{"/v2/inventory/counts/batch-retrieve": `{"counts":[
			{"catalog_object_id":"V1","state":"IN_STOCK","location_id":"L1","quantity":"3"},
			{"catalog_object_id":"V2","state":"IN_STOCK","location_id":"L1","quantity":"-2.5","calculated_at":null,"is_estimated":false},
			{"catalog_object_id":"V3","state":"TELEPORTING","location_id":"L1","quantity":"9"}]}`})
		got := make(map[string]pos.Count)
		for _, s := range collect(t, "Inventory", pos.AllStock(t.Context(), p, pos.InventoryQuery{})) {
			got[s.VendorID] = s.OnHand
		}
		half, _ := pos.ParseQuantity("-2.5")
		if diff := cmp.Diff(map[string]pos.Count{"V1": pos.Counted(pos.Units(3)), "V2": pos.Counted(half)}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// answers gives the same answer every time.
type answers struct {
	status int
	header http.Header
	body   string
	calls  []time.Time
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.calls = append(a.calls, time.Now())
	return &http.Response{StatusCode: a.status, Header: a.header.Clone(), Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// Failures keep their kind whatever the body is.
func TestStrangersErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		want   error
		tries  int
	}{
		"a proxy's page":          {502, "<html>Bad Gateway</html>", pos.ErrUnavailable, 4},
		"nothing at all":          {500, "", pos.ErrUnavailable, 4},
		"an empty list":           {400, `{"errors":[]}`, pos.ErrInvalid, 1},
		"no code":                 {400, `{"errors":[{"category":"INVALID_REQUEST_ERROR"}]}`, pos.ErrInvalid, 1},
		"null":                    {404, `null`, pos.ErrNotFound, 1},
		"no code, unauthorized":   {401, `{"errors":[{"detail":"no"}]}`, pos.ErrAuth, 1},
		"no code, forbidden":      {403, `{"errors":[{"category":"AUTHENTICATION_ERROR"}]}`, pos.ErrPermission, 1},
		"codes nobody knows":      {400, `{"errors":[{"category":"SOLAR","code":"FLARE","detail":"x"}]}`, pos.ErrInvalid, 1},
		"an older rate limit":     {429, `{"errors":[{"category":"V1_ERROR","code":"too_many_requests"}]}`, pos.ErrRateLimited, 4},
		"a retired operation":     {410, `{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"GONE"}]}`, pos.ErrNotFound, 1},
		"too large":               {413, `{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"REQUEST_ENTITY_TOO_LARGE"}]}`, pos.ErrInvalid, 1},
		"a success without sense": {200, `[]`, pos.ErrProtocol, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := &answers{status: tc.status, body: tc.body, header: http.Header{}}
				_, err := strangersProvider(t, a).Status(t.Context(), pos.StatusQuery{})
				t.Logf("%d tries: %v", len(a.calls), err)
				if !errors.Is(err, tc.want) {
					t.Errorf("got %v, want %v", err, tc.want)
				}
				if len(a.calls) != tc.tries {
					t.Errorf("%d tries, want %d", len(a.calls), tc.tries)
				}
			})
		})
	}
}

// A limit is respected in every form in which Square's servers tell it.
func TestStrangersLimits(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func(now time.Time) (string, string){
		"seconds": func(time.Time) (string, string) { return "Retry-After", "7" },
		"date": func(now time.Time) (string, string) {
			return "Retry-After", now.Add(8 * time.Second).UTC().Format(http.TimeFormat)
		},
		"unix": func(now time.Time) (string, string) {
			return "X-RateLimit-Reset", strconv.FormatInt(now.Add(8*time.Second).Unix(), 10)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				<-time.After(time.Until(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)))
				k, v := header(time.Now())
				a := &answers{status: 429, body: `{}`, header: http.Header{}}
				a.header.Set(k, v)
				_, err := strangersProvider(t, a).Status(t.Context(), pos.StatusQuery{})
				if !errors.Is(err, pos.ErrRateLimited) || len(a.calls) < 2 {
					t.Fatalf("%d calls: %v", len(a.calls), err)
				}
				if wait := a.calls[1].Sub(a.calls[0]); wait < 7*time.Second {
					t.Errorf("repeated after %v", wait)
				}
			})
		})
	}
}
