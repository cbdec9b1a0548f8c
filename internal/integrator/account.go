package integrator

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// callTimeout bounds one call of a provider.
const callTimeout = 2 * time.Minute

// account runs one vendor account, or a part of it, for as long as this
// replica owns it.
type account struct {
	*unit
	webhook  pos.Webhook
	caps     pos.Capabilities
	schedule Schedule
	since    time.Time
	log      *slog.Logger

	health *health
	inbox  *inbox
	feeds  *feeds       // nil where purchases are not read
	states *states      // nil where status is not read
	stock  *stockReader // nil where inventory is not read
	queues map[pos.Job]*pushQueue
	hook   *subscription // nil where it is made by hand
	limits *objectives   // nil if there are none
	days   *certifier    // nil where days are not certified
	places *loop
	rules  gate // Rules are called one at a time

	mu        sync.Mutex
	locations []pos.Location // ordered by id
	read      chan struct{}  // closed when locations were read for the first time
}

func newAccount(u *unit) *account {
	e, cfg := u.engine, u.cfg
	d := u.provider.Describe()
	a := &account{
		unit:     u,
		webhook:  cfg.Webhook,
		caps:     d.Capabilities,
		schedule: cfg.Schedule.or(e.cfg.Schedule).or(defaults(d.Capabilities)),
		since:    cfg.Since,
		log:      e.log.With(slog.String("vendor", d.Vendor), slog.String("account", d.Account), slog.Int("part", u.part)),
		queues:   make(map[pos.Job]*pushQueue),
		rules:    newGate(1),
		read:     make(chan struct{}),
	}
	a.health = newHealth(a)
	a.inbox = newInbox(a)
	a.places = newLoop(a.schedule.Locations, a.traced("poll locations", a.readLocations))
	if cfg.Subscription != nil && u.lead() && a.schedule.Subscription > 0 {
		a.hook = newSubscription(a, cfg.Subscription)
	}
	if a.caps.Purchases.OK() && a.schedule.Purchases > 0 {
		a.feeds = newFeeds(a)
	}
	a.days = newCertifier(a)
	if a.caps.Status.OK() && a.schedule.Status > 0 {
		a.states = newStates(a)
	}
	if a.caps.Inventory.OK() && a.schedule.Inventory > 0 {
		a.stock = newStockReader(a)
	}
	for _, job := range []pos.Job{pos.JobMenu, pos.JobCoupons} {
		if a.caps.Job(job).OK() && u.lead() {
			a.queues[job] = newPushQueue(a, job)
		}
	}
	a.limits = newObjectives(a, cfg.Objectives.or(e.cfg.Objectives).or(defaultObjectives(a.schedule)))
	return a
}

// run runs the account's loops until stop ends. urgent work has been waiting.
func (a *account) run(stop, work context.Context, urgent bool) {
	first := a.firstDelay()
	if urgent {
		first = 0
	}
	if f := a.engine.cfg.Rules.Begin; f != nil {
		f(a.origin)
	}
	var loops sync.WaitGroup
	if a.feeds != nil {
		a.feeds.begin(stop, work, first, urgent, &loops)
	}
	a.places.nudgeIf(a.schedule.Locations < 0)
	loops.Go(func() { a.places.run(stop, work, first) })
	loops.Go(func() { a.inbox.run(stop, work) })
	if a.webhook != nil {
		loops.Go(func() { a.takeCallbacks(stop, work) })
	}
	if a.hook != nil {
		loops.Go(func() { a.hook.poll.run(stop, work, first) })
	}
	if a.states != nil {
		loops.Go(func() { a.states.poll.run(stop, work, first) })
		loops.Go(func() { a.states.ageing.run(stop, work, 0) })
	}
	if a.stock != nil {
		loops.Go(func() { a.stock.poll.run(stop, work, first) })
		loops.Go(func() { a.stock.handover.loop.run(stop, work, 0) })
	}
	if a.days != nil {
		loops.Go(func() { a.days.loop.run(stop, work, jitter(certifyEvery)) })
	}
	for _, q := range a.queues {
		loops.Go(func() { q.loop.run(stop, work, first) })
	}
	if a.limits != nil {
		loops.Go(func() { a.limits.loop.run(stop, work, jitter(checkObjectives)) })
	}
	if a.engine.cfg.Rules.Tick != nil {
		loops.Go(func() { newLoop(time.Minute, a.tick).run(stop, work, time.Minute) })
	}
	loops.Wait()
	if work.Err() != nil {
		return // Another owner goes on.
	}
	if a.feeds != nil {
		a.feeds.flush(work)
	}
	if a.stock != nil {
		a.stock.handover.flush(work)
	}
}

// firstDelay spreads the first work of many accounts.
func (a *account) firstDelay() time.Duration {
	spread := min(time.Duration(len(a.engine.units)-1)*10*time.Millisecond, a.schedule.Purchases)
	return rand.N(max(spread, 0) + 1)
}

func (l *loop) nudgeIf(yes bool) {
	if yes {
		l.nudge()
	}
}

// nudge makes a poll of status or stock come now.
func (a *account) nudge(job pos.Job) {
	switch {
	case job == pos.JobStatus && a.states != nil:
		a.states.poll.nudge()
	case job == pos.JobInventory && a.stock != nil:
		a.stock.poll.nudge()
	}
}

// call bounds a call of the provider in time.
func (a *account) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, callTimeout)
}

func (a *account) readLocations(ctx context.Context) (bool, error) {
	start := time.Now()
	found, err := a.listLocations(ctx)
	a.health.poll(ctx, "locations", pos.JobAccount, a.places.due, start, len(found), err)
	if err != nil {
		return false, err
	}
	slices.SortFunc(found, func(x, y pos.Location) int { return cmp.Compare(x.ID, y.ID) })
	a.mu.Lock()
	appeared := slices.ContainsFunc(found, func(l pos.Location) bool { _, ok := find(a.locations, l.ID); return !ok && !l.Closed })
	a.locations = found
	first := !a.ready()
	if first {
		close(a.read)
	}
	a.mu.Unlock()
	if a.stock != nil && appeared {
		a.stock.appeared()
	}
	if first && a.parts > 1 { // They wait for the list.
		a.nudge(pos.JobStatus)
		a.nudge(pos.JobInventory)
	}
	if a.feeds != nil {
		return false, a.feeds.regroup(ctx, found)
	}
	return false, nil
}

func (a *account) listLocations(ctx context.Context) ([]pos.Location, error) {
	ctx, cancel := a.call(ctx)
	defer cancel()
	var found []pos.Location
	for l, err := range pos.AllLocations(ctx, a.provider, pos.LocationQuery{}) {
		if err != nil {
			return nil, err
		}
		found = append(found, l)
	}
	return slices.Clone(found), nil // They are kept; the room that is left over is not.
}

// ready reports whether the locations were read.
func (a *account) ready() bool {
	select {
	case <-a.read:
		return true
	default:
		return false
	}
}

// known returns the locations of the account as last read. The slice is not
// changed later.
func (a *account) known() []pos.Location {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.locations
}

// ours returns the ids of the locations of a part, in order; nil means all, for
// an account that is not split.
func (a *account) ours() []string {
	if a.parts == 1 {
		return nil
	}
	ids := []string{}
	for _, l := range a.known() {
		if a.has(l.ID) && !l.Closed {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// location returns a location by id; what is not known has only the id.
func (a *account) location(id string) pos.Location {
	all := a.known()
	if i, ok := find(all, id); ok {
		return all[i]
	}
	return pos.Location{ID: id}
}

func find(all []pos.Location, id string) (int, bool) {
	return slices.BinarySearchFunc(all, id, func(l pos.Location, id string) int { return cmp.Compare(l.ID, id) })
}

func (a *account) tick(ctx context.Context) (bool, error) {
	evs, err := a.apply(ctx, func(r *Rules, now time.Time) []events.Event {
		return r.Tick(a.origin, a.known(), now)
	})
	if err != nil {
		return false, err
	}
	return false, a.publish(ctx, evs...)
}

// apply calls a rule.
func (a *account) apply(ctx context.Context, rule func(*Rules, time.Time) []events.Event) ([]events.Event, error) {
	if err := a.rules.enter(ctx); err != nil {
		return nil, err
	}
	defer a.rules.leave()
	return rule(&a.engine.cfg.Rules, time.Now()), nil
}

// key builds a journal key for the account.
func (u *unit) key(parts ...string) string {
	words := append([]string{word(u.origin.Vendor), word(u.origin.Account)}, parts...)
	return strings.Join(words, ".")
}

// word escapes text so that it can be a word of a key. Different texts give
// different words.
func word(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-':
			b.WriteByte(c)
		default:
			b.WriteString("_" + hex.EncodeToString([]byte{c}))
		}
	}
	return b.String()
}

// stopped reports that an error only says that the work was cancelled.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}
