package fakekit

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"

	"github.com/jarcoal/httpmock"
)

// Transport reaches a fake without a socket, whatever host the URL names. It
// embeds an httpmock transport: a responder that a test registers there takes
// its route over, and everything else goes to the fake.
//
//	tr := fake.Transport()
//	tr.RegisterResponder("GET", "=~/v2/locations$", httpmock.NewStringResponder(503, ""))
type Transport struct {
	*httpmock.MockTransport
}

// Transport returns a new transport to the server. A broken connection comes
// out as an error that wraps [syscall.ECONNRESET], a body cut short as
// [io.ErrUnexpectedEOF] from its reader. A cancelled context ends the call at
// once, and latencies are timers, so that both work in virtual time.
func (s *Server) Transport() *Transport { return NewTransport(s) }

// NewTransport returns a transport that calls any handler without a socket,
// such as the receiver of webhooks in a test.
func NewTransport(h http.Handler) *Transport {
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) { return call(h, req) })
	return &Transport{MockTransport: mock}
}

// call runs the handler and turns what it did into what a client would see.
func call(h http.Handler, req *http.Request) (*http.Response, error) {
	kept, aborted := newRecorder(), false
	func() {
		defer func() {
			if p := recover(); p != nil {
				err, ok := p.(error)
				if !ok || !errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				aborted = true
			}
		}()
		h.ServeHTTP(kept, incoming(req))
	}()
	if req.Body != nil {
		_ = req.Body.Close()
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if aborted && !kept.wrote {
		return nil, fmt.Errorf("fakekit: %s %s: %w", req.Method, req.URL.Path, syscall.ECONNRESET)
	}
	return kept.response(req, aborted), nil
}

// incoming is the request as a server sees it.
func incoming(req *http.Request) *http.Request {
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "192.0.2.1:1234"
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if req.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	return in
}

// recorder keeps an answer in memory.
type recorder struct {
	header http.Header
	sent   http.Header // the header as it was when the status went out
	code   int
	wrote  bool
	buf    bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}, code: http.StatusOK} }

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.code, w.wrote, w.sent = status, true, w.header.Clone()
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	if !w.wrote {
		if w.header.Get("Content-Type") == "" {
			w.header.Set("Content-Type", http.DetectContentType(p))
		}
		w.WriteHeader(http.StatusOK)
	}
	return w.buf.Write(p)
}

// Flush does nothing: there is nobody to flush to.
func (w *recorder) Flush() { w.WriteHeader(w.code) }

func (w *recorder) response(req *http.Request, cut bool) *http.Response {
	w.WriteHeader(w.code)
	length := int64(w.buf.Len())
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	var body io.Reader = &w.buf
	if cut {
		body = io.MultiReader(body, failing{io.ErrUnexpectedEOF})
	}
	if req.Method == http.MethodHead {
		body = http.NoBody
	}
	return &http.Response{
		Status: strconv.Itoa(w.code) + " " + http.StatusText(w.code), StatusCode: w.code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: io.NopCloser(body), ContentLength: length, Request: req,
	}
}

// failing is a reader that always answers its error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
