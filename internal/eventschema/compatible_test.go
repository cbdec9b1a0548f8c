package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// breaks lists why readers and writers of the old schema cannot go on with
// the new one: within a version, a payload may only gain optional properties.
func breaks(before, after []byte) ([]string, error) {
	var o, n map[string]any
	if err := json.Unmarshal(before, &o); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &n); err != nil {
		return nil, err
	}
	c := comparison{before: o, after: n, seen: make(map[[2]string]bool)}
	c.compare("", o, n)
	return c.found, nil
}

type comparison struct {
	before, after map[string]any
	found         []string
	seen          map[[2]string]bool // pairs of definitions
}

func (c *comparison) add(path, format string, args ...any) {
	if path == "" {
		path = "payload"
	}
	c.found = append(c.found, path+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) compare(path string, o, n map[string]any) {
	oldRef, _ := o["$ref"].(string)
	newRef, _ := n["$ref"].(string)
	if oldRef != "" && newRef != "" {
		if c.seen[[2]string{oldRef, newRef}] {
			return
		}
		c.seen[[2]string{oldRef, newRef}] = true
	}
	o, n = resolve(c.before, o), resolve(c.after, n)
	for _, keyword := range []string{"type", "format", "enum"} {
		if !reflect.DeepEqual(o[keyword], n[keyword]) {
			c.add(path, "%s was %v and is %v", keyword, o[keyword], n[keyword])
		}
	}
	for _, value := range list(o["examples"]) {
		if !slices.Contains(list(n["examples"]), value) {
			c.add(path, "value %v is gone", value)
		}
	}
	if items, ok := o["items"].(map[string]any); ok {
		after, _ := n["items"].(map[string]any)
		c.compare(path+"[]", items, after)
	}
	c.properties(path, o, n)
}

func (c *comparison) properties(path string, o, n map[string]any) {
	before, _ := o["properties"].(map[string]any)
	after, _ := n["properties"].(map[string]any)
	was, is := list(o["required"]), list(n["required"])
	for _, name := range slices.Sorted(maps.Keys(before)) {
		at := path + "/" + name
		if after[name] == nil {
			c.add(at, "is gone; removing or renaming a property needs a new version of the type")
			continue
		}
		if slices.Contains(was, any(name)) && !slices.Contains(is, any(name)) {
			c.add(at, "was always there and is optional now")
		}
		oldSchema, _ := before[name].(map[string]any)
		newSchema, _ := after[name].(map[string]any)
		c.compare(at, oldSchema, newSchema)
	}
	for _, name := range is {
		if !slices.Contains(was, name) {
			c.add(fmt.Sprint(path, "/", name), "is required now; give the field omitempty or omitzero")
		}
	}
}

// resolve follows a reference into the definitions.
func resolve(root, schema map[string]any) map[string]any {
	ref, ok := schema["$ref"].(string)
	if !ok {
		return schema
	}
	defs, _ := root["$defs"].(map[string]any)
	def, _ := defs[ref[len("#/$defs/"):]].(map[string]any)
	return def
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}
