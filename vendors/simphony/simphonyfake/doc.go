// Package simphonyfake is a stateful fake of Oracle MICROS Simphony: one
// enterprise with its properties, revenue centers, menu, discounts and guest
// checks in memory, seen through all four interfaces of the product.
//
//	fake, err := simphonyfake.New(simphonyfake.Config{Seed: 1})
//	client := &http.Client{Transport: fake.Transport()} // or point it at fake.URL()
//
// # Interfaces
//
// All of them answer on one host and show the same world:
//
//	/oidc-provider/v1/...                     OpenID Connect with PKCE, driven without a browser
//	/config/sim/v2/... (and v1)               Configuration and Content API (CCAPI)
//	/bi/v1/{org}/...                          Business Intelligence API of Reporting & Analytics
//	/api/v1/..., /api/v2/menus/...            Transaction Services Gen2 (STS2) and its notifications
//	/EGateway/SimphonyPosApiWeb.asmx          Transaction Services Gen1 (TS1), SOAP 1.1 and 1.2
//
// TS1 runs at each property: the first label of the host name chooses it, or
// the path /properties/{locRef}/EGateway/SimphonyPosApiWeb.asmx, or else it is
// the first property. See [Fake.PropertyURL].
//
// # Contract
//
// Names, paths and rules follow the vendor's public documentation: the TS1 WSDL
// and reference guide, the STS Gen2, CCAPI and BI API pages. Unconfirmed, and so
// open to configuration or to be taken with care: the names of a discount's
// percentage and amount ([Config.PercentField], [Config.AmountField]); that the
// option bits of a menu item master count from zero ([Config.OptionBase]); the
// fields of hierarchy units, unavailable items and menu item master
// effectivity; that a guest check's total includes charged tips; that deltas
// repeat all lines of a check ([Config.PartialLines]); the references of
// lines in TS1.
//
// Organization and location references are lower case everywhere.
//
// # What happens at a till
//
// An item is sold where its master is not disabled, its definition is on a
// main and a sub level, its effectivity groups allow it, and a price is in
// force; records lower in the hierarchy win. Automatic discounts apply by
// themselves; the others when a sale's code is the discount's object number or
// one of its external references. Discounts are computed by [pos.Price], tax is
// rounded half away from zero on each line.
//
// A refund is a check of its own with return lines, which names no sale, or,
// with [Config.ReopenReturns], return lines on the reopened check. A void
// reopens the check and voids all of it. A property without connection keeps
// its sales and posts them when it is back: Sell then returns a record of
// version 0, and the ledger shows the sale once it is posted.
package simphonyfake
