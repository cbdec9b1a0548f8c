package httppush_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/events/httppush"
	"github.com/farmacyfoods/pointofsale/pos"
)

const (
	oneSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // the sample of the specification
	twoSecret = "whsec_ZmFrZS1zZWNyZXQtb2YtMzItYnl0ZXMtZm9yLXRlc3Rz"
)

func newKeys(t testing.TB, secrets ...string) *httppush.Keys {
	t.Helper()
	var list []pos.Secret
	for _, s := range secrets {
		list = append(list, pos.NewSecret(s))
	}
	keys, err := httppush.NewKeys(list...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestSignatureVectors compares with what openssl computes:
//
//	printf '%s' "$id.$timestamp.$body" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$key -binary | base64
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	newKeys(t, oneSecret, twoSecret).Sign(header, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 987), []byte(`{"test": 2432232314}`))
	for name, want := range map[string]string{
		"webhook-id":        "msg_p5jXN8AQM9LWM0D4loKWxJek",
		"webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,zLC9beNYQpdwmnI4y6lakt1HLtdEWCUIEx+ivkdKoRI=",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const body = `{"a":1}`
		signed := func(ago time.Duration, secrets ...string) http.Header {
			h := http.Header{}
			newKeys(t, secrets...).Sign(h, "id", time.Now().Add(-ago), []byte(body))
			return h
		}
		with := func(name, value string) http.Header {
			h := signed(0, oneSecret)
			h.Set(name, value)
			return h
		}
		good := signed(0, oneSecret).Get("webhook-signature")
		for name, c := range map[string]struct {
			header http.Header
			body   string
			want   error
		}{
			"good":             {signed(0, oneSecret), body, nil},
			"the newer secret": {signed(0, twoSecret), body, nil},
			"while rotating":   {signed(0, oneSecret, twoSecret), body, nil},
			"just in time":     {signed(httppush.Tolerance, oneSecret), body, nil},
			"too late":         {signed(httppush.Tolerance+time.Second, oneSecret), body, httppush.ErrTimestamp},
			"from the future":  {signed(-httppush.Tolerance-time.Second, oneSecret), body, httppush.ErrTimestamp},
			"other version":    {with("webhook-signature", "v1a,xyz "+good), body, nil},
			"other body":       {signed(0, oneSecret), body + " ", httppush.ErrSignatureMismatch},
			"other id":         {with("webhook-id", "other"), body, httppush.ErrSignatureMismatch},
			"other time":       {with("webhook-timestamp", "1"), body, httppush.ErrSignatureMismatch},
			"other secret":     {signed(0, "whsec_"+strings.Repeat("QUJD", 8)), body, httppush.ErrSignatureMismatch},
			"no base64":        {with("webhook-signature", "v1,*"), body, httppush.ErrSignatureMismatch},
			"too many":         {with("webhook-signature", strings.Repeat("v1,QUJD ", 16)+good), body, httppush.ErrSignatureMismatch},
			"none":             {http.Header{}, body, httppush.ErrNoSignature},
			"no id":            {with("webhook-id", ""), body, httppush.ErrNoSignature},
		} {
			err := newKeys(t, oneSecret, twoSecret).Verify(c.header, []byte(c.body))
			if !errors.Is(err, c.want) || c.want != nil && !errors.Is(err, pos.ErrAuth) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
	})
}

func TestNewKeysRefuses(t *testing.T) {
	t.Parallel()
	const short = "whsec_c2hvcnQ="
	_, err := httppush.NewKeys(pos.NewSecret(oneSecret), pos.NewSecret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), pos.NewSecret("whsec_*"), pos.NewSecret(short), pos.Secret{})
	var ps pos.Problems
	if !errors.As(err, &ps) || len(ps) != 4 || !errors.Is(err, pos.ErrInvalid) {
		t.Fatal(err)
	}
	for _, secret := range []string{"MfKQ", "c2hv", "*"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	if _, err := httppush.NewKeys(); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("no secret: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	keys := newKeys(f, oneSecret)
	good := http.Header{}
	keys.Sign(good, "id", time.Now(), []byte("x"))
	f.Add("id", good.Get("webhook-timestamp"), good.Get("webhook-signature"), []byte("y"))
	f.Add("", "-1", "v1, v1,= v2", []byte{})
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature}}
		if err := keys.Verify(h, body); err == nil && string(body) != "x" {
			t.Errorf("verified %q %q %q %q", id, stamp, signature, body)
		}
	})
}
