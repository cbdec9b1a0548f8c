// Package quickbooksdesktopfake simulates a computer with QuickBooks Desktop:
// the company file and the Web Connector, which calls the service of package
// quickbooksdesktop.
//
// A [Fake] is a client. [Fake.RunOnce] makes one update in the documented order
// of calls, serverVersion, clientVersion, authenticate, sendRequestXML,
// receiveResponseXML and closeConnection, with all the ways in which the service
// may end it; [Fake.RunUntilIdle] and [Fake.AutoRun] make several. Nothing runs
// by itself, and the only wait is the one that NoOp asks for, on the fake's
// clock. The computer may be off, fail to open its company file, lose a reply
// between QuickBooks and the service, or meet a second computer with the same
// user ([Fake.Authenticate]).
//
// QuickBooks reads qbXML 13.0 as strictly as its schema: an element out of place
// or a value out of range gets a message set refused with 0x80040400. It keeps
// message sets by newMessageSetID, iterators until the session ends, edit
// sequences, and times as wall clock times with the offset of winter. Every
// qbXML message is logged and struck by faults like a request of other fakes.
// What a set of messages that was broken off does when it is sent again is not
// documented: here it is completed.
//
// A [POS] is a computer with QuickBooks Point of Sale behind the same Web
// Connector.
//
// Not simulated in QuickBooks Desktop: tips, refused payments, forgotten counts,
// group items, levels of lists, multicurrency, reports.
package quickbooksdesktopfake
