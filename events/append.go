package events

import (
	"slices"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the event in the JSON format of CloudEvents to dst. It
// allocates nothing if dst has room and the event has at most eight
// extensions. It does not validate.
func (e *Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"specversion":"`+SpecVersion+`","id":`...)
	dst = appendString(dst, e.ID)
	dst = appendAttribute(dst, "source", e.Source)
	dst = appendAttribute(dst, "type", e.Type)
	dst = appendOptional(dst, "subject", e.Subject)
	if !e.Time.IsZero() {
		dst = append(dst, `,"time":"`...)
		dst = e.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	dst = appendOptional(dst, "dataschema", e.DataSchema)
	dst = appendOptional(dst, "traceparent", e.TraceParent)
	dst = appendOptional(dst, "partitionkey", e.PartitionKey)
	if len(e.Extensions) > 0 {
		var room [8]string
		names := room[:0]
		for name := range e.Extensions {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			dst = appendAttribute(dst, name, e.Extensions[name])
		}
	}
	if len(e.Data) > 0 {
		dst = append(dst, `,"datacontenttype":"`+contentType+`","data":`...)
		dst = append(dst, e.Data...)
	}
	return append(dst, '}')
}

func appendOptional(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return appendAttribute(dst, name, text)
}

func appendAttribute(dst []byte, name, text string) []byte {
	return appendString(appendName(dst, name), text)
}

// appendName begins a member of an object.
func appendName(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

const hexDigits = "0123456789abcdef"

// appendString quotes text for JSON. What is not valid UTF-8 becomes U+FFFD.
func appendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); {
		b := text[i]
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, text[start:i]...)
				dst = append(dst, "\ufffd"...)
				start = i + 1
			}
			i += size
			continue
		}
		if b < ' ' || b == '"' || b == '\\' {
			dst = append(dst, text[start:i]...)
			if b < ' ' {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
			} else {
				dst = append(dst, '\\', b)
			}
			start = i + 1
		}
		i++
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"')
}

// printable reports whether text may stand in an attribute.
func printable(text string) bool {
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if r < ' ' || r >= 0x7f && r <= 0x9f || r == utf8.RuneError && size == 1 {
			return false
		}
		i += size
	}
	return true
}
