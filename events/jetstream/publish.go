package jetstream

import (
	"context"

	"github.com/farmacyfoods/pointofsale/events"
)

// Publish implements [events.Publisher] for events that follow from no cursor.
// Up to 900 events, or what fits into 16 MiB, are published together or not at
// all. An event that was published within the last two minutes, by source and
// id, is passed over; later repeats are for consumers to recognise.
func (s *Stream) Publish(ctx context.Context, evs ...events.Event) error {
	for i := range evs { // Before the first of several batches leaves.
		if err := evs[i].Validate(); err != nil {
			return err
		}
	}
	for len(evs) > 0 {
		n := s.portion(evs)
		if _, err := s.Commit(ctx, events.Change{Events: evs[:n], Encoded: true}); err != nil {
			return err
		}
		evs = evs[n:]
	}
	return ctx.Err()
}

// portion returns how many events go into one commit.
func (s *Stream) portion(evs []events.Event) int {
	limit, bytes := maxCommitBytes, 0
	if s.cfg.Pages {
		limit = int(s.nc.MaxPayload()) - maxHeader
	}
	for i := range evs {
		bytes += len(evs[i].Data) + 2048
		if i > 0 && bytes > limit || i == events.MaxCommitEvents {
			return i
		}
	}
	return len(evs)
}
