package bytetechfake_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

type inventory struct {
	Kiosk     string  `json:"kiosk_id"`
	SKU       string  `json:"external_id"`
	Available int     `json:"available_count"`
	Expired   int     `json:"expired_count"`
	Par       *int    `json:"par_level"`
	Earliest  *string `json:"earliest_expires_on"`
	Source    string  `json:"source"`
	Lots      []struct {
		Expires *string `json:"expires_on"`
		Count   int     `json:"count"`
	} `json:"lots"`
	Updated time.Time `json:"updated_at"`
}

// line is a product's line at the first kiosk; a negative count if there is none.
func (a *api) line(sku string) inventory {
	a.t.Helper()
	for _, l := range all[inventory](a, "/v1/kiosks/"+kid+"/inventory") {
		if l.SKU == sku {
			n := 0
			for _, lot := range l.Lots {
				n += lot.Count
			}
			if n != l.Available+l.Expired {
				a.t.Errorf("lots of %+v do not add up", l)
			}
			return l
		}
	}
	return inventory{Available: -1}
}

func TestSetStock(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
	a.product("M1", 1000, "")
	if n := a.line("M1").Available; n != -1 {
		t.Errorf("%d packages of a product that was never there", n)
	}
	for _, n := range []int64{4, 9, 2, 0} {
		a.ok(a.fake.SetStock(kid, "M1", &n))
		if l := a.line("M1"); int64(l.Available) != n || l.Source != "restock" {
			t.Errorf("%+v, want %d", l, n)
		}
	}
	if err := a.fake.SetStock(kid, "M1", nil); !errors.Is(err, posfake.ErrNotSimulated) {
		t.Errorf("a count that is forgotten: %v", err)
	}
	for _, bad := range []error{a.fake.SetStock("9", "M1", new(int64(1))), a.fake.SetStock(kid, "", new(int64(1))), a.fake.SetStock(kid, "M1", new(int64(-1)))} {
		if bad == nil {
			t.Error("accepted")
		}
	}
}

func TestSalesAndTagsMakeTheStock(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
	a.product("M1", 1000, "")
	id, err := a.fake.Restock(kid, "M1", 5, time.Time{})
	a.ok(err)
	tx := a.transaction(a.sell(sale("M1", 2)).ID)
	if l := a.line("M1"); l.Available != 3 || l.Source != "transaction" {
		t.Errorf("%+v", l)
	}
	a.ok(a.fake.TagMissing(kid, "M1", 2))
	if l := a.line("M1"); l.Available != 1 || l.Source != "heartbeat" {
		t.Errorf("%+v", l)
	}
	type tag struct {
		EPC         string `json:"epc"`
		State       string `json:"state"`
		Restock     string `json:"restock_id"`
		Transaction string `json:"transaction_id"`
	}
	states := map[string]int{}
	for _, tg := range all[tag](a, "/v1/kiosks/"+kid+"/tags?limit=2") {
		states[tg.State]++
		if tg.Restock != id || (tg.State == "sold") != (tg.Transaction == tx.ID) {
			t.Errorf("%+v", tg)
		}
	}
	if diff := cmp.Diff(map[string]int{"in_stock": 1, "missing": 2, "sold": 2}, states); diff != "" {
		t.Error(diff)
	}
	if got := all[tag](a, "/v1/kiosks/"+kid+"/tags?state=sold"); len(got) != 2 || got[0].EPC != tx.Lines[0].EPCs[0] {
		t.Errorf("sold: %+v", got)
	}
	a.ok(a.fake.TagBack(kid, "M1", 2))
	a.ok(a.fake.Remove(kid, "M1", 1, "damaged"))
	if l := a.line("M1"); l.Available != 2 {
		t.Errorf("%+v", l)
	}
	if err := a.fake.TagMissing(kid, "M1", 3); err == nil {
		t.Error("more tags missing than there are")
	}
	type restock struct {
		ID      string                    `json:"restock_id"`
		Added   []struct{ Count int }     `json:"added"`
		Removed []struct{ Reason string } `json:"removed"`
		Left    int                       `json:"resulting_count"`
	}
	got := all[restock](a, "/v1/restocks?kiosk_id="+kid)
	if len(got) != 2 || got[0].ID != id || got[0].Added[0].Count != 5 || got[1].Removed[0].Reason != "damaged" || got[1].Left != 2 {
		t.Errorf("%+v", got)
	}
}

func TestSaleOfWhatIsNotThereLeavesTheCount(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
	a.product("M1", 1000, "")
	a.ok(a.fake.SetStock(kid, "M1", new(int64(1))))
	if r := a.sell(sale("M1", 3)); r.Total != 3180 {
		t.Errorf("total %d", r.Total)
	}
	if n := a.line("M1").Available; n != 0 {
		t.Errorf("%d left", n)
	}
}

func TestExpiryIsADayAtTheKiosk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // 2000-01-01T00:00:00Z is 1999-12-31 19:00 in New York
		a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
		a.product("SHORT", 1000, `,"shelf_life_days":2`)
		a.product("LONG", 1000, "")
		for _, sku := range []string{"SHORT", "LONG"} {
			a.ok(a.fake.SetStock(kid, sku, new(int64(2))))
		}
		_, err := a.fake.Restock(kid, "SHORT", 1, a.fake.Now().Add(-24*time.Hour))
		a.ok(err)
		if l := a.line("LONG"); l.Earliest != nil || l.Lots[0].Expires != nil {
			t.Errorf("1000 days are no date: %+v", l)
		}
		if l := a.line("SHORT"); *l.Earliest != "2000-01-01" || len(l.Lots) != 2 || l.Available != 3 {
			t.Errorf("%+v", l)
		}
		since := a.fake.Now().Add(time.Second)
		a.fake.Advance(29 * time.Hour) // midnight in New York
		l := a.line("SHORT")
		if l.Expired != 1 || l.Available != 2 {
			t.Errorf("%+v", l)
		}
		if got := all[inventory](a, "/v1/inventory?updated_since="+since.Format(time.RFC3339)); len(got) != 1 || got[0].SKU != "SHORT" {
			t.Errorf("what expired has changed: %+v", got)
		}
		// Nobody is sold an expired package while there is another.
		if tx := a.transaction(a.sell(sale("SHORT", 1)).ID); tx.Lines[0].Expires != "2000-01-02" {
			t.Errorf("%+v", tx.Lines)
		}
	})
}

func TestZeroLinesStayForThirtyDays(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
	a.product("M1", 1000, "")
	a.ok(a.fake.SetStock(kid, "M1", new(int64(1))))
	a.sell(sale("M1", 1))
	a.fake.Advance(29 * 24 * time.Hour)
	if n := a.line("M1").Available; n != 0 {
		t.Errorf("after 29 days: %d", n)
	}
	a.fake.Advance(2 * 24 * time.Hour)
	if n := a.line("M1").Available; n != -1 {
		t.Errorf("after 31 days: %d", n)
	}
}

func TestInventoryPagesOverKiosks(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Kiosks: 7, Products: 30, TagsPerKiosk: 53})
	count := map[string]int{}
	lines := map[string]int{}
	for _, l := range all[inventory](a, "/v1/inventory?limit=9") {
		count[l.Kiosk] += l.Available + l.Expired
		lines[l.Kiosk]++
	}
	if len(count) != 7 {
		t.Errorf("%d kiosks", len(count))
	}
	for k, n := range count {
		if n != 53 || lines[k] != 10 {
			t.Errorf("kiosk %s: %d packages in %d lines", k, n, lines[k])
		}
	}
	if got := all[inventory](a, "/v1/inventory?kiosk_id=1043,1048&limit=3"); len(got) != 20 {
		t.Errorf("%d lines of two kiosks", len(got))
	}
	since := a.fake.Now().Add(time.Second)
	a.fake.Advance(time.Minute)
	a.ok(a.fake.SetStock("1045", "FARM-001", new(int64(77))))
	if got := all[inventory](a, "/v1/inventory?updated_since="+since.Format(time.RFC3339Nano)); len(got) != 1 || got[0].Kiosk != "1045" || got[0].Available != 77 {
		t.Errorf("%+v", got)
	}
}
