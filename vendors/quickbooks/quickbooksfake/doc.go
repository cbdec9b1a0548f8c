// Package quickbooksfake simulates a company in QuickBooks Online: the
// Accounting API v3 with its query language, batches, change data capture,
// OAuth 2.0 and signed webhooks, written from the vendor's documentation.
//
//	fake, err := quickbooksfake.New(quickbooksfake.Config{Locations: 3, Items: 20})
//	defer fake.Close()
//	client := &http.Client{Transport: fake.Transport()} // or point a client at fake.URL()
//	sale, err := fake.Sell(posfake.Sale{Location: fake.LocationIDs()[0], Lines: []posfake.SaleLine{{SKU: "HOST-1"}}})
//
// The fake is a [posfake.Simulator]. QuickBooks is no till: a connector writes
// what tills sell into the company, as sales receipts with a department,
// refunds as refund receipts, unpaid sales as invoices and their payments as
// payments. Records of the ledger are named after entity and id, such as
// SalesReceipt:812, because ids are unique within one entity only. Locations
// are departments with ids of the company's choice; the simulator's methods
// also take the ids of the seeds. The control endpoint under /_fake/ does the
// same from outside; package fakekit documents it.
//
// # What it simulates
//
// Sparse and full updates with SyncToken; names that are unique among active
// entries, and the suffix of inactive ones; one price, one quantity and one
// active flag per company; computed lines, tax and totals; void and delete;
// repeated document numbers; queries with their limits and hidden properties;
// batches whose items fail one by one; change data capture cut at a thousand;
// request ids; rotating refresh tokens; request limits and metered reads;
// notifications in both formats, held back behind one that is not accepted.
// Quantities move with sales and adjustments without touching the item's time
// of change.
//
// # What it does not
//
// Requests in XML (answers are in XML where a client does not accept JSON);
// other countries' tax codes; foreign currencies; group items, estimates, purchases, journals,
// reports, attachments; power and opening of tills. Operations, for scripted
// faults and in the request log, are named after verb and entity: CreateItem,
// UpdateItem, VoidSalesReceipt, QueryItem, ReadPreferences; and CDC, Batch,
// Token, Revoke, Authorize. Where the documentation is silent the choice is
// marked "unconfirmed" in the code.
package quickbooksfake
