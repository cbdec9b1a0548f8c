package kit

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

// maxHintBody is the largest body for which the cause of a mismatch is sought:
// the search costs a dozen signatures, and strangers can ask for it.
const maxHintBody = 64 << 10

// hint tells what would make the signature match, or "". Only somebody who has
// the secret can make it say anything.
func (v *Verifier) hint(macs [][]byte, stamp string, body []byte) string {
	if len(body) > maxHintBody {
		return ""
	}
	for _, target := range urlVariants(v.sig.URL) {
		if v.matches(macs, target.text, stamp, body) {
			return target.hint
		}
	}
	for _, b := range bodyVariants(body) {
		if v.matches(macs, v.sig.URL, stamp, []byte(b.text)) {
			return b.hint
		}
	}
	return ""
}

type variant struct{ text, hint string }

// urlVariants spells a URL in the ways that are mixed up most.
func urlVariants(text string) []variant {
	u, err := url.Parse(text)
	if text == "" || err != nil {
		return nil
	}
	scheme := *u
	scheme.Scheme = map[string]string{"http": "https", "https": "http"}[u.Scheme]
	slash := *u
	slashHint := "match with a slash at the end of the URL's path"
	if path, found := strings.CutSuffix(u.Path, "/"); found {
		slash.Path, slashHint = path, "match without the slash at the end of the URL's path"
	} else {
		slash.Path += "/"
	}
	slash.RawPath = ""
	query := *u
	query.RawQuery = ""
	port := *u
	port.Host = u.Hostname()
	both := slash
	both.Scheme = scheme.Scheme
	return []variant{
		{scheme.String(), "match with " + scheme.Scheme + " instead of " + u.Scheme + " in the URL"},
		{slash.String(), slashHint},
		{both.String(), slashHint + " and " + scheme.Scheme + " instead of " + u.Scheme},
		{query.String(), "match without the URL's query"},
		{port.String(), "match without the URL's port"},
		{"", "match without any URL"},
	}
}

// bodyVariants are what middleware makes of a body that it parses and writes
// again.
func bodyVariants(body []byte) []variant {
	trimmed := string(bytes.TrimRight(body, "\r\n"))
	vs := []variant{
		{trimmed, "match without the line end behind the body: it was added on the way"},
		{string(body) + "\n", "match with a line end behind the body: it was cut off on the way"},
	}
	const reencoded = "match the same JSON in another spelling: the body was re-encoded on the way, pass the raw bytes"
	var compact bytes.Buffer
	if json.Compact(&compact, body) != nil {
		return vs
	}
	vs = append(vs, variant{compact.String(), reencoded})
	for _, indent := range []string{"  ", "    ", "\t"} {
		var indented bytes.Buffer
		if json.Indent(&indented, compact.Bytes(), "", indent) == nil {
			vs = append(vs, variant{indented.String(), reencoded})
		}
	}
	var escaped bytes.Buffer
	json.HTMLEscape(&escaped, compact.Bytes())
	plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\/`, "/").Replace(compact.String())
	return append(vs, variant{escaped.String(), reencoded}, variant{plain, reencoded})
}
