package pos

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Webhook understands the callbacks of one vendor. It is a value apart from
// the Provider, because the process that receives callbacks is often not the
// one that polls. Both methods are safe for concurrent use and do no I/O.
type Webhook interface {
	// Verify proves that the vendor sent these bytes. It returns an error that
	// matches ErrAuth and never shows the expected signature.
	Verify(header http.Header, body []byte) error
	// Parse reads the notices of a verified callback. A callback of a kind it
	// does not know yields no notice and no error.
	Parse(header http.Header, body []byte) ([]Notice, error)
}

// Subscription is a vendor's standing order to send callbacks. Vendors end
// subscriptions on their own, after failures or by hand of the account's
// owner, and say nothing.
type Subscription interface {
	// Ensure checks that the vendor still sends callbacks, and orders them
	// again if not. restored says that it had to: notices may be missing, so
	// poll. It is safe for concurrent use and costs a call or two.
	Ensure(ctx context.Context) (restored bool, err error)
}

// Notice is a hint from a vendor that something changed. It is not the news
// itself: whoever gets it reads the record, so that repeats and disorder do no
// harm.
type Notice struct {
	// ID is the vendor's id of the notice; repeats share it.
	ID string `json:"id"`
	// Type is the vendor's word for what happened.
	Type string `json:"type"`
	// Account is the vendor's id of the account, to route by.
	Account string `json:"account,omitempty"`
	// Job is the job that has news.
	Job Job `json:"job"`
	// Location is empty where the vendor does not tell.
	Location string `json:"location,omitempty"`
	// Records are ids to read; empty means "poll".
	Records []string `json:"records,omitempty"`
	// At is when it happened.
	At time.Time `json:"at,omitzero"`
	// Alarm is set when a person must act: the authorization was withdrawn,
	// the subscription was switched off.
	Alarm string          `json:"alarm,omitempty"`
	Raw   json.RawMessage `json:"raw,omitempty"`
}
