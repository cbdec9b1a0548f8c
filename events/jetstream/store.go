package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/farmacyfoods/pointofsale/pos"
)

// maxValue is what [pos.Store] promises.
const maxValue = 1 << 20

// deletedFor is how long a deleted value is remembered as such, so that a
// writer who was fast asleep is told.
const deletedFor = time.Hour

// Store returns the [pos.Store] of the stream. The revision of a value is the
// sequence of its message.
func (s *Stream) Store() pos.Store { return store{s} }

type store struct{ s *Stream }

func (st store) subject(key string) string { return st.s.prefix + wordValue + key }

// Get implements [pos.Store].
func (st store) Get(ctx context.Context, key string) ([]byte, pos.Revision, error) {
	const op = "Store.Get"
	if err := checkKey(op, key); err != nil {
		return nil, 0, err
	}
	m, err := st.s.last(ctx, st.subject(key))
	switch {
	case err != nil:
		return nil, 0, storeError(op, key, pos.KindUnavailable, err)
	case !exists(m):
		return nil, 0, storeError(op, key, pos.KindNotFound, nil)
	}
	return append([]byte{}, m.Data...), pos.Revision(m.Sequence), nil
}

func exists(m *stored) bool { return m != nil && m.Header.Get(headerDeleted) == "" }

// Put implements [pos.Store].
func (st store) Put(ctx context.Context, key string, value []byte, old pos.Revision) (pos.Revision, error) {
	const op = "Store.Put"
	if err := checkKey(op, key); err != nil {
		return 0, err
	}
	if len(value) > maxValue || int64(len(value)+maxHeader) > st.s.nc.MaxPayload() {
		return 0, storeError(op, key, pos.KindInvalid, fmt.Errorf("value of %d bytes is too long", len(value)))
	}
	header := nats.Header{}
	if !st.s.cfg.Pages {
		header.Set(jetstream.MsgTTLHeader, "never")
	}
	return st.replace(ctx, op, key, value, header, old)
}

// Delete implements [pos.Store].
func (st store) Delete(ctx context.Context, key string, old pos.Revision) error {
	const op = "Store.Delete"
	if err := checkKey(op, key); err != nil {
		return err
	}
	if old == 0 {
		switch m, err := st.s.last(ctx, st.subject(key)); {
		case err != nil:
			return storeError(op, key, pos.KindUnavailable, err)
		case exists(m):
			return storeError(op, key, pos.KindConflict, nil)
		}
		return nil
	}
	header := nats.Header{headerDeleted: []string{"1"}}
	if !st.s.cfg.Pages {
		header.Set(jetstream.MsgTTLHeader, deletedFor.String())
	}
	_, err := st.replace(ctx, op, key, nil, header, old)
	return err
}

// replace writes a message in the place of revision old. In the place of
// nothing there may be the mark of a deletion, which is replaced likewise.
func (st store) replace(ctx context.Context, op, key string, value []byte, header nats.Header, old pos.Revision) (pos.Revision, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	revision := uint64(old)
	for {
		m := &nats.Msg{Subject: st.subject(key), Data: value, Header: header}
		fenced(m, revision)
		id := nuid.Next()
		m.Header.Set(headerCommit, id)
		w := &write{
			s:        st.s,
			messages: []*nats.Msg{m},
			marks:    []mark{{m.Subject, id, 0, true, revision}},
			wanted:   func() bool { return ctx.Err() == nil },
		}
		sequence, err := w.run() //nolint:contextcheck // a write that has left is seen through
		if err == nil {
			return pos.Revision(sequence), nil
		}
		if !isCode(err, jetstream.JSErrCodeStreamWrongLastSequence) {
			return 0, storeError(op, key, pos.KindOf(commitError(err)), err)
		}
		found, err := st.s.last(ctx, m.Subject)
		switch {
		case err != nil:
			return 0, storeError(op, key, pos.KindUnavailable, err)
		case old != 0, exists(found):
			return 0, storeError(op, key, pos.KindConflict, nil)
		case found == nil:
			revision = 0
		default:
			revision = found.Sequence
		}
	}
}

func storeError(op, key string, kind pos.Kind, err error) error {
	if err == nil {
		return &pos.Error{Op: op, Kind: kind, Err: fmt.Errorf("key %q", key)}
	}
	return &pos.Error{Op: op, Kind: kind, Err: fmt.Errorf("key %q: %w", key, err)}
}
