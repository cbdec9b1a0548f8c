package jetstream

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

var _ events.History = (*Stream)(nil)

const opPublished = "jetstream.Published"

// Published implements [events.History]. A stream of pages does not offer it:
// it keeps a number of commits, not a time.
func (s *Stream) Published(ctx context.Context, f events.Filter, since time.Time) iter.Seq2[events.Event, error] {
	return func(yield func(events.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		release := context.AfterFunc(s.life, cancel) //nolint:contextcheck // the stream's own end
		defer release()
		if err := s.kept(ctx, since); err != nil {
			yield(events.Event{}, s.failed(err))
			return
		}
		subjects := s.filterSubjects(f)
		end, err := s.newest(ctx, subjects, since)
		if err == nil && end > 0 {
			err = s.readBack(ctx, subjects, since, end, func(e events.Event) bool { return !f.Matches(&e) || yield(e, nil) })
		}
		if err != nil {
			yield(events.Event{}, s.failed(err))
		}
	}
}

func (s *Stream) failed(err error) error {
	if s.life.Err() != nil {
		return events.ErrClosed
	}
	if pos.KindOf(err) == pos.KindUnsupported {
		return err
	}
	return &pos.Error{Op: opPublished, Kind: pos.KindUnavailable, Err: err}
}

// kept refuses an instant before which events may be gone.
func (s *Stream) kept(ctx context.Context, since time.Time) error {
	refuse := func(format string, args ...any) error {
		return &pos.Error{Op: opPublished, Kind: pos.KindUnsupported, Err: fmt.Errorf(format, args...)}
	}
	if s.cfg.Pages {
		return refuse("a stream of pages keeps events by number, not by time")
	}
	st, err := s.js.Stream(ctx, s.name)
	if err != nil {
		return err
	}
	if age := st.CachedInfo().Config.MaxAge; age > 0 && since.Before(time.Now().Add(-age)) {
		return refuse("events since %s are asked for, the stream keeps them for %v", since.UTC().Format(time.RFC3339), age)
	}
	return nil
}

// newest returns the sequence of the last message of the subjects, as the
// server knows it that leads the stream; 0 if none was written since.
func (s *Stream) newest(ctx context.Context, subjects []string, since time.Time) (uint64, error) {
	var end uint64
	for _, subject := range subjects {
		m, err := s.last(ctx, subject)
		if err != nil {
			return 0, err
		}
		if m != nil && !m.Time.Before(since) {
			end = max(end, m.Sequence)
		}
	}
	return end, nil
}

// readBack hands over the events of the messages written since, up to the one
// with the sequence end.
func (s *Stream) readBack(ctx context.Context, subjects []string, since time.Time, end uint64, take func(events.Event) bool) error {
	cons, err := s.js.OrderedConsumer(ctx, s.name, jetstream.OrderedConsumerConfig{
		FilterSubjects: subjects, DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &since,
	})
	if err != nil {
		return err
	}
	messages, err := cons.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		// The message with the sequence end is there, so that none is waited
		// for longer than a server takes to answer.
		m, err := messages.Next(jetstream.NextMaxWait(s.cfg.Timeout))
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Stream > end {
			return nil
		}
		e, err := events.Parse(m.Data())
		if err != nil {
			return fmt.Errorf("message %d of %s holds no event: %w", meta.Sequence.Stream, m.Subject(), err)
		}
		if !take(e) || meta.Sequence.Stream == end {
			return nil
		}
	}
}
