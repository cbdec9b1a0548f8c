package quickbooksdesktop

import (
	"bytes"
	"encoding/xml"
	"errors"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

// The messages of qbposXML 3.0, in the order of its elements.
//
//	op: POST /qbposxml/CompanyQuery
//	op: POST /qbposxml/ItemInventoryQuery
//	op: POST /qbposxml/SalesReceiptQuery
//	op: POST /qbposxml/ItemInventoryAdd
//	op: POST /qbposxml/ItemInventoryMod
type posMessages struct {
	XMLName xml.Name   `xml:"QBPOSXML"`
	Set     messageSet `xml:"QBPOSXMLMsgsRq"`
}

const qbposxmlHeader = `<?xml version="1.0" encoding="utf-8"?><?qbposxml version="3.0"?>`

func (retail) document(set messageSet) (string, error) {
	set.OnError = continueOnError
	return written(qbposxmlHeader, posMessages{Set: set})
}

type posCompanyQuery struct {
	XMLName xml.Name
	head
	OwnerID string
}

type posItemQuery struct {
	XMLName xml.Name
	head
	MaxReturned int
}

type posReceiptQuery struct {
	XMLName xml.Name
	head
	MaxReturned int
	Since       *posSince   `xml:"TimeModifiedFilter"`
	Between     *posBetween `xml:"TimeModifiedRangeFilter"`
}

type posSince struct {
	MatchNumericCriterion, TimeModified string
}

type posBetween struct {
	FromTimeModified, ToTimeModified string
}

// posItemFields are what a change of an item may set; empty ones stay.
type posItemFields struct {
	Desc1   string `xml:",omitempty"`
	Price1  string `xml:",omitempty"`
	TaxCode string `xml:",omitempty"`
	UPC     string `xml:",omitempty"`
}

type posItemAdd struct {
	XMLName xml.Name `xml:"ItemInventoryAddRq"`
	head
	Item struct {
		ALU, DepartmentListID, Desc1, ItemType, Price1, TaxCode string
		UPC                                                     string `xml:",omitempty"`
	} `xml:"ItemInventoryAdd"`
}

type posItemMod struct {
	XMLName xml.Name `xml:"ItemInventoryModRq"`
	head
	Item struct {
		ListID string
		posItemFields
	} `xml:"ItemInventoryMod"`
}

// Types of items. Of the others, assemblies are counted, too.
const (
	typeInventory    = "Inventory"
	typeNonInventory = "NonInventory"
	typeAssembly     = "Assembly"
)

// posReplies is the answer to a message set.
type posReplies struct {
	XMLName xml.Name
	Set     *struct {
		List []posReply `xml:",any"`
	} `xml:"QBPOSXMLMsgsRs"`
}

type posReply struct {
	XMLName    xml.Name
	RequestID  string          `xml:"requestID,attr"`
	Code       string          `xml:"statusCode,attr"`
	Message    string          `xml:"statusMessage,attr"`
	Remaining  string          `xml:"iteratorRemainingCount,attr"`
	IteratorID string          `xml:"iteratorID,attr"`
	Company    *posCompanyRet  `xml:"CompanyRet"`
	Items      []posItemRet    `xml:"ItemInventoryRet"`
	Receipts   []posReceiptRet `xml:"SalesReceiptRet"`
}

type posCompanyRet struct {
	CompanyName, StoreNumber string
	Stores                   []posStoreRet `xml:"Store"`
	Extensions               []dataExt     `xml:"DataExtRet"`
}

type posStoreRet struct {
	StoreNumber, StoreName string
}

type posItemRet struct {
	ListID, TimeModified, ALU, Desc1, ItemType, Price1, TaxCode, UPC string
	Ordered                                                          []posOrderedRet `xml:"AvailableQty"`
	Others                                                           []posElement    `xml:",any"`
}

// posOrderedRet is what customers have ordered in a store.
type posOrderedRet struct {
	StoreNumber, QuantityOnCustomerOrder string
}

type posElement struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
}

// onHand are the elements that hold the count of a store; its number follows.
const onHand = "OnHandStore"

var errNoPOSReplies = errors.New("quickbooksdesktop: no QBPOSXMLMsgsRs in the response")

// readReplies reads an answer in the terms of the other program: stores are
// sites, and an item's name is its lookup code (ALU).
func (retail) readReplies(text string) ([]reply, error) {
	var r posReplies
	err := limits.Unmarshal(bytes.TrimSpace([]byte(text)), &r)
	if err == nil && (r.XMLName.Local != "QBPOSXML" || r.Set == nil) {
		err = &pos.Error{Kind: pos.KindProtocol, Err: errNoPOSReplies}
	}
	if err != nil {
		return nil, err
	}
	list := make([]reply, len(r.Set.List))
	for i := range r.Set.List {
		list[i] = r.Set.List[i].plain()
	}
	return list, nil
}

func (r *posReply) plain() reply {
	out := reply{
		XMLName: r.XMLName, RequestID: r.RequestID, Code: r.Code, Message: r.Message,
		Remaining: r.Remaining, IteratorID: r.IteratorID, tickets: r.Receipts,
	}
	if r.Company != nil {
		out.Company = &companyRet{Name: r.Company.CompanyName, Extensions: r.Company.Extensions}
		out.Sites = r.Company.sites()
	}
	for i := range r.Items {
		it := &r.Items[i]
		out.Inventory = append(out.Inventory, itemRet{
			ListID: it.ListID, EditSequence: it.TimeModified, Name: it.ALU, SalesDesc: it.Desc1,
			SalesPrice: it.Price1, BarCodeValue: it.UPC, TaxCode: ref{FullName: it.TaxCode},
		})
		out.SiteStock = append(out.SiteStock, it.stock()...)
	}
	return out
}

// sites are the stores; a company that lists none is its own store.
func (r *posCompanyRet) sites() []placeRet {
	var out []placeRet
	for _, s := range r.Stores {
		name := s.StoreName
		if name == "" {
			name = "Store " + s.StoreNumber
		}
		out = append(out, placeRet{ListID: storeID(s.StoreNumber), Name: name, IsActive: "true"})
	}
	if len(out) == 0 {
		out = append(out, placeRet{ListID: storeID(r.StoreNumber), Name: r.CompanyName, IsActive: "true"})
	}
	return out
}

// storeID is the number of a store as an id.
func storeID(number string) string { return strings.TrimLeft(strings.TrimSpace(number), "0") }

// stock are the counts by store of an item that is counted. A store without an
// element has no count.
func (r *posItemRet) stock() []siteRet {
	if !slices.Contains([]string{"", typeInventory, typeAssembly}, r.ItemType) {
		return nil
	}
	var out []siteRet
	for _, e := range r.Others {
		digits, found := strings.CutPrefix(e.XMLName.Local, onHand)
		store := storeID(digits)
		if !found || store == "" || e.Text == "" {
			continue
		}
		row := siteRet{Item: ref{ListID: r.ListID, FullName: r.ALU}, Site: ref{ListID: store}, QuantityOnHand: e.Text}
		for _, o := range r.Ordered {
			if storeID(o.StoreNumber) == store {
				row.QuantityOnSalesOrders = o.QuantityOnCustomerOrder
			}
		}
		out = append(out, row)
	}
	return out
}
