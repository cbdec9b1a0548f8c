package quickbooksfake

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

const (
	refreshWindow = 100 * 24 * time.Hour     // without a refresh the grant ends
	refreshShown  = 101 * 24 * time.Hour     // what the answer says of it
	refreshGrace  = 24 * time.Hour           // a replaced value still works
	grantLife     = 5 * 365 * 24 * time.Hour // however often it is refreshed
	codeLife      = 5 * time.Minute          // of an authorisation code
	scope         = "com.intuit.quickbooks.accounting"
)

// grant is one authorisation by the company's owner.
type grant struct {
	granted time.Time
	used    time.Time // last refresh
	value   string    // the present refresh token
	since   time.Time // when it got this value
	revoked bool
}

// refreshToken is one value that a grant has had.
type refreshToken struct {
	grant *grant
	ends  time.Time // zero while it is the present value
}

type accessToken struct {
	grant *grant
	ends  time.Time
}

type authority struct {
	access  map[string]*accessToken
	refresh map[string]*refreshToken
	codes   map[string]time.Time // ends
}

func newAuthority(cfg Config, now time.Time) authority {
	g := &grant{granted: now, used: now, value: cfg.RefreshToken, since: now}
	return authority{
		access:  map[string]*accessToken{cfg.AccessToken: {g, now.Add(cfg.TokenLife)}},
		refresh: map[string]*refreshToken{cfg.RefreshToken: {grant: g}},
		codes:   map[string]time.Time{},
	}
}

// admit checks the bearer token and the company of a request.
func (f *Fake) admit(c *call) error {
	now := f.Now()
	if _, ok := fakekit.Struck(c.Request, posfake.FaultToken); ok {
		for _, t := range f.auth.access {
			t.ends = now
		}
	}
	text, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	t := f.auth.access[text]
	_, scoped := fakekit.Struck(c.Request, posfake.FaultScope)
	switch {
	case !ok || text == "":
		return unauthenticated("AuthenticationFailed: no bearer token")
	case t == nil:
		return unauthenticated("Malformed bearer token")
	case t.grant.revoked || !now.Before(t.ends):
		return unauthenticated("Token expired")
	case scoped || c.PathValue("realm") != f.cfg.Realm:
		return forbidden("3100", "The application is not authorized for this company.")
	}
	switch f.closed {
	case "":
		return nil
	case "6190":
		return refuse("6190", "", "Subscription period has ended or canceled or there was a billing problem")
	default:
		return forbidden(f.closed, "The user or the application has no access to the company.")
	}
}

// Authorize plays the owner who connects the company to the application, and
// returns the authorisation code.
func (f *Fake) Authorize() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	code := "AB11" + fakekit.Text(f.rand, fakekit.Alphanum, 46)
	f.auth.codes[code] = f.Now().Add(codeLife)
	return code
}

// Revoke plays the owner who disconnects the application.
func (f *Fake) Revoke() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.auth.refresh {
		t.grant.revoked = true
	}
}

// authorize is the page that the owner sees; he always agrees.
func (f *Fake) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	target, err := url.Parse(q.Get("redirect_uri"))
	if q.Get("client_id") != f.cfg.ClientID || q.Get("response_type") != "code" || !strings.Contains(q.Get("scope"), scope) || err != nil || target.Host == "" {
		f.writeStatus(w, r, http.StatusBadRequest)
		return
	}
	back := target.Query()
	back.Set("code", f.Authorize())
	back.Set("state", q.Get("state"))
	back.Set("realmId", f.cfg.Realm)
	target.RawQuery = back.Encode()
	w.Header().Set("Location", target.String())
	w.WriteHeader(http.StatusFound)
}

// known checks the application's Basic credentials.
func (f *Fake) known(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	return ok && id == f.cfg.ClientID && subtle.ConstantTimeCompare([]byte(secret), []byte(f.cfg.ClientSecret)) == 1
}

func refuseToken(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

// serveToken trades a code or a refresh token for an access token.
func (f *Fake) serveToken(w http.ResponseWriter, r *http.Request) {
	f.trace(w)
	f.mu.Lock()
	defer f.mu.Unlock()
	form, err := url.ParseQuery(string(fakekit.Body(r)))
	var g *grant
	switch kind := form.Get("grant_type"); {
	case !f.known(r):
		refuseToken(w, http.StatusUnauthorized, "invalid_client", "The client id or secret is wrong")
		return
	case err != nil || kind == "" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		refuseToken(w, http.StatusBadRequest, "invalid_request", "The body is no form with a grant_type")
		return
	case kind == "authorization_code":
		g = f.grantByCode(form.Get("code"))
	case kind == "refresh_token":
		g = f.grantByRefresh(form.Get("refresh_token"))
	default:
		refuseToken(w, http.StatusBadRequest, "unsupported_grant_type", "The grant_type is not supported")
		return
	}
	if g == nil {
		refuseToken(w, http.StatusBadRequest, "invalid_grant", "Incorrect or invalid refresh token")
		return
	}
	now := f.Now()
	text := "eyJ" + fakekit.Text(f.rand, fakekit.Alphanum, 60)
	f.auth.access[text] = &accessToken{g, now.Add(f.cfg.TokenLife)}
	reply := map[string]any{
		"token_type": "bearer", "access_token": text, "expires_in": int(f.cfg.TokenLife.Seconds()),
		"refresh_token": g.value, "x_refresh_token_expires_in": int(refreshShown.Seconds()),
	}
	if r.Header.Get("X-Include-Refresh-Token-Hard-Expires-In") == "true" {
		reply["x_refresh_token_hard_expires_in"] = int(g.granted.Add(grantLife).Sub(now).Seconds())
	}
	writeJSON(w, http.StatusOK, reply)
}

func (f *Fake) grantByCode(code string) *grant {
	ends, ok := f.auth.codes[code]
	delete(f.auth.codes, code)
	now := f.Now()
	if !ok || !now.Before(ends) {
		return nil
	}
	g := &grant{granted: now, used: now}
	f.renew(g)
	return g
}

// grantByRefresh refreshes a grant. About once a day its token gets another
// value, and the one before dies a day later.
func (f *Fake) grantByRefresh(value string) *grant {
	t, now := f.auth.refresh[value], f.Now()
	if t == nil || t.grant.revoked || !t.ends.IsZero() && !now.Before(t.ends) ||
		now.Sub(t.grant.used) >= refreshWindow || now.Sub(t.grant.granted) >= grantLife {
		return nil
	}
	g := t.grant
	g.used = now
	if now.Sub(g.since) >= f.cfg.RotateAfter {
		f.auth.refresh[g.value].ends = now.Add(refreshGrace)
		f.renew(g)
	}
	return g
}

// renew gives a grant another refresh token.
func (f *Fake) renew(g *grant) {
	g.value, g.since = "AB11"+fakekit.Text(f.rand, fakekit.Alphanum, 46), f.Now()
	f.auth.refresh[g.value] = &refreshToken{grant: g}
}

// serveRevoke ends the grant of an access or refresh token.
func (f *Fake) serveRevoke(w http.ResponseWriter, r *http.Request) {
	f.trace(w)
	f.mu.Lock()
	defer f.mu.Unlock()
	var in struct {
		Token string `json:"token"`
	}
	if !f.known(r) {
		refuseToken(w, http.StatusUnauthorized, "invalid_client", "The client id or secret is wrong")
		return
	}
	err := json.Unmarshal(fakekit.Body(r), &in)
	var g *grant
	if t := f.auth.refresh[in.Token]; t != nil {
		g = t.grant
	} else if t := f.auth.access[in.Token]; t != nil {
		g = t.grant
	}
	if err != nil || g == nil {
		refuseToken(w, http.StatusBadRequest, "invalid_request", "The token is unknown")
		return
	}
	g.revoked = true
	w.WriteHeader(http.StatusOK)
}
