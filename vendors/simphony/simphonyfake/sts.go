package simphonyfake

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// statusPOSTimeout is what STS2 answers when the property does not react.
const statusPOSTimeout = 521

// stsRoutes are the endpoints of Transaction Services Gen2 that read.
func (f *Fake) stsRoutes() []fakekit.Route {
	route := func(op, pattern string, h handler) fakekit.Route {
		signed := func(f *Fake, r *http.Request) (any, error) {
			if _, err := f.authorized(r, STS2); err != nil {
				return nil, err
			}
			return h(f, r)
		}
		return fakekit.Route{Op: op, Pattern: pattern, Handler: f.serve(signed, stsProblem)}
	}
	return []fakekit.Route{
		route("ConnectionStatus", "HEAD /api/v1/checks/connectionStatus", (*Fake).connectionStatus),
		route("GetChecks2", "GET /api/v1/checks", inRVC((*Fake).stsChecks)),
		route("GetCheck", "GET /api/v1/checks/{checkRef}", inRVC((*Fake).stsCheck)),
		route("GetPrintedCheck2", "GET /api/v1/checks/{checkRef}/printed", inRVC((*Fake).stsPrinted)),

		route("ListOrganizations", "GET /api/v1/organizations", (*Fake).listOrganizations),
		route("GetOrganization", "GET /api/v1/organizations/{org}", (*Fake).getOrganization),
		route("ListLocations", "GET /api/v1/organizations/{org}/locations", (*Fake).listLocations),
		route("GetLocation", "GET /api/v1/organizations/{org}/locations/{locRef}", (*Fake).getLocation),
		route("ListRevenueCenters", "GET /api/v1/organizations/{org}/locations/{locRef}/revenueCenters", (*Fake).listRevenueCenters),
		route("GetRevenueCenter", "GET /api/v1/organizations/{org}/locations/{locRef}/revenueCenters/{rvcRef}", (*Fake).getRevenueCenter),

		route("GetUnavailableItems", "GET /api/v1/menus/items/unavailable", queried((*Fake).unavailable)),
		route("GetMenuSummary", "GET /api/v1/menus/summary", (*Fake).menuSummary),
		route("GetMenuSummaryV2", "GET /api/v2/menus/summary", (*Fake).menuSummary),
		route("GetMenuV1", "GET /api/v1/menus/{menuId}", inRVC((*Fake).stsMenu)),
		route("GetMenuV2", "GET /api/v2/menus/{menuId}", inRVC((*Fake).stsMenu)),
		route("GetTenders", "GET /api/v1/tenders/collection", queried((*Fake).stsTenders)),
		route("GetTaxes", "GET /api/v1/taxes", queried((*Fake).stsTaxes)),
		route("GetServiceCharges", "GET /api/v1/serviceCharges/collection", queried((*Fake).stsServiceCharges)),
		route("GetDiscountCollection", "GET /api/v1/discounts/collection", queried((*Fake).stsDiscounts)),
		route("GetBarcodes", "GET /api/v1/barcodes/collection", queried((*Fake).stsBarcodes)),
	}
}

// center finds the revenue center of a call.
func (f *Fake) center(org, locRef, rvcRef string) (*revenueCenter, error) {
	for name, value := range map[string]string{"OrgShortName": org, "LocRef": locRef, "RvcRef": rvcRef} {
		if value == "" {
			return nil, fail(http.StatusBadRequest, "Bad Request", "%s is required.", name)
		}
	}
	n, err := strconv.Atoi(rvcRef)
	if err != nil {
		return nil, fail(http.StatusBadRequest, "Bad Request", "RvcRef %q is no number.", rvcRef)
	}
	p, err := f.stsProperty(org, locRef)
	if err != nil {
		return nil, err
	}
	c := p.rvc(n)
	if c == nil {
		return nil, notFound("revenue center " + rvcRef)
	}
	return c, nil
}

func (f *Fake) stsProperty(org, locRef string) (*property, error) {
	if !strings.EqualFold(org, f.cfg.Org) {
		return nil, fail(http.StatusForbidden, "Forbidden", "The account has no access to organization %q.", org)
	}
	p, err := f.openProperty(locRef)
	if err != nil {
		return nil, notFound("location " + locRef)
	}
	return p, nil
}

func notFound(what string) error {
	return fail(http.StatusNotFound, "Not Found", "There is no %s.", what)
}

// inRVC takes the revenue center from the headers of a call.
func inRVC(h func(*Fake, *http.Request, *revenueCenter) (any, error)) handler {
	return func(f *Fake, r *http.Request) (any, error) {
		c, err := f.center(r.Header.Get("Simphony-OrgShortName"), r.Header.Get("Simphony-LocRef"), r.Header.Get("Simphony-RvcRef"))
		if err != nil {
			return nil, err
		}
		if strings.Contains(r.URL.Path, "/checks") && !c.connected() {
			return nil, &problem{status: statusPOSTimeout, title: "Service Timeout", detail: "The POS does not answer.", kind: "error:pos-error"}
		}
		return h(f, r, c)
	}
}

// queried takes the revenue center from the query and answers 304 to those who
// have the present version.
func queried(h func(*Fake, *http.Request, *revenueCenter) (any, error)) handler {
	return func(f *Fake, r *http.Request) (any, error) {
		q := r.URL.Query()
		c, err := f.center(q.Get("OrgShortName"), q.Get("LocRef"), q.Get("RvcRef"))
		if err != nil {
			return nil, err
		}
		out, err := h(f, r, c)
		if err != nil {
			return nil, err
		}
		return tagged(r, out)
	}
}

// tagged adds the ETag of an answer.
func tagged(r *http.Request, body any) (any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	a := answer{status: http.StatusOK, header: map[string]string{"ETag": tag}, body: body}
	if r.Header.Get("If-None-Match") == tag {
		a.status, a.body = http.StatusNotModified, nil
	}
	return a, nil
}

// connectionStatus is the last known state of the link to a revenue center.
func (f *Fake) connectionStatus(r *http.Request) (any, error) {
	c, err := f.center(r.Header.Get("Simphony-OrgShortName"), r.Header.Get("Simphony-LocRef"), r.Header.Get("Simphony-RvcRef"))
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusOK, header: map[string]string{"Simphony-POS-Connected": strconv.FormatBool(c.connected())}}, nil
}

func (f *Fake) organization() map[string]any {
	return map[string]any{"orgShortName": f.cfg.Org, "name": f.cfg.Org}
}

// collection is a page of rows under a name.
func collection(r *http.Request, name string, rows []map[string]any) any {
	q := r.URL.Query()
	offset, _ := strconv.Atoi(q.Get("offset"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	total := len(rows)
	if q.Get("offset") != "" {
		if limit <= 0 {
			limit = 100
		}
		offset = min(max(offset, 0), total)
		rows = rows[offset:min(offset+limit, total)]
	}
	if _, twice := fakekit.Struck(r, posfake.FaultDuplicate); twice {
		rows = slices.Concat(rows, rows)
	}
	if rows == nil {
		rows = []map[string]any{}
	}
	return map[string]any{"count": total, "limit": cmp.Or(limit, total), "offset": offset, name: rows}
}

func (f *Fake) listOrganizations(r *http.Request) (any, error) {
	return collection(r, "items", []map[string]any{f.organization()}), nil
}

func (f *Fake) getOrganization(r *http.Request) (any, error) {
	if !strings.EqualFold(r.PathValue("org"), f.cfg.Org) {
		return nil, notFound("organization " + r.PathValue("org"))
	}
	return f.organization(), nil
}

func (f *Fake) locationView(p *property) map[string]any {
	return map[string]any{
		"orgShortName": f.cfg.Org, "locRef": p.ref, "name": p.name, "consumerName": p.name, "currency": string(p.currency), "languages": []string{"en-US"},
		"address":     map[string]any{"addressLine1": strconv.Itoa(p.num) + " Sample Street", "city": "Springfield", "country": "US"},
		"geoLocation": map[string]any{"latitude": json.Number("40.71"), "longitude": json.Number("-74.01")},
		"timezone":    map[string]any{"ianaName": p.zoneName}, "posPlatform": map[string]any{"name": "Simphony", "version": simphonyVersion},
	}
}

func (f *Fake) listLocations(r *http.Request) (any, error) {
	if _, err := f.getOrganization(r); err != nil {
		return nil, err
	}
	var rows []map[string]any
	for _, p := range f.properties {
		if !p.closed {
			rows = append(rows, f.locationView(p))
		}
	}
	return collection(r, "location", rows), nil
}

func (f *Fake) getLocation(r *http.Request) (any, error) {
	p, err := f.stsProperty(r.PathValue("org"), r.PathValue("locRef"))
	if err != nil {
		return nil, err
	}
	return f.locationView(p), nil
}

func (f *Fake) centerView(c *revenueCenter) map[string]any {
	return map[string]any{
		"orgShortName": f.cfg.Org, "locRef": c.property.ref, "rvcRef": c.num, "name": c.name, "consumerName": c.name,
		"currency": string(c.property.currency), "timezone": map[string]any{"ianaName": c.property.zoneName},
	}
}

func (f *Fake) listRevenueCenters(r *http.Request) (any, error) {
	p, err := f.stsProperty(r.PathValue("org"), r.PathValue("locRef"))
	if err != nil {
		return nil, err
	}
	var rows []map[string]any
	for _, c := range p.rvcs {
		rows = append(rows, f.centerView(c))
	}
	return collection(r, "items", rows), nil
}

func (f *Fake) getRevenueCenter(r *http.Request) (any, error) {
	c, err := f.center(r.PathValue("org"), r.PathValue("locRef"), r.PathValue("rvcRef"))
	if err != nil {
		return nil, err
	}
	return f.centerView(c), nil
}

// located adds the block that says whose configuration an answer is.
func (f *Fake) located(c *revenueCenter, fields map[string]any) map[string]any {
	fields["orgShortName"], fields["locRef"], fields["rvcRef"] = f.cfg.Org, c.property.ref, c.num
	return fields
}

// unavailable lists what is on the menu and cannot be sold.
func (f *Fake) unavailable(_ *http.Request, c *revenueCenter) (any, error) {
	items := []map[string]any{}
	for _, it := range f.menu(c).items {
		if f.onMenu(c, it, f.now) && c.property.soldOut(it) {
			items = append(items, map[string]any{"menuItemId": it.objectNum, "definitionSequence": it.definition.num("defSequenceNum")})
		}
	}
	return f.located(c, map[string]any{"items": items}), nil
}

func (f *Fake) menuID(c *revenueCenter) string {
	return f.cfg.Org + ":" + c.property.ref + ":" + strconv.Itoa(c.num)
}

func (f *Fake) menuSummary(r *http.Request) (any, error) {
	q := r.URL.Query()
	if !strings.EqualFold(q.Get("OrgShortName"), f.cfg.Org) {
		return nil, fail(http.StatusBadRequest, "Bad Request", "OrgShortName is required.")
	}
	items := []map[string]any{}
	for _, p := range f.properties {
		for _, c := range p.rvcs {
			if p.closed || q.Get("LocRef") != "" && !strings.EqualFold(q.Get("LocRef"), p.ref) || q.Get("RvcRef") != "" && q.Get("RvcRef") != strconv.Itoa(c.num) {
				continue
			}
			items = append(items, f.located(c, map[string]any{"menuId": f.menuID(c), "name": name("Menu of " + c.name)}))
		}
	}
	return map[string]any{"items": items}, nil
}

// stsMenu is the menu as ordering clients see it.
func (f *Fake) stsMenu(r *http.Request, c *revenueCenter) (any, error) {
	if !strings.EqualFold(r.PathValue("menuId"), f.menuID(c)) {
		return nil, notFound("menu " + r.PathValue("menuId"))
	}
	items := []map[string]any{}
	for _, it := range f.menu(c).items {
		if f.onMenu(c, it, f.now) {
			items = append(items, f.stsItem(c, it))
		}
	}
	families := []map[string]any{}
	for _, g := range f.tables["FamilyGroups"].rows {
		families = append(families, map[string]any{"familyGroupId": g["objectNum"], "name": g["name"]})
	}
	return tagged(r, f.located(c, map[string]any{
		"menuId": f.menuID(c), "name": name("Menu of " + c.name), "menuItems": items, "condimentItems": []any{}, "condimentGroups": []any{},
		"comboMeals": []any{}, "comboGroups": []any{}, "familyGroups": families, "allergens": []any{}, "options": []any{},
	}))
}

func (f *Fake) stsItem(c *revenueCenter, it *item) map[string]any {
	prices := []map[string]any{}
	for _, p := range it.prices {
		if group := p.num("effectivityGroupObjNum"); p.has("price") && (group == 0 || f.effective(c, group, f.now)) {
			prices = append(prices, map[string]any{"priceSequence": p["priceSequenceNum"], "price": p["price"]})
		}
	}
	d := it.definition
	return map[string]any{
		"menuItemId": it.objectNum, "name": it.master["name"], "familyGroupRef": it.master.num("familyGroupObjNum"),
		"definitions": []map[string]any{{
			"definitionSequence": d["defSequenceNum"], "name": d["firstName"], "name2": d["secondName"], "slus": []any{}, "taxClassRef": 1,
			"prices": prices, "defaultCondiments": []any{}, "condimentGroupRules": []any{}, "consumerName": d["consumerItemName"],
			"consumerDescription": d["consumerItemDescription"], "images": []any{}, "allergens": []any{}, "nutritionalData": []any{},
			"options": []any{}, "tags": []any{}, "tagGroups": []any{},
		}},
		"dietaryInformation": []any{}, "tags": []any{},
	}
}

func (f *Fake) stsTenders(_ *http.Request, c *revenueCenter) (any, error) {
	return f.located(c, map[string]any{"items": []map[string]any{
		{"tenderId": cashTender, "name": name("Cash"), "type": "payment"}, {"tenderId": cardTender, "name": name("Card"), "type": "payment"},
	}}), nil
}

func (f *Fake) stsTaxes(_ *http.Request, c *revenueCenter) (any, error) {
	kind := "addOn"
	if f.cfg.TaxIncluded {
		kind = "inclusive"
	}
	return f.located(c, map[string]any{
		"taxClasses": []map[string]any{{"taxClassId": 1, "activeTaxRateRefs": []int{salesTax}}},
		"taxRates":   []map[string]any{{"taxRateId": salesTax, "percentage": decimal(f.cfg.TaxBasisPoints, "USD"), "taxType": kind, "name": name("Sales tax")}},
	}), nil
}

func (f *Fake) stsServiceCharges(_ *http.Request, c *revenueCenter) (any, error) {
	return f.located(c, map[string]any{"items": []map[string]any{{"serviceChargeId": tipCharge, "name": name("Charged tip"), "type": "openAmount", "value": 0}}}), nil
}

func (f *Fake) stsDiscounts(_ *http.Request, c *revenueCenter) (any, error) {
	items := []map[string]any{}
	for _, o := range f.discountsAt(c) {
		if !o.row.flag("enabled", true) {
			continue
		}
		kind, value := "amount", o.row[f.cfg.AmountField]
		if n, ok := compare(o.row[f.cfg.PercentField], number(0)); ok && n > 0 {
			kind, value = "percent", o.row[f.cfg.PercentField]
		}
		items = append(items, f.located(c, map[string]any{"discountId": o.objectNum, "name": o.row["name"], "type": kind, "value": value}))
	}
	return f.located(c, map[string]any{"items": items}), nil
}

func (f *Fake) stsBarcodes(_ *http.Request, c *revenueCenter) (any, error) {
	return f.located(c, map[string]any{"items": []any{}}), nil
}

// stsChecks lists checks of a revenue center that were created since a time.
func (f *Fake) stsChecks(r *http.Request, c *revenueCenter) (any, error) {
	q := r.URL.Query()
	var since time.Time
	if text := q.Get("sinceTime"); text != "" {
		var err error
		if since, err = time.Parse("2006-01-02T15:04Z", text); err != nil {
			if since, err = time.Parse(time.RFC3339, text); err != nil {
				return nil, fail(http.StatusBadRequest, "Bad Request", "sinceTime %q is no UTC time.", text)
			}
		}
	}
	items := []any{}
	for _, k := range c.property.checks {
		switch {
		case k.rvc != c, k.posted.IsZero(), k.posted.Before(since), !k.closed.IsZero() && q.Get("includeClosed") != "true":
		case q.Get("checkNumbers") != "" && !contains(q.Get("checkNumbers"), strconv.FormatInt(k.num, 10)):
		default:
			items = append(items, f.stsView(k))
		}
	}
	return map[string]any{"items": items}, nil
}

func (f *Fake) stsCheck(r *http.Request, c *revenueCenter) (any, error) {
	k := c.byGUID(r.PathValue("checkRef"))
	if k == nil {
		return nil, notFound("check " + r.PathValue("checkRef"))
	}
	return f.stsView(k), nil
}

func (f *Fake) stsPrinted(r *http.Request, c *revenueCenter) (any, error) {
	k := c.byGUID(r.PathValue("checkRef"))
	if k == nil {
		return nil, notFound("check " + r.PathValue("checkRef"))
	}
	return map[string]any{"checkPrintedLines": map[string]any{"lines": f.printed(k)}}, nil
}
