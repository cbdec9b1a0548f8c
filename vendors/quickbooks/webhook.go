package quickbooks

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// signatureHeader holds the signature of a callback.
const signatureHeader = "Intuit-Signature"

// WebhookConfig is the webhook endpoint of an application. It serves every
// company that has connected the application.
type WebhookConfig struct {
	// VerifierTokens are the endpoint's verifier token, and the one before while
	// tokens are rotated. Required.
	VerifierTokens []pos.Secret `json:"verifier_tokens"`
}

// Webhook understands Intuit's callbacks, in the classic form and as
// CloudEvents. It implements [pos.Webhook].
type Webhook struct{ verifier *kit.Verifier }

var _ pos.Webhook = (*Webhook)(nil)

// NewWebhook checks the whole configuration.
func NewWebhook(cfg WebhookConfig) (*Webhook, error) {
	sig := kit.Signature{Header: signatureHeader, Secrets: cfg.VerifierTokens}
	if ps := sig.Problems("VerifierTokens"); len(ps) > 0 {
		return nil, fail("NewWebhook", pos.KindInvalid, ps)
	}
	v, err := kit.NewVerifier(sig)
	if err != nil {
		return nil, err
	}
	return &Webhook{v}, nil
}

// Verify implements [pos.Webhook]. Intuit signs no time: repeats are told by
// [pos.Notice].ID.
func (w *Webhook) Verify(header http.Header, body []byte) error {
	return w.verifier.Verify(header, body)
}

// classic is a callback in the form that was the only one until 2026.
type classic struct {
	Notifications []struct {
		Realm  string `json:"realmId"`
		Change struct {
			Entities []struct {
				Name        string  `json:"name"`
				ID          string  `json:"id"`
				Operation   string  `json:"operation"`
				LastUpdated instant `json:"lastUpdated"`
			} `json:"entities"`
		} `json:"dataChangeEvent"`
	} `json:"eventNotifications"`
}

// cloudEvent is one event of the newer form.
type cloudEvent struct {
	SpecVersion string  `json:"specversion"`
	ID          string  `json:"id"`
	Type        string  `json:"type"` // qbo.<entity>.<operation>.v1
	Time        instant `json:"time"`
	EntityID    string  `json:"intuitentityid"`
	Account     string  `json:"intuitaccountid"`
}

// Parse implements [pos.Webhook]. One callback may be about several companies:
// route by [pos.Notice].Account.
func (w *Webhook) Parse(_ http.Header, body []byte) ([]pos.Notice, error) {
	const op = "ParseWebhook"
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("[")) {
		var list []cloudEvent
		if err := kit.Unmarshal(body, &list); err != nil {
			return nil, fail(op, pos.KindProtocol, err)
		}
		return cloudNotices(list), nil
	}
	var lone cloudEvent
	if err := kit.Unmarshal(body, &lone); err != nil {
		return nil, fail(op, pos.KindProtocol, err)
	}
	if lone.SpecVersion != "" {
		return cloudNotices([]cloudEvent{lone}), nil
	}
	var c classic
	if err := kit.Unmarshal(body, &c); err != nil {
		return nil, fail(op, pos.KindProtocol, err)
	}
	if len(c.Notifications) == 0 {
		return nil, fail(op, pos.KindProtocol, errors.New("neither events nor notifications"))
	}
	return c.notices(), nil
}

func (c *classic) notices() []pos.Notice {
	var list []pos.Notice
	for _, n := range c.Notifications {
		for _, e := range n.Change.Entities {
			list = add(list, news{
				realm: n.Realm, entity: e.Name, id: e.ID, operation: strings.ToLower(e.Operation),
				notice: pos.Notice{
					ID:   strings.Join([]string{n.Realm, e.Name, e.ID, e.Operation, e.LastUpdated.String()}, "/"),
					Type: e.Name + "." + e.Operation, At: e.LastUpdated.Time,
				},
			})
		}
	}
	return list
}

func cloudNotices(events []cloudEvent) []pos.Notice {
	var list []pos.Notice
	for _, e := range events {
		parts := strings.Split(e.Type, ".")
		if len(parts) != 4 || parts[0] != "qbo" || e.ID == "" {
			continue
		}
		list = add(list, news{
			realm: e.Account, entity: parts[1], id: e.EntityID, operation: parts[2],
			notice: pos.Notice{ID: e.ID, Type: e.Type, At: e.Time.Time},
		})
	}
	return list
}

// news is one change in either form.
type news struct {
	realm, entity, id, operation string
	notice                       pos.Notice
}

// jobs says which job has news when an entity changes.
var jobs = map[string]pos.Job{
	"item": pos.JobMenu, "department": pos.JobStatus, "class": pos.JobStatus, "preferences": pos.JobStatus, "payment": pos.JobPurchases,
}

// add appends the notice of a change, unless it concerns no job. Deleted
// records and payments cannot be read by id: their notices ask for a poll.
func add(list []pos.Notice, c news) []pos.Notice {
	n := c.notice
	n.Account = c.realm
	at := slices.IndexFunc(records, func(r string) bool { return strings.EqualFold(r, c.entity) })
	switch job, known := jobs[strings.ToLower(c.entity)]; {
	case at >= 0:
		n.Job = pos.JobPurchases
		if c.operation != "delete" && c.operation != "deleted" && isDigits(c.id) {
			n.Records = []string{recordID(records[at], c.id)}
		}
	case known:
		n.Job = job
	default:
		return list
	}
	return append(list, n)
}
