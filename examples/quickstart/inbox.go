package main

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// inbox is a service of Farmacy's that listens to the stream: it keeps what
// arrives.
type inbox struct {
	mu        sync.Mutex
	purchases map[string][]pos.Purchase // by vendor
	sales     int
	seen      map[string]bool // event ids, by source
	events    int
	repeated  int
	status    map[string]pos.Status // by vendor and location
}

func (b *inbox) take(_ context.Context, e events.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seen, b.status, b.purchases = map[string]bool{}, map[string]pos.Status{}, map[string][]pos.Purchase{}
	}
	b.events++
	if key := e.Source + " " + e.ID; b.seen[key] {
		b.repeated++
	} else {
		b.seen[key] = true
	}
	switch e.Type {
	case events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided:
		p, err := events.Decode[events.Purchase](e)
		if err != nil {
			return errors.Join(events.ErrReject, err)
		}
		b.sales++
		b.purchases[p.Vendor] = append(b.purchases[p.Vendor], p.Purchase)
	case events.TypeStatusChanged:
		s, err := events.Decode[events.Status](e)
		if err != nil {
			return errors.Join(events.ErrReject, err)
		}
		if s.Device == "" {
			b.status[s.Vendor+" "+s.Location] = s.Status
		}
	}
	return nil
}

// delivered returns the purchases of a vendor in the order of delivery.
func (b *inbox) delivered(vendor string) []pos.Purchase {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.purchases[vendor])
}

func (b *inbox) statusOf(vendor, location string) (pos.Status, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.status[vendor+" "+location]
	return s, ok
}

func (b *inbox) count() (sales, total, repeated int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sales, b.events, b.repeated
}
