package integrator

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// daily is a schedule with purchases and certificates alone.
var daily = Schedule{Purchases: 5 * time.Minute, Status: -1, Inventory: -1, Locations: time.Hour}

var typesOfDays = []string{events.TypeDayCertified, events.TypeDayMismatch, events.TypeDayUnverified}

// certificate is a certificate with its type.
type certificate struct {
	typ string
	events.Certificate
}

// certificates lists those that were published, by account, location and date,
// in order.
func certificates(t *testing.T, rec *eventsfake.Recorder) []certificate {
	t.Helper()
	var all []certificate
	for _, e := range rec.Events(typesOfDays...) {
		c, err := events.Decode[events.Certificate](e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, certificate{strings.TrimSuffix(strings.TrimPrefix(e.Type, "com.farmacyfoods.pos.day."), ".v1"), c})
	}
	slices.SortStableFunc(all, func(x, y certificate) int {
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.Location, y.Location), cmp.Compare(x.BusinessDate, y.BusinessDate))
	})
	return all
}

// results are certificates in short.
func results(list []certificate) []string {
	var out []string
	for _, c := range list {
		text := fmt.Sprintf("%s %s %s", c.Location, c.BusinessDate, c.typ)
		if c.Reread {
			text += ", reread"
		}
		if c.Last {
			text += ", last"
		}
		out = append(out, text)
	}
	return out
}

func checkResults(t *testing.T, list []certificate, want ...string) {
	t.Helper()
	if diff := gocmp.Diff(want, results(list)); diff != "" {
		t.Errorf("certificates (-want +got):\n%s", diff)
	}
}

// hide sells while lists leave the sale out, and waits until it was passed over.
func hide(t *testing.T, f *posfake.Fake, location string) posfake.Record {
	t.Helper()
	end, err := f.Inject(posfake.Fault{Kind: posfake.FaultOmit, Times: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	r := sell(t, f, location)
	time.Sleep(minutes(12))
	return r
}

// until waits for a time of day on a day of the bubble, which begins on 1
// January 2000, 00:00 UTC, and that is the evening before in New York.
func until(day, hour int) { time.Sleep(time.Until(time.Date(2000, 1, day, hour, 0, 0, 0, time.UTC))) }

// A sale that a vendor left out of its answer shows in its totals. The
// certificate fails and names the window; the day is read again, the sale is
// published once, and the day certifies.
func TestCertificateFindsAHiddenSale(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 1, "A", "B")
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		stop := start(t, build(t, Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(fake)}}))
		until(1, 6)
		sell(t, fake, "A")
		sell(t, fake, "B")
		time.Sleep(minutes(12))
		hidden := hide(t, fake, "A")
		sell(t, fake, "A")
		until(2, 5) // midnight in New York
		if got := delivered(t, &rec)["a "+hidden.ID+" 1"]; got != 0 {
			t.Fatalf("%s was to be hidden and was delivered", hidden.ID)
		}
		until(2, 9)
		list := certificates(t, &rec)
		checkResults(t, list,
			"A 1999-12-31 certified", "A 2000-01-01 mismatch", "A 2000-01-01 certified, reread",
			"B 1999-12-31 certified", "B 2000-01-01 certified")
		failed, mended := list[1], list[2]
		want := pos.DayFigures{Count: new(int64(1)), Net: pos.Money{Amount: hidden.Total, Currency: "USD"}}
		if d := failed.Difference; d == nil || *d.Count != *want.Count || d.Net != want.Net || d.Refunds.Amount != 0 {
			t.Errorf("difference %+v", d)
		}
		if !failed.From.Equal(time.Date(2000, 1, 1, 5, 0, 0, 0, time.UTC)) || !failed.Until.Equal(failed.From.Add(24*time.Hour)) {
			t.Errorf("window %v to %v", failed.From, failed.Until)
		}
		if failed.Purchases != 2 || mended.Purchases != 3 || !slices.Equal(mended.Found, []string{hidden.ID}) || !mended.Difference.IsZero() {
			t.Errorf("%d purchases, then %d with %v found", failed.Purchases, mended.Purchases, mended.Found)
		}
		checkLedger(t, &rec, fake)
		if want := hashOf(t, &rec, "A", "2000-01-01"); mended.Hash != want || failed.Hash == want {
			t.Errorf("hashes %s and %s, a consumer computes %s", failed.Hash, mended.Hash, want)
		}
		// Later changes of the sale arrive as of any other.
		if _, err := fake.Refund(posfake.Refund{ID: hidden.ID}); err != nil {
			t.Fatal(err)
		}
		until(5, 10)
		stop()
		finish(t, journal)
		checkLedger(t, &rec, fake)
		var last []certificate
		for _, c := range certificates(t, &rec) {
			if c.Location == "A" && c.BusinessDate == "2000-01-01" {
				last = append(last, c)
			}
		}
		checkResults(t, last, "A 2000-01-01 mismatch", "A 2000-01-01 certified, reread", "A 2000-01-01 certified, last")
		if c := last[2]; c.Published.Refunds.Amount != hidden.Total || c.Hash == mended.Hash || c.Hash != hashOf(t, &rec, "A", "2000-01-01") {
			t.Errorf("the refund is not in the last certificate: %+v", c)
		}
	})
}

// hashOf computes a certificate's hash from events, as a consumer does.
func hashOf(t *testing.T, rec *eventsfake.Recorder, location string, d pos.Date) string {
	t.Helper()
	last := make(map[string]pos.Purchase)
	for _, e := range rec.Events(purchaseTypes...) {
		p, err := events.Decode[events.Purchase](e)
		if err != nil {
			t.Fatal(err)
		}
		if p.Location == location && p.BusinessDate == d {
			last[p.ID] = p.Purchase
		}
	}
	var list []pos.Purchase
	for _, p := range last {
		list = append(list, p)
	}
	return pos.DayHash(list)
}

// All is well: one call for each location and day, for each of the two looks,
// and nothing is read again.
func TestCertificatesCostOneCall(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 2, "A", "B", "C")
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		stop := start(t, build(t, Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(fake)}}))
		for day := 1; day <= 8; day++ {
			until(day, 12)
			sell(t, fake, "B")
		}
		stop()
		finish(t, journal)
		// First looks at 31 December to 6 January, last ones at those whose late
		// sales are over: 31 December to 3 January.
		if n := countOps(fake, "SumSales"); n != 3*(8+5) || len(certificates(t, &rec)) != n {
			t.Errorf("%d calls for totals, %d certificates", n, len(certificates(t, &rec)))
		}
		for _, c := range certificates(t, &rec) {
			if c.typ != "certified" || c.Reread {
				t.Errorf("%+v", c)
			}
		}
	})
}

// Without totals the certificate says what was published, and that nobody
// confirms it.
func TestCertificateWithoutTotals(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		caps := posfake.AllCapabilities()
		caps.Purchases.DayTotals = pos.Support{Level: pos.None, Why: "no such report"}
		fake := posfake.New(posfake.Config{Capabilities: &caps})
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		stop := start(t, build(t, Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(fake)}}))
		until(1, 12)
		sale := sell(t, fake, "L1")
		until(2, 9)
		stop()
		finish(t, journal)
		list := certificates(t, &rec)
		checkResults(t, list, "L1 1999-12-31 unverified", "L1 2000-01-01 unverified")
		c := list[1]
		if c.Reason != "no such report" || c.Stated != nil || c.Difference != nil || *c.Published.Count != 1 || c.Published.Net.Amount != sale.Total {
			t.Errorf("%+v", c)
		}
		if countOps(fake, "SumSales") != 0 {
			t.Error("totals were asked for")
		}
	})
}

// Totals that the credential may not read confirm nothing, and do not hold the
// certificates up.
func TestCertificateWithoutPermission(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultScope, Op: "SumSales", Times: -1}); err != nil {
			t.Fatal(err)
		}
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		stop := start(t, build(t, Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(fake)}}))
		until(2, 9)
		stop()
		finish(t, journal)
		list := certificates(t, &rec)
		checkResults(t, list, "A 1999-12-31 unverified", "A 2000-01-01 unverified")
		if !strings.Contains(list[0].Reason, "SALES_READ") {
			t.Errorf("reason %q", list[0].Reason)
		}
	})
}

// An account that is split certifies every location once, in the part that
// reads it.
func TestSplitAccountCertifiesOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var ids, want []string
		for i := range 9 {
			ids = append(ids, fmt.Sprintf("L%d", i))
			want = append(want, ids[i]+" 1999-12-31 certified", ids[i]+" 2000-01-01 certified")
		}
		fake := newFake("a", 2, ids...)
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		account := serve(fake)
		account.Shares = []pos.Provider{fake, fake}
		stop := start(t, build(t, Config{Journal: journal, Schedule: daily, Accounts: []Account{account}}))
		until(1, 8)
		for _, id := range ids {
			sell(t, fake, id)
		}
		until(2, 9)
		stop()
		finish(t, journal)
		checkResults(t, certificates(t, &rec), want...)
		checkLedger(t, &rec, fake)
	})
}

// A journal without history certifies nothing, and says so.
func TestNoHistoryNoCertificates(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, tc := range []struct {
			name      string
			retention time.Duration
			why       string
		}{
			{"memory", 0, "does not keep what was published"},
			{"short", 20 * time.Hour, "events are kept for 20h"},
		} {
			fake := newFake("a", 0, "A")
			var rec eventsfake.Recorder
			var log bytes.Buffer
			cfg := Config{Publisher: &rec, Schedule: daily, Accounts: []Account{serve(fake)}, Logger: slog.New(slog.NewTextHandler(&log, nil))}
			var journal *eventsfake.Archive
			if tc.retention > 0 {
				journal = eventsfake.NewArchive(&rec)
				journal.Retention = tc.retention
				cfg.Journal, cfg.Publisher = journal, nil
			}
			e := build(t, cfg)
			stop := start(t, e)
			time.Sleep(time.Hour)
			sell(t, fake, "A")
			w := httptest.NewRecorder()
			e.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), tc.why) {
				t.Errorf("%s: readyz %d %s", tc.name, w.Code, w.Body)
			}
			time.Sleep(72 * time.Hour)
			stop()
			if journal != nil {
				finish(t, journal)
			}
			if got := certificates(t, &rec); len(got) != 0 {
				t.Errorf("%s: %v", tc.name, results(got))
			}
			if !strings.Contains(log.String(), tc.why) {
				t.Errorf("%s: the log does not say so:\n%s", tc.name, &log)
			}
		}
	})
}

// Replicas that all take themselves for the owner find the same sales missing,
// at the same instant: they are published once.
func TestRivalsMendOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const rivals = 3
		fake := newFake("a", 2, "A", "B")
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		var reading atomic.Int64
		p := &provider{Fake: fake}
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			if rereading(q) {
				for reading.Add(1); reading.Load()%rivals != 0; { // They wait for each other.
					if err := sleep(ctx, time.Second); err != nil {
						return pos.PurchasePage{}, err
					}
				}
			}
			return fake.Purchases(ctx, q)
		}
		cfg := Config{Journal: slowArchive{journal}, Schedule: daily, Accounts: []Account{serve(p)}}
		var stops []func()
		for range rivals {
			e := build(t, cfg)
			for _, u := range e.units {
				u.now.days.loop.interval, u.now.days.loop.exact = time.Minute, true
			}
			stops = append(stops, start(t, e))
		}
		until(1, 6)
		for range 5 {
			hide(t, fake, "A")
			sell(t, fake, "B")
		}
		until(2, 12)
		for _, stop := range stops {
			stop()
		}
		finish(t, journal)
		if reading.Load() < rivals {
			t.Errorf("%d read the day again, want all %d at once", reading.Load(), rivals)
		}
		checkLedger(t, &rec, fake)
		sure := 0
		for _, c := range certificates(t, &rec) {
			if c.Location == "A" && c.BusinessDate == "2000-01-01" && c.typ == "certified" {
				sure++
			}
		}
		if sure != 1 {
			t.Errorf("%d certificates: %v", sure, results(certificates(t, &rec)))
		}
	})
}

// rereading reports whether a query begins to read a day again.
func rereading(q pos.PurchaseQuery) bool { return q.After == "" && !q.Since.IsZero() }

// A sale that reading delivers while the day is read again is not published
// again either.
func TestFoundSaleComesMeanwhile(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		const hidden = "sale-000002"
		var shown atomic.Bool
		p := &provider{Fake: fake}
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := fake.Purchases(ctx, q)
			i := slices.IndexFunc(page.Purchases, func(p pos.Purchase) bool { return p.ID == hidden })
			switch {
			case err != nil:
			case rereading(q):
				shown.Store(true)
				err = sleep(ctx, time.Minute)
			case shown.CompareAndSwap(true, false):
				page, err = fake.Purchases(ctx, pos.PurchaseQuery{})
				page.Next = q.After
			case i >= 0:
				page.Purchases = slices.Delete(page.Purchases, i, i+1)
			}
			return page, err
		}
		schedule := daily
		schedule.Purchases = 5 * time.Second
		stop := start(t, build(t, Config{Journal: journal, Schedule: schedule, Accounts: []Account{serve(p)}}))
		until(1, 6)
		sell(t, fake, "A")
		sell(t, fake, "A")
		until(2, 12)
		stop()
		finish(t, journal)
		got := delivered(t, &rec)
		if got["a "+hidden+" 1"] != 1 {
			t.Errorf("delivered %v", got)
		}
		list := certificates(t, &rec)
		checkResults(t, list, "A 1999-12-31 certified", "A 2000-01-01 mismatch", "A 2000-01-01 certified, reread")
		if list[2].Found != nil {
			t.Errorf("found %v, which came by itself", list[2].Found)
		}
	})
}

// What was not read yet is not missing: the certificate waits. And while the day
// cannot be read again, the mismatch is told once.
func TestCertificateWaitsForReading(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		var down, stuck atomic.Bool
		p := &provider{Fake: fake}
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			if down.Load() && !rereading(q) || stuck.Load() && rereading(q) {
				return pos.PurchasePage{}, &pos.Error{Op: "Purchases", Kind: pos.KindUnavailable}
			}
			return fake.Purchases(ctx, q)
		}
		stop := start(t, build(t, Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(p)}}))
		until(1, 12)
		down.Store(true)
		sell(t, fake, "A")
		until(2, 14)
		checkResults(t, certificates(t, &rec), "A 1999-12-31 certified")
		down.Store(false)
		time.Sleep(time.Hour)
		checkResults(t, certificates(t, &rec), "A 1999-12-31 certified", "A 2000-01-01 certified")
		hide(t, fake, "A")
		stuck.Store(true)
		until(3, 20)
		stuck.Store(false)
		until(3, 23)
		stop()
		finish(t, journal)
		checkResults(t, certificates(t, &rec), "A 1999-12-31 certified", "A 2000-01-01 certified", "A 2000-01-02 mismatch", "A 2000-01-02 certified, reread")
		checkLedger(t, &rec, fake)
	})
}

// A process that dies at any commit around a mismatch leaves the rest to the
// next one: the sale is published once and the day certifies.
func TestKilledWhileMending(t *testing.T) {
	for lives := int64(1); lives <= 6; lives++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d %v", lives, after), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					fake := newFake("a", 0, "A")
					var rec eventsfake.Recorder
					journal := eventsfake.NewArchive(&rec)
					cfg := Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(fake)}}
					stop := start(t, build(t, cfg))
					until(1, 6)
					sell(t, fake, "A")
					hide(t, fake, "A")
					until(2, 5)
					stop()
					mortal := &mortalArchive{Archive: journal, k: killable{Journal: journal, after: after}}
					mortal.k.lives.Store(lives)
					cfg.Journal = mortal
					stop = start(t, build(t, cfg))
					until(2, 10)
					stop()
					cfg.Journal = journal
					stop = start(t, build(t, cfg))
					until(2, 14)
					stop()
					finish(t, journal)
					checkLedger(t, &rec, fake)
					list := certificates(t, &rec)
					if len(list) == 0 || list[len(list)-1].typ != "certified" || list[len(list)-1].BusinessDate != "2000-01-01" {
						t.Errorf("%v", results(list))
					}
				})
			})
		}
	}
}

// A sale that reading comes upon after all, when it has been published as
// missing, is not published again.
func TestFoundSaleComesLate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		var hidden atomic.Value
		var late atomic.Bool
		p := &provider{Fake: fake}
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := fake.Purchases(ctx, q)
			id, _ := hidden.Load().(string)
			if err != nil || id == "" || q.After == "" {
				return page, err
			}
			page.Purchases = slices.DeleteFunc(page.Purchases, func(p pos.Purchase) bool { return p.ID == id })
			if late.CompareAndSwap(true, false) {
				again, err := fake.Purchases(ctx, pos.PurchaseQuery{})
				i := slices.IndexFunc(again.Purchases, func(p pos.Purchase) bool { return p.ID == id })
				if err != nil || i < 0 {
					t.Errorf("%s is gone: %v", id, err)
					return page, err
				}
				page.Purchases = append(page.Purchases, again.Purchases[i])
			}
			return page, nil
		}
		cfg := Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(p)}}
		stop := start(t, build(t, cfg))
		until(1, 6)
		hidden.Store(fmt.Sprintf("sale-%06d", 2))
		sell(t, fake, "A")
		sell(t, fake, "A")
		until(2, 12)
		checkLedger(t, &rec, fake)
		late.Store(true)
		until(3, 12)
		stop()
		stop = start(t, build(t, cfg)) // The next process remembers it too.
		late.Store(true)
		until(4, 12)
		stop()
		finish(t, journal)
		if late.Load() {
			t.Error("it did not come late")
		}
		checkLedger(t, &rec, fake)
	})
}

// stating is a provider whose totals a test decides on.
type stating struct {
	*provider
	totals func(context.Context, pos.DayTotalsQuery) (pos.DayTotals, error)
}

func (s *stating) DayTotals(ctx context.Context, q pos.DayTotalsQuery) (pos.DayTotals, error) {
	return s.totals(ctx, q)
}

// What the vendor no longer has stays a mismatch, with its name.
func TestCertificateOfWhatTheVendorLost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		const lost = "sale-000001"
		p := &provider{Fake: fake}
		p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := fake.Purchases(ctx, q)
			if fake.Now().Day() > 1 {
				page.Purchases = slices.DeleteFunc(page.Purchases, func(p pos.Purchase) bool { return p.ID == lost })
			}
			return page, err
		}
		s := &stating{provider: p}
		s.totals = func(ctx context.Context, q pos.DayTotalsQuery) (pos.DayTotals, error) {
			totals, err := fake.DayTotals(ctx, q)
			if q.BusinessDate == "2000-01-01" {
				*totals.Count--
			}
			return totals, err
		}
		stop := start(t, build(t, Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(s)}}))
		until(1, 6)
		sell(t, fake, "A")
		sell(t, fake, "A")
		until(2, 12)
		stop()
		finish(t, journal)
		list := certificates(t, &rec)
		checkResults(t, list, "A 1999-12-31 certified", "A 2000-01-01 mismatch", "A 2000-01-01 mismatch, reread")
		if c := list[2]; !slices.Equal(c.Unknown, []string{lost}) || c.Found != nil || *c.Difference.Count != -1 {
			t.Errorf("%+v", c.Certificate)
		}
		checkLedger(t, &rec, fake)
	})
}

// A vendor that is slow with totals, or fails, delays no other account and no
// polls of its own, and is asked again.
func TestSlowTotalsDelayNobody(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		slow, quick := newFake("slow", 0, "A"), newFake("quick", 0, "A")
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		var asked atomic.Int64
		s := &stating{provider: &provider{Fake: slow}}
		s.totals = func(ctx context.Context, q pos.DayTotalsQuery) (pos.DayTotals, error) {
			if asked.Add(1) < 200 {
				<-ctx.Done()
				return pos.DayTotals{}, ctx.Err()
			}
			return slow.DayTotals(ctx, q)
		}
		stop := start(t, build(t, Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(s), serve(quick)}}))
		until(1, 5)
		time.Sleep(4 * time.Hour)
		list := certificates(t, &rec)
		if len(list) != 1 || list[0].Account != "quick" || asked.Load() < 5 {
			t.Errorf("%d questions; %v", asked.Load(), results(list))
		}
		sell(t, slow, "A")
		time.Sleep(minutes(6))
		checkLedger(t, &rec, slow)
		until(3, 12)
		stop()
		finish(t, journal)
		var own []certificate
		for _, c := range certificates(t, &rec) {
			if c.Account == "slow" {
				own = append(own, c)
			}
		}
		checkResults(t, own, "A 1999-12-31 certified", "A 2000-01-01 certified", "A 2000-01-02 certified")
	})
}

// Days that passed while nobody was at work are certified afterwards; those
// that are too long ago are given up.
func TestCertificatesAfterAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		journal := eventsfake.NewArchive(&rec)
		cfg := Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(fake)}}
		stop := start(t, build(t, cfg))
		until(1, 12)
		stop()
		until(4, 12)
		stop = start(t, build(t, cfg))
		until(4, 13)
		var days []string
		for _, c := range certificates(t, &rec) {
			if !c.Last {
				days = append(days, string(c.BusinessDate))
			}
		}
		if diff := gocmp.Diff([]string{"1999-12-31", "2000-01-01", "2000-01-02", "2000-01-03"}, days); diff != "" {
			t.Error(diff)
		}
		stop()
		until(31, 12)
		stop = start(t, build(t, cfg))
		time.Sleep(time.Hour)
		stop()
		finish(t, journal)
		list := certificates(t, &rec)
		if oldest := slices.IndexFunc(list, func(c certificate) bool { return c.BusinessDate > "2000-01-04" }); oldest < 0 || list[oldest].BusinessDate != "2000-01-15" {
			t.Errorf("%v", results(list))
		}
	})
}

// Which locations and days are looked at.
func TestWhatIsCertified(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rig   func(*posfake.Fake, *Config)
		later func(*posfake.Fake)
		want  []string
	}{
		{"as usual", nil, nil, []string{"A 1999-12-31", "A 2000-01-01", "A 2000-01-02", "B 1999-12-31", "B 2000-01-01", "B 2000-01-02"}},
		{"switched off", func(_ *posfake.Fake, c *Config) { c.Schedule.Certificates = -1 }, nil, nil},
		{"not before Since", func(_ *posfake.Fake, c *Config) { c.Accounts[0].Since = time.Date(2000, 1, 1, 7, 0, 0, 0, time.UTC) }, nil, []string{"A 2000-01-02", "B 2000-01-02"}},
		{"closed on the first day", nil, func(f *posfake.Fake) { _ = f.RemoveLocation("B") }, []string{"A 1999-12-31", "A 2000-01-01", "A 2000-01-02", "B 1999-12-31", "B 2000-01-01"}},
		{"longer delay", func(_ *posfake.Fake, c *Config) { c.Schedule.Certificates = 28 * time.Hour }, nil, []string{"A 1999-12-31", "A 2000-01-01", "B 1999-12-31", "B 2000-01-01"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				fake := newFake("a", 0, "A", "B")
				var rec eventsfake.Recorder
				journal := eventsfake.NewArchive(&rec)
				cfg := Config{Journal: journal, Schedule: daily, Accounts: []Account{serve(fake)}}
				if tc.rig != nil {
					tc.rig(fake, &cfg)
				}
				stop := start(t, build(t, cfg))
				until(1, 7)
				if tc.later != nil {
					tc.later(fake)
				}
				until(3, 12)
				stop()
				finish(t, journal)
				var got []string
				for _, c := range certificates(t, &rec) {
					if !c.Last {
						got = append(got, c.Location+" "+string(c.BusinessDate))
					}
				}
				if diff := gocmp.Diff(tc.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
