package kit_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// trip is a vendor without a socket.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return f(r)
}

func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func newClient(t testing.TB, cfg kit.ClientConfig, opts *kit.Options, serve trip) *kit.Client {
	t.Helper()
	if cfg.Vendor == "" {
		cfg.Vendor = "acme"
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://api.acme.test/v1"
	}
	var o kit.Options
	if opts != nil {
		o = *opts
	}
	o.HTTPClient = &http.Client{Transport: serve}
	c, err := kit.NewClient(cfg, &o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// get makes a plain read.
func get(ctx context.Context, c *kit.Client) error {
	_, err := c.JSON(ctx, kit.Request{Op: "List", Method: http.MethodGet, Path: "/list"}, nil, nil)
	return err
}

// asPos returns the error that every call ends with.
func asPos(t *testing.T, err error) *pos.Error {
	t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *pos.Error", err)
	}
	return e
}

func TestClientSendsWhatTheVendorConfigured(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	c := newClient(t, kit.ClientConfig{
		Header:    http.Header{"Acme-Version": {"2026-11-01"}, "accept": {"application/json"}},
		Auth:      kit.HeaderAuth("X-Acme-Key", pos.NewSecret("fake-key")),
		KeyHeader: "Idempotency-Key",
	}, &kit.Options{UserAgent: "host/1.0"}, func(r *http.Request) (*http.Response, error) {
		got = r
		raw, _ := io.ReadAll(r.Body)
		body = string(raw)
		return reply(201, `{"id":"7"}`, "X-Request-Id", "req-1"), nil
	})
	var out struct {
		ID string `json:"id"`
	}
	resp, err := c.JSON(t.Context(), kit.Request{
		Op: "Create", Method: http.MethodPost, Path: "/items?a=1", Query: url.Values{"b": {"2"}},
		Header: http.Header{"acme-version": {"other"}}, Key: "k1",
	}, map[string]int{"price": 950}, &out)
	if err != nil {
		t.Fatal(err)
	}
	type sent struct{ URL, Version, Accept, Key, Auth, ContentType, Body, ID, RequestID string }
	want := sent{"https://api.acme.test/v1/items?a=1&b=2", "other", "application/json", "k1", "fake-key", "application/json", `{"price":950}`, "7", "req-1"}
	have := sent{
		got.URL.String(), got.Header.Get("Acme-Version"), got.Header.Get("Accept"), got.Header.Get("Idempotency-Key"),
		got.Header.Get("X-Acme-Key"), got.Header.Get("Content-Type"), body, out.ID, resp.RequestID,
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	agent := got.Header.Get("User-Agent")
	if !strings.HasPrefix(agent, "host/1.0 farmacyfoods-pointofsale/") || !strings.Contains(agent, "(+https://") {
		t.Errorf("User-Agent %q", agent)
	}
}

func TestClientConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]kit.ClientConfig{
		"no vendor": {BaseURL: "https://a.test"},
		"no host":   {Vendor: "acme", BaseURL: "/v1"},
		"scheme":    {Vendor: "acme", BaseURL: "ftp://a.test"},
		"query":     {Vendor: "acme", BaseURL: "https://a.test?key=1"},
		"user":      {Vendor: "acme", BaseURL: "https://u:p@a.test"},
		"malformed": {Vendor: "acme", BaseURL: "https://a.test:x"},
	} {
		if _, err := kit.NewClient(cfg, nil); !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestClientClassifiesByStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]pos.Kind{
		400: pos.KindInvalid, 401: pos.KindAuth, 403: pos.KindPermission, 404: pos.KindNotFound, 409: pos.KindConflict,
		412: pos.KindConflict, 422: pos.KindInvalid, 408: pos.KindUnavailable, 429: pos.KindRateLimited,
		500: pos.KindUnavailable, 501: pos.KindUnsupported, 503: pos.KindUnavailable, 304: pos.KindProtocol,
	} {
		c := newClient(t, kit.ClientConfig{}, &kit.Options{Retry: kit.Retry{Attempts: 1}}, func(*http.Request) (*http.Response, error) {
			return reply(status, "secret body", "X-Request-Id", "r9"), nil
		})
		e := asPos(t, get(t.Context(), c))
		var cause *kit.StatusError
		if e.Kind != want || e.Vendor != "acme" || e.Op != "List" || e.RequestID != "r9" || !errors.As(e, &cause) || cause.Status != status {
			t.Errorf("%d: got %+v", status, e)
		}
		if strings.Contains(e.Error(), "secret") {
			t.Errorf("%d: the error shows the body: %v", status, e)
		}
	}
}

func TestClassifierRefines(t *testing.T) {
	t.Parallel()
	c := newClient(t, kit.ClientConfig{Classify: func(f *kit.Failure) {
		if strings.Contains(string(f.Body), "VERSION_MISMATCH") {
			f.Error.Kind, f.Error.Code = pos.KindConflict, "VERSION_MISMATCH"
		}
	}}, nil, func(*http.Request) (*http.Response, error) { return reply(400, `{"code":"VERSION_MISMATCH"}`), nil })
	if e := asPos(t, get(t.Context(), c)); e.Kind != pos.KindConflict || e.Code != "VERSION_MISMATCH" {
		t.Errorf("got %+v", e)
	}
}

func TestAcceptedStatusIsAnAnswer(t *testing.T) {
	t.Parallel()
	c := newClient(t, kit.ClientConfig{}, nil, func(*http.Request) (*http.Response, error) { return reply(304, ""), nil })
	out := struct{ A int }{A: 1}
	resp, err := c.JSON(t.Context(), kit.Request{Op: "Get", Method: http.MethodGet, Path: "/x", Accept: []int{304}}, nil, &out)
	if err != nil || resp.Status != 304 || out.A != 0 {
		t.Errorf("got %+v, %v, out %+v", resp, err, out)
	}
}

func TestPathsStayOnTheHost(t *testing.T) {
	t.Parallel()
	var called []string
	c := newClient(t, kit.ClientConfig{}, nil, func(r *http.Request) (*http.Response, error) {
		called = append(called, r.URL.String())
		return reply(200, "{}"), nil
	})
	for _, path := range []string{"/a", "https://api.acme.test/v2/next?page=2", "", "https://evil.test/v1", "http://api.acme.test/v1", "//evil.test", "https://api.acme.test@evil.test/", "evil"} {
		_, err := c.JSON(t.Context(), kit.Request{Op: "Get", Method: http.MethodGet, Path: path}, nil, nil)
		if err != nil && !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("%q: %v", path, err)
		}
	}
	want := []string{"https://api.acme.test/v1/a", "https://api.acme.test/v2/next?page=2", "https://api.acme.test/v1", "https://api.acme.test/v1//evil.test"}
	if diff := cmp.Diff(want, called); diff != "" {
		t.Error(diff)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, to string
		ok         bool
	}{
		"same host":     {"GET", "https://api.acme.test/v1/there", true},
		"other host":    {"GET", "https://evil.test/v1/there", false},
		"to plain http": {"GET", "http://api.acme.test/v1/there", false},
		"write":         {"POST", "https://api.acme.test/v1/there", false},
		"circle":        {"GET", "https://api.acme.test/v1/here", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, kit.ClientConfig{Auth: kit.BearerAuth(pos.NewSecret("fake"))}, nil, func(r *http.Request) (*http.Response, error) {
				if r.URL.Host != "api.acme.test" || r.URL.Scheme != "https" {
					t.Errorf("credentials went to %s", r.URL)
				}
				if strings.HasSuffix(r.URL.Path, "there") {
					return reply(200, "{}"), nil
				}
				return reply(302, "", "Location", test.to), nil
			})
			_, err := c.JSON(t.Context(), kit.Request{Op: "X", Method: test.method, Path: "/here"}, nil, nil)
			if test.ok != (err == nil) || err != nil && !errors.Is(err, pos.ErrProtocol) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNothingShowsSecrets(t *testing.T) {
	t.Parallel()
	const secret = "MARKER-c0ffee"
	var mu sync.Mutex
	var shown strings.Builder
	show := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			shown.WriteString(err.Error() + "\n")
		}
	}
	logger := slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return shown.Write(p)
	}), &slog.HandlerOptions{Level: slog.LevelDebug}))
	observer := &kit.Observer{
		Call:  func(i kit.CallInfo) { show(i.Err); show(errors.New(i.Path + i.RequestID)) },
		Retry: func(i kit.RetryInfo) { show(i.Err) },
		Token: func(i kit.TokenInfo) { show(i.Err) },
	}
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newClient(t, kit.ClientConfig{Auth: kit.BearerAuth(pos.NewSecret(secret))}, &kit.Options{Logger: logger, Observer: observer},
			func(*http.Request) (*http.Response, error) {
				if n++; n%2 == 0 {
					return nil, errors.New("connection reset")
				}
				return reply(500, `{"token":"`+secret+`"}`), nil
			})
		for _, path := range []string{"/x?token=" + secret, "bad" + secret, "/%zz" + secret} {
			_, err := c.JSON(t.Context(), kit.Request{
				Op: "Token", Method: http.MethodGet, Path: path, Query: url.Values{"key": {secret}}, Body: []byte(secret),
			}, nil, nil)
			if err == nil {
				t.Errorf("%s: no error", path)
			}
			show(err)
		}
		synctest.Wait()
	})
	if text := shown.String(); strings.Contains(text, secret) || !strings.Contains(text, "connection reset") {
		t.Error(text)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls []kit.CallInfo
		var waits []kit.WaitInfo
		var retries []int
		var ends []kit.DeprecationInfo
		o := &kit.Observer{
			Call:       func(i kit.CallInfo) { i.Err = nil; calls = append(calls, i) },
			Wait:       func(i kit.WaitInfo) { waits = append(waits, i) },
			Retry:      func(i kit.RetryInfo) { retries = append(retries, i.Attempt) },
			Deprecated: func(i kit.DeprecationInfo) { ends = append(ends, i) },
		}
		n := 0
		c := newClient(t, kit.ClientConfig{Budget: kit.NewBudget(1, 1), DeprecationHeader: "X-Acme-Deprecated"}, &kit.Options{Observer: o}, func(*http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Millisecond)
			if n++; n == 1 {
				return reply(503, "", "X-Request-Id", "r1", "Retry-After", "1"), nil
			}
			return reply(200, "{}", "Deprecation", "@1790000000", "Sunset", "Fri, 01 Jan 2027 00:00:00 GMT",
				"Link", `<https://a.test/docs>; rel="next", <https://a.test/end>; rel="deprecation"`, "X-Acme-Deprecated", "use v2"), nil
		})
		for range 2 {
			if _, err := c.JSON(t.Context(), kit.Request{Op: "List", Location: "L1", Method: http.MethodGet, Path: "/l?x=1"}, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		call := kit.CallInfo{Vendor: "acme", Op: "List", Location: "L1", Method: "GET", Path: "/v1/l", Attempt: 1, Status: 503, Duration: 10 * time.Millisecond, RequestID: "r1"}
		again, third := call, call
		again.Attempt, again.Status, again.RequestID = 2, 200, ""
		third.Status, third.RequestID = 200, ""
		if diff := cmp.Diff([]kit.CallInfo{call, again, third}, calls); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]int{1}, retries); diff != "" {
			t.Error(diff)
		}
		if len(waits) != 1 || waits[0].Wait <= 0 {
			t.Errorf("waits %+v", waits)
		}
		want := []kit.DeprecationInfo{{
			Vendor: "acme", Op: "List", Since: time.Unix(1790000000, 0).UTC(), Sunset: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
			Link: "https://a.test/end", Reason: "use v2",
		}}
		if diff := cmp.Diff(want, ends); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNowFollowsTheVendor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ahead := time.Now().Add(time.Hour).Truncate(time.Second)
		c := newClient(t, kit.ClientConfig{}, nil, func(*http.Request) (*http.Response, error) {
			return reply(200, "{}", "Date", ahead.UTC().Format(http.TimeFormat)), nil
		})
		if c.ClockKnown() || !c.Now().Equal(time.Now()) {
			t.Errorf("before the first answer: %v", c.Now())
		}
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if want := ahead.Add(time.Minute); !c.ClockKnown() || !c.Now().Equal(want) {
			t.Errorf("got %v, want %v", c.Now(), want)
		}
	})
}

func TestDoerCarriesAnotherLibrary(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newClient(t, kit.ClientConfig{Auth: kit.BasicAuth("u", pos.NewSecret("p"))}, nil, func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			if user, _, ok := r.BasicAuth(); !ok || user != "u" || string(body) != "<soap/>" || r.Header.Get("SOAPAction") != `"Ping"` {
				t.Errorf("got %v %q", r.Header, body)
			}
			if n++; n == 1 {
				return reply(503, ""), nil
			}
			return reply(500, "<fault/>", "Content-Type", "text/xml"), nil
		})
		d := c.Doer(func(r *http.Request) kit.Request {
			return kit.Request{Op: strings.Trim(r.Header.Get("SOAPAction"), `"`), Repeatable: true, Accept: []int{500}}
		})
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.acme.test/v1/soap.asmx", strings.NewReader("<soap/>"))
		r.Header.Set("SOAPAction", `"Ping"`)
		resp, err := d.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if err := resp.Body.Close(); err != nil || resp.StatusCode != 500 || string(body) != "<fault/>" {
			t.Errorf("got %d %q %v", resp.StatusCode, body, err)
		}
	})
}

func TestTokenFromTheSameBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c *kit.Client
		tokens, err := kit.NewTokenSource(kit.TokenConfig{Key: "acme.token", Refresh: func(ctx context.Context, _ kit.Token) (kit.Token, error) {
			_, err := c.JSON(ctx, kit.Request{Op: "SignIn", Method: http.MethodPost, Path: "/token", Anonymous: true}, nil, nil)
			return kit.Token{Access: pos.NewSecret("fake")}, err
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		c = newClient(t, kit.ClientConfig{Auth: tokens, Budget: kit.NewBudget(1, 1).Parallel(1)}, nil, func(r *http.Request) (*http.Response, error) {
			paths = append(paths, r.URL.Path+" "+r.Header.Get("Authorization"))
			return reply(200, "{}"), nil
		})
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"/v1/token ", "/v1/list Bearer fake"}, paths); diff != "" {
			t.Error(diff)
		}
	})
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, `["`+strings.Repeat("x", 20_000)+`",1]`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c, err := kit.NewClient(kit.ClientConfig{Vendor: "acme", BaseURL: server.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	for range 10 {
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if _, err := c.JSON(t.Context(), kit.Request{Op: "X", Method: http.MethodGet, Path: "/missing"}, nil, nil); !errors.Is(err, pos.ErrNotFound) {
			t.Fatal(err)
		}
		resp, err := c.Do(t.Context(), kit.Request{Op: "X", Method: http.MethodGet, Path: "/list"})
		if err != nil {
			t.Fatal(err)
		}
		if err := kit.EachJSON(resp, "", func(*string) error { return stop }, nil); !errors.Is(err, stop) {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 30 calls", n)
	}
}
