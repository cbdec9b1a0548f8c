package posfake

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// shelf is what a location has of one item.
type shelf struct {
	quantity *int64
	lots     []pos.Lot
	seq      int64 // of the last change, in the order of all changes
	at       time.Time
}

// SetStock implements [Simulator].
func (f *Fake) SetStock(location, sku string, quantity *int64) error {
	if quantity != nil {
		n := *quantity
		quantity = &n
	}
	return f.put(location, sku, quantity, nil)
}

// SetLots stocks an item with packages of known expiry; the count becomes
// their sum. Sales take the earliest expiry first.
func (f *Fake) SetLots(location, sku string, lots ...pos.Lot) error {
	var sum int64
	for _, l := range lots {
		sum += l.Quantity.Whole()
	}
	lots = slices.Clone(lots)
	slices.SortStableFunc(lots, func(a, b pos.Lot) int {
		switch {
		case a.Expires < b.Expires:
			return -1
		case a.Expires > b.Expires:
			return 1
		}
		return 0
	})
	return f.put(location, sku, &sum, lots)
}

func (f *Fake) put(location, sku string, quantity *int64, lots []pos.Lot) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.place(location)
	if err != nil {
		return err
	}
	f.sequence++
	p.stock[sku] = &shelf{quantity, lots, f.sequence, f.now()}
	f.notify(pos.JobInventory, "stock.changed", location)
	return nil
}

// takeStock removes what a sale took, the earliest expiry first. A count does
// not fall below zero: the till sold something that nobody had counted.
func (f *Fake) takeStock(p *place, s *sale) {
	for _, l := range s.lines {
		shelf := p.stock[l.SKU]
		if l.SKU == "" || shelf == nil || shelf.quantity == nil {
			continue
		}
		*shelf.quantity = max(0, *shelf.quantity-l.Quantity.Whole())
		left := l.Quantity
		for i := range shelf.lots {
			n := min(left, shelf.lots[i].Quantity)
			shelf.lots[i].Quantity -= n
			left -= n
		}
		shelf.lots = slices.DeleteFunc(shelf.lots, func(l pos.Lot) bool { return l.Quantity <= 0 })
		f.sequence++
		shelf.seq, shelf.at = f.sequence, f.now()
		f.notify(pos.JobInventory, "stock.changed", p.ID)
	}
}

// expiresIn returns in how many days the next package of the item expires; nil
// if nobody knows.
func (p *place) expiresIn(sku string, at time.Time) *int {
	s := p.stock[sku]
	if s == nil {
		return nil
	}
	first := pos.Stock{Lots: s.lots}.EarliestExpiry()
	end, err := time.Parse(time.DateOnly, string(first))
	if err != nil {
		return nil
	}
	today, err := time.Parse(time.DateOnly, string(p.BusinessDate(at)))
	if err != nil {
		return nil
	}
	days := int(end.Sub(today) / (24 * time.Hour))
	return &days
}

// Inventory implements [pos.Provider]. Cursors hold a mode: "full" continues
// a full read behind a location and SKU, "delta" reads changes by number.
func (f *Fake) Inventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	if err := f.supported(pos.JobInventory, "Inventory"); err != nil {
		return pos.InventoryPage{}, err
	}
	m, err := f.opened(string(pos.JobInventory), q.Locations, q.After, 4)
	if err != nil {
		return pos.InventoryPage{}, err
	}
	var page pos.InventoryPage
	err = f.call(ctx, "ReadStock", false, func() error {
		places, err := f.scope("Inventory", q.Locations, true)
		if err != nil {
			return err
		}
		if m != nil && m[0] == "delta" && f.caps.Inventory.Changes {
			f.changedStock(places, m.number(1), q, &page)
			return nil
		}
		from := f.sequence
		if m != nil && m[0] == "full" {
			from = m.number(1)
		}
		f.allStock(places, from, m.text(2), m.text(3), q, &page)
		return nil
	})
	if err != nil {
		return pos.InventoryPage{}, err
	}
	return page, nil
}

func (f *Fake) allStock(places []*place, from int64, location, sku string, q pos.InventoryQuery, page *pos.InventoryPage) {
	page.Full = true
	limit := f.limit(q.Limit)
	mark := func(mode string) {
		page.Next = f.sealed(string(pos.JobInventory), q.Locations, mode, number(from), text(location), text(sku))
	}
	for _, p := range places {
		for _, next := range slices.Sorted(maps.Keys(p.stock)) {
			if p.ID < location || p.ID == location && next <= sku {
				continue
			}
			if len(page.Stock) == limit {
				page.More = true
				mark("full")
				return
			}
			page.Stock = append(page.Stock, f.stock(p, next, q.Raw))
			location, sku = p.ID, next
		}
	}
	location, sku = "", ""
	mark("delta")
}

func (f *Fake) changedStock(places []*place, from int64, q pos.InventoryQuery, page *pos.InventoryPage) {
	type moved struct {
		p   *place
		sku string
		seq int64
	}
	var news []moved
	for _, p := range places {
		for sku, s := range p.stock {
			if s.seq > from {
				news = append(news, moved{p, sku, s.seq})
			}
		}
	}
	slices.SortFunc(news, func(a, b moved) int { return int(a.seq - b.seq) })
	limit := f.limit(q.Limit)
	if page.More = len(news) > limit; page.More {
		news = news[:limit]
	}
	for _, n := range news {
		page.Stock = append(page.Stock, f.stock(n.p, n.sku, q.Raw))
		from = n.seq
	}
	page.Next = f.sealed(string(pos.JobInventory), q.Locations, "delta", number(from), "", "")
}

func (f *Fake) stock(p *place, sku string, raw bool) pos.Stock {
	s := p.stock[sku]
	out := pos.Stock{Location: p.ID, SKU: sku, CountedAt: s.at}
	if r := p.menu[sku]; r != nil {
		out.Name, out.VendorID = r.Item.Name, "obj-"+sku
	}
	if s.quantity != nil {
		out.InStock = pos.TriOf(*s.quantity > 0)
		if f.caps.Inventory.Counts {
			out.OnHand = pos.Counted(pos.Units(*s.quantity))
			out.Available = out.OnHand
		}
	}
	if f.caps.Inventory.Lots {
		out.Lots = slices.Clone(s.lots)
	}
	if raw {
		out.Raw, _ = json.Marshal(out) // plain data always marshals
	}
	return out
}
