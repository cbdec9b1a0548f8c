package jetstream

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Subscribe implements [events.Subscriber] as Config.Delivery says.
func (s *Stream) Subscribe(ctx context.Context, f events.Filter, h events.Handler) (func(), error) {
	return s.subscribe(ctx, s.cfg.Delivery, f, h)
}

// Subscriber returns a subscriber that delivers in its own way.
func (s *Stream) Subscriber(d Delivery) (events.Subscriber, error) {
	d = d.withDefaults()
	if ps := d.problems(); ps != nil {
		return nil, &pos.Error{Op: "jetstream.Subscriber", Kind: pos.KindInvalid, Err: ps}
	}
	return subscriber{s, d}, nil
}

type subscriber struct {
	s *Stream
	d Delivery
}

// Subscribe implements [events.Subscriber].
func (b subscriber) Subscribe(ctx context.Context, f events.Filter, h events.Handler) (func(), error) {
	return b.s.subscribe(ctx, b.d, f, h)
}

const opSubscribe = "Subscribe"

// forgetAfter is how long the server keeps the position of a subscription
// without a group whose process does not answer.
const forgetAfter = 5 * time.Minute

// subscription delivers the events of one consumer to one handler.
type subscription struct {
	s        *Stream
	delivery Delivery
	filter   events.Filter
	subjects []string // what the filter asks the server for
	handler  events.Handler
	log      *slog.Logger
	name     string // of the consumer; "" until a consumer without group exists
	seen     uint64 // sequence of the last message that was dealt with
	progress progress
}

func (s *Stream) subscribe(ctx context.Context, d Delivery, f events.Filter, h events.Handler) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.life.Err() != nil {
		return nil, events.ErrClosed
	}
	sub := &subscription{s: s, delivery: d, filter: f, subjects: s.sourceSubjects(f), handler: h, log: s.log.With("group", f.Group)}
	if f.Group != "" {
		sub.name = consumerName(f.Group)
	}
	cons, err := sub.consumer(ctx)
	if err != nil {
		return nil, &pos.Error{Op: opSubscribe, Kind: pos.KindUnavailable, Err: err}
	}
	ctx, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(s.life, cancel) //nolint:contextcheck // ends with the stream too
	s.subscribers.Go(func() {
		defer release()
		sub.run(ctx, cons)
	})
	return cancel, nil
}

// sourceSubjects are those of the events, of the pages if there are any, and
// of the group's dead letters that come back.
func (s *Stream) sourceSubjects(f events.Filter) []string {
	subjects := s.filterSubjects(f)
	if s.cfg.Pages {
		subjects = append(subjects, s.prefix+wordPage+">")
	}
	if f.Group != "" {
		subjects = append(subjects, s.prefix+wordAgain+escape(f.Group)+".*")
	}
	return subjects
}

// consumer finds or makes the consumer on the server.
func (sub *subscription) consumer(ctx context.Context) (jetstream.Consumer, error) {
	js, stream := sub.s.js, sub.s.name
	if sub.filter.Group == "" {
		return js.CreateConsumer(ctx, stream, sub.config())
	}
	cons, err := js.Consumer(ctx, stream, sub.name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		cons, err = js.CreateConsumer(ctx, stream, sub.config())
		if !errors.Is(err, jetstream.ErrConsumerExists) {
			return cons, err
		}
		cons, err = js.Consumer(ctx, stream, sub.name) // Another replica was faster.
	}
	if err != nil {
		return nil, err
	}
	// The newest subscriber's filter holds; the position stays.
	c, want := cons.CachedInfo().Config, sub.config()
	if slices.Equal(filters(c), filters(want)) && c.AckWait == want.AckWait && c.MaxAckPending == want.MaxAckPending {
		return cons, nil
	}
	c.FilterSubject, c.FilterSubjects = want.FilterSubject, want.FilterSubjects
	c.AckWait, c.MaxAckPending = want.AckWait, want.MaxAckPending
	return js.UpdateConsumer(ctx, stream, c)
}

// filters lists the subjects of a consumer in order.
func filters(c jetstream.ConsumerConfig) []string {
	list := slices.Clone(c.FilterSubjects)
	if c.FilterSubject != "" {
		list = append(list, c.FilterSubject)
	}
	slices.Sort(list)
	return list
}

func (sub *subscription) config() jetstream.ConsumerConfig {
	c := jetstream.ConsumerConfig{
		Durable:        sub.name,
		FilterSubjects: sub.subjects,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        sub.delivery.AckWait,
		MaxDeliver:     -1, // Giving up is done here, with a dead letter.
		MaxAckPending:  or(sub.delivery.Unordered, 1),
	}
	if sub.filter.Group == "" {
		c.InactiveThreshold = forgetAfter
	}
	start := sub.delivery.Start
	switch {
	case sub.seen != 0: // The consumer was lost on the way.
		c.DeliverPolicy, c.OptStartSeq = jetstream.DeliverByStartSequencePolicy, sub.seen+1
	case start.Sequence != 0:
		c.DeliverPolicy, c.OptStartSeq = jetstream.DeliverByStartSequencePolicy, start.Sequence
	case !start.Time.IsZero():
		c.DeliverPolicy, c.OptStartTime = jetstream.DeliverByStartTimePolicy, &start.Time
	case start.New, sub.filter.Group == "":
		c.DeliverPolicy = jetstream.DeliverNewPolicy
	default:
		c.DeliverPolicy = jetstream.DeliverAllPolicy
	}
	return c
}

// run delivers until ctx ends, and comes back after failures.
func (sub *subscription) run(ctx context.Context, cons jetstream.Consumer) {
	pause := backoff.NewExponentialBackOff(backoff.WithMaxInterval(10*time.Second), backoff.WithMaxElapsedTime(0))
	for {
		err := sub.pull(ctx, cons, pause)
		if ctx.Err() != nil {
			sub.forget(cons) //nolint:contextcheck // ctx has ended
			return
		}
		sub.log.Info("subscription interrupted", "error", err)
		for {
			timer := time.NewTimer(pause.NextBackOff())
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			if next, err := sub.resume(ctx, cons); err == nil {
				cons = next
				break
			}
		}
	}
}

// forget removes a consumer to which nobody can come back.
func (sub *subscription) forget(cons jetstream.Consumer) {
	if sub.filter.Group != "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := sub.s.js.DeleteConsumer(ctx, sub.s.name, cons.CachedInfo().Name); err != nil {
		sub.log.Debug("the server will forget the subscription by itself", "error", err)
	}
}

// resume returns the consumer, or a new one behind the last event if it is gone.
func (sub *subscription) resume(ctx context.Context, cons jetstream.Consumer) (jetstream.Consumer, error) {
	_, err := cons.Info(ctx)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return sub.consumer(ctx)
	}
	return cons, err
}

func (sub *subscription) pull(ctx context.Context, cons jetstream.Consumer, pause backoff.BackOff) error {
	// In order, the server sends one event at a time however many are asked
	// for. Otherwise what is asked for too early is missing in other replicas.
	ahead, beat := 500, heartbeat
	if sub.delivery.Unordered > 0 {
		ahead, beat = 1, loneHeartbeat
	}
	return each(ctx, cons, func(m jetstream.Msg) error {
		pause.Reset()
		return sub.take(ctx, m)
	}, jetstream.PullMaxMessages(ahead), jetstream.PullHeartbeat(beat))
}

// take deals with one message: it is acknowledged, put off, or moved to the
// dead letters.
func (sub *subscription) take(ctx context.Context, m jetstream.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	attempt := int(meta.NumDelivered)
	if !covers(sub.subjects, m.Subject()) && attempt <= sub.delivery.Attempts {
		// Asked for by a replica with another filter; it is not ours to judge.
		return m.NakWithDelay(sub.delivery.delay(attempt))
	}
	stop := sub.keep(m)
	err = sub.handle(ctx, m, meta)
	stop()
	switch {
	case err == nil:
		sub.seen = max(sub.seen, meta.Sequence.Stream)
		return m.Ack()
	case ctx.Err() != nil:
		return m.Nak() // The next process takes it at once.
	}
	sub.log.Info("event comes again", "sequence", meta.Sequence.Stream, "attempt", attempt, "error", err)
	return m.NakWithDelay(sub.delivery.delay(attempt))
}

// keep tells the server now and then that the message is being worked on.
func (sub *subscription) keep(m jetstream.Msg) (stop func()) {
	quit := make(chan struct{})
	timer := time.AfterFunc(sub.delivery.AckWait/3, func() {
		ticker := time.NewTicker(sub.delivery.AckWait / 3)
		defer ticker.Stop()
		for {
			if err := m.InProgress(); err != nil {
				sub.log.Debug("sign of life", "error", err)
			}
			select {
			case <-quit:
				return
			case <-ticker.C:
			}
		}
	})
	return func() { timer.Stop(); close(quit) }
}

// progress is how far a message with several events has come.
type progress struct {
	sequence uint64
	index    int
	failures int // of the event at index
}

var errDeadly = errors.New("delivered too often without an answer: processes may die of it")

// handle gives the events of a message to the handler. What it cannot take
// becomes a dead letter; an error asks for the message to come again.
func (sub *subscription) handle(ctx context.Context, m jetstream.Msg, meta *jetstream.MsgMetadata) error {
	sequence, attempt := meta.Sequence.Stream, int(meta.NumDelivered)
	list, err := eventsIn(m.Headers(), m.Data())
	if err == nil && attempt > sub.delivery.Attempts*max(len(list), 1) {
		err = errDeadly
	}
	if err != nil {
		return sub.bury(ctx, letter{sequence, -1, attempt, m.Data(), m.Headers()}, err)
	}
	at := &sub.progress
	if at.sequence != sequence {
		*at = progress{sequence: sequence}
	}
	for ; at.index < len(list); at.index, at.failures = at.index+1, 0 {
		at.failures++
		if len(list) == 1 {
			at.failures = attempt // Those in other processes count too.
		}
		dead, err := sub.offer(ctx, list[at.index], Delivered{sequence, at.index, at.failures, meta.Timestamp, sub.filter.Group})
		switch {
		case err == nil:
		case ctx.Err() != nil, !dead && at.failures < sub.delivery.Attempts:
			return err
		default:
			index := at.index
			if len(list) == 1 {
				index = -1
			}
			if err := sub.bury(ctx, letter{sequence, index, at.failures, list[at.index], nil}, err); err != nil {
				at.failures--
				return err
			}
		}
	}
	return nil
}

// offer calls the handler; dead means that it is no use to do so again.
func (sub *subscription) offer(ctx context.Context, data []byte, d Delivered) (dead bool, err error) {
	e, err := events.Parse(data)
	if err != nil {
		return true, err
	}
	if !sub.filter.Matches(&e) {
		return false, nil
	}
	err = sub.handler(context.WithValue(ctx, deliveredKey{}, d), e)
	return errors.Is(err, events.ErrReject), err
}
