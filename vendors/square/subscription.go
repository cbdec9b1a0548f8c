package square

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Events returns the callbacks that the five jobs use.
func Events() []string {
	return []string{
		"payment.created", "payment.updated", "refund.created", "refund.updated",
		"order.created", "order.updated", "order.fulfillment.updated",
		"inventory.count.updated", "catalog.version.updated",
		"location.created", "location.updated", "device.created", "device.code.paired",
		"oauth.authorization.revoked",
	}
}

// Subscription is a webhook subscription. It belongs to the application and
// gets the callbacks of every seller that authorized it.
type Subscription struct {
	ID      string
	URL     string
	Events  []string
	Enabled bool
	// Key signs the callbacks.
	Key pos.Secret
}

// wireSubscription is a WebhookSubscription.
//
//	op: GET /v2/webhooks/subscriptions https://developer.squareup.com/reference/square/webhook-subscriptions-api/list-webhook-subscriptions
//	op: POST /v2/webhooks/subscriptions https://developer.squareup.com/reference/square/webhook-subscriptions-api/create-webhook-subscription
//	op: PUT /v2/webhooks/subscriptions/{subscription_id} https://developer.squareup.com/reference/square/webhook-subscriptions-api/update-webhook-subscription
//	op: POST /v2/webhooks/subscriptions/{subscription_id}/signature-key https://developer.squareup.com/reference/square/webhook-subscriptions-api/update-webhook-subscription-signature-key
type wireSubscription struct {
	ID         string   `json:"id,omitempty"`
	Name       string   `json:"name,omitempty"`
	Enabled    bool     `json:"enabled"`
	EventTypes []string `json:"event_types"`
	URL        string   `json:"notification_url"`
	APIVersion string   `json:"api_version"`
	Key        string   `json:"signature_key,omitempty"`
}

func (w *wireSubscription) neutral() Subscription {
	return Subscription{w.ID, w.URL, w.EventTypes, w.Enabled, pos.NewSecret(w.Key)}
}

type subscriptionRequest struct {
	Key          string           `json:"idempotency_key"`
	Subscription wireSubscription `json:"subscription"`
}

type subscriptionAnswer struct {
	Subscription  wireSubscription   `json:"subscription"`
	Subscriptions []wireSubscription `json:"subscriptions"`
	SignatureKey  string             `json:"signature_key"`
	Cursor        string             `json:"cursor"`
	Errors        []Detail           `json:"errors"`
}

// Subscriptions manages the webhook subscriptions of an application. Square
// accepts only the application's personal access token for it, not that of a
// seller.
type Subscriptions struct{ client *kit.Client }

// NewSubscriptions needs Environment (or BaseURL) and AccessToken of cfg.
func NewSubscriptions(cfg Config, opts *kit.Options) (*Subscriptions, error) {
	cfg.defaults()
	if cfg.AccessToken.IsZero() {
		return nil, fail("NewSubscriptions", pos.KindInvalid, pos.Problems{{Field: "AccessToken", Reason: "is empty"}})
	}
	client, err := kit.NewClient(kit.ClientConfig{
		Vendor: vendor, BaseURL: cfg.BaseURL, Header: versionHeader(), Auth: kit.BearerAuth(cfg.AccessToken), Classify: classify,
	}, opts)
	if err != nil {
		return nil, err
	}
	return &Subscriptions{client}, nil
}

// Ensure makes the subscription for the URL hold: it is created if it is
// missing, and enabled and completed if Square or somebody switched it off or
// changed it. Empty events means [Events]. repaired tells that something had
// to be done: callbacks may have been missed.
func (s *Subscriptions) Ensure(ctx context.Context, notificationURL string, events []string) (sub Subscription, repaired bool, err error) {
	if len(events) == 0 {
		events = Events()
	}
	want := wireSubscription{Name: "farmacy", Enabled: true, EventTypes: events, URL: notificationURL, APIVersion: APIVersion}
	found, err := s.find(ctx, notificationURL)
	if err != nil {
		return Subscription{}, false, err
	}
	r := kit.Request{Op: "CreateWebhookSubscription", Method: http.MethodPost, Path: "/v2/webhooks/subscriptions"}
	if found != nil {
		if found.Enabled && found.APIVersion == APIVersion && sameSet(found.EventTypes, events) {
			return found.neutral(), false, nil
		}
		want.Name = found.Name
		r = kit.Request{Op: "UpdateWebhookSubscription", Method: http.MethodPut, Path: "/v2/webhooks/subscriptions/" + url.PathEscape(found.ID)}
	}
	r.Repeatable = true
	// Not derived from the content: the same subscription may be wanted again
	// after somebody deleted it.
	key := NewVerifier()[:40]
	answer, err := s.call(ctx, r, subscriptionRequest{key, want})
	if err != nil {
		return Subscription{}, false, err
	}
	sub = answer.Subscription.neutral()
	if sub.Key.IsZero() && found != nil {
		sub.Key = pos.NewSecret(found.Key)
	}
	return sub, true, nil
}

// Keep returns the standing order for the callbacks that the webhook
// understands, with [Events]: when the subscription has to be made anew, the
// webhook accepts its new key from then on.
func (s *Subscriptions) Keep(hook *Webhook) pos.Subscription { return kept{s, hook} }

type kept struct {
	subscriptions *Subscriptions
	hook          *Webhook
}

// Ensure implements [pos.Subscription].
func (k kept) Ensure(ctx context.Context) (restored bool, err error) {
	sub, restored, err := k.subscriptions.Ensure(ctx, k.hook.url, nil)
	if err != nil {
		return false, err
	}
	return restored, k.hook.verifier.Accept(sub.Key)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// find returns the subscription for a URL, or nil.
func (s *Subscriptions) find(ctx context.Context, notificationURL string) (*wireSubscription, error) {
	query := url.Values{"include_disabled": {"true"}}
	for {
		r := kit.Request{Op: "ListWebhookSubscriptions", Method: http.MethodGet, Path: "/v2/webhooks/subscriptions", Query: query}
		answer, err := s.call(ctx, r, nil)
		if err != nil {
			return nil, err
		}
		for i := range answer.Subscriptions {
			if answer.Subscriptions[i].URL == notificationURL {
				return &answer.Subscriptions[i], nil
			}
		}
		if answer.Cursor == "" || answer.Cursor == query.Get("cursor") {
			return nil, nil
		}
		query.Set("cursor", answer.Cursor)
	}
}

// RotateKey replaces the signature key and returns the new one. Give both to
// [NewWebhook] until callbacks signed with the old one have ended.
func (s *Subscriptions) RotateKey(ctx context.Context, id string) (pos.Secret, error) {
	r := kit.Request{
		Op: "UpdateWebhookSubscriptionSignatureKey", Method: http.MethodPost,
		Path: "/v2/webhooks/subscriptions/" + url.PathEscape(id) + "/signature-key",
	}
	answer, err := s.call(ctx, r, map[string]string{"idempotency_key": NewVerifier()[:40]})
	if err != nil {
		return pos.Secret{}, err
	}
	return pos.NewSecret(answer.SignatureKey), nil
}

func (s *Subscriptions) call(ctx context.Context, r kit.Request, in any) (*subscriptionAnswer, error) {
	var answer subscriptionAnswer
	resp, err := s.client.JSON(ctx, r, in, &answer)
	if err != nil {
		return nil, err
	}
	return &answer, inside(r.Op, resp.RequestID, answer.Errors)
}
