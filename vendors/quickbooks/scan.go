package quickbooks

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// scan is where a read of the journal by time of modification stands. It goes
// from one entity to the next. Within one, each page begins at the last second
// that the page before has seen, so that changes between two pages shift
// nothing; within a second that fills a page, rows are counted.
type scan struct {
	Entities []string `json:"e"`
	From     int64    `json:"f"` // seconds, where each entity begins
	At       int64    `json:"a"` // seconds
	Start    int      `json:"s"` // rows of that second to skip, and one
}

// shifts is how many rows pages within one second overlap: as many rows may
// leave it between two pages.
const shifts = 20

func newScan(entities []string, from time.Time) *scan {
	s := &scan{Entities: entities, Start: 1}
	if !from.IsZero() {
		s.From = from.Unix()
	}
	s.At = s.From
	return s
}

func (s *scan) token() string {
	text, _ := json.Marshal(s) // plain data always marshals
	return string(text)
}

// parseScan reads a token of ours. It comes out of a cursor that was checked.
func parseScan(token string) (*scan, error) {
	var s scan
	if err := json.Unmarshal([]byte(token), &s); err != nil || len(s.Entities) == 0 || s.Start < 1 {
		return nil, fail("Purchases", pos.KindCursor, fmt.Errorf("%w: a position that is none", pos.ErrCursor))
	}
	for _, e := range s.Entities {
		if !isTransaction(e) {
			return nil, fail("Purchases", pos.KindCursor, fmt.Errorf("%w: an entity that is none", pos.ErrCursor))
		}
	}
	return &s, nil
}

// scan reads a page of one entity.
func (r *journal) scan(ctx context.Context, w kit.Window, s *scan) (kit.WindowPage, error) {
	limit := maxPage
	if w.Limit > 0 {
		limit = min(w.Limit, maxPage)
	}
	entity := s.Entities[0]
	text := fmt.Sprintf("SELECT * FROM %s WHERE MetaData.LastUpdatedTime >= %s AND MetaData.LastUpdatedTime <= %s ORDERBY MetaData.LastUpdatedTime ASC STARTPOSITION %d MAXRESULTS %d",
		entity, quote(stamp(time.Unix(s.At, 0))), quote(stamp(w.Until)), s.Start, limit)
	var found []jsontext.Value
	_, now, err := r.query(ctx, entity, text, func(v jsontext.Value) error {
		found = append(found, v)
		return nil
	})
	if err != nil {
		return kit.WindowPage{}, err
	}
	rows, _, err := decode(entity, found, w.Raw)
	if err != nil {
		return kit.WindowPage{}, err
	}
	page, err := r.page(ctx, rows, w)
	if err != nil {
		return kit.WindowPage{}, err
	}
	page.Now = now
	if next := s.next(rows, len(found) >= limit, limit); next != nil {
		page.Token = next.token()
	}
	return page, nil
}

// next is where the scan goes on, nil at its end.
func (s *scan) next(rows []record, full bool, limit int) *scan {
	out := *s
	if !full {
		out.Entities = s.Entities[1:]
		if len(out.Entities) == 0 {
			return nil
		}
		out.At, out.Start = s.From, 1
		return &out
	}
	last := s.At
	for i := range rows {
		if t := rows[i].MetaData.LastUpdatedTime; !t.IsZero() {
			last = max(last, t.Unix())
		}
	}
	if last > s.At {
		out.At, out.Start = last, 1
		return &out
	}
	out.Start += max(len(rows)-min(shifts, limit/2), 1)
	return &out
}
