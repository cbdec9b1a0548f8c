package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Memory is a [Service] in memory. The zero value is ready to use.
type Memory struct {
	mu    sync.Mutex
	sites map[site]*held
	err   error
	calls int
}

type site struct{ vendor, account, location string }

type held struct {
	revision   pos.Revision
	observedAt time.Time
	lines      map[Line]pos.Stock
	// The last snapshot that was taken, to recognise its repeat.
	key string
}

// Put implements [Service].
func (m *Memory) Put(ctx context.Context, batch ...Snapshot) ([]Receipt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.err != nil {
		return nil, m.err
	}
	if len(batch) > MaxBatch {
		return nil, &pos.Error{Op: "Put", Kind: pos.KindInvalid, Err: fmt.Errorf("%d snapshots, at most %d fit", len(batch), MaxBatch)}
	}
	receipts := make([]Receipt, len(batch))
	for i := range batch {
		receipts[i] = m.put(&batch[i])
	}
	return receipts, nil
}

func (m *Memory) put(s *Snapshot) Receipt {
	if err := s.Validate(); err != nil {
		return Receipt{Err: err}
	}
	at := site{s.Vendor, s.Account, s.Location}
	h := m.sites[at]
	if h == nil {
		h = &held{}
	}
	conflict := func(format string, args ...any) Receipt {
		return Receipt{h.revision, &pos.Error{Op: "Put", Vendor: s.Vendor, Location: s.Location, Kind: pos.KindConflict, Err: fmt.Errorf(format, args...)}}
	}
	switch {
	case h.key == s.Key:
		return Receipt{Revision: h.revision}
	case s.Base != 0 && s.Base != h.revision:
		return conflict("base is revision %d, held is %d", s.Base, h.revision)
	case s.ObservedAt.Before(h.observedAt):
		return conflict("stock of %s is known", h.observedAt.Format(time.RFC3339))
	}
	if s.Full || h.lines == nil {
		h.lines = make(map[Line]pos.Stock, len(s.Stock))
	}
	for _, row := range s.Stock {
		h.lines[LineOf(&row)] = row
	}
	h.revision++
	h.observedAt, h.key = s.ObservedAt, s.Key
	if m.sites == nil {
		m.sites = make(map[site]*held)
	}
	m.sites[at] = h
	return Receipt{Revision: h.revision}
}

// Stock returns what is known of a location, ordered by SKU, and its revision;
// 0 means that nothing was handed over.
func (m *Memory) Stock(vendor, account, location string) ([]pos.Stock, pos.Revision) {
	s, revision := m.Held(vendor, account, location)
	return s.Stock, revision
}

// Held returns what Stock does as a full snapshot: with the key and the time
// of the last one that was taken.
func (m *Memory) Held(vendor, account, location string) (Snapshot, pos.Revision) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.sites[site{vendor, account, location}]
	if h == nil {
		return Snapshot{}, 0
	}
	stock := make([]pos.Stock, 0, len(h.lines))
	for _, row := range h.lines {
		stock = append(stock, row)
	}
	slices.SortFunc(stock, func(a, b pos.Stock) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.VendorID, b.VendorID))
	})
	return Snapshot{Key: h.key, Vendor: vendor, Account: account, Location: location, Full: true, ObservedAt: h.observedAt, Stock: stock}, h.revision
}

// Fail makes Put return err from now on; nil repairs it.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Forget loses everything that was handed over, as a service does that is
// restored from an old copy.
func (m *Memory) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sites = nil
}

// Calls returns how often Put was called.
func (m *Memory) Calls() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}
