package simphonyfake_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

// checks reads the guest checks of a business date at a location.
func (c *client) checks(locRef, day, more string) value {
	c.t.Helper()
	return c.bi("getGuestChecks", `{"locRef":"`+locRef+`","busDt":"`+day+`","applicationName":"test"`+more+`}`).want(200).json()
}

func (c *client) today(locRef string) string {
	c.t.Helper()
	return c.bi("getLatestBusinessDate", `{"locRef":"`+locRef+`"}`).want(200).json().str("latestBusDt")
}

func TestGuestCheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, two)
		c.meal("510001", "FARM-1", "9.50")
		c.config("sales/discounts", `{"hierUnitId":1,"objectNum":50,"name":{"en-US":"Spring"},"activationType":2,"percentage":10,"externalReference2":"SPRING"}`).want(200)
		day := c.today("north")
		if got := c.checks("north", day, ""); got.at("guestChecks").v != nil || got.str("curUTC") == "" || got.str("locRef") != "north" {
			t.Errorf("a day without checks: %v", got.v)
		}
		price := int64(100)
		r := c.sell(posfake.Sale{Location: "North", Codes: []string{"SPRING"}, Tip: 150, Reference: "T-1", Lines: []posfake.SaleLine{
			{SKU: "FARM-1", Quantity: 2}, {Name: "Off the menu", Price: &price},
		}})
		// Goods 19.00 + 1.00, 10 % off, 8 % tax on 17.10 and 0.90 (1.37 and 0.07), tip 1.50.
		if r.Total != 2094 || r.Discount != 200 || r.Tax != 144 || r.Tip != 150 || r.Location != "north" || r.State != "completed" {
			t.Errorf("record %+v", r)
		}
		k := c.checks("north", day, "").at("guestChecks", 0)
		for field, want := range map[string]string{
			"chkTtl": "20.94", "payTtl": "20.94", "subTtl": "18", "dscTtl": "-2", "tipTotal": "1.5", "taxCollTtl": "1.44", "balDueTtl": "",
			"opnBusDt": day, "clsdBusDt": day, "chkNum": "1", "rvcNum": "1",
		} {
			if got := k.str(field); got != want {
				t.Errorf("%s is %q, want %q", field, got, want)
			}
		}
		if r.ID != "bi:north:"+k.str("guestCheckId") || !k.flag("clsdFlag") || k.flag("cancelFlag") || len(k.str("posChkGUID")) != 40 {
			t.Errorf("check %v, record %s", k.v, r.ID)
		}
		if strings.HasSuffix(k.str("opnUTC"), "Z") || k.str("opnUTC") == k.str("opnLcl") {
			t.Errorf("times %s and %s", k.str("opnUTC"), k.str("opnLcl"))
		}
		var kinds []string
		for _, l := range k.list("detailLines") {
			for _, kind := range []string{"menuItem", "discount", "serviceCharge", "tenderMedia"} {
				if l.at(kind).v != nil {
					kinds = append(kinds, kind+" "+l.str("dspTtl")+" "+l.str("refInfo1"))
				}
			}
		}
		want := "menuItem 19 |menuItem 1 |discount -2 SPRING|serviceCharge 1.5 |tenderMedia 20.94 T-1"
		if got := strings.Join(kinds, "|"); got != want {
			t.Errorf("lines %s", got)
		}
		if tax := k.at("taxes", 0); tax.str("taxRate") != "8" || tax.str("type") != "1" || tax.str("txblSlsTtl") != "18" {
			t.Errorf("tax %v", tax.v)
		}
		items := c.bi("getMenuItemDimensions", `{"locRef":"north"}`).want(200).json()
		if rows := items.list("menuItems"); len(rows) != 3 || rows[0].str("num") != "510001" || rows[0].str("name") != "Lentil bowl" {
			t.Errorf("menu items %v", items.v)
		}
	})
}

func TestGuestChecksRequest(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	price := int64(500)
	for i := range 3 {
		c.sell(posfake.Sale{Location: "north", Lines: []posfake.SaleLine{{Name: fmt.Sprint("Meal ", i), Price: &price}}})
	}
	day := c.today("north")
	for _, bad := range []string{
		`{"locRef":"north"}`, `{"locRef":"north","busDt":"` + day + `","opnBusDt":"` + day + `"}`, `{"locRef":"north","busDt":"today"}`,
		`{"locRef":"nowhere","busDt":"` + day + `"}`, `{"locRef":"north","busDt":"` + day + `","changedSinceUTC":"x"}`,
		`{"locRef":"north","busDt":"` + day + `","searchCriteria":"x"}`, `{`,
	} {
		got := c.bi("getGuestChecks", bad).want(400).json()
		if got.str("status") != "400" || got.str("detail") == "" {
			t.Errorf("%s: %v", bad, got.v)
		}
	}
	id := c.checks("north", day, "").str("guestChecks", 1, "guestCheckId")
	one := c.checks("north", day, `,"searchCriteria":"where equals(guestChecks.guestCheckId, `+id+`)"`)
	if rows := one.list("guestChecks"); len(rows) != 1 || rows[0].str("guestCheckId") != id {
		t.Errorf("one by id: %v", one.v)
	}
	few := c.checks("north", day, `,"include":"curUTC, guestChecks.chkNum, guestChecks.detailLines.menuItem.miNum"`)
	if few.str("locRef") != "" || few.str("guestChecks", 0, "chkNum") != "1" || few.at("guestChecks", 0, "chkTtl").v != nil ||
		few.str("guestChecks", 0, "detailLines", 0, "menuItem", "miNum") == "" {
		t.Errorf("included fields: %v", few.v)
	}
	auth := []string{"Authorization", "Bearer " + c.token(simphonyfake.BI)}
	c.send("POST", base+"/bi/v1/other/getLocationDimensions", "{}", auth...).want(403)
}

func TestBusinessDates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, two)
		zone, err := time.LoadLocation("America/New_York")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Date(2000, 1, 10, 3, 30, 0, 0, zone) // before the day begins at 04:00
		c.fake.Advance(start.Sub(c.fake.Now()))
		price := int64(500)
		sale := posfake.Sale{Location: "north", Tender: "none", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}}
		open := c.sell(sale)
		if open.State != "open" || c.today("north") != "2000-01-09" {
			t.Errorf("state %s, business date %s", open.State, c.today("north"))
		}
		c.fake.Advance(hour)
		if _, err := c.fake.Edit(posfake.Edit{ID: open.ID, Pay: true}); err != nil {
			t.Fatal(err)
		}
		for _, day := range []string{"2000-01-09", "2000-01-10"} { // opened on one, closed on the other
			if got := len(c.checks("north", day, "").list("guestChecks")); got != 1 {
				t.Errorf("%s: %d checks", day, got)
			}
		}
		late := sale
		late.Tender, late.OccurredAt = "", c.fake.Now().Add(-71*hour)
		c.sell(late)
		got := c.checks("north", "2000-01-07", `,"changedSinceUTC":"`+c.fake.Now().Add(-time.Minute).Format("2006-01-02T15:04:05")+`"`)
		if len(got.list("guestChecks")) != 1 || got.str("guestChecks", 0, "opnLcl") != "2000-01-07T05:30:00" {
			t.Errorf("a late posting: %v", got.v)
		}
		totals := c.bi("getControlDailyTotals", `{"locRef":"north","busDt":"2000-01-10"}`).want(200).json()
		if totals.str("revenueCenters", 0, "numClsdChks") != "1" || totals.str("revenueCenters", 0, "clsdChkTtl") != "5.4" || totals.str("eodStatus") != "0" {
			t.Errorf("control totals %v", totals.v)
		}
		// Closed on the 10th, so that only its opening is on the 9th.
		if totals := c.bi("getControlDailyTotals", `{"locRef":"north","clsdBusDt":"2000-01-09"}`).want(200).json(); totals.str("revenueCenters", 0, "numClsdChks") != "0" {
			t.Errorf("control totals of the day before %v", totals.v)
		}
		c.bi("getControlDailyTotals", `{"locRef":"north","clsdBusDt":"2000-01-09","busDt":"2000-01-09"}`).want(400)
	})
}

func TestChangedSince(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := two
		cfg.PartialLines = true
		c := setup(t, cfg)
		price := int64(500)
		r := c.sell(posfake.Sale{Location: "north", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
		day := c.today("north")
		cursor := c.checks("north", day, "").str("curUTC")
		since := `,"changedSinceUTC":"` + cursor + `"`
		if got := c.checks("north", day, since); got.at("guestChecks").v != nil {
			t.Errorf("nothing changed after %s: %v", cursor, got.v)
		}
		c.fake.Advance(time.Minute)
		if _, err := c.fake.Edit(posfake.Edit{ID: r.ID, Tip: new(int64(200))}); err != nil {
			t.Fatal(err)
		}
		got := c.checks("north", day, since).at("guestChecks", 0)
		if got.str("tipTotal") != "2" || got.str("chkTtl") != "7.4" || len(got.list("detailLines")) != 2 {
			t.Errorf("changed check %v", got.v)
		}
		if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultWidened}); err != nil {
			t.Fatal(err)
		}
		c.fake.Advance(time.Hour)
		now := `,"changedSinceUTC":"` + c.fake.Now().Format("2006-01-02T15:04:05") + `"`
		if rows := c.checks("north", day, now).list("guestChecks"); len(rows) != 1 {
			t.Errorf("widened: %d rows", len(rows))
		}
	})
}

func TestReturnsAndVoids(t *testing.T) {
	t.Parallel()
	for _, reopen := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			cfg := two
			cfg.ReopenReturns = reopen
			c := setup(t, cfg)
			price := int64(1000)
			sale := posfake.Sale{Location: "north", Tip: 100, Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}}
			a, b := c.sell(sale), c.sell(sale)
			c.fake.Advance(time.Minute)
			back, err := c.fake.Refund(posfake.Refund{ID: a.ID, Amount: 300})
			if err != nil {
				t.Fatal(err)
			}
			if back.Refunded != 300 || (back.ID == a.ID) != reopen || reopen && back.Total != a.Total {
				t.Errorf("refund record %+v", back)
			}
			if rest, err := c.fake.Refund(posfake.Refund{ID: a.ID}); err != nil || rest.Refunded+back.Refunded*value01(!reopen) != 1180 {
				t.Errorf("refund of the rest %+v, %v", rest, err)
			}
			if _, err := c.fake.Refund(posfake.Refund{ID: a.ID, Amount: 1}); err == nil {
				t.Error("refunded more than was paid")
			}
			whole, err := c.fake.Refund(posfake.Refund{ID: b.ID})
			if err != nil || whole.Refunded != 1180 {
				t.Errorf("refund of everything %+v, %v", whole, err)
			}
			day := c.today("north")
			for _, k := range c.checks("north", day, "").list("guestChecks") {
				if k.str("guestCheckId") == strings.TrimPrefix(whole.ID, "bi:north:") {
					want := "-11.8"
					if reopen {
						want = ""
					}
					if got := k.str("chkTtl"); want != "" && got != want {
						t.Errorf("total of the return %s", got)
					}
					if l := k.at("detailLines", 0); !reopen && !l.flag("menuItem", "returnFlag") {
						t.Errorf("returned line %v", l.v)
					}
					if reopen && k.str("reopnClsdChkClsdUTC") == "" {
						t.Error("the check was not reopened")
					}
				}
			}
			v := c.sell(sale)
			c.fake.Advance(time.Hour)
			voided, err := c.fake.Void(v.ID)
			if err != nil || voided.State != "voided" || voided.Version != 2 {
				t.Errorf("void %+v, %v", voided, err)
			}
			k := c.checks("north", day, `,"searchCriteria":"where equals(guestCheckId, `+strings.TrimPrefix(v.ID, "bi:north:")+`)"`).at("guestChecks", 0)
			if !k.flag("cancelFlag") || k.str("chkTtl") != "0" || k.str("vdTtl") != "-10" || !k.flag("detailLines", 0, "vdFlag") || k.str("reopnClsdChkClsdUTC") == "" {
				t.Errorf("voided check %v", k.v)
			}
		})
	}
}

func value01(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func TestInclusiveTaxAndCurrencies(t *testing.T) {
	t.Parallel()
	cfg := simphonyfake.Config{TaxBasisPoints: 2100, TaxIncluded: true, Locations: []posfake.LocationSeed{{ID: "a", Currency: "EUR"}, {ID: "b", Currency: "JPY"}}}
	c := setup(t, cfg)
	price := int64(11990)
	sale := posfake.Sale{Location: "a", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}}
	r := c.sell(sale)
	k := c.checks("a", c.today("a"), "").at("guestChecks", 0)
	if r.Tax != 2081 || r.Total != 11990 || k.str("taxes", 0, "type") != "3" || k.str("chkTtl") != "119.9" || k.str("detailLines", 0, "menuItem", "inclTax") != "20.81" {
		t.Errorf("record %+v, check %v", r, k.v)
	}
	sale.Location = "b"
	c.sell(sale)
	if k := c.checks("b", c.today("b"), "").at("guestChecks", 0); k.str("chkTtl") != "11990" {
		t.Errorf("yen: %v", k.str("chkTtl"))
	}
}

func TestBusyAndDuplicates(t *testing.T) {
	t.Parallel()
	cfg := two
	cfg.BusyEvery = 3
	c := setup(t, cfg)
	day := c.today("north")
	price := int64(500)
	c.sell(posfake.Sale{Location: "north", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
	if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultDuplicate}); err != nil {
		t.Fatal(err)
	}
	if n := len(c.checks("north", day, "").list("guestChecks")); n != 2 {
		t.Errorf("%d rows with duplicates", n)
	}
	c.checks("north", day, "")
	c.bi("getGuestChecks", `{"locRef":"north","busDt":"`+day+`"}`).want(504)
	c.checks("north", day, "")
}

func TestOfflineProperty(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, two)
		if err := c.fake.SetOnline("north", false); err != nil {
			t.Fatal(err)
		}
		price := int64(500)
		r := c.sell(posfake.Sale{Location: "north", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
		day := c.today("north")
		if r.Version != 0 || len(c.fake.Ledger()) != 0 || c.checks("north", day, "").at("guestChecks").v != nil {
			t.Errorf("a sale without connection is known: %+v", r)
		}
		c.fake.Advance(2 * hour)
		if err := c.fake.SetOnline("north", true); err != nil {
			t.Fatal(err)
		}
		all := c.fake.Ledger()
		if len(all) != 1 || all[0].RecordedAt.Sub(all[0].OccurredAt) != 2*hour {
			t.Errorf("ledger %+v", all)
		}
		if n := len(c.checks("north", day, "").list("guestChecks")); n != 1 {
			t.Errorf("%d checks", n)
		}
	})
}
