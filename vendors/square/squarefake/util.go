package squarefake

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// stamp is the time format of the API: RFC 3339 with milliseconds in UTC.
const stamp = "2006-01-02T15:04:05.000Z"

func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(stamp)
}

// parseTime reads an RFC 3339 time of a request; "" is the zero time.
func parseTime(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, invalid("INVALID_TIME", field, "`%s` is not an RFC 3339 time.", text)
	}
	return t.UTC(), nil
}

func hash(b []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(b)
	return h.Sum64()
}

func itoa(n int) string { return strconv.Itoa(n) }

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// percentOf formats basis points as Square writes percentages: 825 is "8.25".
func percentOf(basisPoints int64) string {
	out := strconv.FormatInt(basisPoints/100, 10)
	if rest := basisPoints % 100; rest != 0 {
		out += "." + strings.TrimRight(strconv.FormatInt(100+rest, 10)[1:], "0")
	}
	return out
}

// share is amount times basis points, rounded half away from zero.
func share(amount, basisPoints int64) int64 {
	n := amount * basisPoints
	if n < 0 {
		return -((-n + 5000) / 10000)
	}
	return (n + 5000) / 10000
}
