package simphonyfake

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// decimal is an amount in major units as a JSON number, without trailing zeros.
func decimal(amount int64, c pos.Currency) json.Number {
	s := pos.Money{Amount: amount, Currency: c}.Decimal()
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return json.Number(s)
}

// optionalDecimal is null for zero.
func optionalDecimal(amount int64, c pos.Currency) *json.Number {
	if amount == 0 {
		return nil
	}
	n := decimal(amount, c)
	return &n
}

// utcText is an instant in UTC without suffix, in whole seconds; null for none.
func utcText(t time.Time) *string { return zoned(t, time.UTC) }

// zoned is an instant as local time without offset.
func zoned(t time.Time, zone *time.Location) *string {
	if t.IsZero() {
		return nil
	}
	s := t.In(zone).Format(localTime)
	return &s
}

func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
