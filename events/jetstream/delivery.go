package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Start says where a group begins that has never read before, and every
// subscription without a group.
type Start struct {
	// Sequence of the first event, or Time of the earliest one. If both are
	// zero, a group begins with the oldest event that is kept, a subscription
	// without a group with the next one that comes.
	Sequence uint64    `json:"sequence,omitempty"`
	Time     time.Time `json:"time,omitzero"`
	// New makes a new group begin with the next event that comes.
	New bool `json:"new,omitempty"`
}

// Delivery says how events are delivered. Zero fields have the defaults.
type Delivery struct {
	Start Start `json:"start,omitzero"`
	// Attempts is how often an event is offered to handlers that fail before
	// it becomes a dead letter; default 10.
	Attempts int `json:"attempts,omitempty"`
	// RetryDelay is the first pause after a failure; it doubles up to 30 s;
	// default 100 ms.
	RetryDelay time.Duration `json:"retry_delay,omitempty"`
	// AckWait is after how long without a sign of life of its process an event
	// goes to another one; default 30 s, at least 1 s. Handlers may take longer.
	AckWait time.Duration `json:"ack_wait,omitempty"`
	// Unordered lets so many events of a group be under way in different
	// processes at once, and others overtake one that fails. The order of a
	// subject is lost. 0 keeps it: one event of the group at a time.
	Unordered int `json:"unordered,omitempty"`
}

func (d Delivery) withDefaults() Delivery {
	d.Attempts = or(d.Attempts, 10)
	d.RetryDelay = or(d.RetryDelay, 100*time.Millisecond)
	d.AckWait = or(d.AckWait, 30*time.Second)
	return d
}

func (d Delivery) problems() (ps pos.Problems) {
	check := func(ok bool, field, reason string) {
		if !ok {
			ps = append(ps, pos.Problem{Field: "Delivery." + field, Reason: reason})
		}
	}
	starts := 0
	for _, set := range []bool{d.Start.Sequence != 0, !d.Start.Time.IsZero(), d.Start.New} {
		if set {
			starts++
		}
	}
	check(starts <= 1, "Start", "set one of Sequence, Time and New")
	check(d.Attempts > 0, "Attempts", "is negative")
	check(d.RetryDelay > 0, "RetryDelay", "is negative")
	check(d.AckWait >= time.Second, "AckWait", fmt.Sprintf("%v is shorter than a second", d.AckWait))
	check(d.Unordered >= 0, "Unordered", "is negative")
	return ps
}

// longestDelay bounds the pause before an event comes again.
const longestDelay = 30 * time.Second

// delay is the pause after the n-th failure.
func (d Delivery) delay(n int) time.Duration {
	if n > 20 {
		return longestDelay
	}
	return min(d.RetryDelay<<max(n-1, 0), longestDelay)
}

// Delivered describes the delivery of an event to a handler.
type Delivered struct {
	// Sequence is the place of the event's message in the stream. It grows and
	// is never given twice: a consumer that stores the highest sequence of a
	// subject in one transaction with its effect recognises every repeat.
	Sequence uint64
	// Index tells events apart that came in one message; 0 unless Config.Pages.
	Index int
	// Attempt is 1 for the first delivery.
	Attempt int
	// Stored is when the stream took the event.
	Stored time.Time
	// Group is the subscription's.
	Group string
}

type deliveredKey struct{}

// FromContext tells a handler about the delivery of its event; false if the
// context comes from elsewhere.
func FromContext(ctx context.Context) (Delivered, bool) {
	d, ok := ctx.Value(deliveredKey{}).(Delivered)
	return d, ok
}
