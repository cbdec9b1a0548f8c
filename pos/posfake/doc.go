// Package posfake replaces a point of sale in the unit tests of a host
// service, and says what every simulated point of sale can be told to do.
//
// A [Fake] is both sides in one value: the [pos.Provider] that the host's code
// gets, and the [Simulator] with which the test sells, refunds, cuts the power
// and breaks requests. It lives in memory, needs no credential, takes its time
// from the system clock (which testing/synctest makes virtual) and passes the
// conformance suite of package postest. [Config] sets what it can do, so that
// code which depends on capabilities can be tested with systems that lack
// them.
//
// The fakes of single vendors, which simulate the service behind HTTP, speak
// the same types; see package vendors/kit/fakekit.
package posfake
