package bytetechfake_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

type discount struct {
	ID     string `json:"discount_id"`
	Status string `json:"status"`
	Coupon *struct {
		Code *string `json:"code"`
	} `json:"coupon"`
	Usage struct {
		Redemptions int   `json:"redemption_count"`
		Given       int64 `json:"discount_cents"`
	} `json:"usage"`
	Ended *time.Time `json:"ended_at"`
}

type code struct {
	Code        string  `json:"code"`
	State       string  `json:"state"`
	Transaction *string `json:"transaction_id"`
}

// discount creates a discount that starts long ago unless rest says otherwise.
func (a *api) discount(name, rest string) discount {
	a.t.Helper()
	if !strings.Contains(rest, "starts_at") {
		rest += `,"starts_at":"1999-01-01T00:00:00Z"`
	}
	var d discount
	a.post("/v1/discounts", fmt.Sprintf(`{"external_id":%q,"name":%q,%s}`, name, name, rest), 201, &d)
	return d
}

func (a *api) reread(d discount) (out discount) {
	a.t.Helper()
	a.get("/v1/discounts/"+d.ID, &out)
	return out
}

func TestDiscountRefusals(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.discount("TAKEN", `"kind":"coupon","value_type":"percent","percent":"10","coupon":{"coupon_type":"reusable","code":"taken"}`)
	const start = `"starts_at":"2026-01-01T00:00:00Z"`
	for _, tc := range []struct {
		name, body, field string
	}{
		{"name", `"kind":"standard","value_type":"percent","percent":"1",` + start, "name"},
		{"kind", `"name":"A","kind":"odd","value_type":"percent","percent":"1",` + start, "kind"},
		{"value type", `"name":"A","kind":"standard","value_type":"odd",` + start, "value_type"},
		{"percent 0", `"name":"A","kind":"standard","value_type":"percent","percent":"0",` + start, "percent"},
		{"percent 101", `"name":"A","kind":"standard","value_type":"percent","percent":"101",` + start, "percent"},
		{"both values", `"name":"A","kind":"standard","value_type":"percent","percent":"1","amount_cents":1,` + start, "percent"},
		{"amount 0", `"name":"A","kind":"standard","value_type":"amount","amount_cents":0,` + start, "amount_cents"},
		{"no start", `"name":"A","kind":"standard","value_type":"amount","amount_cents":5`, "starts_at"},
		{"end first", `"name":"A","kind":"standard","value_type":"amount","amount_cents":5,"ends_at":"2025-01-01T00:00:00Z",` + start, "ends_at"},
		{"subsidy", `"name":"A","kind":"standard","value_type":"amount","amount_cents":5,"billed_to_location_percent":"120",` + start, "billed_to_location_percent"},
		{"no schedule", `"name":"A","kind":"happy_hour","value_type":"amount","amount_cents":5,` + start, "schedule"},
		{"day", `"name":"A","kind":"happy_hour","value_type":"amount","amount_cents":5,"schedule":{"days":["Monday"],"start_time":"10:00","end_time":"11:00"},` + start, "schedule.days[0]"},
		{"limit", `"name":"A","kind":"shelf_life","value_type":"amount","amount_cents":5,` + start, "max_expiration_days"},
		{"stray limit", `"name":"A","kind":"standard","value_type":"amount","amount_cents":5,"max_shelf_life_days":3,` + start, "max_expiration_days"},
		{"product", `"name":"A","kind":"standard","value_type":"amount","amount_cents":5,"applies_to":{"product_ids":["x"]},` + start, "applies_to.product_ids[0]"},
		{"kiosk", `"name":"A","kind":"standard","value_type":"amount","amount_cents":5,"applies_to":{"kiosk_ids":["1042","9"]},` + start, "applies_to.kiosk_ids[1]"},
		{"no coupon", `"name":"A","kind":"coupon","value_type":"amount","amount_cents":5,` + start, "coupon"},
		{"code", `"name":"A","kind":"coupon","value_type":"amount","amount_cents":5,"coupon":{"coupon_type":"reusable","code":"a b"},` + start, "coupon.code"},
		{"count", `"name":"A","kind":"coupon","value_type":"amount","amount_cents":5,"coupon":{"coupon_type":"single_use","code_count":1001},` + start, "coupon.code_count"},
		{"balance", `"name":"A","kind":"coupon","value_type":"percent","percent":"5","coupon":{"coupon_type":"declining_balance","code":"GIFT","initial_balance_cents":5},` + start, "coupon.initial_balance_cents"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := *a
			b.t = t
			b.do("POST", "/v1/discounts", "{"+tc.body+"}").fails(422, "validation_failed", tc.field)
		})
	}
	a.do("POST", "/v1/discounts", `{"external_id":"TAKEN","name":"A","kind":"standard","value_type":"amount","amount_cents":5,`+start+`}`).fails(409, "duplicate_external_id", "external_id")
	a.do("POST", "/v1/discounts", `{"name":"A","kind":"coupon","value_type":"amount","amount_cents":5,"coupon":{"coupon_type":"reusable","code":"TAKEN"},`+start+`}`).fails(409, "duplicate_code", "coupon.code")
}

func TestDiscountsAreImmutable(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	d := a.discount("D", `"kind":"coupon","value_type":"percent","percent":"10","coupon":{"coupon_type":"reusable","code":"save"}`)
	a.do("PATCH", "/v1/discounts/"+d.ID, `{"name":"E"}`).fails(405, "method_not_allowed", "")
	a.post("/v1/discounts/"+d.ID+"/end", nil, 200, &d)
	first := *d.Ended
	a.fake.Advance(time.Hour)
	a.post("/v1/discounts/"+d.ID+"/end", nil, 200, &d)
	if d.Status != "ended" || !d.Ended.Equal(first) {
		t.Errorf("ended twice: %+v", d)
	}
	// The code is free again.
	e := a.discount("E", `"kind":"coupon","value_type":"percent","percent":"10","coupon":{"coupon_type":"reusable","code":"SAVE"}`)
	if *e.Coupon.Code != "SAVE" {
		t.Errorf("code %q", *e.Coupon.Code)
	}
	if got := all[discount](a, "/v1/discounts?status=active"); len(got) != 1 || got[0].ID != e.ID {
		t.Errorf("active: %+v", got)
	}
}

func TestDiscountStatusFollowsTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, bytetechfake.Config{})
		d := a.discount("D", `"kind":"standard","value_type":"percent","percent":"10","starts_at":"2000-01-01T01:00:00Z","ends_at":"2000-01-01T02:00:00Z"`)
		for _, want := range []string{"scheduled", "active", "ended"} {
			if got := a.reread(d); got.Status != want || (got.Ended != nil) != (want == "ended") {
				t.Errorf("at %v: %+v", a.fake.Now(), got)
			}
			a.fake.Advance(time.Hour)
		}
	})
}

// TestPrices sells M1 (10.00) and S1 (5.00, keeps 2 days, category Salads) at
// 6 % tax in New York on Friday evening.
func TestPrices(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		discount string // {p} is M1, {c} is Salads
		codes    []string
		m1, s1   int64 // off each line
	}{
		{name: "none"},
		{"percent", `"kind":"standard","value_type":"percent","percent":"12.5"`, nil, 125, 63},
		{"amount is spread", `"kind":"standard","value_type":"amount","amount_cents":300`, nil, 200, 100},
		{"amount is capped", `"kind":"standard","value_type":"amount","amount_cents":9999`, nil, 1000, 500},
		{"product", `"kind":"standard","value_type":"percent","percent":"10","applies_to":{"product_ids":["{p}"]}`, nil, 100, 0},
		{"category", `"kind":"standard","value_type":"percent","percent":"10","applies_to":{"category_ids":["{c}"]}`, nil, 0, 50},
		{"this kiosk", `"kind":"standard","value_type":"percent","percent":"10","applies_to":{"kiosk_ids":["1042"]}`, nil, 100, 50},
		{"other kiosk", `"kind":"standard","value_type":"percent","percent":"10","applies_to":{"kiosk_ids":["1043"]}`, nil, 0, 0},
		{"not yet", `"kind":"standard","value_type":"percent","percent":"10","starts_at":"2000-01-01T00:00:00.001Z"`, nil, 0, 0},
		{"just over", `"kind":"standard","value_type":"percent","percent":"10","ends_at":"2000-01-01T00:00:00Z"`, nil, 0, 0},
		{"happy hour", `"kind":"happy_hour","value_type":"percent","percent":"10","schedule":{"days":["FRI"],"start_time":"19:00","end_time":"02:00"}`, nil, 100, 50},
		{"happy hour of yesterday", `"kind":"happy_hour","value_type":"percent","percent":"10","schedule":{"days":["THU"],"start_time":"20:00","end_time":"19:01"}`, nil, 100, 50},
		{"happy hour elsewhere", `"kind":"happy_hour","value_type":"percent","percent":"10","schedule":{"days":["SAT"],"start_time":"00:00","end_time":"01:00"}`, nil, 0, 0},
		{"shelf life", `"kind":"shelf_life","value_type":"percent","percent":"10","max_expiration_days":2`, nil, 0, 50},
		{"shelf life too long", `"kind":"shelf_life","value_type":"percent","percent":"10","max_expiration_days":1`, nil, 0, 0},
		{"short-lived only", `"kind":"shelf_life","value_type":"percent","percent":"10","max_expiration_days":5,"max_shelf_life_days":1`, nil, 0, 0},
		{"code", `"kind":"coupon","value_type":"percent","percent":"10","coupon":{"coupon_type":"reusable","code":"SAVE"}`, []string{"save"}, 100, 50},
		{"no code", `"kind":"coupon","value_type":"percent","percent":"10","coupon":{"coupon_type":"reusable","code":"SAVE"}`, nil, 0, 0},
		{"gift card", `"kind":"coupon","value_type":"amount","coupon":{"coupon_type":"declining_balance","code":"GIFT","initial_balance_cents":150}`, []string{"GIFT"}, 100, 50},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAPI(t, bytetechfake.Config{Locations: seeds("1042", "1043")})
				id := a.product("M1", 1000, "")
				a.product("S1", 500, `,"shelf_life_days":2,"category_name":"Salads"`)
				if tc.discount != "" {
					a.discount("D", strings.NewReplacer("{p}", id, "{c}", "c_0000001").Replace(tc.discount))
				}
				r := a.sell(posfake.Sale{Lines: append(one("M1", 1), one("S1", 1)...), Codes: tc.codes})
				tx := a.transaction(r.ID)
				if tx.Lines[0].Discount != tc.m1 || tx.Lines[1].Discount != tc.s1 {
					t.Errorf("discounts %d and %d, want %d and %d", tx.Lines[0].Discount, tx.Lines[1].Discount, tc.m1, tc.s1)
				}
				tax := func(net int64) int64 { return (net*6 + 50) / 100 }
				if want := 1500 - tc.m1 - tc.s1 + tax(1000-tc.m1) + tax(500-tc.s1); tx.Total != want || tx.Total != tx.Subtotal-tx.Discount+tx.Tax {
					t.Errorf("total %d, want %d", tx.Total, want)
				}
				if tx.Discount > 0 && (len(tx.Discounts) != 1 || tx.Discounts[0].Amount != tx.Discount) {
					t.Errorf("applied %+v", tx.Discounts)
				}
			})
		})
	}
}

func TestDiscountsShowOnceThePriceIsFinal(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{FinalizeDelay: time.Minute})
	a.product("M1", 1000, `,"taxable":false`)
	d := a.discount("D", `"kind":"standard","value_type":"percent","percent":"10","billed_to_location_percent":"50"`)
	r := a.sell(sale("M1", 1))
	if r.Total != 1000 || r.Discount != 0 {
		t.Errorf("placed: %+v", r)
	}
	a.fake.Advance(time.Minute)
	if tx := a.transaction(r.ID); tx.Total != 900 || tx.Billed != 50 || tx.Tax != 0 {
		t.Errorf("final: %+v", tx)
	}
	if got := a.reread(d).Usage; got.Redemptions != 1 || got.Given != 100 {
		t.Errorf("usage %+v", got)
	}
}

func TestSingleUseCodes(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.product("M1", 1000, "")
	d := a.discount("MANY", `"kind":"coupon","value_type":"percent","percent":"10","coupon":{"coupon_type":"single_use","code_count":501}`)
	codes := all[code](a, "/v1/discounts/"+d.ID+"/codes?limit=200")
	unique := map[string]bool{}
	for _, c := range codes {
		unique[c.Code] = c.State == "unused"
	}
	if len(codes) != 501 || len(unique) != 501 {
		t.Fatalf("%d codes, %d different", len(codes), len(unique))
	}
	use := func(state string) int64 {
		return a.sell(posfake.Sale{Lines: one("M1", 1), Codes: []string{codes[0].Code}, State: state}).Discount
	}
	pending := a.sell(posfake.Sale{Lines: one("M1", 1), Codes: []string{codes[0].Code}, State: "pending"})
	if pending.Discount != 100 || use("") != 0 {
		t.Error("a code is good for one use")
	}
	_, err := a.fake.Void(pending.ID)
	a.ok(err)
	if use("") != 100 || use("") != 0 {
		t.Error("a voided sale gives its code back, once")
	}
	if got := all[code](a, "/v1/discounts/"+d.ID+"/codes"); got[0].State != "used" || got[0].Transaction == nil || got[1].State != "unused" {
		t.Errorf("%+v", got[:2])
	}
	a.post("/v1/discounts/"+d.ID+"/end", nil, 200, nil)
	if got := all[code](a, "/v1/discounts/"+d.ID+"/codes"); got[0].State != "used" || got[1].State != "expired" {
		t.Errorf("after the end: %+v", got[:2])
	}
}

func TestDecliningBalance(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.product("M1", 1000, "")
	d := a.discount("G", `"kind":"coupon","value_type":"amount","coupon":{"coupon_type":"declining_balance","code":"GIFT","initial_balance_cents":1500}`)
	for _, want := range []int64{1000, 500, 0} {
		if got := a.sell(posfake.Sale{Lines: one("M1", 1), Codes: []string{"GIFT"}}).Discount; got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	if got := a.reread(d).Usage; got.Redemptions != 2 || got.Given != 1500 {
		t.Errorf("usage %+v", got)
	}
}
