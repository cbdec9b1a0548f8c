package events

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Purchase is the payload of the purchase events: one version of one record.
//
// The type tells what the version is: voided if its state is, else refunded if
// it carries a completed refund or is a return, else revised if an earlier
// version was published, else recorded. A consumer that replaces what it has
// of the record by the newest version (by UpdatedAt) needs no type.
type Purchase struct {
	Origin
	pos.Purchase
}

// NewPurchase builds the event for a version of a record. earlier says that
// an earlier version of the record was published before. The id depends on
// the account, the record and its version alone.
func NewPurchase(o Origin, p pos.Purchase, earlier bool) Event {
	p.Raw = clean(p.Raw)
	at := p.UpdatedAt
	for _, earlier := range []time.Time{p.RecordedAt, p.OccurredAt} {
		if at.IsZero() {
			at = earlier
		}
	}
	e := o.envelope(purchaseType(&p, earlier), p.Location, at, "purchase", p.ID, p.Version)
	e.Data = appendPurchase(make([]byte, 0, 384+192*len(p.Lines)+len(p.Raw)), &Purchase{o, p})
	return e
}

func purchaseType(p *pos.Purchase, earlier bool) string {
	if p.State == pos.StateVoided {
		return TypePurchaseVoided
	}
	for i := range p.Refunds {
		if p.Refunds[i].State == pos.RefundCompleted {
			return TypePurchaseRefunded
		}
	}
	if earlier {
		return TypePurchaseRevised
	}
	return TypePurchaseRecorded
}

// Status is the payload of status events: an edge, not every observation.
type Status struct {
	Origin
	pos.Status
	// Previous is what the event before this one said; nil in the first.
	Previous *pos.Status `json:"previous,omitempty"`
}

// NewStatus builds the event for an edge. The number counts the edges of this
// location and device.
func NewStatus(o Origin, s pos.Status, previous *pos.Status, number uint64, at time.Time) Event {
	s.Raw, s.Temperature = clean(s.Raw), finite(s.Temperature)
	if previous != nil {
		p := *previous
		p.Raw, p.Temperature = nil, finite(p.Temperature)
		previous = &p
	}
	return o.event(TypeStatusChanged, s.Location, at, Status{o, s, previous}, "status", s.Location, s.Device, strconv.FormatUint(number, 10))
}

func finite(t *pos.Temperature) *pos.Temperature {
	if t == nil || math.IsNaN(t.Celsius-t.MaxCelsius) || math.IsInf(t.Celsius, 0) || math.IsInf(t.MaxCelsius, 0) {
		return nil
	}
	return t
}

// Inventory is the payload of inventory events: a summary. The stock itself
// goes to the inventory service.
type Inventory struct {
	Origin
	Location string `json:"location"`
	// Full says that the location was read as a whole; otherwise Lines counts
	// what changed.
	Full  bool `json:"full"`
	Lines int  `json:"lines"`
	// SKUs are those of the lines, at most 100 of them.
	SKUs           []string  `json:"skus,omitempty"`
	EarliestExpiry pos.Date  `json:"earliest_expiry,omitempty"`
	ObservedAt     time.Time `json:"observed_at"`
}

// NewInventory builds the event for stock that was read.
func NewInventory(o Origin, inv Inventory) Event {
	inv.Origin = o
	inv.SKUs = inv.SKUs[:min(len(inv.SKUs), 100)]
	return o.event(TypeInventoryChanged, inv.Location, inv.ObservedAt, inv, "inventory", inv.Location, stamp(inv.ObservedAt))
}

// Gap is the payload of events about records that are, or may be, missing.
type Gap struct {
	Origin
	// Locations are the points of sale concerned; empty means the account.
	Locations []string `json:"locations,omitempty"`
	// Reason is "horizon": the system no longer has what was recorded before
	// Until. "cursor": the system lost the position, and everything since From
	// is read again. "finding": the system's own records do not add up.
	Reason  string       `json:"reason"`
	From    time.Time    `json:"from,omitzero"`
	Until   time.Time    `json:"until,omitzero"`
	Finding *pos.Finding `json:"finding,omitempty"`
}

// NewGap builds the event for a gap. The feed names the read that found it.
func NewGap(o Origin, feed string, at time.Time, g Gap) Event {
	g.Origin = o
	subject := ""
	if len(g.Locations) == 1 {
		subject = g.Locations[0]
	}
	parts := []string{"gap", feed, g.Reason, stamp(g.From), stamp(g.Until)}
	if f := g.Finding; f != nil {
		parts = append(parts, f.Code, f.Detail, strconv.FormatInt(f.Amount.Amount, 10))
	}
	return o.event(TypeGapFound, subject, at, g, parts...)
}

// Alarm is the payload of events on which a person must act.
type Alarm struct {
	Origin
	Detail string `json:"detail"`
	// Until is when it becomes serious: a token's expiry, an API's end.
	Until time.Time `json:"until,omitzero"`
}

// NewAlarm builds an alarm of one of the types with that payload. The cause
// identifies it, such as the id of a notice.
func NewAlarm(typ string, o Origin, cause string, at time.Time, a Alarm) Event {
	a.Origin = o
	return o.event(typ, "", at, a, "alarm", typ, cause)
}

// PollHealth is the payload of events about polls that fail or work again.
type PollHealth struct {
	Origin
	Job      pos.Job `json:"job"`
	Failures int     `json:"failures"`
	// Since is when the first of the failures happened.
	Since time.Time `json:"since"`
	Error string    `json:"error,omitempty"`
	Kind  string    `json:"kind,omitempty"`
}

// NewPollHealth builds the event for failing or, if h has no error, recovered
// polls. An episode that goes on has one id of each.
func NewPollHealth(o Origin, h PollHealth, at time.Time) Event {
	h.Origin = o
	typ := TypePollFailing
	if h.Error == "" {
		typ = TypePollRecovered
	}
	return o.event(typ, "", at, h, "poll", typ, string(h.Job), stamp(h.Since))
}

// Outcome is the payload of push outcomes: what became of one item at a group
// of locations. Item is empty if the push failed as a whole.
type Outcome struct {
	Origin
	// Job is "menu" or "coupons". ChangeID is that of the push.
	Job      pos.Job `json:"job"`
	ChangeID string  `json:"change_id,omitempty"`
	pos.Outcome
	// Error and Kind are set for refused and failed.
	Error string `json:"error,omitempty"`
	Kind  string `json:"kind,omitempty"`
	// Final is false while the integrator keeps working on it: pending
	// outcomes, and failures that are tried again.
	Final bool `json:"final"`
}

// NewOutcome builds the event for an outcome.
func NewOutcome(o Origin, job pos.Job, changeID string, out pos.Outcome, final bool, at time.Time) Event {
	p := Outcome{Origin: o, Job: job, ChangeID: changeID, Outcome: out, Final: final}
	if out.Err != nil {
		p.Error, p.Kind = out.Err.Error(), pos.KindOf(out.Err).String()
	}
	subject := ""
	if len(out.Locations) == 1 {
		subject = out.Locations[0]
	}
	return o.event(TypePushOutcome, subject, at, p, "outcome", string(job), changeID, out.Item,
		strings.Join(out.Locations, "\x00"), string(out.Action), p.Error, strconv.FormatBool(final))
}

// event builds an event about the account; the parts identify it among the
// account's.
func (o Origin) event(typ, subject string, at time.Time, payload any, parts ...string) Event {
	e := o.envelope(typ, subject, at, parts...)
	e.Data = encode(payload)
	return e
}

func (o Origin) envelope(typ, subject string, at time.Time, parts ...string) Event {
	source, subject := o.Source(), strings.ToValidUTF8(subject, "\ufffd")
	return Event{
		ID:           ID(append([]string{o.Vendor, o.Account}, parts...)...),
		Source:       source,
		Type:         typ,
		Subject:      subject,
		Time:         at.UTC(),
		PartitionKey: source + "/" + subject,
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// Superseded is the action of outcomes of commands that were not carried out,
// since a newer one left nothing of them to do.
const Superseded pos.Action = "superseded"
