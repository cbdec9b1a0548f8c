package bytetechfake_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

type product struct {
	ID           string  `json:"product_id"`
	SKU          string  `json:"external_id"`
	Name         string  `json:"name"`
	Description  *string `json:"description"`
	CategoryID   *string `json:"category_id"`
	CategoryName *string `json:"category_name"`
	Price        int64   `json:"price_cents"`
	Cost         *int64  `json:"cost_cents"`
	ShelfLife    int     `json:"shelf_life_days"`
	Taxable      bool    `json:"taxable"`
	Archived     bool    `json:"archived"`
	Version      int     `json:"version"`
}

func TestProductRefusals(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.product("TAKEN", 100, "")
	for _, tc := range []struct {
		name, body, code, field string
		status                  int
	}{
		{"not JSON", `{`, "invalid_request", "", 400},
		{"wrong type", `{"name":"A","price_cents":"100"}`, "invalid_request", "price_cents", 400},
		{"no name", `{"price_cents":1}`, "validation_failed", "name", 422},
		{"no price", `{"name":"A"}`, "validation_failed", "price_cents", 422},
		{"negative price", `{"name":"A","price_cents":-1}`, "validation_failed", "price_cents", 422},
		{"long name", `{"name":"` + strings.Repeat("x", 121) + `","price_cents":1}`, "validation_failed", "name", 422},
		{"short gtin", `{"name":"A","price_cents":1,"upc":"12"}`, "validation_failed", "upc", 422},
		{"shelf life 0", `{"name":"A","price_cents":1,"shelf_life_days":0}`, "validation_failed", "shelf_life_days", 422},
		{"shelf life 1001", `{"name":"A","price_cents":1,"shelf_life_days":1001}`, "validation_failed", "shelf_life_days", 422},
		{"unknown category", `{"name":"A","price_cents":1,"category_id":"c_9"}`, "validation_failed", "category_id", 422},
		{"relative image", `{"name":"A","price_cents":1,"image_url":"a.png"}`, "validation_failed", "image_url", 422},
		{"taken", `{"name":"A","price_cents":1,"external_id":"TAKEN"}`, "duplicate_external_id", "external_id", 409},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := *a
			b.t = t
			b.do("POST", "/v1/products", tc.body).fails(tc.status, tc.code, tc.field)
		})
	}
}

func TestProductPatch(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	id := a.product("M1", 1050, `,"description":"d","category_name":"Bowls","cost_cents":300,"shelf_life_days":5`)
	var p product
	a.get("/v1/products/"+id, &p)
	if p.Version != 1 || *p.CategoryName != "Bowls" || !p.Taxable {
		t.Errorf("created %+v", p)
	}
	a.do("PATCH", "/v1/products/"+id, `{"price_cents":1100,"description":null}`, "If-Match", `"1"`).want(200, &p)
	if p.Price != 1100 || p.Description != nil || *p.Cost != 300 || p.ShelfLife != 5 || p.Version != 2 {
		t.Errorf("patched %+v", p)
	}
	a.do("PATCH", "/v1/products/"+id, `{"price_cents":1}`, "If-Match", `"1"`).fails(412, "version_mismatch", "")
	a.do("PATCH", "/v1/products/"+id, `{"price_cents":1100}`).want(200, &p)
	if p.Version != 2 {
		t.Errorf("no change made version %d", p.Version)
	}
	a.do("PATCH", "/v1/products/"+id, `{"category_name":"Salads"}`).want(200, &p)
	if *p.CategoryName != "Salads" {
		t.Errorf("category %q", *p.CategoryName)
	}
	a.do("PATCH", "/v1/products/nope", `{}`).fails(404, "not_found", "")
}

func TestProductBatch(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	a.product("OLD", 100, `,"description":"to go"`)
	a.product("SAME", 100, "")
	type result struct {
		Index   int    `json:"index"`
		SKU     string `json:"external_id"`
		Outcome string `json:"outcome"`
		Error   *struct {
			Code  string `json:"code"`
			Field string `json:"field"`
		} `json:"error"`
		Product *product `json:"product"`
	}
	var out struct {
		Results []result `json:"results"`
	}
	body := `{"products":[{"external_id":"NEW","name":"New","price_cents":5,"upc":"00850012456780"},
		{"external_id":"OLD","name":"Meal OLD","price_cents":100},
		{"external_id":"SAME","name":"Meal SAME","price_cents":100},
		{"name":"No id","price_cents":1},{"external_id":"BAD","name":"B","price_cents":-1},{"external_id":"TYPE","name":7}]}`
	a.post("/v1/products/batch", body, 200, &out)
	var got []string
	for i, r := range out.Results {
		code := ""
		if r.Error != nil {
			code = r.Error.Code + " " + r.Error.Field
		}
		if r.Index != i || (r.Product == nil) != (r.Error != nil) {
			t.Errorf("result %d: %+v", i, r)
		}
		got = append(got, strings.TrimSpace(r.SKU+" "+r.Outcome+" "+code))
	}
	want := []string{
		"NEW created", "OLD updated", "SAME unchanged", "error validation_failed products[3].external_id",
		"BAD error validation_failed products[4].price_cents", "error validation_failed products[5]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if out.Results[1].Product.Description != nil {
		t.Error("an absent field is not the default: a batch is an absolute state")
	}
	a.do("POST", "/v1/products/batch", `{"products":[]}`).fails(422, "validation_failed", "products")
	a.do("POST", "/v1/products/batch", `{"products":[`+strings.Repeat(`{},`, 100)+`{}]}`).fails(422, "validation_failed", "products")
}

func TestArchive(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	id := a.product("M1", 100, "")
	a.post("/v1/products/"+id+"/archive", nil, 200, nil)
	var p product
	a.post("/v1/products/"+id+"/archive", nil, 200, &p)
	if !p.Archived || p.Version != 2 {
		t.Errorf("archived twice: %+v", p)
	}
	if n := len(all[product](a, "/v1/products?archived=false")); n != 0 {
		t.Errorf("%d products that are not archived", n)
	}
	if r := a.sell(sale("M1", 1)); r.Total != 106 {
		t.Errorf("an archived product keeps selling, total %d", r.Total)
	}
	a.post("/v1/products/"+id+"/unarchive", nil, 200, &p)
	if p.Archived {
		t.Error("still archived")
	}
}

func TestProductPages(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Products: 501})
	seen := map[string]bool{}
	for _, p := range all[product](a, "/v1/products?limit=200") {
		seen[p.SKU] = true
	}
	if len(seen) != 501 {
		t.Errorf("%d products", len(seen))
	}
	a.fake.Advance(time.Hour)
	since := a.fake.Now()
	a.do("PATCH", "/v1/products/p_0000007", `{"name":"Changed"}`).want(200, nil)
	if got := all[product](a, "/v1/products?updated_since="+since.Format(time.RFC3339)); len(got) != 1 || got[0].Name != "Changed" {
		t.Errorf("changed since: %+v", got)
	}
	if got := all[product](a, "/v1/products?external_id=FARM-003"); len(got) != 1 || got[0].SKU != "FARM-003" {
		t.Errorf("by external id: %+v", got)
	}
	for _, tc := range []struct{ path, code, field string }{
		{"/v1/products?limit=0", "invalid_request", "limit"},
		{"/v1/products?limit=201", "invalid_request", "limit"},
		{"/v1/products?cursor=nonsense", "invalid_cursor", "cursor"},
		{"/v1/products?updated_since=yesterday", "invalid_request", "updated_since"},
		{"/v1/products?archived=perhaps", "invalid_request", "archived"},
	} {
		a.do("GET", tc.path, nil).fails(400, tc.code, tc.field)
	}
}

func TestListings(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	id := a.product("M1", 1000, "")
	type result struct {
		Outcome string `json:"outcome"`
		Listing *struct {
			Price     *int64 `json:"price_cents"`
			Effective int64  `json:"effective_price_cents"`
			Listed    bool   `json:"listed"`
		} `json:"listing"`
	}
	write := func(body string) []result {
		t.Helper()
		var out struct {
			Results []result `json:"results"`
		}
		a.post("/v1/listings/batch", `{"listings":[`+body+`]}`, 200, &out)
		return out.Results
	}
	got := write(`{"kiosk_id":"1042","external_id":"M1","price_cents":1200,"par_level":4},{"kiosk_id":"1042","product_id":"` + id + `","price_cents":1200,"par_level":4},
		{"kiosk_id":"9","external_id":"M1"},{"kiosk_id":"1042","external_id":"X"},{"kiosk_id":"1042"}`)
	var outcomes []string
	for _, r := range got {
		outcomes = append(outcomes, r.Outcome)
	}
	if diff := cmp.Diff([]string{"created", "unchanged", "error", "error", "error"}, outcomes); diff != "" {
		t.Error(diff)
	}
	if l := got[0].Listing; *l.Price != 1200 || l.Effective != 1200 || !l.Listed {
		t.Errorf("%+v", l)
	}
	if r := a.sell(sale("M1", 1)); r.Total != 1272 {
		t.Errorf("sold at the kiosk's price: total %d", r.Total)
	}
	if l := write(`{"kiosk_id":"1042","external_id":"M1","listed":false}`)[0]; l.Outcome != "updated" || l.Listing.Price != nil || l.Listing.Effective != 1000 || l.Listing.Listed {
		t.Errorf("price inherited again: %+v", l.Listing)
	}
	for _, row := range a.fake.Menu() {
		if row.Available != (row.Location != kid) {
			t.Errorf("menu %+v", row)
		}
	}
	if got := all[struct{}](a, "/v1/kiosks/1042/listings"); len(got) != 1 {
		t.Errorf("%d listings", len(got))
	}
}

func TestForeignProductsAreRecognisable(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
	a.ok(a.fake.AddForeign("COLA", "Cola", 250))
	if err := a.fake.AddForeign("COLA", "Cola", 250); err == nil {
		t.Error("added twice")
	}
	before := a.fake.Menu()
	if len(before) != 1 || !before[0].Foreign || before[0].SKU != "COLA" {
		t.Fatalf("menu %+v", before)
	}
	p := all[product](a, "/v1/products")[0]
	if p.SKU != "COLA" {
		t.Errorf("external id %q", p.SKU)
	}
	tx := a.transaction(a.sell(sale("COLA", 1)).ID)
	if tx.Lines[0].SKU != "COLA" || tx.Lines[0].Name != "Cola" {
		t.Errorf("line %+v", tx.Lines[0])
	}
	if diff := cmp.Diff(before, a.fake.Menu()); diff != "" {
		t.Error(diff)
	}
	a.do("PATCH", "/v1/products/"+p.ID, `{"cost_cents":3}`).want(200, nil)
	if a.fake.Menu()[0].Digest == before[0].Digest {
		t.Error("a change does not show in the digest")
	}
}

func TestCategories(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	var c struct {
		ID string `json:"category_id"`
	}
	a.post("/v1/categories", `{"name":"Bowls"}`, 201, &c)
	a.product("M1", 100, fmt.Sprintf(`,"category_id":%q`, c.ID))
	if got := all[struct{}](a, "/v1/categories"); len(got) != 1 {
		t.Errorf("%d categories", len(got))
	}
	a.do("POST", "/v1/categories", `{"name":""}`).fails(http.StatusUnprocessableEntity, "validation_failed", "name")
}

func TestTamper(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
	id := a.product("M1", 1000, "")
	a.ok(a.fake.Tamper(posfake.MenuEdit{Location: kid, SKU: "M1", Name: "Theirs", Price: new(int64(1)), Available: new(false), Note: "blue"}))
	if row := a.fake.Menu()[0]; row.Name != "Theirs" || row.Price != 1 || row.Available || a.fake.Note(kid, "M1") != "blue" {
		t.Errorf("%+v", row)
	}
	a.do("PATCH", "/v1/products/"+id, `{"name":"Ours"}`).want(200, nil)
	if got := a.fake.Note(kid, "M1"); got != "blue" {
		t.Errorf("a patch lost the note: %q", got)
	}
	a.post("/v1/listings/batch", `{"listings":[{"kiosk_id":"1042","external_id":"M1","price_cents":7}]}`, 200, nil)
	a.ok(a.fake.Tamper(posfake.MenuEdit{Location: kid, SKU: "M1", Price: new(int64(8)), Available: new(true)}))
	if row := a.fake.Menu()[0]; row.Price != 8 || row.Available {
		t.Errorf("%+v", row)
	}
	a.post("/v1/products/batch", `{"products":[{"external_id":"M1","name":"Ours","price_cents":1000}]}`, 200, nil)
	if got := a.fake.Note(kid, "M1"); got != "" {
		t.Errorf("an absolute write without the field kept the note: %q", got)
	}
	for _, e := range []posfake.MenuEdit{{Location: "9", SKU: "M1"}, {Location: kid, SKU: "X"}} {
		if err := a.fake.Tamper(e); err == nil {
			t.Errorf("accepted %+v", e)
		}
	}
}

func TestStockOfAFormerMenu(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
	a.ok(a.fake.SetStock(kid, "OLD", new(int64(2))))
	if l := a.line("OLD"); l.Available != 2 {
		t.Errorf("%+v", l)
	}
	if p := all[product](a, "/v1/products")[0]; p.SKU != "OLD" || !p.Archived {
		t.Errorf("%+v", p)
	}
}
