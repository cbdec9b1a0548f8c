package pos_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// A host holds the interface; the value comes from a vendor's constructor, or
// in tests from posfake.
func Example() {
	ctx := context.Background()
	fake := posfake.New(posfake.Config{})
	var provider pos.Provider = fake

	menu := pos.Menu{Items: []pos.Item{{SKU: "BOWL-1", Name: "Salmon bowl", Price: pos.Money{Amount: 1395, Currency: "USD"}}}}
	report, err := provider.PushMenu(ctx, pos.MenuPush{Menu: menu})
	if err != nil || report.Err() != nil {
		fmt.Println(err, report.Err())
		return
	}
	fmt.Println("created:", report.Count(pos.Created))

	_, err = fake.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{SKU: "BOWL-1", Quantity: 2}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for p, err := range pos.AllPurchases(ctx, provider, pos.PurchaseQuery{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("sold:", p.Lines[0].Quantity, p.Lines[0].SKU, "for", p.Total)
	}
	// Output:
	// created: 1
	// sold: 2 BOWL-1 for 27.90 USD
}

// A dry run returns the plan and writes nothing.
func ExampleMenuPush() {
	ctx := context.Background()
	provider := posfake.New(posfake.Config{Locations: []posfake.LocationSeed{{ID: "L1"}, {ID: "L2"}}})
	menu := func(price int64) pos.Menu {
		return pos.Menu{Items: []pos.Item{{SKU: "BOWL-1", Name: "Salmon bowl", Price: pos.Money{Amount: price, Currency: "USD"}}}}
	}
	if _, err := provider.PushMenu(ctx, pos.MenuPush{Menu: menu(1395)}); err != nil {
		fmt.Println(err)
		return
	}
	plan, err := provider.PushMenu(ctx, pos.MenuPush{Menu: menu(1295), DryRun: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for location, o := range plan.Each() {
		fmt.Println(o.Item, "at", location, "would be", o.Action, o.Fields)
	}
	// Output:
	// BOWL-1 at L1 would be updated [Price]
	// BOWL-1 at L2 would be updated [Price]
}

// Store the cursor together with the effect of the page; after a restart,
// reading goes on there.
func ExamplePurchasePages() {
	ctx := context.Background()
	fake := posfake.New(posfake.Config{PageSize: 2})
	price := int64(950)
	for range 3 {
		if _, err := fake.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{Name: "Soup", Price: &price}}}); err != nil {
			fmt.Println(err)
			return
		}
	}
	var stored pos.Cursor
	for page, err := range pos.PurchasePages(ctx, fake, pos.PurchaseQuery{After: stored}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(page.Purchases), "sales, more:", page.More)
		stored = page.Next // keep it together with what you did with the page
	}
	fmt.Println("resume later:", stored != "")
	// Output:
	// 2 sales, more: true
	// 1 sales, more: false
	// resume later: true
}

func ExamplePrice() {
	basket := pos.Basket{
		Lines: []pos.BasketLine{
			{SKU: "BOWL-1", Quantity: pos.Units(2), UnitPrice: pos.Money{Amount: 1395, Currency: "USD"}},
			{SKU: "SOUP-1", Quantity: pos.Units(1), UnitPrice: pos.Money{Amount: 650, Currency: "USD"}},
		},
		Codes: []string{"SPRING"},
		At:    time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC),
	}
	quote, err := pos.Price(basket, []pos.Coupon{
		{ID: "spring-15", Name: "Spring", Percent: pos.Percent(15), Codes: []string{"SPRING"}},
		{ID: "bowl-1-off", Name: "A dollar off", Amount: pos.Money{Amount: 100, Currency: "USD"}, SKUs: []string{"BOWL-1"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range quote.Parts {
		fmt.Println(p.Coupon, "takes", p.Amount, "off line", p.Line)
	}
	fmt.Println("to pay:", quote.Total)
	// Output:
	// bowl-1-off takes 1.00 USD off line 0
	// spring-15 takes 4.04 USD off line 0
	// spring-15 takes 0.98 USD off line 1
	// to pay: 28.38 USD
}

func ExampleMenu_Validate() {
	err := pos.Menu{Items: []pos.Item{
		{SKU: "BOWL 1", Name: "Salmon bowl", Price: pos.Money{Amount: 1395, Currency: "USD"}},
		{SKU: "SOUP-1", Price: pos.Money{Amount: -5, Currency: "USD"}},
	}}.Validate()
	if problems, ok := errors.AsType[pos.Problems](err); ok {
		for _, p := range problems {
			fmt.Println(p)
		}
	}
	// Output:
	// BOWL 1: SKU: must be 1 to 64 printable ASCII characters without spaces
	// SOUP-1: Name: is empty
	// SOUP-1: Price: is negative
}

// What a system cannot express is refused before any request, with the
// nearest thing that it can.
func ExampleCapabilities_CheckCoupon() {
	caps := pos.Capabilities{Coupons: pos.CouponCaps{Percent: true, WholeBasket: true, Automatic: true}}
	problems := caps.CheckCoupon(pos.Coupon{ID: "first", Name: "First order", Percent: pos.Percent(10), FirstPurchaseOnly: true})
	fmt.Println(problems)
	// Output:
	// first: FirstPurchaseOnly: the system does not know new customers (nearest: end the coupon when enough were used)
}

func ExampleError() {
	fake := posfake.New(posfake.Config{})
	if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 429, RetryAfter: "2"}); err != nil {
		fmt.Println(err)
		return
	}
	_, err := fake.Status(context.Background(), pos.StatusQuery{})
	fmt.Println(err)
	fmt.Println(errors.Is(err, pos.ErrRateLimited), pos.IsRetryable(err), pos.RetryAfter(err))
	// Output:
	// posfake: ReadStatus: rate limited (429, retry after 2s): status 429: Too Many Requests
	// true true 2s
}

func ExampleMoney_Allocate() {
	parts, err := pos.Money{Amount: 100, Currency: "USD"}.Allocate(1, 1, 1)
	fmt.Println(parts, err)
	// Output:
	// [0.34 USD 0.33 USD 0.33 USD] <nil>
}

func ExampleParseMoney() {
	price, err := pos.ParseMoney("12.95", "USD")
	fmt.Println(price.Amount, price, err)
	_, err = pos.ParseMoney("12.955", "USD")
	fmt.Println(err)
	// Output:
	// 1295 12.95 USD <nil>
	// pos: amount "12.955" USD: more than 2 decimal places
}

// A status that is older than its limit says nothing.
func ExampleStatus_At() {
	heard := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := pos.Status{Location: "L1", Online: pos.Yes, ObservedAt: heard, StaleAfter: 10 * time.Minute}
	fmt.Println(s.At(heard.Add(5 * time.Minute)).Online)
	fmt.Println(s.At(heard.Add(time.Hour)).Online)
	// Output:
	// yes
	// unknown
}

// Not counted is not zero.
func ExampleCount() {
	fmt.Println(pos.Count{})
	fmt.Println(pos.Counted(0))
	fmt.Println(pos.Counted(pos.Units(12)))
	// Output:
	// not counted
	// 0
	// 12
}

func ExampleSecret() {
	key := pos.NewSecret("sample-key")
	fmt.Printf("%v %+v %q\n", key, struct{ Key pos.Secret }{key}, key)
	fmt.Println(len(key.Reveal()))
	// Output:
	// [redacted] {Key:[redacted]} [redacted]
	// 10
}

// A day's sales belong to the location's business day, not to that of UTC.
func ExampleLocation_BusinessDate() {
	bar := pos.Location{ID: "L1", TimeZone: "America/New_York", DayStart: 4 * 60}
	fmt.Println(bar.BusinessDate(time.Date(2026, 11, 24, 6, 30, 0, 0, time.UTC))) // 01:30 on Tuesday
	// Output:
	// 2026-11-23
}

func ExampleMemoryStore() {
	ctx := context.Background()
	var store pos.MemoryStore
	first, err := store.Put(ctx, "square.token", []byte("v1"), 0)
	fmt.Println(first, err)
	_, err = store.Put(ctx, "square.token", []byte("v2"), 0) // somebody was faster
	fmt.Println(errors.Is(err, pos.ErrConflict))
	// Output:
	// 1 <nil>
	// true
}

// A host checks that it has every sale of a day: the system's own totals minus
// the figures of what was delivered.
func ExampleDayTotaler() {
	ctx := context.Background()
	fake := posfake.New(posfake.Config{})
	price := int64(995)
	for range 3 {
		if _, err := fake.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{Name: "Soup", Price: &price}}}); err != nil {
			fmt.Println(err)
			return
		}
	}
	page, err := fake.Purchases(ctx, pos.PurchaseQuery{Limit: 2}) // one is missing
	if err != nil {
		fmt.Println(err)
		return
	}
	day := page.Purchases[0].BusinessDate

	totaler, ok := pos.Provider(fake).(pos.DayTotaler)
	if !ok {
		fmt.Println("the system has no totals")
		return
	}
	totals, err := totaler.DayTotals(ctx, pos.DayTotalsQuery{Location: "L1", BusinessDate: day})
	if err != nil {
		fmt.Println(err)
		return
	}
	ours, err := pos.FiguresOf(page.Purchases, totals.Counted, "USD")
	if err != nil {
		fmt.Println(err)
		return
	}
	missing, err := totals.Minus(ours)
	fmt.Println(*missing.Count, missing.Net, missing.IsZero(), err)
	// Output: 1 9.95 USD false <nil>
}
