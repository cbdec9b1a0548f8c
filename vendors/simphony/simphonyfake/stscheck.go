package simphonyfake

import (
	"fmt"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// stsView is a check as STS2 shows it.
func (f *Fake) stsView(k *check) map[string]any {
	c := k.property().currency
	status := "closed"
	if k.closed.IsZero() {
		status = "open"
	}
	items, discounts, charges, tenders := []any{}, []any{}, []any{}, []any{}
	for _, l := range k.lines {
		if l.voided {
			continue
		}
		switch l.kind {
		case itemLine:
			unit := l.total
			if l.quantity != 0 {
				unit = l.total / l.quantity
			}
			items = append(items, map[string]any{
				"menuItemId": l.num, "definitionSequence": 1, "name": l.name, "quantity": l.quantity, "unitPrice": decimal(unit, c), "priceSequence": 1,
				"total": decimal(l.total, c), "seat": 1, "referenceText": l.ref, "itemDiscounts": []any{}, "condiments": []any{}, "extensions": []any{},
			})
		case discountLine:
			discounts = append(discounts, map[string]any{
				"discountId": l.num, "name": l.name, "seat": 1, "referenceText": l.ref, "total": decimal(l.total, c), "isAutomatic": l.ref == "", "extensions": []any{},
			})
		case chargeLine:
			charges = append(charges, map[string]any{"serviceChargeId": l.num, "name": l.name, "total": decimal(l.total, c), "seat": 1, "referenceText": "", "extensions": []any{}})
		case tenderLine:
			tenders = append(tenders, map[string]any{
				"tenderId": l.num, "name": l.name, "total": decimal(l.total, c), "chargedTipTotal": decimal(k.tip(), c), "referenceText": l.ref, "extensions": []any{},
			})
		}
	}
	tax, _ := k.tax()
	taxes := []any{}
	if tax != 0 {
		taxes = append(taxes, map[string]any{"taxRateId": strconv.Itoa(salesTax), "name": "Sales tax", "total": decimal(tax, c)})
	}
	return map[string]any{
		"header": map[string]any{
			"orgShortName": f.cfg.Org, "locRef": k.property().ref, "rvcRef": k.rvc.num, "checkRef": k.guid, "checkNumber": k.num, "checkName": "",
			"checkEmployeeRef": f.cfg.Employee, "orderTypeRef": orderType, "orderChannelRef": orderChannel, "openTime": k.opened.Format(time.RFC3339),
			"guestCount": 1, "language": "en-US", "isTrainingCheck": false, "informationLines": []any{}, "status": status, "preparationStatus": "",
		},
		"menuItems": items, "comboMeals": []any{}, "discounts": discounts, "serviceCharges": charges, "taxes": taxes, "tenders": tenders,
		"totals": map[string]any{
			"subtotal": decimal(k.subtotal(), c), "subtotalDiscountTotal": decimal(k.discounts(), c), "autoServiceChargeTotal": decimal(0, c),
			"serviceChargeTotal": decimal(k.tip(), c), "taxTotal": decimal(tax, c), "paymentTotal": decimal(k.paid(), c), "totalDue": decimal(f.total(k)-k.paid(), c),
		},
		"extensions": []any{},
	}
}

// printed is a check as a printer with 40 columns shows it.
func (f *Fake) printed(k *check) []string {
	amount := func(n int64) string { return pos.Money{Amount: n, Currency: k.property().currency}.Decimal() }
	out := []string{fmt.Sprintf("CHK %d", k.num), k.opened.In(k.property().zone).Format("02Jan'06 15:04")}
	for _, l := range k.lines {
		if !l.voided {
			out = append(out, fmt.Sprintf("%3d %-24.24s %11s", l.quantity, l.name, amount(l.total)))
		}
	}
	return append(out, fmt.Sprintf("    %-24s %11s", "Total", amount(f.total(k))))
}
