package kit

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ParseRetryAfter reads how long a server asks to wait: seconds, an HTTP date,
// an ISO 8601 instant, or seconds since 1970. Instants count from now, the
// server's clock as its Date header tells it. The result is between 0 and 15
// minutes; ok is false if the text is none of these.
func ParseRetryAfter(text string, now time.Time) (wait time.Duration, ok bool) {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return waitSeconds(seconds, now)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return 0, false
	}
	return clampWait(at.Sub(now)), true
}

// waitSeconds takes numbers that are too large for a wait as Unix time.
func waitSeconds(seconds float64, now time.Time) (time.Duration, bool) {
	const (
		unixSeconds = 1e9  // 2001
		unixMillis  = 1e12 // the same in milliseconds
	)
	switch {
	case math.IsNaN(seconds) || math.IsInf(seconds, 0) || seconds < 0 || seconds > 1e15:
		return 0, false
	case seconds >= unixMillis:
		return clampWait(time.UnixMilli(int64(seconds)).Sub(now)), true
	case seconds >= unixSeconds:
		return clampWait(time.Unix(int64(seconds), 0).Sub(now)), true
	case seconds > maxPause.Seconds():
		return maxPause, true
	}
	return time.Duration(math.Ceil(seconds * float64(time.Second))), true
}

func clampWait(d time.Duration) time.Duration { return min(max(d, 0), maxPause) }

// retryAfter reads the Retry-After header. Without a Date header the server's
// clock is taken from fallback.
func retryAfter(h http.Header, fallback time.Time) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	now := fallback
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	wait, _ := ParseRetryAfter(text, now)
	return wait
}

// QuotaHeaders returns the Hint function of a vendor that tells in three
// headers how many calls it allows at a time, how many of them remain, and when
// all are there again, in any form that [ParseRetryAfter] reads. The first name
// may be empty.
func QuotaHeaders(limit, remaining, reset string) func(http.Header) (Hint, bool) {
	return func(h http.Header) (Hint, bool) {
		left, err := strconv.Atoi(strings.TrimSpace(h.Get(remaining)))
		if err != nil || left < 0 {
			return Hint{}, false
		}
		now, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		wait, ok := ParseRetryAfter(h.Get(reset), now)
		hint := Hint{Remaining: left, Reset: wait}
		if n, err := strconv.Atoi(strings.TrimSpace(h.Get(limit))); err == nil && n > 0 {
			hint.Limit = n
		}
		return hint, ok
	}
}
