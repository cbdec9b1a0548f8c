package bytetech

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// How amounts of money and percentages are written.
const (
	moneyMinor  = "minor_int"      // 1050
	moneyString = "decimal_string" // "10.50"
	moneyNumber = "decimal_number" // 10.50
)

// How instants are written; anything else is a layout of package time.
const (
	timeRFC3339   = "rfc3339"
	timeUnix      = "unix_s"
	timeUnixMilli = "unix_ms"
)

// rfc3339Milli is how instants are sent.
const rfc3339Milli = "2006-01-02T15:04:05.000Z07:00"

// encoding says how the vendor writes units.
type encoding struct {
	Money       string `json:"money"`
	Time        string `json:"time"`
	TimeZone    string `json:"time_zone"`
	Temperature string `json:"temperature"`
	Percent     string `json:"percent"`

	zone *time.Location
}

func (e *encoding) compile() {
	e.zone = time.UTC
	if zone, err := time.LoadLocation(e.TimeZone); err == nil {
		e.zone = zone
	}
}

// number returns a whole number; ok is false if there is none.
func (o *object) number(f field) (n int64, ok bool) {
	v := o.value(f)
	if v == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(textOf(v), 10, 64)
	if err != nil {
		o.fail(f)
		return 0, false
	}
	return n, true
}

// money returns an amount; ok is false if there is none or it is unreadable.
func (o *object) money(f field, c pos.Currency) (m pos.Money, ok bool) {
	v := o.value(f)
	if v == nil {
		return pos.Money{}, false
	}
	m, err := o.unit.parseMoney(textOf(v), c)
	if err != nil {
		o.fail(f)
		return pos.Money{}, false
	}
	return m, true
}

func (e *encoding) parseMoney(text string, c pos.Currency) (pos.Money, error) {
	if e.Money != moneyMinor {
		return pos.ParseMoney(text, c)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return pos.Money{}, fmt.Errorf("bytetech: amount %.40q is not a whole number", text)
	}
	return pos.Money{Amount: n, Currency: c}, nil
}

// formatMoney returns the value to send.
func (e *encoding) formatMoney(m pos.Money) any {
	switch e.Money {
	case moneyString:
		return m.Decimal()
	case moneyNumber:
		return jsontext.Value(m.Decimal())
	}
	return m.Amount
}

// percent returns a percentage; ok is false if there is none.
func (o *object) percent(f field) (r pos.Rate, ok bool) {
	v := o.value(f)
	if v == nil {
		return 0, false
	}
	r, err := pos.ParsePercent(textOf(v))
	if err != nil {
		o.fail(f)
		return 0, false
	}
	return r, true
}

func (e *encoding) formatPercent(r pos.Rate) any {
	if e.Percent == moneyNumber {
		return jsontext.Value(r.Percent())
	}
	return r.Percent()
}

// instant returns a time in UTC, zero if there is none.
func (o *object) instant(f field) time.Time {
	v := o.value(f)
	if v == nil {
		return time.Time{}
	}
	t, err := o.unit.parseTime(textOf(v))
	if err != nil {
		o.fail(f)
	}
	return t
}

func (e *encoding) parseTime(text string) (time.Time, error) {
	var t time.Time
	var err error
	switch e.Time {
	case timeRFC3339:
		t, err = time.Parse(time.RFC3339, text)
	case timeUnix, timeUnixMilli:
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		t = time.UnixMilli(n)
		if e.Time == timeUnix {
			t = time.Unix(n, 0)
		}
	default:
		t, err = time.ParseInLocation(e.Time, text, e.zone)
	}
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, fmt.Errorf("bytetech: time %.40q is not %s", text, e.Time)
	}
	return t.UTC(), nil
}

// resolution is the smallest step that instants can be written in.
func (e *encoding) resolution() time.Duration {
	if e.Time == timeRFC3339 || e.Time == timeUnixMilli {
		return time.Millisecond
	}
	return time.Second
}

// formatTime returns an instant as text, rounded down.
func (e *encoding) formatTime(t time.Time) string {
	t = t.Truncate(e.resolution())
	switch e.Time {
	case timeRFC3339:
		return t.UTC().Format(rfc3339Milli)
	case timeUnix:
		return strconv.FormatInt(t.Unix(), 10)
	case timeUnixMilli:
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	return t.In(e.zone).Format(e.Time)
}

// timeValue returns an instant as the value of a member.
func (e *encoding) timeValue(t time.Time) any {
	text := e.formatTime(t)
	if e.Time == timeUnix || e.Time == timeUnixMilli {
		return jsontext.Value(text)
	}
	return text
}

// after returns the first instant that can be written and is later than t.
func (e *encoding) after(t time.Time) time.Time {
	return t.Truncate(e.resolution()).Add(e.resolution())
}

// date returns a calendar day; of an instant, the day that it is written with.
func (o *object) date(f field) pos.Date {
	text := o.text(f)
	if text == "" {
		return ""
	}
	d, err := pos.ParseDate(text[:min(len(text), len(time.DateOnly))])
	if err != nil {
		o.fail(f)
	}
	return d
}

// escape makes an id a part of a path.
func escape(id string) string {
	if strings.Trim(id, ".") == "" { // "." and ".." would climb
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return url.PathEscape(id)
}
