package pos_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

// lunch adds up: 10.00 + 5.00 - 1.50 + 1.08 added tax + 0.25 fee + 2.00 tip - 0.03 rounding.
func lunch() pos.Purchase {
	return pos.Purchase{
		ID: "s1", Currency: "USD",
		Lines:     []pos.Line{{Gross: usd(1000), Tax: usd(72)}, {Gross: usd(500)}, {Gross: usd(900), Returned: true}},
		Discounts: []pos.Applied{{Amount: usd(150)}},
		Taxes:     []pos.Applied{{Amount: usd(108)}, {Amount: usd(40), Included: true}},
		Charges:   []pos.Applied{{Amount: usd(25)}},
		Tip:       usd(200), Rounding: usd(-3), Total: usd(1680),
		Tenders: []pos.Tender{{Amount: usd(1680), Tip: usd(200)}, {Amount: usd(5000), Failed: true}},
	}
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*pos.Purchase)
		code   string
		amount pos.Money
	}{
		{"adds up", func(*pos.Purchase) {}, "", pos.Money{}},
		{"total too high", func(p *pos.Purchase) { p.Total = usd(1690) }, pos.FindingUnbalanced, usd(10)},
		{"total too low", func(p *pos.Purchase) { p.Total = usd(1679) }, pos.FindingUnbalanced, usd(-1)},
		{"two currencies", func(p *pos.Purchase) { p.Tip.Currency = "EUR" }, pos.FindingUnreadable, pos.Money{}},
		{"all given back", func(p *pos.Purchase) {
			p.Refunds = []pos.Refund{{Amount: usd(1680), State: pos.RefundCompleted}, {Amount: usd(1), State: pos.RefundPending}}
		}, "", pos.Money{}},
		{"more given back", func(p *pos.Purchase) {
			p.Refunds = []pos.Refund{{Amount: usd(1681), State: pos.RefundCompleted}}
		}, pos.FindingOverRefund, usd(1)},
		{"refund of another sale in an exchange", func(p *pos.Purchase) {
			p.Refunds = []pos.Refund{{Of: "earlier", Amount: usd(9999), State: pos.RefundCompleted}}
		}, "", pos.Money{}},
		{"return without tender", func(p *pos.Purchase) {
			p.Tenders = nil
			p.Refunds = []pos.Refund{{Amount: usd(9999), State: pos.RefundCompleted}}
		}, "", pos.Money{}},
	} {
		p := lunch()
		tc.change(&p)
		p.Reconcile()
		switch {
		case tc.code == "" && len(p.Findings) > 0:
			t.Errorf("%s: found %+v", tc.name, p.Findings)
		case tc.code != "" && (len(p.Findings) != 1 || p.Findings[0].Code != tc.code || p.Findings[0].Amount != tc.amount):
			t.Errorf("%s: found %+v", tc.name, p.Findings)
		}
	}
}

func TestStatusAt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	told := pos.Status{
		Location: "L1", Online: pos.Yes, Open: pos.Yes, SafeToSell: pos.Yes, DoorClosed: pos.Yes, Locked: pos.Yes,
		Temperature: &pos.Temperature{Celsius: 3}, ObservedAt: now, StaleAfter: time.Minute, Issues: []string{"rfid_error"},
	}
	if diff := cmp.Diff(told, told.At(now.Add(time.Minute))); diff != "" {
		t.Errorf("at its limit (-want +got):\n%s", diff)
	}
	want := pos.Status{Location: "L1", ObservedAt: now, StaleAfter: time.Minute, Issues: []string{"rfid_error", "stale"}}
	old := told.At(now.Add(time.Minute + 1))
	if diff := cmp.Diff(want, old); diff != "" {
		t.Errorf("beyond its limit (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, old.At(now.Add(time.Hour))); diff != "" {
		t.Errorf("asked twice (-want +got):\n%s", diff)
	}
	if !slices.Equal(told.Issues, []string{"rfid_error"}) {
		t.Errorf("the original has issues %v", told.Issues)
	}
	told.ObservedAt = time.Time{}
	if got := told.At(now).Online; got != pos.Unknown {
		t.Errorf("never observed: online %s", got)
	}
	told.StaleAfter = 0
	if got := told.At(now).Online; got != pos.Yes {
		t.Errorf("a state that does not age: online %s", got)
	}
	if _, known := told.Age(now); known {
		t.Error("the age of something never observed is known")
	}
}

func TestEarliestExpiry(t *testing.T) {
	t.Parallel()
	s := pos.Stock{Lots: []pos.Lot{
		{Expires: "2026-11-25", Quantity: pos.Units(1)},
		{Expires: "2026-11-24", Quantity: pos.Units(2)},
		{Expires: "2026-11-20"},
		{Quantity: pos.Units(5)},
	}}
	if got := s.EarliestExpiry(); got != "2026-11-24" {
		t.Errorf("got %q", got)
	}
	if got := (pos.Stock{}).EarliestExpiry(); got != "" {
		t.Errorf("got %q", got)
	}
}
