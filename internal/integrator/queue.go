package integrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

const (
	// queueSize bounds the commands that wait at one account.
	queueSize = 64
	// doneKept is how many ids of commands are remembered to recognise repeats.
	doneKept = 256
	// attemptsPerPush is how often items that failed are tried again.
	attemptsPerPush = 5
	// giveUpAfter ends a push that cannot be made at all; one that the vendor
	// took on may stay pending longer.
	giveUpAfter = 24 * time.Hour
	// pendingPause is the least wait before a pending push is looked at again.
	pendingPause = 30 * time.Second
)

// pushQueue carries out the commands of one job at one account, in their
// order. It lives in the journal: a command is acknowledged when it is stored
// and stays until its last outcome is published.
type pushQueue struct {
	account *account
	job     pos.Job
	key     string
	loop    *loop
	turn    gate // held while a push runs

	guard    gate // held while the record is read or written; guards what follows
	loaded   bool
	revision pos.Revision
	record   queueRecord
	told     map[string]bool // outcome events of the first command that went out
}

type queueRecord struct {
	Queue []command `json:"queue,omitempty"`
	Done  []string  `json:"done,omitempty"` // ids, oldest first
	// Full is the time of the newest command for everything that was accepted.
	Full time.Time `json:"full,omitzero"`
}

func newPushQueue(a *account, job pos.Job) *pushQueue {
	q := &pushQueue{account: a, job: job, key: a.key("push", string(job)), turn: newGate(1), guard: newGate(1), told: make(map[string]bool)}
	q.loop = newLoop(0, q.work)
	if a.engine.cfg.Cluster != nil {
		q.loop.interval = lookAfter
	}
	q.loop.eager = true
	q.loop.nudge() // for what an earlier run left
	return q
}

// load reads the record, which other replicas write too; the caller holds
// guard.
func (q *pushQueue) load(ctx context.Context) error {
	if q.loaded && q.account.engine.cfg.Cluster == nil {
		return nil
	}
	rec, err := q.account.engine.journal.Load(ctx, q.key)
	if err != nil || q.loaded && rec.Revision == q.revision {
		return err
	}
	q.record = queueRecord{}
	if rec.Revision != 0 {
		if err := json.Unmarshal(rec.Cursor, &q.record); err != nil {
			return &pos.Error{Op: "load commands", Vendor: q.account.origin.Vendor, Kind: pos.KindProtocol, Err: err}
		}
	}
	q.revision, q.loaded = rec.Revision, true
	return nil
}

// settle changes the record: again, if somebody else was faster.
func (q *pushQueue) settle(ctx context.Context, change func() error) error {
	if err := q.guard.enter(ctx); err != nil {
		return err
	}
	defer q.guard.leave()
	for range 4 {
		if err := q.load(ctx); err != nil {
			return err
		}
		if err := change(); !errors.Is(err, pos.ErrConflict) {
			return err
		}
	}
	return &pos.Error{Op: "queue " + string(q.job), Vendor: q.account.origin.Vendor, Kind: pos.KindConflict, Err: errors.New("others write all the time")}
}

// save commits a record with events; the caller holds guard.
func (q *pushQueue) save(ctx context.Context, r queueRecord, evs []events.Event) error {
	if over := len(evs) - events.MaxCommitEvents; over > 0 {
		if err := q.account.publish(ctx, evs[:over]...); err != nil {
			return err
		}
		evs = evs[over:]
	}
	cursor, err := json.Marshal(&r)
	if err != nil {
		return err
	}
	revisions, err := q.account.commit(ctx, events.Change{Key: q.key, Revision: q.revision, Cursor: cursor, Events: evs})
	if err != nil {
		q.loaded = false // What the journal says holds.
		return err
	}
	q.revision, q.record = revisions[0], r
	return nil
}

// accept stores a command. What it supersedes is taken out of the queue.
func (q *pushQueue) accept(ctx context.Context, c command) error {
	return q.settle(ctx, func() error { return q.enqueue(ctx, c) })
}

func (q *pushQueue) enqueue(ctx context.Context, c command) error {
	r := q.record
	if slices.Contains(r.Done, c.ID) || slices.ContainsFunc(r.Queue, func(o command) bool { return o.ID == c.ID }) {
		return nil
	}
	everything := !c.partial() && !c.dryRun() && len(c.locations()) == 0
	if c.Time.Before(r.Full) { // A newer menu for everything has been here.
		r.finish(c.ID)
		return q.save(ctx, r, []events.Event{q.superseded(c)})
	}
	var evs []events.Event
	var keep []command
	for _, old := range r.Queue {
		if !c.covers(&old) {
			keep = append(keep, old)
			continue
		}
		r.finish(old.ID)
		evs = append(evs, q.superseded(old))
	}
	if len(keep) >= queueSize {
		return &pos.Error{Op: "queue " + string(q.job), Vendor: q.account.origin.Vendor, Kind: pos.KindUnavailable, Err: fmt.Errorf("%d commands are waiting", len(keep))}
	}
	r.Queue = append(keep, c)
	if everything {
		r.Full = c.Time
	}
	if err := q.save(ctx, r, evs); err != nil {
		return err
	}
	q.loop.nudge()
	return nil
}

func (q *pushQueue) superseded(c command) events.Event {
	out := pos.Outcome{Action: events.Superseded}
	ev := events.NewOutcome(q.account.origin, q.job, c.ChangeID, out, true, time.Now())
	ev.TraceParent = c.TraceParent // What supersedes it is in another one.
	return ev
}

// finish remembers that a command needs nothing more.
func (r *queueRecord) finish(id string) {
	r.Done = append(slices.Clip(r.Done), id)
	r.Done = r.Done[max(0, len(r.Done)-doneKept):]
}

// head returns the first command.
func (q *pushQueue) head(ctx context.Context) (command, bool, error) {
	if err := q.guard.enter(ctx); err != nil {
		return command{}, false, err
	}
	defer q.guard.leave()
	if err := q.load(ctx); err != nil || len(q.record.Queue) == 0 {
		return command{}, false, err
	}
	return q.record.Queue[0], true, nil
}

// work carries out the first command. An error means that it stays and is
// tried again later.
func (q *pushQueue) work(ctx context.Context) (again bool, err error) {
	c, ok, err := q.head(ctx)
	if err != nil || !ok {
		return false, err
	}
	ctx, end := q.account.begin(ctx, "push "+string(q.job), c.TraceParent)
	again, err = q.attempt(ctx, c)
	end(err)
	return again, err
}

// attempt tries to carry a command out.
func (q *pushQueue) attempt(ctx context.Context, c command) (again bool, err error) {
	part := c
	if len(c.locations()) > 0 {
		if part, err = q.own(ctx, c); err != nil {
			return false, err
		}
		if len(part.locations()) == 0 {
			return true, q.conclude(ctx, c, nil, nil)
		}
	}
	report, err := q.carryOut(ctx, part)
	if stopped(ctx, err) {
		return false, err
	}
	evs, later := q.judge(&c, report, err)
	if err := q.conclude(ctx, c, evs, later); err != nil {
		return false, err
	}
	if later == nil && applied(report) {
		q.account.visible(q.job, c.Time)
	}
	return later == nil, later
}

// applied reports whether anything of a push holds now.
func applied(r pos.PushReport) bool {
	return !r.DryRun && slices.ContainsFunc(r.Outcomes, func(o pos.Outcome) bool {
		return o.Action != pos.Refused && o.Action != pos.Failed
	})
}

// judge turns a report into events. later is why the push must be repeated,
// or nil if it is over.
func (q *pushQueue) judge(c *command, report pos.PushReport, err error) (evs []events.Event, later error) {
	now := time.Now()
	if c.First.IsZero() {
		c.First = now
	}
	retry := err != nil && pos.IsRetryable(err) && now.Sub(c.First) < giveUpAfter
	pending := false
	for i := range report.Outcomes {
		out := &report.Outcomes[i]
		pending = pending || out.Action == pos.Pending
		retry = retry || out.Action == pos.Failed && pos.IsRetryable(out.Err) && c.Attempts+1 < attemptsPerPush
	}
	switch {
	case retry:
		c.Attempts++
		later = errors.Join(errors.New("push: repeating what failed"), err, report.Err())
	case pending:
		later = &pos.Error{Op: "Push " + string(q.job), Vendor: q.account.origin.Vendor, Kind: pos.KindUnavailable, RetryAfter: pendingPause, Err: errors.New("the vendor has not finished yet")}
	}
	tell := func(out pos.Outcome, final bool) {
		evs = append(evs, events.NewOutcome(q.account.origin, q.job, c.ChangeID, out, final, now))
	}
	if err != nil && (!retry || c.Attempts == failuresToTell) {
		tell(pos.Outcome{Action: pos.Failed, Err: err}, !retry)
	}
	for _, out := range report.Outcomes {
		open := out.Action == pos.Pending || out.Action == pos.Failed && retry && pos.IsRetryable(out.Err)
		tell(out, !open)
	}
	return evs, later
}

// conclude publishes outcomes that were not published yet and takes the
// command out of the queue unless it comes again later.
func (q *pushQueue) conclude(ctx context.Context, c command, evs []events.Event, later error) error {
	return q.settle(ctx, func() error { return q.dequeue(ctx, c, evs, later) })
}

func (q *pushQueue) dequeue(ctx context.Context, c command, evs []events.Event, later error) error {
	evs = slices.DeleteFunc(slices.Clone(evs), func(e events.Event) bool { return q.told[e.ID] })
	r := q.record
	r.Queue = slices.Clone(r.Queue)
	at := slices.IndexFunc(r.Queue, func(o command) bool { return o.ID == c.ID })
	switch {
	case at < 0: // superseded meanwhile
	case later != nil:
		r.Queue[at] = c
	default:
		r.Queue = slices.Delete(r.Queue, at, at+1)
		r.finish(c.ID)
	}
	if err := q.save(ctx, r, evs); err != nil {
		return err
	}
	if later == nil || at < 0 {
		q.told = make(map[string]bool)
	} else {
		for i := range evs {
			q.told[evs[i].ID] = true
		}
		q.account.log.LogAttrs(ctx, slog.LevelInfo, "push is repeated", slog.String("change", c.ChangeID), slog.Any("reason", later))
	}
	return nil
}
