package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/relay"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// reader collects purchases from the stream, each message once.
type reader struct {
	mu        sync.Mutex
	last      relay.Position
	purchases map[events.Origin][]pos.Purchase
	entries   int
	count     int           // of purchases
	end       chan struct{} // closed when the last event has come
}

func newReader() *reader {
	return &reader{purchases: make(map[events.Origin][]pos.Purchase), end: make(chan struct{})}
}

const typeEnd = "com.farmacyfoods.crashtest.end.v1"

// follow reads the stream from its beginning until ctx ends.
func (r *reader) follow(ctx context.Context, source relay.Source) error {
	for batch, err := range source.Follow(ctx, relay.Position{}, 500) {
		if err != nil {
			return err
		}
		for i := range batch {
			if err := r.take(batch[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) take(entry relay.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if entry.Compare(r.last) <= 0 {
		return nil
	}
	r.last = entry.Position
	r.entries++
	switch entry.Event.Type {
	case typeEnd:
		close(r.end)
	case events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided:
		p, err := events.Decode[events.Purchase](entry.Event)
		if err != nil {
			return err
		}
		r.purchases[p.Origin] = append(r.purchases[p.Origin], p.Purchase)
		r.count++
	}
	return nil
}

// progress grows as long as something comes.
func (r *reader) progress() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entries
}

// compare compares the stream with the ledgers.
func (r *reader) compare(shops []*shop) (all posfake.Reconciliation, broken []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range shops {
		one := posfake.Reconcile(s.fake.Ledger(), r.purchases[s.origin])
		all.Records += one.Records
		all.Lost = append(all.Lost, one.Lost...)
		all.Doubled = append(all.Doubled, one.Doubled...)
		all.Wrong = append(all.Wrong, one.Wrong...)
		if !one.OK() {
			broken = append(broken, s.origin.String()+": "+one.String())
		}
	}
	return all, broken
}

// patience is how long the stream may stand still before it counts as ended.
// A slow machine is slow, but it moves; a session of the Web Connector that
// was cut off keeps others out for a minute.
const patience = 2 * time.Minute

// until waits for done as long as the reader makes progress.
func (r *reader) until(ctx context.Context, done func() bool) error {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	seen, since := r.progress(), time.Now()
	for !done() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if n := r.progress(); n != seen {
			seen, since = n, time.Now()
		}
		if time.Since(since) > patience {
			return errStill
		}
	}
	return nil
}

var errStill = errors.New("the stream stands still")

func (r *reader) ended() bool {
	select {
	case <-r.end:
		return true
	default:
		return false
	}
}

// finish waits until everything arrived, lets the workers drain, reads the
// stream to its end and compares.
func (c *control) finish(ctx context.Context) (*result, error) {
	for _, s := range c.shops {
		s.fake.Advance(90 * time.Second) // past the delays of the systems
	}
	stream, err := connect(ctx, "nats://"+c.listen, slog.New(slog.NewTextHandler(c.log, nil)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := newReader()
	go func() { cancel(r.follow(ctx, stream.Source(events.Filter{}))) }()

	err = r.until(ctx, func() bool { return c.complete(r) })
	if err != nil && !errors.Is(err, errStill) { // What is missing then is for the report to tell.
		return nil, context.Cause(ctx)
	}
	for _, p := range c.workers {
		if err := p.stop(time.Minute); err != nil {
			return nil, err
		}
	}
	last := events.Event{ID: "end", Source: "/crashtest", Type: typeEnd, Time: time.Now()}
	if err := stream.Publish(ctx, last); err != nil {
		return nil, err
	}
	if err := r.until(ctx, r.ended); err != nil {
		return nil, fmt.Errorf("reading the stream to its end: %w", errors.Join(err, context.Cause(ctx)))
	}
	res := &result{control: c, delivered: r.count, menus: c.menus.hold(c.shops)}
	res.diff, res.broken = r.compare(c.shops)
	return res, nil
}

// complete reports whether nothing is missing any more.
func (c *control) complete(r *reader) bool {
	diff, _ := r.compare(c.shops)
	return len(diff.Lost)+len(diff.Wrong) == 0 && c.menus.hold(c.shops) == len(c.shops)
}

type result struct {
	*control
	took      time.Duration
	delivered int
	menus     int
	diff      posfake.Reconciliation
	broken    []string
}

var errFailed = errors.New("the test failed")

// print writes the figures and the verdict.
func (r *result) print(w io.Writer) error {
	t := &r.takeovers
	t.mu.Lock()
	defer t.mu.Unlock()
	p99 := quantile(t.samples, 0.99)
	limit := r.o.ttl + time.Second
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("crashed    seed %d, %d workers, %d accounts, %d kills, %d pauses, %d server kills, %d outages in %s",
		r.o.seed, r.o.workers, len(r.shops), r.did.kills, r.did.pauses, r.did.servers, r.did.outages, r.took.Round(time.Second))
	line("traded     %d sales, %d refunds, %d edits, %d voids; %d records", r.tally.sales.Load(), r.tally.refunds.Load(), r.tally.edits.Load(), r.tally.voids.Load(), r.diff.Records)
	line("takeover   median %s, p99 %s, limit %s (heartbeat TTL %s + 1s), of %d; %d more were disturbed by the next failure",
		ms(quantile(t.samples, 0.5)), ms(p99), limit, r.o.ttl, len(t.samples), t.spoiled)
	line("fenced     %d stale commits were refused", t.stale)
	line("%s", r.pauses)
	line("menus      the last of them holds at %d of %d accounts", r.menus, len(r.shops))
	for _, s := range r.broken {
		line("broken     %s", s)
	}
	ok := r.diff.OK() && r.menus == len(r.shops) && (p99 <= limit || !r.o.late)
	verdict := "OK"
	if !ok {
		verdict = "FAILED"
	}
	line("%s: %d versions delivered, lost %d, doubled %d, wrong %d", verdict, r.delivered, len(r.diff.Lost), len(r.diff.Doubled), len(r.diff.Wrong))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	if !ok {
		return errFailed
	}
	return nil
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
