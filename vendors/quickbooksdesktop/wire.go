package quickbooksdesktop

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit/soapkit"
)

// The fields of each request struct stand in the order of the qbXML schema:
// QuickBooks refuses a whole message set for one element out of place.
//
//	op: POST /qbxml/CompanyActivityQuery
//	op: POST /qbxml/ClassQuery
//	op: POST /qbxml/InventorySiteQuery
//	op: POST /qbxml/ItemInventoryQuery
//	op: POST /qbxml/ItemNonInventoryQuery
//	op: POST /qbxml/ItemDiscountQuery
//	op: POST /qbxml/ItemSitesQuery
//	op: POST /qbxml/SalesReceiptQuery
//	op: POST /qbxml/CreditMemoQuery
//	op: POST /qbxml/InvoiceQuery
//	op: POST /qbxml/ReceivePaymentQuery
//	op: POST /qbxml/TxnDeletedQuery
//	op: POST /qbxml/ItemInventoryAdd
//	op: POST /qbxml/ItemInventoryMod
//	op: POST /qbxml/ItemNonInventoryAdd
//	op: POST /qbxml/ItemNonInventoryMod
//	op: POST /qbxml/ItemDiscountAdd
//	op: POST /qbxml/ItemDiscountMod
type messages struct {
	XMLName xml.Name   `xml:"QBXML"`
	Set     messageSet `xml:"QBXMLMsgsRq"`
}

type messageSet struct {
	OldID    string `xml:"oldMessageSetID,attr,omitempty"`
	NewID    string `xml:"newMessageSetID,attr,omitempty"`
	OnError  string `xml:"onError,attr"`
	Requests []any
}

const qbxmlHeader = `<?xml version="1.0" encoding="utf-8"?><?qbxml version="13.0"?>`

// document writes a message set.
func document(set messageSet) (string, error) {
	set.OnError = continueOnError
	return written(qbxmlHeader, messages{Set: set})
}

const continueOnError = "continueOnError"

// written writes a document. Characters outside ASCII go as numeric references,
// which survive every code page on the way.
func written(header string, content any) (string, error) {
	body, err := xml.Marshal(content)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(header)
	for _, r := range string(body) {
		if r < 0x80 {
			out.WriteByte(byte(r))
		} else {
			fmt.Fprintf(&out, "&#%d;", r)
		}
	}
	return out.String(), nil
}

// head are the attributes of a request.
type head struct {
	RequestID  string `xml:"requestID,attr"`
	Iterator   string `xml:"iterator,attr,omitempty"`
	IteratorID string `xml:"iteratorID,attr,omitempty"`
}

type plainQuery struct {
	XMLName xml.Name
	head
	ActiveStatus string `xml:"ActiveStatus,omitempty"`
}

type listQuery struct {
	XMLName xml.Name
	head
	MaxReturned  int
	ActiveStatus string
	Only         []string `xml:"IncludeRetElement"`
}

// What is read of items, of stock by site, and of what was just written:
// QuickBooks would tell more than twice as much.
var (
	itemFields = []string{
		"ListID", "EditSequence", "Name", "FullName", "BarCodeValue", "IsActive", "SalesTaxCodeRef", "SalesDesc", "SalesPrice",
		"SalesOrPurchase", "SalesAndPurchase", "QuantityOnHand", "QuantityOnSalesOrder", "ExternalGUID",
	}
	discountFields = []string{
		"ListID", "EditSequence", "Name", "FullName", "IsActive", "ItemDesc", "SalesTaxCodeRef", "DiscountRate", "DiscountRatePercent", "ExternalGUID",
	}
	siteFields    = []string{"ItemInventoryRef", "InventorySiteRef", "QuantityOnHand", "QuantityOnSalesOrders"}
	writtenFields = []string{"ListID"}
)

type txnQuery struct {
	XMLName xml.Name
	head
	MaxReturned       int
	Modified          modifiedRange `xml:"ModifiedDateRangeFilter"`
	IncludeLineItems  bool
	IncludeLinkedTxns bool `xml:"IncludeLinkedTxns,omitempty"`
}

type modifiedRange struct {
	From string `xml:"FromModifiedDate"`
	To   string `xml:"ToModifiedDate,omitempty"`
}

type deletedQuery struct {
	XMLName xml.Name
	head
	Types   []string     `xml:"TxnDelType"`
	Deleted deletedRange `xml:"DeletedDateRangeFilter"`
}

type deletedRange struct {
	From string `xml:"FromDeletedDate"`
}

type ref struct {
	ListID   string `xml:"ListID,omitempty" json:"list_id,omitempty"`
	FullName string `xml:"FullName,omitempty" json:"full_name,omitempty"`
}

func named(name string) *ref {
	if name == "" {
		return nil
	}
	return &ref{FullName: name}
}

type barCode struct {
	Value string `xml:"BarCodeValue"`
}

type inventoryAdd struct {
	XMLName xml.Name `xml:"ItemInventoryAddRq"`
	head
	Item struct {
		Name     string
		BarCode  *barCode
		IsActive bool
		TaxCode  *ref   `xml:"SalesTaxCodeRef"`
		Desc     string `xml:"SalesDesc"`
		Price    string `xml:"SalesPrice"`
		Income   *ref   `xml:"IncomeAccountRef"`
		COGS     *ref   `xml:"COGSAccountRef"`
		Asset    *ref   `xml:"AssetAccountRef"`
		GUID     string `xml:"ExternalGUID"`
	} `xml:"ItemInventoryAdd"`
	Only []string `xml:"IncludeRetElement"`
}

type inventoryMod struct {
	XMLName xml.Name `xml:"ItemInventoryModRq"`
	head
	Item struct {
		ListID, EditSequence string
		BarCode              *barCode
		IsActive             *bool
		TaxCode              *ref   `xml:"SalesTaxCodeRef"`
		Desc                 string `xml:"SalesDesc,omitempty"`
		Price                string `xml:"SalesPrice,omitempty"`
	} `xml:"ItemInventoryMod"`
	Only []string `xml:"IncludeRetElement"`
}

type saleTerms struct {
	Desc    string `xml:"Desc,omitempty"`
	Price   string `xml:"Price,omitempty"`
	Account *ref   `xml:"AccountRef"`
}

type nonInventoryAdd struct {
	XMLName xml.Name `xml:"ItemNonInventoryAddRq"`
	head
	Item struct {
		Name     string
		BarCode  *barCode
		IsActive bool
		TaxCode  *ref      `xml:"SalesTaxCodeRef"`
		Sale     saleTerms `xml:"SalesOrPurchase"`
		GUID     string    `xml:"ExternalGUID"`
	} `xml:"ItemNonInventoryAdd"`
	Only []string `xml:"IncludeRetElement"`
}

type nonInventoryMod struct {
	XMLName xml.Name `xml:"ItemNonInventoryModRq"`
	head
	Item struct {
		ListID, EditSequence string
		BarCode              *barCode
		IsActive             *bool
		TaxCode              *ref       `xml:"SalesTaxCodeRef"`
		Sale                 *saleTerms `xml:"SalesOrPurchaseMod"`
		Both                 *bothTerms `xml:"SalesAndPurchaseMod"`
	} `xml:"ItemNonInventoryMod"`
	Only []string `xml:"IncludeRetElement"`
}

type discountAdd struct {
	XMLName xml.Name `xml:"ItemDiscountAddRq"`
	head
	Item struct {
		Name     string
		IsActive bool
		Desc     string `xml:"ItemDesc"`
		TaxCode  *ref   `xml:"SalesTaxCodeRef"`
		Amount   string `xml:"DiscountRate,omitempty"`
		Percent  string `xml:"DiscountRatePercent,omitempty"`
		Account  *ref   `xml:"AccountRef"`
		GUID     string `xml:"ExternalGUID"`
	} `xml:"ItemDiscountAdd"`
	Only []string `xml:"IncludeRetElement"`
}

type discountMod struct {
	XMLName xml.Name `xml:"ItemDiscountModRq"`
	head
	Item struct {
		ListID, EditSequence string
		IsActive             *bool
		Desc                 string `xml:"ItemDesc,omitempty"`
		Amount               string `xml:"DiscountRate,omitempty"`
		Percent              string `xml:"DiscountRatePercent,omitempty"`
	} `xml:"ItemDiscountMod"`
	Only []string `xml:"IncludeRetElement"`
}

type bothTerms struct {
	Desc  string `xml:"SalesDesc,omitempty"`
	Price string `xml:"SalesPrice,omitempty"`
}

// replies is the answer to a message set.
type replies struct {
	XMLName xml.Name
	Set     *struct {
		Status string  `xml:"messageSetStatusCode,attr"`
		List   []reply `xml:",any"`
	} `xml:"QBXMLMsgsRs"`
}

// reply is the answer to one request.
type reply struct {
	XMLName    xml.Name
	RequestID  string `xml:"requestID,attr"`
	Code       string `xml:"statusCode,attr"`
	Message    string `xml:"statusMessage,attr"`
	Remaining  string `xml:"iteratorRemainingCount,attr"`
	IteratorID string `xml:"iteratorID,attr"`

	Host         *hostRet     `xml:"HostRet"`
	Company      *companyRet  `xml:"CompanyRet"`
	Activity     *activityRet `xml:"CompanyActivityRet"`
	Classes      []placeRet   `xml:"ClassRet"`
	Sites        []placeRet   `xml:"InventorySiteRet"`
	Inventory    []itemRet    `xml:"ItemInventoryRet"`
	NonInventory []itemRet    `xml:"ItemNonInventoryRet"`
	Discounts    []itemRet    `xml:"ItemDiscountRet"`
	SiteStock    []siteRet    `xml:"ItemSitesRet"`
	Receipts     []txnRet     `xml:"SalesReceiptRet"`
	Memos        []txnRet     `xml:"CreditMemoRet"`
	Invoices     []txnRet     `xml:"InvoiceRet"`
	Payments     []paymentRet `xml:"ReceivePaymentRet"`
	Deleted      []deletedRet `xml:"TxnDeletedRet"`

	tickets []posReceiptRet // of QuickBooks Point of Sale
}

// code returns the status code; one that is no number counts as an error.
func (r *reply) code() int {
	n, err := strconv.Atoi(r.Code)
	if err != nil {
		return -1
	}
	return n
}

// bad reports an error: codes below 500, such as 1 for "nothing found", are none.
func (r *reply) bad() bool { n := r.code(); return n < 0 || n >= 500 }

type hostRet struct {
	Product string `xml:"ProductName"`
	Major   string `xml:"MajorVersion"`
	Minor   string `xml:"MinorVersion"`
}

type companyRet struct {
	Name       string    `xml:"CompanyName"`
	Extensions []dataExt `xml:"DataExtRet"`
}

type dataExt struct {
	OwnerID string
	Name    string `xml:"DataExtName"`
	Value   string `xml:"DataExtValue"`
}

type activityRet struct {
	LastRestoreTime string
}

type placeRet struct {
	ListID, Name, FullName, IsActive string
}

type itemRet struct {
	ListID, EditSequence, Name, FullName, BarCodeValue, IsActive string
	TaxCode                                                      ref `xml:"SalesTaxCodeRef"`
	SalesDesc, SalesPrice, QuantityOnHand, QuantityOnSalesOrder  string
	ItemDesc, DiscountRate, DiscountRatePercent                  string
	Sale                                                         *saleTerms `xml:"SalesOrPurchase"`
	Both                                                         *bothTerms `xml:"SalesAndPurchase"`
	GUID                                                         string     `xml:"ExternalGUID"`
}

type siteRet struct {
	Item                                  ref `xml:"ItemInventoryRef"`
	Site                                  ref `xml:"InventorySiteRef"`
	QuantityOnHand, QuantityOnSalesOrders string
}

type deletedRet struct {
	TxnDelType, TxnID, TimeCreated, TimeDeleted string
}

var errNoReplies = errors.New("quickbooksdesktop: no QBXMLMsgsRs in the response")

// limits bound what strangers send.
var limits = soapkit.Limits{}

// readReplies reads an answer to a message set.
func readReplies(text string) ([]reply, error) {
	var r replies
	err := limits.Unmarshal(bytes.TrimSpace([]byte(text)), &r)
	if err == nil && (r.XMLName.Local != "QBXML" || r.Set == nil) {
		err = &pos.Error{Kind: pos.KindProtocol, Err: errNoReplies}
	}
	if err != nil {
		return nil, err
	}
	return r.Set.List, nil
}

func yes(text string) bool { return text == "true" || text == "1" }
