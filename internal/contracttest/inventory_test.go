package contracttest

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryfake"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryhttp"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventorytest"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

func inventoryContract(t *testing.T) *Contract {
	t.Helper()
	contract, err := Parse(inventory.OpenAPI(), Deltas{})
	if err != nil {
		t.Fatal(err)
	}
	return contract
}

// TestInventoryFake compares an answer of every operation, and every error,
// with the contract.
func TestInventoryFake(t *testing.T) {
	t.Parallel()
	fake := inventoryfake.New(inventoryfake.Config{TooLarge: 3000})
	t.Cleanup(fake.Close)
	contract := inventoryContract(t)
	recorder := contract.Record(fake.Transport())
	d := &driver{t: t, client: recorder, header: http.Header{"Authorization": {"Bearer " + inventoryfake.DefaultToken}, "Idempotency-Key": {"k1"}}}

	const (
		path = "/v1/stock?vendor=v&account=a&location=L%2F1"
		line = `{"sku": "A", "on_hand": "4", "available": null, "committed": "0", "in_stock": "yes", "lots": [{"expires": "2026-11-30", "quantity": "4"}],
			"counted_at": "2026-11-23T11:00:00Z", "raw": {"id": 1}}`
		full = `{"observed_at": "2026-11-23T12:00:00Z", "lines": [` + line + `]}`
	)
	d.do(200, "GET", "/v1/health", "")
	d.do(404, "GET", path, "")
	d.do(200, "PUT", path, full)
	d.do(200, "GET", path, "")
	d.header.Set("Idempotency-Key", "k2")
	d.header.Set("If-Match", `"7"`)
	d.do(412, "PATCH", path, full)
	d.header.Set("If-Match", `"1"`)
	d.do(200, "PATCH", path, full)
	d.header.Set("Idempotency-Key", "k3")
	d.header.Del("If-Match")
	d.do(409, "PUT", path, `{"observed_at": "2020-01-01T00:00:00Z", "lines": []}`)
	d.do(422, "PUT", path, `{"observed_at": "2026-11-24T12:00:00Z", "lines": [`+line+`,`+line+`]}`)
	d.do(200, "POST", "/v1/stock/batch", `{"snapshots": [
		{"key": "k4", "vendor": "v", "account": "a", "location": "L2", "full": true, "observed_at": "2026-11-23T12:00:00Z", "lines": []},
		{"key": "k5", "vendor": "v", "account": "a", "location": "L2", "full": false, "base": 9, "observed_at": "2026-11-23T12:00:00Z", "lines": []},
		{"key": "k6", "vendor": "v", "account": "a", "location": "L2", "full": true, "observed_at": "2026-11-23T12:00:00Z", "lines": [`+line+`,`+line+`]}]}`)
	d.header.Set("Authorization", "Bearer nobody")
	d.do(401, "GET", path, "")
	recorder.Report(t, contract.Operations()...)
}

// TestInventoryFakeRefuses sends what the contract forbids: the requests are
// violations, the answers must be none.
func TestInventoryFakeRefuses(t *testing.T) {
	t.Parallel()
	fake := inventoryfake.New(inventoryfake.Config{TooLarge: 100})
	t.Cleanup(fake.Close)
	recorder := inventoryContract(t).Record(fake.Transport())
	d := &driver{t: t, client: recorder, header: http.Header{"Authorization": {"Bearer " + inventoryfake.DefaultToken}}}

	const path = "/v1/stock?vendor=v&account=a&location=L1"
	d.do(400, "GET", "/v1/stock?vendor=v", "")
	d.do(400, "PUT", path, `{"observed_at": "2026-11-23T12:00:00Z", "lines": []}`)
	d.header.Set("Idempotency-Key", "k")
	d.do(428, "PATCH", path, `{"observed_at": "2026-11-23T12:00:00Z", "lines": []}`)
	d.do(400, "PUT", path, `{`)
	d.do(413, "PUT", path, `{"observed_at": "2026-11-23T12:00:00Z", "lines": [                                                     ]}`)
	d.header.Set("If-Match", "7")
	d.do(400, "PUT", path, `{"observed_at": "2026-11-23T12:00:00Z", "lines": []}`)
	d.do(400, "POST", "/v1/stock/batch", `{"snapshots": []}`)
	for _, v := range recorder.Violations() {
		if v.Side == "response" {
			t.Error(v)
		}
	}
}

// TestInventoryConformance compares every request of the client, in every case
// of the conformance suite, with the contract.
func TestInventoryConformance(t *testing.T) {
	seen := &requests{contract: inventoryContract(t)}
	t.Run("suite", func(t *testing.T) { // Returns when its parallel cases have ended.
		inventorytest.Run(t, func(t *testing.T) inventorytest.Harness {
			t.Helper()
			fake := inventoryfake.New(inventoryfake.Config{})
			t.Cleanup(fake.Close)
			client, err := inventoryhttp.New(
				inventoryhttp.Config{BaseURL: "https://inventory.example", Token: pos.NewSecret(inventoryfake.DefaultToken)},
				&kit.Options{HTTPClient: &http.Client{Transport: seen.record(fake.Transport())}})
			if err != nil {
				t.Fatal(err)
			}
			return inventorytest.Harness{Service: client, Read: func(ctx context.Context, vendor, account, location string) ([]pos.Stock, pos.Revision, error) {
				stock, revision, err := client.Stock(ctx, vendor, account, location)
				if errors.Is(err, pos.ErrNotFound) {
					return nil, 0, nil
				}
				return stock, revision, err
			}}
		})
	})
	seen.report(t, "GET /v1/stock", "PUT /v1/stock", "PATCH /v1/stock", "POST /v1/stock/batch")
}
