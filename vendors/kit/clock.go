package kit

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// clock follows the time of a server by the Date headers of its answers.
type clock struct {
	offset atomic.Int64 // nanoseconds from our time to the server's
	known  atomic.Bool
}

// learn reads Date, and Age if a cache answered.
func (c *clock) learn(h http.Header) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	if age, err := strconv.Atoi(h.Get("Age")); err == nil && age > 0 {
		date = date.Add(time.Duration(min(age, 86400)) * time.Second)
	}
	c.offset.Store(int64(date.Sub(time.Now().Round(0))))
	c.known.Store(true)
}

func (c *clock) now() (time.Time, bool) {
	return time.Now().Round(0).Add(time.Duration(c.offset.Load())).UTC(), c.known.Load()
}
