package pos

import (
	"context"
	"fmt"
	"sync"
)

// Revision counts the writes of a key; 0 means that the key does not exist.
// Revisions grow with every write, and a deleted key starts again at 0.
type Revision uint64

// Store keeps the small state of providers: OAuth tokens, id maps, job queues.
// It is a map with compare-and-swap, so that several processes can share it.
// Keys are dot-separated words of letters, digits, '-' and '_'. Values are
// copied; a value may be up to 1 MiB.
//
// All methods are safe for concurrent use. Errors that match [ErrNotFound] or
// [ErrConflict] mean what they say; any other error means that the outcome is
// unknown.
type Store interface {
	// Get returns the value and its revision, or ErrNotFound.
	Get(ctx context.Context, key string) ([]byte, Revision, error)
	// Put writes the value if the key is still at revision old (0: does not
	// exist) and returns the new revision, or ErrConflict.
	Put(ctx context.Context, key string, value []byte, old Revision) (Revision, error)
	// Delete removes the key if it is still at revision old, or returns
	// ErrConflict. Deleting a key that does not exist with old 0 does nothing.
	Delete(ctx context.Context, key string, old Revision) error
}

// MemoryStore is a [Store] in memory. The zero value is ready to use.
type MemoryStore struct {
	mu      sync.Mutex
	last    Revision
	entries map[string]memoryEntry
}

type memoryEntry struct {
	value    []byte
	revision Revision
}

// Get implements [Store].
func (s *MemoryStore) Get(ctx context.Context, key string) ([]byte, Revision, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[key]
	if !ok {
		return nil, 0, storeError("Get", key, KindNotFound)
	}
	return append([]byte(nil), e.value...), e.revision, nil
}

// Put implements [Store].
func (s *MemoryStore) Put(ctx context.Context, key string, value []byte, old Revision) (Revision, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[key].revision != old {
		return 0, storeError("Put", key, KindConflict)
	}
	if s.entries == nil {
		s.entries = make(map[string]memoryEntry)
	}
	s.last++
	s.entries[key] = memoryEntry{append([]byte(nil), value...), s.last}
	return s.last, nil
}

// Delete implements [Store].
func (s *MemoryStore) Delete(ctx context.Context, key string, old Revision) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[key].revision != old {
		return storeError("Delete", key, KindConflict)
	}
	delete(s.entries, key)
	return nil
}

func storeError(op, key string, kind Kind) error {
	return &Error{Op: "Store." + op, Kind: kind, Err: fmt.Errorf("key %q", key)}
}
