package quickbooksdesktop

import (
	"testing"
	"time"
)

func TestWall(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2026-07-01T12:00:00-08:00": "2026-07-01T19:00:00Z", // the offset is that of winter
		"2026-11-23T12:00:00-08:00": "2026-11-23T20:00:00Z",
		"2026-11-23T12:00:00":       "2026-11-23T20:00:00Z",
		"2026-13-23T12:00:00":       "0001-01-01T00:00:00Z",
		"noon":                      "0001-01-01T00:00:00Z",
	} {
		if got := wallOf(text).at(zone).Format(time.RFC3339); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	for last, want := range map[wall]wall{
		"2026-11-23T12:00:00": "2026-11-23T11:50:00",
		"2026-11-01T01:30:00": "2026-11-01T00:20:00", // the hour comes twice
		"2026-03-08T03:30:00": "2026-03-08T03:20:00",
	} {
		if got := overlapFrom(last, zone); got != want {
			t.Errorf("after %s the next query begins at %s, want %s", last, got, want)
		}
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ done, tasks, left, want int }{{0, 0, 0, 1}, {1, 0, 0, 33}, {1000, 0, 0, 99}, {1, 20_000, 0, 1}, {1, 0, 3700, 2}} {
		s := session{Phase: phaseRead, Done: tc.done, Queries: []*query{{Left: tc.left}}}
		if got := s.percent(tc.tasks); got != tc.want {
			t.Errorf("%+v: %d", tc, got)
		}
	}
	if got := (&session{Phase: phaseEnd}).percent(0); got != 100 {
		t.Errorf("at the end: %d", got)
	}
}
