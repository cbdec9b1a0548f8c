package integrator

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
)

// handover brings stock to the inventory service. While the service is down it
// keeps the newest state of each location and nothing else.
type handover struct {
	account *account
	loop    *loop
	again   func() // asks for a full read

	mu      sync.Mutex
	pending map[string]*pendingStock // by location
	order   []string                 // of pending, oldest first

	// revisions are those the service gave last, used by turns alone.
	revisions map[string]pos.Revision
}

type pendingStock struct {
	inventory.Snapshot
	lines      map[inventory.Line]int // index in Stock
	generation int
}

func newHandover(a *account, again func()) *handover {
	h := &handover{account: a, again: again, pending: make(map[string]*pendingStock), revisions: make(map[string]pos.Revision)}
	h.loop = newLoop(0, h.turn)
	return h
}

// add takes what was read and wakes the loop.
func (h *handover) add(snaps []inventory.Snapshot) {
	if h.account.engine.cfg.Inventory == nil || len(snaps) == 0 {
		return
	}
	h.mu.Lock()
	for i := range snaps {
		h.merge(snaps[i])
	}
	h.mu.Unlock()
	h.loop.nudge()
}

// merge lays a snapshot over what is pending for its location.
func (h *handover) merge(s inventory.Snapshot) {
	p := h.pending[s.Location]
	if p == nil {
		h.order = append(h.order, s.Location)
		p = &pendingStock{}
		h.pending[s.Location] = p
	}
	p.generation++
	if s.Full || p.lines == nil {
		p.Snapshot = s
		p.Stock = nil
		p.lines = make(map[inventory.Line]int, len(s.Stock))
	}
	p.ObservedAt = s.ObservedAt
	for _, row := range s.Stock {
		if at, ok := p.lines[inventory.LineOf(&row)]; ok {
			p.Stock[at] = row
			continue
		}
		p.lines[inventory.LineOf(&row)] = len(p.Stock)
		p.Stock = append(p.Stock, row)
	}
}

// batch returns the oldest pending snapshots and their generations.
func (h *handover) batch() (batch []inventory.Snapshot, generations []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.account.origin
	for _, location := range h.order[:min(len(h.order), inventory.MaxBatch)] {
		p := h.pending[location]
		s := p.Snapshot
		s.Stock = append([]pos.Stock(nil), p.Stock...)
		if !s.Full {
			s.Base = h.revisions[location]
		}
		s.Key = events.ID(o.Vendor, o.Account, location, s.ObservedAt.Format(time.RFC3339Nano),
			strconv.FormatBool(s.Full), strconv.FormatUint(uint64(s.Base), 10), strconv.Itoa(len(s.Stock)))
		batch = append(batch, s)
		generations = append(generations, p.generation)
	}
	return batch, generations
}

// turn hands over one batch.
func (h *handover) turn(ctx context.Context) (again bool, err error) {
	a := h.account
	batch, generations := h.batch()
	if len(batch) == 0 {
		return false, nil
	}
	start := time.Now()
	receipts, err := h.put(ctx, batch)
	if err == nil {
		err = h.settle(batch, generations, receipts)
	}
	a.health.poll(ctx, "hand-over", pos.JobInventory, h.loop.due, start, len(batch), err)
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.order) > 0, err
}

func (h *handover) put(ctx context.Context, batch []inventory.Snapshot) ([]inventory.Receipt, error) {
	ctx, end := h.account.begin(ctx, "hand inventory over", "")
	ctx, cancel := h.account.call(ctx)
	defer cancel()
	receipts, err := h.account.engine.cfg.Inventory.Put(ctx, batch...)
	if err == nil && len(receipts) != len(batch) {
		err = &pos.Error{Op: "inventory.Put", Kind: pos.KindProtocol, Err: errors.New("not one receipt for each snapshot")}
	}
	end(err)
	return receipts, err
}

// settle takes the receipts in. A location of which the service knows another
// state than we thought needs a full read; the error slows the loop down.
func (h *handover) settle(batch []inventory.Snapshot, generations []int, receipts []inventory.Receipt) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	reread := false
	for i := range batch {
		location, r := batch[i].Location, receipts[i]
		missingBase := !batch[i].Full && batch[i].Base == 0
		switch {
		case r.Err == nil:
			h.revisions[location] = r.Revision
			if h.pending[location].generation == generations[i] {
				h.drop(location)
			}
			continue
		case errors.Is(r.Err, pos.ErrConflict), missingBase:
			reread = true
			delete(h.revisions, location)
			h.drop(location)
		case errors.Is(r.Err, pos.ErrInvalid):
			h.drop(location) // It would be refused for ever; a later state may pass.
		}
		errs = append(errs, r.Err)
	}
	if reread {
		h.again()
	}
	return errors.Join(errs...)
}

// drop forgets what is pending for a location; the caller holds mu.
func (h *handover) drop(location string) {
	delete(h.pending, location)
	for i, l := range h.order {
		if l == location {
			h.order = append(h.order[:i], h.order[i+1:]...)
			return
		}
	}
}

// flush hands over what is left, once, when the loops have ended.
func (h *handover) flush(ctx context.Context) {
	for {
		again, err := h.turn(ctx)
		if err != nil || !again {
			return
		}
	}
}
