package simphonyfake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

const (
	base      = "https://sim.fake.test"
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// client is a plain user of the fake's interfaces.
type client struct {
	t      testing.TB
	fake   *simphonyfake.Fake
	http   *http.Client
	tokens map[simphonyfake.API]string
}

func setup(t testing.TB, cfg simphonyfake.Config) *client {
	t.Helper()
	f, err := simphonyfake.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, fake: f, tokens: map[simphonyfake.API]string{}, http: &http.Client{
		Transport: f.Transport(), Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is a whole answer.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (r reply) json() value {
	r.t.Helper()
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		r.t.Fatalf("body %q: %v", r.body, err)
	}
	return value{v}
}

func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

func (c *client) send(method, target, body string, header ...string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{c.t, resp.StatusCode, resp.Header, text}
}

func (c *client) form(path string, fields ...string) reply {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return c.send("POST", base+"/oidc-provider/v1/oauth2/"+path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func account(f *simphonyfake.Fake, api simphonyfake.API) simphonyfake.Account {
	for _, a := range f.Credentials().Accounts {
		if a.API == api {
			return a
		}
	}
	return simphonyfake.Account{}
}

func (c *client) authorize(clientID string) reply {
	c.t.Helper()
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "scope": {"openid"}, "redirect_uri": {"apiaccount://callback"}, "state": {"999"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	return c.send("GET", base+"/oidc-provider/v1/oauth2/authorize?"+q.Encode(), "")
}

func (c *client) signIn(a simphonyfake.Account, password string) reply {
	c.t.Helper()
	return c.form("signin", "username", a.Username, "password", password, "orgname", "FARMACY")
}

// code reads the authorization code that follows the question mark.
func code(t testing.TB, redirect string) string {
	t.Helper()
	_, query, _ := strings.Cut(redirect, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return q.Get("code")
}

func (c *client) token(api simphonyfake.API) string {
	c.t.Helper()
	if c.tokens[api] == "" {
		a := account(c.fake, api)
		c.authorize(a.ClientID).want(200)
		in := c.signIn(a, a.Password).want(200).json()
		out := c.form("token", "grant_type", "authorization_code", "client_id", a.ClientID, "code", code(c.t, in.str("redirectUrl")),
			"code_verifier", verifier, "redirect_uri", "apiaccount://callback", "scope", "openid").want(200).json()
		c.tokens[api] = out.str("id_token")
	}
	return c.tokens[api]
}

// config calls CCAPI.
func (c *client) config(path, body string) reply {
	c.t.Helper()
	return c.send("POST", base+"/config/sim/v2/"+path, body, "Authorization", "Bearer "+c.token(simphonyfake.CCAPI),
		"Content-Type", "application/json", "Simphony-AuditTrailRef", "test")
}

// bulk uploads a file to CCAPI.
func (c *client) bulk(path, file string) reply {
	c.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("BulkImportFile", "import.json")
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = part.Write([]byte(file))
	_ = w.Close()
	return c.send("POST", base+"/config/sim/v2/"+path, b.String(), "Authorization", "Bearer "+c.token(simphonyfake.CCAPI),
		"Content-Type", w.FormDataContentType(), "Simphony-AuditTrailRef", "test", "Comments", "test")
}

// bi calls the BI API.
func (c *client) bi(op, body string) reply {
	c.t.Helper()
	return c.send("POST", base+"/bi/v1/farmacy/"+op, body, "Authorization", "Bearer "+c.token(simphonyfake.BI), "Content-Type", "application/json")
}

// sts calls STS2 at revenue center 1 of a location.
func (c *client) sts(method, path, locRef string, header ...string) reply {
	c.t.Helper()
	h := append([]string{
		"Authorization", "Bearer " + c.token(simphonyfake.STS2), "Simphony-OrgShortName", "farmacy", "Simphony-LocRef", locRef, "Simphony-RvcRef", "1",
	}, header...)
	return c.send(method, base+path, "", h...)
}

func in(locRef string) string { return "?OrgShortName=farmacy&RvcRef=1&LocRef=" + locRef }

// value walks decoded JSON.
type value struct{ v any }

func (v value) at(path ...any) value {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.v.(map[string]any)
			v = value{m[p]}
		case int:
			l, _ := v.v.([]any)
			if p >= len(l) {
				return value{}
			}
			v = value{l[p]}
		}
	}
	return v
}

func (v value) str(path ...any) string {
	switch x := v.at(path...).v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	}
	return ""
}

func (v value) flag(path ...any) bool { b, _ := v.at(path...).v.(bool); return b }

func (v value) list(path ...any) []value {
	l, _ := v.at(path...).v.([]any)
	out := make([]value, len(l))
	for i := range l {
		out[i] = value{l[i]}
	}
	return out
}

// meal puts an item on the menu of the enterprise: a master, a definition and
// a price, whose ids it returns.
func (c *client) meal(number, sku, price string) (master, definition, priceID string) {
	c.t.Helper()
	m := c.config("menuItems/menuItemMasters", `{"hierUnitId":1,"objectNum":`+number+`,"name":{"en-US":"Lentil bowl"},"familyGroupObjNum":1,"majorGroupObjNum":1,"externalReference1":"`+sku+`"}`).want(200).json()
	master = m.str("menuItemMasterId")
	d := c.config("menuItems/menuItemDefinitions", `{"hierUnitId":1,"menuItemMasterId":`+master+`,"defSequenceNum":1,"firstName":{"en-US":"Lentil bowl"},"menuItemClassObjNum":1,"mainLevel":"11111111","subLevel":"11111111"}`).want(200).json()
	definition = d.str("menuItemDefinitionId")
	p := c.config("menuItems/menuItemPrices", `{"hierUnitId":1,"menuItemDefinitionId":`+definition+`,"priceSequenceNum":1,"activeOnMenuLevel":0,"price":`+price+`,"options":"00000000"}`).want(200).json()
	return master, definition, p.str("menuItemPriceID")
}

// row finds a row of the fake's menu.
func (c *client) row(location, sku string) posfake.MenuRow {
	c.t.Helper()
	for _, r := range c.fake.Menu() {
		if r.Location == location && r.SKU == sku {
			return r
		}
	}
	c.t.Fatalf("no %s at %s", sku, location)
	return posfake.MenuRow{}
}

func (c *client) sell(s posfake.Sale) posfake.Record {
	c.t.Helper()
	r, err := c.fake.Sell(s)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func one(location, sku string) posfake.Sale {
	return posfake.Sale{Location: location, Lines: []posfake.SaleLine{{SKU: sku}}}
}

const hour = time.Hour
