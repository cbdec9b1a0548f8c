package inventory

import (
	_ "embed" // for the contract
	"slices"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the OpenAPI 3.1 document, in JSON, of the service as
// integrators call it.
func OpenAPI() []byte { return slices.Clone(openAPI) }
