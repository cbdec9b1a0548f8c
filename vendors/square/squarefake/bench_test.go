package squarefake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// BenchmarkFleet times the fake itself with 500 items at 1,000 locations.
func BenchmarkFleet(b *testing.B) {
	f := squarefake.New(squarefake.Config{Locations: 1000})
	b.Cleanup(f.Close)
	c := clientOf(b, f)
	var objects []string
	for i := range 500 {
		objects = append(objects, strings.NewReplacer("#bowls", "#c", "#meal", fmt.Sprint("#m", i), `"#v"`, fmt.Sprintf(`"#v%d"`, i), "FARM-1", fmt.Sprint("FARM-", i)).Replace(meal))
	}
	objects = append(objects, strings.Replace(bowls, "#bowls", "#c", 1))
	run := 0
	upsert := func() {
		run++
		c.ok("POST", "/v2/catalog/batch-upsert", batch(fmt.Sprint("k", run), objects[500]+","+strings.Join(objects[:499], ",")))
	}
	upsert()
	n := int64(5)
	start := time.Now()
	for l := range 1000 {
		for i := range 499 {
			if err := f.SetStock(fmt.Sprintf("L%04d", l+1), fmt.Sprint("FARM-", i), &n); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Logf("counted 499,000 in %v", time.Since(start))
	b.Run("upsert", func(b *testing.B) {
		for b.Loop() {
			upsert()
		}
	})
	b.Run("counts page", func(b *testing.B) {
		for b.Loop() {
			c.ok("POST", "/v2/inventory/counts/batch-retrieve", `{"states":["IN_STOCK"],"limit":1000}`)
		}
	})
	b.Run("sell", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.Sell(one("L0001", "FARM-1")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("idle poll", func(b *testing.B) {
		now := time.Now().UTC().Format(time.RFC3339)
		for b.Loop() {
			c.ok("POST", "/v2/orders/search", search(`"L0002","L0003","L0004"`, `,"query":{"filter":{"date_time_filter":{"updated_at":{"start_at":"`+now+`"}}},"sort":{"sort_field":"UPDATED_AT","sort_order":"ASC"}}`))
		}
	})
}
