// Package pos is the contract between Farmacy's services and points of sale:
// one typed language for menus, coupons, status, inventory and purchases,
// whatever system stands behind it.
//
// A [Provider] speaks for one account at one vendor, for example one Square
// merchant or one Byte operator. Hosts hold the interface and build the value
// with a vendor's own constructor, such as square.New. Pushes state what
// should hold and report what was done; reads come in pages that resume from
// an opaque [Cursor]. What a system cannot do stands in its [Capabilities] and
// is refused with [ErrUnsupported] before any request is sent.
//
// # Identity
//
// A meal is known by its SKU everywhere. A point of sale is known by its
// [Location] id, which is the vendor's own id and unique within the account.
// Vendor ids of other things travel beside ours and are never needed to act.
//
// # Numbers and time
//
// [Money] is integer minor units with a currency, [Rate] is an exact
// proportion, [Quantity] an exact decimal. Instants are UTC; local days and
// hours use the location's IANA zone.
//
// The package depends on the standard library alone.
package pos
