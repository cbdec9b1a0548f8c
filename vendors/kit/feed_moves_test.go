package kit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// TestFeedMovesWhereItSaysMore reads on after a restart at a vendor whose clock
// is ahead. Until the first answer the local time stands in for that clock, so
// that the first window ends before the last one did.
func TestFeedMovesWhereItSaysMore(t *testing.T) {
	t.Parallel()
	for name, sold := range map[string]bool{"a sale": true, "no sale": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJournal()
			r := &reader{t: t, feed: j.feed(), q: pos.PurchaseQuery{Since: start.Add(-time.Hour)}}
			r.drain()
			j.now = j.now.Add(2 * time.Minute)
			want := map[string]int{}
			if sold {
				j.put("s", "L1", j.now.Add(-time.Minute), j.now, false)
				want["s@1"] = 1
			}
			restarted, skew := j.feed(), -8*time.Minute
			restarted.Now = func() time.Time { return j.now.Add(skew) }
			restarted.Read = func(ctx context.Context, w kit.Window) (kit.WindowPage, error) {
				skew = 0 // The answer tells.
				return j.read(ctx, w)
			}
			r.feed = restarted
			for n := 0; ; n++ {
				before := r.q.After
				more := r.page()
				if more && r.q.After == before {
					t.Fatal("there is more to read, but the cursor stands still")
				}
				if !more {
					break
				}
			}
			if diff := cmp.Diff(want, r.got); diff != "" && len(want)+len(r.got) > 0 {
				t.Error(diff)
			}
		})
	}
}

// TestFeedEndsIfEveryAnswerIsLate does not read on and on at a vendor that
// takes longer for an answer than a window may be late, or whose clock stands.
func TestFeedEndsIfEveryAnswerIsLate(t *testing.T) {
	t.Parallel()
	j := newJournal()
	f := j.feed()
	r := &reader{t: t, feed: f, q: pos.PurchaseQuery{Since: start.Add(-time.Hour)}}
	r.drain()
	late := false
	f.Now = func() time.Time {
		if late {
			return j.now.Add(5 * time.Minute)
		}
		return j.now
	}
	reads := 0
	f.Read = func(context.Context, kit.Window) (kit.WindowPage, error) {
		reads++
		late = reads%2 == 1
		return kit.WindowPage{Now: start.Add(-time.Hour)}, nil
	}
	before := r.q.After
	if r.page() || reads > 2 {
		t.Errorf("more to read after %d reads from %q to %q", reads, before, r.q.After)
	}
}

// TestFeedGivesNoPageToWhomCancelled ends each call at each of its requests.
func TestFeedGivesNoPageToWhomCancelled(t *testing.T) {
	t.Parallel()
	ended := errors.New("the call was ended")
	for at := 1; at < 12; at++ {
		j := newJournal()
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			j.put(id, "L1", start.Add(-time.Minute), start, true)
		}
		f := j.feed()
		ctx, cancel := context.WithCancel(t.Context())
		requests := 0
		request := func() error {
			if requests++; requests == at {
				cancel()
				return ended
			}
			return nil
		}
		f.Read = func(ctx context.Context, w kit.Window) (kit.WindowPage, error) {
			if err := request(); err != nil {
				return kit.WindowPage{}, err
			}
			return j.read(ctx, w)
		}
		f.Fetch = func(ctx context.Context, ids []string, raw bool) (kit.WindowPage, error) {
			if len(ids) == 0 {
				t.Error("a fetch of nothing")
			}
			if err := request(); err != nil {
				return kit.WindowPage{}, err
			}
			return j.fetch(ctx, ids, raw)
		}
		q := pos.PurchaseQuery{Since: start.Add(-time.Hour)}
		for range 20 {
			page, err := f.Page(ctx, q)
			if err != nil {
				if ctx.Err() == nil || !cmp.Equal(page, pos.PurchasePage{}) {
					t.Errorf("request %d: %v, %+v", at, err, page)
				}
				break
			}
			if ctx.Err() != nil {
				t.Fatalf("request %d: a page came back from a call that was cancelled half-way", at)
			}
			q.After = page.Next
			if !page.More {
				j.now = j.now.Add(2 * time.Hour)
			}
		}
		if ctx.Err() == nil {
			t.Fatalf("the reading made %d requests only", requests)
		}
		cancel()
	}
}

// TestFeedFetchesNothingWithoutIds meets a clock that was set back while open
// records were due.
func TestFeedFetchesNothingWithoutIds(t *testing.T) {
	t.Parallel()
	j := newJournal()
	r := &reader{t: t, feed: j.feed(), q: pos.PurchaseQuery{Since: start.Add(-time.Hour)}}
	j.put("open", "L1", start.Add(-time.Minute), start, true)
	r.drain()
	j.now = j.now.Add(2 * time.Hour)
	if !r.page() {
		t.Fatal("nothing is due")
	}
	j.now = j.now.Add(-90 * time.Minute)
	if r.page() || len(j.fetches) > 0 || len(r.closed) > 0 {
		t.Errorf("fetched %v, findings %v", j.fetches, r.closed)
	}
	j.now = j.now.Add(2 * time.Hour)
	r.drain()
	if len(j.fetches) != 1 {
		t.Errorf("fetched %v", j.fetches)
	}
}
