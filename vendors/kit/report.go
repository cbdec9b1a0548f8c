package kit

import (
	"slices"
	"sync"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Report collects what becomes of a push. Equal outcomes of an item are
// grouped, and equal groups share one slice of locations, so that 500 items at
// 1,000 locations fit into little memory. It is safe for concurrent use.
type Report struct {
	mu        sync.Mutex
	locations *names
	items     *names
	groups    [][]group // by item
	writes    int
	dryRun    bool
}

// group is one outcome and where it holds.
type group struct {
	outcome pos.Outcome // without Locations
	at      bitset      // of locations
}

// NewReport starts a report of a push of these items (SKUs or coupon ids) to
// these locations; they set the order. What is added later stands behind.
func NewReport(items, locations []string, dryRun bool) *Report {
	r := &Report{locations: newNames(locations), items: newNames(items), dryRun: dryRun}
	r.groups = make([][]group, len(r.items.list))
	return r
}

// Add records an outcome. It takes the place of what was recorded before for
// the same item at the same locations.
func (r *Report) Add(o pos.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var at bitset
	for _, l := range o.Locations {
		at.set(r.locations.number(l))
	}
	r.add(o, at)
}

// Rest records an outcome for every item of the push at every location that
// has none yet, such as the error that ended the push.
func (r *Report) Rest(o pos.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, item := range r.items.list[:r.items.given] {
		var rest bitset
		for l := range r.locations.given {
			rest.set(l)
		}
		for _, g := range r.groups[i] {
			rest.clear(g.at)
		}
		if !rest.empty() {
			o.Item = item
			r.add(o, rest)
		}
	}
}

// Wrote counts write requests.
func (r *Report) Wrote(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes += n
}

func (r *Report) add(o pos.Outcome, at bitset) {
	i := r.items.number(o.Item)
	for len(r.groups) <= i {
		r.groups = append(r.groups, nil)
	}
	o.Locations = nil
	same := -1
	for k := range r.groups[i] {
		g := &r.groups[i][k]
		g.at.clear(at)
		if sameOutcome(&g.outcome, &o) {
			same = k
		}
	}
	if same >= 0 {
		r.groups[i][same].at.add(at)
		return
	}
	r.groups[i] = append(r.groups[i], group{o, at})
}

// Push returns the report as it is now.
func (r *Report) Push() pos.PushReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := pos.PushReport{Writes: r.writes, DryRun: r.dryRun}
	shared := make(map[string][]string)
	for _, groups := range r.groups {
		for _, g := range groups {
			if g.at.empty() {
				continue
			}
			key := g.at.key()
			if shared[key] == nil {
				shared[key] = r.locations.pick(g.at)
			}
			o := g.outcome
			o.Locations = shared[key]
			report.Outcomes = append(report.Outcomes, o)
		}
	}
	return report
}

func sameOutcome(a, b *pos.Outcome) bool {
	return a.Action == b.Action && a.VendorID == b.VendorID && a.Manual == b.Manual && sameError(a.Err, b.Err) &&
		slices.Equal(a.Fields, b.Fields) && slices.Equal(a.Codes, b.Codes) && slices.Equal(a.Notes, b.Notes)
}

func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Error() == b.Error()
}

// names numbers strings in the order of their appearance.
type names struct {
	list  []string
	given int // how many were known at the start
	index map[string]int
}

func newNames(list []string) *names {
	n := &names{index: make(map[string]int, len(list))}
	for _, s := range list {
		n.number(s)
	}
	n.given = len(n.list)
	return n
}

func (n *names) number(s string) int {
	i, ok := n.index[s]
	if !ok {
		i = len(n.list)
		n.index[s] = i
		n.list = append(n.list, s)
	}
	return i
}

func (n *names) pick(at bitset) []string {
	picked := make([]string, 0, at.count())
	for i, s := range n.list {
		if at.has(i) {
			picked = append(picked, s)
		}
	}
	return picked
}
