package pos_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

func TestErrorMatches(t *testing.T) {
	t.Parallel()
	sentinels := map[pos.Kind]error{
		pos.KindInvalid: pos.ErrInvalid, pos.KindUnsupported: pos.ErrUnsupported, pos.KindNotFound: pos.ErrNotFound,
		pos.KindAuth: pos.ErrAuth, pos.KindPermission: pos.ErrPermission, pos.KindRateLimited: pos.ErrRateLimited,
		pos.KindConflict: pos.ErrConflict, pos.KindUnavailable: pos.ErrUnavailable, pos.KindProtocol: pos.ErrProtocol,
		pos.KindCursor: pos.ErrCursor, pos.KindWithdrawLimit: pos.ErrWithdrawLimit,
	}
	for kind, sentinel := range sentinels {
		err := fmt.Errorf("host: %w", &pos.Error{Op: "Op", Kind: kind, Err: io.ErrUnexpectedEOF})
		for other, target := range sentinels {
			want := kind == other || kind == pos.KindPermission && other == pos.KindAuth
			if errors.Is(err, target) != want {
				t.Errorf("%s is %s: %t", kind, other, !want)
			}
		}
		var e *pos.Error
		if !errors.Is(err, sentinel) || !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &e) || pos.KindOf(err) != kind {
			t.Errorf("%s: sentinel, cause, type or kind is lost", kind)
		}
		if want := kind == pos.KindRateLimited || kind == pos.KindConflict || kind == pos.KindUnavailable || kind == pos.KindProtocol; pos.IsRetryable(err) != want {
			t.Errorf("%s is retryable: %t", kind, !want)
		}
	}
	if !errors.Is(&pos.Error{Kind: pos.KindUnsupported}, errors.ErrUnsupported) {
		t.Error("unsupported does not match errors.ErrUnsupported")
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	err := &pos.Error{
		Op: "SearchOrders", Vendor: "square", Location: "L1", Kind: pos.KindRateLimited,
		Code: "RATE_LIMITED", RequestID: "r-1", RetryAfter: 2 * time.Second, Err: io.EOF,
	}
	const want = "square: SearchOrders: L1: rate limited (RATE_LIMITED, request r-1, retry after 2s): EOF"
	if got := err.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (&pos.Error{}).Error(); got != "error" {
		t.Errorf("got %q", got)
	}
	if got := pos.Kind(99).String(); got != "kind 99" {
		t.Errorf("got %q", got)
	}
	if unknown := (&pos.Error{Kind: 99}); unknown.Unwrap() != nil || unknown.Error() != "kind 99" {
		t.Errorf("an unknown kind unwraps to %v", unknown.Unwrap())
	}
	if got := pos.RetryAfter(fmt.Errorf("host: %w", err)); got != 2*time.Second {
		t.Errorf("RetryAfter %v", got)
	}
	if got := pos.RetryAfter(io.EOF); got != 0 {
		t.Errorf("RetryAfter %v", got)
	}
}

func TestNotRetryable(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, io.EOF, context.Canceled, &pos.Error{Kind: pos.KindUnavailable, Err: context.Canceled}} {
		if pos.IsRetryable(err) {
			t.Errorf("%v is retryable", err)
		}
	}
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	err := pos.Unsupported("bytetech", "PushCoupons", "no codes", "a discount without a code")
	var ps pos.Problems
	if !errors.Is(err, pos.ErrUnsupported) || !errors.As(err, &ps) || ps[0].Nearest != "a discount without a code" {
		t.Errorf("got %v", err)
	}
}
