package integrator

import (
	"context"
	"encoding/json"
	"errors"
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
	count    int // of groups, those of other parts included
	loaded   bool
	start    func(*feed) // begins to run a group
}

// lookForGroups is how often a part that does not make groups looks for them.
const lookForGroups = 5 * time.Second

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

// begin polls all groups in the loops until stop ends. Urgent ones are polled
// at once, and then spread.
func (f *feeds) begin(stop, work context.Context, first time.Duration, urgent bool, loops *sync.WaitGroup) {
	f.start = func(fd *feed) {
		delay := first + spread(f.account.schedule.Purchases, fd.number, f.count)
		if urgent {
			delay, fd.loop.scatter = first, true
		}
		loops.Go(func() { fd.loop.run(stop, work, delay) })
	}
	// Groups of earlier runs are read although listing locations may fail.
	loader := newLoop(0, func(ctx context.Context) (bool, error) { return false, f.load(ctx) })
	if !f.account.lead() {
		loader.interval = lookForGroups
	}
	loader.nudge()
	loops.Go(func() { loader.run(stop, work, 0) })
	keeper := newLoop(persistAfter, func(ctx context.Context) (bool, error) { return false, f.persist(ctx) })
	loops.Go(func() { keeper.run(stop, work, jitter(persistAfter)) })
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
	f.loaded = f.loaded && f.account.lead()
	return f.reload(ctx)
}

// has reports whether a group belongs to this part of the account.
func (f *feeds) has(number int) bool { return number%f.account.parts == f.account.part }

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
	var found []*feed
	for n := f.count; n < count.Groups; n++ {
		if !f.has(n) {
			continue
		}
		fd := newFeed(f, n)
		if err := fd.reload(ctx); err != nil {
			return err
		}
		found = append(found, fd)
	}
	f.count, f.loaded = max(f.count, count.Groups), true
	for _, fd := range found {
		f.add(fd)
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
	for n := range f.count {
		if !f.has(n) && f.account.lead() {
			other := newFeed(f, n)
			if err := other.reload(ctx); err != nil {
				return err
			}
			for _, id := range other.members() {
				placed[id] = true
			}
		}
	}
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
	if !f.account.lead() {
		return nil
	}
	var missing []string
	for i := range found {
		if !placed[found[i].ID] {
			missing = append(missing, found[i].ID)
		}
	}
	var created []*feed
	defer func() {
		for _, fd := range created {
			f.add(fd)
			f.start(fd)
		}
	}()
	for chunk := range slices.Chunk(missing, f.account.caps.Purchases.MaxLocations) {
		fd, err := f.create(ctx, slices.Clone(chunk))
		if err != nil {
			return err
		}
		if f.has(fd.number) {
			created = append(created, fd)
		}
	}
	return nil
}

// create writes a new group and counts it in one commit; the caller holds turn.
func (f *feeds) create(ctx context.Context, locations []string) (*feed, error) {
	a := f.account
	fd := newFeed(f, f.count)
	state := feedState{Locations: locations, Since: a.since, Begun: time.Now().UTC()}
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
	f.revision, f.count = revisions[0], fd.number+1
	fd.revision, fd.state = revisions[1], state
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

// all returns the groups.
func (f *feeds) all() []*feed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.groups)
}

// locations returns the ids of the locations that a group reads.
func (f *feeds) locations(fd *feed) []string {
	if !f.whole() {
		return fd.members()
	}
	var ids []string
	for _, l := range f.account.known() {
		ids = append(ids, l.ID)
	}
	return ids
}

// nudge wakes every group.
func (f *feeds) nudge() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fd := range f.groups {
		fd.loop.nudge()
	}
}

// flush writes the cursors at the end.
func (f *feeds) flush(ctx context.Context) {
	if err := f.persist(ctx); err != nil {
		f.account.log.Warn("cursors not written; the next start reads somewhat more", "error", err)
	}
}

// persist writes the cursors that moved without news, all of them in as few
// commits as possible, so that a restart reads little again.
func (f *feeds) persist(ctx context.Context) error {
	for chunk := range slices.Chunk(f.all(), persistBatch) {
		if err := f.persistSome(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// persistBatch is how many cursors are written at once.
const persistBatch = 500

func (f *feeds) persistSome(ctx context.Context, groups []*feed) error {
	var moved []*feed
	var changes []events.Change
	defer func() {
		for _, fd := range moved {
			fd.turn.leave()
		}
	}()
	for _, fd := range groups {
		if !fd.turn.try() {
			continue // It is being read, and writes if there is news.
		}
		if !fd.moved || fd.revision == unknownRevision {
			fd.turn.leave()
			continue
		}
		moved = append(moved, fd)
		cursor, err := json.Marshal(&fd.state)
		if err != nil {
			return err
		}
		changes = append(changes, events.Change{Key: fd.key, Revision: fd.revision, Cursor: cursor})
	}
	if len(moved) == 0 {
		return nil
	}
	revisions, err := f.account.commit(ctx, changes...)
	for i, fd := range moved {
		fd.revision, fd.moved = unknownRevision, false
		if err == nil {
			fd.revision = revisions[i]
		}
	}
	if errors.Is(err, pos.ErrConflict) {
		return nil // Somebody else went on; they read again from there.
	}
	return err
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
	fd.loop = newLoop(f.account.schedule.Purchases, f.account.traced("poll purchases", fd.poll))
	return fd
}
