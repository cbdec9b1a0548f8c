package quickbooksdesktopfake

import (
	"strconv"
	"strings"
	"time"
)

const (
	dateLayout = "2006-01-02"
	wallLayout = "2006-01-02T15:04:05"
)

// wall is the time on the computer's clock, as if it were UTC. In the hour
// that autumn repeats two instants have one wall time.
func (f *Fake) wall(t time.Time) time.Time {
	_, offset := t.In(f.zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// winter is the offset of standard time, which QuickBooks prints all year.
func (f *Fake) winter() int {
	year := f.Now().Year()
	_, january := time.Date(year, 1, 15, 0, 0, 0, 0, f.zone).Zone()
	_, july := time.Date(year, 7, 15, 0, 0, 0, 0, f.zone).Zone()
	return min(january, july)
}

// stamp writes an instant as QuickBooks does: the wall time, with the offset of
// standard time even in summer.
func (f *Fake) stamp(t time.Time) string {
	return f.wall(t).Format(wallLayout) + time.Unix(0, 0).In(time.FixedZone("", f.winter())).Format("-07:00")
}

func (f *Fake) date(t time.Time) string { return f.wall(t).Format(dateLayout) }

// bound reads a time of a filter as wall time; false for none. A date alone
// begins at midnight, or as an upper end lasts to 23:59:59. An offset is taken
// as one that QuickBooks has printed.
func (f *Fake) bound(text string, upper bool) (time.Time, bool) {
	day, clock, timed := strings.Cut(text, "T")
	ymd := numbers(day, "-")
	if len(ymd) != 3 {
		return time.Time{}, false
	}
	if !timed {
		t := time.Date(ymd[0], time.Month(ymd[1]), ymd[2], 0, 0, 0, 0, time.UTC)
		if upper {
			t = t.Add(24*time.Hour - time.Second)
		}
		return t, true
	}
	shift := 0
	if i := strings.IndexAny(clock, "+-"); i >= 0 {
		offset := numbers(clock[i+1:], ":")
		shift = offset[0]*3600 + offset[1]*60
		if clock[i] == '-' {
			shift = -shift
		}
		shift, clock = f.winter()-shift, clock[:i]
	}
	hms := append(numbers(clock, ":"), 0, 0)
	return time.Date(ymd[0], time.Month(ymd[1]), ymd[2], hms[0], hms[1], hms[2]+shift, 0, time.UTC), true
}

func numbers(s, sep string) []int {
	var out []int
	for part := range strings.SplitSeq(s, sep) {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// within reports whether an instant lies in a window of wall times, both ends
// included.
func (f *Fake) within(t time.Time, from, to string) bool {
	w := f.wall(t)
	if b, ok := f.bound(from, false); ok && w.Before(b) {
		return false
	}
	if b, ok := f.bound(to, true); ok && w.After(b) {
		return false
	}
	return true
}
