package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// shop is an account at a simulated system.
type shop struct {
	origin events.Origin
	cfg    shopConfig
	fake   simulator
	// locations are where it sells, late how long a till may be offline.
	locations []string
	late      time.Duration
}

type simulator interface {
	posfake.Simulator
	URL() string
	Close()
}

// openShops starts the simulated systems. Their callbacks go to hooks.
func openShops(o options, hooks string) ([]*shop, error) {
	var shops []*shop
	since := time.Now().Add(-time.Hour)
	for i := range o.accounts {
		for _, name := range slices.Sorted(maps.Keys(systems)) {
			if i > 0 && systems[name].few {
				continue
			}
			s, err := systems[name].open(int64(i+1), hooks)
			if err != nil {
				return shops, fmt.Errorf("%s: %w", name, err)
			}
			s.origin = events.Origin{Vendor: name, Account: s.cfg.Account}
			s.cfg.Vendor, s.cfg.URL, s.cfg.Since = name, s.fake.URL(), since
			shops = append(shops, s)
		}
	}
	return shops, nil
}

func places(prefix string) []posfake.LocationSeed {
	return []posfake.LocationSeed{
		{ID: prefix + "1", TimeZone: "America/New_York"}, {ID: prefix + "2", TimeZone: "America/Chicago"}, {ID: prefix + "3", TimeZone: "America/Los_Angeles"},
	}
}

// tally counts what was done at the tills.
type tally struct{ sales, refunds, edits, voids atomic.Int64 }

// trade sells and changes until ctx ends.
func trade(ctx context.Context, shops []*shop, seed uint64, t *tally) error {
	rnd := rand.New(rand.NewPCG(seed, 1))
	ticker := time.NewTicker(15 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		s := shops[rnd.IntN(len(shops))]
		if err := s.happen(rnd, t); err != nil {
			return fmt.Errorf("%s: %w", s.origin, err)
		}
	}
}

// happen is one moment at a till. Tills may refuse all but sales.
func (s *shop) happen(rnd *rand.Rand, t *tally) error {
	if n := rnd.IntN(10); n < 6 {
		price := int64(100 + rnd.IntN(1500))
		sale := posfake.Sale{
			Location: s.locations[rnd.IntN(len(s.locations))],
			Lines:    []posfake.SaleLine{{Name: "Soup", Quantity: int64(1 + rnd.IntN(3)), Price: &price}},
		}
		if s.late > 0 && rnd.IntN(12) == 0 { // a till that was offline
			sale.OccurredAt = s.fake.Now().Add(-rand.N(s.late))
		}
		t.sales.Add(1)
		_, err := s.fake.Sell(sale)
		return err
	}
	r, ok := s.some(rnd)
	if !ok {
		return nil
	}
	switch rnd.IntN(3) {
	case 0:
		if r.State == "completed" && r.Refunded == 0 && r.Total > 1 {
			count(&t.refunds)(s.fake.Refund(posfake.Refund{ID: r.ID, Amount: 1 + rnd.Int64N(r.Total), Reason: "spoiled"}))
		}
	case 1:
		tip := int64(rnd.IntN(500))
		count(&t.edits)(s.fake.Edit(posfake.Edit{ID: r.ID, Tip: &tip}))
	default:
		if rnd.IntN(4) == 0 {
			count(&t.voids)(s.fake.Void(r.ID))
		}
	}
	return nil
}

func count(n *atomic.Int64) func(posfake.Record, error) {
	return func(_ posfake.Record, err error) {
		if err == nil {
			n.Add(1)
		}
	}
}

// some returns the newest version of one of the last sales.
func (s *shop) some(rnd *rand.Rand) (posfake.Record, bool) {
	ledger := s.fake.Ledger()
	if len(ledger) == 0 {
		return posfake.Record{}, false
	}
	id := ledger[max(0, len(ledger)-1-rnd.IntN(200))].ID
	for _, r := range slices.Backward(ledger) {
		if r.ID == id {
			return r, r.Kind == "sale"
		}
	}
	return posfake.Record{}, false
}

// balance passes callbacks on to any worker that lives, as a load balancer
// does.
func balance(ctx context.Context, workers func() []string) (base string, stop func(), err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if live := workers(); len(live) > 0 {
				r.SetURL(&url.URL{Scheme: "http", Host: live[rand.IntN(len(live))]})
			}
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:     nil,
	}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = server.Close() }, nil
}
