package soapkit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Limits bound an answer. Zero fields mean the default.
type Limits struct {
	// Size is the most bytes; 0 means 16 MiB.
	Size int64
	// Depth is the most elements inside each other; 0 means 64.
	Depth int
	// Attributes is the most attributes of one element; 0 means 64.
	Attributes int
}

const (
	defaultSize       = 16 << 20
	defaultDepth      = 64
	defaultAttributes = 64
)

func (l Limits) resolve() Limits {
	if l.Size <= 0 {
		l.Size = defaultSize
	}
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Attributes <= 0 {
		l.Attributes = defaultAttributes
	}
	return l
}

// Why XML was refused.
var (
	errSize       = errors.New("soapkit: the answer is larger than allowed")
	errDoctype    = errors.New("soapkit: document type declarations are refused")
	errDepth      = errors.New("soapkit: elements are nested too deep")
	errAttributes = errors.New("soapkit: an element has too many attributes")
	errEnvelope   = errors.New("soapkit: not a SOAP 1.1 envelope with a body")
)

const (
	envelopeSpace = "http://schemas.xmlsoap.org/soap/envelope/"
	instanceSpace = "http://www.w3.org/2001/XMLSchema-instance"
)

// Unmarshal decodes an XML document that came inside an answer, as text in
// UTF-8 whatever its declaration says. It is refused if it exceeds the limits
// or has a document type declaration. Errors are of kind protocol.
func (l Limits) Unmarshal(document []byte, out any) error {
	err := l.resolve().check(document)
	if err == nil {
		err = newDecoder(document).Decode(out)
	}
	if err != nil {
		return &pos.Error{Op: "Unmarshal", Kind: pos.KindProtocol, Err: err}
	}
	return nil
}

func (l Limits) check(document []byte) error {
	if int64(len(document)) > l.Size {
		return errSize
	}
	w := walker{limits: l, d: newDecoder(document)}
	for {
		if _, err := w.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// walker reads tokens within limits.
type walker struct {
	limits Limits
	d      *xml.Decoder
	depth  int
}

// newDecoder reads a document that is in UTF-8 whatever it says of itself.
func newDecoder(document []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(document))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return d
}

func (w *walker) next() (xml.Token, error) {
	token, err := w.d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case xml.Directive:
		return nil, errDoctype
	case xml.StartElement:
		if w.depth++; w.depth > w.limits.Depth {
			return nil, errDepth
		}
		if len(t.Attr) > w.limits.Attributes {
			return nil, errAttributes
		}
	case xml.EndElement:
		w.depth--
	}
	return token, nil
}

// normalize rewrites an envelope in UTF-8 with the namespace of the WSDL:
// elements of the body are told by their local names. Elements that are nil
// are left out, and so are comments and attributes with a namespace. It
// reports whether the body is a fault.
func (l Limits) normalize(raw []byte, contentType, namespace string) (out []byte, fault bool, err error) {
	document, err := decodeText(raw, contentType)
	if err != nil {
		return nil, false, err
	}
	n := normalizer{walker: walker{limits: l, d: newDecoder(document)}, namespace: namespace}
	n.out.Grow(len(document))
	if err := n.run(); err != nil {
		return nil, false, err
	}
	return n.out.Bytes(), n.fault, nil
}

type normalizer struct {
	walker
	namespace string
	out       bytes.Buffer
	open      []string // names as written
	body      bool     // the envelope has a body
	fault     bool
}

func (n *normalizer) run() error {
	for {
		token, err := n.next()
		switch {
		case errors.Is(err, io.EOF):
			if !n.body {
				return errEnvelope
			}
			return nil
		case err != nil:
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := n.start(t); err != nil {
				return err
			}
		case xml.EndElement:
			last := len(n.open) - 1
			fmt.Fprintf(&n.out, "</%s>", n.open[last])
			n.open = n.open[:last]
		case xml.CharData:
			if len(n.open) > 0 {
				_ = xml.EscapeText(&n.out, t) // a buffer takes everything
			}
		}
	}
}

func (n *normalizer) start(t xml.StartElement) error {
	envelope := t.Name.Space == envelopeSpace
	level := len(n.open)
	if level == 0 && !(envelope && t.Name.Local == "Envelope") {
		return errEnvelope
	}
	if isNil(t.Attr) {
		return n.skip()
	}
	name := t.Name.Local
	if envelope {
		name = "e:" + name
	}
	n.out.WriteString("<" + name)
	switch {
	case level == 0:
		n.out.WriteString(` xmlns:e="` + envelopeSpace + `"`)
	case level == 1 && name == "e:Body":
		n.body = true
	case level == 2 && name == "e:Fault":
		n.fault = true
	case level == 2 && n.body && !envelope:
		n.out.WriteByte(' ')
		n.out.Write(declaration(n.namespace))
	}
	for _, a := range t.Attr {
		if a.Name.Space == "" && a.Name.Local != "xmlns" {
			fmt.Fprintf(&n.out, ` %s="`, a.Name.Local)
			_ = xml.EscapeText(&n.out, []byte(a.Value))
			n.out.WriteByte('"')
		}
	}
	n.out.WriteByte('>')
	n.open = append(n.open, name)
	return nil
}

func isNil(attributes []xml.Attr) bool {
	for _, a := range attributes {
		if a.Name.Space == instanceSpace && a.Name.Local == "nil" && (a.Value == "true" || a.Value == "1") {
			return true
		}
	}
	return false
}

// skip reads to the end of the element that has just begun.
func (n *normalizer) skip() error {
	for end := n.depth - 1; n.depth > end; {
		if _, err := n.next(); err != nil {
			return err
		}
	}
	return nil
}
