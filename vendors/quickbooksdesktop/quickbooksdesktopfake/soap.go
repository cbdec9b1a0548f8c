package quickbooksdesktopfake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Namespace is the namespace of the service that the Web Connector calls.
const Namespace = "http://developer.intuit.com/"

const soapNamespace = "http://schemas.xmlsoap.org/soap/envelope/"

// maxAnswer bounds an answer of the service.
const maxAnswer = 16 << 20

var soapCalls = []string{
	"serverVersion", "clientVersion", "authenticate", "sendRequestXML", "receiveResponseXML", "connectionError", "getLastError", "closeConnection",
}

// ErrService reports that the service cannot be reached or answers something
// that the Web Connector does not understand. The update ends there.
var ErrService = errors.New("quickbooksdesktopfake: the service failed")

// linkRoutes carry the SOAP calls, so that they can be logged and broken.
func (f *Fake) linkRoutes() []fakekit.Route {
	var routes []fakekit.Route
	for _, op := range soapCalls {
		routes = append(routes, fakekit.Route{Op: op, Pattern: "POST /" + op, Handler: f.forward})
	}
	return routes
}

// forward hands a call to the service.
func (f *Fake) forward(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	service, url, client := f.service, f.url, *f.cfg.Client
	f.mu.Unlock()
	if service != nil {
		url, client.Transport = defaultURL, fakekit.NewTransport(service)
	}
	if url == "" {
		http.Error(w, "no service is connected", http.StatusBadGateway)
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, url, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	req.Header = r.Header.Clone()
	resp, err := client.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, io.LimitReader(resp.Body, maxAnswer))
}

// call makes a SOAP call and returns its result element.
func (f *Fake) call(ctx context.Context, op string, params ...*node) (*node, error) {
	method := el(op, params...)
	method.attrs = []attr{{"xmlns", Namespace}}
	envelope := el("soap:Envelope", el("soap:Body", method))
	envelope.set("xmlns:soap", soapNamespace).set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance").set("xmlns:xsd", "http://www.w3.org/2001/XMLSchema")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://link/"+op, strings.NewReader(`<?xml version="1.0" encoding="utf-8"?>`+envelope.String()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `"`+Namespace+op+`"`)
	resp, err := f.link.Transport().RoundTrip(req)
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		var body []byte
		if body, err = io.ReadAll(resp.Body); err == nil {
			return readAnswer(op, resp.StatusCode, string(body))
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("%w: %s: %w", ErrService, op, err)
}

// readAnswer finds the result in an envelope. Names and namespaces must be
// those of the contract, as for the real Web Connector.
func readAnswer(op string, status int, body string) (*node, error) {
	root, _, err := parseXML(body)
	if err != nil && status != http.StatusOK {
		return nil, fmt.Errorf("%w: %s: status %d: %.300s", ErrService, op, status, strings.TrimSpace(body))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: status %d: %w", ErrService, op, status, err)
	}
	if fault := root.child("Body").child("Fault"); fault != nil {
		return nil, fmt.Errorf("%w: %s: SOAP fault: %s", ErrService, op, fault.at("faultstring"))
	}
	answer := root.child("Body").child(op + "Response")
	result := answer.child(op + "Result")
	switch {
	case status != http.StatusOK:
		return nil, fmt.Errorf("%w: %s: status %d", ErrService, op, status)
	case root.name != "Envelope" || root.space != soapNamespace || answer == nil || answer.space != Namespace:
		return nil, fmt.Errorf("%w: %s: the answer is no %sResponse", ErrService, op, op)
	case result == nil: // an absent string is an empty one
		return el(op + "Result"), nil
	case result.space != Namespace:
		return nil, fmt.Errorf("%w: %s: the result is in namespace %q", ErrService, op, result.space)
	}
	return result, nil
}
