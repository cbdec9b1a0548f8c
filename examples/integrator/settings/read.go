package settings

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/farmacyfoods/pointofsale/pos"
)

var (
	secretType   = reflect.TypeFor[pos.Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	rawType      = reflect.TypeFor[json.RawMessage]()
)

type reader struct {
	lookup   func(string) (string, bool)
	problems Problems
}

func (r *reader) complain(path string, n *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, Problem{path, n.Line, fmt.Sprintf(format, args...)})
}

func (r *reader) document(n *yaml.Node, into any) { r.value("", n, reflect.ValueOf(into).Elem()) }

// value decodes a node. An empty value leaves what is there.
func (r *reader) value(path string, n *yaml.Node, v reflect.Value) {
	switch {
	case n.Kind == yaml.AliasNode:
		r.complain(path, n, "aliases are not supported")
	case n.Tag == "!!null":
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		r.value(path, n, v.Elem())
	case v.Type() == rawType:
		r.raw(path, n, v)
	case isText(v), v.Kind() != reflect.Struct && v.Kind() != reflect.Map && v.Kind() != reflect.Slice:
		r.scalar(path, n, v)
	case v.Kind() == reflect.Slice:
		r.list(path, n, v)
	default:
		r.mapping(path, n, v)
	}
}

func isText(v reflect.Value) bool {
	_, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr())
	return ok
}

func (r *reader) list(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		r.complain(path, n, "is no list")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		r.value(Index(path, i), item, list.Index(i))
	}
	v.Set(list)
}

func (r *reader) mapping(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		r.complain(path, n, "is no mapping")
		return
	}
	seen := make(map[string]bool)
	for i := 0; i < len(n.Content); i += 2 {
		key, item := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		switch {
		case seen[key.Value]:
			r.complain(at, key, "is there twice")
		case v.Kind() == reflect.Map:
			r.entry(at, key, item, v)
		default:
			r.field(at, key, item, v)
		}
		seen[key.Value] = true
	}
}

func (r *reader) field(path string, key, item *yaml.Node, v reflect.Value) {
	known := fields(v.Type())
	f, ok := known[key.Value]
	if !ok {
		r.complain(path, key, "unknown field; there are %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		return
	}
	r.value(path, item, v.FieldByIndex(f.Index))
}

func (r *reader) entry(path string, key, item *yaml.Node, v reflect.Value) {
	k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	r.scalar(path, key, k)
	r.value(path, item, e)
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	v.SetMapIndex(k, e)
}

// scalar decodes a single value. Complaints quote what the file has, never
// what an environment variable holds.
func (r *reader) scalar(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		r.complain(path, n, "is no single value")
		return
	}
	text, ok := r.expand(path, n)
	switch {
	case !ok:
		return
	case v.Type() == secretType && text == n.Value:
		r.complain(path, n, "secrets come from the environment: write ${ENV:NAME}")
		return
	}
	if err := set(v, text); err != nil {
		r.complain(path, n, "%q is no %s", n.Value, kindOf(v))
	}
}

func set(v reflect.Value, text string) error {
	if v.Type() == durationType {
		d, err := time.ParseDuration(text)
		v.SetInt(int64(d))
		return err
	}
	if t, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		return t.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return err
	case reflect.Int, reflect.Int64, reflect.Int32:
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(i)
		return err
	case reflect.Uint64, reflect.Uint32:
		u, err := strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(u)
		return err
	default:
		return fmt.Errorf("fields of type %s cannot be configured", v.Type())
	}
}

func kindOf(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return `duration such as "90s"`
	case v.Type() == reflect.TypeFor[time.Time]():
		return `instant such as "2026-09-01T00:00:00Z"`
	case isText(v):
		return v.Type().String()
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt(), v.CanUint():
		return "whole number in range"
	default:
		return v.Type().String()
	}
}

var variable = regexp.MustCompile(`\$\{ENV:([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand puts environment variables in, and is false if one is missing.
func (r *reader) expand(path string, n *yaml.Node) (string, bool) {
	ok := true
	text := variable.ReplaceAllStringFunc(n.Value, func(ref string) string {
		name := variable.FindStringSubmatch(ref)[1]
		value, found := r.lookup(name)
		if !found {
			r.complain(path, n, "environment variable %s is not set", name)
			ok = false
		}
		return value
	})
	return text, ok
}

// raw keeps a part of the file as JSON.
func (r *reader) raw(path string, n *yaml.Node, v reflect.Value) {
	r.expandAll(path, n)
	var value any
	err := n.Decode(&value)
	var text []byte
	if err == nil {
		text, err = json.Marshal(value)
	}
	if err != nil {
		r.complain(path, n, "%v", err)
		return
	}
	v.SetBytes(text)
}

func (r *reader) expandAll(path string, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && variable.MatchString(n.Value) {
		n.Value, _ = r.expand(path, n)
	}
	for _, c := range n.Content {
		r.expandAll(path, c)
	}
}
