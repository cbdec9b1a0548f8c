package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// window is how long the server remembers message ids here. An outage lasts
// longer.
const (
	window = time.Second
	outage = 5 * window / 2
)

// control is the parent of everything.
type control struct {
	o       options
	dir     string
	log     io.Writer
	rnd     *rand.Rand
	listen  string
	shops   []*shop
	closers []func()
	tally   tally
	menus   menus

	mu      sync.Mutex
	server  *process
	workers []*process

	takeovers takeovers
	pauses    *pauses
	did       struct{ kills, pauses, servers, outages int }
}

func open(ctx context.Context, o options, log io.Writer) (_ *control, err error) {
	c := &control{o: o, log: log, rnd: rand.New(rand.NewPCG(o.seed, 2)), pauses: newPauses()}
	c.takeovers.pending = make(map[string]time.Time)
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.dir, err = os.MkdirTemp(o.dir, "crashtest-"); err != nil {
		return nil, err
	}
	hooks, stop, err := balance(ctx, c.reachable)
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, stop)
	c.shops, err = openShops(o, hooks)
	for _, s := range c.shops {
		c.closers = append(c.closers, s.fake.Close)
	}
	if err != nil {
		return nil, err
	}
	if c.listen, err = freePort(ctx); err != nil {
		return nil, err
	}
	if err := c.startServer(ctx); err != nil {
		return nil, err
	}
	c.workers = make([]*process, o.workers)
	for i := range c.workers {
		if err := c.startWorker(i); err != nil {
			return nil, err
		}
	}
	return c, c.ready(ctx)
}

// freePort finds an address that the server can come back to.
func freePort(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// close ends every process that was started, and removes what they wrote.
func (c *control) close() {
	c.mu.Lock()
	all := append([]*process{c.server}, c.workers...)
	c.mu.Unlock()
	for _, p := range all {
		if p != nil {
			p.kill()
		}
	}
	for _, f := range c.closers {
		f()
	}
	_ = os.RemoveAll(c.dir) //nolint:gosec // a directory of our own making
}

func (c *control) startServer(ctx context.Context) error {
	p, err := spawn(roleServer, serverConfig{filepath.Join(c.dir, "stream"), c.listen, window}, c.log, func(*process, message) {})
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.server = p
	c.mu.Unlock()
	return p.await(ctx)
}

func (c *control) startWorker(i int) error {
	cfg := workerConfig{URL: "nats://" + c.listen, TTL: c.o.ttl}
	for _, s := range c.shops {
		cfg.Accounts = append(cfg.Accounts, s.cfg)
	}
	p, err := spawn(roleWorker, cfg, c.log, func(p *process, m message) {
		c.takeovers.heard(p, m)
		c.pauses.heard(p, m)
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.workers[i] = p
	return nil
}

// await waits until a child is ready.
func (p *process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	select {
	case <-p.ready:
		return nil
	case <-p.done:
		return errors.New("a process ended too early; -v shows why")
	case <-ctx.Done():
		return fmt.Errorf("a process is not ready: %w", ctx.Err())
	}
}

func (c *control) ready(ctx context.Context) error {
	for _, p := range c.workers {
		if err := p.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reachable returns the addresses of the workers that can take callbacks.
func (c *control) reachable() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, p := range c.workers {
		if p == nil {
			continue
		}
		if addr := p.reachable(); addr != "" {
			list = append(list, addr)
		}
	}
	return list
}

// chaos lets the shops trade while processes die.
func (c *control) chaos(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	var traded, published error
	running.Go(func() { traded = trade(ctx, c.shops, c.o.seed, &c.tally) })
	running.Go(func() { published = c.menus.publish(ctx, "nats://"+c.listen) })
	err := c.havoc(ctx)
	cancel()
	running.Wait()
	return errors.Join(err, traded, published)
}

// havoc kills workers; after every tenth, or in a short run after every third,
// something else breaks.
func (c *control) havoc(ctx context.Context) error {
	every := min(10, max(1, c.o.kills/4))
	end := time.Now().Add(c.o.limit)
	others := []func(context.Context) error{c.pause, c.killServer, c.outage}
	for n := range c.o.kills {
		if time.Now().After(end) {
			break
		}
		if err := c.wait(ctx, c.o.ttl/2, 2*c.o.ttl); err != nil {
			return err
		}
		if err := c.killWorker(ctx); err != nil {
			return err
		}
		if n%every != every-1 {
			continue
		}
		if err := c.wait(ctx, 0, c.o.ttl); err != nil {
			return err
		}
		if err := others[n/every%len(others)](ctx); err != nil {
			return err
		}
	}
	if err := c.wait(ctx, c.o.ttl, 2*c.o.ttl); err != nil {
		return err
	}
	return c.pauses.verdict()
}

// wait passes a random time.
func (c *control) wait(ctx context.Context, least, most time.Duration) error {
	timer := time.NewTimer(least + rand.N(most-least))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// killWorker kills a worker and starts another one somewhat later.
func (c *control) killWorker(ctx context.Context) error {
	i := c.rnd.IntN(len(c.workers))
	p := c.workers[i]
	c.takeovers.died(p.accounts(), time.Now())
	p.kill()
	c.did.kills++
	if err := c.wait(ctx, 0, c.o.ttl); err != nil {
		return err
	}
	return c.startWorker(i)
}

func (c *control) killServer(ctx context.Context) error {
	c.takeovers.disturbed()
	c.server.kill()
	c.did.servers++
	if err := c.wait(ctx, 0, c.o.ttl); err != nil {
		return err
	}
	return c.startServer(ctx)
}

// outage kills everything and leaves it down for longer than the server
// remembers message ids, while the shops go on.
func (c *control) outage(ctx context.Context) error {
	c.takeovers.disturbed()
	c.server.kill()
	for _, p := range c.workers {
		p.kill()
	}
	c.did.outages++
	if err := c.wait(ctx, outage, outage+window); err != nil {
		return err
	}
	if err := c.startServer(ctx); err != nil {
		return err
	}
	for i := range c.workers {
		if err := c.startWorker(i); err != nil {
			return err
		}
	}
	c.takeovers.disturbed()
	return nil
}
