package square

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

const (
	countsLimit = 1000
	// countsOverlap is read again, because counts appear some time after the
	// instant that they carry.
	countsOverlap = 5 * time.Minute
	// maxCountLocations is how many locations are put into a filter; with more
	// the counts of all are read and filtered here.
	maxCountLocations = 100
	// maxCountsSeen bounds what a cursor remembers; beyond it, rows of the
	// overlap come twice, which does stock no harm.
	maxCountsSeen = 1000
	// soldOutAge is how old the knowledge that a seller took an item off sale
	// may be.
	soldOutAge = 5 * time.Minute
)

// countsState is the content of an inventory cursor.
type countsState struct {
	Places string           `json:"places,omitempty"`
	Delta  bool             `json:"delta,omitempty"` // the full read has ended
	After  int64            `json:"after,omitempty"` // ns; the delta is what changed after it
	Max    int64            `json:"max,omitempty"`   // ns; newest calculated_at of this pass
	Token  string           `json:"token,omitempty"`
	Seen   map[string]int64 `json:"seen,omitempty"` // rows of the overlap: fingerprint to ns
}

// Inventory implements [pos.Provider]. A full read is one call for 1,000 rows,
// a read of changes one call when nothing changed; SKUs of items not seen
// before cost a call for each 1,000. Items without a row were never counted at
// that location and are left out.
//
// OnHand and Available are Square's state IN_STOCK: units that are reserved
// for orders are in neither. An item that the seller marked as sold out has
// nothing available, whatever is on hand.
func (p *Provider) Inventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	if err := p.ready("Inventory", pos.JobInventory); err != nil {
		return pos.InventoryPage{}, err
	}
	scope := vendor + "/" + p.cfg.Account + "/inventory"
	state := countsState{Places: placesPrint(q.Locations)}
	if q.After != "" {
		state = countsState{}
		if err := kit.DecodeCursor(scope, q.After, &state); err != nil {
			return pos.InventoryPage{}, err
		}
		if state.Places != placesPrint(q.Locations) {
			return pos.InventoryPage{}, fail("Inventory", pos.KindCursor, errors.New("made for other locations"))
		}
	}
	page, err := p.countsPage(ctx, q, &state)
	if err != nil {
		return pos.InventoryPage{}, err
	}
	page.Next, err = kit.EncodeCursor(scope, state)
	return page, err
}

// placesPrint identifies a set of locations.
func placesPrint(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	return kit.Key(slices.Compact(sorted)...)[:16]
}

func (p *Provider) countsPage(ctx context.Context, q pos.InventoryQuery, state *countsState) (pos.InventoryPage, error) {
	rows, end, err := p.readCounts(ctx, q, state)
	if state.Token != "" && hasCode(err, codeInvalidCursor) {
		state.Token = "" // the token lives for minutes: read the pass again
		rows, end, err = p.readCounts(ctx, q, state)
	}
	if err != nil {
		return pos.InventoryPage{}, err
	}
	page := pos.InventoryPage{Full: !state.Delta, More: end.Cursor != ""}
	if end.Cursor != "" && end.Cursor == state.Token {
		return page, fail("Inventory", pos.KindProtocol, errors.New("the page token does not move"))
	}
	rows = slices.CompactFunc(rows, func(a, b pos.Stock) bool { // an answer may hold a row twice
		return a.VendorID == b.VendorID && a.Location == b.Location && a.CountedAt.Equal(b.CountedAt)
	})
	page.Stock = slices.DeleteFunc(rows, func(s pos.Stock) bool { return !state.isNew(&s) })
	if err := p.nameStock(ctx, page.Stock); err != nil {
		return pos.InventoryPage{}, err
	}
	state.Token = end.Cursor
	if end.Cursor == "" {
		state.close(p.client.Now())
	}
	return page, nil
}

// close ends a pass: the next one reads what changes from here.
func (s *countsState) close(now time.Time) {
	if s.Max == 0 && !s.Delta {
		s.Max = now.UnixNano() // nothing was ever counted
	}
	s.After, s.Delta = max(s.After, s.Max-int64(countsOverlap)), true
	for row, at := range s.Seen {
		if at <= s.After {
			delete(s.Seen, row)
		}
	}
}

// isNew remembers a row and reports whether it was not delivered before.
func (s *countsState) isNew(c *pos.Stock) bool {
	h := fnv.New64a()
	for _, part := range []string{c.VendorID, c.Location, c.OnHand.Quantity.String()} {
		_, _ = h.Write([]byte(part))
		_, _ = h.Write([]byte{0})
	}
	at, row := c.CountedAt.UnixNano(), strconv.FormatUint(h.Sum64(), 36)
	s.Max = max(s.Max, at)
	if seen, ok := s.Seen[row]; ok && seen == at {
		return false
	}
	if at > s.Max-int64(countsOverlap) && len(s.Seen) < maxCountsSeen { // a later pass meets it again
		if s.Seen == nil {
			s.Seen = make(map[string]int64)
		}
		s.Seen[row] = at
	}
	return true
}

// readCounts reads one page of counts. Other states than IN_STOCK are left
// out: an item on its way is not an item with a stock of 0.
func (p *Provider) readCounts(ctx context.Context, q pos.InventoryQuery, state *countsState) ([]pos.Stock, pageEnd, error) {
	in := countsRequest{States: []string{"IN_STOCK"}, Cursor: state.Token, Limit: limitOf(q.Limit, countsLimit, countsLimit)}
	if len(q.Locations) <= maxCountLocations {
		in.LocationIDs = q.Locations
	}
	if state.After != 0 {
		in.UpdatedAfter = stamp(time.Unix(0, state.After))
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, pageEnd{}, fail("Inventory", pos.KindInvalid, err)
	}
	const op = "BatchRetrieveInventoryCounts"
	resp, err := p.client.Do(ctx, kit.Request{
		Op: op, Method: http.MethodPost, Path: "/v2/inventory/counts/batch-retrieve",
		Body: body, ContentType: "application/json", Repeatable: true,
	})
	if err != nil {
		return nil, pageEnd{}, err
	}
	asked := make(map[string]bool, len(q.Locations))
	for _, id := range q.Locations {
		asked[id] = true
	}
	rows := make([]pos.Stock, 0, in.Limit)
	var end pageEnd
	add := func(c *inventoryCount, raw []byte) error {
		if c.State != "IN_STOCK" || len(asked) > 0 && !asked[c.LocationID] {
			return nil
		}
		s, err := c.neutral()
		s.Raw = raw
		rows = append(rows, s)
		return err
	}
	if q.Raw {
		err = kit.EachJSON(resp, "counts", func(v *jsontext.Value) error {
			var c inventoryCount
			if err := kit.Unmarshal(*v, &c); err != nil {
				return err
			}
			return add(&c, []byte(*v))
		}, &end)
	} else {
		err = kit.EachJSON(resp, "counts", func(c *inventoryCount) error { return add(c, nil) }, &end)
	}
	if err == nil {
		err = inside(op, resp.RequestID, end.Errors)
	}
	return rows, end, err
}

// neutral maps a count. Sales may exceed what was counted: it can be negative.
func (c *inventoryCount) neutral() (pos.Stock, error) {
	n, err := pos.ParseQuantity(c.Quantity)
	if err != nil {
		return pos.Stock{}, fail("Inventory", pos.KindProtocol, fmt.Errorf("count of %s: %w", clip(c.ObjectID), err))
	}
	return pos.Stock{
		Location: c.LocationID, VendorID: c.ObjectID,
		OnHand: pos.Counted(n), Available: pos.Counted(n),
		CountedAt: c.CalculatedAt.Time,
	}, nil
}

// nameStock puts in SKUs, and what the seller marked as sold out.
func (p *Provider) nameStock(ctx context.Context, rows []pos.Stock) error {
	ids := make(map[string]bool)
	for i := range rows {
		ids[rows[i].VendorID] = true
	}
	known, err := p.resolve(ctx, sortedKeys(ids), soldOutAge)
	if err != nil {
		return err
	}
	for i := range rows {
		s := &rows[i]
		k := known[s.VendorID]
		s.SKU = k.sku
		if slices.Contains(k.soldOut, s.Location) {
			s.Available = pos.Counted(0)
		}
		s.InStock = pos.TriOf(s.Available.Quantity > 0)
	}
	return nil
}
