package quickbooksfake_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

// rules are what a record must be made of: goods, tax and tip less discount.
func addsUp(r posfake.Record) bool {
	sum := r.Tax + r.Tip - r.Discount
	for _, l := range r.Lines {
		sum += l.Gross
	}
	return sum == r.Total
}

func TestSell(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	c.item(bowl)
	c.item(`{"Name":"CPN-LUNCH","Sku":"CPN-LUNCH","Type":"Service","UnitPrice":0,"IncomeAccountRef":{"value":"86"}}`)
	c.fake.Promote("TEN", quickbooksfake.Offer{BasisPoints: 1000})
	c.fake.Promote("LUNCH", quickbooksfake.Offer{Amount: 150, AsItem: true})
	c.fake.Promote("HUGE", quickbooksfake.Offer{Amount: 99999})
	one := c.saleOf("MEAL-0101").Lines
	for _, row := range []struct {
		name                      string
		sale                      posfake.Sale
		total, discount, tax, tip int64
		details                   string
	}{
		{"plain", posfake.Sale{Lines: one}, 1245, 0, 95, 0, "item subtotal"},
		{"off the menu", posfake.Sale{Lines: []posfake.SaleLine{{Name: "Odd", Quantity: 3, Price: new(int64(33))}}}, 107, 0, 8, 0, "item subtotal"},
		{"percentage", posfake.Sale{Lines: one, Codes: []string{"TEN", "UNKNOWN"}}, 1120, 115, 85, 0, "item subtotal discount"},
		{"as an item", posfake.Sale{Lines: one, Codes: []string{"LUNCH"}}, 1083, 150, 83, 0, "item item subtotal"},
		{"tip", posfake.Sale{Lines: one, Tip: 200}, 1445, 0, 95, 200, "item item subtotal"},
		{"both coupons and a tip", posfake.Sale{Lines: one, Codes: []string{"TEN", "LUNCH"}, Tip: 100}, 1059, 265, 74, 100, "item item item subtotal discount"},
		{"everything off", posfake.Sale{Lines: one, Codes: []string{"HUGE"}}, 0, 1150, 0, 0, "item subtotal discount"},
	} {
		row.sale.Location = c.place()
		r := c.sell(row.sale)
		if !addsUp(r) {
			t.Errorf("%s: the parts of %+v do not add up", row.name, r)
		}
		got := []int64{r.Total, r.Discount, r.Tax, r.Tip}
		if diff := cmp.Diff([]int64{row.total, row.discount, row.tax, row.tip}, got); diff != "" {
			t.Errorf("%s: total, discount, tax, tip (-want +got):\n%s", row.name, diff)
		}
		form := c.ok("GET", "/salesreceipt/"+number(r.ID), "").at("SalesReceipt")
		details := strings.Join(form.at("Line").strs("DetailType"), " ")
		details = strings.NewReplacer("SalesItemLineDetail", "item", "SubTotalLineDetail", "subtotal", "DiscountLineDetail", "discount").Replace(details)
		if details != row.details {
			t.Errorf("%s: lines %s, want %s", row.name, details, row.details)
		}
		if id := form.at("DepartmentRef", "value").str(); id != r.Location || id != c.place() {
			t.Errorf("%s: department %s, record %s", row.name, id, r.Location)
		}
	}
	for name, s := range map[string]posfake.Sale{
		"nowhere":         {Location: "none", Lines: one},
		"without lines":   {Location: c.place()},
		"without a price": {Location: c.place(), Lines: []posfake.SaleLine{{SKU: "NONE"}}},
		"odd tender":      {Location: c.place(), Lines: one, Tender: "shells"},
		"odd state":       {Location: c.place(), Lines: one, State: "lost"},
		"negative tip":    {Location: c.place(), Lines: one, Tip: -1},
	} {
		if _, err := c.fake.Sell(s); err == nil || errors.Is(err, posfake.ErrNotSimulated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSaleHeader(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{Items: 1, TimeZone: "America/New_York", TokenLife: day})
	c.fake.Advance(time.Hour)
	occurred := c.fake.Now().Add(-30 * 24 * time.Hour).Truncate(24 * time.Hour).Add(2 * time.Hour) // the evening before in New York
	s := c.saleOf("HOST-1")
	s.OccurredAt, s.Reference, s.Tender = occurred, "T-77-0001", "cash"
	r := c.sell(s)
	form := c.ok("GET", "/salesreceipt/1", "").at("SalesReceipt")
	got := []string{form.at("TxnDate").str(), form.at("PaymentRefNum").str(), form.at("PaymentMethodRef", "name").str()}
	if diff := cmp.Diff([]string{occurred.Add(-24 * time.Hour).Format(time.DateOnly), "T-77-0001", "Cash"}, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if !r.OccurredAt.Equal(occurred) || r.RecordedAt.Before(occurred) {
		t.Errorf("the record is of %v, recorded %v", r.OccurredAt, r.RecordedAt)
	}
	if at := form.at("MetaData", "CreateTime").str(); !strings.HasSuffix(at, "-08:00") && !strings.HasSuffix(at, "-07:00") {
		t.Errorf("the time of creation %s is not Pacific", at)
	}
	name, email := c.fake.Customer()
	c.sell(s)
	c.sell(s)
	form = c.ok("GET", "/salesreceipt/3", "").at("SalesReceipt")
	if form.at("CustomerRef", "name").str() != name || form.at("BillEmail", "Address").str() != email {
		t.Errorf("no customer is planted: %v", form.v)
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	for _, link := range []quickbooksfake.RefundLink{quickbooksfake.LinkNote, quickbooksfake.LinkTxn, quickbooksfake.LinkNobody} {
		t.Run(string(link), func(t *testing.T) {
			t.Parallel()
			c := setup(t, quickbooksfake.Config{Items: 2, Refunds: link})
			c.fake.Promote("TEN", quickbooksfake.Offer{BasisPoints: 1000})
			s := c.saleOf("HOST-1", "HOST-2")
			s.Codes = []string{"TEN"}
			whole, parts := c.sell(s), c.sell(s)
			for _, r := range []posfake.Refund{{ID: whole.ID}, {ID: parts.ID, Amount: 333, Reason: "spoiled"}, {ID: parts.ID}} {
				back, err := c.fake.Refund(r)
				if err != nil {
					t.Fatal(err)
				}
				form := c.ok("GET", "/refundreceipt/"+number(back.ID), "").at("RefundReceipt")
				note, linked := form.at("PrivateNote").str(), form.at("LinkedTxn", 0, "TxnId").str()
				want := map[quickbooksfake.RefundLink][]string{
					quickbooksfake.LinkNote: {"refund-of:qbo:9130350000000001:" + r.ID, ""}, quickbooksfake.LinkTxn: {"", number(r.ID)}, quickbooksfake.LinkNobody: {"", ""},
				}[link]
				if diff := cmp.Diff(want, []string{note, linked}); diff != "" {
					t.Errorf("link (-want +got):\n%s", diff)
				}
				if form.at("CustomerMemo", "value").str() != r.Reason || back.Of != r.ID || back.Kind != "refund" {
					t.Errorf("refund %+v: %v", back, form.v)
				}
			}
			sums := map[string]int64{}
			for _, r := range c.fake.Ledger() {
				sums[r.Of] += r.Refunded
			}
			if sums[whole.ID] != whole.Total || sums[parts.ID] != parts.Total {
				t.Errorf("refunded %v of %d and %d", sums, whole.Total, parts.Total)
			}
			for _, r := range []posfake.Refund{{ID: parts.ID, Amount: 1}, {ID: "SalesReceipt:99"}, {ID: "RefundReceipt:1"}} {
				if _, err := c.fake.Refund(r); err == nil {
					t.Errorf("refund %+v goes through", r)
				}
			}
			if _, err := c.fake.Refund(posfake.Refund{ID: parts.ID, State: "pending"}); !errors.Is(err, posfake.ErrNotSimulated) {
				t.Errorf("a pending refund: %v", err)
			}
			if _, err := c.fake.Void(whole.ID); err == nil {
				t.Error("a refunded sale can be voided")
			}
		})
	}
}

func TestCredit(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{Items: 1})
	r := c.sell(c.saleOf("HOST-1"))
	back, err := c.fake.Credit(posfake.Refund{ID: r.ID})
	if err != nil || back.ID != "CreditMemo:1" || back.Refunded != r.Total {
		t.Errorf("credit %+v: %v", back, err)
	}
	memo := c.ok("GET", "/creditmemo/1", "").at("CreditMemo")
	if memo.at("RemainingCredit").str() != memo.at("TotalAmt").str() {
		t.Errorf("memo: %v", memo.v)
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{Items: 1, TokenLife: day})
	c.fake.Promote("TEN", quickbooksfake.Offer{BasisPoints: 1000})
	s := c.saleOf("HOST-1")
	s.Codes = []string{"TEN"}
	r := c.sell(s)
	c.fake.Advance(time.Hour)
	silent, err := c.fake.Edit(posfake.Edit{ID: r.ID, Tip: new(int64(150)), Silent: true})
	if err != nil || silent.Tip != 150 || silent.Discount != r.Discount || !silent.UpdatedAt.Equal(r.UpdatedAt) || silent.Version != 2 || !addsUp(silent) {
		t.Errorf("a silent tip: %+v, %v, before %+v", silent, err, r)
	}
	loud, err := c.fake.Edit(posfake.Edit{ID: r.ID, Tip: new(int64(0))})
	if err != nil || loud.Tip != 0 || !loud.UpdatedAt.After(r.UpdatedAt) || !addsUp(loud) {
		t.Errorf("without a tip: %+v, %v", loud, err)
	}
	for _, s := range []posfake.Sale{{Tender: "none"}, {State: "pending"}} {
		s.Location, s.Lines = c.place(), []posfake.SaleLine{{SKU: "HOST-1"}}
		open := c.sell(s)
		if want := map[string]string{"none": "open", "": "pending"}[s.Tender]; open.State != want {
			t.Errorf("the state is %q, want %q", open.State, want)
		}
		if _, err := c.fake.Refund(posfake.Refund{ID: open.ID}); err == nil {
			t.Error("an unpaid sale can be refunded")
		}
		c.fake.Advance(time.Hour)
		paid, err := c.fake.Edit(posfake.Edit{ID: open.ID, Pay: true, Silent: true})
		if err != nil || paid.State != "completed" || !paid.UpdatedAt.Equal(open.UpdatedAt) {
			t.Errorf("paid: %+v, %v", paid, err)
		}
		if _, err := c.fake.Edit(posfake.Edit{ID: open.ID, Pay: true}); err == nil {
			t.Error("a sale can be paid twice")
		}
	}
	if n := len(c.query("select * from Payment").at("Payment").list()); n != 2 {
		t.Errorf("%d payments, want 2", n)
	}
	for name, err := range map[string]error{
		"a failed payment":   second(c.fake.Sell(posfake.Sale{Location: c.place(), State: "failed"})),
		"settling":           second(c.fake.Edit(posfake.Edit{ID: r.ID, Settle: "completed"})),
		"power":              c.fake.SetOnline(c.place(), false),
		"a foreign currency": c.fake.AddLocation(posfake.LocationSeed{ID: "x", Currency: "CAD"}),
	} {
		if !errors.Is(err, posfake.ErrNotSimulated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ posfake.Record, err error) error { return err }

func TestMenu(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{Locations: 2})
	c.item(bowl)
	if err := c.fake.AddForeign("COLA", "Cola", 250); err != nil {
		t.Fatal(err)
	}
	places := c.fake.LocationIDs()
	off, price := false, int64(1)
	for _, e := range []posfake.MenuEdit{{Note: "shelf 3"}, {Price: &price}, {Name: "Scribble"}, {Available: &off}} {
		e.Location, e.SKU = places[0], "MEAL-0101"
		if err := c.fake.Tamper(e); err != nil {
			t.Fatal(err)
		}
	}
	want := []posfake.MenuRow{
		{Location: places[0], SKU: "MEAL-0101", Name: "Scribble", Price: 1},
		{Location: places[1], SKU: "MEAL-0101", Name: "Scribble", Price: 1},
		{Location: places[0], SKU: "COLA", Name: "Cola", Price: 250, Available: true, Foreign: true},
		{Location: places[1], SKU: "COLA", Name: "Cola", Price: 250, Available: true, Foreign: true},
	}
	if diff := cmp.Diff(want, c.fake.Menu(), cmpopts.IgnoreFields(posfake.MenuRow{}, "Digest")); diff != "" {
		t.Errorf("menu (-want +got):\n%s", diff)
	}
	if note := c.fake.Note(places[1], "MEAL-0101"); note != "shelf 3" {
		t.Errorf("note %q", note)
	}
	before := c.fake.Menu()[0].Digest
	c.ok("POST", "/item", `{"Id":"4","SyncToken":"4","sparse":true,"PurchaseDesc":"x"}`)
	if c.fake.Menu()[0].Digest == before {
		t.Error("the digest does not change with a field")
	}
	if err := c.fake.Tamper(posfake.MenuEdit{Location: places[0], SKU: "COLA"}); err == nil {
		t.Error("a foreign item counts as ours")
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{ByClass: true, Items: 1})
	r := c.sell(c.saleOf("HOST-1"))
	form := c.ok("GET", "/salesreceipt/1", "").at("SalesReceipt")
	if form.at("ClassRef", "value").str() != r.Location || form.has("DepartmentRef") {
		t.Errorf("form %v", form.v)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, cfg := range []quickbooksfake.Config{
		{TimeZone: "Mars/Base"},
		{Currency: "JPY"},
		{Currency: "dollars"},
		{Refunds: "letter"},
		{Webhooks: "pigeon"},
		{Places: []posfake.LocationSeed{{ID: "a"}, {ID: "a"}}},
		{Plan: quickbooksfake.PlanSimpleStart},
	} {
		if _, err := quickbooksfake.New(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

// TestSameSeed shows that a script gives the same company twice.
func TestSameSeed(t *testing.T) {
	t.Parallel()
	var menus [2]string
	for i := range menus {
		c := setup(t, quickbooksfake.Config{Seed: 7, Items: 5})
		menus[i] = fmt.Sprint(c.fake.Menu(), c.fake.Authorize())
	}
	if menus[0] != menus[1] {
		t.Error("two fakes of one seed differ")
	}
}
