package bytetech_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// bodies records what is written to a path.
func (a *account) bodies(path string) (get func() []string) {
	var got []string
	a.fake.Intercept(func(r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Path == path {
			got = append(got, string(fakekit.Body(r)))
		}
		return false
	}, nil)
	return func() []string { return got }
}

func TestCouponRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, bytetechfake.Config{Locations: places}, fullProfile)
		get := a.bodies("/v1/discounts")
		day := func(d int) time.Time { return time.Date(2026, 12, d, 5, 0, 0, 0, time.UTC) }
		for _, tc := range []struct {
			coupon pos.Coupon
			want   string
		}{
			{
				pos.Coupon{ID: "LAUNCH10", Name: "Launch week", Percent: 125_000, Codes: []string{"LAUNCH10"}, Starts: day(1), Ends: day(8)},
				`{"kind":"coupon","value_type":"percent","percent":"12.5","starts_at":"2026-12-01T05:00:00.000Z","ends_at":"2026-12-08T05:00:00.000Z","coupon":{"coupon_type":"reusable","code":"LAUNCH10"}}`,
			},
			{
				pos.Coupon{ID: "SINGLE", Name: "Single", Amount: usd(150), GenerateCodes: 3, Starts: day(1)},
				`{"kind":"coupon","value_type":"amount","amount_cents":150,"starts_at":"2026-12-01T05:00:00.000Z","coupon":{"coupon_type":"single_use","code_count":3}}`,
			},
			{
				pos.Coupon{ID: "HAPPY", Name: "Happy hour", Percent: pos.Percent(20), Starts: day(1), Schedule: []pos.Hours{{Days: []time.Weekday{time.Monday, time.Friday}, From: 22 * 60, To: 24 * 60}}},
				`{"kind":"happy_hour","value_type":"percent","percent":"20","starts_at":"2026-12-01T05:00:00.000Z","schedule":{"days":["MON","FRI"],"start_time":"22:00","end_time":"00:00"}}`,
			},
			{
				pos.Coupon{ID: "LASTDAY", Name: "Last day", Percent: pos.Percent(50), Starts: day(1), NearExpiryDays: 1},
				`{"kind":"shelf_life","value_type":"percent","percent":"50","starts_at":"2026-12-01T05:00:00.000Z","max_expiration_days":1}`,
			},
			{
				pos.Coupon{ID: "PLAIN", Name: "Plain", Percent: pos.Percent(5), Starts: day(1)},
				`{"kind":"standard","value_type":"percent","percent":"5","starts_at":"2026-12-01T05:00:00.000Z"}`,
			},
		} {
			before := len(get())
			report, err := a.provider.PushCoupons(t.Context(), pos.CouponPush{Coupons: []pos.Coupon{tc.coupon}, Partial: true})
			if err := errors.Join(err, report.Err()); err != nil {
				t.Fatal(err)
			}
			if len(get()) != before+1 {
				t.Fatalf("%d requests", len(get())-before)
			}
			got, want := map[string]any{}, map[string]any{}
			if err := errors.Join(json.Unmarshal([]byte(get()[before]), &got), json.Unmarshal([]byte(tc.want), &want)); err != nil {
				t.Fatal(err)
			}
			want["name"] = tc.coupon.Name
			want["applies_to"] = map[string]any{"product_ids": []any{}, "category_ids": []any{}, "kiosk_ids": []any{}}
			if id, _ := got["external_id"].(string); !strings.HasPrefix(id, tc.coupon.ID+"~1~") || len(id) > 64 {
				t.Errorf("external id %q", id)
			}
			delete(got, "external_id")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.coupon.ID, diff)
			}
			if o, _ := report.At(tc.coupon.ID, places[0].ID); len(o.Codes) != tc.coupon.GenerateCodes {
				t.Errorf("%s: codes %v", tc.coupon.ID, o.Codes)
			}
		}
	})
}

func TestCouponRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, bytetechfake.Config{Locations: places}, fullProfile)
		span := pos.Hours{From: 600, To: 700}
		base := pos.Coupon{ID: "X", Name: "X", Percent: pos.Percent(5)}
		for field, change := range map[string]func(*pos.Coupon){
			"Codes":              func(c *pos.Coupon) { c.Codes = []string{"AAA", "BBB"} },
			"GenerateCodes":      func(c *pos.Coupon) { c.GenerateCodes = 1001 },
			"MinSubtotal":        func(c *pos.Coupon) { c.MinSubtotal = usd(1) },
			"MaxUses":            func(c *pos.Coupon) { c.MaxUses = 5 },
			"MaxUsesPerCustomer": func(c *pos.Coupon) { c.MaxUsesPerCustomer = 1 },
			"FirstPurchaseOnly":  func(c *pos.Coupon) { c.FirstPurchaseOnly = true },
			"Exclusive":          func(c *pos.Coupon) { c.Exclusive = true },
			"MaxDiscount":        func(c *pos.Coupon) { c.MaxDiscount = usd(1) },
			"SKUs":               func(c *pos.Coupon) { c.SKUs = []string{"NOBODY"} },
			"Categories":         func(c *pos.Coupon) { c.Categories = []string{"Nothing"} },
			"Amount":             func(c *pos.Coupon) { c.Percent, c.Amount = 0, pos.Money{Amount: 1, Currency: "EUR"} },
			"Schedule":           func(c *pos.Coupon) { c.Schedule = []pos.Hours{span, {From: 800, To: 900}} },
			"NearExpiryDays":     func(c *pos.Coupon) { c.NearExpiryDays, c.Codes = 1, []string{"AAA"} },
		} {
			cp := base
			change(&cp)
			report, err := a.provider.PushCoupons(t.Context(), pos.CouponPush{Coupons: []pos.Coupon{cp}})
			if err != nil {
				t.Fatal(err)
			}
			o, _ := report.At("X", places[0].ID)
			var ps pos.Problems
			if o.Action != pos.Refused || !errors.Is(o.Err, pos.ErrUnsupported) || !errors.As(o.Err, &ps) || ps[0].Field != field || report.Writes != 0 {
				t.Errorf("%s: %+v", field, o)
			}
		}
	})
}

// A coupon's kiosks change by ending one discount and creating another.
func TestCouponKiosks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, bytetechfake.Config{Locations: places, Products: 1}, fullProfile)
		cp := pos.Coupon{ID: "C", Name: "C", Percent: pos.Percent(50), Codes: []string{"HALF"}}
		push := func(locations []string, coupons ...pos.Coupon) pos.PushReport {
			t.Helper()
			report, err := a.provider.PushCoupons(t.Context(), pos.CouponPush{Coupons: coupons, Locations: locations, MaxWithdraw: pos.Percent(100)})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			return report
		}
		holds := func(want ...bool) {
			t.Helper()
			for i, w := range want {
				r, err := a.fake.Sell(posfake.Sale{Location: places[i].ID, Lines: []posfake.SaleLine{{SKU: "FARM-001"}}, Codes: []string{"HALF"}})
				if err != nil || (r.Discount > 0) != w {
					t.Errorf("at %s: discount %d, want one %t (%v)", places[i].ID, r.Discount, w, err)
				}
			}
		}
		here, there := []string{places[0].ID}, []string{places[1].ID}
		push(here, cp)
		holds(true, false)
		if r := push(there, cp); r.Count(pos.Updated) != 1 || r.Writes != 2 {
			t.Errorf("%+v", r)
		}
		holds(true, true)
		if r := push(here); r.Count(pos.Withdrawn) != 1 || r.Writes != 2 {
			t.Errorf("%+v", r)
		}
		holds(false, true)
		other := cp
		other.Percent = pos.Percent(10)
		if r := push(here, other); r.Count(pos.Refused) != 1 || r.Writes != 0 {
			t.Errorf("other terms at one kiosk: %+v", r)
		}
		if r := push(nil, other); r.Count(pos.Updated) != 2 || r.Err() != nil {
			t.Errorf("%+v", r)
		}
		holds(true, true)
		if r := push(nil); r.Count(pos.Withdrawn) != 2 || r.Writes != 1 {
			t.Errorf("%+v", r)
		}
		holds(false, false)
		push(nil, cp) // the same id once more
		holds(true, true)
	})
}

// Without a store, products that are as the menu says are taken on; others are
// somebody else's until Config.Adopt names them.
func TestLostStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, bytetechfake.Config{Locations: places}, `{}`)
		items := meals(3)
		push := pos.MenuPush{Menu: pos.Menu{Items: items}, MaxWithdraw: pos.Percent(100)}
		if _, err := a.provider.PushMenu(t.Context(), push); err != nil {
			t.Fatal(err)
		}
		items[1].Name = "Renamed"
		for _, tc := range []struct {
			adopt  []string
			failed int
		}{{nil, 2}, {[]string{items[1].SKU}, 0}} {
			p, err := bytetech.New(bytetech.Config{
				Account: "new", BaseURL: "https://byte.example", ClientID: "farmacy", ClientSecret: pos.NewSecret(clientSecret), Adopt: tc.adopt,
			}, &kit.Options{HTTPClient: &http.Client{Transport: a.fake.Transport()}})
			if err != nil {
				t.Fatal(err)
			}
			report, err := p.PushMenu(t.Context(), push)
			if err != nil || report.Count(pos.Failed) != tc.failed || tc.failed > 0 && !errors.Is(report.Err(), pos.ErrConflict) {
				t.Errorf("adopting %v: %+v, %v", tc.adopt, report, err)
			}
			if report, err = p.PushMenu(t.Context(), push); err != nil || report.Writes != 0 {
				t.Errorf("adopting %v, again: %d writes, %v", tc.adopt, report.Writes, err)
			}
		}
	})
}

// Listings that somebody changed by hand are found when they are read.
func TestVerifyListings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, bytetechfake.Config{Locations: places}, `{}`)
		p, err := bytetech.New(bytetech.Config{
			Account: "campus west", BaseURL: "https://byte.example", ClientID: "farmacy", ClientSecret: pos.NewSecret(clientSecret), VerifyListings: true,
		}, &kit.Options{HTTPClient: &http.Client{Transport: a.fake.Transport()}, Store: a.store})
		if err != nil {
			t.Fatal(err)
		}
		items := meals(2)
		price := usd(500)
		items[0].Overrides = []pos.Override{{Location: places[0].ID, Price: &price}}
		push := pos.MenuPush{Menu: pos.Menu{Items: items}}
		if _, err := p.PushMenu(t.Context(), push); err != nil {
			t.Fatal(err)
		}
		by := int64(777)
		if err := a.fake.Tamper(posfake.MenuEdit{Location: places[0].ID, SKU: items[0].SKU, Price: &by}); err != nil {
			t.Fatal(err)
		}
		report, err := p.PushMenu(t.Context(), push)
		if err != nil || report.Writes != 1 {
			t.Errorf("%+v, %v", report, err)
		}
		for _, row := range a.fake.Menu() {
			if row.Location == places[0].ID && row.SKU == items[0].SKU && row.Price != 500 {
				t.Errorf("%+v", row)
			}
		}
	})
}

// Withdrawn packages are to be taken out where there are any.
func TestManualRemoval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, bytetechfake.Config{Locations: places}, `{}`)
		items := meals(2)
		if _, err := a.provider.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: items}}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.fake.Restock(places[1].ID, items[1].SKU, 3, time.Time{}); err != nil {
			t.Fatal(err)
		}
		report, err := a.provider.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: items[:1]}})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []bool{false, true} {
			if o, _ := report.At(items[1].SKU, places[i].ID); o.Action != pos.Withdrawn || (o.Manual != "") != want {
				t.Errorf("%+v", o)
			}
		}
	})
}

// Sales name our coupons, and discounts of others without a coupon.
func TestSalesNameCoupons(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, bytetechfake.Config{Locations: places, Products: 1}, `{}`)
		cp := pos.Coupon{ID: "SPRING", Name: "Spring", Percent: pos.Percent(10), Codes: []string{"SPRING-1"}}
		if _, err := a.provider.PushCoupons(t.Context(), pos.CouponPush{Coupons: []pos.Coupon{cp}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, err := a.fake.Sell(posfake.Sale{Location: places[0].ID, Lines: []posfake.SaleLine{{SKU: "FARM-001"}}, Codes: cp.Codes}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		n := 0
		for b, err := range pos.AllPurchases(t.Context(), a.provider, pos.PurchaseQuery{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if len(b.Discounts) != 1 || b.Discounts[0].Coupon != "SPRING" || b.Discounts[0].Code != "SPRING-1" {
				t.Errorf("%+v", b.Discounts)
			}
		}
		if n != 1 {
			t.Errorf("%d sales", n)
		}
	})
}

// Without idempotency keys a create whose answer was lost is looked up before
// it is sent again.
func TestLostCreate(t *testing.T) {
	t.Parallel()
	for _, patch := range []string{`{}`, fullProfile} {
		synctest.Test(t, func(t *testing.T) {
			a := open(t, bytetechfake.Config{Locations: places}, patch)
			if _, err := a.fake.Inject(posfake.Fault{Kind: posfake.FaultLostReply, Op: "createDiscount"}); err != nil {
				t.Fatal(err)
			}
			push := pos.CouponPush{Coupons: []pos.Coupon{{ID: "C", Name: "C", Percent: pos.Percent(10), Codes: []string{"CCC"}}}}
			report, err := a.provider.PushCoupons(t.Context(), push)
			if err := errors.Join(err, report.Err()); err != nil {
				t.Fatal(err)
			}
			if report, err = a.provider.PushCoupons(t.Context(), push); err != nil || report.Writes != 0 || report.Count(pos.Unchanged) != 2 {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}
