package events

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/farmacyfoods/pointofsale/pos"
)

// MaxCommitEvents is how many events one Commit may carry at least; an
// implementation may refuse more.
const MaxCommitEvents = 900

// Journal keeps the positions of reads together with the events that lead up
// to them. It is what makes "exactly once in effect" of at-least-once reads.
//
// Keys are dot-separated words of letters, digits, '-' and '_', as in
// [pos.Store]. Implementations are safe for concurrent use and may join
// concurrent commits into one write.
type Journal interface {
	// Load returns what was last committed under the key. A key that does not
	// exist is the zero Record, not an error.
	Load(ctx context.Context, key string) (Record, error)
	// Commit makes all changes at once or none of them: every cursor is
	// replaced and every event is published, in order, or nothing happens. It
	// returns the new revisions in the order of the changes. An error that
	// matches [pos.ErrConflict] names the keys whose revision has moved on,
	// and nothing was done; any other error means that the outcome is unknown.
	Commit(ctx context.Context, changes ...Change) ([]pos.Revision, error)
}

// Record is the committed state of a key.
type Record struct {
	// Revision is 0 if the key does not exist.
	Revision pos.Revision
	// Cursor must not be changed.
	Cursor []byte
}

// Change is one part of a commit.
type Change struct {
	// Key may be empty: then there are only events.
	Key string
	// Revision is the one that was read; 0 means that the key must not exist.
	Revision pos.Revision
	// Cursor replaces the key's. The journal keeps the slice.
	Cursor []byte
	Events []Event
	// Encoded says that the payloads are known to be JSON, since constructors
	// of this package made the events or Event.Validate passed them. A journal
	// does not parse them again then.
	Encoded bool
}

// Validate is [Event.Validate] for each of the events.
func (c *Change) Validate() error {
	for i := range c.Events {
		if err := c.Events[i].validate(!c.Encoded); err != nil {
			return err
		}
	}
	return nil
}

// MemoryJournal is a [Journal] in memory. It relays events to a Publisher in
// the order of commits, at least once, and waits with Commit while too many
// are under way. What is not relayed when the process ends is lost, together
// with the cursors. Make one with NewMemoryJournal.
type MemoryJournal struct {
	pub  Publisher
	turn chan struct{} // held while reserving, so that two commits cannot starve each other
	room chan struct{} // one token for each event that is committed and not yet relayed
	wake chan struct{}
	quit chan struct{}
	done chan struct{}

	mu      sync.Mutex
	last    pos.Revision
	records map[string]Record
	outbox  []Event
	idle    chan struct{} // closed while the outbox is empty
	closed  bool
}

// outboxSize bounds the events that wait for the Publisher.
const outboxSize = 4 * MaxCommitEvents

// NewMemoryJournal returns an empty journal that relays to pub. Close ends it.
func NewMemoryJournal(pub Publisher) *MemoryJournal {
	j := &MemoryJournal{
		pub:     pub,
		turn:    make(chan struct{}, 1),
		room:    make(chan struct{}, outboxSize),
		wake:    make(chan struct{}, 1),
		quit:    make(chan struct{}),
		done:    make(chan struct{}),
		records: make(map[string]Record),
		idle:    make(chan struct{}),
	}
	close(j.idle)
	go j.relay()
	return j
}

// Load implements [Journal].
func (j *MemoryJournal) Load(ctx context.Context, key string) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.records[key], nil
}

// Commit implements [Journal]. It refuses events that are not valid, and more
// than four times MaxCommitEvents at once.
func (j *MemoryJournal) Commit(ctx context.Context, changes ...Change) ([]pos.Revision, error) {
	n := 0
	for i := range changes {
		n += len(changes[i].Events)
		if err := changes[i].Validate(); err != nil {
			return nil, err
		}
	}
	if n > outboxSize {
		return nil, &pos.Error{Op: "Journal.Commit", Kind: pos.KindInvalid, Err: fmt.Errorf("%d events, at most %d fit", n, outboxSize)}
	}
	if err := j.reserve(ctx, n); err != nil {
		return nil, err
	}
	revisions, err := j.apply(changes)
	if err != nil {
		j.release(n)
	}
	return revisions, err
}

func (j *MemoryJournal) reserve(ctx context.Context, n int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case j.turn <- struct{}{}:
		defer func() { <-j.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for i := range n {
		select {
		case j.room <- struct{}{}:
		case <-ctx.Done():
			j.release(i)
			return ctx.Err()
		case <-j.quit:
			j.release(i)
			return ErrClosed
		}
	}
	return nil
}

func (j *MemoryJournal) release(n int) {
	for range n {
		<-j.room
	}
}

func (j *MemoryJournal) apply(changes []Change) ([]pos.Revision, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil, ErrClosed
	}
	var stale []string
	for i := range changes {
		if c := &changes[i]; c.Key != "" && j.records[c.Key].Revision != c.Revision {
			stale = append(stale, c.Key)
		}
	}
	if stale != nil {
		return nil, &pos.Error{Op: "Journal.Commit", Kind: pos.KindConflict, Err: fmt.Errorf("keys %q have moved on", stale)}
	}
	revisions := make([]pos.Revision, len(changes))
	for i := range changes {
		c := &changes[i]
		j.last++
		revisions[i] = j.last
		if c.Key != "" {
			j.records[c.Key] = Record{j.last, c.Cursor}
		}
		j.push(c.Events)
	}
	return revisions, nil
}

// push appends to the outbox; the caller holds mu.
func (j *MemoryJournal) push(evs []Event) {
	if len(evs) == 0 {
		return
	}
	if len(j.outbox) == 0 {
		j.idle = make(chan struct{})
	}
	j.outbox = append(j.outbox, evs...)
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Flush waits until everything committed so far has been relayed.
func (j *MemoryJournal) Flush(ctx context.Context) error {
	for {
		j.mu.Lock()
		idle := j.idle
		j.mu.Unlock()
		select {
		case <-idle:
			return nil
		case <-j.done:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close ends the relay without waiting for events that are still to be
// relayed; see Flush. It is idempotent and does not close the Publisher.
func (j *MemoryJournal) Close() error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.quit)
	}
	j.mu.Unlock()
	<-j.done
	return nil
}

// relayBatch bounds the events of one call of Publish.
const relayBatch = 100

func (j *MemoryJournal) relay() {
	defer close(j.done)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-j.quit:
			cancel()
		case <-ctx.Done():
		}
	}()
	pause := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(50*time.Millisecond),
		backoff.WithMaxInterval(10*time.Second),
		backoff.WithMaxElapsedTime(0),
	)
	for ctx.Err() == nil {
		batch := j.head()
		if len(batch) == 0 {
			select {
			case <-j.wake:
			case <-j.quit:
			}
			continue
		}
		pause.Reset()
		publish := func() error { return j.pub.Publish(ctx, batch...) }
		if backoff.Retry(publish, backoff.WithContext(pause, ctx)) == nil {
			j.drop(len(batch))
		}
	}
}

func (j *MemoryJournal) head() []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.outbox[:min(len(j.outbox), relayBatch)]
}

func (j *MemoryJournal) drop(n int) {
	j.mu.Lock()
	clear(j.outbox[:n]) // gives the payloads back
	j.outbox = j.outbox[n:]
	if len(j.outbox) == 0 {
		j.outbox = nil
		close(j.idle)
	}
	j.mu.Unlock()
	j.release(n)
}
