package eventstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Journal is a fresh journal and where its events come out.
type Journal struct {
	events.Journal
	Received Received
	// Single: a commit takes one change only.
	Single bool
}

// OpenJournal makes a fresh journal. It registers what is to be cleaned up.
type OpenJournal func(t *testing.T) Journal

// RunJournal tests an [events.Journal].
func RunJournal(t *testing.T, open OpenJournal) {
	t.Helper()
	for _, c := range []struct {
		name   string
		single bool // makes sense with single changes
		run    func(t *testing.T, j Journal)
	}{
		{"an unknown key is the zero record", true, testUnknownKey},
		{"commit and load", true, testCommitLoad},
		{"all changes or none", false, testAllOrNone},
		{"a stale change leaves no trace", true, testStale},
		{"events without a cursor", true, testEventsOnly},
		{"nothing to commit", true, testNothing},
		{"bad input is refused", true, testBadInput},
		{"an ended context commits nothing", true, testEndedCommit},
		{"the documented number of events", true, testMany},
		{"a large cursor", true, testLargeCursor},
		{"rivals for one key", true, testRivals},
		{"one stale commit among many", true, testStaleAlone},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := open(t)
			if j.Single && !c.single {
				return // It cannot be asked for there, as documented.
			}
			c.run(t, j)
		})
	}
}

func (j Journal) put(t *testing.T, key string, revision pos.Revision, cursor string, evs ...events.Event) pos.Revision {
	t.Helper()
	revisions, err := j.Commit(bounded(t), events.Change{Key: key, Revision: revision, Cursor: []byte(cursor), Events: evs})
	must(t, err)
	if len(revisions) != 1 || revisions[0] <= revision {
		t.Fatalf("revisions %v after %d", revisions, revision)
	}
	return revisions[0]
}

func (j Journal) check(t *testing.T, key string, revision pos.Revision, cursor string) {
	t.Helper()
	got, err := j.Load(bounded(t), key)
	must(t, err)
	if got.Revision != revision || string(got.Cursor) != cursor {
		t.Errorf("%s is %d %.40q, want %d %.40q", key, got.Revision, got.Cursor, revision, cursor)
	}
}

func (j Journal) checkEvents(t *testing.T, want ...events.Event) {
	t.Helper()
	got, err := j.Received(bounded(t), len(want))
	must(t, err)
	if diff := cmp.Diff(names(want), names(got)); diff != "" {
		t.Error(diff)
	}
}

func testUnknownKey(t *testing.T, j Journal) {
	t.Helper()
	j.check(t, "nobody.knows", 0, "")
}

func testCommitLoad(t *testing.T, j Journal) {
	t.Helper()
	one := j.put(t, "a.b-c_D.9", 0, "1", sequence("L1", 3)...)
	j.check(t, "a.b-c_D.9", one, "1")
	other := j.put(t, "a.b", 0, "other")
	two := j.put(t, "a.b-c_D.9", one, "2")
	j.check(t, "a.b-c_D.9", two, "2")
	j.check(t, "a.b", other, "other")
	empty := j.put(t, "a.b", other, "", Event("L1", 3))
	j.check(t, "a.b", empty, "")
	j.checkEvents(t, sequence("L1", 4)...)
}

func testAllOrNone(t *testing.T, j Journal) {
	t.Helper()
	revisions, err := j.Commit(bounded(t),
		events.Change{Key: "a", Cursor: []byte("1"), Events: sequence("A", 2)},
		events.Change{Events: sequence("N", 2)},
		events.Change{Key: "b", Cursor: []byte("1"), Events: sequence("B", 2)})
	must(t, err)
	j.check(t, "a", revisions[0], "1")
	j.check(t, "b", revisions[2], "1")
	_, err = j.Commit(bounded(t),
		events.Change{Key: "a", Revision: revisions[0], Cursor: []byte("2"), Events: []events.Event{Event("A", 8)}},
		events.Change{Key: "b", Revision: 0, Cursor: []byte("2"), Events: []events.Event{Event("B", 8)}})
	if !errors.Is(err, pos.ErrConflict) || !strings.Contains(err.Error(), `"b"`) || strings.Contains(err.Error(), `"a"`) {
		t.Errorf("got %v, want a conflict that names b only", err)
	}
	j.check(t, "a", revisions[0], "1")
	j.put(t, "a", revisions[0], "3", Event("A", 9))
	j.checkEvents(t, slices.Concat(sequence("A", 2), sequence("N", 2), sequence("B", 2), []events.Event{Event("A", 9)})...)
}

func testStale(t *testing.T, j Journal) {
	t.Helper()
	one := j.put(t, "a", 0, "1")
	two := j.put(t, "a", one, "2", Event("L1", 0))
	for _, revision := range []pos.Revision{0, one, two + 1000, ^pos.Revision(0)} {
		_, err := j.Commit(bounded(t), events.Change{Key: "a", Revision: revision, Cursor: []byte("x"), Events: []events.Event{Event("L1", 7)}})
		if !errors.Is(err, pos.ErrConflict) || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("revision %d: got %v, want a conflict that names the key", revision, err)
		}
	}
	_, err := j.Commit(bounded(t), events.Change{Key: "new", Revision: two, Cursor: []byte("x")})
	if !errors.Is(err, pos.ErrConflict) {
		t.Errorf("a key that does not exist, at a revision: %v", err)
	}
	j.check(t, "a", two, "2")
	j.put(t, "a", two, "3", Event("L1", 1))
	j.checkEvents(t, sequence("L1", 2)...)
}

func testEventsOnly(t *testing.T, j Journal) {
	t.Helper()
	for i := range 3 {
		_, err := j.Commit(bounded(t), events.Change{Events: sequence("L1", 6)[2*i : 2*i+2]})
		must(t, err)
	}
	j.checkEvents(t, sequence("L1", 6)...)
}

func testNothing(t *testing.T, j Journal) {
	t.Helper()
	for _, changes := range [][]events.Change{nil, {{}}} {
		revisions, err := j.Commit(bounded(t), changes...)
		must(t, err)
		if len(revisions) != len(changes) {
			t.Errorf("%d revisions for %d changes", len(revisions), len(changes))
		}
	}
}

func testBadInput(t *testing.T, j Journal) {
	t.Helper()
	bad := Event("L1", 7)
	bad.Source = "not a URI"
	_, err := j.Commit(bounded(t), events.Change{Key: "a", Cursor: []byte("x"), Events: []events.Event{Event("L1", 8), bad}})
	if !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("bad event: %v", err)
	}
	j.check(t, "a", 0, "")
	j.put(t, "a", 0, "1", Event("L1", 0))
	j.checkEvents(t, Event("L1", 0))
}

func testEndedCommit(t *testing.T, j Journal) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Commit(ctx, events.Change{Key: "a", Cursor: []byte("x"), Events: sequence("L1", 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	if _, err := j.Load(ctx, "a"); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("load: %v", err)
	}
	j.check(t, "a", 0, "")
}

func testMany(t *testing.T, j Journal) {
	t.Helper()
	all := sequence("L1", events.MaxCommitEvents)
	j.put(t, "a", 0, "1", all...)
	j.checkEvents(t, all...)
}

func testLargeCursor(t *testing.T, j Journal) {
	t.Helper()
	large := strings.Repeat("c", 500_000)
	one := j.put(t, "a", 0, large)
	j.check(t, "a", one, large)
}

// testRivals lets writers fight for one key: each success builds on the last
// one, and its event comes out once.
func testRivals(t *testing.T, j Journal) {
	t.Helper()
	const rivals, wins = 4, 10
	ctx := bounded(t)
	var group sync.WaitGroup
	for r := range rivals {
		group.Go(func() {
			for won := 0; won < wins && ctx.Err() == nil; {
				rec, err := j.Load(ctx, "a")
				if err != nil {
					t.Error(err)
					return
				}
				next := append(bytes.Clone(rec.Cursor), 'x')
				_, err = j.Commit(ctx, events.Change{Key: "a", Revision: rec.Revision, Cursor: next, Events: []events.Event{Event(strconv.Itoa(r), won)}})
				switch {
				case err == nil:
					won++
				case !errors.Is(err, pos.ErrConflict):
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	rec, err := j.Load(ctx, "a")
	must(t, err)
	if len(rec.Cursor) != rivals*wins {
		t.Errorf("%d commits are in the cursor, want %d", len(rec.Cursor), rivals*wins)
	}
	got, err := j.Received(ctx, rivals*wins)
	must(t, err)
	if len(got) != rivals*wins {
		t.Errorf("%d events, want %d", len(got), rivals*wins)
	}
}

// testStaleAlone commits many keys at once, some of them stale: those fail,
// the others do not.
func testStaleAlone(t *testing.T, j Journal) {
	t.Helper()
	const n = 60
	stale := func(i int) bool { return i%20 == 7 }
	revisions := make([]pos.Revision, n)
	for i := range n {
		revisions[i] = j.put(t, fmt.Sprint("k", i), 0, "1")
	}
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			revision := revisions[i]
			if stale(i) {
				revision += 1000 // Nobody knows it here; only a comparison helps.
			}
			_, err := j.Commit(bounded(t), events.Change{Key: fmt.Sprint("k", i), Revision: revision, Cursor: []byte("2"), Events: []events.Event{Event("L1", i)}})
			if stale(i) != errors.Is(err, pos.ErrConflict) || !stale(i) && err != nil {
				t.Errorf("key %d: %v", i, err)
			}
		})
	}
	group.Wait()
	var want []string
	for i := range n {
		if !stale(i) {
			want = append(want, names([]events.Event{Event("L1", i)})...)
		}
	}
	got, err := j.Received(bounded(t), len(want))
	must(t, err)
	found := names(got)
	slices.Sort(found)
	slices.Sort(want)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}
