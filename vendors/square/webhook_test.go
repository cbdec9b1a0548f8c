package square_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

func newWebhook(t testing.TB, url string, keys ...string) *square.Webhook {
	t.Helper()
	cfg := square.WebhookConfig{URL: url}
	for _, k := range keys {
		cfg.Keys = append(cfg.Keys, pos.NewSecret(k))
	}
	w, err := square.NewWebhook(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func signed(signature string) http.Header {
	h := http.Header{}
	h.Set("x-square-hmacsha256-signature", signature)
	return h
}

const paymentBody = `{"merchant_id":"MLFARMACY001","type":"payment.updated","event_id":"3f1a0c52-7d0e-4e0f-9a55-0c7be2a1d001","created_at":"2026-11-23T12:00:05.123Z","data":{"type":"payment","id":"pay_0001","object":{"payment":{"id":"pay_0001","order_id":"ord_0001","location_id":"LFRIDGE01","status":"COMPLETED","amount_money":{"amount":1295,"currency":"USD"},"tip_money":{"amount":100,"currency":"USD"},"total_money":{"amount":1395,"currency":"USD"},"updated_at":"2026-11-23T12:00:04.990Z","version_token":"v1"}}}}`

// The first three vectors are those of the official SDKs.
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	const testBody = `{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification","event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z","data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}`
	const ours = "https://hooks.farmacy.example/square?tenant=7"
	for _, tc := range []struct {
		name, key, url, body, signature string
		want                            error
	}{
		{"official 1", "Ibxx_5AKakO-3qeNVR61Dw", "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9", testBody, "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4=", nil},
		{"official 2", "signature-key", "https://webhook.site/webhooks", `{"data":{"type":"webhooks","id":"fake_id"}}`, "W3FlCNk5IA3ZQ2LHTWoajvzfaDu/OwY2tNHIHC3IUOA=", nil},
		{"official 3", "signature-key", "https://webhook.site/webhooks", `{"data":{"type":"webhooks","id":">id<"}}`, "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U=", nil},
		{"ours", "Farmacy_test_key-01", ours, paymentBody, "nKygblqOO6B5XljDPXLy0RsnN/dwF/wm7SlM9sM2fP0=", nil},
		{"another URL", "Farmacy_test_key-01", ours, paymentBody, "1g8WPhIrapOO/R/teHGDzWdj4aPWKXvYT3VAiL+4i4s=", kit.ErrSignatureMismatch},
		{"another body", "Farmacy_test_key-01", ours, paymentBody, "Ue2sqp+0/+NZtvfjWJruL9T7pAtKZEP1gBTchNATXRc=", kit.ErrSignatureMismatch},
		{"one digit changed", "Farmacy_test_key-01", ours, strings.Replace(paymentBody, "1295", "1296", 1), "nKygblqOO6B5XljDPXLy0RsnN/dwF/wm7SlM9sM2fP0=", kit.ErrSignatureMismatch},
		{"another key", "Farmacy_test_key-02", ours, paymentBody, "nKygblqOO6B5XljDPXLy0RsnN/dwF/wm7SlM9sM2fP0=", kit.ErrSignatureMismatch},
		{"empty body", "Farmacy_test_key-01", ours, "", "nKygblqOO6B5XljDPXLy0RsnN/dwF/wm7SlM9sM2fP0=", kit.ErrSignatureMismatch},
		{"not base64", "Farmacy_test_key-01", ours, paymentBody, "%%%", kit.ErrBadSignature},
		{"none", "Farmacy_test_key-01", ours, paymentBody, "", kit.ErrNoSignature},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := newWebhook(t, tc.url, "an-older-key", tc.key).Verify(signed(tc.signature), []byte(tc.body))
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if tc.want != nil && !errors.Is(err, pos.ErrAuth) {
				t.Errorf("%v is not pos.ErrAuth", err)
			}
		})
	}
}

func TestNewWebhookRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]square.WebhookConfig{
		"no URL":    {Keys: []pos.Secret{pos.NewSecret("k")}},
		"no key":    {URL: "https://h.example"},
		"empty key": {URL: "https://h.example", Keys: []pos.Secret{{}}},
	} {
		if _, err := square.NewWebhook(cfg); !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("%s: %v, want pos.ErrInvalid", name, err)
		}
	}
}

func TestNewTellsABadAddressWithTheRest(t *testing.T) {
	t.Parallel()
	_, err := square.New(square.Config{BaseURL: "ftp://square.example"}, nil)
	var ps pos.Problems
	if !errors.As(err, &ps) || len(ps) < 2 || !slices.ContainsFunc(ps, func(p pos.Problem) bool { return p.Field == "BaseURL" }) {
		t.Errorf("got %v", err)
	}
}

func TestNewWebhookTellsAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := square.NewWebhook(square.WebhookConfig{})
	var ps pos.Problems
	if !errors.As(err, &ps) {
		t.Fatalf("got %v", err)
	}
	var fields []string
	for _, p := range ps {
		fields = append(fields, p.Field)
	}
	if diff := cmp.Diff([]string{"URL", "Keys"}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 0, 5, 0, time.UTC)
	body := func(kind, location, data string) string {
		return `{"merchant_id":"M1",` + location + `"type":"` + kind + `","event_id":"e1","created_at":"2026-11-23T12:00:05Z","data":` + data + `}`
	}
	for _, tc := range []struct {
		name, body string
		want       []pos.Notice
	}{
		{
			"payment", body("payment.created", "", `{"type":"payment","object":{"payment":{"order_id":"o1","location_id":"L1"}}}`),
			[]pos.Notice{{ID: "e1", Type: "payment.created", Account: "M1", Job: pos.JobPurchases, Location: "L1", Records: []string{"o1"}, At: at}},
		},
		{
			"refund", body("refund.updated", "", `{"object":{"refund":{"order_id":"o2","location_id":"L1"}}}`),
			[]pos.Notice{{ID: "e1", Type: "refund.updated", Account: "M1", Job: pos.JobPurchases, Location: "L1", Records: []string{"o2"}, At: at}},
		},
		{
			"order", body("order.updated", "", `{"object":{"order_updated":{"order_id":"o3","location_id":"L2"}}}`),
			[]pos.Notice{{ID: "e1", Type: "order.updated", Account: "M1", Job: pos.JobPurchases, Location: "L2", Records: []string{"o3"}, At: at}},
		},
		{
			"stock", body("inventory.count.updated", "", `{"object":{"inventory_counts":[{"location_id":"L1"},{"location_id":"L2"},{"location_id":"L1"}]}}`),
			[]pos.Notice{
				{ID: "e1", Type: "inventory.count.updated", Account: "M1", Job: pos.JobInventory, Location: "L1", At: at},
				{ID: "e1/L2", Type: "inventory.count.updated", Account: "M1", Job: pos.JobInventory, Location: "L2", At: at},
			},
		},
		{
			"catalogue", body("catalog.version.updated", "", `{"object":{"catalog_version":{}}}`),
			[]pos.Notice{{ID: "e1", Type: "catalog.version.updated", Account: "M1", Job: pos.JobMenu, At: at}},
		},
		{
			"location", body("location.updated", `"location_id":"L3",`, `{"id":"L3"}`),
			[]pos.Notice{{ID: "e1", Type: "location.updated", Account: "M1", Job: pos.JobStatus, Location: "L3", At: at}},
		},
		{
			"device", body("device.code.paired", "", `{"object":{"device_code":{"location_id":"L4"}}}`),
			[]pos.Notice{{ID: "e1", Type: "device.code.paired", Account: "M1", Job: pos.JobStatus, Location: "L4", At: at}},
		},
		{
			"revoked", body("oauth.authorization.revoked", "", `{"object":{"revocation":{}}}`),
			[]pos.Notice{{ID: "e1", Type: "oauth.authorization.revoked", Account: "M1", Job: pos.JobAccount, At: at, Alarm: "the seller withdrew the authorization"}},
		},
		{"unknown", body("loyalty.program.created", "", `{}`), nil},
	} {
		got, err := newWebhook(t, hookURL, "k").Parse(nil, []byte(tc.body))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	for _, bad := range []string{"", "null", "[]", "{", `{"type":"payment.created"}`} {
		if _, err := newWebhook(t, hookURL, "k").Parse(nil, []byte(bad)); !errors.Is(err, pos.ErrProtocol) {
			t.Errorf("%q: %v, want pos.ErrProtocol", bad, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("nKygblqOO6B5XljDPXLy0RsnN/dwF/wm7SlM9sM2fP0=", []byte(paymentBody))
	f.Add("", []byte("{}"))
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		const key, url = "fuzz-key", "https://hooks.farmacy.example/square"
		w := newWebhook(t, url, key)
		err := w.Verify(signed(signature), body)
		right := squarefake.Sign(key, url, body)
		if (err == nil) != (signature == right) {
			t.Errorf("signature %q: %v", signature, err)
		}
		if err != nil && strings.Contains(err.Error(), right) {
			t.Error("the error tells the expected signature")
		}
		if err := w.Verify(signed(right), body); err != nil {
			t.Errorf("the right signature: %v", err)
		}
	})
}

func FuzzParseWebhook(f *testing.F) {
	f.Add([]byte(paymentBody))
	f.Add([]byte(`{"type":"inventory.count.updated","event_id":"e","data":{"object":{"inventory_counts":[{"location_id":"L"},null]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		notices, err := newWebhook(t, hookURL, "k").Parse(nil, body)
		if err != nil && len(notices) > 0 {
			t.Error("notices beside an error")
		}
		for _, n := range notices {
			if n.ID == "" || n.Type == "" || n.Job == "" {
				t.Errorf("incomplete notice %+v", n)
			}
		}
	})
}
