package integrator

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// onStream waits for n events of the types on a stream.
func onStream(t *testing.T, s *jetstream.Stream, n int, types ...string) []events.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventstest.Limit)
	defer cancel()
	for {
		var found []events.Event
		for e, err := range s.Published(ctx, events.Filter{Types: types}, time.Now().Add(-time.Hour)) {
			if err != nil {
				t.Fatalf("%v, with %d of %d events", err, len(found), n)
			}
			found = append(found, e)
		}
		if len(found) >= n {
			return found
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			t.Fatalf("%d events, want %d", len(found), n)
		}
	}
}

// noon is a zone in which the day ended hours ago and has hours to go.
func noon(t *testing.T, now time.Time) pos.Location {
	t.Helper()
	for _, name := range []string{"America/New_York", "Asia/Tokyo"} {
		zone, err := pos.Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		if hour := now.In(zone).Hour(); hour >= 3 && hour < 23 {
			return pos.Location{ID: "A", TimeZone: name}
		}
	}
	t.Fatal("it is night everywhere")
	return pos.Location{}
}

// TestCertificateOnAStream hides a sale of yesterday on the durable stream: it
// is found, published once, and the day certifies, also for the process after.
func TestCertificateOnAStream(t *testing.T) {
	t.Parallel()
	l := noon(t, time.Now())
	yesterday := l.BusinessDate(time.Now()).AddDays(-1)
	_, midnight, err := l.Span(yesterday)
	if err != nil {
		t.Fatal(err)
	}
	fake := posfake.New(posfake.Config{Account: "a", Locations: []posfake.LocationSeed{{ID: l.ID, TimeZone: l.TimeZone}}})
	trade := func() posfake.Record {
		price := int64(995)
		r, err := fake.Sell(posfake.Sale{Location: "A", OccurredAt: midnight.Add(-time.Hour), Lines: []posfake.SaleLine{{SKU: "M-1", Price: &price}}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	dir := t.TempDir()
	stream, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Journal: stream, Accounts: []Account{serve(fake)}, Schedule: Schedule{
		Purchases: 20 * time.Millisecond, Status: -1, Inventory: -1, Certificates: time.Nanosecond,
	}}
	// The day before yesterday was looked at, so that yesterday is due.
	before := yesterday.AddDays(-1)
	record, err := json.Marshal(map[string]certified{"A": {First: before, Last: before}})
	if err != nil {
		t.Fatal(err)
	}
	e := build(t, cfg)
	if _, err := stream.Commit(t.Context(), events.Change{Key: e.units[0].key("certificates", "0"), Cursor: record}); err != nil {
		t.Fatal(err)
	}
	trade()
	stop := start(t, e)
	onStream(t, stream, 1, purchaseTypes...)
	end, err := fake.Inject(posfake.Fault{Kind: posfake.FaultOmit, Times: -1})
	if err != nil {
		t.Fatal(err)
	}
	hidden, polls := trade(), countOps(fake, "SearchSales")
	for countOps(fake, "SearchSales") < polls+2 { // Until it was passed over.
		if err := sleep(t.Context(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	end()
	trade()
	onStream(t, stream, 2, purchaseTypes...)
	e.units[0].account().days.loop.nudge()
	days := onStream(t, stream, 2, typesOfDays...)
	if days[0].Type != events.TypeDayMismatch || days[1].Type != events.TypeDayCertified {
		t.Fatalf("got %v", types(days))
	}
	failed, err := events.Decode[events.Certificate](days[0])
	mended, again := events.Decode[events.Certificate](days[1])
	if err := errors.Join(err, again); err != nil {
		t.Fatal(err)
	}
	if !failed.Until.Equal(midnight) || failed.BusinessDate != yesterday || *failed.Difference.Count != 1 || failed.Difference.Net.Amount != hidden.Total {
		t.Errorf("mismatch: %+v", failed)
	}
	if len(mended.Found) != 1 || mended.Found[0] != hidden.ID || mended.Purchases != 3 {
		t.Errorf("certificate: %+v", mended)
	}
	stop()
	if err := stream.Close(); err != nil {
		t.Error(err)
	}

	// The next process looks again, finds nothing to do and doubles nothing.
	if stream, err = jetstream.Open(t.Context(), jetstream.Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	var looked atomic.Int64
	cfg.Journal = stream
	cfg.Observer.Begin = func(ctx context.Context, s Span) (context.Context, func(error)) {
		if s.Name == "certify days" {
			looked.Add(1)
		}
		return ctx, func(error) {}
	}
	e = build(t, cfg)
	stop = start(t, e)
	trade()
	onStream(t, stream, 4, purchaseTypes...)
	for a := e.units[0].account(); !a.ready() || looked.Load() < 2; a.days.loop.nudge() {
		if !a.ready() {
			looked.Store(0)
		}
		if err := sleep(t.Context(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if n := countOps(fake, "SumSales"); n != 2 {
		t.Errorf("totals were asked for %d times, want 2", n)
	}
	count := make(map[string]int)
	for _, event := range onStream(t, stream, 4, purchaseTypes...) {
		count[event.ID]++
	}
	for id, n := range count {
		if n != 1 {
			t.Errorf("event %s is there %d times", id, n)
		}
	}
	if len(count) != 4 {
		t.Errorf("%d purchases were published, want 4", len(count))
	}
	if days := onStream(t, stream, 2, typesOfDays...); len(days) != 2 {
		t.Errorf("certificates %v", types(days))
	}
}
