package kit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// hook understands "notice", "none" and "bad".
type hook struct{ verified bool }

func (h *hook) Verify(header http.Header, _ []byte) error {
	if header.Get("X-Sig") != "good" {
		return kit.ErrSignatureMismatch
	}
	h.verified = true
	return nil
}

func (h *hook) Parse(_ http.Header, body []byte) ([]pos.Notice, error) {
	switch {
	case !h.verified:
		return nil, errors.New("parsed before it was verified")
	case string(body) == "none":
		return nil, nil
	case strings.HasPrefix(string(body), "notice"):
		return []pos.Notice{{ID: "n1", Job: pos.JobPurchases}}, nil
	}
	return nil, &pos.Error{Kind: pos.KindProtocol}
}

func TestWebhookHandler(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, body, signature string
		sinkErr                 error
		status, delivered       int
	}{
		"kept":            {"POST", "notice", "good", nil, 200, 1},
		"nothing in it":   {"POST", "none", "good", nil, 200, 0},
		"forged":          {"POST", "notice", "evil", nil, 401, 0},
		"no sense":        {"POST", "bad", "good", nil, 400, 0},
		"sink fails":      {"POST", "notice", "good", errors.New("disk full"), 503, 1},
		"largest":         {"POST", "notice" + strings.Repeat("x", 94), "good", nil, 200, 1},
		"too large":       {"POST", "notice" + strings.Repeat("x", 95), "good", nil, 413, 0},
		"not a POST":      {"GET", "", "good", nil, 405, 0},
		"forged and huge": {"POST", strings.Repeat("x", 1000), "evil", nil, 413, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			delivered := 0
			h := kit.WebhookHandler(&hook{}, func(ctx context.Context, notices []pos.Notice) error {
				if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 10*time.Second {
					t.Error("the sink has no deadline")
				}
				delivered += len(notices)
				return test.sinkErr
			}, &kit.WebhookOptions{MaxBody: 100})
			r := httptest.NewRequestWithContext(t.Context(), test.method, "/hook", strings.NewReader(test.body))
			r.Header.Set("X-Sig", test.signature)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status || delivered != test.delivered || w.Body.Len() > 0 {
				t.Errorf("got %d, %d notices, body %q", w.Code, delivered, w.Body)
			}
		})
	}
}
