package simphony

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// unknownFor is how long a bulk request whose answer was lost, or whose
// process died, is waited for.
const unknownFor = 15 * time.Minute

// bulkJobs are the bulk requests on their way, kept in the store so that no
// process sends records again before it is known what became of them.
type bulkJobs struct {
	key      string
	revision pos.Revision
	jobs     []bulkJob
	failed   []bulkFailure // of those that have just ended
}

type bulkJob struct {
	// ID is 0 while the request is being sent, or if its answer was lost.
	ID int64     `json:"id"`
	At time.Time `json:"at"`
}

func (p *Provider) loadJobs(ctx context.Context, of string) (*bulkJobs, error) {
	j := &bulkJobs{key: vendor + "." + p.cfg.Account + ".bulk-" + of}
	data, revision, err := p.store.Get(ctx, j.key)
	switch {
	case errors.Is(err, pos.ErrNotFound):
		return j, nil
	case err != nil:
		return nil, fail("BulkStatus", pos.KindUnavailable, err)
	}
	j.revision = revision
	if err := json.Unmarshal(data, &j.jobs); err != nil {
		return nil, fail("BulkStatus", pos.KindUnknown, err)
	}
	return j, nil
}

func (j *bulkJobs) waiting() bool { return len(j.jobs) > 0 }

// follow asks what became of the requests and forgets those that have ended.
func (j *bulkJobs) follow(ctx context.Context, p *Provider) error {
	if len(j.jobs) == 0 {
		return nil
	}
	var left []bulkJob
	for _, job := range j.jobs {
		if job.ID == 0 {
			if time.Since(job.At) < unknownFor {
				left = append(left, job)
			}
			continue
		}
		result, err := p.bulkStatus(ctx, job.ID)
		switch {
		case errors.Is(err, pos.ErrNotFound) || errors.Is(err, pos.ErrInvalid): // the service has forgotten it
		case err != nil:
			return err
		case !result.done:
			left = append(left, job)
		}
		j.failed = append(j.failed, result.failed...)
	}
	if len(left) == len(j.jobs) {
		return nil
	}
	j.jobs = left
	return j.save(ctx, p.store)
}

// begin notes a request before it is sent.
func (j *bulkJobs) begin(ctx context.Context, store pos.Store) error {
	j.jobs = append(j.jobs, bulkJob{At: time.Now().UTC()})
	return j.save(ctx, store)
}

// end notes the id of the request that was begun, or drops it if it was
// refused.
func (j *bulkJobs) end(ctx context.Context, store pos.Store, id int64, err error) error {
	last := len(j.jobs) - 1
	switch {
	case err == nil:
		j.jobs[last].ID = id
	case errors.Is(err, kit.ErrOutcomeUnknown), errors.Is(err, pos.ErrProtocol):
		return nil // it may have been taken
	default:
		j.jobs = slices.Delete(j.jobs, last, last+1)
	}
	return j.save(ctx, store)
}

func (j *bulkJobs) save(ctx context.Context, store pos.Store) error {
	data, err := json.Marshal(j.jobs)
	if err != nil {
		return fail("BulkStatus", pos.KindUnknown, err)
	}
	revision, err := store.Put(ctx, j.key, data, j.revision)
	switch {
	case errors.Is(err, pos.ErrConflict):
		return fail("BulkStatus", pos.KindConflict, errors.New("another process pushes to the same account"))
	case err != nil:
		return fail("BulkStatus", pos.KindUnavailable, err)
	}
	j.revision = revision
	return nil
}
