package simphonyfake

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Namespaces of the envelope.
const (
	soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12 = "http://www.w3.org/2003/05/soap-envelope"
)

const (
	maxDepth    = 32
	maxElements = 100_000
)

// element is an XML element of a request.
type element struct {
	xml.Name
	children []*element
	text     string
}

// child returns the first child of that name; nil if there is none. It works
// on nil.
func (e *element) child(name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.Local == name {
			return c
		}
	}
	return nil
}

func (e *element) str(name string) string {
	if c := e.child(name); c != nil {
		return c.text
	}
	return ""
}

// num is a whole number that the schema check has approved; 0 if absent.
func (e *element) num(name string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(e.str(name)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (e *element) ints(name string) []int64 {
	c := e.child(name)
	if c == nil {
		return nil
	}
	var out []int64
	for _, i := range c.children {
		if n, err := strconv.ParseInt(strings.TrimSpace(i.text), 10, 64); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// parseXML reads a document within bounds. Document types are refused.
func parseXML(text []byte) (*element, error) {
	dec := xml.NewDecoder(bytes.NewReader(text))
	root := &element{}
	open := []*element{root}
	for n := 0; ; {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			if len(root.children) != 1 || len(open) != 1 {
				return nil, errors.New("the document has no root element")
			}
			return root.children[0], nil
		}
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if n++; n > maxElements || len(open) > maxDepth {
				return nil, errors.New("the document is too large or nested too deeply")
			}
			e := &element{Name: tok.Name}
			top := open[len(open)-1]
			top.children = append(top.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			open[len(open)-1].text += string(tok)
		case xml.Directive:
			return nil, errors.New("DTD is prohibited in this document")
		}
	}
}

// soapCall is the request inside an envelope.
type soapCall struct {
	op      string
	body    *element
	version string // namespace of the envelope
}

// readCall opens the envelope of a request.
func readCall(text []byte) (soapCall, error) {
	root, err := parseXML(text)
	if err != nil {
		return soapCall{}, err
	}
	call := soapCall{version: root.Space}
	if root.Local != "Envelope" || root.Space != soap11 && root.Space != soap12 {
		return call, fmt.Errorf("the root is {%s}%s, not a SOAP envelope", root.Space, root.Local)
	}
	body := root.child("Body")
	if body == nil || body.Space != root.Space || len(body.children) != 1 {
		return call, errors.New("the envelope needs a body with one element")
	}
	call.body = body.children[0]
	call.op = call.body.Local
	return call, nil
}

func isSOAP12(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/soap+xml"
}

// checkAction compares the action of a request with its operation.
func checkAction(r *http.Request, call soapCall, namespace string) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type %q", r.Header.Get("Content-Type"))
	}
	action, given := params["action"]
	switch {
	case kind == "text/xml" && call.version == soap11:
		action, given = strings.Trim(r.Header.Get("SOAPAction"), `"`), true
	case kind == "application/soap+xml" && call.version == soap12:
	default:
		return fmt.Errorf("content type %s does not fit envelope %s", kind, call.version)
	}
	if given && action != namespace+call.op {
		return fmt.Errorf("Server did not recognize the value of HTTP Header SOAPAction: %s.", action) //nolint:staticcheck // the vendor's words
	}
	return nil
}

// particle is an element of a sequence in the schema.
type particle struct {
	name, typ string
	required  bool
	many      bool
}

// particles reads the notation "name:type name:type! name:type*": required and
// repeated elements are marked.
func particles(s string) []particle {
	var out []particle
	for part := range strings.FieldsSeq(s) {
		name, typ, _ := strings.Cut(part, ":")
		bare := strings.TrimRight(typ, "!*")
		out = append(out, particle{name, bare, strings.Contains(typ, "!"), strings.Contains(typ, "*")})
	}
	return out
}

// checkSequence compares the children of an element with the schema: their
// namespace, their order, which of them are there, and their simple values.
func checkSequence(e *element, sequence []particle, namespace string, lenient bool) error {
	rest := e.children
	for _, p := range sequence {
		n := 0
		for len(rest) > 0 && rest[0].Local == p.name && (n == 0 || p.many) {
			if rest[0].Space != namespace {
				return fmt.Errorf("element %s is in namespace %q", p.name, rest[0].Space)
			}
			if err := checkValue(rest[0], p.typ, namespace, lenient); err != nil {
				return err
			}
			rest, n = rest[1:], n+1
		}
		if n == 0 && p.required && !lenient {
			return fmt.Errorf("element %s of %s is missing or out of order", p.name, e.Local)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("element %s of %s is unknown, repeated or out of order", rest[0].Local, e.Local)
	}
	return nil
}

func checkValue(e *element, typ, namespace string, lenient bool) error {
	if sequence, ok := soapTypes[typ]; ok {
		return checkSequence(e, particles(sequence), namespace, lenient)
	}
	text := strings.TrimSpace(e.text)
	var err error
	switch typ {
	case "int":
		_, err = strconv.ParseInt(text, 10, 32)
	case "boolean":
		if !slices.Contains([]string{"true", "false", "1", "0"}, text) {
			err = errors.New("no boolean")
		}
	case "dateTime":
		_, _, err = parseDateTime(text)
	case "configType":
		if !slices.Contains(configTypes, text) {
			err = errors.New("not in the enumeration")
		}
	}
	if err != nil {
		return fmt.Errorf("element %s: %q is not a valid %s", e.Local, text, typ)
	}
	return nil
}

// parseDateTime reads an xsd:dateTime; zoned is false if it has no offset.
func parseDateTime(text string) (t time.Time, zoned bool, err error) {
	if t, err = time.Parse(time.RFC3339Nano, text); err == nil {
		return t, true, nil
	}
	t, err = time.Parse("2006-01-02T15:04:05.999999999", text)
	return t, false, err
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

// writeSOAP sends an envelope around a body.
func writeSOAP(w http.ResponseWriter, modern bool, status int, body string) {
	namespace, kind := soap11, "text/xml; charset=utf-8"
	if modern {
		namespace, kind = soap12, "application/soap+xml; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="%s" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>%s</soap:Body></soap:Envelope>`, namespace, body)
}

// writeFault sends a fault; code is "Client" or "Server".
func writeFault(w http.ResponseWriter, modern bool, status int, code, text string) {
	if !modern {
		writeSOAP(w, false, status, "<soap:Fault><faultcode>soap:"+code+"</faultcode><faultstring>"+escape(text)+"</faultstring><detail /></soap:Fault>")
		return
	}
	code = map[string]string{"Client": "Sender", "Server": "Receiver"}[code]
	writeSOAP(w, true, status, "<soap:Fault><soap:Code><soap:Value>soap:"+code+`</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">`+escape(text)+"</soap:Text></soap:Reason><soap:Detail /></soap:Fault>")
}
