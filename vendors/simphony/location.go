package simphony

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

const (
	// placesAge is how old the list of properties may be for zones and currencies.
	placesAge = 15 * time.Minute
	// centersAge is how old the list of a property's revenue centers may be.
	centersAge = 24 * time.Hour
)

// places remembers properties, their hierarchy units and revenue centers.
type places struct {
	mu      sync.Mutex
	list    []pos.Location
	at      time.Time
	units   map[string]int64
	centers map[string]centerList
}

type centerList struct {
	nums []int
	at   time.Time
}

// Locations implements [pos.Provider]. It is one call to BI, or where that is
// not configured to STS2 or CCAPI, and none with TS1 alone. A property is a
// location whatever the number of its revenue centers.
func (p *Provider) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	const op = "Locations"
	var after struct {
		ID string `json:"id"`
	}
	if q.After != "" {
		if err := kit.DecodeCursor(p.scope("locations"), q.After, &after); err != nil {
			return pos.LocationPage{}, err
		}
	}
	list, err := p.readPlaces(ctx, op)
	if err != nil {
		return pos.LocationPage{}, err
	}
	from, found := slices.BinarySearchFunc(list, after.ID, func(l pos.Location, id string) int { return strings.Compare(l.ID, id) })
	if found {
		from++
	}
	page := pos.LocationPage{Locations: slices.Clone(list[from:])}
	if q.Limit > 0 && len(page.Locations) > q.Limit {
		page.Locations, page.More = page.Locations[:q.Limit], true
	}
	if n := len(page.Locations); n > 0 {
		after.ID = page.Locations[n-1].ID
	}
	page.Next, err = kit.EncodeCursor(p.scope("locations"), after)
	return page, err
}

// readPlaces reads the properties now and remembers them, ordered by id.
func (p *Provider) readPlaces(ctx context.Context, op string) ([]pos.Location, error) {
	if err := ctx.Err(); err != nil {
		return nil, ended(op, err)
	}
	var list []pos.Location
	var err error
	switch {
	case p.bi != nil:
		list, err = p.biPlaces(ctx)
	case p.sts != nil:
		list, err = p.stsPlaces(ctx)
	case p.ccapi != nil:
		list, err = p.configPlaces(ctx)
	}
	if err != nil {
		return nil, err
	}
	list = p.configured(list)
	slices.SortFunc(list, func(a, b pos.Location) int { return strings.Compare(a.ID, b.ID) })
	p.places.mu.Lock()
	p.places.list, p.places.at = list, time.Now()
	p.places.mu.Unlock()
	return list, nil
}

// configured puts what the configuration says over what was read.
func (p *Provider) configured(list []pos.Location) []pos.Location {
	if len(p.cfg.Properties) > 0 {
		read := list
		list = nil
		for i := range p.cfg.Properties {
			c := &p.cfg.Properties[i]
			l := pos.Location{ID: c.LocRef}
			if k := slices.IndexFunc(read, func(l pos.Location) bool { return l.ID == c.LocRef }); k >= 0 {
				l = read[k]
			}
			l.Name = first(c.Name, l.Name, c.LocRef)
			l.TimeZone = first(c.TimeZone, l.TimeZone)
			l.Currency = pos.Currency(first(string(c.Currency), string(l.Currency)))
			list = append(list, l)
		}
	}
	for i := range list {
		list[i].Kind, list[i].DayStart = pos.KindKiosk, p.cfg.DayStart
		if _, err := pos.Zone(list[i].TimeZone); err != nil {
			list[i].TimeZone = ""
		}
	}
	return list
}

func (p *Provider) property(id string) *Property {
	for i := range p.cfg.Properties {
		if p.cfg.Properties[i].LocRef == id {
			return &p.cfg.Properties[i]
		}
	}
	return nil
}

func (p *Provider) biPlaces(ctx context.Context) ([]pos.Location, error) {
	var list []pos.Location
	_, err := biRows(ctx, p, "getLocationDimensions", "locations", biRequest{ApplicationName: application}, func(l *biLocation) error {
		list = append(list, pos.Location{
			ID: strings.ToLower(l.LocRef), Name: l.Name, Closed: l.Active != nil && !*l.Active,
			TimeZone: l.TimeZone, Currency: pos.Currency(l.Currency),
		})
		return nil
	})
	return list, err
}

func (p *Provider) stsPlaces(ctx context.Context) ([]pos.Location, error) {
	var page stsPage[stsLocation]
	r := kit.Request{Op: "GetLocations", Method: http.MethodGet, Path: "/organizations/" + url.PathEscape(p.cfg.Org) + "/locations"}
	if _, err := p.sts.JSON(ctx, r, nil, &page); err != nil {
		return nil, err
	}
	var list []pos.Location
	for _, l := range page.all() {
		list = append(list, pos.Location{
			ID: strings.ToLower(l.LocRef), Name: l.Name, Currency: pos.Currency(l.Currency),
			TimeZone: first(zoneIn(l.Zone), zoneIn(l.ZoneToo)),
		})
	}
	return list, nil
}

// zoneIn finds the IANA name in a time zone, which is a text or an object.
func zoneIn(v jsontext.Value) string {
	var name string
	if len(v) == 0 || json.Unmarshal(v, &name) == nil {
		return name
	}
	var zone struct {
		IANA string `json:"ianaName"`
	}
	_ = json.Unmarshal(v, &zone) // another shape names no zone
	return zone.IANA
}

func (p *Provider) configPlaces(ctx context.Context) ([]pos.Location, error) {
	rows, err := p.hierarchy(ctx)
	if err != nil {
		return nil, err
	}
	var list []pos.Location
	for _, r := range rows {
		list = append(list, pos.Location{ID: strings.ToLower(r.text("locRef")), Name: r.lang("name", p.cfg.CCAPI.Language)})
	}
	return list, nil
}

// hierarchy reads the properties of CCAPI and remembers their units.
func (p *Provider) hierarchy(ctx context.Context) ([]record, error) {
	rows, err := p.readRecords(ctx, "GetLocations", pathLocations, readRequest{})
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r record) bool { return r.text("locRef") == "" })
	p.places.mu.Lock()
	defer p.places.mu.Unlock()
	p.places.units = make(map[string]int64, len(rows))
	for _, r := range rows {
		p.places.units[strings.ToLower(r.text("locRef"))] = r.num("hierUnitId")
	}
	return rows, nil
}

// unitsOf returns the hierarchy units of locations.
func (p *Provider) unitsOf(ctx context.Context, op string, ids []string) (map[string]int64, error) {
	for again := false; ; again = true {
		p.places.mu.Lock()
		units := make(map[string]int64, len(ids))
		missing := ""
		for _, id := range ids {
			units[id] = p.places.units[id]
			if c := p.property(id); c != nil && c.HierUnitID != 0 {
				units[id] = c.HierUnitID
			}
			if units[id] == 0 {
				missing = id
			}
		}
		p.places.mu.Unlock()
		switch {
		case missing == "":
			return units, nil
		case again:
			return nil, failAt(op, missing, pos.KindNotFound, fmt.Errorf("CCAPI knows no property %q", missing))
		}
		if _, err := p.hierarchy(ctx); err != nil {
			return nil, err
		}
	}
}

// knownPlaces returns the properties as they were read not long ago.
func (p *Provider) knownPlaces(ctx context.Context, op string) ([]pos.Location, error) {
	p.places.mu.Lock()
	list, at := p.places.list, p.places.at
	p.places.mu.Unlock()
	if !at.IsZero() && time.Since(at) < placesAge {
		return list, nil
	}
	return p.readPlaces(ctx, op)
}

// placesOf returns the asked locations, all of them if none is named, ordered
// by id. Unknown ones are an error.
func (p *Provider) placesOf(ctx context.Context, op string, ids []string) ([]pos.Location, error) {
	list, err := p.knownPlaces(ctx, op)
	if err != nil || len(ids) == 0 {
		return list, err
	}
	out, missing := choose(list, ids)
	if missing != "" { // it may be new
		if list, err = p.readPlaces(ctx, op); err != nil {
			return nil, err
		}
		if out, missing = choose(list, ids); missing != "" {
			return nil, failAt(op, missing, pos.KindNotFound, fmt.Errorf("no property %q in this account", missing))
		}
	}
	return out, nil
}

func choose(list []pos.Location, ids []string) (out []pos.Location, missing string) {
	want := make(map[string]bool, len(ids))
	for _, id := range ids {
		want[id] = true
	}
	for i := range list {
		if want[list[i].ID] {
			out = append(out, list[i])
			delete(want, list[i].ID)
		}
	}
	for _, id := range ids {
		if want[id] {
			return nil, id
		}
	}
	return out, ""
}

// revenueCenters returns the revenue centers of a property: those that are
// configured, else those that STS2 lists.
func (p *Provider) revenueCenters(ctx context.Context, id string) ([]int, error) {
	if c := p.property(id); c != nil && len(c.RevenueCenters) > 0 {
		return c.RevenueCenters, nil
	}
	p.places.mu.Lock()
	known, ok := p.places.centers[id]
	p.places.mu.Unlock()
	if ok && time.Since(known.at) < centersAge {
		return known.nums, nil
	}
	var page stsPage[stsCenter]
	r := kit.Request{
		Op: "GetRevenueCenters", Location: id, Method: http.MethodGet,
		Path: "/organizations/" + url.PathEscape(p.cfg.Org) + "/locations/" + url.PathEscape(id) + "/revenueCenters",
	}
	if _, err := p.sts.JSON(ctx, r, nil, &page); err != nil {
		return nil, err
	}
	var nums []int
	for _, c := range page.all() {
		nums = append(nums, int(c.RvcRef))
	}
	p.places.mu.Lock()
	defer p.places.mu.Unlock()
	if p.places.centers == nil {
		p.places.centers = make(map[string]centerList)
	}
	p.places.centers[id] = centerList{nums, time.Now()}
	return nums, nil
}
