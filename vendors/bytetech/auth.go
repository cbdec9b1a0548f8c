package bytetech

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Modes of authentication.
const (
	authClientCredentials = "client_credentials"
	authStatic            = "static"
)

const (
	bearerHeader = "Authorization"
	bearerPrefix = "Bearer "
)

// newAuthorizer returns what puts the credential into requests.
func (p *Provider) newAuthorizer() (kit.Authorizer, error) {
	a := p.profile.Auth
	if a.Mode == authStatic {
		return kit.HeaderAuth(a.Header, pos.NewSecret(a.Prefix+p.cfg.APIKey.Reveal())), nil
	}
	tokens, err := kit.NewTokenSource(kit.TokenConfig{
		Vendor:  Vendor,
		Key:     p.storeKey("token"),
		Refresh: p.signIn,
	}, p.opts)
	if err != nil {
		return nil, err
	}
	if a.Header == bearerHeader && a.Prefix == bearerPrefix {
		return tokens, nil
	}
	return &renamed{tokens, a.Header, a.Prefix}, nil
}

// signIn gets an access token for the client's id and secret.
func (p *Provider) signIn(ctx context.Context, _ kit.Token) (kit.Token, error) {
	a := p.profile.Auth
	r := kit.Request{Op: "issueToken", Method: http.MethodPost, Path: a.TokenPath, Repeatable: true, Anonymous: true}
	members := map[string]string{a.GrantType: authClientCredentials, a.ClientID: p.cfg.ClientID, a.ClientSecret: p.cfg.ClientSecret.Reveal()}
	delete(members, "") // a name that the profile leaves out
	var in any = members
	if a.Body == "form" {
		form := url.Values{}
		for name, v := range members {
			form.Set(name, v)
		}
		in, r.Body, r.ContentType = nil, []byte(form.Encode()), "application/x-www-form-urlencoded"
	}
	issued := time.Now()
	var body jsontext.Value
	if _, err := p.client.JSON(ctx, r, in, &body); err != nil { // op: POST /v1/auth/token
		return kit.Token{}, err
	}
	var o object
	if err := p.profile.shapes.token.read(body, &p.profile.Encoding, &o); err != nil {
		return kit.Token{}, protocol(r.Op, errNoObject)
	}
	t := kit.Token{Access: pos.NewSecret(o.text(a.Token))}
	if t.Access.IsZero() {
		return kit.Token{}, protocol(r.Op, errNoToken)
	}
	if life, ok := o.number(a.ExpiresIn); ok && life > 0 {
		t.Expires = issued.Add(time.Duration(min(life, maxTokenLife)) * time.Second)
	}
	return t, nil
}

// maxTokenLife in seconds, a year, bounds what an answer may claim.
const maxTokenLife = 365 * 24 * 3600

// renamed sends the token under another header or prefix.
type renamed struct {
	*kit.TokenSource
	header, prefix string
}

// Authorize implements [kit.Authorizer].
func (a *renamed) Authorize(ctx context.Context, r *http.Request) error {
	t, err := a.Token(ctx)
	if err != nil {
		return err
	}
	r.Header.Set(a.header, a.prefix+t.Access.Reveal())
	return nil
}

// Rejected implements [kit.Authorizer].
func (a *renamed) Rejected(ctx context.Context, r *http.Request) (bool, error) {
	asBearer := r.Clone(ctx)
	used := r.Header.Get(a.header)
	asBearer.Header.Set(bearerHeader, bearerPrefix+used[min(len(a.prefix), len(used)):])
	return a.TokenSource.Rejected(ctx, asBearer)
}
