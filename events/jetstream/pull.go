package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// heartbeat is how often the server says that it knows of the request for
// messages. When two are missing the request is lost, and made again.
const heartbeat = 2 * time.Second

// loneHeartbeat is that of requests for one message. The client has room for
// as many messages as it asks for, heartbeats included, and drops the message
// if a heartbeat takes the only place; so there must be few of them.
const loneHeartbeat = 10 * time.Second

// giveBackWait bounds how long the end of a subscription waits for the server.
const giveBackWait = 5 * time.Second

// each calls f with one message after the other until it fails or ctx ends.
func each(ctx context.Context, cons jetstream.Consumer, f func(jetstream.Msg) error, opts ...jetstream.PullMessagesOpt) error {
	messages, err := cons.Messages(opts...)
	if err != nil {
		return err
	}
	defer giveBack(messages) //nolint:contextcheck // ctx may have ended
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		if err := f(m); err != nil {
			return err
		}
	}
}

// giveBack ends the request for messages. The server goes on sending until it
// hears of that. What it sent would be taken for under way, and come again
// after AckWait only; so it is handed back, and goes to the next process at
// once: not before the request has ended, or it would come back here.
func giveBack(messages jetstream.MessagesContext) {
	defer messages.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), giveBackWait)
	defer cancel()
	messages.Drain()
	var late []jetstream.Msg
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err == nil {
			late = append(late, m)
		} else if errors.Is(err, jetstream.ErrMsgIteratorClosed) || ctx.Err() != nil {
			break
		}
	}
	for _, m := range late {
		_ = m.Nak() // If this is lost, AckWait does the same.
	}
}
