package contracttest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// WSDL is the schema inside a WSDL 1.1 file of the document/literal style, as
// far as ASP.NET services use XML Schema: sequences, extensions, enumerations
// and simple types.
type WSDL struct {
	namespace string
	elements  map[string]*Node
	types     map[string]*Node
}

// Node is an XML element.
type Node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []*Node    `xml:",any"`
}

// ReadWSDL reads the first schema of a WSDL file.
func ReadWSDL(text []byte) (*WSDL, error) {
	var root Node
	if err := xml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	schema := root.find("types").find("schema")
	if schema == nil {
		return nil, errors.New("the WSDL has no schema")
	}
	w := &WSDL{namespace: schema.attr("targetNamespace"), elements: map[string]*Node{}, types: map[string]*Node{}}
	for _, c := range schema.Children {
		switch c.XMLName.Local {
		case "element":
			w.elements[c.attr("name")] = c
		case "complexType", "simpleType":
			w.types[c.attr("name")] = c
		}
	}
	return w, nil
}

func (n *Node) find(name string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.XMLName.Local == name {
			return c
		}
	}
	return nil
}

func (n *Node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Check validates the element in the body of a SOAP envelope and returns its
// name. A fault is valid.
func (w *WSDL) Check(envelope []byte) (element string, err error) {
	var root Node
	dec := xml.NewDecoder(bytes.NewReader(envelope))
	if err := dec.Decode(&root); err != nil {
		return "", err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("something follows the envelope: %w", err)
	}
	body := root.find("Body")
	if root.XMLName.Local != "Envelope" || body == nil || len(body.Children) != 1 {
		return "", errors.New("no envelope with one element in its body")
	}
	n := body.Children[0]
	element = n.XMLName.Local
	if element == "Fault" {
		return element, nil
	}
	declared := w.elements[element]
	if declared == nil || n.XMLName.Space != w.namespace {
		return element, fmt.Errorf("element {%s}%s is not declared", n.XMLName.Space, element)
	}
	return element, w.sequence(n, w.particles(declared.find("complexType")), element)
}

// particles are the elements of a complex type, those of its base first.
func (w *WSDL) particles(typ *Node) []*Node {
	if typ == nil {
		return nil
	}
	var out []*Node
	if ext := typ.find("complexContent").find("extension"); ext != nil {
		out = append(out, w.particles(w.types[local(ext.attr("base"))])...)
		typ = ext
	}
	if seq := typ.find("sequence"); seq != nil {
		out = append(out, seq.Children...)
	}
	return out
}

func local(name string) string { return name[strings.Index(name, ":")+1:] }

func (w *WSDL) sequence(n *Node, particles []*Node, path string) error {
	rest := n.Children
	for _, p := range particles {
		name, least, most := p.attr("name"), 1, 1
		if v, err := strconv.Atoi(p.attr("minOccurs")); err == nil {
			least = v
		}
		if p.attr("maxOccurs") == "unbounded" {
			most = len(rest) + 1
		}
		count := 0
		for ; count < most && len(rest) > 0 && rest[0].XMLName.Local == name; count++ {
			if rest[0].XMLName.Space != w.namespace {
				return fmt.Errorf("%s/%s is in namespace %q", path, name, rest[0].XMLName.Space)
			}
			if err := w.value(rest[0], p, path+"/"+name); err != nil {
				return err
			}
			rest = rest[1:]
		}
		if count < least {
			return fmt.Errorf("%s/%s is missing or out of order", path, name)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("%s/%s is unknown or out of order", path, rest[0].XMLName.Local)
	}
	return nil
}

// lexical are the forms of the simple types that the contracts use.
var lexical = map[string]*regexp.Regexp{
	"boolean":  regexp.MustCompile(`^(true|false|0|1)$`),
	"int":      regexp.MustCompile(`^[+-]?\d{1,10}$`),
	"long":     regexp.MustCompile(`^[+-]?\d{1,19}$`),
	"short":    regexp.MustCompile(`^[+-]?\d{1,5}$`),
	"decimal":  regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)$`),
	"dateTime": regexp.MustCompile(`^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$`),
	"string":   regexp.MustCompile(``),
}

func (w *WSDL) value(n, particle *Node, path string) error {
	if n.attr("nil") == "true" && particle.attr("nillable") == "true" {
		return nil
	}
	name := local(particle.attr("type"))
	typ := w.types[name]
	if typ != nil && typ.XMLName.Local == "complexType" {
		return w.sequence(n, w.particles(typ), path)
	}
	if len(n.Children) > 0 {
		return fmt.Errorf("%s has elements, and is a %s", path, name)
	}
	if typ == nil {
		if form := lexical[name]; form == nil || !form.MatchString(strings.TrimSpace(n.Text)) {
			return fmt.Errorf("%s: %q is no %s", path, n.Text, name)
		}
		return nil
	}
	values := typ.find("restriction").Children
	if !slices.ContainsFunc(values, func(v *Node) bool { return v.attr("value") == n.Text }) {
		return fmt.Errorf("%s: %q is not in %s", path, n.Text, name)
	}
	return nil
}
