package kit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// lenient is how input from vendors is read: one bad byte or repeated name in
// one product must not cost the whole page. Unknown members are ignored.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// Unmarshal decodes JSON from a vendor: invalid UTF-8 and repeated names are
// taken, unknown members ignored. Names match by case. What is malformed gives
// an error of kind protocol.
func Unmarshal(data []byte, out any) error {
	if err := json.Unmarshal(data, out, lenient); err != nil {
		return readError(err)
	}
	return nil
}

// JSON sends in as JSON, unless it is nil, and decodes the answer into out,
// unless that is nil; what out held before is lost. An answer without content
// leaves it zero. The response's body is consumed. A malformed answer gives an
// error of kind protocol.
func (c *Client) JSON(ctx context.Context, r Request, in, out any) (*Response, error) {
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return nil, c.name(&r, &pos.Error{Kind: pos.KindInvalid, Err: err})
		}
		r.Body = body
	}
	if r.Body != nil && r.ContentType == "" {
		r.ContentType = "application/json"
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	var got *Response
	err := c.run(ctx, &r, min(c.opts.MaxBody, maxWhole), func(resp *Response) error {
		got = resp
		return resp.decode(out)
	})
	if err != nil {
		return nil, err
	}
	got.Body = io.NopCloser(bytes.NewReader(nil))
	return got, nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled is the largest buffer that is kept for the next answer.
const maxPooled = 4 << 20

// decode reads the whole body before it decodes, so that a connection that
// breaks leaves out alone.
func (r *Response) decode(out any) error {
	defer func() { _ = r.Body.Close() }() // nothing is left to fail
	if out == nil {
		return nil
	}
	buf, _ := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxPooled {
			buf.Reset()
			buffers.Put(buf)
		}
	}()
	if _, err := buf.ReadFrom(r.Body); err != nil {
		return err
	}
	if v := reflect.ValueOf(out); v.Kind() == reflect.Pointer && !v.IsNil() {
		v.Elem().SetZero() // an attempt before may have left something
	}
	if buf.Len() == 0 && (r.Status == 204 || r.Status == 304) {
		return nil
	}
	return json.Unmarshal(buf.Bytes(), out, lenient)
}

// EachJSON reads an answer element by element: each is called for every
// element of the array that path names, such as "orders" or
// "QueryResponse.Invoice", and rest, unless it is nil, gets the document
// without that array when all is read. The memory needed does not depend on
// the number of elements. The element is overwritten by the next one; copy
// what is to stay. An array that is missing or null has no elements. The body
// is closed.
//
// An error of each ends the reading and is returned as it is. A body that is
// cut off or malformed gives an error of kind protocol, after each may have
// been called: keep nothing of a page that ended with an error.
func EachJSON[T any](resp *Response, path string, each func(*T) error, rest any) error {
	defer func() { _ = resp.Body.Close() }() // nothing is left to fail
	err := eachJSON(resp.Body, path, each, rest)
	var own callbackError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	}
	return resp.fail(err)
}

// callbackError marks an error of the caller's function.
type callbackError struct{ error }

// readError classifies what went wrong while a body was read.
func readError(err error) *pos.Error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &semantic):
		return &pos.Error{Kind: pos.KindProtocol, Err: describe(semantic)}
	case errors.As(err, &syntax), truncated(err), errors.Is(err, errTooLarge), errors.Is(err, errShape):
		return &pos.Error{Kind: pos.KindProtocol, Err: err}
	case errors.Is(err, context.Canceled):
		return callEnded(context.Canceled, nil)
	}
	return &pos.Error{Kind: pos.KindUnavailable, Err: err}
}

// describe says where a value did not fit without showing it: it may be about
// a customer.
func describe(e *json.SemanticError) error {
	return fmt.Errorf("JSON %s does not fit %v at %q (offset %d)", e.JSONKind, e.GoType, e.JSONPointer, e.ByteOffset)
}
