package kit_test

import (
	stdcmp "cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// journal is a vendor in memory: rows with a time of modification, some of
// which become visible late, read through a window with page tokens that die.
type journal struct {
	now     time.Time
	rows    []row
	page    int
	reads   int
	tokens  map[string]row // token -> last row of the page before
	windows map[string]kit.Window
	fetches [][]string
	widened bool
}

type row struct {
	p       pos.Purchase
	visible time.Time
	open    bool
}

func (r row) compare(o row) int {
	return stdcmp.Or(r.p.UpdatedAt.Compare(o.p.UpdatedAt), strings.Compare(r.p.ID, o.p.ID))
}

func newJournal() *journal {
	return &journal{now: start, page: 3, tokens: map[string]row{}, windows: map[string]kit.Window{}}
}

func (j *journal) put(id, location string, updated, visible time.Time, open bool) {
	version := 1
	for i := range j.rows {
		if j.rows[i].p.ID == id {
			v, _ := strconv.Atoi(j.rows[i].p.Version)
			version = max(version, v+1)
		}
	}
	j.rows = slices.DeleteFunc(j.rows, func(r row) bool { return r.p.ID == id })
	j.rows = append(j.rows, row{pos.Purchase{ID: id, Location: location, Version: strconv.Itoa(version), UpdatedAt: updated}, visible, open})
}

func (j *journal) read(_ context.Context, w kit.Window) (kit.WindowPage, error) {
	j.reads++
	var last row
	if w.Token != "" {
		var ok bool
		if last, ok = j.tokens[w.Token]; !ok {
			return kit.WindowPage{}, fmt.Errorf("400: %w", kit.ErrPageToken)
		}
		if asked := j.windows[w.Token]; !asked.From.Equal(w.From) || !asked.Until.Equal(w.Until) {
			return kit.WindowPage{}, errors.New("token of another query")
		}
	}
	var in []row
	for _, r := range j.rows {
		inside := !r.p.UpdatedAt.Before(w.From) && !r.p.UpdatedAt.After(w.Until) || j.widened
		if inside && !r.visible.After(j.now) && (len(w.Locations) == 0 || slices.Contains(w.Locations, r.p.Location)) {
			in = append(in, r)
		}
	}
	slices.SortFunc(in, row.compare)
	page := kit.WindowPage{Now: j.now}
	for i := range in {
		if w.Token != "" && in[i].compare(last) <= 0 {
			continue
		}
		if len(page.Purchases) == j.page {
			page.Token = fmt.Sprintf("t%d", j.reads)
			j.tokens[page.Token], j.windows[page.Token] = in[i-1], w
			break
		}
		page.Purchases = append(page.Purchases, in[i].p)
		if in[i].open {
			page.Open = append(page.Open, in[i].p.ID)
		}
	}
	return page, nil
}

func (j *journal) fetch(_ context.Context, ids []string, _ bool) (kit.WindowPage, error) {
	j.fetches = append(j.fetches, ids)
	page := kit.WindowPage{Now: j.now}
	for _, r := range j.rows {
		if slices.Contains(ids, r.p.ID) && !r.visible.After(j.now) {
			page.Purchases = append(page.Purchases, r.p)
			if r.open {
				page.Open = append(page.Open, r.p.ID)
			}
		}
	}
	return page, nil
}

func (j *journal) feed() *kit.Feed {
	return &kit.Feed{
		Vendor: "test", Account: "a", Overlap: 10 * time.Minute, Lag: 30 * time.Second,
		Now: func() time.Time { return j.now }, Read: j.read, Fetch: j.fetch, FetchLimit: 2,
		Recheck: time.Hour, RecheckFor: 24 * time.Hour,
	}
}

// reader follows the cursor as a host does and counts what it gets.
type reader struct {
	t      *testing.T
	feed   *kit.Feed
	q      pos.PurchaseQuery
	got    map[string]int // id@version
	closed []pos.Finding
}

func (r *reader) page() bool {
	r.t.Helper()
	page, err := r.feed.Page(context.Background(), r.q)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.got == nil {
		r.got = map[string]int{}
	}
	for _, p := range page.Purchases {
		r.got[p.ID+"@"+p.Version]++
	}
	r.closed = append(r.closed, page.Findings...)
	r.q.After, r.q.Records = page.Next, nil
	return page.More
}

func (r *reader) drain() {
	r.t.Helper()
	for n := 0; r.page(); n++ {
		if n > 10_000 {
			r.t.Fatal("the read does not end")
		}
	}
}

func TestFeedDeliversEveryVersionOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 1))
			j := newJournal()
			j.page = 1 + rnd.IntN(5)
			f := j.feed()
			if rnd.IntN(2) == 0 {
				f.MaxWindow = time.Hour
			}
			skew := time.Duration(rnd.IntN(1200)-600) * time.Second
			f.Now = func() time.Time { return j.now.Add(skew) }
			r := &reader{t: t, feed: f, q: pos.PurchaseQuery{Since: start.Add(-48 * time.Hour)}}
			want := map[string]int{}
			for range 400 {
				switch rnd.IntN(10) {
				case 0, 1, 2, 3: // a sale or an edit, some visible late
					id := fmt.Sprint("s", rnd.IntN(60))
					updated := j.now.Add(-time.Duration(rnd.IntN(60)) * time.Second)
					j.put(id, "L1", updated, j.now, false)
				case 4, 5, 6:
					r.page()
				case 7:
					clear(j.tokens)
				case 8:
					j.now = j.now.Add(time.Duration(rnd.IntN(300)) * time.Second)
				case 9:
					j.widened = rnd.IntN(3) == 0
				}
				if rnd.IntN(60) == 0 {
					j.now = j.now.Add(time.Duration(rnd.IntN(20)) * time.Hour)
				}
			}
			j.now = j.now.Add(30 * time.Minute)
			r.drain()
			for _, row := range j.rows {
				want[row.p.ID+"@"+row.p.Version] = 1
			}
			for key, n := range r.got {
				if n > 1 {
					t.Errorf("%s was delivered %d times", key, n)
				}
			}
			for key := range want {
				if r.got[key] == 0 {
					t.Errorf("%s was lost", key)
				}
			}
		})
	}
}

func TestFeedFindsWhatBecomesVisibleLate(t *testing.T) {
	t.Parallel()
	j := newJournal()
	r := &reader{t: t, feed: j.feed(), q: pos.PurchaseQuery{Since: start.Add(-time.Hour)}}
	j.put("late", "L1", start.Add(-2*time.Minute), start.Add(5*time.Minute), false)
	r.drain()
	j.now = start.Add(6 * time.Minute)
	r.drain()
	r.drain()
	if diff := cmp.Diff(map[string]int{"late@1": 1}, r.got); diff != "" {
		t.Error(diff)
	}
}

func TestFeedIdlePollCostsOneReadWhateverThePause(t *testing.T) {
	t.Parallel()
	j := newJournal()
	r := &reader{t: t, feed: j.feed(), q: pos.PurchaseQuery{Since: start.Add(-time.Hour)}}
	r.drain()
	size := 0
	for i := range 50 {
		j.now = j.now.Add(time.Duration(i) * time.Hour)
		before := j.reads
		r.drain()
		if j.reads != before+1 {
			t.Fatalf("idle poll cost %d reads", j.reads-before)
		}
		size = max(size, len(r.q.After))
	}
	if size > 400 {
		t.Errorf("idle cursor has %d bytes", size)
	}
}

func TestFeedLooksAgainAtOpenRecords(t *testing.T) {
	t.Parallel()
	j := newJournal()
	r := &reader{t: t, feed: j.feed(), q: pos.PurchaseQuery{Since: start.Add(-time.Hour)}}
	for i := range 3 {
		j.put(fmt.Sprint("open", i), "L1", start.Add(-time.Minute), start, true)
	}
	r.drain()
	j.now = j.now.Add(5 * time.Hour)
	r.drain() // unchanged: nothing is delivered
	if len(r.got) != 3 {
		t.Fatalf("delivered %v", r.got)
	}
	if diff := cmp.Diff([][]string{{"open0", "open1"}, {"open2"}}, j.fetches); diff != "" {
		t.Error(diff)
	}
	old := j.rows[0].p.UpdatedAt
	j.put("open0", "L1", old, j.now, false) // settles without a new time
	j.now = j.now.Add(2 * time.Hour)
	r.drain()
	if r.got["open0@2"] != 1 {
		t.Errorf("delivered %v", r.got)
	}
	j.now = j.now.Add(30 * time.Hour)
	r.drain()
	if len(r.closed) != 2 || r.closed[0].Code != kit.FindingUnsettled {
		t.Errorf("findings %v", r.closed)
	}
	fetched := len(j.fetches)
	j.now = j.now.Add(30 * time.Hour)
	r.drain()
	if len(j.fetches) != fetched {
		t.Error("records are looked at for ever")
	}
	for key, n := range r.got {
		if n != 1 {
			t.Errorf("%s delivered %d times", key, n)
		}
	}
}

func TestFeedForgetsRecordsThatSettled(t *testing.T) {
	t.Parallel()
	j := newJournal()
	r := &reader{t: t, feed: j.feed(), q: pos.PurchaseQuery{Since: start.Add(-time.Hour)}}
	j.put("open", "L1", start.Add(-time.Minute), start, true)
	r.drain()
	j.now = j.now.Add(10 * time.Minute)
	j.put("open", "L1", j.now.Add(-5*time.Minute), j.now.Add(-5*time.Minute), false) // settles and says so
	r.drain()
	j.now = j.now.Add(5 * time.Hour)
	r.drain()
	if len(j.fetches) > 0 || r.got["open@1"] != 1 || r.got["open@2"] != 1 {
		t.Errorf("fetched %v, delivered %v", j.fetches, r.got)
	}
}

func TestFeedAFailingRecheckDoesNotStopTheFeed(t *testing.T) {
	t.Parallel()
	j := newJournal()
	f := j.feed()
	f.Fetch = func(context.Context, []string, bool) (kit.WindowPage, error) {
		return kit.WindowPage{}, errors.New("boom")
	}
	r := &reader{t: t, feed: f, q: pos.PurchaseQuery{Since: start.Add(-time.Hour)}}
	j.put("open", "L1", start.Add(-time.Minute), start, true)
	r.drain()
	j.now = j.now.Add(2 * time.Hour)
	j.put("new", "L1", j.now.Add(-time.Minute), j.now, false)
	r.drain()
	if r.got["new@1"] != 1 || len(r.closed) != 1 || r.closed[0].Code != kit.FindingRecheckFailed {
		t.Errorf("got %v, findings %v", r.got, r.closed)
	}
}

func TestFeedRecordsAndPollsDeliverOnce(t *testing.T) {
	t.Parallel()
	j := newJournal()
	r := &reader{t: t, feed: j.feed(), q: pos.PurchaseQuery{Since: start.Add(-time.Hour)}}
	r.drain()
	for i := range 20 {
		j.put("s", "L1", j.now, j.now, false)
		r.q.Records = []string{"s", "unknown"}
		r.page()
		if i%3 == 0 {
			r.drain()
		}
		r.q.Records = []string{"s"}
		r.page()
		j.now = j.now.Add(7 * time.Minute)
	}
	r.drain()
	if len(r.got) != 20 {
		t.Errorf("delivered %d versions, want 20", len(r.got))
	}
	for key, n := range r.got {
		if n != 1 {
			t.Errorf("%s delivered %d times", key, n)
		}
	}
	j.now = j.now.Add(48 * time.Hour)
	r.drain()
	r.q.Records = []string{"s"} // a webhook repeated two days later
	r.page()
	if r.got["s@20"] != 1 {
		t.Error("an old notice doubled a sale")
	}
}

func TestFeedSuspectsTendersSentTwice(t *testing.T) {
	t.Parallel()
	j := newJournal()
	f := j.feed()
	f.SuspectDuplicates = true
	f.Read = func(context.Context, kit.Window) (kit.WindowPage, error) {
		sale := func(id, place, ref string) pos.Purchase {
			return pos.Purchase{ID: id, Location: place, UpdatedAt: start.Add(-time.Minute), Tenders: []pos.Tender{{Reference: ref, Amount: pos.Money{Amount: 5, Currency: "USD"}}}}
		}
		return kit.WindowPage{Purchases: []pos.Purchase{sale("a", "L1", "7"), sale("b", "L1", "7"), sale("c", "L2", "7"), sale("d", "L1", "")}}, nil
	}
	page, err := f.Page(t.Context(), pos.PurchaseQuery{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range page.Purchases {
		got[p.ID] = p.SuspectedDuplicateOf
	}
	if diff := cmp.Diff(map[string]string{"a": "", "b": "a", "c": "", "d": ""}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFeedCursorBelongsToItsQuery(t *testing.T) {
	t.Parallel()
	j := newJournal()
	for i := range 10 {
		j.put(fmt.Sprint("s", i), []string{"L1", "L2"}[i%2], start.Add(-time.Minute), start, false)
	}
	f := j.feed()
	page, err := f.Page(t.Context(), pos.PurchaseQuery{Locations: []string{"L1", "L2"}})
	if err != nil || !page.More {
		t.Fatal(page, err)
	}
	r := &reader{t: t, feed: f, q: pos.PurchaseQuery{Locations: []string{"L1"}, After: page.Next}}
	for _, p := range page.Purchases {
		if r.got == nil {
			r.got = map[string]int{}
		}
		r.got[p.ID+"@"+p.Version]++
	}
	r.drain() // L2 was closed meanwhile
	for i := 0; i < 10; i += 2 {
		if n := r.got[fmt.Sprintf("s%d@1", i)]; n != 1 {
			t.Errorf("s%d delivered %d times", i, n)
		}
	}
	other := j.feed()
	other.Account = "b"
	half := string(page.Next[:len(page.Next)/2])
	for name, c := range map[string]struct {
		f *kit.Feed
		q pos.PurchaseQuery
	}{
		"another location": {f, pos.PurchaseQuery{Locations: []string{"L1", "L3"}, After: page.Next}},
		"all locations":    {f, pos.PurchaseQuery{After: page.Next}},
		"another account":  {other, pos.PurchaseQuery{Locations: []string{"L1", "L2"}, After: page.Next}},
		"cut in half":      {f, pos.PurchaseQuery{Locations: []string{"L1", "L2"}, After: pos.Cursor(half)}},
		"garbage":          {f, pos.PurchaseQuery{After: "!!!"}},
	} {
		reads := j.reads
		if _, err := c.f.Page(t.Context(), c.q); !errors.Is(err, pos.ErrCursor) {
			t.Errorf("%s: %v, want ErrCursor", name, err)
		}
		if j.reads != reads {
			t.Errorf("%s: the vendor was asked", name)
		}
	}
}

func TestFeedTellsTheHorizon(t *testing.T) {
	t.Parallel()
	j := newJournal()
	f := j.feed()
	f.History = 24 * time.Hour
	page, err := f.Page(t.Context(), pos.PurchaseQuery{Since: start.Add(-72 * time.Hour)})
	if err != nil || !page.Horizon.Equal(start.Add(-24*time.Hour)) {
		t.Errorf("horizon %v, %v", page.Horizon, err)
	}
	page, err = f.Page(t.Context(), pos.PurchaseQuery{Since: start.Add(-time.Hour)})
	if err != nil || !page.Horizon.IsZero() {
		t.Errorf("horizon %v, %v", page.Horizon, err)
	}
}

func TestFeedRefusesATokenThatDoesNotMove(t *testing.T) {
	t.Parallel()
	f := newJournal().feed()
	f.Read = func(context.Context, kit.Window) (kit.WindowPage, error) { return kit.WindowPage{Token: "same"}, nil }
	first, err := f.Page(t.Context(), pos.PurchaseQuery{})
	if err != nil || !first.More {
		t.Fatal(first, err)
	}
	_, err = f.Page(t.Context(), pos.PurchaseQuery{After: first.Next})
	if !errors.Is(err, pos.ErrProtocol) {
		t.Errorf("got %v", err)
	}
}

func FuzzFeedCursor(f *testing.F) {
	j := newJournal()
	page, err := j.feed().Page(context.Background(), pos.PurchaseQuery{Locations: []string{"L1"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(page.Next))
	f.Add(strings.Repeat("A", 100))
	f.Fuzz(func(t *testing.T, cursor string) {
		page, err := newJournal().feed().Page(context.Background(), pos.PurchaseQuery{Locations: []string{"L1"}, After: pos.Cursor(cursor)})
		if err != nil && !errors.Is(err, pos.ErrCursor) {
			t.Fatal(err)
		}
		if err == nil && page.Next == "" {
			t.Fatal("no cursor")
		}
	})
}
