package quickbooksfake

import (
	"slices"
	"strings"
)

// Properties of an entity.
const (
	list      = 1 << iota // has a name and is deactivated, never deleted
	deletable             // POST ?operation=delete
	voidable              // can be voided
	booked                // is a sale or a refund in the ledger
	fixed                 // clients cannot write it
	unseen                // not offered by change data capture
)

// kind is what there is to know about an entity type.
type kind struct {
	name  string
	flags int
	// writable are the properties that clients may send; computed are those
	// that are taken without a word and ignored; kept survive a full update
	// that leaves them out.
	writable, computed, kept []string
	// filter are the properties that queries may use, besides Id and MetaData.
	filter []string
	// hooks are the changes that fire webhooks.
	hooks []string
	// check completes and validates a new version; sent is what the client sent.
	check func(f *Fake, old, next *object, sent map[string]any) error
}

func (k *kind) is(flag int) bool { return k.flags&flag != 0 }

// header are the properties that all sales forms share.
const header = "DocNumber TxnDate DepartmentRef CurrencyRef ExchangeRate PrivateNote LinkedTxn Line TxnTaxDetail TxnSource CustomField " +
	"CustomerRef CustomerMemo BillAddr ShipAddr ShipFromAddr ClassRef SalesTermRef DueDate ShipMethodRef ShipDate TrackingNum GlobalTaxCalculation " +
	"ApplyTaxAfterDiscount PrintStatus EmailStatus BillEmail BillEmailCc BillEmailBcc " +
	"PaymentMethodRef PaymentRefNum PaymentType CheckPayment CreditCardPayment DepositToAccountRef TransactionLocationType"

// sums are the properties of sales forms that the service computes.
const sums = "TotalAmt HomeTotalAmt Balance HomeBalance RemainingCredit UnappliedAmt TxnStatus FreeFormAddress TaxExemptionRef DeliveryInfo"

const txnFilter = "TxnDate DocNumber TotalAmt CustomerRef"

// changes that fire webhooks, as the classic notifications name them.
const (
	created = "Create"
	updated = "Update"
	removed = "Delete"
	merged  = "Merge"
	voided  = "Void"
)

func kinds() []*kind {
	words := strings.Fields
	txn := func(name string, flags int, more string) *kind {
		return &kind{
			name: name, flags: flags | deletable, writable: words(header + more), computed: words(sums),
			kept: words("CurrencyRef TxnDate DocNumber"), filter: words(txnFilter),
			hooks: []string{created, updated, removed, merged, voided, "Emailed"}, check: (*Fake).checkSale,
		}
	}
	tree := func(name, sub string) *kind {
		return &kind{
			name: name, flags: list, writable: words("Name Active ParentRef Address CustomField " + sub), computed: words("FullyQualifiedName"),
			kept: words("Name Active"), filter: words("Name Active FullyQualifiedName"),
			hooks: []string{created, updated, merged}, check: (*Fake).checkPlace,
		}
	}
	plain := func(name, writable, filter string) *kind {
		return &kind{
			name: name, flags: list, writable: words(writable), filter: words(filter), kept: words("Active"),
			computed: words("FullyQualifiedName Balance BalanceWithJobs Level Classification CurrentBalance CurrentBalanceWithSubAccounts CurrencyRef PrintOnCheckName SubAccount"),
			hooks:    []string{created, updated, removed, merged}, check: (*Fake).checkPlain,
		}
	}
	payment := txn("Payment", voidable, " TotalAmt ProcessPayment")
	payment.check, payment.filter = (*Fake).checkPayment, words("TxnDate TotalAmt CustomerRef")
	adjustment := &kind{
		name: "InventoryAdjustment", flags: deletable, writable: words("DocNumber TxnDate PrivateNote Line AdjustAccountRef DepartmentRef ClassRef CustomerRef"),
		computed: words("CurrencyRef ExchangeRate"), kept: words("TxnDate DocNumber"), filter: words("TxnDate DocNumber"), check: (*Fake).checkAdjustment,
	}
	return []*kind{
		itemKind(), tree("Department", "SubDepartment"), tree("Class", "SubClass"),
		plain("Customer", "DisplayName GivenName MiddleName FamilyName CompanyName Active Taxable PrimaryEmailAddr PrimaryPhone BillAddr ShipAddr Notes", "DisplayName Active"),
		plain("Account", "Name AccountType AccountSubType AcctNum Description Active", "Name Active AccountType AccountSubType Classification"),
		plain("PaymentMethod", "Name Type Active", "Name Active Type"),
		{name: "TaxRate", flags: list | fixed | unseen, filter: words("Name Active")},
		txn("SalesReceipt", voidable|booked, ""), txn("RefundReceipt", voidable|booked, ""),
		txn("Invoice", voidable|booked, " AllowOnlinePayment AllowOnlineCreditCardPayment AllowOnlineACHPayment Deposit"),
		txn("CreditMemo", booked, " InvoiceRef"), payment, adjustment,
		{name: "CompanyInfo", flags: fixed},
		{name: "Preferences", flags: fixed},
	}
}

func itemKind() *kind {
	return &kind{
		name: "Item", flags: list, check: (*Fake).checkItem,
		writable: strings.Fields("Name Sku Description Active SubItem ParentRef Taxable SalesTaxIncluded UnitPrice Type IncomeAccountRef " +
			"PurchaseDesc PurchaseTaxIncluded PurchaseCost ExpenseAccountRef AssetAccountRef PrefVendorRef TrackQtyOnHand QtyOnHand ReorderPoint " +
			"SalesTaxCodeRef PurchaseTaxCodeRef InvStartDate ClassRef CustomField TaxClassificationRef ManPartNum"),
		computed: strings.Fields("FullyQualifiedName Level ItemCategoryType AvgCost QtyOnPurchaseOrder QtyOnSalesOrder"),
		kept:     strings.Fields("Name Type Active TrackQtyOnHand QtyOnHand InvStartDate"),
		filter:   strings.Fields("Name Sku Type Active FullyQualifiedName UnitPrice QtyOnHand ParentRef"),
		hooks:    []string{created, updated, removed, merged},
	}
}

// targets says which entity a reference points to. ParentRef points to its own.
var targets = map[string]string{
	"ItemRef": "Item", "GroupItemRef": "Item", "DepartmentRef": "Department", "ClassRef": "Class", "CustomerRef": "Customer",
	"PaymentMethodRef": "PaymentMethod", "IncomeAccountRef": "Account", "ExpenseAccountRef": "Account", "AssetAccountRef": "Account",
	"DiscountAccountRef": "Account", "DepositToAccountRef": "Account", "AdjustAccountRef": "Account", "TaxRateRef": "TaxRate",
	"InvoiceRef": "Invoice",
}

// lengths are the longest texts, in characters.
var lengths = map[string]int{
	"Name": 100, "Sku": 100, "Description": 4000, "PurchaseDesc": 1000, "DocNumber": 21, "PrivateNote": 4000, "PaymentRefNum": 21, "DisplayName": 500,
}

var (
	flagProperties   = strings.Fields("Active SubItem Taxable SalesTaxIncluded TrackQtyOnHand SubDepartment SubClass ApplyTaxAfterDiscount ProcessPayment")
	numberProperties = strings.Fields("UnitPrice PurchaseCost QtyOnHand ReorderPoint TotalAmt ExchangeRate")
)

// takes reports whether clients may send the property; the second result says
// that it is stored.
func (k *kind) takes(property string) (known, stored bool) {
	if slices.Contains(k.writable, property) {
		return true, true
	}
	common := property == "domain" || property == "sparse" || property == "status" || property == "MetaData" || property == "Id" || property == "SyncToken"
	return common || slices.Contains(k.computed, property), false
}
