package bytetech

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Operations; their paths are in the profile. The defaults are
//
//	op: GET /v1/kiosks
//	op: GET /v1/kiosks/{kiosk_id}/status
//	op: GET /v1/kiosks/{kiosk_id}/listings
//	op: GET /v1/kiosks/{kiosk_id}/tags
//	op: GET /v1/categories
//	op: GET /v1/products
//	op: POST /v1/products
//	op: PATCH /v1/products/{product_id}
//	op: POST /v1/products/batch
//	op: POST /v1/products/{product_id}/archive
//	op: POST /v1/products/{product_id}/unarchive
//	op: POST /v1/listings/batch
//	op: GET /v1/discounts
//	op: POST /v1/discounts
//	op: POST /v1/discounts/{discount_id}/end
//	op: GET /v1/discounts/{discount_id}/codes
//	op: GET /v1/inventory
//	op: GET /v1/transactions
//	op: GET /v1/transactions/{transaction_id}
//	op: GET /v1/webhooks
//	op: POST /v1/webhooks
//	op: PATCH /v1/webhooks/{webhook_id}
const (
	opListKiosks       = "listKiosks"
	opKioskStatus      = "getKioskStatus"
	opListListings     = "listListings"
	opListTags         = "listTags"
	opListCategories   = "listCategories"
	opListProducts     = "listProducts"
	opCreateProduct    = "createProduct"
	opUpdateProduct    = "updateProduct"
	opUpsertProducts   = "upsertProducts"
	opArchiveProduct   = "archiveProduct"
	opUnarchiveProduct = "unarchiveProduct"
	opUpsertListings   = "upsertListings"
	opListDiscounts    = "listDiscounts"
	opCreateDiscount   = "createDiscount"
	opEndDiscount      = "endDiscount"
	opListCodes        = "listCouponCodes"
	opListInventory    = "listInventory"
	opListTransactions = "listTransactions"
	opGetTransaction   = "getTransaction"
	opListWebhooks     = "listWebhooks"
	opCreateWebhook    = "createWebhook"
	opUpdateWebhook    = "updateWebhook"
)

// Styles of paging.
const (
	pageCursor = "cursor" // the answer names the next cursor
	pageOffset = "offset" // the parameter counts rows
	pageNumber = "page"   // the parameter counts pages from 1
	pageLink   = "link"   // the answer or its Link header names the next URL
)

var (
	errNoToken = errors.New("bytetech: no access token in the answer")
	errStuck   = errors.New("bytetech: the page token does not move")
)

// list is a read of a list, page by page.
type list struct {
	op, path, location string
	query              url.Values
	limit              int
}

// listPage is one page of it, or several at once: the rows as JSON arrays.
type listPage struct {
	rows  [][]byte
	token string    // "" on the last page
	date  time.Time // the vendor's clock, zero if it did not tell
}

// page reads one page; the empty token is the first.
func (p *Provider) page(ctx context.Context, l list, token string) (listPage, error) {
	paging := p.profile.Paging
	size := paging.Size
	if l.limit > 0 && l.limit < size {
		size = l.limit
	}
	r := kit.Request{Op: l.op, Method: http.MethodGet, Path: l.path, Location: l.location, Query: url.Values{}}
	if paging.Style == pageLink && token != "" {
		r.Path = token
	} else {
		maps.Copy(r.Query, l.query)
		setQuery(r.Query, paging.Limit, strconv.Itoa(size))
		setQuery(r.Query, paging.Cursor, token)
	}
	var body jsontext.Value
	resp, err := p.client.JSON(ctx, r, nil, &body)
	if err != nil {
		return listPage{}, err
	}
	var o object
	if err := p.profile.shapes.envelope.read(body, &p.profile.Encoding, &o); err != nil {
		return listPage{}, protocol(l.op, err)
	}
	rows := o.value(paging.Items)
	if rows == nil && isNull(body, paging.Items.path) { // how some servers write an empty list
		rows = []byte("[]")
	}
	if len(rows) == 0 || rows[0] != '[' {
		return listPage{}, protocol(l.op, fmt.Errorf("bytetech: no array at %q", paging.Items))
	}
	next, err := p.nextToken(&o, resp.Header, rows, token, size)
	if err == nil && next != "" && next == token {
		err = errStuck
	}
	if err != nil {
		return listPage{}, protocol(l.op, err)
	}
	return listPage{[][]byte{rows}, next, resp.Date}, nil
}

// isNull reports whether the object has the member at the path, as a null.
func isNull(object []byte, path []string) bool {
	value := jsontext.Value(object)
	for _, name := range path {
		var members map[string]jsontext.Value
		if json.Unmarshal(value, &members, lenient...) != nil {
			return false
		}
		value = members[name]
	}
	return value.Kind() == 'n'
}

// setQuery sets a parameter that the profile names and that has a value.
func setQuery(q url.Values, name, value string) {
	if name != "" && value != "" {
		q.Set(name, value)
	}
}

// nextToken finds out how to continue behind a page.
func (p *Provider) nextToken(o *object, h http.Header, rows []byte, token string, size int) (string, error) {
	paging := p.profile.Paging
	switch paging.Style {
	case pageLink:
		if paging.Next.delivered() {
			return o.text(paging.Next), nil
		}
		return nextLink(h), nil
	case pageOffset, pageNumber:
		n := 0
		if err := eachElement(rows, func([]byte) error { n++; return nil }); err != nil || n < size {
			return "", err
		}
		at, _ := strconv.Atoi(token)
		if paging.Style == pageOffset {
			return strconv.Itoa(at + n), nil
		}
		return strconv.Itoa(max(at, 1) + 1), nil
	}
	return o.text(paging.Next), nil
}

// nextLink returns the target of the link with relation "next".
func nextLink(h http.Header) string {
	for _, line := range h.Values("Link") {
		for part := range strings.SplitSeq(line, ",") {
			target, params, _ := strings.Cut(strings.TrimSpace(part), ">")
			if strings.Contains(params, `rel="next"`) || strings.Contains(params, "rel=next") {
				return strings.TrimPrefix(target, "<")
			}
		}
	}
	return ""
}

// each reads the rows of a page. The object is reused: copy what is to stay.
func (p *Provider) each(op string, page listPage, s *shape, fn func(*object) error) error {
	var row object
	var own error
	for _, rows := range page.rows {
		err := s.eachObject(rows, &p.profile.Encoding, &row, func() error {
			own = fn(&row)
			p.warnUnreadable(op, &row)
			return own
		})
		switch {
		case own != nil:
			return own
		case err != nil:
			return protocol(op, err)
		}
	}
	return nil
}

// pageOrRest reads a page. If its token has expired it reads the whole list
// anew, so that a slow caller gets to the end all the same.
func (p *Provider) pageOrRest(ctx context.Context, l list, token string) (listPage, error) {
	page, err := p.page(ctx, l, token)
	if token == "" || !errors.Is(err, kit.ErrPageToken) {
		return page, err
	}
	var whole listPage
	for token = ""; ; token = page.token {
		if page, err = p.page(ctx, l, token); err != nil {
			return listPage{}, err
		}
		whole.rows = append(whole.rows, page.rows...)
		if page.token == "" {
			whole.date = page.date
			return whole, nil
		}
	}
}

// all reads every page of a list.
func (p *Provider) all(ctx context.Context, l list, s *shape, fn func(*object) error) error {
	for token := ""; ; {
		page, err := p.page(ctx, l, token)
		if err != nil {
			return err
		}
		if err := p.each(l.op, page, s, fn); err != nil {
			return err
		}
		if token = page.token; token == "" {
			return nil
		}
	}
}

// send makes a write. Bodies are encoded in a fixed order, so that a repeated
// key meets the same bytes.
func (p *Provider) send(ctx context.Context, r kit.Request, body any, s *shape, o *object) error {
	if body != nil {
		text, err := json.Marshal(body, json.Deterministic(true))
		if err != nil {
			return err
		}
		r.Body = text
	}
	if !p.profile.Features.Idempotency {
		r.Key = ""
	}
	var answer jsontext.Value
	if _, err := p.client.JSON(ctx, r, nil, &answer); err != nil {
		return err
	}
	if s == nil {
		return nil
	}
	if err := s.read(answer, &p.profile.Encoding, o); err != nil {
		return protocol(r.Op, err)
	}
	return nil
}
