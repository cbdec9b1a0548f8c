package events_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/farmacyfoods/pointofsale/events"
)

func ExampleSchema() {
	text, _ := events.Schema(events.TypeInventoryChanged)
	var schema struct {
		Schema     string `json:"$schema"`
		Title      string
		Properties map[string]struct{ Description string }
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(schema.Title)
	fmt.Println(schema.Properties["full"].Description)
	// Output:
	// inventory.changed.v1
	// full says that the location was read as a whole; otherwise lines counts what changed.
}

func TestSchemaOfOtherTypes(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"", "com.example.x.v1", "com.farmacyfoods.pos.unknown.v1", "com.farmacyfoods.pos.../schemas/alarm", "com.farmacyfoods.pos."} {
		if schema, ok := events.Schema(typ); ok || schema != nil {
			t.Errorf("%q has a schema", typ)
		}
	}
}
