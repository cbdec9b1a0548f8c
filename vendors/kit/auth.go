package kit

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Authorizer puts credentials into requests.
type Authorizer interface {
	// Authorize is called for each attempt, right before it is sent.
	Authorize(ctx context.Context, r *http.Request) error
	// Rejected is called when the vendor answered 401 to a request. It reports
	// whether an attempt with new credentials makes sense; an error, such as
	// a revoked refresh token, takes the place of the 401.
	Rejected(ctx context.Context, r *http.Request) (retry bool, err error)
}

// staticAuth sends the same header for ever.
type staticAuth struct {
	header string
	value  pos.Secret
}

// HeaderAuth sends a fixed credential in a header of the vendor's choice.
func HeaderAuth(header string, value pos.Secret) Authorizer { return staticAuth{header, value} }

// BearerAuth sends a fixed bearer token.
func BearerAuth(token pos.Secret) Authorizer {
	return staticAuth{"Authorization", pos.NewSecret("Bearer " + token.Reveal())}
}

// BasicAuth sends user name and password.
func BasicAuth(user string, password pos.Secret) Authorizer {
	pair := base64.StdEncoding.EncodeToString([]byte(user + ":" + password.Reveal()))
	return staticAuth{"Authorization", pos.NewSecret("Basic " + pair)}
}

func (a staticAuth) Authorize(_ context.Context, r *http.Request) error {
	r.Header.Set(a.header, a.value.Reveal())
	return nil
}

func (a staticAuth) Rejected(context.Context, *http.Request) (bool, error) { return false, nil }
