package pos

import (
	"fmt"
	"strconv"
	"strings"
)

// Rate is an exact proportion in parts per million: 8.25 % is 82500.
type Rate int64

const rateScale = 1_000_000

// Percent returns n percent.
func Percent(n int64) Rate { return Rate(n * rateScale / 100) }

// ParsePercent reads a percentage such as "15", "7.5" or "8.25" without the
// sign; at most four decimal places.
func ParsePercent(s string) (Rate, error) {
	n, err := parseDecimal(s, 4)
	if err != nil {
		return 0, fmt.Errorf("pos: percentage %q: %w", clip(s), err)
	}
	return Rate(n), nil
}

// Percent returns the rate as a percentage without the sign, such as "7.5".
func (r Rate) Percent() string { return trimDecimal(int64(r), 4) }

// String returns the rate as a percentage, such as "7.5%".
func (r Rate) String() string { return r.Percent() + "%" }

// MarshalText returns the percentage without the sign.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.Percent()), nil }

// UnmarshalText accepts what ParsePercent accepts.
func (r *Rate) UnmarshalText(text []byte) (err error) {
	*r, err = ParsePercent(string(text))
	return err
}

// Quantity is an exact decimal number of units with up to five decimal
// places, the most that any of the systems keeps.
type Quantity int64

const quantityScale = 100_000

// Units returns a whole number of units.
func Units(n int64) Quantity { return Quantity(n * quantityScale) }

// ParseQuantity reads a decimal number such as "2", "0.5" or "-1".
func ParseQuantity(s string) (Quantity, error) {
	n, err := parseDecimal(s, 5)
	if err != nil {
		return 0, fmt.Errorf("pos: quantity %q: %w", clip(s), err)
	}
	return Quantity(n), nil
}

// Whole returns the number of whole units, rounded towards zero.
func (q Quantity) Whole() int64 { return int64(q) / quantityScale }

// String returns the quantity as a decimal number.
func (q Quantity) String() string { return trimDecimal(int64(q), 5) }

// MarshalText returns the decimal number.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText accepts what ParseQuantity accepts.
func (q *Quantity) UnmarshalText(text []byte) (err error) {
	*q, err = ParseQuantity(string(text))
	return err
}

// Count is a stock count that may be missing: "not counted" is not zero. The
// zero Count is "not counted"; in JSON it is null.
type Count struct {
	Quantity Quantity
	Known    bool
}

// Counted returns a known count.
func Counted(q Quantity) Count { return Count{q, true} }

// String returns the quantity or "not counted".
func (c Count) String() string {
	if !c.Known {
		return "not counted"
	}
	return c.Quantity.String()
}

// MarshalJSON returns null or the quantity as a string.
func (c Count) MarshalJSON() ([]byte, error) {
	if !c.Known {
		return []byte("null"), nil
	}
	return []byte(`"` + c.Quantity.String() + `"`), nil
}

// UnmarshalJSON accepts what MarshalJSON returns.
func (c *Count) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*c = Count{}
		return nil
	}
	text, err := strconv.Unquote(string(data))
	if err != nil {
		return fmt.Errorf("pos: count %q: want null or a string", clip(string(data)))
	}
	q, err := ParseQuantity(text)
	if err != nil {
		return err
	}
	*c = Counted(q)
	return nil
}

// trimDecimal prints n units of 10^-digits without trailing zeros.
func trimDecimal(n int64, digits int) string {
	sign, magnitude := absolute(n)
	text := strconv.FormatUint(magnitude, 10)
	if len(text) <= digits {
		text = strings.Repeat("0", digits-len(text)+1) + text
	}
	whole, fraction := text[:len(text)-digits], strings.TrimRight(text[len(text)-digits:], "0")
	if fraction != "" {
		whole += "." + fraction
	}
	if sign < 0 {
		return "-" + whole
	}
	return whole
}
