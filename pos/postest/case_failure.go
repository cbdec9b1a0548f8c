package postest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var failureCases = []proof{
	{"failure/missing permission", "R39", nil, missingPermission},
	{"failure/forbidden", "R39", nil, forbidden},
	{"failure/bad request is not repeated", "", nil, badRequest},
	{"failure/rate limit", "R21", nil, rateLimit},
	{"failure/outage", "", nil, outage},
	{"failure/unreadable answers", "R9", nil, unreadable},
	{"failure/cancelled", "R22", nil, cancelled},
	{"failure/cancelled back-off", "R22", nil, cancelledBackOff},
	{"failure/expired token", "R23 R24", nil, expiredToken},
}

// prepared sets the scene that the calls of every job need, and returns those
// that are supported.
func (c *check) prepared() map[pos.Job]func(context.Context) error {
	lines := c.stocked()
	for i := range 8 {
		if c.caps.Purchases.OK() {
			c.sell(posfake.Sale{Location: c.ids()[i%2], Lines: lines[:1]})
		}
		if c.caps.Inventory.OK() && c.caps.Menu.OK() {
			c.setStock(c.ids()[0], c.items(8)[i%4].SKU, int64(i))
		}
	}
	c.settle()
	out := make(map[pos.Job]func(context.Context) error)
	for job, call := range c.calls() {
		if c.caps.Job(job).OK() {
			out[job] = call
		}
	}
	return out
}

// struck is prepared, with a fault on all requests during each call.
func (c *check) struck(f posfake.Fault, see func(job pos.Job, call func(context.Context) error)) {
	for job, call := range c.prepared() {
		end := c.inject(f)
		if end == nil {
			return
		}
		see(job, call)
		end()
		c.wait(time.Hour) // nothing of it is left
		if err := call(c.ctx); err != nil && !errors.Is(err, pos.ErrConflict) {
			c.errorf("%s after the fault is over: %v", job, err)
		}
	}
}

func missingPermission(c *check) {
	c.struck(posfake.Fault{Kind: posfake.FaultScope, Times: -1}, c.seesPermission)
}

func forbidden(c *check) {
	c.struck(posfake.Fault{Kind: posfake.FaultStatus, Status: 403, Times: -1}, c.seesPermission)
}

func (c *check) seesPermission(job pos.Job, call func(context.Context) error) {
	var err error
	sent := c.during(func() { err = call(c.ctx) })
	if len(sent) == 0 {
		return // an account that answers from what it knows
	}
	c.wants(err, pos.ErrPermission, string(job)+" without permission")
	var e *pos.Error
	if errors.As(err, &e) && e.Code == "" && e.Err == nil {
		c.errorf("%s without permission: the error names neither permission nor code: %v", job, err)
	}
}

// repeats counts requests that were sent more than once.
func repeats(sent []posfake.Request) (op string, times int) {
	seen := make(map[string]int)
	for _, r := range sent {
		key := fmt.Sprint(r.Op, r.Method, r.Path, r.Query, r.Bytes)
		if seen[key]++; seen[key] > times {
			op, times = r.Op, seen[key]
		}
	}
	return op, times
}

func badRequest(c *check) {
	c.struck(posfake.Fault{Kind: posfake.FaultStatus, Status: 400, Times: -1}, func(job pos.Job, call func(context.Context) error) {
		var err error
		sent := c.during(func() { err = call(c.ctx) })
		if len(sent) == 0 {
			return
		}
		if err == nil {
			c.errorf("%s: every request was answered 400, and it succeeded", job)
		}
		if op, n := repeats(sent); n > 1 {
			c.errorf("%s: %s was answered 400 and sent %d times", job, op, n)
		}
		if pos.IsRetryable(err) {
			c.errorf("%s: an error 400 counts as worth repeating: %v", job, err)
		}
	})
}

// rateLimit lets the system ask for 7 seconds, twice: the provider waits, or
// hands the wish on.
func rateLimit(c *check) {
	const wish = 7 * time.Second
	c.struck(posfake.Fault{Kind: posfake.FaultStatus, Status: 429, RetryAfter: "7", Times: 2}, func(job pos.Job, call func(context.Context) error) {
		var err error
		sent := c.during(func() { err = call(c.ctx) })
		if len(sent) == 0 {
			return
		}
		if err != nil {
			c.wants(err, pos.ErrRateLimited, string(job)+" over the limit")
			if got := pos.RetryAfter(err); got <= 0 || got > wish {
				c.errorf("%s over the limit: the error says to wait %v, the system said %v", job, got, wish)
			}
		}
		for i, r := range sent[1:] {
			if sent[i].Status == 429 && r.Op == sent[i].Op && r.At.Sub(sent[i].At) < wish {
				c.errorf("%s: %s was sent again after %v, the system asked for %v", job, r.Op, r.At.Sub(sent[i].At), wish)
			}
		}
		c.wait(time.Minute)
		_ = call(c.ctx) // uses up what is left of the fault
	})
}

func outage(c *check) {
	c.struck(posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Times: -1}, func(job pos.Job, call func(context.Context) error) {
		var err error
		sent := c.during(func() { err = call(c.ctx) })
		if len(sent) == 0 {
			return
		}
		c.wants(err, pos.ErrUnavailable, string(job)+" during an outage")
		if !pos.IsRetryable(err) {
			c.errorf("%s during an outage: the error does not count as worth repeating: %v", job, err)
		}
		if len(sent) > 40 {
			c.errorf("%s during an outage: %d requests", job, len(sent))
		}
	})
}

// unreadable answers must be errors, not short or empty pages.
func unreadable(c *check) {
	for _, f := range []posfake.Fault{
		{Kind: posfake.FaultMalformed, Times: -1},
		{Kind: posfake.FaultTruncate, Bytes: 1, Times: -1},
		{Kind: posfake.FaultTruncate, Bytes: 60, Times: -1},
	} {
		c.struck(f, func(job pos.Job, call func(context.Context) error) {
			var err error
			sent := c.during(func() { err = call(c.ctx) })
			sent = slices.DeleteFunc(sent, func(r posfake.Request) bool { return r.Method == http.MethodHead && f.Kind == posfake.FaultTruncate }) // nothing to cut off
			if len(sent) > 0 && err == nil {
				c.errorf("%s: the answer was unreadable (%s), and it succeeded", job, f.Kind)
			}
		})
	}
}

// promptly is how long a cancelled call may take in virtual time.
const promptly = 10 * time.Millisecond

func cancelled(c *check) {
	for job, call := range c.prepared() {
		ctx, cancel := context.WithCancel(c.ctx)
		cancel()
		c.silent(string(job)+" with an ended context", func() {
			if err := call(ctx); !errors.Is(err, context.Canceled) {
				c.errorf("%s with an ended context: %v", job, err)
			}
		})
	}
	c.struck(posfake.Fault{Kind: posfake.FaultLatency, Latency: 30 * time.Minute, Times: -1}, c.endsPromptly)
}

func cancelledBackOff(c *check) {
	c.struck(posfake.Fault{Kind: posfake.FaultStatus, Status: 429, RetryAfter: "3600", Times: -1}, c.endsPromptly)
}

// endsPromptly cancels a call that waits.
func (c *check) endsPromptly(job pos.Job, call func(context.Context) error) {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	const cut = 3 * time.Second
	timer := time.AfterFunc(cut, cancel)
	defer timer.Stop()
	start := time.Now()
	var err error
	sent := c.during(func() { err = call(ctx) })
	took := time.Since(start)
	switch {
	case took > cut+promptly:
		c.errorf("%s: cancelled after %v, it returned after %v", job, cut, took)
	case took >= cut && !errors.Is(err, context.Canceled):
		c.errorf("%s: cancelled, it returned %v", job, err)
	case err == nil && len(sent) > 0:
		c.errorf("%s: no answer could come in time, and it succeeded", job)
	}
	if pos.IsRetryable(err) && errors.Is(err, context.Canceled) {
		c.errorf("%s: cancelled by the caller, the error counts as worth repeating", job)
	}
}

func expiredToken(c *check) {
	for job, call := range c.prepared() {
		end := c.inject(posfake.Fault{Kind: posfake.FaultToken, Times: 1})
		if end == nil {
			return
		}
		if err := call(c.ctx); err != nil {
			c.errorf("%s with an expired token: %v", job, err)
		}
		end()
		c.wait(time.Minute)
	}
}
