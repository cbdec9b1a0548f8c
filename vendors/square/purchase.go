package square

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// How the journal is read.
const (
	// ordersLimit is Square's default page; larger pages save calls only in
	// first reads.
	ordersLimit, maxOrdersLimit = 500, 1000
	// fetchLimit is how many orders one BatchRetrieveOrders takes.
	fetchLimit = 100
	// overlap and lag cover that the search is consistent only after seconds,
	// and that an order can be readable before its lines and payments are.
	overlap, lag = 10 * time.Minute, 30 * time.Second
	maxWindow    = 30 * 24 * time.Hour
	// recheck and recheckFor follow refunds that a bank has not confirmed.
	recheck, recheckFor = 30 * time.Minute, 14 * 24 * time.Hour
	// offlineLimit is how late a till that was offline uploads its sales.
	offlineLimit = 72 * time.Hour
)

// Purchases implements [pos.Provider]. One page is one SearchOrders call, and
// one more for each of: items not seen before (two for the first ones of a
// provider, which reads the catalogue's limits), each location with new card
// sales (see [Config].SkipOfflineTimes; a call reads 100 payments), and open
// refunds that are due. A poll that finds nothing is one call, and one more
// every 15 minutes for queries that name no locations.
func (p *Provider) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	if err := p.ready("Purchases", pos.JobPurchases); err != nil {
		return pos.PurchasePage{}, err
	}
	if n := len(q.Locations); n > maxOrderLocations {
		return pos.PurchasePage{}, tooManyLocations(n)
	}
	return p.feed.Page(ctx, q)
}

func tooManyLocations(n int) error {
	return fail("Purchases", pos.KindInvalid, pos.Problems{{
		Field:   "Locations",
		Reason:  fmt.Sprintf("%d locations, one query takes %d", n, maxOrderLocations),
		Nearest: "a cursor for each group of PurchaseCaps.Groups",
	}})
}

func (p *Provider) newFeed() *kit.Feed {
	return &kit.Feed{
		Vendor: vendor, Account: p.cfg.Account,
		Overlap: overlap, Lag: lag, MaxWindow: maxWindow,
		Now:        p.client.Now,
		Read:       p.searchOrders,
		Fetch:      p.fetchOrders,
		FetchLimit: fetchLimit,
		Recheck:    recheck, RecheckFor: recheckFor,
		SuspectDuplicates: true,
	}
}

// searchOrders reads one page of a window.
func (p *Provider) searchOrders(ctx context.Context, w kit.Window) (kit.WindowPage, error) {
	locations, err := p.orderLocations(ctx, w.Locations)
	if err != nil {
		return kit.WindowPage{}, err
	}
	times := timeRange{EndAt: stamp(w.Until)}
	if !w.From.IsZero() {
		times.StartAt = stamp(w.From)
	}
	page, err := p.orders(ctx, "SearchOrders", "/v2/orders/search", w.Raw, searchOrdersRequest{
		LocationIDs: locations,
		Cursor:      w.Token,
		Limit:       limitOf(w.Limit, ordersLimit, maxOrdersLimit),
		Query: ordersQuery{
			Filter: ordersFilter{DateTime: ordersTimes{times}, State: orderStates{[]string{"OPEN", "COMPLETED", "CANCELED"}}},
			Sort:   ordersSort{"UPDATED_AT", "ASC"},
		},
	})
	if w.Token != "" && hasCode(err, codeInvalidCursor) {
		err = fmt.Errorf("%w: %w", kit.ErrPageToken, err)
	}
	return page, err
}

// fetchOrders reads single orders.
func (p *Provider) fetchOrders(ctx context.Context, ids []string, raw bool) (kit.WindowPage, error) {
	return p.orders(ctx, "BatchRetrieveOrders", "/v2/orders/batch-retrieve", raw, retrieveOrdersRequest{ids})
}

// orderLocations are the locations to search; the search needs at least one.
func (p *Provider) orderLocations(ctx context.Context, asked []string) ([]string, error) {
	if len(asked) > 0 {
		return asked, nil
	}
	list, err := p.allPlaces(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(list) > maxOrderLocations:
		return nil, tooManyLocations(len(list))
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids, nil
}

// orders reads the orders of an answer one by one and turns them into
// purchases.
func (p *Provider) orders(ctx context.Context, op, path string, raw bool, in any) (kit.WindowPage, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return kit.WindowPage{}, fail(op, pos.KindInvalid, err)
	}
	resp, err := p.client.Do(ctx, kit.Request{
		Op: op, Method: http.MethodPost, Path: path,
		Body: body, ContentType: "application/json", Repeatable: true,
	})
	if err != nil {
		return kit.WindowPage{}, err
	}
	var j journal
	var end pageEnd
	if raw {
		err = kit.EachJSON(resp, "orders", j.addRaw, &end)
	} else {
		err = kit.EachJSON(resp, "orders", j.add, &end)
	}
	if err == nil {
		err = inside(op, resp.RequestID, end.Errors)
	}
	if err == nil {
		err = p.complete(ctx, &j)
	}
	if err != nil {
		return kit.WindowPage{}, err
	}
	return kit.WindowPage{Purchases: j.purchases, Token: end.Cursor, Now: resp.Date, Open: j.open}, nil
}

// complete puts into purchases what orders do not tell: SKUs, coupons, what
// payments add and business dates.
func (p *Provider) complete(ctx context.Context, j *journal) error {
	if len(j.purchases) == 0 {
		return nil
	}
	known, err := p.resolve(ctx, j.objectIDs(), cacheForever)
	if err != nil {
		return err
	}
	locations, err := p.placesFor(ctx, j.locationIDs())
	if err != nil {
		return err
	}
	if !p.cfg.SkipOfflineTimes {
		if err := p.joinPayments(ctx, j); err != nil {
			return err
		}
	}
	for i := range j.purchases {
		s := &j.purchases[i]
		for k := range s.Lines {
			s.Lines[k].SKU = known[s.Lines[k].VendorID].sku
		}
		for k, rule := range j.rules[i] {
			s.Discounts[k].Coupon = known[rule].coupon
		}
		if l := locations[s.Location]; l != nil {
			s.BusinessDate = l.BusinessDate(s.OccurredAt)
			if s.Currency == "" {
				s.Currency, s.Total.Currency = l.Currency, l.Currency
			}
		}
		s.Reconcile()
	}
	return nil
}

// stamp writes an instant as Square reads it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// limitOf is the page size to ask for.
func limitOf(asked, usual, most int) int {
	if asked <= 0 {
		return usual
	}
	return min(asked, most)
}
