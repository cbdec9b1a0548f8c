package quickbooksdesktop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// shop is a simulated computer with QuickBooks Point of Sale whose Web Connector
// calls a provider.
type shop struct {
	fake  *quickbooksdesktopfake.POS
	store *pos.MemoryStore
	cfg   quickbooksdesktop.Config
}

func retailConfig() quickbooksdesktop.Config {
	cfg := config()
	cfg.Product, cfg.Interval = quickbooksdesktop.PointOfSale, interval
	return cfg
}

func newShop(tb testing.TB, set func(*quickbooksdesktop.Config)) *shop {
	tb.Helper()
	fake, err := quickbooksdesktopfake.NewPOS(quickbooksdesktopfake.Config{
		Password: password, UserName: "kiosk-014", Interval: interval, OwnerID: ownerID, FileID: fileID, TimeZone: "America/Los_Angeles", Items: 3,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(fake.Close)
	s := &shop{fake: fake, store: &pos.MemoryStore{}, cfg: retailConfig()}
	if set != nil {
		set(&s.cfg)
	}
	return s
}

func (s *shop) open(tb testing.TB) *quickbooksdesktop.Provider {
	tb.Helper()
	p, err := quickbooksdesktop.New(s.cfg, &kit.Options{Store: s.store})
	if err != nil {
		tb.Fatal(err)
	}
	s.fake.Connect(p.Handler())
	return p
}

// run lets the Web Connector run once.
func (s *shop) run(tb testing.TB) quickbooksdesktopfake.Run {
	tb.Helper()
	run, err := s.fake.RunOnce(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

// The suite, with the configuration that only reads.
func TestPOSConformance(t *testing.T) {
	t.Parallel()
	postest.Run(t, func(t *testing.T) postest.Harness {
		t.Helper()
		s := newShop(t, func(c *quickbooksdesktop.Config) { c.LateBy, c.Keep = 24*time.Hour, 30*24*time.Hour })
		p := s.open(t)
		if run := s.run(t); run.Outcome != quickbooksdesktopfake.Done {
			t.Fatalf("the first run: %+v", run)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = s.fake.AutoRun(ctx)
		}()
		t.Cleanup(func() { cancel(); <-done })
		synctest.Wait() // until the schedule has begun
		return postest.Harness{
			Provider: p, Sim: s.fake,
			Reopen: func() pos.Provider { return s.open(t) },
			Settle: func() {
				<-time.After(2 * time.Second) // records of this second may still come
				if err := s.fake.RunUntilIdle(t.Context(), 20); err != nil {
					t.Logf("the Web Connector: %v", err)
				}
			},
			Secrets: []string{password, passwordHash, "Walk-in", "Wanda", "Sam Sample"},
			Budget: postest.Budget{
				IdlePoll:  func(int) int { return 0 },
				Status:    func(int) int { return 0 },
				Inventory: func(int, int) int { return 0 },
			},
		}
	})
}

func TestPOSCapabilities(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*quickbooksdesktop.Config){
		"pos_capabilities.json":       nil,
		"pos_capabilities_write.json": func(c *quickbooksdesktop.Config) { c.Department = quickbooksdesktopfake.Department },
	} {
		text, err := json.MarshalIndent(newShop(t, set).open(t).Describe(), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, append(text, '\n'))
	}
}

func TestPOSConfigProblems(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*quickbooksdesktop.Config){
		"product":    func(c *quickbooksdesktop.Config) { c.Product = "till" },
		"location":   func(c *quickbooksdesktop.Config) { c.Location = quickbooksdesktop.ByClass },
		"late_by_ns": func(c *quickbooksdesktop.Config) { c.LateBy = 73 * time.Hour },
		"invoices":   func(c *quickbooksdesktop.Config) { c.Invoices = true },
		"accounts":   func(c *quickbooksdesktop.Config) { c.Accounts.Income = "Sales" },
		"department": func(c *quickbooksdesktop.Config) { c.Product, c.Department = "", "1" },
	} {
		cfg := retailConfig()
		set(&cfg)
		_, err := quickbooksdesktop.New(cfg, nil)
		var ps pos.Problems
		if !errors.As(err, &ps) || len(ps) != 1 || ps[0].Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPOSQWC(t *testing.T) {
	t.Parallel()
	file, err := newShop(t, nil).open(t).QWC(quickbooksdesktop.QWCConfig{AppName: "Farmacy POS Sync", AppURL: "https://pos.example.com/qbwc"})
	if err != nil || !strings.Contains(string(file), "<QBType>QBPOS</QBType>") {
		t.Errorf("%s %v", file, err)
	}
}

var usual = []pos.Item{
	{SKU: "MEAL-0101", Name: "Bowl", Price: usd(1150), GTIN: "036000291452"},
	{SKU: "MEAL-0102", Name: "A wrap with a name that is longer than the field", Price: usd(995), TaxExempt: true},
}

// outcomes pushes and returns actions by SKU.
func outcomes(t *testing.T, p pos.Provider, push pos.MenuPush) map[string]pos.Action {
	t.Helper()
	report, err := p.PushMenu(t.Context(), push)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]pos.Action)
	for _, o := range report.Outcomes {
		out[o.Item] = o.Action
		if (o.Action == pos.Refused) != errors.Is(o.Err, pos.ErrUnsupported) {
			t.Errorf("%s is %s: %v", o.Item, o.Action, o.Err)
		}
	}
	return out
}

func expect(t *testing.T, step string, got map[string]pos.Action, want pos.Action) {
	t.Helper()
	for _, it := range usual {
		if got[it.SKU] != want {
			t.Errorf("%s: %s is %q, want %s", step, it.SKU, got[it.SKU], want)
		}
	}
}

func (s *shop) row(sku string) posfake.MenuRow {
	rows := s.fake.Menu()
	if i := slices.IndexFunc(rows, func(r posfake.MenuRow) bool { return r.SKU == sku }); i >= 0 {
		return rows[i]
	}
	return posfake.MenuRow{}
}

// New items, changes, what cannot be expressed, and somebody else's items.
func TestPOSMenu(t *testing.T) {
	t.Parallel()
	s := newShop(t, func(c *quickbooksdesktop.Config) { c.Department = quickbooksdesktopfake.Department })
	p := s.open(t)
	s.run(t)
	push := pos.MenuPush{Menu: pos.Menu{Items: slices.Clone(usual)}}
	expect(t, "the first push", outcomes(t, p, push), pos.Pending)
	s.run(t)
	expect(t, "after the run", outcomes(t, p, push), pos.Created)
	expect(t, "repeated", outcomes(t, p, push), pos.Unchanged)
	if r := s.row("MEAL-0102"); r.Name != "A wrap with a name that is lon" || r.Price != 995 {
		t.Errorf("the item is %+v", r)
	}
	push.Menu.Items[0].Price, push.Menu.Items[1].Price = usd(1200), usd(1000)
	expect(t, "changed", outcomes(t, p, push), pos.Pending)
	s.run(t)
	expect(t, "changed, after the run", outcomes(t, p, push), pos.Updated)
	if r := s.row("MEAL-0101"); r.Price != 1200 {
		t.Errorf("the item is %+v", r)
	}
	before := len(s.fake.Requests())
	push.Menu.Items[0].Unavailable = true
	push.Menu.Items[1] = pos.Item{SKU: "HOST-FARM-001", Name: "Theirs", Price: usd(100)}
	push.Menu.Items = append(push.Menu.Items, pos.Item{SKU: "MEAL-" + strings.Repeat("9", 16), Name: "Long", Price: usd(100)})
	got := outcomes(t, p, push)
	for sku, want := range map[string]pos.Action{
		"MEAL-0101": pos.Refused, "MEAL-0102": pos.Refused, "HOST-FARM-001": pos.Failed, "MEAL-" + strings.Repeat("9", 16): pos.Refused,
	} {
		if got[sku] != want {
			t.Errorf("%s is %q, want %s", sku, got[sku], want)
		}
	}
	s.run(t)
	for _, r := range s.fake.Requests()[before:] {
		if r.Write {
			t.Errorf("%s was sent", r.Op)
		}
	}
}

// Without message set ids, a change whose reply was lost is not sent blindly
// again: the items show that it was carried out.
func TestPOSLostReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, lostReply) // NoOp takes 5 seconds each
}

func lostReply(t *testing.T) {
	t.Helper()
	s := newShop(t, func(c *quickbooksdesktop.Config) { c.Department = quickbooksdesktopfake.Department })
	p := s.open(t)
	s.run(t)
	push := pos.MenuPush{Menu: pos.Menu{Items: usual}}
	outcomes(t, p, push)
	if _, err := s.fake.Inject(posfake.Fault{Kind: posfake.FaultLostReply, Op: "ItemInventoryAdd", Skip: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.fake.RunOnce(t.Context()); err == nil {
		t.Fatal("the session was not lost")
	}
	p = s.open(t)
	if err := s.fake.RunUntilIdle(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	adds := 0
	for _, r := range s.fake.Requests() {
		if r.Op == "ItemInventoryAdd" {
			adds++
		}
	}
	if adds != len(usual) {
		t.Errorf("%d items were added, want %d", adds, len(usual))
	}
	outcomes(t, p, push)
	expect(t, "after the recovery", outcomes(t, p, push), pos.Unchanged)
}

func TestPOSReadsOnly(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	p := s.open(t)
	s.run(t)
	if _, err := p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: usual}}); !errors.Is(err, pos.ErrUnsupported) {
		t.Errorf("a push: %v", err)
	}
	if _, err := p.PushCoupons(t.Context(), pos.CouponPush{}); !errors.Is(err, pos.ErrUnsupported) {
		t.Errorf("coupons: %v", err)
	}
}

// Counts by store; an item that is not counted in a store has no row there.
func TestPOSInventory(t *testing.T) {
	t.Parallel()
	s := newShop(t, func(c *quickbooksdesktop.Config) { c.Adopt = []string{"HOST-FARM-001"} })
	p := s.open(t)
	seven, none := int64(7), int64(0)
	for store, n := range map[string]*int64{"1": &seven, "2": &none} {
		if err := s.fake.SetStock(store, "HOST-FARM-001", n); err != nil {
			t.Fatal(err)
		}
	}
	s.run(t)
	page, err := p.Inventory(t.Context(), pos.InventoryQuery{})
	if err != nil || len(page.Stock) != 2 {
		t.Fatalf("%+v %v", page, err)
	}
	want := map[string]pos.Count{"1": pos.Counted(pos.Units(7)), "2": pos.Counted(0)}
	for _, row := range page.Stock {
		if row.SKU != "HOST-FARM-001" || row.OnHand != want[row.Location] || row.Available != want[row.Location] {
			t.Errorf("stock %+v", row)
		}
	}
	if _, err := p.Inventory(t.Context(), pos.InventoryQuery{Locations: []string{"9"}}); !errors.Is(err, pos.ErrNotFound) {
		t.Errorf("a store that is not there: %v", err)
	}
}

// A receipt on hold is no sale until it is completed.
func TestPOSHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, nil)
		p := s.open(t)
		sale, err := s.fake.Sell(posfake.Sale{Location: "1", Lines: []posfake.SaleLine{{SKU: "HOST-FARM-001"}}, Tender: "none"})
		if err != nil {
			t.Fatal(err)
		}
		s.run(t)
		if n := count(t, p); n != 0 {
			t.Errorf("a receipt on hold was delivered")
		}
		<-time.After(time.Hour)
		if _, err := s.fake.Edit(posfake.Edit{ID: sale.ID, Pay: true}); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		s.run(t)
		if n := count(t, p); n != 1 {
			t.Errorf("%d purchases, want 1", n)
		}
	})
}

// The Web Connector of another company gets no work.
func TestPOSWrongCompany(t *testing.T) {
	t.Parallel()
	s := newShop(t, func(c *quickbooksdesktop.Config) { c.FileID = "{1d4c1c9a-7a0b-4a4e-9f2c-90a1f5f6c099}" })
	p := s.open(t)
	if _, err := s.fake.Sell(posfake.Sale{Location: "1", Lines: []posfake.SaleLine{{SKU: "HOST-FARM-001"}}}); err != nil {
		t.Fatal(err)
	}
	if run := s.run(t); run.Outcome != quickbooksdesktopfake.Stopped || !strings.Contains(run.Message, "wrong company") {
		t.Errorf("the run: %+v", run)
	}
	if _, err := p.Purchases(t.Context(), pos.PurchaseQuery{}); !errors.Is(err, pos.ErrUnavailable) {
		t.Errorf("purchases of another company: %v", err)
	}
}

// What the documentation promises about message sets holds here, too.
func TestPOSBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, func(c *quickbooksdesktop.Config) { c.Department = quickbooksdesktopfake.Department })
		p := s.open(t)
		s.run(t)
		<-time.After(time.Hour)
		if run := s.run(t); run.Sets != 1 {
			t.Errorf("an idle run takes %d message sets", run.Sets)
		}
		var push pos.MenuPush
		for i := range 500 {
			push.Menu.Items = append(push.Menu.Items, pos.Item{SKU: fmt.Sprintf("MEAL-%04d", i), Name: "Bowl", Price: usd(1150)})
		}
		outcomes(t, p, push)
		// One set to read, 5 to write 500 items, 3 to read 504 items back.
		if run := s.run(t); run.Sets != 9 || run.Writes != 500 {
			t.Errorf("500 new items take %d message sets with %d writes", run.Sets, run.Writes)
		}
		report, err := p.PushMenu(t.Context(), push)
		if err != nil || report.Count(pos.Created) != 500*2 { // in two stores
			t.Errorf("%d created: %v", report.Count(pos.Created), err)
		}
	})
}

// What was read of one product is not taken for the other's.
func TestPOSKeepsApart(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	p := s.open(t)
	s.run(t)
	page, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
	if err != nil {
		t.Fatal(err)
	}
	other, c := open(t, s.store)
	if _, err := other.Locations(t.Context(), pos.LocationQuery{}); !errors.Is(err, pos.ErrUnavailable) {
		t.Errorf("locations of QuickBooks Desktop: %v", err)
	}
	c.run(&book{records: map[string][]string{"ClassQuery": {class}}})
	if _, err := other.Purchases(t.Context(), pos.PurchaseQuery{After: page.Next}); !errors.Is(err, pos.ErrCursor) {
		t.Errorf("a cursor of the other product: %v", err)
	}
}
