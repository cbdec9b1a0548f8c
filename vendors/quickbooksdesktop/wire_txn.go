package quickbooksdesktop

// txnRet is a sales receipt, a credit memo or an invoice. Names and addresses
// of customers are not read, and so are in no payload that is kept.
type txnRet struct {
	TxnID            string      `json:"txn_id"`
	TimeCreated      string      `json:"time_created"`
	TimeModified     string      `json:"time_modified"`
	EditSequence     string      `json:"edit_sequence"`
	Class            ref         `xml:"ClassRef" json:"class"`
	TxnDate          string      `json:"txn_date"`
	RefNumber        string      `json:"ref_number,omitempty"`
	IsPending        string      `json:"is_pending,omitempty"`
	PaymentMethod    ref         `xml:"PaymentMethodRef" json:"payment_method"`
	Subtotal         string      `json:"subtotal,omitempty"`
	Tax              ref         `xml:"ItemSalesTaxRef" json:"tax"`
	TaxPercentage    string      `xml:"SalesTaxPercentage" json:"tax_percentage,omitempty"`
	TaxTotal         string      `xml:"SalesTaxTotal" json:"tax_total,omitempty"`
	TotalAmount      string      `json:"total_amount,omitempty"`
	AppliedAmount    string      `json:"applied_amount,omitempty"`
	BalanceRemaining string      `json:"balance_remaining,omitempty"`
	IsPaid           string      `json:"is_paid,omitempty"`
	Currency         ref         `xml:"CurrencyRef" json:"currency"`
	ExchangeRate     string      `json:"exchange_rate,omitempty"`
	Memo             string      `json:"-"`
	IsTaxIncluded    string      `json:"is_tax_included,omitempty"`
	Linked           []linkedRet `xml:"LinkedTxn" json:"linked,omitempty"`
	ReceiptLines     []lineRet   `xml:"SalesReceiptLineRet" json:"lines,omitempty"`
	ReceiptGroups    []groupRet  `xml:"SalesReceiptLineGroupRet" json:"groups,omitempty"`
	MemoLines        []lineRet   `xml:"CreditMemoLineRet" json:"memo_lines,omitempty"`
	MemoGroups       []groupRet  `xml:"CreditMemoLineGroupRet" json:"memo_groups,omitempty"`
	InvoiceLines     []lineRet   `xml:"InvoiceLineRet" json:"invoice_lines,omitempty"`
	InvoiceGroups    []groupRet  `xml:"InvoiceLineGroupRet" json:"invoice_groups,omitempty"`
	Discount         amountRet   `xml:"DiscountLineRet" json:"discount_line,omitzero"`
	Shipping         amountRet   `xml:"ShippingLineRet" json:"shipping_line,omitzero"`
	kind             string
}

type linkedRet struct {
	TxnID   string `json:"txn_id"`
	TxnType string `json:"txn_type"`
	Amount  string `json:"amount"`
}

type amountRet struct {
	Amount string `json:"amount"`
}

type groupRet struct {
	ReceiptLines []lineRet `xml:"SalesReceiptLineRet" json:"lines,omitempty"`
	MemoLines    []lineRet `xml:"CreditMemoLineRet" json:"memo_lines,omitempty"`
	InvoiceLines []lineRet `xml:"InvoiceLineRet" json:"invoice_lines,omitempty"`
}

type lineRet struct {
	TxnLineID   string `json:"txn_line_id"`
	Item        ref    `xml:"ItemRef" json:"item"`
	Desc        string `json:"desc,omitempty"`
	Quantity    string `json:"quantity,omitempty"`
	Rate        string `json:"rate,omitempty"`
	RatePercent string `json:"rate_percent,omitempty"`
	Class       ref    `xml:"ClassRef" json:"class"`
	Amount      string `json:"amount,omitempty"`
	TaxAmount   string `json:"tax_amount,omitempty"`
	Site        ref    `xml:"InventorySiteRef" json:"site"`
}

// lines returns all lines, those of groups flattened behind the others.
func (t *txnRet) lines() []lineRet {
	var all []lineRet
	all = append(all, t.ReceiptLines...)
	all = append(all, t.MemoLines...)
	all = append(all, t.InvoiceLines...)
	for _, groups := range [][]groupRet{t.ReceiptGroups, t.MemoGroups, t.InvoiceGroups} {
		for _, g := range groups {
			all = append(all, g.ReceiptLines...)
			all = append(all, g.MemoLines...)
			all = append(all, g.InvoiceLines...)
		}
	}
	return all
}
