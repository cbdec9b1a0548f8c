package quickbooks

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Names in JSON are those of the elements of Intuit's schema; what is an
// attribute there begins with a small letter. Only the members that are used
// are declared.

const (
	tidHeader = "Intuit_tid" // names a request towards Intuit's support

	pathToken  = "/oauth2/v1/tokens/bearer" //nolint:gosec // a path, no credential
	pathRevoke = "/v2/oauth2/tokens/revoke"
)

func acceptJSON() http.Header { return http.Header{"Accept": {"application/json"}} }

// tokenAnswer is what the token endpoint tells. Times are seconds from now.
//
//	op: POST /oauth2/v1/tokens/bearer https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
type tokenAnswer struct {
	Access         string `json:"access_token"`
	Expires        int64  `json:"expires_in"`
	Refresh        string `json:"refresh_token"`
	RefreshExpires int64  `json:"x_refresh_token_expires_in"`
	HardExpires    int64  `json:"x_refresh_token_hard_expires_in"`
}

// revokeRequest ends a grant.
//
//	op: POST /v2/oauth2/tokens/revoke https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
type revokeRequest struct {
	Token string `json:"token"`
}

type ref struct {
	Value string `json:"value"`
	Name  string `json:"name,omitempty"`
}

type metaData struct {
	CreateTime      instant `json:"CreateTime"`
	LastUpdatedTime instant `json:"LastUpdatedTime"`
}

// queryEnd is what an answer to a query holds beside the rows.
//
//	op: GET /v3/company/{realm}/query https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
type queryEnd struct {
	Fault *fault  `json:"Fault"`
	Time  instant `json:"time"`
}

// place is a Department or Class.
type place struct {
	ID                 string `json:"Id"`
	Name               string
	FullyQualifiedName string
	Active             *bool
	ParentRef          ref
}

// companyInfo describes the company.
//
//	op: GET /v3/company/{realm}/companyinfo/{id} https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/companyinfo
type companyInfo struct {
	CompanyInfo struct {
		CompanyName     string
		DefaultTimeZone string
	}
	Fault *fault `json:"Fault"`
}

// named is an entity of which only the name is wanted.
type named struct {
	ID   string `json:"Id"`
	Name string
	Type string // of a PaymentMethod
}

// item is a product, a service or a category.
type item struct {
	ID           string `json:"Id"`
	SyncToken    string
	Name         string
	Sku          string
	Type         string
	Active       *bool
	Description  string
	PurchaseDesc string
	UnitPrice    number
	Taxable      bool
	SubItem      bool
	ParentRef    ref
	QtyOnHand    number
	MetaData     metaData
}

// itemWrite creates an item, or changes the members that are set.
type itemWrite struct {
	ID               string         `json:"Id,omitzero"`
	SyncToken        string         `json:",omitzero"`
	Sparse           bool           `json:"sparse,omitzero"`
	Name             *string        `json:",omitzero"`
	Sku              *string        `json:",omitzero"`
	Type             string         `json:",omitzero"`
	Active           *bool          `json:",omitzero"`
	Description      *string        `json:",omitzero"`
	PurchaseDesc     *string        `json:",omitzero"`
	UnitPrice        jsontext.Value `json:",omitzero"`
	Taxable          *bool          `json:",omitzero"`
	SubItem          *bool          `json:",omitzero"`
	ParentRef        jsontext.Value `json:",omitzero"` // null takes it out of its category
	IncomeAccountRef *ref           `json:",omitzero"`
	ExpenseAccount   *ref           `json:"ExpenseAccountRef,omitzero"`
	AssetAccount     *ref           `json:"AssetAccountRef,omitzero"`
	TrackQtyOnHand   *bool          `json:",omitzero"`
	QtyOnHand        jsontext.Value `json:",omitzero"`
	InvStartDate     string         `json:",omitzero"`
}

// batchRequest holds up to 30 operations, which are carried out one by one.
//
//	op: POST /v3/company/{realm}/batch https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/batch
type batchRequest struct {
	Items []batchItem `json:"BatchItemRequest"`
}

type batchItem struct {
	BID       string    `json:"bId"`
	Operation string    `json:"operation"`
	Item      itemWrite `json:"Item"`
}

type batchAnswer struct {
	Items []batchResult `json:"BatchItemResponse"`
	Fault *fault        `json:"Fault"`
}

type batchResult struct {
	BID   string `json:"bId"`
	Item  item   `json:"Item"`
	Fault *fault `json:"Fault"`
}

// changes is one element of a change data capture: an array for each entity
// that has news, beside members that describe it.
//
//	op: GET /v3/company/{realm}/cdc https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture
type changes struct {
	QueryResponse []map[string]jsontext.Value
	Fault         *fault `json:"Fault"`
}

// txn is a SalesReceipt, RefundReceipt, Invoice, CreditMemo or Payment. Who the
// customer is stays at QuickBooks.
type txn struct {
	ID                   string `json:"Id"`
	SyncToken            string
	Status               string `json:"status"`
	MetaData             metaData
	DocNumber            string
	TxnDate              string
	TxnSource            string
	DepartmentRef        ref
	ClassRef             ref
	CurrencyRef          ref
	PrivateNote          string
	Line                 []txnLine
	TxnTaxDetail         taxDetail
	GlobalTaxCalculation string
	TotalAmt             number
	Balance              number
	PaymentMethodRef     ref
	PaymentRefNum        string
	PaymentType          string
	LinkedTxn            []linkedTxn
}

type linkedTxn struct {
	TxnID   string `json:"TxnId"`
	TxnType string
}

type txnLine struct {
	ID                  string `json:"Id"`
	Description         string
	Amount              number
	DetailType          string
	SalesItemLineDetail itemDetail
	DiscountLineDetail  discountDetail
	GroupLineDetail     groupDetail
	TaxLineDetail       taxLineDetail
	LinkedTxn           []linkedTxn // of a Payment
}

type itemDetail struct {
	ItemRef   ref
	Qty       number
	UnitPrice number
	ClassRef  ref
}

type discountDetail struct {
	PercentBased       bool
	DiscountPercent    number
	DiscountAccountRef ref
}

type groupDetail struct {
	Line []txnLine
}

type taxDetail struct {
	TotalTax number
	TaxLine  []txnLine
}

type taxLineDetail struct {
	TaxRateRef ref
	TaxPercent number
}

// instant is a time as QuickBooks writes it, in UTC; what cannot be read is
// the zero time.
type instant struct{ time.Time }

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (t *instant) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	t.Time = time.Time{}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return nil // a number, as the gateway sends, or null
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999"} {
		if got, err := time.Parse(layout, string(text)); err == nil {
			t.Time = got.UTC()
			break
		}
	}
	return nil
}
