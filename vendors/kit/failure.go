package kit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/farmacyfoods/pointofsale/pos"
)

// maxFailureBody is how much of a failed answer a classifier gets to see.
const maxFailureBody = 64 << 10

// Failure is an answer that is not a success, for a vendor's classifier.
type Failure struct {
	Status int
	Header http.Header
	// Body is at most the first 64 KiB.
	Body []byte
	// Error is what the caller gets. Kind follows from the status, RetryAfter
	// from the header, and Err is a [*StatusError]. The classifier makes Kind
	// and RetryAfter better, sets Code, and puts the vendor's error into Err.
	// It must not copy texts of the body that may hold secrets.
	Error *pos.Error
	// Retry says whether a repeatable request is tried again; true for 408,
	// 429 and 5xx except 501.
	Retry bool
}

// StatusError is the cause of an error about which nothing is known but its
// HTTP status.
type StatusError struct{ Status int }

// Error returns the status with its name.
func (e *StatusError) Error() string {
	return fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))
}

// ErrOutcomeUnknown is part of the error when a write without idempotency key
// was sent and no answer came: it may have been carried out. Read it back.
var ErrOutcomeUnknown = errors.New("no answer: the write may have been carried out")

var (
	errTooLarge = errors.New("the answer is larger than allowed")
	errSilent   = errors.New("the vendor sent nothing for too long")
	errRedirect = errors.New("redirect refused: it leaves the host, moves a write or goes in circles")
)

// kindOfStatus is the classification that holds unless a vendor knows better.
func kindOfStatus(status int) pos.Kind {
	switch status {
	case http.StatusUnauthorized:
		return pos.KindAuth
	case http.StatusForbidden:
		return pos.KindPermission
	case http.StatusNotFound, http.StatusGone:
		return pos.KindNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return pos.KindConflict
	case http.StatusTooManyRequests:
		return pos.KindRateLimited
	case http.StatusRequestTimeout:
		return pos.KindUnavailable
	case http.StatusNotImplemented:
		return pos.KindUnsupported
	}
	switch {
	case status >= 500:
		return pos.KindUnavailable
	case status >= 400:
		return pos.KindInvalid
	}
	return pos.KindProtocol
}

func retryableStatus(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status >= 500 && status != http.StatusNotImplemented
}

// transportError classifies an error without an answer. ctx is the attempt's,
// whose cause tells a silent vendor from a caller who gave up.
func transportError(ctx context.Context, err error) *pos.Error {
	e := &pos.Error{Kind: pos.KindUnavailable, Err: stripURL(err)}
	switch cause := context.Cause(ctx); {
	case errors.Is(err, errTooLarge), errors.Is(err, errRedirect):
		e.Kind = pos.KindProtocol
	case errors.Is(cause, errSilent):
		e.Err = cause
	case errors.Is(cause, context.Canceled):
		e.Kind, e.Err = pos.KindUnknown, context.Canceled
	case cause != nil:
		e.Err = cause
	}
	return e
}

// stripURL takes the URL out of an error: its query may hold secrets.
func stripURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// neverSent reports that no connection came about, so that nothing happened.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// truncated reports that a body ended too early.
func truncated(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }
