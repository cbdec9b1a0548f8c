package relay

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Position is the place of an event in its source. The zero position is before
// the first event.
type Position struct {
	// Sequence counts the messages of the source; it may have gaps.
	Sequence uint64
	// Index tells events apart that came in one message.
	Index int
}

// String returns the position so that texts compare as positions do.
func (p Position) String() string { return fmt.Sprintf("%020d-%05d", p.Sequence, p.Index) }

// ParsePosition reads what String returns.
func ParsePosition(text string) (Position, error) {
	sequence, index, _ := strings.Cut(text, "-")
	s, errS := strconv.ParseUint(sequence, 10, 64)
	i, errI := strconv.ParseUint(index, 10, 31)
	p := Position{s, int(i)}
	if errS != nil || errI != nil || p.String() != text {
		return Position{}, &pos.Error{Op: "relay.ParsePosition", Kind: pos.KindInvalid, Err: fmt.Errorf("%.40q is no position", text)}
	}
	return p, nil
}

// Compare orders positions: -1 if p is before o, 0 if they are equal, else 1.
func (p Position) Compare(o Position) int {
	return cmp.Or(cmp.Compare(p.Sequence, o.Sequence), cmp.Compare(p.Index, o.Index))
}

// Extension is the attribute of relayed events with their position in the
// source. Where events are relayed twice, it is that of the last relay.
const Extension = "relayposition"

// Of returns the position that a relayed event carries, and false if it has none.
func Of(e *events.Event) (Position, bool) {
	p, err := ParsePosition(e.Extensions[Extension])
	return p, err == nil
}

// Entry is an event with its position.
type Entry struct {
	Position
	Event events.Event
}

// marked returns the events with their positions on them.
func marked(batch []Entry) []events.Event {
	out := make([]events.Event, len(batch))
	for i := range batch {
		out[i] = batch[i].Event
		out[i].Extensions = maps.Clone(out[i].Extensions)
		if out[i].Extensions == nil {
			out[i].Extensions = make(map[string]string, 1)
		}
		out[i].Extensions[Extension] = batch[i].String()
	}
	return out
}

// Source is a stream that keeps its events.
type Source interface {
	// Follow yields the events behind a position in their order, up to limit
	// of them at a time, and then waits for more until ctx ends. A batch is
	// never empty and is not used again. It yields at most one error, and ends
	// with it.
	Follow(ctx context.Context, after Position, limit int) iter.Seq2[[]Entry, error]
}

// Target takes relayed events and remembers how far they go.
type Target interface {
	// Last returns the position of the last event that was taken, zero if
	// there is none.
	Last(ctx context.Context) (Position, error)
	// Append takes the events between two positions. If the last position is
	// not from, it takes nothing and returns an error that matches
	// [pos.ErrConflict]. There may be no events: then only the position moves.
	Append(ctx context.Context, from, to Position, evs ...events.Event) error
}
