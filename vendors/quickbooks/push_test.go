package quickbooks_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

func usd(n int64) pos.Money { return pos.Money{Amount: n, Currency: "USD"} }

func bowl(sku, name string) pos.Item {
	return pos.Item{SKU: sku, Name: name, Category: "Bowls", Price: usd(1150)}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	p := newProvider(t, fake, nil, nil)
	cheap := usd(99)
	for name, tc := range map[string]struct {
		locations []string
		item      pos.Item
		whole     error // of the push
		reason    string
	}{
		"some locations":     {locations: []string{"14", "15"}, item: bowl("A", "A"), whole: pos.ErrUnsupported, reason: "location 16"},
		"unknown location":   {locations: []string{"99"}, item: bowl("A", "A"), whole: pos.ErrInvalid, reason: "99"},
		"price of one place": {item: pos.Item{SKU: "A", Name: "A", Price: usd(100), Overrides: []pos.Override{{Location: "14", Price: &cheap}}}, reason: "Overrides"},
		"another currency":   {item: pos.Item{SKU: "A", Name: "A", Price: pos.Money{Amount: 1, Currency: "EUR"}}, reason: "USD"},
		"colon":              {item: bowl("A", "A: B"), reason: "colon"},
		"long name":          {item: bowl("A", strings.Repeat("ä", 101)), reason: "100 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := p.PushMenu(t.Context(), pos.MenuPush{Locations: tc.locations, Menu: pos.Menu{Items: []pos.Item{tc.item}}, Partial: true})
			if tc.whole != nil {
				if !errors.Is(err, tc.whole) || !strings.Contains(err.Error(), tc.reason) {
					t.Errorf("got %v, want %v about %q", err, tc.whole, tc.reason)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			o, _ := report.At("A", "14")
			if o.Action != pos.Refused || !errors.Is(o.Err, pos.ErrUnsupported) || !strings.Contains(o.Err.Error(), tc.reason) {
				t.Errorf("got %s with %v, want refused about %q", o.Action, o.Err, tc.reason)
			}
		})
	}
}

// TestNameTaken: names are unique in their category, and somebody else's item
// is not touched.
func TestNameTaken(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	p := newProvider(t, fake, nil, nil)
	if err := fake.AddForeign("THEIRS", "Cola", 250); err != nil {
		t.Fatal(err)
	}
	items := []pos.Item{
		{SKU: "A", Name: "cola", Price: usd(300)}, bowl("B", "Cola"), bowl("C", "Miso"), bowl("D", "MISO"),
	}
	report, err := p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: items}})
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]pos.Action)
	for _, o := range report.Outcomes {
		got[o.Item] = o.Action
	}
	want := map[string]pos.Action{"A": pos.Failed, "B": pos.Created, "C": pos.Created, "D": pos.Refused}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if o, _ := report.At("A", "14"); !errors.Is(o.Err, pos.ErrConflict) {
		t.Errorf("a name of somebody else: %v", o.Err)
	}
}

// TestRefusedIsTriedAgain: the id of a request follows from the state of the
// company, so that QuickBooks does not repeat an old refusal for ever.
func TestRefusedIsTriedAgain(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	p := newProvider(t, fake, nil, func(c *quickbooks.Config) { c.IncomeAccount = "4711" }) // no such account
	push := pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{bowl("A", "A")}}, ChangeID: "c-1"}
	report, err := p.PushMenu(t.Context(), push)
	var f *quickbooks.Fault
	if err != nil || !errors.As(report.Err(), &f) || f.Details[0].Code != "2500" {
		t.Fatalf("got %v and %v, want a fault 2500", err, report.Err())
	}
	p = newProvider(t, fake, nil, nil)
	if report, err = p.PushMenu(t.Context(), push); err != nil || report.Count(pos.Created) != 3 {
		t.Errorf("got %v and %+v, want a new item", err, report)
	}
}

// TestStale: an item that somebody changes between our read and our write is
// read and written again; the change to another field survives.
func TestStale(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	p := newProvider(t, fake, nil, nil)
	items := []pos.Item{bowl("A", "A"), bowl("B", "B")}
	if report, err := p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: items}}); err != nil || report.Err() != nil {
		t.Fatal(err, report.Err())
	}
	mend, err := fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 409, Op: "Batch", Times: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer mend()
	if err := fake.Tamper(posfake.MenuEdit{Location: "14", SKU: "A", Note: "shelf 3"}); err != nil {
		t.Fatal(err)
	}
	items[0].Price, items[1].Price = usd(1200), usd(1300)
	report, err := p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: items}})
	if err != nil || report.Err() != nil || report.Count(pos.Updated) != 6 || report.Writes != 3 {
		t.Errorf("got %v, %v and %+v", err, report.Err(), report)
	}
	if note := fake.Note("14", "A"); note != "shelf 3" {
		t.Errorf("the note is %q", note)
	}
}

// TestNewAndUnavailable: a meal that cannot be sold yet is not made yet.
func TestNewAndUnavailable(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	p := newProvider(t, fake, nil, nil)
	for _, step := range []struct {
		unavailable bool
		want        pos.Action
	}{{true, pos.Unchanged}, {false, pos.Created}, {true, pos.Updated}, {true, pos.Unchanged}, {false, pos.Updated}, {false, pos.Unchanged}} {
		it := bowl("A", "A")
		it.Unavailable = step.unavailable
		report, err := p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{it}}})
		if err != nil {
			t.Fatal(err)
		}
		if o, _ := report.At("A", "14"); o.Action != step.want {
			t.Errorf("unavailable %t: got %s, want %s (%v)", step.unavailable, o.Action, step.want, o.Err)
		}
	}
}

// TestCategories: they are used by name, made when missing, and left when empty.
func TestCategories(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	p := newProvider(t, fake, nil, nil)
	push := func(category string, writes int) {
		t.Helper()
		it := bowl("A", "A")
		it.Category = category
		plan, err := p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{it}}, DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		report, err := p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{it}}})
		if err != nil || report.Err() != nil {
			t.Fatal(err, report.Err())
		}
		if report.Writes != writes || plan.Writes != writes {
			t.Errorf("category %q: %d writes, planned %d, want %d", category, report.Writes, plan.Writes, writes)
		}
	}
	push("Bowls", 2)
	push("Bowls", 0)
	push("Salads", 2)
	push("Bowls", 1)
	push("", 1)
	push("", 0)
}

func TestLedgerCoupons(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	p := newProvider(t, fake, nil, func(c *quickbooks.Config) {
		c.LedgerCoupons, c.DiscountAccount = true, fake.Accounts().Discounts
	})
	plain := pos.Coupon{ID: "c-1", Name: "Spring", Percent: pos.Percent(10), Codes: []string{"SPRING"}}
	capped := pos.Coupon{ID: "c-2", Name: "Capped", Percent: pos.Percent(10), Codes: []string{"CAPPED"}, MaxUses: 5}
	report, err := p.PushCoupons(t.Context(), pos.CouponPush{Coupons: []pos.Coupon{plain, capped}})
	if err != nil {
		t.Fatal(err)
	}
	o, _ := report.At("c-1", "14")
	if o.Action != pos.Created || len(o.Notes) != 1 || !strings.Contains(o.Notes[0].Reason, "enforces neither") {
		t.Errorf("the coupon is %+v", o)
	}
	if o, _ := report.At("c-2", "14"); o.Action != pos.Refused {
		t.Errorf("a limit that nobody enforces is %s", o.Action)
	}
	again, err := p.PushCoupons(t.Context(), pos.CouponPush{Coupons: []pos.Coupon{plain}})
	if err != nil || again.Writes != 0 {
		t.Errorf("the repeat wrote %d (%v)", again.Writes, err)
	}
	// A menu push leaves it alone, and a sale tells the code.
	if report, err = p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{bowl("A", "A")}}}); err != nil || report.Err() != nil {
		t.Fatal(err, report.Err())
	}
	fake.Promote("SPRING", quickbooksfake.Offer{BasisPoints: 1000, AsItem: true})
	if _, err := fake.Sell(posfake.Sale{Location: "14", Lines: []posfake.SaleLine{{SKU: "A"}}, Codes: []string{"SPRING"}}); err != nil {
		t.Fatal(err)
	}
	fake.Advance(3_000_000_000)
	page, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
	if err != nil || len(page.Purchases) != 1 {
		t.Fatalf("%d purchases, %v", len(page.Purchases), err)
	}
	want := []pos.Applied{{ID: page.Purchases[0].Discounts[0].ID, Coupon: "c-1", Code: "SPRING", Name: "Coupon SPRING", Amount: usd(115)}}
	if diff := cmp.Diff(want, page.Purchases[0].Discounts); diff != "" {
		t.Error(diff)
	}
	gone, err := p.PushCoupons(t.Context(), pos.CouponPush{MaxWithdraw: pos.Percent(100)})
	if err != nil || gone.Count(pos.Withdrawn) != 3 {
		t.Errorf("withdrawn: %+v, %v", gone, err)
	}
}

// TestCounted: with an asset account QuickBooks counts what it sells.
func TestCounted(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	p := newProvider(t, fake, nil, func(c *quickbooks.Config) { c.AssetAccount = fake.Accounts().Asset })
	if report, err := p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{bowl("A", "A")}}}); err != nil || report.Err() != nil {
		t.Fatal(err, report.Err())
	}
	seven := int64(7)
	if err := fake.SetStock("14", "A", &seven); err != nil {
		t.Fatal(err)
	}
	if _, err := fake.Sell(posfake.Sale{Location: "15", Lines: []posfake.SaleLine{{SKU: "A", Quantity: 2}}}); err != nil {
		t.Fatal(err)
	}
	page, err := p.Inventory(t.Context(), pos.InventoryQuery{Locations: []string{"14"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []pos.Stock{{Location: fake.Credentials().Realm, SKU: "A", Name: "A", OnHand: pos.Counted(pos.Units(5)), InStock: pos.Yes}}
	for i := range page.Stock {
		page.Stock[i].VendorID = ""
	}
	if diff := cmp.Diff(want, page.Stock); diff != "" {
		t.Error(diff)
	}
}
