package quickbooksfake_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	for i, name := range []string{"Alpha", "Beta's \\ best", "Gamma", "Delta"} {
		c.item(fmt.Sprintf(`{"Name":%q,"Sku":"S-%d","Type":"NonInventory","UnitPrice":%d,"IncomeAccountRef":{"value":"79"}}`, name, i+1, 10*(i+1)))
	}
	skus := func(text string) []string { return c.query(text).at("Item").strs("Sku") }
	for _, row := range []struct {
		text string
		want []string
	}{
		{"select Sku from Item where Sku = 'S-1'", []string{"S-1"}},
		{"SELECT *, Sku FROM Item WHERE Type='NonInventory' AND Sku IN ('S-1','S-3','S-9') ORDERBY Name DESC", []string{"S-3", "S-1"}},
		{`select Sku from Item where Name = 'Beta\'s \\ best'`, []string{"S-2"}},
		{"select Sku from Item where Name like '%lph%'", []string{"S-1"}},
		{"select Sku from Item where Name LIKE '%a' and Type = 'NonInventory' orderby Name", []string{"S-1", "S-4", "S-3"}},
		{"select Sku from Item where UnitPrice > '9.5' and UnitPrice <= '30.00' orderby UnitPrice asc", []string{"S-1", "S-2", "S-3"}},
		{"select Sku from Item where Type = 'NonInventory' and Active = true orderby Id startposition 2 maxresults 2", []string{"S-2", "S-3"}},
		{"select *, Sku from Item where Sku = 'S-01'", nil},
	} {
		if diff := cmp.Diff(row.want, skus(row.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.text, diff)
		}
	}
	star := c.query("select * from Item where Sku = 'S-1'")
	if star.at("Item", 0).has("Sku") || star.at("startPosition").str() != "1" || star.at("maxResults").str() != "1" {
		t.Errorf("a star shows the SKU: %v", star.v)
	}
	if n := c.query("select count(*) from Item where Type = 'NonInventory'"); n.at("totalCount").str() != "4" || n.has("Item") {
		t.Errorf("count: %v", n.v)
	}
	status, raw := c.send("POST", root+"/query", "select count(*) from Item where Sku = 'S-1'")
	if v := decode(t, raw); status != 200 || v.at("QueryResponse", "totalCount").str() != "1" {
		t.Errorf("a posted query: %d %v", status, v.v)
	}
	requests := c.fake.Requests()
	if last := requests[len(requests)-1]; last.Op != "QueryItem" || last.Write {
		t.Errorf("the log shows %+v", last)
	}
}

func TestQueryRefusals(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	for text, code := range map[string]string{
		"":                                   "4000",
		"delete from Item":                   "4000",
		"select from Item":                   "4000",
		"select * from Item where":           "4000",
		"select * from Item where Name = x":  "4000",
		"select * from Item where Name = 'x": "4000",
		"select * from Item where Name = 'x' or Name = 'y'":                 "4000",
		"select * from Item where Name != 'x'":                              "4000",
		"select * from Item where Name = 'O'Brien'":                         "4000",
		"select * from Item where Name = \"x\"":                             "4000",
		"select * from Item order by Name":                                  "4000",
		"select * from Item maxresults 10 startposition 1":                  "4000",
		"select * from Item startposition 0":                                "4001",
		"select * from Item maxresults 1001":                                "4001",
		"select * from Item where Colour = 'red'":                           "4001",
		"select Colour from Item":                                           "4001",
		"select * from Estimate":                                            "4001",
		"select * from item":                                                "4001",
		"select * from SalesReceipt where DepartmentRef = '1'":              "4001",
		"select * from Payment where DocNumber = '1'":                       "4001",
		"select * from SalesReceipt orderby DepartmentRef":                  "4001",
		"select * from SalesReceipt where MetaData.LastUpdatedTime > 'now'": "4001",
	} {
		t.Log(text)
		c.refused("GET", "/query?query="+url.QueryEscape(text), "", http.StatusBadRequest, code)
	}
}

func TestQueryTimes(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{Items: 1})
	var stamps []string
	for range 3 {
		r := c.sell(c.saleOf("HOST-1"))
		stamps = append(stamps, r.UpdatedAt.Format(time.RFC3339))
		c.fake.Advance(2 * time.Second)
	}
	ids := func(op, stamp string) []string {
		return c.query("select * from SalesReceipt where MetaData.LastUpdatedTime " + op + " '" + stamp + "' orderby MetaData.LastUpdatedTime asc").at("SalesReceipt").strs("Id")
	}
	for op, want := range map[string][]string{">": {"3"}, ">=": {"2", "3"}, "<": {"1"}, "<=": {"1", "2"}, "=": {"2"}} {
		if diff := cmp.Diff(want, ids(op, stamps[1])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", op, diff)
		}
	}
	for _, kind := range []string{posfake.FaultWidened, posfake.FaultDuplicate} {
		if _, err := c.fake.Inject(posfake.Fault{Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"1", "1", "2", "2", "3", "3"}, ids(">", stamps[2])); diff != "" {
		t.Errorf("widened and doubled (-want +got):\n%s", diff)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	for i := range 1010 {
		if err := c.fake.AddForeign(fmt.Sprintf("S%d", i), fmt.Sprintf("N%d", i), 100); err != nil {
			t.Fatal(err)
		}
	}
	page := func(tail string) int {
		return len(c.query("select * from Item where Type = 'NonInventory' " + tail).at("Item").list())
	}
	for tail, want := range map[string]int{"": 100, "maxresults 1000": 1000, "startposition 1001 maxresults 1000": 10, "startposition 2000": 0} {
		if got := page(tail); got != want {
			t.Errorf("%q: %d rows, want %d", tail, got, want)
		}
	}
	c.fake.Advance(time.Hour - time.Minute)
	since := c.fake.Now().Add(-2 * time.Hour).Format(time.RFC3339)
	if got := len(c.cdc("Item", since).at(0, "Item").list()); got != 1000 {
		t.Errorf("change data capture shows %d items, want 1000", got)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{Items: 1})
	since := c.fake.Now().Format(time.RFC3339)
	c.fake.Advance(2 * time.Second)
	sale, gone, ghost := c.sell(c.saleOf("HOST-1")), c.sell(c.saleOf("HOST-1")), c.sell(c.saleOf("HOST-1"))
	if _, err := c.fake.Refund(posfake.Refund{ID: sale.ID, Amount: 100}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.fake.Delete(gone.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.fake.MisreportDeletion(ghost.ID); err != nil {
		t.Fatal(err)
	}
	from := c.fake.Now().Add(-time.Second).Format(time.RFC3339)
	got := c.cdc("SalesReceipt,Invoice,RefundReceipt", from)
	status := map[string]string{}
	for _, r := range got.at(0, "SalesReceipt").list() {
		status[r.at("Id").str()] = r.at("status").str()
	}
	if diff := cmp.Diff(map[string]string{"1": "", "2": "Deleted", "3": "Deleted"}, status); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
	if got.at(1).has("Invoice") || len(got.list()) != 3 || len(got.at(2, "RefundReceipt").list()) != 1 {
		t.Errorf("answers: %v", got.v)
	}
	if r := c.cdc("SalesReceipt", from).at(0, "SalesReceipt").strs("status"); strings.Count(strings.Join(r, ""), "Deleted") != 1 {
		t.Errorf("the second time: %v", r)
	}
	c.fake.Advance(31 * day)
	_, v := c.refresh(c.fake.Credentials().RefreshToken)
	c.token = v.at("access_token").str()
	for query, code := range map[string]string{
		"entities=Item&changedSince=" + url.QueryEscape(since): "6000",
		"entities=Item":                                  "2020",
		"changedSince=2026-01-01":                        "2020",
		"entities=Item&changedSince=monday":              "4001",
		"entities=TaxRate&changedSince=" + "x":           "4001",
		"entities=Nothing&changedSince=" + stamp(c.fake): "2010",
		"entities=TaxRate&changedSince=" + stamp(c.fake): "2010",
	} {
		c.refused("GET", "/cdc?"+query, "", http.StatusBadRequest, code)
	}
}

func stamp(f *quickbooksfake.Fake) string { return url.QueryEscape(f.Now().Format(time.RFC3339)) }

func TestBatch(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	id := c.item(bowl)
	c.sell(c.saleOf("MEAL-0101"))
	body := `{"BatchItemRequest":[
	 {"bId":"1","operation":"create","Item":` + curry + `},
	 {"bId":"2","operation":"update","Item":{"Id":"` + id + `","SyncToken":"4","sparse":true,"UnitPrice":12.0}},
	 {"bId":"3","Query":"select * from Department where Active in (true,false) maxresults 1000"},
	 {"bId":"4","CDCQuery":{"Entities":"SalesReceipt","ChangedSince":"` + c.fake.Now().Add(-time.Minute).Format(time.RFC3339) + `"}},
	 {"bId":"5","operation":"update","optionsData":"void","SalesReceipt":{"Id":"1","SyncToken":"0","sparse":true}},
	 {"bId":"6","operation":"delete","SalesReceipt":{"Id":"1","SyncToken":"1"}},
	 {"bId":"7","Query":"select"}]}`
	first := c.ok("POST", "/batch?requestid=b-1", body)
	got := map[string]value{}
	for _, v := range first.at("BatchItemResponse").list() {
		got[v.at("bId").str()] = v
	}
	for id, row := range map[string]struct {
		want string
		path []any
	}{
		"1": {"Lentil Curry", []any{"Item", "Name"}},
		"2": {"5010", []any{"Fault", "Error", 0, "code"}},
		"3": {"3", []any{"QueryResponse", "maxResults"}},
		"4": {"1", []any{"CDCResponse", 0, "QueryResponse", 0, "SalesReceipt", 0, "Id"}},
		"5": {"Voided", []any{"SalesReceipt", "PrivateNote"}},
		"6": {"Deleted", []any{"SalesReceipt", "status"}},
		"7": {"4000", []any{"Fault", "Error", 0, "code"}},
	} {
		if have := got[id].at(row.path...).str(); have != row.want {
			t.Errorf("item %s: got %v, want %s", id, got[id].v, row.want)
		}
	}
	if diff := cmp.Diff(first.v, c.ok("POST", "/batch?requestid=b-1", body).v); diff != "" {
		t.Errorf("repeat (-first +second):\n%s", diff)
	}
	one := `{"bId":"%d","Query":"select * from Class"}`
	var many []string
	for i := range 31 {
		many = append(many, fmt.Sprintf(one, i))
	}
	c.refused("POST", "/batch", `{"BatchItemRequest":[`+strings.Join(many, ",")+`]}`, http.StatusBadRequest, "6000")
	c.refused("POST", "/batch", `{"BatchItemRequest":[{"bId":"1"},{"bId":"1"}]}`, http.StatusBadRequest, "2020")
	c.refused("POST", "/batch?requestid="+strings.Repeat("x", 37), `{"BatchItemRequest":[{"bId":"1","Query":"select * from Class"}]}`, http.StatusBadRequest, "2050")
	if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 409, Op: "Batch"}); err != nil {
		t.Fatal(err)
	}
	if code := c.ok("POST", "/batch", body).at("BatchItemResponse", 0, "Fault", "Error", 0, "code").str(); code != "5010" {
		t.Errorf("a scripted conflict is %q", code)
	}
	var writes int
	for _, r := range c.fake.Requests() {
		if r.Op == "Batch" && r.Write {
			writes++
		}
	}
	if writes != 3 {
		t.Errorf("%d batches count as writes, want 3", writes)
	}
}
