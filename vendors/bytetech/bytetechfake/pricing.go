package bytetechfake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// finalize applies the discounts in force when the shopper left and adds the
// sales tax to what remains. Discounts are computed by [pos.Price]; tax is
// rounded half away from zero on each line.
func (f *Fake) finalize(tx *transaction) error {
	basket := pos.Basket{Codes: tx.codes, At: tx.placed, Zone: tx.kiosk.zone}
	for _, l := range tx.lines {
		basket.Lines = append(basket.Lines, l.basketLine(tx))
	}
	coupons, sources := f.offers(tx)
	quote, err := pos.Price(basket, coupons)
	if err != nil {
		return fmt.Errorf("bytetechfake: pricing %s: %w", tx.id, err)
	}
	for i, l := range tx.lines {
		l.gross, l.discount = quote.Gross[i].Amount, quote.Discount[i].Amount
		l.tax = 0
		if l.product == nil || !l.product.untaxed {
			tax, err := pos.Money{Amount: l.gross - l.discount, Currency: pos.Currency(tx.kiosk.currency)}.Share(pos.Rate(tx.kiosk.tax))
			if err != nil {
				return fmt.Errorf("bytetechfake: taxing %s: %w", tx.id, err)
			}
			l.tax = tax.Amount
		}
	}
	tx.applied = nil
	for _, part := range quote.Parts {
		f.redeem(tx, sources[part.Coupon], part)
	}
	for i := range tx.applied {
		a := &tx.applied[i]
		billed, err := pos.Money{Amount: a.amount}.Share(pos.Rate(a.discount.billed))
		if err != nil {
			return fmt.Errorf("bytetechfake: billing %s: %w", tx.id, err)
		}
		a.billed = billed.Amount
	}
	f.settleUsage(tx, +1)
	tx.total()
	return nil
}

// basketLine is the line as [pos.Price] sees it. Days to expiry count from 1
// on the last day, as there a limit of 0 means none.
func (l *line) basketLine(tx *transaction) pos.BasketLine {
	b := pos.BasketLine{Quantity: pos.Units(l.quantity), UnitPrice: pos.Money{Amount: l.unitPrice, Currency: pos.Currency(tx.kiosk.currency)}}
	if l.product == nil {
		return b
	}
	b.SKU = l.product.id
	if l.product.category != nil {
		b.Category = l.product.category.id
	}
	if l.lot != nil && l.lot.expires != "" {
		b.ExpiresInDays = new(daysBetween(tx.placed.In(tx.kiosk.zone), l.lot.expires) + 1)
	}
	return b
}

// offers are the discounts in force for the transaction, by their id in the quote.
func (f *Fake) offers(tx *transaction) ([]pos.Coupon, map[string]*discount) {
	var out []pos.Coupon
	sources := map[string]*discount{}
	for _, d := range f.discounts {
		if !d.holds(tx.placed) || !inScope(d.terms.AppliesTo.KioskIDs, tx.kiosk.id) || !d.terms.Schedule.contains(tx.placed.In(tx.kiosk.zone)) {
			continue
		}
		c, ok := d.offer(tx)
		if !ok {
			continue
		}
		if _, taken := sources[c.ID]; taken {
			c.ID = d.id
		}
		out, sources[c.ID] = append(out, c), d
	}
	return out, sources
}

// offer is the discount in the terms of [pos.Price]; false when it gives this
// transaction nothing.
func (d *discount) offer(tx *transaction) (pos.Coupon, bool) {
	c := pos.Coupon{
		ID: deref(d.terms.ExternalID), Percent: pos.Rate(d.percent),
		SKUs: d.terms.AppliesTo.ProductIDs, Categories: d.terms.AppliesTo.CategoryIDs,
	}
	if c.ID == "" {
		c.ID = d.id
	}
	amount := deref(d.terms.AmountCents)
	if d.terms.Coupon != nil {
		code := d.usable(tx.codes)
		if code == nil {
			return c, false
		}
		c.Codes = []string{code.code}
		if d.terms.Coupon.CouponType == "declining_balance" && (amount == 0 || amount > code.balance) {
			amount = code.balance
		}
	}
	if amount > 0 {
		c.Amount = pos.Money{Amount: amount, Currency: pos.Currency(tx.kiosk.currency)}
	}
	if d.terms.MaxExpirationDays != nil {
		c.NearExpiryDays = *d.terms.MaxExpirationDays + 1
	}
	if limit := d.terms.MaxShelfLifeDays; limit != nil {
		c.SKUs, c.Categories = d.shortLived(tx, *limit), nil
		return c, len(c.SKUs) > 0
	}
	return c, true
}

// usable is the first of the given codes that still is worth something here.
func (d *discount) usable(given []string) *couponCode {
	for _, code := range given {
		if i := slices.IndexFunc(d.codes, func(c *couponCode) bool { return c.code == code && !c.spent() }); i >= 0 {
			return d.codes[i]
		}
	}
	return nil
}

// shortLived lists the products in scope that keep for at most limit days.
func (d *discount) shortLived(tx *transaction, limit int) (ids []string) {
	scope := d.terms.AppliesTo
	for _, l := range tx.lines {
		if l.product == nil || l.product.shelfLife > limit {
			continue
		}
		everything := len(scope.ProductIDs) == 0 && len(scope.CategoryIDs) == 0
		if everything || slices.Contains(scope.ProductIDs, l.product.id) || l.product.category != nil && slices.Contains(scope.CategoryIDs, l.product.category.id) {
			ids = append(ids, l.product.id)
		}
	}
	return ids
}

func inScope(ids []string, id string) bool { return len(ids) == 0 || slices.Contains(ids, id) }

// contains reports whether a local time is within the hours; those that cross
// midnight belong to the day on which they start. No schedule means always.
func (s *scheduleJSON) contains(local time.Time) bool {
	if s == nil {
		return true
	}
	clock := local.Format("15:04")
	on := func(d time.Weekday) bool { return slices.Contains(s.Days, weekdays[d]) }
	today, yesterday := local.Weekday(), (local.Weekday()+6)%7
	if s.StartTime < s.EndTime {
		return on(today) && s.StartTime <= clock && clock < s.EndTime
	}
	return on(today) && s.StartTime <= clock || on(yesterday) && clock < s.EndTime
}

// daysBetween counts calendar days from a local time to a day.
func daysBetween(local time.Time, day string) int {
	end, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0
	}
	start := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	return int(end.Sub(start) / (24 * time.Hour))
}

// redeem adds one part of the quote to the transaction.
func (f *Fake) redeem(tx *transaction, d *discount, part pos.Discounted) {
	i := slices.IndexFunc(tx.applied, func(a applied) bool { return a.discount == d })
	if i < 0 {
		i = len(tx.applied)
		a := applied{discount: d}
		if part.Code != "" {
			a.code = d.usable([]string{part.Code})
		}
		tx.applied = append(tx.applied, a)
	}
	tx.applied[i].amount += part.Amount.Amount
	tx.applied[i].lines = append(tx.applied[i].lines, tx.lines[part.Line].id)
}

// settleUsage counts what the transaction redeemed (+1) or gives it back (-1).
func (f *Fake) settleUsage(tx *transaction, sign int) {
	for _, a := range tx.applied {
		a.discount.redemptions += sign
		a.discount.given += int64(sign) * a.amount
		if a.code == nil {
			continue
		}
		a.code.transaction, a.code.usedAt = tx.id, f.now
		if sign < 0 {
			a.code.transaction, a.code.usedAt = "", time.Time{}
		}
		if a.discount.terms.Coupon.CouponType == "declining_balance" {
			a.code.balance -= int64(sign) * a.amount
		}
		if sign > 0 {
			f.emit("coupon.redeemed", tx.kiosk.id, map[string]any{"discount_id": a.discount.id, "code": a.code.code, "transaction_id": tx.id})
		}
	}
}

// parsePercent reads 0 to 100 percent into parts per million.
func parsePercent(s string) (int64, bool) {
	rate, err := pos.ParsePercent(s)
	return int64(rate), err == nil && rate >= 0 && rate <= pos.Percent(100)
}

func upper(codes []string) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = strings.ToUpper(c)
	}
	return out
}
