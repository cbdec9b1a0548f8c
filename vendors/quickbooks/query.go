package quickbooks

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// stamp writes an instant for queries; the service keeps whole seconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-07:00") }

// quote writes a text value into a query.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// in writes a condition that names ids.
func in(ids []string) string {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = quote(id)
	}
	return "Id IN (" + strings.Join(quoted, ",") + ")"
}

// request is a call below the company.
func request(op, method, path string, query url.Values) kit.Request {
	if query == nil {
		query = url.Values{}
	}
	query.Set("minorversion", MinorVersion)
	return kit.Request{Op: op, Method: method, Path: path, Query: query}
}

// query reads the rows of one page. A metered read.
func (p *Provider) query(ctx context.Context, entity, text string, each func(jsontext.Value) error) (rows int, now time.Time, err error) {
	op := "Query" + entity
	resp, err := p.client.Do(ctx, request(op, http.MethodGet, "/query", url.Values{"query": {text}}))
	if err != nil {
		return 0, time.Time{}, err
	}
	var end queryEnd
	err = kit.EachJSON(resp, "QueryResponse."+entity, func(v *jsontext.Value) error {
		rows++
		return each(slices.Clone(*v))
	}, &end)
	if err == nil {
		err = inside(op, resp.RequestID, end.Fault)
	}
	return rows, resp.Date, err
}

// maxRows ends the read of a service that begins anew with every page.
const maxRows = 1_000_000

// everything reads all rows of a list entity, inactive ones included. New rows
// come at the end, so that pages do not shift.
func (p *Provider) everything(ctx context.Context, entity, fields, where string, each func(jsontext.Value) error) error {
	for start := 1; start < maxRows; start += maxPage {
		text := fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDERBY MetaData.CreateTime ASC STARTPOSITION %d MAXRESULTS %d", fields, entity, where, start, maxPage)
		rows, _, err := p.query(ctx, entity, text, each)
		if err != nil || rows < maxPage {
			return err
		}
	}
	return fail("Query"+entity, pos.KindProtocol, fmt.Errorf("more than %d rows", maxRows))
}

// byID reads the rows that exist of those that are named.
func (p *Provider) byID(ctx context.Context, entity, fields string, ids []string, each func(jsontext.Value) error) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for part := range slices.Chunk(ids, maxIn) {
		where := in(part)
		if !isTransaction(entity) {
			where += " AND Active IN (true,false)"
		}
		text := fmt.Sprintf("SELECT %s FROM %s WHERE %s MAXRESULTS %d", fields, entity, where, maxPage)
		if _, _, err := p.query(ctx, entity, text, each); err != nil {
			return err
		}
	}
	return nil
}
