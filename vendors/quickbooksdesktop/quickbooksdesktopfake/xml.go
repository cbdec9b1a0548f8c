package quickbooksdesktopfake

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// node is an XML element. Text between child elements is dropped.
type node struct {
	name     string
	space    string // read only
	attrs    []attr
	text     string
	children []*node
}

type attr struct{ name, value string }

// el is an element around others; nil ones are left out.
func el(name string, children ...*node) *node {
	n := &node{name: name}
	return n.add(children...)
}

// leaf is an element around a text.
func leaf(name, text string) *node { return &node{name: name, text: text} }

// opt is a leaf, or nothing for an empty text.
func opt(name, text string) *node {
	if text == "" {
		return nil
	}
	return leaf(name, text)
}

func flag(name string, on bool) *node { return leaf(name, strconv.FormatBool(on)) }

func (n *node) add(children ...*node) *node {
	for _, c := range children {
		if c != nil {
			n.children = append(n.children, c)
		}
	}
	return n
}

func (n *node) set(name, value string) *node {
	n.attrs = append(n.attrs, attr{name, value})
	return n
}

// attr is the value of an attribute, and whether it is there.
func (n *node) attr(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

// child is the first child of that name, or nil.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// at follows a path of names to a text; "" where there is none.
func (n *node) at(path ...string) string {
	for _, name := range path {
		n = n.child(name)
	}
	if n == nil {
		return ""
	}
	return n.text
}

// texts are the texts of all children of that name.
func (n *node) texts(name string) []string {
	var out []string
	for _, c := range n.children {
		if c.name == name {
			out = append(out, c.text)
		}
	}
	return out
}

func (n *node) write(b *bytes.Buffer) {
	b.WriteByte('<')
	b.WriteString(n.name)
	for _, a := range n.attrs {
		b.WriteByte(' ')
		b.WriteString(a.name)
		b.WriteString(`="`)
		_ = xml.EscapeText(b, []byte(a.value)) // a buffer takes everything
		b.WriteByte('"')
	}
	if n.text == "" && len(n.children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteByte('>')
	_ = xml.EscapeText(b, []byte(n.text))
	for _, c := range n.children {
		c.write(b)
	}
	b.WriteString("</")
	b.WriteString(n.name)
	b.WriteByte('>')
}

func (n *node) String() string {
	var b bytes.Buffer
	n.write(&b)
	return b.String()
}

const (
	maxDepth    = 32
	maxElements = 1 << 20
)

var errXML = errors.New("malformed XML")

// parseXML reads a document. The processing instructions before its root are
// returned by target.
func parseXML(text string) (root *node, instructions map[string]string, err error) {
	d := xml.NewDecoder(strings.NewReader(text))
	instructions = map[string]string{}
	var open []*node
	for count := 0; ; count++ {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) && root != nil && len(open) == 0 {
			return root, instructions, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", errXML, err)
		}
		if count > maxElements || len(open) > maxDepth {
			return nil, nil, fmt.Errorf("%w: it is too large or too deep", errXML)
		}
		switch t := tok.(type) {
		case xml.ProcInst:
			instructions[t.Target] = string(t.Inst)
		case xml.Directive:
			return nil, nil, fmt.Errorf("%w: a document type", errXML)
		case xml.StartElement:
			n := opened(t)
			switch {
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.children, parent.text = append(parent.children, n), ""
			case root != nil:
				return nil, nil, fmt.Errorf("%w: two roots", errXML)
			default:
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && len(open[len(open)-1].children) == 0 {
				open[len(open)-1].text += string(t)
			}
		}
	}
}

func opened(t xml.StartElement) *node {
	n := &node{name: t.Name.Local, space: t.Name.Space}
	for _, a := range t.Attr {
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
			n.attrs = append(n.attrs, attr{a.Name.Local, a.Value})
		}
	}
	return n
}

// ansi is how QuickBooks keeps text: what Windows-1252 lacks becomes a
// question mark.
func ansi(s string) string {
	const extras = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
	return strings.Map(func(r rune) rune {
		if r < 0x80 || r >= 0xA0 && r <= 0xFF || r >= 0x100 && strings.ContainsRune(extras, r) {
			return r
		}
		return '?'
	}, s)
}
