package bytetech_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
)

const csvProfile = `{"source":"csv","constants":{"currency":"USD"},"csv":{"encoding":{"time_zone":"America/New_York"},"columns":{
	"transaction.id":"Transaction ID","transaction.kiosk":"KID","transaction.status":"Status","transaction.placed":"Time","transaction.tax":"Tax","transaction.refunded":"Refunded",
	"tag.epc":"EPC","tag.kiosk":"KID","tag.external_id":"SKU","tag.expires":"Expires","tag.stocked":"Stocked"}}}`

const csvHeader = "\uFEFFTime,Cardholder,Total Amount Charged to Customer,Tax,Refunded,Credit Card,KID,Status,Transaction ID\r\n"

func exports(t *testing.T, files fstest.MapFS) *bytetech.Provider {
	t.Helper()
	p, err := bytetech.New(bytetech.Config{Account: "a", Files: files, ProfilePatch: json.RawMessage(csvProfile)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func usd(n int64) pos.Money { return pos.Money{Amount: n, Currency: "USD"} }

func TestCSVPurchases(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"transactions-1.csv": {Data: []byte(csvHeader +
			"2026-11-23 03:58:21,Marker Person,$22.26,1.26,,Y,0042,Processed,tx1\r\n" +
			"2026-11-23 04:00:00,,0.00,,,N,0042,Voided,tx2\r\n" +
			"2026-11-23 04:10:00,,0.00,,,N,0042,NonTrans,tx3\r\n" +
			"2026-11-23 05:00:00,,\"$1,000.00\",0,,N,1043,Placed,tx4\r\n")},
	}
	p := exports(t, files)
	read := func(after pos.Cursor) ([]pos.Purchase, pos.Cursor) {
		t.Helper()
		var all []pos.Purchase
		for page, err := range pos.PurchasePages(t.Context(), p, pos.PurchaseQuery{After: after, Raw: true}) {
			if err != nil {
				t.Fatal(err)
			}
			all, after = append(all, page.Purchases...), page.Next
		}
		return all, after
	}
	got, next := read("")
	at := time.Date(2026, 11, 23, 8, 58, 21, 0, time.UTC)
	want := pos.Purchase{
		ID: "tx1", Location: "0042", Device: "0042", Receipt: "tx1", Source: "fridge", State: pos.StateCompleted, VendorState: "Processed",
		OccurredAt: at, RecordedAt: at, Currency: "USD", Total: usd(2226),
		Lines: []pos.Line{{Name: "not itemised", Gross: usd(2100)}}, Taxes: []pos.Applied{{Name: "sales tax", Amount: usd(126)}},
		Tenders: []pos.Tender{{Kind: "card", Amount: usd(2226)}},
	}
	if len(got) != 3 {
		t.Fatalf("%d purchases", len(got))
	}
	if diff := cmp.Diff(want, got[0], cmpopts.IgnoreFields(pos.Purchase{}, "Version", "Raw")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !json.Valid(got[0].Raw) || strings.Contains(string(got[0].Raw), "Marker") {
		t.Errorf("raw %s", got[0].Raw)
	}
	if got[1].State != pos.StateVoided || got[2].State != pos.StatePending || got[2].Total != usd(100_000) {
		t.Errorf("%+v", got[1:])
	}
	if again, _ := read(next); len(again) > 0 {
		t.Errorf("delivered again: %+v", again)
	}
	files["transactions-2.csv"] = &fstest.MapFile{Data: []byte(csvHeader +
		"2026-11-23 03:58:21,,22.26,1.26,22.26,Y,0042,Refunded,tx1\r\n" + // changed
		"2026-11-23 04:00:00,,0.00,,,N,0042,Voided,tx2\r\n" + // as before
		"2026-11-23 06:00:00,,bad,,,N,0042,Processed,tx5\r\n")}
	got, next = read(next)
	if len(got) != 2 || got[0].ID != "tx1" || got[0].Refunds[0].Amount != usd(2226) || got[1].ID != "tx5" || got[1].Findings[0].Code != pos.FindingUnreadable {
		t.Errorf("%+v", got)
	}
	if again, _ := read(next); len(again) > 0 {
		t.Errorf("delivered again: %+v", again)
	}
}

func TestCSVInventory(t *testing.T) {
	t.Parallel()
	p := exports(t, fstest.MapFS{
		"epc-1.csv": {Data: []byte("EPC,KID,SKU,Expires,Stocked\nOLD,0042,M9,,\n")},
		"epc-2.csv": {Data: []byte("EPC,KID,SKU,Expires,Stocked\nA,0042,M1,2999-01-01,2998-12-30 10:00:00\nB,0042,M1,2999-01-01,2998-12-30 10:00:00\nC,1043,M1,2001-01-05,2001-01-01 10:00:00\nD,1043,M2,2003-09-28,2001-01-01 10:00:00\n")},
	})
	page, err := p.Inventory(t.Context(), pos.InventoryQuery{})
	if err != nil || !page.Full || page.More {
		t.Fatal(page, err)
	}
	want := []pos.Stock{
		{Location: "0042", SKU: "M1", OnHand: pos.Counted(pos.Units(2)), Available: pos.Counted(pos.Units(2)), InStock: pos.Yes, Lots: []pos.Lot{{Expires: "2999-01-01", Quantity: pos.Units(2)}}},
		{Location: "1043", SKU: "M1", OnHand: pos.Counted(pos.Units(1)), Available: pos.Counted(0), InStock: pos.No, Lots: []pos.Lot{{Expires: "2001-01-05", Quantity: pos.Units(1)}}},
		{Location: "1043", SKU: "M2", OnHand: pos.Counted(pos.Units(1)), Available: pos.Counted(pos.Units(1)), InStock: pos.Yes, Lots: []pos.Lot{{Quantity: pos.Units(1)}}},
	}
	if diff := cmp.Diff(want, page.Stock); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCSVRefuses(t *testing.T) {
	t.Parallel()
	p := exports(t, fstest.MapFS{"transactions.csv": {Data: []byte("Time,KID\n")}})
	if _, err := p.Purchases(t.Context(), pos.PurchaseQuery{}); !errors.Is(err, pos.ErrProtocol) {
		t.Errorf("missing column: %v", err)
	}
	for name, call := range map[string]func() error{
		"PushMenu":    func() error { _, err := p.PushMenu(t.Context(), pos.MenuPush{}); return err },
		"PushCoupons": func() error { _, err := p.PushCoupons(t.Context(), pos.CouponPush{}); return err },
		"Status":      func() error { _, err := p.Status(t.Context(), pos.StatusQuery{}); return err },
		"Locations":   func() error { _, err := p.Locations(t.Context(), pos.LocationQuery{}); return err },
		"Records": func() error {
			_, err := p.Purchases(t.Context(), pos.PurchaseQuery{Records: []string{"x"}})
			return err
		},
	} {
		if err := call(); !errors.Is(err, pos.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
