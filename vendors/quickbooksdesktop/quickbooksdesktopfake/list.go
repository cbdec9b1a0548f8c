package quickbooksdesktopfake

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is an entry of a list: an item, class, site, account, customer, tax
// code or payment method.
type object struct {
	kind, listID, name string
	created, modified  time.Time
	edit               int64
	active             bool
	fields             map[string]*node // by name, as the object shows them
	foreign            bool             // an item of another party
	stock              map[string]int64 // of inventory items by site ("" without sites), in 1/100,000
}

// returned are the fields of objects in the order of the schema, after the name.
var returned = map[string]string{
	"ItemInventory": "BarCodeValue IsActive ClassRef ParentRef Sublevel ManufacturerPartNumber UnitOfMeasureSetRef IsTaxIncluded SalesTaxCodeRef SalesDesc SalesPrice IncomeAccountRef PurchaseDesc" +
		" PurchaseCost PurchaseTaxCodeRef COGSAccountRef PrefVendorRef AssetAccountRef ReorderPoint Max QuantityOnHand AverageCost QuantityOnOrder QuantityOnSalesOrder ExternalGUID",
	"ItemNonInventory": "BarCodeValue IsActive ClassRef ParentRef Sublevel ManufacturerPartNumber UnitOfMeasureSetRef IsTaxIncluded SalesTaxCodeRef SalesOrPurchase SalesAndPurchase ExternalGUID",
	"ItemDiscount":     "BarCodeValue IsActive ClassRef ParentRef Sublevel ItemDesc SalesTaxCodeRef DiscountRate DiscountRatePercent AccountRef ExternalGUID",
	"Class":            "IsActive ParentRef Sublevel",
	"Account":          "IsActive ParentRef Sublevel AccountType Balance TotalBalance",
	"Customer":         "IsActive ClassRef ParentRef Sublevel Balance TotalBalance",
	"InventorySite":    "IsActive IsDefaultSite",
}

// nested are kinds of objects that have a FullName.
func nested(kind string) bool { return kind != "InventorySite" }

func isItem(kind string) bool { return strings.HasPrefix(kind, "Item") }

// books is what the company file holds.
type books struct {
	objects  []*object            // in the order of creation
	byID     map[string]*object   // by ListID
	named    map[string][]*object // by folded name
	txns     []*txn
	gone     []deletion
	restored time.Time
	nextList int
	nextTxn  int
	account  map[string]*object // by name
	customer *object
	misc     *object
	methods  map[string]*object
	taxItem  *object
}

func newBooks() books {
	return books{nextList: 0x80000000, nextTxn: 0x141CA4, account: map[string]*object{}, methods: map[string]*object{}, byID: map[string]*object{}, named: map[string][]*object{}}
}

// fold makes names comparable: case and white space around do not count.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// enlist makes an object known by its id and name.
func (b *books) enlist(o *object) {
	b.byID[o.listID] = o
	b.named[fold(o.name)] = append(b.named[fold(o.name)], o)
}

// unlist makes an object unknown, before its id or name changes.
func (b *books) unlist(o *object) {
	delete(b.byID, o.listID)
	b.named[fold(o.name)] = slices.DeleteFunc(b.named[fold(o.name)], func(other *object) bool { return other == o })
}

// deletion is a record that was deleted.
type deletion struct {
	kind, id, name   string
	created, deleted time.Time
	txn              bool
}

// openBooks creates what every company file has.
func (f *Fake) openBooks() {
	defer f.begin()()
	for _, a := range [][2]string{
		{"Sales", "Income"},
		{"Cost of Goods Sold", "CostOfGoodsSold"},
		{"Inventory Asset", "OtherCurrentAsset"},
		{"Discounts Given", "Income"},
		{"Inventory Shrinkage", "CostOfGoodsSold"},
		{"Undeposited Funds", "OtherCurrentAsset"},
		{"Accounts Receivable", "AccountsReceivable"},
	} {
		o := f.create("Account", a[0])
		o.put(leaf("AccountType", a[1]), leaf("Balance", "0.00"), leaf("TotalBalance", "0.00"))
		f.account[a[0]] = o
	}
	f.create("SalesTaxCode", "Tax")
	f.create("SalesTaxCode", "Non")
	f.taxItem = f.create("ItemSalesTax", "County Tax")
	f.customer = f.create("Customer", "Walk-in")
	f.customer.put(leaf("Balance", "0.00"), leaf("TotalBalance", "0.00"))
	for _, m := range []string{"Visa", "Cash"} {
		f.methods[m] = f.create("PaymentMethod", m)
	}
	f.misc = f.create("ItemNonInventory", "Off the menu")
	f.misc.foreign = true
	f.misc.put(f.taxRef("Tax"), el("SalesOrPurchase", leaf("Desc", "Off the menu"), leaf("Price", "0.00"), f.account["Sales"].ref("AccountRef")))
}

func (f *Fake) create(kind, name string) *object {
	f.nextList++
	now := f.now()
	o := &object{kind: kind, name: ansi(name), created: now, modified: now, edit: now.Unix(), active: true, fields: map[string]*node{}}
	o.listID = fmt.Sprintf("%X-%d", f.nextList, now.Unix())
	if kind == "ItemInventory" {
		o.stock = map[string]int64{}
	}
	f.objects = append(f.objects, o)
	f.enlist(o)
	return o
}

func (o *object) put(fields ...*node) {
	for _, n := range fields {
		if n != nil {
			o.fields[n.name] = n
		}
	}
}

// touch makes a new version.
func (f *Fake) touch(o *object) {
	now := f.now()
	o.modified, o.edit = now, max(o.edit+1, now.Unix())
}

func (o *object) ref(name string) *node {
	return el(name, leaf("ListID", o.listID), leaf("FullName", o.name))
}

// find looks an object up by ListID, else by name. The kind "Item" stands for
// all items.
func (f *Fake) find(kind, listID, name string) *object {
	among := f.named[fold(name)]
	if listID != "" {
		among = []*object{f.byID[listID]}
	}
	for _, o := range among {
		if o != nil && (o.kind == kind || kind == "Item" && isItem(o.kind)) {
			return o
		}
	}
	return nil
}

func (f *Fake) taxRef(code string) *node {
	if o := f.find("SalesTaxCode", "", code); o != nil {
		return o.ref("SalesTaxCodeRef")
	}
	return nil
}

// refKinds say what references point at. Others are taken for dangling ones.
var refKinds = map[string]string{
	"IncomeAccountRef": "Account", "COGSAccountRef": "Account", "AssetAccountRef": "Account", "AccountRef": "Account", "ExpenseAccountRef": "Account",
	"SalesTaxCodeRef": "SalesTaxCode", "PurchaseTaxCodeRef": "SalesTaxCode", "ClassRef": "Class", "ParentRef": "Item", "InventorySiteRef": "InventorySite",
	"CustomerRef": "Customer", "ItemRef": "Item",
}

// target resolves a reference.
func (f *Fake) target(n *node) *object {
	id, name := n.at("ListID"), n.at("FullName")
	if id == "" && name == "" {
		return nil
	}
	return f.find(refKinds[n.name], id, name)
}

// ret shows an object.
func (f *Fake) ret(o *object) *node {
	n := el(o.kind+"Ret", leaf("ListID", o.listID), leaf("TimeCreated", f.stamp(o.created)), leaf("TimeModified", f.stamp(o.modified)),
		leaf("EditSequence", strconv.FormatInt(o.edit, 10)), leaf("Name", o.name))
	if nested(o.kind) {
		n.add(leaf("FullName", o.name))
	}
	for name := range strings.FieldsSeq(returned[o.kind]) {
		switch name {
		case "IsActive":
			n.add(flag(name, o.active))
		case "Sublevel":
			n.add(leaf(name, "0"))
		case "QuantityOnHand":
			n.add(leaf(name, quantity(o.onHand())))
		case "QuantityOnOrder", "QuantityOnSalesOrder":
			n.add(leaf(name, "0"))
		default:
			n.add(o.fields[name])
		}
	}
	return n
}

func (o *object) onHand() int64 {
	var sum int64
	for _, n := range o.stock {
		sum += n
	}
	return sum
}

// digest changes with everything that an object shows but stock and times.
func (o *object) digest() string {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, o.kind, o.name, o.active)
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		_, _ = fmt.Fprint(h, o.fields[name])
	}
	return strconv.FormatUint(h.Sum64(), 36)
}
