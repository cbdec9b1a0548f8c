// Package bytetechfake is a stateful fake of the Byte Technology cloud for
// RFID smart fridges: catalogue, discounts, heartbeats, tags and transactions
// in memory, behind the HTTP API that openapi.json describes.
//
//	fake, err := bytetechfake.New(bytetechfake.Config{Kiosks: 2, Products: 10, TagsPerKiosk: 30})
//	client := &http.Client{Transport: fake.Transport()} // or point it at fake.URL()
//
// # Contract
//
// Byte Technology publishes no API reference. Objects and rules follow the
// vendor's public help centre (support.bytetechnology.co); paths, field names,
// webhooks, limits and error codes follow comparable smart-fridge clouds and
// are unconfirmed.
//
// # What happens by itself
//
// Everything is derived from the fake's clock when somebody looks: heartbeats
// every 600 seconds, the capture of payments, the settling of refunds, the
// start and end of discounts, the expiry of packages. No goroutine runs per
// kiosk, and a clock moved by thirty days is caught up with in one step.
//
// # What a simulated fridge cannot do
//
// Fridges take no tips, no cash and no writes to their inventory, and a
// captured sale cannot be voided; the methods of [posfake.Simulator] answer
// [posfake.ErrNotSimulated] there. An offline fridge keeps its sales and sends
// them when it is back: Sell then returns a record of version 0, and the
// ledger shows the sale once the cloud has it.
package bytetechfake
