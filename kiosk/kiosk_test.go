package kiosk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/kiosk"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

func run(t *testing.T, cfg kiosk.Config, act func(rec *eventsfake.Recorder)) {
	t.Helper()
	var rec eventsfake.Recorder
	cfg.Publisher = &rec
	i, err := kiosk.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- i.Run(ctx) }()
	act(&rec)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func sell(t *testing.T, f *posfake.Fake, sku string, at time.Time) {
	t.Helper()
	price := int64(500)
	if _, err := f.Sell(posfake.Sale{Location: "L1", OccurredAt: at, Lines: []posfake.SaleLine{{SKU: sku, Name: "Typed in", Price: &price}}}); err != nil {
		t.Fatal(err)
	}
}

func TestSilentKiosks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := posfake.New(posfake.Config{})
		run(t, kiosk.Config{Accounts: []kiosk.Account{{Provider: fake}}, Silence: time.Hour}, func(rec *eventsfake.Recorder) {
			told := func() (out []string) {
				for _, e := range rec.Events(events.TypeSalesStalled, events.TypeSalesResumed) {
					out = append(out, e.Type)
				}
				return out
			}
			for range 5 {
				sell(t, fake, "M-1", time.Time{})
				time.Sleep(50 * time.Minute)
			}
			if got := told(); got != nil {
				t.Errorf("told %v while it sold", got)
			}
			time.Sleep(3 * time.Hour)
			if diff := cmp.Diff([]string{events.TypeSalesStalled}, told()); diff != "" {
				t.Error(diff)
			}
			sell(t, fake, "M-1", time.Now().Add(-24*time.Hour)) // a late record ends no silence
			time.Sleep(5 * time.Minute)
			if diff := cmp.Diff([]string{events.TypeSalesStalled}, told()); diff != "" {
				t.Error(diff)
			}
			sell(t, fake, "M-1", time.Time{})
			time.Sleep(5 * time.Minute)
			if diff := cmp.Diff([]string{events.TypeSalesStalled, events.TypeSalesResumed}, told()); diff != "" {
				t.Error(diff)
			}
			closed := pos.Status{Location: "L1", Online: pos.Yes, Open: pos.No}
			if err := fake.SetStatus(closed); err != nil {
				t.Fatal(err)
			}
			time.Sleep(12 * time.Hour)
			if n := len(told()); n != 2 {
				t.Errorf("told %d times, also while it was closed", n)
			}
		})
	})
}

func TestUnmatchedLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := posfake.New(posfake.Config{})
		menu := pos.Menu{Items: []pos.Item{{SKU: "M-1", Name: "Meal", Price: pos.Money{Amount: 500, Currency: "USD"}}}}
		if _, err := fake.PushMenu(t.Context(), pos.MenuPush{Menu: menu}); err != nil {
			t.Fatal(err)
		}
		run(t, kiosk.Config{Accounts: []kiosk.Account{{Provider: fake}}}, func(rec *eventsfake.Recorder) {
			sell(t, fake, "M-1", time.Time{})
			sell(t, fake, "", time.Time{})
			time.Sleep(5 * time.Minute)
			found := rec.Events(events.TypeSaleUnmatched)
			if len(found) != 1 {
				t.Fatalf("%d events", len(found))
			}
			u, err := events.Decode[events.Unmatched](found[0])
			if err != nil || len(u.Lines) != 1 || u.Lines[0].Name != "Typed in" {
				t.Errorf("%+v, %v", u, err)
			}
		})
	})
}

func TestSeveralVendors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one := posfake.New(posfake.Config{Vendor: "one"})
		two := posfake.New(posfake.Config{Vendor: "two"})
		run(t, kiosk.Config{Accounts: []kiosk.Account{{Provider: one}, {Provider: two}}}, func(rec *eventsfake.Recorder) {
			sell(t, one, "M-1", time.Time{})
			sell(t, two, "M-1", time.Time{})
			time.Sleep(5 * time.Minute)
			sources := make(map[string]int)
			for _, e := range rec.Events(events.TypePurchaseRecorded) {
				sources[e.Source]++
			}
			if diff := cmp.Diff(map[string]int{"/pos/one/account-1": 1, "/pos/two/account-1": 1}, sources); diff != "" {
				t.Error(diff)
			}
		})
	})
}

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := kiosk.New(kiosk.Config{Silence: -1, Accounts: []kiosk.Account{{}}})
	if !errors.Is(err, pos.ErrInvalid) {
		t.Fatal(err)
	}
	for _, want := range []string{"Silence", "Accounts[0].Provider", "Publisher"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func ExampleNew() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	square := posfake.New(posfake.Config{Vendor: "square", Account: "main"}) // or square.New
	kiosks, err := kiosk.New(kiosk.Config{
		Accounts:  []kiosk.Account{{Provider: square, Webhook: square.Webhook()}},
		Publisher: events.NewBus(events.BusOptions{}),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	push := pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{{SKU: "BOWL-1", Name: "Bowl", Price: pos.Money{Amount: 1295, Currency: "USD"}}}}}
	for _, dry := range []bool{true, false} {
		push.DryRun = dry
		reports, err := kiosks.PushMenu(ctx, events.Target{}, push)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		for _, r := range reports {
			fmt.Println(r.Origin, "plan:", r.DryRun, "created:", r.Count(pos.Created))
		}
	}
	// Output:
	// square/main plan: true created: 1
	// square/main plan: false created: 1
}
