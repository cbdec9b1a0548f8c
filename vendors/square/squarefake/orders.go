package squarefake

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// orderStates are all that an order can have.
var orderStates = []string{"OPEN", "COMPLETED", "CANCELED", "DRAFT"}

const maxSearchLocations = 10

// timeRange is a range of times; for orders both ends are inside.
type timeRange struct {
	Start string `json:"start_at"`
	End   string `json:"end_at"`
}

type searchOrdersRequest struct {
	Locations []string `json:"location_ids"`
	Cursor    string   `json:"cursor"`
	Limit     *int     `json:"limit"`
	Entries   bool     `json:"return_entries"`
	Query     struct {
		Filter struct {
			State *struct {
				States []string `json:"states"`
			} `json:"state_filter"`
			Time *struct {
				Created *timeRange `json:"created_at"`
				Updated *timeRange `json:"updated_at"`
				Closed  *timeRange `json:"closed_at"`
			} `json:"date_time_filter"`
			Source *struct {
				Names []string `json:"source_names"`
			} `json:"source_filter"`
		} `json:"filter"`
		Sort struct {
			Field string `json:"sort_field"`
			Order string `json:"sort_order"`
		} `json:"sort"`
	} `json:"query"`
}

// orderScan is a checked search.
type orderScan struct {
	field      string
	ascending  bool
	start, end time.Time
	states     []string
	sources    []string
	limit      int
	staleAfter time.Time // versions newer than this are not shown yet; zero: all are
}

func (f *Fake) searchOrders(c *call) (any, error) {
	var in searchOrdersRequest
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	scan, err := in.scan()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range in.Locations {
		if f.placeByID[id] == nil {
			return nil, invalid("INVALID_VALUE", "location_ids", "Location `%s` does not exist.", id)
		}
	}
	query, after := bodyQuery(c.Request), sortKey{}
	if scan.end.IsZero() {
		scan.end = f.moment()
	}
	if in.Cursor != "" {
		position, err := f.redeem(query, in.Cursor)
		if err != nil {
			return nil, err
		}
		end, rest, _ := strings.Cut(position, "/")
		ms, _ := strconv.ParseInt(end, 10, 64)
		scan.end, after = time.UnixMilli(ms).UTC(), parseKey(rest)
	}
	if _, widened := fakekit.Struck(c.Request, posfake.FaultWidened); widened {
		scan.start, scan.end = time.Time{}, f.Now().Add(time.Hour)
	}
	if stale, ok := f.Standing(posfake.FaultStaleReads, fakekit.Op(c.Request)); ok {
		scan.staleAfter = f.Now().Add(-stale.Latency)
	}
	rows, more := f.scanOrders(in.Locations, scan, after)
	next := ""
	if more {
		next = f.pages.Issue(query, fmt.Sprintf("%d/%s", scan.end.UnixMilli(), rows[len(rows)-1].key))
	}
	return ordersReply(twice(c, rows), next, in.Entries), nil
}

func (in *searchOrdersRequest) scan() (orderScan, error) {
	s := orderScan{field: in.Query.Sort.Field, ascending: in.Query.Sort.Order == "ASC", limit: 500}
	switch {
	case len(in.Locations) == 0:
		return s, missing("location_ids")
	case len(in.Locations) > maxSearchLocations:
		return s, invalid("ARRAY_LENGTH_TOO_LONG", "location_ids", "At most %d location ids are allowed.", maxSearchLocations)
	case in.Query.Sort.Order != "" && in.Query.Sort.Order != "ASC" && in.Query.Sort.Order != "DESC":
		return s, invalid("INVALID_ENUM_VALUE", "query.sort.sort_order", "`%s` is not a sort order.", in.Query.Sort.Order)
	case s.field == "":
		s.field = "CREATED_AT"
	case s.field != "CREATED_AT" && s.field != "UPDATED_AT" && s.field != "CLOSED_AT":
		return s, invalid("INVALID_ENUM_VALUE", "query.sort.sort_field", "`%s` is not a sort field.", s.field)
	}
	if in.Limit != nil {
		if *in.Limit < 1 || *in.Limit > 1000 {
			return s, invalid("INVALID_VALUE", "limit", "The limit must be between 1 and 1000.")
		}
		s.limit = *in.Limit
	}
	if in.Query.Filter.State != nil {
		s.states = in.Query.Filter.State.States
	}
	for i, state := range s.states {
		if !slices.Contains(orderStates, state) {
			return s, invalid("INVALID_ENUM_VALUE", fmt.Sprintf("query.filter.state_filter.states[%d]", i), "`%s` is not a state of orders.", state)
		}
	}
	if in.Query.Filter.Source != nil {
		s.sources = in.Query.Filter.Source.Names
	}
	if err := in.timeFilter(&s); err != nil {
		return s, err
	}
	if s.field == "CLOSED_AT" && !slices.Contains(s.states, "COMPLETED") && !slices.Contains(s.states, "CANCELED") {
		return s, invalid("BAD_REQUEST", "query.filter.state_filter", "CLOSED_AT needs a state filter with COMPLETED or CANCELED.")
	}
	return s, nil
}

func (in *searchOrdersRequest) timeFilter(s *orderScan) error {
	t := in.Query.Filter.Time
	if t == nil {
		return nil
	}
	given := map[string]*timeRange{"CREATED_AT": t.Created, "UPDATED_AT": t.Updated, "CLOSED_AT": t.Closed}
	for field, r := range given {
		if r == nil {
			continue
		}
		if in.Query.Sort.Field != field && (in.Query.Sort.Field != "" || field != "CREATED_AT") {
			return invalid("BAD_REQUEST", "query.sort.sort_field", "The sort field must be %s, the field that is filtered.", field)
		}
		var err error
		if s.start, err = parseTime("query.filter.date_time_filter.start_at", r.Start); err != nil {
			return err
		}
		if s.end, err = parseTime("query.filter.date_time_filter.end_at", r.End); err != nil {
			return err
		}
		if !s.end.IsZero() && s.end.Before(s.start) {
			return invalid("INVALID_TIME_RANGE", "query.filter.date_time_filter", "The range ends before it begins.")
		}
	}
	return nil
}

// sortKey orders rows by time and then by arrival.
type sortKey struct {
	ms  int64
	seq int
}

func (k sortKey) String() string { return fmt.Sprintf("%d.%d", k.ms, k.seq) }

func parseKey(s string) sortKey {
	ms, seq, _ := strings.Cut(s, ".")
	n, _ := strconv.ParseInt(ms, 10, 64)
	return sortKey{n, atoi(seq)}
}

func (k sortKey) less(o sortKey) bool { return k.ms < o.ms || k.ms == o.ms && k.seq < o.seq }

type orderRow struct {
	key   sortKey
	order *order
}

// scanOrders returns one page of the orders behind a key.
func (f *Fake) scanOrders(locations []string, s orderScan, after sortKey) (rows []orderRow, more bool) {
	for _, id := range slices.Compact(slices.Sorted(slices.Values(locations))) {
		for _, e := range f.sales.atPlace[id] {
			o, at := e.seen(s.field, s.staleAfter)
			if o == nil || at.IsZero() || at.Before(s.start) || at.After(s.end) ||
				len(s.states) > 0 && !slices.Contains(s.states, o.State) ||
				len(s.sources) > 0 && (o.Source == nil || !slices.Contains(s.sources, o.Source.Name)) {
				continue
			}
			key := sortKey{at.UnixMilli(), e.seq}
			if after != (sortKey{}) && (s.ascending && !after.less(key) || !s.ascending && !key.less(after)) {
				continue
			}
			rows = append(rows, orderRow{key, o})
		}
	}
	sort.Slice(rows, func(i, j int) bool {
		if s.ascending {
			return rows[i].key.less(rows[j].key)
		}
		return rows[j].key.less(rows[i].key)
	})
	if len(rows) > s.limit {
		return rows[:s.limit], true
	}
	return rows, false
}

// seen is the version of an order that a search finds and its time in the field.
func (e *entry) seen(field string, staleAfter time.Time) (*order, time.Time) {
	if !staleAfter.IsZero() && e.changed.After(staleAfter) {
		i := slices.IndexFunc(e.past, func(p pastOrder) bool { return p.until.After(staleAfter) })
		if i < 0 || e.created.After(staleAfter) {
			return nil, time.Time{}
		}
		o := e.past[i].order
		text := map[string]string{"CREATED_AT": o.CreatedAt, "UPDATED_AT": o.UpdatedAt, "CLOSED_AT": o.ClosedAt}[field]
		t, _ := parseTime("", text)
		return o, t
	}
	switch field {
	case "UPDATED_AT":
		return e.now, e.updated
	case "CLOSED_AT":
		return e.now, e.closed
	}
	return e.now, e.created
}

type orderEntry struct {
	ID       string `json:"order_id"`
	Version  int64  `json:"version,omitempty"`
	Location string `json:"location_id"`
}

func ordersReply(rows []orderRow, cursor string, entries bool) any {
	var out struct {
		Entries []orderEntry `json:"order_entries,omitempty"`
		Orders  []*order     `json:"orders,omitempty"`
		Cursor  string       `json:"cursor,omitempty"`
	}
	out.Cursor = cursor
	for _, r := range rows {
		if entries {
			out.Entries = append(out.Entries, orderEntry{r.order.ID, r.order.Version, r.order.LocationID})
		} else {
			out.Orders = append(out.Orders, r.order)
		}
	}
	return out
}

func (f *Fake) batchRetrieveOrders(c *call) (any, error) {
	var in struct {
		IDs      []string `json:"order_ids"`
		Location string   `json:"location_id"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	switch {
	case len(in.IDs) == 0:
		return nil, missing("order_ids")
	case len(in.IDs) > 100:
		return nil, invalid("ARRAY_LENGTH_TOO_LONG", "order_ids", "At most 100 ids can be retrieved at once.")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	rows := []orderRow{}
	for _, id := range in.IDs {
		if o := f.readable(id); o != nil && (in.Location == "" || o.LocationID == in.Location) {
			rows = append(rows, orderRow{order: o})
		}
	}
	return ordersReply(twice(c, rows), "", false), nil
}

// readable returns an order unless its lag has not passed yet.
func (f *Fake) readable(id string) *order {
	e := f.sales.orders[id]
	if e == nil || f.Now().Sub(e.created) < f.cfg.OrderLag {
		return nil
	}
	return e.now
}

func (f *Fake) retrieveOrder(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.readable(c.PathValue("id"))
	if o == nil {
		return nil, notFound("Order", c.PathValue("id"))
	}
	return map[string]*order{"order": o}, nil
}

// calculateOrder prices an order without storing it.
func (f *Fake) calculateOrder(c *call) (any, error) {
	var in struct {
		Order *struct {
			Location string `json:"location_id"`
			Lines    []struct {
				Object   string `json:"catalog_object_id"`
				Name     string `json:"name"`
				Quantity string `json:"quantity"`
				Price    *money `json:"base_price_money"`
			} `json:"line_items"`
			Options struct {
				Discounts bool `json:"auto_apply_discounts"`
				Taxes     bool `json:"auto_apply_taxes"`
			} `json:"pricing_options"`
		} `json:"order"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	if in.Order == nil || in.Order.Location == "" {
		return nil, missing("order.location_id")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.placeByID[in.Order.Location]
	if p == nil {
		return nil, invalid("INVALID_VALUE", "order.location_id", "Location `%s` does not exist.", in.Order.Location)
	}
	var lines []basketLine
	for i, l := range in.Order.Lines {
		q, err := pos.ParseQuantity(l.Quantity)
		if err != nil || q <= 0 {
			return nil, invalid("INVALID_VALUE", fmt.Sprintf("order.line_items[%d].quantity", i), "`%s` is not a quantity.", l.Quantity)
		}
		b := basketLine{name: l.Name, quantity: q}
		if l.Object != "" {
			v := f.catalog.live(l.Object)
			if v == nil || v.kind != "ITEM_VARIATION" {
				return nil, invalid("NOT_FOUND", fmt.Sprintf("order.line_items[%d].catalog_object_id", i), "Item variation `%s` not found.", l.Object)
			}
			item := f.catalog.live(v.parent)
			b.variation, b.name = v, item.view.Item.Name
			b.taxable = in.Order.Options.Taxes && (item.view.Item.Taxable == nil || *item.view.Item.Taxable)
			if m := v.view.priceAt(p.id); m != nil {
				b.unit = m.Amount
			}
		}
		if l.Price != nil {
			b.unit = l.Price.Amount
		}
		lines = append(lines, b)
	}
	return f.calculate(p, lines, in.Order.Options.Discounts)
}

func (f *Fake) calculate(p *place, lines []basketLine, discounts bool) (any, error) {
	at := f.moment()
	priced, err := f.price(p, at, lines, nil)
	if err != nil {
		return nil, invalid("BAD_REQUEST", "order", "%v", err)
	}
	if !discounts {
		priced = f.plainPrices(p, lines)
	}
	e := &entry{lines: lines, priced: priced, state: "open", created: at}
	o := f.newOrder(p, e)
	o.ID = ""
	f.commit(e, o, false)
	return map[string]*order{"order": o}, nil
}

// plainPrices are the prices without any discount.
func (f *Fake) plainPrices(p *place, lines []basketLine) priced {
	quote := pos.Quote{}
	for _, l := range lines {
		gross, _ := pos.Money{Amount: l.unit, Currency: pos.Currency(p.currency)}.Times(l.quantity)
		quote.Gross = append(quote.Gross, gross)
		quote.Discount = append(quote.Discount, pos.Money{Currency: gross.Currency})
	}
	return f.settle(p, lines, quote, nil)
}
