package fridge_test

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
	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// run serves the accounts in virtual time while the test acts.
func run(t *testing.T, cfg fridge.Config, act func(rec *eventsfake.Recorder)) {
	t.Helper()
	var rec eventsfake.Recorder
	cfg.Publisher = &rec
	i, err := fridge.New(cfg)
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

func newFridge() *posfake.Fake {
	return posfake.New(posfake.Config{Locations: []posfake.LocationSeed{{ID: "F1", TimeZone: "America/New_York"}}})
}

func payloads[T any](t *testing.T, rec *eventsfake.Recorder, types ...string) []T {
	t.Helper()
	var out []T
	for _, e := range rec.Events(types...) {
		p, err := events.Decode[T](e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func TestExpiryIsToldOnceAndInTheFridgesZone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFridge()
		zone, err := pos.Zone("America/New_York")
		if err != nil {
			t.Fatal(err)
		}
		today := pos.DateOf(time.Now(), zone)
		lots := []pos.Lot{
			{ID: "old", Expires: today.AddDays(-1), Quantity: pos.Units(1)},
			{ID: "soon", Expires: today.AddDays(2), Quantity: pos.Units(2)},
			{ID: "fresh", Expires: today.AddDays(30), Quantity: pos.Units(3)},
		}
		if err := fake.SetLots("F1", "BOWL", lots...); err != nil {
			t.Fatal(err)
		}
		run(t, fridge.Config{Accounts: []fridge.Account{{Provider: fake}}, NearExpiryDays: 1}, func(rec *eventsfake.Recorder) {
			tell := func() (told []string) {
				for _, e := range rec.Events(events.TypeLotExpiring, events.TypeLotExpired) {
					l, err := events.Decode[events.Lot](e)
					if err != nil {
						t.Fatal(err)
					}
					told = append(told, e.Type+" "+l.ID)
				}
				return told
			}
			expired, expiring := events.TypeLotExpired, events.TypeLotExpiring
			time.Sleep(10 * time.Minute)
			if diff := cmp.Diff([]string{expired + " old"}, tell()); diff != "" {
				t.Error(diff)
			}
			tomorrow, err := today.AddDays(1).Start(zone)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(tomorrow) - 2*time.Minute)
			if n := len(tell()); n != 1 {
				t.Errorf("%d told before local midnight", n)
			}
			time.Sleep(4 * time.Minute)
			if diff := cmp.Diff([]string{expired + " old", expiring + " soon"}, tell()); diff != "" {
				t.Error(diff)
			}
			time.Sleep(48 * time.Hour)
			if diff := cmp.Diff([]string{expired + " old", expiring + " soon", expired + " soon"}, tell()); diff != "" {
				t.Error(diff)
			}
		})
	})
}

func TestColdChainTakesItemsOffSale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFridge()
		count := int64(3)
		stock := func(sku string) {
			t.Helper()
			if err := fake.SetStock("F1", sku, &count); err != nil {
				t.Fatal(err)
			}
		}
		report := func(safe pos.Tri) {
			t.Helper()
			s := pos.Status{Location: "F1", Online: pos.Yes, SafeToSell: safe, Temperature: &pos.Temperature{Celsius: 9, MaxCelsius: 5}}
			if err := fake.SetStatus(s); err != nil {
				t.Fatal(err)
			}
		}
		stock("BOWL")
		report(pos.Yes)
		var service inventory.Memory
		run(t, fridge.Config{Accounts: []fridge.Account{{Provider: fake}}, Inventory: &service}, func(rec *eventsfake.Recorder) {
			skus := func(typ string) (out []string) {
				for _, i := range payloads[events.Item](t, rec, typ) {
					out = append(out, i.SKU)
				}
				return out
			}
			time.Sleep(10 * time.Minute)
			report(pos.No)
			time.Sleep(10 * time.Minute)
			stock("SALAD") // put in while it is warm
			time.Sleep(10 * time.Minute)
			report(pos.Unknown) // proves nothing
			time.Sleep(10 * time.Minute)
			if diff := cmp.Diff([]string{"BOWL", "SALAD"}, skus(events.TypeItemUnavailable)); diff != "" {
				t.Error(diff)
			}
			if got := skus(events.TypeItemAvailable); got != nil {
				t.Errorf("back on sale without proof: %v", got)
			}
			report(pos.Yes)
			time.Sleep(10 * time.Minute)
			if diff := cmp.Diff([]string{"BOWL", "SALAD"}, skus(events.TypeItemAvailable)); diff != "" {
				t.Error(diff)
			}
			if n, m := len(rec.Events(events.TypeGoodsUnsafe)), len(rec.Events(events.TypeGoodsSafe)); n != 1 || m != 1 {
				t.Errorf("%d times unsafe, %d times safe", n, m)
			}
		})
	})
}

func TestDoorThatStandsOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFridge()
		door := func(closed pos.Tri) {
			t.Helper()
			if err := fake.SetStatus(pos.Status{Location: "F1", Online: pos.Yes, DoorClosed: closed}); err != nil {
				t.Fatal(err)
			}
		}
		door(pos.Yes)
		run(t, fridge.Config{Accounts: []fridge.Account{{Provider: fake}}, DoorOpen: 10 * time.Minute}, func(rec *eventsfake.Recorder) {
			for range 3 { // customers
				door(pos.No)
				time.Sleep(3 * time.Minute)
				door(pos.Yes)
				time.Sleep(3 * time.Minute)
			}
			if n := len(rec.Events(events.TypeDoorOpen)); n != 0 {
				t.Errorf("%d alarms for customers", n)
			}
			door(pos.No)
			time.Sleep(time.Hour)
			if got := payloads[events.Door](t, rec, events.TypeDoorOpen); len(got) != 1 || got[0].Location != "F1" {
				t.Errorf("alarms %+v", got)
			}
		})
	})
}

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := fridge.New(fridge.Config{NearExpiryDays: -1, DoorOpen: -1})
	if !errors.Is(err, pos.ErrInvalid) {
		t.Fatal(err)
	}
	for _, want := range []string{"NearExpiryDays", "DoorOpen", "Accounts", "Publisher"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func ExampleNew() {
	provider := posfake.New(posfake.Config{Vendor: "bytetech", Account: "main"}) // or bytetech.New
	bus := events.NewBus(events.BusOptions{})
	sold := make(chan events.Purchase, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := bus.Subscribe(ctx, events.Filter{Types: []string{events.TypePurchaseRecorded}}, func(_ context.Context, e events.Event) error {
		sale, err := events.Decode[events.Purchase](e)
		sold <- sale
		return err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fridges, err := fridge.New(fridge.Config{
		Accounts:   []fridge.Account{{Provider: provider, Webhook: provider.Webhook()}},
		Publisher:  bus,
		Subscriber: bus,
		Inventory:  new(inventory.Memory),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	menu := pos.Menu{Items: []pos.Item{{SKU: "BOWL-1", Name: "Bowl", Price: pos.Money{Amount: 1295, Currency: "USD"}}}}
	if _, err := fridges.PushMenu(ctx, events.Target{}, pos.MenuPush{Menu: menu}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	if _, err := provider.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{SKU: "BOWL-1"}}}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	done := make(chan error, 1)
	go func() { done <- fridges.Run(ctx) }()

	sale := <-sold
	fmt.Println(sale.Vendor, sale.Location, sale.Lines[0].SKU, sale.Total.Amount, sale.Total.Currency)
	cancel()
	fmt.Println(<-done)
	// Output:
	// bytetech L1 BOWL-1 1295 USD
	// <nil>
}
