package quickbooksdesktop

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Inventory implements [pos.Provider]: the counts of the last run of the Web
// Connector, always in full. Without sites there is one count for the company
// file; its rows name [Company] as their location, whatever was asked for.
func (p *Provider) Inventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	const op = "Inventory"
	if caps := p.capabilities().Inventory; !caps.OK() {
		return pos.InventoryPage{}, pos.Unsupported(Vendor, op, caps.Why, caps.Nearest)
	}
	places, err := p.wanted(ctx, op, q.Locations)
	if err != nil {
		return pos.InventoryPage{}, err
	}
	var st state
	if _, err := p.load(ctx, docSession, &st); err != nil {
		return pos.InventoryPage{}, located(op, err)
	}
	gen := st.Items
	if p.apart() {
		gen = st.Stock
	}
	if gen.At.IsZero() {
		return pos.InventoryPage{}, p.never(op)
	}
	var rows []pos.Stock
	if p.apart() {
		rows, err = p.stockBySite(ctx, st.Stock, st.Items, places, q.Raw)
	} else {
		rows, err = p.stockOfCompany(ctx, gen, q.Raw)
	}
	if err != nil {
		return pos.InventoryPage{}, located(op, err)
	}
	from, to, next, more, err := p.slice("inventory", q.After, q.Limit, len(rows), gen.Gen)
	if err != nil {
		return pos.InventoryPage{}, err
	}
	return pos.InventoryPage{Stock: rows[from:to], Full: true, Next: next, More: more}, nil
}

// apart reports whether stock is counted for each point of sale.
func (p *Provider) apart() bool { return p.cfg.Location == BySite || p.cfg.Location == ByStore }

// counted reads a quantity; one that is missing or unreadable is no count.
func counted(text string) pos.Count {
	q, err := pos.ParseQuantity(text)
	if err != nil {
		return pos.Count{}
	}
	return pos.Counted(q)
}

func (p *Provider) stockOfCompany(ctx context.Context, g generation, raw bool) ([]pos.Stock, error) {
	cat, err := p.catalogue(ctx, g)
	if err != nil {
		return nil, err
	}
	owned, err := p.owned(ctx)
	if err != nil {
		return nil, err
	}
	var rows []pos.Stock
	for i := range cat.items {
		it := &cat.items[i]
		if it.Kind != kindInventory {
			continue
		}
		row := pos.Stock{Location: Company, VendorID: it.ListID, Name: it.Desc, CountedAt: g.At}
		if p.owns(owned, it) {
			row.SKU = it.Full
		}
		fill(&row, it.OnHand, it.Committed)
		if raw {
			if row.Raw, err = json.Marshal(it); err != nil {
				return nil, err
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// fill sets the counts.
func fill(row *pos.Stock, onHand, committed string) {
	row.OnHand, row.Committed = counted(onHand), counted(committed)
	if !row.OnHand.Known {
		row.Committed = pos.Count{}
		return
	}
	row.Available = pos.Counted(row.OnHand.Quantity - row.Committed.Quantity)
	row.InStock = pos.TriOf(row.Available.Quantity > 0)
}

func (p *Provider) stockBySite(ctx context.Context, g, items generation, places []place, raw bool) ([]pos.Stock, error) {
	owned, err := p.owned(ctx)
	if err != nil {
		return nil, err
	}
	cat, err := p.catalogue(ctx, items)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*item, len(cat.items))
	for i := range cat.items {
		byID[cat.items[i].ListID] = &cat.items[i]
	}
	var rows []pos.Stock
	for n := 1; n <= g.Pages; n++ {
		var page stockPage
		if _, err := p.load(ctx, pageKey(docStock, g.Gen, n), &page); err != nil {
			return nil, err
		}
		if page.Gen != g.Gen {
			return nil, overtaken()
		}
		for _, s := range page.Rows {
			if !slices.ContainsFunc(places, func(pl place) bool { return pl.ID == s.Site }) {
				continue
			}
			row := pos.Stock{Location: s.Site, VendorID: s.Item, Name: s.Name, CountedAt: g.At}
			if it := byID[s.Item]; it != nil {
				row.Name = it.Desc
				if p.owns(owned, it) {
					row.SKU = it.Full
				}
			}
			fill(&row, s.OnHand, s.Committed)
			if raw {
				if row.Raw, err = json.Marshal(s); err != nil {
					return nil, err
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// owned returns what we own: SKU to ListID.
func (p *Provider) owned(ctx context.Context) (map[string]string, error) {
	var doc tasksDoc
	_, err := p.load(ctx, docTasks, &doc)
	return doc.Owned, err
}
