package events

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// appendPurchase appends the payload, the same JSON as encode makes. Purchases
// are by far the most events, and this takes a fraction of the time. Raw must
// be strict JSON.
func appendPurchase(dst []byte, p *Purchase) []byte {
	dst = append(dst, '{')
	dst = appendAttribute(dst, "vendor", p.Vendor)
	dst = appendAttribute(dst, "account", p.Account)
	dst = appendAttribute(dst, "id", p.ID)
	dst = appendAttribute(dst, "location", p.Location)
	dst = appendAttribute(dst, "version", p.Version)
	dst = appendAttribute(dst, "state", string(p.State))
	dst = appendOptional(dst, "vendor_state", p.VendorState)
	dst = appendTime(dst, "occurred_at", p.OccurredAt)
	dst = appendTime(dst, "recorded_at", p.RecordedAt)
	dst = appendOptionalTime(dst, "updated_at", p.UpdatedAt)
	dst = appendOptional(dst, "business_date", string(p.BusinessDate))
	dst = appendAttribute(dst, "currency", string(p.Currency))
	dst = appendList(dst, "lines", p.Lines, appendLine)
	dst = appendList(dst, "discounts", p.Discounts, appendApplied)
	dst = appendList(dst, "taxes", p.Taxes, appendApplied)
	dst = appendList(dst, "charges", p.Charges, appendApplied)
	dst = appendOptionalMoney(dst, "tip", p.Tip)
	dst = appendOptionalMoney(dst, "rounding", p.Rounding)
	dst = appendMoney(dst, "total", p.Total)
	dst = appendList(dst, "tenders", p.Tenders, appendTender)
	dst = appendList(dst, "refunds", p.Refunds, appendRefund)
	dst = appendOptional(dst, "device", p.Device)
	dst = appendOptional(dst, "receipt", p.Receipt)
	dst = appendOptional(dst, "source", p.Purchase.Source)
	dst = appendOptional(dst, "suspected_duplicate_of", p.SuspectedDuplicateOf)
	dst = appendList(dst, "findings", p.Findings, appendFinding)
	if len(p.Raw) > 0 {
		dst = appendName(dst, "raw")
		dst, _ = jsontext.AppendFormat(dst, p.Raw) // Strict JSON has no errors.
	}
	return append(dst, '}')
}

func appendLine(dst []byte, l *pos.Line) []byte {
	dst = appendOptional(dst, "id", l.ID)
	dst = appendAttribute(dst, "sku", l.SKU)
	dst = appendOptional(dst, "vendor_id", l.VendorID)
	dst = appendOptional(dst, "name", l.Name)
	dst = appendAttribute(dst, "quantity", l.Quantity.String())
	dst = appendOptionalMoney(dst, "unit_price", l.UnitPrice)
	dst = appendMoney(dst, "gross", l.Gross)
	dst = appendOptionalMoney(dst, "discount", l.Discount)
	dst = appendOptionalMoney(dst, "tax", l.Tax)
	dst = appendFlag(dst, "returned", l.Returned)
	dst = appendStrings(dst, "units", l.Units)
	return appendOptional(dst, "expires", string(l.Expires))
}

func appendApplied(dst []byte, a *pos.Applied) []byte {
	dst = appendOptional(dst, "id", a.ID)
	dst = appendOptional(dst, "coupon", a.Coupon)
	dst = appendOptional(dst, "code", a.Code)
	dst = appendOptional(dst, "name", a.Name)
	if a.Rate != 0 {
		dst = appendAttribute(dst, "rate", a.Rate.Percent())
	}
	dst = appendMoney(dst, "amount", a.Amount)
	return appendFlag(dst, "included", a.Included)
}

func appendTender(dst []byte, t *pos.Tender) []byte {
	dst = appendOptional(dst, "id", t.ID)
	dst = appendAttribute(dst, "kind", t.Kind)
	dst = appendMoney(dst, "amount", t.Amount)
	dst = appendOptionalMoney(dst, "tip", t.Tip)
	dst = appendOptional(dst, "brand", t.Brand)
	dst = appendOptional(dst, "last4", t.Last4)
	dst = appendOptional(dst, "reference", t.Reference)
	return appendFlag(dst, "failed", t.Failed)
}

func appendRefund(dst []byte, r *pos.Refund) []byte {
	dst = appendAttribute(dst, "id", r.ID)
	dst = appendOptional(dst, "of", r.Of)
	dst = appendMoney(dst, "amount", r.Amount)
	dst = appendAttribute(dst, "state", string(r.State))
	dst = appendOptional(dst, "reason", r.Reason)
	return appendOptionalTime(dst, "at", r.At)
}

func appendFinding(dst []byte, f *pos.Finding) []byte {
	dst = appendAttribute(dst, "code", f.Code)
	dst = appendOptional(dst, "detail", f.Detail)
	return appendOptionalMoney(dst, "amount", f.Amount)
}

// appendList appends a list of objects, unless it is empty.
func appendList[T any](dst []byte, name string, list []T, members func([]byte, *T) []byte) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(appendName(dst, name), '[')
	for i := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(members(append(dst, '{'), &list[i]), '}')
	}
	return append(dst, ']')
}

func appendStrings(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(appendName(dst, name), '[')
	for i, text := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, text)
	}
	return append(dst, ']')
}

func appendMoney(dst []byte, name string, m pos.Money) []byte {
	dst = append(appendName(dst, name), `{"amount":`...)
	dst = strconv.AppendInt(dst, m.Amount, 10)
	dst = appendAttribute(dst, "currency", string(m.Currency))
	return append(dst, '}')
}

func appendOptionalMoney(dst []byte, name string, m pos.Money) []byte {
	if m.IsZero() {
		return dst
	}
	return appendMoney(dst, name, m)
}

func appendTime(dst []byte, name string, t time.Time) []byte {
	dst = append(appendName(dst, name), '"')
	dst = t.AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

func appendOptionalTime(dst []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	return appendTime(dst, name, t)
}

func appendFlag(dst []byte, name string, set bool) []byte {
	if !set {
		return dst
	}
	return append(appendName(dst, name), "true"...)
}
