package bytetechfake_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

// schema is the part of JSON Schema that openapi.json uses.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"`
	Enum       []any              `json:"enum"`
	Required   []string           `json:"required"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	AnyOf      []*schema          `json:"anyOf"`
	Pattern    string             `json:"pattern"`
	Minimum    *float64           `json:"minimum"`
	Maximum    *float64           `json:"maximum"`
}

type content struct {
	Ref     string `json:"$ref"`
	Content map[string]struct {
		Schema *schema `json:"schema"`
	} `json:"content"`
}

type operation struct {
	OperationID string             `json:"operationId"`
	Responses   map[string]content `json:"responses"`
}

type document struct {
	OpenAPI    string                          `json:"openapi"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas   map[string]*schema `json:"schemas"`
		Responses map[string]content `json:"responses"`
	} `json:"components"`
}

func loadDocument(t *testing.T) *document {
	t.Helper()
	var d document
	if err := json.Unmarshal(bytetechfake.OpenAPI(), &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// check reports where an answer differs from the document.
func (d *document) check(method, path string, status int, body []byte) []string {
	op, ok := d.find(method, path)
	if !ok {
		return nil // answered by no operation
	}
	c, ok := op.Responses[strconv.Itoa(status)]
	if !ok {
		return []string{fmt.Sprintf("%s has no answer %d", op.OperationID, status)}
	}
	if c.Ref != "" {
		c = d.Components.Responses[c.Ref[strings.LastIndex(c.Ref, "/")+1:]]
	}
	s := c.Content["application/json"].Schema
	if s == nil {
		if len(body) > 0 {
			return []string{"a body where none is described"}
		}
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return []string{err.Error()}
	}
	var out []string
	d.walk(s, v, op.OperationID, &out)
	return out
}

func (d *document) find(method, path string) (operation, bool) {
	path, _, _ = strings.Cut(path, "?")
	best, bestLiterals := operation{}, -1
	for template, methods := range d.Paths {
		op, ok := methods[strings.ToLower(method)]
		if !ok {
			continue
		}
		want, got, literals := strings.Split(template, "/"), strings.Split(path, "/"), 0
		if len(want) != len(got) || !slices.EqualFunc(want, got, func(w, g string) bool {
			if w == g {
				literals++
			}
			return w == g || strings.HasPrefix(w, "{")
		}) {
			continue
		}
		if literals > bestLiterals {
			best, bestLiterals = op, literals
		}
	}
	return best, bestLiterals >= 0
}

func (d *document) walk(s *schema, v any, at string, out *[]string) {
	if s.Ref != "" {
		d.walk(d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]], v, at, out)
	}
	if s.AnyOf != nil && !slices.ContainsFunc(s.AnyOf, func(o *schema) bool {
		var inner []string
		d.walk(o, v, at, &inner)
		return len(inner) == 0
	}) {
		*out = append(*out, at+": matches no alternative")
		d.walk(s.AnyOf[0], v, at, out)
	}
	if s.Enum != nil && !slices.Contains(s.Enum, v) {
		*out = append(*out, fmt.Sprintf("%s: %v is not in %v", at, v, s.Enum))
	}
	if s.Type != nil && !slices.Contains(types(s.Type), kindOf(v)) && (kindOf(v) != "integer" || !slices.Contains(types(s.Type), "number")) {
		*out = append(*out, fmt.Sprintf("%s: %v is no %v", at, v, s.Type))
		return
	}
	switch v := v.(type) {
	case string:
		if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(v) {
			*out = append(*out, fmt.Sprintf("%s: %q does not match %s", at, v, s.Pattern))
		}
	case float64:
		if s.Minimum != nil && v < *s.Minimum || s.Maximum != nil && v > *s.Maximum {
			*out = append(*out, fmt.Sprintf("%s: %v is out of range", at, v))
		}
	case []any:
		for i, e := range v {
			if s.Items != nil {
				d.walk(s.Items, e, fmt.Sprintf("%s[%d]", at, i), out)
			}
		}
	case map[string]any:
		d.walkObject(s, v, at, out)
	}
}

func (d *document) walkObject(s *schema, v map[string]any, at string, out *[]string) {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			*out = append(*out, at+": "+name+" is missing")
		}
	}
	for name, e := range v {
		switch p, ok := s.Properties[name]; {
		case ok:
			d.walk(p, e, at+"."+name, out)
		case s.Properties != nil:
			*out = append(*out, at+": "+name+" is not described")
		}
	}
}

func types(t any) []string {
	if list, ok := t.([]any); ok {
		var out []string
		for _, e := range list {
			out = append(out, e.(string))
		}
		return out
	}
	return []string{t.(string)}
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// TestRoutesMatchDocument keeps the fake and openapi.json in step.
func TestRoutesMatchDocument(t *testing.T) {
	t.Parallel()
	d := loadDocument(t)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", d.OpenAPI)
	}
	described := map[string]string{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			described[op.OperationID] = strings.ToUpper(method) + " " + path
		}
	}
	served := map[string]string{}
	for _, r := range newFake(t, bytetechfake.Config{}).Routes() {
		served[r.Op] = r.Pattern
		method, _, _ := strings.Cut(r.Pattern, " ")
		if write := method != http.MethodGet && r.Op != "issueToken"; write != r.Write {
			t.Errorf("%s: write is %v", r.Op, r.Write)
		}
	}
	if diff := cmp.Diff(described, served); diff != "" {
		t.Errorf("document and routes differ (-document +routes):\n%s", diff)
	}
}
