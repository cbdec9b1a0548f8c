package quickbooks

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Entities of the journal.
const (
	salesReceipt  = "SalesReceipt"
	refundReceipt = "RefundReceipt"
	invoice       = "Invoice"
	creditMemo    = "CreditMemo"
	payment       = "Payment"
)

// records are the entities whose rows are purchases. Payments belong to
// invoices.
var records = []string{salesReceipt, refundReceipt, invoice, creditMemo}

func isTransaction(entity string) bool { return entity == payment || slices.Contains(records, entity) }

// How the journal is read.
const (
	overlap = 5 * time.Minute
	// cdcReach is how far back change data capture is used: a day less than it
	// goes.
	cdcReach = 29 * 24 * time.Hour
	// cdcMost is how many objects of an entity one answer holds; one that holds
	// as many may have been cut.
	cdcMost = 1000
)

// FindingDeletionsUncertain is the code of a finding on a page: more changed
// than QuickBooks tells at once, or longer ago, so that deletions may be
// missing. Compare with the books.
const FindingDeletionsUncertain = "deletions_uncertain"

// Purchases implements [pos.Provider]. A poll is one metered read for the
// whole company, whatever changed, and one more for each of: items, payment
// methods and tax rates not seen before, payments of invoices that were made
// earlier, deletions to be confirmed. See the package's Cursor guarantee.
func (p *Provider) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	r := &journal{Provider: p}
	feed := p.feed
	feed.Read, feed.Fetch = r.read, r.fetch
	page, err := feed.Page(ctx, q)
	if err == nil {
		page.Findings = append(page.Findings, r.findings...)
	}
	return page, err
}

func (p *Provider) newFeed() kit.Feed {
	return kit.Feed{
		Vendor: vendor, Account: p.cfg.Realm,
		Overlap: overlap, Now: p.client.Now,
		SuspectDuplicates: true,
	}
}

// journal reads purchases for one call.
type journal struct {
	*Provider
	findings []pos.Finding
}

// record is a row of the journal.
type record struct {
	entity string
	txn
	raw jsontext.Value // nil unless asked for
}

// recordID is the id of a purchase: ids are unique within an entity only.
func recordID(entity, id string) string { return entity + ":" + id }

// read fetches a page of a window: the changes in one call, or, if there are too
// many or they are too old, entity by entity.
func (r *journal) read(ctx context.Context, w kit.Window) (kit.WindowPage, error) {
	if w.Token != "" {
		s, err := parseScan(w.Token)
		if err != nil {
			return kit.WindowPage{}, err
		}
		return r.scan(ctx, w, s)
	}
	if w.From.IsZero() || r.client.Now().Sub(w.From) > cdcReach {
		entities := records
		if !w.Done.IsZero() {
			r.uncertain("the last read is more than 29 days old")
			entities = append(slices.Clone(records), payment)
		}
		return r.scan(ctx, w, newScan(entities, w.From))
	}
	return r.capture(ctx, w)
}

func (r *journal) uncertain(why string) {
	r.findings = append(r.findings, pos.Finding{Code: FindingDeletionsUncertain, Detail: why})
}

// capture reads what has changed since the window begins.
func (r *journal) capture(ctx context.Context, w kit.Window) (kit.WindowPage, error) {
	got, now, err := r.changed(ctx, w.From)
	if err != nil {
		return kit.WindowPage{}, err
	}
	var rows []record
	var gone []txn
	var goneFrom []string // entity of each
	var cut []string
	total := 0
	for _, entity := range append(slices.Clone(records), payment) {
		list, deleted, err := decode(entity, got[entity], w.Raw)
		if err != nil {
			return kit.WindowPage{}, err
		}
		for i := range deleted {
			gone, goneFrom = append(gone, deleted[i]), append(goneFrom, entity)
		}
		if len(list)+len(deleted) >= cdcMost {
			cut = append(cut, entity)
			r.uncertain("1,000 or more changes of " + entity + " at once")
			continue
		}
		total += len(list)
		rows = append(rows, list...)
	}
	r.learn(got["Item"])
	if w.Limit > 0 && total > w.Limit { // pages are made entity by entity
		cut, rows = nil, nil
		for _, entity := range append(slices.Clone(records), payment) {
			if len(got[entity]) > 0 {
				cut = append(cut, entity)
			}
		}
	}
	stones, revived, err := r.confirm(ctx, goneFrom, gone, w.Raw)
	if err != nil {
		return kit.WindowPage{}, err
	}
	page, err := r.page(ctx, append(rows, revived...), w)
	if err != nil {
		return kit.WindowPage{}, err
	}
	page.Purchases = append(page.Purchases, stones...)
	page.Now = now
	if len(cut) > 0 {
		page.Token = newScan(cut, w.From).token()
	}
	return page, nil
}

// changed asks for all changes since an instant. The answer has an element for
// each entity; the arrays in it are told apart by name.
func (r *journal) changed(ctx context.Context, since time.Time) (map[string][]jsontext.Value, time.Time, error) {
	entities := strings.Join(append(slices.Clone(records), payment, "Item"), ",")
	resp, err := r.client.Do(ctx, request("CDC", http.MethodGet, "/cdc", url.Values{
		"entities": {entities}, "changedSince": {stamp(since)},
	}))
	if err != nil {
		return nil, time.Time{}, err
	}
	got := make(map[string][]jsontext.Value)
	var end queryEnd
	err = kit.EachJSON(resp, "CDCResponse", func(c *changes) error {
		if err := inside("CDC", resp.RequestID, c.Fault); err != nil {
			return err
		}
		for _, part := range c.QueryResponse {
			for name, v := range part {
				if v.Kind() != '[' {
					continue // startPosition and the like
				}
				var list []jsontext.Value
				if err := kit.Unmarshal(v, &list); err != nil {
					return err
				}
				got[name] = append(got[name], list...)
			}
		}
		return nil
	}, &end)
	if err == nil {
		err = inside("CDC", resp.RequestID, end.Fault)
	}
	return got, resp.Date, err
}

// decode sorts rows into those that are there and those that were deleted. Rows
// that came twice count once.
func decode(entity string, rows []jsontext.Value, raw bool) (list []record, deleted []txn, err error) {
	seen := make(map[string]bool, len(rows))
	for _, v := range rows {
		rec := record{entity: entity}
		if err := kit.Unmarshal(v, &rec.txn); err != nil {
			return nil, nil, err
		}
		if seen[rec.ID] {
			continue
		}
		seen[rec.ID] = true
		if rec.Status == "Deleted" {
			deleted = append(deleted, rec.txn)
			continue
		}
		if raw {
			rec.raw = v
		}
		list = append(list, rec)
	}
	return list, deleted, nil
}

// learn keeps what purchases need to know of items up to date.
func (r *journal) learn(rows []jsontext.Value) {
	for _, v := range rows {
		var it item
		if kit.Unmarshal(v, &it) == nil && it.SyncToken != "" {
			r.items.learn(&it)
		}
	}
}

// confirmed remembers deletions that were confirmed, so that the overlap of
// windows does not ask for them again.
type confirmed struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// unknown returns the rows of gone that are not known to be gone.
func (c *confirmed) unknown(entities []string, gone []txn) map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ask := make(map[string][]string)
	for i := range gone {
		if at, ok := c.seen[recordID(entities[i], gone[i].ID)]; !ok || !at.Equal(gone[i].MetaData.LastUpdatedTime.Time) {
			ask[entities[i]] = append(ask[entities[i]], gone[i].ID)
		}
	}
	return ask
}

// maxConfirmed bounds the memory for deletions.
const maxConfirmed = 4096

func (c *confirmed) add(id string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) >= maxConfirmed || c.seen == nil {
		c.seen = make(map[string]time.Time)
	}
	c.seen[id] = at
}

// confirm looks whether rows that are said to be deleted are gone, for
// QuickBooks was seen to be wrong about rows that had just changed.
func (r *journal) confirm(ctx context.Context, entities []string, gone []txn, raw bool) (stones []pos.Purchase, revived []record, err error) {
	alive := make(map[string]bool)
	for entity, ids := range r.deleted.unknown(entities, gone) {
		list, err := r.readRecords(ctx, entity, ids, raw)
		if err != nil {
			return nil, nil, err
		}
		for i := range list {
			alive[recordID(entity, list[i].ID)] = true
		}
		revived = append(revived, list...)
	}
	for i := range gone {
		id := recordID(entities[i], gone[i].ID)
		if alive[id] {
			continue
		}
		r.deleted.add(id, gone[i].MetaData.LastUpdatedTime.Time)
		if entities[i] != payment { // its invoice has a new version
			stones = append(stones, r.tombstone(id, &gone[i]))
		}
	}
	return stones, revived, nil
}

// FindingDeleted is the code of a finding on a purchase that was deleted from
// the books: nothing but its id is left, and it belonged to any location.
const FindingDeleted = "deleted"

// tombstone is the last version of a purchase that was deleted.
func (r *journal) tombstone(id string, t *txn) pos.Purchase {
	at := t.MetaData.LastUpdatedTime.Time
	if at.IsZero() {
		at = r.client.Now()
	}
	return pos.Purchase{
		ID: id, Location: r.cfg.Realm, Version: "deleted", State: pos.StateVoided, VendorState: "Deleted",
		OccurredAt: at, RecordedAt: at, UpdatedAt: at, Currency: r.cfg.Currency, Total: pos.Money{Currency: r.cfg.Currency},
		Findings: []pos.Finding{{Code: FindingDeleted, Detail: "deleted from the books; the location is not known any more"}},
	}
}

// fetch reads single records: one call for 100 of an entity.
func (r *journal) fetch(ctx context.Context, ids []string, raw bool) (kit.WindowPage, error) {
	byEntity := make(map[string][]string)
	for _, id := range ids {
		if entity, own, ok := strings.Cut(id, ":"); ok && slices.Contains(records, entity) && isDigits(own) {
			byEntity[entity] = append(byEntity[entity], own)
		}
	}
	var rows []record
	for _, entity := range records {
		list, err := r.readRecords(ctx, entity, byEntity[entity], raw)
		if err != nil {
			return kit.WindowPage{}, err
		}
		rows = append(rows, list...)
	}
	return r.page(ctx, rows, kit.Window{Raw: raw})
}
