package simphony

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// planMaster plans the item itself.
func (m *menuPush) planMaster(plan *itemPlan, wants map[string]want) {
	c := m.cfg.CCAPI
	if plan.item == nil {
		return
	}
	group := c.FamilyGroups[plan.item.Category]
	if plan.have == nil {
		r := record{}
		r.set("hierUnitId", m.cat.base)
		r.set("objectNum", plan.number)
		r.setLang("name", c.Language, plan.item.Name)
		if group == 0 {
			group = c.FamilyGroup
		}
		for name, n := range map[string]int64{"familyGroupObjNum": group, "majorGroupObjNum": c.MajorGroup} {
			if n != 0 {
				r.set(name, n)
			}
		}
		r.set("externalReference1", plan.sku)
		r.set("externalReference2", m.cfg.Owner)
		m.add(plan, &recordWrite{kind: masters, insert: true, unit: m.cat.base, rec: r})
		return
	}
	r := plan.have.master.clone()
	changed := false
	if r.lang("name", c.Language) != plan.item.Name {
		r.setLang("name", c.Language, plan.item.Name)
		changed = true
	}
	if group != 0 && r.num("familyGroupObjNum", "familyGroupObjectNum") != group {
		delete(r, "familyGroupObjectNum")
		r.set("familyGroupObjNum", group)
		changed = true
	}
	if plan.have.disabled && slices.ContainsFunc(m.targets, func(id string) bool { return wants[id].on }) {
		enable(r)
		changed = true
	}
	if changed {
		m.add(plan, &recordWrite{kind: masters, unit: m.cat.base, rec: asRequested(r)})
	}
}

// enable switches the named option "disabled" off.
func enable(r record) {
	k, _ := r.key("miMasterOptionsExt")
	var named map[string]jsontext.Value
	if json.Unmarshal(r[k], &named) != nil {
		return
	}
	for name := range named {
		if strings.EqualFold(name, "disabled") {
			named[name] = jsontext.Value("false")
		}
	}
	r.set(k, named)
}

// asRequested gives members the spelling of requests, where answers have
// another one.
func asRequested(r record) record {
	for _, group := range []string{"family", "major", "master", "report"} {
		if v, ok := r[group+"GroupObjectNum"]; ok {
			delete(r, group+"GroupObjectNum")
			r[group+"GroupObjNum"] = v
		}
	}
	return r
}

// agreed returns the value that all properties want, and whether they do.
func (m *menuPush) agreed(wants map[string]want) (on, ok bool) {
	for i := range m.places {
		w := wants[m.places[i].ID]
		if i > 0 && w.on != on {
			return false, false
		}
		on = w.on
	}
	return on, true
}

// planDefinitions plans the definition at the base and those of properties
// that differ. If all want the same, the base has it; else the base stays.
func (m *menuPush) planDefinitions(plan *itemPlan, wants map[string]want) {
	base := m.definition(plan, m.cat.base)
	baseOn, same := m.agreed(wants)
	if !same {
		baseOn = base != nil && shown(base)
	}
	baseRecord := m.planDefinition(plan, m.cat.base, base, nil, baseOn)
	for i := range m.places {
		unit := m.units[m.places[i].ID]
		if unit == m.cat.base {
			continue
		}
		w := wants[m.places[i].ID]
		if own := m.definition(plan, unit); own != nil || w.on != baseOn {
			m.planDefinition(plan, unit, own, baseRecord, w.on)
		}
	}
}

func (m *menuPush) definition(plan *itemPlan, unit int64) record {
	if plan.have == nil {
		return nil
	}
	return plan.have.defs[unit]
}

// planDefinition plans one definition and returns it as it will be.
func (m *menuPush) planDefinition(plan *itemPlan, unit int64, have, base record, on bool) record {
	w := &recordWrite{kind: definitions, insert: have == nil, unit: unit}
	switch {
	case have != nil:
		w.rec = have.clone()
	case base != nil:
		w.rec = base.clone()
		k, _ := w.rec.key("menuItemDefinitionId")
		delete(w.rec, k)
		w.rec.set("hierUnitId", unit)
	default:
		w.rec = record{}
		w.rec.set("hierUnitId", unit)
		w.rec.set("menuItemMasterObjNum", plan.number)
		w.rec.set("defSequenceNum", 1)
		w.rec.set("menuItemClassObjNum", m.cfg.CCAPI.MenuItemClass)
	}
	changed := have == nil
	if plan.item != nil {
		changed = m.putText(w.rec, "firstName", plan.item.Name) || changed
		changed = m.putText(w.rec, "consumerItemName", plan.item.Name) || changed
		changed = m.putText(w.rec, "consumerItemDescription", plan.item.Description) || changed
	}
	if shown(w.rec) != on || have == nil && base == nil {
		levels := noLevels
		if on {
			levels = allLevels
		}
		w.rec.set("mainLevel", levels)
		w.rec.set("subLevel", levels)
		changed = true
	}
	if changed {
		m.add(plan, w)
	}
	return w.rec
}

// The menu levels of a definition, one character each.
const (
	allLevels = "11111111"
	noLevels  = "00000000"
)

func (m *menuPush) putText(r record, name, text string) bool {
	if r.lang(name, m.cat.language) == text {
		return false
	}
	r.setLang(name, m.cat.language, text)
	return true
}

// planPrices plans the price at the base and those of properties that differ.
// The base has the item's price if the push is about all properties.
func (m *menuPush) planPrices(plan *itemPlan, wants map[string]want) {
	var have map[int64]record
	if plan.have != nil {
		have = plan.have.prices
	}
	basePrice := plan.item.Price
	base := have[m.cat.base]
	if base != nil && len(m.targets) < len(m.places) {
		if kept, err := parseMoney(base.text("price"), plan.item.Price.Currency); err == nil {
			basePrice = kept
		}
	}
	m.planPrice(plan, m.cat.base, base, basePrice)
	for i := range m.places {
		l := &m.places[i]
		unit, w := m.units[l.ID], wants[l.ID]
		if unit == m.cat.base || w.price.IsZero() || w.target && !w.on {
			continue
		}
		if own := have[unit]; own != nil || w.price != basePrice {
			m.planPrice(plan, unit, own, w.price)
		}
	}
}

func (m *menuPush) planPrice(plan *itemPlan, unit int64, have record, price pos.Money) {
	if have != nil && sameAmount(have.text("price"), price) {
		return
	}
	w := &recordWrite{kind: prices, insert: have == nil, unit: unit, rec: record{}}
	if have != nil {
		w.rec = have.clone()
	} else {
		w.rec.set("hierUnitId", unit)
		w.rec.set("priceSequenceNum", 1)
		w.rec.set("activeOnMenuLevel", 0)
		w.rec.set("options", noLevels)
	}
	w.rec.set("price", jsontext.Value(price.Decimal()))
	m.add(plan, w)
}

func (m *menuPush) add(plan *itemPlan, w *recordWrite) {
	w.plan = plan
	plan.writes = append(plan.writes, w)
}
