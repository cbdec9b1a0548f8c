package quickbooks

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

var update = flag.Bool("update", false, "write golden files")

// golden compares a value with a file of JSON.
func golden(t *testing.T, path string, value any) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		t.Fatal(err)
	}
	got := b.Bytes()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// answers is a transport that answers paths, and queries by their entity.
type answers map[string]string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	key := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if q := r.URL.Query().Get("query"); q != "" {
		_, rest, _ := strings.Cut(q, " FROM ")
		key, _, _ = strings.Cut(rest, " ")
	}
	body, ok := a[key]
	if !ok {
		body = `{"QueryResponse":{}}`
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// sampleAnswers are a company with some items.
func sampleAnswers() answers {
	return answers{
		"bearer":        `{"access_token":"fake","refresh_token":"fake","expires_in":3600}`,
		"1234":          `{"CompanyInfo":{"CompanyName":"Host","DefaultTimeZone":"America/Los_Angeles"}}`,
		"PaymentMethod": `{"QueryResponse":{"PaymentMethod":[{"Id":"1","Name":"Cash","Type":"NON_CREDIT_CARD"},{"Id":"4","Name":"MasterCard","Type":"CREDIT_CARD"}]}}`,
		"TaxRate":       `{"QueryResponse":{"TaxRate":[{"Id":"3","Name":"County"}]}}`,
		"Item": `{"QueryResponse":{"Item":[
			{"Id":"51","Name":"Miso Bowl","Sku":"FARM-51","Type":"NonInventory"},
			{"Id":"52","Name":"Green Salad (deleted)","Active":false,"Sku":"FARM-52","Type":"NonInventory"},
			{"Id":"60","Name":"CPN-SPRING","Sku":"CPN-SPRING","Type":"Service","PurchaseDesc":"farmacy/coupon:c-1"},
			{"Id":"70","Name":"Gratuity","Type":"Service"}]}}`,
	}
}

func offlineProvider(t testing.TB, a http.RoundTripper, change func(*Config)) *Provider {
	t.Helper()
	cfg := Config{
		Realm: "1234", BaseURL: "https://quickbooks.example", TipItems: []string{"70"}, SummaryNotes: []string{"Daily sales"},
		OAuth: &OAuth{ClientID: "fake", ClientSecret: pos.NewSecret("fake"), RefreshToken: pos.NewSecret("fake")},
	}
	if change != nil {
		change(&cfg)
	}
	p, err := New(cfg, &kit.Options{HTTPClient: &http.Client{Transport: a}, Retry: kit.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestMapping maps sample forms, read as changes.
func TestMapping(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err != nil || len(samples) == 0 {
		t.Fatal(err, len(samples))
	}
	for _, sample := range samples {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(sample)
			if err != nil {
				t.Fatal(err)
			}
			a := sampleAnswers()
			a["cdc"] = fmt.Sprintf(`{"CDCResponse":[{"QueryResponse":[%s,{}]}],"time":"2026-11-23T12:00:00-08:00"}`, data)
			r := &journal{Provider: offlineProvider(t, a, nil)}
			since := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
			page, err := r.capture(t.Context(), kit.Window{From: since})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(sample, ".json")+".golden", page.Purchases)
		})
	}
}

// TestCapabilities keeps what the README says about QuickBooks Online.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	p := offlineProvider(t, sampleAnswers(), func(c *Config) { c.IncomeAccount, c.ExpenseAccount, c.TipItems = "79", "80", nil })
	d := p.Describe()
	d.Account = "example"
	golden(t, filepath.Join("testdata", "capabilities.json"), d)
}
