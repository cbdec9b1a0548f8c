package posfake

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// reading is the position of a purchase cursor: the index in the feed, up to
// when it was read, and what was delivered ahead of it by Records queries.
type reading struct {
	at      int
	through time.Time
	ahead   []int
}

// Purchases implements [pos.Provider]. The feed numbers versions as they are
// recorded, so that neither clocks nor ids decide what is new; versions that a
// newer one has replaced are left out.
func (f *Fake) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	if err := f.supported(pos.JobPurchases, "Purchases"); err != nil {
		return pos.PurchasePage{}, err
	}
	caps := f.caps.Purchases
	switch {
	case len(q.Records) > 0 && !caps.Records:
		return pos.PurchasePage{}, pos.Unsupported(f.cfg.Vendor, "Purchases", "the system cannot read single records", "poll")
	case caps.MaxLocations > 0 && len(q.Locations) > caps.MaxLocations:
		return pos.PurchasePage{}, f.failure("Purchases", pos.KindInvalid, pos.Problems{{Field: "Locations", Reason: "more than " + strconv.Itoa(caps.MaxLocations) + " locations in one query"}})
	}
	cursor, err := f.opened(string(pos.JobPurchases), q.Locations, q.After, 3)
	if err != nil {
		return pos.PurchasePage{}, err
	}
	op := "SearchSales"
	if len(q.Records) > 0 {
		op = "GetSales"
	}
	var page pos.PurchasePage
	err = f.call(ctx, op, false, func() error {
		if _, err := f.scope("Purchases", q.Locations, true); err != nil {
			return err
		}
		r := f.reading(cursor, q.Since, &page)
		if len(q.Records) > 0 {
			f.pick(&r, q, &page)
		} else {
			f.follow(&r, q, &page)
		}
		page.Next = f.sealed(string(pos.JobPurchases), q.Locations, r.fields()...)
		return nil
	})
	if err != nil {
		return pos.PurchasePage{}, err
	}
	return page, nil
}

// reading opens the cursor, or finds the start, and tells if history is cut.
func (f *Fake) reading(cursor mark, since time.Time, page *pos.PurchasePage) reading {
	r := reading{at: int(cursor.number(0)), through: since}
	if cursor != nil {
		if us := cursor.number(1); us != 0 {
			r.through = time.UnixMicro(us)
		}
		for s := range strings.SplitSeq(cursor.text(2), ",") {
			if n, err := strconv.Atoi(s); err == nil {
				r.ahead = append(r.ahead, n)
			}
		}
	}
	kept := time.Time{}
	if h := f.caps.Purchases.History; h > 0 {
		kept = f.now().Add(-h)
	}
	start := r.through
	if cursor == nil && start.IsZero() || start.Before(kept) {
		start = kept
		page.Horizon = kept
	}
	if cursor == nil || page.Horizon.Equal(kept) && !kept.IsZero() {
		for r.at < len(f.till.feed) && f.till.feed[r.at].bookedAt.Before(start) {
			r.at++
		}
	}
	return r
}

func (r reading) fields() []string {
	var ahead []string
	for _, n := range r.ahead {
		ahead = append(ahead, strconv.Itoa(n))
	}
	through := int64(0)
	if !r.through.IsZero() {
		through = r.through.UnixMicro()
	}
	return []string{number(int64(r.at)), number(through), text(strings.Join(ahead, ","))}
}

// follow delivers the next page of the feed.
func (f *Fake) follow(r *reading, q pos.PurchaseQuery, page *pos.PurchasePage) {
	limit := f.limit(q.Limit)
	for r.at < len(f.till.feed) && len(page.Purchases) < limit {
		at := r.at
		r.at++
		r.through = f.till.feed[at].bookedAt
		if i := slices.Index(r.ahead, at); i >= 0 {
			r.ahead = slices.Delete(r.ahead, i, i+1)
			continue
		}
		if s := f.till.sales[f.till.feed[at].id]; s.at == at && wants(q, s) {
			page.Purchases = append(page.Purchases, f.purchase(s, q.Raw))
		}
	}
	if n := len(page.Purchases); f.omits && n > 0 {
		page.Purchases = page.Purchases[:n-1]
	}
	if page.More = r.at < len(f.till.feed); !page.More {
		r.through = f.now()
		page.Through = r.through
	}
}

// pick delivers the asked records that are new.
func (f *Fake) pick(r *reading, q pos.PurchaseQuery, page *pos.PurchasePage) {
	for _, id := range slices.Compact(slices.Sorted(slices.Values(q.Records))) {
		s := f.till.sales[id]
		if s == nil || !wants(q, s) || s.at < r.at || slices.Contains(r.ahead, s.at) {
			continue
		}
		page.Purchases = append(page.Purchases, f.purchase(s, q.Raw))
		r.ahead = append(r.ahead, s.at)
	}
	page.More = r.at < len(f.till.feed)
}

// wants leaves out other locations and orders that nobody has paid yet.
func wants(q pos.PurchaseQuery, s *sale) bool {
	return s.State != "open" && (len(q.Locations) == 0 || slices.Contains(q.Locations, s.Location))
}

var states = map[string]pos.PurchaseState{
	"completed": pos.StateCompleted,
	"pending":   pos.StatePending,
	"voided":    pos.StateVoided,
	"failed":    pos.StateFailed,
}

func (f *Fake) purchase(s *sale, raw bool) pos.Purchase {
	money := func(n int64) pos.Money { return pos.Money{Amount: n, Currency: s.unit} }
	p := pos.Purchase{
		ID: s.ID, Location: s.Location, Version: strconv.Itoa(s.Version),
		State: states[s.State], VendorState: s.State,
		OccurredAt: s.OccurredAt, RecordedAt: s.RecordedAt, UpdatedAt: s.UpdatedAt,
		BusinessDate: f.places[s.Location].BusinessDate(s.OccurredAt),
		Currency:     s.unit, Total: money(s.Total), Lines: slices.Clone(s.lines), Refunds: slices.Clone(s.refunds),
		Receipt: strings.TrimLeft(strings.TrimPrefix(s.ID, "sale-"), "0"), Source: f.cfg.Vendor, SuspectedDuplicateOf: s.twin,
	}
	if s.Tip != 0 {
		p.Tip = money(s.Tip)
	}
	for _, part := range s.parts {
		i := slices.IndexFunc(p.Discounts, func(a pos.Applied) bool { return a.Coupon == part.Coupon })
		if i < 0 {
			i = len(p.Discounts)
			p.Discounts = append(p.Discounts, pos.Applied{ID: "obj-" + part.Coupon, Coupon: part.Coupon, Code: part.Code, Name: s.names[part.Coupon], Amount: money(0)})
		}
		p.Discounts[i].Amount.Amount += part.Amount.Amount
	}
	if s.Tax != 0 {
		p.Taxes = []pos.Applied{{ID: "tax", Name: "Sales tax", Rate: s.taxRate, Amount: money(s.Tax)}}
	}
	if s.Kind == "sale" {
		p.Tenders = []pos.Tender{{ID: s.ID + "-t", Kind: s.tender, Amount: money(s.Total), Tip: p.Tip, Reference: s.Reference, Failed: s.State != "completed"}}
	}
	if raw {
		p.Raw, _ = json.Marshal(s.Record) // plain data always marshals
	}
	p.Reconcile()
	return p
}
