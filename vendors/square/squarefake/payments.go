package squarefake

import (
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// listScan is a checked query of ListPayments or ListPaymentRefunds.
type listScan struct {
	begin, end               time.Time // of creation
	updatedBegin, updatedEnd time.Time
	offlineBegin, offlineEnd time.Time
	field                    string
	ascending                bool
	limit                    int
	after                    sortKey
}

// scanOf reads the parameters that both lists share.
func (f *Fake) scanOf(c *call) (listScan, error) {
	q := c.URL.Query()
	s := listScan{field: q.Get("sort_field"), ascending: q.Get("sort_order") == "ASC", limit: 100}
	for name, field := range map[string]*time.Time{
		"begin_time": &s.begin, "end_time": &s.end, "updated_at_begin_time": &s.updatedBegin, "updated_at_end_time": &s.updatedEnd,
		"offline_begin_time": &s.offlineBegin, "offline_end_time": &s.offlineEnd,
	} {
		t, err := parseTime(name, q.Get(name))
		if err != nil {
			return s, err
		}
		*field = t
	}
	switch {
	case s.field == "":
		s.field = "CREATED_AT"
	case !slices.Contains([]string{"CREATED_AT", "UPDATED_AT", "OFFLINE_CREATED_AT"}, s.field):
		return s, invalid("INVALID_ENUM_VALUE", "sort_field", "`%s` is not a sort field.", s.field)
	}
	if n, err := strconv.Atoi(q.Get("limit")); err == nil && n > 0 && n < 100 {
		s.limit = n
	}
	if s.begin.IsZero() && s.updatedBegin.IsZero() {
		s.begin = f.Now().AddDate(-1, 0, 0)
	}
	if cursor := q.Get("cursor"); cursor != "" {
		position, err := f.redeem(queryOf(c.Request), cursor)
		if err != nil {
			return s, err
		}
		s.after = parseKey(position)
	}
	if _, widened := fakekit.Struck(c.Request, posfake.FaultWidened); widened {
		s.begin, s.end, s.updatedBegin, s.updatedEnd = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	}
	return s, nil
}

// inside: the begin belongs to the range, the end does not (unconfirmed).
func inside(t, begin, end time.Time) bool {
	return (begin.IsZero() || !t.Before(begin)) && (end.IsZero() || t.Before(end))
}

type listRow[T any] struct {
	key sortKey
	row T
}

// cut sorts rows, drops those up to the cursor and returns one page.
func cut[T any](f *Fake, c *call, rows []listRow[T], s listScan) ([]T, string) {
	rows = slices.DeleteFunc(rows, func(r listRow[T]) bool {
		return s.after != (sortKey{}) && (s.ascending && !s.after.less(r.key) || !s.ascending && !r.key.less(s.after))
	})
	sort.Slice(rows, func(i, j int) bool {
		if s.ascending {
			return rows[i].key.less(rows[j].key)
		}
		return rows[j].key.less(rows[i].key)
	})
	next := ""
	if len(rows) > s.limit {
		rows = rows[:s.limit]
		next = f.pages.Issue(queryOf(c.Request), rows[s.limit-1].key.String())
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = r.row
	}
	return twice(c, out), next
}

func keyOf(field string, seq int, created, updated, offline time.Time) sortKey {
	switch field {
	case "UPDATED_AT":
		return sortKey{updated.UnixMilli(), seq}
	case "OFFLINE_CREATED_AT":
		return sortKey{offline.UnixMilli(), seq}
	}
	return sortKey{created.UnixMilli(), seq}
}

func (f *Fake) listPayments(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.scanOf(c)
	if err != nil {
		return nil, err
	}
	location, err := f.locationParam(c.URL.Query(), f.places[0].id)
	if err != nil {
		return nil, err
	}
	offline := c.URL.Query().Get("is_offline_payment")
	var rows []listRow[*payment]
	for _, p := range f.sales.paidAt[location] {
		if !inside(p.created, s.begin, s.end) || !inside(p.updated, s.updatedBegin, s.updatedEnd) ||
			offline != "" && offline != strconv.FormatBool(p.now.Offline) ||
			(!s.offlineBegin.IsZero() || !s.offlineEnd.IsZero()) && (p.offline.IsZero() || !inside(p.offline, s.offlineBegin, s.offlineEnd)) {
			continue
		}
		rows = append(rows, listRow[*payment]{keyOf(s.field, p.seq, p.created, p.updated, p.offline), p.now})
	}
	list, next := cut(f, c, rows, s)
	return struct {
		Payments []*payment `json:"payments,omitempty"`
		Cursor   string     `json:"cursor,omitempty"`
	}{list, next}, nil
}

func (f *Fake) locationParam(q url.Values, otherwise string) (string, error) {
	id := q.Get("location_id")
	if id == "" {
		return otherwise, nil
	}
	if f.placeByID[id] == nil {
		return "", invalid("INVALID_VALUE", "location_id", "Location `%s` does not exist.", id)
	}
	return id, nil
}

func (f *Fake) getPayment(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.sales.payments[c.PathValue("id")]
	if p == nil {
		return nil, notFound("Payment", c.PathValue("id"))
	}
	return map[string]*payment{"payment": p.now}, nil
}

func (f *Fake) listRefunds(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.scanOf(c)
	if err != nil {
		return nil, err
	}
	q := c.URL.Query()
	location, err := f.locationParam(q, "")
	if err != nil {
		return nil, err
	}
	var rows []listRow[*paymentRefund]
	for _, r := range f.sales.refunded {
		if location != "" && r.now.LocationID != location || q.Get("status") != "" && q.Get("status") != r.now.Status ||
			q.Get("source_type") != "" && q.Get("source_type") != r.now.Type ||
			!inside(r.created, s.begin, s.end) || !inside(r.updated, s.updatedBegin, s.updatedEnd) {
			continue
		}
		rows = append(rows, listRow[*paymentRefund]{keyOf(s.field, r.seq, r.created, r.updated, r.created), r.now})
	}
	list, next := cut(f, c, rows, s)
	return struct {
		Refunds []*paymentRefund `json:"refunds,omitempty"`
		Cursor  string           `json:"cursor,omitempty"`
	}{list, next}, nil
}

func (f *Fake) getRefund(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.sales.refunds[c.PathValue("id")]
	if r == nil {
		return nil, notFound("Refund", c.PathValue("id"))
	}
	return map[string]*paymentRefund{"refund": r.now}, nil
}

// paymentChanged fires the webhook that every change of a payment does.
func (f *Fake) paymentChanged(e *entry, kind string) {
	if e.payment == nil {
		return
	}
	p := e.payment.now
	f.notify(event{kind: kind, object: "payment", id: p.ID, location: p.LocationID, data: map[string]any{"payment": p}})
}

func (f *Fake) refundChanged(r *refundEntry, kind string) {
	f.notify(event{kind: kind, object: "refund", id: r.now.ID, location: r.now.LocationID, data: map[string]any{"refund": r.now}})
}

func deviceID(location string) string { return "device:" + strings.ToLower(location) + "T1" }
