// Package fakekit is what the fakes of point-of-sale vendors share: a server
// around the vendor's routes with request log, scripted faults, clock and
// control endpoint, a transport without sockets, a webhook sender, and small
// helpers for page tokens, rate limits, ledgers and seeded data. Anyone may
// build a fake of a further vendor on it.
//
// A fake embeds a [Server] and gives it its operations:
//
//	f.Server = fakekit.NewServer(fakekit.Config{Simulator: f},
//		fakekit.Route{Op: "ListSales", Pattern: "GET /sales", Handler: f.listSales},
//		fakekit.Route{Op: "PutItem", Pattern: "PUT /items/{sku}", Write: true, Handler: f.putItem})
//
// Tests reach it without a socket through [Server.Transport], other processes
// through [Server.URL]. [Server.Intercept] replaces single answers.
//
// # Faults
//
// [Server.Inject] takes every [posfake.Fault]. The server shows status,
// latency, reset, lost_reply, truncate and malformed by itself. The vendor's
// handlers show duplicate, token, page_token, scope, widened and omit where
// [Struck] tells them to, and look up stale_reads with [Server.Standing]; a [Sender] does
// the same for silence and repeat. A kind missing from Config.Faults is refused
// with [posfake.ErrNotSimulated]. Faults of different kinds combine on one
// request. Silence, repeat and stale_reads last until they are cleared.
//
// # Control endpoint
//
// Under /_fake/ a fake with a simulator can be driven from outside, in JSON.
// These requests are neither logged nor hit by faults. Unknown fields are
// refused. An error is {"error": "...", "status": n}: 400 for a bad body, 404 for
// an unknown path or fault, 422 for what the simulator refuses, 501 for what
// the simulated system does not have. Requests without a result answer {"ok": true}.
//
// The bodies of sell, refund, edit and void are a [posfake.Sale],
// [posfake.Refund], [posfake.Edit] and an id; the answer is the
// [posfake.Record] that was booked.
//
//	POST /_fake/sell     {"location":"L0001","lines":[{"sku":"FARM-001","quantity":2}],"codes":["SPRING"],"tip":100}
//	POST /_fake/refund   {"id":"ord_1","amount":500,"reason":"spoiled"}
//	POST /_fake/edit     {"id":"ord_1","tip":200}
//	POST /_fake/void     {"id":"ord_1"}
//	POST /_fake/stock    {"location":"L0001","sku":"FARM-001","quantity":12}      null: not counted
//	POST /_fake/online   {"location":"L0001","online":false}
//	POST /_fake/location {"id":"L0099","name":"Lobby","time_zone":"America/Chicago","currency":"USD"}
//	DELETE /_fake/location/L0099
//	POST /_fake/foreign  {"sku":"COLA","name":"Cola","price":250}
//
// A fault is a [posfake.Fault], its latency also as text; the answer is
// {"id": n}, with which it can be ended before it has run out.
//
//	POST /_fake/fault    {"kind":"status","op":"SearchOrders","status":429,"retry_after":"2","times":3}
//	POST /_fake/fault    {"kind":"latency","latency":"1.5s","times":-1}
//	DELETE /_fake/fault/1
//	DELETE /_fake/fault                                                            all of them
//
// Time only moves forward; both requests answer {"now": "2026-11-23T12:00:00Z"}.
//
//	POST /_fake/clock    {"advance":"10m"}
//	GET /_fake/clock
//
// The rest reads: arrays of [posfake.Record], [posfake.Request] and
// [posfake.MenuRow].
//
//	GET /_fake/ledger
//	GET /_fake/requests
//	GET /_fake/menu
//
// A fake may have requests of its own beside these; see [Command].
package fakekit
