package posfake

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// SetOnline implements [Simulator].
func (f *Fake) SetOnline(location string, online bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.place(location)
	if err != nil {
		return err
	}
	switch {
	case online:
		p.offline = time.Time{}
	case p.offline.IsZero():
		p.offline = f.now()
	}
	f.notify(pos.JobStatus, "status.changed", location)
	return nil
}

// SetStatus lets a location report exactly this from now on, such as a
// temperature or an open door. A zero ObservedAt is filled in at every read,
// and StaleAfter with that of the configuration.
func (f *Fake) SetStatus(s pos.Status) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.place(s.Location)
	if err != nil {
		return err
	}
	p.pinned = &s
	f.notify(pos.JobStatus, "status.changed", s.Location)
	return nil
}

// Status implements [pos.Provider].
func (f *Fake) Status(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	if err := f.supported(pos.JobStatus, "Status"); err != nil {
		return pos.StatusPage{}, err
	}
	m, err := f.opened(string(pos.JobStatus), q.Locations, q.After, 1)
	if err != nil {
		return pos.StatusPage{}, err
	}
	var page pos.StatusPage
	err = f.call(ctx, "ReadStatus", false, func() error {
		places, err := f.scope("Status", q.Locations, true)
		if err != nil {
			return err
		}
		places = slices.DeleteFunc(places, func(p *place) bool { return m != nil && p.ID <= m.text(0) })
		if page.More = len(places) > f.limit(q.Limit); page.More {
			places = places[:f.limit(q.Limit)]
		}
		for _, p := range places {
			page.Statuses = append(page.Statuses, f.status(p, q.Raw))
		}
		if page.More {
			page.Next = f.sealed(string(pos.JobStatus), q.Locations, text(places[len(places)-1].ID))
		}
		return nil
	})
	if err != nil {
		return pos.StatusPage{}, err
	}
	return page, nil
}

// status is what the vendor's cloud knows: a location counts as online until
// its last heartbeat is too old.
func (f *Fake) status(p *place, raw bool) pos.Status {
	heard := f.now()
	if !p.offline.IsZero() {
		heard = p.offline
	}
	s := pos.Status{Location: p.ID, Source: "heartbeat", LastSale: p.sold}
	caps := f.caps.Status
	if caps.Online {
		s.Online = pos.TriOf(f.now().Sub(heard) < f.cfg.StaleAfter)
	}
	if caps.Open {
		s.Open = pos.TriOf(!p.Closed)
	}
	if p.pinned != nil {
		s = *p.pinned
		s.Issues = slices.Clone(s.Issues)
	}
	if s.ObservedAt.IsZero() {
		s.ObservedAt = heard
	}
	if s.StaleAfter == 0 {
		s.StaleAfter = f.cfg.StaleAfter
	}
	if raw {
		s.Raw, _ = json.Marshal(s) // plain data always marshals
	}
	return s
}
