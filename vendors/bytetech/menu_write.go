package bytetech

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// batchError marks an element of a batch that failed.
const batchError = "error"

// writes are the parts of a plan, by kind of request.
type writes struct {
	upserts, revivals, archives []*itemPlan
	rows                        []*listingRow
}

func (m *menuPush) writes() writes {
	var w writes
	for _, plan := range slices.Concat(m.items, m.gone) {
		if plan.changes != nil {
			w.upserts = append(w.upserts, plan)
		}
		if plan.revive {
			w.revivals = append(w.revivals, plan)
		}
		if plan.archive {
			w.archives = append(w.archives, plan)
		}
		w.rows = append(w.rows, plan.rows...)
	}
	return w
}

// rehearse counts the requests of a dry run.
func (m *menuPush) rehearse() {
	w := m.writes()
	m.report.Wrote(batches(len(w.upserts), m.batchSize()) + len(w.revivals) + batches(len(w.rows), m.profile.Limits.ListingBatch) + len(w.archives))
}

func batches(n, size int) int { return (n + size - 1) / size }

// execute writes products before their listings and remembers what was done.
// It returns an error if the first write was refused for the account as a
// whole.
func (m *menuPush) execute(ctx context.Context) error {
	w := m.writes()
	if err := m.claim(ctx); err != nil {
		return err
	}
	var first error
	note := func(err error) {
		if first == nil && err != nil && errors.Is(err, pos.ErrAuth) {
			first = err
		}
	}
	if m.profile.Features.ProductBatch {
		for chunk := range slices.Chunk(w.upserts, m.profile.Limits.ProductBatch) {
			note(m.upsert(ctx, chunk))
		}
	} else {
		for _, plan := range w.upserts {
			note(m.writeProduct(ctx, plan))
		}
	}
	if first != nil {
		return first
	}
	for _, plan := range w.revivals {
		note(m.act(ctx, plan, opUnarchiveProduct, "product_unarchive"))
	}
	ready := slices.DeleteFunc(w.rows, func(row *listingRow) bool { return row.plan.err != nil })
	for chunk := range slices.Chunk(ready, m.profile.Limits.ListingBatch) {
		note(m.writeListings(ctx, chunk))
	}
	for _, plan := range w.archives {
		note(m.act(ctx, plan, opArchiveProduct, "product_archive"))
	}
	if err := m.remember(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	return first
}

// claim records SKUs as ours before they are created, so that a crash leaves
// no product that nobody owns.
func (m *menuPush) claim(ctx context.Context) error {
	claims := make(map[string]string)
	for _, plan := range m.items {
		if plan.have == nil {
			claims[plan.sku] = skuClaimed
		}
	}
	return m.saveOwned(ctx, claims)
}

// remember saves what is known after the writes.
func (m *menuPush) remember(ctx context.Context) error {
	if err := m.saveListings(ctx, m.state); err != nil {
		return err
	}
	known := make(map[string]string)
	for _, plan := range m.items {
		failed := slices.ContainsFunc(plan.rows, func(r *listingRow) bool { return r.err != nil })
		switch {
		case plan.err != nil:
		case plan.have == nil && !failed, plan.have != nil && m.state.owned[plan.sku] != skuKnown && !failed && len(m.others) == 0:
			known[plan.sku] = skuKnown
		case m.state.owned[plan.sku] == "":
			known[plan.sku] = skuAdopted
		}
	}
	return m.saveOwned(ctx, known)
}

// upsert writes a batch of products.
func (m *menuPush) upsert(ctx context.Context, plans []*itemPlan) error {
	var sent []*itemPlan
	var docs []document
	for _, plan := range plans {
		d, err := m.upsertDocument(plan)
		if err != nil {
			plan.err = protocol(opListProducts, err)
			continue
		}
		sent, docs = append(sent, plan), append(docs, d)
	}
	if len(sent) == 0 {
		return nil
	}
	r := kit.Request{Op: opUpsertProducts, Method: http.MethodPost, Path: m.profile.path("product_batch"), Repeatable: true}
	failures, err := m.batch(ctx, r, m.profile.Fields.Batch.Products, docs, func(i int, row *object) {
		var o object
		if m.profile.shapes.product.read(row.value(m.profile.Fields.Batch.Product), &m.profile.Encoding, &o) == nil {
			sent[i].vendorID = o.text(m.profile.Fields.Product.ID)
		}
	})
	for i, plan := range sent {
		if plan.err = err; err == nil {
			plan.err = failures[i]
		}
	}
	return err
}

var errNoResult = errors.New("bytetech: no result for this element of the batch")

// batch sends documents and returns the error of each.
func (m *menuPush) batch(ctx context.Context, r kit.Request, at field, docs []document, done func(i int, row *object)) ([]error, error) {
	m.report.Wrote(1)
	body := document{}
	body.set(at, docs)
	var o object
	if err := m.send(ctx, r, body, m.profile.shapes.batchRow, &o); err != nil {
		return nil, err
	}
	b := m.profile.Fields.Batch
	failures := make([]error, len(docs))
	for i := range failures {
		failures[i] = protocol(r.Op, errNoResult)
	}
	n := 0
	err := o.each(b.Results, m.profile.shapes.batchRow, func(row *object) error {
		i := int64(n)
		if b.Index.delivered() {
			i, _ = row.number(b.Index)
		}
		n++
		if i < 0 || i >= int64(len(docs)) {
			return nil
		}
		if failures[i] = nil; m.meaning("batch_outcome", row.text(b.Outcome)) == batchError {
			failures[i] = m.profile.elementError(r.Op, row)
		} else {
			done(int(i), row)
		}
		return nil
	})
	if err != nil {
		return nil, protocol(r.Op, err)
	}
	return failures, nil
}

// writeProduct creates or changes a single product, where there are no batches.
func (m *menuPush) writeProduct(ctx context.Context, plan *itemPlan) error {
	m.report.Wrote(1)
	var o object
	r := kit.Request{Op: opUpdateProduct, Method: http.MethodPatch, Repeatable: true}
	var err error
	if plan.have != nil {
		r.Path = m.profile.path("product", plan.have.id)
		err = m.send(ctx, r, plan.changes, m.profile.shapes.product, &o)
	} else {
		r = kit.Request{Op: opCreateProduct, Method: http.MethodPost, Path: m.profile.path("products"), Key: kit.Key(opCreateProduct, m.push.ChangeID, plan.sku)}
		err = m.create(ctx, r, plan.changes, m.profile.shapes.product, &o, func() (bool, error) { return m.findProduct(ctx, plan.sku, &o) })
	}
	if err == nil {
		plan.vendorID = o.text(m.profile.Fields.Product.ID)
	}
	plan.err = err
	return err
}

// findProduct looks for a product by SKU.
func (m *menuPush) findProduct(ctx context.Context, sku string, out *object) (found bool, err error) {
	f := m.profile.Fields.Product
	l := list{op: opListProducts, path: m.profile.path("products"), query: map[string][]string{}}
	setQuery(l.query, m.profile.Query.Products.ExternalID, sku)
	err = m.all(ctx, l, m.profile.shapes.product, func(o *object) error {
		if o.text(f.ExternalID) == sku {
			found = true
			return m.profile.shapes.product.read(slices.Clone(o.raw), &m.profile.Encoding, out)
		}
		return nil
	})
	return found, err
}

// createAttempts is how often a create without idempotency key is sent.
const createAttempts = 3

// create makes a new object. Without idempotency keys nobody knows after a
// failure whether it was made: it is looked for before it is sent again.
func (p *Provider) create(ctx context.Context, r kit.Request, body document, s *shape, o *object, find func() (bool, error)) error {
	for n := 1; ; n++ {
		err := p.send(ctx, r, body, s, o)
		if err == nil || !pos.IsRetryable(err) && !isDuplicate(err) {
			return err
		}
		found, findErr := find()
		if findErr != nil {
			return errors.Join(err, findErr)
		}
		if found {
			return nil
		}
		if n == createAttempts || isDuplicate(err) || p.profile.Features.Idempotency {
			return err
		}
	}
}

// act archives or unarchives a product.
func (m *menuPush) act(ctx context.Context, plan *itemPlan, op, path string) error {
	if plan.err != nil {
		return nil
	}
	m.report.Wrote(1)
	r := kit.Request{Op: op, Method: http.MethodPost, Path: m.profile.path(path, plan.vendorID), Repeatable: true}
	plan.err = m.send(ctx, r, nil, nil, nil)
	return plan.err
}

// writeListings writes a batch of listings and notes the new state.
func (m *menuPush) writeListings(ctx context.Context, rows []*listingRow) error {
	f := m.profile.Fields.Listing
	docs := make([]document, len(rows))
	for i, row := range rows {
		d := document{}
		d.set(f.Kiosk, row.kiosk)
		d.set(f.ExternalID, row.plan.sku)
		d.set(f.Listed, !row.want.Off)
		var price any = jsontext.Value("null")
		if row.want.Priced {
			price = m.profile.Encoding.formatMoney(pos.Money{Amount: row.want.Price, Currency: m.byID[row.kiosk].Currency})
		}
		d.set(f.Price, price)
		docs[i] = d
	}
	r := kit.Request{Op: opUpsertListings, Method: http.MethodPost, Path: m.profile.path("listing_batch"), Repeatable: true}
	failures, err := m.batch(ctx, r, m.profile.Fields.Batch.Listings, docs, func(int, *object) {})
	for i, row := range rows {
		if row.err = err; err == nil {
			row.err = failures[i]
		}
		if row.err == nil {
			m.state.set(row.plan.sku, row.kiosk, row.want)
		}
	}
	return err
}

// manual finds out where packages of withdrawn items are left.
func (m *menuPush) manual(ctx context.Context) {
	if len(m.gone) == 0 {
		return
	}
	left, err := m.packagesLeft(ctx)
	for _, plan := range m.gone {
		plan.left, plan.manual = left[plan.sku], "remove the packages: they keep selling until somebody takes them out"
		if err != nil {
			plan.left, plan.manual = plan.at, "remove the packages that are left; whether there are any is not known"
		}
	}
}

// packagesLeft finds the pushed kiosks that hold packages of withdrawn items,
// in one read of the inventory.
func (m *menuPush) packagesLeft(ctx context.Context) (map[string][]string, error) {
	gone := make(map[string][]string, len(m.gone))
	for _, plan := range m.gone {
		gone[plan.sku] = plan.at
	}
	left := make(map[string][]string)
	var locations []string
	if len(m.others) > 0 {
		locations = m.kiosks
	}
	for s, err := range pos.AllStock(ctx, m.Provider, pos.InventoryQuery{Locations: locations}) {
		if err != nil {
			return nil, err
		}
		if s.OnHand.Quantity > 0 && slices.Contains(gone[s.SKU], s.Location) {
			left[s.SKU] = append(left[s.SKU], s.Location)
		}
	}
	return left, nil
}
