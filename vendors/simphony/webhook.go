package simphony

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Headers of a notification.
const (
	digestHeader = "Digest"
	keyIDHeader  = "Key-Id"
)

// WebhookKey is a key that notifications are signed with.
type WebhookKey struct {
	// ID is the GUID under which the key was registered. Required.
	ID string `json:"id"`
	// Key is base64 of at least 32 random bytes. Required.
	Key pos.Secret `json:"key"`
}

// WebhookConfig is the subscriber of one API account.
type WebhookConfig struct {
	// Keys are the registered key, and the one before while keys are rotated.
	// Required.
	Keys []WebhookKey `json:"keys"`
}

// Webhook understands the notifications of STS2. It implements [pos.Webhook].
type Webhook struct{ verifiers map[string]*kit.Verifier }

var _ pos.Webhook = (*Webhook)(nil)

// NewWebhook checks the whole configuration.
func NewWebhook(cfg WebhookConfig) (*Webhook, error) {
	if ps := cfg.problems(); len(ps) > 0 {
		return nil, fail("NewWebhook", pos.KindInvalid, ps)
	}
	w := &Webhook{make(map[string]*kit.Verifier)}
	for _, k := range cfg.Keys {
		v, err := kit.NewVerifier(kit.Signature{Header: digestHeader, Secrets: []pos.Secret{k.Key}, Base64Secret: true})
		if err != nil {
			return nil, err
		}
		w.verifiers[strings.ToLower(k.ID)] = v
	}
	return w, nil
}

const minKey = 32 // bytes

func (c *WebhookConfig) problems() pos.Problems {
	var ch checker
	ch.check(len(c.Keys) > 0, "Keys", "there is none")
	seen := make(map[string]bool)
	for i := range c.Keys {
		at, id := fmt.Sprintf("Keys[%d].", i), strings.ToLower(c.Keys[i].ID)
		ch.problems = append(ch.problems, c.Keys[i].problems(at)...)
		ch.check(id == "" || !seen[id], at+"ID", "appears twice")
		seen[id] = true
	}
	return ch.problems
}

func (k *WebhookKey) problems(at string) pos.Problems {
	var ch checker
	key, err := base64.StdEncoding.DecodeString(k.Key.Reveal())
	ch.check(k.ID != "", at+"ID", "is empty")
	ch.check(err == nil && len(key) >= minKey, at+"Key", "must be base64 of at least 32 bytes")
	return ch.problems
}

// Verify implements [pos.Webhook]. The digest is over the raw body, or, since
// the vendor speaks of ASCII, over the body with a question mark for every
// other character. Nothing in it is a time: repeats are told by
// [pos.Notice].ID.
func (w *Webhook) Verify(h http.Header, body []byte) error {
	v := w.verifiers[strings.ToLower(h.Get(keyIDHeader))]
	if v == nil {
		return fail("VerifyWebhook", pos.KindAuth, fmt.Errorf("%w: Key-Id names no key of ours", kit.ErrBadSignature))
	}
	err := v.Verify(h, body)
	if errors.Is(err, kit.ErrSignatureMismatch) {
		if replaced, differs := inASCII(body); differs && v.Verify(h, replaced) == nil {
			return nil
		}
	}
	return err
}

// inASCII replaces what is not ASCII as .NET does: one question mark for each
// UTF-16 unit.
func inASCII(body []byte) (out []byte, differs bool) {
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xFFFF:
			out, differs = append(out, "??"...), true
		default:
			out, differs = append(out, '?'), true
		}
		i += size
	}
	return out, differs
}

// Parse implements [pos.Webhook]. A body with several messages gives a notice
// for each of a known kind.
func (w *Webhook) Parse(_ http.Header, body []byte) ([]pos.Notice, error) {
	var n notification
	if err := kit.Unmarshal(body, &n); err != nil {
		return nil, fail("ParseWebhook", pos.KindProtocol, err)
	}
	var notices []pos.Notice
	for i := range n.Messages {
		if notice, ok := n.Messages[i].notice(); ok {
			notices = append(notices, notice)
		}
	}
	return notices, nil
}

// noticeJobs are the jobs that have news, by kind of message. A change of the
// configuration may be one of the menu or of what is sold out.
var noticeJobs = map[string][]pos.Job{
	"CheckNotification":         {pos.JobPurchases},
	"OrganizationsNotification": {pos.JobStatus},
	"ConfigurationNotification": {pos.JobInventory},
}

func (m *message) notice() (pos.Notice, bool) {
	jobs := noticeJobs[m.Type.ID]
	if len(jobs) == 0 || m.ID == "" {
		return pos.Notice{}, false
	}
	at, err := time.Parse(time.RFC3339, first(m.Data.At, m.Created))
	if err != nil {
		at = time.Time{}
	}
	return pos.Notice{
		ID: m.ID, Type: m.Type.ID, Account: strings.ToLower(m.Resource.Org), Job: jobs[0],
		Location: strings.ToLower(m.Resource.LocRef), At: at.UTC(),
	}, true
}

// Subscribe registers the key and subscribes the callback to what this
// provider understands, for the whole organization. Subscriptions that exist
// are kept, so that it may be called at every start. Oracle calls only https
// hosts of certain top-level domains on port 443.
func (p *Provider) Subscribe(ctx context.Context, callback string, key WebhookKey) error {
	const op = "Subscribe"
	if p.sts == nil {
		return pos.Unsupported(vendor, op, p.describe.Capabilities.Webhooks.Why, "polling")
	}
	if ps := key.problems(""); len(ps) > 0 {
		return fail(op, pos.KindInvalid, ps)
	}
	r := kit.Request{Op: "PutRegistration", Method: http.MethodPut, Path: "/notifications/registration", Repeatable: true}
	if _, err := p.sts.JSON(ctx, r, subscriber{key.ID, key.Key.Reveal(), "hmac-sha256"}, nil); err != nil {
		return err
	}
	var have subscriptions
	r = kit.Request{Op: "ListSubscriptions", Method: http.MethodGet, Path: "/notifications/subscriptions"}
	if _, err := p.sts.JSON(ctx, r, nil, &have); err != nil {
		return err
	}
	for _, kind := range sortedKeys(noticeJobs) {
		want := subscription{CallbackURI: callback, MessageType: messageType{kind}, PostOffice: postOffice{"PushOnePostOffice"}, Org: p.cfg.Org}
		if have.has(&want) {
			continue
		}
		r := kit.Request{Op: "CreateSubscription", Method: http.MethodPost, Path: "/notifications/subscriptions"}
		if _, err := p.sts.JSON(ctx, r, want, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *subscriptions) has(want *subscription) bool {
	for _, x := range *s {
		if x.CallbackURI == want.CallbackURI && x.MessageType == want.MessageType && x.LocRef == "" {
			return true
		}
	}
	return false
}
