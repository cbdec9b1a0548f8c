package squarefake_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

func (c *client) counts(body string) []string {
	c.t.Helper()
	var out []string
	for _, r := range c.ok("POST", "/v2/inventory/counts/batch-retrieve", body).at("counts").list() {
		out = append(out, r.at("location_id").str()+" "+r.at("state").str()+" "+r.at("quantity").str())
	}
	return out
}

func (c *client) stock(location string, n int64) {
	c.t.Helper()
	if err := c.fake.SetStock(location, "FARM-1", &n); err != nil {
		c.t.Fatal(err)
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, variation := withMeal(t, squarefake.Config{})
		if got := c.counts(`{}`); got != nil {
			t.Errorf("nothing was counted, got %q", got)
		}
		c.stock("L0001", 5)
		time.Sleep(time.Minute)
		mark := time.Now().UTC().Format(time.RFC3339Nano)
		time.Sleep(time.Minute)
		c.stock("L0002", 1)
		if d := cmp.Diff([]string{"L0002 IN_STOCK 1", "L0001 IN_STOCK 5"}, c.counts(`{}`)); d != "" {
			t.Errorf("newest first: %s", d)
		}
		if d := cmp.Diff([]string{"L0002 IN_STOCK 1"}, c.counts(`{"updated_after":"`+mark+`"}`)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"L0001 IN_STOCK 5"}, c.counts(`{"location_ids":["L0001"],"catalog_object_ids":["`+variation+`"],"states":["IN_STOCK"]}`)); d != "" {
			t.Error(d)
		}
		first := c.ok("POST", "/v2/inventory/counts/batch-retrieve", `{"limit":1}`)
		second := c.ok("POST", "/v2/inventory/counts/batch-retrieve", `{"limit":1,"cursor":"`+first.at("cursor").str()+`"}`)
		if second.at("counts", 0, "location_id").str() != "L0001" || second.at("cursor").str() != "" {
			t.Errorf("second page %v", second.v)
		}
		c.refused("POST", "/v2/inventory/counts/batch-retrieve", `{"limit":1001}`, 400, "INVALID_VALUE")

		c.sell(one("L0002", "FARM-1"))
		if d := cmp.Diff([]string{"L0002 IN_STOCK 0"}, c.counts(`{"location_ids":["L0002"]}`)); d != "" {
			t.Error(d)
		}
		overrides := c.ok("GET", "/v2/catalog/object/"+variation, nil).at("object", "item_variation_data", "location_overrides")
		if len(overrides.list()) != 1 || overrides.at(0, "sold_out").v != true {
			t.Errorf("tracked and empty means sold out: %v", overrides.v)
		}
		r := c.sell(one("L0002", "FARM-1"))
		if d := cmp.Diff([]string{"L0002 IN_STOCK -1"}, c.counts(`{"location_ids":["L0002"]}`)); d != "" {
			t.Error(d)
		}
		if _, err := c.fake.Void(r.ID); err != nil {
			t.Fatal(err)
		}
		if err := c.fake.SetStock("L0001", "FARM-1", nil); !errors.Is(err, posfake.ErrNotSimulated) {
			t.Errorf("a count that is forgotten: %v", err)
		}
	})
}

// TestLateSaleIsSortedIn: a sale before the last physical count does not change it.
func TestLateSaleIsSortedIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := withMeal(t, squarefake.Config{})
		time.Sleep(time.Hour)
		c.stock("L0001", 5)
		late := one("L0001", "FARM-1")
		late.OccurredAt = time.Now().Add(-30 * time.Minute)
		c.sell(late)
		if d := cmp.Diff([]string{"L0001 IN_STOCK 5"}, c.counts(`{}`)); d != "" {
			t.Error(d)
		}
	})
}

func TestChangeInventory(t *testing.T) {
	t.Parallel()
	for version, split := range map[string]bool{"2026-05-20": false, "2026-09-16": true} {
		synctest.Test(t, func(t *testing.T) {
			c, _, variation := withMeal(t, squarefake.Config{})
			c.head = map[string]string{"Square-Version": version}
			now := time.Now().UTC().Format(time.RFC3339)
			places := `"location_id":"L0001"`
			if split {
				places = `"from_location_id":"L0001","to_location_id":"L0001"`
			}
			body := func(key, places, occurred string) string {
				return fmt.Sprintf(`{"idempotency_key":%q,"changes":[
				{"type":"PHYSICAL_COUNT","physical_count":{"catalog_object_id":%q,"location_id":"L0001","state":"IN_STOCK","quantity":"12","occurred_at":%q}},
				{"type":"ADJUSTMENT","adjustment":{"catalog_object_id":%q,%s,"from_state":"IN_STOCK","to_state":"WASTE","quantity":"2.5","occurred_at":%q}}]}`,
					key, variation, occurred, variation, places, occurred)
			}
			v := c.ok("POST", "/v2/inventory/changes/batch-create", body("k1", places, now))
			if got := v.at("changes", 1, "adjustment"); got.has("location_id") == split {
				t.Errorf("%s: adjustment %v", version, got.v)
			}
			if d := cmp.Diff([]string{"L0001 WASTE 2.5", "L0001 IN_STOCK 9.5"}, c.counts(`{}`)); d != "" {
				t.Error(d)
			}
			if n := len(c.ok("POST", "/v2/inventory/changes/batch-retrieve", `{"types":["ADJUSTMENT"]}`).at("changes").list()); n != 1 {
				t.Errorf("%d adjustments", n)
			}
			c.refused("POST", "/v2/inventory/changes/batch-create", body("k2", places, time.Now().Add(-25*time.Hour).UTC().Format(time.RFC3339)), 400, "INVALID_TIME")
			c.refused("POST", "/v2/inventory/changes/batch-create", `{"idempotency_key":"k","changes":[]}`, 400, "MISSING_REQUIRED_PARAMETER")
			if split {
				c.refused("POST", "/v2/inventory/changes/batch-create", body("k3", `"location_id":"L0001"`, now), 400, "UNKNOWN_BODY_PARAMETER")
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, squarefake.Config{})
		if err := c.fake.AddLocation(posfake.LocationSeed{ID: "L9", Name: "Annex", TimeZone: "Europe/Paris", Currency: "EUR"}); err != nil {
			t.Fatal(err)
		}
		if err := c.fake.AddLocation(posfake.LocationSeed{ID: "L9"}); err == nil {
			t.Error("opened twice")
		}
		list := c.ok("GET", "/v2/locations", nil).at("locations")
		if len(list.list()) != 4 || list.at(0, "name").str() != "Annex" || list.at(0, "currency").str() != "EUR" {
			t.Errorf("locations %v", list.v)
		}
		if err := c.fake.RemoveLocation("L9"); err != nil {
			t.Fatal(err)
		}
		if got := c.ok("GET", "/v2/locations/L9", nil).at("location", "status").str(); got != "INACTIVE" {
			t.Errorf("status %s", got)
		}
		if got := c.ok("GET", "/v2/locations/main", nil).at("location", "id").str(); got != "L0001" {
			t.Errorf("main location %s", got)
		}
		c.refused("GET", "/v2/locations/L8", nil, 404, "NOT_FOUND")
	})
}

func TestDevicesAndPing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, squarefake.Config{Locations: 2})
		devices := c.ok("GET", "/v2/devices?location_id=L0001", nil).at("devices")
		id := devices.at(0, "id").str()
		if len(devices.list()) != 1 || devices.at(0, "status", "category").str() != "AVAILABLE" {
			t.Fatalf("devices %v", devices.v)
		}
		ping := func(key string) func() value {
			v := c.ok("POST", "/v2/terminals/actions", `{"idempotency_key":"`+key+`","action":{"type":"PING","device_id":"`+id+`","deadline_duration":"PT30S"}}`)
			return func() value {
				return c.ok("GET", "/v2/terminals/actions/"+v.at("action", "id").str(), nil).at("action")
			}
		}
		get := ping("k1")
		var got []string
		for range 3 {
			got = append(got, get().at("status").str())
			time.Sleep(time.Second)
		}
		if d := cmp.Diff([]string{"PENDING", "IN_PROGRESS", "COMPLETED"}, got); d != "" {
			t.Error(d)
		}
		if err := c.fake.SetOnline("L0001", false); err != nil {
			t.Fatal(err)
		}
		cut := time.Now()
		get = ping("k2")
		time.Sleep(29 * time.Second)
		if s := get().at("status").str(); s != "PENDING" {
			t.Errorf("before the deadline: %s", s)
		}
		time.Sleep(time.Second)
		if a := get(); a.at("status").str() != "CANCELED" || a.at("cancel_reason").str() != "TIMED_OUT" {
			t.Errorf("after the deadline: %v", a.v)
		}
		d := c.ok("GET", "/v2/devices/"+id, nil).at("device")
		seen, err := time.Parse(time.RFC3339Nano, d.at("attributes", "updated_at").str())
		if err != nil || seen.After(cut) || d.at("status", "category").str() != "OFFLINE" {
			t.Errorf("device %v", d.v)
		}
		if s := c.ok("GET", "/v2/cash-drawers/shifts?location_id=L0001", nil).at("cash_drawer_shifts", 0, "state").str(); s != "ENDED" {
			t.Errorf("shift %s", s)
		}
		c.refused("POST", "/v2/terminals/actions", `{"idempotency_key":"k","action":{"type":"PING","device_id":"x"}}`, 400, "NOT_FOUND")

		bare := setup(t, squarefake.Config{BareDeviceStatus: true})
		if s := bare.ok("GET", "/v2/devices", nil).at("devices", 0, "status").str(); s != "AVAILABLE" {
			t.Errorf("bare status %q", s)
		}
		none := setup(t, squarefake.Config{NoTerminals: true})
		if n := len(none.ok("GET", "/v2/devices", nil).at("devices").list()); n != 0 {
			t.Errorf("%d devices", n)
		}
	})
}
