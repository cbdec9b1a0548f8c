package bytetechfake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

const (
	oldSecretLife = 24 * time.Hour
	giveUpAfter   = 72 * time.Hour // without a success the subscription is disabled
)

// retries are the waits between the attempts of a delivery.
var retries = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour}

// eventTypes are the events that can be subscribed to.
var eventTypes = []string{
	"transaction.placed", "transaction.price_finalized", "transaction.processed", "transaction.adjusted", "transaction.refunded",
	"transaction.voided", "transaction.declined", "transaction.error", "inventory.changed", "restock.completed",
	"kiosk.status_changed", "kiosk.temperature_alert", "product.updated", "discount.started", "discount.ended", "coupon.redeemed", "ping",
}

// subscription is one receiver of webhooks.
type subscription struct {
	id       string
	client   *Client
	url      string
	types    []string
	kiosks   []string // empty: all
	enabled  bool
	secret   string
	old      string // signs along until oldUntil
	oldUntil time.Time
	created  time.Time
	success  time.Time // last one, or when it was enabled
}

func (s *subscription) key() string { return s.id }

// wants reports whether the subscription is for that event of that kiosk, which
// is nil for events of the account.
func (s *subscription) wants(event string, k *kiosk) bool {
	if !s.enabled || k != nil && (!s.client.sees(k) || !inScope(s.kiosks, k.id)) {
		return false
	}
	return slices.ContainsFunc(s.types, func(pattern string) bool { return matches(pattern, event) })
}

// matches compares an event type with a type, a family such as kiosk.*, or *.
func matches(pattern, event string) bool {
	prefix, family := strings.CutSuffix(pattern, "*")
	return pattern == event || family && strings.HasPrefix(event, prefix)
}

type eventView struct {
	ID        string  `json:"id"`
	Type      string  `json:"type"`
	CreatedAt string  `json:"created_at"`
	AccountID string  `json:"account_id"`
	KioskID   *string `json:"kiosk_id"`
	Data      any     `json:"data"`
}

// Sign returns the value of the Byte-Signature header for a body sent at t:
// hexadecimal HMAC-SHA256 of t in Unix seconds, a full stop and the raw body,
// keyed with the whole secret. While a secret is being replaced, deliveries
// carry a second v1 of the old one.
func Sign(secret string, t time.Time, body []byte) string {
	return "t=" + strconv.FormatInt(t.Unix(), 10) + ",v1=" + mac(secret, t, body)
}

func mac(secret string, t time.Time, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write([]byte(strconv.FormatInt(t.Unix(), 10) + "."))
	_, _ = h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// emit tells the subscribers of an event; an empty kiosk means the account.
func (f *Fake) emit(event, kioskID string, data any) {
	if len(f.subscriptions) == 0 {
		return
	}
	k, _ := f.kiosks.get(kioskID)
	v := eventView{Type: event, CreatedAt: stamp(f.now), AccountID: accountID, KioskID: optional(kioskID), Data: data}
	for _, s := range f.subscriptions {
		if !s.wants(event, k) {
			continue
		}
		if v.ID == "" {
			v.ID = f.id("evt")
		}
		f.send(s, v)
	}
}

func (f *Fake) send(s *subscription, v eventView) {
	body, err := json.Marshal(v)
	if err != nil {
		panic("bytetechfake: event " + v.Type + ": " + err.Error())
	}
	f.sender.Send(fakekit.Delivery{URL: s.url, Event: v.Type, ID: v.ID, Body: body, Tag: s})
}

// prepare signs one attempt.
func (f *Fake) prepare(r *http.Request, d fakekit.Delivery) {
	s := d.Tag.(*subscription)
	f.mu.Lock()
	defer f.mu.Unlock()
	signature := Sign(s.secret, d.At, d.Body)
	if s.old != "" && d.At.Before(s.oldUntil) {
		signature += ",v1=" + mac(s.old, d.At, d.Body)
	}
	r.Header.Set("Byte-Event-Id", d.ID)
	r.Header.Set("Byte-Event-Type", d.Event)
	r.Header.Set("Byte-Delivery-Attempt", strconv.Itoa(d.Attempt))
	r.Header.Set("Byte-Signature", signature)
}

// delivered disables receivers that are gone or have failed for long.
func (f *Fake) delivered(res fakekit.Result) {
	s := res.Tag.(*subscription)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case res.Outcome == "ok":
		s.success = res.At
	case res.Status == http.StatusGone, res.At.Sub(s.success) >= giveUpAfter:
		s.enabled = false
	}
}

type webhookView struct {
	WebhookID  string   `json:"webhook_id"`
	URL        string   `json:"url"`
	EventTypes []string `json:"event_types"`
	KioskIDs   []string `json:"kiosk_ids"`
	Enabled    bool     `json:"enabled"`
	Secret     string   `json:"secret,omitempty"`
	CreatedAt  string   `json:"created_at"`
}

// view hides the secret unless it is new.
func (s *subscription) view(withSecret bool) webhookView {
	v := webhookView{s.id, s.url, list(s.types), list(s.kiosks), s.enabled, "", stamp(s.created)}
	if withSecret {
		v.Secret = s.secret
	}
	return v
}

type webhookWrite struct {
	URL        *string   `json:"url"`
	EventTypes *[]string `json:"event_types"`
	KioskIDs   *[]string `json:"kiosk_ids"`
	Enabled    *bool     `json:"enabled"`
}

// apply checks the given fields and writes them.
func (c *call) apply(w webhookWrite, s *subscription) error {
	if w.URL != nil {
		u, err := url.Parse(*w.URL)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(c.cfg.InsecureWebhooks && u.Scheme == "http") {
			return invalid("url", "is not an https URL")
		}
	}
	if w.EventTypes != nil {
		if len(*w.EventTypes) == 0 {
			return invalid("event_types", "is empty")
		}
		for i, pattern := range *w.EventTypes {
			if !slices.ContainsFunc(eventTypes, func(event string) bool { return matches(pattern, event) }) {
				return invalid("event_types["+strconv.Itoa(i)+"]", "is no event type")
			}
		}
	}
	for i, id := range deref(w.KioskIDs) {
		if k, ok := c.kiosks.get(id); !ok || !c.sees(k) {
			return invalid("kiosk_ids["+strconv.Itoa(i)+"]", "names no kiosk")
		}
	}
	if w.URL != nil {
		s.url = *w.URL
	}
	if w.EventTypes != nil {
		s.types = *w.EventTypes
	}
	if w.KioskIDs != nil {
		s.kiosks = *w.KioskIDs
	}
	if w.Enabled != nil {
		if *w.Enabled && !s.enabled {
			s.success = c.now
		}
		s.enabled = *w.Enabled
	}
	return nil
}

func (c *call) listWebhooks() (int, any, error) {
	return c.page(rowsOf(c.subscriptions, c.owns, func(s *subscription) any { return s.view(false) }))
}

func (c *call) owns(s *subscription) bool { return s.client == c.grant.client }

func (c *call) createWebhook() (int, any, error) {
	var in webhookWrite
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if in.URL == nil || in.EventTypes == nil {
		return 0, nil, invalid("url", "url and event_types are required")
	}
	in.Enabled = nil
	s := &subscription{client: c.grant.client, enabled: true, secret: c.firstSecret(), created: c.now, success: c.now}
	if err := c.apply(in, s); err != nil {
		return 0, nil, err
	}
	s.id = c.Fake.id("wh")
	c.subscriptions.put(s)
	return http.StatusCreated, s.view(true), nil
}

// firstSecret is what a new subscription is signed with.
func (f *Fake) firstSecret() string {
	if f.cfg.WebhookSecret != "" {
		return f.cfg.WebhookSecret
	}
	return f.newSecret()
}

func (f *Fake) newSecret() string { return "whsec_" + fakekit.Text(f.random, fakekit.Hex, 32) }

// pathWebhook is the subscription in the path.
func (c *call) pathWebhook() (*subscription, error) {
	s, ok := c.subscriptions.get(c.r.PathValue("webhook_id"))
	if !ok || !c.owns(s) {
		return nil, notFound("webhook")
	}
	return s, nil
}

func (c *call) updateWebhook() (int, any, error) {
	s, err := c.pathWebhook()
	if err != nil {
		return 0, nil, err
	}
	var in webhookWrite
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if err := c.apply(in, s); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, s.view(false), nil
}

func (c *call) deleteWebhook() (int, any, error) {
	s, err := c.pathWebhook()
	if err != nil {
		return 0, nil, err
	}
	c.subscriptions.drop(s.id)
	return http.StatusNoContent, nil, nil
}

func (c *call) testWebhook() (int, any, error) {
	s, err := c.pathWebhook()
	if err != nil {
		return 0, nil, err
	}
	if !s.enabled {
		return 0, nil, conflict("invalid_state", "", "the subscription is disabled")
	}
	v := eventView{ID: c.Fake.id("evt"), Type: "ping", CreatedAt: stamp(c.now), AccountID: accountID, Data: struct{}{}}
	c.send(s, v)
	return http.StatusOK, v, nil
}

func (c *call) rotateWebhookSecret() (int, any, error) {
	s, err := c.pathWebhook()
	if err != nil {
		return 0, nil, err
	}
	s.old, s.oldUntil, s.secret = s.secret, c.now.Add(oldSecretLife), c.newSecret()
	return http.StatusOK, s.view(true), nil
}

// Subscribe sends events of these types, or of families such as kiosk.*, to a
// URL in the name of the first credential and returns the secret that signs
// them. No type means every type.
func (f *Fake) Subscribe(url string, types ...string) (secret string, err error) {
	defer f.begin()()
	if len(types) == 0 {
		types = []string{"*"}
	}
	s := &subscription{client: &f.cfg.Clients[0], enabled: true, secret: f.firstSecret(), created: f.now, success: f.now}
	c := &call{Fake: f, grant: &grant{client: s.client}}
	if err := c.apply(webhookWrite{URL: &url, EventTypes: &types}, s); err != nil {
		return "", err
	}
	s.id = f.id("wh")
	f.subscriptions.put(s)
	return s.secret, nil
}

// DropSubscriptions ends all subscriptions, as a vendor does without a word.
func (f *Fake) DropSubscriptions() {
	defer f.begin()()
	f.subscriptions = nil
}
