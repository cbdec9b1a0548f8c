package events

import (
	"context"
	"net/http"
	"time"
)

// Callback is a verified callback of a vendor as it came.
type Callback struct {
	// ID is the same for repeats; empty if the vendor gives none.
	ID     string `json:"id,omitempty"`
	Vendor string `json:"vendor"`
	// Account is the one that the URL names, if it does.
	Account string      `json:"account,omitempty"`
	Header  http.Header `json:"header"`
	Body    []byte      `json:"-"`
	At      time.Time   `json:"at"`
}

// Intake keeps callbacks from before the vendor is answered until somebody
// dealt with them.
//
// Queues are named like keys of a [Journal]. Implementations are safe for
// concurrent use.
type Intake interface {
	// PutCallback stores a callback. Only when it returns nil may the vendor
	// be told that the callback arrived. A repeat that comes soon may be
	// passed over.
	PutCallback(ctx context.Context, queue string, c Callback) error
	// TakeCallbacks gives the callbacks of a queue to h, one at a time, until
	// ctx ends. One for which h fails comes again later, and so does one whose
	// process died meanwhile. Processes that take from one queue at once share
	// the callbacks between them.
	TakeCallbacks(ctx context.Context, queue string, h func(context.Context, Callback) error) error
}
