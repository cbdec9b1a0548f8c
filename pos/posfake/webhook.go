package posfake

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
)

// WebhookSecret signs the callbacks of a Fake whose configuration names no
// secret of its own.
const WebhookSecret = "posfake-webhook-secret"

// SignatureHeader carries the signature of a callback: hexadecimal HMAC-SHA256
// of the body.
const SignatureHeader = "Posfake-Signature"

// Callback is a webhook request as a vendor sends it.
type Callback struct {
	Header http.Header
	Body   []byte
}

// Sign returns a signed callback with the notice.
func Sign(secret pos.Secret, n pos.Notice) Callback {
	body, _ := json.Marshal(n) // plain data always marshals
	header := http.Header{"Content-Type": {"application/json"}}
	header.Set(SignatureHeader, hex.EncodeToString(signature(secret, body)))
	return Callback{header, body}
}

func signature(secret pos.Secret, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	_, _ = mac.Write(body)
	return mac.Sum(nil)
}

// Callbacks returns the callbacks that were sent since the last call.
func (f *Fake) Callbacks() []Callback {
	f.mu.Lock()
	defer f.mu.Unlock()
	sent := f.outbox
	f.outbox = nil
	return sent
}

// Webhook returns what verifies and reads the callbacks of this account.
func (f *Fake) Webhook() pos.Webhook { return webhook{f.cfg.WebhookSecret} }

// Subscription returns the account's standing order for callbacks.
func (f *Fake) Subscription() pos.Subscription { return subscription{f} }

// DropSubscription ends the subscription, as vendors do without a word.
func (f *Fake) DropSubscription() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unsubscribed = true
}

type subscription struct{ fake *Fake }

// Ensure implements [pos.Subscription].
func (s subscription) Ensure(ctx context.Context) (restored bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.fake.mu.Lock()
	defer s.fake.mu.Unlock()
	restored = s.fake.unsubscribed
	s.fake.unsubscribed = false
	return restored, nil
}

// notify sends a callback about a change, under the lock.
func (f *Fake) notify(job pos.Job, kind, location string, records ...string) {
	if f.unsubscribed || !f.caps.Webhooks.OK() || !slices.Contains(f.caps.Webhooks.Jobs, job) {
		return
	}
	f.notices++
	n := pos.Notice{
		ID: fmt.Sprintf("evt-%06d", f.notices), Type: kind, Account: f.cfg.Account,
		Job: job, Location: location, Records: records, At: f.now(),
	}
	if _, silent := f.faults.stands(FaultSilence); silent {
		return
	}
	times := 1
	if repeat, ok := f.faults.stands(FaultRepeat); ok {
		times = max(repeat.Times, 1)
	}
	for range times {
		f.outbox = append(f.outbox, Sign(f.cfg.WebhookSecret, n))
	}
}

type webhook struct{ secret pos.Secret }

// Verify implements [pos.Webhook].
func (w webhook) Verify(header http.Header, body []byte) error {
	fail := func(why string) error {
		return &pos.Error{Vendor: "posfake", Op: "Verify", Kind: pos.KindAuth, Err: errors.New(why)}
	}
	got, err := hex.DecodeString(header.Get(SignatureHeader))
	switch {
	case header.Get(SignatureHeader) == "":
		return fail("no " + SignatureHeader + " header")
	case err != nil:
		return fail("the signature is not hexadecimal")
	case !hmac.Equal(got, signature(w.secret, body)):
		return fail("the signature does not match the body")
	}
	return nil
}

// Parse implements [pos.Webhook].
func (w webhook) Parse(_ http.Header, body []byte) ([]pos.Notice, error) {
	var n pos.Notice
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, &pos.Error{Vendor: "posfake", Op: "Parse", Kind: pos.KindProtocol, Err: err}
	}
	if n.ID == "" || !slices.Contains(append(pos.Jobs(), pos.JobAccount), n.Job) {
		return nil, nil
	}
	return []pos.Notice{n}, nil
}
