package fakekit_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jarcoal/httpmock"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// counter is a fake of one number.
type counter struct {
	*fakekit.Server
	n atomic.Int64
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{}
	c.Server = fakekit.NewServer(fakekit.Config{
		Faults: []string{posfake.FaultDuplicate, posfake.FaultSilence, posfake.FaultRepeat},
		Error: func(w http.ResponseWriter, _ *http.Request, status int) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "vendor error")
		},
	},
		fakekit.Route{Op: "Get", Pattern: "GET /n/{name}", Handler: func(w http.ResponseWriter, r *http.Request) {
			_, twice := fakekit.Struck(r, posfake.FaultDuplicate)
			_, _ = io.WriteString(w, strings.Repeat(r.PathValue("name")+"!", map[bool]int{false: 1, true: 2}[twice]))
		}},
		fakekit.Route{Op: "Add", Pattern: "POST /n", Write: true, Handler: func(http.ResponseWriter, *http.Request) { c.n.Add(1) }},
	)
	t.Cleanup(c.Close)
	return c
}

func do(ctx context.Context, c *http.Client, method, url, body string) (status int, text string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// TestFaults shows every generic fault over both ways to the server.
func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault  posfake.Fault
		status int
		text   string
		err    error
		n      int64
	}{
		{fault: posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Op: "Get"}, status: 200, n: 1},
		{fault: posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Op: "Add"}, status: 503, text: "vendor error"},
		{fault: posfake.Fault{Kind: posfake.FaultLatency, Latency: time.Millisecond}, status: 200, n: 1},
		{fault: posfake.Fault{Kind: posfake.FaultReset}, err: syscall.ECONNRESET},
		{fault: posfake.Fault{Kind: posfake.FaultLostReply}, err: syscall.ECONNRESET, n: 1},
		{fault: posfake.Fault{Kind: posfake.FaultTruncate, Bytes: 3}, status: 200, err: io.ErrUnexpectedEOF, n: 1},
		{fault: posfake.Fault{Kind: posfake.FaultMalformed}, status: 200, text: `{"malformed": [1, `},
		{fault: posfake.Fault{Kind: posfake.FaultStatus, Status: 500, Skip: 1}, status: 200, n: 1},
	}
	for _, mode := range []string{"socket", "transport"} {
		for _, tt := range tests {
			t.Run(mode+"/"+tt.fault.Kind, func(t *testing.T) {
				t.Parallel()
				c := newCounter(t)
				client, base := &http.Client{Transport: c.Transport()}, "http://fake.test"
				if mode == "socket" {
					client, base = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, c.URL()
				}
				if _, err := c.Inject(tt.fault); err != nil {
					t.Fatal(err)
				}
				status, text, err := do(t.Context(), client, http.MethodPost, base+"/n", "{}")
				if status != tt.status || text != tt.text || !errors.Is(err, tt.err) || c.n.Load() != tt.n {
					t.Errorf("got %d %q %v n=%d, want %d %q %v n=%d", status, text, err, c.n.Load(), tt.status, tt.text, tt.err, tt.n)
				}
				if status, _, err = do(t.Context(), client, http.MethodGet, base+"/n/x", ""); err != nil {
					t.Errorf("the next request: %d %v", status, err)
				}
			})
		}
	}
}

func TestInjectRefuses(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	tests := []struct {
		fault posfake.Fault
		err   error
	}{
		{posfake.Fault{Kind: "plague"}, fakekit.ErrBadFault},
		{posfake.Fault{Kind: posfake.FaultStatus, Status: 42}, fakekit.ErrBadFault},
		{posfake.Fault{Kind: posfake.FaultLatency}, fakekit.ErrBadFault},
		{posfake.Fault{Kind: posfake.FaultReset, Op: "Nothing"}, fakekit.ErrBadFault},
		{posfake.Fault{Kind: posfake.FaultReset, Times: -2}, fakekit.ErrBadFault},
		{posfake.Fault{Kind: posfake.FaultScope}, posfake.ErrNotSimulated},
	}
	for _, tt := range tests {
		if _, err := c.Inject(tt.fault); !errors.Is(err, tt.err) {
			t.Errorf("%+v: got %v, want %v", tt.fault, err, tt.err)
		}
	}
}

func TestFaultIsUsedUpAndCleared(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	client := &http.Client{Transport: c.Transport()}
	end, err := c.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 429, RetryAfter: "7", Times: -1, Skip: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Inject(posfake.Fault{Kind: posfake.FaultDuplicate, Op: "Get", Times: 1}); err != nil {
		t.Fatal(err)
	}
	var got []int
	for i := range 4 {
		if i == 3 {
			end()
		}
		status, text, err := do(t.Context(), client, http.MethodGet, "http://x/n/a", "")
		if err != nil || i == 0 && text != "a!a!" || i == 3 && text != "a!" {
			t.Errorf("request %d: %q %v", i, text, err)
		}
		got = append(got, status)
	}
	if d := cmp.Diff([]int{200, 429, 429, 200}, got); d != "" {
		t.Error(d)
	}
	var kinds []string
	for _, r := range c.Requests() {
		kinds = append(kinds, r.Op+":"+r.Fault)
	}
	if d := cmp.Diff([]string{"Get:duplicate", "Get:status", "Get:status", "Get:"}, kinds); d != "" {
		t.Error(d)
	}
}

// TestLogTellsOfFaultsThatWereShown: a handler that does not ask for a hooked
// fault answers as usual.
func TestLogTellsOfFaultsThatWereShown(t *testing.T) {
	t.Parallel()
	asks := func(w http.ResponseWriter, r *http.Request) {
		if _, hit := fakekit.Struck(r, posfake.FaultToken); hit {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = fakekit.Struck(r, posfake.FaultDuplicate)
	}
	s := fakekit.NewServer(fakekit.Config{Faults: []string{posfake.FaultToken, posfake.FaultDuplicate}},
		fakekit.Route{Op: "Asks", Pattern: "GET /asks", Handler: asks},
		fakekit.Route{Op: "Deaf", Pattern: "GET /deaf", Handler: func(http.ResponseWriter, *http.Request) {}})
	for _, kind := range []string{posfake.FaultToken, posfake.FaultDuplicate, posfake.FaultLostReply} {
		if _, err := s.Inject(posfake.Fault{Kind: kind, Times: -1}); err != nil {
			t.Fatal(err)
		}
	}
	client := &http.Client{Transport: s.Transport()}
	for _, path := range []string{"/asks", "/deaf"} {
		_, _, _ = do(t.Context(), client, http.MethodGet, "http://x"+path, "") // the reply is lost
	}
	got := map[string]string{}
	for _, r := range s.Requests() {
		got[r.Op] = r.Fault
	}
	if d := cmp.Diff(map[string]string{"Asks": "token,duplicate,lost_reply", "Deaf": "lost_reply"}, got); d != "" {
		t.Error(d)
	}
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	client := &http.Client{Transport: c.Transport()}
	for _, path := range []string{"/n", "/nothing?a=b"} {
		if _, _, err := do(t.Context(), client, http.MethodPost, "http://x"+path, "body"); err != nil {
			t.Fatal(err)
		}
	}
	got := c.Requests()
	for i := range got {
		got[i].At = time.Time{}
	}
	want := []posfake.Request{
		{Op: "Add", Method: "POST", Path: "/n", Status: 200, Write: true, Bytes: 4},
		{Method: "POST", Path: "/nothing", Query: "a=b", Status: 404, Bytes: 4},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLatencyInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		client := &http.Client{Transport: c.Transport()}
		if _, err := c.Inject(posfake.Fault{Kind: posfake.FaultLatency, Latency: time.Hour, Times: 2}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, _, err := do(t.Context(), client, http.MethodGet, "http://x/n/a", ""); err != nil || time.Since(start) != time.Hour {
			t.Errorf("took %v, %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		_, _, err := do(ctx, client, http.MethodGet, "http://x/n/a", "")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("cancelled call: %v after %v", err, time.Since(start))
		}
	})
}

func TestTransportResponderAndIntercept(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	tr := c.Transport()
	tr.RegisterResponder(http.MethodGet, "=~/n/b$", httpmock.NewStringResponder(418, "mock"))
	remove := c.Intercept(
		func(r *http.Request) bool { return fakekit.Op(r) == "Get" },
		func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Seen", string(fakekit.Body(r)))
			c.Pass(w, r)
			_, _ = io.WriteString(w, "+")
		})
	get := func(path string) string {
		_, text, err := do(t.Context(), &http.Client{Transport: tr}, http.MethodGet, "http://x"+path, "")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	got := []string{get("/n/a"), get("/n/b")}
	remove()
	got = append(got, get("/n/a"))
	if d := cmp.Diff([]string{"a!+", "mock", "a!"}, got); d != "" {
		t.Error(d)
	}
}

func TestDateHeaderAndClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		c.Advance(36 * time.Hour)
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x/n/a", nil)
		resp, err := c.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got, want := resp.Header.Get("Date"), "Sun, 02 Jan 2000 12:00:00 GMT"; got != want {
			t.Errorf("Date %q, want %q", got, want)
		}
		done := make(chan error, 1)
		go func() { done <- c.WaitUntil(t.Context(), c.Now().Add(time.Minute)) }()
		synctest.Wait()
		c.Advance(time.Minute)
		start := time.Now()
		if err := <-done; err != nil || time.Since(start) != 0 {
			t.Errorf("waited %v, %v", time.Since(start), err)
		}
	})
}
