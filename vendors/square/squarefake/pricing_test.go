package squarefake_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// TestPricingRules sells a meal at 10.00 and a tea at 2.50, off the host's
// menu, under one promotion. Virtual time begins on Saturday 2000-01-01 00:00
// UTC, which is Friday evening in New York.
func TestPricingRules(t *testing.T) {
	t.Parallel()
	const percent = `{"type":"DISCOUNT","id":"#d","discount_data":{"name":"P","discount_type":"FIXED_PERCENTAGE","percentage":"12.5"}}`
	const capped = `{"type":"DISCOUNT","id":"#d","discount_data":{"name":"P","discount_type":"FIXED_PERCENTAGE","percentage":"50","maximum_amount_money":{"amount":200,"currency":"USD"}}}`
	const amount = `{"type":"DISCOUNT","id":"#d","discount_data":{"name":"P","discount_type":"FIXED_AMOUNT","amount_money":{"amount":300,"currency":"USD"}}}`
	set := func(body string) string { return `{"type":"PRODUCT_SET","id":"#ps","product_set_data":{` + body + `}}` }
	every := set(`"all_products":true`)
	rule := func(more string) string {
		return `{"type":"PRICING_RULE","id":"#pr","pricing_rule_data":{"name":"P","discount_id":"#d","match_products_id":"#ps"` + more + `}}`
	}
	period := func(event string) string {
		return `{"type":"TIME_PERIOD","id":"#tp","time_period_data":{"event":"` + event + `"}}`
	}
	tests := []struct {
		name    string
		objects []string
		want    int64
	}{
		{"percent of all", []string{percent, every, rule("")}, 125 + 31},
		{"capped", []string{capped, every, rule("")}, 200},
		{"amount once per order", []string{amount, every, rule("")}, 300},
		{"one item", []string{percent, set(`"product_ids_any":["ITEM"]`), rule("")}, 125},
		{"one variation", []string{amount, set(`"product_ids_any":["VARIATION"]`), rule("")}, 300},
		{"a category", []string{percent, set(`"product_ids_any":["CATEGORY"]`), rule("")}, 125},
		{"nested set", []string{percent, `{"type":"PRODUCT_SET","id":"#in","product_set_data":{"product_ids_any":["CATEGORY"]}}`, set(`"product_ids_any":["#in"]`), rule("")}, 125},
		{"excluded", []string{percent, every, `{"type":"PRODUCT_SET","id":"#ex","product_set_data":{"product_ids_any":["ITEM"]}}`, rule(`,"exclude_products_id":"#ex"`)}, 31},
		{"too few", []string{percent, set(`"all_products":true,"quantity_min":3`), rule("")}, 0},
		{"enough", []string{percent, set(`"all_products":true,"quantity_min":2`), rule("")}, 156},
		{"minimum not reached", []string{percent, every, rule(`,"minimum_order_subtotal_money":{"amount":1251,"currency":"USD"}`)}, 0},
		{"minimum reached", []string{percent, every, rule(`,"minimum_order_subtotal_money":{"amount":1250,"currency":"USD"}`)}, 156},
		{"local date", []string{percent, every, rule(`,"valid_from_date":"1999-12-31","valid_until_date":"1999-12-31"`)}, 156},
		{"not yet", []string{percent, every, rule(`,"valid_from_date":"2000-01-01"`)}, 0},
		{"last second", []string{percent, every, rule(`,"valid_until_date":"1999-12-31","valid_until_local_time":"19:00:00"`)}, 156},
		{"over", []string{percent, every, rule(`,"valid_until_date":"1999-12-31","valid_until_local_time":"18:59:59"`)}, 0},
		{"happy hour", []string{percent, every, period(`DTSTART:19990101T180000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;BYDAY=FR`), rule(`,"time_period_ids":["#tp"]`)}, 156},
		{"over midnight", []string{percent, every, period(`DTSTART:19990101T220000\nDURATION:PT22H\nRRULE:FREQ=WEEKLY;BYDAY=TH`), rule(`,"time_period_ids":["#tp"]`)}, 156},
		{"another hour", []string{percent, every, period(`DTSTART:19990101T200000\nDURATION:PT2H\nRRULE:FREQ=DAILY`), rule(`,"time_period_ids":["#tp"]`)}, 0},
		{"elsewhere", []string{percent, every, strings.Replace(rule(""), `"#pr",`, `"#pr","present_at_all_locations":false,"present_at_location_ids":["L0002"],`, 1)}, 0},
		{"customer group", []string{percent, every, rule(`,"customer_group_ids_any":["VIP"]`)}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, item, variation := withMeal(t, squarefake.Config{Places: []posfake.LocationSeed{{ID: "L0001"}, {ID: "L0002"}}, TaxBasisPoints: -1})
				if err := c.fake.AddForeign("TEA", "Tea", 250); err != nil {
					t.Fatal(err)
				}
				category := c.ok("GET", "/v2/catalog/list?types=CATEGORY", nil).at("objects", 0, "id").str()
				var objects []string
				for _, o := range tt.objects {
					objects = append(objects, strings.NewReplacer("ITEM\"]", item+"\"]", "VARIATION", variation, "CATEGORY", category).Replace(o))
				}
				c.upsert("promo", objects...)
				r := c.sell(posfake.Sale{Location: "L0001", Lines: []posfake.SaleLine{{SKU: "FARM-1"}, {SKU: "TEA"}}})
				if r.Discount != tt.want {
					t.Errorf("discount %d, want %d", r.Discount, tt.want)
				}
				o := c.order(r.ID)
				checkIdentities(t, o)
				if tt.want > 0 && !o.at("discounts", 0).has("pricing_rule_id") {
					t.Error("the order does not name the rule")
				}
			})
		})
	}
}

func TestTappedDiscount(t *testing.T) {
	t.Parallel()
	c, _, _ := withMeal(t, squarefake.Config{})
	c.upsert("d", `{"type":"DISCOUNT","id":"#d","discount_data":{"name":"SPRING","discount_type":"FIXED_PERCENTAGE","percentage":"20"}}`)
	s := one("L0001", "FARM-1")
	s.Codes = []string{"spring", "unknown"}
	r := c.sell(s)
	d := c.order(r.ID).at("discounts", 0)
	if r.Discount != 200 || d.at("scope").str() != "ORDER" || d.has("pricing_rule_id") {
		t.Errorf("discount %d, %v", r.Discount, d.v)
	}
}

func TestCalculateOrder(t *testing.T) {
	t.Parallel()
	c, _, variation := withMeal(t, squarefake.Config{})
	c.upsert("promo", promotion("10", "")...)
	body := `{"order":{"location_id":"L0002","line_items":[{"catalog_object_id":"` + variation + `","quantity":"2"},{"name":"Tea","quantity":"1","base_price_money":{"amount":100,"currency":"USD"}}],"pricing_options":{"auto_apply_discounts":%t}}}`
	for auto, want := range map[bool]int64{true: 2500 - 240, false: 2500} {
		o := c.ok("POST", "/v2/orders/calculate", fmt.Sprintf(body, auto)).at("order")
		checkIdentities(t, o)
		if got := o.at("total_money", "amount").num(); got != want {
			t.Errorf("auto %t: %d, want %d", auto, got, want)
		}
	}
	if n := len(c.ok("POST", "/v2/orders/search", search(`"L0002"`, "")).at("orders").list()); n != 0 {
		t.Errorf("%d orders were stored", n)
	}
}

func TestSetTax(t *testing.T) {
	t.Parallel()
	c, _, _ := withMeal(t, squarefake.Config{})
	if err := c.fake.SetTax("L0001", 825); err != nil {
		t.Fatal(err)
	}
	o := c.order(c.sell(one("L0001", "FARM-1")).ID)
	if d := cmp.Diff([]any{"8.25", int64(83)}, []any{o.at("taxes", 0, "percentage").str(), o.at("total_tax_money", "amount").num()}); d != "" {
		t.Error(d)
	}
}
