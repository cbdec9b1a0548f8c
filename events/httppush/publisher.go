package httppush

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Config says where events go.
type Config struct {
	// URL takes the events. Required.
	URL string `json:"url"`
	// Secrets sign the events; see [NewKeys]. Required.
	Secrets []pos.Secret `json:"secrets"`
	// Timeout ends one attempt; 0 means 15 s.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Attempts is how often an event is sent before Publish gives up; 0 means 5.
	Attempts int `json:"attempts,omitempty"`
	// MinDelay is the pause before the second attempt, 0 means 500 ms. It
	// doubles up to MaxDelay, 0 means 30 s, and varies by a half.
	MinDelay time.Duration `json:"min_delay,omitempty"`
	MaxDelay time.Duration `json:"max_delay,omitempty"`
}

// Options are what a host may bring. Nil and zero fields mean the default.
type Options struct {
	// HTTPClient carries the requests; wrap its transport for tracing. Its
	// redirect policy is replaced.
	HTTPClient *http.Client
	// Logger is told of attempts that failed. Nil discards.
	Logger *slog.Logger
}

// Publisher is an [events.Publisher] that posts. It is safe for concurrent use.
type Publisher struct {
	cfg    Config
	keys   *Keys
	client *http.Client
	log    *slog.Logger
	closed atomic.Bool
}

var _ events.Publisher = (*Publisher)(nil)

const op = "httppush.Publish"

// New checks the configuration. Options may be nil.
func New(cfg Config, opts *Options) (*Publisher, error) {
	cfg.Timeout = or(cfg.Timeout, 15*time.Second)
	cfg.Attempts = or(cfg.Attempts, 5)
	cfg.MinDelay = or(cfg.MinDelay, 500*time.Millisecond)
	cfg.MaxDelay = or(cfg.MaxDelay, 30*time.Second)
	keys, ps := readKeys(cfg.Secrets)
	if u, err := url.Parse(cfg.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		ps = append(ps, pos.Problem{Field: "URL", Reason: "is not a full http or https URL"})
	}
	for field, ok := range map[string]bool{
		"Timeout": cfg.Timeout > 0, "Attempts": cfg.Attempts > 0, "MinDelay": cfg.MinDelay > 0, "MaxDelay": cfg.MaxDelay >= cfg.MinDelay,
	} {
		if !ok {
			ps = append(ps, pos.Problem{Field: field, Reason: "is out of range"})
		}
	}
	if ps != nil {
		return nil, &pos.Error{Op: "httppush.New", Kind: pos.KindInvalid, Err: ps}
	}
	if opts == nil {
		opts = &Options{}
	}
	p := &Publisher{cfg: cfg, keys: keys, client: &http.Client{}, log: or(opts.Logger, slog.New(slog.DiscardHandler))}
	if opts.HTTPClient != nil {
		*p.client = *opts.HTTPClient
	}
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return p, nil
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Publish implements [events.Publisher]. After an error the events before the
// one that failed have been accepted.
func (p *Publisher) Publish(ctx context.Context, evs ...events.Event) error {
	for i := range evs {
		if err := evs[i].Validate(); err != nil {
			return err
		}
	}
	for i := range evs {
		if err := p.push(ctx, &evs[i]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// push sends one event until it is accepted or refused for good.
func (p *Publisher) push(ctx context.Context, e *events.Event) error {
	body := e.AppendJSON(nil)
	id := events.ID(e.Source, e.ID)
	pause := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(p.cfg.MinDelay),
		backoff.WithMultiplier(2),
		backoff.WithMaxInterval(p.cfg.MaxDelay),
		backoff.WithMaxElapsedTime(0),
	)
	for attempt := 1; ; attempt++ {
		err := p.attempt(ctx, id, e.TraceParent, body)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !pos.IsRetryable(err), attempt == p.cfg.Attempts:
			return err
		}
		p.log.LogAttrs(ctx, slog.LevelWarn, "event is sent again", slog.String("id", e.ID), slog.Int("attempt", attempt), slog.Any("error", err))
		if err := sleep(ctx, max(pause.NextBackOff(), pos.RetryAfter(err))); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Publisher) attempt(ctx context.Context, id, traceParent string, body []byte) error {
	if p.closed.Load() {
		return events.ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", contentType)
	if traceParent != "" { // A client that traces puts its own span in.
		r.Header.Set(headerTraceParent, traceParent)
	}
	p.keys.Sign(r.Header, id, time.Now(), body)
	answer, err := p.client.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // The URL may hold secrets.
		}
		return &pos.Error{Op: op, Kind: pos.KindUnavailable, Err: err}
	}
	// A body that is read to its end lets the connection be used again.
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	_ = answer.Body.Close()
	return judge(answer)
}

const headerTraceParent = "Traceparent"

const contentType = "application/cloudevents+json; charset=utf-8"

// judge turns the status of an answer into an error.
func judge(answer *http.Response) error {
	status := answer.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	// Repeating does not help, unless one of the cases below says so.
	e := &pos.Error{Op: op, Kind: pos.KindUnsupported, Err: fmt.Errorf("HTTP %d %s", status, http.StatusText(status))}
	switch {
	case status == http.StatusTooManyRequests:
		e.Kind = pos.KindRateLimited
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooEarly:
		e.Kind = pos.KindUnavailable
	case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity:
		e.Kind, e.Err = pos.KindInvalid, fmt.Errorf("%w: %w", events.ErrReject, e.Err)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.Kind = pos.KindAuth
	case status == http.StatusNotFound || status == http.StatusGone:
		e.Kind = pos.KindNotFound
	}
	e.RetryAfter = retryAfter(answer.Header.Get("Retry-After"))
	return e
}

// longestWait bounds what a server may ask for.
const longestWait = 15 * time.Minute

// retryAfter reads seconds or an HTTP date.
func retryAfter(text string) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), longestWait)
}

// Close implements [events.Publisher]. It does not close the HTTP client.
func (p *Publisher) Close() error {
	p.closed.Store(true)
	return nil
}
