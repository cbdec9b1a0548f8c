package pos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies an [Error]. The set only grows.
type Kind uint8

// The kinds of errors.
const (
	KindUnknown       Kind = iota
	KindInvalid            // the caller's input is wrong
	KindUnsupported        // the system cannot do this
	KindNotFound           // no such thing at the vendor
	KindAuth               // the credential is refused
	KindPermission         // the credential lacks a permission
	KindRateLimited        // too many requests
	KindConflict           // somebody changed it meanwhile
	KindUnavailable        // the vendor or the way to it is down
	KindProtocol           // the answer makes no sense
	KindCursor             // the cursor is not one of ours, or of another query
	KindWithdrawLimit      // the push would withdraw too much
)

var kinds = [...]struct {
	name     string
	sentinel error
}{
	KindUnknown:       {"error", nil},
	KindInvalid:       {"invalid", ErrInvalid},
	KindUnsupported:   {"unsupported", ErrUnsupported},
	KindNotFound:      {"not found", ErrNotFound},
	KindAuth:          {"not authorized", ErrAuth},
	KindPermission:    {"permission missing", ErrPermission},
	KindRateLimited:   {"rate limited", ErrRateLimited},
	KindConflict:      {"conflict", ErrConflict},
	KindUnavailable:   {"unavailable", ErrUnavailable},
	KindProtocol:      {"unreadable answer", ErrProtocol},
	KindCursor:        {"bad cursor", ErrCursor},
	KindWithdrawLimit: {"withdraw limit", ErrWithdrawLimit},
}

// String returns the kind in words.
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k].name
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Sentinels for [errors.Is]. ErrPermission is an ErrAuth as well, and
// ErrUnsupported matches [errors.ErrUnsupported].
var (
	ErrInvalid       = errors.New("pos: invalid")
	ErrUnsupported   = fmt.Errorf("pos: not supported by this point of sale: %w", errors.ErrUnsupported)
	ErrNotFound      = errors.New("pos: not found")
	ErrAuth          = errors.New("pos: not authorized")
	ErrPermission    = fmt.Errorf("pos: permission missing: %w", ErrAuth)
	ErrRateLimited   = errors.New("pos: rate limited")
	ErrConflict      = errors.New("pos: conflict")
	ErrUnavailable   = errors.New("pos: unavailable")
	ErrProtocol      = errors.New("pos: unreadable answer")
	ErrCursor        = errors.New("pos: bad cursor")
	ErrWithdrawLimit = errors.New("pos: push would withdraw more than allowed")
)

// Error is what every operation of this SDK returns when it fails.
type Error struct {
	// Op is the operation, such as "PushMenu" or the vendor's "SearchOrders".
	Op string
	// Vendor and Location say where; Location is empty when the whole account
	// is concerned.
	Vendor   string
	Location string
	Kind     Kind
	// Code is the vendor's own error code.
	Code string
	// RequestID is the vendor's id of the request, for its support.
	RequestID string
	// RetryAfter is how long the vendor asks to wait; zero means it did not say.
	RetryAfter time.Duration
	// Err is the cause: the vendor's error, a transport error, a problem list.
	Err error
}

// Error returns one line without secrets.
func (e *Error) Error() string {
	var b strings.Builder
	for _, part := range []string{e.Vendor, e.Op, e.Location} {
		if part != "" {
			b.WriteString(part)
			b.WriteString(": ")
		}
	}
	b.WriteString(e.Kind.String())
	var notes []string
	if e.Code != "" {
		notes = append(notes, e.Code)
	}
	if e.RequestID != "" {
		notes = append(notes, "request "+e.RequestID)
	}
	if e.RetryAfter > 0 {
		notes = append(notes, "retry after "+e.RetryAfter.String())
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap makes the kind's sentinel and the cause visible to [errors.Is] and
// [errors.As].
func (e *Error) Unwrap() []error {
	var errs []error
	if int(e.Kind) < len(kinds) && kinds[e.Kind].sentinel != nil {
		errs = append(errs, kinds[e.Kind].sentinel)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// KindOf returns the kind of the first [*Error] in err's tree, or KindUnknown.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindUnknown
}

// IsRetryable says whether the same call may succeed later without a change
// by the caller: the vendor was unreachable, busy, unreadable, or the object
// moved meanwhile. A call that its own context ended is not retryable.
func IsRetryable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	switch KindOf(err) {
	case KindRateLimited, KindUnavailable, KindConflict, KindProtocol:
		return true
	case KindUnknown, KindInvalid, KindUnsupported, KindNotFound, KindAuth, KindPermission, KindCursor, KindWithdrawLimit:
	}
	return false
}

// RetryAfter returns how long the vendor asks to wait, or zero.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// Unsupported builds the error of a job or request that a system cannot do:
// why, and the nearest thing that it can do ("" if there is none).
func Unsupported(vendor, op, why, nearest string) error {
	return &Error{Vendor: vendor, Op: op, Kind: KindUnsupported, Err: Problems{{Reason: why, Nearest: nearest}}}
}
