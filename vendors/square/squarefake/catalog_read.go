package squarefake

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"
)

func (f *Fake) catalogInfo(*call) (any, error) {
	l := f.cfg.Limits
	return map[string]any{"limits": map[string]int{
		"batch_upsert_max_objects_per_batch": l.BatchObjects, "batch_upsert_max_total_objects": l.RequestObjects,
		"batch_retrieve_max_object_ids": l.RetrieveIDs, "search_max_page_limit": l.SearchPage, "batch_delete_max_object_ids": l.DeleteIDs,
		"update_item_taxes_max_item_ids": 1000, "update_item_taxes_max_taxes_to_enable": 1000,
		"update_item_taxes_max_taxes_to_disable": 1000, "update_item_modifier_lists_max_item_ids": 1000,
		"update_item_modifier_lists_max_modifier_lists_to_enable":  1000,
		"update_item_modifier_lists_max_modifier_lists_to_disable": 1000,
	}}, nil
}

type objectsReply struct {
	Objects []json.RawMessage `json:"objects,omitempty"`
	Related []json.RawMessage `json:"related_objects,omitempty"`
	Cursor  string            `json:"cursor,omitempty"`
	Latest  string            `json:"latest_time,omitempty"`
}

func (f *Fake) showAll(list []*object) []json.RawMessage {
	out := make([]json.RawMessage, len(list))
	for i, o := range list {
		out[i] = f.catalog.show(o)
	}
	return out
}

func (f *Fake) listCatalog(c *call) (any, error) {
	q := c.URL.Query()
	f.mu.Lock()
	defer f.mu.Unlock()
	var types []string
	if t := q.Get("types"); t != "" {
		types = strings.Split(strings.ToUpper(t), ",")
	}
	var rows []*object
	for _, id := range f.catalog.order {
		o := f.catalog.live(id)
		if o == nil || len(types) > 0 && !slices.Contains(types, o.kind) || len(types) == 0 && o.parent != "" {
			continue
		}
		rows = append(rows, o)
	}
	rows, next, err := page(f, c, rows, queryOf(c.Request), q.Get("cursor"), 100)
	return objectsReply{Objects: f.showAll(rows), Cursor: next}, err
}

func (f *Fake) retrieveObject(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.catalog.objects[c.PathValue("id")]
	q := c.URL.Query()
	if o == nil || o.deleted && q.Get("include_deleted_objects") != "true" {
		return nil, notFound("Catalog object with ID", c.PathValue("id"))
	}
	reply := map[string]any{"object": f.catalog.show(o)}
	if related := f.related([]*object{o}); q.Get("include_related_objects") == "true" && len(related) > 0 {
		reply["related_objects"] = related
	}
	return reply, nil
}

func (f *Fake) batchRetrieveCatalog(c *call) (any, error) {
	var in struct {
		IDs     []string `json:"object_ids"`
		Related bool     `json:"include_related_objects"`
		Deleted bool     `json:"include_deleted_objects"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	switch {
	case len(in.IDs) == 0:
		return nil, missing("object_ids")
	case len(in.IDs) > f.cfg.Limits.RetrieveIDs:
		return nil, invalid("ARRAY_LENGTH_TOO_LONG", "object_ids", "At most %d ids can be retrieved at once.", f.cfg.Limits.RetrieveIDs)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []*object
	for _, id := range in.IDs {
		if o := f.catalog.objects[id]; o != nil && (!o.deleted || in.Deleted) {
			rows = append(rows, o)
		}
	}
	reply := objectsReply{Objects: f.showAll(twice(c, rows))}
	if in.Related {
		reply.Related = f.related(rows)
	}
	return reply, nil
}

// related lists the objects that the given ones refer to, once each.
func (f *Fake) related(list []*object) []json.RawMessage {
	seen := map[string]bool{}
	for _, o := range list {
		seen[o.id] = true
	}
	var out []json.RawMessage
	add := func(ids ...string) {
		for _, id := range ids {
			if o := f.catalog.live(id); o != nil && !seen[id] {
				seen[id] = true
				out = append(out, f.catalog.show(o))
			}
		}
	}
	for _, o := range list {
		v := &o.view
		add(v.categories()...)
		add(v.Rule.DiscountID, v.Rule.MatchProductsID, v.Rule.ExcludeID)
		add(v.Rule.Periods...)
		add(v.Products.Any...)
		add(v.Products.All...)
		if o.kind == "ITEM_VARIATION" {
			add(o.parent)
		}
	}
	return out
}

// catalogQuery is the query of a search; one of its fields is set.
type catalogQuery struct {
	Set *struct {
		Name   string   `json:"attribute_name"`
		Values []string `json:"attribute_values"`
	} `json:"set_query"`
	Exact  *attributeQuery `json:"exact_query"`
	Prefix *struct {
		Name   string `json:"attribute_name"`
		Prefix string `json:"attribute_prefix"`
	} `json:"prefix_query"`
	Text *struct {
		Keywords []string `json:"keywords"`
	} `json:"text_query"`
	Sorted *struct {
		Name  string `json:"attribute_name"`
		Order string `json:"sort_order"`
	} `json:"sorted_attribute_query"`
}

type attributeQuery struct {
	Name  string `json:"attribute_name"`
	Value string `json:"attribute_value"`
}

// attribute is a searchable field of an object, in lower case.
func attribute(o *object, name string) (string, bool) {
	v := &o.view
	values := map[string]map[string]string{
		"ITEM":           {"name": v.Item.Name, "description": v.Item.Description, "abbreviation": v.Item.Abbr},
		"ITEM_VARIATION": {"name": v.Variation.Name, "sku": v.Variation.SKU, "upc": v.Variation.UPC},
		"CATEGORY":       {"name": v.Category.Name}, "DISCOUNT": {"name": v.Discount.Name},
		"PRODUCT_SET": {"name": v.Products.Name}, "PRICING_RULE": {"name": v.Rule.Name},
	}
	value, ok := values[o.kind][name]
	return strings.ToLower(value), ok
}

func (q *catalogQuery) check() error {
	for _, name := range q.names() {
		switch name {
		case "name", "description", "abbreviation", "sku", "upc", "caption", "display_name":
		default:
			return invalid("INVALID_VALUE", "query.attribute_name", "`%s` is not a searchable attribute.", name)
		}
	}
	if q.Set != nil && len(q.Set.Values) > 250 {
		return invalid("ARRAY_LENGTH_TOO_LONG", "query.set_query.attribute_values", "At most 250 values.")
	}
	if q.Text != nil && len(q.Text.Keywords) > 3 {
		return invalid("ARRAY_LENGTH_TOO_LONG", "query.text_query.keywords", "At most 3 keywords.")
	}
	return nil
}

func (q *catalogQuery) names() []string {
	var out []string
	if q.Set != nil {
		out = append(out, q.Set.Name)
	}
	if q.Exact != nil {
		out = append(out, q.Exact.Name)
	}
	if q.Prefix != nil {
		out = append(out, q.Prefix.Name)
	}
	if q.Sorted != nil {
		out = append(out, q.Sorted.Name)
	}
	return out
}

func (q *catalogQuery) matches(o *object) bool {
	get := func(name string) string { v, _ := attribute(o, name); return v }
	switch {
	case q.Set != nil:
		v, ok := attribute(o, q.Set.Name)
		return ok && slices.ContainsFunc(q.Set.Values, func(s string) bool { return strings.ToLower(s) == v })
	case q.Exact != nil:
		v, ok := attribute(o, q.Exact.Name)
		return ok && v == strings.ToLower(q.Exact.Value)
	case q.Prefix != nil:
		v, ok := attribute(o, q.Prefix.Name)
		return ok && strings.HasPrefix(v, strings.ToLower(q.Prefix.Prefix))
	case q.Text != nil:
		all := strings.Join([]string{get("name"), get("description"), get("abbreviation"), get("sku"), get("upc")}, " ")
		for _, k := range q.Text.Keywords {
			if !strings.Contains(all, strings.ToLower(k)) {
				return false
			}
		}
	}
	return true
}

func (f *Fake) searchCatalog(c *call) (any, error) {
	var in struct {
		Types   []string     `json:"object_types"`
		Deleted bool         `json:"include_deleted_objects"`
		Related bool         `json:"include_related_objects"`
		Path    bool         `json:"include_category_path_to_root"`
		Begin   string       `json:"begin_time"`
		Query   catalogQuery `json:"query"`
		Cursor  string       `json:"cursor"`
		Limit   int          `json:"limit"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	begin, err := parseTime("begin_time", in.Begin)
	if err != nil {
		return nil, err
	}
	if err := in.Query.check(); err != nil {
		return nil, err
	}
	if in.Deleted && in.Path {
		return nil, invalid("CONFLICTING_PARAMETERS", "include_category_path_to_root", "Cannot be combined with include_deleted_objects.")
	}
	if most := f.cfg.Limits.SearchPage; in.Limit <= 0 || in.Limit > most {
		in.Limit = min(100, most)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []*object
	for _, id := range f.catalog.order {
		o := f.catalog.objects[id]
		switch {
		case o.deleted && !in.Deleted,
			len(in.Types) == 0 && o.parent != "",
			len(in.Types) > 0 && !slices.Contains(in.Types, o.kind),
			!begin.IsZero() && !o.changed().After(begin),
			!in.Query.matches(o):
			continue
		}
		rows = append(rows, o)
	}
	if s := in.Query.Sorted; s != nil {
		sort.SliceStable(rows, func(i, j int) bool {
			a, _ := attribute(rows[i], s.Name)
			b, _ := attribute(rows[j], s.Name)
			return a < b != (s.Order == "DESC") && a != b
		})
	}
	rows, next, err := page(f, c, rows, bodyQuery(c.Request), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	reply := objectsReply{Objects: f.showAll(rows), Cursor: next, Latest: stampOf(f.catalog.last)}
	if in.Related {
		reply.Related = f.related(rows)
	}
	return reply, nil
}

func (f *Fake) searchItems(c *call) (any, error) {
	var in struct {
		Text       string   `json:"text_filter"`
		Categories []string `json:"category_ids"`
		Locations  []string `json:"enabled_location_ids"`
		Types      []string `json:"product_types"`
		Archived   string   `json:"archived_state"`
		Cursor     string   `json:"cursor"`
		Limit      int      `json:"limit"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	if in.Limit <= 0 || in.Limit > 100 {
		in.Limit = 100
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []*object
	for _, id := range f.catalog.order {
		o := f.catalog.live(id)
		if o == nil || o.kind != "ITEM" {
			continue
		}
		v := &o.view
		switch {
		case v.Item.Archived && (in.Archived == "" || in.Archived == "ARCHIVED_STATE_NOT_ARCHIVED"),
			!v.Item.Archived && in.Archived == "ARCHIVED_STATE_ARCHIVED",
			len(in.Types) > 0 && !slices.Contains(in.Types, productType(v)),
			len(in.Categories) > 0 && !slices.ContainsFunc(v.categories(), func(id string) bool { return slices.Contains(in.Categories, id) }),
			len(in.Locations) > 0 && !slices.ContainsFunc(in.Locations, v.presentAt),
			!f.itemMentions(o, in.Text):
			continue
		}
		rows = append(rows, o)
	}
	rows, next, err := page(f, c, rows, bodyQuery(c.Request), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	var variations []string
	for _, o := range rows {
		variations = append(variations, o.children...)
	}
	return struct {
		Items    []json.RawMessage `json:"items,omitempty"`
		Cursor   string            `json:"cursor,omitempty"`
		Matching []string          `json:"matched_variation_ids,omitempty"`
	}{f.showAll(rows), next, variations}, nil
}

func productType(v *view) string {
	if v.Item.ProductType == "" {
		return "REGULAR"
	}
	return v.Item.ProductType
}

func (f *Fake) itemMentions(o *object, text string) bool {
	q := catalogQuery{Text: &struct {
		Keywords []string `json:"keywords"`
	}{strings.Fields(text)}}
	if q.matches(o) {
		return true
	}
	return slices.ContainsFunc(o.children, func(id string) bool { return q.matches(f.catalog.objects[id]) })
}
