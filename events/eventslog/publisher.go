// Package eventslog publishes events into a log: one record for each event,
// with the same keys every time.
//
//	p := eventslog.New(slog.Default(), nil)
//
// A record has the message "event" and one group, "event", with the
// attributes id, type, source and subject, and where they are set time,
// schema, traceparent, partition_key and extensions (a group). The payload is
// left out unless the options ask for it as data: it may hold what logs should
// not keep for long.
package eventslog

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
)

// Options tune a Publisher. Nil and zero fields mean the default.
type Options struct {
	// Level of the records; nil means info.
	Level slog.Leveler
	// Payload adds the payload as the attribute data, as text.
	Payload bool
}

// Publisher is an [events.Publisher] that logs. It is safe for concurrent use.
type Publisher struct {
	handler slog.Handler
	level   slog.Leveler
	payload bool
	closed  atomic.Bool
}

var _ events.Publisher = (*Publisher)(nil)

// New returns a publisher that writes to the logger.
func New(logger *slog.Logger, opts *Options) *Publisher {
	p := &Publisher{handler: logger.Handler(), level: slog.LevelInfo}
	if opts != nil {
		p.payload = opts.Payload
		if opts.Level != nil {
			p.level = opts.Level
		}
	}
	return p
}

// Publish implements [events.Publisher]. It fails if the log's handler does.
func (p *Publisher) Publish(ctx context.Context, evs ...events.Event) error {
	if p.closed.Load() {
		return events.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range evs {
		if err := evs[i].Validate(); err != nil {
			return err
		}
	}
	level := p.level.Level()
	if !p.handler.Enabled(ctx, level) {
		return nil
	}
	for i := range evs {
		r := slog.NewRecord(time.Now(), level, "event", 0)
		r.AddAttrs(p.group(&evs[i]))
		if err := p.handler.Handle(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// group is what is logged of an event.
func (p *Publisher) group(e *events.Event) slog.Attr {
	attrs := []slog.Attr{
		slog.String("id", e.ID), slog.String("type", e.Type), slog.String("source", e.Source), slog.String("subject", e.Subject),
	}
	if !e.Time.IsZero() {
		attrs = append(attrs, slog.Time("time", e.Time.UTC()))
	}
	for _, a := range []slog.Attr{
		slog.String("schema", e.DataSchema), slog.String("traceparent", e.TraceParent), slog.String("partition_key", e.PartitionKey),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if len(e.Extensions) > 0 {
		var list []slog.Attr
		for _, name := range slices.Sorted(maps.Keys(e.Extensions)) {
			list = append(list, slog.String(name, e.Extensions[name]))
		}
		attrs = append(attrs, slog.GroupAttrs("extensions", list...))
	}
	if p.payload && len(e.Data) > 0 {
		attrs = append(attrs, slog.String("data", string(e.Data)))
	}
	return slog.GroupAttrs("event", attrs...)
}

// Close implements [events.Publisher]. It leaves the logger alone.
func (p *Publisher) Close() error {
	p.closed.Store(true)
	return nil
}
