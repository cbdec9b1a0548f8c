package jetstream_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/storetest"
)

// open opens a stream that ends with the test.
func open(t testing.TB, c jetstream.Config) *jetstream.Stream {
	t.Helper()
	if c.Drain == 0 {
		c.Drain = time.Second
	}
	s, err := jetstream.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// modes are the configurations that all promises hold for.
var modes = []struct {
	name   string
	config func(t *testing.T) jetstream.Config
}{
	{"file", func(t *testing.T) jetstream.Config {
		t.Helper()
		return jetstream.Config{Dir: t.TempDir()}
	}},
	{"memory", func(*testing.T) jetstream.Config { return jetstream.Config{Memory: true} }},
	{"pages", func(*testing.T) jetstream.Config { return jetstream.Config{Memory: true, Pages: true} }},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			eventstest.RunPubSub(t, func(t *testing.T) eventstest.PubSub {
				t.Helper()
				s := open(t, m.config(t))
				return eventstest.PubSub{Publisher: s, Subscriber: s, Stored: true}
			})
			eventstest.RunJournal(t, func(t *testing.T) eventstest.Journal {
				t.Helper()
				s := open(t, m.config(t))
				return eventstest.Journal{Journal: s, Received: received(t, s), Single: m.name == "pages"}
			})
		})
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) pos.Store {
				t.Helper()
				return open(t, m.config(t)).Store()
			})
		})
	}
}

// received collects all events of a stream from its beginning.
func received(t testing.TB, s *jetstream.Stream) eventstest.Received {
	t.Helper()
	box := new(collector)
	if _, err := s.Subscribe(t.Context(), events.Filter{Group: "received"}, box.take); err != nil {
		t.Fatal(err)
	}
	return box.wait
}

// collector keeps what a handler is given.
type collector struct {
	mu     sync.Mutex
	events []events.Event
	told   []jetstream.Delivered
}

func (c *collector) take(ctx context.Context, e events.Event) error {
	d, ok := jetstream.FromContext(ctx)
	if !ok {
		return errors.New("no delivery in the context")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
	c.told = append(c.told, d)
	return nil
}

func (c *collector) all() []events.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]events.Event(nil), c.events...)
}

func (c *collector) deliveries() []jetstream.Delivered {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]jetstream.Delivered(nil), c.told...)
}

func (c *collector) wait(ctx context.Context, n int) ([]events.Event, error) {
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for {
		if got := c.all(); len(got) >= n {
			return got, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return c.all(), ctx.Err()
		}
	}
}
