package quickbooks

import (
	"context"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Status implements [pos.Provider]: one row for each location, in one call for
// 1,000 of them. QuickBooks knows which are deactivated, and nothing of tills.
// That the company cannot be reached, or has withdrawn its authorization, is
// an error of this call as of any other.
func (p *Provider) Status(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	scope := p.scope("status")
	var after struct {
		ID string `json:"id"`
	}
	if q.After != "" {
		if err := kit.DecodeCursor(scope, q.After, &after); err != nil {
			return pos.StatusPage{}, err
		}
	}
	list, err := p.places(ctx)
	if err != nil {
		return pos.StatusPage{}, err
	}
	var page pos.StatusPage
	for i := range list {
		l := &list[i]
		if len(q.Locations) > 0 && !slices.Contains(q.Locations, l.ID) || strings.Compare(l.ID, after.ID) <= 0 {
			continue
		}
		if q.Limit > 0 && len(page.Statuses) == q.Limit {
			page.More = true
			break
		}
		s := pos.Status{Location: l.ID, Source: "company"}
		if l.Closed {
			s.Open = pos.No
		}
		page.Statuses = append(page.Statuses, s)
	}
	if n := len(page.Statuses); n > 0 {
		after.ID = page.Statuses[n-1].Location
	}
	page.Next, err = kit.EncodeCursor(scope, after)
	return page, err
}
