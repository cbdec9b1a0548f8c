// Package interop tests this SDK against what others made: events are
// CloudEvents to the official SDK, and a NATS server that is too old is told
// from one that is not. It is a module of its own, so that hosts do not inherit
// what it compares with.
package interop
