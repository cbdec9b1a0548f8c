// Package contracttest compares what clients send and fakes answer with the
// vendors' machine-readable contracts. It is a module of its own, so that no
// host inherits the validator.
//
// The official contracts are not part of this repository: the environment
// variable POS_CONTRACTS names the directory that holds them, with a
// sub-directory per vendor. Tests that need one are skipped without it and
// fail when it is set and the file is missing. SOAP envelopes are validated
// with xmllint as well, from the Debian package libxml2-utils, which must be
// installed then.
//
// SOAP is also spoken with a stack that shares no code with ours, the npm
// package soap with the vendors' WSDLs: its server with our client, its client
// with our servers. Square's own SDK, the npm package square, does the five
// jobs with our fake. The environment variable POS_NODE names the directory in
// which npm has installed testdata/node; without it these tests are skipped.
//
// A contract is older than the API version that a client pins, and some have
// mistakes. What deviates is listed as [Deltas], each with its source; all
// else is strict: properties, query parameters and operations that a contract
// does not know are violations too.
package contracttest
