package pos

import "context"

// Provider is one account at one vendor: it does the five jobs for the
// account's points of sale.
//
// Every method is safe for concurrent use and returns when ctx ends. A method
// that the system cannot carry out returns an error that matches
// [ErrUnsupported] without sending a request. Errors are [*Error] values; a
// missing permission is [ErrAuth], never an empty page.
//
// Hosts should embed a Provider rather than implement it, so that methods can
// be added; implementations outside this module prove themselves with package
// postest.
type Provider interface {
	// Describe says who this is and what it can do. It is computed from
	// configuration and credential, does no I/O and is cheap to call.
	Describe() Description

	// Locations lists the points of sale of the account, closed ones included,
	// ordered by id.
	Locations(ctx context.Context, q LocationQuery) (LocationPage, error)

	// PushMenu makes the menu hold at the asked locations. It reads what is
	// there, sends the least set of writes, and reports one outcome per item
	// and location. It is idempotent: repeating a push that succeeded writes
	// nothing, repeating one that failed half-way finishes it. It never
	// changes what Farmacy does not own and never writes stock.
	//
	// The error is non-nil when nothing could be decided (bad input, no
	// access, [ErrWithdrawLimit]); items that failed on their own are in the
	// report.
	PushMenu(ctx context.Context, push MenuPush) (PushReport, error)

	// PushCoupons makes the coupons hold at the asked locations, on the same
	// terms as PushMenu. A coupon that the system cannot express in full is
	// refused in the report; no constraint is ever dropped.
	PushCoupons(ctx context.Context, push CouponPush) (PushReport, error)

	// Status reads whether points of sale are up. A state that the system does
	// not tell is [Unknown].
	Status(ctx context.Context, q StatusQuery) (StatusPage, error)

	// Inventory reads stock. Without a cursor it reads everything; with the
	// cursor of an earlier read, what changed since.
	Inventory(ctx context.Context, q InventoryQuery) (InventoryPage, error)

	// Purchases reads sales and refunds in the order the vendor records them.
	// Following the cursor delivers every version of every sale at least once,
	// and no version twice.
	Purchases(ctx context.Context, q PurchaseQuery) (PurchasePage, error)
}

// Job names one of the five jobs.
type Job string

// The jobs. [JobAccount] is not a job of a provider: notices use it for news
// about the account itself, such as a revoked authorization.
const (
	JobMenu      Job = "menu"
	JobCoupons   Job = "coupons"
	JobStatus    Job = "status"
	JobInventory Job = "inventory"
	JobPurchases Job = "purchases"
	JobAccount   Job = "account"
)

// Jobs lists the five jobs in the order of the documentation.
func Jobs() []Job {
	return []Job{JobMenu, JobCoupons, JobStatus, JobInventory, JobPurchases}
}

// Description says which account of which vendor a provider speaks for.
type Description struct {
	// Vendor is the vendor's directory name, such as "square".
	Vendor string `json:"vendor"`
	// Product is the vendor's name for people, such as "Square".
	Product string `json:"product"`
	// Account identifies the credential among those of the vendor.
	Account      string       `json:"account"`
	Capabilities Capabilities `json:"capabilities"`
}
