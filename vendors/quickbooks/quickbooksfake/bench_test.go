package quickbooksfake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

// BenchmarkFleet times the fake itself with 500 items at 1,000 locations.
func BenchmarkFleet(b *testing.B) {
	c := setup(b, quickbooksfake.Config{Locations: 1000, Items: 500})
	b.Run("batch of 30", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			var items []string
			for i := range 30 {
				items = append(items, fmt.Sprintf(`{"bId":"%d","operation":"create","Item":{"Name":"M%d-%d-%d","Type":"NonInventory","UnitPrice":1,"IncomeAccountRef":{"value":"79"}}}`, i, b.N, n, i))
			}
			c.ok("POST", "/batch", `{"BatchItemRequest":[`+strings.Join(items, ",")+`]}`)
		}
	})
	b.Run("sell", func(b *testing.B) {
		for b.Loop() {
			c.sell(c.saleOf("HOST-1", "HOST-2"))
		}
	})
	b.Run("idle poll", func(b *testing.B) {
		from := c.fake.Now().Add(time.Hour).Format(time.RFC3339)
		for b.Loop() {
			c.cdc("SalesReceipt,RefundReceipt,Invoice,Payment,CreditMemo,Item", from)
		}
	})
	b.Run("page of 1000 sales", func(b *testing.B) {
		for b.Loop() {
			c.query("select * from SalesReceipt maxresults 1000")
		}
	})
	b.Run("menu", func(b *testing.B) {
		for b.Loop() {
			c.fake.Menu()
		}
	})
}
