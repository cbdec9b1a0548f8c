package pos_test

import (
	"testing"

	"github.com/bojanz/currency"

	"github.com/farmacyfoods/pointofsale/pos"
)

// The table is ours; the judge is a maintained one.
func TestCurrenciesAgreeWithISO4217(t *testing.T) {
	t.Parallel()
	for _, code := range currency.GetCurrencyCodes() {
		if !pos.Currency(code).Valid() {
			t.Errorf("%s is not valid here", code)
		}
		want, _ := currency.GetDigits(code)
		if got := pos.Currency(code).Digits(); got != int(want) {
			t.Errorf("%s has %d digits, want %d", code, got, want)
		}
	}
	for _, code := range []pos.Currency{"", "US", "usd", "XXX", "USDD", " AE", "D A"} {
		if code.Valid() {
			t.Errorf("%q is valid", code)
		}
	}
}

// Every code of ours must be in the other table too, but for XCG, which came
// in 2025, after that table.
func TestNoCurrencyOfOurOwn(t *testing.T) {
	t.Parallel()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				code := string([]rune{a, b, c})
				if code != "XCG" && pos.Currency(code).Valid() && !currency.IsValid(code) {
					t.Errorf("%s is valid only here", code)
				}
			}
		}
	}
}
