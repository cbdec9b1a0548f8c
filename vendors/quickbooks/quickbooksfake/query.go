package quickbooksfake

import (
	"encoding/json"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// widening is how far beyond a time filter the fault widened reaches.
const widening = time.Hour

// bias is what faults do to the answers of reads.
type bias struct{ doubled, widened bool }

func biasOf(r *http.Request) (b bias) {
	_, b.doubled = fakekit.Struck(r, posfake.FaultDuplicate)
	_, b.widened = fakekit.Struck(r, posfake.FaultWidened)
	return b
}

// queryText is the statement of a request.
func queryText(r *http.Request) string {
	if r.Method == http.MethodPost {
		return string(fakekit.Body(r))
	}
	return r.URL.Query().Get("query")
}

// queryOp names the operation of a query after its entity.
func (f *Fake) queryOp(r *http.Request) string {
	if s, err := parse(queryText(r)); err == nil && f.tables[s.entity] != nil {
		return "Query" + s.entity
	}
	return "Query"
}

func (f *Fake) getQuery(c *call) (map[string]any, error) {
	answer, err := f.query(queryText(c.Request), biasOf(c.Request))
	if err != nil {
		return nil, err
	}
	return map[string]any{"QueryResponse": answer}, nil
}

// query answers a statement with a QueryResponse.
func (f *Fake) query(text string, b bias) (map[string]any, error) {
	s, err := parse(text)
	if err != nil {
		return nil, err
	}
	t := f.tables[s.entity]
	if t == nil {
		return nil, refuse("4001", "", "QueryValidationError: Invalid context declaration: %s", s.entity)
	}
	match, err := t.matcher(s, b)
	if err != nil {
		return nil, err
	}
	var rows []*object
	for _, o := range t.rows {
		if !o.deleted && match(o) {
			rows = append(rows, o)
		}
	}
	if s.count {
		return map[string]any{"totalCount": len(rows)}, nil
	}
	t.sort(rows, s)
	rows = rows[min(s.start-1, len(rows)):]
	rows = rows[:min(s.n, len(rows))]
	if len(rows) == 0 {
		return map[string]any{}, nil
	}
	var views []any
	for _, o := range rows {
		view := s.project(f.view(o))
		views = append(views, view)
		if b.doubled {
			views = append(views, view)
		}
	}
	out := map[string]any{t.name: views, "startPosition": s.start, "maxResults": len(views)}
	if t.name != "Item" { // which entities tell is unconfirmed; samples differ
		out["totalCount"] = len(views)
	}
	return out, nil
}

// project keeps the fields that were asked for. A star is all of them, but not
// the SKU of an item.
func (s *statement) project(view map[string]any) map[string]any {
	all := slices.Contains(s.fields, "*")
	asked := map[string]bool{"Id": true, "SyncToken": true, "domain": true, "sparse": true}
	for _, name := range s.fields {
		name, _, _ = strings.Cut(name, ".")
		asked[name] = true
	}
	for name := range view {
		if !asked[name] && (!all || s.entity == "Item" && name == "Sku") {
			delete(view, name)
		}
	}
	return view
}

// matcher checks the conditions of a statement once. Inactive list entries are
// hidden unless a condition asks for them.
func (t *table) matcher(s statement, b bias) (func(*object) bool, error) {
	hidden := t.is(list)
	for _, name := range s.fields {
		if top, _, _ := strings.Cut(name, "."); name != "*" && top != "Id" && top != "MetaData" && top != "SyncToken" && !t.has(top) {
			return nil, refuse("4001", "", "QueryValidationError: Property %s not found for Entity %s", name, t.name)
		}
	}
	if s.order != "" && !t.filters(s.order) {
		return nil, refuse("4001", "", "QueryValidationError: Property %s of Entity %s is not sortable", s.order, t.name)
	}
	var tests []func(*object) bool
	for _, c := range s.where {
		if !t.filters(c.property) {
			return nil, refuse("4001", "", "QueryValidationError: Property %s of Entity %s is not queryable", c.property, t.name)
		}
		test, err := c.test(b)
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
		hidden = hidden && c.property != "Active"
	}
	return func(o *object) bool {
		if hidden && !o.active() {
			return false
		}
		for _, test := range tests {
			if !test(o) {
				return false
			}
		}
		return true
	}, nil
}

// has reports whether the entity has a property at all.
func (t *table) has(property string) bool {
	return slices.Contains(t.writable, property) || slices.Contains(t.computed, property) || t.is(fixed)
}

func (t *table) filters(property string) bool {
	switch property {
	case "Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime":
		return true
	default:
		return slices.Contains(t.filter, property)
	}
}

// key is the value of a property in a form that compares: a time, a number, or
// a text. Ids compare as numbers.
func (o *object) key(property string) any {
	switch property {
	case "Id":
		return rat(o.id)
	case "MetaData.CreateTime":
		return o.created
	case "MetaData.LastUpdatedTime":
		return o.updated
	}
	switch v := o.fields[property].(type) {
	case bool:
		return strconv.FormatBool(v)
	case map[string]any:
		return refValue(v)
	case json.Number:
		return rat(v)
	case string:
		return v
	default:
		return ""
	}
}

// order compares a stored value with one of the query's; false if they do not compare.
func order(stored any, value string) (int, bool) {
	switch stored := stored.(type) {
	case time.Time:
		t, err := queryTime(value)
		return stored.Compare(t), err == nil
	case *big.Rat:
		r, ok := ratOf(value)
		if !ok {
			return 0, false
		}
		return stored.Cmp(r), true
	case string:
		return strings.Compare(stored, value), true
	default:
		return 0, false
	}
}

// queryTime reads a time with an offset, or a date, which begins in UTC.
func queryTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, refuse("4001", "", "QueryValidationError: Invalid date time %q", text)
}

// test is a condition as a function.
func (c condition) test(b bias) (func(*object) bool, error) {
	slack := time.Duration(0)
	if strings.HasPrefix(c.property, "MetaData.") {
		for _, v := range c.values {
			if _, err := queryTime(v); err != nil {
				return nil, err
			}
		}
		if b.widened {
			slack = widening
		}
	}
	compare := func(o *object, shift time.Duration) (int, bool) {
		key := o.key(c.property)
		if t, ok := key.(time.Time); ok {
			key = t.Add(shift)
		}
		return order(key, c.values[0])
	}
	switch c.op {
	case "LIKE":
		return func(o *object) bool {
			s, _ := o.key(c.property).(string)
			return like(s, c.values[0])
		}, nil
	case ">", ">=":
		return func(o *object) bool { n, ok := compare(o, slack); return ok && (n > 0 || n == 0 && c.op == ">=") }, nil
	case "<", "<=":
		return func(o *object) bool { n, ok := compare(o, -slack); return ok && (n < 0 || n == 0 && c.op == "<=") }, nil
	default: // = and IN
		return func(o *object) bool {
			for _, v := range c.values {
				if n, ok := order(o.key(c.property), v); ok && n == 0 {
					return true
				}
			}
			return false
		}, nil
	}
}

// like matches a pattern in which % stands for any text.
func like(s, pattern string) bool {
	parts := strings.Split(pattern, "%")
	if len(parts) == 1 {
		return s == pattern
	}
	rest, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// sort orders rows as asked. Without an order, transactions come newest first
// and lists as they were made; neither is documented.
func (t *table) sort(rows []*object, s statement) {
	if s.order == "" {
		if !t.is(list) {
			slices.Reverse(rows)
		}
		return
	}
	slices.SortStableFunc(rows, func(a, b *object) int {
		n := compareKeys(a.key(s.order), b.key(s.order))
		if s.desc {
			n = -n
		}
		return n
	})
}

func compareKeys(a, b any) int {
	switch a := a.(type) {
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b)
		}
	case *big.Rat:
		if b, ok := b.(*big.Rat); ok {
			return a.Cmp(b)
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b)
		}
	}
	return 0
}
