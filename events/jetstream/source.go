package jetstream

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/relay"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Source returns the events of the stream that match the filter, with their
// positions, for package relay. Groups have no meaning there: the relay's
// target keeps the position. What is no event is logged and passed over.
func (s *Stream) Source(f events.Filter) relay.Source { return source{s, f} }

type source struct {
	s      *Stream
	filter events.Filter
}

// batchWait is how long a batch waits for messages that the server has.
const batchWait = time.Second

// Follow implements [relay.Source].
func (r source) Follow(ctx context.Context, after relay.Position, limit int) iter.Seq2[[]relay.Entry, error] {
	return func(yield func([]relay.Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		release := context.AfterFunc(r.s.life, cancel) //nolint:contextcheck // the stream's own end
		defer release()
		messages, err := r.open(ctx, after, limit)
		if err != nil {
			yield(nil, r.failed(err))
			return
		}
		defer messages.Stop()
		for {
			ready, err := r.read(ctx, messages, after, limit)
			for part := range slices.Chunk(ready, limit) {
				after = part[len(part)-1].Position
				if !yield(part, nil) {
					return
				}
			}
			if err != nil {
				yield(nil, r.failed(err))
				return
			}
		}
	}
}

// open reads from the message of a position on: others of its events may lie
// behind.
func (r source) open(ctx context.Context, after relay.Position, limit int) (jetstream.MessagesContext, error) {
	subjects := r.s.filterSubjects(r.filter)
	if r.s.cfg.Pages {
		subjects = append(subjects, r.s.prefix+wordPage+">")
	}
	cons, err := r.s.js.OrderedConsumer(ctx, r.s.name, jetstream.OrderedConsumerConfig{
		FilterSubjects: subjects, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(after.Sequence, 1),
	})
	if err != nil {
		return nil, err
	}
	return cons.Messages(jetstream.PullMaxMessages(max(limit, 2))) // The client asks for no fewer.
}

// read waits for a message and returns its events and those of the messages
// that the server has beside it, up to about limit of them.
func (r source) read(ctx context.Context, messages jetstream.MessagesContext, after relay.Position, limit int) ([]relay.Entry, error) {
	var ready []relay.Entry
	next := jetstream.NextContext(ctx)
	for {
		m, err := messages.Next(next)
		if len(ready) > 0 && errors.Is(err, nats.ErrTimeout) {
			return ready, nil
		}
		if err != nil {
			return ready, err
		}
		meta, err := m.Metadata()
		if err != nil {
			return ready, err
		}
		ready = append(ready, r.entries(m, meta.Sequence.Stream, after)...)
		if len(ready) >= limit || len(ready) > 0 && meta.NumPending == 0 {
			return ready, nil
		}
		next = jetstream.NextContext(ctx)
		if len(ready) > 0 {
			next = jetstream.NextMaxWait(batchWait)
		}
	}
}

// entries returns the events of a message that are behind a position.
func (r source) entries(m jetstream.Msg, sequence uint64, after relay.Position) []relay.Entry {
	list, err := eventsIn(m.Headers(), m.Data())
	var out []relay.Entry
	for i, data := range list {
		at := relay.Position{Sequence: sequence, Index: i}
		if at.Compare(after) <= 0 {
			continue
		}
		e, parseErr := events.Parse(data)
		if parseErr != nil {
			err = parseErr
			continue
		}
		if r.filter.Matches(&e) {
			out = append(out, relay.Entry{Position: at, Event: e})
		}
	}
	if err != nil {
		r.s.log.Error("message of the stream passed over: it holds no event", "sequence", sequence, "subject", m.Subject(), "error", err)
	}
	return out
}

func (r source) failed(err error) error {
	if r.s.life.Err() != nil {
		return events.ErrClosed
	}
	return &pos.Error{Op: "Follow", Kind: pos.KindUnavailable, Err: err}
}
