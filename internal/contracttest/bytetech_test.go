package contracttest

import (
	"net/http"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

// TestBytetechFake compares an answer of every operation with the contract.
func TestBytetechFake(t *testing.T) {
	t.Parallel()
	fake, err := bytetechfake.New(bytetechfake.Config{Products: 12, TagsPerKiosk: 8, RateLimit: -1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	contract, err := Parse(bytetechfake.OpenAPI(), Deltas{})
	if err != nil {
		t.Fatal(err)
	}
	recorder := contract.Record(fake.Transport())
	d := &driver{t: t, client: recorder, header: http.Header{}}

	client := bytetechfake.DefaultClient()
	token := d.do(200, "POST", "/v1/auth/token", `{"grant_type": "client_credentials", "client_id": "`+client.ID+`", "client_secret": "`+client.Secret+`"}`)
	d.do(401, "POST", "/v1/auth/token", `{"grant_type": "client_credentials", "client_id": "`+client.ID+`", "client_secret": "wrong"}`)
	d.header.Set("Authorization", "Bearer "+token.str("access_token"))

	kiosk := driveBytetechKiosks(d)
	driveBytetechCatalogue(d, kiosk)
	driveBytetechDiscounts(d)
	driveBytetechSales(d, fake, kiosk)
	driveBytetechWebhooks(d)
	for _, list := range []string{"inventory", "restocks"} {
		d.do(200, "GET", "/v1/"+list+"?limit=5", "")
	}

	d.header.Set("Authorization", "Bearer nobody")
	d.do(401, "GET", "/v1/kiosks", "")
	recorder.Report(t, contract.Operations()...)
}

func driveBytetechKiosks(d *driver) (kiosk string) {
	d.t.Helper()
	d.do(200, "GET", "/v1/campuses", "")
	kiosk = d.do(200, "GET", "/v1/kiosks?include=status", "").str("data", 0, "kiosk_id")
	page := d.do(200, "GET", "/v1/kiosks?limit=1", "")
	d.do(200, "GET", "/v1/kiosks?limit=1&cursor="+page.str("next_cursor"), "")
	d.do(404, "GET", "/v1/kiosks/none", "")
	for _, part := range []string{"", "/status", "/heartbeats", "/listings", "/inventory", "/tags"} {
		d.do(200, "GET", "/v1/kiosks/"+kiosk+part, "")
	}
	return kiosk
}

func driveBytetechCatalogue(d *driver, kiosk string) {
	d.t.Helper()
	d.do(201, "POST", "/v1/categories", `{"name": "Curries"}`)
	d.do(200, "GET", "/v1/categories", "")
	product := d.do(201, "POST", "/v1/products", `{"external_id": "C-1", "name": "Dal", "price_cents": 995, "category_name": "Curries", "shelf_life_days": 5}`).str("product_id")
	d.do(200, "GET", "/v1/products", "")
	d.do(200, "GET", "/v1/products/"+product, "")
	d.do(200, "PATCH", "/v1/products/"+product, `{"price_cents": 1095}`)
	d.do(200, "POST", "/v1/products/"+product+"/archive", "")
	d.do(200, "POST", "/v1/products/"+product+"/unarchive", "")
	d.do(200, "POST", "/v1/products/batch", `{"products": [{"external_id": "C-2", "name": "Korma", "price_cents": 1295}]}`)
	d.do(200, "POST", "/v1/listings/batch", `{"listings": [{"kiosk_id": "`+kiosk+`", "external_id": "C-2", "listed": true, "price_cents": 1195}, {"kiosk_id": "none", "external_id": "C-2"}]}`)
	d.do(200, "GET", "/v1/kiosks/"+kiosk+"/listings", "")
}

func driveBytetechDiscounts(d *driver) {
	d.t.Helper()
	discount := d.do(201, "POST", "/v1/discounts", `{"external_id": "D-1", "name": "Welcome", "kind": "coupon", "value_type": "percent", "percent": "15",
		"starts_at": "2026-01-01T00:00:00Z", "coupon": {"coupon_type": "reusable", "code": "WELCOME"}}`).str("discount_id")
	d.do(200, "GET", "/v1/discounts", "")
	d.do(200, "GET", "/v1/discounts/"+discount, "")
	d.do(200, "GET", "/v1/discounts/"+discount+"/codes", "")
	d.do(200, "POST", "/v1/discounts/"+discount+"/end", "")
}

func driveBytetechSales(d *driver, fake *bytetechfake.Fake, kiosk string) {
	d.t.Helper()
	sku := fake.Menu()[0].SKU
	sale, err := fake.Sell(posfake.Sale{Location: kiosk, Lines: []posfake.SaleLine{{SKU: sku}, {SKU: "", Name: "Off the menu", Price: new(int64(500))}}})
	if err != nil {
		d.t.Fatal(err)
	}
	fake.Advance(time.Hour)
	d.do(200, "GET", "/v1/transactions", "")
	d.do(200, "GET", "/v1/transactions/"+sale.ID, "")
	d.do(201, "POST", "/v1/transactions/"+sale.ID+"/adjustments", `{"type": "refund", "amount_cents": 100, "reason": "spilled"}`)
	fake.Advance(time.Hour)
	d.do(200, "GET", "/v1/transactions?status=captured", "")
	d.do(400, "GET", "/v1/transactions?cursor=nonsense", "")
}

func driveBytetechWebhooks(d *driver) {
	d.t.Helper()
	hook := d.do(201, "POST", "/v1/webhooks", `{"url": "https://hooks.invalid/byte", "event_types": ["transaction.refunded"]}`).str("webhook_id")
	d.do(200, "GET", "/v1/webhooks", "")
	d.do(200, "PATCH", "/v1/webhooks/"+hook, `{"enabled": true}`)
	d.do(200, "POST", "/v1/webhooks/"+hook+"/rotate", "")
	d.do(200, "POST", "/v1/webhooks/"+hook+"/test", "")
	d.do(204, "DELETE", "/v1/webhooks/"+hook, "")
}
