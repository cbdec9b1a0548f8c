package bytetechfake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

// BenchmarkFleet measures the fake at 1,000 kiosks with 50 packages each and
// 500 products: what a client's benchmark pays for the fake.
func BenchmarkFleet(b *testing.B) {
	f := newFake(b, bytetechfake.Config{Kiosks: 1000, Products: 500, TagsPerKiosk: 50})
	client := &http.Client{Transport: f.Transport()}
	get := func(b *testing.B, path string) (next string) {
		b.Helper()
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://byte.test"+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+bytetechfake.DefaultClient().APIKey)
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(resp.StatusCode, err)
		}
		var page struct {
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			b.Fatal(err)
		}
		return page.Next
	}
	sweep := func(path string) func(*testing.B) {
		return func(b *testing.B) {
			b.Helper()
			calls := 0
			for b.Loop() {
				for next := get(b, path); ; next = get(b, path+"&cursor="+next) {
					calls++
					if next == "" {
						break
					}
				}
			}
			b.ReportMetric(float64(calls)/float64(b.N), "calls/op")
		}
	}
	b.Run("status", sweep("/v1/kiosks?include=status&limit=200"))
	b.Run("inventory", sweep("/v1/inventory?limit=200"))
	b.Run("idle inventory", sweep("/v1/inventory?limit=200&updated_since=2100-01-01T00:00:00Z"))
	b.Run("idle transactions", sweep("/v1/transactions?limit=200&updated_since=2100-01-01T00:00:00Z"))
	b.Run("sell", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.Sell(posfake.Sale{Location: "1500", Lines: one("FARM-007", 1)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("transactions", sweep("/v1/transactions?limit=200"))
}
