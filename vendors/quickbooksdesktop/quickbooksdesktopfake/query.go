package quickbooksdesktopfake

import (
	"slices"
	"strconv"
	"strings"
)

// iterator is a query whose result is read in parts. It ends with the session.
type iterator struct {
	query string // message and filters
	rows  []func() *node
}

// iterate answers with as many rows as were asked for. A row that is gone by
// the time it is due gives nil.
func (f *Fake) iterate(m *message, rows []func() *node) *reply {
	mode, _ := m.body.attr("iterator")
	id, _ := m.body.attr("iteratorID")
	var query strings.Builder // what an iterator is bound to
	query.WriteString(m.body.name)
	for _, c := range m.body.children {
		if c.name != "MaxReturned" {
			query.WriteString(c.String())
		}
	}
	key := query.String()
	r := &reply{counted: true, iterated: mode != ""}
	switch mode {
	case "Start":
		id = f.guid()
	case "Continue", "Stop":
		it := f.iterators[id]
		if it == nil || it.query != key {
			return failed(codeIterator, "")
		}
		rows = it.rows
		delete(f.iterators, id)
		if mode == "Stop" {
			return r
		}
	}
	most := len(rows)
	if n, err := strconv.Atoi(m.body.at("MaxReturned")); err == nil {
		most = n
	}
	for len(rows) > 0 && len(r.rets) < most {
		if n := rows[0](); n != nil {
			r.rets = append(r.rets, n)
		}
		rows = rows[1:]
	}
	if mode != "" && len(rows) > 0 {
		f.iterators[id] = &iterator{key, rows}
		r.remaining, r.iteratorID = len(rows), id
	} else if mode != "" && len(r.rets) > 0 {
		r.iteratorID = id
	}
	if len(r.rets) == 0 {
		r.code = codeNothing
	}
	return r
}

// continues reports whether a query goes on with the rows of an iterator.
func continues(m *message) bool {
	mode, _ := m.body.attr("iterator")
	return mode == "Continue" || mode == "Stop"
}

// listQuery answers the queries of lists.
func (f *Fake) listQuery(m *message) *reply {
	kind := strings.TrimSuffix(m.op, "Query")
	if kind == "InventorySite" && f.cfg.Mode != BySite {
		return failed(codeFeatureOff, "")
	}
	of := func(o *object) bool {
		return o.kind == kind || kind == "Item" && returned[o.kind] != "" && isItem(o.kind)
	}
	if ids, names := m.body.texts("ListID"), m.body.texts("FullName"); len(ids)+len(names) > 0 {
		return f.pick(ids, names, of)
	}
	if continues(m) {
		return f.iterate(m, nil)
	}
	var rows []func() *node
	for _, o := range f.objects {
		if of(o) && f.matches(m.body, o) {
			rows = append(rows, func() *node {
				if f.byID[o.listID] != o {
					return nil
				}
				return f.ret(o)
			})
		}
	}
	return f.iterate(m, rows)
}

// pick answers queries that name what they want.
func (f *Fake) pick(ids, names []string, of func(*object) bool) *reply {
	r := &reply{counted: true}
	wanted := len(ids) + len(names)
	for _, o := range f.objects {
		if of(o) && (slices.Contains(ids, o.listID) || slices.ContainsFunc(names, func(n string) bool { return sameName(n, o.name) })) {
			r.rets = append(r.rets, f.ret(o))
		}
	}
	if len(r.rets) < wanted {
		r.code = codeSomeIDs
	}
	return r
}

func (f *Fake) matches(q *node, o *object) bool {
	switch q.at("ActiveStatus") {
	case "All":
	case "InactiveOnly":
		if o.active {
			return false
		}
	default:
		if !o.active {
			return false
		}
	}
	if !f.within(o.modified, q.at("FromModifiedDate"), q.at("ToModifiedDate")) || !nameMatches(q, o.name, "Name") {
		return false
	}
	if types := q.texts("AccountType"); len(types) > 0 && !slices.Contains(types, o.fields["AccountType"].text) {
		return false
	}
	return refMatches(q.child("ClassFilter"), o.fields["ClassRef"])
}

// nameMatches applies NameFilter and NameRangeFilter, or the filters of another
// field.
func nameMatches(q *node, value, field string) bool {
	filter, n := q.child(field+"Filter"), q.child(field+"RangeFilter")
	if filter == nil && n == nil {
		return true
	}
	value = strings.ToLower(value)
	if filter != nil {
		text := strings.ToLower(filter.at(field))
		switch filter.at("MatchCriterion") {
		case "StartsWith":
			return strings.HasPrefix(value, text)
		case "EndsWith":
			return strings.HasSuffix(value, text)
		}
		return strings.Contains(value, text)
	}
	from, to := strings.ToLower(n.at("From"+field)), strings.ToLower(n.at("To"+field))
	return value >= from && (to == "" || value <= to)
}

// refMatches applies a filter by reference; lists here have no levels.
func refMatches(filter, ref *node) bool {
	if filter == nil {
		return true
	}
	for _, c := range filter.children {
		if strings.HasPrefix(c.name, "ListID") && c.text == ref.at("ListID") || strings.HasPrefix(c.name, "FullName") && sameName(c.text, ref.at("FullName")) {
			return true
		}
	}
	return false
}

// txnQuery answers the queries of transactions.
func (f *Fake) txnQuery(m *message) *reply {
	q := m.body
	if q.child("AccountFilter") != nil || q.child("CurrencyFilter") != nil || q.at("TxnDateRangeFilter", "DateMacro") != "" {
		return failed(codeFeatureOff, "The filter is not simulated.")
	}
	kind := strings.TrimSuffix(m.op, "Query")
	ids, refs := q.texts("TxnID"), append(q.texts("RefNumber"), q.texts("RefNumberCaseSensitive")...)
	exact := q.child("RefNumberCaseSensitive") != nil
	var rows []func() *node
	for _, t := range f.txns {
		switch {
		case t.kind != kind:
		case len(ids) > 0 && !slices.Contains(ids, t.id):
		case len(refs) > 0 && !slices.ContainsFunc(refs, func(r string) bool { return r == t.ref || !exact && sameName(r, t.ref) }):
		case len(ids)+len(refs) == 0 && !f.wants(q, t):
		default:
			rows = append(rows, func() *node {
				if t.deleted {
					return nil
				}
				return f.txnRet(t, q.at("IncludeLineItems"), q.at("IncludeLinkedTxns"))
			})
		}
	}
	r := f.iterate(m, rows)
	if len(ids) > 0 && len(r.rets) < len(ids) {
		r.code = codeSomeIDs
	}
	return r
}

func (f *Fake) wants(q *node, t *txn) bool {
	modified, dated := q.child("ModifiedDateRangeFilter"), q.child("TxnDateRangeFilter")
	to := dated.at("ToTxnDate")
	switch {
	case !f.within(t.modified, modified.at("FromModifiedDate"), modified.at("ToModifiedDate")):
		return false
	case t.date < dated.at("FromTxnDate") || to != "" && t.date > to:
		return false
	case q.at("PaidStatus") == "PaidOnly" && !t.paid || q.at("PaidStatus") == "NotPaidOnly" && t.paid:
		return false
	}
	return nameMatches(q, t.ref, "RefNumber") && refMatches(q.child("EntityFilter"), f.customer.ref("CustomerRef"))
}

func (f *Fake) txnDeletedQuery(m *message) *reply  { return f.deletions(m, "Txn", true) }
func (f *Fake) listDeletedQuery(m *message) *reply { return f.deletions(m, "List", false) }

func (f *Fake) deletions(m *message, what string, txn bool) *reply {
	kinds, window := m.body.texts(what+"DelType"), m.body.child("DeletedDateRangeFilter")
	r := &reply{counted: true}
	for _, d := range f.gone {
		if d.txn != txn || !slices.Contains(kinds, d.kind) || !f.within(d.deleted, window.at("FromDeletedDate"), window.at("ToDeletedDate")) {
			continue
		}
		n := el(what+"DeletedRet", leaf(what+"DelType", d.kind), leaf(what+"ID", d.id), leaf("TimeCreated", f.stamp(d.created)), leaf("TimeDeleted", f.stamp(d.deleted)))
		if txn {
			n.add(opt("RefNumber", d.name))
		} else {
			n.add(leaf("FullName", d.name))
		}
		r.rets = append(r.rets, n)
	}
	if len(r.rets) == 0 {
		r.code = codeNothing
	}
	return r
}
