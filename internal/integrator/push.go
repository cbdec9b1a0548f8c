package integrator

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// pushTimeout bounds one push: many locations take many writes.
const pushTimeout = 15 * time.Minute

// Report is what became of a push at one account.
type Report struct {
	events.Origin
	pos.PushReport
	// Err is set when nothing could be decided at this account.
	Err error
}

// PushMenu pushes a menu to the accounts that the target matches and waits for
// their reports, in the order of the configuration. Accounts do not wait for
// each other, but a push waits for one that its account is carrying out.
//
// If the push names locations, each account gets its own; a location that no
// account has, or several have, is an error before anything is sent. The error
// joins those of the accounts. Pending outcomes are the caller's to repeat.
func (e *Engine) PushMenu(ctx context.Context, to events.Target, push pos.MenuPush) ([]Report, error) {
	if err := push.Menu.Validate(); err != nil {
		return nil, err
	}
	return e.push(ctx, pos.JobMenu, to, command{ChangeID: push.ChangeID, Menu: &push})
}

// PushCoupons pushes coupons on the terms of PushMenu.
func (e *Engine) PushCoupons(ctx context.Context, to events.Target, push pos.CouponPush) ([]Report, error) {
	if err := pos.ValidateCoupons(push.Coupons); err != nil {
		return nil, err
	}
	return e.push(ctx, pos.JobCoupons, to, command{ChangeID: push.ChangeID, Coupons: &push})
}

func (e *Engine) push(ctx context.Context, job pos.Job, to events.Target, c command) ([]Report, error) {
	queues, parts, err := e.divide(ctx, job, to, c)
	if err != nil {
		return nil, err
	}
	reports := make([]Report, len(queues))
	var group sync.WaitGroup
	for i, q := range queues {
		group.Go(func() {
			report, err := q.carryOut(ctx, parts[i])
			reports[i] = Report{q.account.origin, report, err}
		})
	}
	group.Wait()
	var errs []error
	for i := range reports {
		if reports[i].Err != nil {
			errs = append(errs, reports[i].Err)
		}
	}
	return reports, errors.Join(errs...)
}

// divide decides which accounts get which part of a push.
func (e *Engine) divide(ctx context.Context, job pos.Job, to events.Target, c command) ([]*pushQueue, []command, error) {
	op := "Push " + string(job)
	var queues []*pushQueue
	matched := false
	for _, u := range e.leads() {
		if !to.Matches(u.origin) {
			continue
		}
		matched = true
		if q := u.account().queues[job]; q != nil {
			queues = append(queues, q)
		}
	}
	switch {
	case !matched:
		return nil, nil, &pos.Error{Op: op, Kind: pos.KindNotFound, Err: errors.New("no account matches the target")}
	case len(queues) == 0:
		return nil, nil, pos.Unsupported(to.Vendor, op, "no account of the target can do this", "")
	case len(c.locations()) == 0:
		parts := make([]command, len(queues))
		for i := range parts {
			parts[i] = c
		}
		return queues, parts, nil
	}
	owners := make(map[string]int)
	var chosen []*pushQueue
	var parts []command
	for _, q := range queues {
		own, err := q.own(ctx, c)
		if err != nil {
			return nil, nil, err
		}
		for _, l := range own.locations() {
			owners[l]++
		}
		if len(own.locations()) > 0 {
			chosen, parts = append(chosen, q), append(parts, own)
		}
	}
	var ps pos.Problems
	for _, l := range c.locations() {
		switch n := owners[l]; {
		case n == 0:
			ps = append(ps, pos.Problem{Field: "Locations", Location: l, Reason: "is no location of the accounts"})
		case n > 1:
			ps = append(ps, pos.Problem{Field: "Locations", Location: l, Reason: "is a location of several accounts", Nearest: "a push for each account"})
		}
	}
	if ps != nil {
		return nil, nil, &pos.Error{Op: op, Kind: pos.KindInvalid, Err: ps}
	}
	return chosen, parts, nil
}

// own cuts a command down to the locations of the account.
func (q *pushQueue) own(ctx context.Context, c command) (command, error) {
	a := q.account
	known := a.known()
	if !a.ready() {
		var err error
		if known, err = a.listLocations(ctx); err != nil {
			return command{}, err
		}
	}
	ids := make(map[string]bool, len(known))
	for i := range known {
		ids[known[i].ID] = true
	}
	var own []string
	for _, l := range c.locations() {
		if ids[l] {
			own = append(own, l)
		}
	}
	return c.at(own), nil
}

// carryOut pushes, one push of a job at a time.
func (q *pushQueue) carryOut(ctx context.Context, c command) (pos.PushReport, error) {
	if err := q.turn.enter(ctx); err != nil {
		return pos.PushReport{}, err
	}
	defer q.turn.leave()
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	a, start := q.account, time.Now()
	var report pos.PushReport
	var err error
	if c.Menu != nil {
		report, err = a.provider.PushMenu(ctx, *c.Menu)
	} else {
		report, err = a.provider.PushCoupons(ctx, *c.Coupons)
	}
	if f := a.engine.cfg.Observer.Push; f != nil {
		f(PushInfo{a.origin, q.job, time.Since(start), report, err})
	}
	return report, err
}

// subscribe takes commands in until ctx ends. Replicas share them: whoever gets
// one leaves it in the journal, in the queue of the account, for its owner.
func (e *Engine) subscribe(ctx, work context.Context) error {
	if e.cfg.Subscriber == nil {
		return nil
	}
	_, err := e.cfg.Subscriber.Subscribe(ctx, events.Filter{
		Group: e.cfg.Name + "-commands",
		Types: []string{events.TypeMenuPublished, events.TypeMenuWithdrawn, events.TypeCouponPublished, events.TypeCouponWithdrawn},
	}, func(_ context.Context, ev events.Event) error { return e.command(work, ev) })
	return err
}

// command queues a command at the accounts that it is for. It is acknowledged
// when all of them have stored it.
func (e *Engine) command(ctx context.Context, ev events.Event) (err error) {
	ctx, end := e.begin(ctx, Span{Name: "take command", Parent: ev.TraceParent})
	defer func() { end(err) }()
	c, to, err := readCommand(ev)
	c.TraceParent = e.traceParent(ctx)
	if err != nil {
		e.log.LogAttrs(ctx, slog.LevelError, "command refused", slog.String("event", ev.ID), slog.String("type", ev.Type), slog.Any("error", err))
		if err := e.refuse(ctx, ev, to, err); err != nil {
			return err
		}
		return errors.Join(events.ErrReject, err)
	}
	for _, u := range e.leads() {
		if q := u.account().queues[c.job()]; q != nil && to.Matches(u.origin) {
			if err := q.accept(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuse tells whoever sent the command why nothing comes of it.
func (e *Engine) refuse(ctx context.Context, ev events.Event, to events.Target, reason error) error {
	job := pos.JobMenu
	if strings.HasPrefix(ev.Type, strings.TrimSuffix(events.TypeCouponPublished, "published.v1")) {
		job = pos.JobCoupons
	}
	for _, u := range e.leads() {
		a := u.account()
		if a.queues[job] == nil || !to.Matches(a.origin) {
			continue
		}
		out := pos.Outcome{Action: pos.Refused, Err: reason}
		if err := a.publish(ctx, events.NewOutcome(a.origin, job, ev.ID, out, true, time.Now())); err != nil {
			return err
		}
	}
	return nil
}

// readCommand checks a command event. Nothing is withdrawn beyond the limit by
// a published menu; a withdrawal says that everything goes.
func readCommand(ev events.Event) (c command, to events.Target, err error) {
	c = command{ID: ev.ID, Time: ev.Time}
	switch ev.Type {
	case events.TypeMenuPublished, events.TypeMenuWithdrawn:
		payload, err := events.Decode[events.MenuCommand](ev)
		if err != nil {
			return c, to, err
		}
		push := payload.MenuPush
		if ev.Type == events.TypeMenuWithdrawn {
			push.Menu, push.Partial, push.MaxWithdraw = pos.Menu{}, false, pos.Percent(100)
		} else if err := push.Menu.Validate(); err != nil {
			return c, payload.Target, err
		}
		if push.ChangeID == "" {
			push.ChangeID = ev.ID
		}
		c.ChangeID, c.Menu = push.ChangeID, &push
		return c, payload.Target, nil
	default:
		payload, err := events.Decode[events.CouponCommand](ev)
		if err != nil {
			return c, to, err
		}
		push := payload.CouponPush
		if ev.Type == events.TypeCouponWithdrawn {
			push.Coupons, push.Partial, push.MaxWithdraw = nil, false, pos.Percent(100)
		} else if err := pos.ValidateCoupons(push.Coupons); err != nil {
			return c, payload.Target, err
		}
		if push.ChangeID == "" {
			push.ChangeID = ev.ID
		}
		c.ChangeID, c.Coupons = push.ChangeID, &push
		return c, payload.Target, nil
	}
}
