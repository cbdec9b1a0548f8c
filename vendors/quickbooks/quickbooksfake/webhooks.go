package quickbooksfake

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// webhookTry is how long the receiver may take.
const webhookTry = 3 * time.Second

// maxNotices bounds the notices of one delivery; the service's bound is not documented.
const maxNotices = 200

// retrySchedule are the waits between attempts: up to two hours and then every
// six hours, here for a week.
var retrySchedule = func() []time.Duration {
	waits := []time.Duration{
		10 * time.Second, 20 * time.Second, 30 * time.Second, 5 * time.Minute, 20 * time.Minute, 2 * time.Hour, 4 * time.Hour,
	}
	for range 28 {
		waits = append(waits, 6*time.Hour)
	}
	return waits
}()

// Sign returns the intuit-signature of a notification: the HMAC-SHA256 of the
// raw body under the verifier token, in base64.
func Sign(verifierToken string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(verifierToken))
	_, _ = mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Notice is one change that a notification tells.
type Notice struct {
	Realm     string // default: the fake's company
	Entity    string // such as SalesReceipt
	ID        string
	Operation string // Create, Update, Delete, Merge, Void or Emailed
	DeletedID string // of a merge: what is gone
	At        time.Time
}

// outbox is the way to the one endpoint of the application. Notices wait while
// a delivery is under way, and then go together.
type outbox struct {
	url     string
	queue   []Notice
	busy    bool
	repeats []fakekit.Delivery
	told    int
}

// Subscribe sets the endpoint of the application, as the developer portal does,
// and returns the verifier token. An empty URL ends the notifications.
func (f *Fake) Subscribe(url string) (verifierToken string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hooks.url = url
	return f.cfg.VerifierToken
}

// RotateVerifierToken replaces the token that signs notifications.
func (f *Fake) RotateVerifierToken(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cfg.VerifierToken = token
}

// Notify sends notices as if the changes had happened; they may be of other
// companies that use the application.
func (f *Fake) Notify(notices ...Notice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range notices {
		f.enqueue(n)
	}
	f.send()
}

// SetWebhookClient replaces the client that sends notifications, e.g. with one
// that reaches a handler without a socket.
func (f *Fake) SetWebhookClient(c *http.Client) { f.sender.SetClient(c) }

// FlushWebhooks waits until no notification is due or under way.
func (f *Fake) FlushWebhooks(ctx context.Context) error { return f.sender.Flush(ctx) }

// Webhooks lists the attempts to deliver notifications so far, oldest first.
func (f *Fake) Webhooks() []fakekit.Result { return f.sender.Results() }

// notify tells that an entity changed. Call with the lock held.
func (f *Fake) notify(o *object, change string) {
	if !slices.Contains(o.in.hooks, change) {
		return
	}
	f.enqueue(Notice{Entity: o.in.name, ID: o.id, Operation: change})
	f.send()
}

// enqueue appends a notice, or moves an equal one that still waits to the end.
func (f *Fake) enqueue(n Notice) {
	if f.hooks.url == "" {
		return
	}
	if _, silent := f.Standing(posfake.FaultSilence, n.event()); silent {
		return
	}
	if n.Realm == "" {
		n.Realm = f.cfg.Realm
	}
	if n.At.IsZero() {
		n.At = f.Now()
	}
	same := func(o Notice) bool { o.At = n.At; return o == n }
	f.hooks.queue = append(slices.DeleteFunc(f.hooks.queue, same), n)
}

// event is the type of a notice as CloudEvents name it.
func (n Notice) event() string {
	verb := strings.ToLower(n.Operation)
	switch {
	case strings.HasSuffix(verb, "e"):
		verb += "d"
	case n.Operation == voided:
		verb += "ed"
	}
	return "qbo." + strings.ToLower(n.Entity) + "." + verb + ".v1"
}

// send delivers what waits, unless a delivery is under way.
func (f *Fake) send() {
	h := &f.hooks
	if h.busy || h.url == "" {
		return
	}
	var d fakekit.Delivery
	switch {
	case len(h.repeats) > 0:
		d, h.repeats = h.repeats[0], h.repeats[1:]
	case len(h.queue) > 0:
		part := h.queue[:min(len(h.queue), maxNotices)]
		d = fakekit.Delivery{URL: h.url, Event: part[0].event(), ID: fakekit.UUID(f.rand), Body: f.encode(part)}
		if fault, ok := f.Standing(posfake.FaultRepeat, d.Event); ok {
			for range max(fault.Times, 2) - 1 {
				h.repeats = append(h.repeats, d)
			}
		}
		h.queue = slices.Clone(h.queue[len(part):])
	default:
		return
	}
	h.busy = true
	f.sender.Send(d)
}

// signDelivery signs an attempt with the token of that moment.
func (f *Fake) signDelivery(r *http.Request, d fakekit.Delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Header.Set("Intuit-Signature", Sign(f.cfg.VerifierToken, d.Body))
	r.Header.Set("User-Agent", "intuit_notification_server/1.0")
}

// delivered sends what waits once a delivery has been accepted or given up.
func (f *Fake) delivered(res fakekit.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if res.Outcome == "ok" || res.Attempt > len(retrySchedule) {
		f.hooks.busy = false
		f.send()
	}
}

// encode writes notices in the application's format.
func (f *Fake) encode(notices []Notice) []byte {
	var body any
	if f.cfg.Webhooks == Classic {
		body = f.classic(notices)
	} else {
		body = f.cloudEvents(notices)
	}
	text, _ := json.Marshal(body) // maps of texts always encode
	return text
}

func (f *Fake) cloudEvents(notices []Notice) any {
	var out []map[string]any
	for _, n := range notices {
		data := map[string]any{}
		if n.DeletedID != "" {
			data["alternative_ids"] = []any{map[string]string{"id": n.DeletedID, "namespace": "qbo." + strings.ToLower(n.Entity)}}
		}
		out = append(out, map[string]any{
			"specversion": "1.0", "id": fakekit.UUID(f.rand), "source": "intuit.c2FtcGxlLXNvdXJjZS1mb3ItZmFybWFjeQ==",
			"type": n.event(), "datacontenttype": "application/json", "time": n.At.UTC().Format(time.RFC3339Nano),
			"intuitentityid": n.ID, "intuitaccountid": n.Realm, "data": data,
		})
	}
	return out
}

// classicTimes are the three ways in which classic notifications write times.
var classicTimes = []string{"2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05-0700"}

func (f *Fake) classic(notices []Notice) any {
	var realms []map[string]any
	byRealm := map[string]map[string]any{}
	for _, n := range notices {
		entity := map[string]any{
			"name": n.Entity, "id": n.ID, "operation": n.Operation,
			"lastUpdated": n.At.UTC().Format(classicTimes[f.hooks.told%len(classicTimes)]),
		}
		f.hooks.told++
		if n.DeletedID != "" {
			entity["deletedId"] = n.DeletedID
		}
		change := byRealm[n.Realm]
		if change == nil {
			change = map[string]any{"entities": []any{}}
			byRealm[n.Realm] = change
			realms = append(realms, map[string]any{"realmId": n.Realm, "dataChangeEvent": change})
		}
		change["entities"] = append(change["entities"].([]any), entity)
	}
	return map[string]any{"eventNotifications": realms}
}
