package httppush

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// The headers of Standard Webhooks.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// Tolerance is how far the time of a signature may be away from now, either
// way.
const Tolerance = 5 * time.Minute

const (
	secretPrefix = "whsec_"
	version      = "v1,"
	// minKey and maxKey bound secrets, in bytes.
	minKey, maxKey = 24, 64
	// maxSignatures is how many signatures of one request are looked at.
	maxSignatures = 16
)

// Why a request was refused. All match [pos.ErrAuth].
var (
	ErrNoSignature       = fmt.Errorf("httppush: no signature: %w", pos.ErrAuth)
	ErrSignatureMismatch = fmt.Errorf("httppush: signature does not match: %w", pos.ErrAuth)
	ErrTimestamp         = fmt.Errorf("httppush: signature too old or from the future: %w", pos.ErrAuth)
)

// Keys signs requests and verifies them. With several secrets it makes a
// signature with each and accepts any, so that they can be rotated: give the
// new one to the receiver, then to the sender, then take the old one away.
type Keys struct{ keys [][]byte }

// NewKeys reads secrets of the form "whsec_" and 24 to 64 bytes in base64.
func NewKeys(secrets ...pos.Secret) (*Keys, error) {
	k, ps := readKeys(secrets)
	if ps != nil {
		return nil, &pos.Error{Op: "httppush.NewKeys", Kind: pos.KindInvalid, Err: ps}
	}
	return k, nil
}

func readKeys(secrets []pos.Secret) (k *Keys, ps pos.Problems) {
	k = new(Keys)
	if len(secrets) == 0 {
		ps = append(ps, pos.Problem{Field: "Secrets", Reason: "there is none"})
	}
	for i, s := range secrets {
		field := fmt.Sprintf("Secrets[%d]", i)
		text, ok := strings.CutPrefix(s.Reveal(), secretPrefix)
		key, err := base64.StdEncoding.DecodeString(text)
		switch {
		case !ok, err != nil: // The error would show a part of the secret.
			ps = append(ps, pos.Problem{Field: field, Reason: `is not of the form "whsec_" and base64`})
		case len(key) < minKey || len(key) > maxKey:
			ps = append(ps, pos.Problem{Field: field, Reason: fmt.Sprintf("has %d bytes, want %d to %d", len(key), minKey, maxKey)})
		}
		k.keys = append(k.keys, key)
	}
	return k, ps
}

// Sign sets the headers of a request: an id that repeats of a message share,
// the time of this attempt, and the signatures of both with the body. The id
// must not have a dot.
func (k *Keys) Sign(h http.Header, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(k.keys))
	for i, key := range k.keys {
		signatures[i] = version + base64.StdEncoding.EncodeToString(mac(key, id, stamp, body))
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, stamp)
	h.Set(HeaderSignature, strings.Join(signatures, " "))
}

// Verify proves that the sender signed these raw bytes not long ago. The error
// is one of ErrNoSignature, ErrSignatureMismatch and ErrTimestamp.
func (k *Keys) Verify(h http.Header, body []byte) error {
	id, stamp, text := h.Get(HeaderID), h.Get(HeaderTimestamp), h.Get(HeaderSignature)
	if id == "" || stamp == "" || text == "" {
		return ErrNoSignature
	}
	if !k.matches(strings.SplitN(text, " ", maxSignatures+1), id, stamp, body) {
		return ErrSignatureMismatch
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64) // Its signature holds.
	if err != nil {
		return fmt.Errorf("%w: the time is not a number", ErrTimestamp)
	}
	if age := time.Since(time.Unix(seconds, 0)); age > Tolerance || -age > Tolerance {
		return fmt.Errorf("%w: %s off", ErrTimestamp, age.Round(time.Second))
	}
	return nil
}

// matches tries all keys with all signatures, each in constant time.
func (k *Keys) matches(signatures []string, id, stamp string, body []byte) bool {
	found := false
	for _, key := range k.keys {
		want := mac(key, id, stamp, body)
		for i, s := range signatures {
			encoded, ok := strings.CutPrefix(s, version)
			if !ok || i == maxSignatures {
				continue // Another version's, or too many.
			}
			got, err := base64.StdEncoding.DecodeString(encoded)
			if err == nil && hmac.Equal(got, want) {
				found = true
			}
		}
	}
	return found
}

func mac(key []byte, id, stamp string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + stamp + "."))
	h.Write(body)
	return h.Sum(nil)
}
