package watermill

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/cenkalti/backoff/v4"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Open makes the broker's subscriber for a group, such as one with that
// consumer group of Kafka. For the group "" each subscriber gets every message
// that is published from then on.
type Open func(group string) (message.Subscriber, error)

// SubscriberOptions tune a Subscriber. Nil and zero fields mean the default.
type SubscriberOptions struct {
	// Topics are read; empty means DefaultTopic.
	Topics []string
	// Attempts is how often an event is offered to a handler that fails before
	// it is dropped; 0 means 10. RetryDelay is the first pause, 0 means 100 ms;
	// it doubles up to 30 s. Later messages of the topic wait meanwhile.
	Attempts   int
	RetryDelay time.Duration
	// Dropped is told of a message that was rejected, failed too often or holds
	// no event. Nil acknowledges it; after an error the broker delivers it
	// again. A nil function logs the message and acknowledges it.
	Dropped func(ctx context.Context, m *message.Message, reason error) error
	// Drain is how long Close waits for handlers, whose contexts end; 0 means
	// 5 s.
	Drain time.Duration
	// Logger gets failures. Nil discards.
	Logger *slog.Logger
}

// Subscriber is an [events.Subscriber] over Watermill's. It is safe for
// concurrent use. The order of events is that in which the broker delivers
// them.
type Subscriber struct {
	open Open
	opts SubscriberOptions
	life context.Context //nolint:containedctx // the subscriber's own, ended by Close
	end  context.CancelFunc
	work sync.WaitGroup
	// close is for the first call of Close.
	close func()
}

var _ events.Subscriber = (*Subscriber)(nil)

// NewSubscriber returns a subscriber that opens one of the broker's for each
// subscription, and closes it when the subscription ends. Options may be nil.
func NewSubscriber(open Open, opts *SubscriberOptions) *Subscriber {
	s := &Subscriber{open: open}
	s.life, s.end = context.WithCancel(context.Background())
	s.close = sync.OnceFunc(s.drain)
	if opts != nil {
		s.opts = *opts
	}
	if len(s.opts.Topics) == 0 {
		s.opts.Topics = []string{DefaultTopic}
	}
	if s.opts.Attempts == 0 {
		s.opts.Attempts = 10
	}
	if s.opts.RetryDelay == 0 {
		s.opts.RetryDelay = 100 * time.Millisecond
	}
	if s.opts.Drain == 0 {
		s.opts.Drain = 5 * time.Second
	}
	if s.opts.Logger == nil {
		s.opts.Logger = slog.New(slog.DiscardHandler)
	}
	return s
}

const opSubscribe = "watermill.Subscribe"

// Subscribe implements [events.Subscriber].
func (s *Subscriber) Subscribe(ctx context.Context, f events.Filter, h events.Handler) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.life.Err() != nil {
		return nil, events.ErrClosed
	}
	broker, err := s.open(f.Group)
	if err != nil {
		return nil, &pos.Error{Op: opSubscribe, Kind: pos.KindUnavailable, Err: err}
	}
	ctx, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(s.life, cancel) //nolint:contextcheck // the subscriber's own end
	sub := &subscription{Subscriber: s, filter: f, handler: h, turn: make(chan struct{}, 1)}
	var topics []<-chan *message.Message
	for _, name := range s.opts.Topics {
		messages, err := broker.Subscribe(ctx, name)
		if err != nil {
			release()
			cancel()
			return nil, &pos.Error{Op: opSubscribe, Kind: pos.KindUnavailable, Err: errors.Join(err, broker.Close())}
		}
		topics = append(topics, messages)
	}
	s.work.Go(func() {
		defer release()
		sub.run(ctx, topics)
		cancel()
		if err := broker.Close(); err != nil {
			s.opts.Logger.Warn("closing the broker's subscriber", "group", f.Group, "error", err)
		}
	})
	return cancel, nil
}

// Close ends all subscriptions. It waits a while for handlers and is
// idempotent.
func (s *Subscriber) Close() error {
	s.close()
	return nil
}

func (s *Subscriber) drain() {
	s.end()
	done := make(chan struct{})
	go func() {
		s.work.Wait()
		close(done)
	}()
	timer := time.NewTimer(s.opts.Drain)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

type subscription struct {
	*Subscriber
	filter  events.Filter
	handler events.Handler
	turn    chan struct{} // held by the topic that calls the handler
}

// run delivers until all topics end.
func (s *subscription) run(ctx context.Context, topics []<-chan *message.Message) {
	var group sync.WaitGroup
	for _, messages := range topics {
		group.Go(func() {
			for m := range messages {
				if s.take(ctx, m) {
					m.Ack()
				} else {
					m.Nack()
				}
			}
		})
	}
	group.Wait()
}

// take deals with a message; false gives it back to the broker.
func (s *subscription) take(ctx context.Context, m *message.Message) bool {
	e, err := events.Parse(m.Payload)
	if err == nil && !s.filter.Matches(&e) {
		return true
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return false
	}
	if err == nil {
		err = s.deliver(ctx, e)
	}
	switch {
	case err == nil:
		return true
	case ctx.Err() != nil:
		return false
	}
	return s.drop(ctx, m, err)
}

// deliver offers an event until it is taken, rejected or given up.
func (s *subscription) deliver(ctx context.Context, e events.Event) error {
	pause := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(s.opts.RetryDelay),
		backoff.WithMultiplier(2),
		backoff.WithMaxInterval(30*time.Second),
		backoff.WithMaxElapsedTime(0),
	)
	retries := uint64(max(s.opts.Attempts-1, 0))
	return backoff.Retry(func() error {
		err := s.handler(ctx, e)
		if errors.Is(err, events.ErrReject) {
			return backoff.Permanent(err)
		}
		return err
	}, backoff.WithContext(backoff.WithMaxRetries(pause, retries), ctx))
}

// drop gives up on a message; false gives it back to the broker.
func (s *subscription) drop(ctx context.Context, m *message.Message, reason error) bool {
	if s.opts.Dropped == nil {
		s.opts.Logger.Error("message dropped", "group", s.filter.Group, "id", m.Metadata.Get(MetaID), "type", m.Metadata.Get(MetaType), "error", reason)
		return true
	}
	if err := s.opts.Dropped(ctx, m, reason); err != nil {
		s.opts.Logger.Warn("message given back", "group", s.filter.Group, "id", m.Metadata.Get(MetaID), "error", err)
		return false
	}
	return true
}
