package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Codes of the server that the client libraries do not name, or elsewhere.
const (
	codeDuplicate   = jetstreamext.JSErrCodeBatchPublishDuplicateMsgID
	codeTooLarge    = jetstreamext.JSErrCodeBatchPublishExceedsLimit
	codeIncomplete  = jetstreamext.JSErrCodeBatchPublishIncomplete
	codeCrowded     = jetstreamext.JSErrCodeAtomicPublishTooManyInflight
	codeFull        = jetstream.ErrorCode(10077) // store failed: maximum bytes exceeded
	codeAccountFull = jetstream.ErrorCode(10002)
	codeResources   = jetstream.ErrorCode(10023)
)

func isCode(err error, code jetstream.ErrorCode) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == code
}

// write puts messages into the stream as one, however often it takes. It never
// repeats blindly: after an attempt without an answer it looks at what the
// attempt would have left behind.
type write struct {
	s        *Stream
	messages []*nats.Msg
	marks    []mark
	// wanted is false when nobody waits for the result any more.
	wanted func() bool
}

// mark is a message that shows whether the write was done.
type mark struct {
	subject string
	commit  string
	at      int // index in messages
	// fenced: the message replaces revision, and is refused otherwise.
	fenced   bool
	revision uint64
}

// add appends the messages of a commit and notes its marks.
func (w *write) add(c *commit) {
	offset := len(w.messages)
	w.messages = append(w.messages, c.messages...)
	for _, f := range c.fences {
		w.marks = append(w.marks, mark{f.subject, c.id, offset + f.at, true, f.revision})
	}
	if len(c.fences) == 0 {
		at := len(c.messages) - 1
		w.marks = append(w.marks, mark{subject: c.messages[at].Subject, commit: c.id, at: offset + at})
	}
}

// run returns the sequence of the last message, or the server's refusal.
func (w *write) run() (uint64, error) {
	pause := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(10*time.Millisecond),
		backoff.WithMultiplier(2),
		backoff.WithMaxInterval(2*time.Second),
		backoff.WithMaxElapsedTime(0),
	)
	doubt := false // an attempt went without an answer
	for {
		sequence, err := w.attempt()
		if err == nil {
			return sequence, nil
		}
		refused := isCode(err, jetstream.JSErrCodeStreamWrongLastSequence) || isCode(err, codeDuplicate)
		switch {
		case refused && !doubt:
			return 0, err
		case refused, unanswered(err):
			doubt = true
			sequence, state := w.lookUp(pause)
			switch {
			case state == stateDone:
				return sequence, nil
			case state == stateLost:
				return 0, w.lost(err)
			case refused: // Not done, and its fence keeps it from being done later.
				return 0, err
			}
		case !transient(err):
			return 0, err
		}
		if !w.sleep(pause) {
			if doubt {
				return 0, w.lost(err)
			}
			return 0, err
		}
	}
}

// attempt tries once.
func (w *write) attempt() (uint64, error) {
	ctx, cancel := context.WithTimeout(w.s.life, w.s.cfg.Timeout)
	defer cancel()
	if len(w.messages) == 1 {
		clearBatch(w.messages[0])
		ack, err := w.s.js.PublishMsg(ctx, w.messages[0], jetstream.WithRetryAttempts(0))
		if err != nil {
			return 0, err
		}
		return ack.Sequence, nil
	}
	ack, err := jetstreamext.PublishMsgBatch(ctx, w.s.js, w.messages)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// clearBatch removes what an earlier attempt inside a batch left.
func clearBatch(m *nats.Msg) {
	m.Reply = ""
	for _, name := range []string{jetstreamext.BatchIDHeader, jetstreamext.BatchSeqHeader, jetstreamext.BatchCommitHeader} {
		m.Header.Del(name)
	}
}

// unanswered reports whether the server may have acted. Without a responder
// nobody heard the message.
func unanswered(err error) bool {
	var api *jetstream.APIError
	return !errors.As(err, &api) && !errors.Is(err, nats.ErrNoResponders) && !errors.Is(err, jetstream.ErrNoStreamResponse)
}

// transient reports whether the server did nothing and may do it later.
func transient(err error) bool {
	return isCode(err, jetstream.JSErrCodeStreamWrongLastSequenceConstant) || isCode(err, codeIncomplete) || isCode(err, codeCrowded) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse)
}

type state int

const (
	stateOpen state = iota // not done so far
	stateDone
	stateLost // it cannot be told
)

// lookUp finds out whether an earlier attempt was done, for as long as it
// takes to get an answer.
func (w *write) lookUp(pause backoff.BackOff) (uint64, state) {
	for {
		sequence, state, err := w.look()
		if err == nil {
			return sequence, state
		}
		if !w.sleep(pause) {
			return 0, stateLost
		}
	}
}

// look reads the marks until one decides: one that is there means that all is,
// one whose revision did not move that nothing is. Where all fences were
// overtaken by other writers it cannot be told. Events without any fence count
// as open: their ids keep them from being doubled.
func (w *write) look() (uint64, state, error) {
	result := stateOpen
	for _, m := range w.marks {
		found, err := w.s.last(w.s.life, m.subject)
		if err != nil {
			return 0, stateOpen, err
		}
		revision := uint64(0)
		if found != nil {
			revision = found.Sequence
			if found.Header.Get(headerCommit) == m.commit {
				return revision + uint64(len(w.messages)-1-m.at), stateDone, nil
			}
		}
		if m.fenced && revision == m.revision {
			return 0, stateOpen, nil
		}
		if m.fenced {
			result = stateLost
		}
	}
	return 0, result, nil
}

// sleep pauses; false means that there is no point in going on.
func (w *write) sleep(pause backoff.BackOff) bool {
	timer := time.NewTimer(pause.NextBackOff())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.s.life.Done():
		return false
	}
	return w.wanted() && !w.s.nc.IsClosed()
}

// lost is the error of a write whose outcome nobody knows.
func (w *write) lost(err error) error {
	if w.s.life.Err() != nil {
		err = events.ErrClosed
	}
	return &pos.Error{Op: opCommit, Kind: pos.KindUnavailable, Err: errors.Join(errUnknownOutcome, err)}
}
