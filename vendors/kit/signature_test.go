package kit_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

func mac(h func() hash.Hash, key string, parts ...string) []byte {
	m := hmac.New(h, []byte(key))
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}

func sign64(key string, parts ...string) string {
	return base64.StdEncoding.EncodeToString(mac(sha256.New, key, parts...))
}

func signHex(key string, parts ...string) string {
	return hex.EncodeToString(mac(sha256.New, key, parts...))
}

func secrets(texts ...string) []pos.Secret {
	var list []pos.Secret
	for _, s := range texts {
		list = append(list, pos.NewSecret(s))
	}
	return list
}

func verifier(t testing.TB, s kit.Signature) *kit.Verifier {
	t.Helper()
	s.Header = "X-Sig"
	v, err := kit.NewVerifier(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const body, target = `{"type":"sale"}`, "https://hooks.farmacy.example/acme?tenant=7"
	const raw = "\x01\x02\x03binary key"
	url := kit.Signature{Secrets: secrets("fake-1"), URL: target}
	rotating := kit.Signature{Secrets: secrets("fake-new", "fake-old")}
	tests := map[string]struct {
		sig    kit.Signature
		header string
		want   error
	}{
		"base64 of the body":    {rotating, sign64("fake-new", body), nil},
		"old secret":            {rotating, sign64("fake-old", body), nil},
		"other secret":          {rotating, sign64("fake-xxx", body), kit.ErrSignatureMismatch},
		"other body":            {rotating, sign64("fake-new", body+"x"), kit.ErrSignatureMismatch},
		"none":                  {rotating, "", kit.ErrNoSignature},
		"not base64":            {rotating, "!!", kit.ErrBadSignature},
		"shortened":             {rotating, base64.StdEncoding.EncodeToString(mac(sha256.New, "fake-new", body)[:16]), kit.ErrSignatureMismatch},
		"URL and body":          {url, sign64("fake-1", target, body), nil},
		"body without URL":      {url, sign64("fake-1", body), kit.ErrSignatureMismatch},
		"hex with prefix":       {kit.Signature{Secrets: secrets("k"), Encoding: kit.Hex, Prefix: "sha256="}, "sha256=" + signHex("k", body), nil},
		"prefix missing":        {kit.Signature{Secrets: secrets("k"), Encoding: kit.Hex, Prefix: "sha256="}, signHex("k", body), kit.ErrBadSignature},
		"secret in base64":      {kit.Signature{Secrets: secrets(base64.StdEncoding.EncodeToString([]byte(raw))), Base64Secret: true}, sign64(raw, body), nil},
		"SHA-1":                 {kit.Signature{Secrets: secrets("k"), Hash: sha1.New}, base64.StdEncoding.EncodeToString(mac(sha1.New, "k", body)), nil},
		"SHA-1 is not expected": {kit.Signature{Secrets: secrets("k")}, base64.StdEncoding.EncodeToString(mac(sha1.New, "k", body)), kit.ErrSignatureMismatch},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if test.header != "" {
				h.Set("X-Sig", test.header)
			}
			checkVerify(t, verifier(t, test.sig).Verify(h, []byte(body)), test.want)
		})
	}
}

func checkVerify(t *testing.T, err, want error) {
	t.Helper()
	if want == nil && err != nil || !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if err != nil && !errors.Is(err, pos.ErrAuth) {
		t.Errorf("%v is no ErrAuth", err)
	}
}

// TestVerifyPublishedVectors uses what vendors publish for their own SDKs.
func TestVerifyPublishedVectors(t *testing.T) {
	t.Parallel()
	v := verifier(t, kit.Signature{Secrets: secrets("signature-key"), URL: "https://webhook.site/webhooks"})
	for body, signature := range map[string]string{
		`{"data":{"type":"webhooks","id":"fake_id"}}`: "W3FlCNk5IA3ZQ2LHTWoajvzfaDu/OwY2tNHIHC3IUOA=",
		`{"data":{"type":"webhooks","id":">id<"}}`:    "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U=",
	} {
		if err := v.Verify(http.Header{"X-Sig": {signature}}, []byte(body)); err != nil {
			t.Error(err)
		}
	}
}

func TestVerifyTimestamps(t *testing.T) {
	t.Parallel()
	const body = `{}`
	synctest.Test(t, func(t *testing.T) {
		v := verifier(t, kit.Signature{Secrets: secrets("new", "old"), Encoding: kit.Hex, Tolerance: 5 * time.Minute})
		at := func(offset time.Duration, keys ...string) string {
			stamp := strconv.FormatInt(time.Now().Add(offset).Unix(), 10)
			parts := []string{"t=" + stamp}
			for _, k := range keys {
				parts = append(parts, "v1="+signHex(k, stamp, ".", body))
			}
			return strings.Join(parts, ",")
		}
		for name, test := range map[string]struct {
			header string
			want   error
		}{
			"now":                 {at(0, "new"), nil},
			"both secrets":        {at(0, "other", "old"), nil},
			"at the limit":        {at(-5*time.Minute, "new"), nil},
			"too old":             {at(-5*time.Minute-time.Second, "new"), kit.ErrTimestamp},
			"from the future":     {at(5*time.Minute+time.Second, "new"), kit.ErrTimestamp},
			"old, other secret":   {at(-time.Hour, "other"), kit.ErrSignatureMismatch},
			"time changed":        {strings.Replace(at(0, "new"), "t=9", "t=8", 1), kit.ErrSignatureMismatch},
			"no time":             {"v1=" + signHex("new", body), kit.ErrBadSignature},
			"no signature":        {"t=1", kit.ErrBadSignature},
			"not hex":             {"t=1,v1=xyz", kit.ErrBadSignature},
			"time not a number":   {"t=x,v1=" + signHex("new", "x.", body), kit.ErrBadSignature},
			"empty":               {",", kit.ErrBadSignature},
			"spaces, other parts": {strings.ReplaceAll(at(0, "new"), ",", ", v0=zz , "), nil},
		} {
			err := v.Verify(http.Header{"X-Sig": {test.header}}, []byte(body))
			if test.want == nil && err != nil || !errors.Is(err, test.want) {
				t.Errorf("%s: got %v, want %v", name, err, test.want)
			}
		}
	})
}

func TestMismatchHints(t *testing.T) {
	t.Parallel()
	const (
		key    = "fake-key"
		target = "https://hooks.farmacy.example:8443/acme?tenant=7"
		body   = "{\"note\":\"a<b/c\", \"n\": 1}"
	)
	tests := map[string]struct {
		url, body string // what the vendor signed
		hint      string
	}{
		"http":           {"http://hooks.farmacy.example:8443/acme?tenant=7", body, "http instead of https"},
		"slash":          {"https://hooks.farmacy.example:8443/acme/?tenant=7", body, "with a slash at the end"},
		"http and slash": {"http://hooks.farmacy.example:8443/acme/?tenant=7", body, "slash at the end of the URL's path and http"},
		"query":          {"https://hooks.farmacy.example:8443/acme", body, "without the URL's query"},
		"port":           {"https://hooks.farmacy.example/acme?tenant=7", body, "without the URL's port"},
		"no URL":         {"", body, "without any URL"},
		"line end":       {target, body + "\n", "line end behind the body"},
		"compacted":      {target, `{"note":"a<b/c","n":1}`, "re-encoded"},
		"escaped":        {target, `{"note":"a\u003cb/c","n":1}`, "re-encoded"},
		"indented":       {target, "{\n  \"note\": \"a<b/c\",\n  \"n\": 1\n}", "re-encoded"},
		"forged":         {"https://evil.test", body, ""},
	}
	v := verifier(t, kit.Signature{Secrets: secrets(key), URL: target})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := v.Verify(http.Header{"X-Sig": {sign64(key, test.url, test.body)}}, []byte(body))
			checkVerify(t, err, kit.ErrSignatureMismatch)
			if !strings.Contains(err.Error(), test.hint) || (test.hint == "") != !strings.Contains(err.Error(), "would match") {
				t.Errorf("got %v, want a hint at %q", err, test.hint)
			}
			expected := mac(sha256.New, key, target, body)
			for _, shown := range []string{base64.StdEncoding.EncodeToString(expected), hex.EncodeToString(expected), key} {
				if strings.Contains(err.Error(), shown) {
					t.Errorf("%v shows %s", err, shown)
				}
			}
		})
	}
}

func TestVerifierConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]kit.Signature{
		"nothing":      {},
		"no secret":    {Header: "X-Sig"},
		"empty secret": {Header: "X-Sig", Secrets: secrets("a", "")},
		"not base64":   {Header: "X-Sig", Secrets: secrets("!"), Base64Secret: true},
		"no header":    {Secrets: secrets("a")},
		"relative URL": {Header: "X-Sig", Secrets: secrets("a"), URL: "/hook"},
	} {
		if _, err := kit.NewVerifier(s); !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	const key = "fake-key"
	stamped := verifier(f, kit.Signature{Secrets: secrets(key), Encoding: kit.Hex, Tolerance: time.Minute})
	plain := verifier(f, kit.Signature{Secrets: secrets(key), URL: "https://a.test/hook"})
	f.Add("t=1,v1=00", []byte("{}"))
	f.Add(sign64(key, "https://a.test/hook/", "{}"), []byte("{}"))
	f.Add("t=99999999999999999999,v1="+signHex(key, "99999999999999999999.", "x"), []byte("x"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		h := http.Header{"X-Sig": {header}}
		if err := stamped.Verify(h, body); err != nil && !errors.Is(err, pos.ErrAuth) {
			t.Errorf("got %v", err)
		}
		right := header == sign64(key, "https://a.test/hook", string(body))
		if err := plain.Verify(h, body); right != (err == nil) || err != nil && !errors.Is(err, pos.ErrAuth) {
			t.Errorf("got %v", err)
		}
	})
}

func TestVerifierAcceptsAnotherSecret(t *testing.T) {
	t.Parallel()
	sign := func(secret string) http.Header {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("body"))
		return http.Header{"X-Sig": {hex.EncodeToString(mac.Sum(nil))}}
	}
	v := verifier(t, kit.Signature{Secrets: []pos.Secret{pos.NewSecret("one"), pos.NewSecret("older")}, Encoding: kit.Hex})
	if err := v.Accept(pos.Secret{}); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("an empty secret: %v", err)
	}
	for range 2 { // the second time changes nothing
		if err := v.Accept(pos.NewSecret("two")); err != nil {
			t.Fatal(err)
		}
	}
	for secret, want := range map[string]bool{"two": true, "one": true, "older": false, "three": false} {
		if err := v.Verify(sign(secret), []byte("body")); (err == nil) != want {
			t.Errorf("signed with %q: %v", secret, err)
		}
	}
}
