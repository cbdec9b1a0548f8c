package bytetech_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// A callback with its signature, computed apart from this package.
const (
	sampleSecret = "whsec_9f2c6f0e4b7a4d0d8b6e1a2c3d4e5f60"
	sampleTime   = 1795425330
	sampleBody   = `{"id":"evt_01JD9Q4Z8M","type":"transaction.processed","created_at":"2026-11-23T09:15:30.000Z","account_id":"acc_77","kiosk_id":"1042","data":{"transaction_id":"tx_900145","status":"processed","updated_at":"2026-11-23T09:15:29.412Z"}}`
	sampleHeader = "t=1795425330,v1=18818d701100e867bcdcd2622d97d20d1e1c6489e9d63de083cb2f10d1523e54"
)

func newHook(tb testing.TB, secrets ...string) *bytetech.Webhook {
	tb.Helper()
	var cfg bytetech.WebhookConfig
	for _, s := range secrets {
		cfg.Secrets = append(cfg.Secrets, pos.NewSecret(s))
	}
	hook, err := bytetech.NewWebhook(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return hook
}

func signed(text string) http.Header {
	h := http.Header{}
	h.Set("Byte-Signature", text)
	return h
}

func TestVerify(t *testing.T) {
	t.Parallel()
	mac := strings.TrimPrefix(sampleHeader, "t=1795425330,")
	for _, tc := range []struct {
		name, header, body string
		at                 int64
		secrets            []string
		want               error
	}{
		{"vector", sampleHeader, sampleBody, sampleTime, []string{sampleSecret}, nil},
		{"300 s old", sampleHeader, sampleBody, sampleTime + 300, []string{sampleSecret}, nil},
		{"301 s old", sampleHeader, sampleBody, sampleTime + 301, []string{sampleSecret}, kit.ErrTimestamp},
		{"301 s ahead", sampleHeader, sampleBody, sampleTime - 301, []string{sampleSecret}, kit.ErrTimestamp},
		{"rotation, ours is older", "t=1795425330,v1=" + strings.Repeat("ab", 32) + "," + mac, sampleBody, sampleTime, []string{sampleSecret}, nil},
		{"rotation, two secrets", sampleHeader, sampleBody, sampleTime, []string{"whsec_new", sampleSecret}, nil},
		{"other secret", sampleHeader, sampleBody, sampleTime, []string{"whsec_other"}, kit.ErrSignatureMismatch},
		{"other body", sampleHeader, sampleBody + " ", sampleTime, []string{sampleSecret}, kit.ErrSignatureMismatch},
		{"other time", "t=1795425331," + mac, sampleBody, sampleTime, []string{sampleSecret}, kit.ErrSignatureMismatch},
		{"no header", "", sampleBody, sampleTime, []string{sampleSecret}, kit.ErrNoSignature},
		{"no time", mac, sampleBody, sampleTime, []string{sampleSecret}, kit.ErrBadSignature},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Unix(tc.at, 0)))
				err := newHook(t, tc.secrets...).Verify(signed(tc.header), []byte(tc.body))
				if !errors.Is(err, tc.want) || tc.want != nil && !errors.Is(err, pos.ErrAuth) {
					t.Fatalf("got %v, want %v", err, tc.want)
				}
				if err != nil && (strings.Contains(err.Error(), "18818d70") || strings.Contains(err.Error(), sampleSecret)) {
					t.Errorf("shows the signature or the secret: %v", err)
				}
			})
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 15, 30, 0, time.UTC)
	event := func(kind, data string) string {
		return `{"id":"evt_1","type":"` + kind + `","created_at":"2026-11-23T09:15:30.000Z","account_id":"acc_77","kiosk_id":"1042","data":` + data + `}`
	}
	notice := func(kind string, job pos.Job, records ...string) []pos.Notice {
		return []pos.Notice{{ID: "evt_1", Type: kind, Account: "acc_77", Job: job, Location: "1042", Records: records, At: at}}
	}
	for _, tc := range []struct {
		body string
		want []pos.Notice
	}{
		{event("transaction.processed", `{"transaction_id":"tx_1"}`), notice("transaction.processed", pos.JobPurchases, "tx_1")},
		{event("transaction.later_state", `{"transaction_id":"tx_1"}`), notice("transaction.later_state", pos.JobPurchases, "tx_1")},
		{event("inventory.changed", `{"products":[]}`), notice("inventory.changed", pos.JobInventory)},
		{event("restock.completed", `{"restock_id":"r"}`), notice("restock.completed", pos.JobInventory)},
		{event("kiosk.status_changed", `{}`), notice("kiosk.status_changed", pos.JobStatus)},
		{event("kiosk.temperature_alert", `{}`), notice("kiosk.temperature_alert", pos.JobStatus)},
		{event("discount.ended", `{}`), notice("discount.ended", pos.JobCoupons)},
		{event("ping", `{}`), nil},
		{event("brand.new", `{}`), nil},
	} {
		got, err := newHook(t, sampleSecret).Parse(nil, []byte(tc.body))
		if err != nil {
			t.Errorf("%s: %v", tc.body, err)
		}
		if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(pos.Notice{}, "Raw")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.body, diff)
		}
	}
	unnamed := strings.Replace(event("kiosk.status_changed", `{}`), `"id":"evt_1",`, "", 1)
	got, err := newHook(t, sampleSecret).Parse(http.Header{"Byte-Event-Id": {"evt_1"}}, []byte(unnamed))
	if diff := cmp.Diff(notice("kiosk.status_changed", pos.JobStatus), got, cmpopts.IgnoreFields(pos.Notice{}, "Raw")); diff != "" || err != nil {
		t.Errorf("the id in the header (-want +got):\n%s %v", diff, err)
	}
	for _, bad := range []string{"", "null", "[]", `"x"`, `{"id":`, `{"type":"transaction.placed"} {}`} {
		if _, err := newHook(t, sampleSecret).Parse(nil, []byte(bad)); !errors.Is(err, pos.ErrProtocol) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestNewWebhookRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]bytetech.WebhookConfig{
		"no secret":    {},
		"empty secret": {Secrets: []pos.Secret{pos.NewSecret("")}},
		"bad profile":  {Secrets: []pos.Secret{pos.NewSecret("x")}, ProfilePatch: []byte(`{"webhook":{"scheme":"none"}}`)},
	} {
		if _, err := bytetech.NewWebhook(cfg); !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewTellsABadAddressWithTheRest(t *testing.T) {
	t.Parallel()
	_, err := bytetech.New(bytetech.Config{BaseURL: "https://user:secret@byte.example"}, nil)
	var ps pos.Problems
	if !errors.As(err, &ps) || len(ps) < 2 || !slices.ContainsFunc(ps, func(p pos.Problem) bool { return p.Field == "base_url" }) {
		t.Errorf("got %v", err)
	}
}

func TestNewWebhookTellsAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := bytetech.NewWebhook(bytetech.WebhookConfig{ProfilePatch: []byte(`{"webhook":{"scheme":7}}`)})
	var ps pos.Problems
	if !errors.As(err, &ps) {
		t.Fatalf("got %v", err)
	}
	var fields []string
	for _, p := range ps {
		fields = append(fields, p.Field)
	}
	if diff := cmp.Diff([]string{"profile.webhook.scheme", "Secrets"}, fields); diff != "" {
		t.Error(diff)
	}
}

func FuzzVerify(f *testing.F) {
	hook := newHook(f, sampleSecret)
	f.Add(sampleHeader, []byte(sampleBody))
	f.Add("t=,v1=", []byte(""))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if header == sampleHeader && string(body) == sampleBody {
			return
		}
		if hook.Verify(signed(header), body) == nil {
			t.Error("accepted")
		}
	})
}

func FuzzParseWebhook(f *testing.F) {
	hook := newHook(f, sampleSecret)
	f.Add([]byte(sampleBody))
	f.Add([]byte(`{"type":"kiosk.status_changed","created_at":17}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		notices, err := hook.Parse(nil, body)
		if err != nil && len(notices) > 0 {
			t.Error("notices with an error")
		}
		for _, n := range notices {
			if n.Job == "" {
				t.Errorf("notice without job: %+v", n)
			}
		}
	})
}
