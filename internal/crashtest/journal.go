package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

// change is what became of one key in a commit of a worker.
type change struct {
	Key string `json:"key"`
	// Known is when the revision was read or written that the commit expects,
	// Began when the commit began.
	Known   time.Time `json:"known"`
	Began   time.Time `json:"began"`
	Stored  bool      `json:"stored,omitempty"`
	Refused bool      `json:"refused,omitempty"` // the key has moved on
}

// journal is the stream of a worker. It tells the parent what becomes of every
// key, so that the parent can prove what a worker that was replaced writes.
type journal struct {
	*jetstream.Stream
	tell func(message)

	mu    sync.Mutex
	known map[string]time.Time
}

func newJournal(s *jetstream.Stream, tell func(message)) *journal {
	return &journal{Stream: s, tell: tell, known: make(map[string]time.Time)}
}

// Load implements [events.Journal].
func (j *journal) Load(ctx context.Context, key string) (events.Record, error) {
	at := time.Now()
	rec, err := j.Stream.Load(ctx, key)
	if err == nil {
		j.learn(key, at)
	}
	return rec, err
}

func (j *journal) learn(key string, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.known[key] = at
}

// Commit implements [events.Journal].
func (j *journal) Commit(ctx context.Context, changes ...events.Change) ([]pos.Revision, error) {
	began := time.Now()
	var keys []*change
	j.mu.Lock()
	for i := range changes {
		if key := changes[i].Key; key != "" {
			keys = append(keys, &change{Key: key, Known: j.known[key], Began: began})
		}
	}
	j.mu.Unlock()
	revisions, err := j.Stream.Commit(ctx, changes...)
	for _, k := range keys {
		k.Stored, k.Refused = err == nil, errors.Is(err, pos.ErrConflict)
		if k.Stored {
			j.learn(k.Key, began)
		}
		j.tell(message{Change: k})
	}
	return revisions, err
}
