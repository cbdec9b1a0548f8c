package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

const simphonyWSDL = "simphony/SimphonyPosApiWeb.wsdl"

func readWSDL(t *testing.T) *WSDL {
	t.Helper()
	w, err := ReadWSDL(File(t, simphonyWSDL))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// soapLog is a transport that keeps SOAP requests and answers.
type soapLog struct {
	base http.RoundTripper
	mu   sync.Mutex
	all  [][2][]byte
}

func (l *soapLog) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := l.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.Contains(r.URL.Path, "/EGateway/") {
		l.all = append(l.all, [2][]byte{sent, got})
	}
	return resp, nil
}

// report compares everything with the WSDL and returns how often each element
// occurred.
func (l *soapLog) report(t *testing.T, w *WSDL) map[string]int {
	t.Helper()
	seen := map[string]int{}
	var texts [][]byte
	for _, pair := range l.all {
		for i, text := range pair {
			element, err := w.Check(text)
			if err != nil {
				t.Errorf("%s: %v\n%s", []string{"request", "answer"}[i], err, text)
			}
			seen[element]++
			texts = append(texts, text)
		}
	}
	lint(t, File(t, simphonyWSDL), texts)
	return seen
}

// tills is a fake with checks of every kind at its first property.
func tills(t *testing.T) (*simphonyfake.Fake, string) {
	t.Helper()
	fake, err := simphonyfake.New(simphonyfake.Config{Items: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	at := fake.Locations()[0]
	lines := []posfake.SaleLine{{SKU: "HOST-FARM-001", Quantity: 2}}
	var last posfake.Record
	for _, s := range []posfake.Sale{{Tip: 100, Reference: "R&1 <2>"}, {Tender: "cash"}, {Tender: "none"}, {}} {
		s.Location, s.Lines = at, lines
		if last, err = fake.Sell(s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fake.Refund(posfake.Refund{ID: last.ID}); err != nil {
		t.Fatal(err)
	}
	if last, err = fake.Sell(posfake.Sale{Location: at, Lines: lines}); err == nil {
		_, err = fake.Void(last.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fake, at
}

// TestSimphonySOAP compares every answer of the fake's TS1, and the requests
// that got them, with the vendor's WSDL.
func TestSimphonySOAP(t *testing.T) {
	t.Parallel()
	w := readWSDL(t)
	fake, at := tills(t)
	log := &soapLog{base: fake.Transport()}
	client := &http.Client{Transport: log}
	call := func(namespace, kind, op, inner string) {
		t.Helper()
		body := `<e:Envelope xmlns:e="` + namespace + `"><e:Body><` + op + ` xmlns="` + simphonyfake.Namespace + `">` + inner + `</` + op + `></e:Body></e:Envelope>`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fake.PropertyURL("http://pos.test", at), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("SOAPAction", simphonyfake.Namespace+op)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if text, err := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || err != nil {
			t.Errorf("%s: %d %v %s", op, resp.StatusCode, err, text)
		}
	}
	const open = "<employeeObjectNum>%d</employeeObjectNum>"
	for _, employee := range []int{0, 90001, 7} {
		for _, dialect := range [][2]string{{"http://schemas.xmlsoap.org/soap/envelope/", "text/xml; charset=utf-8"}, {"http://www.w3.org/2003/05/soap-envelope", "application/soap+xml; charset=utf-8"}} {
			ask := func(op, format string) { call(dialect[0], dialect[1], op, fmt.Sprintf(format, employee)) }
			ask("GetOpenChecks", open)
			ask("GetOpenChecksEx", open)
			ask("GetOpenChecksByRVC", open+"<revenueCenterObjectNum>1</revenueCenterObjectNum>")
			ask("GetChecks", `<ppCheckFilter><EmployeeObjectNum>%d</EmployeeObjectNum><RvcObjectNum>0</RvcObjectNum><OrderTypeID>0</OrderTypeID>`+
				`<LookUpStartDate>2020-01-01T00:00:00</LookUpStartDate><IncludeClosedCheck>true</IncludeClosedCheck></ppCheckFilter>`)
			ask("GetPrintedCheck", "<CheckSeq>1</CheckSeq><EmplObjectnum>%d</EmplObjectnum><TmedObjectNum>0</TmedObjectNum>")
			var types, numbers strings.Builder
			for i, name := range []string{
				"MENUITEMDEFINITIONS", "MENUITEMPRICE", "MENUITEMCLASS", "DISCOUNTDEFINITIONS", "TENDERMEDIA", "ORDERTYPE", "FAMILYGROUP", "MAJORGROUP",
				"REVENUECENTERS", "MENUITEMMASTERS", "CURRENCY", "VERSION", "EMPLOYEES", "TAX", "TABLES",
			} {
				types.WriteString("<SimphonyPosApi_ConfigInfo><ConfigurationInfoTypeID>" + name + "</ConfigurationInfoTypeID><StartIndex>0</StartIndex><MaxRecordCount>2</MaxRecordCount></SimphonyPosApi_ConfigInfo>")
				fmt.Fprintf(&numbers, "<int>%d</int>", i+1)
			}
			ask("GetConfigurationInfoEx", "<configInfoRequest><EmployeeObjectNumber>%d</EmployeeObjectNumber><RVCObjectNumber>0</RVCObjectNumber><ConfigurationInfo>"+types.String()+"</ConfigurationInfo></configInfoRequest>")
			ask("GetConfigurationInfo", open+"<configurationInfoType>"+numbers.String()+"</configurationInfoType><revenueCenter>0</revenueCenter>")
		}
	}
	for seq := range 8 {
		call("http://schemas.xmlsoap.org/soap/envelope/", "text/xml", "GetCheckDetail",
			fmt.Sprintf("<ppCheckDetailFilter><CheckNumber>%d</CheckNumber><CheckSeqNumber>%d</CheckSeqNumber></ppCheckDetailFilter>", seq, seq))
	}
	seen := log.report(t, w)
	for _, op := range fake.Operations() {
		reads := w.elements[op] != nil && strings.HasPrefix(op, "Get")
		if reads && (seen[op] == 0 || seen[op] != seen[op+"Response"]) {
			t.Errorf("%s: sent %d times, answered %d times", op, seen[op], seen[op+"Response"])
		}
	}
}

// TestSimphonyClient compares what the client sends to TS1 for each of its jobs.
func TestSimphonyClient(t *testing.T) {
	t.Parallel()
	w := readWSDL(t)
	fake, at := tills(t)
	log := &soapLog{base: fake.Transport()}
	p, err := simphony.New(simphony.Config{
		Account: "test", TS1: &simphony.TS1{Employee: 90001, AllowPlain: true},
		Properties: []simphony.Property{{LocRef: at, TS1URL: fake.PropertyURL("https://pos.test", at), TimeZone: "America/New_York", Currency: "USD"}},
	}, &kit.Options{HTTPClient: &http.Client{Transport: log}})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range pos.AllStatuses(t.Context(), p, pos.StatusQuery{}) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, err := range pos.AllStock(t.Context(), p, pos.InventoryQuery{}) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, err := range pos.AllPurchases(t.Context(), p, pos.PurchaseQuery{}) {
		if err != nil {
			t.Error(err)
		}
	}
	seen := log.report(t, w)
	for _, op := range []string{"GetChecks", "GetCheckDetail", "GetConfigurationInfoEx"} {
		if seen[op] == 0 || seen["Fault"] > 0 {
			t.Errorf("%s: sent %d times, faults %d", op, seen[op], seen["Fault"])
		}
	}
}

// TestSimphonySTS2 looks up every STS2 endpoint of the fake in the vendor's
// collection of requests.
func TestSimphonySTS2(t *testing.T) {
	t.Parallel()
	var collection struct {
		Requests []struct{ Method, Path string } `json:"requests"`
	}
	if err := json.Unmarshal(File(t, "simphony/stsg2-requests.json"), &collection); err != nil {
		t.Fatal(err)
	}
	fake, _ := tills(t)
	names := regexp.MustCompile(`\{\w+\}|:\w+`)
	var known []string
	for _, r := range collection.Requests {
		known = append(known, r.Method+" "+names.ReplaceAllString(r.Path, "{}"))
	}
	documented := []string{"POST /api/v1/notifications/registration"} // beside PUT, on the reference page
	for _, r := range fake.Routes() {
		pattern := names.ReplaceAllString(strings.Replace(r.Pattern, "/api/v2/", "/api/v1/", 1), "{}")
		if strings.Contains(pattern, " /api/") && !slices.Contains(known, pattern) && !slices.Contains(documented, pattern) {
			t.Errorf("%s is not in the collection", r.Pattern)
		}
	}
	if len(known) < 30 {
		t.Errorf("the collection has %d requests", len(known))
	}
}

// TestWSDL proves that the comparison finds what is wrong, and that xmllint is
// of the same opinion.
func TestWSDL(t *testing.T) {
	t.Parallel()
	w := readWSDL(t)
	const namespace = simphonyfake.Namespace
	wrap := func(space, inner string) []byte {
		return []byte(`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><GetOpenChecksResponse xmlns="` + space + `"><openChecks><OperationalResult>` + inner + `</OperationalResult></openChecks></GetOpenChecksResponse></e:Body></e:Envelope>`)
	}
	for name, tc := range map[string]struct {
		text []byte
		want string
	}{
		"good":            {wrap(namespace, "<Success>true</Success><ErrorCode>Success</ErrorCode>"), ""},
		"other namespace": {wrap("y", "<Success>true</Success><ErrorCode>Success</ErrorCode>"), "not declared"},
		"unqualified":     {wrap(namespace, `<Success xmlns="">true</Success><ErrorCode>Success</ErrorCode>`), "namespace"},
		"order":           {wrap(namespace, "<ErrorCode>Success</ErrorCode><Success>true</Success>"), "missing or out of order"},
		"missing":         {wrap(namespace, "<Success>true</Success>"), "missing"},
		"enumeration":     {wrap(namespace, "<Success>true</Success><ErrorCode>Fine</ErrorCode>"), "is not in"},
		"boolean":         {wrap(namespace, "<Success>yes</Success><ErrorCode>Success</ErrorCode>"), "is no boolean"},
		"unknown":         {wrap(namespace, "<Success>true</Success><ErrorCode>Success</ErrorCode><More/>"), "unknown"},
	} {
		_, err := w.Check(tc.text)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
		if out := xmllint(t, File(t, simphonyWSDL), [][]byte{tc.text}); (out == "") != (tc.want == "") {
			t.Errorf("%s: xmllint says %q", name, out)
		}
	}
}
