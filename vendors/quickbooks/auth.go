package quickbooks

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Scope is the permission that this package needs.
const Scope = "com.intuit.quickbooks.accounting"

const (
	authorizeURL = "https://appcenter.intuit.com"
	tokenURL     = "https://oauth.platform.intuit.com" //nolint:gosec // an address, no credential
	revokeURL    = "https://developer.api.intuit.com"
)

// OAuth is an application registered with Intuit that acts for the company.
type OAuth struct {
	// ClientID and ClientSecret are the application's keys. Required.
	ClientID     string     `json:"client_id"`
	ClientSecret pos.Secret `json:"client_secret,omitzero"`
	// RefreshToken is the first one; Intuit replaces it about once a day, so
	// [kit.Options].Store must outlive the process. Empty if [Exchange] stored
	// the tokens.
	RefreshToken pos.Secret `json:"refresh_token,omitzero"`
}

func (o *OAuth) problems() pos.Problems {
	if o == nil {
		return pos.Problems{{Field: "OAuth", Reason: "is missing"}}
	}
	var ps pos.Problems
	if o.ClientID == "" {
		ps = append(ps, pos.Problem{Field: "OAuth.ClientID", Reason: "is empty"})
	}
	if o.ClientSecret.IsZero() {
		ps = append(ps, pos.Problem{Field: "OAuth.ClientSecret", Reason: "is empty"})
	}
	return ps
}

// address returns the one that is configured for tests, or the genuine one.
func (c *Config) address(genuine string) string {
	if c.BaseURL != baseURLs[c.Environment] {
		return strings.TrimSuffix(c.BaseURL, "/")
	}
	return genuine
}

// AuthorizeURL returns the page on which the company's owner grants access.
// state comes back with the code: compare it with what was sent. It needs
// OAuth.ClientID only.
//
//	op: GET /connect/oauth2 https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
func (c Config) AuthorizeURL(redirectURL, state string) (string, error) {
	c.defaults()
	var ps pos.Problems
	if c.OAuth == nil || c.OAuth.ClientID == "" {
		ps = append(ps, pos.Problem{Field: "OAuth.ClientID", Reason: "is empty"})
	}
	if redirectURL == "" {
		ps = append(ps, pos.Problem{Field: "redirectURL", Reason: "is empty"})
	}
	if state == "" {
		ps = append(ps, pos.Problem{Field: "state", Reason: "is empty: answers could be forged"})
	}
	if len(ps) > 0 {
		return "", fail("AuthorizeURL", pos.KindInvalid, ps)
	}
	q := url.Values{
		"client_id":     {c.OAuth.ClientID},
		"response_type": {"code"},
		"scope":         {Scope},
		"redirect_uri":  {redirectURL},
		"state":         {state},
	}
	return c.address(authorizeURL) + "/connect/oauth2?" + q.Encode(), nil
}

// Exchange trades the code that came back from the page of
// [Config.AuthorizeURL] for tokens and keeps them in the store of opts, where
// a provider with the same Realm and store finds them. cfg.Realm is the
// realmId that came with the code. It returns when the owner must grant
// access again at the latest.
func Exchange(ctx context.Context, cfg Config, code, redirectURL string, opts *kit.Options) (expires time.Time, err error) {
	cfg.defaults()
	if ps := cfg.problems(); len(ps) > 0 {
		return time.Time{}, fail("Exchange", pos.KindInvalid, ps)
	}
	o := opts.Resolve()
	client, err := oauthClient(&cfg, o)
	if err != nil {
		return time.Time{}, err
	}
	token, err := obtain(ctx, client, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURL}})
	if err != nil {
		return time.Time{}, err
	}
	tokens, err := tokenSource(&cfg, client, o)
	if err != nil {
		return time.Time{}, err
	}
	return token.RefreshExpires, tokens.Save(ctx, token)
}

// Revoke ends the application's access to the company for good.
func (p *Provider) Revoke(ctx context.Context) error {
	token, err := p.tokens.Token(ctx)
	if err != nil {
		return err
	}
	o := p.cfg.OAuth
	client, err := kit.NewClient(kit.ClientConfig{
		Vendor: vendor, BaseURL: p.cfg.address(revokeURL), Header: acceptJSON(),
		Auth: kit.BasicAuth(o.ClientID, o.ClientSecret), Classify: classifyToken, RequestIDHeader: tidHeader,
	}, p.opts)
	if err != nil {
		return err
	}
	r := kit.Request{Op: "Revoke", Method: http.MethodPost, Path: pathRevoke, Repeatable: true}
	_, err = client.JSON(ctx, r, revokeRequest{token.Refresh.Reveal()}, nil)
	return err
}

// oauthClient calls the token endpoint.
func oauthClient(cfg *Config, o *kit.Options) (*kit.Client, error) {
	return kit.NewClient(kit.ClientConfig{
		Vendor: vendor, BaseURL: cfg.address(tokenURL), Header: acceptJSON(),
		Auth: kit.BasicAuth(cfg.OAuth.ClientID, cfg.OAuth.ClientSecret), Classify: classifyToken, RequestIDHeader: tidHeader,
	}, o)
}

func tokenSource(cfg *Config, client *kit.Client, o *kit.Options) (*kit.TokenSource, error) {
	return kit.NewTokenSource(kit.TokenConfig{
		Vendor: vendor,
		Key:    strings.Join([]string{vendor, cfg.Environment, cfg.Realm, "token"}, "."),
		Refresh: func(ctx context.Context, old kit.Token) (kit.Token, error) {
			if old.Refresh.IsZero() {
				return kit.Token{}, fail("Token", pos.KindAuth, errors.New("there is no refresh token: authorize the company first"))
			}
			return obtain(ctx, client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old.Refresh.Reveal()}})
		},
		Initial: kit.Token{Refresh: cfg.OAuth.RefreshToken},
	}, o)
}

// obtain calls the token endpoint. An answer without both tokens is none.
func obtain(ctx context.Context, client *kit.Client, form url.Values) (kit.Token, error) {
	var answer tokenAnswer
	resp, err := client.JSON(ctx, kit.Request{
		Op: "Token", Method: http.MethodPost, Path: pathToken,
		Header: http.Header{"X-Include-Refresh-Token-Hard-Expires-In": {"true"}},
		Body:   []byte(form.Encode()), ContentType: "application/x-www-form-urlencoded",
	}, nil, &answer)
	if err != nil {
		return kit.Token{}, err
	}
	if answer.Access == "" || answer.Refresh == "" {
		e := fail("Token", pos.KindProtocol, errors.New("the answer lacks a token"))
		e.RequestID = resp.RequestID
		return kit.Token{}, e
	}
	now := client.Now()
	in := func(seconds int64) time.Time {
		if seconds <= 0 {
			return time.Time{}
		}
		return now.Add(time.Duration(min(seconds, maxTokenLife)) * time.Second)
	}
	ends := in(answer.RefreshExpires)
	if hard := in(answer.HardExpires); !hard.IsZero() && (ends.IsZero() || hard.Before(ends)) {
		ends = hard
	}
	return kit.Token{
		Access: pos.NewSecret(answer.Access), Refresh: pos.NewSecret(answer.Refresh),
		Expires: in(answer.Expires), RefreshExpires: ends,
	}, nil
}

// maxTokenLife bounds, in seconds, what an answer may claim: ten years.
const maxTokenLife = 10 * 365 * 24 * 3600
