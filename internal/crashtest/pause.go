package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// pauses proves that a worker that was paused until others had taken its place
// writes nothing from what it had in its hands: no commit that begins after the
// pause, expects a revision from before it, and is about a key that others have
// written meanwhile.
type pauses struct {
	mu      sync.Mutex
	keys    map[*process]map[string]bool // that it wrote
	all     map[*process]*pause
	refused int
	wrong   []string // keys that were written all the same
}

type pause struct {
	began, ended time.Time
	replaced     map[string]bool // keys that others wrote during the pause
}

func newPauses() *pauses {
	return &pauses{keys: make(map[*process]map[string]bool), all: make(map[*process]*pause)}
}

// heard takes what a worker tells.
func (s *pauses) heard(p *process, m message) {
	if m.Change == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := m.Change
	if own := s.all[p]; own != nil && own.late(k) {
		if k.Stored {
			s.wrong = append(s.wrong, k.Key)
		}
		if k.Refused {
			s.refused++
		}
	}
	if !k.Stored {
		return
	}
	if s.keys[p] == nil {
		s.keys[p] = make(map[string]bool)
	}
	s.keys[p][k.Key] = true
	for q, other := range s.all {
		if q != p && other.ended.IsZero() && k.Began.After(other.began) {
			other.replaced[k.Key] = true
		}
	}
}

// late reports whether a commit after the pause rests on what was known before.
func (o *pause) late(k *change) bool {
	return !o.ended.IsZero() && k.Began.After(o.ended) && k.Known.Before(o.began) && o.replaced[k.Key]
}

func (s *pauses) begin(p *process, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[p] = &pause{began: at, replaced: make(map[string]bool)}
}

func (s *pauses) end(p *process, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[p].ended = at
}

// replaced reports whether others have written a key of a paused worker.
func (s *pauses) replaced(p *process) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.keys[p] {
		if s.all[p].replaced[key] {
			return true
		}
	}
	return false
}

// writer returns a process that has written something, if there is one.
func (s *pauses) writer(list []*process) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range list {
		if len(s.keys[p]) > 0 {
			return p
		}
	}
	return nil
}

var errNotReplaced = errors.New("nobody took the place of a paused worker")

// verdict is an error if anything was written that should not be.
func (s *pauses) verdict() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) > 0 {
		return fmt.Errorf("workers that were paused and replaced wrote %d times, first to %s", len(s.wrong), s.wrong[0])
	}
	return nil
}

// String says how often it was put to the test.
func (s *pauses) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("paused     %d workers until they were replaced: %d late commits refused, %d stored", len(s.all), s.refused, len(s.wrong))
}

// pause stops a worker for longer than the others wait for it, until one of
// them has written in its place, and lets it go on: it must not commit what it
// had in its hands.
func (c *control) pause(ctx context.Context) error {
	first := c.rnd.IntN(len(c.workers))
	p := c.pauses.writer(append(c.workers[first:len(c.workers):len(c.workers)], c.workers[:first]...))
	if p == nil {
		p = c.workers[first]
	}
	c.takeovers.died(p.accounts(), time.Now())
	c.pauses.begin(p, time.Now())
	if err := p.signal(pauseSignal, true); err != nil {
		return fmt.Errorf("pausing a worker: %w", err)
	}
	c.did.pauses++
	err := c.wait(ctx, c.o.ttl+c.o.ttl/2, 2*c.o.ttl)
	for end := time.Now().Add(patience); err == nil && !c.pauses.replaced(p); {
		if time.Now().After(end) {
			err = errNotReplaced
			break
		}
		err = c.wait(ctx, 0, c.o.ttl/4)
	}
	c.pauses.end(p, time.Now())
	return errors.Join(err, p.signal(resumeSignal, false))
}
