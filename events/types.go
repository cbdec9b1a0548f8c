package events

// Types of events. The names are stable; a payload that changes in a way that
// old readers cannot follow gets a new version.
const (
	prefix = "com.farmacyfoods.pos."

	// What happened at points of sale.
	TypePurchaseRecorded = prefix + "purchase.recorded.v1" // payload Purchase
	TypePurchaseRevised  = prefix + "purchase.revised.v1"  // payload Purchase
	TypePurchaseRefunded = prefix + "purchase.refunded.v1" // payload Purchase
	TypePurchaseVoided   = prefix + "purchase.voided.v1"   // payload Purchase
	TypeStatusChanged    = prefix + "status.changed.v1"    // payload Status
	TypeInventoryChanged = prefix + "inventory.changed.v1" // payload Inventory
	TypeGapFound         = prefix + "gap.found.v1"         // payload Gap
	TypePushOutcome      = prefix + "push.outcome.v1"      // payload Outcome

	// Whether all sales of a business day were published.
	TypeDayCertified  = prefix + "day.certified.v1"  // payload Certificate
	TypeDayMismatch   = prefix + "day.mismatch.v1"   // payload Certificate
	TypeDayUnverified = prefix + "day.unverified.v1" // payload Certificate

	// What is the matter with an account.
	TypeAuthorizationLost = prefix + "authorization.lost.v1" // payload Alarm
	TypeSubscriptionLost  = prefix + "subscription.lost.v1"  // payload Alarm
	TypeTokenExpiring     = prefix + "token.expiring.v1"     // payload Alarm
	TypeAPIDeprecated     = prefix + "api.deprecated.v1"     // payload Alarm
	TypeAccountAlarm      = prefix + "account.alarm.v1"      // payload Alarm
	TypePollFailing       = prefix + "poll.failing.v1"       // payload PollHealth
	TypePollRecovered     = prefix + "poll.recovered.v1"     // payload PollHealth

	TypeObjectiveBreached  = prefix + "objective.breached.v1"  // payload Objective
	TypeObjectiveRecovered = prefix + "objective.recovered.v1" // payload Objective

	// What only one kind of point of sale knows.
	TypeLotExpiring     = prefix + "lot.expiring.v1"     // payload Lot
	TypeLotExpired      = prefix + "lot.expired.v1"      // payload Lot
	TypeGoodsUnsafe     = prefix + "goods.unsafe.v1"     // payload Goods
	TypeGoodsSafe       = prefix + "goods.safe.v1"       // payload Goods
	TypeItemUnavailable = prefix + "item.unavailable.v1" // payload Item
	TypeItemAvailable   = prefix + "item.available.v1"   // payload Item
	TypeDoorOpen        = prefix + "door.open.v1"        // payload Door
	TypeSalesStalled    = prefix + "sales.stalled.v1"    // payload Sales
	TypeSalesResumed    = prefix + "sales.resumed.v1"    // payload Sales
	TypeSaleUnmatched   = prefix + "sale.unmatched.v1"   // payload Unmatched

	// Commands from Farmacy's services.
	TypeMenuPublished   = prefix + "menu.published.v1"   // payload MenuCommand
	TypeMenuWithdrawn   = prefix + "menu.withdrawn.v1"   // payload MenuCommand without menu
	TypeCouponPublished = prefix + "coupon.published.v1" // payload CouponCommand
	TypeCouponWithdrawn = prefix + "coupon.withdrawn.v1" // payload CouponCommand without coupons
)
