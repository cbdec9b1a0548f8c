package contracttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

const (
	quickbooksSamples = "quickbooks/examples/qbo/"
	quickbooksVectors = "quickbooks/vectors/"
	quickbooksRealm   = "9130350000000001"
)

// quickbooksSample answers token requests, change data capture, reads of the
// company, and queries by their entity.
type quickbooksSample struct {
	token, other []byte
	status       int
	queries      map[string][]byte
}

func (s quickbooksSample) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, []byte(`{"QueryResponse":{}}`)
	date := "Mon, 23 Nov 2026 22:10:00 GMT" // of the samples
	_, from, _ := strings.Cut(r.URL.Query().Get("query"), " FROM ")
	entity, _, _ := strings.Cut(from, " ")
	switch {
	case strings.HasSuffix(r.URL.Path, "/bearer"):
		body, date = s.token, time.Now().UTC().Format(http.TimeFormat) // it is valid for an hour
	case strings.Contains(r.URL.Path, "/companyinfo/"):
		body = []byte(`{"CompanyInfo":{"CompanyName":"Sample","DefaultTimeZone":"America/Los_Angeles"}}`)
	case s.queries[entity] != nil:
		body = s.queries[entity]
	case entity == "":
		status, body = s.status, s.other
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Date": {date}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

func quickbooksClient(t *testing.T, transport http.RoundTripper) *quickbooks.Provider {
	t.Helper()
	p, err := quickbooks.New(quickbooks.Config{
		Realm: quickbooksRealm, BaseURL: "https://sample.invalid",
		OAuth: &quickbooks.OAuth{ClientID: "fake", ClientSecret: pos.NewSecret("fake"), RefreshToken: pos.NewSecret("fake")},
	}, &kit.Options{HTTPClient: &http.Client{Transport: transport}, Retry: kit.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// inQuery puts the entity of a sample answer into an answer to a query.
func inQuery(t *testing.T, entity string, sample []byte) []byte {
	t.Helper()
	var one map[string]json.RawMessage
	if err := json.Unmarshal(sample, &one); err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, `{"QueryResponse":{%q:[%s]}}`, entity, one[entity])
}

// TestQuickbooksSamples lets the client read sample answers.
func TestQuickbooksSamples(t *testing.T) {
	t.Parallel()
	sample := func(name string) []byte { return File(t, quickbooksSamples+name) }
	base := quickbooksSample{
		token: sample("token.refresh.rs.json"), other: sample("cdc.rs.json"), status: http.StatusOK,
		queries: map[string][]byte{"Item": sample("item.query.rs.json"), "TaxRate": sample("query.empty.rs.json")},
	}
	p := quickbooksClient(t, base)
	ctx := t.Context()

	stock, err := p.Inventory(ctx, pos.InventoryQuery{})
	if err != nil || len(stock.Stock) != 1 || stock.Stock[0].SKU != "MEAL-0102" || stock.Stock[0].OnHand != pos.Counted(pos.Units(14)) {
		t.Errorf("inventory: %+v, %v", stock.Stock, err)
	}
	// From here on the client knows the day of the samples.
	page, err := p.Purchases(ctx, pos.PurchaseQuery{Since: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	for i := range page.Purchases {
		changed = append(changed, page.Purchases[i].ID+"/"+page.Purchases[i].Version)
	}
	if diff := cmp.Diff([]string{"SalesReceipt:812/0", "RefundReceipt:830/0", "SalesReceipt:811/deleted"}, changed); diff != "" {
		t.Error(diff)
	}

	base.queries["SalesReceipt"] = inQuery(t, "SalesReceipt", sample("salesreceipt.read.rs.json"))
	base.queries["RefundReceipt"] = inQuery(t, "RefundReceipt", sample("refundreceipt.read.rs.json"))
	read := func(ids ...string) (got []string) {
		page, err := quickbooksClient(t, base).Purchases(ctx, pos.PurchaseQuery{Records: ids})
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Purchases {
			p := &page.Purchases[i]
			refund := ""
			if len(p.Refunds) > 0 {
				refund = " gives " + p.Refunds[0].Amount.String() + " of " + p.Refunds[0].Of
			}
			got = append(got, fmt.Sprintf("%s/%s at %s %s %s%s, %d findings", p.ID, p.Version, p.Location, p.State, p.Total, refund, len(p.Findings)))
		}
		return got
	}
	want := []string{
		"SalesReceipt:812/0 at 14 completed 22.41 USD, 0 findings",
		"RefundReceipt:830/0 at 14 completed 0.00 USD gives 12.45 USD of SalesReceipt:812, 0 findings",
	}
	if diff := cmp.Diff(want, read("SalesReceipt:812", "RefundReceipt:830")); diff != "" {
		t.Error(diff)
	}
	base.queries["SalesReceipt"] = inQuery(t, "SalesReceipt", sample("salesreceipt.voided.rs.json"))
	if diff := cmp.Diff([]string{"SalesReceipt:812/1 at 14 voided 0.00 USD, 0 findings"}, read("SalesReceipt:812")); diff != "" {
		t.Error(diff)
	}
	for name, tc := range map[string]struct {
		status int
		kind   pos.Kind
		code   string
	}{
		"fault.duplicate.rs.json":   {http.StatusBadRequest, pos.KindConflict, "6240"},
		"fault.gateway401.rs.json":  {http.StatusUnauthorized, pos.KindAuth, "3200"},
		"fault.throttle429.rs.xml":  {http.StatusTooManyRequests, pos.KindRateLimited, "3001"},
		"salesreceipt.read.rs.json": {http.StatusBadGateway, pos.KindUnavailable, ""},
	} {
		failing := base
		failing.other, failing.status = sample(name), tc.status
		_, err := quickbooksClient(t, failing).Purchases(ctx, pos.PurchaseQuery{Since: time.Now().Add(-time.Hour)})
		var e *pos.Error
		if !errors.As(err, &e) || e.Kind != tc.kind || e.Code != tc.code {
			t.Errorf("%s with %d: %v", name, tc.status, err)
		}
	}
}

// TestQuickbooksSignatures checks the webhook against the vectors.
func TestQuickbooksSignatures(t *testing.T) {
	t.Parallel()
	var file struct {
		Header  string
		Vectors []struct {
			Name      string
			Token     string `json:"verifier_token"`
			Body      string `json:"body_file"`
			Signature string
			Valid     bool
		}
	}
	if err := json.Unmarshal(File(t, quickbooksVectors+"webhook-signatures.json"), &file); err != nil || len(file.Vectors) == 0 {
		t.Fatal(err, len(file.Vectors))
	}
	for _, v := range file.Vectors {
		hook, err := quickbooks.NewWebhook(quickbooks.WebhookConfig{VerifierTokens: []pos.Secret{pos.NewSecret(v.Token)}})
		if err != nil {
			t.Fatal(err)
		}
		header, body := http.Header{}, File(t, quickbooksVectors+v.Body)
		header.Set(file.Header, v.Signature)
		if err := hook.Verify(header, body); (err == nil) != v.Valid {
			t.Errorf("%s: %v, want valid %t", v.Name, err, v.Valid)
		}
		if _, err := hook.Parse(header, body); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

// sentKeys is a transport that collects the member names of JSON bodies.
type sentKeys struct {
	base http.RoundTripper
	mu   sync.Mutex
	keys map[string]bool
}

func (s *sentKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Header.Get("Content-Type") == "application/json" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.collect(v)
		s.mu.Unlock()
	}
	return s.base.RoundTrip(r)
}

func (s *sentKeys) collect(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			s.keys[k] = true
			s.collect(inner)
		}
	case []any:
		for _, inner := range v {
			s.collect(inner)
		}
	}
}

// schemaName matches the name of an element or attribute of a schema.
var schemaName = regexp.MustCompile(`<xs:(?:element|attribute)\s[^>]*name="([^"]+)"`)

// TestQuickbooksSchema: every member that the client sends is an element of
// Intuit's schema, or an attribute, which begins with a small letter in JSON.
func TestQuickbooksSchema(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"value": true} // the text of a reference
	for _, name := range []string{"Finance.xsd", "IntuitBaseTypes.xsd", "IntuitNamesTypes.xsd", "IntuitRestServiceDef.xsd"} {
		for _, m := range schemaName.FindAllStringSubmatch(string(File(t, "quickbooks/qbo-v3-xsd/"+name)), -1) {
			known[m[1]] = true
		}
	}
	fake, err := quickbooksfake.New(quickbooksfake.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	creds, accounts := fake.Credentials(), fake.Accounts()
	sent := &sentKeys{base: fake.Transport(), keys: map[string]bool{}}
	p, err := quickbooks.New(quickbooks.Config{
		Realm: creds.Realm, BaseURL: "https://sample.invalid",
		OAuth:         &quickbooks.OAuth{ClientID: creds.ClientID, ClientSecret: pos.NewSecret(creds.ClientSecret), RefreshToken: pos.NewSecret(creds.RefreshToken)},
		IncomeAccount: accounts.Income, ExpenseAccount: accounts.Expense, AssetAccount: accounts.Asset,
	}, &kit.Options{HTTPClient: &http.Client{Transport: sent}})
	if err != nil {
		t.Fatal(err)
	}
	it := pos.Item{SKU: "A", Name: "A", Description: "Good.", Category: "Bowls", Price: pos.Money{Amount: 900, Currency: "USD"}}
	for _, items := range [][]pos.Item{{it}, {{SKU: "A", Name: "B", Price: it.Price, TaxExempt: true}}, nil} {
		report, err := p.PushMenu(t.Context(), pos.MenuPush{Menu: pos.Menu{Items: items}, MaxWithdraw: pos.Percent(100)})
		if err != nil || report.Err() != nil {
			t.Fatal(err, report.Err())
		}
	}
	if len(sent.keys) < 20 {
		t.Errorf("only %d members were sent", len(sent.keys))
	}
	for key := range sent.keys {
		if !known[key] && key != "bId" && key != "operation" && key != "sparse" {
			t.Errorf("the schema has no %s", key)
		}
	}
}
