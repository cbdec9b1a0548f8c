package square

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
	"unique"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// maxPayments bounds each generation of remembered payments.
const maxPayments = 20_000

// How far payments lie from their orders: online ones come within paidWithin of
// the order, give or take margin. Stretches of one location that are no more
// than paidWithin apart are read as one.
const paidWithin, margin = 24 * time.Hour, time.Hour

// paymentKey is a payment in one of two states: receipt numbers may come with
// the capture, so a payment that was authorized only is read once more then.
type paymentKey struct {
	id         string
	authorized bool
}

// paymentCache remembers what the payments of card sales tell. It keeps two
// generations and forgets the older one when the younger is full.
type paymentCache struct {
	mu         sync.Mutex
	young, old map[paymentKey]paid
}

// paid is what a payment tells beyond its order; zero where Square lists none.
type paid struct {
	occurred, recorded time.Time // of one made offline, else zero
	device, product    unique.Handle[string]
	receipt            string
	brand, last4       string
}

func (c *paymentCache) get(key paymentKey) (paid, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.young[key]; ok {
		return p, true
	}
	p, ok := c.old[key]
	return p, ok
}

func (c *paymentCache) put(key paymentKey, p paid) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= maxPayments {
		c.young, c.old = make(map[paymentKey]paid), c.young
	}
	c.young[key] = p
}

// joinPayments puts into card sales what their payments tell: when an offline
// sale happened, the device, the receipt and the card. It asks once for each
// location with card payments that it has not seen before.
func (p *Provider) joinPayments(ctx context.Context, j *journal) error {
	ask := make(map[string][]*cardSale) // by location
	for i := range j.cards {
		c := &j.cards[i]
		if c.created.IsZero() || !slices.ContainsFunc(c.payments, p.paymentUnknown) {
			continue
		}
		at := j.purchases[c.purchase].Location
		ask[at] = append(ask[at], c)
	}
	for at, sales := range ask {
		found, err := p.payments(ctx, at, sales)
		if err != nil {
			return err
		}
		for _, s := range sales {
			for _, key := range s.payments {
				p.paid.put(key, found[key.id])
			}
		}
	}
	for _, c := range j.cards {
		for _, key := range c.payments {
			if known, ok := p.paid.get(key); ok {
				known.join(&j.purchases[c.purchase], key.id)
			}
		}
	}
	return nil
}

func (p *Provider) paymentUnknown(key paymentKey) bool {
	_, known := p.paid.get(key)
	return !known
}

// join fills what the order left open; of several payments the first counts.
func (x *paid) join(s *pos.Purchase, id string) {
	if !x.occurred.IsZero() {
		if x.occurred.Before(s.OccurredAt) {
			s.OccurredAt = x.occurred
		}
		if x.recorded.After(s.RecordedAt) {
			s.RecordedAt = x.recorded
		}
	}
	s.Receipt = cmp.Or(s.Receipt, x.receipt)
	if x.device != (unique.Handle[string]{}) {
		s.Device = cmp.Or(s.Device, x.device.Value())
		s.Source = cmp.Or(s.Source, x.product.Value())
	}
	for i := range s.Tenders {
		if t := &s.Tenders[i]; t.ID == id {
			t.Brand, t.Last4 = cmp.Or(t.Brand, x.brand), cmp.Or(t.Last4, x.last4)
		}
	}
}

// payments lists what the payments of sales at a location tell. The documents
// differ on whether created_at of an offline sale is the time at the till or of
// the upload: what is not found near its order is looked for by its time at
// the till.
func (p *Provider) payments(ctx context.Context, at string, sales []*cardSale) (map[string]paid, error) {
	found := make(map[string]paid)
	want := make(map[string]bool)
	for _, s := range sales {
		for _, key := range s.payments {
			want[key.id] = true
		}
	}
	list := func(query url.Values) error {
		return p.listPayments(ctx, at, query, func(x *payment) {
			if want[x.ID] {
				found[x.ID] = x.neutral()
				delete(want, x.ID)
			}
		})
	}
	for _, near := range stretches(sales) {
		query := url.Values{"begin_time": {stamp(near.from)}, "end_time": {stamp(near.until)}, "sort_field": {"CREATED_AT"}}
		if err := list(query); err != nil {
			return nil, err
		}
	}
	sales = slices.DeleteFunc(slices.Clone(sales), func(s *cardSale) bool {
		return !slices.ContainsFunc(s.payments, func(key paymentKey) bool { return want[key.id] })
	})
	if len(sales) == 0 {
		return found, nil
	}
	return found, list(offlineQuery(sales))
}

// offlineQuery asks for the offline payments that sales may have, whichever
// time their orders carry.
func offlineQuery(sales []*cardSale) url.Values {
	first, last := sales[0].created, sales[0].updatedAt
	for _, s := range sales {
		if s.created.Before(first) {
			first = s.created
		}
		if s.updatedAt.After(last) {
			last = s.updatedAt
		}
	}
	return url.Values{
		"is_offline_payment": {"true"},
		"offline_begin_time": {stamp(first.Add(-offlineLimit - 24*time.Hour))},
		"offline_end_time":   {stamp(last.Add(margin))},
		"sort_field":         {"OFFLINE_CREATED_AT"},
	}
}

// stretch is a stretch of time in which payments were made.
type stretch struct{ from, until time.Time }

// stretches are where the payments of sales lie. An old sale that changed
// today does not drag in everything between.
func stretches(sales []*cardSale) []stretch {
	sorted := slices.SortedFunc(slices.Values(sales), func(a, b *cardSale) int { return a.created.Compare(b.created) })
	var list []stretch
	for _, s := range sorted {
		until := s.created.Add(paidWithin)
		if s.updatedAt.Before(until) {
			until = s.updatedAt
		}
		next := stretch{s.created.Add(-margin), until.Add(margin)}
		switch last := len(list) - 1; {
		case last < 0 || next.from.Sub(list[last].until) > paidWithin:
			list = append(list, next)
		case next.until.After(list[last].until):
			list[last].until = next.until
		}
	}
	return list
}

// listPayments reads all pages of the payments at a location.
func (p *Provider) listPayments(ctx context.Context, at string, query url.Values, each func(*payment)) error {
	query = maps.Clone(query)
	query.Set("location_id", at)
	query.Set("sort_order", "ASC")
	query.Set("limit", "100")
	for {
		var answer paymentsAnswer
		r := kit.Request{Op: "ListPayments", Location: at, Method: http.MethodGet, Path: "/v2/payments", Query: query}
		resp, err := p.client.JSON(ctx, r, nil, &answer)
		if err != nil {
			return err
		}
		if err := inside("ListPayments", resp.RequestID, answer.Errors); err != nil {
			return err
		}
		for i := range answer.Payments {
			each(&answer.Payments[i])
		}
		if answer.Cursor == "" || answer.Cursor == query.Get("cursor") {
			return nil
		}
		query.Set("cursor", answer.Cursor)
	}
}

// neutral maps a payment as far as sales need it.
func (x *payment) neutral() paid {
	p := paid{
		device: unique.Make(x.Device.ID), product: unique.Make(x.Application.Product), receipt: x.Receipt,
		brand: x.Card.Card.Brand, last4: x.Card.Card.Last4,
	}
	if !x.Offline.CreatedAt.IsZero() {
		p.occurred, p.recorded = x.Offline.CreatedAt.Time, x.CreatedAt.Time
	}
	return p
}
