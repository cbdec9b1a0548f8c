// Package demo surrounds a service with what it needs to run without any
// account: a port, a directory, an inventory service, and customers.
package demo

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryfake"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryhttp"
	"github.com/farmacyfoods/pointofsale/pos/posfake"

	"example.com/integrator/service"
)

// Account is what the simulated account is called.
const Account = "demo"

// Demo is the surroundings. Close them.
type Demo struct {
	listener  net.Listener
	inventory *inventoryfake.Fake
	dir       string
}

// Open makes the surroundings.
func Open(ctx context.Context) (*Demo, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pointofsale-demo-")
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &Demo{l, inventoryfake.New(inventoryfake.Config{}), dir}, nil
}

// Close gives everything back; the service was closed before.
func (d *Demo) Close() error {
	d.inventory.Close()
	_ = d.listener.Close() // The service closed it, unless it did not start.
	return os.RemoveAll(d.dir)
}

// Config is a configuration with short intervals that logs all events.
func (d *Demo) Config() service.Config {
	cfg := service.Default()
	cfg.Listener, cfg.Listen = d.listener, d.listener.Addr().String()
	cfg.Stream = jetstream.Config{Dir: d.dir}
	cfg.Inventory = &inventoryhttp.Config{BaseURL: d.inventory.URL(), Token: pos.NewSecret(inventoryfake.DefaultToken)}
	cfg.LogEvents = true
	cfg.Schedule = service.Schedule{
		Purchases: 5 * time.Second, Inventory: 5 * time.Second, InventoryFull: time.Minute, Status: 10 * time.Second, Locations: time.Minute,
	}
	return cfg
}

// Hook is the URL for the callbacks of a vendor.
func (d *Demo) Hook(vendor string) string {
	return "http://" + d.listener.Addr().String() + "/webhooks/" + vendor + "/" + Account
}

// Trade sends a menu as a command, and lets a customer buy every second once
// it is on sale, until ctx ends.
func Trade(ctx context.Context, s *service.Service, sim posfake.Simulator) {
	command := events.NewMenuPublished("/demo", "menu-1", time.Now(), events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu()}})
	if err := s.Stream.Publish(ctx, command); err != nil {
		s.Log.Warn("menu not published", "error", err)
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	stocked := make(map[string]bool)
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-second.C:
		}
		if err := sell(sim, n, stocked); err != nil {
			s.Log.Warn("sale failed", "error", err)
		}
	}
}

func menu() pos.Menu {
	usd := func(cents int64) pos.Money { return pos.Money{Amount: cents, Currency: "USD"} }
	return pos.Menu{Items: []pos.Item{
		{SKU: "BOWL-TOFU", Name: "Tofu Bowl", Category: "Bowls", Price: usd(1150), ShelfLifeDays: 5},
		{SKU: "SALAD-CAESAR", Name: "Caesar Salad", Category: "Salads", Price: usd(950), ShelfLifeDays: 3},
		{SKU: "SOUP-LENTIL", Name: "Lentil Soup", Category: "Soups", Price: usd(725), ShelfLifeDays: 6},
	}}
}

// sell books the n-th sale, if one of ours is on sale. What is sold for the
// first time is put into stock first.
func sell(sim posfake.Simulator, n int, stocked map[string]bool) error {
	var ours []posfake.MenuRow
	for _, row := range sim.Menu() {
		if row.Available && !row.Foreign {
			ours = append(ours, row)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	row := ours[n%len(ours)]
	if key := row.Location + " " + row.SKU; !stocked[key] {
		stocked[key] = true
		count := int64(50)
		if err := sim.SetStock(row.Location, row.SKU, &count); err != nil {
			return err
		}
	}
	_, err := sim.Sell(posfake.Sale{Location: row.Location, Lines: []posfake.SaleLine{{SKU: row.SKU, Quantity: 1}}})
	return err
}
