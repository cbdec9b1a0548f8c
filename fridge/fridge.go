// Package fridge is the Smart Fridge Integrator: a component that a service
// embeds to speak with smart fridges. It polls and takes webhooks in, publishes
// purchases, status and outcomes as events, hands stock to the inventory
// service and carries out menu and coupon commands.
//
// Beyond what every integrator does it watches what only fridges have:
//
//   - expiry: [events.TypeLotExpiring] and [events.TypeLotExpired], once for
//     each lot;
//   - the cold chain: while a fridge says that its goods are not safe to sell,
//     [events.TypeGoodsUnsafe] and an [events.TypeItemUnavailable] for each item
//     in it, taken back when it says that they are safe. Silence proves nothing
//     and changes nothing;
//   - the door: [events.TypeDoorOpen] when it stands open too long.
//
// What is watched is kept in memory: after a restart, what still holds is told
// again.
//
// The host builds the providers, so that the package links no vendor.
//
// # Replicas
//
// With a stream as Journal the integrator survives any end of its process: it
// goes on where it was, nothing is published twice and nothing is missing. To
// run several replicas give all of them the same accounts and one stream, as
// Journal and as Cluster:
//
//	stream, err := jetstream.Open(ctx, jetstream.Config{URL: "nats://a:4222,nats://b:4222"})
//	i, err := fridge.New(fridge.Config{Accounts: accounts, Journal: stream, Subscriber: stream, Cluster: stream})
//
// Each account then has one owner, which alone polls it and carries out its
// commands. Callbacks may reach any replica. When a replica dies, others poll
// its accounts some seconds later. One that was cut off or paused notices that
// it is no longer the owner, and cannot commit what it had in its hands.
//
// # Completeness
//
// A Journal that is an [events.History], as a jetstream.Stream is, lets the
// integrator prove that nothing is missing. When a business day of a location
// is over, and again when late sales are no longer expected, it compares what it
// published with the vendor's own totals, where the vendor has any, and
// publishes the result: [events.TypeDayCertified], [events.TypeDayMismatch] or
// [events.TypeDayUnverified]. After a mismatch the day is read again from the
// vendor; what was missing is published, once, and the day is compared anew.
// Without such a Journal no day is certified, and log and readiness say so.
package fridge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/internal/integrator"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
)

// Config configures an [Integrator].
type Config struct {
	// Accounts are the accounts to serve; at least one.
	Accounts []Account
	// Journal keeps cursors and publishes events, both or neither. Nil means in
	// memory: then Publisher gets the events, and a restart reads everything
	// since Account.Since again, under the same event ids. One that is an
	// events.Intake too, as a jetstream.Stream is, keeps callbacks before they
	// are answered.
	Journal events.Journal
	// Publisher is required without a Journal and must be nil with one.
	Publisher events.Publisher
	// Subscriber brings menu and coupon commands; nil means that there are none.
	// Replicas share them, and each is carried out by the owner of its account.
	Subscriber events.Subscriber
	// Cluster shares the accounts between replicas that have the same Accounts
	// and the same Journal: each account has one owner, and when a replica dies
	// another one takes its accounts over. A jetstream.Stream is a cluster. Nil
	// means that this process serves all accounts.
	Cluster events.Cluster
	// Inventory takes the stock; nil means that only events tell of it.
	Inventory inventory.Service
	Schedule  Schedule
	// Objectives are limits whose breach, and whose end, is an event.
	Objectives Objectives
	// Drain is how long running work may take after Run's context has ended;
	// default 10 s.
	Drain    time.Duration
	Logger   *slog.Logger // nil logs nothing
	Observer Observer
	// NearExpiryDays is how many days before its last day a lot is told to
	// expire soon; 0 means on its last day.
	NearExpiryDays int
	// DoorOpen is how long a door may stand open; default 5 min.
	DoorOpen time.Duration
}

func (c *Config) check() error {
	var ps pos.Problems
	if c.NearExpiryDays < 0 {
		ps = append(ps, pos.Problem{Field: "NearExpiryDays", Reason: "is negative"})
	}
	if c.DoorOpen < 0 {
		ps = append(ps, pos.Problem{Field: "DoorOpen", Reason: "is negative"})
	}
	if ps != nil {
		return &pos.Error{Op: "fridge.New", Kind: pos.KindInvalid, Err: ps}
	}
	return nil
}

// Account is one vendor account with its provider, its webhook (nil if there
// is none), its own schedule and where its purchases begin:
//
//	Provider     pos.Provider
//	Webhook      pos.Webhook
//	Subscription pos.Subscription // nil: made by hand
//	Schedule     Schedule         // zero fields: as in Config
//	Objectives   Objectives       // zero fields: as in Config
//	Shares       []pos.Provider   // split an account that is too large for one machine
//	Since        time.Time        // zero: as far back as the system goes
//
// Each of the Shares is another provider of the same account: the host builds
// Provider and Shares with an equal share of the account's rate limit. The
// locations are split among them by hash, and each part may have another owner.
type Account = integrator.Account

// Schedule says how often things are read; 0 is the default, negative is off:
//
//	Purchases     time.Duration // 1 min
//	Inventory     time.Duration // 5 min
//	InventoryFull time.Duration // 6 h
//	Status        time.Duration // 1 min, or what the capabilities advise
//	Locations     time.Duration // 15 min
//	Subscription  time.Duration // 10 min
//	Certificates  time.Duration // 2 h after the end of a business day
type Schedule = integrator.Schedule

// Objectives are limits that accounts should keep to; 0 is the default,
// negative is off. [events.TypeObjectiveBreached] tells when one is passed, and
// [events.TypeObjectiveRecovered] when the account keeps to it again:
//
//	Lag       time.Duration // how far behind now purchases are: 15 min, or three intervals of Schedule
//	Callbacks time.Duration // how long a callback waits until it is acted upon: 5 min
//	Push      time.Duration // how long a command is without its last outcome: 1 h
//
// Give accounts more Lag and Push whose system calls you now and then.
type Objectives = integrator.Objectives

// Observer is told of polls, commits, notices, pushes, ownership and lag through nil-able
// functions, for metrics. Begin and TraceParent connect the work and its events
// with the host's traces; without them outcomes still are in the traces of
// their commands.
type Observer = integrator.Observer

// PollInfo is what [Observer].Poll is told: one turn of reading a job.
type PollInfo = integrator.PollInfo

// CommitInfo is what [Observer].Commit is told.
type CommitInfo = integrator.CommitInfo

// NoticeInfo is what [Observer].Notice is told: one notice of a vendor.
type NoticeInfo = integrator.NoticeInfo

// PushInfo is what [Observer].Push is told: one push that was tried.
type PushInfo = integrator.PushInfo

// OwnerInfo is what [Observer].Owner is told: an account that came or went.
type OwnerInfo = integrator.OwnerInfo

// VisibleInfo is what [Observer].Visible is told: how long a sale took to be
// committed, or a command to be applied.
type VisibleInfo = integrator.VisibleInfo

// Span is what [Observer].Begin is told: a piece of work in a trace.
type Span = integrator.Span

// Report is what became of a push at one account: its Origin, the
// pos.PushReport, and Err if nothing could be decided there.
type Report = integrator.Report

// Integrator serves the accounts. Make one with [New]; its methods are safe
// for concurrent use.
type Integrator struct{ engine *integrator.Engine }

// New checks the whole configuration and builds an integrator. The error is a
// [*pos.Error] of kind invalid that holds every problem. Nothing is started
// and no vendor is called.
func New(cfg Config) (*Integrator, error) {
	engine := cfg.engine()
	err := errors.Join(cfg.check(), engine.Validate())
	if err != nil {
		return nil, err
	}
	engine.Rules = newWatch(cfg).rules()
	e, err := integrator.New(engine)
	if err != nil {
		return nil, err
	}
	return &Integrator{e}, nil
}

func (c *Config) engine() integrator.Config {
	return integrator.Config{
		Name:       "fridge",
		Accounts:   c.Accounts,
		Journal:    c.Journal,
		Publisher:  c.Publisher,
		Subscriber: c.Subscriber,
		Cluster:    c.Cluster,
		Inventory:  c.Inventory,
		Schedule:   c.Schedule,
		Objectives: c.Objectives,
		Drain:      c.Drain,
		Logger:     c.Logger,
		Observer:   c.Observer,
	}
}

// Run works until ctx ends, drains and returns nil. An integrator runs once.
func (i *Integrator) Run(ctx context.Context) error { return i.engine.Run(ctx) }

// Handler serves POST /webhooks/{vendor}/{account} and /webhooks/{vendor} for
// callbacks, GET /healthz and GET /readyz. Callbacks are answered with 200
// when they are verified and kept, 401 when they are not genuine.
func (i *Integrator) Handler() http.Handler { return i.engine.Handler() }

// PushMenu pushes a menu to the accounts that the target matches and returns
// their reports in the order of Config.Accounts; the error joins theirs. A
// dry run returns the plan. Locations go to the account that has them; one
// that none or several have is an error before anything is sent. It works
// whether or not the integrator runs, or owns the accounts. Services that do not hold the integrator
// send [events.TypeMenuPublished] instead.
func (i *Integrator) PushMenu(ctx context.Context, to events.Target, push pos.MenuPush) ([]Report, error) {
	return i.engine.PushMenu(ctx, to, push)
}

// PushCoupons pushes coupons on the terms of PushMenu.
func (i *Integrator) PushCoupons(ctx context.Context, to events.Target, push pos.CouponPush) ([]Report, error) {
	return i.engine.PushCoupons(ctx, to, push)
}

// Publish sends events of the host the way the integrator sends its own, for
// example [events.NewAlarm] for a deprecated operation that a vendor's client
// observed. The integrator must be running.
func (i *Integrator) Publish(ctx context.Context, evs ...events.Event) error {
	return i.engine.Publish(ctx, evs...)
}
