// Package inventoryhttp is the client of Farmacy's inventory service: an
// [inventory.Service] that hands stock over by HTTP.
//
//	service, err := inventoryhttp.New(inventoryhttp.Config{
//		BaseURL: "https://inventory.example.com",
//		Token:   pos.NewSecret(os.Getenv("INVENTORY_TOKEN")),
//	}, nil)
//
// The contract is [inventory.OpenAPI]. The client is a package of its own so
// that package inventory, which every integrator links, needs no HTTP client.
//
// # Calls
//
// A batch of one is a PUT or PATCH of its location; larger ones are posted as
// a batch. Calls are paced, and repeated after failures that may pass: the
// service recognises a snapshot by its key. If it refuses a batch as a whole,
// because it is too large or has something in it that cannot be read, the
// halves are sent on their own until the snapshot concerned stands alone and
// has its error in its receipt.
//
// # Errors
//
// Errors in receipts match [pos.ErrConflict] or [pos.ErrInvalid] as
// [inventory.Receipt] says, or neither if the service gave another reason; the
// snapshot may be handed over again then. [errors.As] reaches the service's own
// words as a [*Refusal]. Snapshots that do not validate are refused without a
// call.
package inventoryhttp
