// Command eventschema writes the JSON Schemas of event payloads into
// events/schemas, one file for each type of event, from the Go types of
// packages events and pos and their comments.
//
// It is run by go generate in package events; -check only reports whether the
// files are up to date. A constant of type of event names its payload in its
// comment: "payload Purchase", or "payload MenuCommand without menu" if a
// property of the struct does not belong to that event.
//
// A field without omitempty or omitzero is required: it is always written.
// Properties that are not listed are allowed, so that payloads can grow.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	root := flag.String("root", ".", "directory of the module")
	check := flag.Bool("check", false, "report stale files instead of writing them")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "eventschema:", err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	want, err := generate(root)
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "events", "schemas")
	have, err := read(dir)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if want[name] != nil {
			continue
		}
		if check {
			return fmt.Errorf("events/schemas/%s belongs to no type of event: run go generate ./events", name)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if bytes.Equal(have[name], want[name]) {
			continue
		}
		if check {
			return fmt.Errorf("events/schemas/%s is stale: run go generate ./events", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), want[name], 0o644); err != nil { //nolint:gosec // a public document
			return err
		}
	}
	return nil
}

// read returns the files of a directory by name.
func read(dir string) (map[string][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, p := range paths {
		if files[filepath.Base(p)], err = os.ReadFile(p); err != nil { //nolint:gosec // the caller names the module
			return nil, err
		}
	}
	return files, nil
}

// generate returns the schemas by file name.
func generate(root string) (map[string][]byte, error) {
	src, err := parse(root, "events", "pos")
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, t := range src.eventTypes() {
		schema, err := src.schema(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		files[t.name+".json"] = schema
	}
	return files, nil
}
