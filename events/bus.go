package events

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// BusOptions configure a [Bus]. Zero fields have the defaults.
type BusOptions struct {
	// Buffer is how many events wait for each subscriber before Publish waits
	// too; default 256.
	Buffer int
	// Attempts is how often an event is offered to a handler that fails;
	// default 10. RetryDelay is the first pause, default 100 ms; it doubles up
	// to 30 s. Later events of the subscriber wait meanwhile, which keeps the
	// order.
	Attempts   int
	RetryDelay time.Duration
	// Dropped, if set, is told of every event that a subscriber did not take:
	// rejected, or failed too often. It must return soon.
	Dropped func(e Event, reason error)
}

// Bus is a Publisher and Subscriber inside one process. It stores nothing:
// an event without a subscriber is gone, and a group has no memory. Every
// subscriber gets its events in the order of publication.
type Bus struct {
	opts BusOptions
	done chan struct{}

	mu   sync.Mutex
	subs []*subscription
}

type subscription struct {
	filter Filter
	queue  chan Event
	done   <-chan struct{}
	stop   func()
}

// NewBus returns a bus that nobody subscribes to yet.
func NewBus(opts BusOptions) *Bus {
	if opts.Buffer <= 0 {
		opts.Buffer = 256
	}
	if opts.Attempts <= 0 {
		opts.Attempts = 10
	}
	if opts.RetryDelay <= 0 {
		opts.RetryDelay = 100 * time.Millisecond
	}
	return &Bus{opts: opts, done: make(chan struct{})}
}

// Publish implements [Publisher].
func (b *Bus) Publish(ctx context.Context, evs ...Event) error {
	b.mu.Lock()
	subs := b.subs // Subscribe and remove replace the slice, never change it.
	b.mu.Unlock()
	for i := range evs {
		if err := evs[i].Validate(); err != nil {
			return err
		}
	}
	for i := range evs {
		if err := b.offer(ctx, subs, &evs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bus) offer(ctx context.Context, subs []*subscription, e *Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.closed() {
		return ErrClosed
	}
	for _, s := range subs {
		if !s.filter.Matches(e) {
			continue
		}
		select {
		case s.queue <- *e:
		case <-s.done:
		case <-b.done:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (b *Bus) closed() bool {
	select {
	case <-b.done:
		return true
	default:
		return false
	}
}

// Subscribe implements [Subscriber].
func (b *Bus) Subscribe(ctx context.Context, f Filter, h Handler) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &subscription{filter: f, queue: make(chan Event, b.opts.Buffer), done: ctx.Done(), stop: cancel}
	b.mu.Lock()
	if b.closed() {
		b.mu.Unlock()
		cancel()
		return nil, ErrClosed
	}
	b.subs = append(slices.Clip(b.subs), s)
	b.mu.Unlock()
	go func() {
		defer b.remove(s)
		b.serve(ctx, s, h)
	}()
	return cancel, nil
}

func (b *Bus) remove(s *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs = slices.DeleteFunc(slices.Clone(b.subs), func(o *subscription) bool { return o == s })
}

func (b *Bus) serve(ctx context.Context, s *subscription, h Handler) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-s.queue:
			if err := b.deliver(ctx, e, h); err != nil && ctx.Err() == nil && b.opts.Dropped != nil {
				b.opts.Dropped(e, err)
			}
		}
	}
}

func (b *Bus) deliver(ctx context.Context, e Event, h Handler) error {
	pause := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(b.opts.RetryDelay),
		backoff.WithMultiplier(2),
		backoff.WithMaxInterval(30*time.Second),
		backoff.WithMaxElapsedTime(0),
	)
	return backoff.Retry(func() error {
		err := h(ctx, e)
		if errors.Is(err, ErrReject) {
			return backoff.Permanent(err)
		}
		return err
	}, backoff.WithContext(backoff.WithMaxRetries(pause, uint64(b.opts.Attempts-1)), ctx))
}

// Close implements [Publisher]. It ends every subscription.
func (b *Bus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed() {
		return nil
	}
	close(b.done)
	for _, s := range b.subs {
		s.stop()
	}
	return nil
}
