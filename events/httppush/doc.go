// Package httppush publishes events by HTTP to a service of Farmacy's that has
// no broker, and receives them there.
//
//	p, err := httppush.New(httppush.Config{
//		URL:     "https://orders.example.com/pos-events",
//		Secrets: []pos.Secret{pos.NewSecret(os.Getenv("PUSH_SECRET"))},
//	}, nil)
//
// Each event is one POST of its CloudEvents JSON, signed as Standard Webhooks
// 1.0 describes (https://www.standardwebhooks.com): any receiver library of
// that specification verifies it. Webhook-Id is derived from the source and id
// of the event, so all repeats of an event share it; consumers that remember
// ids are immune to repeats. Events of one call go out in order, each after
// the one before was accepted. The header Traceparent is that of the event.
//
// # Answers
//
// 2xx accepts an event. 408, 425, 429 and 5xx, and no answer, may pass: the
// event is sent again, not before what Retry-After says. Any other answer
// is final; 400, 413 and 422 say that this event will never be accepted, and
// the error matches [events.ErrReject]. Redirects are not followed.
//
// # Receiving
//
//	keys, err := httppush.NewKeys(secret)
//	mux.Handle("POST /pos-events", httppush.Receiver(keys, handle, nil))
//
// Receiver verifies and parses, calls the handler and answers as the sender
// expects. The handler must keep the event before it returns.
package httppush
