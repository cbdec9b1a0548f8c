package quickbooksfake

import (
	"encoding/json"
	"math/big"
	"strings"
)

// maxDigits bounds the numbers that the service accepts.
const maxDigits = 32

// ratOf reads a JSON number, or a string that holds one, exactly. Exponents are
// refused, so that a short text cannot stand for a huge number.
func ratOf(v any) (*big.Rat, bool) {
	text := ""
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	default:
		return nil, false
	}
	if text == "" || len(text) > maxDigits || strings.ContainsAny(text, "eE/_xXpP") {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// rat reads a stored number; what is not there is zero.
func rat(v any) *big.Rat {
	if r, ok := ratOf(v); ok {
		return r
	}
	return new(big.Rat)
}

// cents rounds an amount half away from zero to whole cents.
func cents(r *big.Rat) int64 {
	scaled := new(big.Rat).Mul(r, big.NewRat(100, 1))
	num := new(big.Int).Mul(scaled.Num(), big.NewInt(2))
	num.Add(num, new(big.Int).Mul(scaled.Denom(), big.NewInt(int64(scaled.Sign()))))
	return num.Quo(num, new(big.Int).Mul(scaled.Denom(), big.NewInt(2))).Int64()
}

// fromCents is an amount as an exact number.
func fromCents(n int64) *big.Rat { return big.NewRat(n, 100) }

// number writes an exact decimal with as few digits as it needs, at most seven
// after the point.
func number(r *big.Rat) json.Number {
	text := r.FloatString(7)
	text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	if text == "" || text == "-0" || text == "-" {
		text = "0"
	}
	return json.Number(text)
}

// amount writes cents as the service does: 23.0, 2.3, 22.41, and 0.
func amount(n int64) json.Number {
	text := number(fromCents(n))
	if n != 0 && n%100 == 0 {
		text += ".0"
	}
	return text
}

// minor reads a stored amount as cents.
func minor(v any) int64 { return cents(rat(v)) }
