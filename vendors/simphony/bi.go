package simphony

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// How the checks of Reporting & Analytics are read: by business date, each
// asked for what changed since it was asked before.
const (
	// biOverlap is read again with every call: checks become visible late.
	biOverlap = 2 * time.Hour
	// fastHours is how long into a day the day before is asked with every poll.
	fastHours = 6 * time.Hour
	// nearDays before today are asked once an hour, those up to deepDays once
	// in deepEvery, at an hour that follows from the date.
	nearDays, deepDays = 7, 31
	deepEvery          = 24 * time.Hour
	biHistory          = deepDays * 24 * time.Hour
)

// biRows calls an operation of BI and hands over the rows of its answer.
func biRows[T any](ctx context.Context, p *Provider, op, array string, in biRequest, each func(*T) error) (biEnd, error) {
	var end biEnd
	body, err := json.Marshal(in)
	if err != nil {
		return end, failAt(op, in.LocRef, pos.KindInvalid, err)
	}
	resp, err := p.bi.Do(ctx, kit.Request{
		Op: op, Location: in.LocRef, Method: http.MethodPost, Path: "/" + p.cfg.Org + "/" + op,
		Body: body, ContentType: "application/json", Repeatable: true,
	})
	if err != nil {
		return end, err
	}
	if err := kit.EachJSON(resp, array, each, &end); err != nil {
		return end, err
	}
	return end, inside(op, in.LocRef, &end.problemWire)
}

// biTask is one call: a property, a business date, and since when.
type biTask struct {
	place *pos.Location
	date  pos.Date
	since time.Time
}

func (t *biTask) key() string { return t.place.ID + "/" + string(t.date) }

// readBI reads the next business dates of a window: as many as a page should
// cost. The token names the first of the next page.
func (p *Provider) readBI(ctx context.Context, w kit.Window) (kit.WindowPage, error) {
	list, err := p.windowPlaces(ctx, w.Locations)
	if err != nil {
		return kit.WindowPage{}, err
	}
	var tasks []biTask
	for i := range list {
		tasks = append(tasks, biTasks(&list[i], w)...)
	}
	at := 0
	if w.Token != "" {
		at, _ = slices.BinarySearchFunc(tasks, w.Token, func(t biTask, token string) int { return strings.Compare(t.key(), token) })
	}
	var page kit.WindowPage
	for i := at; i < len(tasks); i++ {
		if full(i-at, len(page.Purchases), w.Limit) {
			page.Token = tasks[i].key()
			break
		}
		part, err := p.guestChecks(ctx, &tasks[i], w.Raw)
		if err != nil {
			return kit.WindowPage{}, err
		}
		page.Purchases = append(page.Purchases, part.Purchases...)
		if page.Now.IsZero() || part.Now.Before(page.Now) {
			page.Now = part.Now
		}
	}
	return page, nil
}

// biTasks are the calls of a window for one property, ordered by date. The
// first window asks for all dates.
func biTasks(l *pos.Location, w kit.Window) []biTask {
	zone := zoneOf(l)
	today := pos.DateOf(w.Until, zone)
	var tasks []biTask
	if w.Done.IsZero() {
		for d := pos.DateOf(w.From, zone); d <= today.AddDays(1); d = d.AddDays(1) {
			tasks = append(tasks, biTask{l, d, w.From})
		}
		return tasks
	}
	missed := max(0, daysBetween(pos.DateOf(w.Done, zone), today)-1)
	hour := w.Until.Truncate(time.Hour)
	for back := deepDays + missed; back >= -1; back-- {
		d := today.AddDays(-back)
		switch {
		case d == today || d == pos.DateOf(w.Until.Add(-fastHours), zone):
			tasks = append(tasks, biTask{l, d, w.Done.Add(-biOverlap)})
		case back > nearDays:
			if slotBefore(w.Until, d).After(w.Done) {
				tasks = append(tasks, biTask{l, d, slotBefore(w.Done, d).Add(-biOverlap)})
			}
		case hour.After(w.Done):
			tasks = append(tasks, biTask{l, d, w.Done.Truncate(time.Hour).Add(-biOverlap)})
		}
	}
	return tasks
}

// slotBefore is the last time, at or before t, at which a date is due: dates
// are spread over the hours of a day.
func slotBefore(t time.Time, d pos.Date) time.Time {
	slot := t.Truncate(deepEvery).Add(time.Duration(daysBetween("2000-01-01", d)%24) * time.Hour)
	if slot.After(t) {
		slot = slot.Add(-deepEvery)
	}
	return slot
}

func daysBetween(a, b pos.Date) int {
	from, err := time.Parse(time.DateOnly, string(a))
	to, toErr := time.Parse(time.DateOnly, string(b))
	if err != nil || toErr != nil {
		return 0
	}
	return int(to.Sub(from) / (24 * time.Hour))
}

// guestChecks reads the checks of a business date that changed.
func (p *Provider) guestChecks(ctx context.Context, t *biTask, raw bool) (kit.WindowPage, error) {
	j, now, err := p.callGuestChecks(ctx, t.place, t.date, t.since, raw)
	if err != nil {
		return kit.WindowPage{}, err
	}
	if !t.since.IsZero() && slices.ContainsFunc(j.sales, func(s *sale) bool { return !s.balanced() }) {
		// It is not documented that changes come with all lines of a check.
		whole, _, err := p.callGuestChecks(ctx, t.place, t.date, time.Time{}, raw)
		if err != nil {
			return kit.WindowPage{}, err
		}
		j.complete(whole)
	}
	return kit.WindowPage{Purchases: j.purchases(), Now: now}, nil
}

func (p *Provider) callGuestChecks(ctx context.Context, l *pos.Location, d pos.Date, since time.Time, raw bool) (*journal, time.Time, error) {
	const op = "getGuestChecks"
	in := biRequest{LocRef: l.ID, BusDt: string(d), ApplicationName: application}
	if !since.IsZero() {
		in.ChangedSinceUTC = since.UTC().Format(plainTime)
	}
	centers := []int(nil)
	if c := p.property(l.ID); c != nil {
		centers = c.RevenueCenters
	}
	if len(centers) == 1 {
		in.RvcNum = centers[0]
	}
	j := &journal{place: l}
	var checks []guestCheck
	end, err := biRows(ctx, p, op, "guestChecks", in, func(v *jsontext.Value) error {
		var c guestCheck
		if err := kit.Unmarshal(*v, &c); err != nil {
			return err
		}
		if len(centers) > 0 && !slices.Contains(centers, c.Rvc) {
			return nil
		}
		checks = append(checks, c)
		if raw {
			j.raw = append(j.raw, []byte(v.Clone()))
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	now, err := parseTime(end.CurUTC, time.UTC)
	if err != nil {
		return nil, time.Time{}, failAt(op, l.ID, pos.KindProtocol, fmt.Errorf("curUTC: %w", err))
	}
	names, err := p.biNames(ctx, l.ID, checks)
	if err != nil {
		return nil, time.Time{}, err
	}
	for i := range checks {
		s, err := checks[i].sale(l, names)
		if err != nil {
			return nil, time.Time{}, failAt(op, l.ID, pos.KindProtocol, err)
		}
		if raw {
			s.Raw = j.raw[i]
		}
		j.sales = append(j.sales, s)
	}
	return j, now, nil
}

// journal are the sales of an answer.
type journal struct {
	place *pos.Location
	sales []*sale
	raw   [][]byte
}

// complete takes from whole those sales of which only a part came.
func (j *journal) complete(whole *journal) {
	for i, s := range j.sales {
		if s.balanced() {
			continue
		}
		if k := slices.IndexFunc(whole.sales, func(w *sale) bool { return w.ID == s.ID }); k >= 0 {
			j.sales[i] = whole.sales[k]
		}
	}
}

func (j *journal) purchases() []pos.Purchase {
	list := make([]pos.Purchase, len(j.sales))
	for i, s := range j.sales {
		list[i] = s.finish()
	}
	return list
}

// names tells what numbers on checks stand for.
type names struct {
	items, discounts map[int64]named
	dims             *dimensions
}

// dimensions are BI's names of one property.
type dimensions struct {
	at    time.Time
	kinds map[string]map[string]dimension // by operation, by number
}

const (
	dimItems     = "getMenuItemDimensions"
	dimTenders   = "getTenderMediaDimensions"
	dimCharges   = "getServiceChargeDimensions"
	dimDiscounts = "getDiscountDimensions"
	dimTaxes     = "getTaxDimensions"
)

var dimArrays = map[string]string{
	dimItems: "menuItems", dimTenders: "tenderMedias", dimCharges: "serviceCharges", dimDiscounts: "discounts", dimTaxes: "taxes",
}

const (
	// dimsAge is how old names may be; Oracle recommends one reading a day.
	dimsAge = 24 * time.Hour
	// dimsRetry is how soon they are read again for a number that is not known.
	dimsRetry = time.Hour
)

// biNames finds the names that checks need.
func (p *Provider) biNames(ctx context.Context, location string, checks []guestCheck) (*names, error) {
	items, discounts := make(map[int64]bool), make(map[int64]bool)
	wanted := make(map[string]map[string]bool)
	want := func(kind string, n text) {
		if wanted[kind] == nil {
			wanted[kind] = make(map[string]bool)
		}
		wanted[kind][string(n)] = true
	}
	for i := range checks {
		for _, t := range checks[i].Taxes {
			want(dimTaxes, t.Num)
		}
		for k := range checks[i].DetailLines {
			switch d := &checks[i].DetailLines[k]; {
			case d.MenuItem != nil:
				items[number(d.MenuItem.Num)] = true
			case d.Discount != nil:
				discounts[number(d.Discount.Num)] = true
				want(dimDiscounts, d.Discount.Num)
			case d.Charge != nil:
				want(dimCharges, d.Charge.Num)
			case d.Tender != nil:
				want(dimTenders, d.Tender.Num)
			}
		}
	}
	n := &names{}
	if len(checks) == 0 {
		return n, nil
	}
	var err error
	if n.items, n.discounts, err = p.namesOf(ctx, sortedKeys(items), sortedKeys(discounts)); err != nil {
		return nil, err
	}
	for num := range items {
		if n.items[num].name == "" {
			want(dimItems, text(strconv.FormatInt(num, 10)))
		}
	}
	n.dims, err = p.dimensionsOf(ctx, location, wanted)
	return n, err
}

// number reads an object number; 0 if it is none.
func number(t text) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(string(t)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// dimensionsOf returns BI's names of a property, read again if one is missing.
func (p *Provider) dimensionsOf(ctx context.Context, location string, wanted map[string]map[string]bool) (*dimensions, error) {
	k := &p.known
	k.mu.Lock()
	old := k.dims[location]
	k.mu.Unlock()
	fresh := &dimensions{at: time.Now(), kinds: make(map[string]map[string]dimension)}
	if old != nil && time.Since(old.at) < dimsAge {
		fresh.at = old.at
		maps.Copy(fresh.kinds, old.kinds)
	}
	changed := false
	for _, kind := range sortedKeys(wanted) {
		rows, read := fresh.kinds[kind]
		missing := slices.ContainsFunc(sortedKeys(wanted[kind]), func(n string) bool { _, ok := rows[n]; return !ok })
		if read && (!missing || time.Since(fresh.at) < dimsRetry) {
			continue
		}
		rows = make(map[string]dimension)
		_, err := biRows(ctx, p, kind, dimArrays[kind], biRequest{LocRef: location, ApplicationName: application}, func(d *dimension) error {
			rows[string(d.Num)] = *d
			return nil
		})
		if err != nil {
			return nil, err
		}
		fresh.kinds[kind], changed = rows, true
	}
	if changed {
		k.mu.Lock()
		if k.dims == nil {
			k.dims = make(map[string]*dimensions)
		}
		if time.Since(fresh.at) >= dimsRetry {
			fresh.at = time.Now()
		}
		k.dims[location] = fresh
		k.mu.Unlock()
	}
	return fresh, nil
}

func (d *dimensions) of(kind string, n text) dimension {
	if d == nil {
		return dimension{}
	}
	return d.kinds[kind][string(n)]
}
