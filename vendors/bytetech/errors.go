package bytetech

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Vendor is the name of this package's system in errors, cursors and keys.
const Vendor = "bytetech"

// APIError is the vendor's own account of a refused request or batch element.
// It is the cause of a [pos.Error]; get it with errors.As.
type APIError struct {
	// Status is the HTTP status, 0 for an element of a batch.
	Status int
	// Code is the vendor's code, such as "insufficient_scope".
	Code string
	// Message is the vendor's text, at most 200 bytes.
	Message string
	// Field is the member of the request that is wrong, if it names one.
	Field string
	// Scope is the permission that the operation needs, set when it was missing.
	Scope string

	meaning string
}

// Error returns code, field, scope and message in one line.
func (e *APIError) Error() string {
	text := e.Code
	if text == "" {
		text = fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Field != "" {
		text += " at " + e.Field
	}
	if e.Scope != "" {
		text += ": scope " + e.Scope + " is needed"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Is matches [kit.ErrPageToken] for refused page tokens.
func (e *APIError) Is(target error) bool {
	return target == kit.ErrPageToken && e.meaning == meansPageToken
}

// What an error code can mean; the right-hand sides of enums.error_code.
const (
	meansInvalid     = "invalid"
	meansConflict    = "conflict"
	meansDuplicate   = "duplicate"
	meansAuth        = "auth"
	meansPermission  = "permission"
	meansNotFound    = "not_found"
	meansRateLimited = "rate_limited"
	meansUnavailable = "unavailable"
	meansUnsupported = "unsupported"
	meansPageToken   = "page_token"
	meansInProgress  = "in_progress"
)

var kindOf = map[string]pos.Kind{
	meansInvalid:     pos.KindInvalid,
	meansConflict:    pos.KindConflict,
	meansDuplicate:   pos.KindInvalid,
	meansAuth:        pos.KindAuth,
	meansPermission:  pos.KindPermission,
	meansNotFound:    pos.KindNotFound,
	meansRateLimited: pos.KindRateLimited,
	meansUnavailable: pos.KindUnavailable,
	meansUnsupported: pos.KindUnsupported,
	meansPageToken:   pos.KindCursor,
	meansInProgress:  pos.KindUnavailable,
}

// isDuplicate reports that the vendor has an object with that external id.
func isDuplicate(err error) bool {
	var e *APIError
	return errors.As(err, &e) && e.meaning == meansDuplicate
}

// classify reads the error body as the profile describes it. Texts are copied
// only where the request was understood: answers about credentials may repeat
// them.
func (p *profile) classify(f *kit.Failure) {
	var o object
	var body jsontext.Value
	e := &APIError{Status: f.Status}
	if json.Unmarshal(f.Body, &body, lenient...) == nil && p.shapes.failure.read(body, &p.Encoding, &o) == nil {
		e.Code = clip(o.text(p.Errors.Code), 64)
		e.Field = clip(o.text(p.Errors.Field), 64)
		switch f.Status {
		case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
			e.Message = clip(o.text(p.Errors.Message), 200)
		}
		if id := o.text(p.Errors.RequestID); f.Error.RequestID == "" {
			f.Error.RequestID = clip(id, 64)
		}
	}
	f.Error.Code, f.Error.Err = e.Code, e
	if e.meaning, _ = p.meaning("error_code", e.Code); e.meaning != "" {
		f.Error.Kind = kindOf[e.meaning]
	}
	switch e.meaning {
	case meansInProgress:
		f.Retry, f.Error.RetryAfter = true, max(f.Error.RetryAfter, time.Second)
	case meansUnavailable:
		f.Retry = f.Retry || f.Status >= http.StatusInternalServerError
	}
	if f.Error.Kind == pos.KindPermission {
		e.Scope = p.Auth.Scopes[f.Error.Op]
	}
	if wait, ok := kit.ParseRetryAfter(f.Header.Get(p.Limits.Headers.RetryAfter), time.Now()); ok && f.Error.RetryAfter == 0 {
		f.Error.RetryAfter = wait
	}
}

// elementError is what a batch says about one of its elements.
func (p *profile) elementError(op string, row *object) error {
	b := p.Fields.Batch
	e := &APIError{
		Code:    clip(row.text(b.ErrorCode), 64),
		Message: clip(row.text(b.ErrorMessage), 200),
		Field:   clip(row.text(b.ErrorField), 64),
	}
	e.meaning, _ = p.meaning("error_code", e.Code)
	kind, known := kindOf[e.meaning]
	if !known {
		kind = pos.KindInvalid
	}
	return &pos.Error{Vendor: Vendor, Op: op, Kind: kind, Code: e.Code, Err: e}
}

func clip(s string, most int) string {
	if len(s) > most {
		return s[:most]
	}
	return s
}

// located makes an error of a store or a context a [pos.Error].
func located(op string, err error) error {
	var e *pos.Error
	if err == nil || errors.As(err, &e) && e.Vendor != "" {
		return err
	}
	kind := pos.KindOf(err)
	if kind == pos.KindUnknown && !errors.Is(err, context.Canceled) {
		kind = pos.KindUnavailable
	}
	return &pos.Error{Vendor: Vendor, Op: op, Kind: kind, Err: err}
}

// protocol is the error of an answer that does not have the form of the profile.
func protocol(op string, err error) error {
	return &pos.Error{Vendor: Vendor, Op: op, Kind: pos.KindProtocol, Err: err}
}
