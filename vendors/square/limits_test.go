package square

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// info answers every request after a second.
type info struct {
	status int
	body   string
	calls  atomic.Int32
}

func (c *info) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	select {
	case <-time.After(time.Second):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: c.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.body))}, nil
}

func infoProvider(t *testing.T, c *info) *Provider {
	t.Helper()
	p, err := New(
		Config{Account: "M1", BaseURL: "https://square.example", AccessToken: pos.NewSecret("fake")},
		&kit.Options{HTTPClient: &http.Client{Transport: c}, Retry: kit.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Limits are read once, however many ask at a time.
func TestLimitsSingleFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &info{status: 200, body: `{"limits":{"batch_delete_max_object_ids":50}}`}
		p := infoProvider(t, c)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				want := documentedLimits
				want.DeleteIDs = 50
				if got := p.limits(t.Context()); got != want {
					t.Errorf("limits %+v, want %+v", got, want)
				}
			})
		}
		wg.Wait()
		<-time.After(48 * time.Hour)
		p.limits(t.Context())
		if n := c.calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

// After a failure the documented limits hold for an hour.
func TestLimitsFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &info{status: 500}
		p := infoProvider(t, c)
		for range 3 {
			if got := p.limits(t.Context()); got != documentedLimits {
				t.Errorf("limits %+v", got)
			}
		}
		if n := c.calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		c.status, c.body = 200, `{"limits":{"search_max_page_limit":7}}`
		<-time.After(time.Hour)
		if got := p.limits(t.Context()).SearchPage; got != 7 {
			t.Errorf("page of %d after an hour, want 7", got)
		}
	})
}

// A caller who gives up says nothing about Square: the next one reads.
func TestLimitsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &info{status: 200, body: `{"limits":{"search_max_page_limit":7}}`}
		p := infoProvider(t, c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if got := p.limits(ctx); got != documentedLimits {
			t.Errorf("limits %+v", got)
		}
		if got := p.limits(t.Context()).SearchPage; got != 7 {
			t.Errorf("page of %d, want 7", got)
		}
	})
}
