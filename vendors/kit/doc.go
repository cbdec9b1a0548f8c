// Package kit is what a vendor package is built from, inside this module or
// outside: an HTTP client with pacing, retries and token refresh, JSON read
// element by element, webhook verification, a feed of purchases that neither
// loses nor doubles, and the report of a push. A vendor adds what it knows
// (paths, wire structs, error codes, mappings) and no loops of its own.
//
// # A vendor
//
// New takes a Config of plain data and *[Options], which may be nil. It calls
// [Options.Resolve] once, makes a [TokenSource] or a fixed [Authorizer], a
// [Budget] for each rate limit that the vendor publishes, and a [Client] with
// a Classify function that reads the vendor's error bodies:
//
//	c, err := kit.NewClient(kit.ClientConfig{
//		Vendor:   "acme",
//		BaseURL:  cfg.BaseURL,
//		Auth:     kit.BearerAuth(cfg.Token),
//		Budget:   kit.NewBudget(10, 20),
//		Classify: classify,
//	}, opts)
//
// # Calls
//
// [Client.JSON] makes one call with a JSON body and answer. [Client.Do] and
// [EachJSON] read a long page with memory for one element. A write gets a
// [Key] made from its content, so that a retry, a restart or another process
// repeats the same key; a write without one is sent once, and
// [ErrOutcomeUnknown] tells if no answer came. Lists are cut into batches with
// [slices.Chunk].
//
// # Pushes and callbacks
//
// A push collects its outcomes in a [Report]. A webhook embeds a [Verifier];
// the host serves it with [WebhookHandler].
package kit
