package simphonyfake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// table holds the configuration records of one kind.
type table struct {
	noun     string
	id       string // field of the server's own id
	keys     []string
	required []string
	check    func(f *Fake, r record) error // beyond what is required
	reply    func(r record) any            // to an add, update or upsert

	rows []record
	next int64
	byID map[int64]record
	// byKey finds rows by their natural key.
	byKey map[string]record
}

func newTables() map[string]*table {
	list := []*table{
		{
			noun: "MenuItemMasters", id: "menuItemMasterId", keys: []string{"objectNum"},
			required: []string{"hierUnitId", "objectNum", "name"}, next: 423000,
			check: (*Fake).checkMaster, reply: masterReply,
		},
		{
			noun: "MenuItemDefinitions", id: "menuItemDefinitionId",
			keys:     []string{"hierUnitId", "menuItemMasterId", "defSequenceNum"},
			required: []string{"hierUnitId", "menuItemMasterId", "defSequenceNum"}, next: 215000,
			check: (*Fake).checkDefinition, reply: definitionReply,
		},
		{
			noun: "MenuItemPrices", id: "menuItemPriceId",
			keys:     []string{"hierUnitId", "menuItemDefinitionId", "priceSequenceNum"},
			required: []string{"hierUnitId", "menuItemDefinitionId", "priceSequenceNum"}, next: 487000, check: (*Fake).checkPrice, reply: priceReply,
		},
		{
			noun: "MenuItemMasterEffectivity", id: "menuItemMasterEffectivityId",
			keys: []string{"hierUnitId", "objectNum", "effectivityGroupObjNum"}, required: []string{"hierUnitId", "objectNum", "effectivityGroupObjNum"},
			check: (*Fake).checkMasterEffectivity,
		},
		{noun: "MenuItemClasses", id: "menuItemClassId", keys: []string{"objectNum"}, required: []string{"hierUnitId", "objectNum", "name"}},
		{noun: "FamilyGroups", id: "familyGroupId", keys: []string{"objectNum"}, required: []string{"hierUnitId", "objectNum", "name"}},
		{noun: "MajorGroups", id: "majorGroupId", keys: []string{"objectNum"}, required: []string{"hierUnitId", "objectNum", "name"}},
		{
			noun: "Discounts", id: "discountId", keys: []string{"hierUnitId", "objectNum", "effGrpObjNum"},
			required: []string{"hierUnitId", "objectNum", "name"}, next: 9000, check: (*Fake).checkDiscount,
		},
		{
			noun: "EffectivityGroups", id: "changeSetId", keys: []string{"hierUnitId", "objectNum"},
			required: []string{"hierUnitId", "objectNum", "name"}, next: 70, check: (*Fake).checkEffectivity,
		},
		{
			noun: "EnableEffectivityGroups", id: "enableEffectivityGroupId",
			keys: []string{"hierUnitId", "changeSetId"}, required: []string{"hierUnitId", "changeSetId", "enableEffectivityGroup"},
			check: (*Fake).checkEnable,
		},
	}
	out := map[string]*table{}
	for _, t := range list {
		t.byID, t.byKey = map[int64]record{}, map[string]record{}
		out[t.noun] = t
	}
	return out
}

// key is the natural key of a record.
func (t *table) key(r record) string {
	var b strings.Builder
	for _, k := range t.keys {
		fmt.Fprintf(&b, "%d/", r.num(k))
	}
	return b.String()
}

// find returns the row that a request names by the server's id or by the
// natural key.
func (t *table) find(r record) (record, bool) {
	if r.has(t.id) {
		row, ok := t.byID[r.num(t.id)]
		return row, ok
	}
	row, ok := t.byKey[t.key(r)]
	return row, ok
}

func (t *table) put(old, r record) {
	if old != nil {
		delete(t.byKey, t.key(old))
		t.rows[slices.IndexFunc(t.rows, func(x record) bool { return x.num(t.id) == old.num(t.id) })] = r
	} else {
		t.rows = append(t.rows, r)
	}
	t.byID[r.num(t.id)] = r
	t.byKey[t.key(r)] = r
}

func (t *table) drop(r record) {
	delete(t.byKey, t.key(r))
	delete(t.byID, r.num(t.id))
	t.rows = slices.DeleteFunc(t.rows, func(x record) bool { return x.num(t.id) == r.num(t.id) })
}

func missing(field string) error {
	return fail(400, "VALIDATION ERROR", "%s is required field.", field)
}

func noEntity() error { return fail(400, "VALIDATION ERROR", "Entity Does Not Exist") }

// validate checks a whole record before it is stored.
func (f *Fake) validate(t *table, r record) error {
	for _, field := range t.required {
		if !r.has(field) {
			return missing(field)
		}
	}
	if !f.hasUnit(int(r.num("hierUnitId"))) {
		return fail(400, "VALIDATION ERROR", "hierUnitId is invalid.")
	}
	if n := r.num("objectNum"); r.has("objectNum") && (n < 1 || n > 999_999_999) {
		return fail(400, "VALIDATION ERROR", "The field objectNum must be between 1 and 999999999.")
	}
	for _, field := range []string{"externalReference1", "externalReference2"} {
		if len(r.str(field)) > 32 {
			return fail(400, "VALIDATION ERROR", "The field %s must be a string with a maximum length of 32.", field)
		}
	}
	for field, v := range r {
		if m, ok := v.(map[string]any); ok && strings.HasSuffix(strings.ToLower(field), "name") {
			for _, text := range m {
				if s, ok := text.(string); !ok || len([]rune(s)) > 128 {
					return fail(400, "VALIDATION ERROR", "%s cannot exceed 128 characters.", field)
				}
			}
		}
	}
	if t.check == nil {
		return nil
	}
	return t.check(f, r)
}

// insert adds a record.
func (f *Fake) insert(t *table, r record) (record, error) {
	r = r.clone()
	delete(r, t.id)
	f.complete(t, r)
	if err := f.validate(t, r); err != nil {
		return nil, err
	}
	if _, taken := t.byKey[t.key(r)]; taken {
		return nil, fail(400, "VALIDATION ERROR", "Duplicate %s.", t.keys[len(t.keys)-1])
	}
	t.next++
	r.set(t.id, t.next)
	if t.noun == "MenuItemMasters" {
		f.settleOptions(nil, r)
	}
	t.put(nil, r)
	f.reconfigured(r)
	return r, nil
}

// replace overwrites a record: what the new one leaves out is cleared.
func (f *Fake) replace(t *table, r record) (record, error) {
	f.complete(t, r)
	old, ok := t.find(r)
	if !ok {
		return nil, noEntity()
	}
	r = r.clone()
	r.set(t.id, old.num(t.id))
	for _, k := range t.keys {
		if !r.has(k) && old.has(k) {
			r[k] = old[k]
		}
	}
	if err := f.validate(t, r); err != nil {
		return nil, err
	}
	if other, taken := t.byKey[t.key(r)]; taken && other.num(t.id) != old.num(t.id) {
		return nil, fail(400, "VALIDATION ERROR", "Duplicate %s.", t.keys[len(t.keys)-1])
	}
	if t.noun == "MenuItemMasters" {
		f.settleOptions(old, r)
	}
	t.put(old, r)
	f.reconfigured(r)
	return r, nil
}

// merge changes the given fields of a record, or adds it.
func (f *Fake) merge(t *table, r record) (record, error) {
	f.complete(t, r)
	old, ok := t.find(r)
	if !ok {
		return f.insert(t, r)
	}
	whole := old.clone()
	for field, v := range r {
		part, nested := v.(map[string]any)
		if before, both := whole[field].(map[string]any); nested && both {
			together := record(before).clone()
			maps.Copy(together, part)
			v = map[string]any(together)
		}
		whole[field] = v
	}
	return f.replace(t, whole)
}

// remove deletes a record that nothing depends on.
func (f *Fake) remove(t *table, r record) error {
	f.complete(t, r)
	row, ok := t.find(r)
	if !ok {
		return noEntity()
	}
	if f.needed(t, row) {
		return fail(400, "VALIDATION ERROR", "Dependency exist.")
	}
	t.drop(row)
	f.reconfigured(row)
	return nil
}

// needed reports whether other records refer to this one.
func (f *Fake) needed(t *table, r record) bool {
	var child *table
	switch t.noun {
	case "MenuItemMasters":
		child = f.tables["MenuItemDefinitions"]
	case "MenuItemDefinitions":
		child = f.tables["MenuItemPrices"]
	default:
		return false
	}
	return slices.ContainsFunc(child.rows, func(x record) bool { return x.num(t.id) == r.num(t.id) })
}

// complete fills in what a request may name in another way: the id of a master
// by its object number, and the object number of the master.
func (f *Fake) complete(t *table, r record) {
	masters := f.tables["MenuItemMasters"]
	switch t.noun {
	case "MenuItemDefinitions":
		objectNum := cmp.Or(r.num("menuItemMasterObjNum"), r.num("menuItemMasterObjectNum"))
		if m, ok := masters.byKey[masters.key(record{"objectNum": number(objectNum)})]; ok && !r.has("menuItemMasterId") {
			r.set("menuItemMasterId", m.num("menuItemMasterId"))
		}
		if m, ok := masters.byID[r.num("menuItemMasterId")]; ok {
			r.set("menuItemMasterObjNum", m.num("objectNum"))
		}
	case "MenuItemPrices":
		if d, ok := f.tables["MenuItemDefinitions"].byID[r.num("menuItemDefinitionId")]; ok {
			r.set("menuItemMasterObjNum", d.num("menuItemMasterObjNum"))
		}
	}
}

// reconfigured tells everybody that the configuration has changed.
func (f *Fake) reconfigured(r record) {
	f.version++
	if len(f.subscriptions) == 0 {
		return
	}
	unit := int(r.num("hierUnitId"))
	for _, p := range f.properties {
		for _, c := range p.rvcs {
			if !p.closed && slices.Contains(c.path(), unit) {
				f.notify("ConfigurationNotification", c, "")
			}
		}
	}
}
