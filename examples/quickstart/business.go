package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// tick is how often something happens, and pace how much faster than ours the
// shops' clocks run.
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
			if o.faults && rnd.IntN(8) == 0 {
				name, err := s.breakSomething(rnd)
				if err != nil {
					return err
				}
				t.faults++
				p.fault(s.name + ": " + name)
			}
		}
		delivered := len(w.inbox.delivered(w.systems[0].vendor)) + len(w.inbox.delivered(w.systems[1].vendor))
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
	items := onSale(location)
	for range 1 + rnd.IntN(3) {
		it := items[rnd.IntN(len(items))]
		sale.Lines = append(sale.Lines, posfake.SaleLine{SKU: it.SKU, Quantity: int64(1 + rnd.IntN(2))})
	}
	if rnd.IntN(4) == 0 && !s.cash {
		sale.Codes = []string{"WELCOME10"}
	}
	if s.cash && rnd.IntN(3) == 0 {
		sale.Tender = "cash"
	} else if s.cash && rnd.IntN(3) == 0 {
		sale.Tip = int64(rnd.IntN(300))
	}
	if rnd.IntN(12) == 0 { // an offline till that sends late
		sale.OccurredAt = s.fake.Now().Add(-time.Duration(1+rnd.IntN(70)) * time.Hour)
		t.late++
	}
	t.sales++
	_, err := s.fake.Sell(sale)
	return err
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
	if s.cash {
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

// breakages are what may go wrong.
var breakages = []struct {
	name  string
	fault posfake.Fault
}{
	{"429 with Retry-After", posfake.Fault{Kind: posfake.FaultStatus, Status: 429, RetryAfter: "1", Times: 2}},
	{"429 without a word", posfake.Fault{Kind: posfake.FaultStatus, Status: 429, Times: 2}},
	{"500", posfake.Fault{Kind: posfake.FaultStatus, Status: 500, Times: 3}},
	{"503", posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Times: 2}},
	{"connection reset", posfake.Fault{Kind: posfake.FaultReset, Times: 2}},
	{"reply lost", posfake.Fault{Kind: posfake.FaultLostReply, Times: 2}},
	{"answer cut off", posfake.Fault{Kind: posfake.FaultTruncate, Bytes: 300, Times: 2}},
	{"garbage", posfake.Fault{Kind: posfake.FaultMalformed}},
	{"slow answers", posfake.Fault{Kind: posfake.FaultLatency, Latency: 300 * time.Millisecond, Times: 3}},
	{"rows twice", posfake.Fault{Kind: posfake.FaultDuplicate, Times: 2}},
	{"rows not asked for", posfake.Fault{Kind: posfake.FaultWidened, Times: 2}},
	{"page token expired", posfake.Fault{Kind: posfake.FaultPageToken}},
	{"webhooks lost", posfake.Fault{Kind: posfake.FaultSilence}},
	{"webhooks repeated", posfake.Fault{Kind: posfake.FaultRepeat, Times: 20}},
}

// breakSomething injects a fault. Those of webhooks last for a second.
func (s *system) breakSomething(rnd *rand.Rand) (string, error) {
	b := breakages[rnd.IntN(len(breakages))]
	end, err := s.fake.Inject(b.fault)
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", s.name, b.name, err)
	}
	time.AfterFunc(time.Second, end)
	return b.name, nil
}

// settle moves the shops' clocks past the vendors' delays and waits until all
// that happened was delivered, or for some seconds.
func (w *world) settle(ctx context.Context) {
	for _, s := range w.systems {
		s.fake.Advance(90 * time.Second)
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for quiet := 0; quiet < 10; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		quiet++
		for _, s := range w.systems {
			if r := posfake.Reconcile(s.fake.Ledger(), w.inbox.delivered(s.vendor)); len(r.Lost)+len(r.Wrong) > 0 {
				quiet = 0
			}
		}
	}
}
