package simphony

import (
	stdjson "encoding/json"
	"maps"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// record is a CCAPI configuration record as an open map: updates clear what
// they leave out, so that everything is written back, known or not.
type record map[string]jsontext.Value

// key finds a member in any of its spellings; the case of names varies.
func (r record) key(names ...string) (string, bool) {
	for _, n := range names {
		if _, ok := r[n]; ok {
			return n, true
		}
	}
	for k := range r {
		for _, n := range names {
			if strings.EqualFold(k, n) {
				return k, true
			}
		}
	}
	return names[0], false
}

// num is a whole number, 0 if there is none.
func (r record) num(names ...string) int64 {
	k, _ := r.key(names...)
	n, _ := strconv.ParseInt(r.text(k), 10, 64)
	return n
}

// text is a scalar as text, "" if there is none or it is null.
func (r record) text(names ...string) string {
	k, ok := r.key(names...)
	var t text
	if !ok || r[k].Kind() == '{' || r[k].Kind() == '[' || t.UnmarshalJSON(r[k]) != nil {
		return ""
	}
	return string(t)
}

// lang is a text by language: ours, else any.
func (r record) lang(name, language string) string {
	k, _ := r.key(name)
	if r[k].Kind() == '"' {
		return r.text(k)
	}
	texts := r.texts(k)
	if s, ok := texts[language]; ok {
		return s
	}
	for _, s := range texts {
		return s
	}
	return ""
}

func (r record) texts(key string) map[string]string {
	var texts map[string]string
	if v, ok := r[key]; ok {
		_ = json.Unmarshal(v, &texts) // another shape has no texts
	}
	return texts
}

// set writes a member under the spelling that is there.
func (r record) set(name string, v any) {
	k, _ := r.key(name)
	data, err := json.Marshal(v)
	if err == nil { // numbers, texts and maps of them always encode
		r[k] = data
	}
}

// setLang writes a text in our language and leaves the others.
func (r record) setLang(name, language, s string) {
	k, _ := r.key(name)
	texts := r.texts(k)
	if texts == nil {
		texts = make(map[string]string)
	}
	texts[language] = s
	r.set(k, texts)
}

func (r record) clone() record {
	c := make(record, len(r)+4)
	maps.Copy(c, r)
	return c
}

// UnmarshalJSON keeps every member as it is.
func (r *record) UnmarshalJSON(data []byte) error {
	var m map[string]stdjson.RawMessage
	if err := stdjson.Unmarshal(data, &m); err != nil {
		return err
	}
	*r = make(record, len(m))
	for k, v := range m {
		(*r)[k] = jsontext.Value(v)
	}
	return nil
}
