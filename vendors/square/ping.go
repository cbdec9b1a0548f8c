package square

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// How a ping waits: the device has pingDeadline to answer, and is asked about
// every pingInterval.
const (
	pingDeadline = 30 * time.Second
	pingInterval = 2 * time.Second
)

// action is a TerminalAction.
//
//	op: POST /v2/terminals/actions https://developer.squareup.com/reference/square/terminal-api/create-terminal-action
//	op: GET /v2/terminals/actions/{action_id} https://developer.squareup.com/reference/square/terminal-api/get-terminal-action
type action struct {
	ID           string  `json:"id,omitempty"`
	Type         string  `json:"type"`
	DeviceID     string  `json:"device_id"`
	Deadline     string  `json:"deadline_duration"`
	Status       string  `json:"status,omitempty"`
	CancelReason string  `json:"cancel_reason,omitempty"`
	UpdatedAt    instant `json:"updated_at,omitzero"`
	Metadata     struct {
		LocationID string `json:"location_id"`
	} `json:"device_metadata,omitzero"`
}

type actionRequest struct {
	Key    string `json:"idempotency_key"`
	Action action `json:"action"`
}

type actionAnswer struct {
	Action action   `json:"action"`
	Errors []Detail `json:"errors"`
}

// Ping asks a terminal or handheld, named by [pos.Status].Device, whether it
// answers right now, and waits for up to half a minute. It needs the
// permissions PAYMENTS_WRITE and PAYMENTS_READ. A device that did not answer
// is offline; a ping that was cancelled for another reason is unknown.
func (p *Provider) Ping(ctx context.Context, device string) (pos.Status, error) {
	const path = "/v2/terminals/actions"
	key := NewVerifier() // every ping is a new one
	now, err := p.action(ctx, kit.Request{Op: "CreateTerminalAction", Method: http.MethodPost, Path: path, Key: key}, actionRequest{
		Key: key, Action: action{Type: "PING", DeviceID: device, Deadline: fmt.Sprintf("PT%dS", int(pingDeadline.Seconds()))},
	})
	if err != nil {
		return pos.Status{}, err
	}
	tick := time.NewTicker(pingInterval)
	defer tick.Stop()
	for limit := time.Now().Add(2 * pingDeadline); ; {
		s := pos.Status{Device: device, Location: now.Metadata.LocationID, ObservedAt: now.UpdatedAt.Time, StaleAfter: pingDeadline, Source: "ping"}
		switch now.Status {
		case "COMPLETED":
			s.Online = pos.Yes
			return s, nil
		case "CANCELED":
			if now.CancelReason == "TIMED_OUT" {
				s.Online = pos.No
			}
			return s, nil
		}
		if time.Now().After(limit) {
			return s, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return pos.Status{}, fail("Ping", pos.KindUnknown, ctx.Err())
		}
		now, err = p.action(ctx, kit.Request{Op: "GetTerminalAction", Method: http.MethodGet, Path: path + "/" + url.PathEscape(now.ID)}, nil)
		if err != nil {
			return pos.Status{}, err
		}
	}
}

func (p *Provider) action(ctx context.Context, r kit.Request, in any) (action, error) {
	var answer actionAnswer
	resp, err := p.client.JSON(ctx, r, in, &answer)
	if err == nil {
		err = inside(r.Op, resp.RequestID, answer.Errors)
	}
	return answer.Action, err
}
