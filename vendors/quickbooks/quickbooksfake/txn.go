package quickbooksfake

import (
	"encoding/json"
	"maps"
	"math/big"
	"strconv"
	"time"
)

// kinds of lines.
const (
	itemLine     = "SalesItemLineDetail"
	discountLine = "DiscountLineDetail"
	subtotalLine = "SubTotalLineDetail"
	stockLine    = "ItemAdjustmentLineDetail"
)

// lines are the lines of a transaction.
func lines(o *object) []map[string]any {
	list, _ := o.fields["Line"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// detail is the object of a line that is named like its type.
func detail(line map[string]any) map[string]any {
	kind, _ := line["DetailType"].(string)
	m, _ := line[kind].(map[string]any)
	return m
}

// bill sums a sales form up, in cents.
type bill struct {
	subtotal, taxable, discount, tax int64
}

func (b bill) total() int64 { return b.subtotal - b.discount + b.tax }

// checkSale completes receipts, invoices and credit memos: lines, tax, total.
func (f *Fake) checkSale(old, next *object, sent map[string]any) error {
	if old != nil && old.voided {
		return business("A void transaction cannot be changed.")
	}
	if err := f.checkHeader(next); err != nil {
		return err
	}
	b, list, err := f.bill(old, next)
	if err != nil {
		return err
	}
	f.tax(&b, next, sent)
	switch paid := next.paid; {
	case b.total() < 0:
		return business("Transaction amount must be 0 or greater.")
	case b.total() < paid:
		return business("The payments of the invoice exceed its amount.")
	}
	next.set("Line", list, "TotalAmt", amount(b.total()), "ApplyTaxAfterDiscount", true, "Balance", amount(0))
	switch next.in.name {
	case "Invoice":
		next.set("Balance", amount(b.total()-next.paid))
	case "CreditMemo":
		next.set("Balance", amount(b.total()), "RemainingCredit", amount(b.total()))
	}
	return nil
}

// checkHeader checks what a form needs besides lines.
func (f *Fake) checkHeader(next *object) error {
	if next.fields["TxnDate"] == nil {
		next.set("TxnDate", f.today(f.Now()))
	}
	if _, err := time.Parse(time.DateOnly, next.text("TxnDate")); err != nil {
		return refuse("2080", "TxnDate", "Invalid date : %v", next.fields["TxnDate"])
	}
	if currency := next.ref("CurrencyRef"); currency != "" && currency != f.cfg.Currency {
		return business("Multicurrency is off: %s is not the currency of the company.", currency)
	}
	next.set("CurrencyRef", map[string]any{"value": f.cfg.Currency, "name": currencyNames[f.cfg.Currency]})
	name := next.in.name
	switch {
	case next.fields["CustomerRef"] == nil && (name == "Invoice" || name == "CreditMemo" || name == "Payment"):
		return missing("CustomerRef")
	case next.fields["DepositToAccountRef"] == nil && name == "RefundReceipt":
		return missing("DepositToAccountRef")
	case next.fields["DepositToAccountRef"] == nil && name == "SalesReceipt":
		next.set("DepositToAccountRef", refTo(depositAccount))
	}
	return nil
}

var currencyNames = map[string]string{"USD": "United States Dollar", "CAD": "Canadian Dollar", "GBP": "British Pound Sterling", "EUR": "Euro"}

// bill completes the lines: ids, numbers, the subtotal, the discount.
func (f *Fake) bill(old, next *object) (b bill, list []any, err error) {
	known := map[string]bool{}
	last := 0
	if old != nil {
		for _, line := range lines(old) {
			id, _ := line["Id"].(string)
			n, _ := strconv.Atoi(id)
			known[id], last = true, max(last, n)
		}
	}
	var discounts []map[string]any
	for _, sent := range lines(next) {
		line := maps.Clone(sent)
		switch line["DetailType"] {
		case itemLine:
			cost, taxable, err := f.priceLine(next, line)
			if err != nil {
				return b, nil, err
			}
			b.subtotal += cost
			if taxable {
				b.taxable += cost
			}
			line["LineNum"] = json.Number(strconv.Itoa(len(list) + 1))
		case "DescriptionOnly", "GroupLineDetail":
			b.subtotal += minor(line["Amount"])
		case discountLine:
			discounts = append(discounts, line)
			continue
		case subtotalLine:
			continue // the service makes its own
		default:
			return b, nil, refuse("2010", "DetailType", "DetailType %v is unsupported in %s", line["DetailType"], next.in.name)
		}
		numberLine(line, known, &last)
		list = append(list, line)
	}
	switch {
	case len(list) == 0:
		return b, nil, missing("Line")
	case len(discounts) > 1:
		return b, nil, business("A transaction has one discount line at most.")
	}
	list = append(list, map[string]any{"Amount": amount(b.subtotal), "DetailType": subtotalLine, subtotalLine: map[string]any{}})
	for _, line := range discounts {
		if b.discount, err = discountOf(line, b.subtotal); err != nil {
			return b, nil, err
		}
		line["Amount"] = amount(b.discount)
		numberLine(line, known, &last)
		list = append(list, line)
	}
	return b, list, nil
}

// numberLine keeps the id of a line that the form had; others are new lines.
func numberLine(line map[string]any, known map[string]bool, last *int) {
	if id, _ := line["Id"].(string); !known[id] || id == "" {
		*last++
		line["Id"] = strconv.Itoa(*last)
	}
}

// priceLine checks quantity, price and amount of an item line against each other.
func (f *Fake) priceLine(next *object, line map[string]any) (cost int64, taxable bool, err error) {
	d := detail(line)
	if d == nil {
		return 0, false, missing(itemLine)
	}
	for _, v := range []any{d["Qty"], d["UnitPrice"], line["Amount"]} {
		if _, ok := ratOf(v); v != nil && !ok {
			return 0, false, refuse("2080", "Line", "Invalid Number : %v", v)
		}
	}
	product := new(big.Rat).Mul(rat(d["Qty"]), rat(d["UnitPrice"]))
	switch priced := d["Qty"] != nil && d["UnitPrice"] != nil; {
	case line["Amount"] == nil && !priced:
		return 0, false, missing("Amount")
	case line["Amount"] == nil:
		cost = cents(product)
	default:
		cost = minor(line["Amount"])
		if priced && cost != cents(product) {
			return 0, false, refuse("6070", "Amount", "Amount is not equal to UnitPrice * Qty. Supplied value:%v", line["Amount"])
		}
	}
	line["Amount"] = amount(cost)
	if item := f.tables["Item"].byID[refValue(d["ItemRef"])]; item != nil {
		start := item.text("InvStartDate")
		switch {
		case item.text("Type") == "Category":
			return 0, false, business("A category cannot be sold.")
		case item.text("Type") == "Inventory" && next.text("TxnDate") < start:
			return 0, false, business("The transaction date is before the start date %s of the quantity of %s.", start, item.text("Name"))
		}
	}
	return cost, refValue(d["TaxCodeRef"]) == "TAX", nil
}

// discountOf is what a discount line takes off.
func discountOf(line map[string]any, subtotal int64) (int64, error) {
	d := detail(line)
	percent, byPercent := ratOf(d["DiscountPercent"])
	if based, ok := d["PercentBased"].(bool); ok && !based {
		byPercent = false
	}
	if !byPercent {
		if _, ok := ratOf(line["Amount"]); !ok {
			return 0, missing("Amount")
		}
		return minor(line["Amount"]), nil
	}
	off := cents(percent.Mul(percent, new(big.Rat).Quo(fromCents(subtotal), big.NewRat(100, 1))))
	if line["Amount"] != nil && minor(line["Amount"]) != off {
		return 0, business("Amount %v and DiscountPercent %v of the discount disagree.", line["Amount"], d["DiscountPercent"])
	}
	return off, nil
}

// tax computes the sales tax, unless the client states it.
func (f *Fake) tax(b *bill, next *object, sent map[string]any) {
	if given, ok := sent["TxnTaxDetail"].(map[string]any); ok && given["TotalTax"] != nil {
		b.tax = minor(given["TotalTax"])
		return
	}
	if f.cfg.TaxBasisPoints <= 0 || b.taxable == 0 {
		next.set("TxnTaxDetail", map[string]any{"TotalTax": amount(0)})
		return
	}
	net := b.taxable
	if b.subtotal != 0 {
		net -= cents(new(big.Rat).Mul(fromCents(b.discount), big.NewRat(b.taxable, b.subtotal)))
	}
	rate := big.NewRat(f.cfg.TaxBasisPoints, 100)
	b.tax = cents(new(big.Rat).Mul(fromCents(net), new(big.Rat).Quo(rate, big.NewRat(100, 1))))
	next.set("TxnTaxDetail", map[string]any{"TotalTax": amount(b.tax), "TaxLine": []any{map[string]any{
		"Amount": amount(b.tax), "DetailType": "TaxLineDetail", "TaxLineDetail": map[string]any{
			"TaxRateRef": refTo(taxRate), "PercentBased": true, "TaxPercent": number(rate), "NetAmountTaxable": amount(net),
		},
	}}})
}

// voidLines are the lines of a void transaction: nothing of nothing.
func voidLines(o *object) []any {
	list := []any{}
	for _, line := range lines(o) {
		line = maps.Clone(line)
		d := maps.Clone(detail(line))
		switch line["DetailType"] {
		case itemLine:
			d["Qty"] = json.Number("0")
			delete(d, "UnitPrice")
			line[itemLine] = d
		case subtotalLine:
		default:
			continue
		}
		line["Amount"] = amount(0)
		list = append(list, line)
	}
	return list
}
