package simphonyfake_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

func TestDiscounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := two
		cfg.PercentField = "pct"
		c := setup(t, cfg)
		c.meal("510001", "FARM-1", "10.00")
		given := func(location string, codes ...string) int64 {
			t.Helper()
			s := one(location, "FARM-1")
			s.Codes = codes
			return c.sell(s).Discount
		}
		end := c.fake.Now().Add(hour).UTC().Format("2006-01-02T15:04:05")
		group := c.config("setup/effectivityGroups", `{"hierUnitId":1,"objectNum":7,"name":{"en-US":"Hour"},"activeTimes":[{"startTime":"1999-01-01T00:00:00","endTime":"`+end+`"}]}`).want(200).json().str("changeSetId")
		c.config("sales/upsertDiscounts", `{"hierUnitId":1,"objectNum":60,"effGrpObjNum":7,"name":{"en-US":"Auto"},"activationType":1,"pct":12.5}`).want(200)
		c.config("sales/upsertDiscounts", `{"hierUnitId":1,"objectNum":61,"activationType":2}`).want(400) // a new one needs a name
		c.config("sales/upsertDiscounts", `{"hierUnitId":1,"objectNum":61,"name":{"en-US":"Coupon"},"activationType":2,"amount":2,"autoRule":{"a":1,"b":2}}`).want(200)
		if got := []int64{given("north"), given("north", "61"), given("north", "99")}; !cmp.Equal(got, []int64{125, 325, 125}) {
			t.Errorf("discounts %v", got)
		}
		c.config("sales/upsertDiscounts", `{"hierUnitId":1,"objectNum":61,"amount":3,"autoRule":{"b":3}}`).want(200)
		kept := c.config("sales/getDiscounts", `{"includeAll":"detailed","searchCriteria":"where equals(objectNum,61)"}`).json().at("items", 0)
		if kept.str("name", "en-US") != "Coupon" || kept.str("autoRule", "a") != "1" || kept.str("autoRule", "b") != "3" || given("north", "61") != 425 {
			t.Errorf("after an upsert of one field: %v", kept.v)
		}
		c.config("setup/effectivityGroups/enableEffectivityGroups", `{"hierUnitId":`+c.unit("south")+`,"changeSetId":`+group+`,"enableEffectivityGroup":false}`).want(200)
		if given("south") != 0 || given("north") != 125 {
			t.Error("a group that is switched off at one property")
		}
		c.config("sales/upsertDiscounts", `{"hierUnitId":`+c.unit("south")+`,"objectNum":61,"name":{"en-US":"Off"},"enabled":false,"amount":3}`).want(200)
		if given("south", "61") != 0 {
			t.Error("a property's own record does not win")
		}
		c.fake.Advance(hour)
		if given("north") != 0 {
			t.Error("the end of the validity is inclusive")
		}
		c.config("sales/discounts", `{"hierUnitId":1,"objectNum":62,"name":{"en-US":"X"},"activationType":3}`).want(400)
		c.config("sales/discounts", `{"hierUnitId":1,"objectNum":62,"name":{"en-US":"X"},"pct":101}`).want(400)
		c.config("sales/discounts", `{"hierUnitId":1,"objectNum":62,"name":{"en-US":"X"},"effGrpObjNum":99}`).want(400)
	})
}

func TestSimulatorRefuses(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	c.meal("510001", "FARM-1", "9.50")
	sale := c.sell(one("north", "FARM-1"))
	for name, do := range map[string]func() error{
		"failed payments": func() error {
			_, err := c.fake.Sell(posfake.Sale{Location: "north", State: "failed", Lines: []posfake.SaleLine{{SKU: "FARM-1"}}})
			return err
		},
		"pending refunds": func() error {
			_, err := c.fake.Refund(posfake.Refund{ID: sale.ID, State: "pending"})
			return err
		},
		"silent edits": func() error { _, err := c.fake.Edit(posfake.Edit{ID: sale.ID, Silent: true}); return err },
		"page tokens":  func() error { _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultPageToken}); return err },
	} {
		if err := do(); !errors.Is(err, posfake.ErrNotSimulated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, do := range map[string]func() error{
		"unknown location": func() error { _, err := c.fake.Sell(one("nowhere", "FARM-1")); return err },
		"unknown item":     func() error { _, err := c.fake.Sell(one("north", "NOPE")); return err },
		"no line":          func() error { _, err := c.fake.Sell(posfake.Sale{Location: "north"}); return err },
		"future": func() error {
			s := one("north", "FARM-1")
			s.OccurredAt = c.fake.Now().Add(hour)
			_, err := c.fake.Sell(s)
			return err
		},
		"void of nothing": func() error { _, err := c.fake.Void("nope"); return err },
		"closed twice":    func() error { _, err := c.fake.Edit(posfake.Edit{ID: sale.ID, Pay: true}); return err },
		"stock":           func() error { return c.fake.SetStock("north", "NOPE", nil) },
		"twin location":   func() error { return c.fake.AddLocation(posfake.LocationSeed{ID: "NORTH"}) },
		"bad zone":        func() error { return c.fake.AddLocation(posfake.LocationSeed{ID: "x", TimeZone: "Mars/Base"}) },
	} {
		if do() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := c.fake.Void(sale.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.fake.Void(sale.ID); err == nil {
		t.Error("voided twice")
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := simphonyfake.New(simphonyfake.Config{
		Properties: -1, OptionBase: 2, DayStart: 1440, WebhookKey: "x", Accounts: []simphonyfake.Account{{API: "nope"}},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{"Properties", "OptionBase", "DayStart", "WebhookKey", "Accounts[0]"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("the error does not name %s: %v", field, err)
		}
	}
	for _, seed := range []posfake.LocationSeed{{ID: "a/b"}, {ID: "x", Currency: "???"}} {
		if _, err := simphonyfake.New(simphonyfake.Config{Locations: []posfake.LocationSeed{seed}}); err == nil {
			t.Errorf("%+v: no error", seed)
		}
	}
}

// TestSameSeed proves that equal seeds make equal worlds.
func TestSameSeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ledgers [2][]posfake.Record
		for i := range ledgers {
			c := setup(t, simphonyfake.Config{Seed: 7, Items: 5, Properties: 3})
			for _, l := range c.fake.Locations() {
				c.sell(one(l, "HOST-FARM-001"))
			}
			ledgers[i] = c.fake.Ledger()
		}
		if diff := cmp.Diff(ledgers[0], ledgers[1]); diff != "" {
			t.Errorf("ledgers differ:\n%s", diff)
		}
	})
}

// TestTwins: a till that sends a sale twice repeats its reference.
func TestTwins(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	price := int64(500)
	s := posfake.Sale{Location: "north", Reference: "T-1", Tender: "cash", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}}
	a, b := c.sell(s), c.sell(s)
	if a.ID == b.ID || a.Reference != b.Reference {
		t.Errorf("records %+v and %+v", a, b)
	}
}

func BenchmarkGuestChecks(b *testing.B) {
	c := setup(b, two)
	price := int64(500)
	for range 1000 {
		c.sell(posfake.Sale{Location: "north", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
	}
	body := `{"locRef":"north","busDt":"` + c.today("north") + `"}`
	for b.Loop() {
		c.bi("getGuestChecks", body).want(200)
	}
}

func BenchmarkMenu(b *testing.B) {
	f, err := simphonyfake.New(simphonyfake.Config{Items: 500, Properties: 100})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	start := time.Now()
	for b.Loop() {
		if n := len(f.Menu()); n != 50_000 {
			b.Fatalf("%d rows after %v", n, time.Since(start))
		}
	}
}
