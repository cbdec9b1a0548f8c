// Package postest is the conformance suite that every provider passes, inside
// this module and outside.
//
// A vendor's test opens its provider on a simulator and hands both to [Run]:
//
//	func TestConformance(t *testing.T) {
//		postest.Run(t, func(t *testing.T) postest.Harness {
//			fake := acmefake.New(acmefake.Config{Locations: ...})
//			provider, err := acme.New(acme.Config{HTTPClient: fake.Client()})
//			...
//			return postest.Harness{Provider: provider, Sim: fake}
//		})
//	}
//
// Every case opens a harness of its own inside a testing/synctest bubble:
// time is virtual, waiting costs nothing, and nothing may use a socket (use
// the fake's transport). A bubble begins on 20 October 2026, shortly before
// clocks change in Europe and America. The account needs two open locations
// with one currency, better in different time zones, and an empty catalogue.
//
// A failure begins with the case and the rows that it shows. A provider that
// panics, or reads without end, fails that case only; one that neither returns
// nor minds its context ends the test with the name of the case and the method.
//
// Cases are named after what they show, and carry the numbers of the rows of
// [Rows]. What a provider's capabilities exclude is not skipped in silence:
// Run logs each row that does not apply with the capability that says so, and
// [Applicability] returns the same as data.
package postest
