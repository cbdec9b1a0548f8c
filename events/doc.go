// Package events carries news and commands between the integrators and
// Farmacy's services as CloudEvents 1.0.
//
// An [Event] is an envelope around one JSON payload. Each type of event has a
// payload struct and a constructor, such as [Purchase] and [NewPurchase]; the
// type's name ends in its version. [Decode] reads a payload.
//
// # Identity
//
// Event ids are derived from what happened, not drawn: two events with the
// same id say the same, whichever process made them, however often they
// arrive. Consumers remember ids (or write idempotently) and are then immune
// to repeats.
//
// # Traces
//
// TraceParent, of W3C Trace Context, says in which trace an event was made. The
// outcomes of a command are in the trace of the command, however long it waited
// and whichever process carried it out. It is no part of the identity.
//
// # Order
//
// Events with the same Source and Subject are delivered in the order in which
// they were published. Source names the vendor account and Subject the
// location. There is no order between subjects.
//
// # Transport
//
// [Publisher] and [Subscriber] hide the broker. [Bus] is both, inside one
// process. [Journal] commits a cursor together with the events that lead up to
// it; [MemoryJournal] is one in memory that relays to a Publisher. A Journal that
// is a [History] too gives back what was published; integrators then publish a
// [Certificate] for each business day.
// [Intake] keeps vendors' callbacks, and [Cluster] tells replicas of each other.
//
// Package jetstream has all of them on a durable stream. Package relay copies
// that stream to Kafka, AMQP or SQL by package watermill, or to a service by
// package httppush; package eventslog writes events into a log.
//
// # Schemas
//
// [Schema] returns the JSON Schema of a type's payload. The files in schemas
// are generated from the Go types.
package events
