package simphony

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Status implements [pos.Provider]: a row for each property. With STS2 it is
// one call for each revenue center, and the list of them once a day where it
// is not configured; a property is online if any of its revenue centers is.
// With TS1 alone it is one call for each property. Closed properties are not
// asked.
func (p *Provider) Status(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	const op = "Status"
	if err := p.ready(op, pos.JobStatus); err != nil {
		return pos.StatusPage{}, err
	}
	var after struct {
		ID string `json:"id"`
	}
	if q.After != "" {
		if err := kit.DecodeCursor(p.scope("status"), q.After, &after); err != nil {
			return pos.StatusPage{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return pos.StatusPage{}, ended(op, err)
	}
	list, err := p.placesOf(ctx, op, q.Locations)
	if err != nil {
		return pos.StatusPage{}, err
	}
	from, found := slices.BinarySearchFunc(list, after.ID, func(l pos.Location, id string) int { return strings.Compare(l.ID, id) })
	if found {
		from++
	}
	list = list[from:]
	var page pos.StatusPage
	if page.More = q.Limit > 0 && len(list) > q.Limit; page.More {
		list = list[:q.Limit]
	}
	for i := range list {
		s, err := p.statusOf(ctx, &list[i])
		if err != nil {
			return pos.StatusPage{}, err
		}
		page.Statuses = append(page.Statuses, s)
		after.ID = list[i].ID
	}
	page.Next, err = kit.EncodeCursor(p.scope("status"), after)
	return page, err
}

func (p *Provider) statusOf(ctx context.Context, l *pos.Location) (pos.Status, error) {
	switch {
	case l.Closed:
		return pos.Status{Location: l.ID, Source: "locations", Issues: []string{"closed"}}, nil
	case p.sts != nil:
		return p.connected(ctx, l.ID)
	}
	return p.pinged(ctx, l.ID)
}

// connectedHeader tells the last known state of the link to the property.
const connectedHeader = "Simphony-POS-Connected"

// connected asks STS2 for the revenue centers of a property.
func (p *Provider) connected(ctx context.Context, id string) (pos.Status, error) {
	s := pos.Status{Location: id, Source: "connectionStatus"}
	centers, err := p.revenueCenters(ctx, id)
	if errors.Is(err, pos.ErrNotFound) {
		s.Issues = []string{"not_found"}
		return s, nil
	}
	if err != nil {
		return s, err
	}
	for _, rvc := range centers {
		resp, err := p.sts.Do(ctx, kit.Request{
			Op: "ConnectionStatus", Location: id, Method: http.MethodHead, Path: "/checks/connectionStatus",
			Header: p.rvcHeader(id, rvc), Accept: []int{statusLinkTimeout, http.StatusNotFound},
		})
		if err != nil {
			return s, err
		}
		_, readErr := io.Copy(io.Discard, resp.Body) // there is none, unless the answer is cut off
		_ = resp.Body.Close()
		switch on, err := strconv.ParseBool(resp.Header.Get(connectedHeader)); {
		case readErr != nil:
			return s, failAt("ConnectionStatus", id, pos.KindUnavailable, readErr)
		case resp.Status == statusLinkTimeout:
			s.Issues = append(s.Issues, "link_timeout")
			s.Online = worse(s.Online)
		case resp.Status == http.StatusNotFound:
			s.Issues = append(s.Issues, "not_found")
		case err != nil:
			return s, failAt("ConnectionStatus", id, pos.KindProtocol, errors.New("the answer lacks "+connectedHeader))
		case on:
			s.Online, s.ObservedAt, s.StaleAfter = pos.Yes, observed(resp, p.sts), p.cfg.STS2.StaleAfter
		default:
			s.Online = worse(s.Online)
		}
	}
	return s, nil
}

// worse is no, unless another revenue center is connected.
func worse(t pos.Tri) pos.Tri {
	if t == pos.Yes {
		return pos.Yes
	}
	return pos.No
}

func observed(resp *kit.Response, c *kit.Client) time.Time {
	if !resp.Date.IsZero() {
		return resp.Date.UTC()
	}
	return c.Now().UTC()
}

func (p *Provider) rvcHeader(id string, rvc int) http.Header {
	return http.Header{
		"Simphony-OrgShortName": {p.cfg.Org}, "Simphony-LocRef": {id}, "Simphony-RvcRef": {strconv.Itoa(rvc)},
	}
}

// pinged asks the property's own service. One that cannot be reached is
// offline; one that answers with an error of HTTP, or that cannot be
// understood, is a failure of the call.
func (p *Provider) pinged(ctx context.Context, id string) (pos.Status, error) {
	t := p.ts1[id]
	s := pos.Status{Location: id, Source: "GetConfigurationInfoEx"}
	err := t.ping(ctx)
	var status *kit.StatusError
	var refusal *Refusal
	switch {
	case err == nil:
		s.Online, s.ObservedAt, s.StaleAfter = pos.Yes, t.client.Now().UTC(), t.cfg.StaleAfter
	case ctx.Err() != nil || !errors.Is(err, pos.ErrUnavailable) || errors.As(err, &status) || errors.Is(err, io.ErrUnexpectedEOF):
		return s, err
	case hasCode(err, codeStarting):
		s.Issues = []string{"starting"}
	case errors.As(err, &refusal):
		s.Online, s.Issues = pos.No, []string{refusal.Code}
	default:
		s.Online, s.Issues = pos.No, []string{"unreachable"}
	}
	return s, nil
}
