package pos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Basket is what a customer is about to pay for.
type Basket struct {
	Lines []BasketLine
	// Codes are the codes the customer gave.
	Codes []string
	// At and Zone are when and where, for validity and schedules; a nil Zone
	// is UTC.
	At   time.Time
	Zone *time.Location
}

// BasketLine is one line of a basket.
type BasketLine struct {
	SKU      string
	Category string
	Quantity Quantity
	// UnitPrice is for one unit before discounts and added tax.
	UnitPrice Money
	// ExpiresInDays is how long the package keeps; nil if nobody knows.
	ExpiresInDays *int
}

// Discounted is a coupon's part of a line.
type Discounted struct {
	Coupon string
	Code   string // the code that was given, "" for automatic coupons
	Line   int    // index in Basket.Lines
	Amount Money  // positive
}

// Quote is what the coupons give for a basket.
type Quote struct {
	// Gross is the price of each line before discounts.
	Gross []Money
	// Discount is what all coupons together take off each line.
	Discount []Money
	// Parts are the same by coupon, in the order of application.
	Parts []Discounted
	// Total is the sum of Gross minus the sum of Discount.
	Total Money
}

// Price is the reference pricing function: what the coupons must give for a
// basket, exact to the minor unit. Fakes charge by it and tests compare tills
// with it.
//
// The rules: a line's gross is unit price times quantity, rounded half away
// from zero. A coupon counts when it is in force, one of its codes was given
// (or it has none), and the gross of the whole basket reaches MinSubtotal.
// Coupons on items or categories come before those on the whole basket, within
// that percentages before amounts, then by ID. Each takes its discount from what the
// earlier ones left of the lines in scope, so that no line falls below zero. A
// percentage is rounded half away from zero on each line; if the sum exceeds
// MaxDiscount it is cut to that and spread over the lines by largest
// remainder. An amount is spread over the lines in scope in proportion to what
// is left of them, by largest remainder. If an exclusive coupon counts, the
// better of "the best exclusive coupon alone" and "all others together" is
// taken; on a tie the others, among exclusive ones the first by the same
// order. A coupon that counts and is in another currency than the basket is an
// error that matches
// [ErrCurrencyMismatch]. Limits on uses and customers are not Price's
// business: leave out coupons that are used up.
func Price(b Basket, coupons []Coupon) (Quote, error) {
	q, err := grossOf(b)
	if err != nil {
		return Quote{}, err
	}
	subtotal, err := Sum(q.Gross...)
	if err != nil {
		return Quote{}, err
	}
	if b.Zone == nil {
		b.Zone = time.UTC
	}
	var shared, exclusive []applicable
	for i := range coupons {
		code, ok := coupons[i].counts(b, subtotal)
		if !ok {
			continue
		}
		if err := coupons[i].payableIn(subtotal.Currency); err != nil {
			return Quote{}, err
		}
		switch a := (applicable{&coupons[i], code}); {
		case a.Exclusive:
			exclusive = append(exclusive, a)
		default:
			shared = append(shared, a)
		}
	}
	slices.SortStableFunc(shared, applicable.before)
	slices.SortStableFunc(exclusive, applicable.before)
	best, err := q.apply(b, shared)
	if err != nil {
		return Quote{}, err
	}
	for _, a := range exclusive {
		alone, err := q.apply(b, []applicable{a})
		if err != nil {
			return Quote{}, err
		}
		if alone.Total.Amount < best.Total.Amount {
			best = alone
		}
	}
	return best, nil
}

type applicable struct {
	*Coupon
	code string
}

// before orders coupons as Price applies them.
func (a applicable) before(o applicable) int {
	rank := func(c *Coupon) int {
		n := 0
		if len(c.SKUs) == 0 && len(c.Categories) == 0 {
			n += 2
		}
		if c.Percent == 0 {
			n++
		}
		return n
	}
	if d := rank(a.Coupon) - rank(o.Coupon); d != 0 {
		return d
	}
	return strings.Compare(a.ID, o.ID)
}

// payableIn refuses amounts in another currency than the basket's; an empty
// basket has none.
func (c *Coupon) payableIn(basket Currency) error {
	for _, m := range []Money{c.Amount, c.MaxDiscount, c.MinSubtotal} {
		if basket != "" && !m.IsZero() && m.Currency != basket {
			return fmt.Errorf("coupon %s: %w: %s and %s", c.ID, ErrCurrencyMismatch, m.Currency, basket)
		}
	}
	return nil
}

// counts reports whether the coupon applies to the basket, and by which code.
func (c *Coupon) counts(b Basket, subtotal Money) (code string, ok bool) {
	if !c.InForce(b.At, b.Zone) || subtotal.Amount < c.MinSubtotal.Amount {
		return "", false
	}
	if c.Automatic() {
		return "", true
	}
	for _, given := range b.Codes {
		if slices.Contains(c.Codes, given) {
			return given, true
		}
	}
	return "", false
}

// covers reports whether a line is in the coupon's scope.
func (c *Coupon) covers(l *BasketLine) bool {
	if c.NearExpiryDays > 0 && (l.ExpiresInDays == nil || *l.ExpiresInDays > c.NearExpiryDays) {
		return false
	}
	if len(c.SKUs) == 0 && len(c.Categories) == 0 {
		return true
	}
	return slices.Contains(c.SKUs, l.SKU) || l.Category != "" && slices.Contains(c.Categories, l.Category)
}

func grossOf(b Basket) (Quote, error) {
	q := Quote{Gross: make([]Money, len(b.Lines))}
	for i := range b.Lines {
		l := &b.Lines[i]
		gross, err := l.UnitPrice.Times(l.Quantity)
		if err != nil {
			return Quote{}, fmt.Errorf("line %d: %w", i, err)
		}
		if gross.Amount < 0 {
			return Quote{}, &Error{Op: "Price", Kind: KindInvalid, Err: Problems{{Item: l.SKU, Field: "Lines", Reason: "costs less than nothing"}}}
		}
		q.Gross[i] = gross
	}
	return q, nil
}

// apply returns the quote with the coupons taken off in order.
func (q Quote) apply(b Basket, coupons []applicable) (Quote, error) {
	left := slices.Clone(q.Gross)
	for _, c := range coupons {
		cuts, err := c.cut(b, left)
		if err != nil {
			return Quote{}, fmt.Errorf("coupon %s: %w", c.ID, err)
		}
		for i, cut := range cuts {
			if cut.Amount == 0 {
				continue
			}
			left[i].Amount -= cut.Amount
			q.Parts = append(q.Parts, Discounted{c.ID, c.code, i, cut})
		}
	}
	q.Discount = make([]Money, len(left))
	for i := range left {
		q.Discount[i] = Money{q.Gross[i].Amount - left[i].Amount, q.Gross[i].Currency}
	}
	var err error
	q.Total, err = Sum(left...)
	return q, err
}

// cut returns what one coupon takes off each line.
func (a applicable) cut(b Basket, left []Money) ([]Money, error) {
	cuts := make([]Money, len(left))
	weights := make([]int64, len(left))
	var sum, scope Money
	var err error
	for i := range left {
		cuts[i].Currency = left[i].Currency
		if !a.covers(&b.Lines[i]) {
			continue
		}
		weights[i] = left[i].Amount
		if scope, err = scope.Add(left[i]); err != nil {
			return nil, err
		}
		if cuts[i], err = left[i].Share(a.Percent); err != nil {
			return nil, err
		}
		if sum, err = sum.Add(cuts[i]); err != nil {
			return nil, err
		}
	}
	most := a.Amount
	if a.Percent != 0 {
		if a.MaxDiscount.IsZero() || sum.Amount <= a.MaxDiscount.Amount {
			return cuts, nil
		}
		most = a.MaxDiscount
		for i := range cuts {
			weights[i] = cuts[i].Amount
		}
	}
	if scope.IsZero() {
		return cuts, nil
	}
	return Money{min(most.Amount, scope.Amount), scope.Currency}.Allocate(weights...)
}
