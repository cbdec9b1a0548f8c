// Package inventorytest is the conformance suite of [inventory.Service].
package inventorytest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
)

// Limit bounds every case.
const Limit = 30 * time.Second

// Harness is a service that holds nothing yet.
type Harness struct {
	inventory.Service
	// Read returns what the service holds of a location, ordered by SKU, and
	// its revision; 0 if it holds nothing.
	Read func(ctx context.Context, vendor, account, location string) ([]pos.Stock, pos.Revision, error)
}

// Run tests a service. Open makes a fresh one for each case and registers what
// is to be cleaned up.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(b *bench)
	}{
		{"a life of snapshots", testLife},
		{"lines survive whole", testWhole},
		{"lines without a SKU", testVendorID},
		{"an empty location", testEmpty},
		{"a full snapshot may have a base", testFullBase},
		{"a batch is in order, and its parts are independent", testBatch},
		{"the largest batch", testLargest},
		{"too many and none", testBounds},
		{"ids of any text", testIDs},
		{"one of many writers wins", testRace},
		{"an ended context changes nothing", testContext},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), Limit)
			defer cancel()
			c.run(&bench{t, ctx, open(t)})
		})
	}
}

type bench struct {
	*testing.T
	ctx context.Context
	Harness
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func row(location, sku string, n int64) pos.Stock {
	return pos.Stock{Location: location, SKU: sku, OnHand: pos.Counted(pos.Units(n))}
}

// snapshot makes one of location L1, observed that many seconds after noon.
func snapshot(key string, base pos.Revision, full bool, seconds int, rows ...pos.Stock) inventory.Snapshot {
	return inventory.Snapshot{
		Key: key, Vendor: "v", Account: "a", Location: "L1", Full: full, Base: base,
		ObservedAt: noon.Add(time.Duration(seconds) * time.Second), Stock: rows,
	}
}

// put hands one snapshot over.
func (b *bench) put(s inventory.Snapshot) inventory.Receipt {
	b.Helper()
	got, err := b.Put(b.ctx, s)
	if err != nil || len(got) != 1 {
		b.Fatalf("%d receipts, error %v", len(got), err)
	}
	return got[0]
}

// taken hands one snapshot over that must be taken, and returns the revision.
func (b *bench) taken(s inventory.Snapshot) pos.Revision {
	b.Helper()
	r := b.put(s)
	if r.Err != nil || r.Revision == 0 {
		b.Fatalf("receipt %+v", r)
	}
	return r.Revision
}

// holds compares what is held of a location of account a.
func (b *bench) holds(location string, revision pos.Revision, want ...pos.Stock) {
	b.Helper()
	got, r, err := b.Read(b.ctx, "v", "a", location)
	if err != nil {
		b.Fatal(err)
	}
	if diff := cmp.Diff(append([]pos.Stock{}, want...), append([]pos.Stock{}, got...)); diff != "" || r != revision {
		b.Errorf("revision %d, want %d: %s", r, revision, diff)
	}
}

func (b *bench) refused(r inventory.Receipt, want error, held pos.Revision) {
	b.Helper()
	if !errors.Is(r.Err, want) || r.Revision != held {
		b.Errorf("receipt %+v, want revision %d and an error that matches %q", r, held, want)
	}
}

func testLife(b *bench) {
	b.holds("L1", 0)
	b.refused(b.put(snapshot("0", 0, false, 0, row("L1", "A", 1))), pos.ErrInvalid, 0)
	b.refused(b.put(snapshot("0", 7, false, 0, row("L1", "A", 1))), pos.ErrConflict, 0)
	first := b.taken(snapshot("1", 0, true, 1, row("L1", "A", 1), row("L1", "B", 2)))
	if again := b.taken(snapshot("1", 0, true, 1, row("L1", "A", 9))); again != first {
		b.Errorf("the repeat has revision %d, want %d", again, first)
	}
	b.holds("L1", first, row("L1", "A", 1), row("L1", "B", 2))

	second := b.taken(snapshot("2", first, false, 2, row("L1", "A", 5), row("L1", "C", 1)))
	if second <= first {
		b.Errorf("revision %d after %d", second, first)
	}
	after := []pos.Stock{row("L1", "A", 5), row("L1", "B", 2), row("L1", "C", 1)}
	if again := b.taken(snapshot("2", first, false, 2, row("L1", "A", 5), row("L1", "C", 1))); again != second {
		b.Errorf("the repeat has revision %d, want %d", again, second)
	}
	b.refused(b.put(snapshot("3", first, false, 3, row("L1", "A", 6))), pos.ErrConflict, second)
	b.refused(b.put(snapshot("4", 0, true, 0)), pos.ErrConflict, second)
	b.refused(b.put(snapshot("5", 0, true, 5, row("L1", "B", 1), row("L1", "B", 2))), pos.ErrInvalid, 0)
	b.refused(b.put(snapshot("5", 0, true, 5, row("L2", "B", 1))), pos.ErrInvalid, 0)
	b.holds("L1", second, after...)

	third := b.taken(snapshot("6", 0, true, 6, row("L1", "B", 1)))
	b.holds("L1", third, row("L1", "B", 1))
}

func testWhole(b *bench) {
	full := pos.Stock{
		Location: "L1", SKU: "BÖWL \"1\"", VendorID: "cat/1?&=", Name: "Dal & Reis \U0001F35B",
		OnHand: pos.Counted(pos.Quantity(150_001)), Available: pos.Counted(0), Committed: pos.Counted(pos.Units(-2)), InStock: pos.Yes,
		Lots: []pos.Lot{
			{ID: "lot 1", Expires: "2026-11-30", Quantity: pos.Units(3)},
			{Quantity: pos.Quantity(50_000)},
		},
		CountedAt: noon.Add(-time.Minute + 123456789),
		Raw:       []byte(`{"id":"x","n":[1,2.50]}`),
	}
	unknown := pos.Stock{Location: "L1", SKU: "NONE", InStock: pos.No}
	r := b.taken(snapshot("1", 0, true, 0, full, unknown))
	b.holds("L1", r, full, unknown)
}

func testVendorID(b *bench) {
	one, two := row("L1", "", 1), row("L1", "", 2)
	one.VendorID, two.VendorID = "x1", "x2"
	twice := row("L1", "A", 3)
	twice.VendorID = "x3"
	first := b.taken(snapshot("1", 0, true, 0, one, two, row("L1", "A", 4), twice))
	two.OnHand = pos.Counted(pos.Units(9))
	second := b.taken(snapshot("2", first, false, 1, two))
	b.holds("L1", second, one, two, row("L1", "A", 4), twice)
	b.refused(b.put(snapshot("3", second, false, 2, row("L1", "", 1))), pos.ErrInvalid, 0)
}

func testEmpty(b *bench) {
	first := b.taken(snapshot("1", 0, true, 0))
	b.holds("L1", first)
	second := b.taken(snapshot("2", first, false, 0, row("L1", "A", 0)))
	b.holds("L1", second, row("L1", "A", 0))
	third := b.taken(snapshot("3", 0, true, 0))
	b.holds("L1", third)
}

func testFullBase(b *bench) {
	first := b.taken(snapshot("1", 0, true, 0, row("L1", "A", 1)))
	b.refused(b.put(snapshot("2", first+1, true, 1, row("L1", "A", 2))), pos.ErrConflict, first)
	second := b.taken(snapshot("3", first, true, 2, row("L1", "A", 3)))
	b.holds("L1", second, row("L1", "A", 3))
}

// at moves a snapshot to another location.
func at(location string, s inventory.Snapshot) inventory.Snapshot {
	s.Location = location
	for i := range s.Stock {
		s.Stock[i].Location = location
	}
	return s
}

func testBatch(b *bench) {
	first := b.taken(snapshot("1", 0, true, 5, row("L1", "A", 1)))
	got, err := b.Put(b.ctx,
		at("L2", snapshot("2", 0, true, 0, row("", "A", 2))),
		at("L3", snapshot("2", 0, true, 0, row("", "A", 3), row("", "A", 4))),
		snapshot("3", first+5, false, 6, row("L1", "A", 9)),
		at("L4", snapshot("2", 0, true, 0)),
		at("L5", snapshot("2", 3, false, 0, row("", "A", 1))),
		at("L6", snapshot("2", 0, true, 0, row("", "A", 6))))
	if err != nil || len(got) != 6 {
		b.Fatalf("%d receipts, error %v", len(got), err)
	}
	for i, want := range []error{nil, pos.ErrInvalid, pos.ErrConflict, nil, pos.ErrConflict, nil} {
		if want != nil {
			held := pos.Revision(0)
			if i == 2 {
				held = first
			}
			b.refused(got[i], want, held)
		} else if got[i].Err != nil || got[i].Revision == 0 {
			b.Errorf("receipt %d: %+v", i, got[i])
		}
	}
	b.holds("L1", first, row("L1", "A", 1))
	b.holds("L2", got[0].Revision, row("L2", "A", 2))
	b.holds("L3", 0)
	b.holds("L4", got[3].Revision)
	b.holds("L5", 0)
	b.holds("L6", got[5].Revision, row("L6", "A", 6))
}

func testLargest(b *bench) {
	batch := make([]inventory.Snapshot, inventory.MaxBatch)
	for i := range batch {
		batch[i] = at(fmt.Sprint("L", i), snapshot("1", 0, true, 0, row("", "A", int64(i)), row("", "B", 1)))
	}
	for range 2 { // The second time everything is a repeat.
		got, err := b.Put(b.ctx, batch...)
		if err != nil || len(got) != len(batch) {
			b.Fatalf("%d receipts, error %v", len(got), err)
		}
		for i := range got {
			if got[i].Err != nil {
				b.Fatal(got[i].Err)
			}
			b.holds(batch[i].Location, got[i].Revision, batch[i].Stock...)
		}
	}
}

func testBounds(b *bench) {
	if _, err := b.Put(b.ctx, make([]inventory.Snapshot, inventory.MaxBatch+1)...); !errors.Is(err, pos.ErrInvalid) {
		b.Errorf("too many: %v", err)
	}
	if got, err := b.Put(b.ctx); err != nil || len(got) != 0 {
		b.Errorf("none: %d receipts, error %v", len(got), err)
	}
}

func testIDs(b *bench) {
	ids := []string{"..", "a/b", "a%2Fb", "?&=#;+", "Kühlregal 7", " ", "L\U0001F96A"}
	for i, id := range ids {
		s := at(id, snapshot("1", 0, true, 0, row("", "A", int64(i))))
		s.Vendor, s.Account = id+"v", id+"a"
		if r := b.put(s); r.Err != nil {
			b.Fatalf("%q: %v", id, r.Err)
		}
	}
	for i, id := range ids {
		got, _, err := b.Read(b.ctx, id+"v", id+"a", id)
		if diff := cmp.Diff([]pos.Stock{row(id, "A", int64(i))}, got); err != nil || diff != "" {
			b.Errorf("%q: %v %s", id, err, diff)
		}
		if _, r, err := b.Read(b.ctx, id+"v", "other", id); err != nil || r != 0 {
			b.Errorf("another account: revision %d, error %v", r, err)
		}
	}
}

func testRace(b *bench) {
	const writers = 8
	base := b.taken(snapshot("1", 0, true, 0))
	var group sync.WaitGroup
	receipts := make([]inventory.Receipt, writers)
	for w := range writers {
		group.Go(func() {
			got, err := b.Put(b.ctx, snapshot(fmt.Sprint("w", w), base, false, 1, row("L1", "A", int64(w))))
			if err != nil || len(got) != 1 {
				b.Errorf("%d receipts, error %v", len(got), err)
				return
			}
			receipts[w] = got[0]
		})
	}
	group.Wait()
	won := 0
	for w, r := range receipts {
		if r.Err == nil {
			won++
			b.holds("L1", r.Revision, row("L1", "A", int64(w)))
		} else if !errors.Is(r.Err, pos.ErrConflict) {
			b.Error(r.Err)
		}
	}
	if won != 1 {
		b.Errorf("%d writers won", won)
	}
}

func testContext(b *bench) {
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	if _, err := b.Put(ctx, snapshot("1", 0, true, 0)); !errors.Is(err, context.Canceled) {
		b.Errorf("error %v, want the context's", err)
	}
	b.holds("L1", 0)
}
