package quickbooks

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// number is a decimal number exactly as it was sent; "" where none was.
type number string

// UnmarshalJSONFrom implements [json.UnmarshalerFrom]. A number in quotes is
// one as well.
func (n *number) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case '0':
		*n = number(v)
	case '"':
		text, err := jsontext.AppendUnquote(nil, v)
		if err != nil {
			return err
		}
		*n = number(text)
	case 'n':
		*n = ""
	default:
		return errors.New("not a number")
	}
	return nil
}

// maxExponent bounds what an exponent can make of a short text.
const maxExponent = 20

var errNumber = errors.New("not a decimal number")

// plain writes out an exponent, such as 1.5E+2.
func (n number) plain() (string, error) {
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(string(n)), "e")
	if !scientific {
		return string(n), nil
	}
	shift, err := strconv.Atoi(exponent)
	if err != nil || shift > maxExponent || shift < -maxExponent {
		return "", errNumber
	}
	rest, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(rest, ".")
	digits, point := whole+fraction, len(whole)+shift
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", errNumber
	}
	if point < 1 {
		digits, point = strings.Repeat("0", 1-point)+digits, 1
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	out := strings.TrimLeft(digits[:point-1], "0") + digits[point-1:point]
	if frac := digits[point:]; frac != "" {
		out += "." + frac
	}
	if negative {
		out = "-" + out
	}
	return out, nil
}

// money reads an amount; digits beyond those of the currency must be zero.
// None is an amount of nothing.
func (n number) money(c pos.Currency) (pos.Money, error) {
	if n == "" {
		return pos.Money{Currency: c}, nil
	}
	text, err := n.plain()
	if err != nil {
		return pos.Money{}, fmt.Errorf("amount %q: %w", clip(string(n)), err)
	}
	return pos.ParseMoney(text, c)
}

// price reads a price per unit, which may have more digits than the currency:
// it is rounded half to even.
func (n number) price(c pos.Currency) (pos.Money, error) {
	exact, err := n.money(c)
	if err == nil {
		return exact, nil
	}
	text, plainErr := n.plain()
	if plainErr != nil {
		return pos.Money{}, err
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) <= c.Digits() || strings.Trim(fraction, "0123456789") != "" {
		return pos.Money{}, err
	}
	kept, rest := fraction[:c.Digits()], fraction[c.Digits():]
	down := whole
	if kept != "" {
		down += "." + kept
	}
	m, err := pos.ParseMoney(down, c)
	if err != nil {
		return pos.Money{}, err
	}
	half := "5" + strings.Repeat("0", len(rest)-1)
	if rest > half || rest == half && m.Amount%2 != 0 {
		if strings.HasPrefix(text, "-") {
			m.Amount--
		} else {
			m.Amount++
		}
	}
	return m, nil
}

// quantity reads a number of units.
func (n number) quantity() (pos.Quantity, error) {
	text, err := n.plain()
	if err != nil {
		return 0, fmt.Errorf("quantity %q: %w", clip(string(n)), err)
	}
	return pos.ParseQuantity(text)
}

// zero reports that there is no number or that it is 0.
func (n number) zero() bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(string(n)), "e")
	return strings.Trim(mantissa, "-0.") == ""
}
