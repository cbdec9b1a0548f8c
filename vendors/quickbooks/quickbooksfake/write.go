package quickbooksfake

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// how says on whose behalf something is written.
type how struct {
	foreign bool   // by the bookkeeper in the product itself
	silent  bool   // without moving LastUpdatedTime
	anyDoc  bool   // include=allowduplicatedocnum
	id      string // wanted id of a new entity
	sale    *sale
}

// save creates or updates an entity from what a client sent. Call with the lock held.
func (f *Fake) save(t *table, sent map[string]any, h how) (*object, error) {
	if t.is(fixed) {
		return nil, refuse("500", "", "Operation create is not supported for %s.", t.name)
	}
	old, err := t.old(sent)
	if err != nil {
		return nil, err
	}
	next, err := t.merge(old, sent)
	if err != nil {
		return nil, err
	}
	if err := f.checkProperties(old, next); err != nil {
		return nil, err
	}
	if err := t.check(f, old, next, sent); err != nil {
		return nil, err
	}
	if err := t.checkDocNumber(old, next, h); err != nil {
		return nil, err
	}
	if old == nil {
		next.id, next.foreign, next.sale = h.id, h.foreign, h.sale
		if next.id == "" {
			next.id = t.newID()
		}
	}
	return f.commit(old, next, updated, h), nil
}

// old is the entity that a request updates, nil for a creation.
func (t *table) old(sent map[string]any) (*object, error) {
	id, given := sent["Id"].(string)
	if !given || id == "" {
		if sent["Id"] != nil && !given {
			return nil, refuse("2030", "Id", "Id must be a string")
		}
		return nil, nil
	}
	o := t.get(id)
	if o == nil {
		return nil, notFound(t.name + " " + id)
	}
	token, _ := sent["SyncToken"].(string)
	switch {
	case token == "":
		return nil, missing("SyncToken")
	case token != strconv.Itoa(o.version):
		return nil, stale()
	}
	return o, nil
}

// merge is the next version of an entity: a sparse update leaves out what
// stays, a full one what goes.
func (t *table) merge(old *object, sent map[string]any) (*object, error) {
	next := &object{in: t, fields: map[string]any{}}
	sparse, _ := sent["sparse"].(bool)
	if old != nil {
		*next = *old
		next.fields = maps.Clone(old.fields)
		for _, property := range t.writable {
			if !sparse && !slices.Contains(t.kept, property) {
				delete(next.fields, property)
			}
		}
	}
	for _, property := range slices.Sorted(maps.Keys(sent)) {
		v := sent[property]
		known, stored := t.takes(property)
		switch {
		case !known:
			return nil, refuse("2010", property, "Property Name:%s specified is unsupported or invalid", property)
		case !stored:
		case v == nil:
			delete(next.fields, property)
		default:
			next.fields[property] = clean(property, v)
		}
	}
	return next, nil
}

// clean copies a value that was sent; the names in references are not stored.
func clean(property string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			if inner != nil && (k != "name" || !strings.HasSuffix(property, "Ref")) {
				out[k] = clean(k, inner)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, inner := range v {
			out = append(out, clean(property, inner))
		}
		return out
	default:
		return v
	}
}

// checkProperties checks the types, lengths and references of all properties.
func (f *Fake) checkProperties(old, next *object) error {
	for _, property := range slices.Sorted(maps.Keys(next.fields)) {
		v := next.fields[property]
		text, isText := v.(string)
		_, isFlag := v.(bool)
		switch {
		case isText && lengths[property] > 0 && utf8.RuneCountInString(text) > lengths[property]:
			return refuse("2050", property, "%s has a maximum length of %d characters", property, lengths[property])
		case slices.Contains(flagProperties, property) && !isFlag:
			return refuse("2010", property, "%s must be true or false", property)
		case lengths[property] > 0 && !isText:
			return refuse("2010", property, "%s must be a string", property)
		case slices.Contains(numberProperties, property):
			if _, ok := ratOf(v); !ok {
				return refuse("2080", property, "Invalid Number : %v", v)
			}
		}
	}
	used := map[string]bool{}
	if old != nil {
		_ = f.walkRefs(old.in.name, "", old.fields, func(property, id string, _ *table) error {
			used[property+" "+id] = true
			return nil
		})
	}
	return f.walkRefs(next.in.name, "", next.fields, func(property, id string, to *table) error {
		o := to.get(id)
		switch {
		case id == "SHIPPING_ITEM_ID":
		case o == nil:
			return refuse("2500", property, "Invalid Reference Id : %s %s not found", to.name, id)
		case !o.active() && !used[property+" "+id]:
			return notFound(to.name + " " + id + " is inactive")
		}
		return nil
	})
}

// walkRefs visits the references to entities, in a fixed order.
func (f *Fake) walkRefs(entity, property string, v any, visit func(property, id string, to *table) error) error {
	switch v := v.(type) {
	case map[string]any:
		if to := f.target(entity, property); to != nil {
			id, ok := v["value"].(string)
			if !ok {
				return refuse("2500", property, "Invalid Reference Id : %s needs a value", property)
			}
			return visit(property, id, to)
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := f.walkRefs(entity, k, v[k], visit); err != nil {
				return err
			}
		}
	case []any:
		for _, inner := range v {
			if err := f.walkRefs(entity, property, inner, visit); err != nil {
				return err
			}
		}
	default:
		if f.target(entity, property) != nil && v != nil {
			return refuse("2500", property, "Invalid Reference Id : %s is no reference", property)
		}
	}
	return nil
}

// checkDocNumber numbers a transaction and refuses a number that is taken.
func (t *table) checkDocNumber(old, next *object, h how) error {
	if !slices.Contains(t.writable, "DocNumber") {
		return nil
	}
	number := next.text("DocNumber")
	if number == "" || number == "AUTO_GENERATE" {
		for n := 1001 + len(t.rows); ; n++ {
			number = strconv.Itoa(n)
			if t.docs[number] == nil {
				break
			}
		}
		next.set("DocNumber", number)
	}
	if other := t.docs[number]; other != nil && (old == nil || other != old) && !h.anyDoc {
		return refuse("6140", "DocNumber", "You must specify a different number. This number has already been used. DocNumber=%s is assigned to TxnType=%s with TxnId=%s",
			number, t.name, other.id)
	}
	return nil
}

// commit makes a version visible with everything that follows from it.
func (f *Fake) commit(old, next *object, change string, h how) *object {
	t, now := next.in, f.moment()
	var before *object
	o := old
	if old == nil {
		o, change = next, created
		next.created, next.updated = now, now
	} else {
		copied := *old
		before = &copied
		next.version++
		if !h.silent {
			next.updated = now
		}
		*old = *next
	}
	t.put(o)
	t.register(before, o)
	f.moveStock(before, o)
	f.relink(before, o, h)
	if t.is(booked) {
		f.book(o)
	}
	f.notify(o, change)
	return o
}

// register keeps the indexes. The first one to have a number holds it.
func (t *table) register(before, o *object) {
	if t.is(list) {
		t.names.move(o, before.label(), o.label())
		t.skus.move(o, before.text("Sku"), o.text("Sku"))
		return
	}
	number := o.text("DocNumber")
	if before != nil && (o.deleted || before.text("DocNumber") != number) && t.docs[before.text("DocNumber")] == o {
		delete(t.docs, before.text("DocNumber"))
	}
	if number != "" && t.docs[number] == nil && !o.deleted {
		t.docs[number] = o
	}
}

// remove deletes a transaction; list entries are deactivated instead.
func (f *Fake) remove(t *table, sent map[string]any) (*object, error) {
	old, err := t.old(sent)
	switch {
	case err != nil:
		return nil, err
	case !t.is(deletable):
		return nil, refuse("500", "", "Operation delete is not supported for %s.", t.name)
	case old == nil:
		return nil, missing("Id")
	}
	return f.erase(old)
}

func (f *Fake) erase(old *object) (*object, error) {
	if old.in.name == "Invoice" && old.paid > 0 {
		return nil, business("The invoice has payments. Delete them first.")
	}
	next := *old
	next.deleted = true
	return f.commit(old, &next, removed, how{}), nil
}

// void keeps a transaction and takes its amounts away.
func (f *Fake) void(t *table, sent map[string]any) (*object, error) {
	old, err := t.old(sent)
	switch {
	case err != nil:
		return nil, err
	case !t.is(voidable):
		return nil, refuse("500", "", "Operation void is not supported for %s.", t.name)
	case old == nil:
		return nil, missing("Id")
	}
	return f.annul(old)
}

func (f *Fake) annul(old *object) (*object, error) {
	switch {
	case old.voided:
		return nil, business("The transaction is void already.")
	case old.in.name == "Invoice" && old.paid > 0:
		return nil, business("The invoice has payments. Void them first.")
	}
	next := *old
	next.voided = true
	note := "Voided"
	if past := old.text("PrivateNote"); past != "" {
		note += " - " + past
	}
	next.set("Line", voidLines(old), "TotalAmt", amount(0), "PrivateNote", note)
	if old.in.name == "Payment" {
		next.set("UnappliedAmt", amount(0))
	} else {
		next.set("Balance", amount(0), "TxnTaxDetail", map[string]any{"TotalTax": amount(0)})
	}
	return f.commit(old, &next, voided, how{}), nil
}
