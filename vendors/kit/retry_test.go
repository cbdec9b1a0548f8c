package kit_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

func TestWhatIsRepeated(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	reset := errors.New("connection reset")
	tests := map[string]struct {
		request  kit.Request
		status   int
		err      error
		attempts int
		unknown  bool
	}{
		"read 500":             {kit.Request{Method: "GET"}, 500, nil, 4, false},
		"read 429":             {kit.Request{Method: "GET"}, 429, nil, 4, false},
		"read 408":             {kit.Request{Method: "GET"}, 408, nil, 4, false},
		"read 521":             {kit.Request{Method: "GET"}, 521, nil, 4, false},
		"read reset":           {kit.Request{Method: "GET"}, 0, reset, 4, false},
		"read 400":             {kit.Request{Method: "GET"}, 400, nil, 1, false},
		"read 401":             {kit.Request{Method: "GET"}, 401, nil, 1, false},
		"read 403":             {kit.Request{Method: "GET"}, 403, nil, 1, false},
		"read 404":             {kit.Request{Method: "GET"}, 404, nil, 1, false},
		"read 409":             {kit.Request{Method: "GET"}, 409, nil, 1, false},
		"read 501":             {kit.Request{Method: "GET"}, 501, nil, 1, false},
		"search by POST":       {kit.Request{Method: "POST", Repeatable: true}, 503, nil, 4, false},
		"write with key":       {kit.Request{Method: "POST", Key: "k"}, 503, nil, 4, false},
		"write with key reset": {kit.Request{Method: "POST", Key: "k"}, 0, reset, 4, false},
		"write 503":            {kit.Request{Method: "POST"}, 503, nil, 1, false},
		"write reset":          {kit.Request{Method: "POST"}, 0, reset, 1, true},
		"write never sent":     {kit.Request{Method: "DELETE"}, 0, refused, 1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				c := newClient(t, kit.ClientConfig{}, nil, func(*http.Request) (*http.Response, error) {
					attempts++
					if test.err != nil {
						return nil, test.err
					}
					return reply(test.status, ""), nil
				})
				test.request.Op, test.request.Path = "X", "/x"
				_, err := c.JSON(t.Context(), test.request, nil, nil)
				if err == nil || attempts != test.attempts {
					t.Errorf("%d attempts, want %d: %v", attempts, test.attempts, err)
				}
				if errors.Is(err, kit.ErrOutcomeUnknown) != test.unknown {
					t.Errorf("unknown outcome: %v", err)
				}
			})
		})
	}
}

func TestRepeatsCarryTheSameKeyAndBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		c := newClient(t, kit.ClientConfig{KeyHeader: "Idempotency-Key"}, nil, func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			seen = append(seen, r.Header.Get("Idempotency-Key")+string(body))
			if len(seen) < 3 {
				return reply(502, ""), nil
			}
			return reply(200, "{}"), nil
		})
		if _, err := c.JSON(t.Context(), kit.Request{Op: "X", Method: "POST", Path: "/x", Key: "k"}, "v", nil); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(seen, " "); got != `k"v" k"v" k"v"` {
			t.Error(got)
		}
	})
}

func TestServerDecidesTheDelay(t *testing.T) {
	t.Parallel()
	base := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // where synctest begins
	tests := map[string]struct {
		after, date string
		want        time.Duration
	}{
		"seconds":                       {"7", "", 7 * time.Second},
		"HTTP date":                     {base.Add(90 * time.Second).Format(http.TimeFormat), "", 90 * time.Second},
		"date by the server's clock":    {base.Add(time.Hour + 20*time.Second).Format(http.TimeFormat), base.Add(time.Hour).Format(http.TimeFormat), 20 * time.Second},
		"ISO instant":                   {base.Add(30 * time.Second).Format(time.RFC3339), "", 30 * time.Second},
		"days are clamped":              {"200000", "", 15 * time.Minute},
		"in the past: our own back-off": {base.Add(-time.Hour).Format(http.TimeFormat), "", 0},
		"nonsense: our own back-off":    {"soon", "", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, n := time.Now(), 0
				c := newClient(t, kit.ClientConfig{}, &kit.Options{Deadline: time.Hour}, func(*http.Request) (*http.Response, error) {
					if n++; n == 1 {
						resp := reply(429, "", "Retry-After", test.after)
						if test.date != "" {
							resp.Header.Set("Date", test.date)
						}
						return resp, nil
					}
					return reply(200, "{}"), nil
				})
				if err := get(context.Background(), c); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(began); test.want == 0 && waited > 2*time.Second || test.want != 0 && waited != test.want {
					t.Errorf("waited %v, want %v", waited, test.want)
				}
			})
		})
	}
}

func TestFailsEarlyWhenTheWaitOutlastsTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, kit.ClientConfig{}, nil, func(*http.Request) (*http.Response, error) {
			return reply(429, "", "Retry-After", "120"), nil
		})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range 2 { // the second fails before it is sent
			e := asPos(t, get(ctx, c))
			if e.Kind != pos.KindRateLimited || e.RetryAfter != 2*time.Minute || e.Op != "List" {
				t.Errorf("got %+v", e)
			}
		}
		if time.Since(began) != 0 {
			t.Errorf("took %v", time.Since(began))
		}
	})
}

func TestRetryBudgetIsATenth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		healthy, attempts := true, 0
		c := newClient(t, kit.ClientConfig{}, nil, func(*http.Request) (*http.Response, error) {
			attempts++
			if healthy {
				return reply(200, "{}"), nil
			}
			return reply(500, ""), nil
		})
		for range 200 {
			if err := get(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		healthy, attempts = false, 0
		const calls = 1000
		for range calls {
			if err := get(t.Context(), c); !errors.Is(err, pos.ErrUnavailable) {
				t.Fatal(err)
			}
		}
		// Earned before: 20; earned now: 100; floor: 5 and one in 10 seconds.
		if extra := attempts - calls; extra < 100 || extra > 150 {
			t.Errorf("%d extra attempts for %d calls", extra, calls)
		}
	})
}

func TestCancelledCallReturnsAtOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]trip{
		"during back-off": func(*http.Request) (*http.Response, error) { return reply(503, "", "Retry-After", "60"), nil },
		"while the vendor is silent": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"while the body is read": func(r *http.Request) (*http.Response, error) {
			resp := reply(200, "")
			resp.Body = io.NopCloser(stuck{r.Context()})
			return resp, nil
		},
	}
	for name, serve := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, kit.ClientConfig{}, nil, serve)
				ctx, cancel := context.WithCancel(t.Context())
				var ended time.Time
				time.AfterFunc(3*time.Second, func() { ended = time.Now(); cancel() })
				var out struct{}
				_, err := c.JSON(ctx, kit.Request{Op: "X", Method: "GET", Path: "/x"}, nil, &out)
				if !errors.Is(err, context.Canceled) || pos.IsRetryable(err) || asPos(t, err).Op != "X" {
					t.Errorf("got %v", err)
				}
				if late := time.Since(ended); late > 10*time.Millisecond {
					t.Errorf("returned %v late", late)
				}
			})
		})
	}
}

// stuck is a body that never comes.
type stuck struct{ ctx context.Context }

func (s stuck) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func TestSilentVendorIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newClient(t, kit.ClientConfig{}, &kit.Options{Silence: 10 * time.Second}, func(r *http.Request) (*http.Response, error) {
			switch n++; n {
			case 1:
				<-r.Context().Done()
				return nil, r.Context().Err()
			case 2:
				resp := reply(200, "")
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"a":`), stuck{r.Context()}))
				return resp, nil
			}
			return reply(200, `{"a":1}`), nil
		})
		began := time.Now()
		var out struct {
			A int `json:"a"`
		}
		if _, err := c.JSON(t.Context(), kit.Request{Op: "X", Method: "GET", Path: "/x"}, nil, &out); err != nil || out.A != 1 {
			t.Fatalf("got %+v, %v", out, err)
		}
		if took := time.Since(began); n != 3 || took < 20*time.Second || took > 25*time.Second {
			t.Errorf("%d attempts in %v", n, took)
		}
	})
}

func TestSlowReaderIsNotASilentVendor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, kit.ClientConfig{}, &kit.Options{Silence: time.Second}, func(*http.Request) (*http.Response, error) {
			return reply(200, "["+strings.Repeat(`"xxxxxxxx",`, 10_000)+`""]`), nil
		})
		resp, err := c.Do(t.Context(), kit.Request{Op: "X", Method: "GET", Path: "/x"})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = kit.EachJSON(resp, "", func(*string) error {
			if n++; n%1000 == 0 {
				time.Sleep(2 * time.Second)
			}
			return nil
		}, nil)
		if err != nil || n != 10_001 {
			t.Errorf("%d elements: %v", n, err)
		}
	})
}

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		want time.Duration
		ok   bool
	}{
		"0":                             {0, true},
		" 5 ":                           {5 * time.Second, true},
		"1.5":                           {1500 * time.Millisecond, true},
		"-5":                            {0, false},
		"1e300":                         {0, false},
		"NaN":                           {0, false},
		"Inf":                           {0, false},
		"86400":                         {15 * time.Minute, true},
		"Mon, 23 Nov 2026 12:00:30 GMT": {30 * time.Second, true},
		"Mon, 23 Nov 2026 11:00:30 GMT": {0, true},
		"2026-11-23T12:01:00Z":          {time.Minute, true},
		"2026-11-23T13:01:00+01:00":     {time.Minute, true},
		"1795435210":                    {10 * time.Second, true},
		"1795435210000":                 {10 * time.Second, true},
		"":                              {0, false},
		"tomorrow":                      {0, false},
	}
	for text, want := range tests {
		if got, ok := kit.ParseRetryAfter(text, now); got != want.want || ok != want.ok {
			t.Errorf("%q: got %v, %v", text, got, ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"5", "-1", "1e9", "Mon, 23 Nov 2026 12:00:30 GMT", "2026-11-23T12:01:00Z", "NaN", "9999999999999999999"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		if got, ok := kit.ParseRetryAfter(text, now); got < 0 || got > 15*time.Minute || !ok && got != 0 {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	})
}
