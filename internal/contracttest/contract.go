package contracttest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Env names the environment variable with the directory of the contracts.
const Env = "POS_CONTRACTS"

// File returns the content of a contract file, uncompressed if its name ends
// in .gz. It skips the test when [Env] is not set, and fails it when the file
// is not there.
func File(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv(Env)
	if dir == "" {
		t.Skipf("%s is not set: official contract %s not compared", Env, name)
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatalf("%s is set, but: %v", Env, err)
	}
	if strings.HasSuffix(name, ".gz") {
		data, err = gunzip(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return data
}

func gunzip(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Deltas lists where an API is known to differ from its contract file. An
// entry that does not fit the file is an error, so that the list cannot rot.
type Deltas struct {
	// Unresolved are references that lead nowhere in the file; what they stand
	// for is not checked.
	Unresolved []string
	// Properties adds properties: component schema, property, JSON schema.
	Properties map[string]map[string]string
	// Values adds enum values to component schemas.
	Values map[string][]string
	// Operations are "METHOD /path" of operations that the file does not have.
	Operations []string
	// SharedErrors says that the file declares answers for success only, and
	// that failures have the same schema.
	SharedErrors bool
}

// Contract is a loaded contract. It is safe for concurrent use.
type Contract struct {
	doc     *openapi3.T
	router  routers.Router
	unknown []string
}

// Parse reads an OpenAPI 3.0 or 3.1 document in JSON.
func Parse(data []byte, deltas Deltas) (*Contract, error) {
	var doc map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	if err := deltas.apply(doc); err != nil {
		return nil, err
	}
	closeObjects(doc["paths"])
	closeObjects(doc["components"])
	prepared, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	loaded, err := openapi3.NewLoader().LoadFromData(prepared)
	if err != nil {
		return nil, err
	}
	loaded.Servers = nil // Fakes answer on other hosts.
	router, err := gorillamux.NewRouter(loaded)
	if err != nil {
		return nil, err
	}
	return &Contract{doc: loaded, router: router, unknown: deltas.Operations}, nil
}

// Operations lists "METHOD /path" of every operation of the contract, sorted.
func (c *Contract) Operations() []string {
	var all []string
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, method+" "+path)
		}
	}
	slices.Sort(all)
	return all
}

func (d Deltas) apply(doc map[string]any) error {
	schemas, ok := at(doc, "components", "schemas").(map[string]any)
	if !ok {
		return errors.New("contract has no components/schemas")
	}
	errs := []error{d.addProperties(schemas), d.addValues(schemas), d.dropUnresolved(doc, schemas)}
	if d.SharedErrors {
		shareErrors(doc)
	}
	return errors.Join(errs...)
}

func (d Deltas) addProperties(schemas map[string]any) error {
	var errs []error
	for name, added := range d.Properties {
		properties, ok := at(schemas, name, "properties").(map[string]any)
		if !ok {
			errs = append(errs, fmt.Errorf("delta: no schema %s with properties", name))
			continue
		}
		for property, text := range added {
			var schema any
			if err := json.Unmarshal([]byte(text), &schema); err != nil {
				errs = append(errs, fmt.Errorf("delta: %s.%s: %w", name, property, err))
			}
			if properties[property] != nil {
				errs = append(errs, fmt.Errorf("delta: the contract has %s.%s already", name, property))
			}
			properties[property] = schema
		}
	}
	return errors.Join(errs...)
}

func (d Deltas) addValues(schemas map[string]any) error {
	var errs []error
	for name, added := range d.Values {
		schema, _ := schemas[name].(map[string]any)
		values, ok := schema["enum"].([]any)
		if !ok {
			errs = append(errs, fmt.Errorf("delta: no enum schema %s", name))
			continue
		}
		for _, v := range added {
			if slices.Contains(values, any(v)) {
				errs = append(errs, fmt.Errorf("delta: enum %s has %s already", name, v))
			}
			values = append(values, v)
		}
		schema["enum"] = values
	}
	return errors.Join(errs...)
}

// dropUnresolved empties the listed references and complains about others
// that lead nowhere.
func (d Deltas) dropUnresolved(doc, schemas map[string]any) error {
	var errs []error
	used := make(map[string]bool)
	eachObject(doc, func(o map[string]any) {
		ref, ok := o["$ref"].(string)
		if !ok {
			return
		}
		name, local := strings.CutPrefix(ref, "#/components/schemas/")
		_, known := schemas[name]
		switch {
		case local && known, strings.HasPrefix(ref, "#/") && !local:
		case slices.Contains(d.Unresolved, ref):
			used[ref] = true
			clear(o)
		default:
			errs = append(errs, fmt.Errorf("contract: reference %s leads nowhere", ref))
		}
	})
	for _, ref := range d.Unresolved {
		if !used[ref] {
			errs = append(errs, fmt.Errorf("delta: the contract has no unresolved reference %s", ref))
		}
	}
	return errors.Join(errs...)
}

// shareErrors declares the answer of success for every other status as well.
func shareErrors(doc map[string]any) {
	paths, _ := doc["paths"].(map[string]any)
	for _, item := range paths {
		methods, _ := item.(map[string]any)
		for _, operation := range methods {
			responses, _ := at(operation, "responses").(map[string]any)
			if responses["200"] != nil && responses["default"] == nil {
				responses["default"] = responses["200"]
			}
		}
	}
}

// closeObjects forbids properties that an object schema does not list, and
// lets a nullable reference be null, which OpenAPI 3.0 does not express.
func closeObjects(node any) {
	eachObject(node, func(o map[string]any) {
		if _, ok := o["properties"].(map[string]any); ok && o["type"] == "object" && o["additionalProperties"] == nil {
			o["additionalProperties"] = false
		}
		if ref := o["$ref"]; ref != nil && o["nullable"] == true {
			delete(o, "$ref")
			o["allOf"] = []any{map[string]any{"$ref": ref}}
		}
	})
}

// eachObject visits every JSON object below node, the outer one first.
func eachObject(node any, visit func(map[string]any)) {
	switch n := node.(type) {
	case map[string]any:
		visit(n)
		for _, child := range n {
			eachObject(child, visit)
		}
	case []any:
		for _, child := range n {
			eachObject(child, visit)
		}
	}
}

// at follows keys through nested objects; nil when one is missing.
func at(node any, keys ...string) any {
	for _, k := range keys {
		m, ok := node.(map[string]any)
		if !ok {
			return nil
		}
		node = m[k]
	}
	return node
}
