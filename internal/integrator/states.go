package integrator

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// stateShards is into how many records the published states of an account are
// split, so that an edge rewrites little.
const stateShards = 32

// states follows the status of an account's locations and publishes edges.
// What was published is kept in the journal, so that a restart repeats none.
type states struct {
	account *account
	poll    *loop
	// ageing runs when an observation becomes too old to be believed, also
	// while polls fail.
	ageing *loop

	turn   gate // guards what follows
	loaded bool
	shards [stateShards]stateShard
}

type stateShard struct {
	revision pos.Revision
	states   map[string]*state // by location and device
}

// state is what is known of a location or of a device in it. There is one for
// every point of sale, so it is kept small.
type state struct {
	// Seen is the last observation as the vendor gave it, in the journal that
	// of the last edge. Edges is how many edges there were.
	Seen  pos.Status `json:"seen"`
	Edges uint64     `json:"edges"`
	// Published is what the last event said; nil if it said the same as Seen.
	Published *pos.Status `json:"published,omitempty"`
	// grace is how long an observation of an earlier run is not judged by its
	// age: quiet observations are not written, so there may have been others.
	grace time.Time
}

// said returns what the last event said.
func (st *state) said() pos.Status {
	if st.Published != nil {
		return *st.Published
	}
	return st.Seen
}

// say notes what an event said.
func (st *state) say(s pos.Status) {
	st.Published = nil
	if !sameState(s, st.Seen) {
		st.Published = &s
	}
}

// see takes an observation.
func (st *state) see(s pos.Status) {
	said := st.said()
	st.Seen, st.grace = s, time.Time{}
	st.say(said)
}

func newStates(a *account) *states {
	s := &states{account: a, turn: newGate(1)}
	for i := range s.shards {
		s.shards[i].states = make(map[string]*state)
	}
	s.poll = newLoop(a.schedule.Status, a.traced("poll status", s.read))
	s.ageing = newLoop(time.Hour, s.age)
	s.ageing.exact = true
	return s
}

// gone reports whether a location is no longer there.
func (s *states) gone(location string) bool {
	if !s.account.ready() {
		return false
	}
	_, ok := find(s.account.known(), location)
	return !ok
}

func (s *states) read(ctx context.Context) (bool, error) {
	a, start := s.account, time.Now()
	locations := a.ours()
	if a.parts > 1 && len(locations) == 0 {
		return false, nil
	}
	seen, err := s.list(ctx, locations)
	if err == nil {
		err = s.publish(ctx, seen)
	}
	a.health.poll(ctx, "status", pos.JobStatus, s.poll.due, start, len(seen), err)
	s.ageing.nudge()
	return false, err
}

func (s *states) list(ctx context.Context, locations []string) ([]pos.Status, error) {
	ctx, cancel := s.account.call(ctx)
	defer cancel()
	var seen []pos.Status
	for st, err := range pos.AllStatuses(ctx, s.account.provider, pos.StatusQuery{Locations: locations}) {
		if err != nil {
			return nil, err
		}
		if s.account.has(st.Location) {
			seen = append(seen, st)
		}
	}
	return seen, nil
}

// age publishes the edges that time alone makes and sets the timer for the
// next one.
func (s *states) age(ctx context.Context) (bool, error) {
	if err := s.publish(ctx, nil); err != nil {
		return false, err
	}
	if err := s.turn.enter(ctx); err != nil {
		return false, err
	}
	defer s.turn.leave()
	now := time.Now()
	next := time.Hour
	for i := range s.shards {
		for _, st := range s.shards[i].states {
			if st.Seen.StaleAfter == 0 || st.Seen.ObservedAt.IsZero() {
				continue
			}
			end := st.Seen.ObservedAt.Add(st.Seen.StaleAfter)
			if st.grace.After(end) {
				end = st.grace
			}
			if left := end.Sub(now); left >= 0 {
				next = min(next, left+time.Millisecond)
			}
		}
	}
	s.ageing.interval = next
	return false, nil
}

// publish takes observations in and publishes what became different.
func (s *states) publish(ctx context.Context, seen []pos.Status) error {
	if err := s.turn.enter(ctx); err != nil {
		return err
	}
	defer s.turn.leave()
	if err := s.load(ctx); err != nil {
		return err
	}
	for i := range seen {
		st := seen[i]
		st.Raw = nil
		shard := &s.shards[shardOf(st.Location)]
		id := st.Location + "\x00" + st.Device
		if shard.states[id] == nil {
			shard.states[id] = &state{}
		}
		shard.states[id].see(st)
	}
	for i := range s.shards {
		if err := s.edges(ctx, i); err != nil {
			return err
		}
	}
	return s.rules(ctx, seen)
}

func shardOf(location string) int { return int(digest(location) % stateShards) }

// edges publishes the edges of one shard together with its record.
func (s *states) edges(ctx context.Context, n int) error {
	a, shard, now := s.account, &s.shards[n], time.Now()
	var evs []events.Event
	next := make(map[string]*state, len(shard.states))
	for id, st := range shard.states {
		if s.gone(st.Seen.Location) {
			continue
		}
		next[id] = st
		believed := st.Seen.At(now)
		said := st.said()
		if st.Edges > 0 && (now.Before(st.grace) || sameState(said, believed)) {
			continue
		}
		var previous *pos.Status
		if st.Edges > 0 {
			previous = &said
		}
		changed := *st
		changed.Edges++
		changed.say(believed)
		evs = append(evs, events.NewStatus(a.origin, believed, previous, changed.Edges, now))
		next[id] = &changed
		if len(evs) == events.MaxCommitEvents {
			break // The rest follows at the next turn.
		}
	}
	if len(evs) == events.MaxCommitEvents {
		for id, st := range shard.states {
			if next[id] == nil {
				next[id] = st
			}
		}
	}
	if len(evs) == 0 {
		shard.states = next
		return nil
	}
	slices.SortFunc(evs, func(x, y events.Event) int { return compareText(x.Subject+x.ID, y.Subject+y.ID) })
	record, err := json.Marshal(next)
	if err != nil {
		return err
	}
	revisions, err := a.commit(ctx, events.Change{
		Key: a.key("status", strconv.Itoa(n)), Revision: shard.revision, Cursor: record, Events: evs,
	})
	if err != nil {
		s.loaded = false
		if errors.Is(err, pos.ErrConflict) {
			return nil // Somebody else published; the next poll compares anew.
		}
		return err
	}
	shard.revision, shard.states = revisions[0], next
	return nil
}

// load brings back what was published; observations of this run stay.
func (s *states) load(ctx context.Context) error {
	if s.loaded {
		return nil
	}
	a := s.account
	for n := range s.shards {
		if n%a.parts != a.part {
			continue
		}
		rec, err := a.engine.journal.Load(ctx, a.key("status", strconv.Itoa(n)))
		if err != nil {
			return err
		}
		known := make(map[string]*state)
		if rec.Revision != 0 {
			if err := json.Unmarshal(rec.Cursor, &known); err != nil {
				return &pos.Error{Op: "load status", Vendor: a.origin.Vendor, Kind: pos.KindProtocol, Err: err}
			}
		}
		for _, st := range known {
			st.grace = time.Now().Add(st.Seen.StaleAfter)
		}
		for id, st := range s.shards[n].states {
			if known[id] == nil {
				known[id] = &state{}
			}
			grace := st.grace
			known[id].see(st.Seen)
			known[id].grace = grace
		}
		s.shards[n] = stateShard{rec.Revision, known}
	}
	s.loaded = true
	return nil
}

func (s *states) rules(ctx context.Context, seen []pos.Status) error {
	a := s.account
	if a.engine.cfg.Rules.Status == nil || len(seen) == 0 {
		return nil
	}
	evs, err := a.apply(ctx, func(r *Rules, now time.Time) []events.Event {
		var evs []events.Event
		for i := range seen {
			believed := seen[i].At(now)
			evs = append(evs, r.Status(a.origin, &believed, now)...)
		}
		return evs
	})
	if err != nil {
		return err
	}
	return a.publish(ctx, evs...)
}

// sameState reports whether two statuses say the same, measurements and times
// aside.
func sameState(x, y pos.Status) bool {
	return x.Online == y.Online && x.Open == y.Open && x.SafeToSell == y.SafeToSell &&
		x.DoorClosed == y.DoorClosed && x.Locked == y.Locked && sameSet(x.Issues, y.Issues)
}

func sameSet(x, y []string) bool {
	if len(x) != len(y) {
		return false
	}
	x, y = slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
	return slices.Equal(x, y)
}
