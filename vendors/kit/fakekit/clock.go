package fakekit

import (
	"context"
	"sync"
	"time"
)

// Clock is the time of a fake: the system's time plus an offset that only
// grows once the fake is in use. Under testing/synctest the system's time is virtual, and so is the
// clock. The zero value is ready; it is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	moved  chan struct{} // closed and replaced by every Advance
}

// Now is the clock's time in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset).Round(0).UTC()
}

// Advance moves the clock forward and wakes whoever waits for a time that has
// now come. A negative duration is ignored: the clock never goes back.
func (c *Clock) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
	if c.moved != nil {
		close(c.moved)
		c.moved = nil
	}
}

// SetBack puts the clock that far behind the system's, as a vendor's may
// be. Call it before the fake is used: what it has recorded would lie in the
// future. A negative duration is ignored.
func (c *Clock) SetBack(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset -= max(d, 0)
}

// WaitUntil returns when the clock shows at least t, or with the context's
// error when that ends first.
func (c *Clock) WaitUntil(ctx context.Context, t time.Time) error {
	for {
		left := t.Sub(c.Now())
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-c.movement():
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// movement is closed by the next Advance.
func (c *Clock) movement() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved == nil {
		c.moved = make(chan struct{})
	}
	return c.moved
}

// pause waits in system time, so that moving the clock does not cut a latency short.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
