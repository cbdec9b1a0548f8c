package relay_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/relay"
	"github.com/farmacyfoods/pointofsale/pos"
)

// stream is a source in memory.
type stream struct {
	mu      sync.Mutex
	entries []relay.Entry
	news    chan struct{}
	fail    func() error // asked before each batch
}

// add appends events, with gaps between their sequences.
func (s *stream) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		i := len(s.entries)
		s.entries = append(s.entries, relay.Entry{Position: relay.Position{Sequence: uint64(3 * (i/2 + 1)), Index: i % 2}, Event: eventstest.Event("L1", i)})
	}
	if s.news != nil {
		close(s.news)
		s.news = nil
	}
}

// after returns what is behind a position, or a channel to wait on.
func (s *stream) after(p relay.Position, limit int) ([]relay.Entry, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.entries, func(e relay.Entry) bool { return e.Compare(p) > 0 })
	if i >= 0 {
		return slices.Clone(s.entries[i:min(i+limit, len(s.entries))]), nil
	}
	if s.news == nil {
		s.news = make(chan struct{})
	}
	return nil, s.news
}

func (s *stream) Follow(ctx context.Context, after relay.Position, limit int) iter.Seq2[[]relay.Entry, error] {
	return func(yield func([]relay.Entry, error) bool) {
		for {
			if s.fail != nil {
				if err := s.fail(); err != nil {
					yield(nil, err)
					return
				}
			}
			batch, wait := s.after(after, limit)
			if wait != nil {
				select {
				case <-wait:
					continue
				case <-ctx.Done():
					yield(nil, ctx.Err())
					return
				}
			}
			after = batch[len(batch)-1].Position
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// names are the payloads of events.
func names(evs []events.Event) []string {
	out := []string{}
	for i := range evs {
		out = append(out, string(evs[i].Data))
	}
	return out
}

func (s *stream) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []string{}
	for _, e := range s.entries {
		out = append(out, string(e.Event.Data))
	}
	return out
}

var errFlaky = errors.New("flaky")

// flaky fails every third time, before or after the effect.
type flaky struct{ n int }

func (f *flaky) around(do func() error) error {
	f.n++
	if f.n%6 == 3 {
		return errFlaky
	}
	if err := do(); err != nil {
		return err
	}
	if f.n%6 == 0 {
		return errFlaky
	}
	return nil
}

type flakyJournal struct {
	events.Journal
	flaky
}

func (j *flakyJournal) Commit(ctx context.Context, changes ...events.Change) (r []pos.Revision, err error) {
	err = j.around(func() error { r, err = j.Journal.Commit(ctx, changes...); return err })
	return r, err
}

type flakyStore struct {
	pos.Store
	flaky
}

func (s *flakyStore) Put(ctx context.Context, key string, value []byte, old pos.Revision) (r pos.Revision, err error) {
	err = s.around(func() error { r, err = s.Store.Put(ctx, key, value, old); return err })
	return r, err
}

// runs relays in many lives that end at random instants, while the source
// grows and fails now and then.
func runs(t *testing.T, s *stream, open func() relay.Target) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	reads := 0
	s.fail = func() error {
		if reads++; reads%7 == 0 {
			return errFlaky
		}
		return nil
	}
	for range 60 {
		s.add(random.IntN(30))
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(400))*time.Millisecond)
		if err := relay.Run(ctx, relay.Config{Source: s, Target: open(), Batch: 8}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	_ = relay.Run(ctx, relay.Config{Source: s, Target: open()}) // Until everything is there.
}

func TestJournalGetsEverythingOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := new(eventsfake.Recorder)
		memory := events.NewMemoryJournal(rec)
		defer memory.Close()
		journal := &flakyJournal{Journal: memory}
		var s stream
		runs(t, &s, func() relay.Target { return relay.ToJournal(journal, "relay.test") })
		if err := memory.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.names(), names(rec.Events())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPublisherGetsEverythingAtLeastOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := new(eventsfake.Recorder)
		store := &flakyStore{Store: new(pos.MemoryStore)}
		var s stream
		runs(t, &s, func() relay.Target { return relay.ToPublisher(rec, store, "relay.test") })
		var highest relay.Position
		var once []events.Event
		for _, e := range rec.Events() {
			at, ok := relay.Of(&e)
			if !ok {
				t.Fatalf("%s has no position", e.ID)
			}
			if at.Compare(highest) > 0 { // What a consumer does.
				highest, once = at, append(once, e)
			}
		}
		if diff := cmp.Diff(s.names(), names(once)); diff != "" {
			t.Error(diff)
		}
		if n := len(rec.Events()); n == len(once) {
			t.Error("nothing came twice, so nothing was tested")
		}
	})
}

// TestTwoRelays runs two with one key: the journal lets one of them on.
func TestTwoRelays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := new(eventsfake.Recorder)
		journal := events.NewMemoryJournal(rec)
		defer journal.Close()
		var s stream
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() { _ = relay.Run(ctx, relay.Config{Source: &s, Target: relay.ToJournal(journal, "k"), Batch: 3}) })
		}
		for range 50 {
			s.add(5)
			time.Sleep(100 * time.Millisecond)
		}
		group.Wait()
		if err := journal.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.names(), names(rec.Events())); diff != "" {
			t.Error(diff)
		}
	})
}

// picky refuses some events for ever.
type picky struct {
	eventsfake.Recorder
	refuse func(e *events.Event) error
}

func (p *picky) Publish(ctx context.Context, evs ...events.Event) error {
	for i := range evs {
		if err := p.refuse(&evs[i]); err != nil {
			return err
		}
	}
	return p.Recorder.Publish(ctx, evs...)
}

func TestRefusedEvents(t *testing.T) {
	t.Parallel()
	reject := fmt.Errorf("%w: too large", events.ErrReject)
	for name, c := range map[string]struct {
		skip  bool
		err   error
		taken int
		left  []string
	}{
		"skipped": {true, reject, 18, []string{`{"n":4}`, `{"n":11}`}},
		"blocks":  {false, reject, 4, []string{}},
		"passing": {true, errFlaky, 0, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &picky{refuse: func(e *events.Event) error {
					if d := string(e.Data); d == `{"n":4}` || d == `{"n":11}` {
						return c.err
					}
					return nil
				}}
				var s stream
				s.add(20)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				left := []string{}
				var last relay.Entry
				_ = relay.Run(ctx, relay.Config{
					Source: &s, Target: relay.ToPublisher(p, new(pos.MemoryStore), "k"),
					Skip: func(e events.Event, reason error) bool {
						if !errors.Is(reason, c.err) {
							t.Error(reason)
						}
						if c.skip {
							left = append(left, string(e.Data))
						}
						return c.skip
					},
					Relayed: func(e relay.Entry) { last = e },
				})
				if diff := cmp.Diff(c.left, left); diff != "" || len(p.Events()) != c.taken {
					t.Errorf("%d taken, want %d: %s", len(p.Events()), c.taken, diff)
				}
				if c.taken == 18 && last.Position != s.entries[19].Position {
					t.Errorf("last is %v", last.Position)
				}
			})
		})
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	order := []relay.Position{{}, {Sequence: 1}, {Sequence: 1, Index: 1}, {Sequence: 1, Index: 10}, {Sequence: 2}, {Sequence: 1 << 63, Index: 2}}
	for i, p := range order {
		back, err := relay.ParsePosition(p.String())
		if err != nil || back != p {
			t.Errorf("%v: %v, %v", p, back, err)
		}
		if i > 0 && (p.String() <= order[i-1].String() || p.Compare(order[i-1]) != 1 || order[i-1].Compare(p) != -1) {
			t.Errorf("%v is not behind %v", p, order[i-1])
		}
	}
	for _, text := range []string{"", "1", "1-1", "x", "00000000000000000001-", "00000000000000000001-0000x", "-0000000000000000001-00001"} {
		if p, err := relay.ParsePosition(text); !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("%q is %v", text, p)
		}
	}
}

func TestRunRefusesAConfig(t *testing.T) {
	t.Parallel()
	err := relay.Run(t.Context(), relay.Config{Batch: events.MaxCommitEvents + 1, MaxDelay: -1})
	var ps pos.Problems
	if !errors.As(err, &ps) || len(ps) != 4 {
		t.Error(err)
	}
}

// TestEventsStayAsTheyAre relays an event with extensions: the source's copy
// is not touched.
func TestEventsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := eventstest.Event("L1", 1)
		e.Extensions = map[string]string{"origin2": "x", relay.Extension: "old"}
		s := stream{entries: []relay.Entry{{Position: relay.Position{Sequence: 9}, Event: e}}}
		rec := new(eventsfake.Recorder)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = relay.Run(ctx, relay.Config{Source: &s, Target: relay.ToPublisher(rec, new(pos.MemoryStore), "k")})
		want := e
		want.Extensions = map[string]string{"origin2": "x", relay.Extension: "00000000000000000009-00000"}
		if diff := cmp.Diff([]events.Event{want}, rec.Events()); diff != "" {
			t.Error(diff)
		}
		if e.Extensions[relay.Extension] != "old" {
			t.Error("the source's event was changed")
		}
	})
}
