package quickbooksdesktop_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

// What the documentation promises about message sets.
func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		noon()
		p, c := open(t, &pos.MemoryStore{})
		first := &book{records: map[string][]string{"ClassQuery": {class}}}
		c.run(first)
		if n := len(first.seen); n != 13 {
			t.Errorf("the first run over 90 days takes %d message sets, want 13", n)
		}
		idle := &book{records: map[string][]string{"ClassQuery": {class}, "SalesReceiptQuery": {receipt}}}
		c.run(idle)
		if n := len(idle.seen); n != 1 {
			t.Errorf("an idle run takes %d message sets", n)
		}
		var push pos.MenuPush
		var all strings.Builder
		for i := range 500 {
			sku := fmt.Sprintf("MEAL-%04d", i)
			push.Menu.Items = append(push.Menu.Items, pos.Item{SKU: sku, Name: "Bowl", Price: usd(1150)})
			all.WriteString(item(sku, "11.50", "1", ""))
		}
		if _, err := p.PushMenu(t.Context(), push); err != nil {
			t.Fatal(err)
		}
		busy := &book{
			records: map[string][]string{"ClassQuery": {class}, "ItemInventoryQuery": {"", all.String()}},
			writes:  map[string]string{"ItemInventoryAdd": ` statusCode="0">`},
		}
		c.run(busy)
		if n := len(busy.seen); n != 7 {
			t.Errorf("500 new items take %d message sets, want 5 and the reads around them", n)
		}
		report, err := p.PushMenu(t.Context(), push)
		if err != nil || report.Count(pos.Created) != 500 {
			t.Errorf("%d created: %v", report.Count(pos.Created), err)
		}
	})
}

// A receipt as the documentation shows it, as a purchase.
func TestMapping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		noon()
		p, c := open(t, &pos.MemoryStore{})
		memo := `<CreditMemoRet><TxnID>2-1</TxnID><TimeCreated>2026-11-23T12:40:00-08:00</TimeCreated><TimeModified>2026-11-23T12:40:00-08:00</TimeModified><EditSequence>7</EditSequence><ClassRef><ListID>80000011-1</ListID></ClassRef><TxnDate>2026-11-22</TxnDate><Subtotal>11.50</Subtotal><SalesTaxTotal>0.95</SalesTaxTotal><TotalAmount>12.45</TotalAmount><LinkedTxn><TxnID>141CA5-1</TxnID><TxnType>SalesReceipt</TxnType><TxnDate>2026-11-23</TxnDate><Amount>-12.45</Amount></LinkedTxn><CreditMemoLineRet><TxnLineID>1</TxnLineID><ItemRef><ListID>1</ListID><FullName>MEAL-0101</FullName></ItemRef><Quantity>1</Quantity><Rate>11.50</Rate><Amount>11.50</Amount></CreditMemoLineRet></CreditMemoRet>`
		void := `<SalesReceiptRet><TxnID>3-1</TxnID><TimeCreated>2026-11-23T12:41:00-08:00</TimeCreated><TimeModified>2026-11-23T12:42:00-08:00</TimeModified><EditSequence>8</EditSequence><TxnDate>2026-11-23</TxnDate><Subtotal>0.00</Subtotal><TotalAmount>0.00</TotalAmount><Memo>VOID: mistake</Memo></SalesReceiptRet>`
		odd := `<SalesReceiptRet><TxnID>4-1</TxnID><TimeCreated>2026-11-23T12:43:00-08:00</TimeCreated><TimeModified>2026-11-23T12:43:00-08:00</TimeModified><EditSequence>9</EditSequence><TxnDate>2026-11-23</TxnDate><Subtotal>1.005</Subtotal><TotalAmount>5.00</TotalAmount><PaymentMethodRef><FullName>Cash</FullName></PaymentMethodRef><SalesReceiptLineGroupRet><TxnLineID>1</TxnLineID><SalesReceiptLineRet><TxnLineID>2</TxnLineID><ItemRef><FullName>Box</FullName></ItemRef><Quantity>1.5</Quantity><Amount>4.00</Amount></SalesReceiptLineRet></SalesReceiptLineGroupRet></SalesReceiptRet>`
		late := make([]string, 12)
		c.run(&book{records: map[string][]string{"ClassQuery": {class}, "SalesReceiptQuery": append(late, receipt+void+odd), "CreditMemoQuery": append(late[:12:12], memo)}})
		page, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(page.Purchases, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "purchases.json", append(text, '\n'))
	})
}

// scheduled is an office whose Web Connector runs whenever its clock moves.
type scheduled struct {
	till
	b *testing.B
}

// Advance implements [posfake.Simulator].
func (s scheduled) Advance(d time.Duration) {
	s.b.Helper()
	s.till.Advance(d)
	if err := s.RunUntilIdle(s.b.Context(), 20); err != nil {
		s.b.Fatal(err)
	}
}

// What a host's calls cost, without the runs of the Web Connector between them.
func BenchmarkJobs(b *testing.B) {
	postest.Benchmark(b, postest.Size{Items: 500, Locations: 1000, Sales: 1000}, func(b *testing.B, size postest.Size) postest.Harness {
		b.Helper()
		seed := quickbooksdesktopfake.Config{}
		for i := range size.Locations {
			seed.Locations = append(seed.Locations, posfake.LocationSeed{Name: fmt.Sprintf("Kiosk %04d", i), TimeZone: "America/Los_Angeles"})
		}
		o := newOffice(b, seed, nil)
		sim := scheduled{till{o.fake}, b}
		h := postest.Harness{Provider: o.open(b), Sim: sim, Settle: func() { sim.Advance(time.Minute) }}
		h.Settle()
		return h
	})
}

// One run of the Web Connector that carries 500 changed items to QuickBooks and
// reads them back.
func BenchmarkRun(b *testing.B) {
	o := newOffice(b, quickbooksdesktopfake.Config{Locations: places}, nil)
	p := o.open(b)
	sim := scheduled{till{o.fake}, b}
	sim.Advance(time.Minute)
	for n := range b.N {
		b.StopTimer()
		var push pos.MenuPush
		for i := range 500 {
			push.Menu.Items = append(push.Menu.Items, pos.Item{SKU: fmt.Sprintf("MEAL-%04d", i), Name: "Bowl", Price: usd(int64(1000 + n))})
		}
		if _, err := p.PushMenu(b.Context(), push); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if run, err := o.fake.RunOnce(b.Context()); err != nil || run.Writes != 500 {
			b.Fatalf("%+v %v", run, err)
		}
	}
}
