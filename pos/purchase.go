package pos

import (
	"encoding/json"
	"fmt"
	"time"
)

// PurchaseState is how far a sale has got.
type PurchaseState string

// The states of a purchase. Values that a vendor adds later arrive as
// [StateUnknown], with the vendor's word in [Purchase.VendorState].
const (
	StatePending   PurchaseState = "pending"        // goods may be gone, money not taken yet
	StateCompleted PurchaseState = "completed"      // paid
	StateVoided    PurchaseState = "voided"         // cancelled, no money kept
	StateFailed    PurchaseState = "payment_failed" // goods gone, money refused
	StateUnknown   PurchaseState = "unknown"
)

// RefundState is how far a refund has got. Only a completed refund moves money.
type RefundState string

// The states of a refund.
const (
	RefundPending   RefundState = "pending"
	RefundCompleted RefundState = "completed"
	RefundFailed    RefundState = "failed"
	RefundRejected  RefundState = "rejected"
)

// Purchase is one version of one record in a vendor's sales journal: a sale, a
// return, or an exchange of both. All amounts of a purchase are in Currency.
type Purchase struct {
	// ID is the vendor's id of the record, unique within the account.
	ID       string `json:"id"`
	Location string `json:"location"`
	// Version changes with every change of the content. Two deliveries with
	// one ID and Version are the same.
	Version string `json:"version"`
	// State and VendorState, the vendor's own word for it.
	State       PurchaseState `json:"state"`
	VendorState string        `json:"vendor_state,omitempty"`

	// OccurredAt is when the customer bought, by the till's clock. RecordedAt
	// is when the vendor's cloud got to know; UpdatedAt when it last changed.
	OccurredAt time.Time `json:"occurred_at"`
	RecordedAt time.Time `json:"recorded_at"`
	UpdatedAt  time.Time `json:"updated_at,omitzero"`
	// BusinessDate is the location's day of OccurredAt; "" if its zone is unknown.
	BusinessDate Date `json:"business_date,omitempty"`

	Currency  Currency  `json:"currency"`
	Lines     []Line    `json:"lines,omitempty"`
	Discounts []Applied `json:"discounts,omitempty"` // totals per discount, also those inside lines
	Taxes     []Applied `json:"taxes,omitempty"`     // totals per tax, also those inside lines
	Charges   []Applied `json:"charges,omitempty"`   // service charges, deposits, fees
	Tip       Money     `json:"tip,omitzero"`
	Rounding  Money     `json:"rounding,omitzero"` // cash rounding
	// Total is what the customer is charged: lines - discounts + added taxes +
	// charges + tip + rounding.
	Total Money `json:"total"`

	Tenders []Tender `json:"tenders,omitempty"`
	// Refunds are those of this record: of the sale itself, or, in systems
	// where a return is a record of its own, of the sale named in Refund.Of.
	Refunds []Refund `json:"refunds,omitempty"`

	// Device and Receipt are the vendor's register id and the number on the paper.
	Device  string `json:"device,omitempty"`
	Receipt string `json:"receipt,omitempty"`
	// Source is the product or app that made the sale.
	Source string `json:"source,omitempty"`
	// SuspectedDuplicateOf names an earlier record with the same tender.
	SuspectedDuplicateOf string    `json:"suspected_duplicate_of,omitempty"`
	Findings             []Finding `json:"findings,omitempty"`
	// Raw is the vendor's payload if the query asked for it.
	Raw json.RawMessage `json:"raw,omitempty"`
}

// Line is one line of a sale.
type Line struct {
	ID string `json:"id,omitempty"`
	// SKU is empty for lines that match no SKU; they are delivered all the same.
	SKU string `json:"sku"`
	// VendorID is the vendor's id of the item.
	VendorID string   `json:"vendor_id,omitempty"`
	Name     string   `json:"name,omitempty"`
	Quantity Quantity `json:"quantity"`
	// UnitPrice is the price of one unit, Gross the price of the line with its
	// modifiers, before discounts and added taxes. Discount and Tax are the
	// line's parts of them, as positive amounts.
	UnitPrice Money `json:"unit_price,omitzero"`
	Gross     Money `json:"gross"`
	Discount  Money `json:"discount,omitzero"`
	Tax       Money `json:"tax,omitzero"`
	// Returned marks a line that the customer brought back; its amounts are
	// positive and not part of the total.
	Returned bool `json:"returned,omitempty"`
	// Units are the ids of single packages, such as RFID tags.
	Units []string `json:"units,omitempty"`
	// Expires is the expiry of the packages where the system knows it.
	Expires Date `json:"expires,omitempty"`
}

// Applied is a discount, a tax or a charge as it was applied to a sale.
type Applied struct {
	// ID is the vendor's id of the rule; Coupon is Farmacy's id where the rule
	// is one of our coupons, and Code the code that was given.
	ID     string `json:"id,omitempty"`
	Coupon string `json:"coupon,omitempty"`
	Code   string `json:"code,omitempty"`
	Name   string `json:"name,omitempty"`
	Rate   Rate   `json:"rate,omitempty"`
	Amount Money  `json:"amount"` // positive
	// Included marks a tax that is part of the prices.
	Included bool `json:"included,omitempty"`
}

// Tender is a payment of a sale.
type Tender struct {
	ID string `json:"id,omitempty"`
	// Kind is "card", "cash", "gift_card", "wallet", "account", "prepaid" or "other".
	Kind string `json:"kind"`
	// Amount includes Tip.
	Amount Money `json:"amount"`
	Tip    Money `json:"tip,omitzero"`
	// Brand and Last4 describe a card; there is never a number or a name.
	Brand string `json:"brand,omitempty"`
	Last4 string `json:"last4,omitempty"`
	// Reference is the till's or processor's own number of the payment.
	Reference string `json:"reference,omitempty"`
	// Failed marks a tender that was refused or voided and moved no money.
	Failed bool `json:"failed,omitempty"`
}

// Refund is money given back.
type Refund struct {
	ID string `json:"id"`
	// Of is the purchase that is refunded; "" for a return without a receipt.
	Of     string      `json:"of,omitempty"`
	Amount Money       `json:"amount"` // positive
	State  RefundState `json:"state"`
	Reason string      `json:"reason,omitempty"`
	// At is when it was asked for.
	At time.Time `json:"at,omitzero"`
}

// Codes of findings.
const (
	// FindingUnbalanced: the parts do not add up to the total; Amount is the
	// total minus the sum of the parts.
	FindingUnbalanced = "unbalanced"
	// FindingOverRefund: more was refunded than paid; Amount is the excess.
	FindingOverRefund = "over_refund"
	// FindingGap: money without a sale, or totals without their sales.
	FindingGap = "gap"
	// FindingUnreadable: an amount of the vendor could not be read.
	FindingUnreadable = "unreadable"
)

// Finding is something about a record that does not fit, delivered rather
// than hidden.
type Finding struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
	Amount Money  `json:"amount,omitzero"`
}

// PaidAmount returns the sum of the tenders that moved money.
func (p *Purchase) PaidAmount() (Money, error) {
	var sum Money
	for i := range p.Tenders {
		if p.Tenders[i].Failed {
			continue
		}
		var err error
		if sum, err = sum.Add(p.Tenders[i].Amount); err != nil {
			return Money{}, err
		}
	}
	return sum, nil
}

// Refunded returns the sum of the completed refunds that the record carries,
// those of other sales included.
func (p *Purchase) Refunded() (Money, error) {
	return p.refunded(func(*Refund) bool { return true })
}

func (p *Purchase) refunded(counts func(*Refund) bool) (Money, error) {
	var sum Money
	for i := range p.Refunds {
		if p.Refunds[i].State != RefundCompleted || !counts(&p.Refunds[i]) {
			continue
		}
		var err error
		if sum, err = sum.Add(p.Refunds[i].Amount); err != nil {
			return Money{}, err
		}
	}
	return sum, nil
}

// Difference returns Total minus the sum of the parts: 0 for a purchase that
// adds up.
func (p *Purchase) Difference() (Money, error) {
	sum := Money{0, p.Currency}
	var err error
	plus := func(m Money) {
		if err == nil {
			sum, err = sum.Add(m)
		}
	}
	minus := func(m Money) {
		if err == nil {
			sum, err = sum.Sub(m)
		}
	}
	for i := range p.Lines {
		if !p.Lines[i].Returned {
			plus(p.Lines[i].Gross)
		}
	}
	for i := range p.Discounts {
		minus(p.Discounts[i].Amount)
	}
	for i := range p.Taxes {
		if !p.Taxes[i].Included {
			plus(p.Taxes[i].Amount)
		}
	}
	for i := range p.Charges {
		plus(p.Charges[i].Amount)
	}
	plus(p.Tip)
	plus(p.Rounding)
	if err != nil {
		return Money{}, err
	}
	return p.Total.Sub(sum)
}

// Reconcile adds the findings that follow from the amounts: unbalanced and
// over-refunded. Providers call it on every purchase they deliver.
func (p *Purchase) Reconcile() {
	switch diff, err := p.Difference(); {
	case err != nil:
		p.Findings = append(p.Findings, Finding{Code: FindingUnreadable, Detail: err.Error()})
	case diff.Amount != 0:
		p.Findings = append(p.Findings, Finding{Code: FindingUnbalanced, Amount: diff, Detail: fmt.Sprintf("the parts add up to %d less than the total", diff.Amount)})
	}
	paid, err := p.PaidAmount()
	if err != nil || len(p.Tenders) == 0 {
		return
	}
	own := func(r *Refund) bool { return r.Of == "" || r.Of == p.ID }
	if back, err := p.refunded(own); err == nil && back.Amount > paid.Amount {
		p.Findings = append(p.Findings, Finding{Code: FindingOverRefund, Amount: Money{back.Amount - paid.Amount, p.Currency}})
	}
}

// PurchaseQuery asks for purchases.
type PurchaseQuery struct {
	// Locations are the points of sale; empty means all of the account. At
	// most [PurchaseCaps.MaxLocations] fit. A cursor belongs to the locations
	// it was made for.
	Locations []string
	// After is where the last page ended. Empty starts at Since.
	After Cursor
	// Since is where to start without a cursor, by the time of recording. Zero
	// means as far back as the system goes, reported in Horizon.
	Since time.Time
	// Records asks for these records now, after a notice named them, instead
	// of the next page. Those that are new are delivered and remembered in
	// Next, so that they do not come twice. Unknown ids are left out.
	Records []string
	// Limit is the most records per page; 0 means the vendor's best.
	Limit int
	Raw   bool
}

// PurchasePage is a page of purchases.
type PurchasePage struct {
	Purchases []Purchase
	// Next resumes behind this page. Store it together with the page's effect.
	Next Cursor
	// More says that there is more to read right now. Without it, ask again
	// later with Next.
	More bool
	// Through is the instant up to which everything recorded was delivered;
	// zero while a first window is being read.
	Through time.Time
	// Horizon is set when the query asked for records that are older than the
	// system keeps: what was recorded before it is missing.
	Horizon time.Time
	// Findings concern no single purchase, such as a gap in the numbers.
	Findings []Finding
}
