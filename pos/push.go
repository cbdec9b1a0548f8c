package pos

import (
	"errors"
	"fmt"
	"iter"
	"slices"
)

// DefaultMaxWithdraw is the share of what Farmacy has on sale at the pushed
// locations that a push may take off sale if it does not say otherwise.
const DefaultMaxWithdraw Rate = 500_000 // 50 %

// MenuPush states the menu that should hold.
type MenuPush struct {
	// Locations are the points of sale; empty means all of the account.
	Locations []string `json:"locations,omitempty"`
	Menu      Menu     `json:"menu"`
	// Partial restricts the push to the items it names: nothing is withdrawn.
	Partial bool `json:"partial,omitempty"`
	// DryRun reports what would be done and writes nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// MaxWithdraw is the share of the item-location pairs on sale that may be
	// withdrawn; a push beyond it fails with ErrWithdrawLimit before its first
	// write. 0 means DefaultMaxWithdraw, Percent(100) switches the check off.
	MaxWithdraw Rate `json:"max_withdraw,omitempty"`
	// ChangeID identifies the change that caused the push, such as an event
	// id. It goes into idempotency keys; repeats of one change share it.
	ChangeID string `json:"change_id,omitempty"`
}

// CouponPush states the coupons that should hold. The fields shared with
// [MenuPush] mean the same.
type CouponPush struct {
	Locations   []string `json:"locations,omitempty"`
	Coupons     []Coupon `json:"coupons"`
	Partial     bool     `json:"partial,omitempty"`
	DryRun      bool     `json:"dry_run,omitempty"`
	MaxWithdraw Rate     `json:"max_withdraw,omitempty"`
	ChangeID    string   `json:"change_id,omitempty"`
}

// Action says what a push did, or would do in a dry run, with an item.
type Action string

// The actions.
const (
	Created   Action = "created"
	Updated   Action = "updated"
	Unchanged Action = "unchanged"
	Withdrawn Action = "withdrawn"
	Pending   Action = "pending" // accepted; push again to learn the end
	Refused   Action = "refused" // the system cannot express it, nothing was sent
	Failed    Action = "failed"  // tried without success
)

// Outcome is what became of one item (or coupon) at some locations.
type Outcome struct {
	// Item is the SKU or the coupon's id.
	Item string `json:"item"`
	// Locations share this outcome. Outcomes may share the slice: do not change it.
	Locations []string `json:"locations"`
	Action    Action   `json:"action"`
	// Fields are the names of the fields that were or would be changed.
	Fields []string `json:"fields,omitempty"`
	// VendorID is the vendor's id of the object.
	VendorID string `json:"vendor_id,omitempty"`
	// Codes are the codes the system generated for a coupon.
	Codes []string `json:"codes,omitempty"`
	// Notes tell what the caller should know although the push succeeded, such
	// as a field the system cannot show.
	Notes []Problem `json:"notes,omitempty"`
	// Manual is what a person must do to finish, such as removing packages.
	Manual string `json:"manual,omitempty"`
	// Err is set for refused and failed.
	Err error `json:"-"`
}

// PushReport is what became of a push: each item of the push appears once for
// each location, in the order of the push, then what was withdrawn.
type PushReport struct {
	Outcomes []Outcome `json:"outcomes"`
	// Writes is how many write requests went to the vendor, or would go in a
	// dry run.
	Writes int  `json:"writes"`
	DryRun bool `json:"dry_run,omitempty"`
}

// Err joins the errors of all refused and failed items, or is nil.
func (r PushReport) Err() error {
	var errs []error
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", o.Item, o.Action, o.Err))
		}
	}
	return errors.Join(errs...)
}

// Count returns how many item-location pairs ended with the action.
func (r PushReport) Count(a Action) int {
	n := 0
	for i := range r.Outcomes {
		if r.Outcomes[i].Action == a {
			n += len(r.Outcomes[i].Locations)
		}
	}
	return n
}

// At returns the outcome of an item at a location.
func (r PushReport) At(item, location string) (Outcome, bool) {
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Item == item && slices.Contains(o.Locations, location) {
			return *o, true
		}
	}
	return Outcome{}, false
}

// Each yields every item-location pair: the location and its outcome.
func (r PushReport) Each() iter.Seq2[string, *Outcome] {
	return func(yield func(string, *Outcome) bool) {
		for i := range r.Outcomes {
			for _, l := range r.Outcomes[i].Locations {
				if !yield(l, &r.Outcomes[i]) {
					return
				}
			}
		}
	}
}

// CheckWithdraw returns an [ErrWithdrawLimit] error if taking withdrawn of
// onSale item-location pairs off sale is more than limit allows.
func CheckWithdraw(withdrawn, onSale int, limit Rate) error {
	if limit == 0 {
		limit = DefaultMaxWithdraw
	}
	if onSale == 0 || int64(withdrawn)*rateScale <= int64(onSale)*int64(limit) {
		return nil
	}
	return &Error{Kind: KindWithdrawLimit, Err: fmt.Errorf("%d of %d items on sale would be withdrawn, allowed are %s", withdrawn, onSale, limit)}
}
