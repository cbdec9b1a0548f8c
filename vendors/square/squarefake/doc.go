// Package squarefake simulates Square's Connect v2 API: a stateful service with
// catalogue, pricing rules, orders, payments, refunds, stock, devices, OAuth
// and signed webhooks, written from the vendor's documentation.
//
//	fake := squarefake.New(squarefake.Config{Locations: 3, Items: 20})
//	defer fake.Close()
//	client := &http.Client{Transport: fake.Transport()} // or point a client at fake.URL()
//	sale, err := fake.Sell(posfake.Sale{Location: "L0001", Lines: []posfake.SaleLine{{SKU: "FARM-001"}}})
//
// The fake is a [posfake.Simulator]: it sells, refunds, edits and voids as the
// tills of the seller would, keeps a ledger of every version that clients can
// see, and shows scripted faults. The control endpoint under /_fake/ does the
// same from outside; package fakekit documents it.
//
// # What it simulates
//
// Catalogue writes are whole-object replacements with versions, batches are
// all-or-nothing, one write at a time is let in, unknown fields are kept, and
// sold_out cannot be written. Sales are priced by the stored catalogue: price
// per location, taxes, pricing rules in force in the location's zone. Square
// has no coupon codes: a code given with a sale stands for the discount of that
// name that staff tap on the till, provided no pricing rule uses it. Sales at
// the till fire payment, refund and inventory webhooks but no order webhooks;
// refunds are orders of their own; offline sales arrive with an old
// client_created_at and a new updated_at.
//
// # What it does not
//
// Loyalty, gift cards, modifiers on orders, invoices, subscriptions, bookings
// and customer data. GraphQL is not served. Where the documentation is silent
// the choice is marked "unconfirmed" in the code.
package squarefake
