// Package square connects to Square, the point of sale of Block, Inc., through
// its REST API. One [Provider] speaks for one seller (merchant), whose
// locations share one catalogue:
//
//	p, err := square.New(square.Config{Account: "MLR1", AccessToken: token}, nil)
//
// # Authentication
//
// [Config].AccessToken is a token of the seller's own. With [Config].OAuth an
// application acts for the seller: send the seller to [Config.AuthorizeURL]
// and give the code that comes back to [Exchange]; both the flow with a client
// secret and PKCE work. Tokens live in [kit.Options].Store and are renewed
// after seven days, as Square asks. [Provider.Token] tells which permissions a
// token has; put them into [Config].Scopes, and the capabilities follow.
//
// # Environments
//
// "production" is connect.squareup.com, "sandbox" connect.squareupsandbox.com.
// The sandbox has no till, so sales by staff, offline sales and reports of
// devices cannot be tried there. Every request names [APIVersion].
//
// # Jobs
//
// All jobs use REST. Menu: Catalog API, batch upsert, with read, change, write
// of whole objects; what we do not manage keeps its bytes. Coupons: discount,
// product set, pricing rule and time period of the Catalog API. Status:
// Locations and Devices API, and [Provider.Ping] for a single terminal. Inventory: counts of the Inventory API.
// Purchases: Orders API. The payments of card sales are joined in: they tell
// the device, the receipt number, the card and the product where the order
// does not, and when an offline sale happened. [Config].SkipOfflineTimes leaves
// payments unread, and so Device and Receipt empty; sales by other tenders
// have none either. Receipt numbers are short and not unique.
//
// What is ours carries a mark, [Config].Owner and a colon: in user_data of an
// item's variation, in the names of product sets and pricing rules. Everything
// else in the seller's catalogue is left alone. Categories are used or made by
// name and never changed.
//
// # Cursor guarantee
//
// Purchases follow updated_at, which Square's servers set, so that sales of
// tills that were offline, late tips, voids and refunds come too. Windows end
// 30 seconds behind Square's clock and reach 10 minutes back; the cursor
// remembers what was delivered, so no version comes twice. Sales at the till
// have no version number; [pos.Purchase].Version is made of their content.
// Refunds that a bank has not confirmed are read again every 30 minutes for 14
// days. A page token is good for some minutes; an expired one reads its window
// again. Inventory cursors give what changed since, with five minutes of
// overlap.
//
// # Limits
//
// Square publishes no rates: five requests per second and seller are used, and
// a Retry-After or X-RateLimit-Reset wins. Only one write to the catalogue runs
// at a time. How much the catalogue takes in one request is read from Square
// once per provider, before the first use of the catalogue; where Square does
// not tell, the documented sizes hold. A purchase query names at most ten
// locations, or none where the seller has not more. Calls at 500 items and 1,000 locations: a full menu is one write
// after a read of one page, and nothing is written when nothing changed; a
// coupon push is one write, status one call and the pages of devices, a full
// inventory 500 pages, a poll of idle purchases 100 calls.
//
// # Money and time
//
// Amounts are integers in the smallest unit. Prices at one location differ
// through overrides; the usual price is the one without. Times are UTC
// instants, coupons excepted: their validity is local time of the device, so
// an instant is translated for each zone, to the second. An hour that daylight
// saving repeats cannot be told apart. Tenders include the tip; an automatic
// gratuity is a service charge.
//
// # Unsupported
//
// Coupon codes, limits on use, first-purchase and near-expiry coupons: Square
// has no interface for them. Amounts off only with [Config].AmountCoupons.
// Expiry dates and lots, temperature, locks, pictures, shelf life. Calories,
// allergens and diets only with [Config].FoodItems. Selling out for the day is
// the seller's: this package reads it and never writes it, nor stock.
// Registers, stands and kiosks do not tell whether they are online.
//
// # Webhooks
//
// [NewWebhook] takes the notification URL exactly as the subscription has it,
// since Square signs it together with the raw body, and both signature keys
// while they are rotated. Sales at the till send payment callbacks and no
// order callbacks; subscribe to both, and to refunds. [Subscriptions] creates
// and repairs the subscription. Square repeats a callback 11 times in 24 hours.
//
// # Errors
//
// Errors are [pos.Error] values with Square's code; errors.As with [APIError]
// gives Square's whole list and the missing permission. A version conflict is
// read again three times, then the batch is split, so that one bad object does
// not hold up the others; the report names it.
package square
