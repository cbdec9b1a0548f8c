package soapkit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"

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
// or has a document type declaration. Fields with the tag innerxml stay empty.
// Errors are of kind protocol.
func (l Limits) Unmarshal(document []byte, out any) error {
	l = l.resolve()
	err := errSize
	if int64(len(document)) <= l.Size {
		err = decode(l.walk(document), out)
	}
	if err != nil {
		return &pos.Error{Op: "Unmarshal", Kind: pos.KindProtocol, Err: err}
	}
	return nil
}

// decode reads a whole document, of which out takes the root.
func decode(document xml.TokenReader, out any) error {
	if err := xml.NewTokenDecoder(document).Decode(out); err != nil {
		return err
	}
	for {
		if _, err := document.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
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

// walk reads a document that is in UTF-8 whatever it says of itself.
func (l Limits) walk(document []byte) *walker {
	d := xml.NewDecoder(bytes.NewReader(document))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return &walker{limits: l, d: d}
}

// Token implements [xml.TokenReader].
func (w *walker) Token() (xml.Token, error) {
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

// normalize reads an envelope with the namespace of the WSDL: elements of the
// body are told by their local names. Elements that are nil are left out, and
// so are comments and attributes with a namespace.
func (l Limits) normalize(raw []byte, contentType, namespace string) (*normalizer, error) {
	document, err := decodeText(raw, contentType)
	if err != nil {
		return nil, err
	}
	return &normalizer{walker: l.walk(document), namespace: namespace}, nil
}

type normalizer struct {
	*walker
	namespace string
	space     string     // of the part of the body that is being read
	open      []xml.Name // as given
	body      bool       // the envelope has a body
	fault     bool       // the body is a fault
}

// Token implements [xml.TokenReader].
func (n *normalizer) Token() (xml.Token, error) {
	for {
		token, err := n.walker.Token()
		switch {
		case errors.Is(err, io.EOF) && !n.body:
			return nil, errEnvelope
		case err != nil:
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if isNil(t.Attr) {
				if err := n.skip(); err != nil {
					return nil, err
				}
				continue
			}
			return n.start(t)
		case xml.EndElement:
			last := len(n.open) - 1
			t.Name = n.open[last]
			n.open = n.open[:last]
			return t, nil
		case xml.CharData:
			if len(n.open) > 0 {
				return t, nil
			}
		}
	}
}

func (n *normalizer) start(t xml.StartElement) (xml.Token, error) {
	envelope := t.Name.Space == envelopeSpace
	level := len(n.open)
	switch {
	case level == 0 && !(envelope && t.Name.Local == "Envelope"):
		return nil, errEnvelope
	case level == 1 && envelope && t.Name.Local == "Body":
		n.body = true
	case level == 2 && envelope:
		n.space = ""
		n.fault = n.fault || t.Name.Local == "Fault"
	case level == 2 && n.body:
		n.space = n.namespace
	}
	if !envelope {
		t.Name.Space = n.space
	}
	t.Attr = slices.DeleteFunc(t.Attr, func(a xml.Attr) bool { return a.Name.Space != "" || a.Name.Local == "xmlns" })
	n.open = append(n.open, t.Name)
	return t, nil
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
		if _, err := n.walker.Token(); err != nil {
			return err
		}
	}
	return nil
}

// text writes the envelope in UTF-8.
func (n *normalizer) text() ([]byte, error) {
	var out bytes.Buffer
	for {
		token, err := n.Token()
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			n.tag(&out, t)
		case xml.EndElement:
			fmt.Fprintf(&out, "</%s>", prefixed(t.Name))
		case xml.CharData:
			_ = xml.EscapeText(&out, t) // a buffer takes everything
		}
	}
}

func prefixed(name xml.Name) string {
	if name.Space == envelopeSpace {
		return "e:" + name.Local
	}
	return name.Local
}

// tag writes the start of the element that was opened last.
func (n *normalizer) tag(out *bytes.Buffer, t xml.StartElement) {
	out.WriteString("<" + prefixed(t.Name))
	switch level := len(n.open) - 1; {
	case level == 0:
		out.WriteString(` xmlns:e="` + envelopeSpace + `"`)
	case level == 2 && t.Name.Space == n.namespace:
		out.WriteByte(' ')
		out.Write(declaration(n.namespace))
	}
	for _, a := range t.Attr {
		fmt.Fprintf(out, ` %s="`, a.Name.Local)
		_ = xml.EscapeText(out, []byte(a.Value))
		out.WriteByte('"')
	}
	out.WriteByte('>')
}
