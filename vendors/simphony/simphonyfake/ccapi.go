package simphonyfake

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// configured wraps an endpoint with what all of them check.
func configured(h handler, write bool) handler {
	return func(f *Fake, r *http.Request) (any, error) {
		if _, err := f.authorized(r, CCAPI); err != nil {
			return nil, err
		}
		if write && r.Header.Get("Simphony-AuditTrailRef") == "" && !strings.Contains(string(fakekit.Body(r)), `"auditTrailRef"`) {
			return nil, fail(http.StatusBadRequest, "VALIDATION ERROR", "Simphony-AuditTrailRef is required.")
		}
		return h(f, r)
	}
}

// object reads a body that holds one record.
func object(r *http.Request) (record, error) {
	list, err := decodeRecords(fakekit.Body(r))
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fail(http.StatusBadRequest, "VALIDATION ERROR", "The request body must be one object.")
	}
	delete(list[0], "auditTrailRef")
	return list[0], nil
}

// writing makes an endpoint that stores one record.
func writing(t *table, store func(*Fake, *http.Request, record) (record, error)) handler {
	return func(f *Fake, r *http.Request) (any, error) {
		in, err := object(r)
		if err != nil {
			return nil, err
		}
		if s := in.str("miMasterOptions"); s != "" && len(s) != masterOptions && !firstVersion(r.URL.Path) {
			return nil, fail(http.StatusBadRequest, "VALIDATION ERROR", "The field miMasterOptions must be a string of length 8.")
		}
		out, err := store(f, r, in)
		if err != nil {
			return nil, err
		}
		if t.reply != nil {
			return t.reply(out), nil
		}
		reply := map[string]any{t.id: out[t.id], "errorCode": "success"}
		for _, k := range append([]string{"hierUnitId"}, t.keys...) {
			if out.has(k) {
				reply[k] = out[k]
			}
		}
		return reply, nil
	}
}

func adding(t *table) handler {
	return writing(t, func(f *Fake, _ *http.Request, in record) (record, error) { return f.insert(t, in) })
}

// updating replaces a record. Version 1 adds what it does not find.
func updating(t *table) handler {
	return writing(t, func(f *Fake, r *http.Request, in record) (record, error) {
		f.complete(t, in)
		if _, ok := t.find(in); !ok && firstVersion(r.URL.Path) {
			return f.insert(t, in)
		}
		if t.noun == "MenuItemPrices" && !in.has(t.id) {
			return nil, missing(t.id)
		}
		return f.replace(t, in)
	})
}

func upserting(t *table) handler {
	return writing(t, func(f *Fake, _ *http.Request, in record) (record, error) { return f.merge(t, in) })
}

func deleting(t *table) handler {
	return func(f *Fake, r *http.Request) (any, error) {
		in, err := object(r)
		if err != nil {
			return nil, err
		}
		if err := f.remove(t, in); err != nil {
			return nil, err
		}
		return map[string]any{"msg": "1 record(s) deleted."}, nil
	}
}

func preDeleteCheck(t *table) handler {
	return func(f *Fake, r *http.Request) (any, error) {
		in, err := object(r)
		if err != nil {
			return nil, err
		}
		f.complete(t, in)
		row, ok := t.find(in)
		if !ok {
			return nil, noEntity()
		}
		text := "Dependency does not exist."
		if f.needed(t, row) {
			text = "Dependency exist."
		}
		return map[string]any{"response": text}, nil
	}
}

func listing(t *table) handler {
	return func(f *Fake, r *http.Request) (any, error) {
		rows := make([]record, len(t.rows))
		for i, row := range t.rows {
			rows[i] = f.show(t, row)
		}
		return f.list(r, rows)
	}
}

// show is a record as it is read, with everything that can be included.
func (f *Fake) show(t *table, row record) record {
	out := row.clone()
	if t.noun != "MenuItemMasters" {
		return out
	}
	for _, group := range []string{"family", "major", "master", "report"} { // as this kind's answers spell them
		if v, ok := out[group+"GroupObjNum"]; ok {
			delete(out, group+"GroupObjNum")
			out[group+"GroupObjectNum"] = v
		}
	}
	named := map[string]any{}
	for name, bit := range masterFlags {
		named[name] = f.option(row, bit)
	}
	out["miMasterOptionsExt"] = named
	return out
}

// list answers a get request: the rows that match, a page of them, with the
// fields that were asked for.
func (f *Fake) list(r *http.Request, rows []record) (any, error) {
	in, err := object(r)
	if err != nil {
		return nil, err
	}
	matches, err := parseCriteria(in.str("searchCriteria"))
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(x record) bool {
		return in.has("hierUnitId") && x.num("hierUnitId") != in.num("hierUnitId") || !matches(x)
	})
	sortRows(rows, in.str("orderBy"))
	total := len(rows)
	offset := min(max(int(in.num("offset")), 0), total)
	limit := int(in.num("limit"))
	if limit <= 0 || limit > f.cfg.PageSize {
		limit = f.cfg.PageSize
	}
	rows = rows[offset:min(offset+limit, total)]
	more := offset+len(rows) < total
	keep := included(in)
	for i := range rows {
		rows[i] = keep(rows[i])
	}
	if _, twice := fakekit.Struck(r, posfake.FaultDuplicate); twice {
		rows = slices.Concat(rows, rows)
	}
	if rows == nil {
		rows = []record{}
	}
	return map[string]any{
		"count": min(len(rows), limit), "hasMore": more, "items": rows, "totalResults": total, "offset": offset, "limit": limit,
	}, nil
}

// included reduces a record to the fields that a request asks for: a list, all
// of them ("detailed"), or all but the named option bits.
func included(in record) func(record) record {
	all := strings.ToLower(in.str("includeAll"))
	list := in.str("include")
	return func(r record) record {
		if all == "detailed" {
			return r
		}
		out := record{}
		for field, v := range r {
			switch {
			case all == "" && list != "" && !contains(list, field):
			case list == "" && strings.HasSuffix(field, "Ext"), all == "basic" && strings.HasSuffix(field, "Ext"):
			default:
				out[field] = v
			}
		}
		return out
	}
}

// contains reports whether a comma list has a name, in any case.
func contains(list, name string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), name) })
}

// sortRows orders by "field:asc" or "field:desc".
func sortRows(rows []record, orderBy string) {
	field, direction, _ := strings.Cut(orderBy, ":")
	if field = strings.TrimSpace(field); field == "" {
		return
	}
	slices.SortStableFunc(rows, func(a, b record) int {
		n, ok := compare(a.value(field)[0], b.value(field)[0])
		if !ok {
			n = cmp.Compare(plain(a.value(field)[0]), plain(b.value(field)[0]))
		}
		if strings.EqualFold(strings.TrimSpace(direction), "desc") {
			return -n
		}
		return n
	})
}

func name(text string) map[string]any { return map[string]any{"en-US": text} }

func (f *Fake) getHierarchy(r *http.Request) (any, error) {
	rows := []record{{"hierUnitId": number(enterpriseUnit), "objectNum": number(1), "name": name(f.cfg.Org), "hierUnitType": "Enterprise"}}
	for _, p := range f.properties {
		rows = append(rows, record{
			"hierUnitId": number(int64(p.unit)), "parentHierUnitId": number(enterpriseUnit), "objectNum": number(int64(p.num)),
			"name": name(p.name), "hierUnitType": "Location",
		})
		for _, c := range p.rvcs {
			rows = append(rows, record{
				"hierUnitId": number(int64(c.unit)), "parentHierUnitId": number(int64(p.unit)), "objectNum": number(int64(c.num)),
				"name": name(c.name), "hierUnitType": "RevenueCenter",
			})
		}
	}
	return f.list(r, rows)
}

func (f *Fake) getLocations(r *http.Request) (any, error) {
	var rows []record
	for _, p := range f.properties {
		rows = append(rows, record{
			"hierUnitId": number(int64(p.unit)), "parentHierUnitId": number(enterpriseUnit), "objectNum": number(int64(p.num)),
			"locRef": p.ref, "name": name(p.name),
		})
	}
	return f.list(r, rows)
}

func (f *Fake) getRevenueCenters(r *http.Request) (any, error) {
	var rows []record
	for _, p := range f.properties {
		for _, c := range p.rvcs {
			rows = append(rows, record{
				"hierUnitId": number(int64(c.unit)), "parentHierUnitId": number(int64(p.unit)), "objectNum": number(int64(c.num)),
				"locRef": p.ref, "name": name(c.name),
			})
		}
	}
	return f.list(r, rows)
}

// getMenuItem2 is a master with its definitions and their prices.
func (f *Fake) getMenuItem2(r *http.Request) (any, error) {
	masters := f.tables["MenuItemMasters"]
	i := slices.IndexFunc(masters.rows, func(x record) bool { return plain(x["menuItemMasterId"]) == r.PathValue("id") })
	if i < 0 {
		return nil, noEntity()
	}
	out := f.show(masters, masters.rows[i])
	definitions := []record{}
	for _, d := range f.tables["MenuItemDefinitions"].rows {
		if d.num("menuItemMasterId") != out.num("menuItemMasterId") {
			continue
		}
		d = d.clone()
		prices := []record{}
		for _, p := range f.tables["MenuItemPrices"].rows {
			if p.num("menuItemDefinitionId") == d.num("menuItemDefinitionId") {
				prices = append(prices, p)
			}
		}
		d["prices"] = prices
		definitions = append(definitions, d)
	}
	out["definitions"] = definitions
	return out, nil
}
