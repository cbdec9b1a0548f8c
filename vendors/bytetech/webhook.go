package bytetech

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// WebhookConfig says how callbacks are verified.
type WebhookConfig struct {
	// Secrets are the subscription's secrets as the vendor shows them,
	// "whsec_" included; old and new one while they are rotated. Required.
	Secrets []pos.Secret `json:"secrets"`
	// Profile and ProfilePatch are those of [Config].
	Profile      json.RawMessage `json:"profile,omitempty"`
	ProfilePatch json.RawMessage `json:"profile_patch,omitempty"`
}

// Webhook understands the vendor's callbacks. It implements [pos.Webhook].
type Webhook struct {
	*kit.Verifier
	profile *profile
}

var _ pos.Webhook = (*Webhook)(nil)

// NewWebhook checks secrets and profile.
func NewWebhook(cfg WebhookConfig) (*Webhook, error) {
	prof, problems := loadProfile(cfg.Profile, cfg.ProfilePatch)
	if len(problems) > 0 { // The secrets are looked at all the same.
		prof, _ = loadProfile(nil, nil)
	}
	w := prof.Webhook
	sig := kit.Signature{Header: w.SignatureHeader, Secrets: slices.Clone(cfg.Secrets), Encoding: kit.Hex, Tolerance: seconds(w.Tolerance)}
	if w.Encoding == "base64" {
		sig.Encoding = kit.Base64
	}
	if problems = append(problems, sig.Problems("Secrets")...); len(problems) > 0 {
		return nil, &pos.Error{Vendor: Vendor, Op: "NewWebhook", Kind: pos.KindInvalid, Err: problems}
	}
	v, err := kit.NewVerifier(sig)
	if err != nil {
		return nil, err
	}
	return &Webhook{v, prof}, nil
}

// maxEvent is the most that a callback may hold.
const maxEvent = 1 << 20

// Parse implements [pos.Webhook]. Callbacks are thin: a notice about a sale
// names the transaction, all others only what to poll.
func (w *Webhook) Parse(header http.Header, body []byte) ([]pos.Notice, error) {
	fail := func(reason error) ([]pos.Notice, error) {
		return nil, &pos.Error{Vendor: Vendor, Op: "ParseWebhook", Kind: pos.KindProtocol, Err: reason}
	}
	if len(body) > maxEvent {
		return fail(errNoObject)
	}
	var event map[string]json.RawMessage
	if err := kit.Unmarshal(body, &event); err != nil || event == nil {
		return fail(errNoObject)
	}
	var o object
	if err := w.profile.shapes.event.read(body, &w.profile.Encoding, &o); err != nil {
		return fail(err)
	}
	f := w.profile.Fields.Event
	n := pos.Notice{
		ID: o.text(f.ID), Type: o.text(f.Type), Account: o.text(f.Account), Location: o.text(f.Kiosk),
		At: o.instant(f.Created), Job: w.job(o.text(f.Type)), Raw: slices.Clone(body),
	}
	if n.Job == "" {
		return nil, nil
	}
	if n.ID == "" {
		n.ID = header.Get(w.profile.Webhook.IDHeader)
	}
	if id := o.text(f.Transaction); n.Job == pos.JobPurchases && id != "" {
		n.Records = []string{id}
	}
	return []pos.Notice{n}, nil
}

// job finds the job of an event type: by the type itself, or by what stands
// before one of its dots with ".*".
func (w *Webhook) job(event string) pos.Job {
	events := w.profile.Webhook.Events
	if job, ok := events[event]; ok {
		return pos.Job(job)
	}
	for at := strings.LastIndexByte(event, '.'); at >= 0; at = strings.LastIndexByte(event[:at], '.') {
		if job, ok := events[event[:at]+".*"]; ok {
			return pos.Job(job)
		}
	}
	return ""
}
