package soapkit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var errText = errors.New("soapkit: the text is not in its declared encoding")

// declared matches the encoding in an XML declaration.
var declared = regexp.MustCompile(`^<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']`)

// decodeText returns an XML document in UTF-8. A byte order mark counts most,
// then the content type, then the document's own declaration.
func decodeText(raw []byte, contentType string) ([]byte, error) {
	switch {
	case bytes.HasPrefix(raw, []byte("\xEF\xBB\xBF")):
		return valid(raw[3:])
	case bytes.HasPrefix(raw, []byte("\xFF\xFE")):
		return fromUTF16(raw[2:], binary.LittleEndian)
	case bytes.HasPrefix(raw, []byte("\xFE\xFF")):
		return fromUTF16(raw[2:], binary.BigEndian)
	case bytes.HasPrefix(raw, []byte("<\x00")):
		return fromUTF16(raw, binary.LittleEndian)
	case bytes.HasPrefix(raw, []byte("\x00<")):
		return fromUTF16(raw, binary.BigEndian)
	}
	charset := ""
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		charset = params["charset"]
	}
	if charset == "" {
		if m := declared.FindSubmatch(raw); m != nil {
			charset = string(m[1])
		}
	}
	switch strings.ToLower(strings.Trim(charset, `"' `)) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return valid(raw)
	case "iso-8859-1", "latin1", "iso8859-1":
		return fromBytes(raw, nil), nil
	case "windows-1252", "cp1252":
		return fromBytes(raw, &windows1252), nil
	}
	return nil, fmt.Errorf("soapkit: encoding %q is not supported", charset[:min(len(charset), 40)])
}

func valid(raw []byte) ([]byte, error) {
	if !utf8.Valid(raw) {
		return nil, errText
	}
	return raw, nil
}

func fromUTF16(raw []byte, order binary.ByteOrder) ([]byte, error) {
	if len(raw)%2 != 0 {
		return nil, errText
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i += 2 {
		r := rune(order.Uint16(raw[i:]))
		if utf16.IsSurrogate(r) {
			if i+3 >= len(raw) {
				return nil, errText
			}
			i += 2
			if r = utf16.DecodeRune(r, rune(order.Uint16(raw[i:]))); r == utf8.RuneError {
				return nil, errText
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}

// windows1252 are the characters of the bytes 0x80 to 0x9F.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8D, 'Ž', 0x8F,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9D, 'ž', 'Ÿ',
}

// fromBytes decodes one byte per character; upper replaces 0x80 to 0x9F.
func fromBytes(raw []byte, upper *[32]rune) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/8)
	for _, b := range raw {
		r := rune(b)
		if upper != nil && b >= 0x80 && b < 0xA0 {
			r = upper[b-0x80]
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
