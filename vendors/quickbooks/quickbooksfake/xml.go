package quickbooksfake

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

const (
	xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	xmlns   = "http://schema.intuit.com/finance/v3"
)

// wantsXML reports whether a client has not asked for JSON: then the service
// answers in XML.
func wantsXML(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return !strings.Contains(accept, "json") && !strings.Contains(accept, "*/*")
}

// writeXML writes an answer by the schema's rule: properties that begin with a
// small letter are attributes, the others elements.
func writeXML(w http.ResponseWriter, status int, body map[string]any) {
	var b bytes.Buffer
	b.WriteString(xmlHead)
	body = maps.Clone(body)
	body["xmlns"] = xmlns
	element(&b, "IntuitResponse", body)
	w.Header().Set("Content-Type", "application/xml;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func element(b *bytes.Buffer, name string, v any) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			element(b, name, inner)
		}
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		attribute := func(k string) bool { return k[0] >= 'a' && k[0] <= 'z' && k != "value" }
		b.WriteString("<" + name)
		for _, k := range keys {
			if attribute(k) {
				b.WriteString(" " + k + `="`)
				escape(b, v[k])
				b.WriteByte('"')
			}
		}
		b.WriteByte('>')
		for _, k := range keys {
			switch {
			case k == "value":
				escape(b, v[k])
			case !attribute(k):
				element(b, k, v[k])
			}
		}
		b.WriteString("</" + name + ">")
	default:
		b.WriteString("<" + name + ">")
		escape(b, v)
		b.WriteString("</" + name + ">")
	}
}

func escape(b *bytes.Buffer, v any) { _ = xml.EscapeText(b, []byte(fmt.Sprint(v))) } // a buffer takes everything
