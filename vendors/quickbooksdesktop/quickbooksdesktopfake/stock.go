package quickbooksdesktopfake

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// site is the key of a location in an item's stock.
func (f *Fake) site(place *object) string {
	if f.cfg.Mode != BySite || place == nil {
		return ""
	}
	return place.listID
}

// itemSitesQuery answers the stock of items by site.
func (f *Fake) itemSitesQuery(m *message) *reply {
	if f.cfg.Mode != BySite {
		return failed(codeFeatureOff, "")
	}
	if m.body.child("ItemTypeFilter") != nil && m.body.at("ItemTypeFilter") != "Inventory" && m.body.at("ItemTypeFilter") != "InventoryAndAssembly" {
		return &reply{counted: true, code: codeNothing}
	}
	if continues(m) {
		return f.iterate(m, nil)
	}
	filter, ids := m.body.child("ItemSiteFilter"), m.body.texts("ListID")
	status := el("", opt("ActiveStatus", m.body.at("ActiveStatus")))
	var rows []func() *node
	var sites []*object
	for _, s := range f.objects {
		if s.kind == "InventorySite" && refMatches(filter.child("SiteFilter"), s.ref("SiteRef")) {
			sites = append(sites, s)
		}
	}
	for i, o := range f.objects {
		if o.kind != "ItemInventory" || !f.matches(status, o) || !refMatches(filter.child("ItemFilter"), o.ref("ItemRef")) {
			continue
		}
		for j, s := range sites {
			id := fmt.Sprintf("%X-%d", 0x90000000+i<<12+j, s.created.Unix())
			if len(ids) == 0 || slices.Contains(ids, id) {
				rows = append(rows, func() *node { return f.siteRet(id, o, s) })
			}
		}
	}
	return f.iterate(m, rows)
}

func (f *Fake) siteRet(id string, o, s *object) *node {
	return el("ItemSitesRet", leaf("ListID", id), leaf("TimeCreated", f.stamp(o.created)), leaf("TimeModified", f.stamp(o.modified)),
		leaf("EditSequence", strconv.FormatInt(o.edit, 10)), o.ref("ItemInventoryRef"), s.ref("InventorySiteRef"),
		leaf("QuantityOnHand", quantity(o.stock[s.listID])), leaf("QuantityOnPurchaseOrders", "0"), leaf("QuantityOnSalesOrders", "0"))
}

// inventoryAdjustmentAdd counts or corrects stock. Either all lines are booked
// or none.
func (f *Fake) inventoryAdjustmentAdd(m *message) *reply {
	body := m.body.child(m.op)
	account := f.target(body.child("AccountRef"))
	if account == nil {
		return failed(codeBadRef, "AccountRef.")
	}
	site := ""
	if ref := body.child("InventorySiteRef"); ref != nil {
		place := f.target(ref)
		if f.cfg.Mode != BySite || place == nil {
			return failed(codeBadRef, "InventorySiteRef.")
		}
		site = place.listID
	} else if f.cfg.Mode == BySite {
		return failed(codeBadValue, "InventorySiteRef is required.")
	}
	var book []func() *node
	for _, c := range body.children {
		if c.name != "InventoryAdjustmentLineAdd" {
			continue
		}
		item := f.target(c.child("ItemRef"))
		change := c.child("QuantityAdjustment")
		switch {
		case item == nil || item.kind != "ItemInventory":
			return failed(codeBadRef, "ItemRef.")
		case change == nil:
			return failed(codeFeatureOff, "Only quantities are simulated.")
		}
		book = append(book, func() *node { return f.adjust(item, site, change) })
	}
	now := f.now()
	date := body.at("TxnDate")
	if date == "" {
		date = f.date(now)
	}
	n := f.txnHead("InventoryAdjustmentRet", f.txnID(), now, now, now.Unix(), f.nextTxn)
	n.add(account.ref("AccountRef"))
	if site != "" {
		n.add(f.find("InventorySite", site, "").ref("InventorySiteRef"))
	}
	n.add(leaf("TxnDate", date), opt("RefNumber", body.at("RefNumber")), opt("Memo", ansi(body.at("Memo"))))
	for _, line := range book {
		n.add(line())
	}
	return &reply{rets: []*node{n}}
}

func (f *Fake) adjust(item *object, site string, change *node) *node {
	difference := decimal(change.at("QuantityDifference"), 5)
	if n := change.child("NewQuantity"); n != nil {
		difference = decimal(n.text, 5) - item.stock[site]
	}
	item.stock[site] += difference
	return el("InventoryAdjustmentLineRet", leaf("TxnLineID", f.txnID()), item.ref("ItemRef"), leaf("QuantityDifference", quantity(difference)), leaf("ValueDifference", "0.00"))
}

// SetStock counts an inventory item. Without sites there is one count for the
// whole file, whatever location is named. A count cannot be forgotten.
func (f *Fake) SetStock(location, sku string, n *int64) error {
	defer f.begin()()
	place, err := f.place(location)
	if err != nil {
		return err
	}
	o := f.find("ItemInventory", "", sku)
	switch {
	case n == nil:
		return fmt.Errorf("quickbooksdesktopfake: to forget a count: %w", posfake.ErrNotSimulated)
	case o == nil:
		return fmt.Errorf("quickbooksdesktopfake: no inventory item %q", sku)
	}
	o.stock[f.site(place)] = *n * fine
	return nil
}

func (f *Fake) txnID() string {
	f.nextTxn++
	return fmt.Sprintf("%X-%d", f.nextTxn, f.now().Unix())
}

func (f *Fake) txnHead(name, id string, created, modified time.Time, edit int64, number int) *node {
	return el(name, leaf("TxnID", id), leaf("TimeCreated", f.stamp(created)), leaf("TimeModified", f.stamp(modified)),
		leaf("EditSequence", strconv.FormatInt(edit, 10)), leaf("TxnNumber", strconv.Itoa(number)))
}
