package quickbooksfake_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

const receipt = `{"DocNumber":"K14-00731","TxnDate":"2026-11-23","CustomerRef":{"value":"2","name":"ignored"},"PaymentMethodRef":{"value":"4"},"PaymentRefNum":"4f1f9a0e",
 "Line":[{"Description":"Quinoa Power Bowl","Amount":23.00,"DetailType":"SalesItemLineDetail",
  "SalesItemLineDetail":{"ItemRef":{"value":"ITEM"},"UnitPrice":11.5,"Qty":2,"TaxCodeRef":{"value":"TAX"}}},
  {"DetailType":"DiscountLineDetail","DiscountLineDetail":{"PercentBased":true,"DiscountPercent":10,"DiscountAccountRef":{"value":"86"}}}]}`

// TestReceipt compares amounts, line by line, with the sample of the documentation.
func TestReceipt(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	id := c.item(bowl)
	r := c.ok("POST", "/salesreceipt", with(receipt, "ITEM", id)).at("SalesReceipt")
	for _, row := range []struct {
		want string
		path []any
	}{
		{"22.41", []any{"TotalAmt"}},
		{"0", []any{"Balance"}},
		{"1.71", []any{"TxnTaxDetail", "TotalTax"}},
		{"20.7", []any{"TxnTaxDetail", "TaxLine", 0, "TaxLineDetail", "NetAmountTaxable"}},
		{"8.25", []any{"TxnTaxDetail", "TaxLine", 0, "TaxLineDetail", "TaxPercent"}},
		{"1", []any{"Line", 0, "Id"}},
		{"1", []any{"Line", 0, "LineNum"}},
		{"23.0", []any{"Line", 0, "Amount"}},
		{"Quinoa Power Bowl", []any{"Line", 0, "SalesItemLineDetail", "ItemRef", "name"}},
		{"SubTotalLineDetail", []any{"Line", 1, "DetailType"}},
		{"23.0", []any{"Line", 1, "Amount"}},
		{"2.3", []any{"Line", 2, "Amount"}},
		{"2", []any{"Line", 2, "Id"}},
		{"Discounts given", []any{"Line", 2, "DiscountLineDetail", "DiscountAccountRef", "name"}},
		{"United States Dollar", []any{"CurrencyRef", "name"}},
		{"Walk-in", []any{"CustomerRef", "name"}},
		{"Undeposited Funds", []any{"DepositToAccountRef", "name"}},
	} {
		if got := r.at(row.path...).str(); got != row.want {
			t.Errorf("%v: got %q, want %q", row.path, got, row.want)
		}
	}
	rec := c.fake.Ledger()[0]
	want := posfake.Record{
		ID: "SalesReceipt:1", Version: 1, Kind: "sale", State: "completed", Currency: "USD", Total: 2241, Discount: 230, Tax: 171,
		Lines:      []posfake.RecordLine{{SKU: "MEAL-0101", Quantity: 2, Gross: 2300}},
		OccurredAt: rec.RecordedAt, RecordedAt: rec.RecordedAt, UpdatedAt: rec.UpdatedAt, Reference: "4f1f9a0e",
	}
	if diff := cmp.Diff(want, rec); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

func with(text, from, to string) string { return string(replace([]byte(text), from, to)) }

func TestReceiptRefusals(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	id := c.item(bowl)
	stocked := c.item(with(curry, "2020-01-01", "2026-01-01"))
	category := c.item(`{"Name":"Bowls","Type":"Category"}`)
	c.ok("POST", "/salesreceipt", with(receipt, "ITEM", id))
	line := func(item, more string) string {
		return `{"Line":[{"DetailType":"SalesItemLineDetail",` + more + `"SalesItemLineDetail":{"ItemRef":{"value":"` + item + `"},"UnitPrice":2,"Qty":3}}]`
	}
	for _, row := range []struct{ body, code, why string }{
		{with(receipt, "ITEM", id), "6140", "a document number that is taken"},
		{line(id, `"Amount":7,`) + `}`, "6070", "an amount that is not price times quantity"},
		{line("888", "") + `}`, "2500", "an unknown item"},
		{line(category, "") + `}`, "6000", "a category"},
		{line(stocked, "") + `,"TxnDate":"2025-12-31"}`, "6000", "a sale before the count began"},
		{line(id, "") + `,"CurrencyRef":{"value":"EUR"}}`, "6000", "a foreign currency"},
		{line(id, "") + `,"TxnDate":"23.11.2026"}`, "2080", "a date in another form"},
		{`{"Line":[]}`, "2020", "no line"},
		{`{"Line":[{"DetailType":"DepositLineDetail","Amount":1}]}`, "2010", "a line of another form"},
		{with(with(receipt, "ITEM", id), `{"DetailType":"DiscountLineDetail"`, `{"Amount":1,"DetailType":"DiscountLineDetail"`), "6000", "amount and percentage that disagree"},
	} {
		t.Log(row.why)
		c.refused("POST", "/salesreceipt", row.body, http.StatusBadRequest, row.code)
	}
	c.ok("POST", "/salesreceipt?include=allowduplicatedocnum", with(receipt, "ITEM", id))
	c.refused("POST", "/invoice", line(id, "")+`}`, http.StatusBadRequest, "2020")
	c.refused("POST", "/refundreceipt", line(id, "")+`}`, http.StatusBadRequest, "2020")
	auto := c.ok("POST", "/salesreceipt", line(id, "")+`,"DocNumber":"AUTO_GENERATE"}`).at("SalesReceipt")
	if n := auto.at("DocNumber").str(); n == "" || n == "AUTO_GENERATE" {
		t.Errorf("the generated number is %q", n)
	}
}

func TestVoidAndDelete(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	id := c.item(bowl)
	c.ok("POST", "/salesreceipt", with(receipt, "ITEM", id))
	r := c.ok("POST", "/salesreceipt?operation=update&include=void", `{"Id":"1","SyncToken":"0","sparse":true}`).at("SalesReceipt")
	if got := []string{r.at("TotalAmt").str(), r.at("PrivateNote").str(), r.at("SyncToken").str(), r.at("TxnTaxDetail", "TotalTax").str(), r.at("Line", 0, "Amount").str(), r.at("Line", 0, "SalesItemLineDetail", "Qty").str()}; cmp.Diff([]string{"0", "Voided", "1", "0", "0", "0"}, got) != "" {
		t.Errorf("the void receipt shows %v", got)
	}
	if n := len(r.at("Line").list()); n != 2 {
		t.Errorf("the void receipt has %d lines, want goods and subtotal", n)
	}
	c.refused("POST", "/salesreceipt", `{"Id":"1","SyncToken":"1","sparse":true,"PrivateNote":"x"}`, http.StatusBadRequest, "6000")
	got := c.ok("POST", "/salesreceipt?operation=delete", `{"Id":"1","SyncToken":"1"}`).at("SalesReceipt")
	if diff := cmp.Diff(map[string]any{"domain": "QBO", "status": "Deleted", "Id": "1"}, got.v); diff != "" {
		t.Errorf("delete (-want +got):\n%s", diff)
	}
	c.refused("GET", "/salesreceipt/1", "", http.StatusBadRequest, "610")
	if got := c.query("select * from SalesReceipt"); got.has("SalesReceipt") {
		t.Errorf("a query shows what was deleted: %v", got.v)
	}
	var states []string
	for _, r := range c.fake.Ledger() {
		states = append(states, r.State)
	}
	if diff := cmp.Diff([]string{"completed", "voided", "voided"}, states); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	c.ok("POST", "/salesreceipt", with(receipt, "ITEM", id)) // the number is free again
}

func TestInvoiceAndPayments(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{TaxBasisPoints: -1})
	id := c.item(bowl)
	invoice := func() value { return c.ok("GET", "/invoice/1", "").at("Invoice") }
	c.ok("POST", "/invoice", with(receipt, "ITEM", id))
	pay := func(amount string) string {
		return `{"CustomerRef":{"value":"2"},"TotalAmt":` + amount + `,"Line":[{"Amount":` + amount + `,"LinkedTxn":[{"TxnId":"1","TxnType":"Invoice"}]}]}`
	}
	c.refused("POST", "/payment", pay("20.71"), http.StatusBadRequest, "6000")
	c.ok("POST", "/payment", pay("10.70"))
	if got := invoice(); got.at("Balance").str() != "10.0" || got.at("LinkedTxn", 0, "TxnType").str() != "Payment" || got.at("SyncToken").str() != "1" {
		t.Errorf("after the first payment: %v", got.v)
	}
	c.ok("POST", "/payment", pay("10"))
	if got := invoice(); got.at("Balance").str() != "0" || len(got.at("LinkedTxn").list()) != 2 {
		t.Errorf("after the second payment: %v", got.v)
	}
	c.refused("POST", "/invoice?operation=void", `{"Id":"1","SyncToken":"2"}`, http.StatusBadRequest, "6000")
	c.ok("POST", "/payment?operation=update&include=void", `{"Id":"2","SyncToken":"0","sparse":true}`)
	c.ok("POST", "/payment?operation=delete", `{"Id":"1","SyncToken":"0"}`)
	if got := invoice(); got.at("Balance").str() != "20.7" || got.has("LinkedTxn") {
		t.Errorf("without payments: %v", got.v)
	}
	c.ok("POST", "/invoice?operation=void", `{"Id":"1","SyncToken":"4"}`)
	var got []string
	for _, r := range c.fake.Ledger() {
		got = append(got, r.State)
	}
	if diff := cmp.Diff([]string{"open", "open", "completed", "open", "open", "voided"}, got); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

func TestStock(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	id := c.item(curry)
	quantity := func() string { return c.ok("GET", "/item/"+id, "").at("Item", "QtyOnHand").str() }
	before := c.ok("GET", "/item/"+id, "").at("Item", "MetaData", "LastUpdatedTime").str()
	c.fake.Advance(1e10)
	r := c.sell(c.saleOf("MEAL-0102", "MEAL-0102"))
	if got := quantity(); got != "12" {
		t.Errorf("after a sale of two: %s", got)
	}
	if after := c.ok("GET", "/item/"+id, "").at("Item", "MetaData", "LastUpdatedTime").str(); after != before {
		t.Errorf("a sale moved the item's time from %s to %s", before, after)
	}
	if _, err := c.fake.Void(r.ID); err != nil {
		t.Fatal(err)
	}
	if got := quantity(); got != "14" {
		t.Errorf("after the void: %s", got)
	}
	adjust := func(change string) string {
		return `{"AdjustAccountRef":{"value":"93"},"Line":[{"DetailType":"ItemAdjustmentLineDetail","ItemAdjustmentLineDetail":{"ItemRef":{"value":"` + id + `"},` + change + `}}]}`
	}
	c.ok("POST", "/inventoryadjustment?requestid=count-1", adjust(`"QtyDiff":-2`))
	c.ok("POST", "/inventoryadjustment?requestid=count-1", adjust(`"QtyDiff":-2`))
	if got := quantity(); got != "12" {
		t.Errorf("after an adjustment sent twice: %s", got)
	}
	got := c.ok("POST", "/inventoryadjustment", adjust(`"NewQty":40`)).at("InventoryAdjustment", "Line", 0, "ItemAdjustmentLineDetail", "QtyDiff").str()
	if quantity() != "40" || got != "28" {
		t.Errorf("after a count of 40: %s, difference %s", quantity(), got)
	}
	c.refused("POST", "/inventoryadjustment", with(adjust(`"QtyDiff":1`), `"AdjustAccountRef":{"value":"93"},`, ""), http.StatusBadRequest, "2020")
	plain := c.item(bowl)
	if err := c.fake.SetStock(c.place(), "MEAL-0101", nil); err != nil {
		t.Errorf("an item without a count: %v", err)
	}
	if err := c.fake.SetStock(c.place(), "MEAL-0101", new(int64(7))); err != nil {
		t.Fatal(err)
	}
	if item := c.ok("GET", "/item/"+plain, "").at("Item"); item.at("QtyOnHand").str() != "7" || item.at("Type").str() != "Inventory" {
		t.Errorf("the counted item is %v", item.v)
	}
}

// TestSampleRequests sends the sample requests of the documentation.
func TestSampleRequests(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("POS_CONTRACTS")
	if dir == "" {
		t.Skip("POS_CONTRACTS is not set: the sample exchanges were not compared")
	}
	sample := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, "quickbooks", "examples", "qbo", name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	c := setup(t, quickbooksfake.Config{})
	id := c.item(curry)
	c.ok("POST", "/inventoryadjustment", string(replace(sample("inventoryadjustment.create.rq.json"), `"value": "38"`, `"value": "`+id+`"`)))
	v := c.ok("POST", "/batch", string(sample("batch.rq.json")))
	if got := len(v.at("BatchItemResponse").list()); got != 3 {
		t.Errorf("the batch has %d answers", got)
	}
	meal := c.item(bowl)
	made := c.ok("POST", "/salesreceipt", with(receipt, "ITEM", meal))
	sameShape(t, "SalesReceipt", decode(t, sample("salesreceipt.read.rs.json")).v, c.ok("GET", "/salesreceipt/"+made.at("SalesReceipt", "Id").str(), "").v)
	sameShape(t, "Item", decode(t, sample("item.create.rs.json")).v, c.ok("GET", "/item/"+meal, "").v)
	c.ok("POST", "/salesreceipt?operation=update&include=void", `{"Id":"1","SyncToken":"0","sparse":true}`)
	sameShape(t, "void", decode(t, sample("salesreceipt.voided.rs.json")).v, c.ok("GET", "/salesreceipt/1", "").v)
	sameShape(t, "empty", decode(t, sample("query.empty.rs.json")).v, c.ok("GET", "/query?query=select%20*%20from%20Class", "").v)
	_, dup := c.call("POST", "/item", bowl)
	sameShape(t, "fault", decode(t, sample("fault.duplicate.rs.json")).v, dup.v)
	sameShape(t, "delete", decode(t, sample("delete.rs.json")).v, c.ok("POST", "/salesreceipt?operation=delete", `{"Id":"1","SyncToken":"1"}`).v)
	c.token = "nobody"
	_, denied := c.call("GET", "/item/1", "")
	sameShape(t, "gateway", decode(t, sample("fault.gateway401.rs.json")).v, denied.v)
}

// TestSchema looks every property that the fake shows up in the official
// schema: elements keep their names, attributes begin with a small letter.
func TestSchema(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("POS_CONTRACTS")
	if dir == "" {
		t.Skip("POS_CONTRACTS is not set: names were not compared with the schema")
	}
	known := map[string]bool{"value": true, "time": true} // the text of a reference; the time of an answer
	files, err := filepath.Glob(filepath.Join(dir, "quickbooks", "qbo-v3-xsd", "*.xsd"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no schema in %s: %v", dir, err)
	}
	name := regexp.MustCompile(`<xs:(?:element|attribute)\s[^>]*name="(\w+)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllSubmatch(text, -1) {
			known[string(m[1])] = true
		}
	}
	c := setup(t, quickbooksfake.Config{})
	c.item(curry)
	c.fake.Promote("TEN", quickbooksfake.Offer{BasisPoints: 1000})
	for _, tender := range []string{"card", "none"} {
		s := c.saleOf("MEAL-0102")
		s.Tender, s.Codes = tender, []string{"TEN"}
		r := c.sell(s)
		if tender == "none" {
			if _, err := c.fake.Edit(posfake.Edit{ID: r.ID, Pay: true}); err != nil {
				t.Fatal(err)
			}
		}
		for _, give := range []func(posfake.Refund) (posfake.Record, error){c.fake.Refund, c.fake.Credit} {
			if _, err := give(posfake.Refund{ID: r.ID, Amount: 10, Reason: "spoiled"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.fake.SetStock(c.place(), "MEAL-0102", new(int64(3))); err != nil {
		t.Fatal(err)
	}
	c.ok("POST", "/class", `{"Name":"Main"}`)
	for _, entity := range []string{
		"Item", "Department", "Class", "Customer", "Account", "PaymentMethod", "TaxRate", "SalesReceipt", "RefundReceipt", "Invoice",
		"CreditMemo", "Payment", "InventoryAdjustment", "CompanyInfo", "Preferences",
	} {
		rows := c.query("select * from " + entity)
		if len(rows.at(entity).list()) == 0 {
			t.Errorf("no %s was compared", entity)
		}
		inSchema(t, entity, rows.v, known)
	}
}

func inSchema(t *testing.T, path string, v any, known map[string]bool) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if !known[k] {
				t.Errorf("%s.%s is not in the schema", path, k)
			}
			inSchema(t, path+"."+k, inner, known)
		}
	case []any:
		for _, inner := range v {
			inSchema(t, path, inner, known)
		}
	}
}

// optional are properties that depend on the record, not on the shape.
var optional = map[string]bool{
	"SubItem": true, "ParentRef": true, "Level": true, "DepartmentRef": true, "ExpenseAccountRef": true, "name": true,
}

// sameShape compares the names of properties and the types of values.
func sameShape(t *testing.T, path string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		have, _ := got.(map[string]any)
		for k, v := range want {
			if _, ok := have[k]; ok {
				sameShape(t, path+"."+k, v, have[k])
			} else if !optional[k] {
				t.Errorf("%s.%s is missing", path, k)
			}
		}
		for k := range have {
			if _, ok := want[k]; !ok && !optional[k] {
				t.Errorf("%s.%s is not in the sample", path, k)
			}
		}
	case []any:
		have, _ := got.([]any)
		if len(have) != len(want) {
			t.Errorf("%s has %d elements, want %d", path, len(have), len(want))
			return
		}
		for i := range want {
			sameShape(t, path+"[]", want[i], have[i])
		}
	case json.Number:
		if _, ok := got.(json.Number); !ok {
			t.Errorf("%s is %T, want a number", path, got)
		}
	case string:
		if _, ok := got.(string); !ok {
			t.Errorf("%s is %T, want a text", path, got)
		}
	}
}
