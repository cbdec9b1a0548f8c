package squarefake

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

const maxKey = 128

// staged is an object of a batch on its way into the catalogue.
type staged struct {
	raw      map[string]any
	kind     string
	client   string // the id that the client gave
	id       string
	parent   string
	children []string
	old      *object // nil for a new one
}

type idMapping struct {
	Client string `json:"client_object_id"`
	Object string `json:"object_id"`
}

type upsertReply struct {
	Errors   []*apiError       `json:"errors,omitempty"`
	Objects  []json.RawMessage `json:"objects,omitempty"`
	Updated  string            `json:"updated_at,omitempty"`
	Mappings []idMapping       `json:"id_mappings,omitempty"`
}

// lockCatalog takes the seller's write lock or refuses as Square does.
func (f *Fake) lockCatalog(c *call) (unlock func(), err error) {
	if !f.writing.TryLock() {
		return nil, rateLimited("Another catalog write of this seller is under way.")
	}
	if f.cfg.WriteTime > 0 {
		timer := time.NewTimer(f.cfg.WriteTime)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.Context().Done():
			f.writing.Unlock()
			return nil, c.Context().Err()
		}
	}
	return f.writing.Unlock, nil
}

func (f *Fake) batchUpsert(c *call) (any, error) {
	var in struct {
		Key     string `json:"idempotency_key"`
		Batches []struct {
			Objects []map[string]any `json:"objects"`
		} `json:"batches"`
	}
	if err := decodeNumbers(c, &in); err != nil {
		return nil, err
	}
	total := 0
	for _, b := range in.Batches {
		n := countObjects(b.Objects)
		if total += n; n > f.cfg.Limits.BatchObjects {
			return nil, invalid("ARRAY_LENGTH_TOO_LONG", "batches.objects", "Batch has %d objects, max %d in a single batch.", n, f.cfg.Limits.BatchObjects)
		}
	}
	switch {
	case total == 0:
		return nil, missing("batches")
	case total > f.cfg.Limits.RequestObjects:
		return nil, invalid("ARRAY_LENGTH_TOO_LONG", "batches", "Request has %d objects, max %d.", total, f.cfg.Limits.RequestObjects)
	}
	unlock, err := f.lockCatalog(c)
	if err != nil {
		return nil, err
	}
	defer unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.once(c, in.Key, maxKey, func() (any, bool, error) {
		reply := &upsertReply{}
		at := f.catalog.tick(f.Now())
		for _, b := range in.Batches {
			if err := f.upsertBatch(b.Objects, at, reply); err != nil {
				reply.Errors = append(reply.Errors, err)
			}
		}
		if len(reply.Objects) == 0 {
			return nil, false, reply.Errors[0]
		}
		reply.Updated = stampOf(at)
		f.catalogChanged(at)
		return reply, len(reply.Errors) == 0, nil
	})
}

func (f *Fake) upsertObject(c *call) (any, error) {
	var in struct {
		Key    string         `json:"idempotency_key"`
		Object map[string]any `json:"object"`
	}
	if err := decodeNumbers(c, &in); err != nil {
		return nil, err
	}
	if in.Object == nil {
		return nil, missing("object")
	}
	unlock, err := f.lockCatalog(c)
	if err != nil {
		return nil, err
	}
	defer unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.once(c, in.Key, maxKey, func() (any, bool, error) {
		reply := &upsertReply{}
		at := f.catalog.tick(f.Now())
		if err := f.upsertBatch([]map[string]any{in.Object}, at, reply); err != nil {
			return nil, false, err
		}
		f.catalogChanged(at)
		return map[string]any{"catalog_object": reply.Objects[0], "id_mappings": reply.Mappings}, true, nil
	})
}

// decodeNumbers keeps numbers of unknown fields exactly as they came.
func decodeNumbers(c *call, into any) error {
	dec := json.NewDecoder(bytes.NewReader(fakekit.Body(c.Request)))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return invalid("BAD_REQUEST", "", "The request body is not what was expected: %v", err)
	}
	return nil
}

func countObjects(list []map[string]any) int {
	n := 0
	for _, raw := range list {
		n++
		kind, _ := raw["type"].(string)
		if at, ok := nesting[kind]; ok {
			nested, _ := dataOf(raw, at.data)[at.list].([]any)
			n += len(nested)
		}
	}
	return n
}

// upsertBatch writes all objects of a batch or none.
func (f *Fake) upsertBatch(list []map[string]any, at time.Time, reply *upsertReply) *apiError {
	b := &batch{f: f, ids: map[string]string{}, byID: map[string]*staged{}}
	for _, raw := range list {
		if err := b.stage(raw, ""); err != nil {
			return err
		}
	}
	for _, s := range b.all {
		if err := b.resolve(s); err != nil {
			return err
		}
	}
	for _, s := range b.all {
		if err := b.check(s); err != nil {
			return err
		}
	}
	for _, variations := range []bool{false, true} { // items before what belongs to them
		for _, s := range b.all {
			if (s.kind == "ITEM_VARIATION") == variations {
				b.store(s, at)
			}
		}
	}
	for _, s := range b.top {
		reply.Objects = append(reply.Objects, f.catalog.show(f.catalog.objects[s.id]))
	}
	reply.Mappings = append(reply.Mappings, b.mappings...)
	return nil
}

// batch is one batch being written.
type batch struct {
	f        *Fake
	all, top []*staged
	ids      map[string]string  // client id to real id
	byID     map[string]*staged // by real id
	mappings []idMapping
}

// stage takes an object and its nested ones apart and gives new ones their ids.
func (b *batch) stage(raw map[string]any, parent string) *apiError {
	raw = maps.Clone(raw)
	kind, _ := raw["type"].(string)
	id, _ := raw["id"].(string)
	switch {
	case kind == "":
		return missing("type")
	case id == "":
		return missing("id")
	case raw["is_deleted"] == true:
		return invalid("INVALID_VALUE", "is_deleted", "Objects cannot be deleted by an upsert.")
	}
	if _, twice := b.ids[id]; twice || b.byID[id] != nil {
		return invalid("INVALID_VALUE", "id", "Duplicate object id `%s` in the batch.", id)
	}
	s := &staged{raw: raw, kind: kind, client: id, id: id, parent: parent}
	if strings.HasPrefix(id, "#") {
		s.id = b.f.id(fakekit.Base32, 24)
		b.ids[id] = s.id
		b.mappings = append(b.mappings, idMapping{id, s.id})
	} else if err := b.match(s); err != nil {
		return err
	}
	b.all = append(b.all, s)
	b.byID[s.id] = s
	if parent == "" {
		b.top = append(b.top, s)
	}
	return b.stageNested(s)
}

// match finds the object that is to be replaced and checks its version.
func (b *batch) match(s *staged) *apiError {
	s.old = b.f.catalog.live(s.id)
	if s.old == nil || s.old.kind != s.kind {
		return invalid("INVALID_VALUE", "id", "Object with ID `%s` not found, deleted or not of type %s.", s.id, s.kind)
	}
	given, _ := s.raw["version"].(json.Number)
	if v, err := given.Int64(); err != nil || v != s.old.version {
		return invalid("VERSION_MISMATCH", "version", "Object version does not match latest database version.")
	}
	return nil
}

func (b *batch) stageNested(s *staged) *apiError {
	n, ok := nesting[s.kind]
	if !ok {
		return nil
	}
	data := maps.Clone(dataOf(s.raw, n.data))
	nested, _ := data[n.list].([]any)
	delete(data, n.list)
	s.raw[n.data] = data
	if s.kind == "ITEM" && len(nested) == 0 { // Square makes one up
		nested = []any{map[string]any{
			"type": "ITEM_VARIATION", "id": "#auto-" + s.id,
			"item_variation_data": map[string]any{"name": "Regular", "pricing_type": "VARIABLE_PRICING"},
		}}
	}
	if s.kind == "ITEM" && len(nested) > 250 {
		return invalid("ARRAY_LENGTH_TOO_LONG", "item_data.variations", "An item has at most 250 variations.")
	}
	for _, entry := range nested {
		raw, ok := entry.(map[string]any)
		if !ok || raw["type"] != n.child {
			return invalid("INVALID_VALUE", n.data+"."+n.list, "Nested objects must be of type %s.", n.child)
		}
		before := len(b.all)
		if err := b.stage(raw, s.id); err != nil {
			return err
		}
		s.children = append(s.children, b.all[before].id)
	}
	return nil
}

// resolve replaces ids of the batch in references and checks the others.
func (b *batch) resolve(s *staged) *apiError {
	var bad *apiError
	var walk func(v any, key, path string) any
	walk = func(v any, key, path string) any {
		switch v := v.(type) {
		case map[string]any:
			out := make(map[string]any, len(v))
			for k, e := range v {
				if k == "id" && path == "" {
					continue
				}
				name := k
				if k == "id" && refKeys[key] {
					name = key
				}
				out[k] = walk(e, name, path+"."+k)
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i, e := range v {
				out[i] = walk(e, key, path)
			}
			return out
		case string:
			if id, err := b.reference(v, key, path); err != nil {
				bad = err
			} else {
				return id
			}
		}
		return v
	}
	s.raw, _ = walk(s.raw, "", "").(map[string]any)
	return bad
}

// refKeys are the fields that refer to catalogue objects.
var refKeys = map[string]bool{
	"discount_id": true, "match_products_id": true, "exclude_products_id": true, "apply_products_id": true,
	"product_ids_any": true, "product_ids_all": true, "time_period_ids": true, "item_id": true, "tax_ids": true,
	"category_id": true, "categories": true, "reporting_category": true, "parent_category": true,
}

// locationKeys are the fields that refer to locations.
var locationKeys = map[string]bool{"present_at_location_ids": true, "absent_at_location_ids": true, "location_id": true}

func (b *batch) reference(v, key, path string) (string, *apiError) {
	path = strings.TrimPrefix(path, ".")
	if id, ok := b.ids[v]; ok && strings.Contains(key, "_id") {
		return id, nil
	}
	switch {
	case locationKeys[key]:
		if b.f.placeByID[v] == nil {
			return "", invalid("INVALID_VALUE", path, "Location `%s` does not exist.", v)
		}
	case !refKeys[key]:
	case strings.HasPrefix(v, "#"):
		id, ok := b.ids[v]
		if !ok {
			return "", invalid("INVALID_VALUE", path, "Client id `%s` is not in this batch.", v)
		}
		return id, nil
	case b.byID[v] == nil && b.f.catalog.live(v) == nil && v != "":
		return "", invalid("INVALID_VALUE", path, "Object `%s` not found.", v)
	}
	return v, nil
}

// store puts a checked object into the catalogue.
func (b *batch) store(s *staged, at time.Time) {
	cat := &b.f.catalog
	for _, k := range []string{"id", "version", "updated_at", "is_deleted", "created_at"} {
		delete(s.raw, k)
	}
	if s.raw["present_at_all_locations"] == nil {
		s.raw["present_at_all_locations"] = true
	}
	if s.kind == "ITEM" {
		b.syncDescription(s)
	}
	o := &object{id: s.id, kind: s.kind, parent: s.parent, children: s.children, raw: s.raw}
	if s.kind == "ITEM_VARIATION" {
		b.ownVariation(s, o)
	}
	if s.kind == "TIME_PERIOD" {
		wrapEvent(s.raw)
	}
	if s.old != nil {
		o.foreign, o.soldOut = s.old.foreign, s.old.soldOut
		for _, child := range slices.Clone(s.old.children) {
			if !slices.Contains(s.children, child) && nesting[s.kind].data != "" {
				cat.remove(child, at)
			}
		}
	}
	cat.put(o, at)
	b.f.refreshSoldOut(o)
}

// ownVariation ties a variation to its item and drops what only the seller sets.
func (b *batch) ownVariation(s *staged, o *object) {
	data := dataOf(s.raw, "item_variation_data")
	if o.parent == "" {
		o.parent, _ = data["item_id"].(string)
	}
	data["item_id"] = o.parent
	list, _ := data["location_overrides"].([]any)
	for _, entry := range list {
		if e, ok := entry.(map[string]any); ok {
			delete(e, "sold_out")
			delete(e, "sold_out_valid_until")
		}
	}
	if item := b.f.catalog.objects[o.parent]; item != nil && !slices.Contains(item.children, o.id) {
		item.children = append(item.children, o.id)
	}
}

// syncDescription keeps the three forms of the description in step.
func (b *batch) syncDescription(s *staged) {
	data := dataOf(s.raw, "item_data")
	html, hasHTML := data["description_html"].(string)
	plain, hasPlain := data["description"].(string)
	switch {
	case hasHTML:
		plain = stripTags(html)
	case hasPlain:
		html = plain
	default:
		delete(data, "description_plaintext")
		return
	}
	data["description_html"], data["description"], data["description_plaintext"] = html, plain, plain
}

func stripTags(html string) string {
	var out strings.Builder
	inTag := false
	for _, r := range html {
		switch {
		case r == '<':
			inTag = true
		case r == '>':
			inTag = false
		case !inTag:
			out.WriteRune(r)
		}
	}
	return strings.TrimSpace(out.String())
}

// wrapEvent adds the lines that answers carry around an event.
func wrapEvent(raw map[string]any) {
	data := dataOf(raw, "time_period_data")
	text, _ := data["event"].(string)
	if !strings.HasPrefix(text, "BEGIN:VEVENT") {
		data["event"] = "BEGIN:VEVENT\n" + strings.TrimSpace(text) + "\nEND:VEVENT\n"
	}
}

func (f *Fake) batchDelete(c *call) (any, error) {
	var in struct {
		IDs []string `json:"object_ids"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	switch {
	case len(in.IDs) == 0:
		return nil, missing("object_ids")
	case len(in.IDs) > f.cfg.Limits.DeleteIDs:
		return nil, invalid("ARRAY_LENGTH_TOO_LONG", "object_ids", "At most %d ids can be deleted at once.", f.cfg.Limits.DeleteIDs)
	}
	return f.deleteObjects(c, in.IDs)
}

func (f *Fake) deleteObject(c *call) (any, error) {
	f.mu.Lock()
	known := f.catalog.live(c.PathValue("id")) != nil
	f.mu.Unlock()
	if !known {
		return nil, notFound("Catalog object with ID", c.PathValue("id"))
	}
	return f.deleteObjects(c, []string{c.PathValue("id")})
}

func (f *Fake) deleteObjects(c *call, ids []string) (any, error) {
	unlock, err := f.lockCatalog(c)
	if err != nil {
		return nil, err
	}
	defer unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.catalog.tick(f.Now())
	gone := []string{}
	for _, id := range ids {
		gone = append(gone, f.catalog.remove(id, at)...)
	}
	if len(gone) > 0 {
		f.catalogChanged(at)
	}
	return map[string]any{"deleted_object_ids": gone, "deleted_at": stampOf(at)}, nil
}

// catalogChanged fires the webhook that says only that something changed.
func (f *Fake) catalogChanged(at time.Time) {
	f.notify(event{kind: "catalog.version.updated", object: "catalog", data: map[string]any{
		"catalog_version": map[string]any{"updated_at": stampOf(at)},
	}})
}
