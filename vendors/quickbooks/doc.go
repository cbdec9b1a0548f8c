// Package quickbooks connects hosts whose counter sales are kept in QuickBooks
// Online to the contract of package pos, through version 3 of Intuit's
// Accounting API.
//
// QuickBooks Online is a ledger, not a till: it can do what books can do, and
// refuses the rest with a reason. [New] makes a provider for one company from
// a [Config]. Package quickbooksfake simulates the service.
//
// # Authentication
//
// OAuth 2.0 with the scope [Scope]: send the company's owner to
// [Config.AuthorizeURL] and hand the code and the realmId that come back to
// [Exchange]. Access tokens live for an hour and are renewed before. The
// refresh token changes about once a day and the one before it works for a
// day more; it is stored before the new access token is used, by
// compare-and-swap, and only one process renews at a time. A refresh that fails
// changes nothing. Without a refresh for 100 days, and after five years in any
// case, the owner has to agree again: calls then match [pos.ErrAuth].
//
// # Environments
//
// [Production] and [Sandbox] differ in host, keys and companies. Limits are
// the same; sandbox reads are not metered.
//
// # Jobs
//
// All jobs use REST. Menu: items, written in batches; an unknown one is made of
// type NonInventory. Coupons: none, or items to book on. Status: departments.
// Inventory: items that QuickBooks counts. Purchases: sales receipts, refund
// receipts, invoices with their payments and credit memos, by change data
// capture. A point of sale is a department, which QuickBooks shows as
// "location", or a class, or the company; see [Config].Locations. A form that
// names none belongs to the company, whose location id is its realm id.
//
// What is ours carries a mark in the purchase description of the item: the
// owner, a colon and the SKU. The SKU stands in the item's SKU as well.
// Everything else in the company is left alone.
//
// # Cursor guarantee
//
// Purchases follow the time of modification, which QuickBooks sets, in seconds.
// Windows reach five minutes back; the cursor remembers what was delivered, so
// no version comes twice. The version is the form's SyncToken, and for
// an invoice those of its payments too. Change data capture tells of changes
// in the last 30 days, and of at most 1,000 of a kind: where that may have cut
// the answer, or was longer ago, rows are read by query, which tells of no
// deletions, and the page carries [FindingDeletionsUncertain].
//
// A voided form keeps its id and loses its amounts: it comes as a new version
// in state voided, and the version before holds the amounts. Of a deleted form
// nothing but the id is left: after a second look it comes as version "deleted"
// with the company as location and [FindingDeleted], whatever locations were
// asked for.
//
// # Limits
//
// QuickBooks allows 10 requests a second and 500 a minute, and 40 batches of 30
// a minute. This package sends 8 a second with at most 8 on their way, and 30
// batches a minute after the first 10; a refusal for the rate pauses the
// company for a minute. Reads are metered by Intuit (500,000 a month on the
// smallest plan), writes are free; [kit.Observer] counts calls. Calls at 500 items and 1,000 locations: a
// full menu is 17 batches after 2 reads, and nothing is written when nothing
// changed; status is one read, a full inventory one, a poll of the purchases of
// all locations one. The company's name and zone are one read a day.
//
// # Money and time
//
// Amounts are decimal numbers in units of the currency and are read exactly;
// only a price per unit with more digits than the currency is rounded, half to
// even. A form is dated by day: OccurredAt is when it was booked, or noon with
// [FindingDayOnly] if that was on another day. BusinessDate is the form's date.
// A summary that a connector posts for a day carries [FindingAggregated], and
// Source tells which product made the form, so that a sale that came from its
// till already is not counted twice.
//
// # Unsupported
//
// Prices and availability by location. Coupons: with [Config].LedgerCoupons an
// item is kept for each, enforced by nobody. Whether a till is online or open.
// Stock by location, lots, expiry, changes of stock. Several tenders of a
// receipt, tips other than by [Config].TipItems. Sales tax codes outside the
// United States, bar codes, pictures, nutrition.
//
// # Webhooks
//
// [NewWebhook] takes the verifier tokens of the application's endpoint, which
// is set up by hand in Intuit's portal and serves all companies; both forms of
// callbacks are read. Notices name the records that changed; those of deleted
// forms and of payments ask for a poll. Intuit waits three seconds for an
// answer, repeats for days, and holds later callbacks back until the first is
// accepted. Stock sends none.
//
// # Errors
//
// Errors are [pos.Error] values with QuickBooks' code and, as request id, the
// intuit_tid that Intuit's support asks for; errors.As with [Fault] gives all
// of QuickBooks' words. An item that somebody else changed meanwhile is read
// and written again, three times; a name that is taken fails its item alone.
// A company whose subscription lapsed (6190) or that withdrew access (120,
// 3100) matches [pos.ErrPermission].
package quickbooks
