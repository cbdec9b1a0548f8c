package contracttest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// small is a contract with one operation and one of every mistake that
// Deltas can mend.
const small = `{
	"openapi": "%s", "info": {"title": "t", "version": "1"},
	"paths": {"/v1/meals/{id}": {"put": {
		"security": [{"token": []}],
		"parameters": [
			{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
			{"name": "dry", "in": "query", "schema": {"type": "boolean"}}],
		"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Meal"}}}},
		"responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Meal"}}}}}}}},
	"components": {
		"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
		"schemas": {
			"Meal": {"type": "object", "required": ["name"], "properties": {
				"name": {"type": "string", "minLength": 1},
				"price": {"type": "integer"},
				"kind": {"$ref": "#/components/schemas/Kind"},
				"odd": {"$ref": "#/components/schemas/Lost"}}},
			"Kind": {"type": "string", "enum": ["BOWL"]}}}}`

func lostRef() Deltas { return Deltas{Unresolved: []string{"#/components/schemas/Lost"}} }

type answer struct {
	status int
	body   string
}

func (a answer) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(a.body)), Request: req,
	}, nil
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	added := lostRef()
	added.Properties = map[string]map[string]string{"Meal": {"kitchen_name": `{"type": "string"}`}}
	added.Values = map[string][]string{"Kind": {"SOUP"}}
	added.Operations = []string{"PUT /v1/new/{id}"}
	added.SharedErrors = true

	const good = `{"name": "Dal"}`
	tests := map[string]struct {
		deltas  Deltas
		method  string
		path    string
		noToken bool
		body    string
		answer  answer
		want    []string // parts of the violations, in order
	}{
		"good":                 {lostRef(), "PUT", "/v1/meals/7?dry=true", false, good, answer{200, good}, nil},
		"missing property":     {lostRef(), "PUT", "/v1/meals/7", false, `{}`, answer{200, good}, []string{"PUT /v1/meals/{id}: request: /name: "}},
		"wrong type in answer": {lostRef(), "PUT", "/v1/meals/7", false, good, answer{200, `{"name": "Dal", "price": "9"}`}, []string{"response 200: /price: "}},
		"unknown property":     {lostRef(), "PUT", "/v1/meals/7", false, `{"name": "Dal", "nam": 1}`, answer{200, good}, []string{`property "nam"`}},
		"unknown query":        {lostRef(), "PUT", "/v1/meals/7?dyr=true", false, good, answer{200, good}, []string{"query dyr: "}},
		"bad query":            {lostRef(), "PUT", "/v1/meals/7?dry=2x", false, good, answer{200, good}, []string{"query dry: "}},
		"unknown operation":    {lostRef(), "POST", "/v1/meals/7", false, good, answer{200, good}, []string{"POST /v1/meals/7: request: path: "}},
		"no credential":        {lostRef(), "PUT", "/v1/meals/7", true, good, answer{200, good}, []string{"Authorization is missing"}},
		"undeclared status":    {lostRef(), "PUT", "/v1/meals/7", false, good, answer{400, good}, []string{"response 400: /: "}},
		"two at once":          {lostRef(), "PUT", "/v1/meals/7", false, `{"price": "x"}`, answer{200, good}, []string{"/name: ", "/price: "}},

		"listed property":   {added, "PUT", "/v1/meals/7", false, `{"name": "Dal", "kitchen_name": "D"}`, answer{200, good}, nil},
		"its type":          {added, "PUT", "/v1/meals/7", false, `{"name": "Dal", "kitchen_name": 1}`, answer{200, good}, []string{"/kitchen_name: "}},
		"listed value":      {added, "PUT", "/v1/meals/7", false, `{"name": "Dal", "kind": "SOUP"}`, answer{200, good}, nil},
		"unlisted value":    {added, "PUT", "/v1/meals/7", false, `{"name": "Dal", "kind": "PIE"}`, answer{200, good}, []string{"/kind: "}},
		"listed operation":  {added, "PUT", "/v1/new/7", false, `{"any": 1}`, answer{500, `[]`}, nil},
		"shared error":      {added, "PUT", "/v1/meals/7", false, good, answer{404, good}, nil},
		"wrong error":       {added, "PUT", "/v1/meals/7", false, good, answer{404, `{}`}, []string{"response 404: /name: "}},
		"unresolved is any": {added, "PUT", "/v1/meals/7", false, `{"name": "Dal", "odd": [1]}`, answer{200, good}, nil},
	}
	for _, version := range []string{"3.0.0", "3.1.0"} {
		for name, tt := range tests {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				contract, err := Parse(fmt.Appendf(nil, small, version), tt.deltas)
				if err != nil {
					t.Fatal(err)
				}
				recorder := contract.Record(tt.answer)
				req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://fake.invalid"+tt.path, strings.NewReader(tt.body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", "application/json")
				if !tt.noToken {
					req.Header.Set("Authorization", "Bearer x")
				}
				res, err := recorder.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if got, err := io.ReadAll(res.Body); err != nil || string(got) != tt.answer.body {
					t.Errorf("answer passed on as %q, %v; want %q", got, err, tt.answer.body)
				}
				found := recorder.Violations()
				if len(found) != len(tt.want) {
					t.Fatalf("violations %v, want %d", found, len(tt.want))
				}
				text := fmt.Sprint(found)
				for _, part := range tt.want {
					if !strings.Contains(text, part) {
						t.Errorf("violations %v do not mention %q", found, part)
					}
				}
			})
		}
	}
}

func TestDeltasThatDoNotFit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		deltas Deltas
		want   string
	}{
		"reference not listed": {Deltas{}, "Lost leads nowhere"},
		"reference not there":  {Deltas{Unresolved: []string{"#/components/schemas/Lost", "x"}}, "no unresolved reference x"},
		"schema not there":     {Deltas{Unresolved: lostRef().Unresolved, Properties: map[string]map[string]string{"Nil": {"a": "{}"}}}, "no schema Nil"},
		"property there":       {Deltas{Unresolved: lostRef().Unresolved, Properties: map[string]map[string]string{"Meal": {"name": "{}"}}}, "has Meal.name already"},
		"enum not there":       {Deltas{Unresolved: lostRef().Unresolved, Values: map[string][]string{"Meal": {"A"}}}, "no enum schema Meal"},
		"value there":          {Deltas{Unresolved: lostRef().Unresolved, Values: map[string][]string{"Kind": {"BOWL"}}}, "has BOWL already"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(fmt.Appendf(nil, small, "3.0.0"), tt.deltas)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that mentions %q", err, tt.want)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	samples, err := parseWireMock([]byte(`{"mappings": [
		{"name": "one", "request": {"method": "GET", "urlPathTemplate": "/v1/meals/{id}"}, "response": {"status": 200, "body": "1"}},
		{"name": "info", "request": {"method": "GET", "urlPathTemplate": "/v1/meals/info"}, "response": {"status": 201, "body": "2"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := Of(t, samples, "GET /v1/meals/{meal_id}"); len(got) != 1 || got[0].Name != "one" {
		t.Errorf("samples of the operation: %v", got)
	}
	for path, want := range map[string]string{"/v1/meals/7": "200 1", "/v1/meals/info": "201 2", "/v1/meals": "404 "} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://fake.invalid"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := Replay(samples).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.Body.Close() != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(res.StatusCode, " ", string(body)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
