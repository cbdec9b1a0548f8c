package quickbooksdesktop

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"

	"github.com/farmacyfoods/pointofsale/pos"
)

// item is an item of the company file as it was last read.
type item struct {
	Kind      string `json:"kind"`
	ListID    string `json:"list_id"`
	Sequence  string `json:"sequence"`
	Name      string `json:"name"`
	Full      string `json:"full"`
	Desc      string `json:"desc,omitempty"`
	Price     string `json:"price,omitempty"`
	BarCode   string `json:"bar_code,omitempty"`
	Percent   string `json:"percent,omitempty"` // of a discount
	TaxCode   string `json:"tax_code,omitempty"`
	Active    bool   `json:"active,omitempty"`
	Both      bool   `json:"both,omitempty"` // has terms of sale and of purchase
	OnHand    string `json:"on_hand,omitempty"`
	Committed string `json:"committed,omitempty"`
	GUID      string `json:"guid,omitempty"`
}

// siteStock is the stock of an item at a site.
type siteStock struct {
	Item      string `json:"item"` // ListID
	Name      string `json:"name"`
	Site      string `json:"site"`
	OnHand    string `json:"on_hand"`
	Committed string `json:"committed"`
}

type itemsPage struct {
	Gen   int64  `json:"gen"`
	Items []item `json:"items"`
}

type stockPage struct {
	Gen  int64       `json:"gen"`
	Rows []siteStock `json:"rows"`
}

func (p *Provider) saveItems(ctx context.Context, s *session, r *reply) error {
	page := itemsPage{Gen: s.Gen}
	for i := range r.Inventory {
		page.Items = append(page.Items, newItem(kindInventory, &r.Inventory[i]))
	}
	for i := range r.NonInventory {
		page.Items = append(page.Items, newItem(kindNonInventory, &r.NonInventory[i]))
	}
	for i := range r.Discounts {
		page.Items = append(page.Items, newItem(kindDiscount, &r.Discounts[i]))
	}
	if len(page.Items) == 0 {
		return nil
	}
	s.Pages++
	return p.overwrite(ctx, pageKey(docItems, s.Gen, s.Pages), page)
}

func newItem(kind string, r *itemRet) item {
	it := item{
		Kind: kind, ListID: r.ListID, Sequence: r.EditSequence, Name: r.Name, Full: r.FullName,
		Desc: r.SalesDesc, Price: r.SalesPrice, BarCode: r.BarCodeValue, TaxCode: r.TaxCode.FullName,
		Active: r.IsActive == "" || yes(r.IsActive), OnHand: r.QuantityOnHand, Committed: r.QuantityOnSalesOrder, GUID: r.GUID,
	}
	if it.Full == "" {
		it.Full = it.Name
	}
	switch {
	case kind == kindDiscount:
		it.Desc, it.Price, it.Percent = r.ItemDesc, r.DiscountRate, r.DiscountRatePercent
	case r.Sale != nil:
		it.Desc, it.Price = r.Sale.Desc, r.Sale.Price
	case r.Both != nil:
		it.Desc, it.Price, it.Both = r.Both.Desc, r.Both.Price, true
	}
	return it
}

func (p *Provider) saveStock(ctx context.Context, s *session, r *reply) error {
	page := stockPage{Gen: s.Gen}
	for _, row := range r.SiteStock {
		if row.Item.ListID != "" && row.Site.ListID != "" {
			page.Rows = append(page.Rows, siteStock{row.Item.ListID, row.Item.FullName, row.Site.ListID, row.QuantityOnHand, row.QuantityOnSalesOrders})
		}
	}
	if len(page.Rows) == 0 {
		return nil
	}
	s.Sites++
	return p.overwrite(ctx, pageKey(docStock, s.Gen, s.Sites), page)
}

// catalogue is a complete read of the items.
type catalogue struct {
	gen   int64
	items []item
	named map[string]*item // by full name
}

// catalogueCache keeps the last catalogue that was asked for.
type catalogueCache struct {
	mu   sync.Mutex
	last *catalogue
}

// catalogue returns the items of a generation; nil if nothing was read yet.
func (p *Provider) catalogue(ctx context.Context, g generation) (*catalogue, error) {
	if g.At.IsZero() {
		return nil, nil
	}
	c := &p.items
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && c.last.gen == g.Gen {
		return c.last, nil
	}
	cat := &catalogue{gen: g.Gen, named: make(map[string]*item)}
	for n := 1; n <= g.Pages; n++ {
		var page itemsPage
		if _, err := p.load(ctx, pageKey(docItems, g.Gen, n), &page); err != nil {
			return nil, err
		}
		if page.Gen != g.Gen {
			return nil, overtaken()
		}
		cat.items = append(cat.items, page.Items...)
	}
	slices.SortFunc(cat.items, func(a, b item) int { return strings.Compare(a.ListID, b.ListID) })
	cat.items = slices.CompactFunc(cat.items, func(a, b item) bool { return a.ListID == b.ListID })
	for i := range cat.items {
		// Names are unique without regard to case.
		cat.named[strings.ToUpper(cat.items[i].Full)] = &cat.items[i]
	}
	c.last = cat
	return cat, nil
}

// overtaken is the error of a read during which the Web Connector ended a run.
func overtaken() error {
	return &pos.Error{Vendor: Vendor, Op: "read", Kind: pos.KindConflict, Err: errOvertaken}
}

func (c *catalogue) find(sku string) *item { return c.named[strings.ToUpper(sku)] }

// mark is the external GUID of an item that we create. It proves later that
// the item is ours, even when the store is lost.
func (p *Provider) mark(sku string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(p.cfg.OwnerID) + "\x00" + sku))
	return guid([16]byte(sum[:16]))
}

// owns reports whether an item is ours: we created it, or it was adopted.
func (p *Provider) owns(owned map[string]string, it *item) bool {
	id, known := owned[it.Full]
	return known && (id == it.ListID || id == claimed) || strings.EqualFold(it.GUID, p.mark(it.Full)) || slices.Contains(p.cfg.Adopt, it.Full)
}

// recognise notes the ids of items that are ours.
func (p *Provider) recognise(ctx context.Context, st *state) error {
	cat, err := p.catalogue(ctx, st.Items)
	if err != nil || cat == nil {
		return err
	}
	return change(ctx, p, docTasks, func(doc *tasksDoc) (bool, error) {
		changed := false
		for i := range cat.items {
			it := &cat.items[i]
			if doc.Owned[it.Full] != it.ListID && p.owns(doc.Owned, it) {
				doc.own(it.Full, it.ListID)
				changed = true
			}
		}
		return changed, nil
	})
}

func sortPlaces(list []place) {
	slices.SortFunc(list, func(a, b place) int { return strings.Compare(a.ID, b.ID) })
}
