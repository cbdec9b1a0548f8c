package squarefake_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

func (c *client) grant(more map[string]string) map[string]string {
	cred := c.fake.Credentials()
	body := map[string]string{"client_id": cred.ApplicationID, "client_secret": cred.ApplicationSecret}
	maps.Copy(body, more)
	return body
}

func TestCodeFlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, squarefake.Config{})
		c.token = ""
		code := c.fake.Authorize("", "ITEMS_READ", "ITEMS_WRITE")
		exchange := c.grant(map[string]string{"grant_type": "authorization_code", "code": code})
		v := c.ok("POST", "/oauth2/token", exchange)
		c.refused("POST", "/oauth2/token", exchange, 401, "UNAUTHORIZED")
		c.token = v.at("access_token").str()
		status := c.ok("POST", "/oauth2/token/status", nil)
		if got := status.at("scopes"); len(got.list()) != 2 || v.has("refresh_token_expires_at") {
			t.Errorf("status %v, token %v", status.v, v.v)
		}
		c.ok("GET", "/v2/catalog/list", nil)
		c.refused("GET", "/v2/locations", nil, 403, "INSUFFICIENT_SCOPES")

		time.Sleep(31 * 24 * time.Hour)
		c.refused("GET", "/v2/catalog/list", nil, 401, "ACCESS_TOKEN_EXPIRED")
		refresh := c.grant(map[string]string{"grant_type": "refresh_token", "refresh_token": v.at("refresh_token").str()})
		for range 2 { // multi-use, the same value each time
			again := c.ok("POST", "/oauth2/token", refresh)
			if again.at("refresh_token").str() != v.at("refresh_token").str() {
				t.Error("the refresh token of the code flow changed")
			}
			c.token = again.at("access_token").str()
		}
		c.ok("GET", "/v2/catalog/list", nil)

		late := c.fake.Authorize("")
		time.Sleep(5 * time.Minute)
		c.refused("POST", "/oauth2/token", c.grant(map[string]string{"grant_type": "authorization_code", "code": late}), 401, "UNAUTHORIZED")
		refresh["client_secret"] = "wrong"
		c.refused("POST", "/oauth2/token", refresh, 401, "UNAUTHORIZED")
		c.refused("POST", "/oauth2/token", c.grant(nil), 400, "MISSING_REQUIRED_PARAMETER")
	})
}

func TestPKCEFlowRotates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, squarefake.Config{RequirePKCE: true})
		sum := sha256.Sum256([]byte("verifier"))
		code := c.fake.Authorize(base64.RawURLEncoding.EncodeToString(sum[:]), "ITEMS_READ")
		body := map[string]string{"client_id": c.fake.Credentials().ApplicationID, "grant_type": "authorization_code", "code": code, "code_verifier": "other"}
		c.refused("POST", "/oauth2/token", body, 401, "UNAUTHORIZED")
		body["code_verifier"] = "verifier"
		first := c.ok("POST", "/oauth2/token", body)
		refresh := map[string]string{"client_id": body["client_id"], "grant_type": "refresh_token", "refresh_token": first.at("refresh_token").str()}
		second := c.ok("POST", "/oauth2/token", refresh)
		if second.at("refresh_token").str() == first.at("refresh_token").str() || !second.has("refresh_token_expires_at") {
			t.Errorf("no rotation: %v", second.v)
		}
		c.refused("POST", "/oauth2/token", refresh, 401, "UNAUTHORIZED")
		refresh["refresh_token"] = second.at("refresh_token").str()
		time.Sleep(91 * 24 * time.Hour)
		c.refused("POST", "/oauth2/token", refresh, 401, "UNAUTHORIZED")
	})
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	cred := c.fake.Credentials()
	body := map[string]string{"client_id": cred.ApplicationID, "access_token": cred.AccessToken}
	c.refused("POST", "/oauth2/revoke", body, 401, "UNAUTHORIZED")
	c.head = map[string]string{"Authorization": "Client " + cred.ApplicationSecret}
	c.ok("POST", "/oauth2/revoke", body)
	c.head = nil
	c.refused("GET", "/v2/locations", nil, 401, "ACCESS_TOKEN_REVOKED")
	c.refused("POST", "/oauth2/token", c.grant(map[string]string{"grant_type": "refresh_token", "refresh_token": cred.RefreshToken}), 401, "UNAUTHORIZED")
	c.token = cred.PersonalToken
	c.ok("GET", "/v2/locations", nil)
}

func TestAuthorizePage(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{})
	q := url.Values{"client_id": {c.fake.Credentials().ApplicationID}, "redirect_uri": {"https://host.test/back"}, "state": {"s1"}, "scope": {"ITEMS_READ WRONG"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://connect.square.test/oauth2/authorize?"+q.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.fake.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := resp.Location()
	if err != nil || back.Query().Get("state") != "s1" {
		t.Fatalf("%v %v", back, err)
	}
	v := c.ok("POST", "/oauth2/token", c.grant(map[string]string{"grant_type": "authorization_code", "code": back.Query().Get("code")}))
	c.token = v.at("access_token").str()
	var got []string
	for _, s := range c.ok("POST", "/oauth2/token/status", nil).at("scopes").list() {
		got = append(got, s.str())
	}
	want := []string{"MERCHANT_PROFILE_READ", "PAYMENTS_READ", "SETTLEMENTS_READ", "BANK_ACCOUNTS_READ"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("a misspelt scope gives the defaults: %s", d)
	}
}

func TestHeadersAndAuth(t *testing.T) {
	t.Parallel()
	c := setup(t, squarefake.Config{Scopes: []string{"ITEMS_READ"}})
	c.refused("GET", "/v2/locations", nil, 403, "INSUFFICIENT_SCOPES")
	c.refused("GET", "/v2/nothing", nil, 404, "NOT_FOUND")
	c.refused("PUT", "/v2/locations", nil, 405, "METHOD_NOT_ALLOWED")
	c.head = map[string]string{"Square-Version": "soon"}
	c.refused("GET", "/v2/catalog/list", nil, 400, "INVALID_SQUARE_VERSION_FORMAT")
	c.head = nil
	c.refused("GET", "/v2/webhooks/subscriptions", nil, 403, "FORBIDDEN")
	if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultToken}); err != nil {
		t.Fatal(err)
	}
	c.refused("GET", "/v2/catalog/list", nil, 401, "ACCESS_TOKEN_EXPIRED")
	v := c.ok("POST", "/oauth2/token", c.grant(map[string]string{"grant_type": "refresh_token", "refresh_token": c.fake.Credentials().RefreshToken}))
	c.token = v.at("access_token").str()
	c.ok("GET", "/v2/catalog/list", nil)
	c.token = ""
	c.refused("GET", "/v2/catalog/list", nil, 401, "UNAUTHORIZED")

	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://connect.square.test/v2/catalog/list", nil)
	req.Header.Set("Authorization", "Bearer "+v.at("access_token").str())
	req.Header.Set("Square-Version", "2026-05-20")
	resp, err := c.fake.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := resp.Header.Get("Square-Version"); got != "2026-05-20" {
		t.Errorf("Square-Version %q", got)
	}
}
