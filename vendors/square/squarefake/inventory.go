package squarefake

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// countKey names the stock of a variation at a location in a state.
type countKey struct{ variation, location, state string }

// countRow is one stock count. IN_STOCK is the last physical count plus later
// adjustments, by the time they happened; other states are sums.
type countRow struct {
	key        countKey
	changes    []stockChange // by time of happening, from the last physical count on
	quantity   pos.Quantity
	calculated time.Time
	seq        int
}

type stockChange struct {
	at       time.Time
	physical bool
	quantity pos.Quantity
}

type stockBook struct {
	rows    map[countKey]*countRow
	touched []touch // oldest first; a row's last entry counts, the others are stale
	seq     int
	changes []changeRow
}

// touch says that a row got its present value as the seq-th of all.
type touch struct {
	row *countRow
	seq int
}

// changeRow is a change as the history shows it.
type changeRow struct {
	wire     map[string]any
	occurred time.Time
	created  time.Time
	key      countKey
}

// maxChanges bounds the history of changes.
const maxChanges = 10_000

func (b *stockBook) remember(r changeRow) {
	if len(b.changes) >= maxChanges {
		b.changes = slices.Clone(b.changes[maxChanges/2:])
	}
	b.changes = append(b.changes, r)
}

func newStockBook() stockBook { return stockBook{rows: map[countKey]*countRow{}} }

// add takes a change into account.
func (b *stockBook) add(k countKey, c stockChange, now time.Time) {
	r := b.rows[k]
	if r == nil {
		r = &countRow{key: k}
		b.rows[k] = r
	}
	i, _ := slices.BinarySearchFunc(r.changes, c.at, func(x stockChange, t time.Time) int {
		return cmp.Or(x.at.Compare(t), -1) // behind those of the same time
	})
	r.changes = slices.Insert(r.changes, i, c)
	r.quantity = 0
	for _, x := range r.changes {
		if x.physical {
			r.quantity = 0
		}
		r.quantity += x.quantity
	}
	r.trim()
	b.seq++
	r.calculated, r.seq = now, b.seq
	b.touched = append(b.touched, touch{r, b.seq})
	if len(b.touched) > 2*len(b.rows)+1024 {
		b.touched = slices.DeleteFunc(b.touched, touch.stale)
	}
}

func (t touch) stale() bool { return t.row.seq != t.seq }

// trim folds changes that nothing can come before any more: sales arrive up to
// 72 hours late.
func (r *countRow) trim() {
	const keep = 64
	if len(r.changes) <= 2*keep {
		return
	}
	old := r.changes[:keep]
	var base pos.Quantity
	for _, x := range old {
		if x.physical {
			base = 0
		}
		base += x.quantity
	}
	r.changes = append([]stockChange{{old[keep-1].at, true, base}}, r.changes[keep:]...)
}

// newestFirst walks the rows by descending calculation time, from those older
// than the seq-th on; seq 0 walks all.
func (b *stockBook) newestFirst(seq int) iter.Seq[*countRow] {
	return func(yield func(*countRow) bool) {
		i := len(b.touched)
		if seq > 0 {
			i, _ = slices.BinarySearchFunc(b.touched, seq, func(t touch, s int) int { return cmp.Compare(t.seq, s) })
		}
		for i--; i >= 0; i-- {
			if t := b.touched[i]; !t.stale() && !yield(t.row) {
				return
			}
		}
	}
}

type countReply struct {
	Object     string `json:"catalog_object_id"`
	Type       string `json:"catalog_object_type"`
	State      string `json:"state"`
	Location   string `json:"location_id"`
	Quantity   string `json:"quantity"`
	Calculated string `json:"calculated_at"`
}

func (r *countRow) show() countReply {
	return countReply{r.key.variation, "ITEM_VARIATION", r.key.state, r.key.location, r.quantity.String(), stampOf(r.calculated)}
}

// SetStock counts an item by hand. A count cannot be forgotten: Square has no
// such thing.
func (f *Fake) SetStock(location, sku string, quantity *int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.placeByID[location] == nil {
		return fmt.Errorf("%w: %q", errNoLocation, location)
	}
	v := f.catalog.variation(sku, location)
	if v == nil {
		return fmt.Errorf("%w: %q", errNoSuchItem, sku)
	}
	if quantity == nil {
		if f.stock.rows[countKey{v.id, location, "IN_STOCK"}] == nil {
			return nil
		}
		return fmt.Errorf("forgetting a count: %w", posfake.ErrNotSimulated)
	}
	now := f.moment()
	f.physicalCount(v, location, "IN_STOCK", pos.Units(*quantity), now, "")
	f.countsChanged([]countKey{{v.id, location, "IN_STOCK"}})
	return nil
}

func (f *Fake) physicalCount(v *object, location, state string, q pos.Quantity, at time.Time, reference string) map[string]any {
	now, k := f.moment(), countKey{v.id, location, state}
	f.stock.add(k, stockChange{at, true, q}, now)
	f.refreshSoldOutAt(v, location)
	wire := map[string]any{
		"id": f.id(fakekit.Base32, 24), "catalog_object_id": v.id, "catalog_object_type": "ITEM_VARIATION", "state": state,
		"location_id": location, "quantity": q.String(), "occurred_at": stampOf(at), "created_at": stampOf(now),
	}
	if reference != "" {
		wire["reference_id"] = reference
	}
	change := map[string]any{"type": "PHYSICAL_COUNT", "physical_count": wire}
	f.stock.remember(changeRow{change, at, now, k})
	return change
}

// sold moves stock of a sale: direction -1 sells, +1 takes back. Goods that
// nobody has counted stay uncounted.
func (f *Fake) sold(p *place, e *entry, direction pos.Quantity) {
	var changed []countKey
	for _, l := range e.lines {
		if l.variation == nil {
			continue
		}
		k := countKey{l.variation.id, p.id, "IN_STOCK"}
		if f.stock.rows[k] == nil {
			continue
		}
		f.stock.add(k, stockChange{e.occurred, false, direction * l.quantity}, f.moment())
		f.refreshSoldOutAt(l.variation, p.id)
		changed = append(changed, k)
	}
	f.countsChanged(changed)
}

// refreshSoldOut recomputes where a variation has run out after it was written.
func (f *Fake) refreshSoldOut(v *object) {
	if v.kind != "ITEM_VARIATION" {
		return
	}
	for _, p := range f.places {
		if _, counted := f.stock.rows[countKey{v.id, p.id, "IN_STOCK"}]; counted || v.soldOut[p.id] {
			f.refreshSoldOutAt(v, p.id)
		}
	}
}

func (f *Fake) refreshSoldOutAt(v *object, location string) {
	r := f.stock.rows[countKey{v.id, location, "IN_STOCK"}]
	f.catalog.setSoldOut(v, location, r != nil && r.quantity <= 0 && v.view.trackedAt(location))
}

func (f *Fake) countsChanged(keys []countKey) {
	if len(keys) == 0 {
		return
	}
	var counts []countReply
	for _, k := range keys {
		counts = append(counts, f.stock.rows[k].show())
	}
	f.notify(event{kind: "inventory.count.updated", object: "inventory_counts", id: f.id(fakekit.Base32, 24), data: map[string]any{"inventory_counts": counts}})
}

// countFilter is what both inventory reads filter by.
type countFilter struct {
	Objects   []string `json:"catalog_object_ids"`
	Locations []string `json:"location_ids"`
	States    []string `json:"states"`
	After     string   `json:"updated_after"`
	Before    string   `json:"updated_before"`
	Types     []string `json:"types"`
	Cursor    string   `json:"cursor"`
	Limit     *int     `json:"limit"`

	objects, locations map[string]bool
	after, before      time.Time
	limit              int
}

func (q *countFilter) check() (err error) {
	q.limit = 100
	if q.Limit != nil {
		if *q.Limit < 1 || *q.Limit > 1000 {
			return invalid("INVALID_VALUE", "limit", "The limit must be between 1 and 1000.")
		}
		q.limit = *q.Limit
	}
	if q.after, err = parseTime("updated_after", q.After); err != nil {
		return err
	}
	if q.before, err = parseTime("updated_before", q.Before); err != nil {
		return err
	}
	q.objects, q.locations = setOf(q.Objects), setOf(q.Locations)
	q.States = slices.DeleteFunc(q.States, func(s string) bool { return slices.Contains([]string{"NONE", "SOLD", "UNLINKED_RETURN"}, s) })
	return nil
}

func setOf(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

func (q *countFilter) takes(k countKey) bool {
	return (len(q.objects) == 0 || q.objects[k.variation]) && (len(q.locations) == 0 || q.locations[k.location]) &&
		(len(q.States) == 0 || slices.Contains(q.States, k.state))
}

func (f *Fake) inventoryCounts(c *call) (any, error) {
	var q countFilter
	if err := decode(c.Request, &q); err != nil {
		return nil, err
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	query, last := bodyQuery(c.Request), 0
	if q.Cursor != "" {
		position, err := f.redeem(query, q.Cursor)
		if err != nil {
			return nil, err
		}
		last = atoi(position)
	}
	_, widened := fakekit.Struck(c.Request, posfake.FaultWidened)
	var out []countReply
	next := ""
	for r := range f.stock.newestFirst(last) {
		if !widened && !q.after.IsZero() && !r.calculated.After(q.after) {
			break
		}
		if !q.takes(r.key) {
			continue
		}
		if len(out) == q.limit {
			next = f.pages.Issue(query, itoa(last))
			break
		}
		last = r.seq
		out = append(out, r.show())
	}
	return countsReply(twice(c, out), next), nil
}

func countsReply(rows []countReply, cursor string) any {
	return struct {
		Counts []countReply `json:"counts,omitempty"`
		Cursor string       `json:"cursor,omitempty"`
	}{rows, cursor}
}

func (f *Fake) inventoryCount(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	locations := setOf(strings.FieldsFunc(c.URL.Query().Get("location_ids"), func(r rune) bool { return r == ',' }))
	var rows []countReply
	for r := range f.stock.newestFirst(0) {
		if r.key.variation == c.PathValue("id") && (len(locations) == 0 || locations[r.key.location]) {
			rows = append(rows, r.show())
		}
	}
	rows, next, err := page(f, c, rows, queryOf(c.Request), c.URL.Query().Get("cursor"), 100)
	return countsReply(rows, next), err
}

func (f *Fake) inventoryChanges(c *call) (any, error) {
	var q countFilter
	if err := decode(c.Request, &q); err != nil {
		return nil, err
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []changeRow
	for _, r := range f.stock.changes {
		if q.takes(r.key) && (q.after.IsZero() || r.created.After(q.after)) && (q.before.IsZero() || r.created.Before(q.before)) &&
			(len(q.Types) == 0 || slices.Contains(q.Types, r.wire["type"].(string))) {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b changeRow) int { return a.occurred.Compare(b.occurred) })
	rows, next, err := page(f, c, rows, bodyQuery(c.Request), q.Cursor, q.limit)
	if err != nil {
		return nil, err
	}
	var out struct {
		Changes []map[string]any `json:"changes,omitempty"`
		Cursor  string           `json:"cursor,omitempty"`
	}
	out.Cursor = next
	for _, r := range rows {
		out.Changes = append(out.Changes, r.wire)
	}
	return out, nil
}
