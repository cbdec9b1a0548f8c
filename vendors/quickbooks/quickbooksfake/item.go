package quickbooksfake

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// deletedSuffix marks the names of inactive list entries, so that the name is
// free for another one.
const deletedSuffix = " (deleted)"

// maxLevel is how deep items and categories nest.
const maxLevel = 4

// maxPlaces is how many departments and classes a Plus company has.
const maxPlaces = 40

var itemTypes = []string{"Inventory", "NonInventory", "Service", "Category"}

// checkName validates the name of a list entry and keeps the suffix of inactive ones.
func (f *Fake) checkName(old, next *object, property string) error {
	if next.fields["Active"] == nil {
		next.set("Active", true)
	}
	name := next.text(property)
	if next.active() {
		if old == nil || !old.active() && name == old.text(property) {
			name = strings.TrimSuffix(name, deletedSuffix)
		}
	} else if !strings.HasSuffix(name, deletedSuffix) {
		name += deletedSuffix
	}
	switch {
	case strings.TrimSpace(strings.TrimSuffix(name, deletedSuffix)) == "":
		return missing(property)
	case strings.ContainsAny(name, "\t\n:"):
		return business("%s must not hold a tab, a line break or a colon", property)
	}
	next.set(property, name)
	if !next.active() {
		return nil
	}
	for _, o := range next.in.names[next.label()] {
		if old != o && o.active() && o.ref("ParentRef") == next.ref("ParentRef") {
			return refuse("6240", property, "The name supplied already exists. : Id=%s", o.id)
		}
	}
	return nil
}

// checkTree computes the place of an entry under its parent.
func checkTree(old, next *object, sub string) error {
	level, full := 0, next.text("Name")
	parent := next.in.get(next.ref("ParentRef"))
	switch {
	case next.flag(sub) && parent == nil:
		return missing("ParentRef")
	case !next.flag(sub) && parent != nil:
		return business("ParentRef needs %s to be true", sub)
	}
	for p := parent; p != nil; p = p.in.get(p.ref("ParentRef")) {
		if p == old {
			return business("an entry cannot be under itself")
		}
		level++
		full = p.text("Name") + ":" + full
	}
	if level >= maxLevel {
		return business("entries nest %d levels at most", maxLevel)
	}
	next.set("FullyQualifiedName", full)
	if next.in.name == "Item" && level > 0 {
		next.set("Level", json.Number(strconv.Itoa(level)))
	} else {
		next.set("Level", nil)
	}
	return nil
}

func (f *Fake) checkPlain(old, next *object, _ map[string]any) error {
	property := "Name"
	if next.in.name == "Customer" {
		property = "DisplayName"
	}
	return f.checkName(old, next, property)
}

// checkPlace checks departments and classes.
func (f *Fake) checkPlace(old, next *object, _ map[string]any) error {
	if old == nil {
		n := 0
		for _, t := range []*table{f.tables["Department"], f.tables["Class"]} {
			for _, o := range t.rows {
				if o.active() {
					n++
				}
			}
		}
		switch {
		case f.cfg.Plan == PlanSimpleStart:
			return business("The subscription has no departments and classes.")
		case f.cfg.Plan == PlanPlus && n >= maxPlaces:
			return business("The subscription has %d departments and classes at most.", maxPlaces)
		}
	}
	if err := f.checkName(old, next, "Name"); err != nil {
		return err
	}
	sub := "Sub" + next.in.name
	if next.fields[sub] == nil {
		next.set(sub, false)
	}
	return checkTree(old, next, sub)
}

func (f *Fake) checkItem(old, next *object, sent map[string]any) error {
	kind := next.text("Type")
	switch {
	case kind == "":
		return missing("Type")
	case !slices.Contains(itemTypes, kind):
		return refuse("2010", "Type", "An item of type %s cannot be written", kind)
	case old != nil && old.text("Type") != kind:
		return business("The type of an item cannot be changed.")
	}
	if err := f.checkName(old, next, "Name"); err != nil {
		return err
	}
	if parent := next.in.get(next.ref("ParentRef")); parent != nil && parent.text("Type") != "Category" {
		return refuse("2500", "ParentRef", "Invalid Reference Id : %s is no category", parent.id)
	}
	if next.fields["SubItem"] == nil {
		next.set("SubItem", false)
	}
	if err := checkTree(old, next, "SubItem"); err != nil {
		return err
	}
	if kind == "Category" {
		if next.fields["UnitPrice"] != nil || next.fields["Sku"] != nil {
			return business("A category has no price and no SKU.")
		}
		f.renameChildren(old, next)
		return nil
	}
	if next.fields["IncomeAccountRef"] == nil {
		return missing("IncomeAccountRef")
	}
	for property, value := range map[string]any{"UnitPrice": json.Number("0"), "PurchaseCost": json.Number("0"), "Taxable": false} {
		if next.fields[property] == nil {
			next.set(property, value)
		}
	}
	if kind != "Inventory" {
		next.set("TrackQtyOnHand", false)
		return nil
	}
	return f.checkInventory(old, next, sent)
}

// checkInventory checks what only items with a counted quantity have.
func (f *Fake) checkInventory(old, next *object, sent map[string]any) error {
	if f.cfg.NoInventory {
		return business("Tracking of quantities is switched off in the preferences.")
	}
	for _, property := range []string{"AssetAccountRef", "ExpenseAccountRef", "InvStartDate", "QtyOnHand"} {
		if next.fields[property] == nil {
			return missing(property)
		}
	}
	if !next.flag("TrackQtyOnHand") {
		return business("TrackQtyOnHand must be true for an item of type Inventory.")
	}
	if _, err := time.Parse(time.DateOnly, next.text("InvStartDate")); err != nil {
		return refuse("2080", "InvStartDate", "Invalid date : %s", next.text("InvStartDate"))
	}
	if old != nil && sent["QtyOnHand"] != nil && rat(sent["QtyOnHand"]).Cmp(rat(old.fields["QtyOnHand"])) != 0 {
		return refuse("-10600", "QtyOnHand", "The quantity of an item is changed by transactions and adjustments.")
	}
	return nil
}

// renameChildren keeps the full names of what is in a category.
func (f *Fake) renameChildren(old, next *object) {
	if old == nil || old.text("FullyQualifiedName") == next.text("FullyQualifiedName") {
		return
	}
	was, is := old.text("FullyQualifiedName")+":", next.text("FullyQualifiedName")+":"
	for _, o := range next.in.rows {
		if rest, ok := strings.CutPrefix(o.text("FullyQualifiedName"), was); ok {
			o.set("FullyQualifiedName", is+rest)
		}
	}
}
