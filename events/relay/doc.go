// Package relay copies the events of a durable stream to another place: a
// broker behind package watermill, a service behind package httppush, the
// stream of another site.
//
//	err := relay.Run(ctx, relay.Config{
//		Source: stream.Source(events.Filter{}),              // events/jetstream
//		Target: relay.ToPublisher(kafka, stream.Store(), "relay.kafka"),
//	})
//
// # What is promised
//
// Events arrive in the order of the source. The target remembers the position
// of the last one, and Run resumes behind it, after an outage of any length;
// only what the source itself no longer keeps is lost.
//
// A target made by [ToJournal] takes events and position in one commit: no
// event is lost and none comes twice, whenever a process dies, and of several
// relays with one key only one gets on.
//
// A target made by [ToPublisher] keeps the position in a [pos.Store], after
// the events: none is lost, and a process that dies in between sends its last
// batch again. Consumers recognise repeats by id, or by position: each event
// carries it as the extension [Extension], and what is not above the highest
// one that was handled of a source and subject is a repeat. Run one relay per
// key. A target that can tell the position of its last message and compare it
// as it takes the next one, such as a table, may implement [Target] and be as
// exact as a journal.
package relay
