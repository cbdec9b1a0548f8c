package integrator

import (
	"context"
	"slices"

	"github.com/farmacyfoods/pointofsale/events"
)

// Span is a piece of work that a host may follow in its traces.
type Span struct {
	events.Origin // zero for what is no account's
	// Name says what is done: "poll purchases", "push menu", "commit".
	Name string
	// Parent is the W3C traceparent of the event that asked for the work; ""
	// if the context says what it belongs to.
	Parent string
}

type parentKey struct{}

// begin starts a span. Events that are committed with its context are in its
// trace or, without a host that traces, in that of the event that asked for it.
func (e *Engine) begin(ctx context.Context, s Span) (context.Context, func(error)) {
	if _, ok := events.TraceID(s.Parent); !ok {
		s.Parent = ""
	} else {
		ctx = context.WithValue(ctx, parentKey{}, s.Parent)
	}
	if f := e.cfg.Observer.Begin; f != nil {
		return f(ctx, s)
	}
	return ctx, func(error) {}
}

// begin starts a span of the account.
func (a *account) begin(ctx context.Context, name, parent string) (context.Context, func(error)) {
	return a.engine.begin(ctx, Span{a.origin, name, parent})
}

// traced gives a turn of a loop a span.
func (a *account) traced(name string, turn func(context.Context) (bool, error)) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		ctx, end := a.begin(ctx, name, "")
		again, err := turn(ctx)
		end(err)
		return again, err
	}
}

// traceParent is the traceparent of work with this context, or "".
func (e *Engine) traceParent(ctx context.Context) string {
	if f := e.cfg.Observer.TraceParent; f != nil {
		if own := f(ctx); own != "" {
			return own
		}
	}
	parent, _ := ctx.Value(parentKey{}).(string)
	return parent
}

// inTrace returns the events with the trace of the context on those that have
// none.
func (e *Engine) inTrace(ctx context.Context, evs []events.Event) []events.Event {
	parent := e.traceParent(ctx)
	if parent == "" || len(evs) == 0 {
		return evs
	}
	evs = slices.Clone(evs)
	for i := range evs {
		if evs[i].TraceParent == "" {
			evs[i].TraceParent = parent
		}
	}
	return evs
}
