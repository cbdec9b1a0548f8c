package kit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Why a callback was refused. All match [pos.ErrAuth].
var (
	ErrNoSignature       = fmt.Errorf("kit: no signature: %w", pos.ErrAuth)
	ErrBadSignature      = fmt.Errorf("kit: unreadable signature: %w", pos.ErrAuth)
	ErrSignatureMismatch = fmt.Errorf("kit: signature does not match: %w", pos.ErrAuth)
	ErrTimestamp         = fmt.Errorf("kit: signature too old or from the future: %w", pos.ErrAuth)
)

// Encoding is how a vendor writes the bytes of a signature or secret.
type Encoding uint8

// The encodings. The standard base64 alphabet with padding is meant.
const (
	Base64 Encoding = iota
	Hex
)

// Signature describes how a vendor signs its callbacks by HMAC-SHA256.
type Signature struct {
	// Header holds the signature. Required.
	Header string
	// Secrets may each have made the signature; give old and new while they
	// are rotated. Required, none may be empty.
	Secrets []pos.Secret
	// Base64Secret: the key is what the secret says in base64.
	Base64Secret bool
	Encoding     Encoding
	// Prefix stands in front of the signature, such as "sha256=".
	Prefix string
	// URL is set where the vendor signs the address that it calls in front of
	// the body. It must be spelt as it is registered there; proxies do not
	// matter.
	URL string
	// Tolerance is set where the header reads "t=SECONDS,v1=SIGNATURE" with
	// one or more v1 and the signed text is the seconds, a dot and the body.
	// Times further away from now, either way, are refused.
	Tolerance time.Duration
	// Hash replaces SHA-256.
	Hash func() hash.Hash
}

// Verifier checks signatures. It is safe for concurrent use.
type Verifier struct {
	sig  Signature
	keys atomic.Pointer[[][]byte]
}

// NewVerifier checks the description, see [Signature.Problems].
func NewVerifier(s Signature) (*Verifier, error) {
	if problems := s.Problems("Secrets"); len(problems) > 0 {
		return nil, &pos.Error{Op: "NewVerifier", Kind: pos.KindInvalid, Err: problems}
	}
	v := &Verifier{sig: s}
	var keys [][]byte
	for _, secret := range s.Secrets {
		key, _ := s.key(secret)
		keys = append(keys, key)
	}
	v.keys.Store(&keys)
	if v.sig.Hash == nil {
		v.sig.Hash = sha256.New
	}
	return v, nil
}

// Problems returns everything that is wrong with the description. Secrets are
// called by the name that a vendor's configuration has for them.
func (s *Signature) Problems(secrets string) pos.Problems {
	var problems pos.Problems
	if s.Header == "" {
		problems = append(problems, pos.Problem{Field: "Header", Reason: "is empty"})
	}
	if s.URL != "" {
		if u, err := url.Parse(s.URL); err != nil || u.Host == "" {
			problems = append(problems, pos.Problem{Field: "URL", Reason: "is not a full URL"})
		}
	}
	if len(s.Secrets) == 0 {
		problems = append(problems, pos.Problem{Field: secrets, Reason: "there is none"})
	}
	for i, secret := range s.Secrets {
		if _, reason := s.key(secret); reason != "" {
			problems = append(problems, pos.Problem{Field: fmt.Sprintf("%s[%d]", secrets, i), Reason: reason})
		}
	}
	return problems
}

// key reads a secret, or says what is wrong with it.
func (s *Signature) key(secret pos.Secret) (key []byte, reason string) {
	key = []byte(secret.Reveal())
	if s.Base64Secret {
		var err error
		if key, err = base64.StdEncoding.DecodeString(secret.Reveal()); err != nil {
			return nil, "is not base64"
		}
	}
	if len(key) == 0 {
		return nil, "is empty"
	}
	return key, ""
}

// Accept takes another secret, such as that of a subscription made anew. The
// one that was accepted last before stays valid beside it, for callbacks that
// are under way; older ones are dropped.
func (v *Verifier) Accept(secret pos.Secret) error {
	key, reason := v.sig.key(secret)
	if reason != "" {
		return &pos.Error{Op: "Accept", Kind: pos.KindInvalid, Err: pos.Problems{{Field: "secret", Reason: reason}}}
	}
	for {
		old := v.keys.Load()
		if hmac.Equal((*old)[0], key) {
			return nil
		}
		if v.keys.CompareAndSwap(old, &[][]byte{key, (*old)[0]}) {
			return nil
		}
	}
}

// Verify proves that the vendor signed these raw bytes. The error is one of
// ErrNoSignature, ErrBadSignature, ErrTimestamp and ErrSignatureMismatch. A
// mismatch that comes from a wrong URL or a re-encoded body says so.
func (v *Verifier) Verify(header http.Header, body []byte) error {
	if err := v.verify(header, body); err != nil {
		return &pos.Error{Op: "VerifyWebhook", Kind: pos.KindAuth, Err: err}
	}
	return nil
}

func (v *Verifier) verify(header http.Header, body []byte) error {
	text := header.Get(v.sig.Header)
	if text == "" {
		return fmt.Errorf("%w in header %s", ErrNoSignature, v.sig.Header)
	}
	stamp, texts, err := v.split(text)
	if err != nil {
		return err
	}
	macs := make([][]byte, 0, len(texts))
	for _, t := range texts {
		mac, err := v.decode(t)
		if err != nil {
			return err
		}
		macs = append(macs, mac)
	}
	if !v.matches(macs, v.sig.URL, stamp, body) {
		if hint := v.hint(macs, stamp, body); hint != "" {
			return fmt.Errorf("%w: it would %s", ErrSignatureMismatch, hint)
		}
		return ErrSignatureMismatch
	}
	return v.checkAge(stamp) // only of a stamp that is proved
}

// maxMACs is how many signatures of one callback are looked at.
const maxMACs = 8

// split takes the header apart: the time stamp with its dot, if there is one,
// and the signatures.
func (v *Verifier) split(text string) (stamp string, macs []string, err error) {
	if v.sig.Tolerance <= 0 {
		rest, ok := strings.CutPrefix(text, v.sig.Prefix)
		if !ok {
			return "", nil, fmt.Errorf("%w: %q is missing", ErrBadSignature, v.sig.Prefix)
		}
		return "", []string{rest}, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); {
		case name == "t" && stamp == "":
			stamp = value + "."
		case name == "v1" && len(macs) < maxMACs:
			macs = append(macs, value)
		}
	}
	if stamp == "" || len(macs) == 0 {
		return "", nil, fmt.Errorf("%w: t or v1 is missing", ErrBadSignature)
	}
	return stamp, macs, nil
}

func (v *Verifier) decode(text string) (mac []byte, err error) {
	if v.sig.Encoding == Hex {
		mac, err = hex.DecodeString(text)
	} else {
		mac, err = base64.StdEncoding.Strict().DecodeString(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: not the expected encoding", ErrBadSignature)
	}
	return mac, nil
}

// matches reports whether any secret made any of the signatures. It tries all
// of them, in constant time each.
func (v *Verifier) matches(macs [][]byte, target, stamp string, body []byte) bool {
	found := false
	for _, key := range *v.keys.Load() {
		h := hmac.New(v.sig.Hash, key)
		h.Write([]byte(target))
		h.Write([]byte(stamp))
		h.Write(body)
		want := h.Sum(nil)
		for _, mac := range macs {
			if hmac.Equal(mac, want) {
				found = true
			}
		}
	}
	return found
}

func (v *Verifier) checkAge(stamp string) error {
	if v.sig.Tolerance <= 0 {
		return nil
	}
	seconds, err := strconv.ParseInt(strings.TrimSuffix(stamp, "."), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the time is not a number", ErrBadSignature)
	}
	if age := time.Since(time.Unix(seconds, 0)); age > v.sig.Tolerance || -age > v.sig.Tolerance {
		return fmt.Errorf("%w: %s off", ErrTimestamp, age.Round(time.Second))
	}
	return nil
}
