package main

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// menus publishes a new menu every now and then. The last one must hold at the
// end.
type menus struct{ price atomic.Int64 }

// mealSKU is on all menus.
const mealSKU = "CRASH-1"

func (m *menus) publish(ctx context.Context, url string) error {
	stream, err := connect(ctx, url, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	for n := int64(0); ; n++ {
		menu := pos.Menu{Items: []pos.Item{{
			SKU: mealSKU, Name: "Lentil Soup", Category: "Soups", Price: pos.Money{Amount: 500 + n%1000, Currency: "USD"}, ShelfLifeDays: 3,
		}}}
		id := "menu-" + strconv.FormatInt(n, 10)
		command := events.NewMenuPublished("/menu", id, time.Now(), events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu}})
		for stream.Publish(context.WithoutCancel(ctx), command) != nil { // The server may be down.
			if ctx.Err() != nil && m.price.Load() != 0 {
				return nil // The one before was the last.
			}
			<-time.After(100 * time.Millisecond)
		}
		m.price.Store(menu.Items[0].Price.Amount)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// hold returns how many shops sell at the last price everywhere.
func (m *menus) hold(shops []*shop) int {
	n := 0
	for _, s := range shops {
		rows, ok := 0, true
		for _, row := range s.fake.Menu() {
			if row.SKU == mealSKU && !row.Foreign {
				rows++
				ok = ok && row.Price == m.price.Load()
			}
		}
		if ok && rows > 0 {
			n++
		}
	}
	return n
}
