package square

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// catalogLimits are the sizes that the Catalog API takes, as Square tells them.
//
//	op: GET /v2/catalog/info https://developer.squareup.com/reference/square/catalog-api/catalog-info
type catalogLimits struct {
	BatchObjects   int `json:"batch_upsert_max_objects_per_batch"` // nested ones count
	RequestObjects int `json:"batch_upsert_max_total_objects"`
	RetrieveIDs    int `json:"batch_retrieve_max_object_ids"`
	DeleteIDs      int `json:"batch_delete_max_object_ids"`
	SearchPage     int `json:"search_max_page_limit"`
}

type catalogInfo struct {
	Limits catalogLimits `json:"limits"`
	Errors []Detail      `json:"errors"`
}

// documentedLimits hold where Square does not tell.
var documentedLimits = catalogLimits{
	BatchObjects: 1000, RequestObjects: maxRequestObjects, RetrieveIDs: 1000, DeleteIDs: 200, SearchPage: 1000,
}

// or replaces what is missing.
func (l catalogLimits) or(other catalogLimits) catalogLimits {
	for _, x := range []struct {
		field *int
		other int
	}{
		{&l.BatchObjects, other.BatchObjects},
		{&l.RequestObjects, other.RequestObjects},
		{&l.RetrieveIDs, other.RetrieveIDs},
		{&l.DeleteIDs, other.DeleteIDs},
		{&l.SearchPage, other.SearchPage},
	} {
		if *x.field <= 0 {
			*x.field = x.other
		}
	}
	return l
}

// Reading the limits is a courtesy: it waits little, and after a failure the
// documented ones hold for a while.
const (
	limitsPatience = 10 * time.Second
	limitsRetry    = time.Hour
)

// limitsCache remembers the limits of the catalogue.
type limitsCache struct {
	told  atomic.Pointer[limitsTold]
	turns chan struct{} // held while they are read
}

type limitsTold struct {
	catalogLimits
	until time.Time // zero: for good
}

// limits returns the limits of the catalogue. The first call reads them, once
// for all callers. It does not fail: the documented limits hold if Square tells
// none.
func (p *Provider) limits(ctx context.Context) catalogLimits {
	if l, ok := p.limitsKnown(); ok {
		return l
	}
	select {
	case p.limitsTold.turns <- struct{}{}:
		defer func() { <-p.limitsTold.turns }()
	case <-ctx.Done():
		return documentedLimits
	}
	if l, ok := p.limitsKnown(); ok {
		return l
	}
	told := &limitsTold{catalogLimits: documentedLimits}
	switch l, err := p.readLimits(ctx); {
	case err == nil:
		told.catalogLimits = l.or(documentedLimits)
	case ctx.Err() != nil:
		return documentedLimits // says nothing about Square
	default:
		told.until = p.client.Now().Add(limitsRetry)
	}
	p.limitsTold.told.Store(told)
	return told.catalogLimits
}

func (p *Provider) limitsKnown() (catalogLimits, bool) {
	l := p.limitsTold.told.Load()
	if l == nil || !l.until.IsZero() && !p.client.Now().Before(l.until) {
		return catalogLimits{}, false
	}
	return l.catalogLimits, true
}

func (p *Provider) readLimits(ctx context.Context) (catalogLimits, error) {
	ctx, cancel := context.WithTimeout(ctx, limitsPatience)
	defer cancel()
	var answer catalogInfo
	r := kit.Request{Op: "CatalogInfo", Method: http.MethodGet, Path: "/v2/catalog/info"}
	resp, err := p.client.JSON(ctx, r, nil, &answer)
	if err != nil {
		return catalogLimits{}, err
	}
	return answer.Limits, inside(r.Op, resp.RequestID, answer.Errors)
}
