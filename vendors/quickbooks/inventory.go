package quickbooks

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Inventory implements [pos.Provider]. QuickBooks counts for the whole company:
// there is one row for each item that it counts, whatever locations are asked
// for, and the row's location is the company's id. Items that it does not
// count have no row. It is one call for 1,000 items. Nothing tells which counts
// have changed, so every read is a full one.
func (p *Provider) Inventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	scope := p.scope("inventory")
	var at struct {
		Start int `json:"start"`
	}
	if q.After != "" {
		if err := kit.DecodeCursor(scope, q.After, &at); err != nil {
			return pos.InventoryPage{}, err
		}
	}
	limit := maxPage
	if q.Limit > 0 {
		limit = min(q.Limit, maxPage)
	}
	start := max(at.Start, 1)
	page := pos.InventoryPage{Full: true}
	text := fmt.Sprintf("SELECT *, Sku FROM Item WHERE Type = 'Inventory' AND Active IN (true,false) ORDERBY MetaData.CreateTime ASC STARTPOSITION %d MAXRESULTS %d", start, limit)
	seen := make(map[string]bool)
	rows, _, err := p.query(ctx, "Item", text, func(v jsontext.Value) error {
		var it item
		if err := kit.Unmarshal(v, &it); err != nil || seen[it.ID] {
			return err
		}
		seen[it.ID] = true
		if it.Type != typeInventory {
			return nil // not what was asked for
		}
		s := it.stock(p.cfg.Realm)
		if q.Raw {
			s.Raw = slices.Clone([]byte(v))
		}
		page.Stock = append(page.Stock, s)
		return nil
	})
	if err != nil {
		return pos.InventoryPage{}, err
	}
	at.Start = 0
	if rows >= limit { // rows that came twice count once
		at.Start, page.More = start+len(seen), true
	}
	page.Next, err = kit.EncodeCursor(scope, at)
	return page, err
}

// stock maps an item. A count that cannot be read is no count.
func (it *item) stock(company string) pos.Stock {
	s := pos.Stock{Location: company, SKU: it.Sku, VendorID: it.ID, Name: it.name()}
	if n, err := it.QtyOnHand.quantity(); err == nil && it.QtyOnHand != "" {
		s.OnHand = pos.Counted(n)
		s.InStock = pos.No
		if n > 0 {
			s.InStock = pos.Yes
		}
	}
	return s
}
