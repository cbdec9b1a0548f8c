package kit

import (
	"io"
	"net/http"
	"net/url"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Doer sends the requests of a library that wants an HTTP client, such as a
// SOAP runtime, through a [Client]: they are paced, authorized, observed and,
// where describe says so, repeated.
type Doer struct {
	client   *Client
	describe func(*http.Request) Request
}

// Doer returns the adapter. describe tells what the client needs to know about
// a request: Op, Location, Repeatable, Key, Cost, Anonymous and Accept; SOAP
// faults come with status 500, so it must accept that to see them. Method,
// URL, header and body are those of the request. The rest is ignored.
func (c *Client) Doer(describe func(*http.Request) Request) *Doer { return &Doer{c, describe} }

// Do sends the request. A status that is neither 2xx nor accepted gives an
// error. The caller must close the body.
func (d *Doer) Do(hr *http.Request) (*http.Response, error) {
	r := d.describe(hr)
	target := *hr.URL
	target.Fragment, target.User = "", nil
	r.Method, r.Path, r.Query, r.Header = hr.Method, target.String(), url.Values{}, hr.Header
	r.Body, r.ContentType = nil, ""
	if hr.Body != nil && hr.Body != http.NoBody {
		body, err := io.ReadAll(hr.Body)
		_ = hr.Body.Close()
		if err != nil {
			return nil, d.client.name(&r, &pos.Error{Kind: pos.KindInvalid, Err: err})
		}
		r.Body = body
	}
	resp, err := d.client.Do(hr.Context(), r)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(resp.Status), StatusCode: resp.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: resp.Header, Body: resp.Body, ContentLength: -1, Request: hr,
	}, nil
}
