package quickbooksdesktop_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

const interval = 6 * time.Hour

// office is a simulated computer with QuickBooks whose Web Connector calls a
// provider on schedule.
type office struct {
	fake  *quickbooksdesktopfake.Fake
	store *pos.MemoryStore
	cfg   quickbooksdesktop.Config
}

func newOffice(tb testing.TB, seed quickbooksdesktopfake.Config, set func(*quickbooksdesktop.Config)) *office {
	tb.Helper()
	seed.Password, seed.UserName, seed.Interval = password, "kiosk-014", interval
	seed.OwnerID, seed.FileID, seed.TimeZone = ownerID, fileID, "America/Los_Angeles"
	fake, err := quickbooksdesktopfake.New(seed)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(fake.Close)
	o := &office{fake: fake, store: &pos.MemoryStore{}, cfg: config()}
	o.cfg.Interval, o.cfg.Invoices = interval, true
	o.cfg.Keep = 30 * 24 * time.Hour // every simulated day costs 4 runs
	if set != nil {
		set(&o.cfg)
	}
	return o
}

// open makes a provider and lets the Web Connector call it.
func (o *office) open(tb testing.TB) *quickbooksdesktop.Provider {
	tb.Helper()
	p, err := quickbooksdesktop.New(o.cfg, &kit.Options{Store: o.store})
	if err != nil {
		tb.Fatal(err)
	}
	o.fake.Connect(p.Handler())
	return p
}

// settle lets the Web Connector run until nothing is left to write.
func (o *office) settle(tb testing.TB) {
	tb.Helper()
	<-time.After(2 * time.Second) // records of this second may still come
	if err := o.fake.RunUntilIdle(tb.Context(), 20); err != nil {
		tb.Logf("the Web Connector: %v", err)
	}
}

// till changes a sale in the one way that QuickBooks has for any of them: it is
// saved again. There are no tips.
type till struct{ *quickbooksdesktopfake.Fake }

// Edit implements [posfake.Simulator].
func (t till) Edit(e posfake.Edit) (posfake.Record, error) {
	e.Tip = nil
	return t.Fake.Edit(e)
}

func (o *office) harness(t *testing.T) postest.Harness {
	t.Helper()
	p := o.open(t)
	if run, err := o.fake.RunOnce(t.Context()); err != nil || run.Outcome != quickbooksdesktopfake.Done {
		t.Fatalf("the first run: %+v %v", run, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = o.fake.AutoRun(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait() // until the schedule has begun
	return postest.Harness{
		Provider: p, Sim: till{o.fake},
		Reopen:   func() pos.Provider { return o.open(t) },
		Settle:   func() { o.settle(t) },
		Conflict: posfake.Fault{Kind: posfake.FaultStatus, Status: 409},
		Secrets:  []string{password, passwordHash, "Walk-in"},
		Budget: postest.Budget{
			IdlePoll:   func(int) int { return 0 },
			MenuReads:  func(items, _ int) int { return 40 + items/50 },
			MenuWrites: func(items, _ int) int { return items },
			Status:     func(int) int { return 0 },
			Inventory:  func(int, int) int { return 0 },
		},
	}
}

var places = []posfake.LocationSeed{
	{ID: "80000011-1", Name: "Kiosk 014", TimeZone: "America/Los_Angeles"},
	{ID: "80000012-1", Name: "Kiosk 015", TimeZone: "America/Los_Angeles"},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	postest.Run(t, func(t *testing.T) postest.Harness {
		t.Helper()
		return newOffice(t, quickbooksdesktopfake.Config{Locations: places}, nil).harness(t)
	})
}

// With inventory sites the points of sale have counts of their own.
func TestConformanceSites(t *testing.T) {
	t.Parallel()
	postest.Run(t, func(t *testing.T) postest.Harness {
		t.Helper()
		seed := quickbooksdesktopfake.Config{Locations: places, Mode: quickbooksdesktopfake.BySite}
		return newOffice(t, seed, func(c *quickbooksdesktop.Config) { c.Location = quickbooksdesktop.BySite }).harness(t)
	})
}
