package bytetechfake

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

type category struct{ id, name string }

func (c *category) key() string { return c.id }

// product is one SKU of the account's catalogue.
type product struct {
	id          string
	externalID  string
	name        string
	description string
	category    *category
	upc         string
	price       int64
	cost        *int64
	shelfLife   int // days, 1000 means unknown
	untaxed     bool
	image       string
	note        string // see Tamper
	archived    bool
	version     int
	created     time.Time
	updated     time.Time
}

func (p *product) key() string { return p.id }

// listing is one product as one kiosk shows it, where that differs from the catalogue.
type listing struct {
	unlisted bool
	price    *int64
	par      *int
	updated  time.Time
}

// productWrite is what clients may write of a product. Absent and null mean
// the default.
type productWrite struct {
	ExternalID    *string `json:"external_id"`
	Name          *string `json:"name"`
	Description   *string `json:"description"`
	CategoryID    *string `json:"category_id"`
	CategoryName  *string `json:"category_name"`
	UPC           *string `json:"upc"`
	PriceCents    *int64  `json:"price_cents"`
	CostCents     *int64  `json:"cost_cents"`
	ShelfLifeDays *int    `json:"shelf_life_days"`
	Taxable       *bool   `json:"taxable"`
	ImageURL      *string `json:"image_url"`
}

// writable is the product as a client could have written it.
func (p *product) writable() productWrite {
	w := productWrite{
		ExternalID: optional(p.externalID), Name: &p.name, Description: optional(p.description), UPC: optional(p.upc),
		PriceCents: &p.price, CostCents: p.cost, ShelfLifeDays: &p.shelfLife, Taxable: new(!p.untaxed), ImageURL: optional(p.image),
	}
	if p.category != nil {
		w.CategoryID = &p.category.id
	}
	return w
}

var digits = regexp.MustCompile(`^[0-9]{8,14}$`)

// checkProduct validates the fields; path precedes their names in errors.
func (f *Fake) checkProduct(w productWrite, path string) error {
	text := func(field string, v *string, limit int) error {
		if v != nil && utf8.RuneCountInString(*v) > limit {
			return invalid(path+field, fmt.Sprintf("longer than %d characters", limit))
		}
		return nil
	}
	switch {
	case deref(w.Name) == "":
		return invalid(path+"name", "is required")
	case w.PriceCents == nil:
		return invalid(path+"price_cents", "is required")
	case *w.PriceCents < 0:
		return invalid(path+"price_cents", "is negative")
	case w.CostCents != nil && *w.CostCents < 0:
		return invalid(path+"cost_cents", "is negative")
	case w.ExternalID != nil && *w.ExternalID == "":
		return invalid(path+"external_id", "is empty")
	case w.UPC != nil && !digits.MatchString(*w.UPC):
		return invalid(path+"upc", "is not 8 to 14 digits")
	case w.ShelfLifeDays != nil && (*w.ShelfLifeDays < 1 || *w.ShelfLifeDays > unknownShelfLife):
		return invalid(path+"shelf_life_days", "is not in 1 to 1000")
	}
	if w.ImageURL != nil {
		if u, err := url.Parse(*w.ImageURL); err != nil || !u.IsAbs() {
			return invalid(path+"image_url", "is not an absolute URL")
		}
	}
	if id := deref(w.CategoryID); id != "" {
		c, ok := f.categories.get(id)
		if !ok {
			return invalid(path+"category_id", "names no category")
		}
		if w.CategoryName != nil && *w.CategoryName != c.name {
			return invalid(path+"category_name", "contradicts category_id")
		}
	}
	for _, t := range []error{text("external_id", w.ExternalID, 64), text("name", w.Name, 120), text("description", w.Description, 2000), text("category_name", w.CategoryName, 80)} {
		if t != nil {
			return t
		}
	}
	return nil
}

// newProduct puts an empty product into the catalogue.
func (f *Fake) newProduct(created time.Time) *product {
	p := &product{id: f.id("p"), shelfLife: unknownShelfLife, version: 1, created: created, updated: created}
	f.products.put(p)
	return p
}

// createProduct adds a product to the catalogue.
func (f *Fake) createProduct(w productWrite, path string) (*product, error) {
	if err := f.checkProduct(w, path); err != nil {
		return nil, err
	}
	if _, ok := f.bySKU[deref(w.ExternalID)]; ok {
		return nil, conflict("duplicate_external_id", path+"external_id", "another product has it")
	}
	p := f.newProduct(f.now)
	f.assign(p, w)
	f.emitProduct(p)
	return p, nil
}

// writeProduct brings a product into the state of w and reports whether that
// changed anything.
func (f *Fake) writeProduct(p *product, w productWrite, path string) (bool, error) {
	if err := f.checkProduct(w, path); err != nil {
		return false, err
	}
	if other, ok := f.bySKU[deref(w.ExternalID)]; ok && other != p {
		return false, conflict("duplicate_external_id", path+"external_id", "another product has it")
	}
	before := *p
	f.assign(p, w)
	if sameProduct(before, *p) {
		return false, nil
	}
	f.bump(p)
	return true, nil
}

func (f *Fake) assign(p *product, w productWrite) {
	if p.externalID != "" {
		delete(f.bySKU, p.externalID)
	}
	p.externalID, p.name, p.description, p.upc = deref(w.ExternalID), deref(w.Name), deref(w.Description), deref(w.UPC)
	p.price, p.cost, p.image, p.untaxed = deref(w.PriceCents), w.CostCents, deref(w.ImageURL), w.Taxable != nil && !*w.Taxable
	p.shelfLife = unknownShelfLife
	if w.ShelfLifeDays != nil {
		p.shelfLife = *w.ShelfLifeDays
	}
	p.category = nil
	if c, ok := f.categories.get(deref(w.CategoryID)); ok {
		p.category = c
	} else if name := deref(w.CategoryName); name != "" {
		p.category = f.categoryNamed(name)
	}
	if p.externalID != "" {
		f.bySKU[p.externalID] = p
	}
}

func sameProduct(a, b product) bool {
	sameCost := (a.cost == nil) == (b.cost == nil) && deref(a.cost) == deref(b.cost)
	a.cost, b.cost = nil, nil
	return sameCost && a == b
}

func (f *Fake) bump(p *product) {
	p.version++
	p.updated = f.now
	f.emitProduct(p)
}

func (f *Fake) emitProduct(p *product) {
	f.emit("product.updated", "", map[string]any{"product_id": p.id, "external_id": optional(p.externalID), "updated_at": stamp(p.updated)})
}

func (f *Fake) archive(p *product, archived bool) {
	if p.archived != archived {
		p.archived = archived
		f.bump(p)
	}
}

// categoryNamed returns the category of that name, making it on demand.
func (f *Fake) categoryNamed(name string) *category {
	for _, c := range f.categories {
		if strings.EqualFold(c.name, name) {
			return c
		}
	}
	c := &category{id: f.id("c"), name: name}
	f.categories.put(c)
	return c
}

// price is what the kiosk asks for a product.
func (k *kiosk) price(p *product) int64 {
	if l := k.listings[p]; l != nil && l.price != nil {
		return *l.price
	}
	return p.price
}

// listingWrite is what clients may write of a listing.
type listingWrite struct {
	KioskID    *string         `json:"kiosk_id"`
	ProductID  *string         `json:"product_id"`
	ExternalID *string         `json:"external_id"`
	Listed     *bool           `json:"listed"`
	PriceCents *int64          `json:"price_cents"`
	ParLevel   json.RawMessage `json:"par_level"` // absent: stays as it is
}

// par returns the par level to keep or set.
func (w listingWrite) par(l *listing, path string) (*int, error) {
	if w.ParLevel == nil {
		if l == nil {
			return nil, nil
		}
		return l.par, nil
	}
	var n *int
	if err := json.Unmarshal(w.ParLevel, &n); err != nil || n != nil && *n < 0 {
		return nil, invalid(path+"par_level", "is not a number of packages")
	}
	return n, nil
}

// writeListing brings one listing into the state of w; a par level that is
// left out stays.
func (f *Fake) writeListing(w listingWrite, seen func(*kiosk) bool, path string) (k *kiosk, p *product, outcome string, err error) {
	k, ok := f.kiosks.get(deref(w.KioskID))
	if !ok || !seen(k) {
		return nil, nil, "", fail(404, "not_found", path+"kiosk_id", "no such kiosk")
	}
	if p, ok = f.products.get(deref(w.ProductID)); !ok && w.ProductID == nil {
		p, ok = f.bySKU[deref(w.ExternalID)]
	}
	switch {
	case w.ProductID == nil && w.ExternalID == nil:
		return k, nil, "", invalid(path+"product_id", "product_id or external_id is required")
	case !ok:
		return k, nil, "", fail(404, "not_found", path+"product_id", "no such product")
	case w.ProductID != nil && w.ExternalID != nil && *w.ExternalID != p.externalID:
		return k, nil, "", invalid(path+"external_id", "contradicts product_id")
	case w.PriceCents != nil && *w.PriceCents < 0:
		return k, nil, "", invalid(path+"price_cents", "is negative")
	}
	l, ok := k.listings[p]
	par, err := w.par(l, path)
	if err != nil {
		return k, nil, "", err
	}
	outcome = "updated"
	if !ok {
		l, outcome = &listing{}, "created"
		k.listings[p] = l
	}
	unlisted := w.Listed != nil && !*w.Listed
	if ok && l.unlisted == unlisted && same(l.price, w.PriceCents) && same(l.par, par) {
		return k, p, "unchanged", nil
	}
	l.unlisted, l.price, l.par, l.updated = unlisted, w.PriceCents, par, f.now
	if s, ok := k.stock.get(p.id); ok {
		s.updated = f.now // the line shows the par level
	}
	return k, p, outcome, nil
}

func same[T comparable](a, b *T) bool {
	return (a == nil) == (b == nil) && deref(a) == deref(b)
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// optional is nil for an empty string: JSON null.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
