package square

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Limits of writes to the catalogue besides those that Square tells. Nested
// objects count. Batches smaller than Square takes keep a bad object from
// holding up many good ones.
const (
	maxBatchObjects   = 100
	maxRequestObjects = 10_000 // by the documents
	maxRequestBytes   = 8 << 20
	// maxRefusals bounds the search for the objects that Square refuses.
	maxRefusals = 64
	// maxRereads is how often a batch that somebody else changed is read again
	// before the object that changes is singled out.
	maxRereads = 3
)

// unit is what is written as a whole or not at all: a meal, a coupon.
type unit struct {
	objects []jsontext.Value
	size    int      // objects, nested ones included
	ids     []string // those of objects that exist, to read them again
	news    []string // client ids of objects that do not exist yet
	// rebuild makes the objects again from what the catalogue holds now.
	rebuild func(now map[string]jsontext.Value) error
	// made tells the ids of new objects.
	made func(ids map[string]string)
	err  error
}

// writer writes units in one push.
type writer struct {
	p        *Provider
	limits   catalogLimits
	changeID string
	latest   time.Time // of the catalogue when it was read
	report   *kit.Report
	refusals int
}

var errTooManyRefusals = errors.New("not tried: Square refused too many writes of this push")

// write writes the units in as few requests as the limits allow. What became
// of each is in its err.
func (w *writer) write(ctx context.Context, units []*unit) {
	for _, group := range grouped(units, w.limits.RequestObjects) {
		w.attempt(ctx, group, 0)
	}
}

// grouped splits units into requests of at most so many objects.
func grouped(units []*unit, most int) [][]*unit {
	var groups [][]*unit
	objects, size := 0, 0
	for _, u := range units {
		n := 0
		for _, o := range u.objects {
			n += len(o)
		}
		if len(groups) == 0 || objects+u.size > most || size+n > maxRequestBytes {
			groups = append(groups, nil)
			objects, size = 0, 0
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], u)
		objects, size = objects+u.size, size+n
	}
	return groups
}

// parts is how many requests n things take.
func parts(n, most int) int { return (n + most - 1) / most }

// attempt writes units in one request. If some are refused they are read
// again, when somebody changed them, or split until the bad one stands alone:
// Square does not say which it is.
func (w *writer) attempt(ctx context.Context, units []*unit, rereads int) {
	if w.refusals >= maxRefusals {
		w.fail(units, fail("BatchUpsertCatalogObjects", pos.KindConflict, errTooManyRefusals))
		return
	}
	failed, err := w.send(ctx, units)
	if err == nil {
		return
	}
	w.refusals++
	kind := pos.KindOf(err)
	conflict := kind == pos.KindConflict
	isolable := conflict || kind == pos.KindInvalid || kind == pos.KindNotFound
	again := rereads < maxRereads && (conflict || isolable && len(failed) == 1 && rereads == 0 && len(failed[0].ids) > 0)
	switch {
	case !isolable:
		w.fail(failed, err)
	case again:
		if err := w.reread(ctx, failed); err != nil {
			w.fail(failed, err)
			return
		}
		// What somebody else has done meanwhile need not be done again.
		rest := slices.DeleteFunc(failed, func(u *unit) bool { return u.err != nil || len(u.objects) == 0 })
		w.attempt(ctx, rest, rereads+1)
	case len(failed) == 1:
		w.fail(failed, err)
	default:
		half := len(failed) / 2
		w.attempt(ctx, failed[:half], rereads)
		w.attempt(ctx, failed[half:], rereads)
	}
}

func (w *writer) fail(units []*unit, err error) {
	for _, u := range units {
		u.err = err
	}
}

// reread builds the units again from what the catalogue holds now.
func (w *writer) reread(ctx context.Context, units []*unit) error {
	var ids []string
	for _, u := range units {
		ids = append(ids, u.ids...)
	}
	now := make(map[string]jsontext.Value, len(ids))
	for part := range slices.Chunk(ids, w.limits.RetrieveIDs) {
		err := w.p.retrieve(ctx, part, false, func(v *jsontext.Value) error {
			var o catalogObject
			if err := kit.Unmarshal(*v, &o); err != nil {
				return err
			}
			if !o.IsDeleted {
				now[o.ID] = *v
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, u := range units {
		u.err = u.rebuild(now)
	}
	return nil
}

// written is what an answer tells of an object.
type written struct {
	ID string `json:"id"`
}

// upsertEnd is what an answer holds beside the objects.
type upsertEnd struct {
	IDMappings []idMapping `json:"id_mappings"`
	Errors     []Detail    `json:"errors"`
}

// send sends one request and returns the units that it did not write, with the
// reason.
func (w *writer) send(ctx context.Context, units []*unit) (failed []*unit, err error) {
	if len(units) == 0 {
		return nil, nil
	}
	r, err := w.request(units)
	if err != nil {
		return units, err
	}
	w.report.Wrote(1)
	resp, err := w.p.client.Do(ctx, r)
	if err != nil {
		return units, err
	}
	present := make(map[string]bool)
	var end upsertEnd
	err = kit.EachJSON(resp, "objects", func(o *written) error {
		present[o.ID] = true
		return nil
	}, &end)
	if err != nil {
		return units, err
	}
	made := make(map[string]string, len(end.IDMappings))
	for _, m := range end.IDMappings {
		made[m.ClientID] = m.ObjectID
	}
	err = inside(r.Op, resp.RequestID, end.Errors)
	for _, u := range units {
		if err == nil || u.confirmed(present, made) {
			u.done(made)
		} else {
			failed = append(failed, u)
		}
	}
	if len(failed) == 0 {
		return nil, nil // the errors were about nothing of ours
	}
	return failed, err
}

// request builds the request. Its key follows from the content and from the
// state of the catalogue, so that a repeat after a crash carries the same key
// and a change that was undone by others does not.
func (w *writer) request(units []*unit) (kit.Request, error) {
	const op = "BatchUpsertCatalogObjects"
	batches := []upsertBatch{{}}
	size, most := 0, min(maxBatchObjects, w.limits.BatchObjects)
	for _, u := range units {
		if size > 0 && size+u.size > most {
			batches, size = append(batches, upsertBatch{}), 0
		}
		last := &batches[len(batches)-1]
		last.Objects = append(last.Objects, u.objects...)
		size += u.size
	}
	content, err := json.Marshal(batches, lenient)
	if err != nil {
		return kit.Request{}, fail(op, pos.KindInvalid, err)
	}
	key := kit.Key(w.p.cfg.Account, w.changeID, stamp(w.latest), string(content))
	body := make([]byte, 0, len(content)+len(key)+40)
	body = append(body, `{"idempotency_key":"`+key+`","batches":`...)
	body = append(append(body, content...), '}')
	return kit.Request{
		Op: op, Method: http.MethodPost, Path: "/v2/catalog/batch-upsert",
		Body: body, ContentType: "application/json", Key: key,
	}, nil
}

// confirmed reports whether the answer names every object of the unit.
func (u *unit) confirmed(present map[string]bool, made map[string]string) bool {
	for _, id := range u.ids {
		if !present[id] {
			return false
		}
	}
	for _, id := range u.news {
		if made[id] == "" {
			return false
		}
	}
	return true
}

func (u *unit) done(made map[string]string) {
	u.err = nil
	if u.made != nil {
		u.made(made)
	}
}

// remove deletes objects; those that are gone already do no harm.
func (w *writer) remove(ctx context.Context, ids []string) error {
	for part := range slices.Chunk(ids, w.limits.DeleteIDs) {
		w.report.Wrote(1)
		var answer deleteAnswer
		r := kit.Request{
			Op: "BatchDeleteCatalogObjects", Method: http.MethodPost, Path: "/v2/catalog/batch-delete",
			Repeatable: true, // deleting twice deletes once
		}
		resp, err := w.p.client.JSON(ctx, r, deleteRequest{part}, &answer)
		if err == nil {
			err = inside(r.Op, resp.RequestID, answer.Errors)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reportEdit reports outcomes; if writing failed, those that needed it failed.
func reportEdit(report *kit.Report, outcomes []pos.Outcome, err error) {
	for _, o := range outcomes {
		if err != nil && o.Action != pos.Unchanged {
			o.Action, o.Err = pos.Failed, err
		}
		if strings.HasPrefix(o.VendorID, "#") {
			o.VendorID = "" // not made
		}
		report.Add(o)
	}
}
