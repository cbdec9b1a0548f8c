package pos_test

import (
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := pos.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestParseClock(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]pos.Clock{"00:00": 0, "09:05": 545, "23:59:59": 1439, "24:00": 1440, "24:00:00": 1440} {
		if got, err := pos.ParseClock(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "9:05", "1:2:3", "12:3x", "+1:02", " 9:00", "-1:00", "24:01", "24:00:30", "25:00", "12:60", "12:00:60", "12:00:", "12-00", "12:00:0", "12:00:000"} {
		if got, err := pos.ParseClock(text); err == nil {
			t.Errorf("%q is accepted as %s", text, got)
		}
	}
}

// The start of a day is its first instant, whatever the clocks do there.
func TestDateStart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ zone, day, want string }{
		{"UTC", "2026-11-23", "2026-11-23T00:00:00Z"},
		{"America/New_York", "2026-03-08", "2026-03-08T05:00:00Z"},
		{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z"},
		{"Asia/Kathmandu", "2026-11-23", "2026-11-22T18:15:00Z"},
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"},     // midnight is skipped
		{"America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z"}, // midnight is skipped
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"},   // midnight comes twice
		{"Atlantic/Azores", "2026-10-25", "2026-10-25T00:00:00Z"},  // midnight comes twice
	} {
		z := zone(t, tc.zone)
		got, err := pos.Date(tc.day).Start(z)
		if err != nil {
			t.Fatal(err)
		}
		if s := got.UTC().Format(time.RFC3339); s != tc.want {
			t.Errorf("%s in %s: got %s, want %s", tc.day, tc.zone, s, tc.want)
		}
		if on, before := pos.DateOf(got, z), pos.DateOf(got.Add(-time.Second), z); on != pos.Date(tc.day) || before == on {
			t.Errorf("%s in %s: starts on %s, a second before is %s", tc.day, tc.zone, on, before)
		}
	}
	if _, err := pos.Date("2026-02-30").Start(time.UTC); err == nil {
		t.Error("30 February is accepted")
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	if got := pos.Date("2026-12-31").AddDays(1); got != "2027-01-01" {
		t.Errorf("got %s", got)
	}
	if got := pos.Date("soon").AddDays(1); got != "soon" {
		t.Errorf("got %s", got)
	}
	for _, bad := range []string{"", "2026-13-01", "2026-1-1", "26-01-01", "2026-02-29", "2026-01-01T00:00:00Z"} {
		if got, err := pos.ParseDate(bad); err == nil {
			t.Errorf("%q is accepted as %s", bad, got)
		}
	}
}

func TestHours(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	day := pos.Hours{Days: []time.Weekday{time.Monday}, From: 9 * 60, To: 17 * 60}
	night := pos.Hours{Days: []time.Weekday{time.Friday}, From: 22 * 60, To: 2 * 60}
	late := pos.Hours{From: 18 * 60, To: 24 * 60}
	for _, tc := range []struct {
		hours pos.Hours
		local string
		want  bool
	}{
		{day, "2026-11-23 08:59", false},
		{day, "2026-11-23 09:00", true},
		{day, "2026-11-23 16:59", true},
		{day, "2026-11-23 17:00", false},
		{day, "2026-11-24 10:00", false},
		{night, "2026-11-27 21:59", false},
		{night, "2026-11-27 22:00", true},
		{night, "2026-11-28 01:59", true}, // belongs to Friday
		{night, "2026-11-28 02:00", false},
		{night, "2026-11-27 01:00", false},
		{late, "2026-11-23 23:59", true},
		{late, "2026-11-23 00:00", false},
		{night, "2026-10-25 02:30", false},
		{pos.Hours{From: 2 * 60, To: 3 * 60}, "2026-10-25 02:30", true}, // twice that night
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", tc.local, berlin)
		if err != nil {
			t.Fatal(err)
		}
		if got := tc.hours.Contains(at.UTC(), berlin); got != tc.want {
			t.Errorf("%v at %s: got %t", tc.hours, tc.local, got)
		}
	}
}

func TestBusinessDate(t *testing.T) {
	t.Parallel()
	ny := pos.Location{TimeZone: "America/New_York", DayStart: 4 * 60}
	for at, want := range map[string]pos.Date{
		"2026-11-23T08:59:00Z": "2026-11-22", // 03:59, before the day starts
		"2026-11-23T09:00:00Z": "2026-11-23",
		"2026-11-24T04:30:00Z": "2026-11-23", // 23:30
		"2026-03-08T07:59:00Z": "2026-03-07", // 03:59 after the clocks went forward
		"2026-03-08T08:00:00Z": "2026-03-08",
		"2026-11-01T08:59:00Z": "2026-10-31", // 03:59 after they went back
		"2026-11-01T09:00:00Z": "2026-11-01",
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := ny.BusinessDate(instant); got != want {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
	if got := (pos.Location{}).BusinessDate(time.Now()); got != "" {
		t.Errorf("without a zone: got %s", got)
	}
	if got := ny.BusinessDate(time.Time{}); got != "" {
		t.Errorf("of no instant: got %s", got)
	}
}

func TestOpenAt(t *testing.T) {
	t.Parallel()
	l := pos.Location{TimeZone: "Asia/Tokyo", Hours: []pos.Hours{{From: 9 * 60, To: 18 * 60}}}
	noon := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	if got := l.OpenAt(noon); got != pos.Yes {
		t.Errorf("at noon: %s", got)
	}
	if got := l.OpenAt(noon.Add(12 * time.Hour)); got != pos.No {
		t.Errorf("at midnight: %s", got)
	}
	for _, unknown := range []pos.Location{{TimeZone: "Asia/Tokyo"}, {Hours: l.Hours}, {Hours: l.Hours, TimeZone: "Nowhere/Town"}} {
		if got := unknown.OpenAt(noon); got != pos.Unknown {
			t.Errorf("%+v: %s", unknown, got)
		}
	}
}
