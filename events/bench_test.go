package events

import (
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
)

// sale is a purchase of usual size.
func sale() pos.Purchase {
	usd := func(n int64) pos.Money { return pos.Money{Amount: n, Currency: "USD"} }
	p := pos.Purchase{
		ID: "1024", Location: "L7", Version: "v1", State: pos.StateCompleted, Currency: "USD", Total: usd(2592),
		OccurredAt: noon, RecordedAt: noon, UpdatedAt: noon,
	}
	for _, id := range []string{"1", "2"} {
		p.Lines = append(p.Lines, pos.Line{ID: id, SKU: "BOWL-" + id, Name: "Salmon Bowl", Quantity: pos.Units(1), UnitPrice: usd(1200), Gross: usd(1200)})
	}
	return p
}

// BenchmarkNewPurchase measures the event of a purchase.
func BenchmarkNewPurchase(b *testing.B) {
	b.ReportAllocs()
	o, p := Origin{Vendor: "square", Account: "M1"}, sale()
	for b.Loop() {
		NewPurchase(o, p, false)
	}
}

func BenchmarkValidate(b *testing.B) {
	b.ReportAllocs()
	e := NewPurchase(Origin{Vendor: "square", Account: "M1"}, sale(), false)
	for b.Loop() {
		if err := e.Validate(); err != nil {
			b.Fatal(err)
		}
	}
}
