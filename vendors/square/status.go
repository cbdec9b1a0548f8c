package square

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Status implements [pos.Provider]: one row for each location and one for
// each terminal or handheld. It is one ListLocations call and, if the
// authorization allows it, the pages of ListDevices. Registers, stands and
// kiosks report nothing, so locations that have nothing else are [pos.Unknown].
func (p *Provider) Status(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	if err := p.ready("Status", pos.JobStatus); err != nil {
		return pos.StatusPage{}, err
	}
	scope := vendor + "/" + p.cfg.Account + "/status"
	var done struct {
		Location, Device string
	}
	if q.After != "" {
		if err := kit.DecodeCursor(scope, q.After, &done); err != nil {
			return pos.StatusPage{}, err
		}
	}
	rows, err := p.statuses(ctx, q)
	if err != nil {
		return pos.StatusPage{}, err
	}
	from := 0
	if q.After != "" {
		var found bool
		from, found = slices.BinarySearchFunc(rows, pos.Status{Location: done.Location, Device: done.Device}, compareStatus)
		if found {
			from++
		}
	}
	page := pos.StatusPage{Statuses: rows[from:]}
	if q.Limit > 0 && len(page.Statuses) > q.Limit {
		page.Statuses, page.More = page.Statuses[:q.Limit], true
	}
	if n := len(page.Statuses); n > 0 {
		done.Location, done.Device = page.Statuses[n-1].Location, page.Statuses[n-1].Device
	}
	page.Next, err = kit.EncodeCursor(scope, done)
	return page, err
}

func compareStatus(a, b pos.Status) int {
	return cmp.Or(cmp.Compare(a.Location, b.Location), cmp.Compare(a.Device, b.Device))
}

// statuses reads everything that is known now, ordered by location and device.
func (p *Provider) statuses(ctx context.Context, q pos.StatusQuery) ([]pos.Status, error) {
	locations, err := p.readPlaces(ctx)
	if err != nil {
		return nil, err
	}
	var devices []pos.Status
	if p.cfg.has(scopeDevices) {
		if devices, err = p.devices(ctx, q.Raw); err != nil {
			return nil, err
		}
	}
	asked := make(map[string]bool, len(q.Locations))
	for _, id := range q.Locations {
		asked[id] = true
	}
	now := p.client.Now()
	online := make(map[string]pos.Status) // the youngest believable device
	var rows []pos.Status
	for _, d := range devices {
		if len(asked) > 0 && !asked[d.Location] {
			continue
		}
		rows = append(rows, d)
		if best, ok := online[d.Location]; d.At(now).Online != pos.Unknown && (!ok || better(d, best)) {
			online[d.Location] = d
		}
	}
	for i := range locations {
		l := &locations[i]
		if len(asked) > 0 && !asked[l.ID] {
			continue
		}
		row := pos.Status{Location: l.ID, Open: openNow(l, now), Source: "locations"}
		if d, ok := online[l.ID]; ok {
			row.Online, row.ObservedAt, row.StaleAfter, row.Source = d.Online, d.ObservedAt, d.StaleAfter, d.Source
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, compareStatus)
	return slices.CompactFunc(rows, func(a, b pos.Status) bool { return compareStatus(a, b) == 0 }), nil
}

// better prefers a device that is online, then the one heard of last.
func better(a, b pos.Status) bool {
	if a.Online != b.Online {
		return a.Online == pos.Yes
	}
	return a.ObservedAt.After(b.ObservedAt)
}

// openNow is no for a deactivated location, else what the hours say.
func openNow(l *pos.Location, now time.Time) pos.Tri {
	if l.Closed {
		return pos.No
	}
	return l.OpenAt(now)
}

// devices reads all devices that report.
func (p *Provider) devices(ctx context.Context, raw bool) ([]pos.Status, error) {
	var list []pos.Status
	query := url.Values{"limit": {"100"}}
	for {
		var end pageEnd
		resp, err := p.client.Do(ctx, kit.Request{Op: "ListDevices", Method: http.MethodGet, Path: "/v2/devices", Query: query})
		if err != nil {
			return nil, err
		}
		err = kit.EachJSON(resp, "devices", func(v *jsontext.Value) error {
			var d device
			if err := kit.Unmarshal(*v, &d); err != nil {
				return err
			}
			s := d.neutral(p.cfg.DeviceStaleAfter)
			if raw {
				s.Raw = []byte(*v)
			}
			list = append(list, s)
			return nil
		}, &end)
		if err == nil {
			err = inside("ListDevices", resp.RequestID, end.Errors)
		}
		if err != nil {
			return nil, err
		}
		if end.Cursor == "" || end.Cursor == query.Get("cursor") {
			return list, nil
		}
		query.Set("cursor", end.Cursor)
	}
}

// neutral maps a device. When its report last changed is the nearest to when
// it was last heard of.
func (d *device) neutral(staleAfter time.Duration) pos.Status {
	s := pos.Status{
		Device:     d.ID,
		ObservedAt: d.Attributes.UpdatedAt.Time,
		StaleAfter: staleAfter,
		Source:     "devices",
	}
	switch d.Status.Category {
	case "AVAILABLE":
		s.Online = pos.Yes
	case "NEEDS_ATTENTION":
		s.Online = pos.Yes
		s.Issues = append(s.Issues, "needs_attention")
	case "OFFLINE":
		s.Online = pos.No
	}
	for i := range d.Components {
		c := &d.Components[i]
		if c.Application.SessionLocation != "" {
			s.Location = c.Application.SessionLocation
		}
		if c.Type == "BATTERY" && c.Battery.Power == "UNAVAILABLE" && c.Battery.Percent <= lowBattery {
			s.Issues = append(s.Issues, "battery_low")
		}
	}
	return s
}

// lowBattery is the charge, in percent, at which a device without power is
// reported.
const lowBattery = 15
