package main

import (
	"slices"
	"sync"
	"time"
)

// takeovers measures how long accounts of dead workers stay without a poll.
type takeovers struct {
	mu      sync.Mutex
	pending map[string]time.Time // since when nobody works for the account
	samples []time.Duration
	spoiled int // something else happened meanwhile
	stale   int // commits that were refused
}

// died notes the death of a worker. Accounts that are still waiting for a new
// owner may have lost that one too: they are no fair sample any more.
func (t *takeovers) died(accounts []string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoil()
	for _, a := range accounts {
		t.pending[a] = at
	}
}

// disturbed notes that something happened that delays takeovers.
func (t *takeovers) disturbed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoil()
}

func (t *takeovers) spoil() {
	t.spoiled += len(t.pending)
	clear(t.pending)
}

// heard takes what a worker tells.
func (t *takeovers) heard(_ *process, m message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.Stale {
		t.stale++
	}
	since, ok := t.pending[m.Account]
	if !m.Polled || !ok || m.At.Before(since) {
		return
	}
	t.samples = append(t.samples, m.At.Sub(since))
	delete(t.pending, m.Account)
}

// quantile returns the smallest sample that is not below a share of them.
func quantile(samples []time.Duration, share float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}
