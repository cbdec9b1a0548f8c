package bytetechfake

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

const (
	defaultLimit = 100
	maxLimit     = 200
	replyLife    = 24 * time.Hour
)

// endpoint is one operation of the API.
type endpoint struct {
	op      string
	pattern string
	scope   string // "" for the token endpoint
	feature Feature
	write   bool
	answer  func(*call) (status int, body any, err error)
}

// call is one request being answered; the fake is locked.
type call struct {
	*Fake
	endpoint endpoint
	w        http.ResponseWriter
	r        *http.Request
	id       string
	grant    *grant
}

// grant is an access token; a static key is one that never expires.
type grant struct {
	token   string
	client  *Client
	expires time.Time
	revoked bool
}

type replyKey struct{ token, path, key string }

// reply is a stored answer to a request with an Idempotency-Key.
type reply struct {
	request [sha256.Size]byte
	status  int
	body    []byte
	at      time.Time
}

// route puts the shared steps around an operation.
func (f *Fake) route(e endpoint) fakekit.Route {
	return fakekit.Route{Op: e.op, Pattern: e.pattern, Write: e.write, Handler: func(w http.ResponseWriter, r *http.Request) {
		status, body := f.serve(e, w, r)
		send(w, status, body)
	}}
}

// serve answers a request under the lock; the bytes are sent after it.
func (f *Fake) serve(e endpoint, w http.ResponseWriter, r *http.Request) (int, []byte) {
	defer f.begin()()
	c := &call{Fake: f, endpoint: e, w: w, r: r, id: r.Header.Get("X-Request-Id")}
	if c.id == "" {
		c.id = f.id("req")
	}
	w.Header().Set("X-Request-Id", c.id)
	if err := c.admit(); err != nil {
		return c.render(0, nil, err)
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" || r.Method != http.MethodPost || e.scope == "" || !f.has(Idempotency) {
		return c.render(e.answer(c))
	}
	return c.once(key)
}

// admit checks credential, allowance, scope and whether the endpoint exists.
func (c *call) admit() error {
	if c.endpoint.scope == "" {
		return nil
	}
	if _, hit := fakekit.Struck(c.r, posfake.FaultToken); hit {
		for _, g := range c.tokens {
			g.revoked = true
		}
		if !strings.HasPrefix(c.bearer(), tokenPrefix) {
			return fail(http.StatusUnauthorized, "token_expired", "", "the key has expired")
		}
	}
	if err := c.authenticate(); err != nil {
		c.w.Header().Set("WWW-Authenticate", "Bearer")
		return err
	}
	if err := c.allow(); err != nil {
		return err
	}
	_, denied := fakekit.Struck(c.r, posfake.FaultScope)
	if scopes := c.grant.client.Scopes; denied || scopes != nil && !slices.Contains(scopes, c.endpoint.scope) {
		return fail(http.StatusForbidden, "insufficient_scope", "", "the token lacks the scope "+c.endpoint.scope)
	}
	if c.endpoint.feature != "" && !c.has(c.endpoint.feature) {
		return notFound("endpoint")
	}
	return nil
}

func (c *call) bearer() string {
	token, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return token
}

func (c *call) authenticate() error {
	token := c.bearer()
	if g := c.tokens[token]; g != nil {
		if g.revoked || !c.now.Before(g.expires) {
			return fail(http.StatusUnauthorized, "token_expired", "", "the access token has expired")
		}
		c.grant = g
		return nil
	}
	for i := range c.cfg.Clients {
		if cl := &c.cfg.Clients[i]; cl.APIKey != "" && cl.APIKey == token {
			c.grant = &grant{token: token, client: cl}
			return nil
		}
	}
	return fail(http.StatusUnauthorized, "invalid_token", "", "no valid bearer token")
}

// allow takes a request from the token's bucket.
func (c *call) allow() error {
	if c.limiter == nil {
		return nil
	}
	a := c.limiter.Take(c.grant.token)
	seconds := func(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
	h := c.w.Header()
	h.Set("RateLimit-Limit", strconv.Itoa(a.Limit))
	h.Set("RateLimit-Remaining", strconv.Itoa(a.Remaining))
	h.Set("RateLimit-Reset", seconds(a.Reset))
	if a.OK {
		return nil
	}
	h.Set("Retry-After", seconds(max(a.Retry, time.Second)))
	return fail(http.StatusTooManyRequests, "rate_limited", "", "too many requests")
}

// sees reports whether the token's campuses include the kiosk.
func (c *call) sees(k *kiosk) bool { return c.grant.client.sees(k) }

func (cl *Client) sees(k *kiosk) bool {
	return cl.Campuses == nil || slices.Contains(cl.Campuses, k.campus.id)
}

var visibleASCII = regexp.MustCompile(`^[!-~]{1,64}$`)

// once answers a request with an idempotency key: the first time by doing it,
// later from memory.
func (c *call) once(key string) (int, []byte) {
	if !visibleASCII.MatchString(key) {
		return c.render(0, nil, badRequest("Idempotency-Key is not 1 to 64 visible ASCII characters"))
	}
	at := replyKey{c.grant.token, c.r.URL.Path, key}
	request := sha256.Sum256(fakekit.Body(c.r))
	old, ok := c.replies[at]
	if ok && c.now.Sub(old.at) < replyLife {
		if old.request != request {
			return c.render(0, nil, conflict("idempotency_conflict", "", "the Idempotency-Key was used with another body"))
		}
		c.w.Header().Set("Idempotency-Replayed", "true")
		return old.status, old.body
	}
	status, body := c.render(c.endpoint.answer(c))
	if status < http.StatusInternalServerError {
		c.replies[at] = reply{request, status, body, c.now}
	}
	return status, body
}

// render encodes an answer or an error.
func (c *call) render(status int, body any, err error) (int, []byte) {
	if err != nil {
		status, body = http.StatusInternalServerError, errorBody{viewError(err, c.id)}
		if e := (*apiError)(nil); errors.As(err, &e) {
			status = e.status
		}
	}
	if body == nil {
		return status, nil
	}
	text, err := json.Marshal(body)
	if err != nil {
		return http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"encoding","field":null,"request_id":"-"}}`)
	}
	return status, text
}

// decode reads a JSON body; unknown fields are ignored.
func (c *call) decode(into any) error {
	dec := json.NewDecoder(bytes.NewReader(fakekit.Body(c.r)))
	if err := dec.Decode(into); err != nil {
		e := (*json.UnmarshalTypeError)(nil)
		if errors.As(err, &e) {
			return fail(http.StatusBadRequest, "invalid_request", e.Field, "has the wrong type")
		}
		return badRequest("the body is not valid JSON")
	}
	return nil
}

// instant reads a time from the query, zero if it is absent.
func (c *call) instant(name string) (time.Time, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fail(http.StatusBadRequest, "invalid_request", name, "is not an RFC 3339 time")
	}
	return t.UTC(), nil
}

// window is a half-open span of time; its zero bounds are open.
type window struct{ since, until time.Time }

func (w window) contains(t time.Time) bool {
	return (w.since.IsZero() || !t.Before(w.since)) && (w.until.IsZero() || t.Before(w.until))
}

// window reads <name>_since and <name>_until from the query.
func (c *call) window(name string) (w window, err error) {
	if w.since, err = c.instant(name + "_since"); err != nil {
		return w, err
	}
	if w.until, err = c.instant(name + "_until"); err != nil {
		return w, err
	}
	if _, widened := fakekit.Struck(c.r, posfake.FaultWidened); widened {
		w = window{}
	}
	return w, nil
}

// flag reads a boolean from the query, nil if it is absent.
func (c *call) flag(name string) (*bool, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return nil, nil //nolint:nilnil // absent is a value of its own
	}
	v, err := strconv.ParseBool(text)
	if err != nil {
		return nil, fail(http.StatusBadRequest, "invalid_request", name, "is not true or false")
	}
	return &v, nil
}

// oneOf reads a list separated by commas from the query and returns a filter.
func (c *call) oneOf(name string) func(string) bool {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return func(string) bool { return true }
	}
	values := strings.Split(text, ",")
	return func(v string) bool { return slices.Contains(values, v) }
}

// page answers one page of the rows behind a position. Rows come with their
// position, in ascending order.
func (c *call) page(rows func(after string) iter.Seq2[string, func() any]) (int, any, error) {
	limit, err := c.limit()
	if err != nil {
		return 0, nil, err
	}
	if _, hit := fakekit.Struck(c.r, posfake.FaultPageToken); hit {
		c.pages.Expire()
	}
	query, after := c.query(), ""
	if cursor := c.r.URL.Query().Get("cursor"); cursor != "" {
		if after, err = c.pages.Redeem(cursor, query); err != nil {
			return 0, nil, fail(http.StatusBadRequest, "invalid_cursor", "cursor", "is expired or of another query")
		}
	}
	_, doubled := fakekit.Struck(c.r, posfake.FaultDuplicate)
	out := pageView{Data: []any{}}
	n, last := 0, ""
	for position, row := range rows(after) {
		if n == limit {
			out.NextCursor = new(c.pages.Issue(query, last))
			break
		}
		n, last = n+1, position
		out.Data = append(out.Data, row())
		if doubled {
			out.Data = append(out.Data, row())
		}
	}
	return http.StatusOK, out, nil
}

func (c *call) limit() (int, error) {
	text := c.r.URL.Query().Get("limit")
	if text == "" {
		return defaultLimit, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, fail(http.StatusBadRequest, "invalid_request", "limit", fmt.Sprintf("is not in 1 to %d", maxLimit))
	}
	return limit, nil
}

// query names the list that a cursor belongs to.
func (c *call) query() string {
	q := url.Values{}
	for k, v := range c.r.URL.Query() {
		if k != "cursor" && k != "limit" {
			q[k] = v
		}
	}
	return c.grant.client.ID + " " + c.r.URL.Path + "?" + q.Encode()
}

// rowsOf pages through a sorted list.
func rowsOf[T identified](s sorted[T], keep func(T) bool, view func(T) any) func(string) iter.Seq2[string, func() any] {
	return func(after string) iter.Seq2[string, func() any] {
		return func(yield func(string, func() any) bool) {
			for _, row := range s.after(after) {
				if keep(row) && !yield(row.key(), func() any { return view(row) }) {
					return
				}
			}
		}
	}
}
