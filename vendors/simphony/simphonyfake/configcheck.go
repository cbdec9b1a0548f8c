package simphonyfake

import (
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Option bits of a menu item master.
const (
	bitNoEdit     = 2
	bitNonRevenue = 3
	bitCore       = 4
	bitDisabled   = 5
	masterOptions = 8
)

// masterFlags are the names of the option bits in miMasterOptionsExt.
var masterFlags = map[string]int{"doNotAllowEdit": bitNoEdit, "nonRevenue": bitNonRevenue, "core": bitCore, "disabled": bitDisabled}

func (f *Fake) option(r record, bit int) bool { return r.bit("miMasterOptions", bit-f.cfg.OptionBase) }

// settleOptions brings the option string of a master in line with the named
// options that came along: a named option counts if it differs from what was
// stored before.
func (f *Fake) settleOptions(old, r record) {
	bits := setBit(r.str("miMasterOptions"), -1, masterOptions, false)
	if named, ok := r["miMasterOptionsExt"].(map[string]any); ok {
		for name, bit := range masterFlags {
			if on, given := named[name].(bool); given && on != f.option(old, bit) {
				bits = setBit(bits, bit-f.cfg.OptionBase, masterOptions, on)
			}
		}
		delete(r, "miMasterOptionsExt")
	}
	r["miMasterOptions"] = bits
}

func (f *Fake) checkMaster(r record) error {
	bits := r.str("miMasterOptions")
	switch {
	case !isBits(bits):
		return fail(400, "VALIDATION ERROR", "miMasterOptions must contain only 0's and 1's")
	case len(bits) > masterOptions:
		return fail(400, "VALIDATION ERROR", "The field miMasterOptions must be a string of length 8.")
	case r.text("name") == "":
		return fail(400, "VALIDATION ERROR", "Name cannot be null.")
	case f.isRevenueCenter(int(r.num("hierUnitId"))):
		return fail(400, "VALIDATION ERROR", "Menu item masters cannot be defined at a revenue center.")
	}
	for field, noun := range map[string]string{"familyGroupObjNum": "FamilyGroups", "majorGroupObjNum": "MajorGroups"} {
		if err := f.refers(r, field, noun); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fake) isRevenueCenter(unit int) bool {
	for _, p := range f.properties {
		if slices.ContainsFunc(p.rvcs, func(c *revenueCenter) bool { return c.unit == unit }) {
			return true
		}
	}
	return false
}

// refers checks that a record of another kind exists under an object number.
func (f *Fake) refers(r record, field, noun string) error {
	n := r.num(field)
	if n == 0 {
		return nil
	}
	if !slices.ContainsFunc(f.tables[noun].rows, func(x record) bool { return x.num("objectNum") == n }) {
		return fail(400, "VALIDATION ERROR", "Entity Does Not Exist: %s %d", field, n)
	}
	return nil
}

func (f *Fake) checkDefinition(r record) error {
	if _, ok := f.tables["MenuItemMasters"].byID[r.num("menuItemMasterId")]; !ok {
		return fail(400, "VALIDATION ERROR", "Entity Does Not Exist: menuItemMasterId %d", r.num("menuItemMasterId"))
	}
	if n := r.num("defSequenceNum"); n < 1 {
		return fail(400, "VALIDATION ERROR", "The field defSequenceNum must be between 1 and 99.")
	}
	for _, field := range []string{"mainLevel", "subLevel"} {
		if s := r.str(field); r.has(field) && (len(s) != 8 || !isBits(s)) {
			return fail(400, "VALIDATION ERROR", "The field %s must be a string of length 8 of 0's and 1's.", field)
		}
	}
	if len([]rune(r.text("consumerItemDescription"))) > 1024 {
		return fail(400, "VALIDATION ERROR", "consumerItemDescription cannot exceed 1024 characters.")
	}
	return f.refers(r, "menuItemClassObjNum", "MenuItemClasses")
}

func (f *Fake) checkPrice(r record) error {
	if _, ok := f.tables["MenuItemDefinitions"].byID[r.num("menuItemDefinitionId")]; !ok {
		return fail(400, "VALIDATION ERROR", "Entity Does Not Exist: menuItemDefinitionId %d", r.num("menuItemDefinitionId"))
	}
	for _, field := range []string{"price", "prepCost"} {
		if !r.has(field) {
			continue
		}
		n, ok := compare(r[field], number(0))
		most, alsoOK := compare(r[field], number(9_999_999_999))
		if !ok || !alsoOK || n < 0 || most > 0 {
			return fail(400, "VALIDATION ERROR", "The field %s must be between 0 and 9999999999.", field)
		}
	}
	options := r.str("options")
	switch {
	case r.has("activeOnMenuLevel") && (r.num("activeOnMenuLevel") < 0 || r.num("activeOnMenuLevel") > 8):
		return fail(400, "VALIDATION ERROR", "The field activeOnMenuLevel must be between 0 and 8.")
	case options != "" && (len(options) != 8 || !isBits(options)):
		return fail(400, "VALIDATION ERROR", "options must be a string of 8 0's and 1's.")
	case options != "" && strings.Contains(options[:2]+options[4:], "1"):
		return fail(400, "VALIDATION ERROR", "The option bits 0, 1, 4, 5, 6 and 7 are reserved.")
	}
	return f.refers(r, "effectivityGroupObjNum", "EffectivityGroups")
}

func (f *Fake) checkMasterEffectivity(r record) error {
	if err := f.refers(r, "effectivityGroupObjNum", "EffectivityGroups"); err != nil {
		return err
	}
	return f.refers(r, "objectNum", "MenuItemMasters")
}

func (f *Fake) checkDiscount(r record) error {
	if n := r.num("activationType"); n < 0 || n > 2 {
		return fail(400, "VALIDATION ERROR", "The field activationType must be between 0 and 2.")
	}
	if n := r.num("condimentDiscountability"); n < 0 || n > 5 {
		return fail(400, "VALIDATION ERROR", "The field condimentDiscountability must be between 0 and 5.")
	}
	if r.has(f.cfg.PercentField) {
		rate, err := pos.ParsePercent(plain(r[f.cfg.PercentField]))
		if err != nil || rate < 0 || rate > pos.Percent(100) {
			return fail(400, "VALIDATION ERROR", "The field %s must be between 0 and 100.", f.cfg.PercentField)
		}
	}
	if r.has(f.cfg.AmountField) {
		if m, err := pos.ParseMoney(plain(r[f.cfg.AmountField]), "USD"); err != nil || m.Amount < 0 {
			return fail(400, "VALIDATION ERROR", "The field %s must not be negative.", f.cfg.AmountField)
		}
	}
	return f.refers(r, "effGrpObjNum", "EffectivityGroups")
}

// localTime is how CCAPI writes instants without zone.
const localTime = "2006-01-02T15:04:05"

func (f *Fake) checkEffectivity(r record) error {
	type span struct{ from, to time.Time }
	var spans []span
	for _, a := range r.list("activeTimes") {
		from, err := time.Parse(localTime, a.str("startTime"))
		if err != nil {
			return fail(400, "VALIDATION ERROR", "startTime %q is no time.", a.str("startTime"))
		}
		to := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		if a.str("endTime") != "" {
			if to, err = time.Parse(localTime, a.str("endTime")); err != nil {
				return fail(400, "VALIDATION ERROR", "endTime %q is no time.", a.str("endTime"))
			}
		}
		switch {
		case !from.Before(to):
			return fail(400, "VALIDATION ERROR", "One or more of the End Time(s) is not after Start Time(s) in Active Times.")
		case a.has("mustActivateBy") && !r.flag("allowLocalControl", false):
			return fail(400, "VALIDATION ERROR", "Cannot set mustActivateBy date, if allowLocalControl is disabled.")
		case slices.ContainsFunc(spans, func(s span) bool { return from.Before(s.to) && s.from.Before(to) }):
			return fail(400, "VALIDATION ERROR", "Two or more active time records are overlapping.")
		}
		spans = append(spans, span{from, to})
	}
	return nil
}

func (f *Fake) checkEnable(r record) error {
	if _, ok := f.tables["EffectivityGroups"].byID[r.num("changeSetId")]; !ok {
		return noEntity()
	}
	if _, ok := r["enableEffectivityGroup"].(bool); !ok {
		return missing("enableEffectivityGroup")
	}
	return nil
}

func masterReply(r record) any {
	return map[string]any{"ObjectNum": r["objectNum"], "hierUnitId": r["hierUnitId"], "menuItemMasterId": r["menuItemMasterId"], "errorCode": "success"}
}

func definitionReply(r record) any {
	return map[string]any{
		"menuItemMasterObjNum": r["menuItemMasterObjNum"], "menuItemMasterId": r["menuItemMasterId"],
		"menuItemDefinitionHierUnitId": r["hierUnitId"], "defSequenceNum": r["defSequenceNum"], "menuItemDefinitionId": r["menuItemDefinitionId"],
	}
}

func priceReply(r record) any {
	return map[string]any{
		"menuItemMasterObjNum": r["menuItemMasterObjNum"], "menuItemDefinitionID": r["menuItemDefinitionId"],
		"menuItemPriceID": r["menuItemPriceId"], "priceSequence": r["priceSequenceNum"],
	}
}
