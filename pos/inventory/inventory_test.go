package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func row(sku string, n int64) pos.Stock {
	return pos.Stock{Location: "L1", SKU: sku, OnHand: pos.Counted(pos.Units(n))}
}

func snapshot(key string, full bool, base pos.Revision, at time.Time, rows ...pos.Stock) inventory.Snapshot {
	return inventory.Snapshot{Key: key, Vendor: "v", Account: "a", Location: "L1", Full: full, Base: base, ObservedAt: at, Stock: rows}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	var m inventory.Memory
	steps := []struct {
		name string
		put  inventory.Snapshot
		want pos.Revision
		err  error
		held []pos.Stock
	}{
		{"changed lines without a base", snapshot("0", false, 0, noon, row("A", 1)), 0, pos.ErrInvalid, nil},
		{"first", snapshot("1", true, 0, noon, row("A", 1), row("B", 2)), 1, nil, []pos.Stock{row("A", 1), row("B", 2)}},
		{"repeat", snapshot("1", true, 0, noon, row("A", 9)), 1, nil, []pos.Stock{row("A", 1), row("B", 2)}},
		{"changed line", snapshot("2", false, 1, noon.Add(1), row("A", 5)), 2, nil, []pos.Stock{row("A", 5), row("B", 2)}},
		{"stale base", snapshot("3", false, 1, noon.Add(2), row("A", 6)), 2, pos.ErrConflict, []pos.Stock{row("A", 5), row("B", 2)}},
		{"older stock", snapshot("4", true, 0, noon.Add(-1)), 2, pos.ErrConflict, []pos.Stock{row("A", 5), row("B", 2)}},
		{"full replaces", snapshot("5", true, 0, noon.Add(3), row("B", 1)), 3, nil, []pos.Stock{row("B", 1)}},
		{"line twice", snapshot("6", true, 0, noon.Add(4), row("B", 1), row("B", 2)), 0, pos.ErrInvalid, []pos.Stock{row("B", 1)}},
	}
	for _, s := range steps {
		got, err := m.Put(t.Context(), s.put)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if got[0].Revision != s.want || !errors.Is(got[0].Err, s.err) {
			t.Errorf("%s: receipt %+v, want revision %d, error %v", s.name, got[0], s.want, s.err)
		}
		held, _ := m.Stock("v", "a", "L1")
		if diff := cmp.Diff(s.held, held); diff != "" {
			t.Errorf("%s: %s", s.name, diff)
		}
	}
	if _, err := m.Put(t.Context(), make([]inventory.Snapshot, inventory.MaxBatch+1)...); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("too many: %v", err)
	}
}

func ExampleMemory() {
	var service inventory.Memory
	receipts, err := service.Put(context.Background(), inventory.Snapshot{
		Key: "1", Vendor: "bytetech", Account: "main", Location: "F-7", Full: true, ObservedAt: noon,
		Stock: []pos.Stock{{Location: "F-7", SKU: "BOWL-1", OnHand: pos.Counted(pos.Units(4))}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	stock, _ := service.Stock("bytetech", "main", "F-7")
	fmt.Println("revision", receipts[0].Revision, stock[0].SKU, stock[0].OnHand)
	// Output: revision 1 BOWL-1 4
}
