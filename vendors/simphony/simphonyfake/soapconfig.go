package simphonyfake

import (
	"slices"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

// wanted is one type of configuration that a call asks for, and which part.
type wanted struct {
	kind         string
	first, limit int64
}

// soapConfig answers types by their numbers, each whole.
func (f *Fake) soapConfig(p *property, in *element) any {
	var list []wanted
	for _, n := range in.ints("configurationInfoType") {
		if n < 0 || n >= int64(len(configTypes)) {
			return configAnswer{Result: &result{Code: "InvalidConfigInfoType", Message: "Invalid configuration type."}}
		}
		list = append(list, wanted{kind: configTypes[n]})
	}
	return f.configuration(p, in.str("vendorCode"), in.num("employeeObjectNum"), in.num("revenueCenter"), list)
}

// soapConfigEx answers types by their names, each from StartIndex on.
func (f *Fake) soapConfigEx(p *property, in *element) any {
	q := in.child("configInfoRequest")
	if q == nil {
		return configAnswer{Result: &result{Code: "NullInput", Message: "The request is missing."}}
	}
	var list []wanted
	if types := q.child("ConfigurationInfo"); types != nil {
		for _, t := range types.children {
			list = append(list, wanted{strings.TrimSpace(t.str("ConfigurationInfoTypeID")), t.num("StartIndex"), t.num("MaxRecordCount")})
		}
	}
	return f.configuration(p, q.str("VendorCode"), q.num("EmployeeObjectNumber"), q.num("RVCObjectNumber"), list)
}

func (f *Fake) configuration(p *property, vendorCode string, employee, rvc int64, list []wanted) configAnswer {
	if r := f.refused(p, vendorCode, employee, rvc); r != nil {
		return configAnswer{Result: r}
	}
	if employee == 0 {
		return configAnswer{Result: &result{Code: "EmployeeNotFound", Message: "Employee Object number does not exist."}}
	}
	if len(list) == 0 {
		return configAnswer{Result: &result{Code: "InvalidConfigInfoRequestType", Message: "No configuration type was requested."}}
	}
	c := p.rvcs[0]
	if rvc != 0 {
		c = p.rvc(int(rvc))
	}
	out := configAnswer{Result: succeeded(), Types: &typesAnswer{}}
	for _, w := range list {
		if w.kind == configTypes[0] {
			return configAnswer{Result: &result{Code: "InvalidConfigInfoType", Message: "Invalid configuration type."}}
		}
		out.Types.Types = append(out.Types.Types, w.kind)
		f.addDocument(&out, c, w)
	}
	return out
}

// addDocument puts the document of one type into its place.
func (f *Fake) addDocument(out *configAnswer, c *revenueCenter, w wanted) {
	if w.kind == "VERSION" {
		out.Version = simphonyVersion
		return
	}
	place := map[string]*string{
		"MENUITEMMASTERS": &out.Masters, "MENUITEMDEFINITIONS": &out.Definitions, "MENUITEMPRICE": &out.Prices, "MENUITEMCLASS": &out.Classes,
		"FAMILYGROUP": &out.FamilyGroups, "MAJORGROUP": &out.MajorGroup, "DISCOUNTDEFINITIONS": &out.Discounts, "TENDERMEDIA": &out.TenderMedia,
		"ORDERTYPE": &out.OrderType, "EMPLOYEES": &out.Employees, "CURRENCY": &out.Currency, "REVENUECENTERS": &out.RVCs, "TAX": &out.Tax,
	}[w.kind]
	if place == nil { // a type that is not simulated has no document
		return
	}
	d := f.builder(w.kind)(c)
	first := min(max(int(w.first), 0), len(d.Rows))
	d.Rows = d.Rows[first:]
	if w.limit > 0 && int(w.limit) < len(d.Rows) {
		d.Rows = d.Rows[:w.limit]
	}
	*place = f.document(d)
}

// builder returns what makes the document of a type.
func (f *Fake) builder(kind string) func(*revenueCenter) dbDocument {
	switch kind {
	case "MENUITEMMASTERS":
		return f.dbMasters
	case "MENUITEMDEFINITIONS":
		return f.dbDefinitions
	case "MENUITEMPRICE":
		return f.dbPrices
	case "DISCOUNTDEFINITIONS":
		return f.dbDiscounts
	case "MENUITEMCLASS":
		return f.dbGroups("MenuItemClass", "MenuItemClasses", "menuItemClassId")
	case "FAMILYGROUP":
		return f.dbGroups("FamilyGroup", "FamilyGroups", "familyGroupId")
	case "MAJORGROUP":
		return f.dbGroups("MajorGroup", "MajorGroups", "majorGroupId")
	}
	return f.dbFixed(kind)
}

func (f *Fake) dbMasters(c *revenueCenter) dbDocument {
	d := db("MenuItemMaster")
	for _, it := range f.menu(c).items {
		m := it.master
		d.add("MenuItemMasterID", m.num("menuItemMasterId"), "HierStrucID", m.num("hierUnitId"), "ObjectNumber", it.objectNum, "Name", label(m.text("name")),
			"ReportGroup", m.num("reportGroupObjNum"), "Status", 0, "RecipeLinkID", 0, "FamGrpObjNum", m.num("familyGroupObjNum"),
			"MajGrpObjNum", m.num("majorGroupObjNum"), "MasterGrpObjNum", m.num("masterGroupObjNum"))
	}
	return d
}

func (f *Fake) dbDefinitions(c *revenueCenter) dbDocument {
	d := db("MenuItemDefinition")
	for _, it := range f.menu(c).items {
		r := it.definition
		if r == nil {
			continue
		}
		_, counted := c.property.counts[it.objectNum]
		d.add("MenuItemDefID", r.num("menuItemDefinitionId"), "HierStrucID", r.num("hierUnitId"), "MenuItemMasterID", r.num("menuItemMasterId"),
			"MiMasterObjNum", it.objectNum, "SequenceNum", r.num("defSequenceNum"), "Name1", label(it.title()), "Name2", label(r.text("secondName")),
			"MenuItemClassObjNum", r.num("menuItemClassObjNum"), "MainLevels", r.str("mainLevel"), "SubLevels", r.str("subLevel"),
			"CheckAvailability", counted, "OutOfMenuItem", c.property.soldOut(it))
	}
	return d
}

func (f *Fake) dbPrices(c *revenueCenter) dbDocument {
	d := db("MenuItemPrice")
	for _, it := range f.menu(c).items {
		for _, r := range it.prices {
			price := ""
			if m, err := pos.ParseMoney(plain(r["price"]), c.property.currency); err == nil {
				price = m.Decimal()
			}
			d.add("MenuItemPriceID", r.num("menuItemPriceId"), "HierStrucID", r.num("hierUnitId"), "MenuItemDefID", it.definition.num("menuItemDefinitionId"),
				"SequenceNum", r.num("priceSequenceNum"), "MenuLvlIndex", r.num("activeOnMenuLevel"), "PriceGroupID", 0, "Price", price, "PrepCost", "0.00",
				"TaxClassObjNum", 1, "OptionBits", r.str("options"))
		}
	}
	return d
}

func (f *Fake) dbDiscounts(c *revenueCenter) dbDocument {
	d := db("Discount")
	for _, o := range f.discountsAt(c) {
		d.add("DscntID", o.row.num("discountId"), "ObjectNumber", o.objectNum, "Name", label(o.name), "OptionBits", "",
			"Percentage", plain(o.row[f.cfg.PercentField]), "Amount", plain(o.row[f.cfg.AmountField]))
	}
	return d
}

// dbGroups makes the document of a table of numbered names.
func (f *Fake) dbGroups(kind, noun, id string) func(*revenueCenter) dbDocument {
	return func(c *revenueCenter) dbDocument {
		d := db(kind)
		for _, r := range f.tables[noun].rows {
			if slices.Contains(c.path(), int(r.num("hierUnitId"))) {
				d.add(kind+"ID", r.num(id), "ObjectNumber", r.num("objectNum"), "Name", label(r.text("name")))
			}
		}
		return d
	}
}

// dbFixed makes the documents that do not depend on the configuration.
func (f *Fake) dbFixed(kind string) func(*revenueCenter) dbDocument {
	return func(c *revenueCenter) dbDocument {
		var d dbDocument
		switch kind {
		case "TENDERMEDIA":
			d = db("TenderMedia")
			d.add("TendMedID", 1, "ObjectNumber", cashTender, "Name", label("Cash"))
			d.add("TendMedID", 2, "ObjectNumber", cardTender, "Name", label("Card"))
		case "ORDERTYPE":
			d = db("OrderType")
			d.add("OrdTypeID", orderType, "OrdTypeIndex", orderType, "Name", label("Take away"))
		case "EMPLOYEES":
			d = db("Employee")
			d.add("EmployeeID", 1, "ObjectNumber", f.cfg.Employee, "FirstName", "Pat", "LastName", "Sample", "CheckName", "Pat", "IdNumber", strconv.Itoa(f.cfg.Employee))
		case "CURRENCY":
			d = db("Currency")
			d.add("CurrencyID", 1, "ObjectNumber", 1, "Name", label(string(c.property.currency)), "Symbol", string(c.property.currency))
		case "REVENUECENTERS":
			d = db("RevenueCenter")
			for _, r := range c.property.rvcs {
				d.add("RevCtrID", r.unit, "ObjectNumber", r.num, "Name", label(r.name))
			}
		default:
			d = db("TaxRate")
			d.add("TaxRateID", 1, "ObjectNumber", salesTax, "Name", label(taxName), "Percentage", string(decimal(f.cfg.TaxBasisPoints, "USD")), "TaxType", f.taxType())
		}
		return d
	}
}
