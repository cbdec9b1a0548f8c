package quickbooksfake_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

// tokens posts a form to the token endpoint.
func (c *client) tokens(secret string, form url.Values) (int, value) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), "POST", "https://oauth.platform.intuit.test/oauth2/v1/tokens/bearer", strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Include-Refresh-Token-Hard-Expires-In", "true")
	req.SetBasicAuth(c.fake.Credentials().ClientID, secret)
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, decode(c.t, raw)
}

func (c *client) refresh(token string) (int, value) {
	c.t.Helper()
	return c.tokens(c.fake.Credentials().ClientSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

const day = 24 * time.Hour

func TestRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	first := c.fake.Credentials().RefreshToken
	_, v := c.refresh(first)
	if v.at("refresh_token").str() != first || v.at("expires_in").str() != "3600" || v.at("x_refresh_token_expires_in").str() != "8726400" ||
		!v.has("x_refresh_token_hard_expires_in") || v.at("token_type").str() != "bearer" {
		t.Errorf("the first refresh: %v", v.v)
	}
	c.token = v.at("access_token").str()
	c.ok("GET", "/companyinfo/9130350000000001", "")
	c.fake.Advance(25 * time.Hour)
	_, v = c.refresh(first)
	second := v.at("refresh_token").str()
	if second == first || second == "" {
		t.Fatalf("after a day the refresh token is %q", second)
	}
	c.fake.Advance(23 * time.Hour)
	if status, _ := c.refresh(first); status != http.StatusOK {
		t.Errorf("the old value dies before a day: %d", status)
	}
	c.fake.Advance(2 * time.Hour)
	status, v := c.refresh(first)
	if status != http.StatusBadRequest || v.at("error").str() != "invalid_grant" {
		t.Errorf("the old value after a day: %d %v", status, v.v)
	}
	status, v = c.refresh(second)
	if status != http.StatusOK {
		t.Fatalf("the present value: %d %v", status, v.v)
	}
	c.fake.Advance(100 * day)
	if status, _ := c.refresh(v.at("refresh_token").str()); status != http.StatusBadRequest {
		t.Errorf("after a hundred days without a refresh: %d", status)
	}
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	secret := c.fake.Credentials().ClientSecret
	for _, row := range []struct {
		secret string
		form   url.Values
		status int
		code   string
	}{
		{"wrong", url.Values{"grant_type": {"refresh_token"}}, 401, "invalid_client"},
		{secret, url.Values{}, 400, "invalid_request"},
		{secret, url.Values{"grant_type": {"password"}}, 400, "unsupported_grant_type"},
		{secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"nobody"}}, 400, "invalid_grant"},
		{secret, url.Values{"grant_type": {"authorization_code"}, "code": {"nothing"}}, 400, "invalid_grant"},
	} {
		if status, v := c.tokens(row.secret, row.form); status != row.status || v.at("error").str() != row.code {
			t.Errorf("%v: got %d %v, want %d %s", row.form, status, v.v, row.status, row.code)
		}
	}
	grant := url.Values{"grant_type": {"authorization_code"}, "code": {c.fake.Authorize()}}
	if status, v := c.tokens(secret, grant); status != 200 || v.at("refresh_token").str() == "" {
		t.Errorf("a code: %d %v", status, v.v)
	}
	if status, _ := c.tokens(secret, grant); status != 400 {
		t.Errorf("a code used twice: %d", status)
	}
	c.fake.Revoke()
	if status, _ := c.refresh(c.fake.Credentials().RefreshToken); status != 400 {
		t.Errorf("after the owner disconnected: %d", status)
	}
	c.ungated("3200", "GET", "/item/1")
}

// ungated makes a request that the gateway must refuse in its own spelling.
func (c *client) ungated(code, method, path string) {
	c.t.Helper()
	status, v := c.call(method, path, "")
	if status != http.StatusUnauthorized || v.at("fault", "error", 0, "code").str() != code || v.at("fault", "type").str() != "AUTHENTICATION" {
		c.t.Errorf("%s %s: got %d %v, want the gateway's 401", method, path, status, v.v)
	}
}

func TestConnect(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	q := url.Values{
		"client_id": {c.fake.Credentials().ClientID}, "response_type": {"code"}, "scope": {"com.intuit.quickbooks.accounting"},
		"redirect_uri": {"https://app.farmacy.example/back"}, "state": {"s1"},
	}
	status, _ := c.send("GET", "https://appcenter.intuit.test/connect/oauth2?"+q.Encode(), "")
	target, err := url.Parse(c.last.Get("Location"))
	if err != nil || status != http.StatusFound {
		t.Fatalf("authorize: %d %v", status, err)
	}
	if got := target.Query(); got.Get("realmId") != "9130350000000001" || got.Get("state") != "s1" || got.Get("code") == "" {
		t.Errorf("the callback is %v", target)
	}
	q.Set("client_id", "somebody")
	if status, _ := c.send("GET", "https://appcenter.intuit.test/connect/oauth2?"+q.Encode(), ""); status != http.StatusBadRequest {
		t.Errorf("an unknown client: %d", status)
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	c.item(bowl)
	for _, token := range []string{"", "somebody"} {
		c.token = token
		c.ungated("3200", "GET", "/item/1")
	}
	c.token = c.fake.Credentials().AccessToken
	status, raw := c.send("GET", strings.Replace(root, "9130350000000001", "42", 1)+"/item/1", "")
	if v := decode(t, raw); status != http.StatusForbidden || v.at("Fault", "Error", 0, "code").str() != "3100" {
		t.Errorf("another company: %d %v", status, v.v)
	}
	for code, status := range map[string]int{"6190": 400, "120": 403} {
		c.fake.CloseCompany(code)
		c.refused("GET", "/item/1", "", status, code)
	}
	c.fake.CloseCompany("")
	for _, kind := range []string{posfake.FaultScope, posfake.FaultToken} {
		if _, err := c.fake.Inject(posfake.Fault{Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	c.ungated("3200", "GET", "/item/1")
	c.fake.Advance(time.Hour)
	c.ungated("3200", "GET", "/item/1")
}

func TestLimits(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{Limits: true, XMLThrottle: true})
	// count sends ten requests a second until the minute's limit.
	count := func(method, path, body string, limit int) {
		t.Helper()
		for n := range limit {
			if n > 0 && n%10 == 0 {
				if status, _ := c.send(method, root+path, body); status != http.StatusTooManyRequests {
					t.Errorf("request 11 of a second: %d", status)
				}
				c.fake.Advance(time.Second)
			}
			if status, _ := c.send(method, root+path, body); status != http.StatusOK {
				t.Fatalf("%s: request %d of %d: %d", path, n+1, limit, status)
			}
		}
		c.fake.Advance(time.Second)
		status, raw := c.send(method, root+path, body)
		if status != http.StatusTooManyRequests || !strings.HasPrefix(string(raw), "<?xml") || !strings.Contains(string(raw), "ThrottleExceeded") {
			t.Errorf("%s: request %d: %d %s", path, limit+1, status, raw)
		}
	}
	count("GET", "/preferences", "", 500)
	c.fake.Advance(time.Minute)
	count("POST", "/batch", `{"BatchItemRequest":[{"bId":"1","Query":"select * from Class"}]}`, 40)
}

func TestReadQuota(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{ReadQuota: 3})
	c.item(bowl) // writes are free
	c.ok("GET", "/preferences", "")
	c.query("select * from Class")
	c.ok("POST", "/batch", `{"BatchItemRequest":[{"bId":"1","Query":"select * from Class"}]}`)
	if n := c.fake.MeteredReads(); n != 3 {
		t.Errorf("%d metered reads, want 3", n)
	}
	c.refused("GET", "/preferences", "", http.StatusTooManyRequests, "3001")
	c.item(curry)
	v := c.ok("POST", "/batch", `{"BatchItemRequest":[{"bId":"1","Query":"select * from Class"}]}`)
	if code := v.at("BatchItemResponse", 0, "Fault", "Error", 0, "code").str(); code != "3001" {
		t.Errorf("a query in a batch over the quota: %v", v.v)
	}
	c.fake.Advance(32 * day)
	_, v = c.refresh(c.fake.Credentials().RefreshToken)
	c.token = v.at("access_token").str()
	c.ok("GET", "/preferences", "")
}

func TestCompany(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{NoInventory: true})
	info := c.ok("GET", "/companyinfo/9130350000000001?minorversion=75", "").at("CompanyInfo")
	got := []string{info.at("DefaultTimeZone").str(), info.at("NameValue", 0, "Value").str(), info.at("Id").str()}
	if diff := cmp.Diff([]string{"America/Los_Angeles", quickbooksfake.PlanAdvanced, "1"}, got); diff != "" {
		t.Errorf("company (-want +got):\n%s", diff)
	}
	prefs := c.ok("GET", "/preferences", "").at("Preferences")
	if prefs.at("AccountingInfoPrefs", "TrackDepartments").str() != "true" || prefs.at("ProductAndServicesPrefs", "QuantityOnHand").str() != "false" ||
		prefs.at("CurrencyPrefs", "MultiCurrencyEnabled").str() != "false" {
		t.Errorf("preferences: %v", prefs.v)
	}
	c.refused("POST", "/item", curry, http.StatusBadRequest, "6000")
	c.refused("POST", "/preferences", `{"Id":"1","SyncToken":"0"}`, http.StatusBadRequest, "500")
	status, raw := c.send("GET", root, "")
	if status != http.StatusNotFound || !strings.HasPrefix(string(raw), "<html>") {
		t.Errorf("an unknown path: %d %s", status, raw)
	}
	if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 409, Op: "CreateItem"}); err != nil {
		t.Fatal(err)
	}
	c.refused("POST", "/item", bowl, http.StatusBadRequest, "5010")
}

// TestXML shows what clients get that do not ask for JSON.
func TestXML(t *testing.T) {
	t.Parallel()
	c := setup(t, quickbooksfake.Config{})
	for path, want := range map[string]string{
		"/query?query=select%20Name%20from%20PaymentMethod%20where%20Id='4'": `<QueryResponse maxResults="1" startPosition="1" totalCount="1"><PaymentMethod domain="QBO" sparse="false"><Id>4</Id><Name>Visa</Name><SyncToken>0</SyncToken></PaymentMethod></QueryResponse></IntuitResponse>`,
		"/item/99": `<Fault type="ValidationFault"><Error code="610" element=""><Detail>`,
	} {
		req, err := http.NewRequestWithContext(context.Background(), "GET", root+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+c.token)
		resp, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s %v", path, text, err)
		}
	}
}
