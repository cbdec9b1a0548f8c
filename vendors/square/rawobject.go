package square

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// rawObject is a JSON object whose members keep their order and bytes, so that
// what this package does not know survives when an object is written back.
type rawObject struct {
	members []rawMember
}

type rawMember struct {
	name  string
	value jsontext.Value
}

var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// UnmarshalJSON keeps the members as they are.
func (o *rawObject) UnmarshalJSON(data []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(data), lenient)
	o.members = nil
	if t, err := d.ReadToken(); err != nil || t.Kind() == 'n' {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		m := rawMember{name: name.String()}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		m.value = value.Clone()
		o.members = append(o.members, m)
	}
	_, err := d.ReadToken()
	return err
}

// MarshalJSON writes the members in their order.
func (o rawObject) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range o.members {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = jsontext.AppendQuote(out, m.name); err != nil {
			return nil, err
		}
		out = append(out, ':')
		out = append(out, m.value...)
	}
	return append(out, '}'), nil
}

func (o *rawObject) find(name string) int {
	for i := range o.members {
		if o.members[i].name == name {
			return i
		}
	}
	return -1
}

// get returns a member, or nil.
func (o *rawObject) get(name string) jsontext.Value {
	if i := o.find(name); i >= 0 {
		return o.members[i].value
	}
	return nil
}

// drop removes members.
func (o *rawObject) drop(names ...string) {
	for _, name := range names {
		if i := o.find(name); i >= 0 {
			o.members = append(o.members[:i], o.members[i+1:]...)
		}
	}
}

// set writes a member in its place, or at the end.
func (o *rawObject) set(name string, v any) error {
	value, ok := v.(jsontext.Value)
	if !ok {
		var err error
		if value, err = json.Marshal(v, lenient); err != nil {
			return err
		}
	}
	if i := o.find(name); i >= 0 {
		o.members[i].value = value
		return nil
	}
	o.members = append(o.members, rawMember{name, value})
	return nil
}

// object returns a member that is an object; it is empty if it is absent.
func (o *rawObject) object(name string) (rawObject, error) {
	var inner rawObject
	if value := o.get(name); value != nil {
		if err := inner.UnmarshalJSON(value); err != nil {
			return rawObject{}, err
		}
	}
	return inner, nil
}

// array returns a member that is an array.
func (o *rawObject) array(name string) ([]jsontext.Value, error) {
	var list []jsontext.Value
	if value := o.get(name); value != nil {
		if err := json.Unmarshal(value, &list, lenient); err != nil {
			return nil, err
		}
	}
	return list, nil
}
