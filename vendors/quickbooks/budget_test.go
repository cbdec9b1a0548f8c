package quickbooks_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

// calls counts the requests that fn causes, without those for tokens, and the
// writes among them.
func calls(fake *quickbooksfake.Fake, fn func()) (all, writes int) {
	before := len(fake.Requests())
	fn()
	for _, r := range fake.Requests()[before:] {
		if r.Op == "Token" {
			continue
		}
		all++
		if r.Write {
			writes++
		}
	}
	return all, writes
}

func menu(items int) pos.Menu {
	var m pos.Menu
	for i := range items {
		m.Items = append(m.Items, pos.Item{
			SKU: fmt.Sprintf("FARM-%04d", i), Name: fmt.Sprintf("Meal %d", i), Description: "Fresh today.",
			Price: pos.Money{Amount: int64(895 + i), Currency: "USD"},
		})
	}
	return m
}

// TestCalls holds the promises of the package comment for 500 items and 1,000
// locations: 17 batches for a new menu, one read for stock, status and a poll.
func TestCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, quickbooksfake.Config{Locations: 1000, Limits: true})
		p := newProvider(t, fake, nil, nil)
		ctx := t.Context()
		expect := func(what string, wantReads, wantWrites int, fn func() error) {
			t.Helper()
			all, writes := calls(fake, func() {
				if err := fn(); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			})
			if all-writes != wantReads || writes != wantWrites {
				t.Errorf("%s: %d reads and %d writes, want %d and %d", what, all-writes, writes, wantReads, wantWrites)
			}
		}
		push := func(m pos.Menu) func() error {
			return func() error {
				report, err := p.PushMenu(ctx, pos.MenuPush{Menu: m})
				if err != nil {
					return err
				}
				return report.Err()
			}
		}
		m := menu(500)
		// 1,000 places fill a page, so that another is asked for.
		expect("the company and its places", 3, 0, func() error {
			_, err := p.Locations(ctx, pos.LocationQuery{})
			return err
		})
		expect("a new menu", 3, 17, push(m))
		expect("the same menu", 3, 0, push(m))
		m.Items[17].Price.Amount++
		expect("one new price", 3, 1, push(m))
		expect("status", 2, 0, func() error {
			_, err := p.Status(ctx, pos.StatusQuery{})
			return err
		})
		expect("inventory", 1, 0, func() error {
			_, err := p.Inventory(ctx, pos.InventoryQuery{})
			return err
		})
		var cursor pos.Cursor
		poll := func() error {
			for page, err := range pos.PurchasePages(ctx, p, pos.PurchaseQuery{After: cursor, Since: fake.Now().Add(-time.Hour)}) {
				if err != nil {
					return err
				}
				cursor = page.Next
			}
			return nil
		}
		expect("a first poll", 1, 0, poll)
		for i, l := range fake.LocationIDs() {
			if i%20 == 0 {
				if _, err := fake.Sell(posfake.Sale{Location: l, Lines: []posfake.SaleLine{{SKU: "FARM-0001"}}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		<-time.After(5 * time.Minute)
		expect("a poll with news: payment methods and tax rates are new", 3, 0, poll)
		<-time.After(5 * time.Minute)
		expect("an idle poll of 1,000 locations", 1, 0, poll)
	})
}

// TestMeteredReads: a month of polls every five minutes stays far below the
// 500,000 reads of the smallest plan.
func TestMeteredReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, quickbooksfake.Config{})
		p := newProvider(t, fake, nil, nil)
		q := pos.PurchaseQuery{Since: fake.Now()}
		const polls = 12 * 24
		for range polls {
			<-time.After(5 * time.Minute)
			page, err := p.Purchases(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			q.After = page.Next
		}
		if n := fake.MeteredReads(); n > polls+1 {
			t.Errorf("a day of polls took %d metered reads, want %d", n, polls)
		}
	})
}

func BenchmarkJobs(b *testing.B) {
	postest.Benchmark(b, postest.Size{Items: 500, Locations: 1000, Sales: 500}, func(b *testing.B, size postest.Size) postest.Harness {
		b.Helper()
		fake := newFake(b, quickbooksfake.Config{Locations: size.Locations})
		return postest.Harness{Provider: newProvider(b, fake, nil, nil), Sim: fake}
	})
}
