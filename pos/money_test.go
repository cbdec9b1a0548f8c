package pos_test

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

func usd(n int64) pos.Money { return pos.Money{Amount: n, Currency: "USD"} }

func TestMoneyArithmetic(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		got  func() (pos.Money, error)
		want pos.Money
		err  error
	}{
		{"add", func() (pos.Money, error) { return usd(1).Add(usd(2)) }, usd(3), nil},
		{"add to none", func() (pos.Money, error) { return pos.Money{}.Add(usd(2)) }, usd(2), nil},
		{"add none", func() (pos.Money, error) { return usd(2).Add(pos.Money{}) }, usd(2), nil},
		{"add other currency", func() (pos.Money, error) { return usd(2).Add(pos.Money{Amount: 1, Currency: "EUR"}) }, pos.Money{}, pos.ErrCurrencyMismatch},
		{"add nothing in another currency", func() (pos.Money, error) { return usd(2).Add(pos.Money{Currency: "EUR"}) }, pos.Money{}, pos.ErrCurrencyMismatch},
		{"add over the top", func() (pos.Money, error) { return usd(math.MaxInt64).Add(usd(1)) }, pos.Money{}, pos.ErrOverflow},
		{"add under the bottom", func() (pos.Money, error) { return usd(math.MinInt64).Add(usd(-1)) }, pos.Money{}, pos.ErrOverflow},
		{"sub", func() (pos.Money, error) { return usd(1).Sub(usd(2)) }, usd(-1), nil},
		{"sub from none", func() (pos.Money, error) { return pos.Money{}.Sub(usd(2)) }, usd(-2), nil},
		{"sub the least", func() (pos.Money, error) { return usd(-1).Sub(usd(math.MinInt64)) }, pos.Money{}, pos.ErrOverflow},
		{"times rounds half away from zero", func() (pos.Money, error) { return usd(5).Times(pos.Quantity(50_000)) }, usd(3), nil},
		{"times negative", func() (pos.Money, error) { return usd(-5).Times(pos.Quantity(50_000)) }, usd(-3), nil},
		{"times too much", func() (pos.Money, error) { return usd(math.MaxInt64).Times(pos.Units(2)) }, pos.Money{}, pos.ErrOverflow},
		{"share", func() (pos.Money, error) { return usd(999).Share(pos.Percent(15)) }, usd(150), nil},
		{"share of half a cent", func() (pos.Money, error) { return usd(1).Share(pos.Percent(50)) }, usd(1), nil},
		{"share just below half", func() (pos.Money, error) { return usd(1).Share(499_999) }, usd(0), nil},
		{"sum", func() (pos.Money, error) { return pos.Sum(usd(1), usd(2), usd(3)) }, usd(6), nil},
		{"sum of nothing", func() (pos.Money, error) { return pos.Sum() }, pos.Money{}, nil},
	} {
		got, err := tc.got()
		if got != tc.want || !errors.Is(err, tc.err) {
			t.Errorf("%s: got %v, %v; want %v, %v", tc.name, got, err, tc.want, tc.err)
		}
	}
}

func TestAllocate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		amount  int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{5, []int64{3, 7}, []int64{2, 3}},
		{1, []int64{0, 1, 1}, []int64{0, 1, 0}},
		{7, []int64{0, 0}, []int64{7, 0}},
		{0, []int64{5, 5}, []int64{0, 0}},
		{math.MaxInt64, []int64{math.MaxInt64 - 1, 1}, []int64{math.MaxInt64 - 1, 1}},
	} {
		parts, err := usd(tc.amount).Allocate(tc.weights...)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, p := range parts {
			got = append(got, p.Amount)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%d by %v (-want +got):\n%s", tc.amount, tc.weights, diff)
		}
	}
	for _, weights := range [][]int64{nil, {1, -1}, {math.MaxInt64, 1}} {
		if _, err := usd(1).Allocate(weights...); err == nil {
			t.Errorf("weights %v are accepted", weights)
		}
	}
}

// The parts add up, and each lies within one unit of its exact share.
func TestAllocateProperty(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		m := usd(dice.Int64N(1_000_000) - 500_000)
		weights := make([]int64, 1+dice.IntN(9))
		var total int64
		for i := range weights {
			weights[i] = dice.Int64N(1000)
			total += weights[i]
		}
		parts, err := m.Allocate(weights...)
		if err != nil {
			t.Fatal(err)
		}
		if sum, _ := pos.Sum(parts...); sum.Amount != m.Amount {
			t.Fatalf("%v by %v gives %v, sum %v", m, weights, parts, sum)
		}
		for i, p := range parts {
			if total == 0 {
				break
			}
			off := new(big.Int).Sub(big.NewInt(p.Amount*total), big.NewInt(m.Amount*weights[i]))
			if off.CmpAbs(big.NewInt(total)) >= 0 {
				t.Fatalf("%v by %v: part %d is %v", m, weights, i, p)
			}
		}
	}
}

func TestMoneyText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		m    pos.Money
		want string
	}{
		{usd(1295), "12.95 USD"},
		{usd(-5), "-0.05 USD"},
		{usd(0), "0.00 USD"},
		{pos.Money{}, "none"},
		{pos.Money{Amount: 1295, Currency: "JPY"}, "1295 JPY"},
		{pos.Money{Amount: 1295, Currency: "KWD"}, "1.295 KWD"},
		{usd(math.MinInt64), "-92233720368547758.08 USD"},
	} {
		if got := tc.m.String(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

func TestParseMoney(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text     string
		currency pos.Currency
		want     int64
		fails    bool
	}{
		{text: "12.95", want: 1295},
		{text: "12.9500", want: 1295},
		{text: "-3", want: -300},
		{text: "0.1", want: 10},
		{text: "007", want: 700},
		{text: "92233720368547758.07", want: math.MaxInt64},
		{text: "1295", currency: "JPY", want: 1295},
		{text: "1.0", currency: "JPY", want: 1},
		{text: "1.5", currency: "JPY", fails: true},
		{text: "0.005", currency: "KWD", want: 5},
		{text: "12.951", fails: true},
		{text: "92233720368547758.08", fails: true},
		{text: "1e3", fails: true},
		{text: "+1", fails: true},
		{text: "--1", fails: true},
		{text: "1,000", fails: true},
		{text: " 1", fails: true},
		{text: "", fails: true},
		{text: "-", fails: true},
		{text: ".5", fails: true},
		{text: "5.", fails: true},
		{text: "1.2.3", fails: true},
		{text: "1.00x", fails: true},
		{text: "NaN", fails: true},
		{text: "١٢", fails: true},
		{text: "1", currency: "XXX", fails: true},
		{text: strings.Repeat("9", 1000), fails: true},
	} {
		if tc.currency == "" {
			tc.currency = "USD"
		}
		m, err := pos.ParseMoney(tc.text, tc.currency)
		switch {
		case (err != nil) != tc.fails:
			t.Errorf("%q %s: error %v, want one: %t", tc.text, tc.currency, err, tc.fails)
		case err == nil && m != (pos.Money{Amount: tc.want, Currency: tc.currency}):
			t.Errorf("%q %s: got %v, want %d", tc.text, tc.currency, m, tc.want)
		case err != nil && len(err.Error()) > 200:
			t.Errorf("%.20q...: the error has %d bytes", tc.text, len(err.Error()))
		}
	}
}

// What parses prints the same amount, exactly.
func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"12.95", "-0.05", "0", "92233720368547758.07", "1e9", "..", "-", "00.000"} {
		f.Add(s, "USD")
		f.Add(s, "JPY")
		f.Add(s, "BHD")
	}
	f.Fuzz(func(t *testing.T, text, currency string) {
		m, err := pos.ParseMoney(text, pos.Currency(currency))
		if err != nil {
			return
		}
		again, err := pos.ParseMoney(m.Decimal(), m.Currency)
		if err != nil || again != m {
			t.Errorf("%q gives %v, which gives %v, %v", text, m, again, err)
		}
		exact, ok := new(big.Rat).SetString(text)
		got, _ := new(big.Rat).SetString(m.Decimal())
		if !ok || exact.Cmp(got) != 0 {
			t.Errorf("%q gives %v", text, m)
		}
	})
}
