package quickbooksdesktopfake

import (
	"fmt"
	"strconv"
	"strings"
)

// Prices and quantities are counted in 1/100,000, amounts in cents.
const fine = 100_000

// decimal reads a number of qbXML in units of 10^-places. Text that the schema
// has let pass cannot fail, but be empty, which is 0.
func decimal(s string, places int) int64 {
	negative := strings.HasPrefix(s, "-")
	whole, fraction, _ := strings.Cut(strings.TrimLeft(s, "+-"), ".")
	fraction = (fraction + strings.Repeat("0", places))[:places]
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return 0
	}
	if negative {
		return -n
	}
	return n
}

// amount writes cents with two decimals, as AMTTYPE has them.
func amount(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

// price writes a PRICETYPE: two decimals, or as many as it takes.
func price(n int64) string { return trimmed(n, 2) }

// quantity writes a QUANTYPE without needless decimals.
func quantity(n int64) string { return trimmed(n, 0) }

func trimmed(n int64, least int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	fraction := fmt.Sprintf("%05d", n%fine)
	for len(fraction) > least && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	out := sign + strconv.FormatInt(n/fine, 10)
	if fraction != "" {
		out += "." + fraction
	}
	return out
}

// share is n*part/whole, rounded half away from zero.
func share(n, part, whole int64) int64 {
	n *= part
	if n < 0 {
		return -((-n + whole/2) / whole)
	}
	return (n + whole/2) / whole
}
