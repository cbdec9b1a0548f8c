//go:build unix

package integrator

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// dropped is a Publisher that drops everything.
type dropped struct{}

func (dropped) Publish(context.Context, ...events.Event) error { return nil }
func (dropped) Close() error                                   { return nil }

// BenchmarkIdle runs points of sale at which nothing happens, 100 in each
// account, 10 in a query for purchases, all jobs on. It reports memory and
// processor time of one point of sale, how late polls began, and how much of
// them a point costs compared with the smallest number of points: 1 is linear
// growth, less is better. With -short it only shows that it runs.
func BenchmarkIdle(b *testing.B) {
	var first idle
	sizes, interval := []int{1_000, 10_000, 100_000}, 20*time.Second
	if testing.Short() {
		sizes, interval = sizes[:1], time.Second
	}
	for _, points := range sizes {
		b.Run(fmt.Sprintf("points=%d", points), func(b *testing.B) {
			cost := benchIdle(b, points, interval)
			if first == (idle{}) {
				first = cost
			}
			b.ReportMetric(cost.heap/first.heap, "heap-x-of-first")
			b.ReportMetric(cost.cpu/first.cpu, "cpu-x-of-first")
		})
	}
}

// idle is what one point of sale costs: bytes, and processor seconds per second.
type idle struct{ heap, cpu float64 }

func benchIdle(b *testing.B, points int, interval time.Duration) (cost idle) {
	b.Helper()
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
		sleepFor(interval)
		measuring.Store(false)
		took := time.Since(began)
		spent := processor(b) - cpu
		after := footprint()
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		cost = idle{(after.heap - before.heap) / float64(points), spent / took.Seconds() / float64(points)}
		mu.Lock()
		slices.Sort(late)
		b.ReportMetric(cost.heap, "heap-B/point")
		b.ReportMetric((after.stack-before.stack)/float64(points), "stack-B/point")
		b.ReportMetric(float64(polls.Load())/took.Seconds(), "polls/s")
		b.ReportMetric(100*spent/took.Seconds(), "%-of-core")
		b.ReportMetric(1e6*cost.cpu, "cpu-us/s/point")
		if len(late) > 0 {
			b.ReportMetric(float64(late[len(late)*99/100].Microseconds())/1000, "p99-late-ms")
		}
		mu.Unlock()
	}
	return cost
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
