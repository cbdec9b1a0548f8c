// Package inventoryfake is a stateful fake of Farmacy's inventory service: it
// serves the contract of package inventory from an [inventory.Memory], on a
// loopback port or without a socket.
//
//	fake := inventoryfake.New(inventoryfake.Config{})
//	defer fake.Close()
//	service, err := inventoryhttp.New(inventoryhttp.Config{
//		BaseURL: fake.URL(), Token: pos.NewSecret(inventoryfake.DefaultToken),
//	}, nil)
//
// [fakekit.Server] documents the request log, faults and interceptions;
// Config.TooLarge makes a service that takes small bodies only.
package inventoryfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// DefaultToken is the credential unless the configuration has another one.
const DefaultToken = "fake-inventory-token"

// Config says how the fake behaves.
type Config struct {
	// Token is the accepted credential; "" means DefaultToken.
	Token string
	// Header carries the token as it is; "" wants a bearer token.
	Header string
	// TooLarge is the size in bytes from which bodies are refused; 0 means
	// 64 MiB.
	TooLarge int
}

// Fake is the simulated service. It is safe for concurrent use.
type Fake struct {
	*fakekit.Server
	cfg    Config
	memory inventory.Memory
	serial atomic.Int64
}

// New returns a fake that holds nothing.
func New(cfg Config) *Fake {
	if cfg.Token == "" {
		cfg.Token = DefaultToken
	}
	if cfg.TooLarge == 0 {
		cfg.TooLarge = 64 << 20
	}
	f := &Fake{cfg: cfg}
	f.Server = fakekit.NewServer(fakekit.Config{Error: f.scripted, Faults: []string{posfake.FaultToken, posfake.FaultScope}},
		f.route("getStock", "GET /v1/stock", f.getStock),
		f.route("putStock", "PUT /v1/stock", f.putStock),
		f.route("patchStock", "PATCH /v1/stock", f.putStock),
		f.route("putBatch", "POST /v1/stock/batch", f.putBatch),
		f.route("getHealth", "GET /v1/health", f.getHealth))
	return f
}

// Memory is what the fake holds; its Fail makes every write end with 503.
func (f *Fake) Memory() *inventory.Memory { return &f.memory }

// route puts the shared steps around an operation.
func (f *Fake) route(op, pattern string, answer func(http.ResponseWriter, *http.Request) (any, error)) fakekit.Route {
	write := !strings.HasPrefix(pattern, "GET ")
	return fakekit.Route{Op: op, Pattern: pattern, Write: write, Handler: func(w http.ResponseWriter, r *http.Request) {
		f.identify(w, r)
		err := f.admit(r)
		var body any
		if err == nil {
			body, err = answer(w, r)
		}
		if err != nil {
			f.fail(w, err)
			return
		}
		send(w, http.StatusOK, body)
	}}
}

func (f *Fake) identify(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("X-Request-Id")
	if id == "" {
		id = fmt.Sprintf("req-%06d", f.serial.Add(1))
	}
	w.Header().Set("X-Request-Id", id)
}

func (f *Fake) admit(r *http.Request) error {
	if fakekit.Op(r) == "getHealth" {
		return nil
	}
	presented := r.Header.Get(f.cfg.Header)
	if f.cfg.Header == "" {
		presented, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	if _, expired := fakekit.Struck(r, posfake.FaultToken); expired || presented != f.cfg.Token {
		return &failure{status: http.StatusUnauthorized, code: "unauthorized", message: "no valid credential"}
	}
	if _, denied := fakekit.Struck(r, posfake.FaultScope); denied {
		return &failure{status: http.StatusForbidden, code: "forbidden", message: "the credential does not allow it"}
	}
	if n := len(fakekit.Body(r)); n > f.cfg.TooLarge {
		return &failure{status: http.StatusRequestEntityTooLarge, code: "too_large", message: fmt.Sprintf("%d bytes, at most %d", n, f.cfg.TooLarge)}
	}
	return nil
}

func (f *Fake) getHealth(http.ResponseWriter, *http.Request) (any, error) {
	return map[string]string{"status": "ok"}, nil
}

// failure is an answer that is not a success.
type failure struct {
	status        int
	code, message string
	revision      pos.Revision
	details       pos.Problems
}

// Error returns the message.
func (e *failure) Error() string { return e.message }

func bad(format string, args ...any) error {
	return &failure{status: http.StatusBadRequest, code: "bad_request", message: fmt.Sprintf(format, args...)}
}

// refusal turns the error in a snapshot's receipt into the contract's words.
func refusal(s *inventory.Snapshot, r inventory.Receipt) *failure {
	e := &failure{status: http.StatusServiceUnavailable, code: "unavailable", message: "try again", revision: r.Revision}
	var wrong pos.Problems
	switch {
	case errors.As(r.Err, &wrong):
		e.status, e.code, e.message, e.details = http.StatusUnprocessableEntity, "invalid", "the snapshot makes no sense", wrong
	case errors.Is(r.Err, pos.ErrConflict) && s.Base != 0 && s.Base != r.Revision:
		e.status, e.code, e.message = http.StatusPreconditionFailed, "revision_mismatch", "another revision is held"
	case errors.Is(r.Err, pos.ErrConflict):
		e.status, e.code, e.message = http.StatusConflict, "older_stock", "newer stock is held"
	}
	return e
}

func (f *Fake) fail(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*failure](err)
	if !ok {
		e = &failure{status: http.StatusServiceUnavailable, code: "unavailable", message: "try again"}
	}
	p := e.wire()
	p.RequestID = w.Header().Get("X-Request-Id")
	send(w, e.status, wireError{*p})
}

// scripted writes the body of an error that a test asked for.
func (f *Fake) scripted(w http.ResponseWriter, r *http.Request, status int) {
	f.identify(w, r)
	codes := map[int]string{
		http.StatusBadRequest: "bad_request", http.StatusUnauthorized: "unauthorized", http.StatusForbidden: "forbidden", http.StatusNotFound: "not_found",
		http.StatusConflict: "older_stock", http.StatusPreconditionFailed: "revision_mismatch", http.StatusRequestEntityTooLarge: "too_large",
		http.StatusUnprocessableEntity: "invalid", http.StatusTooManyRequests: "rate_limited",
	}
	code := codes[status]
	if code == "" {
		code = "unavailable"
	}
	f.fail(w, &failure{status: status, code: code, message: http.StatusText(status)})
}

func send(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":{"code":"unavailable","message":"encoding"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone
}

func setETag(w http.ResponseWriter, revision pos.Revision) {
	w.Header().Set("ETag", `"`+strconv.FormatUint(uint64(revision), 10)+`"`)
}
