package square_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

const (
	catalogInfo = "/v2/catalog/info"
	search      = "/v2/catalog/search"
	retrieve    = "/v2/catalog/batch-retrieve"
)

// Requests follow the limits that Square tells; the fake refuses larger ones.
func TestRequestsFollowLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := squarefake.New(squarefake.Config{Places: places, Limits: squarefake.CatalogLimits{
			BatchObjects: 5, RequestObjects: 12, RetrieveIDs: 3, DeleteIDs: 4, SearchPage: 7,
		}})
		defer fake.Close()
		s := &spy{next: fake.Transport()}
		open := func() *square.Provider {
			p, err := square.New(
				square.Config{Account: "M1", BaseURL: "https://square.example", AccessToken: pos.NewSecret(fake.Credentials().AccessToken), RequestsPerSecond: 10_000},
				&kit.Options{HTTPClient: &http.Client{Transport: s}, Retry: kit.Retry{Attempts: 1}})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		p := open()
		count := func(path string, want int) {
			t.Helper()
			if got := len(s.bodies[path]); got != want {
				t.Errorf("%d requests to %s, want %d", got, path, want)
			}
			delete(s.bodies, path)
		}
		menu := pos.MenuPush{Menu: pos.Menu{Items: meals(10)}, DryRun: true}
		dry := pushMenu(t, p, menu).Writes
		count(catalogInfo, 1)
		menu.DryRun = false
		report := pushMenu(t, p, menu)
		if err := report.Err(); err != nil || report.Count(pos.Created) != 30 {
			t.Fatalf("created %d, want 30: %v", report.Count(pos.Created), err)
		}
		if report.Writes != 3 || dry != 3 {
			t.Errorf("%d writes, %d promised, want one for the category and two for 20 objects", report.Writes, dry)
		}
		count(upsert, 3)
		count(search, 2)
		pushMenu(t, p, menu)
		if !strings.Contains(s.last(t, search), `"limit":7`) {
			t.Errorf("searched with %s", s.last(t, search))
		}
		count(search, 2) // 11 objects

		var coupons []pos.Coupon
		for _, id := range []string{"a", "b", "c"} {
			coupons = append(coupons, pos.Coupon{ID: id, Name: id, Percent: pos.Percent(10), SKUs: []string{"FARM-A"}})
		}
		if err := pushCoupons(t, p, pos.CouponPush{Coupons: coupons}).Err(); err != nil {
			t.Fatal(err)
		}
		if err := pushCoupons(t, p, pos.CouponPush{MaxWithdraw: pos.Percent(100)}).Err(); err != nil {
			t.Fatal(err)
		}
		count(remove, 3) // 3 coupons of discount, set and rule

		var lines []posfake.SaleLine
		for _, m := range meals(10) {
			lines = append(lines, posfake.SaleLine{SKU: m.SKU})
		}
		if _, err := fake.Sell(posfake.Sale{Location: "LKIOSK01", Lines: lines}); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		count(catalogInfo, 0)
		page, err := open().Purchases(t.Context(), pos.PurchaseQuery{Locations: []string{"LKIOSK01"}})
		if err != nil || len(page.Purchases) != 1 || page.Purchases[0].Lines[9].SKU != "FARM-J" {
			t.Fatalf("%+v, %v", page.Purchases, err)
		}
		count(retrieve, 4) // 10 variations, which this provider has not seen
		count(catalogInfo, 1)
	})
}

// Where Square tells no limits, the documented ones hold and nothing fails.
func TestLimitsUnknown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		reply  string
		page   string
	}{
		"no permission": {403, `{"errors":[{"category":"AUTHENTICATION_ERROR","code":"INSUFFICIENT_SCOPES"}]}`, `"limit":1000`},
		"gone":          {410, `{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"GONE"}]}`, `"limit":1000`},
		"error inside":  {200, `{"errors":[{"category":"API_ERROR","code":"INTERNAL_SERVER_ERROR"}],"limits":{"search_max_page_limit":7}}`, `"limit":1000`},
		"no JSON":       {200, `sorry`, `"limit":1000`},
		"nothing":       {200, `{}`, `"limit":1000`},
		"nonsense":      {200, `{"limits":{"search_max_page_limit":-1}}`, `"limit":1000`},
		"one of them":   {200, `{"limits":{"search_max_page_limit":7}}`, `"limit":7}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s, p := shop(t, nil)
			s.answer = func(path, _ string) (int, string) {
				if path == catalogInfo {
					return tc.status, tc.reply
				}
				return 0, ""
			}
			for range 2 {
				report := pushMenu(t, p, pos.MenuPush{Menu: pos.Menu{Items: meals(3)}})
				if err := report.Err(); err != nil {
					t.Error(err)
				}
			}
			if body := s.last(t, search); !strings.Contains(body, tc.page) {
				t.Errorf("searched with %s, want %s", body, tc.page)
			}
			if n := len(s.bodies[catalogInfo]); n != 1 {
				t.Errorf("limits were read %d times, want once", n)
			}
		})
	}
}
