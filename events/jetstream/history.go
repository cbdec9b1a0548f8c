package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/synadia-io/orbit.go/jetstreamext"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

var _ events.History = (*Stream)(nil)

const opPublished = "jetstream.Published"

// Published implements [events.History]. It reads a subject at a time that is as
// narrow as one can be: a filter of several types reads all types. A stream of
// pages does not offer it: it keeps a number of commits, not a time.
func (s *Stream) Published(ctx context.Context, f events.Filter, since time.Time) iter.Seq2[events.Event, error] {
	return func(yield func(events.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		release := context.AfterFunc(s.life, cancel) //nolint:contextcheck // the stream's own end
		defer release()
		err := s.kept(ctx, since)
		if err == nil {
			err = s.readBack(ctx, s.oneSubject(f), since, func(e events.Event) bool { return !f.Matches(&e) || yield(e, nil) })
		}
		if err != nil {
			yield(events.Event{}, s.failed(err))
		}
	}
}

// oneSubject is the narrowest subject that covers a filter.
func (s *Stream) oneSubject(f events.Filter) string {
	one := func(list []string, token func(string) string, wildcard string) string {
		if len(list) == 1 {
			return token(list[0])
		}
		return wildcard
	}
	return s.prefix + wordEvent + one(f.Types, kindToken, "*") + "." + one(f.Sources, sourceTokens, "*.*") + "." + one(f.Subjects, escape, "*")
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

const (
	// batchMessages and batchBytes bound what the server sends for one request.
	batchMessages, batchBytes = 500, 8 << 20
	// behindPause is how long a server that is behind gets to catch up.
	behindPause = 5 * time.Millisecond
)

// readBack hands over the events of a subject that were written since. The
// server that leads the stream tells which message is the last one.
func (s *Stream) readBack(ctx context.Context, subject string, since time.Time, take func(events.Event) bool) error {
	end, err := s.last(ctx, subject)
	if err != nil || end == nil || end.Time.Before(since) {
		return err
	}
	return s.readUpTo(ctx, subject, since, end.Sequence, take)
}

// readUpTo reads up to a message. Any server that keeps the stream may answer,
// also one that is behind; it is asked until it has come to that message.
func (s *Stream) readUpTo(ctx context.Context, subject string, since time.Time, end uint64, take func(events.Event) bool) error {
	from, patience := jetstreamext.GetBatchStartTime(since), time.Now().Add(s.cfg.Timeout)
	for at := uint64(0); at < end; {
		last, err := s.readBatch(ctx, subject, from, end, take)
		switch {
		case err != nil:
			return err
		case last > 0:
			at, from, patience = last, jetstreamext.GetBatchSeq(last+1), time.Now().Add(s.cfg.Timeout)
		case time.Now().After(patience):
			return fmt.Errorf("no server has message %d of %s", end, subject)
		default:
			if err := sleep(ctx, behindPause); err != nil {
				return err
			}
		}
	}
	return nil
}

// readBatch asks once. It returns the sequence of the last message that it
// handed over, 0 if there was none; the end once nobody wants more.
func (s *Stream) readBatch(ctx context.Context, subject string, from jetstreamext.GetBatchOpt, end uint64, take func(events.Event) bool) (last uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	batch, err := jetstreamext.GetBatch(ctx, s.js, s.name, batchMessages,
		jetstreamext.GetBatchSubject(subject), jetstreamext.GetBatchMaxBytes(batchBytes), from)
	if err != nil {
		return 0, err
	}
	for m, err := range batch {
		switch {
		case errors.Is(err, jetstreamext.ErrNoMessages):
			return last, nil
		case err != nil:
			return last, err
		case last > 0 && m.Header.Get(headerBefore) != strconv.FormatUint(last, 10):
			return last, nil // One was lost on its way; it is asked for again.
		case m.Sequence > end:
			return end, nil
		}
		e, err := events.Parse(m.Data)
		if err != nil {
			return last, fmt.Errorf("message %d of %s holds no event: %w", m.Sequence, m.Subject, err)
		}
		if last = m.Sequence; !take(e) {
			return end, nil
		}
	}
	return last, nil
}

// headerBefore is the sequence of the message before, within a batch.
const headerBefore = "Nats-Last-Sequence"

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
