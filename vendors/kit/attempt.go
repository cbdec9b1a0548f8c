package kit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// failed is a failure together with the request that was sent.
type failed struct {
	Failure
	request *http.Request
}

// attempt sends the request once and lets use read the answer.
func (c *Client) attempt(ctx context.Context, r *Request, target string, n int, limit int64, use func(*Response) error) *failed {
	actx, cancel := context.WithCancelCause(ctx)
	hr, err := c.prepare(actx, r, target)
	if err == nil {
		var waited time.Duration
		if waited, err = c.budget.acquire(ctx, r.Cost); waited > 0 {
			c.opts.Observer.wait(WaitInfo{Vendor: c.cfg.Vendor, Op: r.Op, Wait: waited})
		}
	}
	if err != nil {
		cancel(nil)
		return c.unsent(r, err)
	}
	silence := time.AfterFunc(c.opts.Silence, func() { cancel(errSilent) })
	sent := time.Now()
	resp, err := c.http.Do(hr) //nolint:bodyclose // in boundedBody.Close
	silence.Stop()
	if err != nil {
		c.budget.release(nil)
		f := &failed{request: hr}
		f.Error, f.Retry = c.lost(actx, r, err), !errors.Is(err, errRedirect) && ctx.Err() == nil
		cancel(nil)
		c.report(ctx, r, hr, n, sent, nil, f.Error)
		return f
	}

	c.budget.release(c.hint(resp.Header))
	c.clock.learn(resp.Header)
	body := &boundedBody{rc: resp.Body, left: limit, silence: silence, quiet: c.opts.Silence, ctx: actx, cancel: cancel}
	got := &Response{
		Status: resp.StatusCode, Header: resp.Header, Body: body,
		RequestID: clipID(resp.Header.Get(c.cfg.RequestIDHeader)),
		op:        r.Op, vendor: c.cfg.Vendor, location: r.Location,
	}
	got.Date, _ = http.ParseTime(resp.Header.Get("Date"))
	c.announce(ctx, r, resp.Header)
	if !r.accepts(resp.StatusCode) {
		f := c.refused(r, got, sent)
		f.request = hr
		c.report(ctx, r, hr, n, sent, got, f.Error)
		return f
	}
	c.report(ctx, r, hr, n, sent, got, nil)
	if err := use(got); err != nil {
		f := &failed{Failure: Failure{Error: got.fail(err)}, request: hr}
		f.Retry = f.Error.Kind == pos.KindUnavailable || truncated(err)
		return f
	}
	return nil
}

// prepare builds the request with its credentials. That comes before the
// budget: getting a token may take calls from the same one.
func (c *Client) prepare(ctx context.Context, r *Request, target string) (*http.Request, error) {
	hr, err := c.newRequest(ctx, r, target)
	if err == nil && !r.Anonymous && c.cfg.Auth != nil {
		err = c.cfg.Auth.Authorize(ctx, hr)
	}
	return hr, err
}

// clipID bounds what a server can put into our errors and logs.
func clipID(id string) string { return id[:min(len(id), 128)] }

// hint reads the vendor's quota headers.
func (c *Client) hint(h http.Header) *Hint {
	if c.cfg.Hint == nil {
		return nil
	}
	if hint, ok := c.cfg.Hint(h); ok {
		return &hint
	}
	return nil
}

// unsent is the failure of an attempt that did not leave.
func (c *Client) unsent(r *Request, err error) *failed {
	var e *pos.Error
	if !errors.As(err, &e) && isContext(err) {
		e = callEnded(err, nil)
	} else {
		e = asError(err)
	}
	return &failed{Failure: Failure{Error: c.name(r, e)}}
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// lost is the error of an attempt that got no answer.
func (c *Client) lost(ctx context.Context, r *Request, err error) *pos.Error {
	e := c.name(r, transportError(ctx, err))
	if !r.repeatable() && !neverSent(err) && e.Kind != pos.KindProtocol {
		e.Err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, e.Err)
	}
	return e
}

// refused classifies an answer that is no success and slows the account down
// if the server wants that.
func (c *Client) refused(r *Request, resp *Response, sent time.Time) *failed {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxFailureBody)) // what came must do
	_ = resp.Body.Close()
	f := &failed{Failure: Failure{
		Status: resp.Status,
		Header: resp.Header,
		Body:   body,
		Retry:  retryableStatus(resp.Status),
		Error: c.name(r, &pos.Error{
			Kind:       kindOfStatus(resp.Status),
			RequestID:  resp.RequestID,
			RetryAfter: retryAfter(resp.Header, c.Now()),
			Err:        &StatusError{resp.Status},
		}),
	}}
	if c.cfg.Classify != nil {
		c.cfg.Classify(&f.Failure)
	}
	switch limited := f.Error.Kind == pos.KindRateLimited; {
	case f.Error.RetryAfter > 0 && (limited || resp.Status == http.StatusServiceUnavailable):
		c.budget.Pause(f.Error.RetryAfter)
	case limited:
		c.budget.slowDown(sent)
	}
	return f
}

// report tells log and observer of an attempt.
func (c *Client) report(ctx context.Context, r *Request, hr *http.Request, n int, sent time.Time, resp *Response, e *pos.Error) {
	info := CallInfo{
		Vendor: c.cfg.Vendor, Op: r.Op, Location: r.Location,
		Method: hr.Method, Path: hr.URL.Path, Attempt: n, Duration: time.Since(sent),
	}
	if resp != nil {
		info.Status, info.RequestID = resp.Status, resp.RequestID
	}
	if e != nil {
		info.Err = e
	}
	c.opts.Observer.call(info)
	if c.opts.Logger.Enabled(ctx, slog.LevelDebug) {
		c.opts.Logger.LogAttrs(ctx, slog.LevelDebug, "call", slog.String("vendor", info.Vendor), slog.String("op", info.Op),
			slog.Int("attempt", n), slog.Int("status", info.Status), slog.Duration("took", info.Duration), slog.String("request", info.RequestID))
	}
}

// boundedBody is a body that is bounded in size and in silence. Closing it reads a
// little of what is left, so that the connection can be used again.
type boundedBody struct {
	rc      io.ReadCloser
	left    int64
	silence *time.Timer
	quiet   time.Duration
	ctx     context.Context // tells why reading failed
	cancel  context.CancelCauseFunc
}

func (a *boundedBody) Read(p []byte) (int, error) {
	if a.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > a.left+1 { // one more than allowed shows that there is more
		p = p[:a.left+1]
	}
	a.silence.Reset(a.quiet) // it runs while we wait, not while the caller works
	n, err := a.rc.Read(p)
	a.silence.Stop()
	a.left -= int64(n)
	if a.left < 0 {
		return n - 1, errTooLarge
	}
	if err != nil && err != io.EOF { //nolint:errorlint // readers return io.EOF itself
		if cause := context.Cause(a.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

func (a *boundedBody) Close() error {
	a.silence.Reset(a.quiet)
	_, _ = io.CopyN(io.Discard, a.rc, maxFailureBody)
	a.silence.Stop()
	a.cancel(nil)
	return a.rc.Close()
}

// fail makes the error that reading an answer ended with a pos.Error.
func (r *Response) fail(err error) *pos.Error {
	e := readError(err)
	e.Op, e.Vendor, e.Location, e.RequestID = r.op, r.vendor, r.location, r.RequestID
	return e
}
