package integrator

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Objectives are limits that an account should keep to. Passing one makes an
// event, and so does keeping to it again. Zero fields have defaults, negative
// ones are off. Give accounts more Lag and Push whose system calls you now and
// then, such as by a Web Connector.
type Objectives struct {
	// Lag is how far behind now purchases may be; default 15 min, or three
	// intervals of reading them if that is longer.
	Lag time.Duration
	// Callbacks is how long a callback may wait until it is acted upon; default
	// 5 min.
	Callbacks time.Duration
	// Push is how long a command may be without its last outcome, from the time
	// of its event; default 1 h.
	Push time.Duration
}

// or fills zero fields from others.
func (o Objectives) or(p Objectives) Objectives {
	fill := func(d *time.Duration, other time.Duration) {
		if *d == 0 {
			*d = other
		}
	}
	fill(&o.Lag, p.Lag)
	fill(&o.Callbacks, p.Callbacks)
	fill(&o.Push, p.Push)
	return o
}

func defaultObjectives(s Schedule) Objectives {
	return Objectives{Lag: max(15*time.Minute, 3*s.Purchases), Callbacks: 5 * time.Minute, Push: time.Hour}
}

// checkObjectives is how often an account is compared with its objectives.
const checkObjectives = 15 * time.Second

// objectives tells when an account falls behind what was set for it. Breaches
// that were told are in the journal, so that whoever goes on tells their ends.
type objectives struct {
	account  *account
	loop     *loop
	measures []measure

	// Used by the loop's turns alone.
	loaded   bool
	revision pos.Revision
	breached map[string]time.Time // since when, by name
}

// measure is one objective. behind is false while nothing is known.
type measure struct {
	name   string
	limit  time.Duration
	behind func(ctx context.Context, now time.Time) (d time.Duration, known bool, err error)
}

func newObjectives(a *account, limits Objectives) *objectives {
	o := &objectives{account: a}
	if a.feeds != nil && limits.Lag > 0 {
		o.measures = append(o.measures, measure{events.ObjectiveLag, limits.Lag, a.feeds.behind})
	}
	if a.webhook != nil && limits.Callbacks > 0 {
		o.measures = append(o.measures, measure{events.ObjectiveCallbacks, limits.Callbacks, a.inbox.behind})
	}
	if len(a.queues) > 0 && limits.Push > 0 {
		o.measures = append(o.measures, measure{events.ObjectivePush, limits.Push, a.pushesBehind})
	}
	if o.measures == nil {
		return nil
	}
	o.loop = newLoop(checkObjectives, func(ctx context.Context) (bool, error) { return false, o.check(ctx) })
	return o
}

func (o *objectives) key() string { return o.account.key("objectives", strconv.Itoa(o.account.part)) }

func (o *objectives) load(ctx context.Context) error {
	if o.loaded {
		return nil
	}
	rec, err := o.account.engine.journal.Load(ctx, o.key())
	if err != nil {
		return err
	}
	o.breached = make(map[string]time.Time)
	if rec.Revision != 0 {
		if err := json.Unmarshal(rec.Cursor, &o.breached); err != nil {
			return &pos.Error{Op: "load objectives", Vendor: o.account.origin.Vendor, Kind: pos.KindProtocol, Err: err}
		}
	}
	o.revision, o.loaded = rec.Revision, true
	return nil
}

// check publishes what became different since the last check.
func (o *objectives) check(ctx context.Context) error {
	if err := o.load(ctx); err != nil {
		return err
	}
	a, now := o.account, time.Now()
	next := maps.Clone(o.breached)
	var evs []events.Event
	for _, m := range o.measures {
		d, known, err := m.behind(ctx, now)
		if err != nil {
			return err
		}
		since, breached := o.breached[m.name]
		if !known || breached == (d > m.limit) {
			continue
		}
		typ := events.TypeObjectiveRecovered
		if breached {
			delete(next, m.name)
		} else {
			typ, since = events.TypeObjectiveBreached, now.Add(m.limit-d).UTC()
			next[m.name] = since
		}
		a.log.Warn(typ, "objective", m.name, "limit", m.limit, "observed", d)
		evs = append(evs, events.NewObjective(typ, a.origin, events.Objective{
			Name: m.name, Part: a.part, LimitSeconds: int64(m.limit / time.Second), ObservedSeconds: int64(d / time.Second), Since: since,
		}, now))
	}
	if evs == nil {
		return nil
	}
	return o.save(ctx, next, evs)
}

func (o *objectives) save(ctx context.Context, next map[string]time.Time, evs []events.Event) error {
	record, err := json.Marshal(next)
	if err != nil {
		return err
	}
	revisions, err := o.account.commit(ctx, events.Change{Key: o.key(), Revision: o.revision, Cursor: record, Events: evs})
	if err != nil {
		o.loaded = false // What the journal says holds.
		if errors.Is(err, pos.ErrConflict) {
			return nil
		}
		return err
	}
	o.revision, o.breached = revisions[0], next
	return nil
}

// behind is the lag of the group that is farthest behind.
func (f *feeds) behind(_ context.Context, now time.Time) (lag time.Duration, known bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fd := range f.groups {
		if through := fd.through(); !through.IsZero() {
			lag, known = max(lag, now.Sub(through)), true
		}
	}
	return lag, known, nil
}

// through is the instant up to which the group was delivered, zero if it is
// not known or there is no location left in it.
func (fd *feed) through() time.Time {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.state.Retired {
		return time.Time{}
	}
	return fd.state.Through
}

// pushesBehind is the age of the oldest command that is not done with.
func (a *account) pushesBehind(ctx context.Context, now time.Time) (age time.Duration, known bool, err error) {
	for _, q := range a.queues {
		oldest, err := q.oldest(ctx)
		if err != nil {
			return 0, false, err
		}
		if !oldest.IsZero() {
			age = max(age, now.Sub(oldest))
		}
	}
	return age, true, nil
}

// oldest is the time of the oldest command in the queue; zero if it is empty.
func (q *pushQueue) oldest(ctx context.Context) (oldest time.Time, err error) {
	if err := q.guard.enter(ctx); err != nil {
		return time.Time{}, err
	}
	defer q.guard.leave()
	if err := q.load(ctx); err != nil {
		return time.Time{}, err
	}
	for i := range q.record.Queue {
		at := q.record.Queue[i].Time
		if at.IsZero() {
			at = q.record.Queue[i].First
		}
		if oldest.IsZero() || !at.IsZero() && at.Before(oldest) {
			oldest = at
		}
	}
	return oldest, nil
}
