package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	dialect = "https://json-schema.org/draft/2020-12/schema"
	// idPrefix names a schema without promising that it can be fetched.
	idPrefix = "tag:farmacyfoods.com,2026:pos:"
)

// object is a JSON object that keeps the order of its members.
type object []member

type member struct {
	name  string
	value any
}

func (o object) with(name string, value any) object { return append(o, member{name, value}) }

// MarshalJSON implements [json.Marshaler].
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		value := new(bytes.Buffer)
		enc := json.NewEncoder(value)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(m.value); err != nil {
			return nil, err
		}
		b.WriteString(strconv.Quote(m.name) + ":")
		b.Write(value.Bytes())
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// scalars are types that are not what their declaration says, in JSON.
var scalars = map[string]object{
	"string":          {{"type", "string"}},
	"bool":            {{"type", "boolean"}},
	"int":             {{"type", "integer"}},
	"int64":           {{"type", "integer"}},
	"uint64":          {{"type", "integer"}, {"minimum", 0}},
	"float64":         {{"type", "number"}},
	"time.Time":       {{"type", "string"}, {"format", "date-time"}},
	"time.Duration":   {{"type", "integer"}, {"description", "Nanoseconds."}},
	"time.Weekday":    {{"type", "integer"}, {"minimum", 0}, {"maximum", 6}},
	"json.RawMessage": {}, // any value
	"pos.Date":        {{"type", "string"}, {"format", "date"}},
	"pos.Tri":         {{"type", "string"}, {"enum", []string{"yes", "no", "unknown"}}},
	"pos.Rate":        {{"type", "string"}, {"description", "A percentage as a decimal number, such as 8.25."}},
	"pos.Quantity":    {{"type", "string"}, {"description", "A decimal number of units, such as 2 or 0.5."}},
	"pos.Clock":       {{"type", "string"}, {"description", "A local time of day, such as 15:04; 24:00 is the end of the day."}},
	"pos.Count":       {{"type", []string{"string", "null"}}, {"description", "A decimal number; null means not counted, which is not zero."}},
}

// builder makes one schema.
type builder struct {
	*source
	names []string          // of definitions, in the order of their first use
	defs  map[string]object // by name
}

// schema returns the file of a type of event.
func (s *source) schema(t eventType) ([]byte, error) {
	b := &builder{source: s, defs: make(map[string]object)}
	root, err := b.structure(t.payload, t.without)
	if err != nil {
		return nil, err
	}
	out := object{{"$schema", dialect}, {"$id", idPrefix + t.name}, {"title", t.name}}
	out = append(out, root...)
	if len(b.names) > 0 {
		slices.Sort(b.names)
		var defs object
		for _, name := range b.names {
			defs = defs.with(name, b.defs[name])
		}
		out = out.with("$defs", defs)
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, text, "", "  "); err != nil {
		return nil, err
	}
	pretty.WriteByte('\n')
	return pretty.Bytes(), nil
}

// structure is the schema of a struct type.
func (b *builder) structure(name, without string) (object, error) {
	fields, err := b.fields(name)
	if err != nil {
		return nil, err
	}
	properties, required := object{}, []string{}
	for _, f := range fields {
		if f.json == without {
			continue
		}
		schema, err := b.value(f.pkg, f.expr)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", name, f.name, err)
		}
		properties = properties.with(f.json, describe(schema, f.doc))
		if !f.optional {
			required = append(required, f.json)
		}
	}
	out := object{{"type", "object"}, {"properties", properties}}
	if len(required) > 0 {
		out = out.with("required", required)
	}
	return describe(out, b.types[name].doc), nil
}

// describe puts a description in front of the one that is there.
func describe(schema object, text string) object {
	if text == "" {
		return schema
	}
	out := object{{"description", text}}
	for _, m := range schema {
		if m.name != "description" {
			out = append(out, m)
			continue
		}
		out[0].value = fmt.Sprint(text, "\n\n", m.value)
	}
	return out
}

// value is the schema of a type expression in a package.
func (b *builder) value(pkg string, e ast.Expr) (object, error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		return b.value(pkg, e.X)
	case *ast.ArrayType:
		items, err := b.value(pkg, e.Elt)
		if err != nil || e.Len != nil {
			return nil, fmt.Errorf("array: %w", err)
		}
		return object{{"type", "array"}, {"items", items}}, nil
	}
	name := qualified(pkg, e)
	if s, ok := scalars[name]; ok {
		return s, nil
	}
	t := b.types[name]
	if t == nil {
		return nil, fmt.Errorf("no schema for type %q", name)
	}
	switch t.expr.(type) {
	case *ast.StructType:
		return b.reference(name)
	case *ast.Ident:
		return b.named(name, t)
	}
	return nil, fmt.Errorf("no schema for type %q", name)
}

// named is the schema of a type that is another one underneath. Known values
// are examples and no enumeration, since more of them may come.
func (b *builder) named(name string, t *typeDecl) (object, error) {
	if b.texts[name] {
		return nil, fmt.Errorf("type %q marshals as text: give it a line in scalars", name)
	}
	schema, err := b.value(t.pkg, t.expr)
	if err != nil {
		return nil, err
	}
	if values := b.values[name]; len(values) > 0 {
		schema = append(slices.Clone(schema), member{"examples", values})
	}
	return describe(schema, t.doc), nil
}

// reference puts a struct among the definitions.
func (b *builder) reference(name string) (object, error) {
	_, short, _ := strings.Cut(name, ".")
	if !slices.Contains(b.names, short) {
		b.names = append(b.names, short)
		def, err := b.structure(name, "")
		if err != nil {
			return nil, err
		}
		b.defs[short] = def
	}
	return object{{"$ref", "#/$defs/" + short}}, nil
}

// field is one that appears in JSON.
type field struct {
	pkg, name, json string
	expr            ast.Expr
	doc             string
	optional        bool
	inherited       bool // from an embedded struct
}

// fields lists those of a struct; those of embedded structs come in their
// place, unless the struct itself has a field of their name.
func (b *builder) fields(name string) ([]field, error) {
	t := b.types[name]
	if t == nil {
		return nil, fmt.Errorf("no type %q", name)
	}
	st, ok := t.expr.(*ast.StructType)
	if !ok {
		return nil, fmt.Errorf("%q is not a struct", name)
	}
	var all []field
	own := make(map[string]bool)
	for _, f := range st.Fields.List {
		if len(f.Names) == 0 {
			inner, err := b.fields(qualified(t.pkg, f.Type))
			if err != nil {
				return nil, err
			}
			for _, i := range inner {
				i.inherited = true
				all = append(all, i)
			}
			continue
		}
		for _, d := range direct(t.pkg, f) {
			own[d.json] = true
			all = append(all, d)
		}
	}
	shareDocs(all)
	return slices.DeleteFunc(all, func(f field) bool { return f.inherited && own[f.json] }), nil
}

// direct returns the fields of one line of a struct.
func direct(pkg string, f *ast.Field) []field {
	if f.Tag == nil {
		return nil
	}
	tag, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return nil
	}
	parts := strings.Split(reflect.StructTag(tag).Get("json"), ",")
	if parts[0] == "-" || parts[0] == "" {
		return nil
	}
	doc := strings.TrimSpace(prose(f.Doc) + "\n" + prose(f.Comment))
	optional := slices.Contains(parts, "omitempty") || slices.Contains(parts, "omitzero")
	var out []field
	for _, n := range f.Names {
		out = append(out, field{pkg: pkg, name: n.Name, json: parts[0], expr: f.Type, doc: doc, optional: optional})
	}
	return out
}

// shareDocs gives a field without a comment the last one that mentions it,
// and writes the names in it as they are in JSON.
func shareDocs(fields []field) {
	last := ""
	for i := range fields {
		f := &fields[i]
		switch {
		case f.inherited:
		case f.doc != "":
			last = f.doc
		case mention(f.name).MatchString(last):
			f.doc = last
		}
	}
	for i := range fields {
		for _, other := range fields {
			if !fields[i].inherited && !other.inherited {
				fields[i].doc = mention(other.name).ReplaceAllString(fields[i].doc, other.json)
			}
		}
	}
}

func mention(name string) *regexp.Regexp { return regexp.MustCompile(`\b` + name + `\b`) }
