package contracttest

import (
	"net/http"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// TestSquareFake compares answers of the fake to raw requests, as every job
// sends them, with the official contract.
func TestSquareFake(t *testing.T) {
	t.Parallel()
	contract := square(t)
	fake := squarefake.New(squarefake.Config{
		Seed: 1, Items: 5, PersonalToken: "fake-personal", ApplicationID: "fake-app",
		ApplicationSecret: "fake-secret", RefreshToken: "fake-refresh",
	})
	t.Cleanup(fake.Close)
	recorder := contract.Record(fake.Transport())
	d := &driver{t: t, client: recorder, header: http.Header{
		"Square-Version": {squarefake.APIVersion}, "Authorization": {"Bearer fake-personal"},
	}}

	driveSquareTokens(d)
	location := driveSquarePlaces(d)
	driveSquareCatalog(d, location)
	driveSquareStock(d, fake, location)
	driveSquareSales(d, fake, location)
	driveSquareWebhooks(d)

	d.header.Set("Authorization", "Bearer nobody")
	d.do(401, "GET", "/v2/locations", "")
	recorder.Report(t, squareOperations...)
}

func driveSquareTokens(d *driver) {
	d.t.Helper()
	d.do(200, "POST", "/oauth2/token/status", "")
	token := d.do(200, "POST", "/oauth2/token", `{"client_id": "fake-app", "client_secret": "fake-secret", "grant_type": "refresh_token", "refresh_token": "fake-refresh"}`).str("access_token")
	own := d.header.Get("Authorization")
	d.header.Set("Authorization", "Client fake-secret")
	d.do(200, "POST", "/oauth2/revoke", `{"client_id": "fake-app", "access_token": "`+token+`", "revoke_only_access_token": true}`)
	d.header.Set("Authorization", own)
}

func driveSquarePlaces(d *driver) (location string) {
	d.t.Helper()
	location = d.do(200, "GET", "/v2/locations", "").str("locations", 0, "id")
	d.do(200, "GET", "/v2/locations/"+location, "")
	d.do(404, "GET", "/v2/locations/none", "")
	device := d.do(200, "GET", "/v2/devices", "").str("devices", 0, "id")
	d.do(200, "GET", "/v2/devices/"+device, "")
	action := d.do(200, "POST", "/v2/terminals/actions", `{"idempotency_key": "a1", "action": {"type": "PING", "device_id": "`+device+`", "deadline_duration": "PT30S"}}`).str("action", "id")
	d.do(200, "GET", "/v2/terminals/actions/"+action, "")
	d.do(200, "GET", "/v2/cash-drawers/shifts?location_id="+location, "")
	return location
}

func driveSquareCatalog(d *driver, location string) {
	d.t.Helper()
	d.do(200, "GET", "/v2/catalog/info", "")
	made := d.do(200, "POST", "/v2/catalog/batch-upsert", `{"idempotency_key": "k1", "batches": [{"objects": [
		{"type": "CATEGORY", "id": "#c", "category_data": {"name": "Bowls"}},
		{"type": "ITEM", "id": "#i", "present_at_all_locations": false, "present_at_location_ids": ["`+location+`"],
		 "item_data": {"name": "Dal", "description_html": "<p>520 kcal</p>", "categories": [{"id": "#c"}], "variations": [
			{"type": "ITEM_VARIATION", "id": "#v", "present_at_all_locations": false, "present_at_location_ids": ["`+location+`"],
			 "item_variation_data": {"item_id": "#i", "name": "Regular", "sku": "C-1", "pricing_type": "FIXED_PRICING",
				"price_money": {"amount": 995, "currency": "USD"}, "track_inventory": true,
				"location_overrides": [{"location_id": "`+location+`", "price_money": {"amount": 1095, "currency": "USD"}, "pricing_type": "FIXED_PRICING"}]}}]}}]}]}`)
	id := func(n int) string { return made.str("id_mappings", n, "object_id") }
	d.do(200, "POST", "/v2/catalog/batch-upsert", `{"idempotency_key": "k2", "batches": [{"objects": [
		{"type": "DISCOUNT", "id": "#d", "discount_data": {"name": "WELCOME", "discount_type": "FIXED_PERCENTAGE", "percentage": "15"}},
		{"type": "PRODUCT_SET", "id": "#s", "product_set_data": {"all_products": true}},
		{"type": "TIME_PERIOD", "id": "#t", "time_period_data": {"event": "DTSTART:20261201T110000\nDURATION:PT3H\nRRULE:FREQ=WEEKLY;BYDAY=MO"}},
		{"type": "PRICING_RULE", "id": "#r", "pricing_rule_data": {"name": "WELCOME", "discount_id": "#d", "match_products_id": "#s", "time_period_ids": ["#t"],
			"valid_from_date": "2026-12-01", "valid_until_date": "2026-12-31"}}]}]}`)
	d.do(400, "POST", "/v2/catalog/batch-upsert", `{"idempotency_key": "k3", "batches": [{"objects": [
		{"type": "CATEGORY", "id": "`+id(0)+`", "version": 1, "category_data": {"name": "Stale"}}]}]}`)
	single := d.do(200, "POST", "/v2/catalog/object", `{"idempotency_key": "k4", "object": {"type": "CATEGORY", "id": "#x", "category_data": {"name": "Soups"}}}`).str("catalog_object", "id")
	d.do(200, "GET", "/v2/catalog/object/"+single+"?include_related_objects=true", "")
	d.do(200, "GET", "/v2/catalog/list?types=ITEM,CATEGORY,DISCOUNT,PRICING_RULE,PRODUCT_SET,TIME_PERIOD", "")
	d.do(200, "POST", "/v2/catalog/search", `{"object_types": ["ITEM", "CATEGORY"], "include_deleted_objects": true, "begin_time": "2020-01-01T00:00:00Z", "limit": 1000}`)
	d.do(200, "POST", "/v2/catalog/search", `{"object_types": ["ITEM_VARIATION"], "query": {"set_query": {"attribute_name": "sku", "attribute_values": ["C-1"]}}}`)
	d.do(200, "POST", "/v2/catalog/batch-retrieve", `{"object_ids": ["`+id(0)+`", "`+id(1)+`"], "include_related_objects": true}`)
	d.do(200, "POST", "/v2/catalog/batch-delete", `{"object_ids": ["`+single+`"]}`)
}

func driveSquareStock(d *driver, fake *squarefake.Fake, location string) {
	d.t.Helper()
	variation := d.do(200, "POST", "/v2/catalog/search", `{"object_types": ["ITEM_VARIATION"], "query": {"set_query": {"attribute_name": "sku", "attribute_values": ["C-1"]}}}`).str("objects", 0, "id")
	d.do(200, "POST", "/v2/inventory/changes/batch-create", `{"idempotency_key": "s1", "changes": [{"type": "PHYSICAL_COUNT", "physical_count":
		{"catalog_object_id": "`+variation+`", "state": "IN_STOCK", "location_id": "`+location+`", "quantity": "20", "occurred_at": "`+fake.Now().Add(-time.Minute).UTC().Format(time.RFC3339)+`"}}]}`)
	d.do(200, "POST", "/v2/inventory/counts/batch-retrieve", `{"location_ids": ["`+location+`"], "states": ["IN_STOCK"], "limit": 1000}`)
}

func driveSquareSales(d *driver, fake *squarefake.Fake, location string) {
	d.t.Helper()
	sale, err := fake.Sell(posfake.Sale{Location: location, Tip: 100, Lines: []posfake.SaleLine{{SKU: "C-1", Quantity: 2}, {Name: "Off the menu", Price: new(int64(500))}}})
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := fake.Sell(posfake.Sale{Location: location, Tender: "cash", Lines: []posfake.SaleLine{{SKU: "C-1"}}}); err != nil {
		d.t.Fatal(err)
	}
	if _, err := fake.Refund(posfake.Refund{ID: sale.ID, Amount: 300, Reason: "spilled"}); err != nil {
		d.t.Fatal(err)
	}
	d.do(200, "POST", "/v2/orders/search", `{"location_ids": ["`+location+`"], "limit": 1000, "query": {
		"filter": {"date_time_filter": {"updated_at": {"start_at": "2020-01-01T00:00:00Z", "end_at": "2040-01-01T00:00:00Z"}}, "state_filter": {"states": ["OPEN", "COMPLETED", "CANCELED"]}},
		"sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"}}}`)
	d.do(400, "POST", "/v2/orders/search", `{"location_ids": ["`+location+`"], "cursor": "nonsense"}`)
	d.do(200, "POST", "/v2/orders/batch-retrieve", `{"order_ids": ["`+sale.ID+`"]}`)
	d.do(200, "GET", "/v2/orders/"+sale.ID, "")
	d.do(200, "POST", "/v2/orders/calculate", `{"order": {"location_id": "`+location+`", "line_items": [{"name": "Dal", "quantity": "1", "base_price_money": {"amount": 995, "currency": "USD"}}]}}`)
	window := "?begin_time=2020-01-01T00:00:00Z&end_time=2040-01-01T00:00:00Z&location_id=" + location
	payment := d.do(200, "GET", "/v2/payments"+window, "").str("payments", 0, "id")
	d.do(200, "GET", "/v2/payments/"+payment, "")
	refund := d.do(200, "GET", "/v2/refunds"+window, "").str("refunds", 0, "id")
	d.do(200, "GET", "/v2/refunds/"+refund, "")
}

func driveSquareWebhooks(d *driver) {
	d.t.Helper()
	hook := d.do(200, "POST", "/v2/webhooks/subscriptions", `{"idempotency_key": "w1", "subscription": {"name": "hook", "event_types": ["payment.updated"],
		"notification_url": "https://hooks.invalid/square", "api_version": "`+squarefake.APIVersion+`", "enabled": true}}`).str("subscription", "id")
	path := "/v2/webhooks/subscriptions"
	d.do(200, "GET", path, "")
	d.do(200, "PUT", path+"/"+hook, `{"subscription": {"enabled": true}}`)
	d.do(200, "POST", path+"/"+hook+"/signature-key", `{"idempotency_key": "w2"}`)
	d.do(200, "POST", path+"/"+hook+"/test", `{"event_type": "payment.updated"}`)
	d.do(200, "DELETE", path+"/"+hook, "")
	d.do(200, "PUT", "/v2/events/enable", "")
	d.do(200, "POST", "/v2/events", `{"limit": 100}`)
}
