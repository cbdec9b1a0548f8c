package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// maxCommitBytes bounds one commit, and one batch that joins several.
const maxCommitBytes = 16 << 20

const opCommit = "Journal.Commit"

// Load implements [events.Journal]. It answers from memory; see "Warm copies"
// in the package comment.
func (s *Stream) Load(ctx context.Context, key string) (events.Record, error) {
	if err := checkKey("Journal.Load", key); err != nil {
		return events.Record{}, err
	}
	if s.life.Err() != nil {
		return events.Record{}, events.ErrClosed
	}
	rec, held, err := s.warm.load(ctx, key)
	if err != nil || held {
		return rec, err
	}
	if rec, err = s.fetch(ctx, key); err != nil {
		return events.Record{}, &pos.Error{Op: "Journal.Load", Kind: pos.KindUnavailable, Err: err}
	}
	return rec, nil
}

// fetch asks the server for a record.
func (s *Stream) fetch(ctx context.Context, key string) (events.Record, error) {
	m, err := s.last(ctx, s.cursorSubject(key))
	if err != nil || m == nil {
		return events.Record{}, err
	}
	cursor, err := s.cursorIn(m.Header, m.Data)
	if err != nil {
		return events.Record{}, err
	}
	s.warm.store(key, pos.Revision(m.Sequence), cursor)
	return events.Record{Revision: pos.Revision(m.Sequence), Cursor: cursor}, nil
}

// Records yields what is committed under all keys that begin with prefix, as
// far as it is known here, in no order. It is how a replica that takes work
// over finds what there is.
func (s *Stream) Records(ctx context.Context, prefix string) iter.Seq2[string, events.Record] {
	return func(yield func(string, events.Record) bool) {
		for _, key := range s.warm.keys(ctx, prefix) {
			rec, err := s.Load(ctx, key)
			if err != nil || !yield(key, rec) {
				return
			}
		}
	}
}

func (s *Stream) cursorSubject(key string) string {
	if s.cfg.Pages {
		return s.prefix + wordPage + key
	}
	return s.prefix + wordCursor + key
}

// Commit implements [events.Journal]. Commits of many callers travel together;
// each succeeds or fails alone. Events and cursors of one commit are at most
// 1,000 messages and 16 MiB. If ctx ends before the commit is on its way,
// nothing was done; if it ends later the outcome is unknown. Without such an
// end Commit waits through outages.
func (s *Stream) Commit(ctx context.Context, changes ...events.Change) ([]pos.Revision, error) {
	if s.life.Err() != nil || s.group.closed() {
		return nil, events.ErrClosed
	}
	c, err := s.prepare(ctx, changes)
	if err != nil {
		return nil, err
	}
	if len(c.messages) == 0 {
		return make([]pos.Revision, len(changes)), nil
	}
	if stale := s.warm.stale(changes); stale != nil {
		return nil, conflict(stale)
	}
	if err := s.group.do(ctx, c); err != nil {
		for i := range changes { // The next Load asks the server.
			s.warm.distrust(changes[i].Key)
		}
		return nil, err
	}
	revisions := make([]pos.Revision, len(changes))
	for i, at := range c.ends {
		if at < 0 {
			continue
		}
		revisions[i] = pos.Revision(c.sequence(at))
		if ch := &changes[i]; ch.Key != "" { //nolint:gosec // one end for each change
			s.warm.store(ch.Key, revisions[i], ch.Cursor)
		}
	}
	return revisions, nil
}

func conflict(keys []string) error {
	return &pos.Error{Op: opCommit, Kind: pos.KindConflict, Err: fmt.Errorf("keys %q have moved on", keys)}
}

// commit is one caller's changes as messages.
type commit struct {
	ctx      context.Context
	id       string
	messages []*nats.Msg
	bytes    int
	// ends is, for each change, the index of its last message, or -1.
	ends   []int
	fences []fence
	// keyless: events without a cursor, which carry ids against repeats.
	keyless bool

	last  uint64 // sequence of the last message, once written
	phase atomic.Int32
	done  chan error // takes the outcome
}

// fence is a message that is refused if its subject has moved on.
type fence struct {
	key      string
	subject  string
	revision uint64
	at       int // index in messages
}

// Phases of a commit.
const (
	phaseWaiting int32 = iota
	phaseSent
	phaseGone // its caller has left
)

func (c *commit) sequence(at int) uint64 { return c.last - uint64(len(c.messages)-1-at) }

func (c *commit) add(m *nats.Msg) {
	c.messages = append(c.messages, m)
	c.bytes += m.Size()
}

func (s *Stream) prepare(ctx context.Context, changes []events.Change) (*commit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n, keys := 0, make(map[string]bool)
	for i := range changes {
		ch := &changes[i]
		n += len(ch.Events)
		if err := ch.Validate(); err != nil {
			return nil, err
		}
		if ch.Key == "" {
			continue
		}
		n++
		if err := checkKey(opCommit, ch.Key); err != nil {
			return nil, err
		}
		if keys[ch.Key] {
			return nil, invalid("key %q twice in one commit", ch.Key)
		}
		keys[ch.Key] = true
	}
	c := &commit{ctx: ctx, id: nuid.Next(), done: make(chan error, 1), ends: make([]int, len(changes))}
	if s.cfg.Pages {
		return c, s.preparePages(c, changes)
	}
	if n > maxBatch {
		return nil, invalid("%d events and cursors, at most %d go into one commit", n, maxBatch)
	}
	c.keyless = len(keys) == 0
	for i := range changes {
		s.addChange(c, &changes[i])
		c.ends[i] = len(c.messages) - 1
		if changes[i].Key == "" && len(changes[i].Events) == 0 {
			c.ends[i] = -1
		}
	}
	return c, s.checkSize(c)
}

func (s *Stream) addChange(c *commit, ch *events.Change) {
	for k := range ch.Events {
		m := s.eventMessage(&ch.Events[k])
		if c.keyless {
			m.Header.Set(jetstream.MsgIDHeader, ch.Events[k].Source+" "+ch.Events[k].ID)
		}
		c.add(m)
	}
	if ch.Key != "" {
		m := &nats.Msg{Subject: s.cursorSubject(ch.Key), Data: ch.Cursor, Header: nats.Header{}}
		m.Header.Set(jetstream.MsgTTLHeader, "never")
		fenced(m, uint64(ch.Revision))
		c.fences = append(c.fences, fence{ch.Key, m.Subject, uint64(ch.Revision), len(c.messages)})
		c.add(m)
	}
	if len(c.messages) > 0 {
		c.messages[len(c.messages)-1].Header.Set(headerCommit, c.id)
	}
}

// eventContent is shared by all messages; nothing changes it.
var eventContent = []string{contentEvent}

func (s *Stream) eventMessage(e *events.Event) *nats.Msg {
	return &nats.Msg{
		Subject: s.eventSubject(e),
		Data:    e.AppendJSON(make([]byte, 0, len(e.Data)+512)),
		Header:  nats.Header{headerContentType: eventContent},
	}
}

func (s *Stream) checkSize(c *commit) error {
	if c.bytes > maxCommitBytes {
		return invalid("%d bytes, at most %d go into one commit", c.bytes, maxCommitBytes)
	}
	for _, m := range c.messages {
		if limit := s.nc.MaxPayload(); int64(len(m.Data)+maxHeader) > limit {
			return invalid("message for %.200s has %d bytes, the server takes %d", m.Subject, len(m.Data), limit-maxHeader)
		}
	}
	return nil
}

// cursorIn takes the cursor out of a message on a cursor's subject. The result
// is a copy.
func (s *Stream) cursorIn(h nats.Header, data []byte) ([]byte, error) {
	if s.cfg.Pages {
		cursor, _, err := splitPage(h, data)
		return append([]byte(nil), cursor...), err
	}
	return append([]byte(nil), data...), nil
}

// keyOf is the inverse of cursorSubject.
func (s *Stream) keyOf(subject string) (string, bool) {
	return strings.CutPrefix(subject, s.cursorSubject(""))
}

var errUnknownOutcome = errors.New("the outcome is unknown")
