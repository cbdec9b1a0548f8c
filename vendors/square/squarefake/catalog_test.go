package squarefake_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

func TestUpsertAndRead(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	v := c.upsert("k1", bowls, meal)
	item := v.at("objects", 1)
	nested := item.at("item_data", "variations", 0)
	if n := len(v.at("id_mappings").list()); n != 3 {
		t.Errorf("%d mappings, want 3", n)
	}
	if item.at("version").num() != nested.at("version").num() || item.at("version").num() == 0 {
		t.Error("objects of one write must share a version")
	}
	if got := item.at("item_data", "categories", 0, "id").str(); got != v.at("objects", 0, "id").str() {
		t.Errorf("category reference %q was not resolved", got)
	}
	if nested.at("item_variation_data", "item_id").str() != item.at("id").str() {
		t.Error("the variation does not name its item")
	}
	if nested.at("item_variation_data", "location_overrides", 0).has("sold_out") {
		t.Error("sold_out was written")
	}
	if got := fmt.Sprint(item.at("item_data", "farm_note", "exact").v); got != "12345678901234567890" {
		t.Errorf("an unknown field came back as %s", got)
	}
	if got := item.at("item_data", "description_plaintext").str(); got != "520 kcal" {
		t.Errorf("description_plaintext %q", got)
	}
	got := c.ok("GET", "/v2/catalog/object/"+item.at("id").str(), nil).at("object")
	if d := cmp.Diff(item.v, got.v); d != "" {
		t.Error(d)
	}
}

func TestUpsertReplacesTheWholeObject(t *testing.T) {
	t.Parallel()
	c, id, variation := withMeal(t, squarefake.Config{})
	old := c.ok("GET", "/v2/catalog/object/"+id, nil).at("object")
	version := old.at("version").num()
	body := fmt.Sprintf(`{"type":"ITEM","id":%q,"version":%d,"item_data":{"name":"Renamed","variations":[
		{"type":"ITEM_VARIATION","id":"#new","item_variation_data":{"name":"Large","sku":"FARM-1L","pricing_type":"VARIABLE_PRICING"}}]}}`, id, version)
	now := c.upsert("k2", body).at("objects", 0)
	if now.at("item_data").has("farm_note") || now.at("item_data").has("categories") {
		t.Error("omitted fields survived")
	}
	if now.at("version").num() <= version {
		t.Error("the version did not grow")
	}
	if got := now.at("item_data", "variations").strs("item_variation_data", "sku"); !cmp.Equal(got, []string{"FARM-1L"}) {
		t.Errorf("variations %q", got)
	}
	c.refused("GET", "/v2/catalog/object/"+variation, nil, 404, "NOT_FOUND")
	c.refused("POST", "/v2/catalog/batch-upsert", batch("k3", body), 400, "VERSION_MISMATCH")
}

func TestUpsertRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, object, code string }{
		{"no type", `{"id":"#a"}`, "MISSING_REQUIRED_PARAMETER"},
		{"no data", `{"type":"ITEM","id":"#a"}`, "MISSING_REQUIRED_PARAMETER"},
		{"no name", `{"type":"CATEGORY","id":"#a","category_data":{"name":" "}}`, "MISSING_REQUIRED_PARAMETER"},
		{"deleted", `{"type":"CATEGORY","id":"#a","is_deleted":true,"category_data":{"name":"A"}}`, "INVALID_VALUE"},
		{"dead id", `{"type":"CATEGORY","id":"NOWHERE","version":1,"category_data":{"name":"A"}}`, "INVALID_VALUE"},
		{"dead reference", `{"type":"ITEM","id":"#a","item_data":{"name":"A","categories":[{"id":"NOWHERE"}]}}`, "INVALID_VALUE"},
		{"reference to another batch", `{"type":"ITEM","id":"#a","item_data":{"name":"A","categories":[{"id":"#bowls"}]}}`, "INVALID_VALUE"},
		{"no location", `{"type":"ITEM","id":"#a","present_at_location_ids":["L9"],"item_data":{"name":"A"}}`, "INVALID_VALUE"},
		{"fixed without price", `{"type":"ITEM","id":"#a","item_data":{"name":"A","variations":[{"type":"ITEM_VARIATION","id":"#b","item_variation_data":{"pricing_type":"FIXED_PRICING"}}]}}`, "MISSING_REQUIRED_PARAMETER"},
		{"percentage", `{"type":"DISCOUNT","id":"#a","discount_data":{"name":"A","discount_type":"FIXED_PERCENTAGE","percentage":"150"}}`, "INVALID_VALUE"},
		{"rule without discount", `{"type":"PRICING_RULE","id":"#a","pricing_rule_data":{"name":"A"}}`, "INVALID_VALUE"},
		{"product set", `{"type":"PRODUCT_SET","id":"#a","product_set_data":{"all_products":true,"product_ids_any":["X"]}}`, "INVALID_VALUE"},
		{"time period", `{"type":"TIME_PERIOD","id":"#a","time_period_data":{"event":"RRULE:FREQ=WEEKLY"}}`, "INVALID_VALUE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := setup(t, squarefake.Config{})
			c.refused("POST", "/v2/catalog/batch-upsert", batch("k", tt.object), 400, tt.code)
			if n := len(c.ok("GET", "/v2/catalog/list", nil).at("objects").list()); n != 0 {
				t.Errorf("%d objects were stored", n)
			}
		})
	}
}

func TestBatchesAreAllOrNothing(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	v := c.ok("POST", "/v2/catalog/batch-upsert", `{"idempotency_key":"k","batches":[
		{"objects":[{"type":"CATEGORY","id":"#a","category_data":{"name":"A"}},{"type":"CATEGORY","id":"#b","category_data":{"name":""}}]},
		{"objects":[{"type":"CATEGORY","id":"#a","category_data":{"name":"C"}}]}]}`)
	if got := v.at("objects").strs("category_data", "name"); !cmp.Equal(got, []string{"C"}) {
		t.Errorf("stored %q", got)
	}
	if n := len(v.at("errors").list()); n != 1 {
		t.Errorf("%d errors in the 200, want 1", n)
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	first := c.upsert("same", bowls)
	if d := cmp.Diff(first.v, c.upsert("same", bowls).v); d != "" {
		t.Error(d)
	}
	c.refused("POST", "/v2/catalog/batch-upsert", batch("same", meal), 400, "IDEMPOTENCY_KEY_REUSED")
	c.refused("POST", "/v2/catalog/batch-upsert", batch("", bowls), 400, "MISSING_REQUIRED_PARAMETER")
	c.refused("POST", "/v2/catalog/batch-upsert", batch(strings.Repeat("k", 129), bowls), 400, "VALUE_TOO_LONG")
}

func TestLostReplyThenSameKey(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultLostReply, Op: "BatchUpsertCatalogObjects"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.try("POST", "/v2/catalog/batch-upsert", batch("k", bowls)); err == nil {
		t.Fatal("the reply was not lost")
	}
	c.upsert("k", bowls)
	if n := len(c.ok("GET", "/v2/catalog/list", nil).at("objects").list()); n != 1 {
		t.Errorf("%d categories, want 1", n)
	}
}

func TestConcurrentWritesAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, squarefake.Config{WriteTime: time.Second})
		var wg sync.WaitGroup
		wg.Go(func() { c.upsert("k1", bowls) })
		synctest.Wait()
		c.refused("POST", "/v2/catalog/batch-upsert", batch("k2", bowls), http.StatusTooManyRequests, "RATE_LIMITED")
		wg.Wait()
		c.upsert("k2", bowls)
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	many := func(n int) []string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(`{"type":"CATEGORY","id":"#c%d","category_data":{"name":"C"}}`, i))
		}
		return out
	}
	c.refused("POST", "/v2/catalog/batch-upsert", batch("k", many(1001)...), 400, "ARRAY_LENGTH_TOO_LONG")
	v := c.upsert("k", many(250)...)
	ids := v.at("objects").strs("id")
	list := func(n int) map[string]any { return map[string]any{"object_ids": ids[:n]} }
	c.refused("POST", "/v2/catalog/batch-delete", list(201), 400, "ARRAY_LENGTH_TOO_LONG")
	if n := len(c.ok("POST", "/v2/catalog/batch-delete", list(3)).at("deleted_object_ids").list()); n != 3 {
		t.Errorf("deleted %d", n)
	}
	page := c.ok("GET", "/v2/catalog/list", nil)
	pages := 1
	seen := len(page.at("objects").list())
	for page.at("cursor").str() != "" {
		page = c.ok("GET", "/v2/catalog/list?cursor="+page.at("cursor").str(), nil)
		seen += len(page.at("objects").list())
		pages++
	}
	if seen != 247 || pages != 3 {
		t.Errorf("%d objects on %d pages", seen, pages)
	}
	if got := c.ok("GET", "/v2/catalog/info", nil).at("limits", "batch_delete_max_object_ids").num(); got != 200 {
		t.Errorf("limit %d", got)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	c, item, variation := withMeal(t, squarefake.Config{})
	if err := c.fake.AddForeign("COLA", "Cola", 250); err != nil {
		t.Fatal(err)
	}
	latest := c.ok("POST", "/v2/catalog/search", `{}`).at("latest_time").str()
	search := func(body string) []string {
		v := c.ok("POST", "/v2/catalog/search", body)
		return append(v.at("objects").strs("id"), v.at("related_objects").strs("type")...)
	}
	if got := search(`{"begin_time":"` + latest + `"}`); got != nil {
		t.Errorf("begin_time is exclusive, got %q", got)
	}
	o := c.ok("GET", "/v2/catalog/object/"+variation, nil).at("object")
	body := fmt.Sprintf(`{"type":"ITEM_VARIATION","id":%q,"version":%d,"item_variation_data":{"item_id":%q,"name":"Regular","sku":"FARM-1","pricing_type":"VARIABLE_PRICING"}}`, variation, o.at("version").num(), item)
	c.upsert("k2", body)
	tests := []struct {
		name, body string
		want       []string
	}{
		{"a changed variation shows its item", `{"object_types":["ITEM"],"begin_time":"` + latest + `"}`, []string{item}},
		{"itself on demand", `{"object_types":["ITEM_VARIATION"],"begin_time":"` + latest + `"}`, []string{variation}},
		{"by SKU", `{"object_types":["ITEM_VARIATION"],"query":{"set_query":{"attribute_name":"sku","attribute_values":["farm-1","x"]}}}`, []string{variation}},
		{"exact", `{"object_types":["ITEM_VARIATION"],"query":{"exact_query":{"attribute_name":"sku","attribute_value":"FARM-1"}}}`, []string{variation}},
		{"prefix", `{"object_types":["ITEM"],"query":{"prefix_query":{"attribute_name":"name","attribute_prefix":"sal"}}}`, []string{item}},
		{"text", `{"object_types":["ITEM"],"query":{"text_query":{"keywords":["bowl"]}}}`, []string{item}},
		{"related", `{"object_types":["ITEM"],"include_related_objects":true,"query":{"text_query":{"keywords":["bowl"]}}}`, []string{item, "CATEGORY"}},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, search(tt.body)); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	c.ok("DELETE", "/v2/catalog/object/"+item, nil)
	if got := search(`{"object_types":["ITEM"],"begin_time":"` + latest + `","include_deleted_objects":true}`); !cmp.Equal(got, []string{item}) {
		t.Errorf("deleted objects: %q", got)
	}
	if got := search(`{"object_types":["ITEM"],"begin_time":"` + latest + `"}`); got != nil {
		t.Errorf("deleted objects shown unasked: %q", got)
	}
	got := c.ok("POST", "/v2/catalog/search-catalog-items", `{"text_filter":"cola"}`).at("items").strs("item_data", "name")
	if !cmp.Equal(got, []string{"Cola"}) {
		t.Errorf("items %q", got)
	}
}

func TestDeleteDiscountCascades(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	v := c.upsert("k", promotion("15", ``)...)
	gone := c.ok("DELETE", "/v2/catalog/object/"+v.at("objects", 0, "id").str(), nil).at("deleted_object_ids").list()
	if len(gone) != 2 {
		t.Errorf("%d objects deleted, want discount and rule", len(gone))
	}
}

func TestForeignItemsKeepUnknownFields(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	if err := c.fake.AddForeign("COLA", "Cola", 250); err != nil {
		t.Fatal(err)
	}
	before := c.fake.Menu()
	o := c.ok("GET", "/v2/catalog/list?types=ITEM", nil).at("objects", 0)
	if o.at("item_data", "host_only_flag").v != true || !o.at("custom_attribute_values").has("host:shelf") {
		t.Errorf("the foreign item came as %v", o.v)
	}
	if len(before) != 3 || !before[0].Foreign || before[0].Price != 250 || !before[0].Available {
		t.Errorf("menu %+v", before)
	}
	c.upsert("k", bowls)
	if d := cmp.Diff(before, c.fake.Menu()); d != "" {
		t.Error(d)
	}
}

func TestManyLocations(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{Locations: 1000, Items: 500})
	if n := len(c.fake.Menu()); n != 500_000 {
		t.Errorf("%d rows", n)
	}
	if n := len(c.ok("GET", "/v2/locations", nil).at("locations").list()); n != 1000 {
		t.Errorf("%d locations", n)
	}
}
