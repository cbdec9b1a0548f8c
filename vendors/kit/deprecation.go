package kit

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// announce reads the headers with which a server says that an operation will
// go away, and tells of each operation once.
func (c *Client) announce(ctx context.Context, r *Request, h http.Header) {
	own := ""
	if c.cfg.DeprecationHeader != "" {
		own = h.Get(c.cfg.DeprecationHeader)
	}
	since, sunset := h.Get("Deprecation"), h.Get("Sunset")
	if since == "" && sunset == "" && own == "" {
		return
	}
	if _, told := c.announced.LoadOrStore(r.Op, true); told {
		return
	}
	info := DeprecationInfo{Vendor: c.cfg.Vendor, Op: r.Op, Since: deprecationDate(since), Link: deprecationLink(h), Reason: own}
	info.Sunset, _ = http.ParseTime(sunset)
	c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "deprecated", slog.String("vendor", info.Vendor), slog.String("op", info.Op),
		slog.Time("sunset", info.Sunset), slog.String("link", info.Link), slog.String("reason", own))
	c.opts.Observer.deprecated(info)
}

// deprecationDate reads "@1688169599" (RFC 9745) or an HTTP date (its drafts).
func deprecationDate(text string) time.Time {
	if unix, ok := strings.CutPrefix(text, "@"); ok {
		if n, err := strconv.ParseInt(unix, 10, 64); err == nil {
			return time.Unix(n, 0).UTC()
		}
	}
	t, _ := http.ParseTime(text)
	return t
}

// deprecationLink returns the target of the first link about the deprecation.
func deprecationLink(h http.Header) string {
	for _, line := range h.Values("Link") {
		for link := range strings.SplitSeq(line, ",") {
			if !strings.Contains(link, `"deprecation"`) && !strings.Contains(link, `"sunset"`) {
				continue
			}
			_, rest, _ := strings.Cut(link, "<")
			target, _, _ := strings.Cut(rest, ">")
			return target
		}
	}
	return ""
}
