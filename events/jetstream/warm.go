package jetstream

import (
	"context"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// cache is the warm copy of all cursors. It follows the stream, so it is
// behind other writers by the way of a message; own commits are in it at once.
// A revision that is behind does no harm: Commit refuses it.
type cache struct {
	limit int64
	ready chan struct{} // closed when the copy is complete

	mu      sync.RWMutex
	records map[string]events.Record // a nil Cursor is not held
	bytes   int64
	doubted map[string]bool // to be read from the server next time
}

// entryOverhead is roughly what an entry costs beside key and cursor.
const entryOverhead = 96

func newCache(limit int64) *cache {
	return &cache{limit: limit, ready: make(chan struct{}), records: make(map[string]events.Record), doubted: make(map[string]bool)}
}

// openCache starts to follow the cursors.
func (s *Stream) openCache(ctx context.Context) (*cache, error) {
	c := newCache(s.cfg.CacheBytes)
	cons, err := s.js.OrderedConsumer(ctx, s.name, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{s.cursorSubject(">")},
		DeliverPolicy:  jetstream.DeliverLastPerSubjectPolicy,
	})
	if err != nil {
		return nil, s.serverError("follow the cursors", err)
	}
	var complete sync.Once
	done := func() { complete.Do(func() { close(c.ready) }) }
	if info := cons.CachedInfo(); info != nil && info.NumPending == 0 {
		done()
	}
	follow, err := cons.Consume(func(m jetstream.Msg) {
		if key, ok := s.keyOf(m.Subject()); ok {
			s.follow(c, key, m)
		}
		if meta, err := m.Metadata(); err == nil && meta.NumPending == 0 {
			done()
		}
	}, jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		s.log.Debug("following the cursors", "error", err)
	}))
	if err != nil {
		return nil, s.serverError("follow the cursors", err)
	}
	context.AfterFunc(s.life, follow.Stop) //nolint:contextcheck // goes on after Open
	return c, nil
}

func (s *Stream) follow(c *cache, key string, m jetstream.Msg) {
	meta, err := m.Metadata()
	if err != nil {
		s.log.Warn("cursor without metadata", "key", key, "error", err)
		return
	}
	cursor, err := s.cursorIn(m.Headers(), m.Data())
	if err != nil {
		s.log.Warn("cursor cannot be read", "key", key, "error", err)
		return
	}
	c.store(key, pos.Revision(meta.Sequence.Stream), cursor)
}

// load returns the record; held is false if only the server has it.
func (c *cache) load(ctx context.Context, key string) (rec events.Record, held bool, err error) {
	select {
	case <-c.ready:
	case <-ctx.Done():
		return rec, false, ctx.Err()
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	rec, known := c.records[key]
	return rec, !c.doubted[key] && (!known || rec.Cursor != nil), nil
}

// store takes a newer record of a key. Beyond the limit only revisions are kept.
func (c *cache) store(key string, revision pos.Revision, cursor []byte) {
	if cursor == nil {
		cursor = []byte{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old, known := c.records[key]
	if known && old.Revision > revision {
		return
	}
	delete(c.doubted, key)
	if !known {
		c.bytes += int64(len(key)) + entryOverhead
		key = strings.Clone(key)
	}
	c.bytes += int64(len(cursor) - len(old.Cursor))
	if c.bytes > c.limit {
		c.bytes -= int64(len(cursor))
		cursor = nil
	}
	c.records[key] = events.Record{Revision: revision, Cursor: cursor}
}

// distrust makes the next load of a key ask the server.
func (c *cache) distrust(key string) {
	if key == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubted[key] = true
}

// stale returns the keys whose revision is known to have moved on.
func (c *cache) stale(changes []events.Change) []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var keys []string
	for i := range changes {
		if ch := &changes[i]; ch.Key != "" && c.records[ch.Key].Revision > ch.Revision {
			keys = append(keys, ch.Key)
		}
	}
	return keys
}

// keys returns the known keys that begin with prefix.
func (c *cache) keys(ctx context.Context, prefix string) []string {
	select {
	case <-c.ready:
	case <-ctx.Done():
		return nil
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	var keys []string
	for key := range c.records {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys
}
