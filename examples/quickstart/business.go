package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// tick is how often something happens at each system, and pace how much faster
// than ours the shops' clocks run.
const (
	tick = 40 * time.Millisecond
	pace = 20
)

// tally counts what was done.
type tally struct {
	sales, late, refunds, edits, voids, faults int
}

// trade lets customers buy and things break until the shops close.
func (w *world) trade(ctx context.Context, o options, p *printer) error {
	p.phase(fmt.Sprintf("Open for %s of business at %d times the speed", o.seconds*pace, pace))
	rnd := rand.New(rand.NewPCG(uint64(o.seed), 7))
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var t tally
	for start := time.Now(); time.Since(start) < o.seconds; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		for _, s := range w.systems {
			s.fake.Advance(tick * (pace - 1))
			if err := s.happen(rnd, &t); err != nil {
				return err
			}
			if o.faults && rnd.IntN(s.calm) == 0 && time.Now().After(s.mended) {
				name, err := s.breakSomething(rnd)
				if err != nil {
					return err
				}
				t.faults++
				p.fault(s.name + ": " + name)
			}
		}
		delivered, _, _ := w.inbox.count()
		p.progress(time.Since(start), t, delivered, int(w.retries.Load()))
	}
	p.business(t)
	return nil
}

// happen is one moment at one system. Refunds, edits and voids may be refused:
// no till allows everything at any time.
func (s *system) happen(rnd *rand.Rand, t *tally) error {
	location := s.locations[rnd.IntN(len(s.locations))]
	switch rnd.IntN(10) {
	case 0, 1, 2, 3, 4, 5:
		return s.sell(rnd, location, t)
	case 6:
		s.refund(rnd, t)
	case 7:
		s.edit(rnd, t)
	case 8:
		s.void(rnd, t)
	}
	return nil
}

func (s *system) sell(rnd *rand.Rand, location string, t *tally) error {
	sale := posfake.Sale{Location: location}
	skus := s.onSale[location]
	for range 1 + rnd.IntN(3) {
		sale.Lines = append(sale.Lines, posfake.SaleLine{SKU: skus[rnd.IntN(len(skus))], Quantity: int64(1 + rnd.IntN(2))})
	}
	if rnd.IntN(4) == 0 && s.codes {
		sale.Codes = []string{"WELCOME10"}
	}
	if s.cash && rnd.IntN(3) == 0 {
		sale.Tender = "cash"
	} else if s.tips && rnd.IntN(3) == 0 {
		sale.Tip = int64(rnd.IntN(300))
	}
	if rnd.IntN(12) == 0 { // an offline till that sends late
		sale.OccurredAt = s.fake.Now().Add(-time.Duration(rnd.Int64N(int64(s.late))))
		t.late++
	}
	t.sales++
	if _, err := s.fake.Sell(sale); err != nil {
		return fmt.Errorf("%s: selling at %s: %w", s.name, location, err)
	}
	return nil
}

// any returns a random sale in one of the states.
func (s *system) any(rnd *rand.Rand, states ...string) (posfake.Record, bool) {
	last := map[string]posfake.Record{}
	var ids []string
	for _, r := range s.fake.Ledger() {
		if _, known := last[r.ID]; !known && r.Kind == "sale" {
			ids = append(ids, r.ID)
		}
		last[r.ID] = r
	}
	for range 20 {
		if len(ids) == 0 {
			break
		}
		r := last[ids[rnd.IntN(len(ids))]]
		if slices.Contains(states, r.State) {
			return r, true
		}
	}
	return posfake.Record{}, false
}

func (s *system) refund(rnd *rand.Rand, t *tally) {
	r, ok := s.any(rnd, "completed")
	if !ok || r.Total <= 1 || r.Refunded > 0 {
		return
	}
	if _, err := s.fake.Refund(posfake.Refund{ID: r.ID, Amount: 1 + rnd.Int64N(r.Total/2), Reason: "spoiled"}); err == nil {
		t.refunds++
	}
}

func (s *system) edit(rnd *rand.Rand, t *tally) {
	r, ok := s.any(rnd, "completed")
	if !ok {
		return
	}
	e := posfake.Edit{ID: r.ID}
	if s.tips {
		tip := int64(rnd.IntN(500))
		e.Tip = &tip
	}
	if _, err := s.fake.Edit(e); err == nil {
		t.edits++
	}
}

func (s *system) void(rnd *rand.Rand, t *tally) {
	r, ok := s.any(rnd, "completed", "pending")
	if !ok || rnd.IntN(4) > 0 {
		return
	}
	if _, err := s.fake.Void(r.ID); err == nil {
		t.voids++
	}
}

// settle moves the shops' clocks past the vendors' delays and waits until all
// that happened was delivered, or for some seconds.
func (w *world) settle(ctx context.Context) {
	for _, s := range w.systems {
		s.fake.Advance(90 * time.Second)
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	const every = 100 * time.Millisecond
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for quiet := 0; quiet < 10; quiet++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, s := range w.systems {
			r := posfake.Reconcile(s.fake.Ledger(), w.inbox.delivered(s.vendor()))
			if len(r.Lost)+len(r.Wrong) > 0 {
				quiet = 0
				s.fake.Advance(every * (pace - 1))
			}
		}
	}
}
