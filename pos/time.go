package pos

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Date is a calendar day in ISO 8601, "2026-11-23". Dates compare as strings;
// "" means none.
type Date string

// DateOf returns the day of an instant in a zone.
func DateOf(t time.Time, zone *time.Location) Date { return Date(t.In(zone).Format(time.DateOnly)) }

// ParseDate checks a date.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("pos: %q is not a date of the form 2006-01-02", clip(s))
	}
	return Date(s), nil
}

// AddDays returns the date n days later. A malformed date stays as it is.
func (d Date) AddDays(n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return Date(t.AddDate(0, 0, n).Format(time.DateOnly))
}

// Start returns the first instant of the day in a zone. Where a change of
// clocks removes midnight, it is the first instant that exists; where midnight
// comes twice, the first of the two.
func (d Date) Start(zone *time.Location) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("pos: %q is not a date of the form 2006-01-02", clip(string(d)))
	}
	// Clocks change by multiples of a quarter of an hour.
	for t = t.Add(-3 * time.Hour); DateOf(t, zone) < d; {
		t = t.Add(15 * time.Minute)
	}
	return t, nil
}

// Clock is a local time of day in minutes after midnight, 0 to 1440.
type Clock int

// ParseClock reads "HH:MM" or "HH:MM:SS"; seconds are dropped, and "24:00" is
// the end of the day.
func ParseClock(s string) (Clock, error) {
	h, okH := twoDigits(s, 0, ':')
	m, okM := twoDigits(s, 3, ':')
	sec, okS := 0, len(s) == 5
	if len(s) == 8 {
		sec, okS = twoDigits(s, 6, 0)
	}
	if !okH || !okM || !okS || m > 59 || sec > 59 || h*60+m > 1440 || h == 24 && sec > 0 {
		return 0, fmt.Errorf("pos: %q is not a time of day of the form 15:04", clip(s))
	}
	return Clock(h*60 + m), nil
}

// twoDigits reads the two digits at i, which end the text or stand before the
// separator.
func twoDigits(s string, i int, separator byte) (n int, ok bool) {
	if len(s) < i+2 || len(s) > i+2 && s[i+2] != separator {
		return 0, false
	}
	tens, units := s[i]-'0', s[i+1]-'0'
	return int(tens)*10 + int(units), tens <= 9 && units <= 9
}

// ClockOf returns the local time of day of an instant in a zone.
func ClockOf(t time.Time, zone *time.Location) Clock {
	l := t.In(zone)
	return Clock(l.Hour()*60 + l.Minute())
}

// String returns "HH:MM".
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// MarshalText returns "HH:MM".
func (c Clock) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText accepts what ParseClock accepts.
func (c *Clock) UnmarshalText(text []byte) (err error) {
	*c, err = ParseClock(string(text))
	return err
}

// Hours is a weekly recurring span of local time. A span whose To is not after
// From runs over midnight and belongs to the days it starts on.
type Hours struct {
	Days []time.Weekday `json:"days"` // empty: every day; 0 is Sunday
	From Clock          `json:"from"`
	To   Clock          `json:"to"`
}

// Contains reports whether the instant lies in the span, local time in zone.
func (h Hours) Contains(t time.Time, zone *time.Location) bool {
	now, today := ClockOf(t, zone), t.In(zone).Weekday()
	if h.From < h.To {
		return h.on(today) && now >= h.From && now < h.To
	}
	return h.on(today) && now >= h.From || h.on((today+6)%7) && now < h.To
}

func (h Hours) on(day time.Weekday) bool {
	if slices.Contains(h.Days, day) {
		return true
	}
	return len(h.Days) == 0
}

var zones sync.Map // IANA name -> *time.Location

// Zone loads an IANA zone and remembers it.
func Zone(name string) (*time.Location, error) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	if name == "" {
		return nil, errors.New("pos: no time zone")
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("pos: time zone %q: %w", clip(name), err)
	}
	zones.Store(name, z)
	return z, nil
}
