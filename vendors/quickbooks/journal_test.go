package quickbooks_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

// reader polls as a host does.
type reader struct {
	t        *testing.T
	fake     *quickbooksfake.Fake
	provider *quickbooks.Provider
	query    pos.PurchaseQuery
	all      []pos.Purchase
}

func newReader(t *testing.T) *reader {
	t.Helper()
	fake := newFake(t, quickbooksfake.Config{})
	return &reader{t: t, fake: fake, provider: newProvider(t, fake, nil, nil)}
}

// poll reads what is new, a while after it happened.
func (r *reader) poll() (news []pos.Purchase, findings []string) {
	r.t.Helper()
	<-time.After(10 * time.Second)
	for page, err := range pos.PurchasePages(r.t.Context(), r.provider, r.query) {
		if err != nil {
			r.t.Fatal(err)
		}
		news, r.query.After = append(news, page.Purchases...), page.Next
		for _, f := range page.Findings {
			findings = append(findings, f.Code)
		}
	}
	r.all = append(r.all, news...)
	return news, findings
}

func (r *reader) sell(n int) (last posfake.Record) {
	r.t.Helper()
	price := int64(900)
	for i := range n {
		var err error
		last, err = r.fake.Sell(posfake.Sale{Location: places[i%3].ID, Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	return last
}

func (r *reader) reconcile() {
	r.t.Helper()
	if got := posfake.Reconcile(r.fake.Ledger(), r.all); !got.OK() {
		r.t.Error(got)
	}
}

// TestCutChanges: more than 1,000 changes come complete, and with a finding.
func TestCutChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t)
		r.poll()
		r.sell(2345)
		if _, findings := r.poll(); !cmp.Equal(findings, []string{quickbooks.FindingDeletionsUncertain}) {
			t.Errorf("findings %v", findings)
		}
		r.sell(3)
		r.poll()
		r.reconcile()
	})
}

// TestOldCursor: after more than 30 days without a poll nothing is lost.
func TestOldCursor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t)
		old := r.sell(1)
		if _, findings := r.poll(); findings != nil {
			t.Errorf("a first read has findings %v", findings)
		}
		<-time.After(20 * 24 * time.Hour)
		r.sell(5)
		if _, err := r.fake.Void(old.ID); err != nil {
			t.Fatal(err)
		}
		price := int64(500)
		open, err := r.fake.Sell(posfake.Sale{Location: "14", Tender: "none", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(15 * 24 * time.Hour)
		if _, err := r.fake.Edit(posfake.Edit{ID: open.ID, Pay: true}); err != nil {
			t.Fatal(err)
		}
		if _, findings := r.poll(); !cmp.Equal(findings, []string{quickbooks.FindingDeletionsUncertain}) {
			t.Errorf("findings %v", findings)
		}
		r.reconcile()
	})
}

// TestDeleted: a deleted form comes once more, as a version without content; one
// that is only said to be deleted comes as it is.
func TestDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t)
		gone, stays := r.sell(1), r.sell(1)
		r.poll()
		<-time.After(time.Hour)
		if _, err := r.fake.Delete(gone.ID); err != nil {
			t.Fatal(err)
		}
		tip := int64(100)
		if _, err := r.fake.Edit(posfake.Edit{ID: stays.ID, Tip: &tip}); err != nil {
			t.Fatal(err)
		}
		if err := r.fake.MisreportDeletion(stays.ID); err != nil {
			t.Fatal(err)
		}
		news, _ := r.poll()
		got := make(map[string]string)
		for _, p := range news {
			got[p.ID] = string(p.State) + " " + p.Version
		}
		want := map[string]string{gone.ID: "voided deleted", stays.ID: "completed 1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for range 3 { // within the overlap
			if n, _ := calls(r.fake, func() { news, _ = r.poll() }); n != 1 || len(news) > 0 {
				t.Errorf("an idle poll is %d calls and gives %d purchases", n, len(news))
			}
		}
	})
}

// TestLatePayment: a payment that leaves its invoice as it is gives a new version
// of the sale.
func TestLatePayment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t)
		price := int64(1200)
		sale, err := r.fake.Sell(posfake.Sale{Location: "15", State: "pending", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
		if err != nil {
			t.Fatal(err)
		}
		news, _ := r.poll()
		if len(news) != 1 || news[0].State != pos.StatePending || len(news[0].Tenders) != 0 {
			t.Fatalf("the unpaid sale is %+v", news)
		}
		<-time.After(48 * time.Hour)
		if _, err := r.fake.Edit(posfake.Edit{ID: sale.ID, Pay: true}); err != nil {
			t.Fatal(err)
		}
		news, _ = r.poll()
		if len(news) != 1 || news[0].State != pos.StateCompleted || len(news[0].Tenders) != 1 || news[0].Tenders[0].Kind != "card" || news[0].Tenders[0].Amount != news[0].Total {
			t.Errorf("the paid sale is %+v", news)
		}
		r.reconcile()
	})
}

// TestStoreCredit: a credit memo gives nothing back in money, and counts as a
// refund all the same.
func TestStoreCredit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t)
		sale := r.sell(1)
		if _, err := r.fake.Credit(posfake.Refund{ID: sale.ID, Amount: 300}); err != nil {
			t.Fatal(err)
		}
		news, _ := r.poll()
		if len(news) != 2 || len(news[1].Refunds) != 1 || news[1].Refunds[0].Reason != "store credit" || news[1].Refunds[0].Of != sale.ID {
			t.Errorf("got %+v", news)
		}
		r.reconcile()
	})
}

// TestOtherPlaces: classes, and the company as the only place.
func TestOtherPlaces(t *testing.T) {
	t.Parallel()
	for _, by := range []string{quickbooks.ByClass, quickbooks.ByCompany} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			fake := newFake(t, quickbooksfake.Config{ByClass: by == quickbooks.ByClass})
			p := newProvider(t, fake, nil, func(c *quickbooks.Config) { c.Locations = by })
			price := int64(900)
			if _, err := fake.Sell(posfake.Sale{Location: "15", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}}); err != nil {
				t.Fatal(err)
			}
			fake.Advance(10 * time.Second)
			want := map[string][]string{quickbooks.ByClass: {"14", "15", "16"}, quickbooks.ByCompany: {fake.Credentials().Realm}}[by]
			if diff := cmp.Diff(want, ids(t, p)); diff != "" {
				t.Error(diff)
			}
			at := want[len(want)/2]
			page, err := p.Purchases(t.Context(), pos.PurchaseQuery{Locations: []string{at}})
			if err != nil || len(page.Purchases) != 1 || page.Purchases[0].Location != at {
				t.Errorf("got %+v, %v, want a sale at %s", page.Purchases, err, at)
			}
		})
	}
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

// TestCompanyClosed: why the company refuses is told, and is no empty page.
func TestCompanyClosed(t *testing.T) {
	t.Parallel()
	fake := newFake(t, quickbooksfake.Config{})
	p := newProvider(t, fake, nil, nil)
	for _, code := range []string{"6190", "120", "3100"} {
		fake.CloseCompany(code)
		_, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
		var e *pos.Error
		if !errors.Is(err, pos.ErrPermission) || !errors.As(err, &e) || e.Code != code || e.RequestID == "" {
			t.Errorf("%s: got %v, want a missing permission with code and request id", code, err)
		}
	}
}
