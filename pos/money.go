package pos

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Money is an amount in the smallest unit of its currency: 1295 USD is
// $12.95, 1295 JPY is ¥1295. The zero Money has no currency and means "none";
// Money{0, "USD"} is a price of nothing.
type Money struct {
	Amount   int64    `json:"amount"`
	Currency Currency `json:"currency"`
}

// Errors of arithmetic.
var (
	ErrCurrencyMismatch = errors.New("pos: amounts are in different currencies")
	ErrOverflow         = errors.New("pos: amount out of range")
)

// IsZero reports whether there is no amount at all.
func (m Money) IsZero() bool { return m == Money{} }

// Neg returns -m.
func (m Money) Neg() Money { return Money{-m.Amount, m.Currency} }

// Add returns m+o. The zero Money adds to any currency.
func (m Money) Add(o Money) (Money, error) {
	switch {
	case o.IsZero():
		return m, nil
	case m.IsZero():
		return o, nil
	case m.Currency != o.Currency:
		return Money{}, fmt.Errorf("%w: %s and %s", ErrCurrencyMismatch, m.Currency, o.Currency)
	}
	sum := m.Amount + o.Amount
	if (sum > m.Amount) != (o.Amount > 0) {
		return Money{}, fmt.Errorf("%w: %d + %d", ErrOverflow, m.Amount, o.Amount)
	}
	return Money{sum, m.Currency}, nil
}

// Sub returns m-o on the terms of Add.
func (m Money) Sub(o Money) (Money, error) {
	if o.Amount == math.MinInt64 {
		return Money{}, fmt.Errorf("%w: negating %d", ErrOverflow, o.Amount)
	}
	if o.IsZero() {
		return m, nil
	}
	return m.Add(o.Neg())
}

// Sum adds amounts of one currency.
func Sum(amounts ...Money) (Money, error) {
	var sum Money
	for _, m := range amounts {
		var err error
		if sum, err = sum.Add(m); err != nil {
			return Money{}, err
		}
	}
	return sum, nil
}

// Times returns m multiplied by a quantity, rounded half away from zero.
func (m Money) Times(q Quantity) (Money, error) {
	n, ok := mulDiv(m.Amount, int64(q), quantityScale)
	if !ok {
		return Money{}, fmt.Errorf("%w: %d x %s", ErrOverflow, m.Amount, q)
	}
	return Money{n, m.Currency}, nil
}

// Share returns the proportion r of m, rounded half away from zero.
func (m Money) Share(r Rate) (Money, error) {
	n, ok := mulDiv(m.Amount, int64(r), rateScale)
	if !ok {
		return Money{}, fmt.Errorf("%w: %d x %s", ErrOverflow, m.Amount, r)
	}
	return Money{n, m.Currency}, nil
}

// Allocate splits m in proportion to the weights so that the parts add up to
// m exactly: every part gets its share rounded towards zero, and what is left
// goes one unit each to the largest remainders, earlier parts first. Weights
// may not be negative; if all are zero, the first part gets everything.
func (m Money) Allocate(weights ...int64) ([]Money, error) {
	if len(weights) == 0 {
		return nil, errors.New("pos: nothing to allocate to")
	}
	var total int64
	for _, w := range weights {
		if w < 0 || total > math.MaxInt64-w {
			return nil, fmt.Errorf("%w: weights", ErrOverflow)
		}
		total += w
	}
	parts := make([]Money, len(weights))
	for i := range parts {
		parts[i].Currency = m.Currency
	}
	if total == 0 {
		parts[0].Amount = m.Amount
		return parts, nil
	}
	sign, magnitude := absolute(m.Amount)
	remainders := make([]uint64, len(weights))
	order := make([]int, len(weights))
	left := magnitude
	for i, w := range weights {
		hi, lo := bits.Mul64(magnitude, uint64(w))
		share, rest := bits.Div64(hi, lo, uint64(total))
		parts[i].Amount = sign * int64(share)
		remainders[i], order[i] = rest, i
		left -= share
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case remainders[a] > remainders[b]:
			return -1
		case remainders[a] < remainders[b]:
			return 1
		}
		return 0
	})
	for _, i := range order[:left] {
		parts[i].Amount += sign
	}
	return parts, nil
}

// String returns the amount as a decimal with its currency, such as "12.95 USD".
func (m Money) String() string {
	if m.IsZero() {
		return "none"
	}
	return m.Decimal() + " " + string(m.Currency)
}

// Decimal returns the amount as a decimal number with the currency's digits,
// such as "12.95" or "-0.05".
func (m Money) Decimal() string {
	sign, magnitude := absolute(m.Amount)
	text := strconv.FormatUint(magnitude, 10)
	if digits := m.Currency.Digits(); digits > 0 {
		if len(text) <= digits {
			text = strings.Repeat("0", digits-len(text)+1) + text
		}
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	if sign < 0 {
		return "-" + text
	}
	return text
}

// ParseMoney reads a decimal number such as "12.95", "-3" or "12.9500". Digits
// beyond those of the currency must be zero; exponents, signs other than a
// leading minus, separators and spaces are errors.
func ParseMoney(decimal string, c Currency) (Money, error) {
	if !c.Valid() {
		return Money{}, fmt.Errorf("pos: %q is not an ISO 4217 currency", string(c))
	}
	n, err := parseDecimal(decimal, c.Digits())
	if err != nil {
		return Money{}, fmt.Errorf("pos: amount %q %s: %w", clip(decimal), c, err)
	}
	return Money{n, c}, nil
}

// parseDecimal reads a decimal number into an integer of 10^-digits units.
func parseDecimal(s string, digits int) (int64, error) {
	rest, negative := strings.CutPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(rest, ".")
	if whole == "" || dotted && fraction == "" {
		return 0, errors.New("not a decimal number")
	}
	var n uint64
	shift := func(c byte) error {
		if c < '0' || c > '9' {
			return errors.New("not a decimal number")
		}
		if n > (math.MaxInt64-uint64(c-'0'))/10 {
			return ErrOverflow
		}
		n = n*10 + uint64(c-'0')
		return nil
	}
	for i := range len(whole) {
		if err := shift(whole[i]); err != nil {
			return 0, err
		}
	}
	for i := range max(len(fraction), digits) {
		switch {
		case i >= len(fraction):
			if err := shift('0'); err != nil {
				return 0, err
			}
		case i < digits:
			if err := shift(fraction[i]); err != nil {
				return 0, err
			}
		case fraction[i] < '0' || fraction[i] > '9':
			return 0, errors.New("not a decimal number")
		case fraction[i] != '0':
			return 0, fmt.Errorf("more than %d decimal places", digits)
		}
	}
	if negative {
		return -int64(n), nil
	}
	return int64(n), nil
}

// mulDiv returns a*b/c rounded half away from zero, and false on overflow.
func mulDiv(a, b, c int64) (int64, bool) {
	sa, ua := absolute(a)
	sb, ub := absolute(b)
	hi, lo := bits.Mul64(ua, ub)
	lo, carry := bits.Add64(lo, uint64(c)/2, 0)
	hi += carry
	if hi >= uint64(c) {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	if q > math.MaxInt64 {
		return 0, false
	}
	return sa * sb * int64(q), true
}

func absolute(n int64) (sign int64, magnitude uint64) {
	if n < 0 {
		return -1, -uint64(n)
	}
	return 1, uint64(n)
}

// clip keeps hostile input out of error texts.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}
