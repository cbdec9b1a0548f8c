package simphonyfake_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

var two = simphonyfake.Config{Locations: []posfake.LocationSeed{{ID: "north"}, {ID: "South", TimeZone: "America/Chicago"}}}

// unit is the hierarchy unit of a location.
func (c *client) unit(locRef string) string {
	c.t.Helper()
	out := c.config("hierarchy/getLocations", `{"searchCriteria":"where equals(locRef, '`+locRef+`')"}`).want(200).json()
	return out.str("items", 0, "hierUnitId")
}

func TestMenuItem(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	master, definition, price := c.meal("510001", "FARM-1", "9.50")
	if r := c.row("south", "FARM-1"); r.Price != 950 || !r.Available || r.Foreign || r.Name != "Lentil bowl" {
		t.Errorf("menu row %+v", r)
	}
	c.config("menuItems/menuItemMasters", `{"hierUnitId":1,"objectNum":510001,"name":{"en-US":"Twin"}}`).want(400)
	c.config("menuItems/menuItemPrices", `{"hierUnitId":1,"menuItemDefinitionId":`+definition+`,"priceSequenceNum":1,"price":1}`).want(400)
	c.config("menuItems/deleteMenuItemMasters", `{"hierUnitId":1,"objectNum":510001}`).want(400)
	if got := c.config("menuItems/preDeleteCheckMenuItemMasters", `{"menuItemMasterId":`+master+`}`).want(200).json().str("response"); got != "Dependency exist." {
		t.Errorf("pre-delete check: %q", got)
	}
	whole := c.config("menuItems/getMenuItem2/"+master, "{}").want(200).json()
	if whole.str("definitions", 0, "prices", 0, "menuItemPriceId") != price {
		t.Errorf("combined read %v", whole.v)
	}
	for _, path := range []string{"Prices", "Definitions", "Masters"} {
		id := map[string]string{"Prices": `{"menuItemPriceId":` + price + `}`, "Definitions": `{"menuItemDefinitionId":` + definition + `}`, "Masters": `{"menuItemMasterId":` + master + `}`}[path]
		c.config("menuItems/deleteMenuItem"+path, id).want(200)
	}
	if len(c.fake.Menu()) != 0 {
		t.Errorf("left on the menu: %+v", c.fake.Menu())
	}
}

func TestUpdateClearsUpsertKeeps(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	_, definition, price := c.meal("510001", "FARM-1", "9.50")
	c.config("menuItems/upsertMenuItemPrices", `{"hierUnitId":1,"menuItemDefinitionId":`+definition+`,"priceSequenceNum":1,"prepCost":2}`).want(200)
	if r := c.row("north", "FARM-1"); r.Price != 950 {
		t.Errorf("after an upsert without price: %+v", r)
	}
	c.config("menuItems/updateMenuItemPrices", `{"hierUnitId":1,"menuItemDefinitionId":`+definition+`,"priceSequenceNum":1,"price":8}`).want(400)
	c.config("menuItems/updateMenuItemPrices", `{"hierUnitId":1,"menuItemPriceId":`+price+`,"menuItemDefinitionId":`+definition+`,"priceSequenceNum":1,"prepCost":2}`).want(200)
	if r := c.row("north", "FARM-1"); r.Available {
		t.Errorf("after an update without price it is still on sale: %+v", r)
	}
	c.config("menuItems/updateMenuItemDefinitions", `{"menuItemDefinitionId":`+definition+`,"firstName":{"en-US":"Soup"}}`).want(200)
	got := c.config("menuItems/getMenuItemDefinitions", `{"includeAll":"detailed"}`).want(200).json()
	if got.at("items", 0, "mainLevel").v != nil || got.str("items", 0, "firstName", "en-US") != "Soup" {
		t.Errorf("update kept what it left out: %v", got.v)
	}
	c.config("menuItems/updateMenuItemMasters", `{"hierUnitId":1,"objectNum":777,"name":{"en-US":"New"}}`).want(400)
}

func TestInheritance(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	_, definition, _ := c.meal("510001", "FARM-1", "9.50")
	south := c.unit("south")
	override := `{"hierUnitId":` + south + `,"menuItemDefinitionId":` + definition + `,"priceSequenceNum":1,"price":7.25}`
	id := c.config("menuItems/upsertMenuItemPrices", override).want(200).json().str("menuItemPriceID")
	if n, s := c.row("north", "FARM-1"), c.row("south", "FARM-1"); n.Price != 950 || s.Price != 725 {
		t.Errorf("prices %d and %d", n.Price, s.Price)
	}
	c.config("menuItems/deleteMenuItemPrices", `{"menuItemPriceId":`+id+`}`).want(200)
	if s := c.row("south", "FARM-1"); s.Price != 950 {
		t.Errorf("without override: %d", s.Price)
	}
	hidden := `{"hierUnitId":` + south + `,"menuItemMasterObjNum":510001,"defSequenceNum":1,"firstName":{"en-US":"Lentil bowl"},"menuItemClassObjNum":1,"mainLevel":"00000000","subLevel":"00000000"}`
	c.config("menuItems/menuItemDefinitions", hidden).want(200)
	if n, s := c.row("north", "FARM-1"), c.row("south", "FARM-1"); !n.Available || s.Available {
		t.Errorf("hidden in the south: %+v, %+v", n, s)
	}
}

func TestDisabled(t *testing.T) {
	t.Parallel()
	for base, bits := range map[int]string{0: "00000100", 1: "00001000"} {
		cfg := two
		cfg.OptionBase = base
		c := setup(t, cfg)
		master, _, _ := c.meal("510001", "FARM-1", "9.50")
		record := func(options string) string {
			return `{"menuItemMasterId":` + master + `,"hierUnitId":1,"name":{"en-US":"Lentil bowl"},"externalReference1":"FARM-1",` + options + `}`
		}
		for _, options := range []string{`"miMasterOptions":"` + bits + `"`, `"miMasterOptions":"00000000","miMasterOptionsExt":{"disabled":true}`} {
			c.config("menuItems/updateMenuItemMasters", record(options)).want(200)
			if c.row("north", "FARM-1").Available {
				t.Errorf("base %d, %s: still on sale", base, options)
			}
			c.config("menuItems/updateMenuItemMasters", record(`"miMasterOptions":"00000000"`)).want(200)
			if !c.row("north", "FARM-1").Available {
				t.Errorf("base %d, %s: not on sale again", base, options)
			}
		}
		c.config("menuItems/updateMenuItemMasters", record(`"miMasterOptions":"000000"`)).want(400)
	}
}

func TestEffectivity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, two)
		c.meal("510001", "FARM-1", "9.50")
		start := c.fake.Now().Add(2 * hour).In(time.UTC)
		group := `{"hierUnitId":1,"objectNum":40,"name":{"en-US":"Lunch"},"activeTimes":[{"startTime":"` + start.Format("2006-01-02T15:04:05") + `","endTime":"` + start.Add(hour).Format("2006-01-02T15:04:05") + `","timeIsLocal":false}]}`
		id := c.config("setup/effectivityGroups", group).want(200).json().str("changeSetId")
		c.config("menuItems/menuItemMasterEffectivity", `{"hierUnitId":1,"objectNum":510001,"effectivityGroupObjNum":40}`).want(200)
		check := func(want bool, when string) {
			t.Helper()
			if got := c.row("north", "FARM-1").Available; got != want {
				t.Errorf("%s: available %t", when, got)
			}
		}
		check(false, "before")
		c.fake.Advance(2 * hour)
		check(true, "from the start")
		enable := `{"hierUnitId":` + c.unit("north") + `,"changeSetId":` + id + `,"enableEffectivityGroup":`
		c.config("setup/effectivityGroups/enableEffectivityGroups", enable+"false}").want(200)
		check(false, "switched off at the property")
		if !c.row("south", "FARM-1").Available {
			t.Error("switched off elsewhere too")
		}
		c.config("setup/effectivityGroups/updateEnableEffectivityGroups", enable+"true}").want(200)
		check(true, "switched on again")
		c.fake.Advance(hour)
		check(false, "at the end")
		for _, times := range []string{
			`[{"startTime":"2026-01-02T00:00:00","endTime":"2026-01-01T00:00:00"}]`,
			`[{"startTime":"2026-01-01T00:00:00"},{"startTime":"2026-02-01T00:00:00"}]`,
			`[{"startTime":"2026-01-01T00:00:00","mustActivateBy":"2026-01-02T00:00:00"}]`,
		} {
			c.config("setup/effectivityGroups", `{"hierUnitId":1,"objectNum":41,"name":{"en-US":"X"},"activeTimes":`+times+`}`).want(400)
		}
	})
}

func TestReading(t *testing.T) {
	t.Parallel()
	cfg := two
	cfg.PageSize = 2
	c := setup(t, cfg)
	for i := range 5 {
		c.meal(strconv.Itoa(510001+i), fmt.Sprint("FARM-", i), "9.50")
	}
	seen := 0
	for offset, more := 0, true; more; {
		page := c.config("menuItems/getMenuItemMasters", fmt.Sprintf(`{"offset":%d,"orderBy":"objectNum:desc"}`, offset)).want(200).json()
		rows := page.list("items")
		if page.str("count") != strconv.Itoa(len(rows)) {
			t.Errorf("count %s for %d rows", page.str("count"), len(rows))
		}
		if offset == 0 && rows[0].str("objectNum") != "510005" {
			t.Errorf("first by number descending: %v", rows[0].v)
		}
		seen, offset, more = seen+len(rows), offset+len(rows), page.flag("hasMore")
	}
	if seen != 5 {
		t.Errorf("read %d rows of 5", seen)
	}
	for criteria, want := range map[string]int{
		"where equals(objectNum, 510002)": 1, "where greaterThan(objectNum, 510004) or equals(externalReference1,'farm-0')": 2,
		"where !isNull(externalReference1) and (startsWith(externalReference1,'FARM') and endsWith(externalReference1,'3'))": 1,
		"where contains(name.en-US, 'Lentil') and lessThan(objectNum, 510003)":                                               2,
	} {
		out := c.config("menuItems/getMenuItemMasters", `{"include":"hierUnitId, objectNum","searchCriteria":"`+criteria+`"}`).want(200).json()
		rows := out.list("items")
		if out.str("totalResults") != strconv.Itoa(want) || len(rows) == 0 || rows[0].at("name").v != nil {
			t.Errorf("%s: %v", criteria, out.v)
		}
	}
	for _, bad := range []string{"equals(a,1)", "where", "where equals(a)", "where equals(a,'b", "where (equals(a,1)", "where nope(a,1)", "where " + strings.Repeat("!", 90) + "isNull(a)"} {
		c.config("menuItems/getMenuItemMasters", `{"searchCriteria":"`+bad+`"}`).want(400)
	}
	basic := c.config("menuItems/getMenuItemMasters", `{"includeAll":"basic"}`).json()
	detailed := c.config("menuItems/getMenuItemMasters", `{"includeAll":"detailed"}`).json()
	if basic.at("items", 0, "miMasterOptionsExt").v != nil || detailed.at("items", 0, "miMasterOptionsExt", "disabled").v != false {
		t.Errorf("option bits: basic %v, detailed %v", basic.at("items", 0).v, detailed.at("items", 0).v)
	}
}

func TestBulk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, two)
		c.meal("510001", "FARM-1", "9.50")
		good := `{"hierUnitId":1,"objectNum":510002,"name":{"en-US":"A"},"externalReference1":"FARM-2"}`
		c.bulk("menuItems/bulkInsertMenuItemMasters", "[]").want(400)
		c.bulk("menuItems/bulkInsertMenuItemMasters", "["+good+`,{"hierUnitId":1,"objectNum":510003}]`).want(400)
		c.bulk("menuItems/bulkInsertMenuItemMasters", "["+good+","+good+"]").want(400)
		taken := `{"hierUnitId":1,"objectNum":510001,"name":{"en-US":"B"}}`
		sent := c.bulk("menuItems/bulkInsertMenuItemMasters", "["+good+","+taken+"]").want(200).json()
		if sent.str("requestTimeStampUTC") == "" || sent.str("message") == "" {
			t.Errorf("answer %v", sent.v)
		}
		status := func() value {
			return c.config("bulkStatusRequest", `{"requestId":`+sent.str("requestId")+`}`).want(200).json()
		}
		masters := func() string {
			return c.config("menuItems/getMenuItemMasters", "{}").json().str("totalResults")
		}
		for _, want := range []string{"Queued", "InProgress", "CompletedWithErrors"} {
			got := status()
			if got.str("status") != want {
				t.Errorf("status %s, want %s", got.str("status"), want)
			}
			if done := want == "CompletedWithErrors"; (masters() == "2") != done {
				t.Errorf("%s: %s masters", want, masters())
			}
			c.fake.Advance(time.Minute)
		}
		got := status()
		if got.str("successRecordCount") != "1" || got.str("failedRecordCount") != "1" || got.str("comments") != "test" {
			t.Errorf("result %v", got.v)
		}
		if !strings.HasPrefix(got.str("response", 1, "recordStatus"), "Error : ") || got.str("response", 0, "objectNum") != "510002" {
			t.Errorf("records %v", got.at("response").v)
		}
		c.config("bulkStatusRequest", `{"requestId":1}`).want(400)
	})
}

func TestConfigRequests(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	body := `{"hierUnitId":1,"objectNum":9,"name":{"en-US":"X"}}`
	auth := []string{"Authorization", "Bearer " + c.token(simphonyfake.CCAPI)}
	c.send("POST", base+"/config/sim/v2/menuItems/menuItemMasters", body, auth...).want(400) // no audit trail
	c.send("POST", base+"/config/sim/v1/menuItems/menuItemMasters", `{"auditTrailRef":"me",`+body[1:], auth...).want(200)
	c.send("POST", base+"/config/sim/v3/menuItems/getMenuItemMasters", "{}", auth...).want(404)
	c.send("POST", base+"/config/sim/v2/menuItems/getMenuItemMasters", "{}").want(401)
	for _, bad := range []string{
		"{", "[]", `{"hierUnitId":999,"objectNum":10,"name":{"en-US":"X"}}`, `{"hierUnitId":1,"objectNum":0,"name":{"en-US":"X"}}`,
		`{"hierUnitId":1,"objectNum":10,"name":{"en-US":"X"},"familyGroupObjNum":88}`, `{"hierUnitId":1,"objectNum":10,"name":{"en-US":"X"},"externalReference1":"` + strings.Repeat("x", 33) + `"}`,
	} {
		got := c.config("menuItems/menuItemMasters", bad).want(400).json()
		if got.str("title") != "VALIDATION ERROR" || got.str("errorDetails") == "" || got.str("o:errorCode") == "" {
			t.Errorf("%s: %v", bad, got.v)
		}
	}
	levels := c.config("hierarchy/getHierarchy", "{}").want(200).json()
	centers := c.config("hierarchy/getRevenueCenters", "{}").want(200).json()
	if levels.str("count") != "5" || centers.str("items", 1, "locRef") != "south" {
		t.Errorf("hierarchy %v, revenue centers %v", levels.v, centers.v)
	}
}

func TestForeignAndTamper(t *testing.T) {
	t.Parallel()
	cfg := two
	cfg.Items = 2
	c := setup(t, cfg)
	c.meal("510001", "FARM-1", "9.50")
	if err := c.fake.AddForeign("FARM-1", "Their bowl", 333); err != nil {
		t.Fatal(err)
	}
	ours, foreign := 0, 0
	for _, r := range c.fake.Menu() {
		if r.Foreign {
			foreign++
		} else {
			ours++
		}
	}
	if ours != 2 || foreign != 6 {
		t.Errorf("%d rows of ours, %d of others", ours, foreign)
	}
	before := c.row("north", "FARM-1")
	off := false
	edit := posfake.MenuEdit{Location: "North", SKU: "FARM-1", Name: "Scribble", Price: new(int64(1)), Available: &off, Note: "shelf 3"}
	if err := c.fake.Tamper(edit); err != nil {
		t.Fatal(err)
	}
	if r := c.row("north", "FARM-1"); r.Name != "Scribble" || r.Price != 1 || r.Available || r.Digest == before.Digest {
		t.Errorf("after tampering: %+v", r)
	}
	if c.fake.Note("north", "FARM-1") != "shelf 3" {
		t.Errorf("note %q", c.fake.Note("north", "FARM-1"))
	}
	c.config("menuItems/updateMenuItemMasters", `{"hierUnitId":1,"objectNum":510001,"name":{"en-US":"Lentil bowl"},"externalReference1":"FARM-1"}`).want(200)
	if got := c.fake.Note("north", "FARM-1"); got != "" {
		t.Errorf("a client that forgot a field kept the note %q", got)
	}
}
