package fakekit_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// receiver answers webhooks by a list of statuses; 0 means no answer at all.
type receiver struct {
	mu       sync.Mutex
	statuses []int
	seen     []string
	at       []time.Duration
	start    time.Time
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc.mu.Lock()
	rc.seen = append(rc.seen, r.Header.Get("X-Attempt"))
	rc.at = append(rc.at, time.Since(rc.start))
	status := 200
	if len(rc.statuses) > 0 {
		status, rc.statuses = rc.statuses[0], rc.statuses[1:]
	}
	rc.mu.Unlock()
	if status == 0 {
		<-r.Context().Done()
		return
	}
	w.WriteHeader(status)
}

// attempts lists what arrived and when.
func (rc *receiver) attempts() ([]string, []time.Duration) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return slices.Clone(rc.seen), slices.Clone(rc.at)
}

func newSender(rc http.Handler, standing func(string, string) (posfake.Fault, bool)) *fakekit.Sender {
	return fakekit.NewSender(fakekit.SenderConfig{
		Clock: &fakekit.Clock{}, Retries: []time.Duration{time.Minute, time.Hour, 8 * time.Hour}, Timeout: 10 * time.Second,
		Prepare: func(r *http.Request, d fakekit.Delivery) {
			r.Header.Set("X-Attempt", string(rune('0'+d.Attempt))+d.Last)
		},
		Standing: standing, Client: &http.Client{Transport: fakekit.NewTransport(rc)},
	})
}

func TestSenderRetries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		statuses []int
		seen     []string
		at       []time.Duration
	}{
		{"first", nil, []string{"1"}, []time.Duration{0}},
		{
			"error, redirect, then ok",
			[]int{500, 302, 204},
			[]string{"1", "2status", "3status"},
			[]time.Duration{0, time.Minute, time.Hour + time.Minute},
		},
		{"timeout", []int{0}, []string{"1", "2timeout"}, []time.Duration{0, time.Minute + 10*time.Second}},
		{
			"never",
			[]int{500, 500, 500, 500, 500},
			[]string{"1", "2status", "3status", "4status"},
			[]time.Duration{0, time.Minute, 61 * time.Minute, 9*time.Hour + time.Minute},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rc := &receiver{statuses: tt.statuses, start: time.Now()}
				s := newSender(rc, nil)
				defer s.Close()
				s.Send(fakekit.Delivery{URL: "https://host.test/hook", Event: "e", Body: []byte("{}")})
				time.Sleep(48 * time.Hour)
				if err := s.Flush(t.Context()); err != nil {
					t.Error(err)
				}
				seen, at := rc.attempts()
				if d := cmp.Diff(tt.seen, seen); d != "" {
					t.Error(d)
				}
				if d := cmp.Diff(tt.at, at); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestSenderFlushAndClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rc := &receiver{statuses: []int{500, 0}, start: time.Now()}
		s := newSender(rc, nil)
		s.Send(fakekit.Delivery{URL: "https://host.test/hook"})
		if err := s.Flush(t.Context()); err != nil || s.Waiting() != 1 {
			t.Errorf("flush: %v, waiting %d", err, s.Waiting())
		}
		s.Send(fakekit.Delivery{URL: "https://host.test/hook"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush of a silent receiver: %v", err)
		}
		s.Close()
		s.Send(fakekit.Delivery{URL: "https://host.test/hook"})
		if seen, _ := rc.attempts(); len(seen) != 2 {
			t.Errorf("attempts: %q", seen)
		}
	})
}

func TestSenderFaults(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]int{posfake.FaultSilence: 0, posfake.FaultRepeat: 3, "": 1} {
		synctest.Test(t, func(t *testing.T) {
			rc := &receiver{start: time.Now()}
			s := newSender(rc, func(k, _ string) (posfake.Fault, bool) { return posfake.Fault{Times: 3}, k == kind })
			defer s.Close()
			s.Send(fakekit.Delivery{URL: "https://host.test/hook"})
			synctest.Wait()
			if seen, _ := rc.attempts(); len(seen) != want {
				t.Errorf("%q: deliveries %q, want %d", kind, seen, want)
			}
		})
	}
}
