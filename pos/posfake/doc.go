// Package posfake replaces a point of sale in the tests of a host service.
package posfake
