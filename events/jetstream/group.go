package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// grouper joins the commits of many callers into batches. Its memory is
// bounded: a few batches are under way, one is being filled, and other callers
// wait with what they have.
type grouper struct {
	s        *Stream
	in       chan *commit
	slots    chan struct{}
	messages int // of one batch
	window   time.Duration

	quit    chan struct{}
	once    sync.Once
	stopped chan struct{} // the collector has ended
	running sync.WaitGroup
}

// pagesInFlight is how many pages are under way at once.
const pagesInFlight = 64

func newGrouper(s *Stream) *grouper {
	g := &grouper{
		s:        s,
		in:       make(chan *commit),
		slots:    make(chan struct{}, s.cfg.GroupsInFlight),
		messages: s.cfg.GroupMessages,
		window:   s.cfg.GroupWindow,
		quit:     make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	if s.cfg.Pages {
		g.slots, g.messages, g.window = make(chan struct{}, pagesInFlight), 1, 0
	}
	go g.collect()
	return g
}

// do commits c and waits for the outcome.
func (g *grouper) do(ctx context.Context, c *commit) error {
	select {
	case g.in <- c:
	case <-g.quit:
		return events.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		if c.phase.CompareAndSwap(phaseWaiting, phaseGone) {
			return ctx.Err()
		}
		return &pos.Error{Op: opCommit, Kind: pos.KindUnknown, Err: fmt.Errorf("%w: %w", errUnknownOutcome, ctx.Err())}
	}
}

func (g *grouper) closed() bool {
	select {
	case <-g.quit:
		return true
	default:
		return false
	}
}

// close refuses new commits and waits for those under way; after d it gives
// up on them.
func (g *grouper) close(d time.Duration) {
	g.once.Do(func() { close(g.quit) })
	if !within(d, func() { <-g.stopped; g.running.Wait() }) {
		g.s.end()
		g.running.Wait()
	}
}

// group is a batch that is being filled.
type group struct {
	commits  []*commit
	keys     map[string]bool
	messages int
	bytes    int
}

func newGroup(c *commit) *group {
	b := &group{keys: make(map[string]bool)}
	b.add(c)
	return b
}

func (b *group) add(c *commit) {
	b.commits = append(b.commits, c)
	b.messages += len(c.messages)
	b.bytes += c.bytes
	for _, f := range c.fences {
		b.keys[f.key] = true
	}
}

// takes reports whether c fits. A key is in a batch once at most.
func (b *group) takes(c *commit, limit int) bool {
	return b.messages+len(c.messages) <= limit && b.bytes+c.bytes <= maxCommitBytes &&
		!slices.ContainsFunc(c.fences, func(f fence) bool { return b.keys[f.key] })
}

// collect fills one group after the other. A group leaves at once if the last
// one left long ago, else at the end of the window or when it is full: a
// server that stands alone pays some 2 ms for each batch, whatever its size.
func (g *grouper) collect() {
	defer close(g.stopped)
	var next *commit // did not fit into the last group
	var left time.Time
	for {
		if next == nil {
			select {
			case next = <-g.in:
			case <-g.quit:
				return
			}
		}
		b := newGroup(next)
		wait := time.Until(left.Add(g.window))
		if b.messages == 1 {
			wait = 0 // A message needs no batch, and so has no fixed price.
		}
		next = g.fill(b, wait)
		for !g.enter(b, &next) {
		}
		left = time.Now()
		g.running.Go(func() {
			defer func() { <-g.slots }()
			g.send(b.commits)
		})
	}
}

// fill adds commits to the group until it is full or the wait is over, and
// returns one that did not fit.
func (g *grouper) fill(b *group, wait time.Duration) *commit {
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		for b.messages < g.messages {
			select {
			case c := <-g.in:
				if !b.takes(c, g.messages) {
					return c
				}
				b.add(c)
				continue
			case <-timer.C:
			case <-g.quit:
			}
			break
		}
	}
	for b.messages < g.messages { // Those who wait already come along.
		select {
		case c := <-g.in:
			if !b.takes(c, g.messages) {
				return c
			}
			b.add(c)
		default:
			return nil
		}
	}
	return nil
}

// enter waits for a slot, or takes one more commit and returns false.
func (g *grouper) enter(b *group, next **commit) bool {
	in := g.in
	if *next != nil || b.messages >= g.messages {
		in = nil
	}
	select {
	case g.slots <- struct{}{}:
		return true
	case c := <-in:
		if b.takes(c, g.messages) {
			b.add(c)
		} else {
			*next = c
		}
		return false
	}
}

// send settles the commits whose callers still wait.
func (g *grouper) send(cs []*commit) {
	g.settle(slices.DeleteFunc(cs, func(c *commit) bool {
		return !c.phase.CompareAndSwap(phaseWaiting, phaseSent)
	}))
}

// settle writes the commits as one batch. If the server refuses it, each half
// is tried alone, until the commit that is to blame stands alone.
func (g *grouper) settle(cs []*commit) {
	if len(cs) == 0 {
		return
	}
	w := &write{s: g.s, wanted: func() bool { return wanted(cs) }}
	for _, c := range cs {
		w.add(c)
	}
	sequence, err := w.run()
	switch {
	case err == nil:
		first := sequence - uint64(len(w.messages)) + 1
		for _, c := range cs {
			first += uint64(len(c.messages))
			c.last = first - 1
			c.done <- nil
		}
	case len(cs) == 1:
		cs[0].done <- g.alone(cs[0], err)
	case isCode(err, jetstream.JSErrCodeStreamWrongLastSequence) || isCode(err, codeDuplicate) || isCode(err, codeTooLarge):
		g.settle(cs[:len(cs)/2])
		g.settle(cs[len(cs)/2:])
	default:
		for _, c := range cs {
			c.done <- commitError(err)
		}
	}
}

// wanted reports whether any caller still waits.
func wanted(cs []*commit) bool {
	return slices.ContainsFunc(cs, func(c *commit) bool { return c.ctx.Err() == nil })
}

// alone says what a refusal of a single commit means.
func (g *grouper) alone(c *commit, err error) error {
	switch {
	case isCode(err, jetstream.JSErrCodeStreamWrongLastSequence):
		return g.stale(c)
	case isCode(err, codeDuplicate):
		return g.repeat(c)
	}
	return commitError(err)
}

// stale names the keys that have moved on.
func (g *grouper) stale(c *commit) error {
	var keys []string
	for _, f := range c.fences {
		rec, err := g.s.fetch(c.ctx, f.key)
		if err != nil || uint64(rec.Revision) != f.revision {
			keys = append(keys, f.key)
		}
	}
	return conflict(keys)
}

// repeat publishes events one by one, since some are there already: the server
// passes over those and takes the others.
func (g *grouper) repeat(c *commit) error {
	ctx, cancel := context.WithTimeout(g.s.life, time.Duration(1+len(c.messages)/100)*g.s.cfg.Timeout)
	defer cancel()
	var last uint64
	for _, m := range c.messages {
		clearBatch(m)
		ack, err := g.s.js.PublishMsg(ctx, m)
		if err != nil {
			return commitError(err)
		}
		last = max(last, ack.Sequence)
	}
	c.last = last
	return nil
}

// commitError wraps what the server or the connection says.
func commitError(err error) error {
	var own *pos.Error
	var api *jetstream.APIError
	switch {
	case errors.As(err, &own), errors.Is(err, events.ErrClosed):
		return err
	case isCode(err, codeFull), isCode(err, codeAccountFull), isCode(err, codeResources):
		return &pos.Error{Op: opCommit, Kind: pos.KindUnavailable, Err: fmt.Errorf("the stream is full: %w", err)}
	case errors.As(err, &api) && api.Code < 500:
		return &pos.Error{Op: opCommit, Kind: pos.KindInvalid, Err: err}
	}
	return &pos.Error{Op: opCommit, Kind: pos.KindUnavailable, Err: err}
}
