package integrator

import (
	"context"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// recoveredFor is how long versions are remembered that reading had missed.
const recoveredFor = 2 * latestLook

// recover publishes versions that reading has missed. lacking is asked for them
// while the group is not read here; if another replica commits for the group
// meanwhile, its revision has moved on and the commit is refused, so that
// nothing is published twice. The versions are remembered: should reading come
// upon them later, they are not new.
func (fd *feed) recover(ctx context.Context, lacking func(context.Context) ([]pos.Purchase, sold, error)) ([]string, error) {
	if err := fd.turn.enter(ctx); err != nil {
		return nil, err
	}
	defer fd.turn.leave()
	if fd.revision == unknownRevision {
		if err := fd.reload(ctx); err != nil {
			return nil, err
		}
	}
	list, published, err := lacking(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b pos.Purchase) int {
		if c := a.OccurredAt.Compare(b.OccurredAt); c != 0 {
			return c
		}
		return compareText(a.ID, b.ID)
	})
	var ids []string
	for part := range slices.Chunk(list, commitLimit) {
		if err := fd.publish(ctx, part, published); err != nil {
			return ids, err
		}
		for i := range part {
			ids = append(ids, part[i].ID)
		}
	}
	return ids, nil
}

// publish commits versions beside the cursor; the caller holds turn.
func (fd *feed) publish(ctx context.Context, part []pos.Purchase, published sold) error {
	next, now := fd.state, time.Now()
	recovered := next.Recovered.open()
	var evs []events.Event
	for i := range part {
		var err error
		if evs, err = fd.tell(ctx, evs, &part[i], len(published.versions[part[i].ID]) > 0); err != nil {
			return err
		}
		recovered.put(&part[i], now)
	}
	next.Recovered = recovered.close(now.Add(-recoveredFor))
	return fd.save(ctx, next, evs)
}
