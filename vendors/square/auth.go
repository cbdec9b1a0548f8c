package square

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// OAuth is an application registered with Square that acts for the seller.
type OAuth struct {
	// ClientID is Square's id of the application. Required.
	ClientID string `json:"client_id"`
	// ClientSecret is empty for applications that use PKCE. Their refresh
	// tokens are good for one use and 90 days, so [kit.Options].Store must
	// outlive the process.
	ClientSecret pos.Secret `json:"client_secret,omitzero"`
	// RefreshToken is the first one. Empty if [Exchange] stored the tokens.
	RefreshToken pos.Secret `json:"refresh_token,omitzero"`
}

func (o *OAuth) problems() pos.Problems {
	if o.ClientID == "" {
		return pos.Problems{{Field: "OAuth.ClientID", Reason: "is empty"}}
	}
	return nil
}

// refreshAfter is the age at which Square wants tokens renewed, although they
// live for 30 days.
const refreshAfter = 7 * 24 * time.Hour

// tokenRequest obtains or renews a token.
//
//	op: POST /oauth2/token https://developer.squareup.com/reference/square/oauth-api/obtain-token
type tokenRequest struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"`
	GrantType    string `json:"grant_type"`
	Code         string `json:"code,omitempty"`
	RedirectURI  string `json:"redirect_uri,omitempty"`
	CodeVerifier string `json:"code_verifier,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

type tokenAnswer struct {
	AccessToken    string   `json:"access_token"`
	ExpiresAt      instant  `json:"expires_at"`
	MerchantID     string   `json:"merchant_id"`
	RefreshToken   string   `json:"refresh_token"`
	RefreshExpires instant  `json:"refresh_token_expires_at"`
	Errors         []Detail `json:"errors"`
}

// tokenStatus tells what a token may do.
//
//	op: POST /oauth2/token/status https://developer.squareup.com/reference/square/oauth-api/retrieve-token-status
type tokenStatus struct {
	Scopes     []string `json:"scopes"`
	ExpiresAt  instant  `json:"expires_at"`
	MerchantID string   `json:"merchant_id"`
	Errors     []Detail `json:"errors"`
}

// revokeRequest ends the application's access to the seller.
//
//	op: POST /oauth2/revoke https://developer.squareup.com/reference/square/oauth-api/revoke-token
type revokeRequest struct {
	ClientID    string `json:"client_id"`
	AccessToken string `json:"access_token"`
}

// AuthorizeRequest is what a seller is asked to agree to.
type AuthorizeRequest struct {
	// State comes back with the code; compare it with what was sent. Required.
	State string
	// RedirectURL is where Square sends the seller; empty means the one that
	// is registered.
	RedirectURL string
	// Verifier is set for PKCE, see [NewVerifier]; Exchange needs it as well.
	Verifier string
	// Scopes are the permissions; empty means [Scopes].
	Scopes []string
}

// AuthorizeURL returns the page on which the seller grants access. It needs
// Environment and OAuth.ClientID only.
func (c Config) AuthorizeURL(r AuthorizeRequest) (string, error) {
	c.defaults()
	var ps pos.Problems
	if c.OAuth == nil || c.OAuth.ClientID == "" {
		ps = append(ps, pos.Problem{Field: "OAuth.ClientID", Reason: "is empty"})
	}
	if r.State == "" {
		ps = append(ps, pos.Problem{Field: "State", Reason: "is empty: answers could be forged"})
	}
	if c.BaseURL == "" {
		ps = append(ps, pos.Problem{Field: "Environment", Reason: `is neither "production" nor "sandbox"`})
	}
	if len(ps) > 0 {
		return "", fail("AuthorizeURL", pos.KindInvalid, ps)
	}
	scopes := r.Scopes
	if len(scopes) == 0 {
		scopes = Scopes()
	}
	q := url.Values{
		"client_id": {c.OAuth.ClientID},
		"scope":     {strings.Join(scopes, " ")},
		"session":   {"false"},
		"state":     {r.State},
	}
	if r.RedirectURL != "" {
		q.Set("redirect_uri", r.RedirectURL)
	}
	if r.Verifier != "" {
		sum := sha256.Sum256([]byte(r.Verifier))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	}
	return strings.TrimSuffix(c.BaseURL, "/") + "/oauth2/authorize?" + q.Encode(), nil
}

// NewVerifier returns a random verifier for PKCE.
func NewVerifier() string { return rand.Text() + rand.Text() }

// ExchangeRequest is what came back from the page of [Config.AuthorizeURL].
type ExchangeRequest struct {
	// Code is good for five minutes and one use.
	Code string
	// RedirectURL and Verifier are those of the AuthorizeRequest.
	RedirectURL, Verifier string
}

// Grant says who gave access.
type Grant struct {
	// Merchant is Square's id of the seller.
	Merchant string
	// Expires is when the first access token ends; it is renewed before.
	Expires time.Time
}

// Exchange trades a code for tokens and keeps them in the store of opts, where
// a provider with the same Account and store finds them. An empty
// cfg.Account stands for the merchant id of the answer.
func Exchange(ctx context.Context, cfg Config, r ExchangeRequest, opts *kit.Options) (Grant, error) {
	cfg.defaults()
	if cfg.OAuth == nil {
		return Grant{}, fail("Exchange", pos.KindInvalid, errors.New("OAuth is not configured"))
	}
	o := opts.Resolve()
	client, err := oauthClient(&cfg, o)
	if err != nil {
		return Grant{}, err
	}
	token, merchant, err := obtain(ctx, client, tokenRequest{
		ClientID: cfg.OAuth.ClientID, ClientSecret: cfg.OAuth.ClientSecret.Reveal(), GrantType: "authorization_code",
		Code: r.Code, RedirectURI: r.RedirectURL, CodeVerifier: r.Verifier,
	})
	if err != nil {
		return Grant{}, err
	}
	if cfg.Account == "" {
		cfg.Account = merchant
	}
	tokens, err := tokenSource(&cfg, client, o)
	if err != nil {
		return Grant{}, err
	}
	return Grant{merchant, token.Expires}, tokens.Save(ctx, token)
}

// authorizer returns what puts the configured credential into requests.
func (p *Provider) authorizer(o *kit.Options) (kit.Authorizer, error) {
	if p.cfg.OAuth == nil {
		return kit.BearerAuth(p.cfg.AccessToken), nil
	}
	client, err := oauthClient(&p.cfg, o)
	if err != nil {
		return nil, err
	}
	p.tokens, err = tokenSource(&p.cfg, client, o)
	return p.tokens, err
}

// oauthClient calls the token endpoints, which want no bearer token and have a
// rate of their own.
func oauthClient(cfg *Config, o *kit.Options) (*kit.Client, error) {
	return kit.NewClient(kit.ClientConfig{Vendor: vendor, BaseURL: cfg.BaseURL, Header: versionHeader(), Classify: classify}, o)
}

func tokenSource(cfg *Config, client *kit.Client, o *kit.Options) (*kit.TokenSource, error) {
	return kit.NewTokenSource(kit.TokenConfig{
		Vendor: vendor,
		Key:    strings.Join([]string{vendor, cfg.Environment, cfg.Account, "token"}, "."),
		Refresh: func(ctx context.Context, old kit.Token) (kit.Token, error) {
			if old.Refresh.IsZero() {
				return kit.Token{}, fail("RefreshToken", pos.KindAuth, errors.New("there is no refresh token: authorize the account first"))
			}
			t, _, err := obtain(ctx, client, tokenRequest{
				ClientID: cfg.OAuth.ClientID, ClientSecret: cfg.OAuth.ClientSecret.Reveal(),
				GrantType: "refresh_token", RefreshToken: old.Refresh.Reveal(),
			})
			return t, err
		},
		Initial: kit.Token{Refresh: cfg.OAuth.RefreshToken},
		MaxAge:  refreshAfter,
	}, o)
}

// obtain calls the token endpoint. A grant that Square calls invalid will
// never be valid again: that is a refused credential.
func obtain(ctx context.Context, client *kit.Client, in tokenRequest) (kit.Token, string, error) {
	var answer tokenAnswer
	r := kit.Request{Op: "ObtainToken", Method: http.MethodPost, Path: "/oauth2/token", Anonymous: true}
	resp, err := client.JSON(ctx, r, in, &answer)
	if err == nil {
		err = inside(r.Op, resp.RequestID, answer.Errors)
	}
	var e *pos.Error
	if errors.As(err, &e) && (e.Kind == pos.KindInvalid || e.Kind == pos.KindNotFound) {
		refused := *e
		refused.Kind = pos.KindAuth
		err = &refused
	}
	if err != nil {
		return kit.Token{}, "", err
	}
	return kit.Token{
		Access:         pos.NewSecret(answer.AccessToken),
		Refresh:        pos.NewSecret(answer.RefreshToken),
		Expires:        answer.ExpiresAt.Time,
		RefreshExpires: answer.RefreshExpires.Time,
	}, answer.MerchantID, nil
}

// TokenStatus is what Square says of the credential in use.
type TokenStatus struct {
	Merchant string
	// Scopes are the permissions; put them into [Config].Scopes, so that the
	// capabilities follow them.
	Scopes []string
	// Expires is zero for a token that does not end.
	Expires time.Time
}

// Token asks Square what the credential in use may do.
func (p *Provider) Token(ctx context.Context) (TokenStatus, error) {
	var answer tokenStatus
	r := kit.Request{Op: "RetrieveTokenStatus", Method: http.MethodPost, Path: "/oauth2/token/status", Repeatable: true}
	resp, err := p.client.JSON(ctx, r, nil, &answer)
	if err == nil {
		err = inside(r.Op, resp.RequestID, answer.Errors)
	}
	if err != nil {
		return TokenStatus{}, err
	}
	return TokenStatus{answer.MerchantID, answer.Scopes, answer.ExpiresAt.Time}, nil
}

// Revoke ends the application's access to the seller for good.
func (p *Provider) Revoke(ctx context.Context) error {
	if p.tokens == nil {
		return pos.Unsupported(vendor, "Revoke", "the token is not one of an application", "replace the token in Square's developer console")
	}
	token, err := p.tokens.Token(ctx)
	if err != nil {
		return err
	}
	r := kit.Request{
		Op: "RevokeToken", Method: http.MethodPost, Path: "/oauth2/revoke", Anonymous: true, Repeatable: true,
		Header: http.Header{"Authorization": {"Client " + p.cfg.OAuth.ClientSecret.Reveal()}},
	}
	_, err = p.client.JSON(ctx, r, revokeRequest{p.cfg.OAuth.ClientID, token.Access.Reveal()}, nil)
	return err
}
