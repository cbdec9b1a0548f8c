package posfake_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// The conformance suite in package postest covers the provider; these tests
// cover what only hosts' tests use.

func soup(n int64) []posfake.SaleLine {
	return []posfake.SaleLine{{Name: "Soup", Price: new(n)}}
}

func TestRefusedSimulations(t *testing.T) {
	t.Parallel()
	caps := posfake.AllCapabilities()
	caps.Purchases.Tips, caps.Purchases.Voids, caps.Purchases.Refunds, caps.Purchases.Pending, caps.Purchases.LateBy = false, false, false, false, 0
	f := posfake.New(posfake.Config{Capabilities: &caps})
	sale, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(100)})
	if err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"tip":       func() error { _, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(1), Tip: 5}); return err },
		"later tip": func() error { _, err := f.Edit(posfake.Edit{ID: sale.ID, Tip: new(int64(5))}); return err },
		"open order": func() error {
			_, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(1), Tender: "none"})
			return err
		},
		"pending": func() error {
			_, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(1), State: "pending"})
			return err
		},
		"void":   func() error { _, err := f.Void(sale.ID); return err },
		"refund": func() error { _, err := f.Refund(posfake.Refund{ID: sale.ID}); return err },
		"late": func() error {
			_, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(1), OccurredAt: f.Now().Add(-time.Hour)})
			return err
		},
		"stale reads": func() error { _, err := f.Inject(posfake.Fault{Kind: posfake.FaultStaleReads}); return err },
	} {
		if err := do(); !errors.Is(err, posfake.ErrNotSimulated) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := len(f.Ledger()); n != 1 {
		t.Errorf("the ledger has %d versions", n)
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	f := posfake.New(posfake.Config{})
	sale, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(100)})
	if err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"no location": func() error { _, err := f.Sell(posfake.Sale{Location: "L9", Lines: soup(1)}); return err },
		"no line":     func() error { _, err := f.Sell(posfake.Sale{Location: "L1"}); return err },
		"no price": func() error {
			_, err := f.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{SKU: "X"}}})
			return err
		},
		"negative quantity": func() error {
			_, err := f.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{Price: new(int64(1)), Quantity: -1}}})
			return err
		},
		"no state": func() error {
			_, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(1), State: "done"})
			return err
		},
		"no tender": func() error {
			_, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(1), Tender: "shells"})
			return err
		},
		"future": func() error {
			_, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(1), OccurredAt: f.Now().Add(time.Hour)})
			return err
		},
		"negative tip":       func() error { _, err := f.Sell(posfake.Sale{Location: "L1", Lines: soup(1), Tip: -1}); return err },
		"too much back":      func() error { _, err := f.Refund(posfake.Refund{ID: sale.ID, Amount: 101}); return err },
		"refund state":       func() error { _, err := f.Refund(posfake.Refund{ID: sale.ID, State: "soon"}); return err },
		"refund of nothing":  func() error { _, err := f.Refund(posfake.Refund{ID: "sale-9"}); return err },
		"paid twice":         func() error { _, err := f.Edit(posfake.Edit{ID: sale.ID, Pay: true}); return err },
		"nothing to settle":  func() error { _, err := f.Edit(posfake.Edit{ID: sale.ID, Settle: "completed"}); return err },
		"settled as pending": func() error { _, err := f.Edit(posfake.Edit{ID: sale.ID, Settle: "pending"}); return err },
		"location twice":     func() error { return f.AddLocation(posfake.LocationSeed{ID: "L1"}) },
		"location no id":     func() error { return f.AddLocation(posfake.LocationSeed{}) },
		"location zone":      func() error { return f.AddLocation(posfake.LocationSeed{ID: "L2", TimeZone: "Nowhere/Town"}) },
		"location currency":  func() error { return f.AddLocation(posfake.LocationSeed{ID: "L2", Currency: "BTC"}) },
		"close nothing":      func() error { return f.RemoveLocation("L9") },
		"stock nowhere":      func() error { return f.SetStock("L9", "A", nil) },
		"power nowhere":      func() error { return f.SetOnline("L9", true) },
		"status nowhere":     func() error { return f.SetStatus(pos.Status{Location: "L9"}) },
		"tamper nowhere":     func() error { return f.Tamper(posfake.MenuEdit{Location: "L9"}) },
		"tamper with none":   func() error { return f.Tamper(posfake.MenuEdit{Location: "L1", SKU: "A"}) },
		"fault kind":         func() error { _, err := f.Inject(posfake.Fault{Kind: "gremlins"}); return err },
		"fault operation":    func() error { _, err := f.Inject(posfake.Fault{Kind: posfake.FaultReset, Op: "Dance"}); return err },
		"fault status":       func() error { _, err := f.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 42}); return err },
		"fault latency":      func() error { _, err := f.Inject(posfake.Fault{Kind: posfake.FaultLatency}); return err },
	} {
		if err := do(); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
}

// Sales take the packages that expire first, and coupons see their expiry.
func TestLots(t *testing.T) {
	t.Parallel()
	f := posfake.New(posfake.Config{})
	item := pos.Item{SKU: "BOWL-1", Name: "Bowl", Price: pos.Money{Amount: 1000, Currency: "USD"}}
	if _, err := f.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{item}}}); err != nil {
		t.Fatal(err)
	}
	zone, err := pos.Zone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	today := pos.DateOf(f.Now(), zone)
	err = f.SetLots("L1", "BOWL-1",
		pos.Lot{ID: "late", Expires: today.AddDays(5), Quantity: pos.Units(3)},
		pos.Lot{ID: "soon", Expires: today.AddDays(1), Quantity: pos.Units(2)})
	if err != nil {
		t.Fatal(err)
	}
	near := pos.Coupon{ID: "near", Name: "Last day", Percent: pos.Percent(50), NearExpiryDays: 1}
	if _, err := f.PushCoupons(t.Context(), pos.CouponPush{Coupons: []pos.Coupon{near}}); err != nil {
		t.Fatal(err)
	}
	buy := func(n int64) posfake.Record {
		r, err := f.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{SKU: "BOWL-1", Quantity: n}}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if got := buy(2).Discount; got != 1000 {
		t.Errorf("packages that expire tomorrow: discount %d", got)
	}
	if got := buy(1).Discount; got != 0 {
		t.Errorf("packages that keep: discount %d", got)
	}
	page, err := f.Inventory(t.Context(), pos.InventoryQuery{})
	if err != nil || len(page.Stock) != 1 {
		t.Fatalf("got %+v, %v", page, err)
	}
	if s := page.Stock[0]; s.OnHand != pos.Counted(pos.Units(2)) || len(s.Lots) != 1 || s.Lots[0].ID != "late" || s.Lots[0].Quantity != pos.Units(2) {
		t.Errorf("left are %+v", s)
	}
	buy(9) // more than was counted
	if page, err = f.Inventory(t.Context(), pos.InventoryQuery{}); err != nil || page.Stock[0].OnHand != pos.Counted(0) {
		t.Errorf("left are %+v, %v", page.Stock, err)
	}
}

func TestSetStatus(t *testing.T) {
	t.Parallel()
	f := posfake.New(posfake.Config{})
	err := f.SetStatus(pos.Status{Location: "L1", Online: pos.Yes, DoorClosed: pos.No, Temperature: &pos.Temperature{Celsius: 9, MaxCelsius: 5}})
	if err != nil {
		t.Fatal(err)
	}
	page, err := f.Status(t.Context(), pos.StatusQuery{})
	if err != nil {
		t.Fatal(err)
	}
	s := page.Statuses[0].At(f.Now())
	if s.DoorClosed != pos.No || s.Temperature == nil || s.Temperature.Celsius != 9 || s.ObservedAt.IsZero() || s.StaleAfter == 0 {
		t.Errorf("got %+v", s)
	}
}

// Moving the fake's clock and letting time pass are the same to it.
func TestClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := posfake.New(posfake.Config{})
		start := f.Now()
		f.Advance(time.Hour)
		f.Advance(-time.Hour)
		time.Sleep(time.Minute)
		if got := f.Now().Sub(start); got != time.Hour+time.Minute {
			t.Errorf("%v have passed", got)
		}
	})
}

// A deferred system accepts at once and does the work later.
func TestDeferred(t *testing.T) {
	t.Parallel()
	caps := posfake.AllCapabilities()
	caps.Deferred = true
	f := posfake.New(posfake.Config{Capabilities: &caps})
	push := pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{{SKU: "A", Name: "A", Price: pos.Money{Amount: 1, Currency: "USD"}}}}}
	for _, want := range []pos.Action{pos.Pending, pos.Unchanged} {
		report, err := f.PushMenu(t.Context(), push)
		if err != nil {
			t.Fatal(err)
		}
		if o, _ := report.At("A", "L1"); o.Action != want {
			t.Errorf("got %s, want %s", o.Action, want)
		}
		if on := len(f.Menu()); on != 0 && want == pos.Pending {
			t.Errorf("%d items are on sale already", on)
		}
		f.Advance(2 * time.Minute)
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	key := pos.NewSecret("sample-key")
	f := posfake.New(posfake.Config{WebhookSecret: key})
	own := posfake.Sign(key, pos.Notice{ID: "e1", Type: "account.revoked", Job: pos.JobAccount, Alarm: "authorization withdrawn"})
	if err := f.Webhook().Verify(own.Header, own.Body); err != nil {
		t.Error(err)
	}
	if ns, err := f.Webhook().Parse(own.Header, own.Body); err != nil || len(ns) != 1 || ns[0].Alarm == "" {
		t.Errorf("got %+v, %v", ns, err)
	}
	other := posfake.Sign(pos.NewSecret("other"), pos.Notice{ID: "e1", Job: pos.JobStatus})
	if err := f.Webhook().Verify(other.Header, other.Body); !errors.Is(err, pos.ErrAuth) {
		t.Errorf("another key: %v", err)
	}
	if err := f.SetStock("L1", "A", new(int64(3))); err != nil {
		t.Fatal(err)
	}
	if sent := f.Callbacks(); len(sent) != 1 {
		t.Errorf("%d callbacks for a count", len(sent))
	}
	if sent := f.Callbacks(); len(sent) != 0 {
		t.Errorf("%d callbacks are sent again", len(sent))
	}
}

func FuzzWebhook(f *testing.F) {
	hook := posfake.New(posfake.Config{}).Webhook()
	good := posfake.Sign(pos.NewSecret(posfake.WebhookSecret), pos.Notice{ID: "e1", Job: pos.JobPurchases, Records: []string{"s1"}})
	f.Add(good.Header.Get(posfake.SignatureHeader), good.Body)
	f.Add("", []byte("{}"))
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		header := good.Header.Clone()
		header.Set(posfake.SignatureHeader, signature)
		if err := hook.Verify(header, body); err == nil && string(body) != string(good.Body) {
			t.Errorf("a forged callback is accepted: %q", body)
		}
		if ns, err := hook.Parse(header, body); err == nil {
			for _, n := range ns {
				if n.ID == "" || n.Job == "" {
					t.Errorf("a notice without id or job: %+v", n)
				}
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	fake := posfake.New(posfake.Config{PageSize: 1})
	for range 3 {
		if _, err := fake.Sell(posfake.Sale{Location: "L1", Lines: soup(1)}); err != nil {
			f.Fatal(err)
		}
	}
	page, err := fake.Purchases(f.Context(), pos.PurchaseQuery{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(page.Next))
	f.Add("pf1.purchases....")
	f.Fuzz(func(t *testing.T, cursor string) {
		got, err := fake.Purchases(t.Context(), pos.PurchaseQuery{After: pos.Cursor(cursor)})
		if err == nil && cursor != "" && cursor != string(page.Next) && len(got.Purchases) > 1 {
			t.Errorf("cursor %q gives %d purchases", cursor, len(got.Purchases))
		}
		if err != nil && !errors.Is(err, pos.ErrCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	})
}
