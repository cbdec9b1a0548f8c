package squarefake

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

const (
	codeLife    = 5 * time.Minute
	refreshLife = 90 * 24 * time.Hour // PKCE only
	shortLife   = 24 * time.Hour
)

// allScopes are the permissions that the simulated operations ask for.
var allScopes = []string{
	"ITEMS_READ", "ITEMS_WRITE", "MERCHANT_PROFILE_READ", "DEVICES_READ", "DEVICE_CREDENTIAL_MANAGEMENT",
	"PAYMENTS_READ", "PAYMENTS_WRITE", "CASH_DRAWER_READ", "INVENTORY_READ", "INVENTORY_WRITE", "ORDERS_READ", "ORDERS_WRITE",
}

// defaultScopes are granted when the authorisation page gets none it knows.
var defaultScopes = []string{"MERCHANT_PROFILE_READ", "PAYMENTS_READ", "SETTLEMENTS_READ", "BANK_ACCOUNTS_READ"}

// grant is one authorisation by the seller.
type grant struct {
	scopes         []string
	pkce, revoked  bool
	refresh        string
	refreshExpires time.Time // zero: never
}

type token struct {
	grant    *grant // nil for the personal token
	scopes   []string
	expires  time.Time // zero: never
	revoked  bool
	short    bool
	personal bool
}

// code is what the authorisation page hands out.
type code struct {
	scopes    []string
	challenge string
	expires   time.Time
	used      bool
}

type authority struct {
	tokens  map[string]*token
	refresh map[string]*grant
	codes   map[string]*code
}

func newAuthority(cfg Config, now time.Time) authority {
	scopes := cfg.Scopes
	if scopes == nil {
		scopes = allScopes
	}
	g := &grant{scopes: scopes, pkce: cfg.RequirePKCE, refresh: cfg.RefreshToken}
	if g.pkce {
		g.refreshExpires = now.Add(refreshLife)
	}
	return authority{
		tokens: map[string]*token{
			cfg.PersonalToken: {scopes: allScopes, personal: true},
			cfg.AccessToken:   {grant: g, scopes: scopes, expires: now.Add(cfg.TokenLife)},
		},
		refresh: map[string]*grant{cfg.RefreshToken: g},
		codes:   map[string]*code{},
	}
}

// admit checks the bearer token and its scopes.
func (f *Fake) admit(o operation, c *call) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := fakekit.Struck(c.Request, posfake.FaultToken); ok {
		f.expireTokens()
	}
	text, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	t := f.auth.tokens[text]
	switch {
	case !ok || t == nil:
		return unauthorized("UNAUTHORIZED", "This request could not be authorized.")
	case t.revoked || t.grant != nil && t.grant.revoked:
		return unauthorized("ACCESS_TOKEN_REVOKED", "This access token was revoked.")
	case !t.expires.IsZero() && !f.Now().Before(t.expires):
		return unauthorized("ACCESS_TOKEN_EXPIRED", "This access token has expired.")
	case o.flags&personal != 0 && !t.personal:
		return &apiError{catAuth, "FORBIDDEN", "This endpoint takes a personal access token only.", "", http.StatusForbidden}
	}
	_, struck := fakekit.Struck(c.Request, posfake.FaultScope)
	for scope := range strings.FieldsSeq(o.scopes) {
		if struck || !slices.Contains(t.scopes, scope) {
			return &apiError{
				catAuth, "INSUFFICIENT_SCOPES",
				"The merchant has not given your application sufficient permissions to do that. The merchant must authorize your application for the following scopes: " + o.scopes,
				"", http.StatusForbidden,
			}
		}
	}
	c.token = t
	return nil
}

func (f *Fake) expireTokens() {
	now := f.Now()
	for _, t := range f.auth.tokens {
		if !t.personal && t.expires.After(now) {
			t.expires = now
		}
	}
}

// Authorize plays the seller who grants an application the scopes and returns
// the authorisation code. A challenge makes it the PKCE flow; see RFC 7636,
// method S256.
func (f *Fake) Authorize(challenge string, scopes ...string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := len(scopes) > 0
	for _, s := range scopes {
		known = known && slices.Contains(allScopes, s)
	}
	if !known {
		scopes = defaultScopes
	}
	text := "sq0cgp-" + f.id(fakekit.Alphanum, 22)
	f.auth.codes[text] = &code{scopes: slices.Clone(scopes), challenge: challenge, expires: f.Now().Add(codeLife)}
	return text
}

// authorize is the page that the seller sees; he always agrees.
func (f *Fake) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	target, err := url.Parse(q.Get("redirect_uri"))
	if q.Get("client_id") != f.cfg.ApplicationID || err != nil || target.Host == "" {
		writeStatus(w, r, http.StatusBadRequest)
		return
	}
	back := target.Query()
	back.Set("code", f.Authorize(q.Get("code_challenge"), strings.Fields(q.Get("scope"))...))
	back.Set("response_type", "code")
	back.Set("state", q.Get("state"))
	target.RawQuery = back.Encode()
	w.Header().Set("Location", target.String())
	w.WriteHeader(http.StatusFound)
}

type tokenRequest struct {
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	GrantType    string   `json:"grant_type"`
	Code         string   `json:"code"`
	CodeVerifier string   `json:"code_verifier"`
	RefreshToken string   `json:"refresh_token"`
	Scopes       []string `json:"scopes"`
	ShortLived   bool     `json:"short_lived"`
}

type tokenReply struct {
	AccessToken           string `json:"access_token"`
	TokenType             string `json:"token_type"`
	ExpiresAt             string `json:"expires_at"`
	MerchantID            string `json:"merchant_id"`
	RefreshToken          string `json:"refresh_token"`
	ShortLived            bool   `json:"short_lived"`
	RefreshTokenExpiresAt string `json:"refresh_token_expires_at,omitempty"`
}

func (f *Fake) obtainToken(r *http.Request) (any, error) {
	var in tokenRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if in.ClientID != f.cfg.ApplicationID {
		return nil, unauthorized("UNAUTHORIZED", "Application not found.")
	}
	var g *grant
	var err error
	switch in.GrantType {
	case "authorization_code":
		g, err = f.grantByCode(in)
	case "refresh_token":
		g, err = f.grantByRefresh(in)
	case "":
		err = missing("grant_type")
	default:
		err = invalid("INVALID_VALUE", "grant_type", "Unknown grant type `%s`.", in.GrantType)
	}
	if err != nil {
		return nil, err
	}
	if !g.pkce && in.ClientSecret != f.cfg.ApplicationSecret {
		return nil, unauthorized("UNAUTHORIZED", "The client secret is wrong.")
	}
	return f.issue(g, in), nil
}

func (f *Fake) grantByCode(in tokenRequest) (*grant, error) {
	c := f.auth.codes[in.Code]
	if c == nil || c.used || !f.Now().Before(c.expires) {
		return nil, unauthorized("UNAUTHORIZED", "Authorization code not found, used or expired.")
	}
	if c.challenge != "" {
		sum := sha256.Sum256([]byte(in.CodeVerifier))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge {
			return nil, unauthorized("UNAUTHORIZED", "The code verifier does not match.")
		}
	} else if f.cfg.RequirePKCE {
		return nil, unauthorized("UNAUTHORIZED", "This application uses the PKCE flow.")
	} else if in.ClientSecret != f.cfg.ApplicationSecret {
		return nil, unauthorized("UNAUTHORIZED", "The client secret is wrong.")
	}
	c.used = true
	g := &grant{scopes: c.scopes, pkce: c.challenge != ""}
	f.renew(g)
	return g, nil
}

func (f *Fake) grantByRefresh(in tokenRequest) (*grant, error) {
	g := f.auth.refresh[in.RefreshToken]
	if g == nil || g.revoked || g.refresh != in.RefreshToken {
		return nil, unauthorized("UNAUTHORIZED", "The refresh token is invalid or was used before.")
	}
	if !g.refreshExpires.IsZero() && !f.Now().Before(g.refreshExpires) {
		return nil, unauthorized("UNAUTHORIZED", "The refresh token has expired.")
	}
	if g.pkce { // single use: a new one each time
		f.renew(g)
	}
	return g, nil
}

// renew gives the grant a new refresh token.
func (f *Fake) renew(g *grant) {
	g.refresh = "EQAA" + f.id(fakekit.Alphanum, 60)
	f.auth.refresh[g.refresh] = g
	if g.pkce {
		g.refreshExpires = f.Now().Add(refreshLife)
	}
}

func (f *Fake) issue(g *grant, in tokenRequest) tokenReply {
	t := &token{grant: g, scopes: slices.Clone(g.scopes), short: in.ShortLived, expires: f.Now().Add(f.cfg.TokenLife)}
	if len(in.Scopes) > 0 {
		t.scopes = slices.DeleteFunc(t.scopes, func(s string) bool { return !slices.Contains(in.Scopes, s) })
	}
	if t.short {
		t.expires = f.Now().Add(shortLife)
	}
	text := "EAAA" + f.id(fakekit.Alphanum, 60)
	f.auth.tokens[text] = t
	reply := tokenReply{
		AccessToken: text, TokenType: "bearer", ExpiresAt: t.expires.Format(time.RFC3339),
		MerchantID: f.cfg.MerchantID, RefreshToken: g.refresh, ShortLived: t.short,
	}
	if !g.refreshExpires.IsZero() {
		reply.RefreshTokenExpiresAt = g.refreshExpires.Format(time.RFC3339)
	}
	return reply
}

func (f *Fake) tokenStatus(c *call) (any, error) {
	reply := map[string]any{"scopes": c.token.scopes, "client_id": f.cfg.ApplicationID, "merchant_id": f.cfg.MerchantID}
	if !c.token.expires.IsZero() {
		reply["expires_at"] = c.token.expires.Format(time.RFC3339)
	}
	return reply, nil
}

func (f *Fake) revokeToken(r *http.Request) (any, error) {
	var in struct {
		ClientID    string `json:"client_id"`
		AccessToken string `json:"access_token"`
		MerchantID  string `json:"merchant_id"`
		OnlyAccess  bool   `json:"revoke_only_access_token"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if r.Header.Get("Authorization") != "Client "+f.cfg.ApplicationSecret || in.ClientID != f.cfg.ApplicationID {
		return nil, unauthorized("UNAUTHORIZED", "The application could not be authorized.")
	}
	if in.AccessToken == "" && in.MerchantID == "" {
		return nil, missing("access_token")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.auth.tokens[in.AccessToken]
	if in.AccessToken != "" && (t == nil || t.personal) || in.MerchantID != "" && in.MerchantID != f.cfg.MerchantID {
		return nil, notFound("Authorization", in.MerchantID)
	}
	if in.OnlyAccess && t != nil {
		t.revoked = true
		return map[string]bool{"success": true}, nil
	}
	for _, g := range f.auth.refresh {
		if t == nil || t.grant == g {
			g.revoked = true
		}
	}
	f.notify(event{kind: "oauth.authorization.revoked", object: "revocation", id: f.cfg.MerchantID, data: map[string]any{
		"revocation": map[string]any{"revoked_at": stampOf(f.Now()), "revoker_type": "APPLICATION"},
	}})
	return map[string]bool{"success": true}, nil
}
