package contracttest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// driver sends raw requests to a fake, so that its answers are compared
// without help or hindrance from our client.
type driver struct {
	t      *testing.T
	client http.RoundTripper
	header http.Header
}

// do sends a request, wants the status and returns the decoded answer.
func (d *driver) do(status int, method, path, body string) object {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, "http://fake.invalid"+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header = d.header.Clone()
	if body == "" {
		req.Body = http.NoBody
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := d.client.RoundTrip(req)
	if err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if res.StatusCode != status {
		d.t.Fatalf("%s %s: status %d, want %d: %s", method, path, res.StatusCode, status, answer)
	}
	decoded := object{t: d.t, text: string(answer)}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &decoded.fields); err != nil {
			d.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return decoded
}

// object is a decoded answer.
type object struct {
	t      *testing.T
	fields any
	text   string
}

// str returns the string at a path of keys and, as int, list positions.
func (o object) str(path ...any) string {
	o.t.Helper()
	node := o.fields
	for _, step := range path {
		switch key := step.(type) {
		case string:
			m, _ := node.(map[string]any)
			node = m[key]
		case int:
			l, _ := node.([]any)
			if key >= len(l) {
				o.t.Fatalf("no element %v of %v in %s", key, path, o.text)
			}
			node = l[key]
		}
	}
	s, ok := node.(string)
	if !ok {
		o.t.Fatalf("no string at %v in %s", path, o.text)
	}
	return s
}
