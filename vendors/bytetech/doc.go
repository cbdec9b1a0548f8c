// Package bytetech speaks to the cloud of Byte Technology, whose RFID fridges
// count every package by its tag.
//
//	p, err := bytetech.New(bytetech.Config{
//		Account:      "campus-west",
//		BaseURL:      "https://partner.example",
//		ClientID:     "farmacy",
//		ClientSecret: pos.NewSecret(os.Getenv("BYTE_SECRET")),
//	}, nil)
//
// The vendor publishes no API reference. What it does publish, its operators'
// help centre, says which data and operations the cloud has; names, paths,
// enums and units are assumed. All of them stand in one mapping profile
// ([DefaultProfile]) that a host replaces or patches in [Config] as soon as it
// holds the partner documentation. No other place in this package knows them.
//
// # Authentication
//
// Client credentials at auth.token_path give a bearer token, renewed at 80 %
// of its life and kept in the host's [pos.Store]; auth.mode "static" sends an
// API key. One [Provider] is one operator account. A token that is limited to
// campuses shows fewer kiosks without saying so.
//
// # Environments
//
// The host names the base URL; no sandbox is known. Package bytetechfake is a
// stand-in for tests. The profile's source "csv" reads exports of the
// dashboard from [Config.Files] instead, for inventory and purchases only.
//
// # Jobs
//
// A location is a kiosk: one fridge. All jobs poll REST.
//
//   - Menu: an item is a product of the account with the SKU as external_id;
//     prices and availability of single kiosks are listings. Products are read,
//     listings are not: what earlier pushes wrote is remembered in the store
//     ([Config.VerifyListings] reads them). Category, GTIN, shelf life and image
//     that an item does not tell stay as they are, as do members that this
//     package does not know.
//   - Coupons: a coupon is a discount. Discounts cannot be edited, only ended:
//     a change ends one and creates another.
//   - Status: heartbeat, temperature, mode, door. A heartbeat older than 25
//     minutes is "not online" whatever the vendor says. Goods above 41 °F for
//     three heartbeats are not safe to sell.
//   - Inventory: counts per product with lots by expiry; read only.
//   - Purchases: door sessions with their adjustments. Restocking sessions are
//     left out.
//
// # Cursor guarantee
//
// Purchases are read by time of modification on the server's clock, each run
// from two hours before the end of the last one, so that fridges that were
// offline are delivered with their old time of sale and a late change of state
// is not missed. No version is delivered twice. Sales that are not settled are
// read again daily for a week. Without features.updated_filter the filter is
// the time of sale and the overlap seven days: a fridge that is offline for
// longer loses sales. Inventory cursors read what changed since the last run,
// with 30 seconds of overlap; rows may repeat. A source of CSV files delivers
// each file once.
//
// # Limits
//
// 10 requests a second with bursts of 20, and the server's RateLimit headers.
// Calls for 500 items and 1,000 kiosks:
//
//   - menu: 3 reads of products, 5 of kiosks (once an hour), 5 writes; none
//     when repeated. Listings cost one write for each 1,000 that differ.
//     Archiving costs one write for each item.
//   - coupons: 1 write for each new coupon, 2 for a changed one.
//   - status: 5 calls. Inventory: one for each 200 lines. Purchases: one for
//     each 200 transactions, and one for each unsettled record that is read
//     again.
//
// Without features.inventory_lines stock is counted from tags, one call or more
// for each kiosk.
//
// # Money and time
//
// Amounts are whole cents of the kiosk's currency, exclusive of sales tax, which
// is one percentage for each kiosk. Refunds are adjustments: what goes to the
// customer is a refund, whatever its type; an additional charge raises the
// total. Refunds that the header counts and no adjustment explains are added.
// Where lines are not delivered, the goods are one line without SKU and
// quantity. Instants are UTC, expiry dates and happy hours local to the kiosk,
// temperatures Fahrenheit. An expiry more than 500 days ahead stands for "no
// shelf life" and is dropped.
//
// # Unsupported
//
// Coupons with minimum purchase, cap, limit on uses or customers, first
// purchase only, exclusiveness, several codes, several spans of hours, or a
// code together with hours or expiry. Writing stock. Forcing packages off a
// fridge: they sell until somebody takes them out. With features.listings off:
// prices, availability and menus of single kiosks. With
// features.discount_write off: coupons.
//
// # Webhooks
//
// [NewWebhook] verifies "Byte-Signature: t=...,v1=..." (HMAC-SHA256 over time,
// dot and raw body, 5 minutes either way, several secrets). Whether the vendor
// has webhooks is unconfirmed: features.webhooks is off by default. Notices of
// sales name the transaction.
//
// # Errors
//
// A [pos.Error] with the vendor's account of it as [*APIError]. The meaning of
// codes is in enums.error_code. A missing scope is named. Creates are sent with
// an idempotency key if features.idempotency is on; otherwise the object is
// looked for before a create is sent again.
package bytetech
