package bytetechfake_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

func TestSaleIsProcessedAtOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.product("M1", 1050, `,"shelf_life_days":5`)
	r := a.sell(posfake.Sale{Lines: one("M1", 2), Reference: "till-7"})
	tx := a.transaction(r.ID)
	if tx.Status != "processed" || tx.Revision != 3 || tx.Subtotal != 2100 || tx.Tax != 126 || tx.Total != 2226 || len(tx.Lines[0].EPCs) != 2 {
		t.Errorf("%+v", tx)
	}
	if r.Version != 1 || r.State != "completed" || r.Total != 2226 || r.Reference != "till-7" || !r.OccurredAt.Equal(tx.Placed) || !r.UpdatedAt.Equal(tx.Updated) {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]posfake.Record{r}, a.fake.Ledger()); diff != "" {
		t.Error(diff)
	}
}

func TestLifeCycleFollowsTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, bytetechfake.Config{FinalizeDelay: 9 * time.Second, CaptureDelay: 17 * time.Minute})
		a.product("M1", 1000, "")
		r := a.sell(sale("M1", 1))
		start := a.fake.Now()
		steps := []struct {
			wait     time.Duration
			status   string
			revision int
		}{{0, "placed", 1}, {8 * time.Second, "placed", 1}, {time.Second, "price_finalized", 2}, {17*time.Minute - 1, "price_finalized", 2}, {time.Hour, "processed", 3}}
		for _, s := range steps {
			a.fake.Advance(s.wait)
			if tx := a.transaction(r.ID); tx.Status != s.status || tx.Revision != s.revision {
				t.Errorf("after %v: %s, revision %d", a.fake.Now().Sub(start), tx.Status, tx.Revision)
			}
		}
		// Caught up late, the capture still carries the time at which it was due.
		if tx := a.transaction(r.ID); !tx.Updated.Equal(start.Add(9*time.Second + 17*time.Minute)) {
			t.Errorf("processed at %v", tx.Updated)
		}
		var states []string
		for _, v := range a.fake.Ledger() {
			states = append(states, fmt.Sprint(v.Version, v.State))
		}
		if diff := cmp.Diff([]string{"1pending", "2pending", "3completed"}, states); diff != "" {
			t.Error(diff)
		}
	})
}

func TestStatesOfSales(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.product("M1", 1000, "")
	for _, tc := range []struct {
		name   string
		sale   posfake.Sale
		status string
		state  string
	}{
		{"completed", posfake.Sale{State: "completed"}, "processed", "completed"},
		{"pending", posfake.Sale{State: "pending"}, "price_finalized", "pending"},
		{"failed", posfake.Sale{State: "failed"}, "declined", "failed"},
		{"unpaid", posfake.Sale{Tender: "none"}, "placed", "pending"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.sale.Lines = one("M1", 1)
			r := a.sell(tc.sale)
			if tx := a.transaction(r.ID); tx.Status != tc.status || r.State != tc.state {
				t.Errorf("%s, %s", tx.Status, r.State)
			}
		})
	}
}

func TestRefusedSales(t *testing.T) {
	t.Parallel()
	f := newFake(t, bytetechfake.Config{})
	for _, tc := range []struct {
		name string
		sale posfake.Sale
		none bool
	}{
		{"tip", posfake.Sale{Location: kid, Tip: 1}, true},
		{"cash", posfake.Sale{Location: kid, Tender: "cash"}, true},
		{"location", posfake.Sale{Location: "9"}, false},
		{"state", posfake.Sale{Location: kid, State: "odd"}, false},
		{"item", posfake.Sale{Location: kid, Lines: one("X", 1)}, false},
		{"quantity", posfake.Sale{Location: kid, Lines: one("X", -1)}, false},
	} {
		if _, err := f.Sell(tc.sale); err == nil || errors.Is(err, posfake.ErrNotSimulated) != tc.none {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if len(f.Ledger()) != 0 {
		t.Error("a refused sale is in the ledger")
	}
}

func TestUnknownItemIsALineWithoutSKU(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	price := int64(300)
	tx := a.transaction(a.sell(posfake.Sale{Lines: []posfake.SaleLine{{Name: "Mystery", Price: &price}}}).ID)
	if l := tx.Lines[0]; l.SKU != "" || l.Name != "Mystery" || l.Gross != 300 {
		t.Errorf("%+v", l)
	}
}

func TestVoid(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
	a.product("M1", 1000, "")
	a.ok(a.fake.SetStock(kid, "M1", new(int64(3))))
	for _, s := range []posfake.Sale{{Tender: "none"}, {State: "pending"}} {
		s.Lines = one("M1", 2)
		r := a.sell(s)
		if n := a.line("M1").Available; n != 1 {
			t.Errorf("%d left after the sale", n)
		}
		v, err := a.fake.Void(r.ID)
		a.ok(err)
		if tx := a.transaction(r.ID); tx.Status != "voided" || len(tx.Lines) != 0 || v.State != "voided" || v.Total != 0 || v.Version != 2 {
			t.Errorf("%+v %+v", tx, v)
		}
		if n := a.line("M1").Available; n != 3 {
			t.Errorf("%d left after the void", n)
		}
	}
	r := a.sell(sale("M1", 1))
	if _, err := a.fake.Void(r.ID); !errors.Is(err, posfake.ErrNotSimulated) {
		t.Errorf("voiding a captured sale: %v", err)
	}
	if _, err := a.fake.Void("tx_0"); err == nil {
		t.Error("voided nothing")
	}
}

func TestPayAndErrors(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.product("M1", 1000, "")
	pending := a.sell(posfake.Sale{Lines: one("M1", 1), State: "pending"})
	a.ok(a.fake.FailCapture(pending.ID))
	if tx := a.transaction(pending.ID); tx.Status != "error" {
		t.Errorf("status %s", tx.Status)
	}
	for _, id := range []string{pending.ID, a.sell(posfake.Sale{Lines: one("M1", 1), Tender: "none"}).ID} {
		if r, err := a.fake.Edit(posfake.Edit{ID: id, Pay: true}); err != nil || r.State != "completed" || r.Total != 1060 {
			t.Errorf("%+v %v", r, err)
		}
		if _, err := a.fake.Edit(posfake.Edit{ID: id, Pay: true}); err == nil {
			t.Error("paid twice")
		}
	}
	for _, e := range []posfake.Edit{{ID: pending.ID, Tip: new(int64(1))}, {ID: pending.ID, Silent: true}} {
		if _, err := a.fake.Edit(e); !errors.Is(err, posfake.ErrNotSimulated) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	old := a.transaction(pending.ID)
	r, err := a.fake.Edit(posfake.Edit{ID: pending.ID})
	a.ok(err)
	if tx := a.transaction(pending.ID); tx.Revision != old.Revision+1 || !tx.Updated.After(old.Updated) || r.State != "completed" {
		t.Errorf("an edit makes a new revision: %+v", tx)
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.product("M1", 1000, "")
	r := a.sell(sale("M1", 2))
	step := func(status string, refunded int64, rec posfake.Record, err error) {
		t.Helper()
		a.ok(err)
		tx := a.transaction(r.ID)
		if tx.Status != status || tx.Refunded != refunded || rec.Refunded != refunded || rec.State != "completed" {
			t.Errorf("%s with %d refunded, record %+v; want %s and %d", tx.Status, tx.Refunded, rec, status, refunded)
		}
	}
	rec, err := a.fake.Refund(posfake.Refund{ID: r.ID, Amount: 500, State: "failed"})
	step("processed", 0, rec, err)
	rec, err = a.fake.Refund(posfake.Refund{ID: r.ID, Amount: 500, State: "pending"})
	step("adjusted", 0, rec, err)
	rec, err = a.fake.Edit(posfake.Edit{ID: r.ID, Settle: "completed"})
	step("refunded", 500, rec, err)
	if _, err := a.fake.Refund(posfake.Refund{ID: r.ID, Amount: 1621}); err == nil {
		t.Error("refunded more than was left")
	}
	rec, err = a.fake.Refund(posfake.Refund{ID: r.ID, Reason: "spoiled"})
	step("refunded", 2120, rec, err)
	if _, err := a.fake.Edit(posfake.Edit{ID: r.ID, Settle: "completed"}); err == nil {
		t.Error("settled what is not pending")
	}
	whole := a.sell(sale("M1", 2))
	_, err = a.fake.Refund(posfake.Refund{ID: whole.ID})
	a.ok(err)
	if l := a.transaction(whole.ID).Lines[0]; l.Returned != 2 {
		t.Errorf("line %+v", l)
	}
}

func TestAdjustmentsByAPI(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{RefundDelay: 10 * time.Minute})
	a.product("M1", 1000, "")
	r := a.sell(sale("M1", 1))
	path := "/v1/transactions/" + r.ID + "/adjustments"
	a.do("POST", path, `{"type":"price_change","amount_cents":1}`).fails(422, "validation_failed", "type")
	a.do("POST", path, `{"type":"refund","amount_cents":0}`).fails(422, "validation_failed", "amount_cents")
	a.do("POST", path, `{"type":"refund","amount_cents":1061}`).fails(422, "amount_exceeds_total", "amount_cents")
	a.do("POST", path, `{"type":"refund","amount_cents":1,"lines":[{"line_id":"l9","quantity":1,"amount_cents":1}]}`).fails(422, "validation_failed", "lines[0]")
	a.do("POST", path, `{"type":"refund","amount_cents":1060,"reason":"spoiled","lines":[{"line_id":"l1","quantity":1,"amount_cents":1060}]}`).want(201, nil)
	if tx := a.transaction(r.ID); tx.Status != "adjusted" || tx.Refunded != 0 || tx.Adjustments[0].Status != "pending" {
		t.Errorf("%+v", tx)
	}
	a.fake.Advance(10 * time.Minute)
	if tx := a.transaction(r.ID); tx.Status != "refunded" || tx.Refunded != 1060 || tx.Lines[0].Returned != 1 {
		t.Errorf("%+v", tx)
	}
	held := a.sell(posfake.Sale{Lines: one("M1", 1), State: "pending"})
	a.do("POST", "/v1/transactions/"+held.ID+"/adjustments", `{"type":"refund","amount_cents":1}`).fails(409, "invalid_state", "")
}

func TestOfflineSalesArriveLate(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
	a.product("M1", 1000, "")
	a.ok(a.fake.SetStock(kid, "M1", new(int64(5))))
	a.ok(a.fake.SetOnline(kid, false))
	sold := a.fake.Now()
	r := a.sell(sale("M1", 2))
	if r.Version != 0 || len(a.fake.Ledger()) != 0 || r.Total != 2000 {
		t.Errorf("before the fridge is back: %+v", r)
	}
	a.do("GET", "/v1/transactions/"+r.ID, nil).fails(404, "not_found", "")
	if n := a.line("M1").Available; n != 5 {
		t.Errorf("the cloud knows of %d packages", n)
	}
	a.fake.Advance(71 * time.Hour)
	back := a.fake.Now()
	a.ok(a.fake.SetOnline(kid, true))
	tx := a.transaction(r.ID)
	if tx.Status != "processed" || tx.Placed.After(sold.Add(time.Second)) || tx.Updated.Before(back.Add(-time.Millisecond)) {
		t.Errorf("%+v", tx)
	}
	if n := a.line("M1").Available; n != 3 {
		t.Errorf("%d packages left", n)
	}
	late := a.transaction(a.sell(posfake.Sale{Lines: one("M1", 1), OccurredAt: back.Add(-40 * time.Hour)}).ID)
	if got := late.Updated.Sub(late.Placed); got < 40*time.Hour {
		t.Errorf("recorded %v after it happened", got)
	}
}

func TestTransactionList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, bytetechfake.Config{Kiosks: 2, Products: 1, TagsPerKiosk: 1})
		list := func(query string) (ids []string) {
			t.Helper()
			for _, tx := range all[transaction](a, "/v1/transactions?"+query) {
				ids = append(ids, tx.ID+" "+tx.Status)
			}
			return ids
		}
		want := func(query string, ids ...string) {
			t.Helper()
			if diff := cmp.Diff(ids, list(query)); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
		time.Sleep(time.Minute)
		t1 := a.fake.Now()
		one := a.sell(sale("FARM-001", 1)).ID
		time.Sleep(time.Minute)
		t2 := a.fake.Now()
		two := a.sell(posfake.Sale{Location: "1043", Lines: sale("FARM-001", 1).Lines, State: "pending"}).ID
		want("", one+" processed", two+" price_finalized")
		q := func(name string, t time.Time) string {
			return name + "=" + url.QueryEscape(t.Format(time.RFC3339Nano)) + "&"
		}
		want(q("updated_since", t2), two+" price_finalized")
		want(q("updated_since", t1)+q("updated_until", t2), one+" processed")
		want("kiosk_id=1043", two+" price_finalized")
		want("kiosk_id=1042,1043&status=processed,refunded", one+" processed")
		want(q("placed_since", t2), two+" price_finalized")
		if got := list("include_restock=true&status=restock"); len(got) != 2 {
			t.Errorf("restocks: %v", got)
		}
		time.Sleep(time.Minute)
		_, err := a.fake.Refund(posfake.Refund{ID: one})
		a.ok(err)
		want("limit=1", two+" price_finalized", one+" refunded")
		if len(list(q("updated_since", a.fake.Now().Add(time.Second)))) != 0 {
			t.Error("rows from the future")
		}
	})
}

// TestOneInstant puts a page edge between sales of the same millisecond.
func TestOneInstant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, bytetechfake.Config{})
		a.product("M1", 1000, "")
		for range 1000 {
			a.sell(sale("M1", 1))
		}
		seen := map[string]int{}
		for _, tx := range all[transaction](a, "/v1/transactions?limit=7&updated_since="+a.fake.Now().Format(time.RFC3339Nano)) {
			seen[tx.ID]++
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", id, n)
			}
		}
		if len(seen) != 1000 {
			t.Errorf("%d of 1000 sales", len(seen))
		}
	})
}

func TestUpdatedAtStrictlyIncreases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, bytetechfake.Config{})
		a.product("M1", 1000, "")
		id := a.sell(sale("M1", 1)).ID
		last := a.transaction(id)
		for range 1500 { // beyond the point at which the feed is tidied up
			_, err := a.fake.Edit(posfake.Edit{ID: id})
			a.ok(err)
		}
		tx := a.transaction(id)
		if !tx.Updated.After(last.Updated) || tx.Revision != last.Revision+1500 {
			t.Errorf("revision %d at %v", tx.Revision, tx.Updated)
		}
		if got := all[transaction](a, "/v1/transactions"); len(got) != 1 || got[0].Revision != tx.Revision {
			t.Errorf("%d rows", len(got))
		}
		if got := a.fake.Ledger(); len(got) != 1501 || got[1500].Version != 1501 {
			t.Errorf("%d versions", len(got))
		}
	})
}
