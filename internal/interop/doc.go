// Package interop proves that events of this SDK are CloudEvents to others. It
// is a module of its own, so that hosts do not inherit what it compares with.
package interop
