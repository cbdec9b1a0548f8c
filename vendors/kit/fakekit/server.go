package fakekit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

const (
	defaultLogLimit = 1 << 16
	defaultMaxBody  = 64 << 20
)

// Route is one operation of the simulated API.
type Route struct {
	Op      string // the vendor's name of the operation
	Pattern string // as in [http.ServeMux], e.g. "POST /v2/orders/search"
	Write   bool   // changes state at the vendor
	Handler http.HandlerFunc
	// Resolve, where set, names the operation of a request, for the endpoints
	// of SOAP and GraphQL that serve many. It may use [Body].
	Resolve func(*http.Request) (op string, write bool)
}

// Config says what a [Server] serves besides its routes.
type Config struct {
	// Simulator is what the control endpoint drives; nil: no control endpoint.
	Simulator posfake.Simulator
	// Faults lists the kinds that the vendor's handlers show themselves; see [Struck].
	Faults []string
	// Ops names the operations that Resolve functions return.
	Ops []string
	// Error writes the vendor's error body for a status that the kit answers:
	// scripted ones, 404 and 405 of unknown routes, 413. Nil: an empty body.
	Error func(w http.ResponseWriter, r *http.Request, status int)
	// Malformed is what the malformed fault answers; nil: a torn JSON object.
	Malformed []byte
	// LogLimit bounds the request log, oldest dropped first; 0 means 65,536.
	LogLimit int
	// MaxBody bounds a request's body in bytes; 0 means 64 MiB.
	MaxBody int64
}

// Server is the HTTP side of a fake: routes, request log, faults, clock and
// control endpoint. Vendor fakes embed it. It is safe for concurrent use.
type Server struct {
	Clock
	cfg     Config
	control http.Handler // nil without a simulator
	mux     *http.ServeMux
	routes  map[string]Route // by pattern
	ops     map[string]bool
	faults  faults

	mu         sync.Mutex
	log        []posfake.Request
	intercepts []*intercept
	listening  *httptest.Server
}

type intercept struct {
	match func(*http.Request) bool
	serve http.HandlerFunc
}

// exchange is what the kit knows of the request being answered.
type exchange struct {
	op      string
	body    []byte
	strikes strikes
	shown   []string // hooked faults that the vendor's handler asked for
}

type exchangeKey struct{}

// NewServer makes a server of the routes. It panics if two patterns conflict,
// as [http.ServeMux] does, for that is a mistake in the fake itself.
func NewServer(cfg Config, routes ...Route) *Server {
	s := &Server{cfg: cfg, mux: http.NewServeMux(), routes: map[string]Route{}, ops: map[string]bool{}}
	for _, r := range routes {
		s.mux.HandleFunc(r.Pattern, r.Handler)
		s.routes[r.Pattern] = r
		s.ops[r.Op] = true
	}
	for _, op := range cfg.Ops {
		s.ops[op] = true
	}
	if cfg.Simulator != nil {
		s.control = Control(cfg.Simulator)
	}
	return s
}

// Operations lists the names of all operations, sorted.
func (s *Server) Operations() []string { return slices.Sorted(maps.Keys(s.ops)) }

// Routes lists the routes by pattern, sorted.
func (s *Server) Routes() []Route {
	var out []Route
	for _, p := range slices.Sorted(maps.Keys(s.routes)) {
		out = append(out, s.routes[p])
	}
	return out
}

// ServeHTTP answers one request of a client or of the control endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.Now().Format(http.TimeFormat))
	if s.control != nil && strings.HasPrefix(r.URL.Path, controlPrefix) {
		s.control.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.maxBody()))
	route := s.route(r)
	in := &exchange{body: body}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, in))
	r.Body = io.NopCloser(bytes.NewReader(body))
	in.op, route.Write = route.name(r)
	in.strikes = s.faults.hit(in.op)

	out := &statusWriter{ResponseWriter: w}
	defer func() { s.record(r, in, route.Write, out.status) }()
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		s.fail(out, r, http.StatusRequestEntityTooLarge)
		return
	}
	s.strike(out, r, in.strikes)
	if out.status == 0 { // net/http answers 200 for a handler that wrote nothing
		out.status = http.StatusOK
	}
}

func (s *Server) maxBody() int64 {
	if s.cfg.MaxBody > 0 {
		return s.cfg.MaxBody
	}
	return defaultMaxBody
}

func (s *Server) route(r *http.Request) Route {
	_, pattern := s.mux.Handler(r)
	return s.routes[pattern]
}

func (rt Route) name(r *http.Request) (op string, write bool) {
	if rt.Resolve == nil {
		return rt.Op, rt.Write
	}
	op, write = rt.Resolve(r)
	r.Body = io.NopCloser(bytes.NewReader(Body(r)))
	return op, write
}

// strike applies the generic faults around the normal answer.
func (s *Server) strike(w *statusWriter, r *http.Request, hit strikes) {
	if f, ok := hit.find(posfake.FaultLatency); ok && pause(r.Context(), f.Latency) != nil {
		breakConnection(w)
	}
	if _, ok := hit.find(posfake.FaultReset); ok {
		breakConnection(w)
	}
	if f, ok := hit.find(posfake.FaultStatus); ok {
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		s.fail(w, r, f.Status)
		return
	}
	if _, ok := hit.find(posfake.FaultMalformed); ok {
		s.malformed(w)
		return
	}
	_, lost := hit.find(posfake.FaultLostReply)
	cut, truncated := hit.find(posfake.FaultTruncate)
	if !lost && !truncated {
		s.answer(w, r)
		return
	}
	kept := newRecorder()
	s.answer(kept, r)
	if lost {
		breakConnection(w)
	}
	truncate(w, kept, cut.Bytes)
}

// answer serves the request by the first matching intercept or by its route.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	list := slices.Clone(s.intercepts)
	s.mu.Unlock()
	for _, i := range list {
		if i.match == nil || i.match(r) {
			i.serve(w, r)
			return
		}
	}
	s.Pass(w, r)
}

// Pass serves a request as if nothing had been intercepted; functions given to
// [Server.Intercept] call it to change an answer rather than replace it.
func (s *Server) Pass(w http.ResponseWriter, r *http.Request) {
	handler, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r) // not handler: only the mux sets path values
		return
	}
	probe := newRecorder()
	handler.ServeHTTP(probe, r)
	if allow := probe.Header().Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
	}
	status := probe.code
	if status < http.StatusBadRequest { // a redirect to a cleaner path
		status = http.StatusNotFound
	}
	s.fail(w, r, status)
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int) {
	if s.cfg.Error != nil {
		s.cfg.Error(w, r, status)
		return
	}
	w.WriteHeader(status)
}

func (s *Server) malformed(w http.ResponseWriter) {
	body := s.cfg.Malformed
	if body == nil {
		body = []byte(`{"malformed": [1, `)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// truncate announces the whole body, sends a part and breaks off. A cut beyond
// the body still loses its last byte, or the fault would be none.
func truncate(w http.ResponseWriter, kept *recorder, n int64) {
	body := kept.buf.Bytes()
	n = max(min(n, int64(len(body))-1), 0)
	maps.Copy(w.Header(), kept.Header())
	w.Header().Set("Content-Length", strconv.Itoa(max(len(body), 1)))
	w.WriteHeader(kept.code)
	_, _ = w.Write(body[:n])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// breakConnection ends the exchange without an answer: a reset on a socket, an
// error that wraps ECONNRESET on a [Transport]. It does not return.
func breakConnection(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// Intercept answers matching requests with fn instead of the route; a nil match
// takes every request. The latest interception is asked first. The returned
// function removes it.
func (s *Server) Intercept(match func(*http.Request) bool, fn http.HandlerFunc) (remove func()) {
	i := &intercept{match: match, serve: fn}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercepts = slices.Insert(s.intercepts, 0, i)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.intercepts = slices.DeleteFunc(s.intercepts, func(x *intercept) bool { return x == i })
	}
}

// Inject scripts a fault; the returned function ends it.
func (s *Server) Inject(f posfake.Fault) (end func(), err error) {
	if err := checkFault(f, s.cfg.Faults, s.ops); err != nil {
		return nil, err
	}
	return s.faults.arm(f), nil
}

// Standing reports a fault that lasts until it is cleared: silence, repeat and
// stale_reads. What is an operation, or an event type for webhooks.
func (s *Server) Standing(kind, what string) (posfake.Fault, bool) {
	return s.faults.stands(kind, what)
}

// Requests lists the requests answered so far, oldest first, without those of
// the control endpoint.
func (s *Server) Requests() []posfake.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

func (s *Server) record(r *http.Request, in *exchange, write bool, status int) {
	entry := posfake.Request{
		At: s.Now(), Op: in.op, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		Status: status, Write: write, Bytes: int64(len(in.body)), Fault: in.felt(),
	}
	limit := s.cfg.LogLimit
	if limit <= 0 {
		limit = defaultLogLimit
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log = append(s.log, entry); len(s.log) > limit {
		s.log = slices.Clone(s.log[len(s.log)-limit/2-1:])
	}
}

// URL starts a server on a loopback port with the first call and returns its
// base URL, without a trailing slash. [Server.Close] stops it.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listening == nil {
		s.listening = httptest.NewServer(s)
	}
	return s.listening.URL
}

// Close stops the loopback server, if one runs. The transport keeps working.
func (s *Server) Close() {
	s.mu.Lock()
	listening := s.listening
	s.listening = nil
	s.mu.Unlock()
	if listening != nil {
		listening.CloseClientConnections()
		listening.Close()
	}
}

// Body returns the whole body of a request that a [Server] is answering.
func Body(r *http.Request) []byte {
	if in, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		return in.body
	}
	return nil
}

// Op returns the name of the operation that a [Server] is answering.
func Op(r *http.Request) string {
	if in, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		return in.op
	}
	return ""
}

// statusWriter remembers the status that goes out. Status 0 in the request log
// means that nothing was sent.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
