package simphonyfake

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// soapTypes are the types of requests, as [particles] reads them.
var soapTypes = map[string]string{
	"CheckRequest":       "VendorCode:string CheckNumbers:ArrayOfInt EmployeeObjectNum:int! RvcObjectNum:int! OrderTypeID:int! KdsOrderStatus:ArrayOfInt LookUpStartDate:dateTime! IncludeClosedCheck:boolean!",
	"CheckDetailRequest": "VendorCode:string CheckNumber:int! CheckSeqNumber:int!",
	"ConfigInfoRequest":  "VendorCode:string EmployeeObjectNumber:int! RVCObjectNumber:int! ConfigurationInfo:ArrayOfConfigInfo",
	"ArrayOfConfigInfo":  "SimphonyPosApi_ConfigInfo:ConfigInfo*",
	"ConfigInfo":         "ConfigurationInfoTypeID:configType! StartIndex:int! MaxRecordCount:int!",
	"ArrayOfInt":         "int:int*",
}

// operation is an operation of TS1: its request, the element of its answer,
// and what it does. Those without a function change checks, which the fake
// leaves to the till.
type operation struct {
	request string
	answer  string
	serve   func(*Fake, *property, *element) any
}

var operations = map[string]operation{
	"GetChecks":              {"ppCheckFilter:CheckRequest ppChecksResponse:any", "ppChecksResponse", (*Fake).soapChecks},
	"GetCheckDetail":         {"ppCheckDetailFilter:CheckDetailRequest ppCheckDetailResponse:any", "ppCheckDetailResponse", (*Fake).soapDetail},
	"GetOpenChecks":          {"vendorCode:string employeeObjectNum:int! openChecks:any", "openChecks", (*Fake).soapOpenChecks},
	"GetOpenChecksEx":        {"vendorCode:string employeeObjectNum:int! openChecks:any", "openChecks", (*Fake).soapOpenChecks},
	"GetOpenChecksByRVC":     {"vendorCode:string employeeObjectNum:int! revenueCenterObjectNum:int! openChecks:any", "openChecks", (*Fake).soapOpenChecks},
	"GetPrintedCheck":        {"vendorCode:string CheckSeq:int! EmplObjectnum:int! TmedObjectNum:int! ppCheckPrintLines:any", "ppCheckPrintLines", (*Fake).soapPrinted},
	"GetConfigurationInfo":   {"vendorCode:string employeeObjectNum:int! configurationInfoType:ArrayOfInt revenueCenter:int! configInfoResponse:any", "configInfoResponse", (*Fake).soapConfig},
	"GetConfigurationInfoEx": {"configInfoRequest:ConfigInfoRequest configInfoResponse:any", "configInfoResponse", (*Fake).soapConfigEx},

	"CalculateTransactionTotals": {}, "CalculateTransactionTotalsEx": {}, "PostTransactionEx": {}, "PostTransactionEx2": {},
	"AddToExistingCheckEx": {}, "AddToExistingCheckEx2": {}, "VoidTransaction": {}, "CheckPrintJobStatus": {},
}

func soapOperations() []string { return slices.Sorted(maps.Keys(operations)) }

// unknownCall is the name of a TS1 request that names no operation.
const unknownCall = "EGateway"

func (f *Fake) soapRoutes() []fakekit.Route {
	resolve := func(r *http.Request) (string, bool) {
		call, err := readCall(fakekit.Body(r))
		o, known := operations[call.op]
		if err != nil || !known {
			return unknownCall, false
		}
		return call.op, o.serve == nil
	}
	route := func(pattern string) fakekit.Route {
		return fakekit.Route{Op: unknownCall, Pattern: pattern, Handler: f.serveSOAP, Resolve: resolve}
	}
	return []fakekit.Route{ // the last part in any case
		route("POST /EGateway/SimphonyPosApiWeb.asmx"), route("POST /EGateway/{service}"), route("POST /properties/{locRef}/EGateway/{service}"),
	}
}

// serveSOAP answers one TS1 call. A property without connection breaks it off.
func (f *Fake) serveSOAP(w http.ResponseWriter, r *http.Request) {
	modern := isSOAP12(r)
	body, online, err := f.callSOAP(r)
	switch {
	case !online:
		panic(http.ErrAbortHandler)
	case err != nil:
		writeFault(w, modern, http.StatusInternalServerError, "Client", err.Error())
	default:
		writeSOAP(w, modern, http.StatusOK, body)
	}
}

func (f *Fake) callSOAP(r *http.Request) (body string, online bool, err error) {
	defer f.begin()()
	p := f.soapProperty(r)
	if p == nil || !strings.EqualFold(path.Base(r.URL.Path), "SimphonyPosApiWeb.asmx") {
		return "", true, fmt.Errorf("there is no service %s here", r.URL.Path)
	}
	if !p.online {
		return "", false, nil
	}
	call, err := readCall(fakekit.Body(r))
	if err != nil {
		return "", true, fmt.Errorf("Server was unable to read request: %w", err) //nolint:staticcheck // the vendor's words
	}
	if err := checkAction(r, call, f.cfg.TS1Namespace); err != nil {
		return "", true, err
	}
	o, known := operations[call.op]
	switch {
	case !known || call.body.Space != f.cfg.TS1Namespace:
		return "", true, fmt.Errorf("there is no operation {%s}%s", call.body.Space, call.op)
	case o.serve == nil:
		return "", true, fmt.Errorf("%s is not simulated", call.op)
	}
	if err := checkSequence(call.body, particles(o.request), f.cfg.TS1Namespace, f.cfg.TS1Lenient); err != nil {
		return "", true, fmt.Errorf("Server was unable to read request: %w", err) //nolint:staticcheck // the vendor's words
	}
	if _, twice := fakekit.Struck(r, posfake.FaultDuplicate); twice {
		p = p.twice()
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<%sResponse xmlns="%s">`, call.op, f.cfg.TS1Namespace)
	enc := xml.NewEncoder(&b)
	if err := enc.EncodeElement(o.serve(f, p, call.body), xml.StartElement{Name: xml.Name{Local: o.answer}}); err != nil {
		return "", true, err
	}
	fmt.Fprintf(&b, "</%sResponse>", call.op)
	return b.String(), true, nil
}

// twice shows the fault duplicate: lists name every check two times.
func (p *property) twice() *property {
	double := *p
	double.checks = slices.Concat(p.checks, p.checks)
	return &double
}

// soapProperty is the property that a TS1 call reaches.
func (f *Fake) soapProperty(r *http.Request) *property {
	if ref := r.PathValue("locRef"); ref != "" {
		p, err := f.openProperty(ref)
		if err != nil {
			return nil
		}
		return p
	}
	label, _, _ := strings.Cut(r.Host, ".")
	if p, err := f.openProperty(label); err == nil {
		return p
	}
	return f.properties[0]
}

// result is the outcome that every answer begins with.
type result struct {
	Success bool   `xml:"Success"`
	Code    string `xml:"ErrorCode"`
	Message string `xml:"ErrorMessage,omitempty"`
}

func succeeded() *result { return &result{Success: true, Code: "Success"} }

// refused checks what all calls name; nil if nothing is wrong.
func (f *Fake) refused(p *property, vendorCode string, employee, rvc int64) *result {
	switch {
	case f.cfg.VendorCode != "" && vendorCode != f.cfg.VendorCode:
		return &result{Code: "LicensingFailed", Message: "The vendor code is not licensed."}
	case employee != 0 && employee != int64(f.cfg.Employee):
		return &result{Code: "EmployeeNotFound", Message: "Employee Object number does not exist."}
	case rvc != 0 && p.rvc(int(rvc)) == nil:
		return &result{Code: "InvalidRvcNum", Message: "Revenue center does not exist."}
	}
	return nil
}

// summary is SimphonyPosApi_CheckSummary; times are local, without offset.
type summary struct {
	AutoFireTime       string `xml:"CheckAutoFireTime"`
	OpenOnWorkstation  int    `xml:"CheckCurrentlyOpenOnWorkstation"`
	Employee           int    `xml:"CheckEmployeeObjectNum"`
	ID                 string `xml:"CheckID"`
	InsufficientBev    int    `xml:"CheckInsufficientBeverage"`
	InTraining         int    `xml:"CheckInTraining"`
	IsDelayedOrder     int    `xml:"CheckIsDelayedOrder"`
	IsFutureOrder      int    `xml:"CheckIsFutureOrder"`
	LastServiceTime    string `xml:"CheckLastServiceTime"`
	LastOwner          int    `xml:"CheckLastWorkstationOwner"`
	Num                int64  `xml:"CheckNum"`
	OpenTime           string `xml:"CheckOpenTime"`
	OrderType          int    `xml:"CheckOrderType"`
	RVC                int    `xml:"CheckRevenueCenterObjectNum"`
	Seq                int64  `xml:"CheckSeq"`
	TableGroup         int    `xml:"CheckTableGroup"`
	TableNum           int    `xml:"CheckTableObjectNum"`
	TotalDue           string `xml:"CheckTotalDue"`
	TransferedToDriver int    `xml:"CheckTransferedToDriver"`
}

// noTime is how TS1 writes that there is no time.
const noTime = "0001-01-01T00:00:00"

// soapTime is local time without offset, as TS1 writes it.
func soapTime(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return noTime
	}
	return t.In(zone).Format("2006-01-02T15:04:05.000")
}

func (f *Fake) summary(k *check) summary {
	p := k.property()
	s := summary{
		AutoFireTime: noTime, Employee: f.cfg.Employee, LastServiceTime: soapTime(k.updated, p.zone), LastOwner: workstation, Num: k.num,
		OpenTime: soapTime(k.opened, p.zone), OrderType: orderType, RVC: k.rvc.num, Seq: k.seq, TotalDue: f.amount(k, f.total(k)-k.paid()),
	}
	return s
}

type checksAnswer struct {
	Result *result     `xml:"OperationalResult"`
	Checks *checksList `xml:"Checks"`
}

type checksList struct {
	Rows []summary `xml:"SimphonyPosApi_CheckSummaryEx"`
}

// soapChecks lists the checks that were opened since a local time.
func (f *Fake) soapChecks(p *property, in *element) any {
	q := in.child("ppCheckFilter")
	if q == nil {
		return checksAnswer{Result: &result{Code: "NullInput", Message: "The filter is missing."}}
	}
	if r := f.refused(p, q.str("VendorCode"), q.num("EmployeeObjectNum"), q.num("RvcObjectNum")); r != nil {
		return checksAnswer{Result: r}
	}
	since := f.localInstant(p, q.str("LookUpStartDate"))
	numbers := q.ints("CheckNumbers")
	closed := slices.Contains([]string{"true", "1"}, strings.TrimSpace(q.str("IncludeClosedCheck")))
	out := checksAnswer{Result: succeeded()}
	for _, k := range p.checks {
		switch {
		case k.opened.Before(since), !closed && !k.closed.IsZero(), f.forgotten(k):
		case q.num("RvcObjectNum") != 0 && int64(k.rvc.num) != q.num("RvcObjectNum"):
		case q.num("OrderTypeID") != 0 && q.num("OrderTypeID") != orderType:
		case len(numbers) > 0 && !slices.Contains(numbers, k.num):
		default:
			if out.Checks == nil {
				out.Checks = &checksList{}
			}
			out.Checks.Rows = append(out.Checks.Rows, f.summary(k))
		}
	}
	return out
}

// localInstant reads a time of a request: the property's local time, unless it
// has an offset.
func (f *Fake) localInstant(p *property, text string) time.Time {
	t, zoned, err := parseDateTime(strings.TrimSpace(text))
	if err != nil {
		return time.Time{}
	}
	if zoned {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), p.zone)
}

// forgotten reports whether the property no longer keeps a closed check.
func (f *Fake) forgotten(k *check) bool {
	return f.cfg.TS1Keep > 0 && !k.closed.IsZero() && f.now.Sub(k.touched) > f.cfg.TS1Keep
}

type openAnswer struct {
	Result *result   `xml:"OperationalResult"`
	Checks *openList `xml:"CheckSummary"`
}

type openList struct {
	Rows []summary `xml:"SimphonyPosApi_CheckSummary"`
}

// soapOpenChecks lists open checks; employee 0 stands for all employees.
func (f *Fake) soapOpenChecks(p *property, in *element) any {
	rvc := in.num("revenueCenterObjectNum")
	if r := f.refused(p, in.str("vendorCode"), in.num("employeeObjectNum"), rvc); r != nil {
		return openAnswer{Result: r}
	}
	out := openAnswer{Result: succeeded()}
	for _, k := range p.checks {
		if !k.closed.IsZero() || rvc != 0 && int64(k.rvc.num) != rvc {
			continue
		}
		if out.Checks == nil {
			out.Checks = &openList{}
		}
		out.Checks.Rows = append(out.Checks.Rows, f.summary(k))
	}
	return out
}

type printAnswer struct {
	Result *result    `xml:"OperationalResult"`
	Lines  *printList `xml:"CheckPrintLines"`
}

type printList struct {
	Rows []string `xml:"string"`
}

func (f *Fake) soapPrinted(p *property, in *element) any {
	if r := f.refused(p, in.str("vendorCode"), in.num("EmplObjectnum"), 0); r != nil {
		return printAnswer{Result: r}
	}
	for _, k := range p.checks {
		if k.seq == in.num("CheckSeq") && !f.forgotten(k) {
			return printAnswer{succeeded(), &printList{f.printed(k)}}
		}
	}
	return printAnswer{Result: checkNotFound()}
}

func checkNotFound() *result {
	return &result{Code: "CheckNotFound", Message: "No checks found in the database for given filters."}
}

type detailAnswer struct {
	Result *result `xml:"OperationalResult"`
	Detail string  `xml:"CheckDetail,omitempty"`
}

// soapDetail is one check, by number and sequence.
func (f *Fake) soapDetail(p *property, in *element) any {
	q := in.child("ppCheckDetailFilter")
	if q == nil {
		return detailAnswer{Result: &result{Code: "NullInput", Message: "The filter is missing."}}
	}
	if r := f.refused(p, q.str("VendorCode"), 0, 0); r != nil {
		return detailAnswer{Result: r}
	}
	for _, k := range p.checks {
		if k.seq == q.num("CheckSeqNumber") && k.num == q.num("CheckNumber") && !f.forgotten(k) {
			return detailAnswer{succeeded(), f.document(f.detailDocument(k))}
		}
	}
	return detailAnswer{Result: checkNotFound()}
}

// document writes a document inside an answer.
func (f *Fake) document(v any) string {
	text, err := xml.Marshal(v)
	if err != nil {
		return ""
	}
	if f.cfg.TS1Declaration {
		return `<?xml version="1.0" encoding="utf-16"?>` + string(text)
	}
	return string(text)
}
