package quickbooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// maxRounds is how often items that somebody else changed meanwhile are read
// and written again.
const maxRounds = 3

// requestIDLength is the longest request id of a batch.
const requestIDLength = 36

// change is what is to be done with one item.
type change struct {
	key     string // SKU or coupon in the report; "" for what is not in it
	want    *wanted
	have    *item // nil to create it
	body    itemWrite
	outcome pos.Outcome
	err     error
	made    *item // as it is after the write
}

// writer writes items in one push.
type writer struct {
	*Provider
	op       string
	changeID string
	version  string // of the catalogue when it was read
	report   *kit.Report
	dryRun   bool
}

// write carries out changes in batches. What became of each is in its err. The
// order is that of the changes, which lets a name be freed before it is used.
func (w *writer) write(ctx context.Context, changes []*change) {
	if w.dryRun {
		w.report.Wrote((len(changes) + maxBatch - 1) / maxBatch)
		return
	}
	for round := 0; len(changes) > 0; round++ {
		for group := range slices.Chunk(changes, maxBatch) {
			w.send(ctx, round, group)
		}
		if round == maxRounds {
			return
		}
		changes = w.again(ctx, changes)
	}
}

// send writes one batch. Its request id follows from the content and from the
// state of the catalogue: a repeat after a lost answer or a crash is the same
// request to QuickBooks, and a new attempt after a refusal is not.
func (w *writer) send(ctx context.Context, round int, group []*change) {
	if err := w.batches.Wait(ctx); err != nil {
		w.fail(group, ended(w.op, cmp.Or(ctx.Err(), context.DeadlineExceeded)))
		return
	}
	in := batchRequest{Items: make([]batchItem, len(group))}
	for i, c := range group {
		in.Items[i] = batchItem{strconv.Itoa(i + 1), "update", c.body}
		if c.have == nil {
			in.Items[i].Operation = "create"
		}
	}
	content, err := json.Marshal(in)
	if err != nil {
		w.fail(group, fail("Batch", pos.KindInvalid, err))
		return
	}
	key := kit.Key(w.cfg.Realm, w.changeID, w.version, strconv.Itoa(round), string(content))[:requestIDLength]
	r := request("Batch", http.MethodPost, "/batch", url.Values{"requestid": {key}})
	r.Key, r.Body, r.ContentType = key, content, "application/json"
	w.report.Wrote(1)
	var answer batchAnswer
	resp, err := w.client.JSON(ctx, r, nil, &answer)
	if err == nil {
		err = inside(r.Op, resp.RequestID, answer.Fault)
	}
	if err != nil {
		w.fail(group, err)
		return
	}
	for i, c := range group {
		at := slices.IndexFunc(answer.Items, func(b batchResult) bool { return b.BID == in.Items[i].BID })
		if at < 0 {
			c.err = fail("Batch", pos.KindProtocol, errors.New("the answer says nothing of this item"))
			continue
		}
		c.made, c.err = &answer.Items[at].Item, inside(r.Op, resp.RequestID, answer.Items[at].Fault)
		if c.err == nil && c.made.ID != "" {
			w.items.put(c.made)
		}
	}
}

func (w *writer) fail(group []*change, err error) {
	for _, c := range group {
		c.err = err
	}
}

// again returns the changes that are worth another round, built anew from what
// is there: stale ones, and those whose name another change of ours has freed.
func (w *writer) again(ctx context.Context, changes []*change) []*change {
	var retry []*change
	var ids []string
	wrote := slices.ContainsFunc(changes, func(c *change) bool { return c.err == nil })
	for _, c := range changes {
		switch {
		case hasCode(c.err, codeStale) && c.have != nil:
			retry = append(retry, c)
			ids = append(ids, c.have.ID)
		case hasCode(c.err, codeDuplicate):
			id := holder(c.err)
			if wrote && slices.ContainsFunc(changes, func(o *change) bool { return o.have != nil && o.have.ID == id }) {
				retry = append(retry, c)
			}
		}
	}
	now := make(map[string]*item)
	err := w.byID(ctx, "Item", itemFields, ids, func(v jsontext.Value) error {
		it := new(item)
		if err := kit.Unmarshal(v, it); err != nil {
			return err
		}
		now[it.ID] = it
		return nil
	})
	if err != nil {
		w.fail(retry, err)
		return nil
	}
	return slices.DeleteFunc(retry, func(c *change) bool { return !w.rebuild(c, now) })
}

// rebuild plans a stale change again. It returns false if there is nothing
// more to write.
func (w *writer) rebuild(c *change, now map[string]*item) bool {
	if c.have == nil || !hasCode(c.err, codeStale) {
		return true
	}
	fresh := now[c.have.ID]
	if fresh == nil {
		c.err = fail(w.op, pos.KindNotFound, fmt.Errorf("item %s is gone", c.have.ID))
		return false
	}
	if fresh.PurchaseDesc != c.have.PurchaseDesc {
		c.err = fail(w.op, pos.KindConflict, fmt.Errorf("item %s has lost the mark by which we know it", c.have.ID))
		return false
	}
	c.have = fresh
	var fields []string
	if c.body, fields = c.want.diff(fresh); len(fields) == 0 {
		c.err, c.made = nil, fresh // somebody else has done it
		return false
	}
	return true
}

var holderID = regexp.MustCompile(`Id=(\d+)`)

// holder returns the id of the item that has a name already.
func holder(err error) string {
	var f *Fault
	if !errors.As(err, &f) {
		return ""
	}
	for _, d := range f.Details {
		if m := holderID.FindStringSubmatch(d.Detail); m != nil {
			return m[1]
		}
	}
	return ""
}

// whole returns the error that concerns a whole push: a missing permission or
// the end of its context.
func whole(ctx context.Context, op string, changes []*change) error {
	if err := ctx.Err(); err != nil {
		return fail(op, pos.KindUnknown, err)
	}
	for _, c := range changes {
		if errors.Is(c.err, pos.ErrAuth) {
			return c.err
		}
	}
	return nil
}
