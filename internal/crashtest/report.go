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
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// reader collects purchases from the stream, each message once.
type reader struct {
	mu        sync.Mutex
	seen      map[string]bool // "sequence.index"
	purchases map[events.Origin][]pos.Purchase
	count     int
	end       chan struct{} // closed when the last event has come
}

func newReader() *reader {
	return &reader{seen: make(map[string]bool), purchases: make(map[events.Origin][]pos.Purchase), end: make(chan struct{})}
}

const typeEnd = "com.farmacyfoods.crashtest.end.v1"

func (r *reader) take(ctx context.Context, e events.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	d, _ := jetstream.FromContext(ctx)
	at := fmt.Sprint(d.Sequence, ".", d.Index)
	if r.seen[at] {
		return nil
	}
	r.seen[at] = true
	switch e.Type {
	case typeEnd:
		close(r.end)
	case events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided:
		p, err := events.Decode[events.Purchase](e)
		if err != nil {
			return errors.Join(events.ErrReject, err)
		}
		r.purchases[p.Origin] = append(r.purchases[p.Origin], p.Purchase)
		r.count++
	}
	return nil
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

// read reads the stream from its beginning.
func (c *control) read(ctx context.Context, r *reader) (*jetstream.Stream, error) {
	stream, err := connect(ctx, "nats://"+c.listen, slog.New(slog.NewTextHandler(c.log, nil)))
	if err != nil {
		return nil, err
	}
	sub, err := stream.Subscriber(jetstream.Delivery{Start: jetstream.Start{Sequence: 1}, Unordered: 500})
	if err == nil {
		_, err = sub.Subscribe(ctx, events.Filter{}, r.take)
	}
	if err != nil {
		return nil, errors.Join(err, stream.Close())
	}
	return stream, nil
}

// settle waits until everything arrived, or for some time, and lets the
// workers drain.
func (c *control) settle(ctx context.Context) error {
	for _, s := range c.shops {
		s.fake.Advance(90 * time.Second) // past the delays of the systems
	}
	r := newReader()
	stream, err := c.read(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		diff, _ := r.compare(c.shops)
		if len(diff.Lost)+len(diff.Wrong) == 0 && c.menus.hold(c.shops) == len(c.shops) {
			break
		}
	}
	for _, p := range c.workers {
		if err := p.stop(20 * time.Second); err != nil {
			return err
		}
	}
	return nil
}

// report reads the whole stream once more and compares.
func (c *control) report(ctx context.Context) (*result, error) {
	r := newReader()
	stream, err := c.read(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	last := events.Event{ID: "end", Source: "/crashtest", Type: typeEnd, Time: time.Now()}
	if err := stream.Publish(ctx, last); err != nil {
		return nil, err
	}
	select {
	case <-r.end:
	case <-time.After(60 * time.Second):
		return nil, errors.New("the stream could not be read to its end")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	res := &result{control: c, delivered: r.count, menus: c.menus.hold(c.shops)}
	res.diff, res.broken = r.compare(c.shops)
	return res, nil
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
