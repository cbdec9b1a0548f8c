package kit

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// WebhookOptions tune a webhook handler. Nil and zero fields mean the default.
type WebhookOptions struct {
	// MaxBody is the largest callback; 0 means 1 MiB.
	MaxBody int64
	// Timeout ends the sink's context; 0 means 8 seconds. Vendors give up
	// after 10 to 15.
	Timeout time.Duration
	// Logger is told why callbacks were refused. Nil discards.
	Logger *slog.Logger
}

// WebhookHandler receives the callbacks of one vendor. It reads the body,
// verifies, parses and hands the notices to sink, which must keep them before
// it returns and do the work later. It answers without a body:
//
//	200  the notices are kept, or there was none
//	400  the body makes no sense
//	401  not signed by the vendor
//	405  not a POST
//	413  too large
//	503  sink failed, so that the vendor sends again
func WebhookHandler(hook pos.Webhook, sink func(context.Context, []pos.Notice) error, opts *WebhookOptions) http.Handler {
	h := &webhookHandler{hook: hook, sink: sink}
	if opts != nil {
		h.opts = *opts
	}
	h.opts.MaxBody = orDefault(h.opts.MaxBody, 1<<20)
	h.opts.Timeout = orDefault(h.opts.Timeout, 8*time.Second)
	if h.opts.Logger == nil {
		h.opts.Logger = slog.New(slog.DiscardHandler)
	}
	return h
}

type webhookHandler struct {
	hook pos.Webhook
	sink func(context.Context, []pos.Notice) error
	opts WebhookOptions
}

// ServeHTTP implements [http.Handler].
func (h *webhookHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, err := h.receive(w, r)
	if err != nil {
		h.opts.Logger.LogAttrs(r.Context(), slog.LevelWarn, "callback refused", slog.Int("status", status), slog.Any("error", err))
	}
	w.WriteHeader(status)
}

func (h *webhookHandler) receive(w http.ResponseWriter, r *http.Request) (int, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, errors.New("not a POST")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.opts.MaxBody))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return http.StatusRequestEntityTooLarge, err
		}
		return http.StatusBadRequest, err
	}
	if err := h.hook.Verify(r.Header, body); err != nil {
		return http.StatusUnauthorized, err
	}
	notices, err := h.hook.Parse(r.Header, body)
	if err != nil {
		return http.StatusBadRequest, err
	}
	if len(notices) == 0 {
		return http.StatusOK, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.opts.Timeout)
	defer cancel()
	if err := h.sink(ctx, notices); err != nil {
		return http.StatusServiceUnavailable, err
	}
	return http.StatusOK, nil
}
