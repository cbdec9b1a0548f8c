package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

func TestPausedWorkersThatWriteAreFound(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	const key = "square.a.purchases.0"
	for _, tc := range []struct {
		name    string
		other   change // by another worker, during a pause from 10 to 20
		own     change // by the worker, after it
		wrong   bool
		refused int
	}{
		{"from what it had in its hands", change{key, at(11), at(12), true, false}, change{key, at(9), at(21), true, false}, true, 0},
		{"refused", change{key, at(11), at(12), true, false}, change{key, at(9), at(21), false, true}, false, 1},
		{"unknown outcome", change{key, at(11), at(12), true, false}, change{key, at(9), at(21), false, false}, false, 0},
		{"read again", change{key, at(11), at(12), true, false}, change{key, at(21), at(22), true, false}, false, 0},
		{"under way when it was paused", change{key, at(11), at(12), true, false}, change{key, at(8), at(9), true, false}, false, 0},
		{"nobody took the place", change{key, at(11), at(12), false, true}, change{key, at(9), at(21), true, false}, false, 0},
		{"another key", change{"square.b.purchases.0", at(11), at(12), true, false}, change{key, at(9), at(21), true, false}, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, paused, other := newPauses(), &process{}, &process{}
			s.heard(paused, message{Change: &change{key, at(7), at(8), true, false}})
			if s.writer([]*process{other, paused}) != paused {
				t.Error("who wrote is not known")
			}
			s.begin(paused, at(10))
			s.heard(other, message{Change: &tc.other})
			if want := tc.other.Stored && tc.other.Key == key; s.replaced(paused) != want {
				t.Errorf("replaced: %v", !want)
			}
			s.end(paused, at(20))
			s.heard(paused, message{Change: &tc.own})
			if got := s.verdict() != nil; got != tc.wrong || s.refused != tc.refused {
				t.Errorf("%v, %v", s, s.verdict())
			}
		})
	}
}

// TestJournalTells follows a key through a commit that is fresh and one that
// comes too late.
func TestJournalTells(t *testing.T) {
	t.Parallel()
	stream, err := jetstream.Open(t.Context(), jetstream.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	var told []change
	j := newJournal(stream, func(m message) { told = append(told, *m.Change) })
	ctx := context.WithoutCancel(t.Context())
	before := time.Now()
	if _, err := j.Load(ctx, "a.b"); err != nil {
		t.Fatal(err)
	}
	read := time.Now()
	for _, want := range []error{nil, pos.ErrConflict} {
		if _, err := j.Commit(ctx, events.Change{Key: "a.b", Cursor: []byte("{}")}, events.Change{}); !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
	}
	if len(told) != 2 || !told[0].Stored || told[0].Refused || told[1].Stored || !told[1].Refused {
		t.Fatalf("told %+v", told)
	}
	if k := told[0].Known; k.Before(before) || k.After(read) {
		t.Errorf("known at %v, read between %v and %v", k, before, read)
	}
	if !told[1].Known.Equal(told[0].Began) {
		t.Errorf("what was written at %v is known since %v", told[0].Began, told[1].Known)
	}
}
