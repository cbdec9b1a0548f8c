package quickbooksfake

import (
	"fmt"
	"maps"
	"math/big"
	"strconv"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// checkAdjustment checks an adjustment and turns new quantities into differences.
func (f *Fake) checkAdjustment(old, next *object, _ map[string]any) error {
	if f.cfg.NoInventory {
		return business("Tracking of quantities is switched off in the preferences.")
	}
	if next.fields["AdjustAccountRef"] == nil {
		return missing("AdjustAccountRef")
	}
	if err := f.checkHeader(next); err != nil {
		return err
	}
	next.set("CurrencyRef", nil)
	before := movement(old)
	var list []any
	for i, sent := range lines(next) {
		line := maps.Clone(sent)
		d := maps.Clone(detail(line))
		item := f.tables["Item"].get(refValue(d["ItemRef"]))
		target, absolute := ratOf(d["NewQty"])
		diff, relative := ratOf(d["QtyDiff"])
		switch {
		case line["DetailType"] != stockLine || d == nil:
			return missing(stockLine)
		case item == nil:
			return missing("ItemRef")
		case item.text("Type") != "Inventory":
			return business("%s is no item with a counted quantity.", item.text("Name"))
		case !absolute && !relative:
			return missing("QtyDiff")
		case absolute:
			diff = target.Sub(target, rat(item.fields["QtyOnHand"]))
			if was := before[item.id]; was != nil {
				diff.Add(diff, was)
			}
		}
		d["QtyDiff"] = number(diff)
		line[stockLine], line["Id"] = d, strconv.Itoa(i+1)
		list = append(list, line)
	}
	if len(list) == 0 {
		return missing("Line")
	}
	next.set("Line", list)
	return nil
}

// movement is what a transaction does to the quantities of items.
func movement(o *object) map[string]*big.Rat {
	out := map[string]*big.Rat{}
	if o == nil || o.deleted {
		return out
	}
	property, sign := "Qty", int64(0)
	switch o.in.name {
	case "SalesReceipt", "Invoice":
		sign = -1
	case "RefundReceipt", "CreditMemo":
		sign = 1
	case "InventoryAdjustment":
		property, sign = "QtyDiff", 1
	default:
		return out
	}
	for _, line := range lines(o) {
		d := detail(line)
		if id := refValue(d["ItemRef"]); id != "" {
			if out[id] == nil {
				out[id] = new(big.Rat)
			}
			out[id].Add(out[id], new(big.Rat).Mul(rat(d[property]), big.NewRat(sign, 1)))
		}
	}
	return out
}

// moveStock changes quantities by what a transaction does now and did not do
// before. The items keep their LastUpdatedTime: that stock moves it is not
// documented.
func (f *Fake) moveStock(before, after *object) {
	was, is := movement(before), movement(after)
	for id, n := range was {
		if is[id] == nil {
			is[id] = new(big.Rat)
		}
		is[id].Sub(is[id], n)
	}
	for id, n := range is {
		if item := f.tables["Item"].byID[id]; item != nil && item.text("Type") == "Inventory" && n.Sign() != 0 {
			item.set("QtyOnHand", number(n.Add(n, rat(item.fields["QtyOnHand"]))))
		}
	}
}

// SetStock counts an item: an adjustment in the product. The quantity is that
// of the company, whatever the location. An item that is not counted yet
// becomes one of type Inventory, as the bookkeeper can do by hand; the way back
// does not exist.
func (f *Fake) SetStock(location, sku string, quantity *int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.place(location) == nil {
		return fmt.Errorf("%w: %q", errNoLocation, location)
	}
	item := f.bySKU(sku)
	if item == nil {
		return fmt.Errorf("%w: %q", errNoItem, sku)
	}
	counted := item.text("Type") == "Inventory"
	switch {
	case f.cfg.NoInventory, quantity == nil && counted:
		return fmt.Errorf("quickbooksfake: no way to forget the count of %q: %w", sku, posfake.ErrNotSimulated)
	case quantity == nil, counted && rat(item.fields["QtyOnHand"]).Cmp(big.NewRat(*quantity, 1)) == 0:
		return nil
	case !counted:
		next := *item
		next.set("Type", "Inventory", "TrackQtyOnHand", true, "QtyOnHand", number(new(big.Rat)), "InvStartDate", "2020-01-01",
			"AssetAccountRef", refTo(assetAccount), "ExpenseAccountRef", refTo(expenseAccount))
		f.commit(item, &next, updated, how{})
	}
	_, err := f.save(f.tables["InventoryAdjustment"], map[string]any{
		"AdjustAccountRef": refTo(shrinkageAccount),
		"Line": []any{map[string]any{"DetailType": stockLine, stockLine: map[string]any{
			"ItemRef": refTo(item.id), "NewQty": number(big.NewRat(*quantity, 1)),
		}}},
	}, how{foreign: true})
	return err
}
