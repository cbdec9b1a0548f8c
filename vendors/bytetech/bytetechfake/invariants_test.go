package bytetechfake_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

// TestNothingIsLost does random things to a small fleet and then compares what
// the API shows with the ledger and with the packages that went in and out.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { simulate(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func simulate(t *testing.T, r *rand.Rand) {
	t.Helper()
	a := newAPI(t, bytetechfake.Config{
		Seed: r.Int64(), Kiosks: 3, Products: 6, TagsPerKiosk: 40,
		FinalizeDelay: time.Duration(r.IntN(2)) * 20 * time.Second, CaptureDelay: time.Duration(r.IntN(2)) * 40 * time.Minute,
	})
	a.discount("STD", `"kind":"standard","value_type":"percent","percent":"7.5"`)
	a.discount("OFF", `"kind":"coupon","value_type":"amount","amount_cents":333,"billed_to_location_percent":"33.3","coupon":{"coupon_type":"reusable","code":"OFF"}`)
	kiosks := a.fake.Locations()
	var ids []string
	for range 200 {
		k := kiosks[r.IntN(len(kiosks))]
		sku := fmt.Sprintf("FARM-%03d", r.IntN(6)+1)
		switch r.IntN(12) {
		case 0:
			a.ok(a.fake.SetOnline(k, r.IntN(3) > 0))
		case 1:
			_, err := a.fake.Restock(k, sku, 1+r.IntN(5), time.Time{})
			a.ok(err)
		case 2:
			_ = a.fake.TagMissing(k, sku, 1) // refused where there is none
			_ = a.fake.TagBack(k, sku, 1)
		case 3, 4:
			if len(ids) > 0 {
				// Most are refused for the state that the sale is in.
				id := ids[r.IntN(len(ids))]
				_, _ = a.fake.Refund(posfake.Refund{ID: id, Amount: r.Int64N(400), State: []string{"", "pending", "failed"}[r.IntN(3)]})
				_, _ = a.fake.Edit(posfake.Edit{ID: ids[r.IntN(len(ids))], Settle: "completed"})
				_, _ = a.fake.Edit(posfake.Edit{ID: ids[r.IntN(len(ids))], Pay: true})
				_, _ = a.fake.Void(ids[r.IntN(len(ids))])
			}
		case 5:
			a.fake.Advance(time.Duration(r.IntN(90)) * time.Minute)
		default:
			s := posfake.Sale{Location: k, Lines: append(one(sku, 1+r.Int64N(3)), one("FARM-001", 1)...), State: []string{"", "", "pending", "failed"}[r.IntN(4)]}
			if r.IntN(3) == 0 {
				s.Codes = []string{"OFF"}
			}
			ids = append(ids, a.sell(s).ID)
		}
	}
	for _, k := range kiosks {
		a.ok(a.fake.SetOnline(k, true))
	}
	a.fake.Advance(2 * time.Hour)
	compareWithLedger(a, len(ids))
	comparePackages(a, kiosks)
}

func compareWithLedger(a *api, sales int) {
	a.t.Helper()
	truth := map[string]posfake.Record{}
	for _, v := range a.fake.Ledger() {
		if v.Version != truth[v.ID].Version+1 {
			a.t.Errorf("version %d of %s after %d", v.Version, v.ID, truth[v.ID].Version)
		}
		truth[v.ID] = v
	}
	rows := all[transaction](a, "/v1/transactions?limit=17")
	if len(rows) != sales || len(truth) != sales {
		a.t.Errorf("%d rows and %d records of %d sales", len(rows), len(truth), sales)
	}
	for i, tx := range rows {
		v := truth[tx.ID]
		if v.Total != tx.Total || v.Discount != tx.Discount || v.Tax != tx.Tax || v.Refunded != tx.Refunded || v.Location != tx.Kiosk || !v.UpdatedAt.Equal(tx.Updated) {
			a.t.Errorf("row %+v, record %+v", tx, v)
		}
		var gross, discount, tax, applied, refunded int64
		for _, l := range tx.Lines {
			gross, discount, tax = gross+l.Gross, discount+l.Discount, tax+l.Tax
		}
		for _, d := range tx.Discounts {
			applied += d.Amount
		}
		for _, d := range tx.Adjustments {
			if d.Status == "processed" {
				refunded += d.Amount
			}
		}
		if tx.Subtotal != gross || tx.Discount != discount || tx.Tax != tax || applied != discount || tx.Total != gross-discount+tax || refunded != tx.Refunded || refunded > tx.Total {
			a.t.Errorf("amounts do not add up: %+v", tx)
		}
		if i > 0 && tx.Updated.Before(rows[i-1].Updated) {
			a.t.Errorf("row %d is out of order", i)
		}
	}
}

// comparePackages holds every tag to exactly one fate.
func comparePackages(a *api, kiosks []string) {
	a.t.Helper()
	owner := map[string]string{}
	for _, tx := range all[transaction](a, "/v1/transactions") {
		for _, l := range tx.Lines {
			for _, epc := range l.EPCs {
				if owner[epc] != "" {
					a.t.Errorf("package %s is sold twice", epc)
				}
				owner[epc] = tx.ID
			}
		}
	}
	for _, k := range kiosks {
		states := map[string]int{}
		for _, tg := range all[struct {
			EPC         string `json:"epc"`
			State       string `json:"state"`
			Transaction string `json:"transaction_id"`
		}](a, "/v1/kiosks/"+k+"/tags") {
			states[tg.State]++
			if tg.Transaction != owner[tg.EPC] || (tg.State == "sold") != (tg.Transaction != "") {
				a.t.Errorf("%+v, sold by %q", tg, owner[tg.EPC])
			}
		}
		n := 0
		for _, l := range all[inventory](a, "/v1/kiosks/"+k+"/inventory") {
			n += l.Available + l.Expired
		}
		if n != states["in_stock"] {
			a.t.Errorf("kiosk %s: lines hold %d packages, tags %v", k, n, states)
		}
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	f := newFake(t, bytetechfake.Config{Kiosks: 4, Products: 4, TagsPerKiosk: 8, CaptureDelay: time.Minute})
	client := &http.Client{Transport: f.Transport()}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 20 {
				if _, err := f.Sell(posfake.Sale{Location: "1042", Lines: one("FARM-001", 1)}); err != nil {
					t.Error(err)
				}
				f.Advance(time.Second)
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://byte.test/v1/transactions", nil)
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+bytetechfake.DefaultClient().APIKey)
				resp, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				_ = f.SetOnline("1042", i%2 == 0)
			}
		})
	}
	wg.Wait()
	f.Advance(time.Hour)
	if err := f.SetOnline("1042", true); err != nil {
		t.Error(err)
	}
	seen := map[string]bool{}
	for _, r := range f.Ledger() {
		seen[r.ID] = true
	}
	if len(seen) != 320 {
		t.Errorf("%d of 320 sales in the ledger", len(seen))
	}
}
