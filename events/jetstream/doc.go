// Package jetstream is the durable engine: events, cursors and small state on
// one NATS JetStream stream. Open a [Stream]; it is an [events.Publisher],
// [events.Subscriber] and [events.Journal], and has a [pos.Store].
//
//	s, err := jetstream.Open(ctx, jetstream.Config{Dir: "data"})
//
// # Where it runs
//
// With Dir the server runs inside the process: nothing to install, no open
// port, on disk before it is acknowledged. It starts in milliseconds, and on a
// store that a killed process left behind. One process at a time can use a
// directory; with Listen others can connect to it by URL.
//
// With URL the same code works against a cluster. Give it three servers, set
// Replicas to 3, and on servers that share a power supply set "sync_interval:
// always" in their jetstream block: their default writes to disk every two
// minutes, and trusts the replicas meanwhile. Needed is version 2.12.
//
// # What is promised
//
// A commit makes all of its changes or none: cursors are replaced and events
// published together, in one atomic batch of the server. Each cursor is
// replaced only if it still is at the revision that its writer read. So two
// writers of one key cannot both succeed, and one that was paused and wakes up
// later commits nothing. There is no time window in this: it holds after an
// outage of any length.
//
// When the server does not answer, the outcome of a commit is looked up at the
// cursor, which carries the commit's id; nothing is repeated blindly. Commit
// returns an error that does not match [pos.ErrConflict] only if the caller's
// context or the stream ended meanwhile, or if another writer has replaced the
// cursor before it could be looked at: then load and go on from there.
//
// Events without a cursor, from Publish or a change without a key, have no
// such mark. Repeats within two minutes are recognised by source and id; later
// ones are delivered, with the same id.
//
// Consumers get events at least once: a process may die between its effect and
// the acknowledgement. [FromContext] gives the handler the sequence of the
// event in the stream. Store the highest one of each subject in the same
// transaction as the effect, and skip what is not above it; dead letters that
// are replayed have a new sequence. Or remember ids.
//
// # Order
//
// A group has one event under way at a time, in whichever of its processes
// asks first. So the order of a subject holds across processes and failures,
// and one event that fails holds up its group until it is taken or given up,
// after Delivery.Attempts. Delivery.Unordered gives this up for throughput.
//
// # Groups
//
// A group is a durable consumer of its name. A new one begins with the oldest
// event that is kept, unless Delivery.Start says otherwise. Replicas share the
// name and the filter; when a new version of a service comes with another
// filter, the newest subscriber's holds, and processes with the old one pass
// events on that they did not ask for. A subscription without a group begins
// with the next event and is forgotten when it ends.
//
// An event that a handler rejects with [events.ErrReject], that fails too
// often, or that is not readable becomes a dead letter of the group, with the
// reason. DeadLetters lists them, Replay gives one back to the group, Discard
// removes it. Without a group it is logged and gone.
//
// # Warm copies
//
// Every process follows the cursors and holds a copy of them, so that taking
// work over needs no reads: Load and Records answer from memory. The copy is
// behind other writers by the way of a message; own commits are in it at once.
// A revision that is behind does no harm, since Commit refuses it, and the
// next Load of that key is right.
//
// # Limits
//
// One commit takes 1,000 messages, events and cursors counted together, and 16
// MiB. A cursor, an event and a value may be 1 MiB, if an external server's
// max_payload (1 MiB by default, headers included) is raised to 2 MiB. Memory
// is bounded: a few batches are under way and other callers wait; cursors
// beyond Config.CacheBytes are left on the server.
//
// Events are kept for Config.Retention. A stream that reaches MaxBytes refuses
// what is new with an error that matches [pos.ErrUnavailable], rather than
// drop cursors and events that nobody has read.
//
// # Subjects
//
// With the default stream POS:
//
//	pos.ev.<kind>.<vendor>.<account>.<location>  events
//	pos.cur.<key>                                cursors
//	pos.page.<key>                               both together, with Config.Pages
//	pos.kv.<key>                                 values of the Store
//	pos.dead.<group>.<sequence>                  dead letters
//	pos.again.<group>.<sequence>                 dead letters that come back
//	pos.hook.<queue>                             callbacks of vendors, for a day
//
// A queue is "<integrator>.<vendor>.<account>.part.<n>". Two more things are on
// the server: durable consumers, which have the name of their group, or
// "callbacks=" and that of their queue; and the bucket POS-members, a stream
// KV_POS-members in the server's memory with the subjects
// $KV.POS-members.<integrator>.<replica>, in which replicas give signs of life.
//
// A user of an external server needs to publish to pos.>, $KV.POS-members.>,
// $JS.API.> and $JS.ACK.>, and to subscribe to _INBOX.>.
//
// Kind is the type without "com.farmacyfoods.pos."; dots in a word are written
// as slashes, other special characters as =XX. So "nats sub
// 'pos.ev.purchase/recorded/v1.square.>'" shows the sales of all Square
// accounts. Vendor is "=" for sources that are no vendor account.
//
// # Reading back
//
// [Stream.Published] gives what was published since an instant, complete up to
// the call, from any server of a cluster and without a consumer. Integrators
// certify business days with it; they look back up to 17 days, so
// Config.Retention should not be shorter.
//
// # Old servers
//
// Servers before 2.12 have no atomic batches. Config.Pages stores a change as
// one message instead, events and cursor together, on pos.page.<key>. It is
// cheap and as safe, but a commit takes one change, consumers get all events
// and filter them here, and of each key the last 1,000 commits are kept, since
// the last page is the cursor and must not age. So nothing can be read back.
//
// # Operations
//
// A stream of the same name that was made by hand is used if its settings
// allow what is promised here, and refused by an error that names those that
// do not. Retention, MaxBytes and Replicas are changed to what Config says, if
// it says anything.
//
// Back up the directory while the process is stopped, or a cluster with "nats
// stream backup". If a stream is lost, cursors are too: integrators then read
// what the vendors still have, and derived ids let consumers recognise what
// they know. Power failures and partitions are the server's affair; vendors'
// ledgers remain the truth.
package jetstream
