package bytetech_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// stranger is a service as somebody else may write one: it answers each path
// with what is required and nothing more, without optional headers.
type stranger map[string]string

func (s stranger) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := 200, s[r.URL.Path]
	if body == "" {
		status, body = 404, `{"error":{"code":"not_found"}}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func strangersProvider(t *testing.T, transport http.RoundTripper) *bytetech.Provider {
	t.Helper()
	p, err := bytetech.New(
		bytetech.Config{Account: "acc", BaseURL: "https://byte.example", APIKey: pos.NewSecret("fake-key"), ProfilePatch: json.RawMessage(`{"auth":{"mode":"static"}}`)},
		&kit.Options{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

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

// Lists that are empty, as different servers write them.
func TestStrangerWithNothing(t *testing.T) {
	t.Parallel()
	for _, empty := range []string{`{"data":[],"next_cursor":null}`, `{"data":[]}`, `{"data":null,"next_cursor":""}`} {
		synctest.Test(t, func(t *testing.T) {
			p := strangersProvider(t, stranger{
				"/v1/kiosks": empty, "/v1/transactions": empty, "/v1/inventory": empty, "/v1/products": empty, "/v1/discounts": empty, "/v1/categories": empty,
			})
			ctx := t.Context()
			if n := len(collect(t, "Locations", pos.AllLocations(ctx, p, pos.LocationQuery{}))); n > 0 {
				t.Errorf("%d locations", n)
			}
			if n := len(collect(t, "Status", pos.AllStatuses(ctx, p, pos.StatusQuery{}))); n > 0 {
				t.Errorf("%d statuses", n)
			}
			if n := len(collect(t, "Inventory", pos.AllStock(ctx, p, pos.InventoryQuery{}))); n > 0 {
				t.Errorf("%d rows of stock", n)
			}
			if n := len(collect(t, "Purchases", pos.AllPurchases(ctx, p, pos.PurchaseQuery{}))); n > 0 {
				t.Errorf("%d purchases", n)
			}
		})
	}
}

// An answer that is no list is an error, never an empty page.
func TestStrangerWithoutList(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `null`, `[]`, `{"data":{}}`, `{"data":"none"}`, `{"items":[]}`, `{"error":{"code":"insufficient_scope"}}`} {
		synctest.Test(t, func(t *testing.T) {
			p := strangersProvider(t, stranger{"/v1/transactions": body, "/v1/kiosks": `{"data":[]}`})
			if _, err := p.Purchases(t.Context(), pos.PurchaseQuery{}); !errors.Is(err, pos.ErrProtocol) {
				t.Errorf("%s: %v", body, err)
			}
		})
	}
}

const strangersKiosks = `{"data":[
	{"kiosk_id":"0042","name":"Lobby","timezone":"America/New_York","currency":"USD",
	 "status":{"kiosk_id":"0042","health":"levitating","issues":null,"last_heartbeat_at":null,"temperature":null,"door":null,"rfid":null,"mode":"party"}},
	{"kiosk_id":1043,"status":null},
	{"kiosk_id":"1044","archived":true,"status":{}}]}`

// Kiosks, stock and sales with only what is required, words that nobody knows
// yet, ids as numbers.
func TestStrangersRows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangersProvider(t, stranger{
			"/v1/kiosks": strangersKiosks,
			"/v1/inventory": `{"data":[{"kiosk_id":"0042","product_id":"p1","available_count":3},
				{"kiosk_id":1043,"product_id":7,"external_id":null,"available_count":0,"expired_count":null,"lots":null,"earliest_expires_on":null},
				{"kiosk_id":"0042","product_id":"p3","available_count":null}]}`,
			"/v1/transactions": `{"data":[
				{"transaction_id":"min","kiosk_id":"0042","status":"processed","placed_at":"1999-12-31T23:00:00Z","updated_at":"1999-12-31T23:00:00Z","total_cents":1050,
				 "lines":[{"quantity":1,"unit_price_cents":1050}],"payment":null},
				{"transaction_id":17,"kiosk_id":1043,"status":"teleported","revision":1,"placed_at":"1999-12-31T23:10:00.5Z","updated_at":"1999-12-31T23:10:00.5Z","currency":"USD",
				 "subtotal_cents":5,"discount_cents":0,"tax_cents":0,"total_cents":5,"lines":[{"line_id":1,"name":"Sip","quantity":1,"gross_cents":5,"epcs":null}],
				 "discounts":null,"customer":null,"adjustments":null,"payment":{"type":"barter"}}],"next_cursor":null}`,
		})
		ctx := t.Context()
		for _, s := range collect(t, "Status", pos.AllStatuses(ctx, p, pos.StatusQuery{})) {
			if s.Online == pos.Yes || s.SafeToSell == pos.Yes || s.Open == pos.Yes || s.Temperature != nil {
				t.Errorf("nobody said so: %+v", s)
			}
		}
		type count struct {
			OnHand pos.Count
			In     pos.Tri
		}
		stock := make(map[string]count)
		for _, s := range collect(t, "Inventory", pos.AllStock(ctx, p, pos.InventoryQuery{})) {
			stock[s.Location+" "+s.VendorID] = count{s.OnHand, s.InStock}
		}
		wantStock := map[string]count{
			"0042 p1": {pos.Counted(pos.Units(3)), pos.Yes}, "1043 7": {pos.Counted(0), pos.No}, "0042 p3": {pos.Count{}, pos.Unknown},
		}
		if diff := cmp.Diff(wantStock, stock); diff != "" {
			t.Errorf("stock:\n%s", diff)
		}
		type sale struct {
			ID, Location string
			State        pos.PurchaseState
			Gross, Total int64
			Findings     int
		}
		var sales []sale
		for _, s := range collect(t, "Purchases", pos.AllPurchases(ctx, p, pos.PurchaseQuery{})) {
			sales = append(sales, sale{s.ID, s.Location, s.State, s.Lines[0].Gross.Amount, s.Total.Amount, len(s.Findings)})
		}
		wantSales := []sale{{"min", "0042", pos.StateCompleted, 1050, 1050, 0}, {"17", "1043", pos.StateUnknown, 5, 5, 0}}
		if diff := cmp.Diff(wantSales, sales); diff != "" {
			t.Errorf("sales:\n%s", diff)
		}
	})
}

// failing gives the same failure every time.
type failing struct {
	status int
	body   string
	calls  int
}

func (f *failing) RoundTrip(r *http.Request) (*http.Response, error) {
	f.calls++
	return &http.Response{StatusCode: f.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(f.body)), Request: r}, nil
}

// Failures keep their kind whatever the body is.
func TestStrangersErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		body   string
		want   error
		tries  int
	}{
		{502, "<html>Bad Gateway</html>", pos.ErrUnavailable, 4},
		{500, "", pos.ErrUnavailable, 4},
		{503, `{"error":"down"}`, pos.ErrUnavailable, 4},
		{400, `{}`, pos.ErrInvalid, 1},
		{400, `{"error":null}`, pos.ErrInvalid, 1},
		{400, `{"error":{"code":"who_knows","message":7,"field":null}}`, pos.ErrInvalid, 1},
		{401, `null`, pos.ErrAuth, 1},
		{403, `{"error":{"message":"no"}}`, pos.ErrPermission, 1},
		{403, `{"error":{"code":"insufficient_scope"}}`, pos.ErrPermission, 1},
		{405, `{"error":{"code":"method_not_allowed"}}`, pos.ErrUnsupported, 1},
		{409, `{"error":{"code":"idempotency_conflict"}}`, pos.ErrInvalid, 1},
		{412, ``, pos.ErrConflict, 1},
		{422, `{"error":{"code":"validation_failed","field":"data[0].x"}}`, pos.ErrInvalid, 1},
		{429, ``, pos.ErrRateLimited, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &failing{status: tc.status, body: tc.body}
			_, err := strangersProvider(t, f).Status(t.Context(), pos.StatusQuery{})
			if !errors.Is(err, tc.want) {
				t.Errorf("%d %s: got %v, want %v", tc.status, tc.body, err, tc.want)
			}
			if f.calls != tc.tries {
				t.Errorf("%d %s: %d tries, want %d", tc.status, tc.body, f.calls, tc.tries)
			}
		})
	}
}
