package simphony

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

const (
	// callbackURL is the redirect address of API accounts: a literal, nobody
	// listens there.
	callbackURL = "apiaccount://callback"
	scopeOpenID = "openid"
	// refreshAfter is half the life of a token.
	refreshAfter = 7 * 24 * time.Hour
)

// identity signs API accounts in at the OpenID provider.
type identity struct {
	cfg    *OIDC
	org    string
	client *kit.Client
}

func newIdentity(cfg *Config, o *kit.Options) (*identity, error) {
	h := *o.HTTPClient
	next := h.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	h.Transport, h.Jar = landing{next}, nil
	opts := *o
	opts.HTTPClient = &h
	client, err := kit.NewClient(kit.ClientConfig{
		Vendor: vendor, BaseURL: cfg.OIDC.BaseURL, Header: header(cfg.OIDC.Header),
		Budget: kit.NewBudget(rate.Limit(2), 4), Classify: classify,
	}, &opts)
	return &identity{cfg.OIDC, cfg.Org, client}, err
}

// landing makes answers of redirects: the provider may answer a step with one,
// which leads to a scheme that nobody speaks.
type landing struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (l landing) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err == nil && resp.StatusCode >= 300 && resp.StatusCode < 400 {
		resp.StatusCode, resp.Status = http.StatusOK, "200 OK"
	}
	return resp, err
}

// tokens returns the token source of an interface's API account.
func (id *identity) tokens(account, api string, e *Endpoint, o *kit.Options) (*kit.TokenSource, error) {
	return kit.NewTokenSource(kit.TokenConfig{
		Vendor: vendor,
		Key:    strings.Join([]string{vendor, account, api, "token"}, "."),
		MaxAge: refreshAfter,
		Refresh: func(ctx context.Context, old kit.Token) (kit.Token, error) {
			if !old.Refresh.IsZero() {
				t, err := id.renew(ctx, e, old.Refresh)
				if err == nil || !errors.Is(err, pos.ErrInvalid) && !errors.Is(err, pos.ErrAuth) {
					return t, err
				}
			}
			return id.signIn(ctx, e)
		},
	}, o)
}

// signIn is the code flow with PKCE, as a browser would go through it.
func (id *identity) signIn(ctx context.Context, e *Endpoint) (kit.Token, error) {
	verifier := rand.Text() + rand.Text()
	cookies, err := id.authorize(ctx, e, challenge(verifier))
	if err != nil {
		return kit.Token{}, err
	}
	code, err := id.enter(ctx, e, cookies)
	if err != nil {
		return kit.Token{}, err
	}
	return id.token(ctx, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {e.ClientID}, "code": {code},
		"code_verifier": {verifier}, "redirect_uri": {callbackURL}, "scope": {scopeOpenID},
	})
}

// challenge is the S256 challenge of a verifier.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorize begins a sign-in; the cookies are what the next step is known by.
func (id *identity) authorize(ctx context.Context, e *Endpoint, challenge string) ([]*http.Cookie, error) {
	resp, err := id.client.Do(ctx, kit.Request{
		Op: "Authorize", Method: http.MethodGet, Path: id.cfg.BasePath + "/oauth2/authorize",
		Query: url.Values{
			"response_type": {"code"}, "client_id": {e.ClientID}, "scope": {scopeOpenID}, "redirect_uri": {callbackURL},
			"state": {"999"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
		},
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // nothing in it matters
	return (&http.Response{Header: resp.Header}).Cookies(), nil
}

// enter gives user and password and returns the code. It is sent once: wrong
// passwords lock accounts.
func (id *identity) enter(ctx context.Context, e *Endpoint, cookies []*http.Cookie) (string, error) {
	const op = "SignIn"
	r := formRequest(op, id.cfg.BasePath+"/oauth2/signin", url.Values{
		"username": {e.Username}, "password": {e.Password.Reveal()}, "orgname": {id.org},
	})
	var pairs []string
	for _, c := range cookies {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	if len(pairs) > 0 {
		r.Header = http.Header{"Cookie": {strings.Join(pairs, "; ")}}
	}
	var answer signInAnswer
	resp, err := id.client.JSON(ctx, r, nil, &answer)
	if err != nil {
		return "", err
	}
	_, query, _ := strings.Cut(first(answer.RedirectURL, resp.Header.Get("Location")), "?")
	values, err := url.ParseQuery(query)
	if code := values.Get("code"); err == nil && code != "" {
		return code, nil
	}
	return "", fail(op, pos.KindAuth, errors.New("the sign-in gave no code: the API account needs attention in the portal"))
}

// renew trades a refresh token.
func (id *identity) renew(ctx context.Context, e *Endpoint, refresh pos.Secret) (kit.Token, error) {
	return id.token(ctx, url.Values{
		"grant_type": {"refresh_token"}, "client_id": {e.ClientID}, "refresh_token": {refresh.Reveal()},
		"redirect_uri": {callbackURL}, "scope": {scopeOpenID},
	})
}

func (id *identity) token(ctx context.Context, form url.Values) (kit.Token, error) {
	const op = "Token"
	var answer tokenAnswer
	if _, err := id.client.JSON(ctx, formRequest(op, id.cfg.BasePath+"/oauth2/token", form), nil, &answer); err != nil {
		return kit.Token{}, err
	}
	bearer := answer.IDToken
	if id.cfg.AccessToken {
		bearer = answer.AccessToken
	}
	if bearer == "" {
		return kit.Token{}, fail(op, pos.KindProtocol, errors.New("the answer holds no token"))
	}
	t := kit.Token{Access: pos.NewSecret(bearer), Refresh: pos.NewSecret(answer.RefreshToken)}
	if answer.ExpiresIn > 0 {
		t.Expires = id.client.Now().Add(time.Duration(answer.ExpiresIn) * time.Second)
	}
	return t, nil
}

func formRequest(op, path string, form url.Values) kit.Request {
	return kit.Request{Op: op, Method: http.MethodPost, Path: path, Body: []byte(form.Encode()), ContentType: "application/x-www-form-urlencoded"}
}

// looseInt is a number that also comes as text.
type looseInt int64

// UnmarshalJSON accepts a number, a text with a number, and null.
func (n *looseInt) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "" || text == "null" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return &json.UnmarshalTypeError{Value: "text", Field: "number"}
	}
	*n = looseInt(v)
	return nil
}

// exposed reports whether an address is plain http to a host that is not
// known to be private.
func exposed(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return false
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		return !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast()
	}
	suffixes := []string{".local", ".localhost", ".internal", ".lan", ".test", ".example", ".invalid"}
	for _, s := range suffixes {
		if strings.HasSuffix(host, s) {
			return false
		}
	}
	return strings.Contains(host, ".") && net.ParseIP(host) == nil
}
