package simphony

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/farmacyfoods/pointofsale/pos"
)

// detailed reads records with all their members, options by name included.
const detailed = "detailed"

// catalogue is what CCAPI holds of ours: a meal is a menu item master with a
// definition and a price at the base unit, and further ones at properties that
// differ. The first external reference of the master is the SKU, the second
// our mark.
type catalogue struct {
	base     int64
	language string
	meals    map[string]*meal // by SKU
	// theirs are the SKUs that items of others have, and taken the object
	// numbers in use, where they were read.
	theirs map[string]int64
	taken  map[int64]bool
}

// meal is one of our items.
type meal struct {
	sku        string
	number, id int64
	master     record
	defs       map[int64]record // by unit
	prices     map[int64]record // by unit
	disabled   bool
}

// state is a meal as one property has it.
type state struct {
	name, description string
	on                bool
	price             string // as CCAPI writes it; "" if there is none
}

// at returns the state at a unit, which inherits what it does not have.
func (m *meal) at(unit, base int64, language string) state {
	d := m.defs[unit]
	if d == nil {
		d = m.defs[base]
	}
	r := m.prices[unit]
	if r == nil {
		r = m.prices[base]
	}
	return state{
		name:        d.lang("firstName", language),
		description: d.lang("consumerItemDescription", language),
		on:          d != nil && shown(d) && !m.disabled && r != nil,
		price:       r.text("price"),
	}
}

// shown reports whether a definition is on any menu level.
func shown(d record) bool {
	return strings.Contains(d.text("mainLevel"), "1") && strings.Contains(d.text("subLevel"), "1")
}

// readMeals reads our items. With others it reads also which SKUs and object
// numbers are in use.
func (p *Provider) readMeals(ctx context.Context) (*catalogue, error) {
	c := &catalogue{base: p.cfg.CCAPI.HierUnitID, language: p.cfg.CCAPI.Language, meals: make(map[string]*meal)}
	masters, err := p.readRecords(ctx, "GetMenuItemMasters", pathMasters, readRequest{IncludeAll: detailed, Criteria: p.owned()})
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*meal)
	var low, high int64
	for _, r := range masters {
		m := &meal{
			sku: r.text("externalReference1"), number: r.num("objectNum"), id: r.num("menuItemMasterId"), master: r,
			defs: make(map[int64]record), prices: make(map[int64]record), disabled: isDisabled(r),
		}
		if m.sku == "" || r.text("externalReference2") != p.cfg.Owner {
			continue
		}
		if twin := c.meals[m.sku]; twin != nil && twin.number < m.number {
			continue
		}
		c.meals[m.sku] = m
		byID[m.id] = m
		if low == 0 || m.number < low {
			low = m.number
		}
		high = max(high, m.number)
	}
	if len(byID) == 0 {
		return c, nil
	}
	return c, p.readDefinitions(ctx, byID, low, high)
}

// owned is the criterion for records with our mark.
func (p *Provider) owned() string {
	return fmt.Sprintf("where equals(externalReference2, '%s')", p.cfg.Owner)
}

// isDisabled reads the named option, whose bit nobody documents.
func isDisabled(r record) bool {
	k, ok := r.key("miMasterOptionsExt")
	var named map[string]any
	if !ok || json.Unmarshal(r[k], &named) != nil {
		return false
	}
	for name, v := range named {
		if on, _ := v.(bool); on && strings.EqualFold(name, "disabled") {
			return true
		}
	}
	return false
}

// readDefinitions reads definitions and prices of the meals.
func (p *Provider) readDefinitions(ctx context.Context, meals map[int64]*meal, low, high int64) error {
	defs, err := p.readRecords(ctx, "GetMenuItemDefinitions", pathDefinitions, readRequest{
		IncludeAll: detailed, Criteria: "where " + between("menuItemMasterObjNum", low, high),
	})
	if err != nil {
		return err
	}
	byDef := make(map[int64]*meal)
	low, high = 0, 0
	for _, d := range defs {
		m := meals[d.num("menuItemMasterId")]
		if m == nil {
			continue
		}
		id, unit := d.num("menuItemDefinitionId"), d.num("hierUnitId")
		byDef[id] = m
		if low == 0 || id < low {
			low = id
		}
		high = max(high, id)
		if old := m.defs[unit]; old == nil || sequence(d) < sequence(old) {
			m.defs[unit] = d
		}
	}
	if len(byDef) == 0 {
		return nil
	}
	prices, err := p.readRecords(ctx, "GetMenuItemPrices", pathPrices, readRequest{
		IncludeAll: detailed, Criteria: "where " + between("menuItemDefinitionId", low, high),
	})
	if err != nil {
		return err
	}
	for _, r := range prices {
		m := byDef[r.num("menuItemDefinitionId")]
		if m == nil {
			continue
		}
		unit := r.num("hierUnitId")
		if old := m.prices[unit]; old == nil || r.num("priceSequenceNum") < old.num("priceSequenceNum") {
			m.prices[unit] = r
		}
	}
	return nil
}

func sequence(d record) int64 { return d.num("defSequenceNum", "defSequnceNum") }

// readOthers reads which SKUs and object numbers others use.
func (p *Provider) readOthers(ctx context.Context, c *catalogue) error {
	n := p.cfg.CCAPI.ItemNumbers
	rows, err := p.readRecords(ctx, "GetMenuItemMasters", pathMasters, readRequest{
		Include:  "objectNum, externalReference1, externalReference2",
		Criteria: "where !isNull(externalReference1) or (" + between("objectNum", n.From, n.To) + ")",
	})
	if err != nil {
		return err
	}
	c.theirs, c.taken = make(map[string]int64), make(map[int64]bool)
	for _, r := range rows {
		c.taken[r.num("objectNum")] = true
		if sku := r.text("externalReference1"); sku != "" && r.text("externalReference2") != p.cfg.Owner {
			c.theirs[sku] = r.num("objectNum")
		}
	}
	return nil
}

// number returns the lowest free object number, 0 if there is none.
func (c *catalogue) number(r Range) int64 {
	for n := r.From; n <= r.To; n++ {
		if !c.taken[n] {
			c.taken[n] = true
			return n
		}
	}
	return 0
}

// knowledge remembers what object numbers stand for.
type knowledge struct {
	mu        sync.Mutex
	items     map[int64]named
	discounts map[int64]named
	at        time.Time
	// meals are our items as they were read for inventory, shared by its pages.
	meals   *catalogue
	mealsAt time.Time
	// dims are BI's names, by location and dimension.
	dims map[string]*dimensions
}

// named is what a number stands for: a SKU or a coupon, and its name.
type named struct{ key, name string }

// namesAge is how old what is known of numbers may be when one is not known:
// numbers that are not ours stay unknown, and are asked for that seldom.
const namesAge = 10 * time.Minute

// namesOf returns our items and discounts by object number. It reads them
// again when one of the numbers is not known and the reading is old.
func (p *Provider) namesOf(ctx context.Context, items, discounts []int64) (map[int64]named, map[int64]named, error) {
	if p.ccapi == nil {
		out := make(map[int64]named, len(p.cfg.SKUs))
		for n, sku := range p.cfg.SKUs {
			out[n] = named{key: sku}
		}
		return out, nil, nil
	}
	k := &p.known
	k.mu.Lock()
	has := func(in map[int64]named) func(int64) bool {
		return func(n int64) bool { _, ok := in[n]; return !ok }
	}
	fresh := !k.at.IsZero() && (time.Since(k.at) < namesAge || !slices.ContainsFunc(items, has(k.items)) && !slices.ContainsFunc(discounts, has(k.discounts)))
	known, offers := k.items, k.discounts
	k.mu.Unlock()
	if fresh {
		return known, offers, nil
	}
	return p.readNames(ctx)
}

func (p *Provider) readNames(ctx context.Context) (items, discounts map[int64]named, err error) {
	masters, err := p.readRecords(ctx, "GetMenuItemMasters", pathMasters, readRequest{
		Include: "objectNum, externalReference1, externalReference2, name", Criteria: p.owned(),
	})
	if err != nil {
		return nil, nil, err
	}
	items = make(map[int64]named, len(masters)+len(p.cfg.SKUs))
	for n, sku := range p.cfg.SKUs {
		items[n] = named{key: sku}
	}
	for _, r := range masters {
		items[r.num("objectNum")] = named{r.text("externalReference1"), r.lang("name", p.cfg.CCAPI.Language)}
	}
	if p.cfg.CCAPI.Coupons != nil {
		rows, err := p.readRecords(ctx, "GetDiscounts", pathDiscounts, readRequest{
			Include: "objectNum, externalReference1, externalReference2, name", Criteria: p.owned(),
		})
		if err != nil {
			return nil, nil, err
		}
		discounts = make(map[int64]named, len(rows))
		for _, r := range rows {
			discounts[r.num("objectNum")] = named{r.text("externalReference1"), r.lang("name", p.cfg.CCAPI.Language)}
		}
	}
	k := &p.known
	k.mu.Lock()
	k.items, k.discounts, k.at = items, discounts, time.Now()
	k.mu.Unlock()
	return items, discounts, nil
}

// mealsAge is how old the menu may be that inventory goes by.
const mealsAge = time.Minute

// recentMeals returns our items as they were read not long ago.
func (p *Provider) recentMeals(ctx context.Context) (*catalogue, error) {
	k := &p.known
	k.mu.Lock()
	c, at := k.meals, k.mealsAt
	k.mu.Unlock()
	if c != nil && time.Since(at) < mealsAge {
		return c, nil
	}
	c, err := p.readMeals(ctx)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	k.meals, k.mealsAt = c, time.Now()
	k.mu.Unlock()
	return c, nil
}

// forget makes the next look-up of names and items read again.
func (p *Provider) forget() {
	p.known.mu.Lock()
	p.known.at, p.known.meals = time.Time{}, nil
	p.known.mu.Unlock()
}

// sameAmount compares a price of CCAPI with money.
func sameAmount(price string, m pos.Money) bool {
	have, err := parseMoney(price, m.Currency)
	return price != "" && err == nil && have == m
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
