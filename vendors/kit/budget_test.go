package kit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// strictServer refuses what its token bucket has no token for.
type strictServer struct {
	mu      sync.Mutex
	bucket  *rate.Limiter
	refused int
	served  []time.Time
	quota   bool // tell what remains
}

func (s *strictServer) serve(*http.Request) (*http.Response, error) {
	time.Sleep(20 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !s.bucket.AllowN(now, 1) {
		s.refused++
		return reply(429, "", "Retry-After", "1"), nil
	}
	s.served = append(s.served, now)
	resp := reply(200, "{}")
	if s.quota {
		left := s.bucket.TokensAt(now)
		full := (float64(s.bucket.Burst()) - left) / float64(s.bucket.Limit())
		resp.Header.Set("RateLimit-Limit", strconv.Itoa(s.bucket.Burst()))
		resp.Header.Set("RateLimit-Remaining", strconv.Itoa(int(left)))
		resp.Header.Set("RateLimit-Reset", strconv.FormatFloat(full, 'f', 3, 64))
	}
	return resp, nil
}

// crowd makes n calls from 64 goroutines and returns their errors.
func crowd(ctx context.Context, c *kit.Client, n int) []error {
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	for range 64 {
		wg.Go(func() {
			for range work {
				if err := get(ctx, c); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return errs
}

func TestManyGoroutinesCauseNo429(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		local float64 // of the client; the server allows 10
		quota bool
	}{
		"published limit":                 {10, false},
		"with quota headers":              {10, true},
		"limit too high, server corrects": {1000, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &strictServer{bucket: rate.NewLimiter(10, 20), quota: test.quota}
				c := newClient(t, kit.ClientConfig{
					Budget: kit.NewBudget(rate.Limit(test.local), 20),
					Hint:   kit.QuotaHeaders("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
				}, nil, s.serve)
				if err := get(t.Context(), c); err != nil { // tells the quota
					t.Fatal(err)
				}
				began := time.Now()
				if errs := crowd(t.Context(), c, 500); len(errs) > 0 {
					t.Fatalf("%d errors, first %v", len(errs), errs[0])
				}
				if s.refused > 0 {
					t.Errorf("%d answers 429", s.refused)
				}
				if took := time.Since(began); took < 48*time.Second || took > 60*time.Second {
					t.Errorf("500 calls at 10 a second took %v", took)
				}
			})
		})
	}
}

func TestRetryAfterStopsTheWholeAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		var during, after []time.Duration
		first := true
		c := newClient(t, kit.ClientConfig{Budget: kit.NewBudget(10, 20)}, nil, func(*http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			at := time.Since(began)
			if first {
				first = false
				return reply(429, "", "Retry-After", "30"), nil
			}
			if at < 30*time.Second {
				during = append(during, at)
			} else {
				after = append(after, at)
			}
			return reply(200, "{}"), nil
		})
		go func() { _ = get(t.Context(), c) }()
		synctest.Wait()
		if errs := crowd(t.Context(), c, 100); len(errs) > 0 {
			t.Fatal(errs[0])
		}
		synctest.Wait()
		if len(during) > 0 || len(after) != 101 {
			t.Errorf("%d calls during the pause, %d after it", len(during), len(after))
		}
		if burst := after[5]; burst < 30*time.Second+400*time.Millisecond {
			t.Errorf("a burst after the pause: sixth call at %v", burst)
		}
	})
}

func TestOrderOfArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		c := newClient(t, kit.ClientConfig{Budget: kit.NewBudget(1, 1)}, nil, func(r *http.Request) (*http.Response, error) {
			got = append(got, r.URL.Query().Get("n"))
			return reply(200, "{}"), nil
		})
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				_, err := c.JSON(t.Context(), kit.Request{Op: "X", Method: "GET", Path: fmt.Sprintf("/x?n=%d", n)}, nil, nil)
				if err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		for n, s := range got {
			if s != strconv.Itoa(n) {
				t.Fatalf("order %v", got)
			}
		}
	})
}

func TestCancelledWaitReturnsAtOnceAndLeavesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, kit.ClientConfig{Budget: kit.NewBudget(rate.Every(10*time.Second), 1)}, nil, func(*http.Request) (*http.Response, error) {
			return reply(200, "{}"), nil
		})
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if err := get(ctx, c); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				if late := time.Since(began) - 3*time.Second; late > 10*time.Millisecond {
					t.Errorf("returned %v late", late)
				}
			})
		}
		time.Sleep(3 * time.Second)
		cancel()
		wg.Wait()
		if err := get(t.Context(), c); err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("the next call came after %v: %v", time.Since(began), err)
		}
	})
}

func TestWaitIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, kit.ClientConfig{Budget: kit.NewBudget(1, 1)}, nil, func(*http.Request) (*http.Response, error) {
			return reply(200, "{}"), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var mu sync.Mutex
		done, refused := 0, 0
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				err := get(ctx, c)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					done++
				case errors.Is(err, pos.ErrRateLimited) && pos.RetryAfter(err) > 0:
					refused++
				default:
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if done < 10 || done+refused != 50 {
			t.Errorf("%d done, %d refused", done, refused)
		}
	})
}

func TestRateHalvesAndRecoversWithoutHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := false
		c := newClient(t, kit.ClientConfig{Budget: kit.NewBudget(100, 1)}, &kit.Options{Deadline: time.Hour, Retry: kit.Retry{Attempts: 1}},
			func(*http.Request) (*http.Response, error) {
				if busy {
					return reply(429, ""), nil
				}
				return reply(200, "{}"), nil
			})
		// speed measures calls per second.
		speed := func() float64 {
			began := time.Now()
			for range 50 {
				if err := get(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			return 50 / time.Since(began).Seconds()
		}
		expect := func(when string, want float64) {
			t.Helper()
			if got := speed(); got < want*0.95 || got > want*1.1 {
				t.Errorf("%s: %.1f calls a second, want %.1f", when, got, want)
			}
		}
		expect("at first", 100)
		busy = true
		_ = crowd(t.Context(), c, 1)
		busy = false
		expect("after a 429", 50)
		time.Sleep(4 * time.Minute)
		expect("after four quiet minutes", 70)
		time.Sleep(time.Hour)
		expect("after an hour", 100)
	})
}

func TestParallelCallsAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		c := newClient(t, kit.ClientConfig{Budget: kit.NewBudget(rate.Inf, 1).Parallel(3)}, nil, func(*http.Request) (*http.Response, error) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return reply(200, "{}"), nil
		})
		began := time.Now()
		if errs := crowd(t.Context(), c, 30); len(errs) > 0 {
			t.Fatal(errs[0])
		}
		if took := time.Since(began); most != 3 || took != 10*time.Second {
			t.Errorf("%d at a time, in %v", most, took)
		}
	})
}

func TestCostOfACall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, kit.ClientConfig{Budget: kit.NewBudget(10, 10)}, nil, func(*http.Request) (*http.Response, error) {
			return reply(200, "{}"), nil
		})
		began := time.Now()
		for _, cost := range []int{10, 5, 5, 1000} { // more than the burst counts as the burst
			if _, err := c.JSON(t.Context(), kit.Request{Op: "X", Method: "GET", Path: "/x", Cost: cost}, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began).Round(time.Millisecond); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
