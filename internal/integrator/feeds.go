package integrator

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

const (
	// parallelFeeds is how many groups of one account are read at once.
	parallelFeeds = 4
	// persistAfter is how long a cursor that moved without news may stay
	// unwritten.
	persistAfter = 5 * time.Minute
)

// feeds are the purchase reads of one account, one for each group of locations
// that fits into a query. A group keeps its number and its locations for ever,
// since its cursor belongs to them; a location that appears gets into a new
// group, one that disappears leaves its group.
type feeds struct {
	account *account
	slots   gate

	mu     sync.Mutex // guards groups; written while turn is held too
	groups []*feed

	// turn is held while groups are loaded and fitted; it guards what follows.
	turn gate
	// revision is that of the record that counts the groups; 0 before the
	// first group.
	revision pos.Revision
	loaded   bool
	start    func(*feed) // begins to run a group
}

// groupCount is the record that counts the groups.
type groupCount struct {
	Groups int `json:"groups"`
}

func newFeeds(a *account) *feeds {
	return &feeds{account: a, slots: newGate(parallelFeeds), turn: newGate(1)}
}

// whole reports whether one query covers the account, so that the vendor
// itself keeps track of locations.
func (f *feeds) whole() bool { return f.account.caps.Purchases.MaxLocations <= 0 }

// begin polls all groups in the loops until stop ends.
func (f *feeds) begin(stop, work context.Context, first time.Duration, loops *sync.WaitGroup) {
	f.start = func(fd *feed) {
		delay := first + spread(f.account.schedule.Purchases, fd.number, len(f.groups))
		loops.Go(func() { fd.loop.run(stop, work, delay) })
	}
	// Groups of earlier runs are read although listing locations may fail.
	loader := newLoop(0, func(ctx context.Context) (bool, error) { return false, f.load(ctx) })
	loader.nudge()
	loops.Go(func() { loader.run(stop, work, 0) })
}

// spread places the first reads of many groups evenly in an interval.
func spread(interval time.Duration, number, groups int) time.Duration {
	if groups <= 1 {
		return 0
	}
	return interval / time.Duration(groups) * time.Duration(number%groups)
}

// load brings in the groups that the journal knows and we do not.
func (f *feeds) load(ctx context.Context) error {
	if err := f.turn.enter(ctx); err != nil {
		return err
	}
	defer f.turn.leave()
	return f.reload(ctx)
}

// reload is load for a caller that holds turn.
func (f *feeds) reload(ctx context.Context) error {
	if f.loaded {
		return nil
	}
	a := f.account
	var count groupCount
	if f.whole() {
		count.Groups = 1
	} else {
		rec, err := a.engine.journal.Load(ctx, a.key("groups"))
		if err != nil {
			return err
		}
		if rec.Revision != 0 {
			if err := json.Unmarshal(rec.Cursor, &count); err != nil {
				return &pos.Error{Op: "load groups", Vendor: a.origin.Vendor, Kind: pos.KindProtocol, Err: err}
			}
		}
		f.revision = rec.Revision
	}
	known := len(f.groups)
	for n := known; n < count.Groups; n++ {
		fd := newFeed(f, n)
		if err := fd.reload(ctx); err != nil {
			return err
		}
		f.add(fd)
	}
	f.loaded = true
	for _, fd := range f.groups[known:] {
		f.start(fd)
	}
	return nil
}

// regroup fits the groups to the locations that there are now.
func (f *feeds) regroup(ctx context.Context, found []pos.Location) error {
	if f.whole() {
		return nil
	}
	if err := f.turn.enter(ctx); err != nil {
		return err
	}
	defer f.turn.leave()
	if err := f.reload(ctx); err != nil {
		return err
	}
	placed := make(map[string]bool)
	for _, fd := range f.groups {
		members := fd.members()
		gone := slices.DeleteFunc(slices.Clone(members), func(id string) bool { _, ok := find(found, id); return ok })
		if len(gone) > 0 {
			if err := fd.leave(ctx, gone); err != nil {
				return err
			}
		}
		for _, id := range members {
			placed[id] = true
		}
	}
	var missing []string
	for i := range found {
		if !placed[found[i].ID] {
			missing = append(missing, found[i].ID)
		}
	}
	var created []*feed
	for chunk := range slices.Chunk(missing, f.account.caps.Purchases.MaxLocations) {
		fd, err := f.create(ctx, slices.Clone(chunk))
		if err != nil {
			return err
		}
		created = append(created, fd)
	}
	for _, fd := range created {
		f.start(fd)
	}
	return nil
}

// create writes a new group and counts it in one commit; the caller holds turn.
func (f *feeds) create(ctx context.Context, locations []string) (*feed, error) {
	a := f.account
	fd := newFeed(f, len(f.groups))
	state := feedState{Locations: locations, Since: a.since}
	count, err := json.Marshal(groupCount{fd.number + 1})
	if err != nil {
		return nil, err
	}
	cursor, err := json.Marshal(&state)
	if err != nil {
		return nil, err
	}
	revisions, err := a.commit(ctx,
		events.Change{Key: a.key("groups"), Revision: f.revision, Cursor: count},
		events.Change{Key: fd.key, Revision: fd.revision, Cursor: cursor})
	if err != nil {
		f.loaded = false // Another process was here, or the outcome is open: look again.
		return nil, err
	}
	f.revision, fd.revision, fd.state = revisions[0], revisions[1], state
	f.add(fd)
	return fd, nil
}

func (f *feeds) add(fd *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.groups = append(f.groups, fd)
}

// of returns the group that reads a location, or nil.
func (f *feeds) of(location string) *feed {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.whole() && len(f.groups) == 1 {
		return f.groups[0]
	}
	for _, fd := range f.groups {
		if slices.Contains(fd.members(), location) {
			return fd
		}
	}
	return nil
}

// nudge wakes every group.
func (f *feeds) nudge() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fd := range f.groups {
		fd.loop.nudge()
	}
}

// flush writes the cursors that moved without news, so that a restart reads
// little again. It runs after the loops have ended.
func (f *feeds) flush(ctx context.Context) {
	for _, fd := range f.groups {
		if fd.moved {
			if err := fd.save(ctx, fd.state, nil); err != nil {
				f.account.log.Warn("cursor not written; the next start reads somewhat more", "group", fd.number, "error", err)
				return
			}
		}
	}
}

func newFeed(f *feeds, number int) *feed {
	fd := &feed{
		account: f.account,
		feeds:   f,
		number:  number,
		unit:    "group " + strconv.Itoa(number),
		key:     f.account.key("purchases", strconv.Itoa(number)),
		turn:    newGate(1),
	}
	fd.loop = newLoop(f.account.schedule.Purchases, fd.poll)
	return fd
}
