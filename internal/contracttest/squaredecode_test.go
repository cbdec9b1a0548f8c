package contracttest

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	squareapi "github.com/farmacyfoods/pointofsale/vendors/square"
)

// TestSquareSamplesRead lets the Square client read the official samples of
// the operations that it uses: nothing is refused, and every row arrives.
func TestSquareSamplesRead(t *testing.T) {
	t.Parallel()
	replay := Replay(WireMock(t, squareSamples))
	for i := range replay {
		replay[i].Body = withoutErrors(t, replay[i].Body)
	}
	opts := &kit.Options{HTTPClient: &http.Client{Transport: replay}, Retry: kit.Retry{Attempts: 1}}
	p, err := squareapi.New(squareapi.Config{
		Account: "M1", BaseURL: "http://sample.invalid", AccessToken: pos.NewSecret("fake"), RequestsPerSecond: 1000, SkipOfflineTimes: true,
	}, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()

	var got []string
	for l, err := range pos.AllLocations(ctx, p, pos.LocationQuery{}) {
		read(t, "Locations", err)
		got = append(got, l.ID)
	}
	sameIDs(t, replay, "GET /v2/locations", "locations", "id", got)

	got = nil
	page, err := p.Status(ctx, pos.StatusQuery{})
	read(t, "Status", err)
	for _, s := range page.Statuses {
		if s.Device != "" {
			got = append(got, s.Device)
		}
	}
	sameIDs(t, replay, "GET /v2/devices", "devices", "id", got)

	got = nil
	stock, err := p.Inventory(ctx, pos.InventoryQuery{})
	read(t, "Inventory", err)
	for _, s := range stock.Stock {
		got = append(got, s.VendorID)
	}
	sameIDs(t, replay, "POST /v2/inventory/counts/batch-retrieve", "counts", "catalog_object_id", got)

	got = nil
	orders, err := p.Purchases(ctx, pos.PurchaseQuery{Locations: []string{"L1"}, Records: []string{"o1"}, Raw: true})
	read(t, "Purchases", err)
	for _, s := range orders.Purchases {
		got = append(got, s.ID)
	}
	t.Logf("%d of the sample orders are purchases", len(got))

	_, err = p.PushMenu(ctx, pos.MenuPush{DryRun: true, MaxWithdraw: pos.Percent(100)})
	read(t, "PushMenu", err)
	_, err = p.PushCoupons(ctx, pos.CouponPush{DryRun: true, MaxWithdraw: pos.Percent(100)})
	read(t, "PushCoupons", err)
	status, err := p.Token(ctx)
	read(t, "Token", err)
	if status.Merchant == "" || len(status.Scopes) == 0 {
		t.Errorf("token status: %+v", status)
	}
	subs, err := squareapi.NewSubscriptions(squareapi.Config{BaseURL: "http://sample.invalid", AccessToken: pos.NewSecret("fake")}, opts)
	read(t, "NewSubscriptions", err)
	sub, _, err := subs.Ensure(ctx, "https://hooks.example", nil)
	read(t, "Ensure", err)
	key, err := subs.RotateKey(ctx, sub.ID)
	read(t, "RotateKey", err)
	if sub.ID == "" || sub.Key.IsZero() || key.IsZero() {
		t.Errorf("subscription: %+v", sub)
	}
}

// withoutErrors takes the list of errors out of a sample: the samples show it
// beside everything else, which no answer does.
func withoutErrors(t *testing.T, body []byte) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return body // not an object
	}
	delete(members, "errors")
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// read fails on an error about the answer; samples of single operations need
// not fit together.
func read(t *testing.T, what string, err error) {
	t.Helper()
	if errors.Is(err, pos.ErrProtocol) {
		t.Errorf("%s: %v", what, err)
	} else if err != nil {
		t.Logf("%s: %v", what, err)
	}
}

// sameIDs compares what arrived with the rows of a sample.
func sameIDs(t *testing.T, all Replay, operation, list, id string, got []string) {
	t.Helper()
	var want []string
	for _, s := range Of(t, all, operation) {
		var answer map[string]json.RawMessage
		if err := json.Unmarshal(s.Body, &answer); err != nil {
			t.Fatal(err)
		}
		var rows []map[string]any
		if err := json.Unmarshal(answer[list], &rows); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			text, _ := r[id].(string)
			want = append(want, text)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	got = slices.Compact(got) // a replayed page follows itself
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-sample +read):\n%s", operation, diff)
	}
}
