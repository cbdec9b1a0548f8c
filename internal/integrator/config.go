package integrator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
)

// Account is one vendor account that an integrator serves.
type Account struct {
	// Provider does the work. Required; vendor and account of its description
	// are unique among the accounts of an integrator.
	Provider pos.Provider
	// Webhook understands the vendor's callbacks; nil if there are none.
	Webhook pos.Webhook
	// Subscription keeps the callbacks coming; nil if it is made by hand.
	Subscription pos.Subscription
	// Schedule overrides the integrator's; zero fields do not.
	Schedule Schedule
	// Objectives override the integrator's; zero fields do not.
	Objectives Objectives
	// Shares split an account that is too large for one machine, by hash of
	// location, among 1 + len(Shares) replicas. Each is another provider of
	// the same account. The host builds Provider and each of the Shares with
	// an equal share of the account's rate, since replicas do not know what
	// the others call. Their number may change with a restart of all replicas.
	// Purchases split by groups of locations, so those of a system where one
	// query covers the account do not.
	Shares []pos.Provider
	// Since is where purchases begin for locations that are new here, by the
	// time of recording. Zero means as far back as the system goes.
	Since time.Time
}

// Schedule says how often things are read. A negative interval switches the
// reading off. Every wait varies by 10 % so that accounts do not fall in step.
type Schedule struct {
	Purchases time.Duration // default 1 min
	Inventory time.Duration // what changed; default 5 min
	// InventoryFull is how often all stock is read and handed over; default 6 h.
	InventoryFull time.Duration
	Status        time.Duration // default 1 min, or what the capabilities advise if that is longer
	Locations     time.Duration // default 15 min
	// Subscription is how often it is checked that callbacks still come;
	// default 10 min.
	Subscription time.Duration
	// Certificates is how long after the end of a business day it is certified
	// that all of its sales were published, for the first time; default 2 h.
	// The second and last time is a day later, or when the vendor's late sales
	// are no longer expected. It needs a Journal that is an [events.History].
	Certificates time.Duration
}

// or fills zero fields from another schedule.
func (s Schedule) or(o Schedule) Schedule {
	fill := func(d *time.Duration, other time.Duration) {
		if *d == 0 {
			*d = other
		}
	}
	fill(&s.Purchases, o.Purchases)
	fill(&s.Inventory, o.Inventory)
	fill(&s.InventoryFull, o.InventoryFull)
	fill(&s.Status, o.Status)
	fill(&s.Locations, o.Locations)
	fill(&s.Subscription, o.Subscription)
	fill(&s.Certificates, o.Certificates)
	return s
}

func defaults(c pos.Capabilities) Schedule {
	return Schedule{
		Purchases:     time.Minute,
		Inventory:     5 * time.Minute,
		InventoryFull: 6 * time.Hour,
		Status:        max(time.Minute, c.Status.Interval),
		Locations:     15 * time.Minute,
		Subscription:  10 * time.Minute,
		Certificates:  2 * time.Hour,
	}
}

// Config configures an [Engine].
type Config struct {
	// Name tells integrators apart, such as "fridge"; it names subscriptions.
	Name     string
	Accounts []Account
	// Journal keeps cursors and publishes events. If it is nil, Publisher must
	// be set, and a [events.MemoryJournal] is made that relays to it. One that
	// is an [events.Intake] too keeps callbacks, which are otherwise kept in
	// memory.
	Journal   events.Journal
	Publisher events.Publisher
	// Subscriber brings commands; nil means that there are none.
	Subscriber events.Subscriber
	// Inventory takes the stock; nil means that only events tell of it.
	Inventory inventory.Service
	Schedule  Schedule
	// Objectives are limits whose breach is an event.
	Objectives Objectives
	// Cluster shares the accounts between the replicas of this integrator. All
	// of them have the same accounts and the same Journal. Nil means that this
	// process does everything.
	Cluster events.Cluster
	// Rules add events of their own; they are committed with the others.
	Rules Rules
	// Drain is how long running work may take after Run's context has ended;
	// default 10 s.
	Drain    time.Duration
	Logger   *slog.Logger // nil logs nothing
	Observer Observer
}

// Rules are what a kind of integrator knows beyond the engine. Nil functions
// are not called. Calls for one account come one at a time; the events go out
// in the order of the calls.
type Rules struct {
	// Begin is called before work for an account begins here: what is known of
	// it is out of date.
	Begin func(o events.Origin)
	// Purchase sees every version that is delivered.
	Purchase func(o events.Origin, p *pos.Purchase, now time.Time) []events.Event
	// Status sees every observation, changed or not, as it may be believed.
	Status func(o events.Origin, s *pos.Status, now time.Time) []events.Event
	// Stock sees what was read of a location: all lines if full, else what changed.
	Stock func(o events.Origin, location pos.Location, stock []pos.Stock, full bool, now time.Time) []events.Event
	// Tick is called once a minute.
	Tick func(o events.Origin, locations []pos.Location, now time.Time) []events.Event
}

// Observer is told what happens, for logs, metrics and traces. Nil functions
// are not called. They must be safe for concurrent use and return soon.
type Observer struct {
	Poll   func(PollInfo)
	Commit func(CommitInfo)
	Notice func(NoticeInfo)
	Push   func(PushInfo)
	// Owner hears when this process begins and ends to work for an account.
	Owner func(OwnerInfo)
	// Lag is how far behind now the purchases of a group of locations are.
	Lag func(o events.Origin, group int, lag time.Duration)
	// Visible hears how long something took to be seen on the other side.
	Visible func(VisibleInfo)
	// Begin begins a span in the host's traces. What it returns is the context
	// of the work, and is called with the error when the work is over.
	Begin func(ctx context.Context, s Span) (context.Context, func(error))
	// TraceParent returns the W3C traceparent of a context, for the events that
	// come of the work; "" keeps that of the event that asked for it.
	TraceParent func(ctx context.Context) string
}

// PollInfo is one turn of reading a job.
type PollInfo struct {
	events.Origin
	Job pos.Job
	// Late is how long after its time it began; 0 if somebody asked for it.
	Late     time.Duration
	Duration time.Duration
	Rows     int
	Err      error
}

// CommitInfo is one commit.
type CommitInfo struct {
	events.Origin
	Events   int
	Duration time.Duration
	Err      error
}

// NoticeInfo is one notice of a vendor. Fresh is false for repeats.
type NoticeInfo struct {
	events.Origin
	Notice pos.Notice
	Fresh  bool
}

// OwnerInfo is the begin or the end of work for a part of an account.
type OwnerInfo struct {
	events.Origin
	Part  int // 0 unless the account has Shares
	Owned bool
}

// PushInfo is one push that was tried.
type PushInfo struct {
	events.Origin
	Job      pos.Job
	Duration time.Duration
	Report   pos.PushReport
	Err      error
}

// VisibleInfo is how long something took to be seen on the other side. For
// [pos.JobPurchases] it is a version of a purchase, from when the vendor
// recorded it to its commit; what is older than the following of its location
// is not told of. For pushes it is a command of which something was applied,
// from the time of its event to the commit of its last outcome.
type VisibleInfo struct {
	events.Origin
	Job  pos.Job
	Took time.Duration // never negative, also where clocks differ
}

// Validate reports every problem of the configuration at once, as a
// [*pos.Error] of kind invalid.
func (c *Config) Validate() error {
	var ps pos.Problems
	add := func(item, field, format string, args ...any) {
		ps = append(ps, pos.Problem{Item: item, Field: field, Reason: fmt.Sprintf(format, args...)})
	}
	if len(c.Accounts) == 0 {
		add("", "Accounts", "is empty")
	}
	seen := make(map[events.Origin]bool)
	for i := range c.Accounts {
		field := fmt.Sprintf("Accounts[%d]", i)
		if c.Accounts[i].Provider == nil {
			add("", field+".Provider", "is missing")
			continue
		}
		d := c.Accounts[i].Provider.Describe()
		o := events.Origin{Vendor: d.Vendor, Account: d.Account}
		switch {
		case d.Vendor == "" || d.Account == "":
			add(o.String(), field+".Provider", "its description names no vendor or no account")
		case seen[o]:
			add(o.String(), field, "the account is there twice")
		}
		seen[o] = true
		if n := 1 + len(c.Accounts[i].Shares); n > stateShards {
			add(o.String(), field+".Shares", "make %d parts, at most %d are possible", n, stateShards)
		}
		for k, p := range c.Accounts[i].Shares {
			if p == nil {
				add(o.String(), fmt.Sprintf("%s.Shares[%d]", field, k), "is missing")
			} else if other := p.Describe(); other.Vendor != d.Vendor || other.Account != d.Account {
				add(o.String(), fmt.Sprintf("%s.Shares[%d]", field, k), "serves %s %s", other.Vendor, other.Account)
			}
		}
	}
	switch {
	case c.Journal == nil && c.Publisher == nil:
		add("", "Publisher", "is missing, and there is no Journal")
	case c.Journal != nil && c.Publisher != nil:
		add("", "Publisher", "would be bypassed: the Journal publishes")
	}
	if c.Cluster != nil && c.Journal == nil {
		add("", "Journal", "is missing: replicas must share one")
	}
	if c.Drain < 0 {
		add("", "Drain", "is negative")
	}
	if ps != nil {
		return &pos.Error{Op: c.Name + ".New", Kind: pos.KindInvalid, Err: ps}
	}
	return nil
}

// commit writes to the journal and tells the observer.
func (a *account) commit(ctx context.Context, changes ...events.Change) ([]pos.Revision, error) {
	start, n := time.Now(), 0
	ctx, end := a.begin(ctx, "commit", "")
	changes = slices.Clone(changes)
	for i := range changes {
		n += len(changes[i].Events)
		changes[i].Events = a.engine.inTrace(ctx, changes[i].Events)
	}
	revisions, err := a.engine.journal.Commit(ctx, changes...)
	end(err)
	if f := a.engine.cfg.Observer.Commit; f != nil {
		f(CommitInfo{a.origin, n, time.Since(start), err})
	}
	return revisions, err
}

// publish commits events without a cursor. It tries until it succeeds, the
// events are refused or ctx ends.
func (a *account) publish(ctx context.Context, evs ...events.Event) error {
	for len(evs) > 0 {
		n := min(len(evs), events.MaxCommitEvents)
		err := backoff.Retry(func() error {
			_, err := a.commit(ctx, events.Change{Events: evs[:n]})
			if errors.Is(err, pos.ErrInvalid) || errors.Is(err, events.ErrClosed) {
				return backoff.Permanent(err)
			}
			return err
		}, backoff.WithContext(newBackoff(), ctx))
		if err != nil {
			return err
		}
		evs = evs[n:]
	}
	return nil
}
