package quickbooksdesktopfake

import (
	"strings"
)

// itemAdd creates an item.
func (f *Fake) itemAdd(m *message) *reply {
	kind := strings.TrimSuffix(m.op, "Add")
	body := m.body.child(m.op)
	name := strings.TrimSpace(body.at("Name"))
	if name == "" || strings.Contains(name, ":") {
		return failed(codeBadValue, "Name.")
	}
	if r := f.checkItem(body); r != nil {
		return r
	}
	if f.nameTaken(name, nil) {
		return failed(codeTaken, "Name "+name+".")
	}
	if kind == "ItemInventory" {
		for _, need := range []string{"IncomeAccountRef", "COGSAccountRef", "AssetAccountRef"} {
			if body.child(need) == nil {
				return failed(codeBadValue, need+" is required.")
			}
		}
	}
	o := f.create(kind, name)
	f.defaults(o)
	f.apply(o, body)
	if n := decimal(body.at("QuantityOnHand"), 5); n != 0 {
		o.stock[""] = n
	}
	return &reply{rets: []*node{f.ret(o)}}
}

// nameTaken reports that another item has the name: all kinds share one list.
func (f *Fake) nameTaken(name string, but *object) bool {
	o := f.find("Item", "", name)
	return o != nil && o != but
}

func (f *Fake) defaults(o *object) {
	switch o.kind {
	case "ItemInventory":
		o.put(leaf("SalesPrice", "0.00"), leaf("PurchaseCost", "0.00"), leaf("AverageCost", "0.00"))
	case "ItemDiscount":
		o.put(leaf("DiscountRate", "0.00"))
	}
	o.put(f.taxRef("Tax"))
}

// itemMod changes an item; fields that are not named stay.
func (f *Fake) itemMod(m *message) *reply {
	kind := strings.TrimSuffix(m.op, "Mod")
	body := m.body.child(m.op)
	o := f.find(kind, body.at("ListID"), "")
	if o == nil || body.at("ListID") == "" {
		return failed(codeNoObject, body.at("ListID"))
	}
	if decimal(body.at("EditSequence"), 0) != o.edit {
		return failed(codeStale, "")
	}
	if r := f.checkItem(body); r != nil {
		return r
	}
	if n := body.child("Name"); n != nil {
		name := strings.TrimSpace(n.text)
		if name == "" || strings.Contains(name, ":") {
			return failed(codeBadValue, "Name.")
		}
		if f.nameTaken(name, o) {
			return failed(codeTaken, "Name "+name+".")
		}
		f.unlist(o)
		o.name = ansi(name)
		f.enlist(o)
	}
	if n := body.child("SalesOrPurchaseMod"); n != nil && o.fields["SalesAndPurchase"] != nil {
		return failed(codeBadValue, "The item is bought and sold.")
	}
	f.apply(o, body)
	f.touch(o)
	return &reply{rets: []*node{f.ret(o)}}
}

// checkItem refuses what the schema lets pass, before anything is changed.
func (f *Fake) checkItem(n *node) *reply {
	for _, c := range n.children {
		switch {
		case strings.HasSuffix(c.name, "Ref"):
			if len(c.children) > 0 && f.target(c) == nil {
				return failed(codeBadRef, c.name+" "+c.at("ListID")+c.at("FullName")+".")
			}
		case strings.HasPrefix(c.name, "Sales") && len(c.children) > 0:
			if r := f.checkItem(c); r != nil {
				return r
			}
		case c.name == "SalesPrice" || c.name == "Price" || c.name == "PurchaseCost":
			if decimal(c.text, 5) < 0 {
				return failed(codeBadValue, c.name+" "+c.text+".")
			}
		case c.name == "QuantityOnHand" && f.cfg.Mode == BySite:
			return failed(codeBadValue, "Sites have quantities of their own.")
		}
	}
	return nil
}

// apply takes the fields of an Add or a Mod over.
func (f *Fake) apply(o *object, body *node) {
	for _, c := range body.children {
		switch name := strings.TrimSuffix(c.name, "Mod"); {
		case name == "IsActive":
			o.active = c.text == "true" || c.text == "1"
		case name == "BarCode":
			if v := c.child("BarCodeValue"); v != nil {
				o.assign(leaf("BarCodeValue", v.text))
			}
		case name == "DiscountRate" || name == "DiscountRatePercent":
			delete(o.fields, "DiscountRate")
			delete(o.fields, "DiscountRatePercent")
			o.put(f.shown(c))
		case name == "SalesOrPurchase" || name == "SalesAndPurchase":
			o.put(f.terms(name, o.fields[name], c))
		case strings.Contains(" "+returned[o.kind]+" ", " "+name+" ") && name != "QuantityOnHand":
			o.assign(f.shown(c))
		}
	}
}

// assign sets a field; an empty one clears it.
func (o *object) assign(n *node) {
	if n.text == "" && len(n.children) == 0 {
		delete(o.fields, n.name)
		return
	}
	o.put(n)
}

// shown is a field as QuickBooks shows it: references in full, prices with two
// decimals at least.
func (f *Fake) shown(c *node) *node {
	if strings.HasSuffix(c.name, "Ref") {
		if o := f.target(c); o != nil {
			return o.ref(c.name)
		}
		return el(c.name)
	}
	if c.text != "" && (kinds[c.name] == "PRICE") {
		return leaf(c.name, price(decimal(c.text, 5)))
	}
	return leaf(c.name, ansi(c.text))
}

// terms merges the terms of sale of an item that is not counted.
func (f *Fake) terms(name string, before, change *node) *node {
	byName := map[string]*node{}
	if before != nil {
		for _, c := range before.children {
			byName[c.name] = c
		}
	}
	for _, c := range change.children {
		if c.name == "Price" || c.name == "PricePercent" {
			delete(byName, "Price")
			delete(byName, "PricePercent")
		}
		byName[c.name] = f.shown(c)
	}
	out := el(name)
	for _, field := range elementName.FindAllString(models[name], -1) {
		if c := byName[field]; c != nil && (c.text != "" || len(c.children) > 0) {
			out.add(c)
		}
	}
	return out
}

// title is what the item is called on a receipt, and price its price in cents.
func (o *object) title() string {
	for _, n := range []*node{o.fields["SalesDesc"], o.fields["SalesOrPurchase"].child("Desc"), o.fields["SalesAndPurchase"].child("SalesDesc"), o.fields["ItemDesc"]} {
		if n != nil && n.text != "" {
			return n.text
		}
	}
	return o.name
}

func (o *object) price() (cents int64, ok bool) {
	for _, n := range []*node{o.fields["SalesPrice"], o.fields["SalesOrPurchase"].child("Price"), o.fields["SalesAndPurchase"].child("SalesPrice")} {
		if n != nil {
			return share(decimal(n.text, 5), 100, fine), true
		}
	}
	return 0, false
}

func (o *object) taxed() bool { return o.fields["SalesTaxCodeRef"].at("FullName") != "Non" }
