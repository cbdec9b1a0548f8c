package integrator

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
)

// stockReader reads the stock of an account: everything from time to time,
// what changed in between. Of what it read before it keeps one number per
// line, so that only changed lines are handed over. It keeps nothing across
// restarts: the first read is a full one.
type stockReader struct {
	account  *account
	poll     *loop
	handover *handover

	// Used by poll's turns alone.
	cursor   pos.Cursor
	nextFull time.Time
	ours     []string             // locations for which the cursor was made
	lines    map[string][]lineSum // by location; nil before it is read

	mu    sync.Mutex
	lost  bool // the service lost its place: read all of it again
	began bool // a full read was completed
}

// lineSum is a line as it was last read. A location's are a list, since there
// is one for every point of sale.
type lineSum struct {
	line inventory.Line
	sum  uint64
}

func newStockReader(a *account) *stockReader {
	r := &stockReader{account: a, lines: make(map[string][]lineSum)}
	r.poll = newLoop(a.schedule.Inventory, a.traced("poll inventory", r.turn))
	r.handover = newHandover(a, r.again)
	return r
}

// again makes the next read a full one, now.
func (r *stockReader) again() {
	r.mu.Lock()
	r.lost = true
	r.mu.Unlock()
	r.poll.nudge()
}

func (r *stockReader) turn(ctx context.Context) (bool, error) {
	r.mu.Lock()
	full := r.lost || !r.began
	r.lost = false
	r.mu.Unlock()
	full = full || r.account.schedule.InventoryFull > 0 && !time.Now().Before(r.nextFull)
	start := time.Now()
	rows, err := r.read(ctx, full, start)
	if errors.Is(err, pos.ErrCursor) && !full {
		full = true
		rows, err = r.read(ctx, true, start)
	}
	if err != nil && full {
		r.mu.Lock()
		r.lost = true
		r.mu.Unlock()
	}
	r.account.health.poll(ctx, "inventory", pos.JobInventory, r.poll.due, start, rows, err)
	return false, err
}

// read reads all stock or what changed and hands it over.
func (r *stockReader) read(ctx context.Context, full bool, now time.Time) (rows int, err error) {
	a := r.account
	ours := a.ours()
	if a.parts > 1 && len(ours) == 0 {
		return 0, nil
	}
	q := pos.InventoryQuery{Locations: ours}
	full = full || !slices.Equal(ours, r.ours)
	if !full && a.caps.Inventory.Changes {
		q.After = r.cursor
	}
	byLocation := make(map[string][]pos.Stock)
	whole := false
	for {
		page, err := r.page(ctx, q)
		if err != nil {
			return rows, err
		}
		if page.More && page.Next == q.After {
			return rows, &pos.Error{Op: "Inventory", Vendor: a.origin.Vendor, Kind: pos.KindProtocol, Err: errStuck}
		}
		whole = whole || page.Full
		rows += len(page.Stock)
		for _, s := range page.Stock {
			if a.has(s.Location) {
				byLocation[s.Location] = append(byLocation[s.Location], s)
			}
		}
		q.After = page.Next
		if !page.More {
			break
		}
	}
	if whole { // A location without a row has nothing, which must be said too.
		for id := range r.lines {
			byLocation[id] = slices.Clip(byLocation[id])
		}
		if a.caps.Inventory.PerLocation {
			for _, l := range a.known() {
				if !l.Closed && a.has(l.ID) {
					byLocation[l.ID] = slices.Clip(byLocation[l.ID])
				}
			}
		}
	}
	// Events first: an error leaves cursor and lines as they are, and the next
	// turn finds the same differences.
	var evs []events.Event
	var snaps []inventory.Snapshot
	known := make(map[string][]lineSum)
	for _, id := range slices.Sorted(maps.Keys(byLocation)) {
		snap, changed, lines := r.compare(id, byLocation[id], whole, full, now)
		known[id] = lines
		if changed == nil && !snap.Full {
			continue
		}
		snaps = append(snaps, snap)
		if len(changed) > 0 {
			evs = append(evs, events.NewInventory(a.origin, summary(&snap, changed, byLocation[id])))
		}
		more, err := r.rules(ctx, id, byLocation[id], whole)
		if err != nil {
			return rows, err
		}
		evs = append(evs, more...)
	}
	if err := a.publish(ctx, evs...); err != nil {
		return rows, err
	}
	maps.Copy(r.lines, known)
	r.forget()
	r.cursor, r.ours = q.After, ours
	if full {
		r.complete(whole)
		r.nextFull = now.Add(jitter(a.schedule.InventoryFull))
	}
	r.handover.add(snaps)
	return rows, nil
}

// complete notes a full read. Locations that became known while it ran are
// read again with the others.
func (r *stockReader) complete(whole bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = true
	if !whole || !r.account.caps.Inventory.PerLocation {
		return
	}
	for _, l := range r.account.known() {
		if r.lines[l.ID] == nil && !l.Closed && r.account.has(l.ID) {
			r.lost = true
			r.poll.nudge()
			return
		}
	}
}

// appeared asks for a full read when there are new locations.
func (r *stockReader) appeared() {
	r.mu.Lock()
	began := r.began
	r.mu.Unlock()
	if began {
		r.again()
	}
}

// forget drops locations that are gone and have nothing left.
func (r *stockReader) forget() {
	known := r.account.known()
	maps.DeleteFunc(r.lines, func(id string, lines []lineSum) bool {
		_, ok := find(known, id)
		return len(lines) == 0 && !ok
	})
}

func (r *stockReader) page(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	ctx, cancel := r.account.call(ctx)
	defer cancel()
	return r.account.provider.Inventory(ctx, q)
}

// compare builds what is to be handed over of one location: everything after a
// full read or where lines are gone, else the lines that changed. changed are
// the identities of the lines that are new, different or gone.
func (r *stockReader) compare(location string, rows []pos.Stock, whole, full bool, now time.Time) (inventory.Snapshot, []inventory.Line, []lineSum) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(x, y pos.Stock) int {
		return compareText(x.SKU+"\x00"+x.VendorID, y.SKU+"\x00"+y.VendorID)
	})
	// Of a line that came twice, across pages, the last one holds.
	rows = slices.CompactFunc(reversed(rows), func(x, y pos.Stock) bool { return inventory.LineOf(&x) == inventory.LineOf(&y) })
	rows = reversed(rows)

	last := r.lines[location]
	old := make(map[inventory.Line]uint64, len(last))
	for _, l := range last {
		old[l.line] = l.sum
	}
	lines := make(map[inventory.Line]uint64, len(rows))
	if !whole {
		maps.Copy(lines, old)
	}
	var changed []inventory.Line
	var different []pos.Stock
	for i := range rows {
		id, sum := inventory.LineOf(&rows[i]), fingerprint(&rows[i])
		lines[id] = sum
		if before, ok := old[id]; !ok || before != sum {
			changed = append(changed, id)
			different = append(different, rows[i])
		}
	}
	gone := false
	for id := range old {
		if _, ok := lines[id]; !ok {
			changed = append(changed, id)
			gone = true
		}
	}
	o := r.account.origin
	snap := inventory.Snapshot{Vendor: o.Vendor, Account: o.Account, Location: location, ObservedAt: now.UTC()}
	if whole && (full || gone || last == nil) {
		snap.Full, snap.Stock = true, rows
	} else {
		snap.Stock = different
	}
	if len(changed) == 0 && last != nil {
		return snap, changed, last
	}
	last = make([]lineSum, 0, len(lines))
	for line, sum := range lines {
		last = append(last, lineSum{line, sum})
	}
	return snap, changed, last
}

func reversed(rows []pos.Stock) []pos.Stock {
	slices.Reverse(rows)
	return rows
}

// fingerprint tells whether a line changed; when it was counted does not count.
func fingerprint(s *pos.Stock) uint64 {
	line := *s
	line.CountedAt, line.Raw = time.Time{}, nil
	text, err := json.Marshal(&line)
	if err != nil {
		return 0 // Cannot happen: no field of a line fails to encode.
	}
	return digest(string(text))
}

func summary(s *inventory.Snapshot, changed []inventory.Line, rows []pos.Stock) events.Inventory {
	inv := events.Inventory{Location: s.Location, Full: s.Full, Lines: len(changed), ObservedAt: s.ObservedAt}
	for _, l := range changed {
		if l.SKU != "" {
			inv.SKUs = append(inv.SKUs, l.SKU)
		}
	}
	slices.Sort(inv.SKUs)
	inv.SKUs = slices.Compact(inv.SKUs)
	for i := range rows {
		if e := rows[i].EarliestExpiry(); e != "" && (inv.EarliestExpiry == "" || e < inv.EarliestExpiry) {
			inv.EarliestExpiry = e
		}
	}
	return inv
}

func (r *stockReader) rules(ctx context.Context, location string, rows []pos.Stock, whole bool) ([]events.Event, error) {
	a := r.account
	if a.engine.cfg.Rules.Stock == nil {
		return nil, nil
	}
	l := a.location(location)
	return a.apply(ctx, func(rules *Rules, now time.Time) []events.Event {
		return rules.Stock(a.origin, l, rows, whole, now)
	})
}

func compareText(x, y string) int { return strings.Compare(x, y) }
