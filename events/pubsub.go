package events

import (
	"context"
	"errors"
	"slices"
)

// Publisher hands events to whoever subscribes to them.
//
// Implementations are safe for concurrent use.
type Publisher interface {
	// Publish hands over the events in order and returns when all of them are
	// accepted. After an error any number of them may have been accepted;
	// publishing them again is harmless, since ids are derived. It waits for
	// slow consumers (back-pressure) until ctx ends.
	Publish(ctx context.Context, evs ...Event) error
	// Close gives the connection back; Publish fails afterwards. It is
	// idempotent and returns even when a consumer is stuck.
	Close() error
}

// Handler takes one event. Nil acknowledges it; after an error the event comes
// again later, unless the error matches [ErrReject].
type Handler func(ctx context.Context, e Event) error

// Subscriber delivers events at least once.
//
// Implementations are safe for concurrent use.
type Subscriber interface {
	// Subscribe starts to deliver the events that match the filter to h, one
	// at a time, those of one source and subject in order. It returns as soon
	// as the subscription stands; the subscription ends when ctx ends, stop is
	// called or the Subscriber is closed. stop does not wait for a running
	// handler, whose context ends.
	Subscribe(ctx context.Context, f Filter, h Handler) (stop func(), err error)
}

// ErrReject marks handler errors after which the event must not come again,
// since it would fail for ever. Wrap it with the reason.
var ErrReject = errors.New("events: rejected")

// ErrClosed is returned by what was closed.
var ErrClosed = errors.New("events: closed")

// Filter chooses events. Empty lists match everything.
type Filter struct {
	// Group names the subscription. Where events are stored, a later
	// subscription of the same group goes on where the last one ended, and
	// several at once share the events between them.
	Group    string
	Types    []string
	Sources  []string
	Subjects []string
}

// Matches reports whether the event is chosen.
func (f Filter) Matches(e *Event) bool {
	return matches(f.Types, e.Type) && matches(f.Sources, e.Source) && matches(f.Subjects, e.Subject)
}

func matches(list []string, text string) bool {
	return len(list) == 0 || slices.Contains(list, text)
}
