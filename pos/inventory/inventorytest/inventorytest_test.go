package inventorytest_test

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

func TestMemory(t *testing.T) {
	t.Parallel()
	inventorytest.Run(t, func(*testing.T) inventorytest.Harness {
		m := new(inventory.Memory)
		return inventorytest.Harness{Service: m, Read: func(_ context.Context, vendor, account, location string) ([]pos.Stock, pos.Revision, error) {
			stock, revision := m.Stock(vendor, account, location)
			return stock, revision, nil
		}}
	})
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	configs := map[string]struct {
		fake   inventoryfake.Config
		client inventoryhttp.Config
	}{
		"bearer":           {},
		"header":           {inventoryfake.Config{Header: "X-Api-Key"}, inventoryhttp.Config{Header: "X-Api-Key"}},
		"one at a time":    {inventoryfake.Config{}, inventoryhttp.Config{MaxBatch: 1}},
		"small bodies":     {inventoryfake.Config{TooLarge: 2000}, inventoryhttp.Config{}},
		"paced and in two": {inventoryfake.Config{}, inventoryhttp.Config{RequestsPerSecond: 10_000, MaxBatch: 50}},
	}
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inventorytest.Run(t, func(t *testing.T) inventorytest.Harness {
				t.Helper()
				fake := inventoryfake.New(c.fake)
				t.Cleanup(fake.Close)
				cfg := c.client
				cfg.BaseURL, cfg.Token = "https://inventory.example", pos.NewSecret(inventoryfake.DefaultToken)
				client, err := inventoryhttp.New(cfg, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
				if err != nil {
					t.Fatal(err)
				}
				return harness(client)
			})
		})
	}
}

func harness(c *inventoryhttp.Client) inventorytest.Harness {
	return inventorytest.Harness{Service: c, Read: func(ctx context.Context, vendor, account, location string) ([]pos.Stock, pos.Revision, error) {
		stock, revision, err := c.Stock(ctx, vendor, account, location)
		if errors.Is(err, pos.ErrNotFound) {
			return nil, 0, nil
		}
		return stock, revision, err
	}}
}
