package simphony

import (
	"fmt"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// parseMoney reads a decimal amount. Some totals carry more digits than the
// currency has: they are rounded half away from zero. "" is nothing.
func parseMoney(s string, c pos.Currency) (pos.Money, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return pos.Money{Amount: 0, Currency: c}, nil
	}
	if m, err := pos.ParseMoney(s, c); err == nil {
		return m, nil
	}
	whole, fraction, _ := strings.Cut(s, ".")
	digits := c.Digits()
	if len(fraction) <= digits || strings.Trim(fraction, "0123456789") != "" {
		return pos.ParseMoney(s, c) // its error
	}
	kept := whole
	if digits > 0 {
		kept += "." + fraction[:digits]
	}
	m, err := pos.ParseMoney(kept, c)
	if err != nil || fraction[digits] < '5' {
		return m, err
	}
	if strings.HasPrefix(s, "-") {
		m.Amount--
	} else {
		m.Amount++
	}
	return m, nil
}

// plainTime is how the interfaces write times without zone; fractions of
// seconds are read as well.
const plainTime = "2006-01-02T15:04:05"

// parseTime reads a time that is in the zone unless it says otherwise. "" and
// the year 1, which stand for none, give the zero time.
func parseTime(s string, zone *time.Location) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(plainTime, s, zone)
	if err != nil {
		if t, err = time.Parse(time.RFC3339, s); err != nil {
			return time.Time{}, fmt.Errorf("%q is no time", clip(s))
		}
	}
	if t.Year() <= 1 {
		return time.Time{}, nil
	}
	return t.UTC(), nil
}
