package events

import (
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Target chooses accounts; an empty field matches all.
type Target struct {
	Vendor  string `json:"vendor,omitempty"`
	Account string `json:"account,omitempty"`
}

// Matches reports whether the account is meant.
func (t Target) Matches(o Origin) bool {
	return (t.Vendor == "" || t.Vendor == o.Vendor) && (t.Account == "" || t.Account == o.Account)
}

// MenuCommand is the payload of [TypeMenuPublished]: a menu that should hold.
// In [TypeMenuWithdrawn] the menu is left out, and everything of ours is taken
// off sale at the locations.
//
// Locations of the push that an account does not have are none of its
// business; where ids of two accounts may coincide, the target tells them
// apart.
type MenuCommand struct {
	Target Target `json:"target,omitzero"`
	pos.MenuPush
}

// CouponCommand is the payload of [TypeCouponPublished] and
// [TypeCouponWithdrawn], on the terms of MenuCommand.
type CouponCommand struct {
	Target Target `json:"target,omitzero"`
	pos.CouponPush
}

// NewMenuPublished builds the command to make a menu hold. Source is a URI
// reference of the service that speaks, such as "/menu"; id identifies the
// change and becomes the push's ChangeID if that is empty.
func NewMenuPublished(source, id string, at time.Time, c MenuCommand) Event {
	return command(TypeMenuPublished, source, id, at, c)
}

// NewMenuWithdrawn builds the command to take everything off sale at some
// locations of the target; none means all.
func NewMenuWithdrawn(source, id string, at time.Time, t Target, locations ...string) Event {
	return command(TypeMenuWithdrawn, source, id, at, MenuCommand{t, pos.MenuPush{Locations: locations}})
}

// NewCouponPublished builds the command to make coupons hold.
func NewCouponPublished(source, id string, at time.Time, c CouponCommand) Event {
	return command(TypeCouponPublished, source, id, at, c)
}

// NewCouponWithdrawn builds the command to end all coupons at some locations
// of the target; none means all.
func NewCouponWithdrawn(source, id string, at time.Time, t Target, locations ...string) Event {
	return command(TypeCouponWithdrawn, source, id, at, CouponCommand{t, pos.CouponPush{Locations: locations}})
}

func command(typ, source, id string, at time.Time, payload any) Event {
	return Event{ID: id, Source: source, Type: typ, Time: at.UTC(), PartitionKey: source, Data: encode(payload)}
}
