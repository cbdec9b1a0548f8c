package quickbooksdesktop_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
)

// noon lets virtual time pass until a fixed day.
func noon() {
	<-time.After(time.Until(time.Date(2026, time.November, 23, 21, 0, 0, 0, time.UTC)))
}

func numbered(n int) string {
	return strings.NewReplacer("141CA5-1", fmt.Sprintf("141CA5-%d", n), "12:31:07", fmt.Sprintf("12:%02d:07", n%60)).Replace(receipt)
}

func count(t *testing.T, p pos.Provider) int {
	t.Helper()
	n := 0
	for _, err := range pos.AllPurchases(t.Context(), p, pos.PurchaseQuery{Limit: 7}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// A company file that was restored is read again from the start; what was
// delivered does not come twice, what is new does.
func TestRestore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		noon()
		p, c := open(t, &pos.MemoryStore{})
		old := append(make([]string, 12), numbered(1)+numbered(2))
		c.run(&book{records: map[string][]string{"ClassQuery": {class}, "SalesReceiptQuery": old}})
		if n := count(t, p); n != 2 {
			t.Fatalf("%d sales", n)
		}
		b := &book{records: map[string][]string{
			"ClassQuery":           {class},
			"CompanyActivityQuery": {"<CompanyActivityRet><LastRestoreTime>2026-11-23T12:50:00-08:00</LastRestoreTime></CompanyActivityRet>"},
			// The first answer was asked for before the restore was known.
			"SalesReceiptQuery": append(make([]string, 13), numbered(1)+numbered(2)+numbered(3)),
		}}
		c.run(b)
		if n := count(t, p); n != 3 {
			t.Errorf("after the restore: %d sales", n)
		}
		if len(b.seen) < 13 {
			t.Errorf("the file was read in %d sets only", len(b.seen))
		}
	})
}

// Two processes serve one Web Connector; hundreds of sales fill segments.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		noon()
		store := &pos.MemoryStore{}
		p, c := open(t, store)
		other, d := open(t, store)
		var page strings.Builder
		for n := range 150 {
			page.WriteString(numbered(n))
		}
		c.run(&book{records: map[string][]string{"ClassQuery": {class}, "SalesReceiptQuery": append(make([]string, 12), page.String())}})
		<-time.After(time.Minute)
		d.run(&book{records: map[string][]string{"ClassQuery": {class}, "SalesReceiptQuery": {numbered(59) + numbered(179) + numbered(160)}}})
		for _, provider := range []pos.Provider{p, other} {
			// 160 has a time of modification that is no longer asked for.
			if n := count(t, provider); n != 151 {
				t.Errorf("%d sales", n)
			}
		}
	})
}

// A query that ends three runs in a row is left out of the next.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	_, c := open(t, &pos.MemoryStore{})
	refused := 0
	for range 12 {
		b := &book{}
		ticket, _ := c.authenticate(password)
		for first := prelude(fileID); ; first = "" {
			request := c.send(ticket, first)
			if strings.Contains(request, "ClassQueryRq") {
				refused++
				c.receive(ticket, "", "0x80040400")
				break
			}
			if got := c.receive(ticket, b.reply(request), ""); got == "100" || got == "-1" {
				break
			}
		}
		c.call("closeConnection", "ticket", ticket)
	}
	if refused > 5 {
		t.Errorf("a query that QuickBooks refuses was sent %d times in 12 runs", refused)
	}
}

func TestSites(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Location, cfg.Adopt = quickbooksdesktop.BySite, []string{"MEAL-0101"}
	p, err := quickbooksdesktop.New(cfg, &kit.Options{Store: &pos.MemoryStore{}})
	if err != nil {
		t.Fatal(err)
	}
	c := &connector{t, p.Handler(), "192.0.2.1:4711"}
	row := `<ItemSitesRet><ListID>9-1</ListID><ItemInventoryRef><ListID>8000085A-MEAL-0101</ListID><FullName>MEAL-0101</FullName></ItemInventoryRef><InventorySiteRef><ListID>80000011-1</ListID></InventorySiteRef><QuantityOnHand>7</QuantityOnHand><QuantityOnSalesOrders>2</QuantityOnSalesOrders></ItemSitesRet>`
	c.run(&book{records: map[string][]string{
		"InventorySiteQuery": {strings.ReplaceAll(class, "ClassRet", "InventorySiteRet")},
		"ItemSitesQuery":     {row}, "ItemInventoryQuery": {item("MEAL-0101", "11.50", "1", "")},
	}})
	page, err := p.Inventory(t.Context(), pos.InventoryQuery{Locations: []string{"80000011-1"}, Raw: true})
	if err != nil || len(page.Stock) != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	s := page.Stock[0]
	if s.SKU != "MEAL-0101" || s.Location != "80000011-1" || s.OnHand != pos.Counted(pos.Units(7)) || s.Available != pos.Counted(pos.Units(5)) || len(s.Raw) == 0 {
		t.Errorf("stock %+v", s)
	}
	status, err := p.Status(t.Context(), pos.StatusQuery{Raw: true})
	if err != nil || len(status.Statuses) != 1 || status.Statuses[0].Online != pos.Yes || status.Statuses[0].ObservedAt.IsZero() {
		t.Errorf("status %+v %v", status, err)
	}
}

// An item that carries our mark is ours although the store was lost.
func TestOwnershipSurvivesTheStore(t *testing.T) {
	t.Parallel()
	p, c := open(t, &pos.MemoryStore{})
	b := &book{records: map[string][]string{"ClassQuery": {class}}}
	c.run(b)
	outcome(t, p, menu(1150))
	b.records = map[string][]string{"ClassQuery": {class}}
	b.writes = map[string]string{"ItemInventoryAdd": ` statusCode="0">`}
	c.run(b)
	guid := ""
	for _, d := range b.seen {
		if _, rest, found := strings.Cut(d, "<ExternalGUID>"); found {
			guid, _, _ = strings.Cut(rest, "<")
		}
	}
	again, d := open(t, &pos.MemoryStore{})
	d.run(&book{records: map[string][]string{"ClassQuery": {class}, "ItemInventoryQuery": {item("MEAL-0101", "3.00", "1", "<ExternalGUID>"+guid+"</ExternalGUID>")}}})
	if a, _ := outcome(t, again, menu(1150)); a != pos.Pending {
		t.Errorf("our item counts as somebody else's: %s", a)
	}
}
