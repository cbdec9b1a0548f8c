package simphony

import (
	"context"
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// maxLocations bounds the size of a purchase cursor, which remembers what was
// delivered in the last day.
const maxLocations = 20

// Purchases implements [pos.Provider]. Where BI is configured it is the source,
// else TS1. One page is up to 40 calls to BI, or the lists of up to 20
// properties and a call for each check that changed. It ends behind the answer
// that reaches [pos.PurchaseQuery].Limit: neither interface can be asked for
// part of a day.
func (p *Provider) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	const op = "Purchases"
	if err := p.ready(op, pos.JobPurchases); err != nil {
		return pos.PurchasePage{}, err
	}
	if n := len(q.Locations); n > maxLocations {
		return pos.PurchasePage{}, tooManyLocations(n)
	}
	if err := ctx.Err(); err != nil {
		return pos.PurchasePage{}, ended(op, err)
	}
	if len(q.Records) > 0 {
		return pos.PurchasePage{}, pos.Unsupported(vendor, op, "a check is found by property and business date, not by its id alone", "poll the location without Records")
	}
	return p.feed.Page(ctx, q)
}

func tooManyLocations(n int) error {
	return fail("Purchases", pos.KindInvalid, pos.Problems{{
		Field:   "Locations",
		Reason:  fmt.Sprintf("%d locations, one query takes %d", n, maxLocations),
		Nearest: "a cursor for each group of PurchaseCaps.Groups",
	}})
}

func (p *Provider) newFeed() *kit.Feed {
	f := &kit.Feed{Vendor: vendor, Account: p.cfg.Account, SuspectDuplicates: true}
	switch {
	case p.bi != nil:
		f.Overlap, f.History = deepEvery+biOverlap, biHistory
		f.Now, f.Read = p.bi.Now, p.readBI
	case len(p.ts1) > 0:
		f.Overlap, f.History = ts1Overlap, ts1History
		f.Now, f.Read = p.ts1[p.cfg.Properties[0].LocRef].client.Now, p.readTS1
		f.Fetch, f.FetchLimit = p.fetchTS1, ts1FetchLimit
		f.Recheck, f.RecheckFor = ts1Recheck, ts1RecheckFor
	default:
		return nil
	}
	return f
}

const (
	// pageCalls is how many calls a page costs at most, apart from names.
	pageCalls = 40
	// pageSales is how many purchases end a page that asks for no limit.
	pageSales = 500
)

// full reports whether a page has cost enough or has what was asked for.
func full(calls, sales, limit int) bool {
	if limit <= 0 {
		limit = pageSales
	}
	return calls >= pageCalls || calls > 0 && sales >= limit
}

// windowPlaces are the locations of a window, ordered by id.
func (p *Provider) windowPlaces(ctx context.Context, ids []string) ([]pos.Location, error) {
	list, err := p.placesOf(ctx, "Purchases", ids)
	if err == nil && len(list) > maxLocations {
		return nil, tooManyLocations(len(list))
	}
	return list, err
}

// zoneOf is the location's zone; UTC where nobody tells it.
func zoneOf(l *pos.Location) *time.Location {
	if zone, err := pos.Zone(l.TimeZone); err == nil {
		return zone
	}
	return time.UTC
}
