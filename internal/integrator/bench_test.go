//go:build unix

package integrator

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

// quiet is an account where nothing happens, which remembers next to nothing
// itself.
type quiet struct {
	pos.Provider
	account   string
	locations int
	caps      pos.Capabilities
}

func newQuiet(account string, locations, group int) *quiet {
	full := newFake(account, group).Describe().Capabilities
	full.Menu, full.Coupons = pos.MenuCaps{}, pos.CouponCaps{}
	return &quiet{account: account, locations: locations, caps: full}
}

func (q *quiet) id(i int) string { return q.account + "-L" + strconv.Itoa(i) }

func (q *quiet) Describe() pos.Description {
	return pos.Description{Vendor: "quiet", Account: q.account, Capabilities: q.caps}
}

func (q *quiet) Locations(context.Context, pos.LocationQuery) (pos.LocationPage, error) {
	var page pos.LocationPage
	for i := range q.locations {
		page.Locations = append(page.Locations, pos.Location{
			ID: q.id(i), Name: "Lobby " + strconv.Itoa(i), Kind: pos.KindFridge, TimeZone: "America/New_York", Currency: "USD",
		})
	}
	return page, nil
}

func (q *quiet) Status(context.Context, pos.StatusQuery) (pos.StatusPage, error) {
	var page pos.StatusPage
	for i := range q.locations {
		page.Statuses = append(page.Statuses, pos.Status{
			Location: q.id(i), Online: pos.Yes, Open: pos.Yes, SafeToSell: pos.Yes, ObservedAt: time.Now(), StaleAfter: time.Hour, Source: "heartbeat",
		})
	}
	return page, nil
}

func (q *quiet) Inventory(context.Context, pos.InventoryQuery) (pos.InventoryPage, error) {
	page := pos.InventoryPage{Full: true, Next: "x"}
	for i := range q.locations {
		for n := range 5 {
			page.Stock = append(page.Stock, pos.Stock{Location: q.id(i), SKU: "MEAL-" + strconv.Itoa(n), VendorID: "V" + strconv.Itoa(n), OnHand: pos.Counted(pos.Units(3))})
		}
	}
	return page, nil
}

func (q *quiet) Purchases(_ context.Context, query pos.PurchaseQuery) (pos.PurchasePage, error) {
	now := time.Now()
	return pos.PurchasePage{Next: pos.Cursor(query.Locations[0] + now.Format(time.RFC3339Nano)), Through: now}, nil
}

// processor returns the processor seconds that the process used so far.
func processor(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// till is an account that has page after page of purchases.
type till struct {
	*quiet
	template pos.Purchase
	pages    int
	page     int
}

func (s *till) Purchases(_ context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	n := 0
	if q.After != "" {
		var err error
		if n, err = strconv.Atoi(string(q.After)); err != nil {
			return pos.PurchasePage{}, err
		}
	}
	now := time.Now().UTC()
	page := pos.PurchasePage{Through: now, Next: pos.Cursor(strconv.Itoa(min(n+1, s.pages))), More: n+1 < s.pages}
	if n >= s.pages {
		return page, nil
	}
	page.Purchases = make([]pos.Purchase, 0, s.page)
	for i := range s.page {
		p := s.template
		p.ID = strconv.Itoa(n) + "-" + strconv.Itoa(i)
		p.Location = s.id(i % s.locations)
		p.OccurredAt, p.RecordedAt, p.UpdatedAt = now, now, now
		page.Purchases = append(page.Purchases, p)
	}
	return page, nil
}

func usd(n int64) pos.Money { return pos.Money{Amount: n, Currency: "USD"} }

// sale is a purchase of usual size.
func sale() pos.Purchase {
	p := pos.Purchase{Version: "v1", State: pos.StateCompleted, Currency: "USD", Total: usd(2592)}
	for i := range 2 {
		p.Lines = append(p.Lines, pos.Line{
			ID: "line-" + strconv.Itoa(i), SKU: "BOWL-" + strconv.Itoa(i), Name: "Salmon Bowl", Quantity: pos.Units(1),
			UnitPrice: usd(1200), Gross: usd(1200),
		})
	}
	return p
}

// rate is what one side of a benchmark did in one round.
type rate struct {
	took          time.Duration
	cpu           float64 // seconds of processor time
	bytes, allocs float64 // allocated by the whole process, the server included
}

func measured(b *testing.B, work func()) rate {
	b.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	cpu, start := processor(b), time.Now()
	work()
	took, spent := time.Since(start), processor(b)-cpu
	runtime.ReadMemStats(&after)
	return rate{took, spent, float64(after.TotalAlloc - before.TotalAlloc), float64(after.Mallocs - before.Mallocs)}
}

// median of what f says about each round. Load of the machine that comes and
// goes hits single rounds, which the median leaves out.
func median[T any](rounds []T, f func(T) float64) float64 {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = f(r)
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// round is one measurement of both sides, one right after the other.
type round struct{ ours, bare rate }

// reportRounds reports medians for n things in each round.
func reportRounds(b *testing.B, rounds []round, n int, what string) {
	b.Helper()
	of := float64(n)
	b.ReportMetric(median(rounds, func(r round) float64 { return of / r.ours.took.Seconds() }), what+"s/s")
	b.ReportMetric(median(rounds, func(r round) float64 { return of / r.bare.took.Seconds() }), "bare/s")
	b.ReportMetric(median(rounds, func(r round) float64 { return 100 * r.bare.took.Seconds() / r.ours.took.Seconds() }), "%-of-bare")
	b.ReportMetric(median(rounds, func(r round) float64 { return 1e6 * r.ours.cpu / of }), "cpu-us/"+what)
	b.ReportMetric(median(rounds, func(r round) float64 { return 1e6 * r.bare.cpu / of }), "bare-cpu-us/"+what)
	b.ReportMetric(median(rounds, func(r round) float64 { return r.ours.bytes / of }), "B/"+what)
	b.ReportMetric(median(rounds, func(r round) float64 { return r.bare.bytes / of }), "bare-B/"+what)
	b.ReportMetric(median(rounds, func(r round) float64 { return r.ours.allocs / of }), "allocs/"+what)
	b.ReportMetric(median(rounds, func(r round) float64 { return r.bare.allocs / of }), "bare-allocs/"+what)
	b.ReportMetric(0, "ns/op") // of both sides, which says nothing
}

// BenchmarkCommit measures the way of purchases from a page of a provider to
// the acknowledged commit on disk: mapping to events, cursors, group commit.
// The yardstick are bare atomic batches of messages of the same bytes, as many
// in a batch and as many batches at once, with the same sync. They are encoded
// beforehand, and no cursor is compared or replaced. Each round does both; the
// figures are medians of the rounds.
func BenchmarkCommit(b *testing.B) {
	const accounts, pages, perPage = 60, 10, 100
	var rounds []round
	for range b.N {
		stream, err := jetstream.Open(b.Context(), jetstream.Config{Dir: b.TempDir(), Drain: time.Second})
		if err != nil {
			b.Fatal(err)
		}
		journal := &weighed{Journal: stream}
		var r round
		runTills(b, journal, accounts, pages, perPage, &r.ours)
		if err := stream.Close(); err != nil {
			b.Fatal(err)
		}
		js, stop := bareServer(b)
		batches := bareBatches(b, accounts, pages, perPage, int(journal.cursors.Load()/(accounts*pages)))
		r.bare = measured(b, func() { bareCommits(b, js, batches) })
		stop()
		rounds = append(rounds, r)
	}
	reportRounds(b, rounds, accounts*pages*perPage, "purchase")
}

// weighed is a journal that adds up the size of the cursors.
type weighed struct {
	events.Journal
	cursors atomic.Int64
}

func (w *weighed) Commit(ctx context.Context, changes ...events.Change) ([]pos.Revision, error) {
	for i := range changes {
		w.cursors.Add(int64(len(changes[i].Cursor)))
	}
	return w.Journal.Commit(ctx, changes...)
}

func newTill(account, pages, perPage int) *till {
	return &till{newQuiet("a"+strconv.Itoa(account), 10, 0), sale(), pages, perPage}
}

func runTills(b *testing.B, journal events.Journal, accounts, pages, perPage int, result *rate) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(accounts * pages * perPage))
	finished := make(chan struct{})
	cfg := Config{
		Name: "bench", Journal: journal, Schedule: Schedule{Purchases: 100 * time.Millisecond, Status: -1, Inventory: -1, Locations: time.Hour},
		Observer: Observer{Commit: func(c CommitInfo) {
			if c.Err == nil && c.Events > 0 && left.Add(-int64(c.Events)) == 0 {
				close(finished)
			}
		}},
	}
	for i := range accounts {
		cfg.Accounts = append(cfg.Accounts, Account{Provider: newTill(i, pages, perPage)})
	}
	e, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	done := make(chan error, 1)
	*result = measured(b, func() {
		go func() { done <- e.Run(ctx) }()
		<-finished
	})
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// bareServer is a server like the embedded one with a stream like ours.
func bareServer(b *testing.B) (js natsjs.JetStream, stop func()) {
	b.Helper()
	srv, err := server.NewServer(&server.Options{JetStream: true, StoreDir: b.TempDir(), SyncAlways: true, DontListen: true, NoSigs: true, MaxPayload: 2 << 20})
	if err != nil {
		b.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		b.Fatal("the server does not start")
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		b.Fatal(err)
	}
	js, err = natsjs.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	_, err = js.CreateStream(b.Context(), natsjs.StreamConfig{
		Name: "POS", Subjects: []string{"pos.>"}, Storage: natsjs.FileStorage, AllowAtomicPublish: true, AllowMsgTTL: true,
		AllowRollup: true, AllowDirect: true, Duplicates: 2 * time.Minute, Discard: natsjs.DiscardNew,
	})
	if err != nil {
		b.Fatal(err)
	}
	return js, func() { nc.Close(); srv.Shutdown(); srv.WaitForShutdown() }
}

// bareBatches are messages as the engine writes them for the tills, byte for
// byte as long: for each page its events and a cursor of the given size, in
// batches of at most 900 messages.
func bareBatches(b *testing.B, accounts, pages, perPage, cursor int) [][]*nats.Msg {
	b.Helper()
	till := newTill(0, pages, 1)
	page, err := till.Purchases(b.Context(), pos.PurchaseQuery{})
	if err != nil {
		b.Fatal(err)
	}
	event := events.NewPurchase(events.Origin{Vendor: "quiet", Account: "a00"}, page.Purchases[0], false)
	data, state := event.AppendJSON(nil), []byte(strings.Repeat("c", cursor))
	var batches [][]*nats.Msg
	var batch []*nats.Msg
	for n := range accounts * pages {
		account := "quiet.a" + strconv.Itoa(n%accounts)
		for i := range perPage {
			subject := "pos.ev.purchase.recorded.v1." + account + ".L" + strconv.Itoa(i%10)
			batch = append(batch, &nats.Msg{Subject: subject, Data: data, Header: nats.Header{}})
		}
		batch = append(batch, &nats.Msg{Subject: "pos.cur." + account + ".purchases.0", Data: state, Header: nats.Header{}})
		if len(batch)+perPage+1 > 900 || n == accounts*pages-1 {
			batches, batch = append(batches, batch), nil
		}
	}
	return batches
}

// bareCommits writes batches, four at once.
func bareCommits(b *testing.B, js natsjs.JetStream, batches [][]*nats.Msg) {
	b.Helper()
	slots := make(chan struct{}, 4)
	var group sync.WaitGroup
	for _, batch := range batches {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if _, err := jetstreamext.PublishMsgBatch(b.Context(), js, batch); err != nil {
				b.Error(err)
			}
		})
	}
	group.Wait()
}

// signed is the webhook of the benchmark: one HMAC over the body.
type signed struct{ key []byte }

func (s signed) sum(body []byte) string {
	m := hmac.New(sha256.New, s.key)
	_, _ = m.Write(body)
	return string(m.Sum(nil))
}

func (s signed) Verify(h http.Header, body []byte) error {
	if !hmac.Equal([]byte(h.Get("Signature")), []byte(s.sum(body))) {
		return pos.ErrAuth
	}
	return nil
}

func (s signed) Parse(_ http.Header, body []byte) ([]pos.Notice, error) {
	return []pos.Notice{{ID: string(body[:8]), Job: pos.JobStatus, Account: "a0"}}, nil
}

// BenchmarkIntake measures callbacks that are verified, read, stored on disk
// and answered, while the owner takes them out again. The yardstick is a bare
// handler that reads the body, computes one HMAC and publishes it.
func BenchmarkIntake(b *testing.B) {
	const callers, each = 64, 100
	hook := signed{[]byte("fake-signature-key")}
	body := func(n int) []byte { return fmt.Appendf(nil, "%08d%s", n, strings.Repeat("x", 700)) }
	var rounds []round
	for range b.N {
		stream, err := jetstream.Open(b.Context(), jetstream.Config{Dir: b.TempDir(), Drain: time.Second})
		if err != nil {
			b.Fatal(err)
		}
		e, err := New(Config{
			Name: "bench", Journal: stream, Accounts: []Account{{Provider: newQuiet("a0", 1, 0), Webhook: hook}},
			Schedule: Schedule{Purchases: -1, Status: time.Hour, Inventory: -1},
		})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		var r round
		r.ours = measured(b, func() { callback(b, e.Handler(), hook, body, callers, each) })
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		if err := stream.Close(); err != nil {
			b.Fatal(err)
		}
		js, stop := bareServer(b)
		bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			data, err := io.ReadAll(r.Body)
			if err != nil || hook.Verify(r.Header, data) != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if _, err := js.Publish(r.Context(), "pos.hook", data); err != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		r.bare = measured(b, func() { callback(b, bare, hook, body, callers, each) })
		stop()
		rounds = append(rounds, r)
	}
	reportRounds(b, rounds, callers*each, "callback")
}

func callback(b *testing.B, h http.Handler, hook signed, body func(int) []byte, callers, each int) {
	b.Helper()
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for i := range each {
				data := body(c*each + i)
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/webhooks/quiet/a0", strings.NewReader(string(data)))
				r.Header.Set("Signature", hook.sum(data))
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Errorf("answered with %d", w.Code)
					return
				}
			}
		})
	}
	group.Wait()
}
