package faultmatrix

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// trouble is a column of the table.
type trouble struct {
	name string
	// begin starts it; nil: no trouble at all.
	begin mischief
	hooks bool // concerns callbacks
	first bool // begins before the first sale
	long  bool // outlasts the overlap of most windows
}

// mischief starts some trouble at a rig. Trouble that did not reach the
// provider proves nothing: once it is over, felt tells whether it did.
type mischief func(t *testing.T, r *rig) (end func(), felt func() bool)

var troubles = []trouble{
	{name: "none"},
	{name: "latency 5 s", begin: inject(posfake.Fault{Kind: posfake.FaultLatency, Latency: 5 * time.Second, Times: -1})},
	{name: "reset mid-body", begin: inject(posfake.Fault{Kind: posfake.FaultTruncate, Bytes: 200, Times: 6})},
	{name: "reply lost", begin: inject(posfake.Fault{Kind: posfake.FaultLostReply, Times: 6})},
	{name: "429 storm", begin: inject(posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusTooManyRequests, RetryAfter: "7", Times: -1}), long: true},
	{name: "500 storm", begin: inject(posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusInternalServerError, Times: -1}), long: true},
	{name: "401 expired token", begin: inject(posfake.Fault{Kind: posfake.FaultToken})},
	{name: "garbage", begin: inject(posfake.Fault{Kind: posfake.FaultMalformed, Times: 6})},
	{name: "duplicate pages", begin: inject(posfake.Fault{Kind: posfake.FaultDuplicate, Times: -1})},
	{name: "webhooks lost", begin: silence, hooks: true},
	{name: "webhooks x 20", begin: repeat(20), hooks: true},
	{name: "clock 10 min ahead", begin: ahead(10 * time.Minute)},
	{name: "clock 10 min behind", begin: behind(10 * time.Minute), first: true},
}

// inject scripts a fault. It was felt if the fake's log shows it.
func inject(f posfake.Fault) mischief {
	return func(t *testing.T, r *rig) (func(), func() bool) {
		t.Helper()
		return injected(t, r.sim.Inject, r.sim.Requests, f)
	}
}

func injected(t *testing.T, do func(posfake.Fault) (func(), error), log func() []posfake.Request, f posfake.Fault) (end func(), felt func() bool) {
	t.Helper()
	end, err := do(f)
	must(t, err)
	return end, func() bool {
		return slices.ContainsFunc(log(), func(q posfake.Request) bool {
			return slices.Contains(strings.Split(q.Fault, ","), f.Kind)
		})
	}
}

// silence loses all callbacks.
func silence(t *testing.T, r *rig) (end func(), felt func() bool) {
	t.Helper()
	remove, err := r.sim.Inject(posfake.Fault{Kind: posfake.FaultSilence})
	must(t, err)
	before, during := r.calls.n.Load(), int64(0)
	return func() { during = r.calls.n.Load() - before; remove() }, func() bool { return before > 0 && during == 0 }
}

// repeat sends every callback several times.
func repeat(times int) mischief {
	return func(t *testing.T, r *rig) (func(), func() bool) {
		t.Helper()
		end, err := r.sim.Inject(posfake.Fault{Kind: posfake.FaultRepeat, Times: times})
		must(t, err)
		before, sold := r.calls.n.Load(), len(r.sim.Ledger())
		return end, func() bool {
			return r.calls.n.Load()-before >= int64(times*(len(r.sim.Ledger())-sold))/2 // most changes are told
		}
	}
}

// ahead puts the vendor's clock forward for good.
func ahead(d time.Duration) mischief {
	return func(_ *testing.T, r *rig) (func(), func() bool) {
		r.sim.Advance(d)
		return func() {}, func() bool { return time.Until(r.sim.Now()) >= d }
	}
}

// behind gives the vendor a clock that is late.
func behind(d time.Duration) mischief {
	return func(t *testing.T, r *rig) (func(), func() bool) {
		t.Helper()
		clock, ok := r.sim.(interface{ SetBack(time.Duration) })
		if !ok {
			t.Fatalf("the clock of %T cannot be set back", r.sim)
		}
		clock.SetBack(d)
		return func() {}, func() bool { return time.Since(r.sim.Now()) >= d }
	}
}

// all starts several at once. Each must be felt.
func all(list ...mischief) mischief {
	return func(t *testing.T, r *rig) (func(), func() bool) {
		t.Helper()
		var ends []func()
		var felts []func() bool
		for _, m := range list {
			end, felt := m(t, r)
			ends, felts = append(ends, end), append(felts, felt)
		}
		return func() {
				for _, end := range ends {
					end()
				}
			}, func() bool {
				return !slices.ContainsFunc(felts, func(felt func() bool) bool { return !felt() })
			}
	}
}

// often does something again and again. It was felt if that worked once.
func often(every time.Duration, do func(context.Context) bool) mischief {
	return func(t *testing.T, _ *rig) (func(), func() bool) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		var worked atomic.Bool
		go func() {
			defer close(done)
			for ctx.Err() == nil {
				if do(ctx) {
					worked.Store(true)
				}
				select {
				case <-time.After(every):
				case <-ctx.Done():
				}
			}
		}()
		return func() { cancel(); <-done }, worked.Load
	}
}

// counter is a transport that counts what is accepted.
type counter struct {
	http.RoundTripper
	n atomic.Int64
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(r)
	if err == nil && resp.StatusCode < http.StatusMultipleChoices {
		c.n.Add(1)
	}
	return resp, err
}
