package settings

import (
	"reflect"
	"strconv"
	"strings"
)

// fields returns the fields of a struct by their names in the file. Those of
// embedded structs without a name belong to the outer one.
func fields(t reflect.Type) map[string]reflect.StructField {
	known := make(map[string]reflect.StructField)
	for _, f := range reflect.VisibleFields(t) {
		if name := nameOf(f); name != "" {
			known[name] = f
		}
	}
	return known
}

// nameOf returns "" for fields that are not in files.
func nameOf(f reflect.StructField) string {
	tag := f.Tag.Get("json")
	name, _, _ := strings.Cut(tag, ",")
	switch {
	case !f.IsExported(), tag == "-", f.Anonymous && name == "":
		return ""
	case name == "":
		return f.Name
	default:
		return name
	}
}

func join(path, name string) string {
	if path == "" || name == "" || name[0] == '[' {
		return path + name
	}
	return path + "." + name
}

// fileName turns a path of Go names, such as "OAuth.ClientID", into names of
// the file. Parts that are none stay as they are.
func fileName(cfg any, path string) string {
	t := reflect.TypeOf(cfg)
	parts := strings.Split(path, ".")
	for i, part := range parts {
		name, index, indexed := strings.Cut(part, "[")
		for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
			t = t.Elem()
		}
		if t == nil || t.Kind() != reflect.Struct {
			break
		}
		f, ok := t.FieldByName(name)
		if !ok || nameOf(f) == "" {
			break
		}
		parts[i], t = nameOf(f), f.Type
		if indexed {
			parts[i] += "[" + index
		}
	}
	return strings.Join(parts, ".")
}

// Index is the path of an element of a list.
func Index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
