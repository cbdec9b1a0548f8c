package quickbooksdesktopfake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The content of qbposXML 3.0 messages, in the order of the description. Filters
// that the fake does not apply are left out.
var posModels = map[string]string{
	"CompanyQueryRq":       "OwnerID*",
	"ItemInventoryQueryRq": "MaxReturned? OwnerID* ListID? " + posTimes + " IncludeRetElement*",
	"SalesReceiptQueryRq":  "MaxReturned? OwnerID* TxnID? " + posTimes + " IncludeRetElement*",
	"ItemInventoryAddRq":   "ItemInventoryAdd IncludeRetElement*",
	"ItemInventoryAdd":     strings.Replace(posItem(), "DepartmentListID?", "DepartmentListID", 1),
	"ItemInventoryModRq":   "ItemInventoryMod IncludeRetElement*",
	"ItemInventoryMod":     "ListID " + posItem(),

	"TimeCreatedFilter":       "MatchNumericCriterion TimeCreated",
	"TimeCreatedRangeFilter":  "FromTimeCreated ToTimeCreated",
	"TimeModifiedFilter":      "MatchNumericCriterion TimeModified",
	"TimeModifiedRangeFilter": "FromTimeModified ToTimeModified",
}

const posTimes = "(TimeCreatedFilter | TimeCreatedRangeFilter)? (TimeModifiedFilter | TimeModifiedRangeFilter)?"

// posItem is what may be said of an item.
func posItem() string {
	var b strings.Builder
	list := func(names string) {
		for name := range strings.FieldsSeq(names) {
			b.WriteString(name + "? ")
		}
	}
	list("ALU Attribute COGSAccount Cost DepartmentListID Desc1 Desc2 IncomeAccount IsEligibleForCommission IsPrintingTags IsUnorderable" +
		" IsEligibleForRewards IsWebItem ItemType MarginPercent MarkupPercent MSRP")
	for _, what := range []string{"OnHandStore", "ReorderPointStore"} {
		for n := 1; n <= maxStores; n++ {
			list(fmt.Sprintf("%s%02d", what, n))
		}
	}
	list("OrderByUnit OrderCost Price1 Price2 Price3 Price4 Price5 ReorderPoint SellByUnit SerialFlag Size TaxCode UnitOfMeasure UPC VendorListID" +
		" WebDesc WebPrice Manufacturer Weight Keywords WebCategories")
	return b.String()
}

// posKinds are the types of elements, in the terms of [kinds].
var posKinds = map[string]string{
	"IncludeRetElement": "50", "OwnerID": "GUID", "MaxReturned": "COUNT", "MatchNumericCriterion": "LessThan|LessThanEqual|Equal|GreaterThan|GreaterThanEqual",
	"TimeCreated": "DATETIME", "TimeModified": "DATETIME", "FromTimeCreated": "DATETIME", "ToTimeCreated": "DATETIME", "FromTimeModified": "DATETIME", "ToTimeModified": "DATETIME",
	"ALU": "20", "Attribute": "12", "Desc1": "30", "UPC": "18", "Size": "12", "OrderByUnit": "20", "SellByUnit": "20", "UnitOfMeasure": "20", "Manufacturer": "50",
	"Cost": "AMT", "MSRP": "AMT", "OrderCost": "AMT", "Price1": "AMT", "Price2": "AMT", "Price3": "AMT", "Price4": "AMT", "Price5": "AMT", "WebPrice": "AMT",
	"MarginPercent": "INT", "MarkupPercent": "INT", "IsEligibleForCommission": "BOOL", "IsPrintingTags": "BOOL", "IsUnorderable": "BOOL", "IsEligibleForRewards": "BOOL", "IsWebItem": "BOOL",
	"ItemType": "Inventory|NonInventory|Service|Assembly|Group|SpecialOrder", "SerialFlag": "Optional|Prompt", "ReorderPoint": "PRICE",
}

// language is what QuickBooks Point of Sale understands.
//
//	route: POST /qbposxml/CompanyQuery
//	route: POST /qbposxml/ItemInventoryAdd
//	route: POST /qbposxml/ItemInventoryMod
//	route: POST /qbposxml/ItemInventoryQuery
//	route: POST /qbposxml/SalesReceiptQuery
func (p *POS) language() *language {
	by := func(run func(*message) *reply) func(*Fake, *message) *reply {
		return func(_ *Fake, m *message) *reply { return run(m) }
	}
	return &language{
		instruction: "qbposxml", versions: []string{"3.0", "2.5", "2.0", "1.2", "1.1", "1.0"}, major: "3",
		root: "QBPOSXML", path: "/qbposxml/", iterable: []string{"ItemInventoryQueryRq", "SalesReceiptQueryRq"},
		models: compileModels(posModels), kinds: posKinds,
		ops: map[string]operation{
			"CompanyQuery":       {run: by(p.companyQuery)},
			"ItemInventoryQuery": {run: by(p.itemQuery)},
			"SalesReceiptQuery":  {run: by(p.receiptQuery)},
			"ItemInventoryAdd":   {run: by(p.itemAdd), write: true},
			"ItemInventoryMod":   {run: by(p.itemMod), write: true},
		},
		// There is no first query for this program; the words are made up.
		prelude: func(*Fake) string { return "Not supported for QuickBooks Point of Sale" },
	}
}

func (p *POS) companyQuery(m *message) *reply {
	address := func() *node {
		return el("Address", leaf("Street", "1 Sample Street"), leaf("CityStateZIP", "Sampleville"), leaf("Misc1", ""), leaf("Misc2", ""), leaf("Misc3", ""))
	}
	n := el("CompanyRet", flag("IsSampleCompany", false), leaf("CompanyName", ansi(p.cfg.CompanyName)), address())
	first := true
	for _, s := range p.stores {
		if s.gone {
			continue
		}
		if first {
			n.add(leaf("StoreNumber", s.id()), leaf("StoreCode", s.id()))
			first = false
		}
		n.add(el("Store", leaf("StoreNumber", s.id()), leaf("StoreCode", s.id()), leaf("StoreName", ansi(s.name)), address()))
	}
	if first { // all stores are closed; the company is one nevertheless
		n.add(leaf("StoreNumber", "1"), leaf("StoreCode", "1"))
	}
	for i := 1; i <= 5; i++ {
		n.add(el("PriceLevel"+strconv.Itoa(i), leaf("Name", "Level "+strconv.Itoa(i)), leaf("Markdown", "0")))
	}
	for _, what := range []string{"PurchaseOrder", "Layaway", "SalesOrder", "WorkOrder"} {
		n.add(el(what+"StatusInfo", el("OrderStatusData", leaf("StatusType", "Open"), leaf("StatusDescription", "Open"))))
	}
	n.add(flag("IsUsingUnitsOfMeasure", false), flag("IsUsingIntegratedShipping", false),
		el("TaxRecord", leaf("TaxCategoryListID", "1"), leaf("TaxCategory", "Local Sales Tax"), leaf("POSTaxCodeListID", "1"), leaf("POSTaxCode", "Tax")))
	for _, owner := range m.body.texts("OwnerID") {
		if sameName(owner, p.cfg.OwnerID) {
			n.add(el("DataExtRet", leaf("OwnerID", p.cfg.OwnerID), leaf("DataExtName", "FileID"), leaf("DataExtType", "STR255TYPE"), leaf("DataExtValue", p.cfg.FileID)))
		}
	}
	return &reply{rets: []*node{n}}
}

// timely applies the filters by time. Only those with an inclusive bound are
// simulated.
func (p *POS) timely(q *node, created, modified time.Time) bool {
	return p.bounded(q, "TimeCreated", created) && p.bounded(q, "TimeModified", modified)
}

func (p *POS) bounded(q *node, field string, t time.Time) bool {
	if r := q.child(field + "RangeFilter"); r != nil {
		return p.within(t, r.at("From"+field), r.at("To"+field))
	}
	switch f := q.child(field + "Filter"); f.at("MatchNumericCriterion") {
	case "GreaterThanEqual":
		return p.within(t, f.at(field), "")
	case "LessThanEqual":
		return p.within(t, "", f.at(field))
	}
	return true
}

// notSimulated refuses filters with an exclusive bound.
func notSimulated(q *node) bool {
	return slices.ContainsFunc([]string{"TimeCreatedFilter", "TimeModifiedFilter"}, func(name string) bool {
		f := q.child(name)
		return f != nil && !slices.Contains([]string{"GreaterThanEqual", "LessThanEqual"}, f.at("MatchNumericCriterion"))
	})
}

func (p *POS) itemQuery(m *message) *reply {
	if notSimulated(m.body) {
		return failed(codeFeatureOff, "The filter is not simulated.")
	}
	var rows []func() *node
	for _, w := range p.wares {
		if id := m.body.at("ListID"); (id == "" || id == w.listID) && p.timely(m.body, w.created, w.modified) {
			rows = append(rows, func() *node { return p.wareRet(w) })
		}
	}
	return p.iterate(m, rows)
}

func (p *POS) receiptQuery(m *message) *reply {
	if notSimulated(m.body) {
		return failed(codeFeatureOff, "The filter is not simulated.")
	}
	var rows []func() *node
	for _, t := range p.tickets {
		if id := m.body.at("TxnID"); (id == "" || id == t.id) && p.timely(m.body, t.created, t.modified) {
			rows = append(rows, func() *node { return p.ticketRet(t) })
		}
	}
	return p.iterate(m, rows)
}

// wareRet shows an item, in the order of the description.
func (p *POS) wareRet(w *ware) *node {
	n := el("ItemInventoryRet", leaf("ListID", w.listID), leaf("TimeCreated", p.stamp(w.created)), leaf("TimeModified", p.stamp(w.modified)),
		opt("ALU", w.alu), leaf("DepartmentListID", Department), leaf("Desc1", w.desc), leaf("ItemType", w.kind))
	var sum int64
	var ordered []*node
	for number := 1; number <= maxStores; number++ {
		if count, counted := w.stock[number]; counted {
			n.add(leaf(fmt.Sprintf("OnHandStore%02d", number), quantity(count)))
			ordered = append(ordered, el("AvailableQty", leaf("StoreNumber", strconv.Itoa(number)), leaf("QuantityOnOrder", "0"), leaf("QuantityOnCustomerOrder", "0"), leaf("QuantityOnPendingOrder", "0")))
			sum += count
		}
	}
	n.add(leaf("Price1", amount(w.price)), leaf("QuantityOnHand", quantity(sum))).add(ordered...)
	return n.add(leaf("TaxCode", w.tax), opt("UPC", w.upc))
}

// itemAdd creates an item. That a lookup code is refused when it is taken is
// unconfirmed.
func (p *POS) itemAdd(m *message) *reply {
	body := m.body.child(m.op)
	alu := strings.TrimSpace(body.at("ALU"))
	switch {
	case body.at("DepartmentListID") != Department:
		return failed(codeBadRef, "DepartmentListID.")
	case p.ware(alu) != nil:
		return failed(codeTaken, "ALU "+alu+".")
	}
	if r := p.checkWare(body); r != nil {
		return r
	}
	w := p.newWare(ansi(alu), "", 0)
	p.change(w, body)
	return &reply{rets: []*node{p.wareRet(w)}}
}

// itemMod changes an item; fields that are not named stay.
func (p *POS) itemMod(m *message) *reply {
	body := m.body.child(m.op)
	i := slices.IndexFunc(p.wares, func(w *ware) bool { return w.listID == body.at("ListID") })
	if i < 0 {
		return failed(codeNoObject, body.at("ListID"))
	}
	w := p.wares[i]
	if alu := body.at("ALU"); alu != "" && p.ware(alu) != nil && p.ware(alu) != w {
		return failed(codeTaken, "ALU "+alu+".")
	}
	if r := p.checkWare(body); r != nil {
		return r
	}
	p.change(w, body)
	w.modified = p.now()
	return &reply{rets: []*node{p.wareRet(w)}}
}

func (p *POS) checkWare(body *node) *reply {
	switch {
	case decimal(body.at("Price1"), 2) < 0:
		return failed(codeBadValue, "Price1.")
	case body.at("TaxCode") != "" && body.at("TaxCode") != "Tax" && body.at("TaxCode") != "Non":
		return failed(codeBadRef, "TaxCode.")
	}
	for _, c := range body.children {
		if !slices.Contains([]string{"ListID", "ALU", "DepartmentListID", "Desc1", "ItemType", "Price1", "TaxCode", "UPC"}, c.name) {
			return failed(codeFeatureOff, c.name+" is not simulated.")
		}
	}
	return nil
}

func (p *POS) change(w *ware, body *node) {
	for name, field := range map[string]*string{"ALU": &w.alu, "Desc1": &w.desc, "UPC": &w.upc, "TaxCode": &w.tax, "ItemType": &w.kind} {
		if c := body.child(name); c != nil {
			*field = ansi(c.text)
		}
	}
	if c := body.child("Price1"); c != nil {
		w.price = decimal(c.text, 2)
	}
}
