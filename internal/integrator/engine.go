package integrator

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Engine runs the accounts of one integrator.
type Engine struct {
	cfg    Config
	log    *slog.Logger
	member string // our name in the cluster
	units  []*unit
	intake events.Intake

	memory  *events.MemoryJournal // nil if the host brought a journal
	journal events.Journal

	mu      sync.Mutex
	started bool
	running bool
	placed  bool // it was known once who owns what
	seen    bool // it is known now
	// uncertified is why no business days are certified, "" if they are.
	uncertified string
}

// ErrStarted is returned by the second Run of an integrator.
var ErrStarted = errors.New("integrator: Run was called before")

// New checks the configuration and builds an engine. It starts nothing.
func New(cfg Config) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Drain == 0 {
		cfg.Drain = 10 * time.Second
	}
	e := &Engine{cfg: cfg, log: cfg.Logger, member: memberName(), journal: cfg.Journal}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	var stored bool
	if e.intake, stored = cfg.Journal.(events.Intake); !stored {
		e.intake = newMemoryIntake()
	}
	for i := range cfg.Accounts {
		e.units = append(e.units, units(e, cfg.Accounts[i])...)
	}
	return e, nil
}

// Run works until ctx ends, then drains: nothing new is begun, running work
// may finish within Config.Drain and is cancelled after it, and what was
// committed is published. It returns nil then. It runs once.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	if e.started {
		e.mu.Unlock()
		return ErrStarted
	}
	e.started = true
	if e.journal == nil {
		e.memory = events.NewMemoryJournal(e.cfg.Publisher) //nolint:contextcheck // it outlives the call
		e.journal = e.memory
	}
	e.running = true
	e.mu.Unlock()

	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	err := e.run(ctx, work, cancel)
	e.mu.Lock()
	e.running = false
	e.mu.Unlock()
	return errors.Join(err, e.close()) //nolint:contextcheck // closing has its own time
}

// run starts everything, waits for ctx and drains. Loops end with ctx; the
// calls they make live as long as work.
func (e *Engine) run(ctx, work context.Context, cancel func()) error {
	ctx, halt := context.WithCancel(ctx)
	defer halt()
	var group sync.WaitGroup
	for _, u := range e.units {
		group.Go(func() { u.run(ctx, work) })
	}
	group.Go(func() { e.announce(ctx) })
	member, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	joined := make(chan struct{})
	go func() { defer close(joined); e.join(member) }()
	err := e.subscribe(ctx, work)
	if err == nil {
		<-ctx.Done()
	} else if ctx.Err() != nil {
		e.log.Info("ended before commands were taken", "error", err)
		err = nil // That was asked for.
	}
	halt()
	drained := make(chan struct{})
	go func() { group.Wait(); close(drained) }()
	timer := time.NewTimer(e.cfg.Drain)
	defer timer.Stop()
	select {
	case <-drained:
	case <-timer.C:
		e.log.Warn("drain: cancelling work that still runs", slog.String("integrator", e.cfg.Name))
		cancel()
		<-drained
	}
	leave() // Only now may others begin.
	<-joined
	return err
}

func (e *Engine) close() error {
	if e.memory == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.cfg.Drain)
	defer cancel()
	err := e.memory.Flush(ctx)
	if err != nil {
		err = &pos.Error{Op: e.cfg.Name + ".Run", Kind: pos.KindUnavailable, Err: errors.Join(errors.New("events were not published before the end"), err)}
	}
	return errors.Join(err, e.memory.Close())
}

// ErrNotRunning is returned by what needs a running integrator.
var ErrNotRunning = errors.New("integrator: not running")

func (e *Engine) up() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.running
}

// knows reports whether it is known what is ours.
func (e *Engine) knows() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.running && e.seen
}

// Publish sends events of the host on the integrator's way, such as what a
// vendor client's observer was told about deprecated operations.
func (e *Engine) Publish(ctx context.Context, evs ...events.Event) error {
	if !e.up() {
		return ErrNotRunning
	}
	_, err := e.journal.Commit(ctx, events.Change{Events: e.inTrace(ctx, evs)})
	return err
}

// leads returns the units that lead an account, one for each account.
func (e *Engine) leads() []*unit {
	var leads []*unit
	for _, u := range e.units {
		if u.lead() {
			leads = append(leads, u)
		}
	}
	return leads
}

// parts returns the units of an account.
func (e *Engine) parts(o events.Origin) []*unit {
	var parts []*unit
	for _, u := range e.units {
		if u.origin == o {
			parts = append(parts, u)
		}
	}
	return parts
}
