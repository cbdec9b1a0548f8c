package simphonyfake

import (
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// biRequest is what the operations of the BI API take.
type biRequest struct {
	LocRef          string `json:"locRef"`
	OpnBusDt        string `json:"opnBusDt"`
	ClsdBusDt       string `json:"clsdBusDt"`
	BusDt           string `json:"busDt"`
	ChangedSinceUTC string `json:"changedSinceUTC"`
	ClosedOnly      bool   `json:"clsdGuestChecksOnly"`
	RvcNum          int    `json:"rvcNum"`
	Include         string `json:"include"`
	SearchCriteria  string `json:"searchCriteria"`
	ApplicationName string `json:"applicationName"`
}

// biRoutes are the operations of the Business Intelligence API.
func (f *Fake) biRoutes() []fakekit.Route {
	var routes []fakekit.Route
	for pattern, h := range map[string]func(*Fake, *http.Request, *property, biRequest) (any, error){
		"POST /bi/v1/{org}/getGuestChecks":             (*Fake).getGuestChecks,
		"POST /bi/v1/{org}/getLocationDimensions":      (*Fake).getLocationDimensions,
		"POST /bi/v1/{org}/getLatestBusinessDate":      (*Fake).getLatestBusinessDate,
		"POST /bi/v1/{org}/getControlDailyTotals":      (*Fake).getControlDailyTotals,
		"POST /bi/v1/{org}/getMenuItemDimensions":      (*Fake).getMenuItemDimensions,
		"POST /bi/v1/{org}/getMenuItemPrices":          (*Fake).getMenuItemPriceDimensions,
		"POST /bi/v1/{org}/getDiscountDimensions":      (*Fake).getDiscountDimensions,
		"POST /bi/v1/{org}/getTenderMediaDimensions":   (*Fake).getTenderMediaDimensions,
		"POST /bi/v1/{org}/getTaxDimensions":           (*Fake).getTaxDimensions,
		"POST /bi/v1/{org}/getServiceChargeDimensions": (*Fake).getServiceChargeDimensions,
		"POST /bi/v1/{org}/getOrderTypeDimensions":     (*Fake).getOrderTypeDimensions,
		"POST /bi/v1/{org}/getOrderChannelDimensions":  (*Fake).getOrderChannelDimensions,
		"POST /bi/v1/{org}/getRevenueCenterDimensions": (*Fake).getRevenueCenterDimensions,
		"POST /bi/v1/{org}/getReasonCodeDimensions":    (*Fake).getReasonCodeDimensions,
		"POST /bi/v1/{org}/getEmployeeDimensions":      (*Fake).getEmployeeDimensions,
		"POST /bi/v1/{org}/getPOSWasteDetails":         (*Fake).getPOSWasteDetails,
	} {
		op := path.Base(pattern)
		routes = append(routes, fakekit.Route{Op: op, Pattern: pattern, Handler: f.serve(reporting(op, h), biProblem)})
	}
	return routes
}

// reporting wraps an operation with what all of them check.
func reporting(op string, h func(*Fake, *http.Request, *property, biRequest) (any, error)) handler {
	return func(f *Fake, r *http.Request) (any, error) {
		if _, err := f.authorized(r, BI); err != nil {
			return nil, err
		}
		if !strings.EqualFold(r.PathValue("org"), f.cfg.Org) {
			return nil, fail(http.StatusForbidden, "Forbidden", "The account has no access to organization %q.", r.PathValue("org"))
		}
		var in biRequest
		if err := json.Unmarshal(fakekit.Body(r), &in); err != nil {
			return nil, fail(http.StatusBadRequest, "Bad Request", "The body is not JSON: %v", err)
		}
		if len(in.Include) > 2000 || len(in.SearchCriteria) > 2000 || len(in.ApplicationName) > 128 || len(in.LocRef) > 99 {
			return nil, fail(http.StatusBadRequest, "Bad Request", "A parameter is too long.")
		}
		if in.LocRef == "" && op == "getLocationDimensions" {
			return h(f, r, nil, in)
		}
		p, err := f.property(in.LocRef)
		if err != nil {
			return nil, fail(http.StatusBadRequest, "Bad Request", "locRef %q is invalid.", in.LocRef)
		}
		return h(f, r, p, in)
	}
}

// rows answers an array of dimension rows, reduced as asked.
func (f *Fake) rows(p *property, in biRequest, name string, rows []map[string]any) (any, error) {
	out := map[string]any{"curUTC": utcText(f.now), name: rows}
	if p != nil {
		out["locRef"] = p.ref
	}
	return reduce(toRecord(out), in, name)
}

// reduce applies search criteria and include to an answer with one array.
func reduce(out record, in biRequest, array string) (any, error) {
	matches, err := parseCriteria(in.SearchCriteria)
	if err != nil {
		return nil, err
	}
	if in.SearchCriteria != "" {
		var kept []any
		for _, row := range out.list(array) {
			if matches(record{array: []any{map[string]any(row)}}) || matches(row) {
				kept = append(kept, map[string]any(row))
			}
		}
		out[array] = kept
		if kept == nil {
			out[array] = nil
		}
	}
	if in.Include == "" {
		return out, nil
	}
	var paths [][]string
	for field := range strings.SplitSeq(in.Include, ",") {
		paths = append(paths, strings.Split(strings.TrimSpace(field), "."))
	}
	return pick(map[string]any(out), paths), nil
}

// pick reduces a JSON value to the given paths; a path includes its subtree.
func pick(v any, paths [][]string) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = pick(v[i], paths)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for field, value := range v {
			var rest [][]string
			whole := false
			for _, p := range paths {
				if !strings.EqualFold(p[0], field) {
					continue
				}
				if len(p) == 1 {
					whole = true
					break
				}
				rest = append(rest, p[1:])
			}
			switch {
			case whole:
				out[field] = value
			case rest != nil:
				out[field] = pick(value, rest)
			}
		}
		return out
	}
	return v
}

// getGuestChecks lists the checks of one property and business date.
func (f *Fake) getGuestChecks(r *http.Request, p *property, in biRequest) (any, error) {
	keep, err := f.selection(p, in)
	if err != nil {
		return nil, err
	}
	since, err := sinceOf(r, in)
	if err != nil {
		return nil, err
	}
	if f.asked++; f.cfg.BusyEvery > 0 && f.asked%f.cfg.BusyEvery == 0 {
		return nil, fail(http.StatusGatewayTimeout, "Gateway Timeout", "The request took too long.")
	}
	_, twice := fakekit.Struck(r, posfake.FaultDuplicate)
	var list []guestCheck
	for _, k := range p.checks {
		if k.posted.IsZero() || !keep(k) || !since.IsZero() && !k.updated.Truncate(time.Second).After(since) {
			continue
		}
		v := f.guestCheck(k, since)
		list = append(list, v)
		if twice {
			list = append(list, v)
		}
	}
	if _, omits := fakekit.Struck(r, posfake.FaultOmit); omits && len(list) > 0 {
		list = list[:len(list)-1]
	}
	out := guestChecks{CurUTC: utcText(f.now), LocRef: p.ref, GuestChecks: list}
	if in.Include == "" && in.SearchCriteria == "" {
		return out, nil
	}
	return reduce(toRecord(out), in, "guestChecks")
}

// selection reads the one business date of a request, and what else narrows it.
func (f *Fake) selection(p *property, in biRequest) (func(*check) bool, error) {
	var dates []string
	for _, d := range []string{in.OpnBusDt, in.ClsdBusDt, in.BusDt} {
		if d != "" {
			dates = append(dates, d)
		}
	}
	if len(dates) != 1 {
		return nil, fail(http.StatusBadRequest, "Bad Request", "Exactly one of opnBusDt, clsdBusDt and busDt is required.")
	}
	day, err := pos.ParseDate(dates[0])
	if err != nil {
		return nil, fail(http.StatusBadRequest, "Bad Request", "%q is no business date.", dates[0])
	}
	return func(k *check) bool {
		opened, closed := f.businessDate(p, k.opened), f.businessDate(p, k.closed)
		switch {
		case in.ClosedOnly && k.closed.IsZero(), in.RvcNum != 0 && k.rvc.num != in.RvcNum:
			return false
		case in.OpnBusDt != "":
			return opened == day
		case in.ClsdBusDt != "":
			return closed == day
		}
		return opened == day || closed == day
	}, nil
}

// sinceOf reads changedSinceUTC, an instant without suffix.
func sinceOf(r *http.Request, in biRequest) (time.Time, error) {
	if in.ChangedSinceUTC == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(localTime, strings.TrimSuffix(in.ChangedSinceUTC, "Z"))
	if err != nil {
		return t, fail(http.StatusBadRequest, "Bad Request", "changedSinceUTC %q is no instant.", in.ChangedSinceUTC)
	}
	if _, wide := fakekit.Struck(r, posfake.FaultWidened); wide {
		return time.Time{}, nil
	}
	return t, nil
}

func (f *Fake) getLatestBusinessDate(_ *http.Request, p *property, _ biRequest) (any, error) {
	return map[string]any{"curUTC": utcText(f.now), "locRef": p.ref, "latestBusDt": f.businessDate(p, f.now)}, nil
}

// getControlDailyTotals sums up the checks of each revenue center: those that
// were closed, and those that are open.
func (f *Fake) getControlDailyTotals(_ *http.Request, p *property, in biRequest) (any, error) {
	keep, err := f.selection(p, in)
	if err != nil {
		return nil, err
	}
	day := pos.Date(in.BusDt + in.ClsdBusDt + in.OpnBusDt) // one of them
	rows := []map[string]any{}
	var first, last time.Time
	for _, c := range p.rvcs {
		if in.RvcNum != 0 && c.num != in.RvcNum {
			continue
		}
		var closed, closedTotal, open, openTotal int64
		for _, k := range p.checks {
			switch {
			case k.rvc != c || k.posted.IsZero() || !keep(k):
				continue
			case k.closed.IsZero():
				open, openTotal = open+1, openTotal+f.total(k)
			default:
				closed, closedTotal = closed+1, closedTotal+f.total(k)
			}
			if first.IsZero() || k.opened.Before(first) {
				first = k.opened
			}
			if k.updated.After(last) {
				last = k.updated
			}
		}
		rows = append(rows, map[string]any{
			"rvcNum": c.num, "numClsdChks": closed, "clsdChkTtl": decimal(closedTotal, p.currency),
			"numOpnChksAtEOD": open, "opnChkTtlAtEOD": decimal(openTotal, p.currency), "numNonSlsTrans": 0,
		})
	}
	done := 0
	if f.businessDate(p, f.now) > day {
		done = 1
	}
	return reduce(toRecord(map[string]any{
		"curUTC": utcText(f.now), "locRef": p.ref, "busDt": day, "eodStatus": done,
		"firstTransUTC": utcText(first), "lastTransUTC": utcText(last), "lastUpdatedUTC": utcText(last), "revenueCenters": rows,
	}), in, "revenueCenters")
}

func (f *Fake) getPOSWasteDetails(_ *http.Request, p *property, in biRequest) (any, error) {
	return f.rows(p, in, "wasteDetails", []map[string]any{})
}

func (f *Fake) getLocationDimensions(_ *http.Request, only *property, in biRequest) (any, error) {
	rows := []map[string]any{}
	for _, p := range f.properties {
		if only != nil && p != only {
			continue
		}
		rows = append(rows, map[string]any{
			"locRef": p.ref, "name": p.name, "openDt": pos.DateOf(p.opened, p.zone), "active": !p.closed, "srcName": "Simphony",
			"srcVer": simphonyVersion, "tz": p.zoneName, "curr": string(p.currency), "addrLn1": strconv.Itoa(p.num) + " Sample Street", "city": "Springfield",
		})
	}
	return f.rows(only, in, "locations", rows)
}

func (f *Fake) getMenuItemDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	rows := []map[string]any{}
	for _, it := range f.menu(p.rvcs[0]).items {
		rows = append(rows, map[string]any{
			"num": it.objectNum, "name": it.master.text("name"), "name2": optional(it.master.text("name2")),
			"majGrpNum": it.master.num("majorGroupObjNum"), "famGrpNum": it.master.num("familyGroupObjNum"), "famGrpName": it.category,
		})
	}
	rows = append(rows, map[string]any{"num": returnNumber, "name": returnName})
	for name, n := range f.openItems {
		rows = append(rows, map[string]any{"num": n, "name": name})
	}
	slices.SortFunc(rows, func(a, b map[string]any) int { return strings.Compare(plainNumber(a["num"]), plainNumber(b["num"])) })
	return f.rows(p, in, "menuItems", rows)
}

func plainNumber(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return strings.Repeat("0", max(12-len(text), 0)) + string(text)
}

func (f *Fake) getMenuItemPriceDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	rows := []map[string]any{}
	for _, it := range f.menu(p.rvcs[0]).items {
		if amount, ok := f.price(p.rvcs[0], it, f.now); ok {
			rows = append(rows, map[string]any{"num": it.objectNum, "prcLvlNum": 1, "price": decimal(amount, p.currency), "effFrDt": pos.DateOf(p.opened, p.zone)})
		}
	}
	return f.rows(p, in, "menuItemPrices", rows)
}

func (f *Fake) getDiscountDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	rows := []map[string]any{}
	for _, o := range f.discountsAt(p.rvcs[0]) {
		rows = append(rows, map[string]any{"num": o.objectNum, "name": o.name, "posPercent": o.row[f.cfg.PercentField], "rptGrpNum": 1, "rptGrpName": "Discounts"})
	}
	return f.rows(p, in, "discounts", rows)
}

func (f *Fake) getTenderMediaDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	return f.rows(p, in, "tenderMedias", []map[string]any{
		{"num": cashTender, "name": "Cash", "type": "Cash"}, {"num": cardTender, "name": "Card", "type": "Credit Card"},
	})
}

func (f *Fake) taxType() int {
	if f.cfg.TaxIncluded {
		return taxIncluded
	}
	return taxAdded
}

func (f *Fake) getTaxDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	return f.rows(p, in, "taxes", []map[string]any{{"num": salesTax, "name": "Sales tax", "type": f.taxType()}})
}

func (f *Fake) getServiceChargeDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	return f.rows(p, in, "serviceCharges", []map[string]any{{"num": tipCharge, "name": "Charged tip", "posPercent": nil, "chrgTipsFlag": true, "revFlag": false}})
}

func (f *Fake) getOrderTypeDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	return f.rows(p, in, "orderTypes", []map[string]any{{"num": orderType, "name": "Take away", "mstrNum": orderType, "mstrName": "Take away"}})
}

func (f *Fake) getOrderChannelDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	return f.rows(p, in, "orderChannels", []map[string]any{{"num": orderChannel, "name": "POS"}})
}

func (f *Fake) getRevenueCenterDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	rows := []map[string]any{}
	for _, c := range p.rvcs {
		rows = append(rows, map[string]any{"num": c.num, "name": c.name})
	}
	return f.rows(p, in, "revenueCenters", rows)
}

func (f *Fake) getReasonCodeDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	return f.rows(p, in, "reasonCodes", []map[string]any{{"num": 1, "name": "Guest changed mind"}})
}

func (f *Fake) getEmployeeDimensions(_ *http.Request, p *property, in biRequest) (any, error) {
	return f.rows(p, in, "employees", []map[string]any{{"num": f.cfg.Employee, "employeeId": strconv.Itoa(f.cfg.Employee), "fName": "Pat", "lName": "Sample"}})
}
