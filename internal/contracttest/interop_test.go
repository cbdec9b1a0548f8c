package contracttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

const success = `"OperationalResult": {"Success": true, "ErrorCode": "Success"}`

// reply is what a service says to an operation, members in the order of the
// schema.
func reply(format string, values ...any) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(format, values...))
}

// embedded writes a document as the text of a member.
func embedded(document string) string {
	text, _ := json.Marshal(document) // a string always can
	return string(text)
}

// summaryOf is a check in a list.
func summaryOf(number, seq int, opened, due string) string {
	return fmt.Sprintf(`{"CheckAutoFireTime": "0001-01-01T00:00:00", "CheckCurrentlyOpenOnWorkstation": 0, "CheckEmployeeObjectNum": 90001, "CheckID": "R&1 <%d>",
		"CheckInsufficientBeverage": 0, "CheckInTraining": 0, "CheckIsDelayedOrder": 0, "CheckIsFutureOrder": 0, "CheckLastServiceTime": %q, "CheckLastWorkstationOwner": 1,
		"CheckNum": %[1]d, "CheckOpenTime": %[2]q, "CheckOrderType": 1, "CheckRevenueCenterObjectNum": 1, "CheckSeq": %d, "CheckTableGroup": 0, "CheckTableObjectNum": 0,
		"CheckTotalDue": %q, "CheckTransferedToDriver": 0}`, number, opened, seq, due)
}

// tillAnswers are those of a property with one closed check and one open one.
func tillAnswers(opened time.Time) map[string][]json.RawMessage {
	at := opened.Format("2006-01-02T15:04:05")
	closed, open := summaryOf(1023, 77, at, "0.00"), summaryOf(1024, 78, at, "9.50")
	const check = `<Check><Summary><SubTotal>9.50</SubTotal><Tax>0.76</Tax></Summary><DetailLines><DetailLine><DetailLink>1</DetailLink><SalesCount>1</SalesCount><Total>9.50</Total>` +
		`<MenuItem><obj>510001</obj><Name>Crème &amp; Co 🍮</Name></MenuItem></DetailLine>%s</DetailLines></Check>`
	const paid = `<DetailLine><DetailLink>2</DetailLink><Total>10.26</Total><TenderMedia><obj>1</obj><Name>Visa</Name></TenderMedia></DetailLine>`
	const items = `<ArrayOfDbMenuItemDefinition><DbMenuItemDefinition><MiMasterObjNum>510001</MiMasterObjNum><Name1><StringText>Bowl</StringText></Name1><OutOfMenuItem>false</OutOfMenuItem></DbMenuItemDefinition>` +
		`<DbMenuItemDefinition><MiMasterObjNum>510002</MiMasterObjNum><Name1><StringText>Wrap</StringText></Name1><OutOfMenuItem>true</OutOfMenuItem></DbMenuItemDefinition></ArrayOfDbMenuItemDefinition>`
	return map[string][]json.RawMessage{
		"GetConfigurationInfoEx": {
			reply(`{"configInfoResponse": {%s, "Version": "19.8"}}`, success),
			reply(`{"configInfoResponse": {%s, "MenuItemDefinitions": %s}}`, success, embedded(items)),
		},
		"GetOpenChecksEx": {reply(`{"openChecks": {%s, "CheckSummary": {"SimphonyPosApi_CheckSummary": [%s]}}}`, success, open)},
		"GetChecks":       {reply(`{"ppChecksResponse": {%s, "Checks": {"SimphonyPosApi_CheckSummaryEx": [%s, %s]}}}`, success, closed, open)},
		"GetCheckDetail": {
			reply(`{"ppCheckDetailResponse": {%s, "CheckDetail": %s}}`, success, embedded(fmt.Sprintf(check, paid))),
			reply(`{"ppCheckDetailResponse": {%s, "CheckDetail": %s}}`, success, embedded(fmt.Sprintf(check, ""))),
		},
	}
}

// heard is a call as the other side understood it.
type heard struct {
	Op, Action string
	Args       any
}

// TestSimphonyServer lets our client talk to a server that is not ours: the npm
// package soap with the vendor's WSDL.
func TestSimphonyServer(t *testing.T) {
	t.Parallel()
	w := readWSDL(t)
	server := start(t, "server.mjs")
	zone, err := pos.Zone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	opened := time.Now().In(zone).Add(-time.Hour).Truncate(time.Second)
	var at struct{ URL string }
	server.ask(t, map[string]any{"wsdl": filepath.Join(os.Getenv(Env), filepath.FromSlash(simphonyWSDL)), "answers": tillAnswers(opened)}, &at)

	log := &soapLog{base: http.DefaultTransport}
	p, err := simphony.New(simphony.Config{
		Account: "test", SKUs: map[int64]string{510001: "FARM-1"}, TS1: &simphony.TS1{Employee: 90001},
		Properties: []simphony.Property{{LocRef: "lobby", TS1URL: at.URL, TimeZone: zone.String(), Currency: "USD"}},
	}, &kit.Options{HTTPClient: &http.Client{Transport: log}, Retry: kit.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	status, err := p.Status(t.Context(), pos.StatusQuery{})
	if err != nil || len(status.Statuses) != 1 || status.Statuses[0].Online != pos.Yes {
		t.Errorf("Status: %+v, %v", status, err)
	}
	stock, err := p.Inventory(t.Context(), pos.InventoryQuery{})
	if err != nil || len(stock.Stock) != 2 || stock.Stock[0].SKU != "FARM-1" || stock.Stock[0].InStock != pos.Yes || stock.Stock[1].InStock != pos.No {
		t.Errorf("Inventory: %+v, %v", stock, err)
	}
	sales, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
	if err != nil || len(sales.Purchases) != 2 {
		t.Fatalf("Purchases: %+v, %v", sales, err)
	}
	sold := sales.Purchases[slices.IndexFunc(sales.Purchases, func(s pos.Purchase) bool { return s.ID == "ts1:lobby:77" })]
	if sold.State != pos.StateCompleted || sold.Total.Amount != 1026 || sold.Receipt != "1023" || !sold.OccurredAt.Equal(opened) || sold.Lines[0].SKU != "FARM-1" || sold.Lines[0].Name != "Crème & Co 🍮" {
		t.Errorf("the closed check: %+v", sold)
	}
	open := sales.Purchases[slices.IndexFunc(sales.Purchases, func(s pos.Purchase) bool { return s.ID == "ts1:lobby:78" })]
	if open.State != pos.StatePending {
		t.Errorf("the open check: %+v", open)
	}

	seen := log.report(t, w)
	if seen["Fault"] > 0 {
		t.Errorf("%d faults", seen["Fault"])
	}
	calls := make([]heard, 0, len(log.all))
	for range log.all {
		var h heard
		server.ask(t, nil, &h)
		calls = append(calls, h)
	}
	if diff := cmp.Diff(expected(calls), calls); diff != "" {
		t.Errorf("what the server understood (-want +got):\n%s", diff)
	}
}

// expected are the calls of one round. The date from which checks are listed is
// taken over, for it depends on the time of day.
func expected(calls []heard) []heard {
	type m = map[string]any
	configuration := func(kind string) m {
		return m{"configInfoRequest": m{"EmployeeObjectNumber": 90001., "RVCObjectNumber": 0., "ConfigurationInfo": m{
			"SimphonyPosApi_ConfigInfo": []any{m{"ConfigurationInfoTypeID": kind, "StartIndex": 0., "MaxRecordCount": 500.}},
		}}}
	}
	detail := func(number, seq float64) m {
		return m{"ppCheckDetailFilter": m{"CheckNumber": number, "CheckSeqNumber": seq}}
	}
	var since any
	for _, c := range calls {
		if args, _ := c.Args.(m); c.Op == "GetChecks" {
			filter, _ := args["ppCheckFilter"].(m)
			since = filter["LookUpStartDate"]
		}
	}
	out := []heard{
		{"GetConfigurationInfoEx", "", configuration("VERSION")},
		{"GetConfigurationInfoEx", "", configuration("MENUITEMDEFINITIONS")},
		{"GetOpenChecksEx", "", m{"employeeObjectNum": 0.}},
		{"GetChecks", "", m{"ppCheckFilter": m{"EmployeeObjectNum": 0., "RvcObjectNum": 0., "OrderTypeID": 0., "LookUpStartDate": since, "IncludeClosedCheck": true}}},
		{"GetCheckDetail", "", detail(1023, 77)},
		{"GetCheckDetail", "", detail(1024, 78)},
	}
	for i := range out {
		out[i].Action = `"` + simphonyfake.Namespace + out[i].Op + `"`
	}
	return out
}

// outcome is the result that every answer of TS1 begins with.
type outcome struct {
	Success   bool
	ErrorCode string
}

// listed is a check in a list.
type listed struct {
	CheckNum, CheckSeq int
	CheckID            string
	CheckTotalDue      string
}

// TestSimphonyForeignClient lets a client that is not ours talk to our fake.
func TestSimphonyForeignClient(t *testing.T) {
	t.Parallel()
	File(t, simphonyWSDL)
	fake, at := tills(t)
	said := &answers{handler: fake}
	server := httptest.NewServer(said)
	defer server.Close()
	c := connect(t, simphonyWSDL, fake.PropertyURL(server.URL, at))

	var checks struct {
		Response struct {
			OperationalResult outcome
			Checks            struct {
				Rows []listed `json:"SimphonyPosApi_CheckSummaryEx"`
			}
		} `json:"ppChecksResponse"`
	}
	c.call(t, "GetChecks", `{"ppCheckFilter": {"EmployeeObjectNum": 0, "RvcObjectNum": 0, "OrderTypeID": 0, "LookUpStartDate": "2020-01-01T00:00:00", "IncludeClosedCheck": true}}`, &checks)
	rows := checks.Response.Checks.Rows
	if !checks.Response.OperationalResult.Success || len(rows) < 5 {
		t.Fatalf("GetChecks: %+v", checks)
	}

	var open struct {
		OpenChecks struct {
			OperationalResult outcome
			CheckSummary      struct {
				Rows []listed `json:"SimphonyPosApi_CheckSummary"`
			}
		} `json:"openChecks"`
	}
	c.call(t, "GetOpenChecks", `{"employeeObjectNum": 0}`, &open)
	unpaid := open.OpenChecks.CheckSummary.Rows
	if len(unpaid) != 1 || !slices.Contains(rows, unpaid[0]) || unpaid[0].CheckTotalDue == "0.00" {
		t.Errorf("GetOpenChecks: %+v", open)
	}

	var detail struct {
		Response struct {
			OperationalResult outcome
			CheckDetail       string
		} `json:"ppCheckDetailResponse"`
	}
	const filter = `{"ppCheckDetailFilter": {"CheckNumber": %d, "CheckSeqNumber": %d}}`
	c.call(t, "GetCheckDetail", fmt.Sprintf(filter, rows[0].CheckNum, rows[0].CheckSeq), &detail)
	if text := detail.Response.CheckDetail; !strings.HasPrefix(text, "<") || !strings.Contains(text, "R&amp;1 &lt;2&gt;") {
		t.Errorf("GetCheckDetail: %+v", detail)
	}
	c.call(t, "GetCheckDetail", fmt.Sprintf(filter, 999, 999), &detail)
	if r := detail.Response.OperationalResult; r.Success || r.ErrorCode != "CheckNotFound" {
		t.Errorf("GetCheckDetail: %+v", r)
	}

	var info struct {
		Response struct {
			OperationalResult   outcome
			Version             string
			MenuItemDefinitions string
		} `json:"configInfoResponse"`
	}
	c.call(t, "GetConfigurationInfoEx", `{"configInfoRequest": {"EmployeeObjectNumber": 90001, "RVCObjectNumber": 0, "ConfigurationInfo": {"SimphonyPosApi_ConfigInfo": [
		{"ConfigurationInfoTypeID": "VERSION", "StartIndex": 0, "MaxRecordCount": 1}, {"ConfigurationInfoTypeID": "MENUITEMDEFINITIONS", "StartIndex": 0, "MaxRecordCount": 10}]}}}`, &info)
	if r := info.Response; !r.OperationalResult.Success || r.Version == "" || strings.Count(r.MenuItemDefinitions, "<DbMenuItemDefinition>") != 3 {
		t.Errorf("GetConfigurationInfoEx: %+v", info)
	}
	lint(t, File(t, simphonyWSDL), said.bodies)
}
