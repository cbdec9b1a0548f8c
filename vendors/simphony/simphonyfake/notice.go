package simphonyfake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// noticeTimeout is what receivers are granted; nothing is sent again.
const noticeTimeout = 15 * time.Second

// messageTypes are the notifications that exist.
var messageTypes = []string{"CheckNotification", "OrganizationsNotification", "ConfigurationNotification", "EmployeesNotification"}

// topDomains are the domains that a receiver's host must end in.
var topDomains = []string{".com", ".net", ".org", ".edu", ".ca", ".io", ".site", ".se", ".sa"}

// subscribers are the receivers of notifications.
type subscribers struct {
	keys          map[string]signingKey // by client id
	subscriptions []*subscription
}

type signingKey struct{ id, key string }

type subscription struct {
	id, client, url, kind string
	locRef                string // "": the organization
	rvcRef                string // "": the property
}

// Sign returns the Digest header of a notification: base64 of HMAC-SHA256 over
// the raw body, keyed with what the base64 key decodes to.
func Sign(hmacKey string, body []byte) (string, error) {
	key, err := decodeKey(hmacKey)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// SignASCII is [Sign] over the body as .NET encodes text in ASCII: every
// character beyond it is a question mark, those beyond the basic plane are two.
func SignASCII(hmacKey string, body []byte) (string, error) {
	out := make([]byte, 0, len(body))
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xffff:
			out = append(out, "??"...)
		default:
			out = append(out, '?')
		}
		body = body[size:]
	}
	return Sign(hmacKey, out)
}

func decodeKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) < 32 {
		return nil, errors.New("simphonyfake: the key is not base64 of at least 32 bytes")
	}
	return key, nil
}

func (f *Fake) noticeRoutes() []fakekit.Route {
	var routes []fakekit.Route
	for _, x := range []struct {
		op, pattern string
		h           func(*Fake, *http.Request, string) (any, error)
	}{
		{"DiscoverNotifications", "GET /api/v1/notifications/discovery", (*Fake).discoverNotices},
		{"PutRegistration", "PUT /api/v1/notifications/registration", (*Fake).register},
		{"PostRegistration", "POST /api/v1/notifications/registration", (*Fake).registerOnce},
		{"DeleteRegistration", "DELETE /api/v1/notifications/registration", (*Fake).unregister},
		{"ListSubscriptions", "GET /api/v1/notifications/subscriptions", (*Fake).listSubscriptions},
		{"GetSubscription", "GET /api/v1/notifications/subscriptions/{id}", (*Fake).getSubscription},
		{"CreateSubscription", "POST /api/v1/notifications/subscriptions", (*Fake).createSubscription},
		{"DeleteSubscriptions", "DELETE /api/v1/notifications/subscriptions", (*Fake).deleteSubscriptions},
		{"DeleteSubscription", "DELETE /api/v1/notifications/subscriptions/{id}", (*Fake).deleteSubscriptions},
	} {
		h := func(f *Fake, r *http.Request) (any, error) {
			client, err := f.authorized(r, STS2)
			if err != nil {
				return nil, err
			}
			return x.h(f, r, client)
		}
		routes = append(routes, fakekit.Route{Op: x.op, Pattern: x.pattern, Write: !strings.HasPrefix(x.pattern, "GET "), Handler: f.serve(h, stsProblem)})
	}
	return routes
}

func (f *Fake) discoverNotices(*http.Request, string) (any, error) {
	var out []map[string]string
	for _, t := range messageTypes {
		out = append(out, map[string]string{"id": t})
	}
	return out, nil
}

// register creates or replaces the key of an account's subscriber.
func (f *Fake) register(r *http.Request, client string) (any, error) {
	var in struct {
		KeyID   string `json:"keyId"`
		HMACKey string `json:"hmacKey"`
		KeyType string `json:"keyType"`
	}
	if err := json.Unmarshal(fakekit.Body(r), &in); err != nil {
		return nil, fail(http.StatusBadRequest, "Bad Request", "The body is not JSON.")
	}
	if _, err := decodeKey(in.HMACKey); err != nil || in.KeyID == "" || in.KeyType != "hmac-sha256" {
		return nil, fail(http.StatusBadRequest, "Bad Request", "keyId, hmacKey of at least 32 bytes in base64 and keyType hmac-sha256 are required.")
	}
	status := http.StatusNoContent
	if _, known := f.keys[client]; !known {
		status = http.StatusCreated
	}
	if f.keys == nil {
		f.keys = map[string]signingKey{}
	}
	f.keys[client] = signingKey{in.KeyID, in.HMACKey}
	return answer{status: status}, nil
}

func (f *Fake) registerOnce(r *http.Request, client string) (any, error) {
	if _, known := f.keys[client]; known {
		return nil, fail(http.StatusBadRequest, "Bad Request", "The subscriber is registered already.")
	}
	return f.register(r, client)
}

func (f *Fake) unregister(_ *http.Request, client string) (any, error) {
	if _, known := f.keys[client]; !known {
		return nil, fail(http.StatusNotFound, "Not Found", "There is no subscriber.")
	}
	delete(f.keys, client)
	f.subscriptions = slices.DeleteFunc(f.subscriptions, func(s *subscription) bool { return s.client == client })
	return answer{status: http.StatusNoContent}, nil
}

type subscriptionView struct {
	ID          string            `json:"subscriptionId,omitempty"`
	CallbackURI string            `json:"callbackUri"`
	MessageType idView            `json:"messageType"`
	PostOffice  map[string]string `json:"postOfficeOptions"`
	Org         string            `json:"orgShortName"`
	LocRef      string            `json:"locRef,omitempty"`
	RvcRef      json.RawMessage   `json:"rvcRef,omitempty"` // a number or a text
}

type idView struct {
	ID string `json:"id"`
}

func (f *Fake) view(s *subscription) subscriptionView {
	v := subscriptionView{
		ID: s.id, CallbackURI: s.url, MessageType: idView{s.kind}, PostOffice: map[string]string{"PostOfficeType": "PushOnePostOffice"},
		Org: f.cfg.Org, LocRef: s.locRef,
	}
	if s.rvcRef != "" {
		v.RvcRef = json.RawMessage(strconv.Quote(s.rvcRef))
	}
	return v
}

func (f *Fake) listSubscriptions(_ *http.Request, client string) (any, error) {
	out := []subscriptionView{}
	for _, s := range f.subscriptions {
		if s.client == client {
			out = append(out, f.view(s))
		}
	}
	return map[string]any{"items": out}, nil
}

func (f *Fake) getSubscription(r *http.Request, client string) (any, error) {
	for _, s := range f.subscriptions {
		if s.client == client && s.id == r.PathValue("id") {
			return f.view(s), nil
		}
	}
	return nil, fail(http.StatusNotFound, "Not Found", "There is no subscription %q.", r.PathValue("id"))
}

func (f *Fake) createSubscription(r *http.Request, client string) (any, error) {
	var in subscriptionView
	if err := json.Unmarshal(fakekit.Body(r), &in); err != nil {
		return nil, fail(http.StatusBadRequest, "Bad Request", "The body is not JSON.")
	}
	s := &subscription{id: fakekit.UUID(f.random), client: client, url: in.CallbackURI, kind: in.MessageType.ID, locRef: strings.ToLower(in.LocRef)}
	if s.rvcRef = strings.Trim(string(in.RvcRef), `"`); s.rvcRef == "null" {
		s.rvcRef = ""
	}
	if err := f.checkSubscription(s, in); err != nil {
		return nil, err
	}
	f.subscriptions = append(f.subscriptions, s)
	return answer{status: http.StatusCreated, body: f.view(s)}, nil
}

func (f *Fake) checkSubscription(s *subscription, in subscriptionView) error {
	bad := func(format string, args ...any) error {
		return fail(http.StatusBadRequest, "Bad Request", format, args...)
	}
	if _, known := f.keys[s.client]; !known {
		return bad("The subscriber is not registered.")
	}
	if !slices.Contains(messageTypes, s.kind) {
		return bad("There is no message type %q.", s.kind)
	}
	if in.PostOffice["PostOfficeType"] != "PushOnePostOffice" || !strings.EqualFold(in.Org, f.cfg.Org) {
		return bad("postOfficeOptions or orgShortName is wrong.")
	}
	if s.locRef != "" {
		p, err := f.property(s.locRef)
		if err != nil {
			return bad("There is no location %q.", s.locRef)
		}
		if n, err := strconv.Atoi(s.rvcRef); s.rvcRef != "" && (err != nil || p.rvc(n) == nil) {
			return bad("There is no revenue center %q.", s.rvcRef)
		}
	}
	u, err := url.Parse(s.url)
	if err != nil || u.Host == "" {
		return bad("callbackUri is no URL.")
	}
	allowed := slices.ContainsFunc(topDomains, func(d string) bool { return strings.HasSuffix(u.Hostname(), d) })
	if !f.cfg.InsecureCallbacks && (u.Scheme != "https" || u.Port() != "" && u.Port() != "443" || !allowed) {
		return bad("callbackUri must be https on port 443 under one of %s.", strings.Join(topDomains, " "))
	}
	return nil
}

// deleteSubscriptions removes one subscription, or all of an account.
func (f *Fake) deleteSubscriptions(r *http.Request, client string) (any, error) {
	id, before := r.PathValue("id"), len(f.subscriptions)
	f.subscriptions = slices.DeleteFunc(f.subscriptions, func(s *subscription) bool { return s.client == client && (id == "" || s.id == id) })
	if id != "" && len(f.subscriptions) == before {
		return nil, fail(http.StatusNotFound, "Not Found", "There is no subscription %q.", id)
	}
	return answer{status: http.StatusNoContent}, nil
}

// Subscribe registers the configured key for the STS2 account and subscribes a
// URL to every change of checks, configuration and organization.
func (f *Fake) Subscribe(callbackURL string) error {
	defer f.begin()()
	i := slices.IndexFunc(f.cfg.Accounts, func(a Account) bool { return a.API == STS2 })
	if i < 0 {
		return errors.New("simphonyfake: no STS2 account")
	}
	client := f.cfg.Accounts[i].ClientID
	if f.keys == nil {
		f.keys = map[string]signingKey{}
	}
	f.keys[client] = signingKey{f.cfg.WebhookKeyID, f.cfg.WebhookKey}
	for _, kind := range messageTypes[:3] {
		s := &subscription{id: fakekit.UUID(f.random), client: client, url: callbackURL, kind: kind}
		in := subscriptionView{PostOffice: map[string]string{"PostOfficeType": "PushOnePostOffice"}, Org: f.cfg.Org}
		if err := f.checkSubscription(s, in); err != nil {
			return fmt.Errorf("simphonyfake: %w", err)
		}
		f.subscriptions = append(f.subscriptions, s)
	}
	return nil
}

type noticeBody struct {
	Messages []noticeMessage `json:"messages"`
}

type noticeMessage struct {
	ID           string            `json:"id"`
	CreationDate string            `json:"creationDate"`
	MessageType  idView            `json:"messageType"`
	Resource     map[string]string `json:"resource"`
	Data         map[string]string `json:"data"`
}

const noticeTime = "2006-01-02T15:04:05.000Z"

// notify tells the subscribers of a revenue center that something changed.
func (f *Fake) notify(kind string, c *revenueCenter, checkRef string) {
	for _, s := range f.subscriptions {
		if s.kind != kind || s.locRef != "" && s.locRef != c.property.ref || s.rvcRef != "" && s.rvcRef != strconv.Itoa(c.num) {
			continue
		}
		m := noticeMessage{
			ID: fakekit.UUID(f.random), CreationDate: f.now.Format(noticeTime), MessageType: idView{kind},
			Resource: map[string]string{"orgShortName": f.cfg.Org, "locRef": c.property.ref, "rvcRef": strconv.Itoa(c.num)},
			Data:     map[string]string{"status": "Submitted", "timeStampUtc": f.now.Format(noticeTime)},
		}
		if checkRef != "" {
			m.Resource["checkRef"] = checkRef
		}
		body, err := json.Marshal(noticeBody{[]noticeMessage{m}})
		if err != nil {
			continue
		}
		f.sender.Send(fakekit.Delivery{URL: s.url, Event: kind, ID: m.ID, Body: body, Tag: s.client})
	}
}

// signNotice signs a delivery with the key that its account has now.
func (f *Fake) signNotice(r *http.Request, d fakekit.Delivery) {
	client, _ := d.Tag.(string)
	f.mu.Lock()
	key := f.keys[client]
	f.mu.Unlock()
	sign := Sign
	if f.cfg.ASCIIDigest {
		sign = SignASCII
	}
	digest, err := sign(key.key, d.Body)
	if err != nil {
		return
	}
	r.Header.Set("Digest", digest)
	r.Header.Set("Key-Id", key.id)
}
