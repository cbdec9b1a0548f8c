package simphony_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

const (
	hookKey  = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	hookID   = "0f4b0a52-6a0e-4a6e-8c3f-3a7b1f0c9d11"
	hookBody = `{"messages":[{"id":"3f0e6f0e-5a53-4a55-9f6e-2a1c7f6f0a11","creationDate":"2026-11-23T10:15:30.000Z","messageType":{"id":"CheckNotification"},"resource":{"orgShortName":"farmacy","locRef":"kiosk-017","rvcRef":"1","checkRef":"929aacee2c6d42c78ae877e824c28eed00000431"},"data":{"status":"Submitted","timeStampUtc":"2026-11-23T10:15:29.501Z"}}]}`
)

func hook(t testing.TB) *simphony.Webhook {
	t.Helper()
	w, err := simphony.NewWebhook(simphony.WebhookConfig{Keys: []simphony.WebhookKey{{ID: hookID, Key: pos.NewSecret(hookKey)}}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func signed(digest string) http.Header {
	return http.Header{"Digest": {digest}, "Key-Id": {strings.ToUpper(hookID)}}
}

// TestWebhookVectors holds digests that were computed apart from this code.
func TestWebhookVectors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, body, digest string
		ok                 bool
	}{
		{"sample", hookBody, "PZrtKVi3AEtqOxZbbgto7KfWu5BFL1mC8ljmbs3aG/0=", true},
		{"UTF-8", `{"name":"Café"}`, "gfDA9en6qm0S/YKquc2vMX9N8W/6SP6piFxBPEpYVcM=", true},
		{"ASCII", `{"name":"Café"}`, "dQe/IUzxaHIb3FRZbDYE/gljfwOYzTpRtPJ+HRFNFII=", true},
		{"another body", hookBody + " ", "PZrtKVi3AEtqOxZbbgto7KfWu5BFL1mC8ljmbs3aG/0=", false},
		{"no digest", hookBody, "", false},
		{"not base64", hookBody, "%%%", false},
	} {
		if err := hook(t).Verify(signed(tc.digest), []byte(tc.body)); (err == nil) != tc.ok || err != nil && !errors.Is(err, pos.ErrAuth) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if err := hook(t).Verify(http.Header{"Digest": {"PZrtKVi3AEtqOxZbbgto7KfWu5BFL1mC8ljmbs3aG/0="}, "Key-Id": {"other"}}, []byte(hookBody)); !errors.Is(err, pos.ErrAuth) {
		t.Errorf("another key: %v", err)
	}
}

func TestWebhookParse(t *testing.T) {
	t.Parallel()
	got, err := hook(t).Parse(nil, []byte(hookBody))
	if err != nil {
		t.Fatal(err)
	}
	want := []pos.Notice{{
		ID: "3f0e6f0e-5a53-4a55-9f6e-2a1c7f6f0a11", Type: "CheckNotification", Account: "farmacy", Job: pos.JobPurchases, Location: "kiosk-017",
		At: time.Date(2026, 11, 23, 10, 15, 29, 501e6, time.UTC),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWebhookConfig(t *testing.T) {
	t.Parallel()
	for _, keys := range [][]simphony.WebhookKey{nil, {{ID: "", Key: pos.NewSecret(hookKey)}}, {{ID: "a", Key: pos.NewSecret("c2hvcnQ=")}}, {{ID: "a"}}} {
		if _, err := simphony.NewWebhook(simphony.WebhookConfig{Keys: keys}); !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("%d keys: %v", len(keys), err)
		}
	}
}

func TestNewWebhookTellsAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := simphony.NewWebhook(simphony.WebhookConfig{Keys: []simphony.WebhookKey{{}, {ID: "a", Key: pos.NewSecret(hookKey)}, {ID: "A"}}})
	var ps pos.Problems
	if !errors.As(err, &ps) {
		t.Fatalf("got %v", err)
	}
	var fields []string
	for _, p := range ps {
		fields = append(fields, p.Field)
	}
	if diff := cmp.Diff([]string{"Keys[0].ID", "Keys[0].Key", "Keys[2].Key", "Keys[2].ID"}, fields); diff != "" {
		t.Error(diff)
	}
}

// TestSubscribe registers twice: the second time changes nothing.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	fake := newFake(t, simphonyfake.Config{})
	p := newProvider(t, cloud(fake), fake, nil)
	key := simphony.WebhookKey{ID: hookID, Key: pos.NewSecret(hookKey)}
	for range 2 {
		if err := p.Subscribe(t.Context(), "https://callbacks.example.com/simphony", key); err != nil {
			t.Fatal(err)
		}
	}
	created := 0
	for _, r := range fake.Requests() {
		if r.Op == "CreateSubscription" {
			created++
		}
	}
	if created != 3 {
		t.Errorf("%d subscriptions were made, want 3", created)
	}
	if err := p.Subscribe(t.Context(), "https://callbacks.example.com/x", simphony.WebhookKey{ID: "x"}); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("a key that is missing: %v", err)
	}
}

// FuzzWebhook feeds callbacks: no panic, and errors are typed.
func FuzzWebhook(f *testing.F) {
	f.Add([]byte(hookBody), "PZrtKVi3AEtqOxZbbgto7KfWu5BFL1mC8ljmbs3aG/0=")
	f.Add([]byte(`{"messages":null}`), "")
	w := hook(f)
	f.Fuzz(func(t *testing.T, body []byte, digest string) {
		if err := w.Verify(signed(digest), body); err != nil && !errors.Is(err, pos.ErrAuth) {
			t.Errorf("Verify: %v", err)
		}
		notices, err := w.Parse(nil, body)
		if err != nil && !errors.Is(err, pos.ErrProtocol) {
			t.Errorf("Parse: %v", err)
		}
		for _, n := range notices {
			if n.ID == "" || n.Job == "" {
				t.Errorf("a notice without id or job: %+v", n)
			}
		}
	})
}
