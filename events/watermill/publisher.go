package watermill

import (
	"context"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/farmacyfoods/pointofsale/events"
)

// DefaultTopic takes the events unless the options choose others.
const DefaultTopic = "pos.events"

// The metadata of messages.
const (
	MetaID           = "id"
	MetaType         = "type"
	MetaSource       = "source"
	MetaSubject      = "subject"
	MetaTraceParent  = "traceparent"
	MetaContentType  = "content-type"
	MetaPartitionKey = "partitionkey"
)

const contentType = "application/cloudevents+json; charset=utf-8"

// PublisherOptions tune a Publisher. Nil and zero fields mean the default.
type PublisherOptions struct {
	// Topic chooses the topic of an event; nil sends all to DefaultTopic.
	Topic func(e *events.Event) string
}

// Publisher is an [events.Publisher] over one of Watermill's. It is safe for
// concurrent use. Calls take turns, so that one whose context ended while the
// broker was busy is not overtaken.
type Publisher struct {
	broker message.Publisher
	topic  func(e *events.Event) string
	turn   chan struct{}
	closed chan struct{}
	close  func() error
}

var _ events.Publisher = (*Publisher)(nil)

// NewPublisher returns a publisher that sends to the broker and closes it with
// Close. The broker should answer when it has taken a message, not before.
// Options may be nil.
func NewPublisher(broker message.Publisher, opts *PublisherOptions) *Publisher {
	p := &Publisher{
		broker: broker,
		topic:  func(*events.Event) string { return DefaultTopic },
		turn:   make(chan struct{}, 1),
		closed: make(chan struct{}),
	}
	if opts != nil && opts.Topic != nil {
		p.topic = opts.Topic
	}
	p.close = sync.OnceValue(func() error {
		close(p.closed)
		return broker.Close()
	})
	return p
}

// Publish implements [events.Publisher]. When ctx ends while the broker is
// busy, the events may still be taken.
func (p *Publisher) Publish(ctx context.Context, evs ...events.Event) error {
	for i := range evs {
		if err := evs[i].Validate(); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closed:
		return events.ErrClosed
	}
	runs := p.encode(ctx, evs) // The events are the caller's again afterwards.
	done := make(chan error, 1)
	go func() { // Brokers do not look at the context.
		defer func() { <-p.turn }()
		done <- p.send(ctx, runs)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closed:
		return events.ErrClosed
	}
}

// run is a sequence of messages to one topic.
type run struct {
	topic    string
	messages []*message.Message
}

func (p *Publisher) encode(ctx context.Context, evs []events.Event) []run {
	var runs []run
	for i := range evs {
		topic := p.topic(&evs[i])
		if len(runs) == 0 || runs[len(runs)-1].topic != topic {
			runs = append(runs, run{topic: topic})
		}
		last := &runs[len(runs)-1]
		last.messages = append(last.messages, messageOf(ctx, &evs[i]))
	}
	return runs
}

func (p *Publisher) send(ctx context.Context, runs []run) error {
	for _, r := range runs {
		select {
		case <-p.closed:
			return events.ErrClosed
		default:
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.broker.Publish(r.topic, r.messages...); err != nil {
			return err
		}
	}
	return nil
}

// Close implements [events.Publisher].
func (p *Publisher) Close() error { return p.close() }

func messageOf(ctx context.Context, e *events.Event) *message.Message {
	m := message.NewMessageWithContext(ctx, events.ID(e.Source, e.ID), e.AppendJSON(nil))
	key := e.PartitionKey
	if key == "" {
		key = e.Source + "/" + e.Subject
	}
	m.Metadata = message.Metadata{
		MetaID: e.ID, MetaType: e.Type, MetaSource: e.Source, MetaSubject: e.Subject, MetaContentType: contentType, MetaPartitionKey: key,
	}
	if e.TraceParent != "" {
		m.Metadata[MetaTraceParent] = e.TraceParent
	}
	return m
}

// PartitionKey returns what keeps messages in order: those of one account and
// location share it. It fits kafka.NewWithPartitioningMarshaler.
func PartitionKey(_ string, m *message.Message) (string, error) {
	return m.Metadata.Get(MetaPartitionKey), nil
}
