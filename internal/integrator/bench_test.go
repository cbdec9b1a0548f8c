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

// dropped is a Publisher that drops everything.
type dropped struct{}

func (dropped) Publish(context.Context, ...events.Event) error { return nil }
func (dropped) Close() error                                   { return nil }

// BenchmarkIdle runs points of sale at which nothing happens, 100 in each
// account, 10 in a query for purchases, all jobs on. It reports memory of one
// point of sale, processor time of one poll, and how late polls began.
func BenchmarkIdle(b *testing.B) {
	for _, points := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("points=%d", points), func(b *testing.B) { benchIdle(b, points) })
	}
}

func benchIdle(b *testing.B, points int) {
	b.Helper()
	const interval, measure = 20 * time.Second, 20 * time.Second
	for range b.N {
		var polls atomic.Int64
		var mu sync.Mutex
		var late []time.Duration
		var measuring atomic.Bool
		before := footprint()
		cfg := Config{
			Name: "bench", Publisher: dropped{},
			Schedule: Schedule{Purchases: interval, Status: interval, Inventory: interval, InventoryFull: time.Hour, Locations: time.Hour},
			Observer: Observer{Poll: func(i PollInfo) {
				if i.Job != pos.JobPurchases || !measuring.Load() {
					return
				}
				polls.Add(1)
				mu.Lock()
				late = append(late, i.Late)
				mu.Unlock()
			}},
		}
		for i := range points / 100 {
			cfg.Accounts = append(cfg.Accounts, Account{Provider: newQuiet("a"+strconv.Itoa(i), 100, 10)})
		}
		e, err := New(cfg)
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		sleepFor(2*interval + interval/2) // until all have been polled
		cpu := processor(b)
		measuring.Store(true)
		began := time.Now()
		sleepFor(measure)
		measuring.Store(false)
		took := time.Since(began)
		spent := processor(b) - cpu
		after := footprint()
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		mu.Lock()
		slices.Sort(late)
		b.ReportMetric((after.heap-before.heap)/float64(points), "heap-B/point")
		b.ReportMetric((after.stack-before.stack)/float64(points), "stack-B/point")
		b.ReportMetric(float64(polls.Load())/took.Seconds(), "polls/s")
		b.ReportMetric(100*spent/took.Seconds(), "%-of-core")
		b.ReportMetric(1e6*spent/took.Seconds()/float64(points), "cpu-us/s/point")
		if len(late) > 0 {
			b.ReportMetric(float64(late[len(late)*99/100].Microseconds())/1000, "p99-late-ms")
		}
		mu.Unlock()
	}
}

func sleepFor(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

type used struct{ heap, stack float64 }

func footprint() used {
	runtime.GC()
	runtime.GC() // the second one takes what finalizers left
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return used{float64(m.HeapAlloc), float64(m.StackInuse)}
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

// BenchmarkCommit measures the way of purchases from a page of a provider to
// the acknowledged commit on disk: mapping to events, cursors, group commit.
// The yardstick are bare atomic batches of the same messages, as many in a
// batch and as many batches at once, with the same sync.
func BenchmarkCommit(b *testing.B) {
	const accounts, pages, perPage = 60, 10, 100
	var ours, bare time.Duration
	for range b.N {
		stream, err := jetstream.Open(b.Context(), jetstream.Config{Dir: b.TempDir(), Drain: time.Second})
		if err != nil {
			b.Fatal(err)
		}
		ours += runTills(b, stream, accounts, pages, perPage)
		if err := stream.Close(); err != nil {
			b.Fatal(err)
		}
		bare += bareCommits(b, accounts*pages, perPage)
	}
	n := float64(b.N * accounts * pages * perPage)
	b.ReportMetric(n/ours.Seconds(), "purchases/s")
	b.ReportMetric(n/bare.Seconds(), "bare/s")
	b.ReportMetric(100*bare.Seconds()/ours.Seconds(), "%-of-bare")
}

func runTills(b *testing.B, stream *jetstream.Stream, accounts, pages, perPage int) time.Duration {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(accounts * pages * perPage))
	finished := make(chan struct{})
	cfg := Config{
		Name: "bench", Journal: stream, Schedule: Schedule{Purchases: 100 * time.Millisecond, Status: -1, Inventory: -1, Locations: time.Hour},
		Observer: Observer{Commit: func(c CommitInfo) {
			if c.Err == nil && c.Events > 0 && left.Add(-int64(c.Events)) == 0 {
				close(finished)
			}
		}},
	}
	for i := range accounts {
		cfg.Accounts = append(cfg.Accounts, Account{Provider: &till{newQuiet("a"+strconv.Itoa(i), 10, 0), sale(), pages, perPage}})
	}
	e, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	start := time.Now()
	go func() { done <- e.Run(ctx) }()
	<-finished
	took := time.Since(start)
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	return took
}

// bareServer is a server like the embedded one with a stream like ours.
func bareServer(b *testing.B) natsjs.JetStream {
	b.Helper()
	srv, err := server.NewServer(&server.Options{JetStream: true, StoreDir: b.TempDir(), SyncAlways: true, DontListen: true, NoSigs: true, MaxPayload: 2 << 20})
	if err != nil {
		b.Fatal(err)
	}
	srv.Start()
	b.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		b.Fatal("the server does not start")
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, err := natsjs.New(nc)
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
	return js
}

// bareCommits writes what the engine wrote: for each page its events and a
// cursor, in batches of at most 900 messages, four at once.
func bareCommits(b *testing.B, pages, perPage int) time.Duration {
	b.Helper()
	js := bareServer(b)
	o := events.Origin{Vendor: "quiet", Account: "a"}
	p := sale()
	p.Location, p.ID = "a-L0", "0-0"
	ev := events.NewPurchase(o, p, false)
	data := ev.AppendJSON(nil)
	cursor := []byte(strings.Repeat("c", 24*perPage*4/3)) // the versions that were seen
	var batches [][]*nats.Msg
	var batch []*nats.Msg
	for page := range pages {
		for i := range perPage + 1 {
			m := &nats.Msg{Subject: fmt.Sprint("pos.ev.purchase.quiet.a.L", i%10), Data: data, Header: nats.Header{}}
			if i == perPage {
				m.Subject, m.Data = fmt.Sprint("pos.cur.quiet.", page), cursor
			}
			batch = append(batch, m)
		}
		if len(batch)+perPage+1 > 900 || page == pages-1 {
			batches, batch = append(batches, batch), nil
		}
	}
	start := time.Now()
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
	return time.Since(start)
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
	var ours, bare time.Duration
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
		ours += callback(b, e.Handler(), hook, body, callers, each)
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		if err := stream.Close(); err != nil {
			b.Fatal(err)
		}
		js := bareServer(b)
		bare += callback(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			data, err := io.ReadAll(r.Body)
			if err != nil || hook.Verify(r.Header, data) != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if _, err := js.Publish(r.Context(), "pos.hook", data); err != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}), hook, body, callers, each)
	}
	n := float64(b.N * callers * each)
	b.ReportMetric(n/ours.Seconds(), "callbacks/s")
	b.ReportMetric(n/bare.Seconds(), "bare/s")
	b.ReportMetric(100*bare.Seconds()/ours.Seconds(), "%-of-bare")
}

func callback(b *testing.B, h http.Handler, hook signed, body func(int) []byte, callers, each int) time.Duration {
	b.Helper()
	var group sync.WaitGroup
	start := time.Now()
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
	return time.Since(start)
}
