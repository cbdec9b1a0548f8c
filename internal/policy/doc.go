// Package policy holds tests that keep the rules of the repository: who may
// import whom, which modules a package may link, what every package and every
// vendor must document. It has no code; see DESIGN.md for the reasons.
package policy
