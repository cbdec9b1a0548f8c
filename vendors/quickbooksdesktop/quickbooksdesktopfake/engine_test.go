package quickbooksdesktopfake_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

func TestStrictness(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"order":             set(goOn, `<ItemInventoryQueryRq><ActiveStatus>All</ActiveStatus><MaxReturned>5</MaxReturned></ItemInventoryQueryRq>`),
		"zulu time":         set(goOn, `<ItemInventoryQueryRq><FromModifiedDate>2026-11-23T07:00:00Z</FromModifiedDate></ItemInventoryQueryRq>`),
		"decimals":          set(goOn, strings.Replace(bowl, "11.5", "11.500001", 1)),
		"long name":         set(goOn, strings.Replace(bowl, "BOWL", strings.Repeat("B", 32), 1)),
		"unknown message":   set(goOn, `<BowlQueryRq/>`),
		"unknown attribute": set(goOn, `<HostQueryRq id="1"/>`),
		"iterator of class": set(goOn, `<ClassQueryRq iterator="Start"/>`),
		"no onError":        set(``, `<HostQueryRq/>`),
		"no version":        `<QBXML><QBXMLMsgsRq onError="stopOnError"/></QBXML>`,
		"torn":              set(goOn, `<HostQueryRq/>`)[:120],
		"document type":     `<!DOCTYPE x [<!ENTITY e "e">]>` + set(goOn, `<HostQueryRq/>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := open(t, quickbooksdesktopfake.Config{})
			out := ask(t, f, s, request)
			if len(out) != 1 || out[0].HResult != quickbooksdesktopfake.HResultParse || out[0].XML != "" || out[0].Message == "" {
				t.Errorf("response %+v", out)
			}
			if n := len(f.Requests()); n != 0 {
				t.Errorf("%d messages were carried out", n)
			}
		})
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{})
	added := one(t, f, s, bowl, bowl)
	id, edit := field(added, "ListID"), field(added, "EditSequence")
	if codes(added) != "0 3100" || field(added, "SalesPrice") != "11.50" || field(added, "QuantityOnHand") != "0" {
		t.Fatal(added)
	}
	mod := func(edit, rest string) string {
		return `<ItemInventoryModRq><ItemInventoryMod><ListID>` + id + `</ListID><EditSequence>` + edit + `</EditSequence>` + rest + `</ItemInventoryMod></ItemInventoryModRq>`
	}
	changed := one(t, f, s, mod(edit, `<IsActive>false</IsActive><SalesPrice>12.00</SalesPrice>`), mod(edit, `<SalesPrice>1.00</SalesPrice>`))
	if codes(changed) != "0 3200" || field(changed, "SalesPrice") != "12.00" || field(changed, "SalesDesc") != "Bowl" || field(changed, "EditSequence") == edit {
		t.Error(changed)
	}
	query := func(status string) string {
		return one(t, f, s, `<ItemInventoryQueryRq>`+status+`</ItemInventoryQueryRq>`)
	}
	if got := codes(query("")); got != "1" {
		t.Errorf("an inactive item is found: %s", got)
	}
	if got := query("<ActiveStatus>All</ActiveStatus>"); codes(got) != "0" || value(got, "retCount") != "1" {
		t.Error(got)
	}
	if got := codes(query("<ListID>8-9</ListID>")); got != "500" {
		t.Errorf("an unknown id gives %s", got)
	}
	if got := codes(one(t, f, s, strings.Replace(strings.Replace(bowl, "BOWL", "B2", 1), ">Sales<", ">Wages<", 1))); got != "3140" {
		t.Errorf("a bad reference gives %s", got)
	}
	if got := codes(one(t, f, s, `<ItemSitesQueryRq/>`)); got != "3250" {
		t.Errorf("sites that are off give %s", got)
	}
	plain := one(t, f, s, `<ItemNonInventoryAddRq><ItemNonInventoryAdd><Name>WRAP</Name><SalesOrPurchase><Desc>Wrap &#233; &#127791;</Desc><Price>9</Price><AccountRef><FullName>Sales</FullName></AccountRef></SalesOrPurchase></ItemNonInventoryAdd></ItemNonInventoryAddRq>`)
	if field(plain, "Price") != "9.00" || field(plain, "Desc") != "Wrap é ?" {
		t.Error(plain)
	}
}

func TestStopOnError(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{})
	out := ask(t, f, s, set(`onError="stopOnError"`, bowl, bowl, `<HostQueryRq/>`))
	if got := codes(out[0].XML); got != "0 3100 3231" {
		t.Error(got)
	}
}

func TestIterators(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{Items: 5})
	query := func(attrs, rest string) string {
		return set(goOn, `<ItemQueryRq `+attrs+`><MaxReturned>4</MaxReturned>`+rest+`</ItemQueryRq>`)
	}
	s.percent = func(left int) int {
		if left > 0 || len(s.responses) > 1 {
			return 100
		}
		s.requests = append(s.requests, query(`iterator="Continue" iteratorID="`+value(s.responses[0].XML, "iteratorID")+`"`, ""))
		return 50
	}
	out := ask(t, f, s, query(`iterator="Start"`, ""))
	if len(out) != 2 || value(out[0].XML, "iteratorRemainingCount") != "2" || value(out[1].XML, "iteratorRemainingCount") != "0" || value(out[1].XML, "retCount") != "2" {
		t.Fatalf("%+v", out)
	}
	s.percent = nil
	first := ask(t, f, s, query(`iterator="Start"`, ""))[0].XML
	later := ask(t, f, s, query(`iterator="Continue" iteratorID="`+value(first, "iteratorID")+`"`, ""))[0].XML
	if codes(later) != "3391" {
		t.Errorf("an iterator of another session: %s", codes(later))
	}
}

func TestTimesAreWallClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, s := open(t, quickbooksdesktopfake.Config{TimeZone: "America/Los_Angeles"})
		f.Advance(time.Date(2026, 7, 1, 19, 0, 0, 0, time.UTC).Sub(f.Now()))
		if _, err := f.Sell(posfake.Sale{Location: quickbooksdesktopfake.CompanyID, Lines: lines(500)}); err != nil {
			t.Fatal(err)
		}
		for from, want := range map[string]string{
			"2026-07-01T12:00:00": "0", "2026-07-01T12:00:01": "1", "2026-07-01": "0", "2026-07-02": "1",
			"2026-07-01T12:00:00-08:00": "0", "2026-07-01T12:00:00-07:00": "0", "2026-07-01T13:00:01-07:00": "1",
		} {
			got := one(t, f, s, `<SalesReceiptQueryRq><ModifiedDateRangeFilter><FromModifiedDate>`+from+`</FromModifiedDate></ModifiedDateRangeFilter></SalesReceiptQueryRq>`)
			if codes(got) != want {
				t.Errorf("from %s: status %s, want %s", from, codes(got), want)
			}
			if want == "0" && field(got, "TimeModified") != "2026-07-01T12:00:00-08:00" {
				t.Error(field(got, "TimeModified"))
			}
		}
	})
}

func lines(cents int64) []posfake.SaleLine { return []posfake.SaleLine{{Name: "Soup", Price: &cents}} }

func TestSalesAndStock(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{Mode: quickbooksdesktopfake.BySite})
	site, ten := f.Locations()[0].ID, int64(10)
	one(t, f, s, bowl, `<ItemDiscountAddRq><ItemDiscountAdd><Name>CPN-TEN</Name><DiscountRatePercent>10</DiscountRatePercent></ItemDiscountAdd></ItemDiscountAddRq>`)
	if err := f.SetStock(site, "BOWL", &ten); err != nil {
		t.Fatal(err)
	}
	sale, err := f.Sell(posfake.Sale{Location: site, Lines: []posfake.SaleLine{{SKU: "BOWL", Quantity: 2}}, Codes: []string{"TEN"}})
	if err != nil || sale.Total != 2241 || sale.Discount != 230 || sale.Tax != 171 {
		t.Fatalf("%+v %v", sale, err)
	}
	got := one(t, f, s, `<SalesReceiptQueryRq><IncludeLineItems>true</IncludeLineItems></SalesReceiptQueryRq>`, `<ItemSitesQueryRq/>`)
	for name, want := range map[string]string{"Subtotal": "20.70", "TotalAmount": "22.41", "RatePercent": "-10.0", "SalesTaxPercentage": "8.25", "QuantityOnHand": "8"} {
		if field(got, name) != want {
			t.Errorf("%s is %s, want %s", name, field(got, name), want)
		}
	}
	back, err := f.Refund(posfake.Refund{ID: sale.ID})
	if err != nil || back.Kind != "refund" || back.Of != sale.ID || back.Refunded != 2241 {
		t.Errorf("%+v %v", back, err)
	}
	adjusted := one(t, f, s, `<InventoryAdjustmentAddRq><InventoryAdjustmentAdd><AccountRef><FullName>Inventory Shrinkage</FullName></AccountRef><InventorySiteRef><ListID>`+site+
		`</ListID></InventorySiteRef><InventoryAdjustmentLineAdd><ItemRef><FullName>BOWL</FullName></ItemRef><QuantityAdjustment><NewQuantity>7</NewQuantity></QuantityAdjustment></InventoryAdjustmentLineAdd></InventoryAdjustmentAdd></InventoryAdjustmentAddRq>`)
	if codes(adjusted) != "0" || field(adjusted, "QuantityDifference") != "-3" {
		t.Error(adjusted)
	}
}

func TestPendingVoidAndDelete(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{})
	l := f.Locations()[0].ID
	sell := func(sale posfake.Sale) posfake.Record {
		t.Helper()
		sale.Location, sale.Lines = l, lines(1000)
		r, err := f.Sell(sale)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	invoice, void, gone := sell(posfake.Sale{State: "pending"}), sell(posfake.Sale{}), sell(posfake.Sale{Tender: "none"})
	paid, err := f.Edit(posfake.Edit{ID: invoice.ID, Pay: true})
	if err != nil || invoice.State != "pending" || gone.State != "pending" || paid.State != "completed" || paid.Version != 2 {
		t.Errorf("%+v %+v %v", invoice, paid, err)
	}
	if r, err := f.Void(void.ID); err != nil || r.State != "voided" {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := f.Delete(gone.ID); err != nil || r.State != "voided" {
		t.Errorf("%+v %v", r, err)
	}
	got := one(t, f, s, `<SalesReceiptQueryRq/>`, `<TxnDeletedQueryRq><TxnDelType>SalesReceipt</TxnDelType></TxnDeletedQueryRq>`, `<ReceivePaymentQueryRq/>`)
	if field(got, "TotalAmount") != "0.00" || field(got, "Memo") != "VOID: " || !strings.Contains(got, "<TxnDeletedRet><TxnDelType>SalesReceipt</TxnDelType><TxnID>"+gone.ID) || codes(got) != "0 0 0" {
		t.Error(got)
	}
	if _, err := f.Sell(posfake.Sale{Location: l, Lines: lines(1), Tip: 5}); !errors.Is(err, posfake.ErrNotSimulated) {
		t.Error(err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{})
	for _, tc := range []struct {
		fault posfake.Fault
		want  string
	}{
		{posfake.Fault{Kind: posfake.FaultStatus, Status: 3175, Op: "HostQuery"}, "3175 0"},
		{posfake.Fault{Kind: posfake.FaultStatus, Status: 409, Skip: 1}, "0 3200"},
		{posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Times: -1}, "1000 1000"},
	} {
		remove, err := f.Inject(tc.fault)
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(one(t, f, s, `<HostQueryRq/>`, `<ClassQueryRq/>`)); got != tc.want {
			t.Errorf("%+v gives %s, want %s", tc.fault, got, tc.want)
		}
		remove()
	}
	if _, err := f.Inject(posfake.Fault{Kind: posfake.FaultScope}); !errors.Is(err, posfake.ErrNotSimulated) {
		t.Error(err)
	}
	if _, err := f.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 3175, Op: "Nothing"}); !errors.Is(err, fakekit.ErrBadFault) {
		t.Error(err)
	}
	if _, err := f.Inject(posfake.Fault{Kind: posfake.FaultTruncate, Bytes: 20, Op: "HostQuery"}); err != nil {
		t.Fatal(err)
	}
	torn := one(t, f, s, `<HostQueryRq/>`, `<ClassQueryRq/>`)
	if strings.Contains(torn, "</QBXML>") {
		t.Error(torn)
	}
}

func TestMessageSets(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{})
	request := set(goOn+` newMessageSetID="{1}"`, bowl)
	first, again := ask(t, f, s, request)[0].XML, ask(t, f, s, request)[0].XML
	if first != again || value(first, "messageSetStatusCode") != "0" || value(first, "newMessageSetID") != "{1}" {
		t.Errorf("first %s\nagain %s", first, again)
	}
	ask(t, f, s, set(goOn+` oldMessageSetID="{1}" newMessageSetID="{2}"`, `<HostQueryRq/>`))
	if got := codes(ask(t, f, s, request)[0].XML); got != "3100" {
		t.Errorf("a set that was released: %s", got)
	}
}

func TestRunUntilIdle(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{})
	if _, err := f.Inject(posfake.Fault{Kind: posfake.FaultLostReply, Op: "HostQuery"}); err != nil {
		t.Fatal(err)
	}
	s.requests = []string{set(goOn, `<HostQueryRq/>`), set(goOn, bowl)}
	if err := f.RunUntilIdle(context.Background(), 9); err != nil {
		t.Fatal(err)
	}
	sessions := 0
	for _, c := range f.Calls() {
		if c.Op == "authenticate" {
			sessions++
		}
	}
	if sessions != 3 { // one is lost, one writes, one finds nothing
		t.Errorf("%d sessions", sessions)
	}
}
