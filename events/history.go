package events

import (
	"context"
	"iter"
	"time"
)

// History is implemented by a [Journal] from which what was published can be
// read back.
type History interface {
	// Published yields the events that match the filter and were committed
	// since, in the order of their commits. It leaves out none that was
	// committed before the call; those of later commits may be there or not.
	// Groups have no meaning there. It stops after an error; one that matches
	// [pos.ErrUnsupported] says that events are not kept that long.
	Published(ctx context.Context, f Filter, since time.Time) iter.Seq2[Event, error]
}
