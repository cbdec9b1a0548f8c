package simphony

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Inventory implements [pos.Provider]: which items a property can sell now. No
// interface tells counts, so all of them are unknown. One page is one property:
// with STS2 one call for each revenue center, with TS1 the pages of its item
// definitions. Our items come from CCAPI in three calls a minute at most, or
// from [Config].SKUs.
func (p *Provider) Inventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	const op = "Inventory"
	if err := p.ready(op, pos.JobInventory); err != nil {
		return pos.InventoryPage{}, err
	}
	var after struct {
		ID string `json:"id"`
	}
	if q.After != "" {
		if err := kit.DecodeCursor(p.scope("inventory"), q.After, &after); err != nil {
			return pos.InventoryPage{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return pos.InventoryPage{}, ended(op, err)
	}
	list, err := p.placesOf(ctx, op, q.Locations)
	if err != nil {
		return pos.InventoryPage{}, err
	}
	list = slices.DeleteFunc(slices.Clone(list), func(l pos.Location) bool { return l.Closed })
	from, found := slices.BinarySearchFunc(list, after.ID, func(l pos.Location, id string) int { return strings.Compare(l.ID, id) })
	if found {
		from++
	}
	page := pos.InventoryPage{Full: true}
	if after.ID = ""; from < len(list) {
		if page.Stock, err = p.stockAt(ctx, &list[from]); err != nil {
			return pos.InventoryPage{}, err
		}
		if page.More = from+1 < len(list); page.More {
			after.ID = list[from].ID
		}
	}
	page.Next, err = kit.EncodeCursor(p.scope("inventory"), after)
	return page, err
}

func (p *Provider) stockAt(ctx context.Context, l *pos.Location) ([]pos.Stock, error) {
	if p.sts == nil {
		return p.tillStock(ctx, l.ID)
	}
	gone, err := p.unavailable(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	known, err := p.onSale(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	for n := range gone {
		if _, ours := known[n]; !ours {
			known[n] = named{}
		}
	}
	rows := make([]pos.Stock, 0, len(known))
	for _, n := range sortedKeys(known) {
		rows = append(rows, pos.Stock{Location: l.ID, SKU: known[n].key, VendorID: strconv.FormatInt(n, 10), Name: known[n].name, InStock: pos.TriOf(!gone[n])})
	}
	return rows, nil
}

// onSale returns our items that are on the menu of a property.
func (p *Provider) onSale(ctx context.Context, id string) (map[int64]named, error) {
	out := make(map[int64]named)
	for n, sku := range p.cfg.SKUs {
		out[n] = named{key: sku}
	}
	if p.ccapi == nil {
		return out, nil
	}
	units, err := p.unitsOf(ctx, "Inventory", []string{id})
	if err != nil {
		return nil, err
	}
	c, err := p.recentMeals(ctx)
	if err != nil {
		return nil, err
	}
	for sku, m := range c.meals {
		if s := m.at(units[id], c.base, c.language); s.on {
			out[m.number] = named{sku, s.name}
		}
	}
	return out, nil
}

// unavailable returns the items that none of a property's revenue centers has.
func (p *Provider) unavailable(ctx context.Context, id string) (map[int64]bool, error) {
	centers, err := p.revenueCenters(ctx, id)
	if err != nil {
		return nil, err
	}
	lacking := make(map[int64]int)
	for _, rvc := range centers {
		var answer struct {
			Items []unavailableItem `json:"items"`
		}
		r := kit.Request{
			Op: "GetUnavailableItems", Location: id, Method: http.MethodGet, Path: "/menus/items/unavailable",
			Query: url.Values{"OrgShortName": {p.cfg.Org}, "LocRef": {id}, "RvcRef": {strconv.Itoa(rvc)}},
		}
		if _, err := p.sts.JSON(ctx, r, nil, &answer); err != nil {
			return nil, err
		}
		seen := make(map[int64]bool)
		for _, it := range answer.Items {
			if n := number(it.MenuItemID); n != 0 && !seen[n] {
				seen[n] = true
				lacking[n]++
			}
		}
	}
	gone := make(map[int64]bool)
	for n, times := range lacking {
		gone[n] = times == len(centers)
	}
	return gone, nil
}

// definitionsXML is the document of item definitions inside TS1's answer.
type definitionsXML struct {
	Rows []definitionXML `xml:"DbMenuItemDefinition"`
}

type definitionXML struct {
	Master    string `xml:"MiMasterObjNum"`
	Name      string `xml:"Name1>StringText"`
	OutOfItem string `xml:"OutOfMenuItem"`
}

var errEndless = errors.New("the pages of item definitions do not end")

// maxConfigPages bounds the reading of a configuration that repeats itself.
const maxConfigPages = 400

// tillStock reads the flags of the item definitions of a property.
func (p *Provider) tillStock(ctx context.Context, id string) ([]pos.Stock, error) {
	const op = "GetConfigurationInfoEx"
	t := p.ts1[id]
	skus, _, err := p.namesOf(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	var rows []pos.Stock
	seen := make(map[string]bool)
	for page := range maxConfigPages {
		info, err := t.configuration(ctx, "MENUITEMDEFINITIONS", int32(page*configPage))
		if err != nil {
			return nil, err
		}
		var doc definitionsXML
		if strings.TrimSpace(info.MenuItemDefinitions) == "" {
			return rows, nil
		}
		if err := detailLimits.Unmarshal([]byte(info.MenuItemDefinitions), &doc); err != nil {
			return nil, failAt(op, id, pos.KindProtocol, fmt.Errorf("MenuItemDefinitions: %w", causeOf(err)))
		}
		fresh := false
		for _, d := range doc.Rows {
			if seen[d.Master] {
				continue
			}
			seen[d.Master], fresh = true, true
			s := pos.Stock{Location: id, SKU: skus[number(text(d.Master))].key, VendorID: d.Master, Name: d.Name, InStock: pos.TriOf(!isTrue(d.OutOfItem))}
			rows = append(rows, s)
		}
		if len(doc.Rows) < configPage || !fresh {
			return rows, nil
		}
	}
	return nil, failAt(op, id, pos.KindProtocol, errEndless)
}

func isTrue(s string) bool {
	on, err := strconv.ParseBool(strings.TrimSpace(s))
	return err == nil && on
}
