package bytetechfake

import (
	_ "embed" // for the contract
	"slices"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the OpenAPI 3.1 document, in JSON, of the API that the fake serves.
func OpenAPI() []byte { return slices.Clone(openAPI) }
