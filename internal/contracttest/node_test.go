package contracttest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// nodeEnv names the environment variable with the directory in which npm has
// installed testdata/node.
const nodeEnv = "POS_NODE"

// peer is a program around a library that is not ours. It speaks lines of
// JSON.
type peer struct {
	in  *json.Encoder
	out *json.Decoder
}

// start runs a script of testdata/node until the test ends, a minute at most.
// It skips the test where node or its packages are absent.
func start(t *testing.T, script string) *peer {
	t.Helper()
	if os.Getenv(nodeEnv) == "" {
		t.Skipf("%s is not set: no software to talk to that is not ours", nodeEnv)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, "node", filepath.Join("testdata", "node", script))
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // the script ends
		if _, err := io.Copy(io.Discard, stdout); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", script, err)
		}
		cancel()
		_ = cmd.Wait() // its exit code tells nothing more
	})
	return &peer{json.NewEncoder(stdin), json.NewDecoder(bufio.NewReader(stdout))}
}

// ask sends a line; nil sends none. It reads the next line.
func (p *peer) ask(t *testing.T, line, answer any) {
	t.Helper()
	if line != nil {
		if err := p.in.Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.out.Decode(answer); err != nil {
		t.Fatalf("the other side ended: %v", err)
	}
}

// caller is a client that is not ours.
type caller struct{ *peer }

// connect starts one for the service at a URL.
func connect(t *testing.T, wsdl, url string) caller {
	t.Helper()
	c := caller{start(t, "client.mjs")}
	var answer struct{ Error string }
	c.ask(t, map[string]string{"wsdl": filepath.Join(os.Getenv(Env), filepath.FromSlash(wsdl)), "url": url}, &answer)
	if answer.Error != "" {
		t.Fatal(answer.Error)
	}
	return c
}

// call makes a call and decodes its result.
func (c caller) call(t *testing.T, op, args string, result any) {
	t.Helper()
	var answer struct {
		Result json.RawMessage
		Error  string
	}
	c.ask(t, map[string]any{"op": op, "args": json.RawMessage(args)}, &answer)
	if answer.Error != "" {
		t.Fatalf("%s: %s", op, answer.Error)
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		t.Fatalf("%s: %v in %s", op, err, answer.Result)
	}
}

// answers keeps what a service says to a caller. Read it when the calls are done.
type answers struct {
	handler http.Handler
	mu      sync.Mutex
	bodies  [][]byte
}

// ServeHTTP implements [http.Handler].
func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	a.handler.ServeHTTP(rec, r)
	a.mu.Lock()
	a.bodies = append(a.bodies, rec.Body.Bytes())
	a.mu.Unlock()
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}
