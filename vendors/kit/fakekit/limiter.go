package fakekit

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter is a token bucket per key, such as an access token or a client
// address, on the clock of the fake. It is safe for concurrent use.
type Limiter struct {
	clock *Clock
	rate  rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// Allowance is what a bucket holds after a request.
type Allowance struct {
	OK        bool
	Limit     int           // size of the bucket
	Remaining int           // whole requests left
	Retry     time.Duration // until the next request passes; 0 if OK
	Reset     time.Duration // until the bucket is full again
}

// NewLimiter grants perSecond requests a second and burst at once to each key.
func NewLimiter(clock *Clock, perSecond, burst int) *Limiter {
	return &Limiter{clock: clock, rate: rate.Limit(perSecond), burst: burst, buckets: map[string]*rate.Limiter{}}
}

// Take counts a request of key if its bucket allows it.
func (l *Limiter) Take(key string) Allowance {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, now := l.buckets[key], l.clock.Now()
	if bucket == nil {
		bucket = rate.NewLimiter(l.rate, l.burst)
		l.buckets[key] = bucket
	}
	a := Allowance{OK: bucket.AllowN(now, 1), Limit: l.burst}
	left := bucket.TokensAt(now)
	a.Remaining = max(int(math.Floor(left)), 0)
	a.Reset = l.refill(float64(l.burst) - left)
	if !a.OK {
		a.Retry = l.refill(1 - left)
	}
	return a
}

func (l *Limiter) refill(tokens float64) time.Duration {
	return time.Duration(max(tokens, 0) / float64(l.rate) * float64(time.Second))
}
