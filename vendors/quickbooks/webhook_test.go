package quickbooks

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

func newTestWebhook(t testing.TB, tokens ...string) *Webhook {
	t.Helper()
	var cfg WebhookConfig
	for _, token := range tokens {
		cfg.VerifierTokens = append(cfg.VerifierTokens, pos.NewSecret(token))
	}
	w, err := NewWebhook(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestVerify holds vectors that were computed with openssl.
func TestVerify(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(filepath.Join("testdata", "vectors", "classic.body.json"))
	if err != nil {
		t.Fatal(err)
	}
	const token, signature = "b5771f19b12ddb4bcdb9f08bdc50bc63878a", "JC2GUwciPmRBwEO7WvrRmKqu9tGOKL8FFallocTFi8Q="
	for name, tc := range map[string]struct {
		tokens    []string
		signature string
		body      string
		want      error
	}{
		"genuine":          {tokens: []string{token}, signature: signature, body: string(body)},
		"while rotated":    {tokens: []string{"fake-new", token}, signature: signature, body: string(body)},
		"another token":    {tokens: []string{"fake-new"}, signature: signature, body: string(body), want: kit.ErrSignatureMismatch},
		"another body":     {tokens: []string{token}, signature: signature, body: string(body) + "\n", want: kit.ErrSignatureMismatch},
		"no signature":     {tokens: []string{token}, body: string(body), want: kit.ErrNoSignature},
		"no base64":        {tokens: []string{token}, signature: "?", body: string(body), want: kit.ErrBadSignature},
		"cut to 31 octets": {tokens: []string{token}, signature: "JC2GUwciPmRBwEO7WvrRmKqu9tGOKL8FFallocTFiw==", body: string(body), want: pos.ErrAuth},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if tc.signature != "" {
				h.Set("intuit-signature", tc.signature)
			}
			if err := newTestWebhook(t, tc.tokens...).Verify(h, []byte(tc.body)); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	if _, err := NewWebhook(WebhookConfig{}); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("without a token: %v", err)
	}
}

func TestNewTellsABadAddressWithTheRest(t *testing.T) {
	t.Parallel()
	_, err := New(Config{BaseURL: "https://"}, nil)
	var ps pos.Problems
	if !errors.As(err, &ps) || len(ps) < 2 || !slices.ContainsFunc(ps, func(p pos.Problem) bool { return p.Field == "BaseURL" }) {
		t.Errorf("got %v", err)
	}
}

func TestNewWebhookTellsAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := NewWebhook(WebhookConfig{VerifierTokens: make([]pos.Secret, 2)})
	var ps pos.Problems
	if !errors.As(err, &ps) {
		t.Fatalf("got %v", err)
	}
	var fields []string
	for _, p := range ps {
		fields = append(fields, p.Field)
	}
	if diff := cmp.Diff([]string{"VerifierTokens[0]", "VerifierTokens[1]"}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 15, 4, 5, 0, time.UTC)
	for name, tc := range map[string]struct {
		body string
		want []pos.Notice
	}{
		"classic": {
			body: `{"eventNotifications":[
				{"realmId":"1","dataChangeEvent":{"entities":[
					{"name":"SalesReceipt","id":"812","operation":"Create","lastUpdated":"2026-11-23T15:04:05.000Z"},
					{"name":"Item","id":"37","operation":"Merge","deletedId":"36","lastUpdated":"2026-11-23T07:04:05-0800"},
					{"name":"Vendor","id":"5","operation":"Create","lastUpdated":"2026-11-23T15:04:05Z"}]}},
				{"realmId":"2","dataChangeEvent":{"entities":[{"name":"Invoice","id":"9","operation":"Delete","lastUpdated":"2026-11-23T15:04:05+00:00"}]}}]}`,
			want: []pos.Notice{
				{ID: "1/SalesReceipt/812/Create/2026-11-23 15:04:05 +0000 UTC", Type: "SalesReceipt.Create", Account: "1", Job: pos.JobPurchases, Records: []string{"SalesReceipt:812"}, At: at},
				{ID: "1/Item/37/Merge/2026-11-23 15:04:05 +0000 UTC", Type: "Item.Merge", Account: "1", Job: pos.JobMenu, At: at},
				{ID: "2/Invoice/9/Delete/2026-11-23 15:04:05 +0000 UTC", Type: "Invoice.Delete", Account: "2", Job: pos.JobPurchases, At: at},
			},
		},
		"events": {
			body: ` [{"specversion":"1.0","id":"e-1","type":"qbo.refundreceipt.voided.v1","time":"2026-11-23T15:04:05Z","intuitentityid":"7","intuitaccountid":"1","data":{"alternative_ids":[{"id":1}]}},
				{"specversion":"1.0","id":"e-2","type":"qbo.payment.created.v1","time":"2026-11-23T15:04:05Z","intuitentityid":"8","intuitaccountid":"2"},
				{"specversion":"1.0","id":"e-3","type":"qbo.department.updated.v1","time":"2026-11-23T15:04:05Z","intuitentityid":"9","intuitaccountid":"1"},
				{"specversion":"1.0","id":"e-4","type":"qbo.customer.updated.v1"},{"specversion":"1.0","id":"e-5","type":"something.else"}]`,
			want: []pos.Notice{
				{ID: "e-1", Type: "qbo.refundreceipt.voided.v1", Account: "1", Job: pos.JobPurchases, Records: []string{"RefundReceipt:7"}, At: at},
				{ID: "e-2", Type: "qbo.payment.created.v1", Account: "2", Job: pos.JobPurchases, At: at},
				{ID: "e-3", Type: "qbo.department.updated.v1", Account: "1", Job: pos.JobStatus, At: at},
			},
		},
		"a lone event": {
			body: `{"specversion":"1.0","id":"e-1","type":"qbo.creditmemo.deleted.v1","time":"2026-11-23T15:04:05Z","intuitentityid":"7","intuitaccountid":"1"}`,
			want: []pos.Notice{{ID: "e-1", Type: "qbo.creditmemo.deleted.v1", Account: "1", Job: pos.JobPurchases, At: at}},
		},
		"no event": {body: `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newTestWebhook(t, "fake").Parse(nil, []byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, bad := range []string{"", "x", "{}", "[1]", `{"eventNotifications":3}`} {
		if _, err := newTestWebhook(t, "fake").Parse(nil, []byte(bad)); !errors.Is(err, pos.ErrProtocol) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"eventNotifications":[{"realmId":"1","dataChangeEvent":{"entities":[{"name":"Item","id":"1"}]}}]}`))
	f.Add([]byte(`[{"specversion":"1.0","id":"e","type":"qbo.item.created.v1","data":{}}]`))
	f.Add([]byte(`{"specversion":"1.0"}`))
	w := newTestWebhook(f, "fake")
	f.Fuzz(func(t *testing.T, body []byte) {
		notices, err := w.Parse(nil, body)
		if err != nil && !errors.Is(err, pos.ErrProtocol) {
			t.Errorf("error of another kind: %v", err)
		}
		for _, n := range notices {
			if n.ID == "" || n.Job == "" || n.Type == "" {
				t.Errorf("a notice lacks id, job or type: %+v", n)
			}
		}
	})
}
