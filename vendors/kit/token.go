package kit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Token is an OAuth token with what belongs to it.
type Token struct {
	Access  pos.Secret
	Refresh pos.Secret
	// Issued is when the vendor gave out the access token; a [TokenSource]
	// fills it. Expires and RefreshExpires are zero where the vendor does not
	// tell.
	Issued, Expires, RefreshExpires time.Time
	Scopes                          []string
	// Extra holds what else the vendor tells, such as a merchant id. It must
	// hold no secrets.
	Extra map[string]string
}

// IsZero reports whether there is no token at all.
func (t *Token) IsZero() bool { return t.Access.IsZero() && t.Refresh.IsZero() }

// valid reports whether the access token can be used at an instant.
func (t *Token) valid(now time.Time) bool {
	return !t.Access.IsZero() && (t.Expires.IsZero() || now.Before(t.Expires))
}

// same reports whether both are the same issue of a token.
func (t *Token) same(o *Token) bool { return t.Access.Equal(o.Access) && t.Refresh.Equal(o.Refresh) }

// storedToken is a token as it stands in the store, secrets in clear.
type storedToken struct {
	Access         string            `json:"access"`
	Refresh        string            `json:"refresh,omitempty"`
	Issued         time.Time         `json:"issued,omitzero"`
	Expires        time.Time         `json:"expires,omitzero"`
	RefreshExpires time.Time         `json:"refresh_expires,omitzero"`
	Scopes         []string          `json:"scopes,omitempty"`
	Extra          map[string]string `json:"extra,omitempty"`
	// Seed identifies the configured token from which this one descends.
	Seed string `json:"seed,omitempty"`
}

func encodeToken(t Token, seed string) ([]byte, error) {
	return json.Marshal(storedToken{
		t.Access.Reveal(), t.Refresh.Reveal(), t.Issued, t.Expires, t.RefreshExpires, t.Scopes, t.Extra, seed,
	})
}

func decodeToken(data []byte) (t Token, seed string, err error) {
	var s storedToken
	if err := json.Unmarshal(data, &s); err != nil {
		return Token{}, "", fmt.Errorf("stored token: %w", err)
	}
	return Token{
		pos.NewSecret(s.Access), pos.NewSecret(s.Refresh), s.Issued, s.Expires, s.RefreshExpires, s.Scopes, s.Extra,
	}, s.Seed, nil
}

// seedOf identifies a configured token without telling it.
func seedOf(t *Token) string {
	if t.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(t.Access.Reveal() + "\x00" + t.Refresh.Reveal()))
	return hex.EncodeToString(sum[:8])
}
