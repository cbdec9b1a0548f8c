package fakekit

import (
	"slices"
	"sync"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Ledger keeps every version of every record that a fake has shown. It is
// never trimmed: it is the truth that deliveries are compared with. The zero
// value is ready; it is safe for concurrent use.
type Ledger struct {
	mu     sync.Mutex
	rows   []posfake.Record
	latest map[string]int // row of a record's last version
}

// Append adds the next version of the record and returns it, numbered.
func (l *Ledger) Append(r posfake.Record) posfake.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Version = 1
	if i, ok := l.latest[r.ID]; ok {
		r.Version = l.rows[i].Version + 1
	}
	if l.latest == nil {
		l.latest = map[string]int{}
	}
	r.Lines = slices.Clone(r.Lines)
	l.latest[r.ID] = len(l.rows)
	l.rows = append(l.rows, r)
	return r
}

// Latest returns the last version of a record.
func (l *Ledger) Latest(id string) (posfake.Record, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, ok := l.latest[id]
	if !ok {
		return posfake.Record{}, false
	}
	return l.rows[i], true
}

// All lists every version in the order of recording.
func (l *Ledger) All() []posfake.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.rows)
}
