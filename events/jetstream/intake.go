package jetstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// wordHook stands in the subjects of callbacks, pos.hook.<queue>, which no
// subscription to events sees.
const wordHook = ".hook."

const (
	// callbackAge is how long a callback is kept. It is a hint: who comes
	// later finds the news by polling.
	callbackAge = 24 * time.Hour
	// queueAge is how long the server remembers the position of a queue that
	// nobody takes from.
	queueAge = 3 * callbackAge
	// callbackWait is after how long a callback goes to another process.
	callbackWait = 30 * time.Second
	// callbacksAhead is how many callbacks of a queue are under way at once.
	callbacksAhead = 64
)

var _ events.Intake = (*Stream)(nil)

// PutCallback implements [events.Intake]. Repeats within two minutes are
// passed over. Callbacks are kept for a day, out of sight of subscriptions.
func (s *Stream) PutCallback(ctx context.Context, queue string, c events.Callback) error {
	const op = "Intake.PutCallback"
	if err := checkKey(op, queue); err != nil {
		return err
	}
	head, err := json.Marshal(&c)
	if err != nil {
		return &pos.Error{Op: op, Kind: pos.KindInvalid, Err: err}
	}
	m := &nats.Msg{Subject: s.prefix + wordHook + queue, Header: nats.Header{}}
	m.Data = append(append(head, '\n'), c.Body...)
	if limit := s.nc.MaxPayload(); int64(len(m.Data)+maxHeader) > limit {
		return &pos.Error{Op: op, Kind: pos.KindInvalid, Err: fmt.Errorf("callback of %d bytes, the server takes %d", len(m.Data), limit-maxHeader)}
	}
	if c.ID != "" {
		m.Header.Set(jetstream.MsgIDHeader, events.ID("callback", queue, c.ID))
	}
	if !s.cfg.Pages {
		m.Header.Set(jetstream.MsgTTLHeader, callbackAge.String())
	}
	if _, err := s.js.PublishMsg(ctx, m); err != nil {
		return &pos.Error{Op: op, Kind: pos.KindUnavailable, Err: err}
	}
	return nil
}

// TakeCallbacks implements [events.Intake]. A queue is a durable consumer.
func (s *Stream) TakeCallbacks(ctx context.Context, queue string, h func(context.Context, events.Callback) error) error {
	const op = "Intake.TakeCallbacks"
	if err := checkKey(op, queue); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)() //nolint:contextcheck // ends with the stream too
	pause := backoff.NewExponentialBackOff(backoff.WithMaxInterval(5*time.Second), backoff.WithMaxElapsedTime(0))
	for {
		err := s.takeCallbacks(ctx, queue, h, pause)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.log.Info("callbacks interrupted", "queue", queue, "error", err)
		timer := time.NewTimer(pause.NextBackOff())
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func (s *Stream) takeCallbacks(ctx context.Context, queue string, h func(context.Context, events.Callback) error, pause backoff.BackOff) error {
	cons, err := s.js.CreateOrUpdateConsumer(ctx, s.name, jetstream.ConsumerConfig{
		Durable:           "callbacks=" + consumerName(queue),
		FilterSubject:     s.prefix + wordHook + queue,
		AckPolicy:         jetstream.AckExplicitPolicy,
		AckWait:           callbackWait,
		MaxAckPending:     callbacksAhead,
		InactiveThreshold: queueAge,
	})
	if err != nil {
		return err
	}
	return each(ctx, cons, func(m jetstream.Msg) error {
		pause.Reset()
		return s.takeCallback(ctx, m, h)
	}, jetstream.PullMaxMessages(2*callbacksAhead), jetstream.PullHeartbeat(heartbeat))
}

func (s *Stream) takeCallback(ctx context.Context, m jetstream.Msg, h func(context.Context, events.Callback) error) error {
	head, body, ok := bytes.Cut(m.Data(), []byte{'\n'})
	c := events.Callback{Body: body}
	err := json.Unmarshal(head, &c)
	if err == nil && !ok {
		err = errors.New("no body")
	}
	if err != nil { // Nobody but us writes there; it would fail for ever.
		s.log.Error("stored callback cannot be read", "subject", m.Subject(), "error", err)
		return m.Term()
	}
	switch err := h(ctx, c); {
	case err == nil:
		return m.Ack()
	case ctx.Err() != nil:
		return m.Nak() // The next process takes it at once.
	default:
		s.log.Info("callback comes again", "subject", m.Subject(), "error", err)
		return m.NakWithDelay(5 * time.Second)
	}
}
