package quickbooksdesktop

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/farmacyfoods/pointofsale/pos"
)

// writeBatch is how many items go into one message set.
const writeBatch = 100

// maxAttempts is how often a change is tried before it is parked as failed.
const maxAttempts = 3

// due lists the changes to send next. A change is tried once in a pass.
func (p *Provider) due(st *state, doc *tasksDoc) []string {
	var skus []string
	for _, sku := range slices.Sorted(maps.Keys(doc.Tasks)) {
		t := doc.Tasks[sku]
		if t.Ended || t.Run == st.Runs && t.Pass >= st.Session.Rounds+1 {
			continue
		}
		if t.Alone {
			if len(skus) == 0 {
				return []string{sku}
			}
			continue
		}
		if skus = append(skus, sku); len(skus) == writeBatch {
			break
		}
	}
	return skus
}

// anyWrite reports whether there is something to send.
func (p *Provider) anyWrite(ctx context.Context, st *state) (bool, error) {
	doc, _, err := hold[tasksDoc](ctx, p, docTasks)
	return err == nil && len(p.due(st, doc)) > 0, err
}

// waiting counts the changes that wait.
func (p *Provider) waiting(ctx context.Context) (int, error) {
	doc, _, err := hold[tasksDoc](ctx, p, docTasks)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, t := range doc.Tasks {
		if !t.Ended {
			n++
		}
	}
	return n, nil
}

// writeRequest makes the next set of writes and keeps its exact text.
func (p *Provider) writeRequest(ctx context.Context, st *state) (string, error) {
	cat, err := p.catalogue(ctx, st.Items)
	if err != nil || cat == nil {
		return "", err
	}
	var set messageSet
	var sent []pendingTask
	for len(set.Requests) == 0 {
		more := false
		err := change(ctx, p, docTasks, func(doc *tasksDoc) (bool, error) {
			skus := p.due(st, doc)
			more = len(skus) > 0
			set, sent = p.compose(doc, cat, skus)
			return len(sent) < len(skus), nil
		})
		if err != nil {
			return "", err
		}
		if !more {
			return "", nil
		}
	}
	id := NewFileID()
	if p.speaks.traits().once {
		set.NewID, set.OldID = id, st.LastSet
	}
	text, err := p.speaks.document(set)
	if err != nil {
		return "", err
	}
	st.Session.Wrote = true
	st.Pending = &pendingSet{ID: id, Text: text, Tasks: sent, Run: st.Runs, Pass: st.Session.Rounds + 1}
	return text, nil
}

// compose makes the requests of changes. Those that need none end here.
func (p *Provider) compose(doc *tasksDoc, cat *catalogue, skus []string) (messageSet, []pendingTask) {
	var set messageSet
	var sent []pendingTask
	for _, sku := range skus {
		t := doc.Tasks[sku]
		have := cat.find(sku)
		pt := pendingTask{SKU: sku, Want: t.Want, Action: planned(t.Want, have, cat)}
		switch {
		case have == nil && t.Want.Gone:
			t.end(pos.Unchanged, nil, 0)
			continue
		case have != nil && !p.fits(doc.Owned, have, t.Want):
			t.fail(codeNameTaken, "the name is in use")
			continue
		case have != nil:
			if pt.Fields = p.differences(t.Want, have); len(pt.Fields) == 0 {
				t.end(pos.Unchanged, nil, 0)
				continue
			}
		}
		set.Requests = append(set.Requests, p.speaks.write(strconv.Itoa(len(sent)), &pt, have))
		sent = append(sent, pt)
	}
	return set, sent
}

func (t *task) end(a pos.Action, fields []string, gen int64) {
	t.Ended, t.Action, t.Fields, t.Gen, t.Code = true, a, fields, gen, ""
}

func (t *task) fail(code, message string) {
	t.Ended, t.Action, t.Code, t.Message = true, pos.Failed, code, clip(message, 200)
}

// write makes the request of one change.
func (d desktop) write(id string, pt *pendingTask, have *item) any {
	w := pt.Want
	if w.Coupon != "" {
		return d.writeCoupon(id, pt, have)
	}
	var bar *barCode
	if w.GTIN != "" {
		bar = &barCode{w.GTIN}
	}
	code := d.taxCode(w)
	if have == nil {
		return d.add(id, pt.SKU, w, bar, named(code))
	}
	only := func(field string) bool { return slices.Contains(pt.Fields, field) }
	if !only(fieldGTIN) {
		bar = nil
	}
	var tax *ref
	if only(fieldTaxExempt) {
		tax = named(code)
	}
	var active *bool
	if only(fieldUnavailable) {
		active = &w.Active
	}
	var desc, price string
	if only(fieldName) {
		desc = w.Name
	}
	if only(fieldPrice) {
		price = w.Price
	}
	if have.Kind == kindInventory {
		r := inventoryMod{head: head{RequestID: id}, Only: writtenFields}
		r.Item.ListID, r.Item.EditSequence = have.ListID, have.Sequence
		r.Item.BarCode, r.Item.IsActive, r.Item.TaxCode, r.Item.Desc, r.Item.Price = bar, active, tax, desc, price
		return r
	}
	r := nonInventoryMod{head: head{RequestID: id}, Only: writtenFields}
	r.Item.ListID, r.Item.EditSequence = have.ListID, have.Sequence
	r.Item.BarCode, r.Item.IsActive, r.Item.TaxCode = bar, active, tax
	switch {
	case desc == "" && price == "":
	case have.Both:
		r.Item.Both = &bothTerms{Desc: desc, Price: price}
	default:
		r.Item.Sale = &saleTerms{Desc: desc, Price: price}
	}
	return r
}

// taxCode is the sales tax code of an item.
func (p *Provider) taxCode(w want) string {
	if w.Exempt {
		return p.cfg.NonTaxCode
	}
	return p.cfg.TaxCode
}

func (d desktop) add(id, sku string, w want, bar *barCode, tax *ref) any {
	a := d.cfg.Accounts
	if d.cfg.NonStock {
		r := nonInventoryAdd{head: head{RequestID: id}, Only: writtenFields}
		r.Item.Name, r.Item.BarCode, r.Item.IsActive, r.Item.TaxCode, r.Item.GUID = sku, bar, w.Active, tax, d.mark(sku)
		r.Item.Sale = saleTerms{Desc: w.Name, Price: w.Price, Account: named(a.Income)}
		return r
	}
	r := inventoryAdd{head: head{RequestID: id}, Only: writtenFields}
	r.Item.Name, r.Item.BarCode, r.Item.IsActive, r.Item.TaxCode, r.Item.GUID = sku, bar, w.Active, tax, d.mark(sku)
	r.Item.Desc, r.Item.Price = w.Name, w.Price
	r.Item.Income, r.Item.COGS, r.Item.Asset = named(a.Income), named(a.COGS), named(a.Asset)
	return r
}

// wrote takes the answers to the pending set of writes.
func (p *Provider) wrote(ctx context.Context, st *state, list []reply) error {
	set := st.Pending
	if set == nil {
		return nil
	}
	byID := make(map[string]*reply, len(list))
	for i := range list {
		byID[list[i].RequestID] = &list[i]
	}
	err := change(ctx, p, docTasks, func(doc *tasksDoc) (bool, error) {
		for i, pt := range set.Tasks {
			p.settle(doc, set, pt, byID[strconv.Itoa(i)], st.Session.Gen)
		}
		return true, nil
	})
	if err == nil {
		st.LastSet, st.Pending = set.ID, nil
	}
	return err
}

// settle ends a change by its answer. A wish that came meanwhile stays in the
// queue. The generation is the one that will show the change.
func (p *Provider) settle(doc *tasksDoc, set *pendingSet, pt pendingTask, r *reply, gen int64) {
	switch {
	case r == nil:
		doc.claim(pt)
	case !r.bad():
		doc.claim(pt)
		for _, ret := range slices.Concat(r.Inventory, r.NonInventory, r.Discounts) {
			doc.own(pt.SKU, ret.ListID)
		}
	}
	if r != nil && r.Code == codeNameTaken && doc.Owned[pt.SKU] == claimed {
		delete(doc.Owned, pt.SKU)
	}
	t := doc.Tasks[pt.SKU]
	if t == nil || t.Want != pt.Want || t.Ended {
		return
	}
	switch {
	case r != nil && !r.bad():
		t.end(pt.Action, pt.Fields, gen)
	case r == nil, transient(r.Code):
		code, message := "none", "no answer"
		if r != nil {
			code, message = r.Code, r.Message
		}
		t.Run, t.Pass = set.Run, set.Pass
		if t.Attempts++; t.Attempts >= maxAttempts {
			t.fail(code, message)
		}
	default:
		t.fail(r.Code, r.Message)
	}
}

// writesRefused takes it that a set of writes was not processed. A set that
// QuickBooks cannot read is not sent again: its changes go one by one, so that
// only the bad one fails. Otherwise it stays pending and is sent again with
// its id, at most maxAttempts times.
func (p *Provider) writesRefused(ctx context.Context, st *state, hresult, message string) error {
	set := st.Pending
	if set == nil {
		return nil
	}
	parse := hresult == hresultParse
	drop := parse
	err := change(ctx, p, docTasks, func(doc *tasksDoc) (bool, error) {
		for _, pt := range set.Tasks {
			if !parse {
				doc.claim(pt)
			}
			t := doc.Tasks[pt.SKU]
			if t == nil || t.Want != pt.Want || t.Ended {
				continue
			}
			switch {
			case parse && t.Alone:
				t.fail(hresult, message)
			case parse:
				t.Alone = true
			default:
				if t.Attempts++; t.Attempts >= maxAttempts {
					t.fail(hresult, message)
					drop = true
				}
			}
		}
		return true, nil
	})
	if err == nil && drop {
		st.Pending = nil
	}
	return err
}
