package integrator

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

const (
	// certifyEvery is how often it is looked which days are due.
	certifyEvery = 10 * time.Minute
	// certifySpread is over how long the locations whose day ended at the same
	// instant are spread.
	certifySpread = time.Hour
	// lastLook and latestLook bound when a day is looked at for the last time:
	// late sales are expected until then.
	lastLook, latestLook = 24 * time.Hour, 14 * 24 * time.Hour
	// historyMargin is how long before a day began its first sale may have been
	// committed, by clocks that differ.
	historyMargin = 24 * time.Hour
	// givenUpDays is how long ago a day may be for its last look, after an
	// outage of ours.
	givenUpDays = int((latestLook+lastLook)/(24*time.Hour)) + 2
	// certificatesPerCommit bounds a turn, and the events of its commit.
	certificatesPerCommit = 20
)

// certifier certifies the business days of an account's locations: once when
// the day is over, and once when late sales are no longer expected. How far it
// got is kept in the journal for each group of locations, together with the
// certificates.
type certifier struct {
	account *account
	history events.History
	loop    *loop
	groups  map[int]*certifiedGroup // by number
	queue   []look
	// told are the mismatches of this life that made an event, so that a
	// vendor that cannot be read again does not make another with every try.
	told     map[look]bool
	zoneless map[string]bool // locations without a time zone, already logged
}

// certifiedGroup is the record of a group.
type certifiedGroup struct {
	key      string
	revision pos.Revision
	days     map[string]certified // by location
}

// certified is how far a location's days were looked at.
type certified struct {
	// First and Last are the last days that were looked at for the first and
	// for the last time.
	First pos.Date `json:"first"`
	Last  pos.Date `json:"last"`
	// Closed is the day on which the location was found closed; later ones are
	// not looked at.
	Closed pos.Date `json:"closed,omitempty"`
}

// look is one look at a business day.
type look struct {
	group    int
	location string
	date     pos.Date
	last     bool
}

// newCertifier returns nil where no certificate can be made.
func newCertifier(a *account) *certifier {
	h, ok := a.engine.journalHistory()
	if !ok || a.feeds == nil || a.schedule.Certificates < 0 {
		return nil
	}
	c := &certifier{account: a, history: h, groups: make(map[int]*certifiedGroup), told: make(map[look]bool), zoneless: make(map[string]bool)}
	c.loop = newLoop(certifyEvery, a.traced("certify days", c.turn))
	return c
}

// journalHistory returns what was published, if the journal keeps it.
func (e *Engine) journalHistory() (events.History, bool) {
	h, ok := e.cfg.Journal.(events.History)
	return h, ok
}

// announce says at the start if nobody certifies what is published.
func (e *Engine) announce(ctx context.Context) {
	if !slices.ContainsFunc(e.units, func(u *unit) bool { return u.account().schedule.Certificates > 0 }) {
		return
	}
	why := ""
	if h, ok := e.journalHistory(); !ok {
		why = "the journal does not keep what was published"
	} else if err := probe(ctx, h); errors.Is(err, pos.ErrUnsupported) {
		why = err.Error()
	}
	if why != "" {
		e.log.Warn("no completeness certificates", "integrator", e.cfg.Name, "reason", why)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.uncertified = why
}

// probe asks for what a first look needs.
func probe(ctx context.Context, h events.History) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for _, err := range h.Published(ctx, events.Filter{Types: []string{events.TypeDayCertified}}, time.Now().Add(-historyMargin-lastLook-certifySpread)) {
		return err
	}
	return nil
}

// turn makes the certificates that are due, a commit's worth of them.
func (c *certifier) turn(ctx context.Context) (again bool, err error) {
	if !c.account.ready() {
		return false, nil
	}
	if len(c.queue) == 0 {
		if c.queue, err = c.due(ctx, time.Now()); err != nil || len(c.queue) == 0 {
			return false, err
		}
	}
	start, group := time.Now(), c.queue[0].group
	var done []look
	var evs []events.Event
	for len(c.queue) > 0 && len(done) < certificatesPerCommit && c.queue[0].group == group {
		l := c.queue[0]
		c.queue = c.queue[1:]
		var certificate events.Event
		if certificate, err = c.certify(ctx, l); err != nil {
			c.queue = append(c.queue, l) // The others come first.
			break
		}
		done = append(done, l)
		if certificate.Type != "" {
			evs = append(evs, certificate)
		}
	}
	if len(done) > 0 {
		err = errors.Join(err, c.save(ctx, group, done, evs))
	}
	c.account.health.poll(ctx, "certificates", pos.JobAccount, c.loop.due, start, len(done), err)
	return true, err
}

// due lists the looks that are due, those of a group together. Locations that
// it sees for the first time begin with the present day.
func (c *certifier) due(ctx context.Context, now time.Time) ([]look, error) {
	a := c.account
	var queue []look
	var news []update
	for _, fd := range a.feeds.all() {
		g, err := c.group(ctx, fd)
		if err != nil {
			return nil, err
		}
		changed := make(map[string]certified)
		for _, id := range a.feeds.locations(fd) {
			l := a.location(id)
			today := l.BusinessDate(now)
			if today == "" {
				c.skip(&l)
				continue
			}
			at, known := g.days[id]
			next := c.caughtUp(&l, at, known, today)
			if next != at {
				changed[id] = next
			}
			queue = append(queue, c.looks(fd, &l, next, today, now)...)
		}
		if len(changed) > 0 {
			news = append(news, update{fd.number, changed, nil})
		}
	}
	for part := range slices.Chunk(news, persistBatch) {
		if err := c.write(ctx, part...); err != nil {
			return nil, unlessConflict(err)
		}
	}
	return queue, nil
}

// group returns the record of a group, from the journal if it is not known.
func (c *certifier) group(ctx context.Context, fd *feed) (*certifiedGroup, error) {
	if g := c.groups[fd.number]; g != nil {
		return g, nil
	}
	a := c.account
	g := &certifiedGroup{key: a.key("certificates", strconv.Itoa(fd.number)), days: make(map[string]certified)}
	rec, err := a.engine.journal.Load(ctx, g.key)
	if err != nil {
		return nil, err
	}
	if rec.Revision != 0 {
		if err := json.Unmarshal(rec.Cursor, &g.days); err != nil {
			return nil, &pos.Error{Op: "load certificates", Vendor: a.origin.Vendor, Kind: pos.KindProtocol, Err: err}
		}
	}
	g.revision = rec.Revision
	c.groups[fd.number] = g
	return g, nil
}

func (c *certifier) skip(l *pos.Location) {
	if !c.zoneless[l.ID] && !l.Closed {
		c.zoneless[l.ID] = true
		c.account.log.Warn("no completeness certificates for a location without a time zone", "location", l.ID)
	}
}

// caughtUp is where the looks at a location's days go on: those that were
// missed too long ago are given up.
func (c *certifier) caughtUp(l *pos.Location, at certified, known bool, today pos.Date) certified {
	if !known {
		at = certified{First: today.AddDays(-1), Last: today.AddDays(-1)}
	}
	if oldest := today.AddDays(-givenUpDays); at.Last < oldest && at.Closed == "" {
		c.account.log.Warn("completeness certificates given up: the days are too long ago", "location", l.ID, "after", at.Last, "to", oldest)
		at.Last = oldest
		at.First = max(at.First, oldest)
	}
	switch {
	case !l.Closed:
		at.Closed = ""
	case at.Closed == "":
		at.Closed = today
	}
	return at
}

// looks are those at a location's days that are due, at most one of each kind.
func (c *certifier) looks(fd *feed, l *pos.Location, at certified, today pos.Date, now time.Time) []look {
	var due []look
	for _, candidate := range []look{{fd.number, l.ID, at.First.AddDays(1), false}, {fd.number, l.ID, at.Last.AddDays(1), true}} {
		d := candidate.date
		if d >= today || at.Closed != "" && d > at.Closed || candidate.last && d > at.First {
			continue
		}
		_, until, err := l.Span(d)
		// What was not read yet cannot be complete.
		if err == nil && !now.Before(until.Add(c.delay(fd, candidate.last))) && !fd.through().Before(until) {
			due = append(due, candidate)
		}
	}
	return due
}

// delay is how long after its end a day is looked at.
func (c *certifier) delay(fd *feed, last bool) time.Duration {
	a := c.account
	d := a.schedule.Certificates + time.Duration(digest(fd.key)%uint64(certifySpread/time.Second))*time.Second
	if last {
		d += min(max(a.caps.Purchases.LateBy, lastLook), latestLook)
	}
	return d
}

// save writes how far the looks got, with their certificates.
func (c *certifier) save(ctx context.Context, group int, done []look, evs []events.Event) error {
	days := make(map[string]certified)
	for _, l := range done {
		at, ok := days[l.location]
		if !ok {
			at = c.groups[group].days[l.location]
		}
		if l.last {
			at.Last = l.date
		} else {
			at.First = l.date
		}
		days[l.location] = at
		delete(c.told, l)
	}
	return unlessConflict(c.write(ctx, update{group, days, evs}))
}

// unlessConflict passes over the refusal of a commit because another owner was
// here: what is in the journal now is read next.
func unlessConflict(err error) error {
	if errors.Is(err, pos.ErrConflict) {
		return nil
	}
	return err
}

// update is a change of a group's record.
type update struct {
	group int
	days  map[string]certified
	evs   []events.Event
}

// write commits updates. Locations that are gone are forgotten.
func (c *certifier) write(ctx context.Context, updates ...update) error {
	a := c.account
	changes, next := make([]events.Change, len(updates)), make([]map[string]certified, len(updates))
	for i, u := range updates {
		g := c.groups[u.group]
		next[i] = maps.Clone(g.days)
		maps.Copy(next[i], u.days)
		maps.DeleteFunc(next[i], func(id string, _ certified) bool { _, ok := find(a.known(), id); return !ok })
		record, err := json.Marshal(next[i])
		if err != nil {
			return err
		}
		changes[i] = events.Change{Key: g.key, Revision: g.revision, Cursor: record, Events: u.evs}
	}
	revisions, err := a.commit(ctx, changes...)
	for i, u := range updates {
		if err != nil { // Whether it was done is open: what the journal says holds.
			delete(c.groups, u.group)
			continue
		}
		c.groups[u.group].revision, c.groups[u.group].days = revisions[i], next[i]
	}
	if err != nil {
		c.queue = nil
	}
	return err
}
