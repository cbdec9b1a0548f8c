package square

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// placesAge is how long the list of locations is used before it is read again
// for zones and currencies; placesRetry how soon it may be read again for a
// location that is not in it.
const (
	placesAge   = 15 * time.Minute
	placesRetry = time.Minute
)

// places remembers the seller's locations, ordered by id.
type places struct {
	mu   sync.Mutex
	list []pos.Location
	byID map[string]*pos.Location
	at   time.Time
}

// Locations implements [pos.Provider]. It is one call.
func (p *Provider) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	if err := p.ready("Locations", pos.JobStatus); err != nil {
		return pos.LocationPage{}, err
	}
	scope := vendor + "/" + p.cfg.Account + "/locations"
	var after struct {
		ID string `json:"id"`
	}
	if q.After != "" {
		if err := kit.DecodeCursor(scope, q.After, &after); err != nil {
			return pos.LocationPage{}, err
		}
	}
	list, err := p.readPlaces(ctx)
	if err != nil {
		return pos.LocationPage{}, err
	}
	from, found := slices.BinarySearchFunc(list, after.ID, func(l pos.Location, id string) int { return strings.Compare(l.ID, id) })
	if found {
		from++
	}
	rest := list[from:]
	page := pos.LocationPage{Locations: slices.Clone(rest)}
	if q.Limit > 0 && len(rest) > q.Limit {
		page.Locations, page.More = page.Locations[:q.Limit], true
	}
	if n := len(page.Locations); n > 0 {
		after.ID = page.Locations[n-1].ID
	}
	page.Next, err = kit.EncodeCursor(scope, after)
	return page, err
}

// readPlaces reads the locations now and remembers them.
func (p *Provider) readPlaces(ctx context.Context) ([]pos.Location, error) {
	var answer locationsAnswer
	resp, err := p.client.JSON(ctx, kit.Request{Op: "ListLocations", Method: http.MethodGet, Path: "/v2/locations"}, nil, &answer)
	if err != nil {
		return nil, err
	}
	if err := inside("ListLocations", resp.RequestID, answer.Errors); err != nil {
		return nil, err
	}
	list := make([]pos.Location, len(answer.Locations))
	for i := range answer.Locations {
		list[i] = answer.Locations[i].neutral()
	}
	slices.SortFunc(list, func(a, b pos.Location) int { return cmp.Compare(a.ID, b.ID) })
	list = slices.CompactFunc(list, func(a, b pos.Location) bool { return a.ID == b.ID })
	p.places.mu.Lock()
	defer p.places.mu.Unlock()
	p.places.list, p.places.at = list, time.Now()
	p.places.byID = make(map[string]*pos.Location, len(list))
	for i := range list {
		p.places.byID[list[i].ID] = &list[i]
	}
	return list, nil
}

// knownPlaces returns the remembered locations if they are young enough.
func (p *Provider) knownPlaces(age time.Duration) ([]pos.Location, map[string]*pos.Location) {
	p.places.mu.Lock()
	defer p.places.mu.Unlock()
	if p.places.byID == nil || time.Since(p.places.at) > age {
		return nil, nil
	}
	return p.places.list, p.places.byID
}

// allPlaces returns the locations, remembered or read.
func (p *Provider) allPlaces(ctx context.Context) ([]pos.Location, error) {
	if list, known := p.knownPlaces(placesAge); known != nil {
		return list, nil
	}
	return p.readPlaces(ctx)
}

// placesFor returns the locations by id. If one that is asked for is not among
// those remembered, they are read again, at most once a minute.
func (p *Provider) placesFor(ctx context.Context, ids []string) (map[string]*pos.Location, error) {
	_, known := p.knownPlaces(placesAge)
	complete := known != nil
	for _, id := range ids {
		complete = complete && known[id] != nil
	}
	if complete {
		return known, nil
	}
	if _, recent := p.knownPlaces(placesRetry); recent != nil {
		return recent, nil
	}
	if _, err := p.readPlaces(ctx); err != nil {
		return nil, err
	}
	_, known = p.knownPlaces(placesAge)
	return known, nil
}

// targets returns the locations of a push: those asked for, or all that are
// not closed. Unknown ones are all named in the error.
func (p *Provider) targets(ctx context.Context, op string, asked []string) (all []pos.Location, targets []string, err error) {
	all, err = p.readPlaces(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(asked) == 0 {
		for i := range all {
			if !all[i].Closed {
				targets = append(targets, all[i].ID)
			}
		}
		return all, targets, nil
	}
	_, known := p.knownPlaces(placesAge)
	var ps pos.Problems
	taken := make(map[string]bool, len(asked))
	for _, id := range asked {
		switch {
		case known[id] == nil:
			ps = append(ps, pos.Problem{Field: "Locations", Location: id, Reason: "the account has no such location"})
		case !taken[id]:
			taken[id] = true
			targets = append(targets, id)
		}
	}
	if len(ps) > 0 {
		return nil, nil, fail(op, pos.KindInvalid, ps)
	}
	return all, targets, nil
}

// neutral maps a location. Square does not tell kiosks from counters.
func (l *location) neutral() pos.Location {
	return pos.Location{
		ID:       l.ID,
		Name:     l.Name,
		Kind:     pos.KindKiosk,
		Closed:   l.Status == "INACTIVE",
		TimeZone: l.Timezone,
		Currency: l.Currency,
		Hours:    l.BusinessHours.neutral(),
	}
}

var weekdays = map[string]time.Weekday{
	"SUN": time.Sunday, "MON": time.Monday, "TUE": time.Tuesday, "WED": time.Wednesday,
	"THU": time.Thursday, "FRI": time.Friday, "SAT": time.Saturday,
}

// neutral maps opening hours; a period that makes no sense is left out.
func (h businessHours) neutral() []pos.Hours {
	var hours []pos.Hours
	for _, period := range h.Periods {
		day, ok := weekdays[period.Day]
		from, ferr := pos.ParseClock(period.Start)
		to, terr := pos.ParseClock(period.End)
		if !ok || ferr != nil || terr != nil {
			continue
		}
		hours = append(hours, pos.Hours{Days: []time.Weekday{day}, From: from, To: to})
	}
	return hours
}

// zoneOf returns the zone of a location.
func zoneOf(l *pos.Location) (*time.Location, error) {
	zone, err := pos.Zone(l.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("location %s: %w", l.ID, err)
	}
	return zone, nil
}
