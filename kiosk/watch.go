package kiosk

import (
	"maps"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/internal/integrator"
	"github.com/farmacyfoods/pointofsale/pos"
)

// watch holds what is known of each kiosk.
type watch struct {
	silence time.Duration // 0 is off

	mu     sync.Mutex
	kiosks map[place]*kiosk
}

type place struct {
	events.Origin
	location string
}

// kiosk is one kiosk as last seen.
type kiosk struct {
	open     pos.Tri   // as the system says
	opened   time.Time // since when it is open; zero while it is not
	lastSale time.Time
	stalled  time.Time // start of the silence that was told; zero if none
}

func newWatch(cfg Config) *watch {
	return &watch{silence: cfg.Silence, kiosks: make(map[place]*kiosk)}
}

func (w *watch) rules() integrator.Rules {
	r := integrator.Rules{Begin: w.begin, Purchase: w.onPurchase}
	if w.silence > 0 {
		r.Status, r.Tick = w.onStatus, w.onTick
	}
	return r
}

// begin forgets an account that comes back from another replica.
func (w *watch) begin(o events.Origin) {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.kiosks, func(p place, _ *kiosk) bool { return p.Origin == o })
}

// at returns the kiosk; the caller holds mu.
func (w *watch) at(o events.Origin, location string) *kiosk {
	p := place{o, location}
	if w.kiosks[p] == nil {
		w.kiosks[p] = &kiosk{}
	}
	return w.kiosks[p]
}

func (w *watch) onPurchase(o events.Origin, p *pos.Purchase, now time.Time) []events.Event {
	var evs []events.Event
	if lines := unmatched(p.Lines); lines != nil {
		evs = append(evs, events.NewUnmatched(o, events.Unmatched{Location: p.Location, Purchase: p.ID, Version: p.Version, Lines: lines}, now))
	}
	if w.silence == 0 || p.State != pos.StateCompleted {
		return evs
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(evs, w.sold(o, p.Location, p.OccurredAt, now)...)
}

func unmatched(lines []pos.Line) []pos.Line {
	var found []pos.Line
	for i := range lines {
		if lines[i].SKU == "" {
			found = append(found, lines[i])
		}
	}
	return found
}

// sold takes a sale in; the caller holds mu. A late record of an old sale ends
// no silence.
func (w *watch) sold(o events.Origin, location string, at, now time.Time) []events.Event {
	k := w.at(o, location)
	if at.After(k.lastSale) {
		k.lastSale = at
	}
	if k.stalled.IsZero() || !at.After(k.stalled) {
		return nil
	}
	since := k.stalled
	k.stalled = time.Time{}
	return []events.Event{events.NewSales(events.TypeSalesResumed, o, events.Sales{Location: location, LastSale: at, Since: since}, now)}
}

func (w *watch) onStatus(o events.Origin, s *pos.Status, now time.Time) []events.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.Device == "" {
		w.at(o, s.Location).open = s.Open
	}
	if s.LastSale.IsZero() {
		return nil
	}
	return w.sold(o, s.Location, s.LastSale, now)
}

// onTick measures the silence of open kiosks and forgets those that are gone.
func (w *watch) onTick(o events.Origin, locations []pos.Location, now time.Time) []events.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	var evs []events.Event
	there := make(map[string]bool, len(locations))
	for i := range locations {
		l := &locations[i]
		there[l.ID] = true
		k := w.at(o, l.ID)
		open := k.open
		if open == pos.Unknown {
			open = l.OpenAt(now)
		}
		switch {
		case open != pos.Yes || l.Closed:
			k.opened, k.stalled = time.Time{}, time.Time{}
			continue
		case k.opened.IsZero():
			k.opened = now
		}
		since := k.opened
		if k.lastSale.After(since) {
			since = k.lastSale
		}
		if k.stalled.IsZero() && now.Sub(since) >= w.silence {
			k.stalled = since
			evs = append(evs, events.NewSales(events.TypeSalesStalled, o, events.Sales{Location: l.ID, LastSale: k.lastSale, Since: since}, now))
		}
	}
	if len(locations) > 0 {
		maps.DeleteFunc(w.kiosks, func(p place, _ *kiosk) bool { return p.Origin == o && !there[p.location] })
	}
	return evs
}
