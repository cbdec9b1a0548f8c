package events

import (
	"embed"
	"strings"
)

//go:generate go run ../internal/eventschema -root ..

//go:embed schemas/*.json
var schemas embed.FS

// Schema returns the JSON Schema (draft 2020-12) of the payload of a type of
// event, and false if it is none of this package. Within a version of a type,
// schemas only gain optional properties; readers ignore what they do not know.
func Schema(typ string) ([]byte, bool) {
	name, ok := strings.CutPrefix(typ, prefix)
	if !ok {
		return nil, false
	}
	data, err := schemas.ReadFile("schemas/" + name + ".json")
	return data, err == nil
}
