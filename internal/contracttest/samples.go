package contracttest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Sample is an official answer to an operation.
type Sample struct {
	Name      string
	Operation string // "METHOD /path/{parameter}"
	Status    int
	Body      []byte
}

// WireMock reads samples from a WireMock mappings file.
func WireMock(t testing.TB, name string) []Sample {
	t.Helper()
	samples, err := parseWireMock(File(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return samples
}

func parseWireMock(data []byte) ([]Sample, error) {
	var file struct {
		Mappings []struct {
			Name    string
			Request struct {
				Method          string
				URLPathTemplate string `json:"urlPathTemplate"`
			}
			Response struct {
				Status int
				Body   string
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	samples := make([]Sample, 0, len(file.Mappings))
	for _, m := range file.Mappings {
		samples = append(samples, Sample{m.Name, m.Request.Method + " " + m.Request.URLPathTemplate, m.Response.Status, []byte(m.Response.Body)})
	}
	return samples, nil
}

// Of returns the samples of the named operations, in their order, and fails
// the test for an operation without one.
func Of(t testing.TB, samples []Sample, operations ...string) []Sample {
	t.Helper()
	var found []Sample
	for _, op := range operations {
		n := len(found)
		for _, s := range samples {
			if sameTemplate(s.Operation, op) {
				found = append(found, s)
			}
		}
		if len(found) == n {
			t.Errorf("no official sample for %s", op)
		}
	}
	return found
}

// Replay is a transport that answers every request with the sample of its
// operation, 404 where there is none.
type Replay []Sample

// RoundTrip implements [http.RoundTripper].
func (r Replay) RoundTrip(req *http.Request) (*http.Response, error) {
	res := &http.Response{
		StatusCode: http.StatusNotFound, Header: http.Header{"Content-Type": {"application/json"}},
		ProtoMajor: 1, ProtoMinor: 1, Request: req, Body: http.NoBody,
	}
	operation := req.Method + " " + req.URL.Path
	i := slices.IndexFunc(r, func(s Sample) bool { return s.Operation == operation })
	if i < 0 {
		i = slices.IndexFunc(r, func(s Sample) bool { return fits(s.Operation, operation) })
	}
	if i >= 0 {
		res.StatusCode, res.Body = r[i].Status, io.NopCloser(bytes.NewReader(r[i].Body))
	}
	return res, nil
}

// parameter matches a path parameter of a template.
var parameter = regexp.MustCompile(`\{[^}]*\}`)

// sameTemplate compares two templates, whatever their parameters are called.
func sameTemplate(a, b string) bool {
	return parameter.ReplaceAllString(a, "{}") == parameter.ReplaceAllString(b, "{}")
}

// fits reports whether a request's "METHOD /path" belongs to a template.
func fits(template, operation string) bool {
	return slices.EqualFunc(strings.Split(template, "/"), strings.Split(operation, "/"), func(want, got string) bool {
		return want == got || got != "" && parameter.MatchString(want)
	})
}

// request makes a request to the operation of a sample, with dummy parameters.
func (s Sample) request(t testing.TB) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(s.Operation, " ")
	path = strings.NewReplacer("{", "", "}", "").Replace(path)
	req, err := http.NewRequestWithContext(t.Context(), method, "http://sample.invalid"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return req
}
