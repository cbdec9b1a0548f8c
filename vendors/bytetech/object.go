package bytetech

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// shape finds the fields of one kind of object in a single pass over its
// bytes, however deep they are nested.
type shape struct {
	root node
	size int
}

// node is a member that holds a value of interest, or one further down.
type node struct {
	slots []int
	below map[string]*node
}

// shapes are those of the profile's groups.
type shapes struct {
	kiosk, status, antenna, category, product, listing, batchRow, discount, code                               *shape
	inventory, lot, tag, transaction, line, applied, adjustment, event, subscription, failure, envelope, token *shape
}

func compileShapes(p *profile) shapes {
	f := &p.Fields
	return shapes{
		kiosk: newShape(&f.Kiosk), status: newShape(&f.Status), antenna: newShape(&f.Antenna), category: newShape(&f.Category),
		product: newShape(&f.Product), listing: newShape(&f.Listing), batchRow: newShape(&f.Batch),
		discount: newShape(&f.Discount), code: newShape(&f.CouponCode),
		inventory: newShape(&f.Inventory), lot: newShape(&f.Lot), tag: newShape(&f.Tag),
		transaction: newShape(&f.Transaction), line: newShape(&f.Line), applied: newShape(&f.Applied), adjustment: newShape(&f.Adjustment),
		event: newShape(&f.Event), subscription: newShape(&f.Subscription), failure: newShape(&p.Errors), envelope: newShape(&p.Paging), token: newShape(&p.Auth),
	}
}

// newShape numbers the fields of a group, which is a pointer to a struct, and
// arranges their paths as a tree.
func newShape(group any) *shape {
	s := &shape{}
	v := reflect.ValueOf(group).Elem()
	for _, field0 := range v.Fields() {
		f, ok := reflect.TypeAssert[*field](field0.Addr())
		if !ok {
			continue
		}
		f.slot = s.size
		s.size++
		n := &s.root
		for _, name := range f.path {
			if n.below == nil {
				n.below = make(map[string]*node)
			}
			if n.below[name] == nil {
				n.below[name] = &node{}
			}
			n = n.below[name]
		}
		if f.delivered() {
			n.slots = append(n.slots, f.slot)
		}
	}
	return s
}

// object holds the raw values of one vendor object; null and absent are nil.
type object struct {
	raw    []byte
	values [][]byte
	unit   *encoding
	// unreadable names the fields whose values did not have the form that the
	// profile says.
	unreadable []string
}

var (
	errNoObject = errors.New("bytetech: not a JSON object")
	errNoArray  = errors.New("bytetech: not a JSON array")
)

// lenient is how input from the vendor is decoded: a bad byte in one name must
// not cost the page.
var lenient = []jsontext.Options{jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)}

// read fills o with the object in text. The values are slices of text.
func (s *shape) read(text []byte, unit *encoding, o *object) error {
	return s.next(&scanner{text: text}, unit, o)
}

// next fills o with the object that the scanner has reached.
func (s *shape) next(at *scanner, unit *encoding, o *object) error {
	if cap(o.values) < s.size {
		o.values = make([][]byte, s.size)
	}
	o.values = o.values[:s.size]
	clear(o.values)
	if at.peek() != '{' {
		return errNoObject
	}
	start := at.at
	if !at.object(&s.root, o.values) {
		return errNoObject
	}
	o.raw, o.unit, o.unreadable = at.text[start:at.at], unit, nil
	return nil
}

func (n *node) read(text []byte, values [][]byte) error {
	s := scanner{text: text}
	if s.peek() != '{' || !s.object(n, values) {
		return errNoObject
	}
	return nil
}

// eachObject calls fn for every object of an array; they share o.
func (s *shape) eachObject(array []byte, unit *encoding, o *object, fn func() error) error {
	if len(array) == 0 {
		return nil
	}
	at := scanner{text: array}
	if at.peek() != '[' {
		return errNoArray
	}
	for at.at++; at.peek() != ']'; at.comma() {
		if err := s.next(&at, unit, o); err != nil {
			return err
		}
		if err := fn(); err != nil {
			return err
		}
	}
	return nil
}

// eachElement calls fn for every element of an array.
func eachElement(array []byte, fn func(element []byte) error) error {
	if len(array) == 0 {
		return nil
	}
	s := scanner{text: array}
	if s.peek() != '[' {
		return errNoArray
	}
	for s.at++; s.peek() != ']'; s.comma() {
		v := s.value()
		if v == nil {
			return errNoArray
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return nil
}

// unquote returns the text of a JSON string; bad UTF-8 is replaced.
func unquote(v []byte) string {
	if bytes.IndexByte(v, '\\') < 0 {
		return strings.ToValidUTF8(string(v[1:len(v)-1]), "\uFFFD")
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil && len(text) == 0 {
		return ""
	}
	return string(text)
}

// has reports whether the object has the field.
func (o *object) has(f field) bool { return f.delivered() && o.values[f.slot] != nil }

// value returns the raw value, or nil.
func (o *object) value(f field) []byte {
	if !f.delivered() {
		return nil
	}
	return o.values[f.slot]
}

// text returns a string, or the digits of a number: ids come as either.
func (o *object) text(f field) string { return textOf(o.value(f)) }

func textOf(v []byte) string {
	switch {
	case len(v) == 0:
		return ""
	case v[0] == '"':
		return unquote(v)
	case v[0] == '{', v[0] == '[':
		return ""
	}
	return string(v)
}

// flag returns a boolean; ok is false if there is none.
func (o *object) flag(f field) (value, ok bool) {
	switch v := o.value(f); {
	case v == nil:
		return false, false
	case string(v) == "true":
		return true, true
	case string(v) == "false":
		return false, true
	}
	o.fail(f)
	return false, false
}

// texts returns an array of strings.
func (o *object) texts(f field) []string {
	var list []string
	if err := eachElement(o.value(f), func(v []byte) error {
		list = append(list, textOf(v))
		return nil
	}); err != nil {
		o.fail(f)
	}
	return list
}

// each reads an array of objects of another group.
func (o *object) each(f field, s *shape, fn func(*object) error) error {
	array := o.value(f)
	if len(array) == 0 || string(array) == "[]" {
		return nil
	}
	row, _ := rows.Get().(*object)
	defer rows.Put(row)
	err := s.eachObject(array, o.unit, row, func() error {
		err := fn(row)
		o.unreadable = append(o.unreadable, row.unreadable...)
		return err
	})
	if err != nil {
		o.fail(f)
	}
	return err
}

// rows are objects to be used again.
var rows = sync.Pool{New: func() any { return new(object) }}

func (o *object) fail(f field) { o.unreadable = append(o.unreadable, f.String()) }

// document is an object to be sent.
type document map[string]any

// set puts a value at a field's path; what is not delivered is not sent.
func (d document) set(f field, v any) {
	if !f.delivered() {
		return
	}
	at := map[string]any(d)
	for _, name := range f.path[:len(f.path)-1] {
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		at = next
	}
	at[f.path[len(f.path)-1]] = v
}

// remove deletes the value at a field's path.
func (d document) remove(f field) {
	at := map[string]any(d)
	for i, name := range f.path {
		if i == len(f.path)-1 {
			delete(at, name)
			return
		}
		next, ok := at[name].(map[string]any)
		if !ok {
			return
		}
		at = next
	}
}
