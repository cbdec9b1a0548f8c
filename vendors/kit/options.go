package kit

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Options are what the New function of every vendor takes as its last
// parameter. Nil, and every zero field, means the default.
type Options struct {
	// HTTPClient carries the requests; wrap its transport for tracing. Its
	// redirect policy is replaced: redirects to another host are refused.
	HTTPClient *http.Client
	// Logger gets calls at debug level, retries and refreshes above. Nil
	// discards.
	Logger *slog.Logger
	// Observer is told of calls, waits, retries, refreshes and deprecations.
	Observer *Observer
	// Store keeps tokens and id maps. Nil keeps them in memory, which loses
	// rotated refresh tokens at the next restart.
	Store pos.Store
	// UserAgent names the host, such as "acme-menu/1.2". The name of this
	// module follows it.
	UserAgent string
	// Retry says how attempts are repeated.
	Retry Retry
	// MaxBody is the most bytes of an answer that is read element by element;
	// 0 means 64 MiB. Answers that are read as a whole have at most 16 MiB.
	MaxBody int64
	// Silence is the longest time that a vendor may send nothing while it owes
	// an answer; 0 means 1 minute.
	Silence time.Duration
	// Deadline ends a call, all attempts and waits included, whose context has
	// no deadline of its own; 0 means 5 minutes.
	Deadline time.Duration
}

const (
	defaultMaxBody  = 64 << 20
	maxWhole        = 16 << 20
	defaultSilence  = time.Minute
	defaultDeadline = 5 * time.Minute
)

// Resolve returns a copy in which every zero field has its default. Vendors
// call it once, so that all parts share one store.
func (o *Options) Resolve() *Options {
	var r Options
	if o != nil {
		r = *o
	}
	if r.HTTPClient == nil {
		r.HTTPClient = &http.Client{Transport: newTransport()}
	}
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if r.Store == nil {
		r.Store = &pos.MemoryStore{}
	}
	r.Retry = r.Retry.resolve()
	r.MaxBody = orDefault(r.MaxBody, defaultMaxBody)
	r.Silence = orDefault(r.Silence, defaultSilence)
	r.Deadline = orDefault(r.Deadline, defaultDeadline)
	return &r
}

// newTransport is the default transport with room for one busy vendor.
func newTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // the host replaced it: its choice holds
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 16
	return t
}

func orDefault[T ~int | ~int64](v, fallback T) T {
	if v <= 0 {
		return fallback
	}
	return v
}

const modulePath = "github.com/farmacyfoods/pointofsale"

// userAgent returns the header value: the host's name, then ours.
func userAgent(host string) string {
	ours := "farmacyfoods-pointofsale/" + moduleVersion() + " (+https://" + modulePath + ")"
	if host == "" {
		return ours
	}
	return host + " " + ours
}

// moduleVersion returns the version that the program was built with.
func moduleVersion() string {
	const unknown = "devel"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == modulePath && m.Version != "" && m.Version[0] == 'v' {
			return m.Version
		}
	}
	return unknown
}
