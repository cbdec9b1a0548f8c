package simphonyfake_test

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

const ts1 = "/EGateway/SimphonyPosApiWeb.asmx"

func envelope(body string) string {
	return `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + body + `</s:Body></s:Envelope>`
}

func element(op, namespace, inner string) string {
	return "<" + op + ` xmlns="` + namespace + `">` + inner + "</" + op + ">"
}

// soap calls an operation at a property, whose name is the first label of the host.
func (c *client) soap(locRef, op, inner string) reply {
	c.t.Helper()
	return c.send("POST", "http://"+locRef+".pos.test:8080"+ts1, envelope(element(op, simphonyfake.Namespace, inner)),
		"Content-Type", "text/xml; charset=utf-8", "SOAPAction", `"`+simphonyfake.Namespace+op+`"`)
}

// tree is XML as the tests look at it.
type tree struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []tree `xml:",any"`
}

func (n tree) find(path ...string) tree {
	for _, name := range path {
		var next tree
		for _, c := range n.Children {
			if c.XMLName.Local == name {
				next = c
				break
			}
		}
		n = next
	}
	return n
}

func (n tree) text(path ...string) string { return strings.TrimSpace(n.find(path...).Text) }

func (r reply) xml() tree {
	r.t.Helper()
	var n tree
	if err := xml.Unmarshal(r.body, &n); err != nil {
		r.t.Fatalf("%v: %s", err, r.body)
	}
	return n
}

// ok returns the answer of a call that succeeded.
func (r reply) ok(op, answer string) tree {
	r.t.Helper()
	r.want(200)
	n := r.xml().find("Body", op+"Response")
	if n.XMLName.Space != simphonyfake.Namespace {
		r.t.Errorf("answer in namespace %q", n.XMLName.Space)
	}
	n = n.find(answer)
	if n.text("OperationalResult", "Success") != "true" || n.text("OperationalResult", "ErrorCode") != "Success" {
		r.t.Fatalf("%s: %s", op, r.body)
	}
	return n
}

func filter(since, rest string) string {
	return `<ppCheckFilter><VendorCode/>` + rest + `<EmployeeObjectNum>90001</EmployeeObjectNum><RvcObjectNum>0</RvcObjectNum><OrderTypeID>0</OrderTypeID><LookUpStartDate>` + since +
		`</LookUpStartDate><IncludeClosedCheck>true</IncludeClosedCheck></ppCheckFilter>`
}

func document(t *testing.T, text string) tree {
	t.Helper()
	var n tree
	if err := xml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return n
}

func TestSOAPChecks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, two)
		c.meal("510001", "FARM-1", "9.50")
		c.config("sales/discounts", `{"hierUnitId":1,"objectNum":50,"name":{"en-US":"Spring"},"activationType":1,"amount":1.50}`).want(200)
		if got := c.soap("south", "GetChecks", filter("1999-01-01T00:00:00", "")).ok("GetChecks", "ppChecksResponse"); got.find("Checks").XMLName.Local != "" {
			t.Errorf("checks before the first: %+v", got)
		}
		c.sell(posfake.Sale{Location: "south", Tip: 200, Reference: "T-1", Lines: []posfake.SaleLine{{SKU: "FARM-1", Quantity: 2}}})
		c.fake.Advance(time.Hour)
		open := one("south", "FARM-1")
		open.Tender = "none"
		c.sell(open)
		rows := c.soap("south", "GetChecks", filter("1999-12-31T00:00:00", "")).ok("GetChecks", "ppChecksResponse").find("Checks").Children
		if len(rows) != 2 || rows[0].XMLName.Local != "SimphonyPosApi_CheckSummaryEx" {
			t.Fatalf("checks %+v", rows)
		}
		var names []string
		for _, n := range rows[0].Children {
			names = append(names, n.XMLName.Local)
		}
		want := strings.Fields(`CheckAutoFireTime CheckCurrentlyOpenOnWorkstation CheckEmployeeObjectNum CheckID CheckInsufficientBeverage CheckInTraining
			CheckIsDelayedOrder CheckIsFutureOrder CheckLastServiceTime CheckLastWorkstationOwner CheckNum CheckOpenTime CheckOrderType
			CheckRevenueCenterObjectNum CheckSeq CheckTableGroup CheckTableObjectNum CheckTotalDue CheckTransferedToDriver`)
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("order of elements:\n%s", diff)
		}
		if rows[0].text("CheckOpenTime") != "1999-12-31T18:00:00.000" || rows[0].text("CheckAutoFireTime") != "0001-01-01T00:00:00" || rows[0].text("CheckTotalDue") != "0.00" {
			t.Errorf("summary %+v", rows[0])
		}
		if got := c.soap("south", "GetChecks", filter("1999-12-31T18:30:00", "")).ok("GetChecks", "ppChecksResponse").find("Checks").Children; len(got) != 1 {
			t.Errorf("%d checks since half an hour", len(got))
		}
		if got := c.soap("south", "GetChecks", filter("1999-01-01T00:00:00", "<CheckNumbers><int>2</int></CheckNumbers>")).ok("GetChecks", "ppChecksResponse").find("Checks").Children; len(got) != 1 || got[0].text("CheckNum") != "2" {
			t.Errorf("by number: %+v", got)
		}
		for _, op := range []string{"GetOpenChecks", "GetOpenChecksEx"} {
			got := c.soap("south", op, "<vendorCode/><employeeObjectNum>0</employeeObjectNum>").ok(op, "openChecks").find("CheckSummary").Children
			if len(got) != 1 || got[0].text("CheckTotalDue") != "8.64" {
				t.Errorf("%s: %+v", op, got)
			}
		}
		byRVC := "<employeeObjectNum>90001</employeeObjectNum><revenueCenterObjectNum>1</revenueCenterObjectNum>"
		c.soap("south", "GetOpenChecksByRVC", byRVC).ok("GetOpenChecksByRVC", "openChecks")
		if n := c.soap("north", "GetChecks", filter("1999-01-01T00:00:00", "")).ok("GetChecks", "ppChecksResponse").find("Checks"); n.XMLName.Local != "" {
			t.Errorf("checks of another property: %+v", n)
		}

		detail := "<ppCheckDetailFilter><CheckNumber>1</CheckNumber><CheckSeqNumber>1</CheckSeqNumber></ppCheckDetailFilter>"
		d := document(t, c.soap("south", "GetCheckDetail", detail).ok("GetCheckDetail", "ppCheckDetailResponse").text("CheckDetail"))
		for path, want := range map[string]string{"CheckNumber": "1", "SubTotal": "17.50", "Tax": "1.40", "Due": "0.00", "CheckOpenTime": "1999-12-31T18:00:00.000"} {
			if got := d.text("Summary", path); got != want {
				t.Errorf("summary %s is %q, want %q", path, got, want)
			}
		}
		var lines []string
		for _, l := range d.find("DetailLines").Children {
			lines = append(lines, strings.Join([]string{l.text("DetailType"), l.text("Total"), l.text("SalesCount"), l.text("MenuItem", "obj"), l.text("TenderMedia", "ChargeTipTotal"), l.text("ReferenceInfo"), l.text("VoidLink")}, " "))
		}
		if diff := cmp.Diff([]string{"DtlMiType 19.00 2 510001   0", "DtlDscType -1.50     0", "DtlTmedType 20.90   2.00 T-1 0"}, lines); diff != "" {
			t.Errorf("lines:\n%s", diff)
		}
		printed := "<CheckSeq>1</CheckSeq><EmplObjectnum>90001</EmplObjectnum><TmedObjectNum>0</TmedObjectNum>"
		if got := c.soap("south", "GetPrintedCheck", printed).ok("GetPrintedCheck", "ppCheckPrintLines").find("CheckPrintLines").Children; len(got) < 4 {
			t.Errorf("printed lines %+v", got)
		}
	})
}

func TestSOAPResults(t *testing.T) {
	t.Parallel()
	cfg := two
	cfg.VendorCode = "fake-vendor"
	c := setup(t, cfg)
	for _, tc := range []struct{ op, answer, inner, code string }{
		{"GetOpenChecks", "openChecks", "<vendorCode>x</vendorCode><employeeObjectNum>0</employeeObjectNum>", "LicensingFailed"},
		{"GetOpenChecks", "openChecks", "<vendorCode>fake-vendor</vendorCode><employeeObjectNum>5</employeeObjectNum>", "EmployeeNotFound"},
		{"GetOpenChecksByRVC", "openChecks", "<vendorCode>fake-vendor</vendorCode><employeeObjectNum>0</employeeObjectNum><revenueCenterObjectNum>9</revenueCenterObjectNum>", "InvalidRvcNum"},
		{"GetCheckDetail", "ppCheckDetailResponse", "<ppCheckDetailFilter><VendorCode>fake-vendor</VendorCode><CheckNumber>1</CheckNumber><CheckSeqNumber>1</CheckSeqNumber></ppCheckDetailFilter>", "CheckNotFound"},
		{"GetChecks", "ppChecksResponse", "", "NullInput"},
		{"GetConfigurationInfo", "configInfoResponse", "<vendorCode>fake-vendor</vendorCode><employeeObjectNum>90001</employeeObjectNum><configurationInfoType><int>99</int></configurationInfoType><revenueCenter>0</revenueCenter>", "InvalidConfigInfoType"},
	} {
		got := c.soap("north", tc.op, tc.inner).want(200).xml().find("Body", tc.op+"Response", tc.answer, "OperationalResult")
		if got.text("Success") != "false" || got.text("ErrorCode") != tc.code || got.text("ErrorMessage") == "" {
			t.Errorf("%s: %+v, want %s", tc.op, got, tc.code)
		}
	}
}

func config(types ...string) string {
	inner := ""
	var innerText strings.Builder
	for _, x := range types {
		name, rest, _ := strings.Cut(x, ":")
		start, limit, _ := strings.Cut(rest, "+")
		if rest == "" {
			start, limit = "0", "0"
		}
		innerText.WriteString("<SimphonyPosApi_ConfigInfo><ConfigurationInfoTypeID>" + name + "</ConfigurationInfoTypeID><StartIndex>" + start + "</StartIndex><MaxRecordCount>" + limit + "</MaxRecordCount></SimphonyPosApi_ConfigInfo>")
	}
	inner += innerText.String()
	return "<configInfoRequest><EmployeeObjectNumber>90001</EmployeeObjectNumber><RVCObjectNumber>0</RVCObjectNumber><ConfigurationInfo>" + inner + "</ConfigurationInfo></configInfoRequest>"
}

func TestSOAPConfiguration(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	c.meal("510001", "FARM-1", "9.50")
	c.meal("510002", "FARM-2", "8.00")
	if err := c.fake.SetStock("north", "FARM-2", new(int64(0))); err != nil {
		t.Fatal(err)
	}
	const op = "GetConfigurationInfoEx"
	ping := c.soap("north", op, config("VERSION")).ok(op, "configInfoResponse")
	if ping.text("Version") == "" || ping.text("ConfigInfoType", "EConfigurationInfoType") != "VERSION" {
		t.Errorf("version %+v", ping)
	}
	got := c.soap("north", op, config("MENUITEMMASTERS", "MENUITEMDEFINITIONS", "MENUITEMPRICE:1+1", "REVENUECENTERS", "CURRENCY", "DISCOUNTDEFINITIONS",
		"TENDERMEDIA", "ORDERTYPE", "EMPLOYEES", "FAMILYGROUP", "MAJORGROUP", "MENUITEMCLASS", "TAX")).ok(op, "configInfoResponse")
	masters := document(t, got.text("MenuItemMasters"))
	if masters.XMLName.Local != "ArrayOfDbMenuItemMaster" || len(masters.Children) != 2 || masters.Children[0].text("ObjectNumber") != "510001" || masters.Children[0].text("Name", "StringText") != "Lentil bowl" {
		t.Errorf("masters %+v", masters)
	}
	definitions := document(t, got.text("MenuItemDefinitions"))
	if a, b := definitions.Children[0], definitions.Children[1]; a.text("CheckAvailability") != "false" || b.text("CheckAvailability") != "true" || b.text("OutOfMenuItem") != "true" {
		t.Errorf("definitions %+v", definitions)
	}
	prices := document(t, got.text("MenuItemPrice"))
	if len(prices.Children) != 1 || prices.Children[0].text("Price") != "8.00" || prices.Children[0].text("MenuItemDefID") != definitions.Children[1].text("MenuItemDefID") {
		t.Errorf("second page of prices %+v", prices)
	}
	old := "<employeeObjectNum>90001</employeeObjectNum><configurationInfoType><int>13</int><int>15</int></configurationInfoType><revenueCenter>1</revenueCenter>"
	if got := c.soap("north", "GetConfigurationInfo", old).ok("GetConfigurationInfo", "configInfoResponse"); len(got.find("ConfigInfoType").Children) != 2 || got.text("Currency") == "" {
		t.Errorf("by number %+v", got)
	}

	cfg := two
	cfg.TS1Declaration = true
	declared := setup(t, cfg)
	text := declared.soap("north", op, config("CURRENCY")).ok(op, "configInfoResponse").text("Currency")
	if !strings.HasPrefix(text, `<?xml version="1.0" encoding="utf-16"?>`) {
		t.Errorf("document %s", text)
	}
}

func TestSOAPRefusals(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	const openOp = "GetOpenChecks"
	good := element(openOp, simphonyfake.Namespace, "<employeeObjectNum>0</employeeObjectNum>")
	action := simphonyfake.Namespace + openOp
	for name, tc := range map[string]struct{ body, action, kind string }{
		"wrong namespace":          {envelope(element(openOp, "http://example.com/", "<employeeObjectNum>0</employeeObjectNum>")), action, "text/xml"},
		"unqualified child":        {envelope(element(openOp, simphonyfake.Namespace, `<employeeObjectNum xmlns="">0</employeeObjectNum>`)), action, "text/xml"},
		"missing element":          {envelope(element(openOp, simphonyfake.Namespace, "")), action, "text/xml"},
		"wrong order":              {envelope(element(openOp, simphonyfake.Namespace, "<employeeObjectNum>0</employeeObjectNum><vendorCode/>")), action, "text/xml"},
		"unknown element":          {envelope(element(openOp, simphonyfake.Namespace, "<employeeObjectNum>0</employeeObjectNum><x/>")), action, "text/xml"},
		"no number":                {envelope(element(openOp, simphonyfake.Namespace, "<employeeObjectNum>x</employeeObjectNum>")), action, "text/xml"},
		"wrong action":             {envelope(good), simphonyfake.Namespace + "GetChecks", "text/xml"},
		"no action":                {envelope(good), "", "text/xml"},
		"wrong content type":       {envelope(good), action, "application/json"},
		"envelope of another kind": {envelope(good), action, "application/soap+xml"},
		"document type":            {`<!DOCTYPE x [<!ENTITY a "b">]>` + envelope(good), action, "text/xml"},
		"no envelope":              {good, action, "text/xml"},
		"torn":                     {envelope(good)[:90], action, "text/xml"},
		"deep":                     {strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), action, "text/xml"},
		"operation that writes":    {envelope(element("VoidTransaction", simphonyfake.Namespace, "")), simphonyfake.Namespace + "VoidTransaction", "text/xml"},
		"unknown operation":        {envelope(element("Nope", simphonyfake.Namespace, "")), simphonyfake.Namespace + "Nope", "text/xml"},
	} {
		got := c.send("POST", base+ts1, tc.body, "Content-Type", tc.kind, "SOAPAction", tc.action)
		if got.status != 500 || !strings.Contains(string(got.body), "Fault>") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	c.send("POST", base+"/EGateway/Other.asmx", envelope(good), "Content-Type", "text/xml", "SOAPAction", action).want(500)
	c.send("POST", base+"/EGateway/simphonyposapiweb.ASMX", envelope(good), "Content-Type", "text/xml", "SOAPAction", action).want(200)
	c.send("POST", c.fake.PropertyURL(base, "South"), envelope(good), "Content-Type", "text/xml", "SOAPAction", action).want(200)
	c.send("POST", c.fake.PropertyURL(base, "nowhere"), envelope(good), "Content-Type", "text/xml", "SOAPAction", action).want(500)
	modern := strings.ReplaceAll(envelope(good), "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
	got := c.send("POST", base+ts1, modern, "Content-Type", `application/soap+xml; charset=utf-8; action="`+action+`"`).want(200)
	if got.xml().XMLName.Space != "http://www.w3.org/2003/05/soap-envelope" {
		t.Errorf("answer to SOAP 1.2: %s", got.body)
	}
	fault := c.send("POST", base+ts1, modern, "Content-Type", `application/soap+xml; action="x"`).want(500)
	if fault.xml().text("Body", "Fault", "Code", "Value") != "soap:Sender" {
		t.Errorf("fault of SOAP 1.2: %s", fault.body)
	}
}

func TestSOAPVariants(t *testing.T) {
	t.Parallel()
	cfg := two
	cfg.TS1Namespace, cfg.TS1Lenient = "http://tills:8080/EGateway/", true
	c := setup(t, cfg)
	body := envelope(element("GetOpenChecks", cfg.TS1Namespace, ""))
	got := c.send("POST", base+ts1, body, "Content-Type", "text/xml", "SOAPAction", cfg.TS1Namespace+"GetOpenChecks").want(200)
	if n := got.xml().find("Body", "GetOpenChecksResponse"); n.XMLName.Space != cfg.TS1Namespace {
		t.Errorf("answer %s", got.body)
	}
	c.soap("north", "GetOpenChecks", "<employeeObjectNum>0</employeeObjectNum>").want(500)
}

func TestSOAPFaults(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	const inner = "<employeeObjectNum>0</employeeObjectNum>"
	if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Op: "GetOpenChecks", Status: 503}); err != nil {
		t.Fatal(err)
	}
	if got := c.soap("north", "GetOpenChecks", inner).want(503); got.xml().text("Body", "Fault", "faultcode") != "soap:Server" {
		t.Errorf("scripted: %s", got.body)
	}
	log := c.fake.Requests()
	if last := log[len(log)-1]; last.Op != "GetOpenChecks" || last.Write {
		t.Errorf("request log %+v", last)
	}
	if err := c.fake.SetOnline("north", false); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(context.Background(), "POST", "http://north.pos.test"+ts1, strings.NewReader(envelope("<a/>")))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.http.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("without power: %v", err)
	}
	c.soap("south", "GetOpenChecks", inner).want(200)
}

func TestSOAPForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := two
		cfg.TS1Keep = 24 * hour
		cfg.RecordID = func(locRef string, _, seq int64) string { return "ts1:" + locRef + ":" + string(rune('0'+seq)) }
		c := setup(t, cfg)
		price := int64(500)
		if r := c.sell(posfake.Sale{Location: "north", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}}); r.ID != "ts1:north:1" {
			t.Errorf("record %s", r.ID)
		}
		c.fake.Advance(23 * hour)
		count := func() int {
			return len(c.soap("north", "GetChecks", filter("1999-01-01T00:00:00Z", "")).ok("GetChecks", "ppChecksResponse").find("Checks").Children)
		}
		if n := count(); n != 1 {
			t.Errorf("%d checks after a day", n)
		}
		c.fake.Advance(2 * hour)
		if n := count(); n != 0 {
			t.Errorf("%d checks after they were forgotten", n)
		}
	})
}
