// Package integrator is the engine of the integrators that hosts embed: it
// decides which work runs when, commits cursors together with their events,
// takes webhooks and commands in and hands inventory over.
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
package integrator
