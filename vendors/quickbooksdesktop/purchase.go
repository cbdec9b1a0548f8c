package quickbooksdesktop

import (
	"context"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// logState is a position in the log of sales.
type logState struct {
	At int64 `json:"at"` // entries passed
	// Since holds for the entries before Until, those that were there when the
	// reading began.
	Since time.Time `json:"since,omitzero"`
	Until int64     `json:"until,omitempty"`
}

const (
	defaultPage = 200
	// maxScan is how many segments one call reads in search of the locations.
	maxScan = 64
)

// Purchases implements [pos.Provider]: it reads the log in which the Web
// Connector's runs put every version of every sale once, in the order of
// arrival. The cursor is a position in that log.
func (p *Provider) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	const op = "Purchases"
	if len(q.Records) > 0 {
		return pos.PurchasePage{}, pos.Unsupported(Vendor, op, "single records cannot be asked for: the Web Connector decides when QuickBooks is read", "the next page")
	}
	if err := ctx.Err(); err != nil {
		return pos.PurchasePage{}, located(op, err)
	}
	scope := p.scope("purchases", q.Locations...)
	var at logState
	if q.After != "" {
		if err := kit.DecodeCursor(scope, q.After, &at); err != nil {
			return pos.PurchasePage{}, err
		}
	}
	if _, err := p.wanted(ctx, op, q.Locations); err != nil {
		return pos.PurchasePage{}, err
	}
	var j journal
	if _, err := p.load(ctx, docJournal, &j); err != nil {
		return pos.PurchasePage{}, located(op, err)
	}
	var page pos.PurchasePage
	if q.After == "" {
		at = logState{Since: q.Since, Until: j.Head}
		if horizon := time.Now().Add(-p.cfg.Keep).UTC(); q.Since.Before(horizon) {
			page.Horizon = horizon
		}
	}
	if at.At > j.Head {
		return pos.PurchasePage{}, &pos.Error{Vendor: Vendor, Op: op, Kind: pos.KindCursor, Err: errBeyond}
	}
	if at.At < j.Tail {
		if q.After != "" {
			page.Horizon = time.Now().Add(-p.cfg.Keep).UTC()
			page.Findings = append(page.Findings, pos.Finding{Code: pos.FindingGap, Detail: "sales behind the cursor are no longer kept"})
		}
		at.At = j.Tail
	}
	if err := p.scan(ctx, &j, q, &at, &page); err != nil {
		return pos.PurchasePage{}, located(op, err)
	}
	if page.More = at.At < j.Head; !page.More {
		page.Through = j.Through
	}
	next, err := kit.EncodeCursor(scope, at)
	page.Next = next
	return page, err
}

// scan collects what matches until the page is full.
func (p *Provider) scan(ctx context.Context, j *journal, q pos.PurchaseQuery, at *logState, page *pos.PurchasePage) error {
	limit := q.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	for range maxScan {
		if at.At >= j.Head || len(page.Purchases) >= limit {
			return nil
		}
		list, err := p.entries(ctx, j, at.At)
		if err != nil {
			return err
		}
		for i := range list {
			if len(page.Purchases) >= limit {
				return nil
			}
			sale := list[i].Purchase
			old := at.At < at.Until && sale.UpdatedAt.Before(at.Since)
			at.At++
			if old || len(q.Locations) > 0 && !slices.Contains(q.Locations, sale.Location) {
				continue
			}
			if !q.Raw {
				sale.Raw = nil
			} else if sale.Raw == nil {
				sale.Raw = []byte("null")
			}
			page.Purchases = append(page.Purchases, sale)
		}
	}
	return nil
}
