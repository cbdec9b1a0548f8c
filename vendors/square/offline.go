package square

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// maxOfflineTimes bounds each generation of remembered payments.
const maxOfflineTimes = 20_000

// offlineTimes remembers which card payments were made offline, and when. It
// keeps two generations and forgets the older one when the younger is full.
type offlineTimes struct {
	mu         sync.Mutex
	young, old map[string]offlinePayment
}

// offlinePayment is zero for a payment that was made online.
type offlinePayment struct {
	occurred, recorded time.Time
}

func (o *offlineTimes) get(id string) (offlinePayment, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p, ok := o.young[id]; ok {
		return p, true
	}
	p, ok := o.old[id]
	return p, ok
}

func (o *offlineTimes) put(id string, p offlinePayment) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.young == nil || len(o.young) >= maxOfflineTimes {
		o.young, o.old = make(map[string]offlinePayment), o.young
	}
	o.young[id] = p
}

// joinOffline sets the times of sales that a till made offline: when they
// happened is told by the payment only. It asks once for each location with
// card payments that it has not seen before.
func (p *Provider) joinOffline(ctx context.Context, j *journal) error {
	ask := make(map[string][]*cardSale) // by location
	for i := range j.cards {
		c := &j.cards[i]
		if c.created.IsZero() || !slices.ContainsFunc(c.payments, p.offlineUnknown) {
			continue
		}
		at := j.purchases[c.purchase].Location
		ask[at] = append(ask[at], c)
	}
	for at, sales := range ask {
		found, err := p.offlinePayments(ctx, at, sales)
		if err != nil {
			return err
		}
		for _, s := range sales {
			for _, id := range s.payments {
				p.offline.put(id, found[id])
			}
		}
	}
	for _, c := range j.cards {
		s := &j.purchases[c.purchase]
		for _, id := range c.payments {
			known, _ := p.offline.get(id)
			if known.occurred.IsZero() {
				continue
			}
			if known.occurred.Before(s.OccurredAt) {
				s.OccurredAt = known.occurred
			}
			if known.recorded.After(s.RecordedAt) {
				s.RecordedAt = known.recorded
			}
		}
	}
	return nil
}

func (p *Provider) offlineUnknown(id string) bool {
	_, known := p.offline.get(id)
	return !known
}

// offlinePayments lists the offline payments at a location that the sales may
// have. Whether created_at of such an order is the time at the till or of the
// upload has been documented both ways, so the stretch covers both.
func (p *Provider) offlinePayments(ctx context.Context, at string, sales []*cardSale) (map[string]offlinePayment, error) {
	first, last := sales[0].created, sales[0].updatedAt
	for _, s := range sales {
		if s.created.Before(first) {
			first = s.created
		}
		if s.updatedAt.After(last) {
			last = s.updatedAt
		}
	}
	query := url.Values{
		"location_id":        {at},
		"is_offline_payment": {"true"},
		"offline_begin_time": {stamp(first.Add(-offlineLimit - 24*time.Hour))},
		"offline_end_time":   {stamp(last.Add(time.Hour))},
		"sort_field":         {"OFFLINE_CREATED_AT"},
		"sort_order":         {"ASC"},
		"limit":              {"100"},
	}
	found := make(map[string]offlinePayment)
	for {
		var answer paymentsAnswer
		r := kit.Request{Op: "ListPayments", Location: at, Method: http.MethodGet, Path: "/v2/payments", Query: query}
		resp, err := p.client.JSON(ctx, r, nil, &answer)
		if err != nil {
			return nil, err
		}
		if err := inside("ListPayments", resp.RequestID, answer.Errors); err != nil {
			return nil, err
		}
		for i := range answer.Payments {
			x := &answer.Payments[i]
			found[x.ID] = offlinePayment{x.Offline.CreatedAt.Time, x.CreatedAt.Time}
		}
		if answer.Cursor == "" || answer.Cursor == query.Get("cursor") {
			return found, nil
		}
		query.Set("cursor", answer.Cursor)
	}
}
