package quickbooks

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// companyAge is how long name and zone of the company are used before they are
// read again.
const companyAge = 24 * time.Hour

// company is what is known of the company itself.
type company struct {
	name string
	zone string // IANA name
}

type companyCache struct {
	mu    sync.Mutex
	known company
	at    time.Time
}

// companyInfo returns name and zone of the company, read once a day.
func (p *Provider) companyInfo(ctx context.Context) (company, error) {
	p.company.mu.Lock()
	known, at := p.company.known, p.company.at
	p.company.mu.Unlock()
	if !at.IsZero() && time.Since(at) < companyAge {
		return known, nil
	}
	var answer companyInfo
	r := request("ReadCompanyInfo", http.MethodGet, "/companyinfo/"+p.cfg.Realm, nil)
	resp, err := p.client.JSON(ctx, r, nil, &answer)
	if err == nil {
		err = inside(r.Op, resp.RequestID, answer.Fault)
	}
	if err != nil {
		return company{}, err
	}
	known = company{answer.CompanyInfo.CompanyName, cmp.Or(p.cfg.TimeZone, answer.CompanyInfo.DefaultTimeZone)}
	if _, err := pos.Zone(known.zone); err != nil {
		known.zone = "" // dates are taken as they are written
	}
	p.company.mu.Lock()
	defer p.company.mu.Unlock()
	p.company.known, p.company.at = known, time.Now()
	return known, nil
}

// zone returns the company's zone, nil if it is not known.
func (p *Provider) zone(ctx context.Context) (*time.Location, error) {
	name := p.cfg.TimeZone
	if name == "" {
		known, err := p.companyInfo(ctx)
		if err != nil || known.zone == "" {
			return nil, err
		}
		name = known.zone
	}
	return pos.Zone(name)
}

// placeEntities are the entities that stand for points of sale.
var placeEntities = map[string]string{ByDepartment: "Department", ByClass: "Class"}

// Locations implements [pos.Provider]. It is one call for 1,000 locations, and
// one a day for the company.
func (p *Provider) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	scope := p.scope("locations")
	var after struct {
		ID string `json:"id"`
	}
	if q.After != "" {
		if err := kit.DecodeCursor(scope, q.After, &after); err != nil {
			return pos.LocationPage{}, err
		}
	}
	list, err := p.places(ctx)
	if err != nil {
		return pos.LocationPage{}, err
	}
	from, found := slices.BinarySearchFunc(list, after.ID, func(l pos.Location, id string) int { return strings.Compare(l.ID, id) })
	if found {
		from++
	}
	page := pos.LocationPage{Locations: list[from:]}
	if q.Limit > 0 && len(page.Locations) > q.Limit {
		page.Locations, page.More = page.Locations[:q.Limit], true
	}
	if n := len(page.Locations); n > 0 {
		after.ID = page.Locations[n-1].ID
	}
	page.Next, err = kit.EncodeCursor(scope, after)
	return page, err
}

// places reads the points of sale, ordered by id.
func (p *Provider) places(ctx context.Context) ([]pos.Location, error) {
	about, err := p.companyInfo(ctx)
	if err != nil {
		return nil, err
	}
	base := pos.Location{Kind: pos.KindKiosk, TimeZone: about.zone, Currency: p.cfg.Currency}
	var list []pos.Location
	if entity := placeEntities[p.cfg.Locations]; entity != "" {
		err := p.everything(ctx, entity, "*", "Active IN (true,false)", func(v jsontext.Value) error {
			var d place
			if err := kit.Unmarshal(v, &d); err != nil {
				return err
			}
			l := base
			l.ID, l.Name, l.Closed = d.ID, d.Name, d.Active != nil && !*d.Active
			if group, _, nested := cutLast(d.FullyQualifiedName); nested {
				l.Group = group
			}
			list = append(list, l)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		base.ID, base.Name = p.cfg.Realm, about.name
		return []pos.Location{base}, nil
	}
	slices.SortFunc(list, func(a, b pos.Location) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(list, func(a, b pos.Location) bool { return a.ID == b.ID }), nil
}

// cutLast cuts a full name before its last part.
func cutLast(full string) (before, after string, found bool) {
	if i := strings.LastIndexByte(full, ':'); i >= 0 {
		return full[:i], full[i+1:], true
	}
	return full, "", false
}

// targets returns the ids that a push is about: all points of sale that are
// open. A push that names others, or not all of these, is refused.
func (p *Provider) targets(ctx context.Context, op string, asked []string) ([]string, error) {
	list, err := p.places(ctx)
	if err != nil {
		return nil, err
	}
	var open []string
	for i := range list {
		if !list[i].Closed {
			open = append(open, list[i].ID)
		}
	}
	if len(asked) == 0 {
		return open, nil
	}
	var unknown pos.Problems
	for _, id := range asked {
		if !slices.ContainsFunc(list, func(l pos.Location) bool { return l.ID == id }) {
			unknown = append(unknown, pos.Problem{Field: "Locations", Location: id, Reason: "the company has no such location"})
		}
	}
	if len(unknown) > 0 {
		return nil, fail(op, pos.KindInvalid, unknown)
	}
	for _, id := range open {
		if !slices.Contains(asked, id) {
			return nil, pos.Unsupported(vendor, op, whyOnePrice+", and location "+id+" is not among those that are named", "push to all locations of the company")
		}
	}
	return open, nil
}
