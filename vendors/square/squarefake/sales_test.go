package squarefake_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// promotion is a discount on everything by a pricing rule with more fields.
func promotion(percent, more string) []string {
	return []string{
		`{"type":"DISCOUNT","id":"#d","discount_data":{"name":"PROMO","discount_type":"FIXED_PERCENTAGE","percentage":"` + percent + `"}}`,
		`{"type":"PRODUCT_SET","id":"#ps","product_set_data":{"all_products":true}}`,
		`{"type":"PRICING_RULE","id":"#pr","pricing_rule_data":{"name":"PROMO","discount_id":"#d","match_products_id":"#ps"` + more + `}}`,
	}
}

// checkIdentities checks the sums that hold in every order.
func checkIdentities(t *testing.T, o value) {
	t.Helper()
	sum := func(list []value, path ...any) (n int64) {
		for _, v := range list {
			n += v.at(path...).num()
		}
		return n
	}
	total := o.at("total_money", "amount").num()
	lines := o.at("line_items").list()
	tip := o.at("total_tip_money", "amount").num()
	checks := map[string][2]int64{
		"lines + tip":           {sum(lines, "total_money", "amount") + tip, total},
		"discounts":             {sum(o.at("discounts").list(), "applied_money", "amount"), o.at("total_discount_money", "amount").num()},
		"line discounts":        {sum(lines, "total_discount_money", "amount"), o.at("total_discount_money", "amount").num()},
		"taxes":                 {sum(o.at("taxes").list(), "applied_money", "amount"), o.at("total_tax_money", "amount").num()},
		"line taxes":            {sum(lines, "total_tax_money", "amount"), o.at("total_tax_money", "amount").num()},
		"net = sale - returned": {o.at("net_amounts", "total_money", "amount").num(), total - o.at("return_amounts", "total_money", "amount").num()},
	}
	if tenders := o.at("tenders").list(); len(tenders) > 0 {
		checks["tenders"] = [2]int64{sum(tenders, "amount_money", "amount"), total}
		checks["tips"] = [2]int64{sum(tenders, "tip_money", "amount"), tip}
	}
	for i, l := range lines {
		checks[fmt.Sprint("line ", i)] = [2]int64{
			l.at("gross_sales_money", "amount").num() - l.at("total_discount_money", "amount").num() + l.at("total_tax_money", "amount").num(),
			l.at("total_money", "amount").num(),
		}
		checks[fmt.Sprint("applied ", i)] = [2]int64{sum(l.at("applied_discounts").list(), "applied_money", "amount"), l.at("total_discount_money", "amount").num()}
	}
	for name, c := range checks {
		if c[0] != c[1] {
			t.Errorf("order %s: %s: %d, want %d", o.at("id").str(), name, c[0], c[1])
		}
	}
}

func TestSell(t *testing.T) {
	t.Parallel()
	price := int64(333)
	tests := []struct {
		name                 string
		sale                 posfake.Sale
		state, tender, paid  string
		total, discount, tax int64
	}{
		{"card", one("L0001", "FARM-1"), "COMPLETED", "CARD", "COMPLETED", 972, 100, 72},
		{"override and tip", posfake.Sale{Location: "L0002", Lines: []posfake.SaleLine{{SKU: "FARM-1", Quantity: 2}}, Tip: 150}, "COMPLETED", "CARD", "COMPLETED", 2483, 240, 173},
		{"cash", posfake.Sale{Location: "L0001", Lines: []posfake.SaleLine{{SKU: "FARM-1"}}, Tender: "cash"}, "COMPLETED", "CASH", "COMPLETED", 972, 100, 72},
		{"off the menu", posfake.Sale{Location: "L0001", Lines: []posfake.SaleLine{{Name: "Tea", Quantity: 3, Price: &price}}}, "COMPLETED", "CARD", "COMPLETED", 1079, 0, 80},
		{"open", posfake.Sale{Location: "L0001", Lines: []posfake.SaleLine{{SKU: "FARM-1"}}, Tender: "none"}, "OPEN", "", "", 972, 100, 72},
		{"pending", posfake.Sale{Location: "L0001", Lines: []posfake.SaleLine{{SKU: "FARM-1"}}, State: "pending"}, "OPEN", "CARD", "APPROVED", 972, 100, 72},
		{"failed", posfake.Sale{Location: "L0001", Lines: []posfake.SaleLine{{SKU: "FARM-1"}}, State: "failed"}, "OPEN", "CARD", "FAILED", 972, 100, 72},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, _, _ := withMeal(t, squarefake.Config{})
			c.upsert("promo", promotion("10", "")...)
			r := c.sell(tt.sale)
			o := c.order(r.ID)
			checkIdentities(t, o)
			if got := o.at("state").str() + o.at("tenders", 0, "type").str(); got != tt.state+tt.tender {
				t.Errorf("order %s, want %s", got, tt.state+tt.tender)
			}
			want := []int64{tt.total, tt.discount, tt.tax}
			if got := []int64{o.at("total_money", "amount").num(), o.at("total_discount_money", "amount").num(), o.at("total_tax_money", "amount").num()}; !cmp.Equal(got, want) {
				t.Errorf("total, discount, tax %v, want %v", got, want)
			}
			if got := []int64{r.Total, r.Discount, r.Tax}; !cmp.Equal(got, want) {
				t.Errorf("ledger %v, want %v", got, want)
			}
			if o.has("version") {
				t.Error("sales at a till have no version")
			}
			if tt.paid != "" {
				p := c.ok("GET", "/v2/payments/"+o.at("tenders", 0, "id").str(), nil).at("payment")
				if p.at("status").str() != tt.paid || p.at("order_id").str() != r.ID ||
					p.at("amount_money", "amount").num()+p.at("tip_money", "amount").num() != tt.total {
					t.Errorf("payment %v", p.v)
				}
			}
		})
	}
}

func TestSellRefuses(t *testing.T) {
	t.Parallel()
	c, _, _ := withMeal(t, squarefake.Config{})
	for name, s := range map[string]posfake.Sale{
		"location": one("L9", "FARM-1"), "unknown SKU without price": one("L0001", "NIX"), "no lines": {Location: "L0001"},
		"tender": {Location: "L0001", Lines: one("", "FARM-1").Lines, Tender: "shells"},
		"state":  {Location: "L0001", Lines: one("", "FARM-1").Lines, State: "odd"},
	} {
		if _, err := c.fake.Sell(s); err == nil {
			t.Errorf("%s: sold", name)
		}
	}
	if n := len(c.fake.Ledger()); n != 0 {
		t.Errorf("%d records", n)
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	c, _, variation := withMeal(t, squarefake.Config{})
	sale := one("L0001", "FARM-1")
	sale.Tip = 100
	r := c.sell(sale)
	full, err := c.fake.Refund(posfake.Refund{ID: r.ID, Reason: "spoiled"})
	if err != nil {
		t.Fatal(err)
	}
	o := c.order(full.ID)
	checkIdentities(t, o)
	ret := o.at("returns", 0)
	if ret.at("source_order_id").str() != r.ID || ret.at("return_line_items", 0, "catalog_object_id").str() != variation ||
		ret.at("return_tips", 0, "applied_money", "amount").num() != 100 || o.at("refunds", 0, "status").str() != "APPROVED" {
		t.Errorf("return order %v", o.v)
	}
	if full.Kind != "refund" || full.Of != r.ID || full.Refunded != r.Total || full.Total != 0 {
		t.Errorf("record %+v", full)
	}
	if _, err := c.fake.Refund(posfake.Refund{ID: r.ID, Amount: 1}); err == nil {
		t.Error("refunded more than was paid")
	}
	p := c.ok("GET", "/v2/payments/"+c.order(r.ID).at("tenders", 0, "id").str(), nil).at("payment")
	if p.at("refunded_money", "amount").num() != r.Total || len(p.at("refund_ids").list()) != 1 {
		t.Errorf("payment %v", p.v)
	}
	refund := c.ok("GET", "/v2/refunds/"+p.at("refund_ids", 0).str(), nil).at("refund")
	if refund.at("order_id").str() != full.ID || refund.at("status").str() != "COMPLETED" {
		t.Errorf("refund %v", refund.v)
	}

	r = c.sell(one("L0002", "FARM-1"))
	part, err := c.fake.Refund(posfake.Refund{ID: r.ID, Amount: 300, State: "pending"})
	if err != nil || part.State != "pending" || part.Refunded != 0 {
		t.Fatalf("%+v %v", part, err)
	}
	if got := c.order(part.ID).at("returns", 0, "return_line_items", 0, "item_type").str(); got != "CUSTOM_AMOUNT" {
		t.Errorf("amount refunds have no items, got %s", got)
	}
	done, err := c.fake.Edit(posfake.Edit{ID: r.ID, Settle: "completed"})
	if err != nil || done.Refunded != 300 || done.Version != 2 || done.ID != part.ID {
		t.Errorf("%+v %v", done, err)
	}
	for query, want := range map[string]int{"": 2, "?location_id=L0002": 1, "?status=PENDING": 0, "?limit=1": 1} {
		if n := len(c.ok("GET", "/v2/refunds"+query, nil).at("refunds").list()); n != want {
			t.Errorf("refunds%s: %d, want %d", query, n, want)
		}
	}
}

func TestVoidAndEdit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := withMeal(t, squarefake.Config{})
		r := c.sell(one("L0001", "FARM-1"))
		time.Sleep(time.Minute)
		tip := int64(200)
		silent, err := c.fake.Edit(posfake.Edit{ID: r.ID, Tip: &tip, Silent: true})
		if err != nil || silent.Version != 2 || !silent.UpdatedAt.Equal(r.UpdatedAt) || silent.Total != r.Total+200 {
			t.Errorf("silent edit %+v %v", silent, err)
		}
		o := c.order(r.ID)
		checkIdentities(t, o)
		p := c.ok("GET", "/v2/payments/"+o.at("tenders", 0, "id").str(), nil).at("payment")
		if p.at("updated_at").str() <= o.at("updated_at").str() {
			t.Error("the payment of a silent edit must move")
		}
		loud, err := c.fake.Edit(posfake.Edit{ID: r.ID, Tip: new(int64)})
		if err != nil || !loud.UpdatedAt.After(r.UpdatedAt) || loud.Total != r.Total {
			t.Errorf("edit %+v %v", loud, err)
		}
		void, err := c.fake.Void(r.ID)
		if err != nil || void.State != "voided" {
			t.Errorf("void %+v %v", void, err)
		}
		o = c.order(r.ID)
		if o.at("state").str() != "CANCELED" || o.at("tenders", 0, "card_details", "status").str() != "VOIDED" {
			t.Errorf("voided order %v", o.v)
		}
		if _, err := c.fake.Void(r.ID); err == nil {
			t.Error("voided twice")
		}

		open := one("L0001", "FARM-1")
		open.Tender = "none"
		r = c.sell(open)
		paid, err := c.fake.Edit(posfake.Edit{ID: r.ID, Pay: true})
		if err != nil || paid.State != "completed" || c.order(r.ID).at("state").str() != "COMPLETED" {
			t.Errorf("paid %+v %v", paid, err)
		}
	})
}

func TestOfflineSale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := withMeal(t, squarefake.Config{})
		s := one("L0001", "FARM-1")
		s.OccurredAt, s.Reference = time.Now().Add(-71*time.Hour), "till-7"
		r := c.sell(s)
		o := c.order(r.ID)
		p := c.ok("GET", "/v2/payments?is_offline_payment=true", nil).at("payments", 0)
		at, err := time.Parse(time.RFC3339, p.at("offline_payment_details", "client_created_at").str())
		if err != nil || !at.Equal(s.OccurredAt) || o.at("tenders", 0, "note").str() != "till-7" {
			t.Errorf("payment %v, order %v", p.v, o.v)
		}
		if !r.OccurredAt.Equal(s.OccurredAt) || !r.RecordedAt.Equal(time.Now()) {
			t.Errorf("record %+v", r)
		}
	})
}

func search(locations string, more string) string {
	return `{"location_ids":[` + locations + `]` + more + `}`
}

func TestSearchOrders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := withMeal(t, squarefake.Config{})
		start := time.Now().UTC()
		var ids []string
		for i := range 5 {
			ids = append(ids, c.sell(one("L0001", "FARM-1")).ID)
			if i != 2 { // two sales with one time
				time.Sleep(time.Minute)
			}
		}
		window := func(from, to time.Duration) string {
			return fmt.Sprintf(`,"query":{"filter":{"date_time_filter":{"updated_at":{"start_at":%q,"end_at":%q}}},"sort":{"sort_field":"UPDATED_AT","sort_order":"ASC"}}`,
				start.Add(from).Format(time.RFC3339Nano), start.Add(to).Format(time.RFC3339Nano))
		}
		find := func(more string) []string {
			return c.ok("POST", "/v2/orders/search", search(`"L0001"`, more)).at("orders").strs("id")
		}
		if d := cmp.Diff(ids[1:4], find(window(time.Minute, 2*time.Minute))); d != "" {
			t.Errorf("both ends belong to the window: %s", d)
		}
		if got := find(""); got[0] != ids[4] && got[0] != ids[3] {
			t.Errorf("the default order is newest first: %q", got)
		}
		var all []string
		more := window(0, time.Hour) + `,"limit":2`
		page := c.ok("POST", "/v2/orders/search", search(`"L0001"`, more))
		for {
			all = append(all, page.at("orders").strs("id")...)
			if page.at("cursor").str() == "" {
				break
			}
			page = c.ok("POST", "/v2/orders/search", search(`"L0001"`, more+`,"cursor":"`+page.at("cursor").str()+`"`))
		}
		if d := cmp.Diff(ids, all); d != "" {
			t.Errorf("pages: %s", d)
		}
		cursor := c.ok("POST", "/v2/orders/search", search(`"L0001"`, more)).at("cursor").str()
		c.refused("POST", "/v2/orders/search", search(`"L0002"`, more+`,"cursor":"`+cursor+`"`), 400, "INVALID_CURSOR")
		c.refused("POST", "/v2/orders/search", search(`"L0001"`, `,"query":{"filter":{"state_filter":{"states":["PAID"]}}}`), 400, "INVALID_ENUM_VALUE")
		time.Sleep(6 * time.Minute)
		c.refused("POST", "/v2/orders/search", search(`"L0001"`, more+`,"cursor":"`+cursor+`"`), 400, "INVALID_CURSOR")
		c.refused("POST", "/v2/orders/search", search(strings.Repeat(`"L0001",`, 10)+`"L0002"`, ""), 400, "ARRAY_LENGTH_TOO_LONG")
		c.refused("POST", "/v2/orders/search", search("", ""), 400, "MISSING_REQUIRED_PARAMETER")
		c.refused("POST", "/v2/orders/search", search(`"L0001"`, `,"limit":1001`), 400, "INVALID_VALUE")
		mismatch := strings.Replace(window(0, time.Hour), `"UPDATED_AT"`, `"CREATED_AT"`, 1)
		c.refused("POST", "/v2/orders/search", search(`"L0001"`, mismatch), 400, "BAD_REQUEST")
		if got := c.ok("POST", "/v2/orders/search", search(`"L0001"`, `,"return_entries":true`)).at("order_entries").strs("order_id"); len(got) != 5 {
			t.Errorf("entries %q", got)
		}
		got := c.ok("POST", "/v2/orders/batch-retrieve", map[string]any{"order_ids": append([]string{"nothing"}, ids[:2]...)}).at("orders").strs("id")
		if d := cmp.Diff(ids[:2], got); d != "" {
			t.Error(d)
		}
	})
}

func TestOrderFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := withMeal(t, squarefake.Config{})
		c.sell(one("L0001", "FARM-1"))
		time.Sleep(time.Hour)
		c.sell(one("L0001", "FARM-1"))
		count := func(more string) int {
			return len(c.ok("POST", "/v2/orders/search", search(`"L0001"`, more)).at("orders").list())
		}
		inject := func(f posfake.Fault) func() {
			end, err := c.fake.Inject(f)
			if err != nil {
				t.Fatal(err)
			}
			return end
		}
		inject(posfake.Fault{Kind: posfake.FaultDuplicate})
		if n := count(""); n != 4 {
			t.Errorf("duplicate: %d", n)
		}
		narrow := fmt.Sprintf(`,"query":{"filter":{"date_time_filter":{"created_at":{"start_at":%q}}}}`, time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
		if n := count(narrow); n != 1 {
			t.Errorf("window: %d", n)
		}
		inject(posfake.Fault{Kind: posfake.FaultWidened, Op: "SearchOrders"})
		if n := count(narrow); n != 2 {
			t.Errorf("widened: %d", n)
		}
		end := inject(posfake.Fault{Kind: posfake.FaultStaleReads, Latency: time.Minute})
		if n := count(""); n != 1 {
			t.Errorf("stale: %d", n)
		}
		end()
		cursor := c.ok("POST", "/v2/orders/search", search(`"L0001"`, `,"limit":1`)).at("cursor").str()
		inject(posfake.Fault{Kind: posfake.FaultPageToken})
		c.refused("POST", "/v2/orders/search", search(`"L0001"`, `,"limit":1,"cursor":"`+cursor+`"`), 400, "INVALID_CURSOR")
		inject(posfake.Fault{Kind: posfake.FaultScope, Op: "SearchOrders"})
		c.refused("POST", "/v2/orders/search", search(`"L0001"`, ""), 403, "INSUFFICIENT_SCOPES")
		inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 503})
		c.refused("POST", "/v2/orders/search", search(`"L0001"`, ""), 503, "SERVICE_UNAVAILABLE")
	})
}

func TestListPayments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := withMeal(t, squarefake.Config{})
		for range 3 {
			c.sell(one("L0001", "FARM-1"))
			time.Sleep(time.Minute)
		}
		c.sell(one("L0002", "FARM-1"))
		list := func(query string) value { return c.ok("GET", "/v2/payments?"+query, nil) }
		if n := len(list("").at("payments").list()); n != 3 {
			t.Errorf("without a location only the main one: %d", n)
		}
		if n := len(list("location_id=L0002").at("payments").list()); n != 1 {
			t.Errorf("L0002: %d", n)
		}
		from := url.QueryEscape(time.Now().Add(-150 * time.Second).UTC().Format(time.RFC3339))
		page := list("sort_field=UPDATED_AT&sort_order=ASC&limit=1&updated_at_begin_time=" + from)
		next := list("sort_field=UPDATED_AT&sort_order=ASC&limit=1&updated_at_begin_time=" + from + "&cursor=" + page.at("cursor").str())
		if next.at("cursor").str() != "" || len(next.at("payments").list()) != 1 || next.at("payments", 0, "id").str() == page.at("payments", 0, "id").str() {
			t.Errorf("pages %v %v", page.v, next.v)
		}
	})
}

func TestOrderLag(t *testing.T) {
	t.Parallel()
	c, _, _ := withMeal(t, squarefake.Config{OrderLag: time.Minute})
	r := c.sell(one("L0001", "FARM-1"))
	c.refused("GET", "/v2/orders/"+r.ID, nil, 404, "NOT_FOUND")
	c.fake.Advance(time.Minute)
	c.order(r.ID)
}

func TestSellByAPI(t *testing.T) {
	t.Parallel()
	c, _, _ := withMeal(t, squarefake.Config{})
	r, err := c.fake.SellByAPI(one("L0001", "FARM-1"))
	if err != nil {
		t.Fatal(err)
	}
	o := c.order(r.ID)
	checkIdentities(t, o)
	if o.at("state").str() != "OPEN" || o.at("version").num() != 1 || len(o.at("tenders").list()) != 1 || r.State != "completed" {
		t.Errorf("paid and not handed over: %v, %+v", o.v, r)
	}
	if r, err = c.fake.Fulfil(r.ID); err != nil || r.Version != 2 {
		t.Errorf("%+v %v", r, err)
	}
	if o = c.order(r.ID); o.at("state").str() != "COMPLETED" || o.at("version").num() != 2 {
		t.Errorf("handed over: %v", o.v)
	}
	if _, err := c.fake.Fulfil(r.ID); err == nil {
		t.Error("handed over twice")
	}
}
