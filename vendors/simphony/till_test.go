package simphony_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/soapkit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
)

// stage plays a property's service: an answer for each operation.
type stage struct {
	answers map[string]string
	status  int
	actions []string
	bodies  []string
}

// ServeHTTP implements [http.Handler].
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
	s.actions, s.bodies = append(s.actions, r.Header.Get("SOAPAction")), append(s.bodies, string(body))
	op := action[strings.LastIndexByte(action, '/')+1:]
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	if s.status != 0 {
		w.WriteHeader(s.status)
	}
	_, _ = fmt.Fprintf(w, `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>%s</soap:Body></soap:Envelope>`, s.answers[op])
}

const success = `<OperationalResult><Success>true</Success><ErrorCode>Success</ErrorCode></OperationalResult>`

// recent is a time that the list of checks covers.
var recent = time.Now().UTC().Add(-time.Hour).Format("2006-01-02T15:04:05")

func list(summary string) string {
	return `<GetChecksResponse xmlns="http://micros-hosting.com/EGateway/"><ppChecksResponse>` + success + `<Checks>` + summary + `</Checks></ppChecksResponse></GetChecksResponse>`
}

func oneCheck(opened string) string {
	return list(`<SimphonyPosApi_CheckSummaryEx><CheckID/><CheckLastServiceTime>` + opened + `</CheckLastServiceTime><CheckNum>1023</CheckNum><CheckOpenTime>` + opened +
		`</CheckOpenTime><CheckSeq>77</CheckSeq><CheckTotalDue>0.00</CheckTotalDue><Unknown>new in a later release</Unknown></SimphonyPosApi_CheckSummaryEx>`)
}

const openNone = `<GetOpenChecksExResponse xmlns="http://micros-hosting.com/EGateway/"><openChecks>` + success + `</openChecks></GetOpenChecksExResponse>`

func detail(document string) string {
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(document)
	return `<GetCheckDetailResponse xmlns="http://micros-hosting.com/EGateway/"><ppCheckDetailResponse>` + success + `<CheckDetail>` + escaped + `</CheckDetail></ppCheckDetailResponse></GetCheckDetailResponse>`
}

const plainCheck = `<Check><Summary><SubTotal>9.50</SubTotal><Tax>0.00</Tax></Summary><DetailLines><DetailLine><DetailLink>1</DetailLink><SalesCount>1</SalesCount><Total>9.50</Total>` +
	`<MenuItem><obj>510001</obj><Name>Bowl</Name></MenuItem></DetailLine></DetailLines></Check>`

func till(t *testing.T, s *stage, change func(*simphony.TS1)) *simphony.Provider {
	t.Helper()
	cfg := simphony.Config{
		Account: "test", SKUs: map[int64]string{510001: "FARM-1"}, TS1: &simphony.TS1{Employee: 90001},
		Properties: []simphony.Property{{LocRef: "Lobby", TS1URL: "https://till.example:8443/EGateway/SimphonyPosApiWeb.asmx", TimeZone: "UTC", Currency: "USD"}},
	}
	if change != nil {
		change(cfg.TS1)
	}
	p, err := simphony.New(cfg, &kit.Options{HTTPClient: &http.Client{Transport: fakekit.NewTransport(s)}, Retry: kit.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTill(t *testing.T) {
	t.Parallel()
	s := &stage{answers: map[string]string{"GetOpenChecksEx": openNone, "GetChecks": oneCheck(recent), "GetCheckDetail": detail(plainCheck)}}
	page, err := till(t, s, nil).Purchases(t.Context(), pos.PurchaseQuery{})
	if err != nil || len(page.Purchases) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	if p := page.Purchases[0]; p.ID != "ts1:lobby:77" || p.Lines[0].SKU != "FARM-1" || p.Total.Amount != 950 || p.Receipt != "1023" {
		t.Errorf("%+v", p)
	}
	if s.actions[0] != `"http://micros-hosting.com/EGateway/GetOpenChecksEx"` || !strings.Contains(s.bodies[0], "<employeeObjectNum>0</employeeObjectNum>") {
		t.Errorf("%s %s", s.actions[0], s.bodies[0])
	}
}

// TestNamespace speaks to a server with a namespace of its own.
func TestNamespace(t *testing.T) {
	t.Parallel()
	const own = "http://till:8080/EGateway/"
	s := &stage{answers: map[string]string{"GetOpenChecksEx": openNone, "GetChecks": oneCheck(recent), "GetCheckDetail": detail(plainCheck)}}
	for op, a := range s.answers {
		s.answers[op] = strings.ReplaceAll(a, "http://micros-hosting.com/EGateway/", own)
	}
	page, err := till(t, s, func(c *simphony.TS1) { c.Namespace = own }).Purchases(t.Context(), pos.PurchaseQuery{})
	if err != nil || len(page.Purchases) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	if s.actions[0] != `"`+own+`GetOpenChecksEx"` || !strings.Contains(s.bodies[0], `<GetOpenChecksEx xmlns="`+own+`">`) {
		t.Errorf("%s %s", s.actions[0], s.bodies[0])
	}
}

// TestTillRefusals: what a property answers wrongly is an error that says what
// and where, never an empty page.
func TestTillRefusals(t *testing.T) {
	t.Parallel()
	result := func(code, message string) string {
		return `<GetOpenChecksExResponse xmlns="http://micros-hosting.com/EGateway/"><openChecks><OperationalResult><Success>false</Success><ErrorCode>` + code +
			`</ErrorCode><ErrorMessage>` + message + `</ErrorMessage></OperationalResult></openChecks></GetOpenChecksExResponse>`
	}
	fault := `<soap:Fault><faultcode>soap:Server</faultcode><faultstring>Server was unable to process request.</faultstring></soap:Fault>`
	for _, tc := range []struct {
		name, open, checks, detail string
		status                     int
		want                       error
		text                       string
	}{
		{"licence", result("LicensingFailed", ""), "", "", 0, pos.ErrPermission, "LicensingFailed"},
		{"employee", result("EmployeeNotFound", "Employee Object number does not exist"), "", "", 0, pos.ErrPermission, "does not exist"},
		{"down", result("ConnectionDown", ""), "", "", 0, pos.ErrUnavailable, "ConnectionDown"},
		{"code of a later release", result("SomethingNew", "odd"), "", "", 0, pos.ErrInvalid, "SomethingNew"},
		{"fault with status 500", fault, "", "", 500, pos.ErrUnavailable, "unable to process"},
		{"no result", `<GetOpenChecksExResponse xmlns="http://micros-hosting.com/EGateway/"/>`, "", "", 0, pos.ErrProtocol, "OperationalResult"},
		{"time that is none", openNone, oneCheck("22/11/2026 12:00"), "", 0, pos.ErrProtocol, "CheckOpenTime"},
		{"number that is none", openNone, strings.Replace(oneCheck(recent), "<CheckSeq>77", "<CheckSeq>many", 1), "", 0, pos.ErrProtocol, "GetChecks"},
		{"entities", openNone, oneCheck(recent), `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><Check><Summary><Tax>&b;</Tax></Summary></Check>`, 0, pos.ErrProtocol, "check 77"},
		{"external entity", openNone, oneCheck(recent), `<!DOCTYPE x SYSTEM "file:///etc/passwd"><Check/>`, 0, pos.ErrProtocol, "document type"},
		{"deep", openNone, oneCheck(recent), strings.Repeat("<a>", 1000) + strings.Repeat("</a>", 1000), 0, pos.ErrProtocol, "nested"},
		{"cut off", openNone, oneCheck(recent), plainCheck[:100], 0, pos.ErrProtocol, "check 77"},
		{"no document", openNone, oneCheck(recent), "", 0, pos.ErrProtocol, "check 77"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := &stage{status: tc.status, answers: map[string]string{"GetOpenChecksEx": tc.open, "GetChecks": tc.checks, "GetCheckDetail": detail(tc.detail)}}
			page, err := till(t, s, nil).Purchases(t.Context(), pos.PurchaseQuery{})
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) || !strings.Contains(err.Error(), "lobby") || page.Next != "" {
				t.Errorf("got %v, want %v with %q", err, tc.want, tc.text)
			}
			var f *soapkit.Fault
			if tc.status == 500 && !errors.As(err, &f) {
				t.Errorf("%v is no fault", err)
			}
		})
	}
}

// TestTillStatus tells states of a property apart.
func TestTillStatus(t *testing.T) {
	t.Parallel()
	info := func(result string) string {
		return `<GetConfigurationInfoExResponse xmlns="http://micros-hosting.com/EGateway/"><configInfoResponse>` + result + `<Version>19.10</Version></configInfoResponse></GetConfigurationInfoExResponse>`
	}
	refusal := func(code string) string {
		return info(`<OperationalResult><Success>false</Success><ErrorCode>` + code + `</ErrorCode></OperationalResult>`)
	}
	for _, tc := range []struct {
		name, answer, issue string
		want                pos.Tri
		err                 error
	}{
		{"up", info(success), "", pos.Yes, nil},
		{"starting", refusal("AppInitInProgress"), "starting", pos.Unknown, nil},
		{"down", refusal("ConnectionDown"), "ConnectionDown", pos.No, nil},
		{"no licence", refusal("LicensingFailed"), "", pos.Unknown, pos.ErrPermission},
	} {
		s := &stage{answers: map[string]string{"GetConfigurationInfoEx": tc.answer}}
		page, err := till(t, s, nil).Status(t.Context(), pos.StatusQuery{})
		if tc.err != nil {
			if !errors.Is(err, tc.err) {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		if err != nil || len(page.Statuses) != 1 || page.Statuses[0].Online != tc.want || strings.Join(page.Statuses[0].Issues, "") != tc.issue {
			t.Errorf("%s: %+v, %v", tc.name, page, err)
		}
	}
}
