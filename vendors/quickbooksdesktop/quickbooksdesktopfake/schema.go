package quickbooksdesktopfake

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// errParse is why QuickBooks refuses a whole message set with 0x80040400.
var errParse = errors.New("not valid qbXML")

// Content models in the notation of document type definitions: elements follow
// each other in order, | separates alternatives. They hold for qbXML 13.0.
const (
	anyIDs     = "ListID+ | FullName+"
	treeIDs    = anyIDs + " | ListIDWithChildren | FullNameWithChildren"
	window     = "FromModifiedDate? ToModifiedDate? (NameFilter | NameRangeFilter)?"
	listTail   = ")? IncludeRetElement* OwnerID*"
	itemQuery  = "(" + anyIDs + " | (MaxReturned? ActiveStatus? " + window + " ClassFilter?)" + listTail
	txnFilters = "MaxReturned? (ModifiedDateRangeFilter | TxnDateRangeFilter)? EntityFilter? AccountFilter? (RefNumberFilter | RefNumberRangeFilter)? CurrencyFilter?"
	txnIDs     = "(TxnID+ | RefNumber+ | RefNumberCaseSensitive+ | ("
	barCode    = "BarCode? IsActive? "
)

var models = map[string]string{
	"HostQueryRq":            "IncludeListMetaData? IncludeRetElement*",
	"CompanyQueryRq":         "IncludeRetElement* OwnerID*",
	"CompanyActivityQueryRq": "IncludeRetElement*",
	"PreferencesQueryRq":     "IncludeRetElement*",

	"ItemQueryRq":             "(" + anyIDs + " | (MaxReturned? ActiveStatus? " + window + ")" + listTail,
	"ItemInventoryQueryRq":    itemQuery,
	"ItemNonInventoryQueryRq": itemQuery,
	"ItemDiscountQueryRq":     itemQuery,
	"CustomerQueryRq":         "(" + anyIDs + " | (MaxReturned? ActiveStatus? " + window + " TotalBalanceFilter? CurrencyFilter? ClassFilter?)" + listTail,
	"AccountQueryRq":          "(" + anyIDs + " | (MaxReturned? ActiveStatus? " + window + " AccountType* CurrencyFilter?)" + listTail,
	"ClassQueryRq":            "(" + anyIDs + " | (MaxReturned? ActiveStatus? " + window + "))? IncludeRetElement*",
	"InventorySiteQueryRq":    "(" + anyIDs + " | (ActiveStatus? " + window + "))? IncludeRetElement*",
	"ItemSitesQueryRq":        "(ListID* | (ItemTypeFilter? | ItemSiteFilter?))? MaxReturned? ActiveStatus? IncludeRetElement*",

	"SalesReceiptQueryRq":   txnIDs + txnFilters + "))? IncludeLineItems? IncludeRetElement* OwnerID*",
	"ReceivePaymentQueryRq": txnIDs + txnFilters + "))? IncludeLineItems? IncludeRetElement* OwnerID*",
	"CreditMemoQueryRq":     txnIDs + txnFilters + "))? IncludeLineItems? IncludeLinkedTxns? IncludeRetElement* OwnerID*",
	"InvoiceQueryRq":        txnIDs + txnFilters + " PaidStatus?))? IncludeLineItems? IncludeLinkedTxns? IncludeRetElement* OwnerID*",
	"TxnDeletedQueryRq":     "TxnDelType+ DeletedDateRangeFilter? IncludeRetElement*",
	"ListDeletedQueryRq":    "ListDelType+ DeletedDateRangeFilter? IncludeRetElement*",

	"ItemInventoryAddRq": "ItemInventoryAdd IncludeRetElement*",
	"ItemInventoryAdd": "Name " + barCode + "ClassRef? ParentRef? ManufacturerPartNumber? UnitOfMeasureSetRef? IsTaxIncluded? SalesTaxCodeRef? SalesDesc? SalesPrice? IncomeAccountRef?" +
		" PurchaseDesc? PurchaseCost? PurchaseTaxCodeRef? COGSAccountRef? PrefVendorRef? AssetAccountRef? ReorderPoint? Max? QuantityOnHand? TotalValue? InventoryDate? ExternalGUID?",
	"ItemInventoryModRq": "ItemInventoryMod IncludeRetElement*",
	"ItemInventoryMod": "ListID EditSequence Name? " + barCode + "ClassRef? ParentRef? ManufacturerPartNumber? UnitOfMeasureSetRef? ForceUOMChange? IsTaxIncluded? SalesTaxCodeRef? SalesDesc? SalesPrice?" +
		" IncomeAccountRef? ApplyIncomeAccountRefToExistingTxns? PurchaseDesc? PurchaseCost? PurchaseTaxCodeRef? COGSAccountRef? ApplyCOGSAccountRefToExistingTxns? PrefVendorRef? AssetAccountRef? ReorderPoint? Max?",
	"ItemNonInventoryAddRq": "ItemNonInventoryAdd IncludeRetElement*",
	"ItemNonInventoryAdd":   "Name " + barCode + "ParentRef? ClassRef? ManufacturerPartNumber? UnitOfMeasureSetRef? IsTaxIncluded? SalesTaxCodeRef? (SalesOrPurchase | SalesAndPurchase) ExternalGUID?",
	"ItemNonInventoryModRq": "ItemNonInventoryMod IncludeRetElement*",
	"ItemNonInventoryMod":   "ListID EditSequence Name? " + barCode + "ClassRef? ParentRef? ManufacturerPartNumber? UnitOfMeasureSetRef? ForceUOMChange? IsTaxIncluded? SalesTaxCodeRef? (SalesOrPurchaseMod | SalesAndPurchaseMod)?",
	"ItemDiscountAddRq":     "ItemDiscountAdd IncludeRetElement*",
	"ItemDiscountAdd":       "Name " + barCode + "ClassRef? ParentRef? ItemDesc? SalesTaxCodeRef? (DiscountRate | DiscountRatePercent)? AccountRef? ExternalGUID?",
	"ItemDiscountModRq":     "ItemDiscountMod IncludeRetElement*",
	"ItemDiscountMod":       "ListID EditSequence Name? " + barCode + "ClassRef? ParentRef? ItemDesc? SalesTaxCodeRef? (DiscountRate | DiscountRatePercent)? AccountRef? ApplyAccountRefToExistingTxns?",

	"InventoryAdjustmentAddRq":   "InventoryAdjustmentAdd IncludeRetElement*",
	"InventoryAdjustmentAdd":     "AccountRef TxnDate? RefNumber? InventorySiteRef? CustomerRef? ClassRef? Memo? ExternalGUID? InventoryAdjustmentLineAdd+",
	"InventoryAdjustmentLineAdd": "ItemRef (QuantityAdjustment | ValueAdjustment | SerialNumberAdjustment | LotNumberAdjustment)",
	"QuantityAdjustment":         "(NewQuantity | QuantityDifference) (SerialNumber? | LotNumber?)? InventorySiteLocationRef?",
	"ValueAdjustment":            "NewQuantity? | QuantityDifference",
	"SerialNumberAdjustment":     "(AddSerialNumber? | RemoveSerialNumber?) InventorySiteLocationRef?",
	"LotNumberAdjustment":        "LotNumber? CountAdjustment? InventorySiteLocationRef?",

	"BarCode":             "BarCodeValue? AssignEvenIfUsed? AllowOverride?",
	"SalesOrPurchase":     "Desc? (Price | PricePercent)? AccountRef?",
	"SalesOrPurchaseMod":  "Desc? (Price | PricePercent)? AccountRef? ApplyAccountRefToExistingTxns?",
	"SalesAndPurchase":    "SalesDesc? SalesPrice? IncomeAccountRef? PurchaseDesc? PurchaseCost? PurchaseTaxCodeRef? ExpenseAccountRef? PrefVendorRef?",
	"SalesAndPurchaseMod": "SalesDesc? SalesPrice? IncomeAccountRef? ApplyIncomeAccountRefToExistingTxns? PurchaseDesc? PurchaseCost? PurchaseTaxCodeRef? ExpenseAccountRef? ApplyExpenseAccountRefToExistingTxns? PrefVendorRef?",

	"IncludeListMetaData":     "IncludeMaxCapacity",
	"NameFilter":              "MatchCriterion Name",
	"NameRangeFilter":         "FromName? ToName?",
	"ClassFilter":             treeIDs,
	"EntityFilter":            treeIDs,
	"AccountFilter":           treeIDs,
	"CurrencyFilter":          anyIDs,
	"TotalBalanceFilter":      "Operator Amount",
	"ItemSiteFilter":          "ItemFilter? SiteFilter?",
	"ItemFilter":              treeIDs,
	"SiteFilter":              anyIDs,
	"ModifiedDateRangeFilter": "FromModifiedDate? ToModifiedDate?",
	"DeletedDateRangeFilter":  "FromDeletedDate? ToDeletedDate?",
	"TxnDateRangeFilter":      "(FromTxnDate? ToTxnDate?) | DateMacro",
	"RefNumberFilter":         "MatchCriterion RefNumber",
	"RefNumberRangeFilter":    "FromRefNumber? ToRefNumber?",
}

const refModel = "ListID? FullName?"

// kinds are the types of elements without children: a name of [formats], a
// longest length in characters, or a list of values. A type under
// "Parent/Name" comes first. Elements that are not listed are texts of any
// length.
var kinds = map[string]string{
	"IncludeRetElement": "50", "OwnerID": "GUID", "ListID": "36", "TxnID": "36", "ListIDWithChildren": "36", "ExternalGUID": "GUID", "EditSequence": "16",
	"MaxReturned": "COUNT", "ActiveStatus": "ActiveOnly|InactiveOnly|All", "MatchCriterion": "StartsWith|Contains|EndsWith", "PaidStatus": "All|PaidOnly|NotPaidOnly",
	"Operator":         "LessThan|LessThanEqual|Equal|GreaterThan|GreaterThanEqual",
	"FromModifiedDate": "DATETIME", "ToModifiedDate": "DATETIME", "FromDeletedDate": "DATETIME", "ToDeletedDate": "DATETIME",
	"FromTxnDate": "DATE", "ToTxnDate": "DATE", "TxnDate": "DATE", "InventoryDate": "DATE",
	"IncludeLineItems": "BOOL", "IncludeLinkedTxns": "BOOL", "IncludeMaxCapacity": "BOOL", "IsActive": "BOOL", "IsTaxIncluded": "BOOL", "AssignEvenIfUsed": "BOOL",
	"AllowOverride": "BOOL", "ForceUOMChange": "BOOL", "ApplyIncomeAccountRefToExistingTxns": "BOOL", "ApplyCOGSAccountRefToExistingTxns": "BOOL",
	"ApplyAccountRefToExistingTxns": "BOOL", "ApplyExpenseAccountRefToExistingTxns": "BOOL",
	"ItemInventoryAdd/Name": "31", "ItemInventoryMod/Name": "31", "ItemNonInventoryAdd/Name": "31", "ItemNonInventoryMod/Name": "31", "ItemDiscountAdd/Name": "31", "ItemDiscountMod/Name": "31",
	"BarCodeValue": "50", "ManufacturerPartNumber": "31", "SalesDesc": "4095", "PurchaseDesc": "4095", "ItemDesc": "4095", "Desc": "4095", "Memo": "4095",
	"SalesPrice": "PRICE", "PurchaseCost": "PRICE", "Price": "PRICE", "PricePercent": "PRICE", "DiscountRate": "PRICE", "DiscountRatePercent": "PRICE",
	"ReorderPoint": "PRICE", "Max": "PRICE", "QuantityOnHand": "PRICE", "NewQuantity": "PRICE", "QuantityDifference": "PRICE", "TotalValue": "AMT", "Amount": "AMT",
	"CountAdjustment": "INT", "LotNumber": "40", "SerialNumber": "4095", "AddSerialNumber": "4095", "RemoveSerialNumber": "4095",
	"InventoryAdjustmentAdd/RefNumber": "11", "ClassRef/FullName": "159", "AccountRef/FullName": "159", "IncomeAccountRef/FullName": "159", "COGSAccountRef/FullName": "159",
	"AssetAccountRef/FullName": "159", "ExpenseAccountRef/FullName": "159", "SalesTaxCodeRef/FullName": "3", "PurchaseTaxCodeRef/FullName": "3", "UnitOfMeasureSetRef/FullName": "31",
	"PrefVendorRef/FullName": "41", "InventorySiteRef/FullName": "31", "InventorySiteLocationRef/FullName": "31", "CustomerRef/FullName": "209",
	"CurrencyFilter/FullName": "64", "SiteFilter/FullName": "64", "ItemFilter/FullName": "159", "ItemFilter/FullNameWithChildren": "159",
	"ItemTypeFilter": "AllExceptFixedAsset|Assembly|Discount|FixedAsset|Inventory|InventoryAndAssembly|NonInventory|OtherCharge|Payment|Sales|SalesTax|Service",
	"TxnDelType": "ARRefundCreditCard|Bill|BillPaymentCheck|BillPaymentCreditCard|BuildAssembly|Charge|Check|CreditCardCharge|CreditCardCredit|CreditMemo|Deposit|Estimate|InventoryAdjustment" +
		"|Invoice|ItemReceipt|JournalEntry|PurchaseOrder|ReceivePayment|SalesOrder|SalesReceipt|SalesTaxPaymentCheck|TimeTracking|TransferInventory|VehicleMileage|VendorCredit",
	"ListDelType": "Account|BillingRate|Class|Currency|Customer|CustomerMsg|CustomerType|DateDrivenTerms|Employee|InventorySite|ItemDiscount|ItemFixedAsset|ItemGroup|ItemInventory" +
		"|ItemInventoryAssembly|ItemNonInventory|ItemOtherCharge|ItemPayment|ItemSalesTax|ItemSalesTaxGroup|ItemService|ItemSubtotal|JobType|OtherName|PaymentMethod|PayrollItemNonWage" +
		"|PayrollItemWage|PriceLevel|SalesRep|SalesTaxCode|ShipMethod|StandardTerms|ToDo|UnitOfMeasureSet|Vehicle|Vendor|VendorType|WorkersCompCode",
	"AccountType": "AccountsPayable|AccountsReceivable|Bank|CostOfGoodsSold|CreditCard|Equity|Expense|FixedAsset|Income|LongTermLiability|NonPosting|OtherAsset|OtherCurrentAsset|OtherCurrentLiability|OtherExpense|OtherIncome",
}

var formats = map[string]*regexp.Regexp{
	"GUID":     regexp.MustCompile(`^(0|\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\})$`),
	"COUNT":    regexp.MustCompile(`^\+?0*[1-9][0-9]{0,8}$`),
	"INT":      regexp.MustCompile(`^[+-]?[0-9]+$`),
	"BOOL":     regexp.MustCompile(`^(true|false|1|0|)$`),
	"DATE":     regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})?$`),
	"DATETIME": regexp.MustCompile(`^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(T[0-9]{1,2}(:[0-9]{1,2}(:[0-9]{1,2}([+-][0-9]{1,2}:[0-9]{1,2})?)?)?)?)?$`),
	"AMT":      regexp.MustCompile(`^([+-]?[0-9]{1,13}(\.[0-9]{2})?)?$`),
	"PRICE":    regexp.MustCompile(`^([+-]?[0-9]{1,10}(\.[0-9]{1,5})?)?$`),
}

var compiled = compileModels(models)

func compileModels(models map[string]string) map[string]*regexp.Regexp {
	out := map[string]*regexp.Regexp{"Ref": compileModel(refModel)}
	for name, model := range models {
		out[name] = compileModel(model)
	}
	return out
}

var elementName = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*`)

// compileModel turns a content model into an expression over the names of the
// children, each followed by a comma.
func compileModel(model string) *regexp.Regexp {
	expr := elementName.ReplaceAllString(model, "(?:$0,)")
	return regexp.MustCompile("^(?:" + strings.ReplaceAll(expr, " ", "") + ")$")
}

// validate checks an element and all below it against the schema.
func (l *language) validate(parent string, n *node) error {
	model, composite := l.models[n.name]
	if strings.HasSuffix(n.name, "Ref") {
		model, composite = l.models["Ref"], true
	}
	if !composite {
		return l.checkLeaf(parent, n)
	}
	var names strings.Builder
	for _, c := range n.children {
		names.WriteString(c.name + ",")
	}
	if !model.MatchString(names.String()) || strings.TrimSpace(n.text) != "" {
		return fmt.Errorf("%w: the content of %s is %s", errParse, n.name, strings.TrimSuffix(names.String(), ","))
	}
	for _, c := range n.children {
		if err := l.validate(n.name, c); err != nil {
			return err
		}
	}
	return nil
}

func (l *language) checkLeaf(parent string, n *node) error {
	if len(n.children) > 0 {
		return fmt.Errorf("%w: %s has children", errParse, n.name)
	}
	kind, ok := l.kinds[parent+"/"+n.name]
	if !ok {
		kind = l.kinds[n.name]
	}
	valid := true
	if re := formats[kind]; re != nil {
		valid = re.MatchString(n.text)
	} else if most, err := strconv.Atoi(kind); err == nil {
		valid = utf8.RuneCountInString(n.text) <= most
	} else if kind != "" {
		valid = slices.Contains(strings.Split(kind, "|"), n.text)
	}
	if !valid {
		return fmt.Errorf("%w: %s %q", errParse, n.name, n.text)
	}
	return nil
}
