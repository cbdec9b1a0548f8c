package httppush_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/httppush"
	"github.com/farmacyfoods/pointofsale/pos"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	eventstest.RunPublisher(t, func(t *testing.T) (events.Publisher, eventstest.Received) {
		t.Helper()
		rec := new(eventsfake.Recorder)
		take := func(ctx context.Context, e events.Event) error { return rec.Publish(ctx, e) }
		server := httptest.NewServer(httppush.Receiver(newKeys(t, twoSecret), take, nil))
		t.Cleanup(server.Close)
		p, err := httppush.New(httppush.Config{URL: server.URL, Secrets: []pos.Secret{pos.NewSecret(oneSecret), pos.NewSecret(twoSecret)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p, func(ctx context.Context, n int) ([]events.Event, error) { return rec.Wait(ctx, n) }
	})
}

// script answers one request after the other as its entries say, the last one
// for ever.
type script struct {
	mu    sync.Mutex
	steps []step
	ids   []string
	at    []time.Duration
	start time.Time
}

type step struct {
	status     int // 0: the connection breaks
	retryAfter string
	delay      time.Duration
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.ids = append(s.ids, r.Header.Get("Webhook-Id"))
	s.at = append(s.at, time.Since(s.start).Round(time.Millisecond))
	now := s.steps[0]
	if len(s.steps) > 1 {
		s.steps = s.steps[1:]
	}
	s.mu.Unlock()
	select {
	case <-time.After(now.delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if now.status == 0 {
		return nil, syscall.ECONNRESET
	}
	return &http.Response{
		StatusCode: now.status, Header: http.Header{"Retry-After": {now.retryAfter}, "Location": {"https://elsewhere.example"}},
		Body: io.NopCloser(strings.NewReader("why")), Request: r,
	}, nil
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const final = -1 * time.Second
	for name, c := range map[string]struct {
		steps []step
		want  error
		calls int
		least time.Duration // before the second call
	}{
		"ok":             {[]step{{status: 200}}, nil, 1, 0},
		"accepted":       {[]step{{status: 202}}, nil, 1, 0},
		"reset, then ok": {[]step{{}, {status: 204}}, nil, 2, 250 * time.Millisecond},
		"busy":           {[]step{{status: 503}, {status: 500}, {status: 204}}, nil, 3, 250 * time.Millisecond},
		"seconds":        {[]step{{status: 429, retryAfter: "20"}, {status: 204}}, nil, 2, 20 * time.Second},
		"a date":         {[]step{{status: 503, retryAfter: "Sat, 01 Jan 2000 00:00:20 GMT"}, {status: 204}}, nil, 2, 20 * time.Second},
		"much too long":  {[]step{{status: 503, retryAfter: "86400"}, {status: 204}}, nil, 2, 15 * time.Minute},
		"too slow":       {[]step{{status: 204, delay: time.Hour}, {status: 204}}, nil, 2, 15 * time.Second},
		"down":           {[]step{{}}, pos.ErrUnavailable, 5, 0},
		"for ever busy":  {[]step{{status: 429}}, pos.ErrRateLimited, 5, 0},
		"rejected":       {[]step{{status: 422}}, events.ErrReject, 1, final},
		"too large":      {[]step{{status: 413}}, pos.ErrInvalid, 1, final},
		"no credential":  {[]step{{status: 401}}, pos.ErrAuth, 1, final},
		"gone":           {[]step{{status: 410}}, pos.ErrNotFound, 1, final},
		"redirect":       {[]step{{status: 307}}, pos.ErrUnsupported, 1, final},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: c.steps, start: time.Now()}
				p, err := httppush.New(httppush.Config{URL: "https://push.example/x", Secrets: []pos.Secret{pos.NewSecret(oneSecret)}},
					&httppush.Options{HTTPClient: &http.Client{Transport: s}})
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Publish(t.Context(), eventstest.Event("L1", 1)); !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				if len(s.ids) != c.calls {
					t.Fatalf("%d calls, want %d, at %v", len(s.ids), c.calls, s.at)
				}
				for _, id := range s.ids {
					if id != s.ids[0] || strings.Contains(id, ".") {
						t.Errorf("id %q after %q", id, s.ids[0])
					}
				}
				if len(s.at) > 1 && s.at[1] < c.least {
					t.Errorf("second call after %v, want at least %v", s.at[1], c.least)
				}
			})
		})
	}
}

// TestAContextEndsTheWait ends a call that waits for its next attempt.
func TestAContextEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{status: 503, retryAfter: "600"}}, start: time.Now()}
		p, err := httppush.New(httppush.Config{URL: "https://push.example/x", Secrets: []pos.Secret{pos.NewSecret(oneSecret)}},
			&httppush.Options{HTTPClient: &http.Client{Transport: s}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.Publish(ctx, eventstest.Event("L1", 1)); !errors.Is(err, context.DeadlineExceeded) || time.Since(s.start) != time.Minute {
			t.Errorf("error %v after %v", err, time.Since(s.start))
		}
	})
}

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := httppush.New(httppush.Config{URL: "ftp://x", Timeout: -1, MinDelay: time.Minute}, nil)
	var ps pos.Problems
	if !errors.As(err, &ps) || len(ps) != 4 {
		t.Error(err)
	}
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, oneSecret)
	event := eventstest.Event("L1", 1)
	good := string(event.AppendJSON(nil))
	for name, c := range map[string]struct {
		method, body string
		sign         bool
		result       error
		want         int
	}{
		"taken":        {"POST", good, true, nil, 204},
		"rejected":     {"POST", good, true, fmt.Errorf("%w: no such location", events.ErrReject), 422},
		"failed":       {"POST", good, true, errors.New("database down"), 503},
		"not signed":   {"POST", good, false, nil, 401},
		"no event":     {"POST", `{"hello":"world"}`, true, nil, 400},
		"too large":    {"POST", strings.Repeat(" ", 5000), true, nil, 413},
		"other method": {"GET", good, true, nil, 405},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []events.Event
			h := httppush.Receiver(keys, func(_ context.Context, e events.Event) error {
				got = append(got, e)
				return c.result
			}, &httppush.ReceiverOptions{MaxBody: 4096})
			r := httptest.NewRequestWithContext(t.Context(), c.method, "/", strings.NewReader(c.body))
			if c.sign {
				keys.Sign(r.Header, "id", time.Now(), []byte(c.body))
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.want || w.Body.Len() > 0 {
				t.Errorf("status %d with %q, want %d", w.Code, w.Body, c.want)
			}
			var want []events.Event
			if c.want == 204 || c.want == 422 || c.want == 503 {
				want = []events.Event{event}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func Example() {
	secret := pos.NewSecret("whsec_ZmFrZS1zZWNyZXQtb2YtMzItYnl0ZXMtZm9yLXRlc3Rz")
	keys, err := httppush.NewKeys(secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(httppush.Receiver(keys, func(_ context.Context, e events.Event) error {
		fmt.Println(e.Type, e.Subject)
		return nil
	}, nil))
	defer server.Close()

	p, err := httppush.New(httppush.Config{URL: server.URL, Secrets: []pos.Secret{secret}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Now()
	fmt.Println(p.Publish(context.Background(), events.NewDoor(events.Origin{Vendor: "bytetech", Account: "main"}, events.Door{Location: "F-7", Since: now}, now)))
	// Output:
	// com.farmacyfoods.pos.door.open.v1 F-7
	// <nil>
}

// TestTraceTravels: in the event and in the header, for receivers that trace
// requests; and an event that has none is in the trace of its request.
func TestTraceTravels(t *testing.T) {
	t.Parallel()
	const parent, other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
	rec := new(eventsfake.Recorder)
	receiver := httppush.Receiver(newKeys(t, oneSecret), func(ctx context.Context, e events.Event) error { return rec.Publish(ctx, e) }, nil)
	var headers []string
	replace := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header.Get("traceparent"))
		if replace != "" {
			r.Header.Set("traceparent", replace)
		}
		receiver.ServeHTTP(w, r)
	}))
	defer server.Close()
	p, err := httppush.New(httppush.Config{URL: server.URL, Secrets: []pos.Secret{pos.NewSecret(oneSecret)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := eventstest.Event("L1", 1)
	for _, step := range []struct{ event, header string }{{parent, ""}, {parent, other}, {"", other}, {"", "nonsense"}, {"", ""}} {
		e.TraceParent, replace = step.event, step.header
		if err := p.Publish(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{parent, parent, "", "", ""}, headers); diff != "" {
		t.Errorf("headers: %s", diff)
	}
	var got []string
	for _, e := range rec.Events() {
		got = append(got, e.TraceParent)
	}
	if diff := cmp.Diff([]string{parent, parent, other, "", ""}, got); diff != "" {
		t.Errorf("events: %s", diff)
	}
}
