// Package pointofsale is the map of this module: one typed library over many
// points of sale. It holds no code.
//
// # What is where
//
//   - pos: the contract. [pos.Provider] is the interface that hosts hold; menus,
//     coupons, status, inventory and purchases are its models.
//   - vendors: one directory for each system, with the provider, its webhook and
//     its fake. A host links only the vendors it imports.
//   - vendors/kit: what a vendor is built from, here or in a repository of your own.
//   - fridge, kiosk: the Smart Fridge Integrator and the Kiosk Integrator, ready
//     to embed into a service.
//   - events: what integrators and services tell each other, as CloudEvents.
//   - pos/inventory: the way to the inventory service.
//   - pos/posfake, pos/postest: a point of sale in memory for the tests of a
//     host, and the conformance suite for the tests of a vendor.
//   - examples: programs to run. Begin with "go run ./examples/quickstart".
//
// # Guarantees
//
// Following a cursor delivers every version of every sale, and none twice.
// Pushes state what should hold, write the least and may be repeated. What
// Farmacy does not own is never touched. What a system cannot do is refused
// before any request, with the reason and the nearest thing that it can.
//
// internal/docs/DESIGN.md tells how it is made, and why.
//
//go:generate go run ./internal/matrix
package pointofsale
