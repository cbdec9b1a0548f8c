package simphonyfake

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Object numbers that the host's own configuration uses.
const (
	foodClass     = 1
	untaxedClass  = 2
	foreignNumber = 100_000
	openNumber    = 999_000 // items off the menu
)

// seedConfiguration fills the tables that every installation has.
func (f *Fake) seedConfiguration() {
	at := func(n int64, text string) record {
		return record{"hierUnitId": number(enterpriseUnit), "objectNum": number(n), "name": name(text)}
	}
	for noun, rows := range map[string][]record{
		"MajorGroups":  {at(1, "Food"), at(2, "Beverage")},
		"FamilyGroups": {at(1, "Bowls"), at(2, "Salads"), at(3, "Wraps"), at(4, "Soups"), at(5, "Breakfast"), at(9, "Host")},
		"MenuItemClasses": {
			at(foodClass, "Food"), at(untaxedClass, "Food, no tax"),
		},
		"Discounts": {at(1, "Template percent"), at(2, "Template amount")},
	} {
		t := f.tables[noun]
		for i, r := range rows {
			if noun == "Discounts" {
				field, value := f.cfg.PercentField, json.Number("10")
				if i == 1 {
					field, value = f.cfg.AmountField, json.Number("1.00")
				}
				r["activationType"], r["enabled"], r["condimentDiscountability"] = number(0), false, number(4)
				r[f.cfg.PercentField], r[f.cfg.AmountField], r["dscItmzr"] = number(0), number(0), strings.Repeat("1", 15)
				r[field] = value
			}
			t.next++
			r.set(t.id, t.next)
			t.put(nil, r)
		}
	}
}

// item is a menu item as one revenue center sells it.
type item struct {
	objectNum  int64
	sku        string
	foreign    bool
	master     record
	definition record
	prices     []record // one for each sequence, the most specific
	groups     []int64  // effectivity groups of the master
	category   string
	taxed      bool
}

// menuView is the menu of a revenue center for one version of the configuration.
type menuView struct {
	version  int
	items    []*item
	byNumber map[int64]*item
	bySKU    map[string]*item // ours, then those of others
}

// menu resolves what a revenue center inherits.
func (f *Fake) menu(c *revenueCenter) *menuView {
	if v := f.views[c.unit]; v != nil && v.version == f.version {
		return v
	}
	v := &menuView{version: f.version, byNumber: map[int64]*item{}, bySKU: map[string]*item{}}
	path := c.path()
	definitions := map[int64][]record{}
	for _, d := range f.tables["MenuItemDefinitions"].rows {
		definitions[d.num("menuItemMasterId")] = append(definitions[d.num("menuItemMasterId")], d)
	}
	prices := map[int64][]record{}
	for _, p := range f.tables["MenuItemPrices"].rows {
		prices[p.num("menuItemDefinitionId")] = append(prices[p.num("menuItemDefinitionId")], p)
	}
	groups := map[int64][]int64{}
	for _, e := range f.tables["MenuItemMasterEffectivity"].rows {
		if slices.Contains(path, int(e.num("hierUnitId"))) {
			groups[e.num("objectNum")] = append(groups[e.num("objectNum")], e.num("effectivityGroupObjNum"))
		}
	}
	for _, m := range f.tables["MenuItemMasters"].rows {
		it := f.resolve(path, m, definitions[m.num("menuItemMasterId")], prices)
		if it == nil {
			continue
		}
		it.groups = groups[it.objectNum]
		v.items = append(v.items, it)
		v.byNumber[it.objectNum] = it
		if known := v.bySKU[it.sku]; known == nil || known.foreign {
			v.bySKU[it.sku] = it
		}
	}
	f.views[c.unit] = v
	return v
}

// resolve finds the definition with the lowest sequence and its prices, each
// from the lowest unit that has one.
func (f *Fake) resolve(path []int, m record, definitions []record, prices map[int64][]record) *item {
	depth := func(r record) int { return slices.Index(path, int(r.num("hierUnitId"))) }
	if depth(m) < 0 {
		return nil
	}
	it := &item{objectNum: m.num("objectNum"), sku: m.str("externalReference1"), master: m}
	if sku, foreign := f.foreign[m.num("menuItemMasterId")]; foreign {
		it.sku, it.foreign = sku, true
	}
	for _, d := range definitions {
		switch best := it.definition; {
		case depth(d) < 0:
		case best == nil, d.num("defSequenceNum") < best.num("defSequenceNum"),
			d.num("defSequenceNum") == best.num("defSequenceNum") && depth(d) > depth(best):
			it.definition = d
		}
	}
	if it.definition == nil {
		return it
	}
	found := map[int64]record{}
	for _, d := range definitions {
		if depth(d) < 0 || d.num("defSequenceNum") != it.definition.num("defSequenceNum") {
			continue
		}
		for _, p := range prices[d.num("menuItemDefinitionId")] {
			seq := p.num("priceSequenceNum")
			if old, taken := found[seq]; depth(p) >= 0 && (!taken || depth(p) > depth(old)) {
				found[seq] = p
			}
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(found)) {
		it.prices = append(it.prices, found[seq])
	}
	class := it.definition.num("menuItemClassObjNum")
	it.taxed = class != untaxedClass
	for _, g := range f.tables["FamilyGroups"].rows {
		if g.num("objectNum") == m.num("familyGroupObjNum") {
			it.category = g.text("name")
		}
	}
	return it
}

// title is the name on the screen and the receipt.
func (it *item) title() string {
	if it.definition != nil {
		if s := cmp.Or(it.definition.text("firstName"), it.definition.text("consumerItemName")); s != "" {
			return s
		}
	}
	return it.master.text("name")
}

// price is what one unit costs now, and whether any price is in force.
func (f *Fake) price(c *revenueCenter, it *item, at time.Time) (int64, bool) {
	for _, p := range it.prices {
		if group := p.num("effectivityGroupObjNum"); group != 0 && !f.effective(c, group, at) || !p.has("price") {
			continue
		}
		m, err := pos.ParseMoney(plain(p["price"]), c.property.currency)
		return m.Amount, err == nil
	}
	return 0, false
}

// onMenu reports whether the configuration lets an item be sold.
func (f *Fake) onMenu(c *revenueCenter, it *item, at time.Time) bool {
	d := it.definition
	if d == nil || f.option(it.master, bitDisabled) || !d.has("menuItemClassObjNum") {
		return false
	}
	if !strings.Contains(d.str("mainLevel"), "1") || !strings.Contains(d.str("subLevel"), "1") {
		return false
	}
	if _, priced := f.price(c, it, at); !priced {
		return false
	}
	if f.option(it.master, bitCore) || len(it.groups) == 0 {
		return true
	}
	return slices.ContainsFunc(it.groups, func(g int64) bool { return f.effective(c, g, at) })
}

// soldOut reports whether the item is counted down to nothing.
func (p *property) soldOut(it *item) bool {
	n, counted := p.counts[it.objectNum]
	return counted && n <= 0
}

// effective reports whether an effectivity group is active at an instant and
// not switched off at the property.
func (f *Fake) effective(c *revenueCenter, objectNum int64, at time.Time) bool {
	path := c.path()
	var group record
	for _, g := range f.tables["EffectivityGroups"].rows {
		depth := slices.Index(path, int(g.num("hierUnitId")))
		if g.num("objectNum") == objectNum && depth >= 0 && (group == nil || depth > slices.Index(path, int(group.num("hierUnitId")))) {
			group = g
		}
	}
	if group == nil {
		return false
	}
	for _, e := range f.tables["EnableEffectivityGroups"].rows {
		if e.num("changeSetId") == group.num("changeSetId") && slices.Contains(path, int(e.num("hierUnitId"))) && !e.flag("enableEffectivityGroup", true) {
			return false
		}
	}
	times := group.list("activeTimes")
	return len(times) == 0 || slices.ContainsFunc(times, func(a record) bool { return active(a, at, c.property.zone) })
}

// active reports whether an instant lies in an interval, whose end is exclusive.
func active(a record, at time.Time, zone *time.Location) bool {
	if !a.flag("timeIsLocal", false) {
		zone = time.UTC
	}
	from, err := time.ParseInLocation(localTime, a.str("startTime"), zone)
	if err != nil || at.Before(from) {
		return false
	}
	to, err := time.ParseInLocation(localTime, a.str("endTime"), zone)
	return a.str("endTime") == "" || err == nil && at.Before(to)
}

// Menu lists every item at every open property, as its first revenue center
// sells it. A row's digest covers master, definition and prices.
func (f *Fake) Menu() []posfake.MenuRow {
	defer f.begin()()
	digests := map[string]string{}
	var rows []posfake.MenuRow
	for _, p := range f.properties {
		if p.closed {
			continue
		}
		c := p.rvcs[0]
		for _, it := range f.menu(c).items {
			key := fmt.Sprint(it.master.num("menuItemMasterId"), it.definition.num("menuItemDefinitionId"))
			var keyText strings.Builder
			for _, price := range it.prices {
				keyText.WriteString(fmt.Sprint(" ", price.num("menuItemPriceId")))
			}
			key += keyText.String()
			if _, known := digests[key]; !known {
				digests[key] = digest([]any{it.master, it.definition, it.prices})
			}
			price, _ := f.price(c, it, f.now)
			rows = append(rows, posfake.MenuRow{
				Location: p.ref, SKU: it.sku, Name: it.title(), Price: price,
				Available: f.onMenu(c, it, f.now) && !p.soldOut(it), Foreign: it.foreign, Digest: digests[key],
			})
		}
	}
	return rows
}

func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// AddForeign puts an item on the menu of the whole enterprise that its host
// made. The SKU becomes its first external reference.
func (f *Fake) AddForeign(sku, name string, price int64) error {
	defer f.begin()()
	return f.addForeign(sku, name, price)
}

func (f *Fake) addForeign(sku, title string, price int64) error {
	if sku == "" || title == "" || price < 0 {
		return errors.New("simphonyfake: a foreign item needs a SKU, a name and a price")
	}
	n := int64(foreignNumber + len(f.foreign) + 1)
	unit := number(enterpriseUnit)
	master, err := f.insert(f.tables["MenuItemMasters"], record{
		"hierUnitId": unit, "objectNum": number(n), "name": name(title), "externalReference1": sku,
		"familyGroupObjNum": number(9), "majorGroupObjNum": number(1),
	})
	if err != nil {
		return fmt.Errorf("simphonyfake: foreign item %s: %w", sku, err)
	}
	f.foreign[master.num("menuItemMasterId")] = sku
	definition, err := f.insert(f.tables["MenuItemDefinitions"], record{
		"hierUnitId": unit, "menuItemMasterId": master["menuItemMasterId"], "defSequenceNum": number(1), "firstName": name(title),
		"menuItemClassObjNum": number(foodClass), "mainLevel": "11111111", "subLevel": "11111111",
	})
	if err != nil {
		return fmt.Errorf("simphonyfake: foreign item %s: %w", sku, err)
	}
	digits := f.properties[0].currency
	_, err = f.insert(f.tables["MenuItemPrices"], record{
		"hierUnitId": unit, "menuItemDefinitionId": definition["menuItemDefinitionId"], "priceSequenceNum": number(1),
		"price": json.Number(pos.Money{Amount: price, Currency: digits}.Decimal()), "activeOnMenuLevel": number(0), "options": "00000000",
	})
	return err
}
