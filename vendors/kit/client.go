package kit

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
)

// ClientConfig is what a vendor knows about its service.
type ClientConfig struct {
	// Vendor is the directory name, such as "square". Required.
	Vendor string
	// BaseURL is the scheme and host with an optional path, without a slash at
	// the end. Required.
	BaseURL string
	// Header is sent with every request.
	Header http.Header
	// Auth puts in the credentials; nil sends none.
	Auth Authorizer
	// Budget paces the calls; nil means no limit but the server's hints.
	Budget *Budget
	// Classify makes the error of a failed answer better; nil goes by status.
	Classify func(*Failure)
	// Hint reads quota headers, see [QuotaHeaders]; nil means there are none.
	Hint func(http.Header) (Hint, bool)
	// KeyHeader is where the idempotency key goes, such as "Idempotency-Key".
	// Empty: the vendor puts it into body or query itself.
	KeyHeader string
	// RequestIDHeader names a request in the answer; "" means X-Request-Id.
	RequestIDHeader string
	// DeprecationHeader is the vendor's own header that tells why an operation
	// will go away. Deprecation and Sunset are always read.
	DeprecationHeader string
}

// Client calls one vendor for one account. It is safe for concurrent use.
//
// Each call goes through the same steps: the deadline; then, for each attempt,
// the credentials, the rate budget and the transport; a failed attempt is
// repeated if that does no harm (see [Request]), if the failure may pass
// (network, 408, 429, 5xx), if the retry budget of a tenth of all calls
// permits, and if there is time. A 401 is repeated once with new credentials.
type Client struct {
	cfg       ClientConfig
	base      string
	origin    *url.URL
	header    http.Header
	userAgent string
	opts      *Options
	http      *http.Client
	budget    *Budget
	allowance *allowance
	clock     clock
	announced sync.Map // operations whose deprecation was told
}

// BaseURLRule is the reason to give where [ValidBaseURL] is false.
const BaseURLRule = "must be http or https with a host and without query or user"

// ValidBaseURL reports whether a client can be made for an address, so that a
// vendor can tell it along with whatever else is wrong.
func ValidBaseURL(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.RawQuery == "" && u.User == nil
}

// NewClient checks the whole configuration.
func NewClient(cfg ClientConfig, opts *Options) (*Client, error) {
	var ps pos.Problems
	if cfg.Vendor == "" {
		ps = append(ps, pos.Problem{Field: "Vendor", Reason: "is empty"})
	}
	if !ValidBaseURL(cfg.BaseURL) {
		ps = append(ps, pos.Problem{Field: "BaseURL", Reason: BaseURLRule})
	}
	if len(ps) > 0 {
		return nil, configError(cfg.Vendor, ps)
	}
	origin, err := url.Parse(cfg.BaseURL)
	if err != nil {
		return nil, configError(cfg.Vendor, stripURL(err))
	}
	o := opts.Resolve()
	c := &Client{
		cfg:       cfg,
		base:      strings.TrimSuffix(cfg.BaseURL, "/"),
		origin:    origin,
		header:    http.Header{},
		userAgent: userAgent(o.UserAgent),
		opts:      o,
		budget:    cfg.Budget,
		allowance: newAllowance(),
	}
	for name, values := range cfg.Header {
		c.header[http.CanonicalHeaderKey(name)] = values
	}
	if c.budget == nil {
		c.budget = NewBudget(rate.Inf, 1)
	}
	if c.cfg.RequestIDHeader == "" {
		c.cfg.RequestIDHeader = "X-Request-Id"
	}
	h := *o.HTTPClient
	h.CheckRedirect = c.checkRedirect
	c.http = &h
	return c, nil
}

func configError(vendor string, err error) error {
	return &pos.Error{Op: "New", Vendor: vendor, Kind: pos.KindInvalid, Err: err}
}

// checkRedirect follows redirects of reads on the same host. Elsewhere the
// credentials would go along, and a redirected write may become a read.
func (c *Client) checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0].Method
	if !sameOrigin(r.URL, c.origin) || len(via) >= 5 || first != http.MethodGet && first != http.MethodHead {
		return errRedirect
	}
	return nil
}

// Now returns the vendor's time as the Date headers of its answers tell it, up
// to a second and a transmission behind; the local time before the first
// answer. It may step back by a second.
func (c *Client) Now() time.Time {
	now, _ := c.clock.now()
	return now
}

// ClockKnown reports whether Now is the vendor's time.
func (c *Client) ClockKnown() bool {
	_, known := c.clock.now()
	return known
}

// Do sends a request and returns the answer, which has a status of 2xx or one
// that the request accepts. The caller must close its body. All errors are
// [*pos.Error] values.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	ctx, cancel := c.deadline(ctx)
	var answer *Response
	err := c.run(ctx, &r, c.opts.MaxBody, func(resp *Response) error {
		answer = resp
		return nil
	})
	if err != nil {
		cancel()
		return nil, err
	}
	answer.Body = &closer{answer.Body, cancel}
	return answer, nil
}

// closer ends the call's context together with its body.
type closer struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *closer) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// deadline bounds a call whose caller did not.
func (c *Client) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.opts.Deadline)
}

// run makes attempts until use succeeded on an answer or nothing helps. use is
// part of the attempt: if it meets a truncated body, that may be repeated.
func (c *Client) run(ctx context.Context, r *Request, limit int64, use func(*Response) error) error {
	target, err := c.url(r)
	if err != nil {
		return c.name(r, &pos.Error{Kind: pos.KindInvalid, Err: err})
	}
	c.allowance.earn()
	var last *pos.Error
	attempt, renewed := 0, false
	wait := &delays{ctx: ctx, retry: c.opts.Retry, budget: c.allowance}
	once := func() error {
		for {
			attempt++
			f := c.attempt(ctx, r, target, attempt, limit, use)
			if f == nil {
				return nil
			}
			last = f.Error
			if f.Status == http.StatusUnauthorized && !renewed && c.renew(ctx, r, f) {
				renewed = true
				continue
			}
			wait.hint = f.Error.RetryAfter
			if !f.Retry || !r.repeatable() {
				return backoff.Permanent(f.Error)
			}
			return f.Error
		}
	}
	err = backoff.RetryNotify(once, wait, func(err error, delay time.Duration) {
		c.opts.Logger.LogAttrs(ctx, slog.LevelInfo, "retry", slog.String("vendor", c.cfg.Vendor),
			slog.String("op", r.Op), slog.Int("attempt", attempt), slog.Duration("delay", delay), slog.Any("error", err))
		c.opts.Observer.retry(RetryInfo{Vendor: c.cfg.Vendor, Op: r.Op, Attempt: attempt, Delay: delay, Err: err})
	})
	if err == nil {
		return nil
	}
	if e, ok := err.(*pos.Error); ok { //nolint:errorlint // the loop returns our errors or the context's, unwrapped
		return e
	}
	return c.name(r, callEnded(err, last))
}

// renew asks for new credentials after a 401. If that fails, the reason takes
// the place of the 401.
func (c *Client) renew(ctx context.Context, r *Request, f *failed) bool {
	if r.Anonymous || c.cfg.Auth == nil {
		return false
	}
	retry, err := c.cfg.Auth.Rejected(ctx, f.request)
	if err != nil {
		f.Error = c.name(r, asError(err))
		f.Retry = pos.IsRetryable(f.Error)
	}
	return retry && err == nil
}

// name fills in where an error happened.
func (c *Client) name(r *Request, e *pos.Error) *pos.Error {
	e.Vendor, e.Op, e.Location = c.cfg.Vendor, r.Op, r.Location
	return e
}

// asError returns a copy of the pos.Error in err's tree, or wraps err.
func asError(err error) *pos.Error {
	if e, ok := errors.AsType[*pos.Error](err); ok {
		cp := *e
		return &cp
	}
	return &pos.Error{Err: err}
}
