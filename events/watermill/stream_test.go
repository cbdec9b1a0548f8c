package watermill_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	core "github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/events/relay"
	"github.com/farmacyfoods/pointofsale/events/watermill"
	"github.com/farmacyfoods/pointofsale/pos"
)

// consumer is a service behind the broker: it handles an event once, although
// it may come again, by its position.
type consumer struct {
	mu      sync.Mutex
	highest map[string]relay.Position
	handled map[string][]string
	arrived int
}

func (c *consumer) take(_ context.Context, e events.Event) error {
	at, ok := relay.Of(&e)
	if !ok {
		return fmt.Errorf("%w: no position", events.ErrReject)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.arrived++
	key := e.Source + " " + e.Subject
	if at.Compare(c.highest[key]) <= 0 {
		return nil
	}
	c.highest[key] = at
	c.handled[e.Subject] = append(c.handled[e.Subject], string(e.Data)+" "+e.TraceParent)
	return nil
}

func (c *consumer) has(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	for _, list := range c.handled {
		total += len(list)
	}
	return total >= n
}

// mortal is a store whose process dies: it takes so many positions and no more.
type mortal struct {
	pos.Store
	lives int
	died  context.CancelFunc
}

var errDead = errors.New("dead")

func (m *mortal) Put(ctx context.Context, key string, value []byte, old pos.Revision) (pos.Revision, error) {
	if m.lives--; m.lives < 0 {
		m.died()
		return 0, errDead
	}
	return m.Store.Put(ctx, key, value, old)
}

// TestStreamToBroker relays a durable stream through the adapter to a broker in
// many lives, in each of which the stream is opened anew. Some end between a
// batch and its position. Nothing is lost, and what comes twice is known by its
// position.
func TestStreamToBroker(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), eventstest.Limit)
	defer cancel()
	broker := gochannel.NewGoChannel(gochannel.Config{BlockPublishUntilSubscriberAck: true}, core.NopLogger{})
	defer func() { _ = broker.Close() }()
	sub := watermill.NewSubscriber(func(string) (message.Subscriber, error) { return broker, nil }, nil)
	defer func() { _ = sub.Close() }()
	c := &consumer{highest: make(map[string]relay.Position), handled: make(map[string][]string)}
	if _, err := sub.Subscribe(ctx, events.Filter{Group: "orders"}, c.take); err != nil {
		t.Fatal(err)
	}

	dir, want := t.TempDir(), make(map[string][]string)
	const lives, each = 10, 30
	deaths := 0
	for life := range lives {
		s, err := jetstream.Open(ctx, jetstream.Config{Dir: dir, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range each {
			e := eventstest.Event(fmt.Sprint("L", i%3), life*each+i)
			want[e.Subject] = append(want[e.Subject], string(e.Data)+" "+e.TraceParent)
			if err := s.Publish(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		running, end := context.WithCancel(ctx)
		store := &mortal{s.Store(), 1000, end}
		if life%2 == 0 && life < lives-1 {
			store.lives = 2
		}
		done := make(chan error, 1)
		go func() {
			done <- relay.Run(running, relay.Config{
				Source: s.Source(events.Filter{}), Target: relay.ToPublisher(watermill.NewPublisher(broker, nil), store, "relay.kafka"), Batch: 7,
			})
		}()
		for n := (life + 1) * each; running.Err() == nil && !c.has(n); {
			wait(t, 2*time.Millisecond)
		}
		end()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if store.lives < 0 {
			deaths++
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if deaths != lives/2 {
		t.Errorf("%d lives ended before a position was kept, want %d", deaths, lives/2)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if diff := cmp.Diff(want, c.handled); diff != "" {
		t.Error(diff)
	}
	if again := c.arrived - lives*each; again < deaths || again > lives*7 {
		t.Errorf("%d events came again in %d lives", again, lives)
	}
}

func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}
