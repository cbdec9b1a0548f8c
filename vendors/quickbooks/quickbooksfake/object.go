package quickbooksfake

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is one stored entity. Its fields are never changed in place.
type object struct {
	in               *table
	id               string
	version          int // SyncToken
	fields           map[string]any
	created, updated time.Time // whole seconds
	deleted, voided  bool
	foreign          bool  // not made through the API
	paid             int64 // cents, of an invoice
	sale             *sale
}

// table holds the entities of one kind in the order of their ids.
type table struct {
	*kind
	rows []*object
	byID map[string]*object
	next int
	docs map[string]*object // by DocNumber
	// names and skus find list entries: by name in lower case, and by SKU.
	names, skus index
}

func newTable(k *kind) *table {
	return &table{kind: k, byID: map[string]*object{}, docs: map[string]*object{}, names: index{}, skus: index{}}
}

// index finds entities by a text that several may have.
type index map[string][]*object

// move follows a change of the text.
func (ix index) move(o *object, from, to string) {
	if from == to && slices.Contains(ix[to], o) {
		return
	}
	ix[from] = slices.DeleteFunc(ix[from], func(x *object) bool { return x == o })
	if to != "" {
		ix[to] = append(ix[to], o)
	}
}

// label is the name of a list entry as names are compared.
func (o *object) label() string {
	return strings.ToLower(o.text("Name") + o.text("DisplayName"))
}

// get finds an entity that exists.
func (t *table) get(id string) *object {
	if o := t.byID[id]; o != nil && !o.deleted {
		return o
	}
	return nil
}

// newID is the next free id. Ids are unique within one entity only.
func (t *table) newID() string {
	for {
		t.next++
		if id := strconv.Itoa(t.next); t.byID[id] == nil {
			return id
		}
	}
}

func (t *table) put(o *object) {
	if t.byID[o.id] == nil {
		t.byID[o.id] = o
		t.rows = append(t.rows, o)
	}
}

// text is a property as text, "" if there is none, also of no object.
func (o *object) text(property string) string {
	if o == nil {
		return ""
	}
	s, _ := o.fields[property].(string)
	return s
}

func (o *object) flag(property string) bool { b, _ := o.fields[property].(bool); return b }

// active reports whether a list entry may be used; transactions always may.
func (o *object) active() bool { return !o.in.is(list) || o.flag("Active") }

// ref is the id that a reference holds.
func (o *object) ref(property string) string { return refValue(o.fields[property]) }

func refValue(v any) string {
	m, _ := v.(map[string]any)
	s, _ := m["value"].(string)
	return s
}

func refTo(id string) map[string]any { return map[string]any{"value": id} }

// set replaces properties; a nil value removes one.
func (o *object) set(pairs ...any) {
	o.fields = maps.Clone(o.fields)
	for i := 0; i < len(pairs); i += 2 {
		name := pairs[i].(string)
		if pairs[i+1] == nil {
			delete(o.fields, name)
		} else {
			o.fields[name] = pairs[i+1]
		}
	}
}

// name is how references show an entity.
func (o *object) name() string {
	for _, property := range []string{"FullyQualifiedName", "DisplayName", "Name", "DocNumber"} {
		if s := o.text(property); s != "" {
			return s
		}
	}
	return ""
}

// view is an entity as answers show it.
func (f *Fake) view(o *object) map[string]any {
	if o.deleted {
		return f.stub(o)
	}
	out := f.named(o.in.name, "", o.fields).(map[string]any)
	out["domain"], out["sparse"], out["Id"], out["SyncToken"] = "QBO", false, o.id, strconv.Itoa(o.version)
	out["MetaData"] = map[string]any{"CreateTime": f.second(o.created), "LastUpdatedTime": f.second(o.updated)}
	return out
}

// stub is all that is left of a deleted entity.
func (f *Fake) stub(o *object) map[string]any {
	return map[string]any{"domain": "QBO", "status": "Deleted", "Id": o.id, "MetaData": map[string]any{"LastUpdatedTime": f.second(o.updated)}}
}

// named copies a stored value and adds the present names to its references.
func (f *Fake) named(entity, property string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v)+5)
		for k, inner := range v {
			out[k] = f.named(entity, k, inner)
		}
		if id, ok := v["value"].(string); ok && strings.HasSuffix(property, "Ref") {
			if to := f.target(entity, property); to != nil && to.byID[id] != nil {
				out["name"] = to.byID[id].name()
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = f.named(entity, property, v[i])
		}
		return out
	default:
		return v
	}
}

// target is the table that a reference of an entity points into.
func (f *Fake) target(entity, property string) *table {
	if property == "ParentRef" {
		return f.tables[entity]
	}
	return f.tables[targets[property]]
}

// second writes a time as MetaData shows it: whole seconds in Pacific time.
func (f *Fake) second(t time.Time) string { return t.In(f.pacific).Format(time.RFC3339) }

// stamp writes the time of an answer.
func (f *Fake) stamp(t time.Time) string {
	return t.In(f.pacific).Format("2006-01-02T15:04:05.000Z07:00")
}

// moment is the fake's clock as precise as MetaData.
func (f *Fake) moment() time.Time { return f.Now().Truncate(time.Second) }

// today is the civil date in the company's zone.
func (f *Fake) today(t time.Time) string { return t.In(f.zone).Format(time.DateOnly) }
