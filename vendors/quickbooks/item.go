package quickbooks

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Types of items.
const (
	typeCategory     = "Category"
	typeInventory    = "Inventory"
	typeNonInventory = "NonInventory"
	typeService      = "Service"
)

// deletedSuffix is what QuickBooks puts behind the name of an inactive item,
// so that the name is free for another.
const deletedSuffix = " (deleted)"

const itemFields = "*, Sku" // "*" alone leaves Sku out

func (it *item) active() bool { return it.Active == nil || *it.Active }

// name is the name without QuickBooks' suffix.
func (it *item) name() string {
	if it.active() {
		return it.Name
	}
	return strings.TrimSuffix(it.Name, deletedSuffix)
}

// parent is the id of the category, "" if there is none.
func (it *item) parent() string {
	if !it.SubItem {
		return ""
	}
	return it.ParentRef.Value
}

// mealMark and couponMark stand in the purchase description of what is ours.
func (p *Provider) mealMark(sku string) string  { return p.cfg.Owner + ":" + sku }
func (p *Provider) couponMark(id string) string { return p.cfg.Owner + "/coupon:" + id }

// meal returns the SKU of an item that is a meal of ours.
func (p *Provider) meal(it *item) (sku string, ours bool) {
	sku, ours = strings.CutPrefix(it.PurchaseDesc, p.mealMark(""))
	return sku, ours && sku != ""
}

// coupon returns the id of the coupon that an item of ours stands for.
func (p *Provider) coupon(it *item) (id string, ours bool) {
	id, ours = strings.CutPrefix(it.PurchaseDesc, p.couponMark(""))
	return id, ours && id != ""
}

// catalogue is the company's items as they are now.
type catalogue struct {
	meals      map[string]*item   // ours, by SKU
	coupons    map[string]*item   // ours, by the coupon's id
	twins      map[string][]*item // more of ours with the same mark
	skus       map[string]*item   // active ones of others, by SKU
	names      map[string]*item   // active ones of others, by place and name
	categories map[string]string  // name to id, at the top level
	version    string             // changes whenever an item does
}

// readCatalogue reads all items: one call for 1,000.
func (p *Provider) readCatalogue(ctx context.Context) (*catalogue, error) {
	c := &catalogue{
		meals: make(map[string]*item), coupons: make(map[string]*item), twins: make(map[string][]*item),
		skus: make(map[string]*item), names: make(map[string]*item), categories: make(map[string]string),
	}
	seen := make(map[string]bool)
	var latest time.Time
	err := p.everything(ctx, "Item", itemFields, "Active IN (true,false)", func(v jsontext.Value) error {
		it := new(item)
		if err := kit.Unmarshal(v, it); err != nil || seen[it.ID] {
			return err
		}
		seen[it.ID] = true
		if t := it.MetaData.LastUpdatedTime.Time; t.After(latest) {
			latest = t
		}
		p.items.put(it)
		p.sort(c, it)
		return nil
	})
	c.version = stamp(latest) + " " + strconv.Itoa(len(seen))
	return c, err
}

// sort puts an item where it belongs.
func (p *Provider) sort(c *catalogue, it *item) {
	if sku, ours := p.meal(it); ours {
		c.own(c.meals, sku, it)
		return
	}
	if id, ours := p.coupon(it); ours {
		c.own(c.coupons, id, it)
		return
	}
	if !it.active() {
		return
	}
	c.names[placeOf(it.parent(), it.Name)] = it
	switch {
	case it.Type == typeCategory && it.parent() == "":
		c.categories[it.Name] = it.ID
	case it.Sku != "":
		c.skus[it.Sku] = it
	}
}

// own keeps the item that is in use, or else the older one; others are twins.
func (c *catalogue) own(in map[string]*item, key string, it *item) {
	first := in[key]
	switch {
	case first == nil:
		in[key] = it
	case it.active() && !first.active():
		in[key] = it
		c.twins[first.PurchaseDesc] = append(c.twins[first.PurchaseDesc], first)
	default:
		c.twins[it.PurchaseDesc] = append(c.twins[it.PurchaseDesc], it)
	}
}

// placeOf is where a name must be unique; case does not count.
func placeOf(parent, name string) string { return parent + "\x00" + strings.ToLower(name) }

// sold is what purchases need to know of an item.
type sold struct {
	sku, name string
	coupon    string // id, if the item stands for one
}

// itemCache remembers items by id. It learns from pushes and from the changes
// that come with purchases.
type itemCache struct {
	mu   sync.Mutex
	byID map[string]sold
	mark string // owner/coupon:
}

func (c *itemCache) put(it *item) {
	s := sold{sku: it.Sku, name: it.name()}
	if id, ok := strings.CutPrefix(it.PurchaseDesc, c.mark); ok {
		s.coupon = id
	}
	c.set(it.ID, s)
}

// learn is put for an item that came without its SKU, as change data capture
// may send it: one that is remembered stays, others are read when they are sold.
func (c *itemCache) learn(it *item) {
	if it.Sku != "" {
		c.put(it)
	}
}

func (c *itemCache) set(id string, s sold) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = make(map[string]sold)
	}
	c.byID[id] = s
}

// lookup returns what is remembered of the ids, and which are unknown.
func (c *itemCache) lookup(ids map[string]bool) (found map[string]sold, missing []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found = make(map[string]sold, len(ids))
	for id := range ids {
		if s, ok := c.byID[id]; ok {
			found[id] = s
		} else {
			missing = append(missing, id)
		}
	}
	return found, missing
}

// itemsOf returns what is known of items, reading those that are new. Items
// that do not exist any more are remembered as nothing.
func (p *Provider) itemsOf(ctx context.Context, ids map[string]bool) (map[string]sold, error) {
	found, missing := p.items.lookup(ids)
	if len(missing) == 0 {
		return found, nil
	}
	for _, id := range missing {
		found[id] = sold{}
	}
	err := p.byID(ctx, "Item", itemFields, missing, func(v jsontext.Value) error {
		var it item
		if err := kit.Unmarshal(v, &it); err != nil {
			return err
		}
		p.items.put(&it)
		delete(found, it.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for id := range found {
		p.items.set(id, found[id])
	}
	found, _ = p.items.lookup(ids)
	return found, nil
}
