package quickbooksfake_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

func TestItemCreate(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	category := c.item(`{"Name":"Bowls","Type":"Category"}`)
	body := strings.Replace(bowl, `"Active":true`, `"Active":true,"SubItem":true,"ParentRef":{"value":"`+category+`"}`, 1)
	got := c.ok("POST", "/item?minorversion=75&requestid=menu-0101-v1", body)
	item := got.at("Item")
	for path, want := range map[string]string{
		"Name": "Quinoa Power Bowl", "Sku": "MEAL-0101", "FullyQualifiedName": "Bowls:Quinoa Power Bowl", "Level": "1", "UnitPrice": "11.50",
		"Type": "NonInventory", "TrackQtyOnHand": "false", "domain": "QBO", "sparse": "false", "SyncToken": "0", "Active": "true",
	} {
		if have := item.at(path).str(); have != want {
			t.Errorf("%s: got %q, want %q", path, have, want)
		}
	}
	if name := item.at("ParentRef", "name").str(); name != "Bowls" {
		t.Errorf("the category's name is %q", name)
	}
	if got.at("time").str() == "" || c.last.Get("intuit_tid") == "" {
		t.Error("no time or no intuit_tid")
	}
	// A repeated request id gets the first answer and makes nothing.
	again := c.ok("POST", "/item?minorversion=75&requestid=menu-0101-v1", body)
	if diff := cmp.Diff(got.v, again.v); diff != "" {
		t.Errorf("repeat (-first +second):\n%s", diff)
	}
	if n := c.query("select count(*) from Item where Sku = 'MEAL-0101'").at("totalCount").str(); n != "1" {
		t.Errorf("%s items, want 1", n)
	}
	// The names of what is inside follow the category's.
	c.ok("POST", "/item", `{"Id":"`+category+`","SyncToken":"0","sparse":true,"Name":"Big Bowls"}`)
	if name := c.ok("GET", "/item/"+item.at("Id").str(), "").at("Item", "FullyQualifiedName").str(); name != "Big Bowls:Quinoa Power Bowl" {
		t.Errorf("the full name is %q", name)
	}
}

func TestItemRefusals(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	id := c.item(bowl)
	stocked := c.item(curry)
	base := `"Name":"X","IncomeAccountRef":{"value":"79"}`
	for _, row := range []struct{ body, code, why string }{
		{`{` + base + `,"Type":"Service","Name":"quinoa power bowl"}`, "6240", "a name in another case"},
		{`{` + base + `}`, "2020", "no type"},
		{`{` + base + `,"Type":"Bundle"}`, "2010", "a type that cannot be written"},
		{`{"Name":"X","Type":"Service"}`, "2020", "no income account"},
		{`{"Name":"X","Type":"Service","IncomeAccountRef":{"value":"7777"}}`, "2500", "an unknown account"},
		{`{"Name":"X","Type":"Service","IncomeAccountRef":"79"}`, "2500", "an account that is no reference"},
		{`{"Type":"Service","IncomeAccountRef":{"value":"79"}}`, "2020", "no name"},
		{`{` + base + `,"Type":"Service","Name":"a:b"}`, "6000", "a colon"},
		{`{` + base + `,"Type":"Service","Sku":"` + strings.Repeat("x", 101) + `"}`, "2050", "a long SKU"},
		{`{` + base + `,"Type":"Service","UnitPrice":"cheap"}`, "2080", "a price in words"},
		{`{` + base + `,"Type":"Service","UnitPrice":1e3}`, "2080", "a price with an exponent"},
		{`{` + base + `,"Type":"Service","Price":3}`, "2010", "an unknown property"},
		{`{` + base + `,"Type":"Service","Active":"yes"}`, "2010", "a flag that is a text"},
		{`{` + base + `,"Type":"Service","SubItem":true}`, "2020", "no parent"},
		{`{` + base + `,"Type":"Service","SubItem":true,"ParentRef":{"value":"` + id + `"}}`, "2500", "a parent that is no category"},
		{`{` + base + `,"Type":"Inventory"}`, "2020", "an inventory item without quantity"},
		{`{"Name":"X","Type":"Category","UnitPrice":1}`, "6000", "a category with a price"},
		{`{"Id":"` + id + `","SyncToken":"3","sparse":true}`, "5010", "an old SyncToken"},
		{`{"Id":"` + id + `","sparse":true}`, "2020", "no SyncToken"},
		{`{"Id":"999","SyncToken":"0","sparse":true}`, "610", "an unknown id"},
		{`{"Id":"` + id + `","SyncToken":"0","sparse":true,"Type":"Service"}`, "6000", "another type"},
		{`{"Id":"` + stocked + `","SyncToken":"0","sparse":true,"QtyOnHand":3}`, "-10600", "another quantity"},
		{`[]`, "2010", "no object"},
	} {
		c.t.Log(row.why)
		c.refused("POST", "/item", row.body, http.StatusBadRequest, row.code)
	}
	e := c.refused("POST", "/item", bowl, http.StatusBadRequest, "6240")
	if got := e.at("Detail").str(); got != "The name supplied already exists. : Id="+id {
		t.Errorf("the detail is %q", got)
	}
	c.refused("POST", "/item?operation=delete", `{"Id":"`+id+`","SyncToken":"0"}`, http.StatusBadRequest, "500")
	c.refused("POST", "/estimate", `{}`, http.StatusBadRequest, "500")
	c.refused("POST", "/item?requestid="+strings.Repeat("r", 51), bowl, http.StatusBadRequest, "2050")
}

func TestItemUpdates(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	id := c.item(bowl)
	item := c.ok("POST", "/item", `{"Id":"`+id+`","SyncToken":"0","sparse":true,"UnitPrice":12.0}`).at("Item")
	if item.at("UnitPrice").str() != "12.0" || item.at("Sku").str() != "MEAL-0101" || item.at("SyncToken").str() != "1" {
		t.Errorf("after a sparse update: %v", item.v)
	}
	item = c.ok("POST", "/item", `{"Id":"`+id+`","SyncToken":"1","Name":"Quinoa Power Bowl","Type":"NonInventory","UnitPrice":13,"IncomeAccountRef":{"value":"79"}}`).at("Item")
	if item.has("Sku") || item.has("Description") || item.at("Active").str() != "true" {
		t.Errorf("a full update keeps what it leaves out: %v", item.v)
	}
}

func TestItemDeactivation(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	id := c.item(bowl)
	off := c.ok("POST", "/item", `{"Id":"`+id+`","SyncToken":"0","sparse":true,"Active":false}`).at("Item")
	if off.at("Name").str() != "Quinoa Power Bowl (deleted)" || off.at("Active").str() != "false" {
		t.Errorf("the inactive item is %v", off.v)
	}
	if got := c.query("select * from Item where Sku = 'MEAL-0101'"); got.has("Item") {
		t.Errorf("a query shows an inactive item: %v", got.v)
	}
	if got := c.query("select *, Sku from Item where Active in (true,false) and Sku = 'MEAL-0101'").at("Item").strs("Id"); len(got) != 1 {
		t.Errorf("a query for inactive items finds %v", got)
	}
	twin := c.item(bowl) // the name is free
	c.refused("POST", "/item", `{"Id":"`+id+`","SyncToken":"1","sparse":true,"Active":true}`, http.StatusBadRequest, "6240")
	c.ok("POST", "/item", `{"Id":"`+twin+`","SyncToken":"0","sparse":true,"Active":false}`)
	back := c.ok("POST", "/item", `{"Id":"`+id+`","SyncToken":"1","sparse":true,"Active":true}`).at("Item")
	if back.at("Name").str() != "Quinoa Power Bowl" || back.at("Active").str() != "true" {
		t.Errorf("the item that came back is %v", back.v)
	}
}

func TestDepartments(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{Plan: quickbooksfake.PlanPlus, Places: []posfake.LocationSeed{{ID: "14", Name: "Kiosk 014"}, {ID: "lobby"}}})
	got := c.query("select * from Department")
	if diff := cmp.Diff([]string{"Kiosk 014", "lobby"}, got.at("Department").strs("Name")); diff != "" {
		t.Errorf("departments (-want +got):\n%s", diff)
	}
	if id := got.at("Department", 0, "Id").str(); id != "14" {
		t.Errorf("the id of a seed that is a number is %s", id)
	}
	for i := range 38 {
		c.ok("POST", "/department", `{"Name":"D`+strings.Repeat("x", i)+`"}`)
	}
	c.refused("POST", "/class", `{"Name":"one too many"}`, http.StatusBadRequest, "6000")
	if err := c.fake.RemoveLocation("lobby"); err != nil {
		t.Fatal(err)
	}
	if name := c.query("select * from Department where Active = false").at("Department", 0, "Name").str(); name != "lobby (deleted)" {
		t.Errorf("the closed department is called %q", name)
	}
	if _, err := c.fake.Sell(posfake.Sale{Location: "lobby", Lines: []posfake.SaleLine{{Price: new(int64(100))}}}); err == nil {
		t.Error("a closed department sells")
	}
}
