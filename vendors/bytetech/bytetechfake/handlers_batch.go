package bytetechfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

const (
	productBatchMax = 100
	listingBatchMax = 1000
)

// updateProduct is a merge patch: absent fields stay, null takes the default.
func (c *call) updateProduct() (int, any, error) {
	p, err := c.pathProduct()
	if err != nil {
		return 0, nil, err
	}
	if match := c.r.Header.Get("If-Match"); match != "" && match != "*" && strings.Trim(match, `"`) != strconv.Itoa(p.version) {
		return 0, nil, fail(http.StatusPreconditionFailed, "version_mismatch", "", fmt.Sprintf("the product has version %d", p.version))
	}
	var given map[string]json.RawMessage
	if err := c.decode(&given); err != nil {
		return 0, nil, err
	}
	w := p.writable().detached()
	if _, named := given["category_name"]; named && given["category_id"] == nil {
		w.CategoryID = nil
	}
	if err := c.decode(&w); err != nil {
		return 0, nil, err
	}
	if _, err := c.writeProduct(p, w, ""); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.viewProduct(p), nil
}

// detached is a copy that shares no memory with the product: decoding writes
// through the pointers it finds.
func (w productWrite) detached() productWrite {
	w.ExternalID, w.Name, w.Description = clone(w.ExternalID), clone(w.Name), clone(w.Description)
	w.CategoryID, w.CategoryName, w.UPC = clone(w.CategoryID), clone(w.CategoryName), clone(w.UPC)
	w.PriceCents, w.CostCents, w.ShelfLifeDays = clone(w.PriceCents), clone(w.CostCents), clone(w.ShelfLifeDays)
	w.Taxable, w.ImageURL = clone(w.Taxable), clone(w.ImageURL)
	return w
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// upsertProducts judges every element on its own.
func (c *call) upsertProducts() (int, any, error) {
	var in struct {
		Products []json.RawMessage `json:"products"`
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if len(in.Products) == 0 || len(in.Products) > productBatchMax {
		return 0, nil, invalid("products", fmt.Sprintf("is not 1 to %d elements", productBatchMax))
	}
	results := make([]productResult, len(in.Products))
	for i, element := range in.Products {
		results[i] = c.upsertProduct(i, element)
	}
	return http.StatusOK, map[string]any{"results": results}, nil
}

func (c *call) upsertProduct(i int, element json.RawMessage) productResult {
	path := fmt.Sprintf("products[%d].", i)
	var w productWrite
	r := productResult{resultView: resultView{Index: i}}
	refuse := func(err error) productResult {
		r.Outcome, r.Error = "error", new(viewError(err, c.id))
		return r
	}
	if err := json.Unmarshal(element, &w); err != nil {
		return refuse(invalid(strings.TrimSuffix(path, "."), "is not a product: "+err.Error()))
	}
	r.ExternalID = w.ExternalID
	if deref(w.ExternalID) == "" {
		return refuse(invalid(path+"external_id", "is required"))
	}
	p, exists := c.bySKU[*w.ExternalID]
	if !exists {
		created, err := c.createProduct(w, path)
		if err != nil {
			return refuse(err)
		}
		r.Outcome, r.Product = "created", new(c.viewProduct(created))
		return r
	}
	changed, err := c.writeProduct(p, w, path)
	if err != nil {
		return refuse(err)
	}
	r.Outcome, r.Product = "unchanged", new(c.viewProduct(p))
	if changed {
		r.Outcome = "updated"
	}
	return r
}

func (c *call) upsertListings() (int, any, error) {
	var in struct {
		Listings []json.RawMessage `json:"listings"`
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if len(in.Listings) == 0 || len(in.Listings) > listingBatchMax {
		return 0, nil, invalid("listings", fmt.Sprintf("is not 1 to %d elements", listingBatchMax))
	}
	results := make([]listingResult, len(in.Listings))
	for i, element := range in.Listings {
		results[i] = c.upsertListing(i, element)
	}
	return http.StatusOK, map[string]any{"results": results}, nil
}

func (c *call) upsertListing(i int, element json.RawMessage) listingResult {
	path := fmt.Sprintf("listings[%d].", i)
	var w listingWrite
	r := listingResult{resultView: resultView{Index: i}}
	refuse := func(err error) listingResult {
		r.Outcome, r.Error = "error", new(viewError(err, c.id))
		return r
	}
	if err := json.Unmarshal(element, &w); err != nil {
		return refuse(invalid(strings.TrimSuffix(path, "."), "is not a listing: "+err.Error()))
	}
	r.KioskID, r.ProductID, r.ExternalID = w.KioskID, w.ProductID, w.ExternalID
	k, p, outcome, err := c.writeListing(w, c.sees, path)
	if err != nil {
		return refuse(err)
	}
	r.Outcome, r.Listing = outcome, new(viewListing(k, p))
	r.ProductID, r.ExternalID = &p.id, optional(p.externalID)
	return r
}
