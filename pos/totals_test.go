package pos_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

// soldDay holds a sale with everything, a return of its own, a void and an
// unpaid order.
func soldDay() []pos.Purchase {
	sale := lunch()
	sale.Version, sale.State = "2", pos.StateCompleted
	sale.Refunds = []pos.Refund{{Amount: usd(300), State: pos.RefundCompleted}, {Amount: usd(80), State: pos.RefundPending}}
	return []pos.Purchase{
		sale,
		{ID: "r1", Version: "1", State: pos.StateCompleted, Currency: "USD", Total: usd(0), Refunds: []pos.Refund{{Of: "s0", Amount: usd(500), State: pos.RefundCompleted}}},
		{ID: "v1", Version: "1", State: pos.StateVoided, Currency: "USD", Total: usd(900), Taxes: []pos.Applied{{Amount: usd(70)}}},
		{ID: "o1", Version: "1", State: pos.StatePending, Currency: "USD", Total: usd(700)},
	}
}

func TestFiguresOf(t *testing.T) {
	t.Parallel()
	got, err := pos.FiguresOf(soldDay(), []pos.PurchaseState{pos.StateCompleted, pos.StateVoided}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := pos.DayFigures{Count: new(int64(3)), Net: usd(1680 - 300 - 500), Refunds: usd(800), Discounts: usd(150), Taxes: usd(148), Tips: usd(200)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	empty, err := pos.FiguresOf(nil, nil, "EUR")
	if want := (pos.Money{Currency: "EUR"}); err != nil || empty.Net != want || *empty.Count != 0 || !empty.IsZero() || !empty.Stated() {
		t.Errorf("a day without purchases: %+v, %v", empty, err)
	}
	mixed := soldDay()
	mixed[1].Total, mixed[1].Currency, mixed[1].Refunds = pos.Money{Amount: 5, Currency: "EUR"}, "EUR", nil
	if _, err := pos.FiguresOf(mixed, nil, ""); !errors.Is(err, pos.ErrCurrencyMismatch) {
		t.Errorf("two currencies: %v", err)
	}
}

func TestDayFiguresMinus(t *testing.T) {
	t.Parallel()
	ours := pos.DayFigures{Count: new(int64(2)), Net: usd(1000), Tips: usd(5)}
	for _, tc := range []struct {
		name   string
		theirs pos.DayFigures
		want   pos.DayFigures
		zero   bool
	}{
		{"the same", ours, pos.DayFigures{Count: new(int64(0)), Net: usd(0), Tips: usd(0)}, true},
		{"one more", pos.DayFigures{Count: new(int64(3)), Net: usd(1250)}, pos.DayFigures{Count: new(int64(1)), Net: usd(250)}, false},
		{"only an amount differs", pos.DayFigures{Net: usd(999)}, pos.DayFigures{Net: usd(-1)}, false},
		{"only what one of them states", pos.DayFigures{Discounts: usd(70)}, pos.DayFigures{}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.theirs.Minus(ours)
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" || got.IsZero() != tc.zero {
				t.Errorf("%v, zero %v (-want +got):\n%s", err, got.IsZero(), diff)
			}
		})
	}
	if _, err := (pos.DayFigures{Net: pos.Money{Amount: 1, Currency: "EUR"}}).Minus(ours); !errors.Is(err, pos.ErrCurrencyMismatch) {
		t.Errorf("two currencies: %v", err)
	}
	if (pos.DayFigures{}).Stated() {
		t.Error("no figure counts as one")
	}
}

// The digests are those of: printf 's1\t2\nv1\t1\n' | LC_ALL=C sort | sha256sum.
func TestDayHash(t *testing.T) {
	t.Parallel()
	s, v := pos.Purchase{ID: "s1", Version: "2"}, pos.Purchase{ID: "v1", Version: "1"}
	for _, tc := range []struct {
		list []pos.Purchase
		want string
	}{
		{nil, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{[]pos.Purchase{s, v}, "c0e28af869d6dae506693cc1ef5efcd7342088fdedf8e080598123fe809b2974"},
		{[]pos.Purchase{v, s}, "c0e28af869d6dae506693cc1ef5efcd7342088fdedf8e080598123fe809b2974"},
	} {
		if got := pos.DayHash(tc.list); got != tc.want {
			t.Errorf("%d purchases: %s, want %s", len(tc.list), got, tc.want)
		}
	}
	if pos.DayHash([]pos.Purchase{{ID: "s1", Version: "3"}, v}) == pos.DayHash([]pos.Purchase{s, v}) {
		t.Error("another version has the same hash")
	}
}

func TestLocationSpan(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tc := range []struct {
		zone     string
		start    pos.Clock
		day      pos.Date
		from, to string
	}{
		{"America/New_York", 0, "2026-10-20", "2026-10-20T04:00:00Z", "2026-10-21T04:00:00Z"},
		{"America/New_York", 0, "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"}, // 25 hours
		{"Europe/Berlin", 240, "2026-03-28", "2026-03-28T03:00:00Z", "2026-03-29T02:00:00Z"},  // 23 hours
	} {
		l := pos.Location{TimeZone: tc.zone, DayStart: tc.start}
		from, to, err := l.Span(tc.day)
		if err != nil || !from.Equal(at(tc.from)) || !to.Equal(at(tc.to)) {
			t.Errorf("%s on %s: %v to %v, %v", tc.zone, tc.day, from.UTC(), to.UTC(), err)
		}
		if l.BusinessDate(from) != tc.day || l.BusinessDate(to.Add(-time.Second)) != tc.day || l.BusinessDate(to) == tc.day {
			t.Errorf("%s on %s: BusinessDate disagrees with the span", tc.zone, tc.day)
		}
	}
	for _, bad := range []pos.Location{{}, {TimeZone: "Nowhere/Land"}} {
		if _, _, err := bad.Span("2026-10-20"); err == nil {
			t.Errorf("zone %q has a span", bad.TimeZone)
		}
	}
	for _, start := range []pos.Clock{0, 60} {
		if _, _, err := (pos.Location{TimeZone: "UTC", DayStart: start}).Span("yesterday"); err == nil {
			t.Errorf("a day that is none, with DayStart %v", start)
		}
	}
}
