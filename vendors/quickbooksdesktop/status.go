package quickbooksdesktop

import (
	"context"
	"encoding/json"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// statusRaw is the payload of a status.
type statusRaw struct {
	Company   string    `json:"company,omitempty"`
	Product   string    `json:"product,omitempty"`
	Called    time.Time `json:"called"`
	Completed time.Time `json:"completed"`
	Error     string    `json:"error,omitempty"`
}

// missedRuns is how many runs of the Web Connector may be missing before a
// company file counts as offline.
const missedRuns = 3

// Status implements [pos.Provider]: when the Web Connector of the company file
// called last. It is the same for all its points of sale; that a counter sells
// is not known.
func (p *Provider) Status(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	const op = "Status"
	places, err := p.wanted(ctx, op, q.Locations)
	if err != nil {
		return pos.StatusPage{}, err
	}
	from, to, next, more, err := p.slice("status", q.After, q.Limit, len(places), 0)
	if err != nil {
		return pos.StatusPage{}, err
	}
	var st state
	if _, err := p.load(ctx, docSession, &st); err != nil {
		return pos.StatusPage{}, located(op, err)
	}
	s := pos.Status{ObservedAt: st.Called, StaleAfter: missedRuns * p.cfg.Interval, Source: "web connector"}
	if !st.Called.IsZero() {
		s.Online = pos.Yes
	}
	if st.Error != "" && !st.ErrorAt.Before(st.Completed) {
		s.Issues = []string{"quickbooks_error"}
	}
	if q.Raw {
		if s.Raw, err = json.Marshal(statusRaw{st.Company, st.Product, st.Called, st.Completed, st.Error}); err != nil {
			return pos.StatusPage{}, located(op, err)
		}
	}
	page := pos.StatusPage{Next: next, More: more}
	for _, pl := range places[from:to] {
		s.Location = pl.ID
		page.Statuses = append(page.Statuses, s)
	}
	return page, nil
}
