package httppush

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
)

// ReceiverOptions tune a Receiver. Nil and zero fields mean the default.
type ReceiverOptions struct {
	// MaxBody is the largest event in bytes; 0 means 1 MiB.
	MaxBody int64
	// Timeout ends the context of the handler; 0 means 10 s. The sender gives
	// up after 15.
	Timeout time.Duration
	// Logger is told why events were refused. Nil discards.
	Logger *slog.Logger
}

// Receiver is an HTTP handler that takes the events that a Publisher sends.
// An event without a trace gets that of the request. It answers without a body:
//
//	204  the handler took the event
//	400  the body is no event
//	401  not signed by the sender, or too long ago
//	405  not a POST
//	413  too large
//	422  the handler rejected the event with [events.ErrReject]
//	503  the handler failed: send again
func Receiver(keys *Keys, handle events.Handler, opts *ReceiverOptions) http.Handler {
	r := &receiver{keys: keys, handle: handle}
	if opts != nil {
		r.opts = *opts
	}
	r.opts.MaxBody = or(r.opts.MaxBody, 1<<20)
	r.opts.Timeout = or(r.opts.Timeout, 10*time.Second)
	r.opts.Logger = or(r.opts.Logger, slog.New(slog.DiscardHandler))
	return r
}

type receiver struct {
	keys   *Keys
	handle events.Handler
	opts   ReceiverOptions
}

// ServeHTTP implements [http.Handler].
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	status, err := r.receive(w, request)
	if err != nil {
		r.opts.Logger.LogAttrs(request.Context(), slog.LevelWarn, "event refused", slog.Int("status", status), slog.Any("error", err))
	}
	w.WriteHeader(status)
}

func (r *receiver) receive(w http.ResponseWriter, request *http.Request) (int, error) {
	if request.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, errors.New("not a POST")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, r.opts.MaxBody))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return http.StatusRequestEntityTooLarge, err
		}
		return http.StatusRequestTimeout, err // The sender broke off.
	}
	if err := r.keys.Verify(request.Header, body); err != nil {
		return http.StatusUnauthorized, err
	}
	e, err := events.Parse(body)
	if err != nil {
		return http.StatusBadRequest, err
	}
	if parent := request.Header.Get(headerTraceParent); e.TraceParent == "" {
		if _, ok := events.TraceID(parent); ok {
			e.TraceParent = parent
		}
	}
	ctx, cancel := context.WithTimeout(request.Context(), r.opts.Timeout)
	defer cancel()
	switch err := r.handle(ctx, e); {
	case errors.Is(err, events.ErrReject):
		return http.StatusUnprocessableEntity, err
	case err != nil:
		return http.StatusServiceUnavailable, err
	}
	return http.StatusNoContent, nil
}
