package squarefake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// retrySchedule are the waits between attempts: eleven retries in 24 hours.
var retrySchedule = []time.Duration{
	1 * time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute,
	60 * time.Minute, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
}

// disableAfter is how long a subscription may fail before it is switched off.
const disableAfter = 21 * 24 * time.Hour

// maxEvents bounds the events kept for SearchEvents.
const maxEvents = 10_000

// Sign returns the x-square-hmacsha256-signature of a webhook: the notification
// URL exactly as subscribed, followed by the raw body, under the signature key.
func Sign(key, notificationURL string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(notificationURL))
	_, _ = mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

type subscription struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Enabled    bool     `json:"enabled"`
	EventTypes []string `json:"event_types"`
	URL        string   `json:"notification_url"`
	APIVersion string   `json:"api_version"`
	Key        string   `json:"signature_key"`
	CreatedAt  string   `json:"created_at"`
	UpdatedAt  string   `json:"updated_at"`

	failingSince time.Time
}

type hookBook struct {
	subs    []*subscription
	enabled bool // of the Events API
	events  []storedEvent
}

type storedEvent struct {
	at   time.Time
	body eventBody
}

func newHookBook() hookBook { return hookBook{} }

// event is something to tell subscribers.
type event struct {
	kind, object, id, location string
	data                       map[string]any // nil: the event carries no object
}

type eventBody struct {
	MerchantID string    `json:"merchant_id"`
	LocationID string    `json:"location_id,omitempty"`
	Type       string    `json:"type"`
	EventID    string    `json:"event_id"`
	CreatedAt  string    `json:"created_at"`
	Data       eventData `json:"data"`
}

type eventData struct {
	Type   string         `json:"type"`
	ID     string         `json:"id,omitempty"`
	Object map[string]any `json:"object,omitempty"`
}

// eventTypes are the events that the fake fires.
var eventTypes = []string{
	"catalog.version.updated", "inventory.count.updated", "location.created", "location.updated", "oauth.authorization.revoked",
	"order.created", "order.updated",
	"payment.created", "payment.updated", "refund.created", "refund.updated",
}

// withLocation are the events that name the location in the envelope.
var withLocation = []string{"location.created", "location.updated"}

// notify queues an event for every subscription to it. Call with the lock held.
func (f *Fake) notify(e event) {
	if len(f.hooks.subs) == 0 && !f.hooks.enabled {
		return
	}
	body := eventBody{
		MerchantID: f.cfg.MerchantID, Type: e.kind, EventID: fakekit.UUID(f.rand), CreatedAt: f.Now().Format(time.RFC3339Nano),
		Data: eventData{e.object, e.id, e.data},
	}
	if slices.Contains(withLocation, e.kind) {
		body.LocationID = e.location
	}
	if f.hooks.enabled {
		if len(f.hooks.events) >= maxEvents {
			f.hooks.events = slices.Clone(f.hooks.events[maxEvents/2:])
		}
		f.hooks.events = append(f.hooks.events, storedEvent{f.Now(), body})
	}
	text, _ := json.Marshal(body) // our own structs always encode
	for _, s := range f.hooks.subs {
		if s.Enabled && slices.Contains(s.EventTypes, e.kind) {
			f.sender.Send(fakekit.Delivery{URL: s.URL, Event: e.kind, ID: body.EventID, Body: text, Tag: s.ID})
		}
	}
}

// signDelivery sets the headers of an attempt with the key of that moment.
func (f *Fake) signDelivery(r *http.Request, d fakekit.Delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.subscription(d.Tag); s != nil {
		r.Header.Set("X-Square-Hmacsha256-Signature", Sign(s.Key, s.URL, d.Body))
	}
	r.Header.Set("Square-Environment", "Sandbox")
	r.Header.Set("Square-Initial-Delivery-Timestamp", d.First.Format(time.RFC3339))
	if d.Attempt > 1 {
		reason := map[string]string{"timeout": "http_timeout", "status": "http_error"}[d.Last]
		if reason == "" {
			reason = "other_error"
		}
		r.Header.Set("Square-Retry-Number", strconv.Itoa(d.Attempt-1))
		r.Header.Set("Square-Retry-Reason", reason)
	}
}

// delivered switches a subscription off that has failed for three weeks.
func (f *Fake) delivered(res fakekit.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.subscription(res.Tag)
	switch {
	case s == nil:
	case res.Outcome == "ok":
		s.failingSince = time.Time{}
	case s.failingSince.IsZero():
		s.failingSince = f.Now()
	case f.Now().Sub(s.failingSince) >= disableAfter:
		s.Enabled = false
	}
}

func (f *Fake) subscription(id any) *subscription {
	i := slices.IndexFunc(f.hooks.subs, func(s *subscription) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return f.hooks.subs[i]
}

// Subscribe makes a webhook subscription without a request and returns its
// signature key. No event types means all that the fake fires.
func (f *Fake) Subscribe(notificationURL string, types ...string) (id, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(types) == 0 {
		types = eventTypes
	}
	s := f.subscribe(subscription{Name: "fake", Enabled: true, EventTypes: types, URL: notificationURL, APIVersion: APIVersion})
	return s.ID, s.Key
}

func (f *Fake) subscribe(s subscription) *subscription {
	s.ID, s.Key = "wbhk_"+f.id(fakekit.Hex, 32), f.id(fakekit.Alphanum, 22)
	if f.cfg.SignatureKey != "" {
		s.Key = f.cfg.SignatureKey
	}
	s.CreatedAt = f.hookTime()
	s.UpdatedAt = s.CreatedAt
	f.hooks.subs = append(f.hooks.subs, &s)
	return &s
}

// hookTime is the time format of this API alone.
func (f *Fake) hookTime() string { return f.Now().Format("2006-01-02 15:04:05 -0700 UTC") }

// DropSubscription removes a subscription as the vendor does on its own.
func (f *Fake) DropSubscription(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.hooks.subs)
	f.hooks.subs = slices.DeleteFunc(f.hooks.subs, func(s *subscription) bool { return s.ID == id })
	return len(f.hooks.subs) < before
}

func subscriptionReply(s *subscription) any {
	return map[string]subscription{"subscription": *s}
}

func (f *Fake) listEventTypes(*call) (any, error) {
	meta := []map[string]string{}
	for _, t := range eventTypes {
		meta = append(meta, map[string]string{"event_type": t, "api_version_introduced": "2020-02-26", "release_status": "PUBLIC"})
	}
	return map[string]any{"event_types": eventTypes, "metadata": meta}, nil
}

func (f *Fake) listSubscriptions(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rows := make([]subscription, 0, len(f.hooks.subs))
	for _, s := range f.hooks.subs {
		if s.Enabled || c.URL.Query().Get("include_disabled") == "true" {
			rows = append(rows, *s)
		}
	}
	rows, next, err := page(f, c, rows, queryOf(c.Request), c.URL.Query().Get("cursor"), 100)
	if err != nil {
		return nil, err
	}
	reply := map[string]any{"subscriptions": rows}
	if next != "" {
		reply["cursor"] = next
	}
	return reply, nil
}

type subscriptionRequest struct {
	Key          string `json:"idempotency_key"`
	Subscription *struct {
		Name       *string  `json:"name"`
		Enabled    *bool    `json:"enabled"`
		EventTypes []string `json:"event_types"`
		URL        *string  `json:"notification_url"`
		APIVersion *string  `json:"api_version"`
	} `json:"subscription"`
}

// apply changes the fields that are given, after checking them all.
func (in *subscriptionRequest) apply(s *subscription) error {
	c := in.Subscription
	if c == nil {
		return missing("subscription")
	}
	if c.URL != nil {
		if u, err := url.Parse(*c.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
			return invalid("INVALID_VALUE", "subscription.notification_url", "The URL must use https.")
		}
	}
	for _, t := range c.EventTypes {
		if !strings.Contains(t, ".") {
			return invalid("INVALID_VALUE", "subscription.event_types", "`%s` is not an event type.", t)
		}
	}
	if c.Name != nil && len(*c.Name) > 64 {
		return invalid("VALUE_TOO_LONG", "subscription.name", "Field must not be longer than 64 characters.")
	}
	set := func(field, value *string) {
		if value != nil {
			*field = *value
		}
	}
	set(&s.Name, c.Name)
	set(&s.URL, c.URL)
	set(&s.APIVersion, c.APIVersion)
	if c.Enabled != nil {
		if *c.Enabled && !s.Enabled {
			s.failingSince = time.Time{}
		}
		s.Enabled = *c.Enabled
	}
	if c.EventTypes != nil {
		s.EventTypes = c.EventTypes
	}
	return nil
}

func (f *Fake) createSubscription(c *call) (any, error) {
	var in subscriptionRequest
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := subscription{Enabled: true, APIVersion: c.version}
	if err := in.apply(&s); err != nil {
		return nil, err
	}
	if s.URL == "" || s.Name == "" || len(s.EventTypes) == 0 {
		return nil, missing("subscription")
	}
	if in.Key == "" {
		return subscriptionReply(f.subscribe(s)), nil
	}
	return f.once(c, in.Key, 45, func() (any, bool, error) { return subscriptionReply(f.subscribe(s)), true, nil })
}

// withSubscription runs fn on the subscription of the path.
func (f *Fake) withSubscription(c *call, fn func(*subscription) (any, error)) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.subscription(c.PathValue("id"))
	if s == nil {
		return nil, notFound("Subscription", c.PathValue("id"))
	}
	return fn(s)
}

func (f *Fake) retrieveSubscription(c *call) (any, error) {
	return f.withSubscription(c, func(s *subscription) (any, error) { return subscriptionReply(s), nil })
}

func (f *Fake) updateSubscription(c *call) (any, error) {
	var in subscriptionRequest
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	return f.withSubscription(c, func(s *subscription) (any, error) {
		if err := in.apply(s); err != nil {
			return nil, err
		}
		s.UpdatedAt = f.hookTime()
		return subscriptionReply(s), nil
	})
}

func (f *Fake) deleteSubscription(c *call) (any, error) {
	if !f.DropSubscription(c.PathValue("id")) {
		return nil, notFound("Subscription", c.PathValue("id"))
	}
	return struct{}{}, nil
}

func (f *Fake) rotateKey(c *call) (any, error) {
	return f.withSubscription(c, func(s *subscription) (any, error) {
		s.Key, s.UpdatedAt = f.id(fakekit.Alphanum, 22), f.hookTime()
		return map[string]string{"signature_key": s.Key}, nil
	})
}

func (f *Fake) testSubscription(c *call) (any, error) {
	var in struct {
		Type string `json:"event_type"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	return f.withSubscription(c, func(s *subscription) (any, error) {
		kind := in.Type
		if kind == "" {
			kind = s.EventTypes[0]
		}
		if !slices.Contains(s.EventTypes, kind) {
			return nil, invalid("INVALID_VALUE", "event_type", "The subscription does not have `%s`.", kind)
		}
		text, _ := json.Marshal(eventBody{
			MerchantID: f.cfg.MerchantID, Type: kind, EventID: fakekit.UUID(f.rand), CreatedAt: f.Now().Format(time.RFC3339Nano),
			Data: eventData{Type: "webhooks", ID: fakekit.UUID(f.rand)},
		})
		f.sender.Send(fakekit.Delivery{URL: s.URL, Event: kind, Body: text, Tag: s.ID})
		return map[string]any{"subscription_test_result": map[string]any{
			"id": fakekit.UUID(f.rand), "status_code": 200, "payload": string(text), "created_at": f.hookTime(), "updated_at": f.hookTime(),
		}}, nil
	})
}

func (f *Fake) enableEvents(*call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hooks.enabled = true
	return struct{}{}, nil
}

func (f *Fake) disableEvents(*call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hooks.enabled = false
	return struct{}{}, nil
}

func (f *Fake) searchEvents(c *call) (any, error) {
	var in struct {
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
		Query  struct {
			Filter struct {
				Types   []string  `json:"event_types"`
				Created timeRange `json:"created_at"`
			} `json:"filter"`
			Sort struct {
				Order string `json:"order"`
			} `json:"sort"`
		} `json:"query"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	start, err := parseTime("query.filter.created_at.start_at", in.Query.Filter.Created.Start)
	if err != nil {
		return nil, err
	}
	end, err := parseTime("query.filter.created_at.end_at", in.Query.Filter.Created.End)
	if err != nil {
		return nil, err
	}
	if in.Limit <= 0 || in.Limit > 100 {
		in.Limit = 100
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	oldest := f.Now().AddDate(0, 0, -28)
	var rows []eventBody
	for _, e := range f.hooks.events {
		if e.at.Before(oldest) || e.at.Before(start) || !end.IsZero() && e.at.After(end) ||
			len(in.Query.Filter.Types) > 0 && !slices.Contains(in.Query.Filter.Types, e.body.Type) {
			continue
		}
		rows = append(rows, e.body)
	}
	if in.Query.Sort.Order != "ASC" {
		slices.Reverse(rows)
	}
	rows, next, err := page(f, c, rows, bodyQuery(c.Request), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return struct {
		Events []eventBody `json:"events,omitempty"`
		Cursor string      `json:"cursor,omitempty"`
	}{rows, next}, nil
}
