package quickbooks

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// page turns rows into purchases, in the order of their modification. Payments
// bring the invoices that they settle.
func (r *journal) page(ctx context.Context, rows []record, w kit.Window) (kit.WindowPage, error) {
	sales, payments, err := r.settle(ctx, rows, w.Raw)
	if err != nil {
		return kit.WindowPage{}, err
	}
	sales = slices.DeleteFunc(sales, func(rec record) bool {
		return len(w.Locations) > 0 && !slices.Contains(w.Locations, r.place(&rec.txn))
	})
	k, err := r.context(ctx, sales, payments)
	if err != nil {
		return kit.WindowPage{}, err
	}
	var page kit.WindowPage
	for i := range sales {
		page.Purchases = append(page.Purchases, k.purchase(&sales[i]))
	}
	slices.SortStableFunc(page.Purchases, func(a, b pos.Purchase) int { return a.UpdatedAt.Compare(b.UpdatedAt) })
	return page, nil
}

// settle splits rows into sales and payments by id, and reads what belongs to
// them: the payments of invoices and the invoices of payments.
func (r *journal) settle(ctx context.Context, rows []record, raw bool) (sales []record, payments map[string]*txn, err error) {
	payments = make(map[string]*txn)
	known := make(map[string]bool)
	var owed []string
	for i := range rows {
		if rows[i].entity == payment {
			payments[rows[i].ID] = &rows[i].txn
			continue
		}
		sales = append(sales, rows[i])
		known[recordID(rows[i].entity, rows[i].ID)] = true
	}
	for _, p := range payments {
		for id := range p.settles() {
			if !known[recordID(invoice, id)] {
				owed = append(owed, id)
			}
		}
	}
	more, err := r.readRecords(ctx, invoice, owed, raw)
	if err != nil {
		return nil, nil, err
	}
	sales = append(sales, more...)
	var missing []string
	for i := range sales {
		for _, id := range sales[i].paidBy() {
			if payments[id] == nil {
				missing = append(missing, id)
			}
		}
	}
	found, err := r.readRecords(ctx, payment, missing, false)
	for i := range found {
		payments[found[i].ID] = &found[i].txn
	}
	return sales, payments, err
}

// readRecords reads rows by id.
func (r *journal) readRecords(ctx context.Context, entity string, ids []string, raw bool) ([]record, error) {
	var rows []jsontext.Value
	err := r.byID(ctx, entity, "*", ids, func(v jsontext.Value) error {
		rows = append(rows, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, _, err := decode(entity, rows, raw)
	return list, err
}

// paidBy returns the ids of the payments of an invoice.
func (rec *record) paidBy() []string {
	if rec.entity != invoice {
		return nil
	}
	var ids []string
	for _, l := range rec.LinkedTxn {
		if l.TxnType == payment && isDigits(l.TxnID) {
			ids = append(ids, l.TxnID)
		}
	}
	return ids
}

// settles returns what a payment pays of each invoice.
func (t *txn) settles() map[string]number {
	paid := make(map[string]number)
	for i := range t.Line {
		for _, l := range t.Line[i].LinkedTxn {
			if l.TxnType == invoice && isDigits(l.TxnID) {
				paid[l.TxnID] = t.Line[i].Amount
			}
		}
	}
	return paid
}

// place is the point of sale of a form, the company if it names none.
func (p *Provider) place(t *txn) string {
	switch p.cfg.Locations {
	case ByDepartment:
		return cmp.Or(t.DepartmentRef.Value, p.cfg.Realm)
	case ByClass:
		return cmp.Or(t.ClassRef.Value, t.lineClass(), p.cfg.Realm)
	}
	return p.cfg.Realm
}

// lineClass is the class that all lines of a form share, "" if they differ.
func (t *txn) lineClass() string {
	class := ""
	for i := range t.Line {
		switch c := t.Line[i].SalesItemLineDetail.ClassRef.Value; {
		case c == "":
		case class == "":
			class = c
		case class != c:
			return ""
		}
	}
	return class
}

// saleContext is what is known around the sales of a page.
type saleContext struct {
	*journal
	zone     *time.Location // nil if unknown
	items    map[string]sold
	methods  map[string]named
	rates    map[string]named
	payments map[string]*txn
}

// context reads what the sales refer to and is not known yet.
func (r *journal) context(ctx context.Context, sales []record, payments map[string]*txn) (*saleContext, error) {
	k := &saleContext{journal: r, payments: payments}
	if len(sales) == 0 {
		return k, nil
	}
	items, methods, rates := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	for i := range sales {
		t := &sales[i].txn
		for _, l := range flat(t.Line) {
			if id := l.SalesItemLineDetail.ItemRef.Value; isDigits(id) {
				items[id] = true
			}
		}
		for j := range t.TxnTaxDetail.TaxLine {
			if id := t.TxnTaxDetail.TaxLine[j].TaxLineDetail.TaxRateRef.Value; id != "" {
				rates[id] = true
			}
		}
		methods[t.PaymentMethodRef.Value] = true
	}
	for _, p := range payments {
		methods[p.PaymentMethodRef.Value] = true
	}
	delete(methods, "")
	var err error
	if k.zone, err = r.zone(ctx); err == nil {
		k.items, err = r.itemsOf(ctx, items)
	}
	if err == nil {
		k.methods, err = r.namesOf(ctx, "PaymentMethod", methods)
	}
	if err == nil {
		k.rates, err = r.namesOf(ctx, "TaxRate", rates)
	}
	return k, err
}

// nameCache remembers names by entity and id.
type nameCache struct {
	mu   sync.Mutex
	byID map[string]named
}

// namesOf returns named entities, reading all of them if one is new.
func (p *Provider) namesOf(ctx context.Context, entity string, ids map[string]bool) (map[string]named, error) {
	lookup := func() (map[string]named, bool) {
		p.names.mu.Lock()
		defer p.names.mu.Unlock()
		found := make(map[string]named, len(ids))
		for id := range ids {
			if n, ok := p.names.byID[entity+id]; ok {
				found[id] = n
			}
		}
		return found, len(found) == len(ids)
	}
	if found, complete := lookup(); complete {
		return found, nil
	}
	read := make(map[string]named, len(ids))
	for id := range ids {
		read[id] = named{} // what does not exist is not asked for again
	}
	err := p.everything(ctx, entity, "*", "Active IN (true,false)", func(v jsontext.Value) error {
		var n named
		err := kit.Unmarshal(v, &n)
		read[n.ID] = n
		return err
	})
	if err != nil {
		return nil, err
	}
	p.names.mu.Lock()
	if p.names.byID == nil {
		p.names.byID = make(map[string]named)
	}
	for id := range read {
		p.names.byID[entity+id] = read[id]
	}
	p.names.mu.Unlock()
	found, _ := lookup()
	return found, nil
}

// Codes of findings on purchases.
const (
	// FindingDayOnly: the sale is dated on another day than it was booked, and
	// its time of day is not known: OccurredAt is noon.
	FindingDayOnly = "day_only"
	// FindingAggregated: a summary of many sales, such as a connector posts for
	// each day, not what one customer bought.
	FindingAggregated = "aggregated"
)

// purchase maps a row.
func (k *saleContext) purchase(rec *record) pos.Purchase {
	t := &rec.txn
	p := pos.Purchase{
		ID: recordID(rec.entity, t.ID), Location: k.place(t), Version: cmp.Or(t.SyncToken, "0"),
		State: pos.StateCompleted, VendorState: rec.entity,
		RecordedAt: t.MetaData.CreateTime.Time, UpdatedAt: t.MetaData.LastUpdatedTime.Time,
		Currency: cmp.Or(pos.Currency(t.CurrencyRef.Value), k.cfg.Currency), Receipt: t.DocNumber, Source: t.TxnSource,
		Raw: []byte(rec.raw),
	}
	if !p.Currency.Valid() {
		p.Currency = k.cfg.Currency
	}
	k.when(&p, t)
	m := &mapper{saleContext: k, p: &p, t: t}
	m.lines(t.Line)
	m.taxes()
	m.total(rec.entity)
	m.tenders(rec)
	m.state(rec)
	m.summary()
	p.Reconcile()
	return p
}

// when sets the times. A form has a day and no time: booked on that day, the
// sale is taken for as old as the form.
func (k *saleContext) when(p *pos.Purchase, t *txn) {
	if p.RecordedAt.IsZero() {
		p.RecordedAt = cmp.Or(p.UpdatedAt, k.client.Now())
	}
	p.OccurredAt = p.RecordedAt
	day, err := time.Parse(time.DateOnly, t.TxnDate)
	zone := cmp.Or(k.zone, time.UTC)
	if err != nil {
		if k.zone != nil {
			p.BusinessDate = pos.DateOf(p.RecordedAt, k.zone)
		}
		return
	}
	p.BusinessDate = pos.Date(t.TxnDate)
	if pos.DateOf(p.RecordedAt, zone) != p.BusinessDate {
		p.OccurredAt = time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, zone).UTC()
		p.Findings = append(p.Findings, pos.Finding{Code: FindingDayOnly, Detail: "dated on another day than it was booked"})
	}
}
