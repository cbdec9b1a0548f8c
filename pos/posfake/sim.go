package posfake

import (
	"errors"
	"time"
)

// Simulator is what every fake point of sale can be told to do, whether it is
// the in-memory [Provider] of this package or a vendor's service behind HTTP.
// The conformance suite, the examples and the control endpoint of the vendor
// fakes all speak these types, so that one script drives every system.
//
// All methods are safe for concurrent use. Money is in minor units of the
// location's currency.
type Simulator interface {
	// Sell books a sale. A sale with an OccurredAt in the past is one that an
	// offline till sends late: it happened then and is recorded now.
	Sell(Sale) (Record, error)
	// Refund gives back part or all of a sale.
	Refund(Refund) (Record, error)
	// Edit changes a booked sale without selling anything.
	Edit(Edit) (Record, error)
	// Void cancels a sale as the till's staff would.
	Void(id string) (Record, error)

	// SetStock counts an item at a location; a nil quantity forgets the count,
	// so that the item is "not counted", which is not zero.
	SetStock(location, sku string, quantity *int64) error
	// SetOnline cuts or restores the power of a location.
	SetOnline(location string, online bool) error
	// AddLocation opens another location; RemoveLocation closes it for good.
	AddLocation(LocationSeed) error
	RemoveLocation(id string) error

	// Ledger lists every version of every sale in the order of recording.
	Ledger() []Record
	// Menu lists what the system sells now, foreign items included.
	Menu() []MenuRow
	// AddForeign puts an item into the catalogue that another party owns.
	AddForeign(sku, name string, price int64) error
	// Requests lists the requests the fake has answered, oldest first. In-memory
	// fakes count one request for every call of the provider that would reach
	// a vendor.
	Requests() []Request
	// Inject scripts a fault; the returned function ends it.
	Inject(Fault) (remove func(), err error)
	// Advance moves the fake's clock forward.
	Advance(time.Duration)
	// Now is the fake's clock.
	Now() time.Time
}

// ErrNotSimulated reports something that the simulated system does not have,
// such as a void in a system without voids.
var ErrNotSimulated = errors.New("posfake: the simulated system has no such thing")

// LocationSeed describes a location to open.
type LocationSeed struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	TimeZone string `json:"time_zone,omitempty"` // IANA, default America/New_York
	Currency string `json:"currency,omitempty"`  // ISO 4217, default USD
}

// Sale is a sale to book.
type Sale struct {
	Location string     `json:"location"`
	Lines    []SaleLine `json:"lines"`
	// Codes are the coupon codes that the customer gives.
	Codes []string `json:"codes,omitempty"`
	Tip   int64    `json:"tip,omitempty"`
	// Tender is "card" (default), "cash" or "none": an open, unpaid order.
	Tender string `json:"tender,omitempty"`
	// State is "completed" (default), "pending" or "failed" (goods gone, payment refused).
	State string `json:"state,omitempty"`
	// OccurredAt is when the customer bought; zero means now.
	OccurredAt time.Time `json:"occurred_at,omitzero"`
	// Reference is the till's own number of the tender. A till that sends a
	// sale twice repeats it.
	Reference string `json:"reference,omitempty"`
}

// SaleLine is one line of a [Sale].
type SaleLine struct {
	SKU      string `json:"sku"` // empty or unknown: an item off the menu
	Name     string `json:"name,omitempty"`
	Quantity int64  `json:"quantity"`             // whole units, default 1
	Price    *int64 `json:"unit_price,omitempty"` // minor units, nil: the menu's price
}

// Refund is a refund to book.
type Refund struct {
	ID     string `json:"id"`              // the sale
	Amount int64  `json:"amount"`          // minor units; 0 means all that is left
	State  string `json:"state,omitempty"` // "completed" (default), "pending", "failed" or "rejected"
	Reason string `json:"reason,omitempty"`
}

// Edit is a change of a booked sale.
type Edit struct {
	ID string `json:"id"`
	// Tip, where set, replaces the tip.
	Tip *int64 `json:"tip,omitempty"`
	// Pay settles an open or pending sale.
	Pay bool `json:"pay,omitempty"`
	// Settle brings pending refunds of the sale to an end: "completed", "failed" or "rejected".
	Settle string `json:"settle,omitempty"`
	// Silent leaves the record's modification time as it is, as systems do
	// whose children do not move the parent.
	Silent bool `json:"silent,omitempty"`
}

// Record is one version of one record in the ledger of a fake: the truth that
// deliveries are compared with.
type Record struct {
	ID       string `json:"id"`
	Version  int    `json:"version"` // 1, 2, 3 ... of this record
	Location string `json:"location"`
	// Kind is "sale" or "refund". Systems that keep refunds inside the sale
	// have no record of kind refund: the sale gets a new version instead.
	Kind string `json:"kind"`
	// Of is the sale that a record of kind refund gives back.
	Of string `json:"of,omitempty"`
	// State is "open" (not a purchase yet), "pending", "completed", "voided" or "failed".
	State    string `json:"state"`
	Currency string `json:"currency"`
	Total    int64  `json:"total"` // what the customer is charged, tip included
	Discount int64  `json:"discount"`
	Tax      int64  `json:"tax"`
	Tip      int64  `json:"tip"`
	// Refunded is the money given back by completed refunds that this record
	// carries: for kind refund its own amount, for kind sale those kept inside.
	Refunded   int64        `json:"refunded"`
	Lines      []RecordLine `json:"lines,omitempty"`
	OccurredAt time.Time    `json:"occurred_at"`
	RecordedAt time.Time    `json:"recorded_at"`
	UpdatedAt  time.Time    `json:"updated_at"`
	Reference  string       `json:"reference,omitempty"`
}

// RecordLine is one line of a [Record].
type RecordLine struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Gross    int64  `json:"gross"`
	Discount int64  `json:"discount"`
}

// MenuRow is one item at one location as the system would sell it.
type MenuRow struct {
	Location  string `json:"location"`
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Price     int64  `json:"price"`
	Available bool   `json:"available"`
	Foreign   bool   `json:"foreign,omitempty"`
	// Digest changes when any field of the stored object changes, also those
	// the SDK does not know.
	Digest string `json:"digest"`
}

// Request is one entry of a fake's request log.
type Request struct {
	At     time.Time `json:"at"`
	Op     string    `json:"op"` // the vendor's name of the operation, e.g. SearchOrders
	Method string    `json:"method,omitempty"`
	Path   string    `json:"path,omitempty"`
	Query  string    `json:"query,omitempty"`
	Status int       `json:"status"`
	Write  bool      `json:"write"` // changes state at the vendor
	Bytes  int64     `json:"bytes"` // length of the request body
	Fault  string    `json:"fault,omitempty"`
}

// Fault kinds. A vendor fake answers [ErrNotSimulated] for a kind that its
// system cannot show.
const (
	FaultStatus     = "status"      // answers Status, with RetryAfter if set, and does nothing
	FaultLatency    = "latency"     // waits Latency, then answers as usual
	FaultReset      = "reset"       // breaks the connection before anything happens
	FaultLostReply  = "lost_reply"  // does the work, then breaks the connection
	FaultTruncate   = "truncate"    // sends only the first Bytes of the body, then breaks the connection
	FaultMalformed  = "malformed"   // answers 200 with bytes that do not parse
	FaultDuplicate  = "duplicate"   // list answers carry every row twice
	FaultToken      = "token"       // access tokens issued so far have expired
	FaultPageToken  = "page_token"  // page tokens issued so far have expired
	FaultScope      = "scope"       // the credential lacks the permission for Op
	FaultWidened    = "widened"     // time filters return rows outside the asked window too
	FaultSilence    = "silence"     // webhooks: none is sent
	FaultRepeat     = "repeat"      // webhooks: each is sent Times times
	FaultOmit       = "omit"        // lists of sales leave out their newest row, without a sign of it
	FaultStaleReads = "stale_reads" // reads show what was there before the last write, for Latency
)

// Fault scripts misbehaviour.
type Fault struct {
	Kind string `json:"kind"`
	// Op limits the fault to one operation by the vendor's name; empty means all.
	Op string `json:"op,omitempty"`
	// Times is how many matching requests are hit: 0 means one, -1 means until
	// cleared. For webhooks it is how often each is repeated.
	Times int `json:"times,omitempty"`
	// Skip lets that many matching requests pass first.
	Skip       int           `json:"skip,omitempty"`
	Status     int           `json:"status,omitempty"`
	RetryAfter string        `json:"retry_after,omitempty"` // as the header goes over the wire
	Latency    time.Duration `json:"latency_ns,omitempty"`
	Bytes      int64         `json:"bytes,omitempty"`
}
