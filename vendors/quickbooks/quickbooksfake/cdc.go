package quickbooksfake

import (
	"slices"
	"strings"
	"time"
)

// Limits of change data capture.
const (
	maxChanges = 1000
	lookBack   = 30 * 24 * time.Hour
)

func (f *Fake) getChanges(c *call) (map[string]any, error) {
	q := c.URL.Query()
	answer, err := f.changes(q.Get("entities"), q.Get("changedSince"), biasOf(c.Request))
	if err != nil {
		return nil, err
	}
	return map[string]any{"CDCResponse": answer}, nil
}

// changes lists what changed since a time, for each entity the newest thousand
// and not a word about the rest. Which thousand it is, is not documented.
func (f *Fake) changes(entities, changedSince string, b bias) ([]any, error) {
	if entities == "" {
		return nil, missing("entities")
	}
	if changedSince == "" {
		return nil, missing("changedSince")
	}
	since, err := queryTime(changedSince)
	switch {
	case err != nil:
		return nil, err
	case f.Now().Sub(since) > lookBack: // the answer of the real service is unconfirmed
		return nil, business("changedSince must be within the last 30 days.")
	}
	if b.widened {
		since = since.Add(-widening)
	}
	var answers []any
	for name := range strings.SplitSeq(entities, ",") {
		t := f.tables[strings.TrimSpace(name)]
		if t == nil || t.is(unseen) {
			return nil, refuse("2010", "entities", "Entity %s is not supported by change data capture", name)
		}
		answers = append(answers, f.changesOf(t, since, b))
	}
	return []any{map[string]any{"QueryResponse": answers}}, nil
}

func (f *Fake) changesOf(t *table, since time.Time, b bias) map[string]any {
	var rows []*object
	for _, o := range t.rows {
		if !o.updated.Before(since) {
			rows = append(rows, o)
		}
	}
	slices.SortStableFunc(rows, func(a, b *object) int { return b.updated.Compare(a.updated) })
	rows = rows[:min(len(rows), maxChanges)]
	if len(rows) == 0 {
		return map[string]any{}
	}
	var views []any
	for _, o := range rows {
		view := f.view(o)
		if id := recordID(o); f.ghosts[id] {
			delete(f.ghosts, id)
			view = f.stub(o)
		}
		views = append(views, view)
		if b.doubled {
			views = append(views, view)
		}
	}
	return map[string]any{t.name: views, "startPosition": 1, "maxResults": len(views), "totalCount": len(views)}
}

// MisreportDeletion makes the next change data capture that shows a record tell
// that it is deleted, as has been seen of records that were just updated.
func (f *Fake) MisreportDeletion(record string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, err := f.record(record)
	if err != nil {
		return err
	}
	f.ghosts[recordID(o)] = true
	return nil
}
