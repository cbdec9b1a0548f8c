package simphony_test

import (
	"testing"
	"testing/synctest"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

func sellMeal(t *testing.T, fake *simphonyfake.Fake, location string, price int64) posfake.Record {
	t.Helper()
	r, err := fake.Sell(posfake.Sale{Location: location, Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTotalsBudget asks for the totals of three properties on two days: one
// call for each, and nothing besides.
func TestTotalsBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, simphonyfake.Config{Properties: 3})
		p := newProvider(t, cloud(fake), fake, nil)
		poll(t, p, "") // knows the properties from then on
		sellMeal(t, fake, fake.Locations()[0], 950)
		got := calls(fake, func() {
			for _, l := range fake.Locations() {
				for _, d := range []pos.Date{"1999-12-31", "1999-12-30"} {
					if _, err := p.DayTotals(t.Context(), pos.DayTotalsQuery{Location: l, BusinessDate: d}); err != nil {
						t.Error(err)
					}
				}
			}
		})
		if got["getControlDailyTotals"] != 6 || sum(got) != 6 {
			t.Errorf("calls %v, want 6 of getControlDailyTotals", got)
		}
	})
}

// TestTotalsOfRevenueCenters sums up those revenue centers that are Farmacy's.
func TestTotalsOfRevenueCenters(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		centers []int
		count   int64
	}{
		{"all", nil, 2},
		{"the one that sold", []int{1}, 2},
		{"another one", []int{2}, 0},
		{"two of three", []int{2, 3}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, simphonyfake.Config{Properties: 1, RevenueCenters: 3})
				cfg, place := cloud(fake), fake.Locations()[0]
				if tc.centers != nil {
					cfg.Properties = []simphony.Property{{LocRef: place, RevenueCenters: tc.centers}}
				}
				p := newProvider(t, cfg, fake, nil)
				total := sellMeal(t, fake, place, 950).Total
				if _, err := fake.Void(sellMeal(t, fake, place, 700).ID); err != nil {
					t.Fatal(err)
				}
				day := pos.Date("1999-12-31")
				_, sales := poll(t, p, "")
				if len(sales) > 0 {
					day = sales[0].BusinessDate
				}
				got, err := p.DayTotals(t.Context(), pos.DayTotalsQuery{Location: place, BusinessDate: day})
				want := min(total, total*tc.count)
				if err != nil || *got.Count != tc.count || got.Net != (pos.Money{Amount: want, Currency: "USD"}) {
					t.Errorf("%v; count %d, net %v, want %d and %d", err, *got.Count, got.Net, tc.count, want)
				}
			})
		})
	}
}

func TestTotalsErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		fault *posfake.Fault
		place string
		kind  pos.Kind
	}{
		{"an unknown property", nil, "nowhere", pos.KindNotFound},
		{"no permission", &posfake.Fault{Kind: posfake.FaultScope, Times: -1}, "", pos.KindPermission},
		{"an answer that does not parse", &posfake.Fault{Kind: posfake.FaultMalformed, Times: -1}, "", pos.KindProtocol},
		{"an answer that is cut", &posfake.Fault{Kind: posfake.FaultTruncate, Bytes: 60, Times: -1}, "", pos.KindProtocol},
		{"a vendor in trouble", &posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Times: -1}, "", pos.KindUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, simphonyfake.Config{Properties: 1})
				p := newProvider(t, cloud(fake), fake, nil)
				if tc.place == "" {
					tc.place = fake.Locations()[0]
				}
				if tc.fault != nil {
					tc.fault.Op = "getControlDailyTotals"
					if _, err := fake.Inject(*tc.fault); err != nil {
						t.Fatal(err)
					}
				}
				got, err := p.DayTotals(t.Context(), pos.DayTotalsQuery{Location: tc.place, BusinessDate: "1999-12-31"})
				if pos.KindOf(err) != tc.kind || got.Stated() {
					t.Errorf("got %+v and %v, want kind %v", got, err, tc.kind)
				}
			})
		})
	}
}
