package kit

import (
	"context"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// watch puts the open records of a page on the list of those to look at again,
// and takes those off that have settled meanwhile.
func (r *feedRun) watch(page WindowPage) {
	if r.Fetch == nil || r.Feed.Recheck <= 0 {
		return
	}
	now := r.Now()
	for i := range page.Purchases {
		if id := page.Purchases[i].ID; !slices.Contains(page.Open, id) {
			delete(r.Open, id)
		}
	}
	for _, id := range page.Open {
		if _, known := r.Open[id]; known {
			continue
		}
		o := openRecord{Next: now.Add(r.Feed.Recheck).UnixNano(), End: now.Add(r.RecheckFor).UnixNano()}
		for i := range page.Purchases {
			if p := &page.Purchases[i]; p.ID == id {
				o.Print = versionPrint(p.ID, p.Version)
			}
		}
		if r.Open == nil {
			r.Open = make(map[string]openRecord)
		}
		r.Open[id] = o
	}
}

// due returns the open records to look at now, at most as many as one Fetch takes.
func (r *feedRun) due(now time.Time) []string {
	var ids []string
	for id, o := range r.Open {
		if o.Next <= now.UnixNano() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if r.FetchLimit > 0 && len(ids) > r.FetchLimit {
		ids = ids[:r.FetchLimit]
	}
	return ids
}

// recheck fetches open records again. A failure postpones them: it must not
// keep new sales from being read.
func (r *feedRun) recheck(ctx context.Context) error {
	now := r.Now()
	ids := r.due(now)
	if len(ids) == 0 { // The clock was set back.
		r.feedState.Recheck = false
		return nil
	}
	page, err := r.Fetch(ctx, ids, r.q.Raw)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.page.Findings = append(r.page.Findings, pos.Finding{Code: FindingRecheckFailed, Detail: err.Error()})
	} else {
		r.take(WindowPage{Purchases: page.Purchases, Open: page.Open}, time.Time{}, endOfTime)
	}
	for _, id := range ids {
		o := r.Open[id]
		switch {
		case err == nil && !slices.Contains(page.Open, id):
			delete(r.Open, id)
		case o.End <= now.UnixNano():
			delete(r.Open, id)
			r.page.Findings = append(r.page.Findings, pos.Finding{Code: FindingUnsettled, Detail: id + " is still open"})
		default:
			o.Next = now.Add(r.Feed.Recheck).UnixNano()
			r.Open[id] = o
		}
	}
	r.feedState.Recheck = len(r.due(now)) > 0
	r.page.More = r.feedState.Recheck
	return nil
}

// finish stores the state in the page's cursor.
func (r *feedRun) finish() (pos.PurchasePage, error) {
	next, err := EncodeCursor(r.scope(), &r.feedState)
	if err != nil {
		return pos.PurchasePage{}, err
	}
	r.page.Next = next
	if r.Done {
		r.page.Through = time.Unix(0, r.Mark).UTC()
	}
	return r.page, nil
}
