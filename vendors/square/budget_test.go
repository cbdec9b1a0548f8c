package square_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// calls counts the requests that fn causes, and the writes among them.
func calls(fake *squarefake.Fake, fn func()) (all, writes int) {
	before := len(fake.Requests())
	fn()
	for _, r := range fake.Requests()[before:] {
		all++
		if r.Write {
			writes++
		}
	}
	return all, writes
}

func ids(t testing.TB, p pos.Provider) []string {
	t.Helper()
	var list []string
	for l, err := range pos.AllLocations(t.Context(), p, pos.LocationQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, l.ID)
	}
	return list
}

// TestIdlePollCalls: 1,000 idle locations are 100 calls.
func TestIdlePollCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := squarefake.New(squarefake.Config{Locations: 1000})
		defer fake.Close()
		p := newProvider(t, fake, nil, nil)
		all := ids(t, p)
		price := int64(900)
		for i := range 5 {
			if _, err := fake.Sell(posfake.Sale{Location: all[i*37], Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}}); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(time.Minute)
		cursors := make(map[int]pos.Cursor)
		sales := 0
		poll := func() {
			for i, group := range p.Describe().Capabilities.Purchases.Groups(all) {
				q := pos.PurchaseQuery{Locations: group, After: cursors[i]}
				for page, err := range pos.PurchasePages(t.Context(), p, q) {
					if err != nil {
						t.Fatal(err)
					}
					sales += len(page.Purchases)
					cursors[i] = page.Next
				}
			}
		}
		poll()
		for range 3 {
			<-time.After(time.Minute)
			if n, _ := calls(fake, poll); n != 100 {
				t.Errorf("an idle poll is %d calls, want 100", n)
			}
		}
		if sales != 5 {
			t.Errorf("%d sales came, want 5", sales)
		}
	})
}

// bigMenu differs by location here and there, as real ones do.
func bigMenu(items int, locations []string) pos.Menu {
	var m pos.Menu
	for i := range items {
		it := pos.Item{
			SKU: fmt.Sprintf("FARM-%04d", i), Name: fmt.Sprintf("Meal %d", i), Description: "Fresh today.",
			Category: []string{"Bowls", "Salads", "Soups"}[i%3], Price: pos.Money{Amount: int64(895 + i), Currency: "USD"},
		}
		dear := it.Price
		dear.Amount += 100
		for k := i % 50; k < len(locations); k += 50 {
			it.Overrides = append(it.Overrides, pos.Override{Location: locations[k], Price: &dear, Unavailable: k%100 == 7})
		}
		m.Items = append(m.Items, it)
	}
	return m
}

// TestMenuCalls: 500 items at 1,000 locations are one write, after one for new
// categories, and none when nothing changed.
func TestMenuCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := squarefake.New(squarefake.Config{Locations: 1000})
		defer fake.Close()
		p := newProvider(t, fake, nil, nil)
		menu := bigMenu(500, ids(t, p))
		push := func(want int) pos.PushReport {
			t.Helper()
			var report pos.PushReport
			_, writes := calls(fake, func() {
				var err error
				if report, err = p.PushMenu(t.Context(), pos.MenuPush{Menu: menu}); err != nil {
					t.Fatal(err)
				}
			})
			if err := report.Err(); err != nil {
				t.Fatal(err)
			}
			if writes != want || report.Writes != want {
				t.Errorf("%d writes, reported %d, want %d", writes, report.Writes, want)
			}
			return report
		}
		if got := push(2).Count(pos.Created); got != 500_000 {
			t.Errorf("%d pairs created, want 500,000", got)
		}
		if got := push(0).Count(pos.Unchanged); got != 500_000 {
			t.Errorf("%d pairs unchanged, want 500,000", got)
		}
		menu.Items[17].Price.Amount++
		if got := push(1).Count(pos.Updated); got == 0 || got > 1000 {
			t.Errorf("%d pairs updated by one new price, want at most 1,000", got)
		}
	})
}

func BenchmarkJobs(b *testing.B) {
	postest.Benchmark(b, postest.Size{Items: 500, Locations: 1000, Sales: 1000}, func(b *testing.B, size postest.Size) postest.Harness {
		b.Helper()
		fake := squarefake.New(squarefake.Config{Places: fakekit.Locations(1, "L", size.Locations)})
		b.Cleanup(fake.Close)
		p := newProvider(b, fake, nil, func(c *square.Config) { c.RequestsPerSecond = 1_000_000 })
		return postest.Harness{Provider: p, Sim: fake}
	})
}
