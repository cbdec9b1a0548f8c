package jetstream

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Headers of dead letters.
const (
	headerReason   = "Pos-Reason"
	headerAttempts = "Pos-Attempts"
	headerBuried   = "Pos-Buried"

	// maxReason bounds the text of a reason.
	maxReason = 1024
)

// DeadLetter is an event that a group could not take.
type DeadLetter struct {
	Group string
	// Sequence and Index are those of [Delivered].
	Sequence uint64
	Index    int
	Reason   string
	Attempts int
	Buried   time.Time
	// Data is the event in the JSON format of CloudEvents, unless that was the
	// trouble.
	Data []byte

	id     string // last word of the subject
	header nats.Header
}

// Event returns the event of the letter.
func (d *DeadLetter) Event() (events.Event, error) { return events.Parse(d.Data) }

// letter is a dead letter that is to be stored. An index of -1 stands for the
// whole message.
type letter struct {
	sequence uint64
	index    int
	attempts int
	data     []byte
	header   nats.Header // of the whole message
}

// bury stores a dead letter. It is there once, however often that is tried.
func (sub *subscription) bury(ctx context.Context, l letter, reason error) error {
	sub.log.Error("event not taken", "sequence", l.sequence, "attempts", l.attempts, "reason", reason)
	if sub.filter.Group == "" {
		return nil // Nobody could come back for it.
	}
	id := strconv.FormatUint(l.sequence, 10)
	if l.index >= 0 {
		id += "-" + strconv.Itoa(l.index)
	}
	dead := &nats.Msg{Subject: sub.s.deadSubject(sub.filter.Group, id), Data: l.data, Header: nats.Header{}}
	keepFormat(dead.Header, l.header)
	dead.Header.Set(headerReason, oneLine(reason.Error()))
	dead.Header.Set(headerAttempts, strconv.Itoa(l.attempts))
	dead.Header.Set(headerBuried, time.Now().UTC().Format(time.RFC3339Nano))
	dead.Header.Set(jetstream.ExpectedLastSubjSeqHeader, "0")
	ctx, cancel := context.WithTimeout(ctx, sub.s.cfg.Timeout)
	defer cancel()
	_, err := sub.s.js.PublishMsg(ctx, dead)
	if err == nil || isCode(err, jetstream.JSErrCodeStreamWrongLastSequence) { // The second: it is there already.
		return nil
	}
	return fmt.Errorf("dead letter not stored: %w", err)
}

// keepFormat copies the headers that tell how to read the data.
func keepFormat(to, from nats.Header) {
	for _, name := range []string{headerContentType, headerCursor} {
		if v := from.Get(name); v != "" {
			to.Set(name, v)
		}
	}
}

// oneLine makes text fit for a header.
func oneLine(text string) string {
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "\ufffd")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "..."
	}
	return text
}

func (s *Stream) deadSubject(group, id string) string {
	return s.prefix + wordDead + escape(group) + "." + id
}

// DeadLetters yields the dead letters of a group, oldest first. They are kept
// as long as events are.
func (s *Stream) DeadLetters(ctx context.Context, group string) iter.Seq2[DeadLetter, error] {
	return func(yield func(DeadLetter, error) bool) {
		subject := s.prefix + wordDead + escape(group) + ".*"
		for next := uint64(1); ; {
			m, err := s.message(ctx, map[string]any{"seq": next, "next_by_subj": subject})
			if err != nil {
				yield(DeadLetter{}, &pos.Error{Op: "jetstream.DeadLetters", Kind: pos.KindUnavailable, Err: err})
				return
			}
			if m == nil || !yield(deadLetter(group, m), nil) {
				return
			}
			next = m.Sequence + 1
		}
	}
}

func deadLetter(group string, m *stored) DeadLetter {
	d := DeadLetter{Group: group, Data: m.Data, Reason: m.Header.Get(headerReason), header: m.Header}
	d.id = m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	sequence, index, _ := strings.Cut(d.id, "-")
	// Written by bury; zero if somebody else wrote there.
	d.Sequence, _ = strconv.ParseUint(sequence, 10, 64)
	d.Index, _ = strconv.Atoi(index)
	d.Attempts, _ = strconv.Atoi(m.Header.Get(headerAttempts))
	d.Buried, _ = time.Parse(time.RFC3339Nano, m.Header.Get(headerBuried))
	return d
}

// Replay gives a dead letter back to its group, behind everything that waits
// there, and removes the letter. Other groups do not see it.
func (s *Stream) Replay(ctx context.Context, d DeadLetter) error {
	const op = "jetstream.Replay"
	m := &nats.Msg{Subject: s.prefix + wordAgain + escape(d.Group) + "." + d.id, Data: d.Data, Header: nats.Header{}}
	keepFormat(m.Header, d.header)
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	if _, err := s.js.PublishMsg(ctx, m); err != nil {
		return &pos.Error{Op: op, Kind: pos.KindUnavailable, Err: err}
	}
	return s.Discard(ctx, d)
}

// Discard removes a dead letter.
func (s *Stream) Discard(ctx context.Context, d DeadLetter) error {
	st, err := s.js.Stream(ctx, s.name)
	if err == nil {
		err = st.Purge(ctx, jetstream.WithPurgeSubject(s.deadSubject(d.Group, d.id)))
	}
	if err != nil {
		return &pos.Error{Op: "jetstream.Discard", Kind: pos.KindUnavailable, Err: err}
	}
	return nil
}
