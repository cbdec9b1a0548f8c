package simphonyfake

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// record is a configuration record as it came over the wire. Fields that the
// fake does not know are kept. Numbers are [json.Number].
type record map[string]any

// decodeRecords reads one JSON object or an array of them.
func decodeRecords(text []byte) ([]record, error) {
	var out []record
	if text = bytes.TrimSpace(text); len(text) > 0 && text[0] == '{' {
		text = slices.Concat([]byte{'['}, text, []byte{']'})
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		return nil, fail(400, "VALIDATION ERROR", "The request body is not JSON: %v", err)
	}
	for _, r := range out {
		if r == nil {
			return nil, fail(400, "VALIDATION ERROR", "The request body holds null.")
		}
		r.canonical()
	}
	return out, nil
}

// aliases are spellings that the vendor uses for one and the same field.
var aliases = map[string]string{
	"defSequnceNum":         "defSequenceNum",
	"familyGroupObjectNum":  "familyGroupObjNum",
	"majorGroupObjectNum":   "majorGroupObjNum",
	"masterGroupObjectNum":  "masterGroupObjNum",
	"reportGroupObjectNum":  "reportGroupObjNum",
	"menuItemDefinitionID":  "menuItemDefinitionId",
	"menuItemPriceID":       "menuItemPriceId",
	"effectivityGroupObjNo": "effectivityGroupObjNum",
}

// canonical renames the fields that have two spellings.
func (r record) canonical() {
	for from, to := range aliases {
		if v, ok := r[from]; ok {
			delete(r, from)
			r[to] = v
		}
	}
}

func (r record) clone() record { return maps.Clone(r) }

// has reports whether the field is there and not null.
func (r record) has(field string) bool { return r[field] != nil }

// num is a whole number; 0 if there is none.
func (r record) num(field string) int64 {
	n, ok := r[field].(json.Number)
	if !ok {
		return 0
	}
	i, err := n.Int64()
	if err != nil {
		return 0
	}
	return i
}

func (r record) set(field string, n int64) { r[field] = number(n) }

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// str is a text; "" if there is none.
func (r record) str(field string) string {
	s, _ := r[field].(string)
	return s
}

// flag is a boolean, or what it is when the field is absent.
func (r record) flag(field string, absent bool) bool {
	if b, ok := r[field].(bool); ok {
		return b
	}
	return absent
}

// text is a text by language: in US English, or in whatever language there is.
func (r record) text(field string) string {
	m, ok := r[field].(map[string]any)
	if !ok {
		return ""
	}
	for _, lang := range slices.Concat([]string{"en-US", "1"}, slices.Sorted(maps.Keys(m))) {
		if s, ok := m[lang].(string); ok {
			return s
		}
	}
	return ""
}

// setText replaces the text of a field in every language that it has.
func (r record) setText(field, text string) {
	m, ok := r[field].(map[string]any)
	if !ok || len(m) == 0 {
		r[field] = map[string]any{"en-US": text}
		return
	}
	m = maps.Clone(m)
	for lang := range m {
		m[lang] = text
	}
	r[field] = m
}

// list is an array of objects; nil if there is none.
func (r record) list(field string) []record {
	l, _ := r[field].([]any)
	var out []record
	for _, v := range l {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// bit reads an option bit from a string of 0 and 1.
func (r record) bit(field string, n int) bool {
	s := r.str(field)
	return n >= 0 && n < len(s) && s[n] == '1'
}

func setBit(s string, n, length int, on bool) string {
	b := []byte(s + strings.Repeat("0", max(length-len(s), 0)))
	if n >= 0 && n < len(b) {
		b[n] = '0'
		if on {
			b[n] = '1'
		}
	}
	return string(b)
}

func isBits(s string) bool { return strings.Trim(s, "01") == "" }

// value reads a dotted path for search criteria. An array matches with any of
// its elements.
func (r record) value(path string) []any {
	head, rest, nested := strings.Cut(path, ".")
	var found any
	for k, v := range r {
		if strings.EqualFold(k, head) {
			found = v
		}
	}
	if !nested {
		return []any{found}
	}
	switch v := found.(type) {
	case map[string]any:
		return record(v).value(rest)
	case []any:
		var out []any
		for _, e := range v {
			if m, ok := e.(map[string]any); ok {
				out = append(out, record(m).value(rest)...)
			}
		}
		return out
	}
	return []any{nil}
}

// compare orders two values of one kind; false if they cannot be compared.
func compare(a, b any) (int, bool) {
	switch x := a.(type) {
	case json.Number:
		p, ok := new(big.Rat).SetString(x.String())
		q, also := new(big.Rat).SetString(plain(b))
		if !ok || !also {
			return 0, false
		}
		return p.Cmp(q), true
	case string:
		return strings.Compare(strings.ToLower(x), strings.ToLower(plain(b))), true
	case bool:
		return strings.Compare(strconv.FormatBool(x), plain(b)), true
	}
	return 0, false
}

// plain is a simple value as text.
func plain(v any) string {
	switch x := v.(type) {
	case json.Number:
		return x.String()
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	}
	return ""
}

// toRecord turns any value that encodes as a JSON object into a record.
func toRecord(v any) record {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out record
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&out) != nil {
		return nil
	}
	return out
}
