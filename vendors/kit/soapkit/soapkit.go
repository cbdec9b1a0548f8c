package soapkit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/hooklift/gowsdl/soap"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Config is one SOAP service.
type Config struct {
	// Client carries the calls. Required.
	Client *kit.Client
	// URL is the address of the service, on the client's host. Required.
	URL string
	// Namespace is the target namespace of the WSDL. Required.
	Namespace string
	// WireNamespace is what the server uses in its place; empty: Namespace.
	WireNamespace string
	// ActionBase stands in front of the operation in SOAPAction; empty leaves
	// what the WSDL says.
	ActionBase string
	// Describe tells what the client needs to know about an operation, see
	// [kit.Client.Doer]; nil repeats none. Op is filled in.
	Describe func(op string) kit.Request
	// Limits bound the answers.
	Limits Limits
}

// New returns the client for the constructor that gowsdl generated. It is safe
// for concurrent use as long as no headers are added to it.
func New(cfg Config) *soap.Client {
	cfg.Limits = cfg.Limits.resolve()
	t := &transport{cfg: cfg}
	t.doer = cfg.Client.Doer(t.describe)
	return soap.NewClient(cfg.URL, soap.WithHTTPClient(t))
}

// transport is the HTTP client that gowsdl's runtime gets.
type transport struct {
	cfg  Config
	doer *kit.Doer
}

const actionHeader = "SOAPAction"

func (t *transport) describe(hr *http.Request) kit.Request {
	op := operation(hr)
	r := kit.Request{}
	if t.cfg.Describe != nil {
		r = t.cfg.Describe(op)
	}
	r.Op = op
	r.Accept = append(r.Accept, http.StatusInternalServerError)
	return r
}

// operation is the last part of the action.
func operation(hr *http.Request) string {
	action := strings.Trim(hr.Header.Get(actionHeader), `"`)
	return action[strings.LastIndexAny(action, "/#:")+1:]
}

// Do implements [soap.HTTPClient].
func (t *transport) Do(hr *http.Request) (*http.Response, error) {
	hr.Close = false
	hr.Header.Del("User-Agent") // the kit's own
	action := strings.Trim(hr.Header.Get(actionHeader), `"`)
	if t.cfg.ActionBase != "" {
		action = t.cfg.ActionBase + operation(hr)
	}
	hr.Header.Set(actionHeader, strconv.Quote(action))
	if err := t.rename(hr); err != nil {
		return nil, err
	}
	resp, err := t.doer.Do(hr)
	if err != nil {
		return nil, err
	}
	body, err := t.read(resp)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.StatusCode, resp.Status = http.StatusOK, http.StatusText(http.StatusOK)
	resp.Header = http.Header{"Content-Type": {"text/xml; charset=utf-8"}}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// rename puts the server's namespace into the request.
func (t *transport) rename(hr *http.Request) error {
	if t.cfg.WireNamespace == "" || t.cfg.WireNamespace == t.cfg.Namespace {
		return nil
	}
	body, err := io.ReadAll(hr.Body)
	_ = hr.Body.Close()
	if err != nil {
		return &pos.Error{Kind: pos.KindInvalid, Err: err}
	}
	body = bytes.ReplaceAll(body, declaration(t.cfg.Namespace), declaration(t.cfg.WireNamespace))
	hr.Body, hr.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

func declaration(namespace string) []byte {
	var b bytes.Buffer
	b.WriteString(`xmlns="`)
	_ = xml.EscapeText(&b, []byte(namespace))
	b.WriteString(`"`)
	return b.Bytes()
}

// read returns the answer as gowsdl can read it.
func (t *transport) read(resp *http.Response) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, t.cfg.Limits.Size+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case int64(len(raw)) > t.cfg.Limits.Size:
		return nil, unreadable(errSize)
	}
	var body []byte
	n, err := t.cfg.Limits.normalize(raw, resp.Header.Get("Content-Type"), t.cfg.Namespace)
	if err == nil {
		body, err = n.text()
	}
	if resp.StatusCode >= http.StatusBadRequest && (err != nil || !n.fault) { // a failed gateway, not the service
		return nil, &pos.Error{Kind: pos.KindUnavailable, Err: &kit.StatusError{Status: resp.StatusCode}}
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return body, nil
}

// unreadable wraps a failure to read an answer.
func unreadable(err error) error {
	if _, ok := errors.AsType[*pos.Error](err); ok {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, new(*xml.SyntaxError)) {
		return &pos.Error{Kind: pos.KindUnavailable, Err: err}
	}
	return &pos.Error{Kind: pos.KindProtocol, Err: err}
}

// Fault is what a service answered in place of a result.
type Fault struct {
	// Code is the local part of the fault code, such as "Client" or "Server".
	Code string
	// Text is the service's own wording, at most 300 bytes.
	Text string
}

// Error returns code and text.
func (f *Fault) Error() string { return "SOAP fault " + f.Code + ": " + f.Text }

// maxFaultText bounds what a server can put into our errors.
const maxFaultText = 300

// Error turns an error of a generated operation into a [*pos.Error]: faults of
// code Client are invalid, others unavailable; what cannot be decoded is of
// kind protocol. The where names operation, vendor and location.
func Error(err error, where pos.Error) error {
	if err == nil {
		return nil
	}
	out := where
	var e *pos.Error
	var f *soap.SOAPFault
	switch {
	case errors.As(err, &e):
		out.Kind, out.Code, out.RequestID, out.RetryAfter, out.Err = e.Kind, e.Code, e.RequestID, e.RetryAfter, e.Err
	case errors.As(err, &f):
		code := f.Code[strings.LastIndexByte(f.Code, ':')+1:]
		text := strings.ToValidUTF8(f.String[:min(len(f.String), maxFaultText)], "")
		out.Kind, out.Code, out.Err = kindOfFault(code), code, &Fault{code, text}
	default:
		out.Kind, out.Err = pos.KindProtocol, fmt.Errorf("answer does not decode: %w", err)
	}
	return &out
}

func kindOfFault(code string) pos.Kind {
	switch {
	case strings.HasPrefix(code, "Client"):
		return pos.KindInvalid
	case code == "VersionMismatch", code == "MustUnderstand":
		return pos.KindProtocol
	}
	return pos.KindUnavailable
}
