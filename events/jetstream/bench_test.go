package jetstream

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

func benchStream(b *testing.B) *Stream {
	b.Helper()
	s, err := Open(b.Context(), Config{Dir: b.TempDir(), Drain: time.Second})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func benchEvent(n int) events.Event {
	return events.Event{
		ID: strconv.Itoa(n), Source: "/pos/square/main", Type: "com.farmacyfoods.pos.purchase.recorded.v1", Subject: "L" + strconv.Itoa(n%100),
		Time: time.Unix(1_750_000_000, 0).UTC(), Data: []byte(`"` + strings.Repeat("x", 800) + `"`),
	}
}

// BenchmarkConsume measures the delivery of events one at a time, in order.
func BenchmarkConsume(b *testing.B) {
	s := benchStream(b)
	ctx := b.Context()
	for n := 0; n < b.N; n += 500 {
		var evs []events.Event
		for i := n; i < min(n+500, b.N); i++ {
			evs = append(evs, benchEvent(i))
		}
		if err := s.Publish(ctx, evs...); err != nil {
			b.Fatal(err)
		}
	}
	done := make(chan struct{})
	var count atomic.Int64
	b.ResetTimer()
	_, err := s.Subscribe(ctx, events.Filter{Group: "g"}, func(context.Context, events.Event) error {
		if count.Add(1) == int64(b.N) {
			close(done)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	<-done
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkCommit measures commits of 1 KB events and a cursor by many accounts
// at once, in messages per second, beside the yardstick: bare atomic batches of
// as many messages of the same bytes, as large and as many at once, with the
// same sync. Each round does both; the share is the median of the rounds.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{5, 25, 100} {
		b.Run(fmt.Sprintf("events=%d", size), func(b *testing.B) { benchCommit(b, size) })
	}
}

func benchCommit(b *testing.B, perCommit int) {
	b.Helper()
	const commits = 10
	accounts := 3600 / (perCommit + 1)
	s := benchStream(b)
	revisions := make([]pos.Revision, accounts)
	var ours, bare time.Duration
	var shares []float64
	messages := 0
	for b.Loop() {
		start := time.Now()
		var group sync.WaitGroup
		for a := range accounts {
			group.Go(func() {
				for range commits {
					evs := make([]events.Event, perCommit)
					for i := range evs {
						evs[i] = benchEvent(a*perCommit + i)
					}
					r, err := s.Commit(b.Context(), events.Change{Key: "k" + strconv.Itoa(a), Revision: revisions[a], Cursor: []byte(strings.Repeat("c", 400)), Events: evs})
					if err != nil {
						b.Error(err)
						return
					}
					revisions[a] = r[0]
				}
			})
		}
		group.Wait()
		our := time.Since(start)
		start = time.Now()
		bareBatches(b, s, accounts*commits*(perCommit+1), perCommit)
		raw := time.Since(start)
		ours, bare, shares = ours+our, bare+raw, append(shares, 100*raw.Seconds()/our.Seconds())
		messages += accounts * commits * (perCommit + 1)
	}
	b.ReportMetric(float64(messages)/ours.Seconds(), "msg/s")
	b.ReportMetric(float64(messages/(perCommit+1))/ours.Seconds(), "commits/s")
	b.ReportMetric(float64(messages)/bare.Seconds(), "bare-msg/s")
	slices.Sort(shares)
	b.ReportMetric((shares[(len(shares)-1)/2]+shares[len(shares)/2])/2, "%-of-bare")
}

func bareBatches(b *testing.B, s *Stream, n, perCommit int) {
	b.Helper()
	var group sync.WaitGroup
	slots := make(chan struct{}, s.cfg.GroupsInFlight)
	for first := 0; first < n; first += 900 {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			var batch []*nats.Msg
			for i := first; i < min(first+900, n); i++ {
				e := benchEvent(i)
				data := e.AppendJSON(nil)
				if i%(perCommit+1) == perCommit { // the cursor
					data = data[:400]
				}
				batch = append(batch, &nats.Msg{Subject: fmt.Sprint("pos.bare.", i%100), Data: data, Header: nats.Header{}})
			}
			if _, err := jetstreamext.PublishMsgBatch(b.Context(), s.js, batch); err != nil {
				b.Error(err)
			}
		})
	}
	group.Wait()
}

// BenchmarkOpen measures the start of the embedded server on an existing store.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		s, err := Open(b.Context(), Config{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkPublished reads back one location's 200 events out of 20,000 of 100
// locations, as a certificate does.
func BenchmarkPublished(b *testing.B) {
	s, began := benchStream(b), time.Now()
	ctx := b.Context()
	const total, locations = 20_000, 100
	for n := 0; n < total; n += 500 {
		var evs []events.Event
		for i := range 500 {
			evs = append(evs, benchEvent(n+i))
		}
		if err := s.Publish(ctx, evs...); err != nil {
			b.Fatal(err)
		}
	}
	f := events.Filter{Types: []string{benchEvent(0).Type}, Sources: []string{benchEvent(0).Source}, Subjects: []string{"L7"}}
	for b.Loop() {
		n := 0
		for _, err := range s.Published(ctx, f, began) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != total/locations {
			b.Fatalf("%d events", n)
		}
	}
	b.ReportMetric(total/locations, "events/op")
}
