// Package quickbooksdesktop speaks to QuickBooks Desktop through Intuit's Web
// Connector, a Windows program beside QuickBooks that calls us on a timer.
//
//	p, err := quickbooksdesktop.New(quickbooksdesktop.Config{
//		Account:      "kiosk-014",
//		UserName:     "kiosk-014",
//		PasswordHash: hash, // of HashPassword
//		OwnerID:      "{6b0f2d0e-4c55-4a36-8c5a-0e0f6f6f0a01}",
//		FileID:       "{1d4c1c9a-7a0b-4a4e-9f2c-90a1f5f6c014}",
//		TimeZone:     "America/New_York",
//	}, &kit.Options{Store: store})
//	http.Handle("/qbwc", p.Handler())
//
// QuickBooks is accounting software: it knows a sale only if staff or a
// connector of the till booked it there. A sale that another provider delivers
// as well may come from here a second time.
//
// # Authentication
//
// The other way round: the Web Connector signs in here with a user name from
// the .qwc file ([Provider.QWC]) and the password that its user typed. The
// password is kept as a PBKDF2 hash, failed attempts are slowed down by user
// and by address. A session has a random ticket, which ends after an hour
// without calls. The company file must carry our FileID; if it tells none, it
// must be the file that was open before.
//
// # Environments
//
// There is no sandbox: use QuickBooks' sample company file, or package
// quickbooksdesktopfake. The service is SOAP 1.1, document/literal; messages
// are qbXML 13.0, or qbposXML 3.0 for [PointOfSale].
//
// The server side of the SOAP service is written by hand, because gowsdl
// generates a server that dispatches on the SOAPAction header, reads without
// limits and writes arrays in a namespace that the Web Connector does not read.
//
// # Jobs
//
//   - Menu: items named by SKU. A push is put into a queue and reported as
//     pending until the Web Connector has carried it out; repeating the push
//     tells the end. One price and one availability for the company file. Our
//     items carry a mark of ours (ExternalGUID). Withdrawn items become
//     inactive.
//   - Coupons: refused, or with [Config].LedgerCoupons a discount item for each,
//     enforced by nobody, to book what other systems gave.
//   - Status: when the Web Connector called last.
//   - Inventory: counts of the company file, or by site with Advanced
//     Inventory. Read only, no expiry.
//   - Purchases: sales receipts, credit memos as returns, and on request
//     invoices, which are pending until payments, read as well, cover them; a
//     payment that is made, changed, voided or deleted is a version of its
//     invoices. A void is a version with the state voided; so is a deletion,
//     with the amounts of the last version. Lines of items that are neither
//     pushed nor in [Config.Adopt] have no SKU.
//
// Everything is answered from what the last run left in the store.
//
// # Cursor guarantee
//
// A cursor is a position in the log of sales that the store holds. The log
// takes each version of a record once: queries by time of modification overlap
// by 10 minutes, an hour more when clocks are set back, deletions by a day, and
// what they return again is recognised by transaction and edit sequence. After
// a restore of the company file from a backup everything that is kept is read
// again. The log keeps [Config.Keep].
//
// # Limits
//
// A run that finds nothing takes one message set. Sales come 100 and items 250
// at a time, changes go out 100 at a time: 500 items cost 5 message sets, and
// 2 to read them back. The number of points of sale does not matter. The queue
// holds 20,000 changes.
//
// # Money and time
//
// Amounts are decimals in the home currency. QuickBooks writes local time with
// an offset that is wrong for half of the year: the offset is cut off and
// [Config.TimeZone] used; of the hour that comes twice in autumn one is
// guessed. A sale has a date only: its time is that of its entry, or the
// beginning of the day if it was entered on another one.
//
// # Unsupported
//
// Coupons that a till enforces; prices and availability of single points of sale; pushes to some of
// them; single records; writing stock; interactive mode; amounts in foreign
// currencies, which carry a finding. Names lose characters outside
// Windows-1252.
//
// # Webhooks
//
// None. The Web Connector calls [Provider.Handler] instead; its calls need no
// other wake-up.
//
// # Errors
//
// A [pos.Error] with QuickBooks' own status as [*StatusError]. Stale edit
// sequences and locked objects are tried again up to three times; a message
// set that QuickBooks cannot read is split, so that one bad change fails alone.
// A set of writes whose response was lost is sent again with its id, which
// QuickBooks executes once. A query that ends three runs in a row is left out
// for some runs. Errors of the service itself reach the user of the Web
// Connector as "getLastError".
//
// # QuickBooks Point of Sale
//
// With [Config.Product] = [PointOfSale] the same service serves the Web Connector
// of QuickBooks Point of Sale. Intuit discontinued that program on 3 October
// 2023: there are no new licences, so that nothing of this could be tried on an
// installation. It is off by default, a best effort after the description of
// qbposXML 3.0, and tested against the fake only. Do not sell it for new sites.
//
// What is said above holds, except:
//
//   - Points of sale are the stores that the company tells; the id is the number
//     of the store. One that is no longer told is closed. There is one
//     [Config.TimeZone] for all.
//   - The FileID is looked for in the answer to the first query of a run: the
//     Web Connector passes nothing on before.
//   - Menu: read only, until [Config.Department] names the department of new
//     items. Items are recognised by their lookup code (ALU, 20 characters), which
//     is the SKU; names are cut to 30 characters. Items have no mark of ours: if
//     the store is lost, name them in [Config.Adopt]. Nothing in qbposXML takes an
//     item off sale, so that unavailable items, and items of ours that leave the
//     menu, are refused.
//   - Coupons: refused. A price discount holds for listed items between two dates.
//   - Inventory: a count for each store in which the item is counted.
//   - Purchases: sales and returns. A return does not name its sale. A receipt
//     that is reversed is a version with the state voided, its twin is left out;
//     that reversing moves the time of modification is unconfirmed. Receipts on
//     hold, deposits and cash that is paid in or out are no purchases. Saved
//     receipts cannot be deleted. Whether prices of lines hold their discounts or
//     the tax, and the total the tips, is not documented: the reading that adds
//     up to the total is taken. The sign of returned amounts does not count.
//   - Receipts of another store may reach the computer late, when stores exchange
//     their data. [Config.LateBy] says how late: without it, what is older than the
//     overlap is missed.
//   - A set of writes has no id. After a lost response the items are read, and
//     only what is not there yet is sent again.
//   - An edit of a receipt is told by its time of modification and its content.
package quickbooksdesktop
