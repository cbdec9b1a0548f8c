package quickbooksdesktop_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
)

// contracts returns the directory of the official schemas.
func contracts(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("POS_CONTRACTS")
	if dir == "" {
		t.Skip("POS_CONTRACTS is not set")
	}
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Fatal("xmllint is missing: install libxml2-utils")
	}
	return filepath.Join(dir, "quickbooks")
}

// lint validates documents against a schema.
func lint(t *testing.T, schema string, documents []string) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"--noout", "--nonet", "--schema", schema}
	for i, d := range documents {
		name := filepath.Join(dir, fmt.Sprintf("%03d.xml", i))
		if err := os.WriteFile(name, []byte(d), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	if out, err := exec.CommandContext(t.Context(), "xmllint", args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Every request keeps to the qbXML 13.0 schema, whatever is configured.
func TestRequestsValidate(t *testing.T) {
	t.Parallel()
	schema := filepath.Join(contracts(t), "qbxml13", "qbxmlops130.xsd")
	configs := map[string]func(*quickbooksdesktop.Config){
		"classes":   func(*quickbooksdesktop.Config) {},
		"sites":     func(c *quickbooksdesktop.Config) { c.Location = quickbooksdesktop.BySite },
		"company":   func(c *quickbooksdesktop.Config) { c.Location, c.Invoices = quickbooksdesktop.ByCompany, true },
		"non-stock": func(c *quickbooksdesktop.Config) { c.NonStock = true },
		"coupons":   ledger,
	}
	for name, set := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lint(t, schema, written(t, set))
		})
	}
}

// written returns all documents of three runs: adds, changes of every field,
// a withdrawal, pages, and the first request of a session that recovers.
func written(t *testing.T, set func(*quickbooksdesktop.Config)) []string {
	t.Helper()
	cfg := config()
	cfg.Adopt = []string{"MEAL-0101", "MEAL-0102", "MEAL-0103", "CPN-OLD", "CPN-OLDER"}
	set(&cfg)
	p, err := quickbooksdesktop.New(cfg, &kit.Options{Store: &pos.MemoryStore{}})
	if err != nil {
		t.Fatal(err)
	}
	c := &connector{t, p.Handler(), "192.0.2.1:4711"}
	site := strings.ReplaceAll(class, "ClassRet", "InventorySiteRet")
	records := func() map[string][]string {
		return map[string][]string{
			"ClassQuery": {class}, "InventorySiteQuery": {site},
			"ItemInventoryQuery": {item("MEAL-0101", "11.50", "1", "")},
			"ItemNonInventoryQuery": {
				strings.ReplaceAll(`<X><ListID>1-1</ListID><EditSequence>1</EditSequence><Name>MEAL-0102</Name><FullName>MEAL-0102</FullName><IsActive>false</IsActive><SalesOrPurchase><Desc>Old</Desc><Price>1.00</Price></SalesOrPurchase></X>`, "X>", "ItemNonInventoryRet>") +
					strings.ReplaceAll(`<X><ListID>1-2</ListID><EditSequence>1</EditSequence><Name>MEAL-0103</Name><FullName>MEAL-0103</FullName><IsActive>true</IsActive><SalesAndPurchase><SalesDesc>Old</SalesDesc><SalesPrice>1.00</SalesPrice></SalesAndPurchase></X>`, "X>", "ItemNonInventoryRet>"),
			},
			"ItemDiscountQuery": {
				`<ItemDiscountRet><ListID>1-3</ListID><EditSequence>1</EditSequence><Name>CPN-OLD</Name><FullName>CPN-OLD</FullName><IsActive>false</IsActive><ItemDesc>Old</ItemDesc><DiscountRatePercent>5.0</DiscountRatePercent></ItemDiscountRet>` +
					`<ItemDiscountRet><ListID>1-4</ListID><EditSequence>1</EditSequence><Name>CPN-OLDER</Name><FullName>CPN-OLDER</FullName><IsActive>false</IsActive><ItemDesc>Old</ItemDesc><DiscountRate>5.00</DiscountRate></ItemDiscountRet>`,
			},
		}
	}
	b := &book{records: records()}
	c.run(b)
	push := pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{
		{SKU: "MEAL-0101", Name: "Crème brûlée & <co> 🍮", Price: usd(1275), GTIN: "036000291452", TaxExempt: true, Unavailable: true},
		{SKU: "MEAL-0102", Name: "Bowl", Price: usd(995), GTIN: "4006381333931", TaxExempt: true},
		{SKU: "MEAL-0103", Name: "Wrap", Price: usd(895)},
		{SKU: "MEAL-0104", Name: "Soup", Price: usd(695), GTIN: "96385074", TaxExempt: true},
		{SKU: "MEAL-" + strings.Repeat("9", 26), Name: strings.Repeat("Long ", 24), Price: usd(100)},
	}}}
	if _, err := p.PushMenu(t.Context(), push); err != nil {
		t.Fatal(err)
	}
	if cfg.LedgerCoupons {
		coupons := pos.CouponPush{Coupons: []pos.Coupon{
			{ID: "c-1", Name: "Café", Percent: pos.Percent(10), Codes: []string{"TEN"}},
			{ID: "c-2", Name: "Dollar", Amount: usd(100), Codes: []string{"DOLLAR"}},
			{ID: "c-3", Name: "Old", Percent: pos.Percent(10), Codes: []string{"OLD"}},
			{ID: "c-4", Name: "Older", Amount: usd(250), Codes: []string{"OLDER"}},
		}}
		if _, err := p.PushCoupons(t.Context(), coupons); err != nil {
			t.Fatal(err)
		}
	}
	b.records, b.pages = records(), true
	b.records["ItemInventoryQuery"] = []string{item("MEAL-0101", "11.50", "1", ""), item("THEIRS", "1.00", "1", "")}
	b.records["SalesReceiptQuery"] = []string{receipt, ""}
	c.run(b)
	writes, goesOn := 0, 0
	for _, d := range b.seen {
		goesOn += strings.Count(d, `iterator="Continue"`)
		writes += strings.Count(d, "AddRq ") + strings.Count(d, "ModRq ")
	}
	if writes < 5 || goesOn < 2 {
		t.Fatalf("%d writes, %d iterators that go on", writes, goesOn)
	}
	if cfg.LedgerCoupons && writes < 9 {
		t.Fatalf("%d writes with coupons", writes)
	}
	push.Menu.Items[3].SKU = "MEAL-0105"
	if _, err := p.PushMenu(t.Context(), push); err != nil {
		t.Fatal(err)
	}
	b.records = records()
	return append(b.seen, recovered(t, c, b))
}

// recovered loses the response to a set of writes, and returns the request
// with which the next session begins: the same, with the same ids.
func recovered(t *testing.T, c *connector, b *book) string {
	t.Helper()
	ticket, _ := c.authenticate(password)
	request := c.send(ticket, prelude(fileID))
	for n := 0; !strings.Contains(request, " newMessageSetID="); n++ {
		if n == 20 {
			t.Fatal("nothing is written")
		}
		c.receive(ticket, b.reply(request), "")
		request = c.send(ticket, "")
	}
	ticket, _ = c.authenticate(password)
	again := c.send(ticket, prelude(fileID))
	if again != request || !strings.Contains(again, " oldMessageSetID=") {
		t.Errorf("the session that recovers begins with\n%s\nwant\n%s", again, request)
	}
	return again
}

func usd(cents int64) pos.Money { return pos.Money{Amount: cents, Currency: "USD"} }

var (
	schemaPart = regexp.MustCompile(`(?s)<s:schema.*</s:schema>`)
	bodyPart   = regexp.MustCompile(`(?s)<soap:Body>(.*)</soap:Body>`)
)

// embedded writes the schema inside a WSDL to a file of its own.
func embedded(t *testing.T, wsdl []byte) string {
	t.Helper()
	part := schemaPart.Find(wsdl)
	if part == nil {
		t.Fatal("the WSDL has no schema")
	}
	part = bytes.Replace(part, []byte("<s:schema"), []byte(`<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:tns="http://developer.intuit.com/"`), 1)
	name := filepath.Join(t.TempDir(), "service.xsd")
	if err := os.WriteFile(name, part, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Our answers keep to the schema of Intuit's WSDL, and the samples of both
// directions to that of ours.
func TestAnswersValidate(t *testing.T) {
	t.Parallel()
	dir := contracts(t)
	official, err := os.ReadFile(filepath.Join(dir, "QBWebConnectorSvc.wsdl"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile("service.wsdl")
	if err != nil {
		t.Fatal(err)
	}
	samples, err := filepath.Glob(filepath.Join(dir, "examples", "soap", "*.xml"))
	if err != nil || len(samples) < 10 {
		t.Fatalf("%d samples: %v", len(samples), err)
	}
	_, c := open(t, &pos.MemoryStore{})
	ticket, _ := c.authenticate(password)
	var theirs, answers []string
	for _, name := range samples {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if m := bodyPart.FindSubmatch(body); m != nil {
			theirs = append(theirs, string(m[1]))
		}
		if strings.HasSuffix(name, ".rq.xml") {
			_, answer := c.post(strings.ReplaceAll(string(body), "b0a1f3d2-6f64-4f0b-9f0e-1a8a4a5f7c90", ticket))
			answers = append(answers, bodyPart.FindStringSubmatch(answer)[1])
		}
	}
	lint(t, embedded(t, official), answers)
	lint(t, embedded(t, ours), theirs)
}
