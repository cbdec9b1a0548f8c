package simphonyfake

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

const (
	callback      = "apiaccount://callback"
	sessionCookie = "OIDCSESSION"
	sessionLife   = 10 * time.Minute
	maxFailures   = 5 // wrong passwords until an account is locked
	lockTime      = 30 * time.Minute
)

// identity is the OpenID provider.
type identity struct {
	passwords   map[string]string // by client id
	failures    map[string]int
	lockedUntil map[string]time.Time
	sessions    map[string]*session // by cookie
	codes       map[string]*session
	refreshOf   map[string]string
	tokens      map[string]token
}

// session is one sign-in between its steps.
type session struct {
	client    string
	challenge string
	started   time.Time
}

// token is an ID token or an access token.
type token struct {
	api     API
	client  string
	expires time.Time
	access  bool
}

func newIdentity(cfg Config) identity {
	id := identity{
		passwords: map[string]string{}, failures: map[string]int{}, lockedUntil: map[string]time.Time{},
		sessions: map[string]*session{}, codes: map[string]*session{},
		refreshOf: map[string]string{}, tokens: map[string]token{},
	}
	for _, a := range cfg.Accounts {
		id.passwords[a.ClientID] = a.Password
	}
	return id
}

func (f *Fake) identityRoutes() []fakekit.Route {
	route := func(op, pattern string, h handler) fakekit.Route {
		return fakekit.Route{Op: op, Pattern: pattern, Handler: f.serve(h, identityProblem)}
	}
	return []fakekit.Route{
		route("Discovery", "GET /oidc-provider/v1/.well-known/openid-configuration", (*Fake).discovery),
		route("Authorize", "GET /oidc-provider/v1/oauth2/authorize", (*Fake).authorize),
		route("SignIn", "POST /oidc-provider/v1/oauth2/signin", (*Fake).signIn),
		route("Token", "POST /oidc-provider/v1/oauth2/token", (*Fake).issue),
	}
}

// SetPassword changes the password of an API account, as the portal does when
// it has expired. Tokens stay good.
func (f *Fake) SetPassword(clientID, password string) error {
	defer f.begin()()
	if _, ok := f.passwords[clientID]; !ok || password == "" {
		return fmt.Errorf("simphonyfake: no API account %q, or no password", clientID)
	}
	f.passwords[clientID] = password
	delete(f.failures, clientID)
	delete(f.lockedUntil, clientID)
	return nil
}

func (f *Fake) account(clientID string) *Account {
	for i := range f.cfg.Accounts {
		if f.cfg.Accounts[i].ClientID == clientID {
			return &f.cfg.Accounts[i]
		}
	}
	return nil
}

func (f *Fake) discovery(r *http.Request) (any, error) {
	base := "https://" + r.Host + "/oidc-provider/v1"
	return map[string]any{
		"issuer": base, "authorization_endpoint": base + "/oauth2/authorize", "token_endpoint": base + "/oauth2/token",
		"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
		"scopes_supported": []string{"openid"},
	}, nil
}

func invalidRequest(format string, args ...any) error {
	return fail(http.StatusBadRequest, "INVALID_REQUEST", format, args...)
}

// authorize starts a sign-in and remembers it by a cookie.
func (f *Fake) authorize(r *http.Request) (any, error) {
	q := r.URL.Query()
	for name, want := range map[string]string{
		"response_type": "code", "scope": "openid", "redirect_uri": callback, "code_challenge_method": "S256",
	} {
		if q.Get(name) != want {
			return nil, invalidRequest("%s must be %q", name, want)
		}
	}
	switch sum, err := base64.RawURLEncoding.DecodeString(q.Get("code_challenge")); {
	case err != nil || len(sum) != sha256.Size:
		return nil, invalidRequest("code_challenge is not the base64url of a SHA-256, without padding")
	case f.account(q.Get("client_id")) == nil:
		return nil, fail(http.StatusUnauthorized, "INVALID_CLIENT", "invalid.client")
	}
	cookie := fakekit.Text(f.random, fakekit.Alphanum, 32)
	f.sessions[cookie] = &session{q.Get("client_id"), q.Get("code_challenge"), f.now}
	return answer{status: http.StatusOK, header: map[string]string{
		"Set-Cookie": (&http.Cookie{Name: sessionCookie, Value: cookie, Path: "/oidc-provider", HttpOnly: true}).String(),
	}, body: map[string]any{"nextOp": "signin"}}, nil
}

// signIn checks user and password of the sign-in that the cookie names.
func (f *Fake) signIn(r *http.Request) (any, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil, invalidRequest("the cookie of the authorize step is missing")
	}
	s := f.sessions[cookie.Value]
	if s == nil || f.now.Sub(s.started) > sessionLife {
		return nil, invalidRequest("the sign-in has expired")
	}
	form, err := form(r)
	if err != nil {
		return nil, err
	}
	a := f.account(s.client)
	if f.now.Before(f.lockedUntil[s.client]) {
		return nil, fail(http.StatusUnauthorized, "ACCOUNT_LOCKED", "account.locked")
	}
	if form.Get("username") != a.Username || form.Get("password") != f.passwords[s.client] || !strings.EqualFold(form.Get("orgname"), f.cfg.Org) {
		if f.failures[s.client]++; f.failures[s.client] >= maxFailures {
			f.failures[s.client], f.lockedUntil[s.client] = 0, f.now.Add(lockTime)
		}
		return nil, fail(http.StatusUnauthorized, "AUTHENTICATION_INVALID", "invalid.credentials")
	}
	delete(f.sessions, cookie.Value)
	delete(f.failures, s.client)
	code := fakekit.Text(f.random, fakekit.Alphanum, 40)
	s.started = f.now
	f.codes[code] = s
	target := "?code=" + code
	if !f.cfg.ShortRedirect {
		target = callback + target + "&state=999"
	}
	return map[string]any{"nextOp": "redirect", "success": f.loose(true), "redirectUrl": target}, nil
}

// loose is a value as the configuration wants it: itself or as text.
func (f *Fake) loose(v any) any {
	if f.cfg.StringNumbers {
		return fmt.Sprint(v)
	}
	return v
}

// issue gives out tokens for a code or a refresh token. Both are good for one use.
func (f *Fake) issue(r *http.Request) (any, error) {
	form, err := form(r)
	if err != nil {
		return nil, err
	}
	client := form.Get("client_id")
	switch form.Get("grant_type") {
	case "authorization_code":
		code := form.Get("code")
		s := f.codes[code]
		delete(f.codes, code)
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		if s == nil || f.now.Sub(s.started) > sessionLife || s.client != client || form.Get("redirect_uri") != callback ||
			base64.RawURLEncoding.EncodeToString(sum[:]) != s.challenge {
			return nil, fail(http.StatusBadRequest, "INVALID_GRANT", "invalid.grant")
		}
	case "refresh_token":
		given := form.Get("refresh_token")
		if given == "" { // one page of the documentation calls the parameter so
			given = form.Get("code")
		}
		if owner, ok := f.refreshOf[given]; !ok || owner != client {
			return nil, fail(http.StatusBadRequest, "INVALID_GRANT", "invalid.grant")
		}
		delete(f.refreshOf, given)
	default:
		return nil, invalidRequest("grant_type must be authorization_code or refresh_token")
	}
	return f.grant(f.account(client))
}

func (f *Fake) grant(a *Account) (any, error) {
	if a == nil {
		return nil, fail(http.StatusUnauthorized, "INVALID_CLIENT", "invalid.client")
	}
	expires := f.now.Add(f.cfg.TokenLife)
	text := func(kind string) string {
		claims, err := json.Marshal(map[string]any{"sub": a.Username, "aud": a.ClientID, "use": kind, "exp": expires.Unix()})
		if err != nil {
			return ""
		}
		return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString(claims) + "." + fakekit.Text(f.random, fakekit.Alphanum, 24)
	}
	id, access, refresh := text("id"), text("access"), fakekit.Text(f.random, fakekit.Alphanum, 48)
	f.tokens[id] = token{a.API, a.ClientID, expires, false}
	f.tokens[access] = token{a.API, a.ClientID, expires, true}
	f.refreshOf[refresh] = a.ClientID
	return map[string]any{
		"access_token": access, "id_token": id, "refresh_token": refresh, "token_type": "Bearer",
		"expires_in": f.loose(int64(f.cfg.TokenLife / time.Second)), "scope": "openid",
	}, nil
}

func form(r *http.Request) (url.Values, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil, invalidRequest("the body must be application/x-www-form-urlencoded")
	}
	values, err := url.ParseQuery(string(fakekit.Body(r)))
	if err != nil {
		return nil, invalidRequest("the body is no form")
	}
	return values, nil
}

// authorized checks the bearer token of a call to an interface and returns the
// API account's client id.
func (f *Fake) authorized(r *http.Request, api API) (string, error) {
	if _, expired := fakekit.Struck(r, posfake.FaultToken); expired {
		clear(f.tokens)
	}
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t, known := f.tokens[text]
	if !ok || !known || !f.now.Before(t.expires) || t.access && !f.cfg.AcceptAccessToken {
		return "", fail(http.StatusUnauthorized, "Unauthorized", "The token is missing, unknown or expired.")
	}
	if _, lacking := fakekit.Struck(r, posfake.FaultScope); lacking || t.api != api {
		return "", fail(http.StatusForbidden, "Forbidden", "You do not have permissions to access this resource.")
	}
	return t.client, nil
}

// ExpireTokens ends every token issued so far, and with refresh the refresh
// tokens too.
func (f *Fake) ExpireTokens(refresh bool) {
	defer f.begin()()
	clear(f.tokens)
	if refresh {
		clear(f.refreshOf)
	}
}
