package watermill_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	core "github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/watermill"
	"github.com/farmacyfoods/pointofsale/pos"
)

// broker is a broker in memory as Watermill wants them, which keeps the order
// of messages and lets publishers go on while handlers are busy.
type broker struct {
	mu     sync.Mutex
	closed bool
	queues []*queue
}

type queue struct {
	topic   string
	mu      sync.Mutex
	waiting []*message.Message
	news    chan struct{}
}

func (b *broker) Publish(topic string, messages ...*message.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errors.New("broker closed")
	}
	for _, q := range b.queues {
		if q.topic != topic {
			continue
		}
		q.mu.Lock()
		for _, m := range messages {
			q.waiting = append(q.waiting, m.Copy())
		}
		q.mu.Unlock()
		select {
		case q.news <- struct{}{}:
		default:
		}
	}
	return nil
}

func (b *broker) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

func (q *queue) next() *message.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil
	}
	m := q.waiting[0]
	q.waiting = q.waiting[1:]
	return m
}

// receiver is one subscriber of the broker.
type receiver struct {
	*broker
	end context.CancelFunc
}

func (r *receiver) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	ctx, r.end = context.WithCancel(ctx)
	q := &queue{topic: topic, news: make(chan struct{}, 1)}
	r.mu.Lock()
	r.queues = append(r.queues, q)
	r.mu.Unlock()
	out := make(chan *message.Message)
	go func() {
		defer close(out)
		for ctx.Err() == nil {
			m := q.next()
			if m == nil {
				select {
				case <-q.news:
				case <-ctx.Done():
				}
				continue
			}
			for again := true; again && ctx.Err() == nil; {
				again = offer(ctx, out, m)
			}
		}
	}()
	return out, nil
}

// offer delivers a message once; true asks for another time.
func offer(ctx context.Context, out chan<- *message.Message, m *message.Message) bool {
	m = m.Copy()
	m.SetContext(ctx)
	select {
	case out <- m:
	case <-ctx.Done():
		return false
	}
	select {
	case <-m.Acked():
		return false
	case <-m.Nacked():
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *receiver) Close() error {
	if r.end != nil {
		r.end()
	}
	return nil
}

func (b *broker) open(string) (message.Subscriber, error) { return &receiver{broker: b}, nil }

// pair ends both sides with Close.
type pair struct {
	*watermill.Publisher
	subscriber *watermill.Subscriber
}

func (p pair) Close() error { return errors.Join(p.Publisher.Close(), p.subscriber.Close()) }

func newPair(t *testing.T, b *broker, p *watermill.PublisherOptions, s *watermill.SubscriberOptions) pair {
	t.Helper()
	out := pair{watermill.NewPublisher(b, p), watermill.NewSubscriber(b.open, s)}
	t.Cleanup(func() {
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	})
	return out
}

func TestConformance(t *testing.T) {
	t.Parallel()
	byType := func(e *events.Event) string { return "pos." + e.Type }
	for name, c := range map[string]struct {
		publisher  *watermill.PublisherOptions
		subscriber *watermill.SubscriberOptions
	}{
		"one topic": {nil, &watermill.SubscriberOptions{RetryDelay: time.Millisecond, Drain: 100 * time.Millisecond}},
		"two topics": {&watermill.PublisherOptions{Topic: byType}, &watermill.SubscriberOptions{
			RetryDelay: time.Millisecond, Topics: []string{"pos." + eventstest.Event("", 0).Type, "pos.com.example.odd.>.*"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := func(t *testing.T) eventstest.PubSub {
				t.Helper()
				p := newPair(t, new(broker), c.publisher, c.subscriber)
				return eventstest.PubSub{Publisher: p, Subscriber: p.subscriber}
			}
			if name == "one topic" {
				eventstest.RunPubSub(t, open)
				return
			}
			eventstest.RunPublisher(t, func(t *testing.T) (events.Publisher, eventstest.Received) {
				t.Helper()
				p := open(t)
				return p, record(t, p)
			})
		})
	}
}

// record receives everything from now on.
func record(t *testing.T, s events.Subscriber) eventstest.Received {
	t.Helper()
	rec := new(eventsfake.Recorder)
	_, err := s.Subscribe(t.Context(), events.Filter{}, func(ctx context.Context, e events.Event) error { return rec.Publish(ctx, e) })
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, n int) ([]events.Event, error) { return rec.Wait(ctx, n) }
}

// TestGoChannel runs on the broker that Watermill brings. It keeps the order
// only if it waits for the handler.
func TestGoChannel(t *testing.T) {
	t.Parallel()
	eventstest.RunPublisher(t, func(t *testing.T) (events.Publisher, eventstest.Received) {
		t.Helper()
		channel := gochannel.NewGoChannel(gochannel.Config{BlockPublishUntilSubscriberAck: true}, core.NopLogger{})
		p := watermill.NewPublisher(channel, nil)
		s := watermill.NewSubscriber(func(string) (message.Subscriber, error) { return channel, nil }, nil)
		t.Cleanup(func() { _, _ = p.Close(), s.Close() })
		return p, record(t, s)
	})
}

// catcher is a broker that keeps what it is given and answers when told.
type catcher struct {
	mu     sync.Mutex
	taken  map[string][]*message.Message
	answer chan error
}

func (c *catcher) Publish(topic string, messages ...*message.Message) error {
	c.mu.Lock()
	if c.taken == nil {
		c.taken = make(map[string][]*message.Message)
	}
	c.taken[topic] = append(c.taken[topic], messages...)
	c.mu.Unlock()
	return <-c.answer
}

func (c *catcher) got(topic string) []*message.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken[topic]
}

func (c *catcher) Close() error { return nil }

func TestMessages(t *testing.T) {
	t.Parallel()
	c := &catcher{answer: make(chan error, 3)}
	c.answer <- nil
	c.answer <- nil
	c.answer <- nil
	p := watermill.NewPublisher(c, &watermill.PublisherOptions{Topic: func(e *events.Event) string { return "t-" + e.Subject }})
	one, two, three := eventstest.Event("a", 1), eventstest.Event("a", 2), eventstest.Event("b", 3)
	one.TraceParent, one.PartitionKey = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "shard 1"
	if err := p.Publish(t.Context(), one, two, three); err != nil {
		t.Fatal(err)
	}
	if a, b := c.got("t-a"), c.got("t-b"); len(a) != 2 || len(b) != 1 {
		t.Fatalf("%d and %d messages", len(a), len(b))
	}
	m := c.got("t-a")[0]
	want := message.Metadata{
		"id": one.ID, "type": one.Type, "source": "/pos/test/main", "subject": "a", "content-type": "application/cloudevents+json; charset=utf-8",
		"partitionkey": "shard 1", "traceparent": one.TraceParent,
	}
	if diff := cmp.Diff(want, m.Metadata); diff != "" {
		t.Error(diff)
	}
	if back, err := events.Parse(m.Payload); err != nil || !cmp.Equal(back, one) || m.UUID != events.ID(one.Source, one.ID) {
		t.Errorf("%s: %v, %v", m.UUID, back, err)
	}
	if key, err := watermill.PartitionKey("", c.got("t-b")[0]); err != nil || key != "/pos/test/main/b" {
		t.Errorf("key %q, %v", key, err)
	}
}

// TestBusyBroker gives up on a broker that does not answer, and is not
// overtaken by the next call.
func TestBusyBroker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &catcher{answer: make(chan error)}
		p := watermill.NewPublisher(c, nil)
		for n := range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := p.Publish(ctx, eventstest.Event("L1", n)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
			cancel()
		}
		if n := len(c.got(watermill.DefaultTopic)); n != 1 {
			t.Errorf("the broker has %d messages", n)
		}
		c.answer <- nil // The first call.
		go func() { c.answer <- errors.New("disk full") }()
		if err := p.Publish(t.Context(), eventstest.Event("L1", 3)); err == nil || err.Error() != "disk full" {
			t.Errorf("error %v", err)
		}
	})
}

func TestDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := new(broker)
		var reasons []string
		p := newPair(t, b, nil, &watermill.SubscriberOptions{Attempts: 3, Dropped: func(_ context.Context, m *message.Message, reason error) error {
			reasons = append(reasons, fmt.Sprint(len(reasons), " ", errors.Is(reason, pos.ErrInvalid), " ", errors.Is(reason, events.ErrReject)))
			if len(reasons) == 1 {
				return errors.New("dead letters are down")
			}
			return nil
		}})
		offered := make(map[string]int)
		_, err := p.subscriber.Subscribe(t.Context(), events.Filter{Group: "g"}, func(_ context.Context, e events.Event) error {
			offered[e.Subject]++
			switch e.Subject {
			case "rejected":
				return fmt.Errorf("%w: why", events.ErrReject)
			case "failing":
				return errors.New("not now")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(watermill.DefaultTopic, message.NewMessage("1", []byte("hello"))); err != nil {
			t.Fatal(err)
		}
		if err := p.Publish(t.Context(), eventstest.Event("rejected", 1), eventstest.Event("failing", 2), eventstest.Event("good", 3)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if diff := cmp.Diff([]string{"0 true false", "1 true false", "2 false true", "3 false false"}, reasons); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]int{"rejected": 1, "failing": 3, "good": 1}, offered); diff != "" {
			t.Error(diff)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestBrokerFails(t *testing.T) {
	t.Parallel()
	down := errors.New("no route")
	s := watermill.NewSubscriber(func(string) (message.Subscriber, error) { return nil, down }, nil)
	if _, err := s.Subscribe(t.Context(), events.Filter{}, nil); !errors.Is(err, down) || !errors.Is(err, pos.ErrUnavailable) {
		t.Error(err)
	}
}

func Example() {
	// In production, the publisher and subscriber of watermill-kafka,
	// watermill-amqp or watermill-sql take the place of the channel.
	channel := gochannel.NewGoChannel(gochannel.Config{}, core.NopLogger{})
	p := watermill.NewPublisher(channel, nil)
	defer p.Close()
	s := watermill.NewSubscriber(func(group string) (message.Subscriber, error) { return channel, nil }, nil)
	defer s.Close()

	ctx, took := context.Background(), make(chan struct{})
	_, err := s.Subscribe(ctx, events.Filter{Types: []string{events.TypeDoorOpen}}, func(_ context.Context, e events.Event) error {
		fmt.Println(e.Type, e.Subject)
		close(took)
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Now()
	if err := p.Publish(ctx, events.NewDoor(events.Origin{Vendor: "bytetech", Account: "main"}, events.Door{Location: "F-7", Since: now}, now)); err != nil {
		fmt.Println(err)
		return
	}
	<-took
	// Output: com.farmacyfoods.pos.door.open.v1 F-7
}
