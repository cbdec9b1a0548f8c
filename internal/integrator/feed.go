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
	// pagesPerTurn is how many pages a group reads before others get a turn.
	pagesPerTurn = 10
	// commitLimit is how many purchases are committed at once, so that their
	// events and those of rules fit.
	commitLimit = 200
	// overlap is how far behind its last sure instant a group starts again
	// when the vendor refuses its cursor.
	overlap = 10 * time.Minute
	// tellRestart is how often at most a refused cursor makes an event.
	tellRestart = time.Hour
)

// feed reads the purchases of one group of locations.
type feed struct {
	account *account
	feeds   *feeds
	number  int
	unit    string
	key     string
	loop    *loop

	// turn is held while the group is read; it guards what follows.
	turn     gate
	revision pos.Revision
	moved    bool // state is ahead of the journal
	// restarted: the cursor was given up in this turn. A vendor that refuses
	// the next one too is in trouble.
	restarted bool

	mu    sync.Mutex // guards state for readers that do not hold turn
	state feedState
}

// feedState is the record of a group.
type feedState struct {
	// Locations is empty where the group is the whole account.
	Locations []string `json:"locations,omitempty"`
	// Retired: every location has left.
	Retired bool       `json:"retired,omitempty"`
	Cursor  pos.Cursor `json:"cursor,omitempty"`
	// Begun is when the group was made; older purchases are history.
	Begun time.Time `json:"begun,omitzero"`
	// Since is where to start without a cursor.
	Since time.Time `json:"since,omitzero"`
	// Through is the instant up to which everything recorded was delivered.
	Through time.Time `json:"through,omitzero"`
	// Restarted is when the vendor last refused a cursor and an event told so.
	Restarted time.Time `json:"restarted,omitzero"`
	// Recent are the versions delivered around and after Through.
	Recent recent `json:"recent,omitempty"`
	// Recovered are the versions that reading had missed.
	Recovered recent `json:"recovered,omitempty"`
}

// rewound gives the cursor up and starts behind the last sure instant.
func (s feedState) rewound() feedState {
	s.Cursor = ""
	if !s.Through.IsZero() {
		s.Since = s.Through.Add(-overlap)
	}
	return s
}

func (fd *feed) members() []string {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.state.Locations
}

func (fd *feed) set(s feedState) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	fd.state = s
}

// reload reads the group's record; the caller holds turn or owns the feed.
func (fd *feed) reload(ctx context.Context) error {
	rec, err := fd.account.engine.journal.Load(ctx, fd.key)
	if err != nil {
		return err
	}
	state := feedState{Since: fd.account.since, Begun: time.Now().UTC()}
	if rec.Revision != 0 {
		state = feedState{}
		if err := json.Unmarshal(rec.Cursor, &state); err != nil {
			return &pos.Error{Op: "load " + fd.unit, Vendor: fd.account.origin.Vendor, Kind: pos.KindProtocol, Err: err}
		}
	}
	fd.revision, fd.moved = rec.Revision, false
	fd.set(state)
	return nil
}

// save commits the state with the events that lead up to it, whose payloads
// are known to be JSON.
func (fd *feed) save(ctx context.Context, s feedState, evs []events.Event) error {
	cursor, err := json.Marshal(&s)
	if err != nil {
		return err
	}
	revisions, err := fd.account.commit(ctx, events.Change{Key: fd.key, Revision: fd.revision, Cursor: cursor, Events: evs, Encoded: true})
	if err != nil {
		// Whether it was done is open: what the journal says holds.
		fd.revision = unknownRevision
		return err
	}
	fd.revision, fd.moved = revisions[0], false
	fd.set(s)
	fd.visible(evs)
	return nil
}

// visible tells how long the versions took that were committed. The time of
// their events is when they were recorded.
func (fd *feed) visible(evs []events.Event) {
	for i := range evs {
		if isPurchase(evs[i].Type) && !evs[i].Time.Before(fd.state.Begun) {
			fd.account.visible(pos.JobPurchases, evs[i].Time)
		}
	}
}

func isPurchase(typ string) bool {
	switch typ {
	case events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided:
		return true
	}
	return false
}

func (a *account) visible(job pos.Job, since time.Time) {
	if f := a.engine.cfg.Observer.Visible; f != nil && !since.IsZero() {
		f(VisibleInfo{a.origin, job, max(0, time.Since(since))})
	}
}

// unknownRevision makes the next turn load the record first.
const unknownRevision = ^pos.Revision(0)

// poll drains the group, at most pagesPerTurn pages.
func (fd *feed) poll(ctx context.Context) (again bool, err error) {
	f := fd.feeds
	if err := f.slots.enter(ctx); err != nil {
		return false, err
	}
	defer f.slots.leave()
	if err := fd.turn.enter(ctx); err != nil {
		return false, err
	}
	defer fd.turn.leave()
	fd.restarted = false
	start, rows := time.Now(), 0
	conflicts := 0
	for range pagesPerTurn {
		var n int
		n, again, err = fd.page(ctx, nil)
		rows += n
		if errors.Is(err, pos.ErrConflict) && conflicts < 2 {
			conflicts++ // Somebody else went on: read again from there.
			again, err = true, nil
		}
		if err != nil || !again {
			break
		}
	}
	fd.account.health.poll(ctx, fd.unit, pos.JobPurchases, fd.loop.due, start, rows, err)
	fd.lag()
	return again, err
}

// fetch reads single records that a notice named. What else there is to read,
// and a group that has not begun, is left to poll.
func (fd *feed) fetch(ctx context.Context, records []string) error {
	if err := fd.turn.enter(ctx); err != nil {
		return err
	}
	defer fd.turn.leave()
	if fd.state.Cursor == "" {
		fd.loop.nudge()
		return nil
	}
	start := time.Now()
	fd.restarted = false
	ctx, end := fd.account.begin(ctx, "fetch purchases", "")
	n, _, err := fd.page(ctx, records)
	end(err)
	fd.account.health.poll(ctx, fd.unit, pos.JobPurchases, time.Time{}, start, n, err)
	return err
}

// page reads and commits one page. Purchases and cursor become visible
// together.
func (fd *feed) page(ctx context.Context, records []string) (rows int, more bool, err error) {
	if fd.revision == unknownRevision {
		if err := fd.reload(ctx); err != nil {
			return 0, false, err
		}
	}
	if fd.state.Retired {
		return 0, false, nil
	}
	page, err := fd.read(ctx, records)
	if errors.Is(err, pos.ErrCursor) && fd.state.Cursor != "" && !fd.restarted {
		return 0, true, fd.restart(ctx)
	}
	if err != nil {
		return 0, false, err
	}
	rows = len(page.Purchases)
	err = fd.take(ctx, page)
	return rows, page.More, err
}

// take commits a page, a large one in parts: the first ones keep the cursor
// and remember the versions.
func (fd *feed) take(ctx context.Context, page pos.PurchasePage) error {
	for len(page.Purchases) > commitLimit {
		part := pos.PurchasePage{Purchases: page.Purchases[:commitLimit], Next: fd.state.Cursor}
		page.Purchases = page.Purchases[commitLimit:]
		next, evs, err := fd.digest(ctx, &part)
		if err == nil {
			err = fd.save(ctx, next, evs)
		}
		if err != nil {
			return err
		}
	}
	next, evs, err := fd.digest(ctx, &page)
	if err != nil {
		return err
	}
	moved := next.Cursor != fd.state.Cursor
	switch {
	case len(evs) > 0, moved && fd.state.Cursor == "":
		return fd.save(ctx, next, evs)
	case moved || !next.Through.Equal(fd.state.Through):
		fd.set(next)
		fd.moved = true
	}
	return nil
}

func (fd *feed) read(ctx context.Context, records []string) (pos.PurchasePage, error) {
	ctx, cancel := fd.account.call(ctx)
	defer cancel()
	q := pos.PurchaseQuery{Locations: fd.state.Locations, After: fd.state.Cursor, Records: records}
	if q.After == "" {
		q.Since = fd.state.Since
	}
	page, err := fd.account.provider.Purchases(ctx, q)
	if err == nil && records == nil && page.More && page.Next == fd.state.Cursor {
		err = &pos.Error{Op: "Purchases", Vendor: fd.account.origin.Vendor, Kind: pos.KindProtocol, Err: errStuck}
	}
	return page, err
}

var errStuck = errors.New("the cursor does not move although there is more to read")

// digest turns a page into events and the state that follows them.
func (fd *feed) digest(ctx context.Context, page *pos.PurchasePage) (feedState, []events.Event, error) {
	a, next := fd.account, fd.state
	next.Cursor = page.Next
	if page.Through.After(next.Through) {
		next.Through = page.Through
	}
	memory, recovered := next.Recent.open(), next.Recovered.open()
	evs := make([]events.Event, 0, len(page.Purchases))
	for i := range page.Purchases {
		p := &page.Purchases[i]
		if memory.delivered(p) || recovered.delivered(p) {
			continue
		}
		var err error
		if evs, err = fd.tell(ctx, evs, p, memory.earlier(p, fd.state.Through) || recovered.has(p)); err != nil {
			return next, nil, err
		}
		memory.add(p)
	}
	for i := range page.Findings {
		evs = append(evs, events.NewGap(a.origin, fd.unit, time.Now(), events.Gap{
			Locations: fd.state.Locations, Reason: "finding", Until: page.Through, Finding: &page.Findings[i],
		}))
	}
	if !page.Horizon.IsZero() && fd.state.Cursor == "" {
		a.log.Warn("the system no longer has older purchases", "unit", fd.unit, "horizon", page.Horizon)
		evs = append(evs, events.NewGap(a.origin, fd.unit, time.Now(), events.Gap{
			Locations: fd.state.Locations, Reason: "horizon", From: fd.state.Since, Until: page.Horizon,
		}))
	}
	next.Recent = memory.close(next.Through.Add(-overlap))
	return next, evs, nil
}

// tell appends the events of a version: its own and those of rules. The latter
// are checked here, since save does not look into payloads.
func (fd *feed) tell(ctx context.Context, evs []events.Event, p *pos.Purchase, earlier bool) ([]events.Event, error) {
	a := fd.account
	evs = append(evs, events.NewPurchase(a.origin, *p, earlier))
	if a.engine.cfg.Rules.Purchase == nil {
		return evs, nil
	}
	more, err := a.apply(ctx, func(r *Rules, now time.Time) []events.Event { return r.Purchase(a.origin, p, now) })
	for i := range more {
		if err := more[i].Validate(); err != nil {
			return evs, err
		}
	}
	return append(evs, more...), err
}

// restart begins again behind the last sure instant, after the vendor refused
// the cursor. What was delivered since then is known from the recent versions
// and not delivered twice; beyond recentSize of them, consumers know a repeat
// by its event id.
func (fd *feed) restart(ctx context.Context) error {
	fd.restarted = true
	next := fd.state.rewound()
	a := fd.account
	a.log.Warn("the vendor refuses the cursor; reading again", "unit", fd.unit, "since", next.Since)
	var evs []events.Event
	if now := time.Now(); now.Sub(next.Restarted) >= tellRestart {
		next.Restarted = now.UTC()
		feed := fd.unit + " " + strconv.FormatUint(uint64(fd.revision), 10)
		evs = append(evs, events.NewGap(a.origin, feed, now, events.Gap{Locations: next.Locations, Reason: "cursor", From: next.Since}))
	}
	err := fd.save(ctx, next, evs)
	if errors.Is(err, pos.ErrConflict) {
		return nil
	}
	return err
}

// leave takes locations out of the group. Its cursor belongs to the old set,
// so the others are read again from the last sure instant.
func (fd *feed) leave(ctx context.Context, gone []string) error {
	if err := fd.turn.enter(ctx); err != nil {
		return err
	}
	defer fd.turn.leave()
	if fd.revision == unknownRevision {
		if err := fd.reload(ctx); err != nil {
			return err
		}
	}
	next := fd.state.rewound()
	next.Locations = slices.DeleteFunc(slices.Clone(next.Locations), func(id string) bool { return slices.Contains(gone, id) })
	next.Retired = len(next.Locations) == 0
	return fd.save(ctx, next, nil)
}

func (fd *feed) lag() {
	if f := fd.account.engine.cfg.Observer.Lag; f != nil && !fd.state.Through.IsZero() {
		f(fd.account.origin, fd.number, time.Since(fd.state.Through))
	}
}
