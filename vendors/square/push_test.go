package square_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

func usd(n int64) pos.Money { return pos.Money{Amount: n, Currency: "USD"} }

// spy sees every request, and may answer in the place of the fake.
type spy struct {
	next   http.RoundTripper
	bodies map[string][]string // by path
	answer func(path, body string) (status int, reply string)
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if s.bodies == nil {
		s.bodies = make(map[string][]string)
	}
	s.bodies[r.URL.Path] = append(s.bodies[r.URL.Path], string(body))
	if s.answer != nil {
		if status, reply := s.answer(r.URL.Path, string(body)); status != 0 {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(reply)), Request: r}, nil
		}
	}
	return s.next.RoundTrip(r)
}

// last is the last request to a path.
func (s *spy) last(t *testing.T, path string) string {
	t.Helper()
	list := s.bodies[path]
	if len(list) == 0 {
		t.Fatalf("no request to %s", path)
	}
	return list[len(list)-1]
}

const (
	upsert = "/v2/catalog/batch-upsert"
	remove = "/v2/catalog/batch-delete"
)

// shop is a provider on a fake with a spy between them.
func shop(t *testing.T, change func(*square.Config)) (*squarefake.Fake, *spy, *square.Provider) {
	t.Helper()
	fake := squarefake.New(squarefake.Config{Places: places})
	t.Cleanup(fake.Close)
	s := &spy{next: fake.Transport()}
	cfg := square.Config{
		Account: "M1", BaseURL: "https://square.example", AccessToken: pos.NewSecret(fake.Credentials().AccessToken),
		AmountCoupons: true, RequestsPerSecond: 10_000,
	}
	if change != nil {
		change(&cfg)
	}
	p, err := square.New(cfg, &kit.Options{HTTPClient: &http.Client{Transport: s}, Retry: kit.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return fake, s, p
}

func pushMenu(t *testing.T, p pos.Provider, push pos.MenuPush) pos.PushReport {
	t.Helper()
	report, err := p.PushMenu(t.Context(), push)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func meals(n int) []pos.Item {
	var items []pos.Item
	for i := range n {
		items = append(items, pos.Item{SKU: "FARM-" + string(rune('A'+i)), Name: "Meal", Category: "Bowls", Price: usd(int64(900 + i))})
	}
	return items
}

// prices shows what the fake sells at a location.
func prices(fake *squarefake.Fake, location string) map[string]int64 {
	found := make(map[string]int64)
	for _, r := range fake.Menu() {
		if r.Location == location && r.Available && !r.Foreign {
			found[r.SKU] = r.Price
		}
	}
	return found
}

// One item that Square refuses does not hold up the others, and the report
// names it.
func TestBadItemIsSingledOut(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]string{
		"invalid":  `{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"INVALID_VALUE","field":"objects"}]}`,
		"conflict": `{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"VERSION_MISMATCH","field":"version"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, s, p := shop(t, nil)
			s.answer = func(path, body string) (int, string) {
				if path == upsert && strings.Contains(body, `"FARM-E"`) {
					return 400, reply
				}
				return 0, ""
			}
			report := pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: meals(20)}})
			for l, o := range report.Each() {
				want := pos.Created
				if o.Item == "FARM-E" {
					want = pos.Failed
				}
				if o.Action != want {
					t.Errorf("%s at %s: %s, want %s (%v)", o.Item, l, o.Action, want, o.Err)
				}
			}
			var api *square.APIError
			if !errors.As(report.Err(), &api) || !strings.Contains(report.Err().Error(), "FARM-E") {
				t.Errorf("the error names neither item nor cause: %v", report.Err())
			}
			if got := len(prices(fake, "LKIOSK01")); got != 19 {
				t.Errorf("%d items on sale, want 19", got)
			}
			s.answer = nil
			if again := pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: meals(20)}}); again.Count(pos.Created) != 3 || again.Count(pos.Unchanged) != 57 {
				t.Errorf("the repeat creates %d and leaves %d", again.Count(pos.Created), again.Count(pos.Unchanged))
			}
		})
	}
}

// A push to one location leaves price and presence elsewhere alone, also where
// staff enter the price.
func TestSubsetKeepsOthers(t *testing.T) {
	t.Parallel()
	fake, _, p := shop(t, nil)
	items := meals(1)
	pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: items}})
	items[0].Price = usd(1234)
	report := pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: items}, Locations: []string{"LKIOSK02"}})
	if got := report.Count(pos.Updated); got != 1 {
		t.Errorf("%d updated, want 1", got)
	}
	for l, want := range map[string]int64{"LKIOSK01": 900, "LKIOSK02": 1234, "LKIOSK03": 900} {
		if got := prices(fake, l)["FARM-A"]; got != want {
			t.Errorf("%s sells for %d, want %d", l, got, want)
		}
	}
	pushMenu(t, p, pos.MenuPush{Locations: []string{"LKIOSK03"}, MaxWithdraw: pos.Percent(100)})
	if len(prices(fake, "LKIOSK03")) != 0 || len(prices(fake, "LKIOSK01")) != 1 {
		t.Error("withdrawing at one location reached another, or not that one")
	}
}

// What is written is the least: overrides only where the price differs, the
// shorter list of locations, never stock or sold_out.
func TestMenuRequest(t *testing.T) {
	t.Parallel()
	_, s, p := shop(t, func(c *square.Config) { c.FoodItems, c.TaxIDs = true, []string{} })
	dear := usd(1395)
	pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{{
		SKU: "FARM-411", Name: "Bowl", Description: "Rice & beans\nSpicy", Price: usd(1295), GTIN: "4006381333931",
		Calories: 520, Allergens: []string{"nuts", "egg"}, Diets: []string{"vegan"},
		Overrides: []pos.Override{{Location: "LKIOSK02", Price: &dear}, {Location: "LKIOSK03", Unavailable: true}},
	}}}})
	var body struct {
		Batches []struct{ Objects []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(s.last(t, upsert)), &body); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"ITEM","id":"#item-FARM-411","present_at_all_locations":true,"absent_at_location_ids":["LKIOSK03"],"item_data":{"product_type":"FOOD_AND_BEV",` +
		`"variations":[{"type":"ITEM_VARIATION","id":"#variation-FARM-411","item_variation_data":{"item_id":"#item-FARM-411","name":"Regular","sku":"FARM-411",` +
		`"user_data":"farmacy:FARM-411","upc":"4006381333931","pricing_type":"FIXED_PRICING","price_money":{"amount":1295,"currency":"USD"},` +
		`"location_overrides":[{"location_id":"LKIOSK02","price_money":{"amount":1395,"currency":"USD"},"pricing_type":"FIXED_PRICING"}]},` +
		`"present_at_all_locations":true,"absent_at_location_ids":["LKIOSK03"]}],` +
		`"name":"Bowl","description_html":"<p>Rice &amp; beans</p><p>Spicy</p>","is_taxable":true,` +
		`"food_and_beverage_details":{"calorie_count":520,"dietary_preferences":[{"type":"STANDARD","standard_name":"VEGAN"}],` +
		`"ingredients":[{"type":"STANDARD","standard_name":"EGGS"},{"type":"STANDARD","standard_name":"TREE_NUTS"}]}}}`
	if diff := cmp.Diff(want, string(body.Batches[0].Objects[0])); diff != "" {
		t.Errorf("item (-want +got):\n%s", diff)
	}
}

func pushCoupons(t *testing.T, p pos.Provider, push pos.CouponPush) pos.PushReport {
	t.Helper()
	report, err := p.PushCoupons(t.Context(), push)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// A coupon with an end is a rule for each local time.
func TestCouponInSeveralZones(t *testing.T) {
	t.Parallel()
	fake, s, p := shop(t, nil)
	pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: meals(2)}})
	ends := fake.Now().Add(48 * time.Hour).Truncate(time.Hour)
	push := pos.CouponPush{MaxWithdraw: pos.Percent(100), Coupons: []pos.Coupon{{
		ID: "lunch", Name: "Lunch", Percent: pos.Percent(15), SKUs: []string{"FARM-A"}, Ends: ends,
		Schedule: []pos.Hours{{Days: []time.Weekday{time.Tuesday, time.Monday}, From: 22 * 60, To: 90}},
	}}}
	if got := pushCoupons(t, p, push).Count(pos.Created); got != 3 {
		t.Errorf("created at %d locations, want 3", got)
	}
	body := s.last(t, upsert)
	if got := strings.Count(body, `"PRICING_RULE"`); got != 2 {
		t.Errorf("%d rules, want one for each of two zones", got)
	}
	newYork, err := pos.Zone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"valid_until_local_time":"` + ends.Add(-time.Second).In(newYork).Format(time.TimeOnly) + `"`,
		`"event":"DTSTART:20240108T220000\nDURATION:PT3H30M\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU"`,
		`"name":"farmacy:lunch"`, `"percentage":"15"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the request lacks %s:\n%s", want, body)
		}
	}
	if again := pushCoupons(t, p, push); again.Writes != 0 || again.Count(pos.Unchanged) != 3 {
		t.Errorf("the repeat writes %d times: %+v", again.Writes, again.Outcomes)
	}
	push.Coupons[0].Schedule, push.Coupons[0].Ends = nil, time.Time{} // one rule is enough now
	report := pushCoupons(t, p, push)
	if report.Writes != 2 || report.Count(pos.Updated) != 3 {
		t.Errorf("the change: %d writes, %+v", report.Writes, report.Outcomes)
	}
	if got := strings.Count(s.last(t, remove), ","); got != 1 { // a rule and the period
		t.Errorf("deleted: %s", s.last(t, remove))
	}
	if again := pushCoupons(t, p, push); again.Writes != 0 {
		t.Errorf("the second repeat writes %d times", again.Writes)
	}
	push.Coupons, push.Locations = nil, []string{"LKIOSK02"}
	if got := pushCoupons(t, p, push).Count(pos.Withdrawn); got != 1 {
		t.Errorf("withdrawn at %d locations, want 1", got)
	}
	push.Locations = nil
	if got := pushCoupons(t, p, push).Count(pos.Withdrawn); got != 2 {
		t.Errorf("withdrawn at %d locations, want the other 2", got)
	}
}

func TestCouponRefusals(t *testing.T) {
	t.Parallel()
	_, _, p := shop(t, func(c *square.Config) { c.AmountCoupons = false })
	pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: meals(1)}})
	for field, cp := range map[string]pos.Coupon{
		"SKUs":        {SKUs: []string{"FARM-Z"}, Percent: pos.Percent(5)},
		"Categories":  {Categories: []string{"Nowhere"}, Percent: pos.Percent(5)},
		"Amount":      {Amount: usd(100)},
		"Codes":       {Codes: []string{"SAVE5"}, Percent: pos.Percent(5)},
		"MaxUses":     {MaxUses: 3, Percent: pos.Percent(5)},
		"MinSubtotal": {MinSubtotal: pos.Money{Amount: 5, Currency: "EUR"}, Percent: pos.Percent(5)},
	} {
		cp.ID, cp.Name = "c", "Coupon"
		report := pushCoupons(t, p, pos.CouponPush{Coupons: []pos.Coupon{cp}})
		if report.Count(pos.Refused) != 3 || report.Writes != 0 {
			t.Errorf("%s: refused at %d of 3 locations with %d writes", field, report.Count(pos.Refused), report.Writes)
		}
		var ps pos.Problems
		if !errors.As(report.Err(), &ps) || !slices.ContainsFunc(ps, func(p pos.Problem) bool { return p.Field == field && p.Reason != "" }) {
			t.Errorf("%s: the reason is missing: %v", field, report.Err())
		}
	}
}

// More ids than a product set takes are nested.
func TestCouponOnManyItems(t *testing.T) {
	t.Parallel()
	fake, s, p := shop(t, nil)
	menu := bigMenu(501, nil)
	pushMenu(t, p, pos.MenuPush{Menu: menu})
	cp := pos.Coupon{ID: "all", Name: "All", Percent: pos.Percent(10)}
	for _, it := range menu.Items {
		cp.SKUs = append(cp.SKUs, it.SKU)
	}
	push := pos.CouponPush{Coupons: []pos.Coupon{cp}}
	pushCoupons(t, p, push)
	if got := strings.Count(s.last(t, upsert), `"PRODUCT_SET"`); got != 3 {
		t.Errorf("%d sets, want two with ids and one around them", got)
	}
	if again := pushCoupons(t, p, push); again.Writes != 0 {
		t.Errorf("the repeat writes %d times: %+v", again.Writes, again.Outcomes)
	}
	for _, sku := range []string{"FARM-0000", "FARM-0500"} {
		r, err := fake.Sell(posfake.Sale{Location: "LKIOSK01", Lines: []posfake.SaleLine{{SKU: sku}}})
		if err != nil || r.Discount == 0 {
			t.Errorf("%s: discount %d, %v", sku, r.Discount, err)
		}
	}
}

// Rows that come twice are one object: nothing is taken for a copy and nothing
// is deleted.
func TestRepeatedRows(t *testing.T) {
	t.Parallel()
	fake, _, p := shop(t, nil)
	menu := pos.MenuPush{Menu: pos.Menu{Items: meals(3)}}
	coupons := pos.CouponPush{Coupons: []pos.Coupon{{
		ID: "c", Name: "C", Percent: pos.Percent(5), SKUs: []string{"FARM-A"}, Ends: fake.Now().Add(time.Hour),
		Schedule: []pos.Hours{{From: 60, To: 120}},
	}}}
	pushMenu(t, p, menu)
	pushCoupons(t, p, coupons)
	if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultDuplicate, Times: -1}); err != nil {
		t.Fatal(err)
	}
	again := pushMenu(t, p, menu)
	if again.Writes != 0 || again.Outcomes[0].Notes != nil {
		t.Errorf("menu: %d writes, %+v", again.Writes, again.Outcomes[0].Notes)
	}
	if again := pushCoupons(t, p, coupons); again.Writes != 0 {
		t.Errorf("coupons: %d writes, %+v", again.Writes, again.Outcomes)
	}
}

// A conflict is answered with a new read: what others wrote meanwhile stays,
// and what is already as it should be is not written again.
func TestConflictIsReadAgain(t *testing.T) {
	t.Parallel()
	fake, s, p := shop(t, nil)
	items := meals(3)
	pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: items}})
	for i := range items {
		items[i].Name = "Renamed"
	}
	hit := false
	s.answer = func(path, _ string) (int, string) {
		if path == upsert && !hit { // somebody else is faster
			hit = true
			for _, e := range []posfake.MenuEdit{{SKU: "FARM-A", Name: "Renamed"}, {SKU: "FARM-B", Note: "shelf 3"}} {
				e.Location = "LKIOSK01"
				if err := fake.Tamper(e); err != nil {
					t.Error(err)
				}
			}
		}
		return 0, ""
	}
	report := pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: items}})
	if err := report.Err(); err != nil || report.Writes != 2 {
		t.Errorf("%d writes, %v", report.Writes, err)
	}
	if o, _ := report.At("FARM-A", "LKIOSK01"); o.Action != pos.Unchanged {
		t.Errorf("what somebody else renamed alike is reported as %s", o.Action)
	}
	if got := fake.Note("LKIOSK01", "FARM-B"); got != "shelf 3" {
		t.Errorf("a note made meanwhile is %q", got)
	}
	if again := pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: items}}); again.Writes != 0 {
		t.Errorf("the repeat writes %d times", again.Writes)
	}
}
