// Package integrator is the engine of the integrators that hosts embed: it
// decides which work runs when, commits cursors together with their events,
// takes webhooks and commands in and hands inventory over.
//
// Replicas share the accounts: each computes from the members of a cluster who
// owns which, and works for its own. A replica that dies or is cut off is
// missed after seconds; the next owner goes on from the cursors in the journal.
// For a moment two may work for one account; then the cursor's revision lets
// one of them commit. Callbacks and commands reach any replica, which leaves
// them where the owner looks.
//
// Every account has goroutines, schedules and queues of its own, so that a
// slow or failing account delays no other. Everything that leaves the engine
// goes through an [events.Journal]; nothing is published on the side.
//
// Keys in the journal, words escaped as [pos.Store] wants them:
//
//	<vendor>.<account>.groups           how many groups of locations there are
//	<vendor>.<account>.purchases.<n>    group n: its locations, cursor, recent versions
//	<vendor>.<account>.status.<shard>   what was last published about locations
//	<vendor>.<account>.push.<job>       commands that are still to be carried out
//	<vendor>.<account>.objectives.<part> breaches that were told
//	<vendor>.<account>.certificates.<n> which business days of group n were certified
package integrator
