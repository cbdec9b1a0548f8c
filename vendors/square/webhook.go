package square

import (
	"errors"
	"net/http"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// signatureHeader holds the signature of a callback.
const signatureHeader = "X-Square-Hmacsha256-Signature"

// WebhookConfig is one webhook subscription.
type WebhookConfig struct {
	// URL is the notification URL exactly as the subscription has it: Square
	// signs it. Required.
	URL string `json:"url"`
	// Keys are the subscription's signature key, and the one before while keys
	// are rotated. Required.
	Keys []pos.Secret `json:"keys"`
}

// Webhook understands Square's callbacks. It implements [pos.Webhook].
type Webhook struct {
	verifier *kit.Verifier
	url      string
}

var _ pos.Webhook = (*Webhook)(nil)

// NewWebhook checks the whole configuration.
func NewWebhook(cfg WebhookConfig) (*Webhook, error) {
	sig := kit.Signature{Header: signatureHeader, Secrets: cfg.Keys, URL: cfg.URL}
	var ps pos.Problems
	if cfg.URL == "" {
		ps = append(ps, pos.Problem{Field: "URL", Reason: "is empty"})
	}
	if ps = append(ps, sig.Problems("Keys")...); len(ps) > 0 {
		return nil, fail("NewWebhook", pos.KindInvalid, ps)
	}
	v, err := kit.NewVerifier(sig)
	if err != nil {
		return nil, err
	}
	return &Webhook{v, cfg.URL}, nil
}

// Verify implements [pos.Webhook]. Square signs no time: repeats are told by
// [pos.Notice].ID.
func (w *Webhook) Verify(header http.Header, body []byte) error {
	return w.verifier.Verify(header, body)
}

// callback is the envelope of all callbacks.
type callback struct {
	MerchantID string       `json:"merchant_id"`
	LocationID string       `json:"location_id"`
	Type       string       `json:"type"`
	EventID    string       `json:"event_id"`
	CreatedAt  instant      `json:"created_at"`
	Data       callbackData `json:"data"`
}

type callbackData struct {
	ID     string         `json:"id"`
	Object callbackObject `json:"object"`
}

// callbackObject has one member, by the kind of callback.
type callbackObject struct {
	Payment     subject          `json:"payment"`
	Refund      subject          `json:"refund"`
	Created     subject          `json:"order_created"`
	Updated     subject          `json:"order_updated"`
	Fulfillment subject          `json:"order_fulfillment_updated"`
	Counts      []inventoryCount `json:"inventory_counts"`
	Code        subject          `json:"device_code"`
}

type subject struct {
	OrderID    string `json:"order_id"`
	LocationID string `json:"location_id"`
}

// Parse implements [pos.Webhook].
func (w *Webhook) Parse(_ http.Header, body []byte) ([]pos.Notice, error) {
	var c callback
	if err := kit.Unmarshal(body, &c); err != nil {
		return nil, fail("ParseWebhook", pos.KindProtocol, err)
	}
	if c.Type == "" || c.EventID == "" {
		return nil, fail("ParseWebhook", pos.KindProtocol, errors.New("no type or event_id"))
	}
	return c.notices(), nil
}

func (c *callback) notices() []pos.Notice {
	n := pos.Notice{ID: c.EventID, Type: c.Type, Account: c.MerchantID, Location: c.LocationID, At: c.CreatedAt.Time}
	about := func(job pos.Job) []pos.Notice {
		n.Job = job
		return []pos.Notice{n}
	}
	sale := func(s subject) []pos.Notice {
		if s.OrderID != "" {
			n.Records = []string{s.OrderID}
		}
		if s.LocationID != "" {
			n.Location = s.LocationID
		}
		return about(pos.JobPurchases)
	}
	o := &c.Data.Object
	switch c.Type {
	case "payment.created", "payment.updated":
		return sale(o.Payment)
	case "refund.created", "refund.updated":
		return sale(o.Refund)
	case "order.created":
		return sale(o.Created)
	case "order.updated":
		return sale(o.Updated)
	case "order.fulfillment.updated":
		return sale(o.Fulfillment)
	case "inventory.count.updated":
		n.Job = pos.JobInventory
		return c.stockNotices(n)
	case "catalog.version.updated":
		return about(pos.JobMenu)
	case "location.created", "location.updated":
		if n.Location == "" {
			n.Location = c.Data.ID
		}
		return about(pos.JobStatus)
	case "device.created":
		return about(pos.JobStatus)
	case "device.code.paired":
		n.Location = o.Code.LocationID
		return about(pos.JobStatus)
	case "oauth.authorization.revoked":
		n.Alarm = "the seller withdrew the authorization"
		return about(pos.JobAccount)
	}
	return nil
}

// stockNotices makes a notice for each location whose stock changed. Those
// after the first get ids of their own.
func (c *callback) stockNotices(n pos.Notice) []pos.Notice {
	var locations []string
	for i := range c.Data.Object.Counts {
		if at := c.Data.Object.Counts[i].LocationID; at != "" && !slices.Contains(locations, at) {
			locations = append(locations, at)
		}
	}
	if len(locations) == 0 {
		return []pos.Notice{n}
	}
	list := make([]pos.Notice, 0, len(locations))
	for i, at := range locations {
		n.Location = at
		if i > 0 {
			n.ID = c.EventID + "/" + at
		}
		list = append(list, n)
	}
	return list
}
