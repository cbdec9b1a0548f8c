package contracttest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// sdk is Square's own client, talking to our fake.
type sdk struct{ *peer }

// sdkAnswer is one line of square.mjs.
type sdkAnswer struct {
	Result json.RawMessage
	Error  string
	Status int
	Errors []struct{ Category, Code, Field string }
}

func connectSDK(t *testing.T, url, token string) sdk {
	t.Helper()
	s := sdk{start(t, "square.mjs")}
	var answer sdkAnswer
	s.ask(t, map[string]string{"url": url, "token": token}, &answer)
	if answer.Error != "" {
		t.Fatal(answer.Error)
	}
	return s
}

// call makes a call that must succeed; result may be nil.
func (s sdk) call(t *testing.T, op, args string, result any) {
	t.Helper()
	answer := s.try(t, op, args)
	if answer.Error != "" {
		t.Fatalf("%s: %s", op, answer.Error)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		t.Fatalf("%s: %v in %s", op, err, answer.Result)
	}
}

func (s sdk) try(t *testing.T, op, args string) (answer sdkAnswer) {
	t.Helper()
	s.ask(t, map[string]any{"op": op, "args": json.RawMessage(args)}, &answer)
	return answer
}

type (
	sdkID    struct{ ID string }
	sdkMoney struct {
		Amount   int64
		Currency string
	}
)

// TestSquareForeignClient lets Square's official SDK do with our fake what the
// five jobs need.
func TestSquareForeignClient(t *testing.T) {
	t.Parallel()
	fake := squarefake.New(squarefake.Config{Seed: 1, Items: 5, PersonalToken: "fake-personal"})
	t.Cleanup(fake.Close)
	s := connectSDK(t, fake.URL(), "fake-personal")
	var places struct{ Locations []sdkID }
	s.call(t, "locations.list", `{}`, &places)
	at := places.Locations[0].ID
	meal, variation := sdkMenu(t, s)
	sdkStock(t, s, at, variation)
	sdkSales(t, s, fake, at)
	sdkStatus(t, s, at)
	sdkWebhooks(t, s, fake, at)

	answer := s.try(t, "catalog.object.upsert", fmt.Sprintf(
		`{"idempotencyKey": "stale", "object": {"type": "ITEM", "id": %q, "version": "1n", "itemData": {"name": "x"}}}`, meal))
	if answer.Status != 400 || len(answer.Errors) != 1 || answer.Errors[0].Code != "VERSION_MISMATCH" {
		t.Errorf("a stale version: %+v", answer)
	}
	var gone struct{ DeletedObjectIDs []string }
	s.call(t, "catalog.batchDelete", fmt.Sprintf(`{"objectIds": [%q]}`, meal), &gone)
	if len(gone.DeletedObjectIDs) != 2 { // the item and its variation
		t.Errorf("deleted %v", gone.DeletedObjectIDs)
	}
	if answer := s.try(t, "orders.get", `{"orderId": "none"}`); answer.Status != 404 || answer.Errors[0].Code != "NOT_FOUND" {
		t.Errorf("an order that does not exist: %+v", answer)
	}
}

func sdkMenu(t *testing.T, s sdk) (meal, variation string) {
	t.Helper()
	var made struct {
		IDMappings []struct{ ClientObjectID, ObjectID string }
	}
	s.call(t, "catalog.batchUpsert", `{"idempotencyKey": "menu", "batches": [{"objects": [
		{"type": "CATEGORY", "id": "#bowls", "categoryData": {"name": "Bowls"}},
		{"type": "ITEM", "id": "#meal", "itemData": {"name": "Salmon Bowl", "categories": [{"id": "#bowls"}], "variations": [
			{"type": "ITEM_VARIATION", "id": "#v", "itemVariationData": {"itemId": "#meal", "name": "Regular", "sku": "FARM-1",
			 "pricingType": "FIXED_PRICING", "priceMoney": {"amount": "1295n", "currency": "USD"}}}]}},
		{"type": "DISCOUNT", "id": "#d", "discountData": {"name": "W15", "discountType": "FIXED_PERCENTAGE", "percentage": "15"}},
		{"type": "PRODUCT_SET", "id": "#s", "productSetData": {"productIdsAny": ["#meal"], "quantityMin": "1n"}},
		{"type": "PRICING_RULE", "id": "#r", "pricingRuleData": {"name": "W15", "discountId": "#d", "matchProductsId": "#s"}}]}]}`, &made)
	ids := make(map[string]string)
	for _, m := range made.IDMappings {
		ids[m.ClientObjectID] = m.ObjectID
	}
	var found struct{ Objects []sdkID }
	s.call(t, "catalog.search", `{"objectTypes": ["ITEM_VARIATION"], "query": {"setQuery": {"attributeName": "sku", "attributeValues": ["FARM-1"]}}}`, &found)
	if diff := cmp.Diff([]sdkID{{ids["#v"]}}, found.Objects); diff != "" {
		t.Errorf("search by SKU:\n%s", diff)
	}
	var all []sdkID
	s.call(t, "catalog.list", `{"types": "ITEM,CATEGORY"}`, &all)
	if len(all) < 2 {
		t.Errorf("list: %v", all)
	}
	return ids["#meal"], ids["#v"]
}

func sdkStock(t *testing.T, s sdk, at, variation string) {
	t.Helper()
	s.call(t, "inventory.batchCreateChanges", fmt.Sprintf(`{"idempotencyKey": "count", "changes": [{"type": "PHYSICAL_COUNT", "physicalCount": {
		"catalogObjectId": %q, "locationId": %q, "state": "IN_STOCK", "quantity": "12", "occurredAt": %q}}]}`, variation, at, time.Now().Add(-time.Second).UTC().Format(time.RFC3339Nano)), nil)
	var counts []struct{ CatalogObjectID, Quantity string }
	s.call(t, "inventory.batchGetCounts", fmt.Sprintf(`{"catalogObjectIds": [%q], "locationIds": [%q], "states": ["IN_STOCK"]}`, variation, at), &counts)
	if len(counts) != 1 || counts[0].Quantity != "12" {
		t.Errorf("counts: %+v", counts)
	}
}

// sdkSales finds a sale with its discount, payment and refund.
func sdkSales(t *testing.T, s sdk, fake *squarefake.Fake, at string) {
	t.Helper()
	sale, err := fake.Sell(posfake.Sale{Location: at, Lines: []posfake.SaleLine{{SKU: "FARM-1", Quantity: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	back, err := fake.Refund(posfake.Refund{ID: sale.ID, Amount: 100})
	if err != nil {
		t.Fatal(err)
	}
	type order struct {
		ID         string
		TotalMoney sdkMoney
		Discounts  []struct{ AppliedMoney sdkMoney }
		Refunds    []struct{ AmountMoney sdkMoney }
	}
	var answer struct{ Orders []order }
	s.call(t, "orders.search", fmt.Sprintf(`{"locationIds": [%q], "query": {
		"filter": {"dateTimeFilter": {"updatedAt": {"startAt": "2020-01-01T00:00:00Z"}}}, "sort": {"sortField": "UPDATED_AT", "sortOrder": "ASC"}}}`, at), &answer)
	got := make(map[string]order)
	for _, o := range answer.Orders {
		got[o.ID] = o
	}
	want := sdkMoney{2590 * 15 / 100, "USD"} // 388.5, of which the fake rounds the half up
	want.Amount++
	if o := got[sale.ID]; o.TotalMoney.Amount != sale.Total || len(o.Discounts) != 1 || o.Discounts[0].AppliedMoney != want {
		t.Errorf("sale: %+v, booked was %+v", o, sale)
	}
	if o := got[back.ID]; len(o.Refunds) != 1 || o.Refunds[0].AmountMoney.Amount != 100 {
		t.Errorf("return: %+v", o)
	}
	var payments []struct{ OrderID string }
	s.call(t, "payments.list", fmt.Sprintf(`{"locationId": %q}`, at), &payments)
	var refunds []struct{ Status string }
	s.call(t, "refunds.list", `{}`, &refunds)
	if len(payments) != 1 || payments[0].OrderID != sale.ID || len(refunds) != 1 || refunds[0].Status != "COMPLETED" {
		t.Errorf("payments %+v, refunds %+v", payments, refunds)
	}
}

func sdkStatus(t *testing.T, s sdk, at string) {
	t.Helper()
	var devices []struct{ ID string }
	s.call(t, "devices.list", fmt.Sprintf(`{"locationId": %q}`, at), &devices)
	if len(devices) == 0 {
		t.Fatal("no device")
	}
	s.call(t, "terminal.actions.create", fmt.Sprintf(`{"idempotencyKey": "ping", "action": {"type": "PING", "deviceId": %q}}`, devices[0].ID), nil)
}

// sdkWebhooks subscribes with the SDK and has it verify what the fake sends.
func sdkWebhooks(t *testing.T, s sdk, fake *squarefake.Fake, at string) {
	t.Helper()
	const url = "https://hooks.example/square?tenant=7"
	var sub struct {
		Subscription struct{ ID, SignatureKey string }
	}
	s.call(t, "webhooks.subscriptions.create", `{"idempotencyKey": "hook", "subscription": {"name": "n", "eventTypes": ["payment.created"], "notificationUrl": "`+url+`"}}`, &sub)
	box := &callbacks{}
	fake.SetWebhookClient(&http.Client{Transport: box})
	if _, err := fake.Sell(posfake.Sale{Location: at, Lines: []posfake.SaleLine{{SKU: "FARM-1"}}}); err != nil {
		t.Fatal(err)
	}
	if err := fake.FlushWebhooks(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(box.got) == 0 {
		t.Fatal("no callback came")
	}
	for _, cb := range box.got {
		args, err := json.Marshal(map[string]string{
			"requestBody": string(cb.Body), "signatureHeader": cb.Header.Get("X-Square-Hmacsha256-Signature"),
			"signatureKey": sub.Subscription.SignatureKey, "notificationUrl": url,
		})
		if err != nil {
			t.Fatal(err)
		}
		var genuine bool
		if s.call(t, "verify", string(args), &genuine); !genuine {
			t.Errorf("the SDK refuses the signature of %s", cb.Body)
		}
	}
}

// callbacks keeps what is sent.
type callbacks struct {
	mu  sync.Mutex
	got []posfake.Callback
}

// RoundTrip implements [http.RoundTripper].
func (c *callbacks) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, posfake.Callback{Header: r.Header, Body: body})
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}
