// Package simphony speaks to Oracle MICROS Simphony: one provider made of
// those of its four interfaces that are configured.
//
//	p, err := simphony.New(simphony.Config{
//		Account: "campus", Org: "farmacy",
//		OIDC:  &simphony.OIDC{BaseURL: "https://idcs.example.com"},
//		BI:    &simphony.BI{Endpoint: simphony.Endpoint{BaseURL: "https://ra.example.com", ClientID: id, Username: user, Password: password}},
//		CCAPI: &simphony.CCAPI{...},
//		STS2:  &simphony.STS2{...},
//	}, nil)
//
// A location is a property, known by its locRef in lower case, whatever the
// number of its revenue centers: prices, time zones and checks belong to
// properties, and R&A can be asked for nothing smaller by its key. Where
// Farmacy has only some revenue centers of a property, [Property] names them;
// then status, availability and purchases are those of these, while the menu
// remains that of the property.
//
// # Authentication
//
// STS2, CCAPI and BI each have API accounts of their own at one OpenID
// provider. The provider signs in without a browser, by the code flow with
// PKCE, and sends the ID token. Tokens live for 14 days and are renewed after
// 7; they are kept in [kit.Options].Store. A password that was refused is not
// tried again for 15 minutes: the portal locks accounts. TS1 has no
// authentication: reach it through a tunnel or https.
//
// # Environments
//
// There is no public sandbox. Addresses come from the enterprise parameters of
// the customer's management console; static headers and base paths can be set
// for each interface, since gateways stand before many of them. TS1's namespace
// and SOAPAction are configurable because servers differ.
//
// # Jobs
//
// Menu and coupons go through CCAPI (JSON over POST, and bulk files). Status
// comes from STS2, else from TS1. Inventory, in stock or not, comes from STS2,
// else from TS1. Purchases come from BI, else from TS1 by SOAP polling; STS2 is
// never polled for checks, which its terms forbid. A job whose interface is not
// configured is refused with the reason.
//
// # Cursor guarantee
//
// BI: today is asked with every poll, with yesterday in the first six hours of
// a day; the seven days before and the next once an hour, those up to 31 days
// back once a day, each at an hour of its own; always from two hours before the
// time up to which BI had answered. So every version of a check that Reporting
// & Analytics gets to know within 31 days of its business date is delivered,
// once; late ones up to a day later. An idle poll is one call for each
// property. TS1: an idle poll is two calls for each property; details are asked
// for when the summary changed, and again after [TS1.RereadAfter]. A cursor
// covers at most 20 properties.
//
// # Limits
//
// Oracle publishes none. The rates are set by RequestsPerSecond; BI is called
// eight times at once at most, TS1 once at a time for each property. Bulk files
// hold [CCAPI.BulkSize] records. SKUs and coupon ids have at most 32 characters
// and descriptions 1,024.
//
// # Money and time
//
// Amounts are decimals in major units and are read exactly; the few with more
// digits than the currency are rounded half away from zero. Whether tax is part
// of the prices, and the tip part of the total, follows from the tax type and
// from what adds up. BI's times are UTC, TS1's are local to the property and
// are read in its zone. Business dates are BI's own; with TS1 they follow from
// [Config.DayStart].
//
// # Unsupported
//
// Coupon codes, limits on use, minimum purchases and discounts on single items
// are refused: the discount record is not documented in full. Counts of stock
// and expiry exist nowhere. Opening hours, doors and temperatures are not
// known. Taking a meal off sale for a day ("86") is left to the till. Categories
// are carried as far as [CCAPI.FamilyGroups] names their groups. Single checks
// cannot be read by id.
//
// # Totals of a day
//
// [Provider.DayTotals] are BI's control totals, one call for each property and
// date: how many checks were closed on the business date, cancelled ones
// included, and the sum of their totals, which returns reduce. It is not
// confirmed that cancelled checks are counted, nor on which date a check counts
// that was closed, reopened and closed again on another one.
//
// # Webhooks
//
// STS2 sends notifications of checks, properties and configuration, once and
// never again, to https hosts on port 443. [Provider.Subscribe] registers them.
// A change of the configuration is reported as news for [pos.JobInventory].
//
// # Errors
//
// The cause of an error is a [*Problem] for the REST interfaces, a [*Refusal]
// for TS1's operational results, and a fault of package soapkit for SOAP
// faults. CCAPI's bulk requests report single records that failed with the next
// push.
package simphony
