package contracttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Violation is one difference between traffic and contract.
type Violation struct {
	Operation string // "METHOD /path/{parameter}", or the request's own path when the contract has none
	Side      string // "request" or "response"
	Status    int    // of the response; 0 for requests
	Location  string // JSON pointer, or "query name", "header name"
	Message   string
}

// String returns the violation on one line.
func (v Violation) String() string {
	side := v.Side
	if v.Status != 0 {
		side = fmt.Sprintf("%s %d", side, v.Status)
	}
	return fmt.Sprintf("%s: %s: %s: %s", v.Operation, side, v.Location, v.Message)
}

// Recorder is a transport that passes requests on and compares them and their
// answers with a contract. It is safe for concurrent use.
type Recorder struct {
	contract *Contract
	base     http.RoundTripper

	mu         sync.Mutex
	violations []Violation
	seen       map[string]int
}

// Record returns a recorder in front of base.
func (c *Contract) Record(base http.RoundTripper) *Recorder {
	return &Recorder{contract: c, base: base, seen: make(map[string]int)}
}

// RoundTrip implements [http.RoundTripper]. Violations are collected; they do
// not make it fail.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := readBody(&req.Body)
	if err != nil {
		return nil, err
	}
	check := r.contract.newCheck(req, body)
	r.add(check.operation, check.request())
	res, err := r.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := readBody(&res.Body)
	if err != nil {
		return nil, err
	}
	r.add("", check.response(res, answer))
	return res, nil
}

// readBody reads a body whole and replaces it by a copy.
func readBody(body *io.ReadCloser) ([]byte, error) {
	if *body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(*body)
	if err := errors.Join(err, (*body).Close()); err != nil {
		return nil, err
	}
	*body = io.NopCloser(bytes.NewReader(data))
	return data, nil
}

func (r *Recorder) add(operation string, found []Violation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if operation != "" {
		r.seen[operation]++
	}
	for _, v := range found {
		if !slices.Contains(r.violations, v) {
			r.violations = append(r.violations, v)
		}
	}
}

// Violations returns what was found so far, each difference once.
func (r *Recorder) Violations() []Violation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.violations)
}

// Calls returns the number of requests per operation.
func (r *Recorder) Calls() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.seen)
}

// Report fails the test for each violation and for each of the operations
// that no request reached.
func (r *Recorder) Report(t testing.TB, operations ...string) {
	t.Helper()
	for _, v := range r.Violations() {
		t.Error(v)
	}
	calls := r.Calls()
	for _, op := range operations {
		if calls[op] == 0 {
			t.Errorf("%s: never called, so never compared", op)
		}
	}
}

// check compares one exchange.
type check struct {
	operation string
	known     bool // listed as unknown to the contract: nothing to compare
	route     *routers.Route
	input     *openapi3filter.RequestValidationInput
	err       error
}

func (c *Contract) newCheck(req *http.Request, body []byte) check {
	copied := req.Clone(req.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := c.router.FindRoute(copied)
	if err != nil {
		op := req.Method + " " + req.URL.Path
		return check{operation: op, known: c.listed(op), err: err}
	}
	return check{
		operation: req.Method + " " + route.Path,
		route:     route,
		input: &openapi3filter.RequestValidationInput{
			Request: copied, Route: route, PathParams: params,
			Options: &openapi3filter.Options{
				MultiError: true, IncludeResponseStatus: true, SkipSettingDefaults: true,
				// Objects are read, changed and written back whole.
				ExcludeReadOnlyValidations: true,
				AuthenticationFunc:         authenticated,
			},
		},
	}
}

// listed reports whether an operation is known to be missing in the contract.
func (c *Contract) listed(operation string) bool {
	return slices.ContainsFunc(c.unknown, func(template string) bool { return fits(template, operation) })
}

func (c check) request() []Violation {
	switch {
	case c.known:
		return nil
	case c.err != nil:
		return []Violation{{Operation: c.operation, Side: "request", Location: "path", Message: "the contract has no such operation"}}
	}
	found := c.violations(0, openapi3filter.ValidateRequest(c.input.Request.Context(), c.input))
	for name := range c.input.Request.URL.Query() {
		if !c.declares(name) {
			found = append(found, Violation{Operation: c.operation, Side: "request", Location: "query " + name, Message: "the contract has no such parameter"})
		}
	}
	return found
}

func (c check) declares(query string) bool {
	return c.route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, query) != nil ||
		c.route.PathItem.Parameters.GetByInAndName(openapi3.ParameterInQuery, query) != nil
}

func (c check) response(res *http.Response, body []byte) []Violation {
	if c.known || c.err != nil {
		return nil
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: c.input, Status: res.StatusCode, Header: res.Header, Options: c.input.Options,
	}
	input.SetBodyBytes(body)
	return c.violations(res.StatusCode, openapi3filter.ValidateResponse(c.input.Request.Context(), input))
}

// authenticated wants a credential where the contract does, of any value.
func authenticated(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	header := "Authorization"
	if in.SecurityScheme.Type == "apiKey" && in.SecurityScheme.In == "header" {
		header = in.SecurityScheme.Name
	}
	if in.RequestValidationInput.Request.Header.Get(header) == "" {
		return fmt.Errorf("header %s is missing", header)
	}
	return nil
}

// violations flattens the validator's error tree.
func (c check) violations(status int, err error) []Violation {
	if err == nil {
		return nil
	}
	v := Violation{Operation: c.operation, Side: "request", Status: status, Location: "/"}
	if status != 0 {
		v.Side = "response"
	}
	return flatten(v, err)
}

func flatten(v Violation, err error) []Violation {
	var found []Violation
	if many, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // The tree is walked level by level.
		for _, e := range many {
			found = append(found, flatten(v, e)...)
		}
		return found
	}
	if request, ok := err.(*openapi3filter.RequestError); ok && request.Parameter != nil { //nolint:errorlint // As above.
		v.Location = request.Parameter.In + " " + request.Parameter.Name
	}
	if schema, ok := err.(*openapi3.SchemaError); ok && schema.Origin == nil { //nolint:errorlint // As above.
		v.Location = "/" + strings.Join(schema.JSONPointer(), "/")
		v.Message = firstLine(schema.Reason)
		return []Violation{v}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return flatten(v, inner)
	}
	v.Message = firstLine(err.Error())
	return []Violation{v}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
