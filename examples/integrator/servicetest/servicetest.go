// Package servicetest runs a service as an operator would, from its command
// line and file, and looks at it from outside.
package servicetest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/httppush"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

// patience bounds every wait.
const patience = 30 * time.Second

// Secret signs what is pushed and what is commanded.
var Secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdefghijklmnop"))

// Run is a running service.
type Run struct {
	URL    string
	traces bytes.Buffer // complete after Stop
	events chan events.Event
	cancel context.CancelFunc
	done   chan error
}

// Main is a service's run function.
type Main func(ctx context.Context, args []string, stdout, stderr io.Writer) error

// Receive serves a receiver of events and returns its URL, for the file.
func Receive(t *testing.T) (url string, received chan events.Event) {
	t.Helper()
	keys, err := httppush.NewKeys(pos.NewSecret(Secret))
	if err != nil {
		t.Fatal(err)
	}
	received = make(chan events.Event, 1000)
	srv := httptest.NewServer(httppush.Receiver(keys, func(_ context.Context, e events.Event) error {
		received <- e
		return nil
	}, nil))
	t.Cleanup(srv.Close)
	return srv.URL, received
}

// File writes a configuration.
func File(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Start runs a service and waits until it listens.
func Start(t *testing.T, main Main, received chan events.Event, args ...string) *Run {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	logs, in := io.Pipe()
	r := &Run{events: received, cancel: cancel, done: make(chan error, 1)}
	go func() {
		err := main(ctx, args, &r.traces, in)
		_ = in.CloseWithError(err)
		r.done <- err
	}()
	t.Cleanup(cancel)
	listening := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(logs); lines.Scan(); {
			var line struct{ Msg, Addr string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
				listening <- line.Addr
			}
		}
		_, _ = io.Copy(io.Discard, logs)
	}()
	select {
	case addr := <-listening:
		r.URL = "http://" + addr
	case err := <-r.done:
		t.Fatalf("ended before it listened: %v", err)
	case <-time.After(patience):
		t.Fatal("does not listen")
	}
	return r
}

// Get returns status and body.
func (r *Run) Get(t *testing.T, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// Metric wants a sample whose line begins with the name and has all the parts.
func (r *Run) Metric(t *testing.T, name string, parts ...string) {
	t.Helper()
	_, body := r.Get(t, "/metrics")
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, name+"{") && !strings.HasPrefix(line, name+" ") {
			continue
		}
		found := true
		for _, part := range parts {
			found = found && strings.Contains(line, part)
		}
		if found {
			return
		}
	}
	t.Errorf("/metrics has no %s with %s", name, parts)
}

// Command sends a signed command to POST /events.
func (r *Run) Command(t *testing.T, e events.Event) {
	t.Helper()
	p, err := httppush.New(httppush.Config{URL: r.URL + "/events", Secrets: []pos.Secret{pos.NewSecret(Secret)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

// Refused wants POST /events to refuse what nobody signed.
func (r *Run) Refused(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+"/events", bytes.NewReader([]byte("{}")))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("unsigned command: %d", resp.StatusCode)
	}
}

// Event waits until an event of a type was pushed.
func (r *Run) Event(t *testing.T, typ string) events.Event {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case e := <-r.events:
			if e.Type == typ {
				return e
			}
		case err := <-r.done:
			t.Fatalf("ended: %v", err)
		case <-deadline:
			t.Fatalf("no %s came", typ)
		}
	}
}

// TraceParent is a W3C traceparent for a command.
const TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// InTrace wants an event to be in the trace of another one, as a step of its own
// if the service traces.
func (r *Run) InTrace(t *testing.T, e, cause events.Event) {
	t.Helper()
	want, _ := events.TraceID(cause.TraceParent)
	if got, ok := events.TraceID(e.TraceParent); !ok || got != want {
		t.Errorf("%s has traceparent %q, want that of trace %s", e.Type, e.TraceParent, want)
	}
	if e.TraceParent == cause.TraceParent {
		t.Errorf("%s has the span of its cause", e.Type)
	}
}

// Spans returns the names of the spans in the trace of an event, of a service
// that was stopped and whose traces go to stdout.
func (r *Run) Spans(t *testing.T, e events.Event) (names []string) {
	t.Helper()
	want, _ := events.TraceID(e.TraceParent)
	for dec := json.NewDecoder(&r.traces); ; {
		var span struct {
			Name        string
			SpanContext struct{ TraceID string }
		}
		switch err := dec.Decode(&span); {
		case errors.Is(err, io.EOF):
			return names
		case err != nil:
			t.Fatal(err)
		case span.SpanContext.TraceID == want:
			names = append(names, span.Name)
		}
	}
}

// Stop ends the service as SIGTERM does and wants a clean end.
func (r *Run) Stop(t *testing.T) {
	t.Helper()
	r.cancel()
	select {
	case err := <-r.done:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("does not end")
	}
}

// Stored counts the events of a type in the directory of a stream whose
// service has ended.
func Stored(t *testing.T, dir, typ string) int {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	n, last := 0, events.NewAlarm("com.farmacyfoods.pos.test.end.v1", events.Origin{Vendor: "test", Account: "test"}, "end", time.Now(), events.Alarm{})
	if err := s.Publish(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	found := make(chan struct{})
	stop, err := s.Subscribe(t.Context(), events.Filter{Group: "test-stored"}, func(_ context.Context, e events.Event) error {
		switch e.Type {
		case typ:
			n++
		case last.Type:
			close(found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	select {
	case <-found:
	case <-time.After(patience):
		t.Fatal("the stream cannot be read")
	}
	return n
}

// Example returns the YAML example of a README.
func Example(t *testing.T, readme string) string {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatalf("%s has no YAML example", readme)
	}
	return example
}
