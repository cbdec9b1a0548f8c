package kit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Request is one call to a vendor.
type Request struct {
	// Op is the vendor's name of the operation; errors and observers show it.
	Op string
	// Location is the point of sale concerned, if it is one; for errors only.
	Location string
	Method   string
	// Path is the escaped path behind the client's base URL and begins with a
	// slash. A full URL, such as a link to the next page, works as well if it
	// is on the client's host.
	Path  string
	Query url.Values
	// Header is added to the client's header and wins over it.
	Header http.Header
	// Body is sent as it is with every attempt; [Client.JSON] fills it.
	Body        []byte
	ContentType string
	// Repeatable says that a request other than GET and HEAD does no harm when
	// it arrives twice: a search by POST, a PUT of a full state.
	Repeatable bool
	// Key is the idempotency key of a write, see [Key]. A request with a key is
	// repeatable. The client sends it in its KeyHeader; vendors that want it in
	// the body or query put it there as well.
	Key string
	// Cost is what the call takes from the rate budget; 0 means 1.
	Cost int
	// Anonymous calls carry no credentials, such as those to a token endpoint.
	Anonymous bool
	// Accept lists statuses besides 2xx that are answers, not failures, such
	// as 304.
	Accept []int
}

// repeatable reports whether a second attempt does no harm.
func (r *Request) repeatable() bool {
	return r.Repeatable || r.Key != "" || r.Method == http.MethodGet || r.Method == http.MethodHead
}

func (r *Request) accepts(status int) bool {
	return status >= 200 && status < 300 || slices.Contains(r.Accept, status)
}

// Response is a vendor's answer.
type Response struct {
	Status int
	Header http.Header
	// Body must be closed. It ends with an error if it is larger than allowed.
	Body io.ReadCloser
	// RequestID is the vendor's id of the request.
	RequestID string
	// Date is the vendor's clock when it answered; zero if it did not tell.
	Date time.Time

	op, vendor, location string // for errors that occur while reading
}

// url returns the target of the request, or an error if it is not on the
// client's host: credentials go nowhere else.
func (c *Client) url(r *Request) (string, error) {
	target := c.base + r.Path
	if !strings.HasPrefix(r.Path, "/") && r.Path != "" {
		u, err := url.Parse(r.Path)
		if err != nil || !sameOrigin(u, c.origin) {
			return "", fmt.Errorf("the path is neither below %s nor begins with a slash", c.base)
		}
		target = r.Path
	}
	if len(r.Query) == 0 {
		return target, nil
	}
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	return target + separator + r.Query.Encode(), nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// newRequest builds the request of one attempt.
func (c *Client) newRequest(ctx context.Context, r *Request, target string) (*http.Request, error) {
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	hr, err := http.NewRequestWithContext(ctx, r.Method, target, body)
	if err != nil {
		return nil, &pos.Error{Kind: pos.KindInvalid, Err: stripURL(err)}
	}
	h := hr.Header
	h.Set("User-Agent", c.userAgent)
	maps.Copy(h, c.header)
	if r.ContentType != "" {
		h.Set("Content-Type", r.ContentType)
	}
	if r.Key != "" && c.cfg.KeyHeader != "" {
		h.Set(c.cfg.KeyHeader, r.Key)
	}
	for name, values := range r.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	return hr, nil
}
