// Package contracttest compares what clients send and fakes answer with the
// vendors' machine-readable contracts. It is a module of its own, so that no
// host inherits the validator.
//
// The official contracts are not part of this repository: the environment
// variable POS_CONTRACTS names the directory that holds them, with a
// sub-directory per vendor. Tests that need one are skipped without it and
// fail when it is set and the file is missing.
//
// A contract is older than the API version that a client pins, and some have
// mistakes. What deviates is listed as [Deltas], each with its source; all
// else is strict: properties, query parameters and operations that a contract
// does not know are violations too.
package contracttest
